"""What conditions match, with plain values."""

from __future__ import annotations

import pytest

from tests.support_rules import UNKNOWN, decided, matches, matching
from watcher.release import Fact

ALBUM = {
    "kind": "music",
    "name": "Artist - Album (2004) [FLAC]",
    "size": 312 * 1024 * 1024,
    "torrent.category": "Music/Jazz",
    "torrent.tags": ["keep", "Upload"],
    "torrent.added": 1769860800,  # 2026-01-31T12:00:00Z
    "files.ext": ["flac", "log"],
    "files.count": 12,
    "music.format": "FLAC",
    "music.media": "WEB",
    "music.year": 2004,
    "music.has_log": False,
    "music.label": "4AD",
    "tv.date": "2026-01-31",
}

HOLDS = [
    "{}",
    "{kind: music}",
    "{kind: Music}",
    "{kind: [tv, music]}",
    "{kind: mus*}",
    "{music.format: flac, music.media: web}",
    "{torrent.category: music/jazz}",
    "{torrent.category: 'music/*'}",
    "{torrent.category: '*'}",
    "{torrent.category: 'm*c/j?zz'}",
    "{torrent.category: '*jazz'}",
    "{torrent.category: '*SIC/*'}",
    "{torrent.tags: upload}",
    "{torrent.tags: [nope, UPLOAD]}",
    "{torrent.tags: {all_of: [keep, up*]}}",
    "{torrent.tags: {none_of: [no-upload]}}",
    "{torrent.tags: {is: keep, none_of: [x]}}",
    "{name: {regex: 'album \\(\\d{4}\\)'}}",
    "{name: {regex: ['nothing', 'ALBUM']}}",
    "{name: {is: 'artist - album (2004) [flac]'}}",
    "{name: ['x', {regex: '^artist'}]}",
    "{size: {min: 312 MiB, max: 312 MiB}}",
    "{size: {max: 0.4 GB}}",
    "{files.count: 12}",
    "{files.count: [1, 12]}",
    "{files.count: {min: 12, max: 12}}",
    "{files.count: {none_of: [13]}}",
    "{files.ext: {none_of: [exe]}}",
    "{music.year: {min: 2004}}",
    "{music.has_log: false}",
    "{music.has_log: {exists: true}}",
    "{music.label: 4AD}",
    "{music.encoding: {exists: false}}",
    "{group: {exists: false}}",
    "{group: {none_of: [YIFY]}}",
    "{not: {group: YIFY}}",
    "{not: {kind: tv}}",
    "{not: {kind: music, music.format: MP3}}",
    "{any: [{kind: tv}, {music.media: WEB}]}",
    "{all: [{kind: music}, {any: [{music.year: 2004}, {music.year: 2005}]}]}",
    "{torrent.added: 2026-01-31}",
    "{torrent.added: {min: 2026-01-31, max: 2026-01-31}}",
    "{torrent.added: {max: '2026-01-31T12:00:00Z'}}",
    "{torrent.added: {max: '2026-01-31 12:00'}}",
    "{torrent.added: [2025-01-01, 2026-01-31]}",
    "{tv.date: {min: 2026-01-01}}",
    "{tv.date: 2026-01-31}",
]

FAILS = [
    "{kind: tv}",
    "{torrent.category: jazz}",
    "{kind: music, music.format: MP3}",
    "{torrent.category: music}",
    "{torrent.category: 'jazz*'}",
    "{music.label: '4A*AD'}",
    "{torrent.category: {is: 'music/*'}}",
    "{torrent.category: 'music/jazz?'}",
    "{torrent.tags: up}",
    "{torrent.tags: {all_of: [keep, other]}}",
    "{torrent.tags: {none_of: [keep]}}",
    "{name: {regex: '^album'}}",
    "{size: {min: 313 MiB}}",
    "{files.count: {max: 11}}",
    "{music.has_log: true}",
    "{group: YIFY}",
    "{group: '*'}",
    "{group: {exists: true}}",
    "{group: {regex: '.'}}",
    "{music.year: {exists: false}}",
    "{music.bit_depth: {min: 0}}",
    "{not: {kind: music}}",
    "{not: {kind: music, music.format: FLAC}}",
    "{any: [{kind: tv}, {kind: movie}]}",
    "{all: [{kind: music}, {kind: tv}]}",
    "{torrent.added: 2026-02-01}",
    "{torrent.added: {min: '2026-01-31T12:00:01Z'}}",
    "{tv.date: {max: 2026-01-30}}",
    "{scene: false}",
]


@pytest.mark.parametrize("match", HOLDS)
def test_a_condition_that_holds_matches(match: str) -> None:
    assert matches(match, ALBUM)


@pytest.mark.parametrize("match", FAILS)
def test_a_condition_that_does_not_hold_does_not_match(match: str) -> None:
    assert not matches(match, ALBUM)


@pytest.mark.parametrize(
    "match",
    [
        "{group: YIFY}",
        "{not: {group: YIFY}}",
        "{group: {exists: false}}",
        "{group: {exists: true}}",
        "{group: {none_of: [YIFY]}}",
        "{group: {regex: 'x'}}",
        "{group: '*'}",
        "{group: [YIFY, EVO]}",
        "{any: [{group: YIFY}, {kind: tv}]}",
        "{kind: music, group: YIFY}",
        "{kind: music, not: {group: YIFY}}",
        "{files.count: 12}",
        "{files.count: {min: 1}}",
        "{torrent.tags: {all_of: [a]}}",
        "{torrent.tags: keep}",
    ],
)
def test_unknown_matches_neither_a_condition_nor_its_negation(match: str) -> None:
    release = ALBUM | {"group": UNKNOWN, "files.count": UNKNOWN, "torrent.tags": UNKNOWN}
    assert not matches(match, release)


def test_what_does_not_hang_on_the_unknown_matches_all_the_same() -> None:
    release = ALBUM | {"group": UNKNOWN}
    assert matches("{any: [{group: YIFY}, {kind: music}]}", release)
    assert matches("{not: {group: YIFY, kind: tv}}", release)


def test_an_empty_text_or_list_is_none() -> None:
    assert matches("{torrent.category: {exists: false}}", {"torrent.category": ""})
    assert matches("{torrent.tags: {exists: false}}", {"torrent.tags": []})


def test_a_list_is_opened_wherever_a_value_may_stand() -> None:
    lists = "{bad: [YIFY, 'E?O', '0644'], more: [x264]}"
    assert matches("{group: $bad}", {"group": "evo"}, lists=lists)
    assert matches("{group: [$bad, $more]}", {"group": "X264"}, lists=lists)
    assert matches("{group: {none_of: $bad}}", {"group": "fine"}, lists=lists)
    assert not matches("{group: {is: $bad}}", {"group": "evo"}, lists=lists)
    assert matches("{group: {is: [$bad]}}", {"group": "e?o"}, lists=lists)


def test_text_is_compared_without_regard_to_case_or_to_how_letters_are_composed() -> None:
    assert matches("{music.artist: 'BJÖRK'}", {"music.artist": "bjo\u0308rk"})
    assert matches("{music.artist: 'STRASSE'}", {"music.artist": "Straße"})
    assert matches("{music.artist: {regex: 'bj.rk$'}}", {"music.artist": "BJO\u0308RK"})


def test_a_name_that_is_not_utf8_is_matched_by_the_rest_of_it() -> None:
    name = "caf\udce9 album"
    assert matches("{name: 'caf? album'}", {"name": name})
    assert matches("{name: {regex: '^caf. album$'}}", {"name": name})
    reasons = decided(matching("{name: x}"), {"name": name}).as_json()["reasons"]
    assert "\udce9" not in str(reasons)


@pytest.mark.parametrize(
    ("name", "value"), [("music.year", "2004"), ("size", "312 MiB"), ("torrent.added", "2026-01-31")]
)
def test_a_number_that_came_as_text_is_a_number(name: str, value: str) -> None:
    bound = {"music.year": "{min: 2004}", "size": "{max: 312 MiB}", "torrent.added": "{min: 2026-01-31}"}[name]
    assert matches(f"{{{name}: {bound}}}", {name: value})


@pytest.mark.parametrize(
    ("name", "value", "condition"),
    [
        ("music.year", "in the nineties", "{min: 0}"),
        ("music.has_log", "yes", "true"),
        ("group", ["A", "B"], "'*'"),
        ("music.year", True, "1"),
    ],
)
def test_a_value_of_another_type_than_its_field_is_unknown(name: str, value: object, condition: str) -> None:
    assert not matches(f"{{{name}: {condition}}}", {name: value})
    assert not matches(f"{{not: {{{name}: {condition}}}}}", {name: value})


def test_a_list_of_numbers_matches_by_any_of_them() -> None:
    assert matches("{tv.episode: 4}", {"tv.episode": [3, 4]})
    assert matches("{tv.episode: {min: 4}}", {"tv.episode": [3, 4]})
    assert matches("{tv.episode: 4}", {"tv.episode": 4})
    assert not matches("{tv.episode: {max: 2}}", {"tv.episode": [3, 4]})


def reasons(match: str, values: dict[str, object]) -> list[tuple[str, str, object]]:
    """The reasons of the one rule."""
    (verdict,) = decided(matching(match), values).reasons
    return [(one.field, one.want, one.got) for one in verdict.reasons]


def test_reasons_of_a_match_are_what_held_and_of_a_miss_what_did_not() -> None:
    assert reasons("{kind: music, music.format: [FLAC, MP3]}", ALBUM) == [
        ("kind", "music", "music"),
        ("music.format", "FLAC or MP3", "FLAC"),
    ]
    assert reasons("{kind: music, music.format: MP3, files.count: {max: 3}}", ALBUM) == [
        ("music.format", "MP3", "FLAC"),
        ("files.count", "at most 3", 12),
    ]


def test_reasons_tell_none_from_unknown() -> None:
    assert reasons("{group: YIFY}", {}) == [("group", "YIFY", "none")]
    assert reasons("{group: YIFY}", {"group": UNKNOWN}) == [("group", "YIFY", None)]


def test_reasons_of_an_any_are_those_of_the_nearest_branch() -> None:
    match = "{any: [{music.media: CD}, {kind: music, music.media: WEB, music.has_log: true}]}"
    assert reasons(match, ALBUM) == [("music.has_log", "true", False)]


def test_reasons_of_a_not_are_turned_round() -> None:
    assert reasons("{not: {kind: music}}", ALBUM) == [("kind", "not music", "music")]
    assert reasons("{not: {not: {kind: tv}}}", ALBUM) == [("kind", "tv", "music")]


def test_reasons_show_sizes_times_lists_and_operators_in_words() -> None:
    match = (
        "{size: {min: 1 GiB}, torrent.added: {min: 2026-02-01}, torrent.tags: {all_of: [x, z]}, name: {regex: 'q+'},"
        " files.ext: {none_of: [log]}, group: {exists: true}, music.format: {exists: false}}"
    )
    assert reasons(match, ALBUM) == [
        ("size", "at least 1 GiB", "312 MiB"),
        ("torrent.added", "at least 2026-02-01T00:00:00Z", "2026-01-31T12:00:00Z"),
        ("torrent.tags", "all of x, z", ["keep", "Upload"]),
        ("name", "regex 'q+'", ALBUM["name"]),
        ("files.ext", "none of log", ["flac", "log"]),
        ("group", "a value", "none"),
        ("music.format", "none", "FLAC"),
    ]


def test_reasons_are_cut_where_lists_and_texts_are_long() -> None:
    wanted = ", ".join(f"g{n}" for n in range(40))
    ((_, want, got),) = reasons(f"{{files.names: [{wanted}]}}", {"files.names": [f"file {n}" for n in range(20_000)]})
    assert want.endswith("… (40 in all)")
    assert isinstance(got, list)
    assert len(got) == 9
    assert got[-1] == "… 19992 more"
    ((_, _, text),) = reasons("{name: x}", {"name": "long " * 1000})
    assert len(str(text)) == 200


def test_a_time_beyond_every_calendar_is_shown_as_the_number_it_is() -> None:
    assert reasons("{torrent.added: {max: 2026-01-31}}", {"torrent.added": 1e300})[0][2] == "1e+300"


def test_a_reason_reads_as_a_sentence() -> None:
    (verdict,) = decided(matching("{kind: tv, group: a, torrent.tags: z}"), ALBUM | {"group": UNKNOWN}).reasons
    assert [str(one) for one in verdict.reasons] == [
        "kind: want tv, got music",
        "group: want a, got unknown",
        "torrent.tags: want z, got keep, Upload",
    ]
    (verdict,) = decided(matching("{music.has_log: true}"), ALBUM).reasons
    assert str(verdict.reasons[0]) == "music.has_log: want true, got false"


def test_a_fact_may_come_with_any_origin() -> None:
    assert matches("{kind: tv}", {"kind": Fact("tv", "tracker:OPS")})
