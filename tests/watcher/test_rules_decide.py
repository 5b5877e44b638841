"""Guards, rules, routes and requirements: what is decided, and how it is told."""

from __future__ import annotations

import json
import re

import pytest

from tests.support_rules import UNKNOWN, config, decided, facts, matching
from watcher.release import Fact
from watcher.rules import FIELDS, check_require, described, strictest
from watcher.rules.settings import typed

GUARDED = """\
guards:
- {name: first, match: {group: YIFY}}
- {name: second, match: {torrent.tags: no-upload}}
rules:
- {name: all, match: {}, upload_to: [RED]}
"""


def test_a_guard_that_matches_ends_it() -> None:
    decision = decided(config(GUARDED), {"torrent.tags": ["no-upload"]})
    assert (decision.guard, decision.rule, decision.undecided, dict(decision.trackers)) == ("second", None, None, {})


def test_a_guard_that_is_unknown_holds_and_says_why() -> None:
    decision = decided(config(GUARDED), {"group": UNKNOWN})
    assert (decision.undecided, decision.rule, decision.guard) == ("guard-unknown", None, None)
    assert decision.why == "guard 'first' can't be told: group is unknown (the client is away)"


def test_a_guard_that_matches_beats_one_that_is_unknown() -> None:
    assert decided(config(GUARDED), {"group": UNKNOWN, "torrent.tags": "no-upload"}).guard == "second"


def test_a_guard_whose_value_is_of_the_wrong_type_holds() -> None:
    decision = decided(config(GUARDED), {"group": ["a", "b"]})
    assert decision.undecided == "guard-unknown"
    assert "is not of its type" in decision.why


def test_the_first_rule_that_matches_decides() -> None:
    found = config("""\
        rules:
        - {name: a, match: {kind: tv}, upload_to: [RED]}
        - {name: b, match: {kind: music}, upload_to: {}}
        - {name: c, match: {}, upload_to: [OPS]}
    """)
    decision = decided(found, {"kind": "music"})
    assert (decision.rule, list(decision.trackers), decision.mode) == ("b", [], None)
    assert decided(found, {"kind": "tv"}).rule == "a"


def test_continue_lets_later_rules_add_trackers_and_the_first_that_names_one_owns_it() -> None:
    found = config("""\
        defaults: {mode: upload}
        rules:
        - {name: a, match: {}, upload_to: {RED: {delay: 5m}}, continue: true}
        - {name: b, match: {kind: tv}, upload_to: [OPS]}
        - {name: c, match: {}, upload_to: {RED: {mode: review}, OPS: {}}}
    """)
    decision = decided(found, {"kind": "music"})
    assert decision.rule == "a"
    assert {name: route.rule for name, route in decision.trackers.items()} == {"RED": "a", "OPS": "c"}
    assert (decision.trackers["RED"].delay, decision.trackers["RED"].mode) == (300.0, "upload")


def test_what_no_rule_matches_is_skipped_or_held() -> None:
    body = "rules:\n- {name: a, match: {kind: tv}, upload_to: [RED]}\notherwise: "
    assert decided(config(body + "skip\n"), {}).undecided is None
    assert decided(config(body + "hold\n"), {}).undecided == "otherwise-hold"


def test_what_is_not_enabled_is_as_if_it_were_not_there() -> None:
    found = config("""\
        guards:
        - {name: g, match: {}, enabled: false}
        rules:
        - {name: a, match: {}, upload_to: [RED], enabled: false}
        - {name: b, match: {}, upload_to: [OPS]}
    """)
    decision = decided(found, {})
    assert decision.rule == "b"
    assert [one.matched for one in decision.reasons] == [False, False, True]
    assert decision.reasons[0].reasons[0].field == "enabled"


ADDED = """\
rules:
- {name: plain, match: {kind: music}, upload_to: [RED]}
- {name: named, match: {torrent.added_complete: true, music.format: FLAC}, upload_to: [OPS]}
"""


def test_what_was_added_complete_matches_only_a_rule_that_names_it() -> None:
    found = config(ADDED)
    assert decided(found, {"kind": "music", "music.format": "FLAC", "torrent.added_complete": True}).rule == "named"
    stopped = decided(found, {"kind": "music", "torrent.added_complete": True})
    assert (stopped.rule, stopped.guard) == (None, "added-complete")
    assert "rule 'plain'" in stopped.why
    assert [one.matched for one in stopped.reasons] == [False, False]
    assert stopped.reasons[0].reasons[0].as_json() == {
        "field": "torrent.added_complete",
        "want": "the rule to name it",
        "got": True,
    }
    assert decided(found, {"kind": "music", "torrent.added_complete": False}).rule == "plain"
    assert decided(found, {"kind": "tv", "torrent.added_complete": True}).guard is None


def test_if_it_is_unknown_whether_it_was_added_complete_it_waits() -> None:
    decision = decided(config(ADDED), {"kind": "music", "torrent.added_complete": UNKNOWN})
    assert (decision.undecided, decision.guard) == ("guard-unknown", None)


def test_naming_it_under_not_is_not_naming_it() -> None:
    found = config("rules:\n- {name: a, match: {not: {torrent.added_complete: true}}, upload_to: [RED]}\n")
    assert decided(found, {"torrent.added_complete": True}).rule is None


@pytest.mark.parametrize(
    "place", ["any: [{torrent.added_complete: true}, {kind: tv}]", "torrent.added_complete: {is: true}"]
)
def test_naming_it_in_a_branch_or_with_an_operator_is_naming_it(place: str) -> None:
    found = config(f"rules:\n- name: a\n  match: {{{place}}}\n  upload_to: [RED]\n")
    assert decided(found, {"torrent.added_complete": True}).rule == "a"


@pytest.mark.parametrize(
    ("default", "tracker", "rule", "target", "mode"),
    [
        ("upload", "upload", "upload", "upload", "upload"),
        ("dry_run", "upload", "upload", "upload", "dry_run"),
        ("upload", "review", "upload", "upload", "review"),
        ("upload", "upload", "review", "dry_run", "dry_run"),
        ("review", "upload", "upload", "upload", "review"),
    ],
)
def test_the_strictest_mode_holds(default: str, tracker: str, rule: str, target: str, mode: str) -> None:
    found = config(
        f"defaults: {{mode: {default}}}\nrules:\n"
        f"- {{name: a, match: {{}}, mode: {rule}, upload_to: {{RED: {{mode: {target}}}}}}}\n",
        head=f"version: 1\nseed: {{client: none}}\ntrackers: {{RED: {{type: redacted, mode: {tracker}}}}}\n",
    )
    assert decided(found, {}).trackers["RED"].mode == mode


def test_without_any_mode_it_is_dry_run() -> None:
    assert decided(matching("{}"), {}).mode == "dry_run"
    assert strictest() == "upload"


def test_cautions_of_a_target_win_over_the_trackers_and_those_over_the_types() -> None:
    head = """\
version: 1
seed: {client: none}
trackers: {RED: {type: redacted, new_group: upload}, OPS: {type: orpheus}}
"""
    body = (
        "rules: [{name: a, match: {}, upload_to: {RED: {new_group: review, cover: wanted}, OPS: {web_flac: upload}}}]\n"
    )
    routes = decided(config(body, head=head), {}).trackers
    assert routes["RED"].cautions == {"new_group": "review", "web_flac": "review", "cover": "wanted"}
    assert routes["OPS"].cautions == {"new_group": "review", "web_flac": "upload", "cover": "wanted"}
    assert decided(config("rules: [{name: a, match: {}, upload_to: [RED]}]\n", head=head), {}).trackers[
        "RED"
    ].cautions == {
        "new_group": "upload",
        "web_flac": "review",
        "cover": "required",
    }


def routed(target: str, values: dict[str, object], rule: str = "") -> object:
    """The route to RED under this target."""
    found = config(f"rules:\n- {{name: a, match: {{}}, {rule} upload_to: {{RED: {target}}}}}\n")
    return decided(found, values).trackers["RED"]


def test_delay_of_the_target_wins_over_the_rules() -> None:
    assert routed("{}", {}, "delay: 1h,").delay == 3600.0  # type: ignore[attr-defined]
    assert routed("{delay: 10m}", {}, "delay: 1h,").delay == 600.0  # type: ignore[attr-defined]
    assert routed("{delay: 0}", {}, "delay: 1h,").delay == 0.0  # type: ignore[attr-defined]
    assert routed("{}", {}).delay == 0.0  # type: ignore[attr-defined]


def test_set_has_its_slots_filled_and_its_words_spelled_as_the_site_does() -> None:
    target = (
        "{set: {title: '{music.album} [{music.year}] {{x}}', releasetype: ep, tags.add: [lossless, '{music.genre}'],"
        " music.release_type: album, tags: [a], year: 1999, unknown: true, ids.imdb: tt1}}"
    )
    route = routed(target, {"music.album": "Blue", "music.year": 1971, "music.genre": ["folk", "pop"]})
    assert route.set == {  # type: ignore[attr-defined]
        "title": "Blue [1971] {x}",
        "releasetype": "EP",
        "tags.add": ["lossless", "folk, pop"],
        "music.release_type": "Album",
        "tags": ["a"],
        "year": 1999,
        "unknown": True,
        "ids.imdb": "tt1",
    }
    assert route.failed == ()  # type: ignore[attr-defined]


def test_set_of_the_target_wins_over_the_rules() -> None:
    route = routed("{set: {music.year: 1971}}", {}, "set: {music.year: 1970, music.genre.add: [folk]},")
    assert route.set == {"music.year": 1971, "music.genre.add": ["folk"]}  # type: ignore[attr-defined]


def test_numbers_in_slots_take_a_width_and_lists_are_joined() -> None:
    target = "{set: {title: 'S{tv.season:02}E{tv.episode:02} {video.audio} {scene}'}}"
    values = {"tv.season": 1, "tv.episode": [3, 4], "video.audio": ["DTS", "AC3"], "scene": True}
    assert routed(target, values).set == {"title": "S01E03-04 DTS, AC3 true"}  # type: ignore[attr-defined]


def test_a_slot_without_a_value_fails_and_tells_none_from_unknown() -> None:
    failed = routed("{set: {title: '{tv.title} {music.album}'}}", {}).failed  # type: ignore[attr-defined]
    assert [one.as_json() for one in failed] == [
        {"field": "set.title", "want": "a value for {tv.title}", "got": "none"}
    ]
    failed = routed("{set: {title: '{tv.title}'}}", {"tv.title": UNKNOWN}).failed  # type: ignore[attr-defined]
    assert failed[0].got is None


def test_flags_and_odd_figures_may_be_set() -> None:
    route = routed("{set: {scene: true, music.encoding: 297}}", {})
    assert route.set == {"scene": True, "music.encoding": "297"}  # type: ignore[attr-defined]
    varied = routed("{set: {music.encoding: 209 (vbr)}}", {})
    assert varied.set == {"music.encoding": "209 (VBR)"}  # type: ignore[attr-defined]
    assert routed("{set: {scene: '{proper}'}}", {"proper": True}).set == {"scene": True}  # type: ignore[attr-defined]


def test_what_a_person_types_for_a_job_is_read_by_its_type() -> None:
    assert typed("music.year", "1971") == 1971
    assert typed("music.media", "cd") == "CD"
    assert typed("scene", "true") is True
    assert typed("music.genre.add", "folk, pop,") == ["folk", "pop"]
    assert typed("music.genre", "folk") == ["folk"]
    assert typed("groupid", "12") == "12"
    assert typed("tags.remove", "a,b") == ["a", "b"]


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("music.yaer", "1971", "did you mean 'music.year'?"),
        ("torrent.category", "x", "can't be set"),
        ("music.year", "old", "digits only"),
        ("music.media", "CDR", "did you mean 'CD'?"),
        ("scene", "maybe", "wants true or false"),
    ],
)
def test_what_a_person_types_and_no_field_takes_is_refused(key: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        typed(key, text)


def test_what_slots_make_of_a_typed_fact_must_be_a_value_of_it() -> None:
    target = "{set: {music.year: '{music.edition.year}', music.media: '{group}'}}"
    good = routed(target, {"music.edition.year": 1999, "group": "cd"})
    assert good.set == {"music.year": 1999, "music.media": "CD"}  # type: ignore[attr-defined]
    bad = routed(target, {"music.edition.year": 1999, "group": "YIFY"})
    assert [one.field for one in bad.failed] == ["set.music.media"]  # type: ignore[attr-defined]


REQUIRE = """\
rules:
- name: a
  match: {kind: music}
  require: {music.tags_complete: true, music.log_score: {min: 100}, not: {music.problems: {exists: true}}}
  upload_to: {RED: {require: {music.has_cue: true}}, OPS: {}}
- {name: weaker, match: {kind: music}, upload_to: [OPS]}
"""


def test_a_failed_requirement_holds_and_never_falls_through() -> None:
    decision = decided(config(REQUIRE), {"kind": "music", "music.tags_complete": False, "music.problems": ["a gap"]})
    assert decision.rule == "a"
    assert [one.field for one in decision.trackers["OPS"].failed] == ["music.tags_complete", "music.problems"]
    assert [one.field for one in decision.trackers["RED"].failed][-1] == "music.has_cue"


def test_an_unknown_requirement_holds_too() -> None:
    decision = decided(config(REQUIRE), {"kind": "music", "music.tags_complete": UNKNOWN})
    assert decision.trackers["OPS"].failed[0].got is None


def test_a_late_requirement_waits_for_the_site() -> None:
    good = {"kind": "music", "music.tags_complete": True, "music.has_cue": True}
    route = decided(config(REQUIRE), good).trackers["RED"]
    assert route.failed == ()
    assert route.require == ({"music.log_score": {"min": 100}},)
    for known in ({}, {"music.log_score": UNKNOWN}):
        assert [one.field for one in check_require(route.require, facts(good | known))] == ["music.log_score"]
    assert check_require(route.require, facts({"music.log_score": 99}))[0].want == "at least 100"
    assert check_require(json.loads(json.dumps(route.require)), facts({"music.log_score": 100})) == ()


def test_a_late_requirement_that_is_known_already_is_judged_at_once() -> None:
    base = {"kind": "music", "music.tags_complete": True}
    assert decided(config(REQUIRE), base | {"music.log_score": 100}).trackers["OPS"].require == ()
    route = decided(config(REQUIRE), base | {"music.log_score": 60}).trackers["OPS"]
    assert (route.require, route.failed[0].got) == ((), 60)


def test_requirements_see_what_is_set() -> None:
    found = config("""\
        rules:
        - name: a
          match: {}
          require: {music.release_type: EP, music.genre: folk}
          upload_to: {RED: {set: {music.release_type: EP, music.genre.add: folk}}, OPS: {}}
    """)
    routes = decided(found, {"music.genre": ["pop"]}).trackers
    assert routes["RED"].failed == ()
    assert len(routes["OPS"].failed) == 2


LATE = [
    "{music.log_score: {min: 90, max: 100}}",
    "{any: [{music.log_score: 100}, {music.media: [WEB, 'V*', {regex: '^vi'}]}]}",
    "{not: {music.log_score: {max: 50}, size: {min: 20 MiB}, torrent.added: {min: 2026-01-31}}}",
    "{all: [{music.log_score: {exists: true}}, {group: {none_of: ['a*', {is: 'b*'}]}}, {scene: {exists: false}}]}",
    "{music.log_score: {none_of: [0, 1]}, torrent.tags: {all_of: [a, 'b?']}, music.has_log: true, tv.date: 2026-01-31}",
]


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("score", [None, 0, 40, 95, 100])
def test_a_late_requirement_means_the_same_after_it_was_in_the_journal(late: str, score: int | None) -> None:
    values = {"size": 2**30, "group": "bx", "torrent.tags": ["A", "bc"], "music.has_log": True, "tv.date": "2026-01-31"}
    values |= {"music.media": "CD", "torrent.added": 1769860800}
    found = config(f"rules:\n- {{name: a, match: {{}}, require: {late}, upload_to: [RED]}}\n")
    kept = json.loads(json.dumps(decided(found, values).trackers["RED"].require))
    assert kept
    known = {} if score is None else {"music.log_score": score}
    at_once = decided(found, values | known).trackers["RED"]
    later = check_require(kept, facts(values | known))
    if score is not None:
        assert (not at_once.failed) == (not later)


def test_a_late_requirement_that_this_version_can_not_read_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"unknown field 'music\.newer'"):
        check_require([{"music.newer": 1}], {})


def test_a_decision_is_told_in_the_shape_of_the_journal() -> None:
    body = "guards:\n- {name: g, match: {group: YIFY}}\n" + REQUIRE
    plain = json.loads(json.dumps(decided(config(body), {"kind": "music", "music.has_cue": True}).as_json()))
    assert (plain["rule"], plain["upload_to"], plain["mode"]) == ("a", ["RED", "OPS"], "dry_run")
    assert set(plain["trackers"]["RED"]) >= {"set", "mode", "delay", "require", "cautions", "failed"}
    assert [(one["name"], one["matched"], one.get("reached", True)) for one in plain["reasons"]] == [
        ("g", False, True),
        ("a", True, True),
        ("weaker", True, False),
    ]
    assert plain["reasons"][0]["reasons"] == [{"field": "group", "want": "YIFY", "got": "none"}]
    stopped = decided(config(body), {"group": "yify"}).as_json()
    assert (stopped["guard"], stopped["rule"], stopped["trackers"]) == ("g", None, {})
    assert stopped["reasons"][1]["reached"] is False  # type: ignore[index]
    assert decided(config(body), {"group": UNKNOWN}).as_json()["undecided"] == "guard-unknown"


def test_described_lists_every_field_as_value_none_or_unknown() -> None:
    found = described({"kind": Fact("music", "file"), "group": UNKNOWN, "torrent.tags": Fact([], "torrent")})
    assert set(found) == set(FIELDS)
    assert found["kind"] == {"is": "value", "value": "music", "origin": "file"}
    assert found["group"] == {"is": "unknown", "value": None, "origin": "", "why": "the client is away"}
    assert found["torrent.tags"] == {"is": "none", "value": None, "origin": "torrent"}
    assert found["tv.title"]["is"] == "none"


def test_every_field_can_be_told_to_programs() -> None:
    for field in FIELDS.values():
        assert json.loads(json.dumps(field.as_json()))["name"] == field.name
