"""What would be sent, field by field, and everything that would be refused, told at once. No site is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support_trackers import ALBUMS, MUSIC, content, edition, form, music, opened, problems
from trackers.base import Form, Uploader
from trackers.catalogue import TYPES
from trackers.content import Credit, File
from trackers.description import GAZELLE, length
from trackers.gazelle import names
from trackers.gazelle.group import tag
from trackers.orpheus import OrpheusUploader
from trackers.redacted import RedactedUploader

FORMS = Path(__file__).parent / "data/forms"
URL = "http://127.0.0.1:1"


def red(**settings: object) -> Uploader:
    return opened("sandbox-redacted", URL, None, **settings)  # type: ignore[no-any-return]


def ops(**settings: object) -> Uploader:
    return opened("sandbox-orpheus", URL, None, **settings)  # type: ignore[no-any-return]


BOTH = pytest.mark.parametrize("site", [red, ops])


def shown(made: Form) -> str:
    """A form as a person may read and compare it."""
    rows = [f"{key}: {value}".replace("\n", "\n    ").replace("    \n", "\n") for key, value in made.fields]
    rows += [f"attached {one.key}: {one.path}" for one in made.attachments]
    rows += [f"caution: {one}" for one in made.cautions] + [f"note: {one}" for one in made.notes]
    rows += [f"afterwards {name}: {about}" for name, about in made.extras if about]
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("name", ALBUMS)
@BOTH
def test_the_form_is_as_a_careful_uploader_would_fill_it(site: Callable[[], Uploader], name: str) -> None:
    album, set = ALBUMS[name]
    uploader = site()
    recorded = (FORMS / f"{name.replace(' ', '-')}.{uploader.name}.txt").read_text(encoding="utf-8")
    assert shown(form(uploader, album, **set)) == recorded


@BOTH
def test_a_form_survives_the_journal(site: Callable[[], Uploader]) -> None:
    album, set = ALBUMS["cd with log and cue"]
    made = form(site(), album, **set)
    assert Form.from_json(made.as_json()) == made


def test_split_releases_have_a_type_of_their_own_on_ops_alone() -> None:
    split = content(music(release_type="split", credits=(Credit("A"), Credit("B"))))
    assert form(ops(), split).get("releasetype") == "12"
    assert form(ops(), split).every("artists[]") == ("A", "B")
    assert "no release type split: set releasetype, one of Album" in problems(red(), split)["music.release_type"]
    assert form(red(), split, releasetype="EP").get("releasetype") == "5"


def test_the_same_id_means_another_type_elsewhere() -> None:
    demo, mix = content(music(release_type="Demo")), content(music(release_type="DJ Mix"))
    assert [form(site(), one).get("releasetype") for site in (red, ops) for one in (demo, mix)] == [
        "17",
        "19",
        "10",
        "17",
    ]


@pytest.mark.parametrize("made", [RedactedUploader, OrpheusUploader])
def test_the_tables_of_a_class_are_the_vocabulary_of_the_catalogue(made: type[RedactedUploader]) -> None:
    entry = TYPES["redacted" if made is RedactedUploader else "orpheus"]
    assert tuple(made.dialect.release_types) == entry.vocabulary["releasetype"]
    assert tuple(made.dialect.roles) == entry.vocabulary["role"]
    assert {made.dialect.media(word) for word in ("CD", "web", "Blu-ray", "DAT", "Soundboard")} <= {
        *entry.vocabulary["media"]
    }
    assert made.dialect.media("Wax cylinder") is None


@BOTH
def test_every_problem_is_told_at_once_with_what_to_change(site: Callable[..., Uploader]) -> None:
    empty = content(replace(MUSIC, credits=(), album=None, year=None, format=None, encoding=None, media=None,
                            release_type=None, genre=(), tracks=(), tags_complete=False))  # fmt: skip
    uploader = site(cover="required", image=None)
    found = problems(uploader, empty, requestid=7, nonsense="x")
    assert list(found) == [
        "requestid", "nonsense", "music.tags_complete", "music.artists", "music.album", "music.year",
        "music.release_type", "music.media", "music.format", "music.encoding", "tags", "image", "album_desc",
    ]  # fmt: skip
    assert all(any(cure in text for cure in ("set", "take", "mend", "tag", "it takes")) for text in found.values())


@BOTH
def test_what_is_no_music_is_no_business_of_theirs(site: Callable[..., Uploader]) -> None:
    assert "this is tv" in problems(site(), content(None, kind="tv"))["kind"]


@BOTH
@pytest.mark.parametrize(
    ("known", "set", "field", "words"),
    [
        ({"music": music(genre=("rock", "comedy"))}, {}, "type", "its genre is comedy, which speaks for Comedy"),
        ({"music": music(genre=("audio.book",))}, {}, "type", "the form of Audiobooks is not filled in here"),
        ({"files": (File("One.m4b", 1),)}, {}, "type", "One.m4b is a book's file"),
        ({}, {"type": "E-Books"}, "type", "the form of E-Books is not filled in here: upload it by hand"),
        ({}, {"type": 6}, "type", "the form of Comics"),
        ({}, {"type": "Opera"}, "type", "has no category Opera: set type to Music"),
        ({"music": None, "kind": "other"}, {}, "kind", "the form of Applications, E-Books, Audiobooks"),
    ],
)
def test_what_belongs_to_another_category_is_refused_with_the_way_out(
    site: Callable[[], Uploader], known: dict[str, Any], set: dict[str, object], field: str, words: str
) -> None:
    assert words in problems(site(), content(**known), **set)[field]


@BOTH
@pytest.mark.parametrize("said", ["Music", "music", 0, "0"])
def test_a_person_s_word_makes_music_of_what_looks_like_none(site: Callable[[], Uploader], said: object) -> None:
    sketches = content(music(genre=("comedy",)))
    assert form(site(), sketches, type=said).get("type") == "0"


NAMES = [
    (("a" * 300 + ".flac",), "characters of folder and file name together"),
    (("what?.flac",), "in names"),
    (("a\\b.flac",), "in names"),
    (("01.ogg",), "kinds of file"),
    (("README",), "kinds of file"),
    (("01.flac", "sub/.flac.exe"), "kinds of file"),
    (("H33T.txt", "01.flac"), "no file or folder of such a name"),
    (("INCOMPLETE~01.flac",), "no file or folder of such a name"),
    ((" 01.flac",), "begins or ends with a space"),
    (("CD 1 /01.flac",), "begins or ends with a space"),
    (("\udcff.flac",), "not UTF-8"),
    ((), "no file to upload"),
]


@BOTH
@pytest.mark.parametrize(("paths", "words"), NAMES)
def test_names_that_the_site_would_refuse_are_refused_here(
    site: Callable[[], Uploader], paths: tuple[str, ...], words: str
) -> None:
    assert words in problems(site(), content(files=tuple(File(path, 1) for path in paths)))["files"]


def test_a_path_may_be_as_long_as_the_site_says_and_no_longer() -> None:
    for site, limit in ((red, 180), (ops, 255)):
        longest = "é" * (limit - len("Folder/.flac")) + ".flac"
        assert isinstance(site().compose(content(name="Folder", files=(File(longest, 1),)), {}), Form)
        assert "files" in problems(site(), content(name="Folder", files=(File("x" + longest, 1),)))


@BOTH
def test_a_torrent_file_that_the_site_would_not_take_is_refused_before_anything_is_hashed(
    site: Callable[[], Uploader],
) -> None:
    many = tuple(File(f"{n:05} - {'é' * 30}.flac", 1) for n in range(10_000))
    assert (
        "the .torrent of 10000 files would be larger than the 1000000 bytes"
        in problems(site(), content(files=many))["files"]
    )
    assert isinstance(site().compose(content(files=many[:7000]), {}), Form)
    assert TYPES["redacted"].takes(content(files=(File("a.flac", 40_000 << 18),)), 1 << 18)
    assert not TYPES["redacted"].takes(content(files=(File("a.flac", 60_000 << 18),)), 1 << 18)


def test_many_bad_names_are_one_problem() -> None:
    many = tuple(File(f"{n}.wav", 1) for n in range(9))
    text = problems(ops(), content(files=many))["files"]
    assert "0.wav" in text
    assert "and 5 more" in text


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"problems": ("MP3 and FLAC in one folder",)}, "music.problems", "music.problems.remove"),
    ({"format": "ALAC"}, "music.format", "takes no ALAC"),
    ({"encoding": "320"}, "music.encoding", "FLAC is never 320"),
    ({"format": "MP3"}, "music.encoding", "MP3 is never Lossless"),
    ({"format": "MP3", "encoding": "something"}, "music.encoding", "no bitrate something"),
    ({"bit_depth": 24}, "music.encoding", "24 bits"),
    ({"encoding": "24bit Lossless"}, "music.encoding", "16 bits"),
    ({"media": "8-track"}, "music.media", "no medium 8-track"),
    ({"album": "x" * 201}, "music.album", "longer than 200 bytes"),
    ({"year": 41}, "music.year", "41 is no year"),
    ({"media": "CD", "year": 1975}, "music.edition.year", "no CD is of 1975"),
    ({"edition": edition(year=1990)}, "music.edition.year", "older than the release"),
    ({"label": "x" * 81}, "music.label", "80 characters"),
    ({"catalogue": "x" * 81}, "music.catalogue", "80 characters"),
    ({"edition": edition(title="x" * 81)}, "music.edition.title", "80 characters"),
    ({"credits": (Credit("Someone", "guest"),)}, "music.artists", "no main artist"),
    ({"credits": (Credit("x" * 201),)}, "music.artists", "longer than 200"),
    ({"credits": (Credit("Various Artists"),), "various": True, "tracks": ()}, "music.artists", "no main artist"),
    ({"genre": ("日本",)}, "tags", "no genre"),
    ({"album": "caf\udce9"}, "title", "can't be sent"),
]


@BOTH
@pytest.mark.parametrize(("changed", "field", "words"), WRONG)
def test_facts_that_the_site_would_refuse_are_refused_here(
    site: Callable[[], Uploader], changed: dict[str, Any], field: str, words: str
) -> None:
    assert words in problems(site(), content(music(**changed)))[field]


SETS: list[tuple[dict[str, object], str, str]] = [
    ({"groupid": "twelve"}, "groupid", "whole number"),
    ({"year": "MMI"}, "year", "whole number"),
    ({"releasetype": "Opera"}, "music.release_type", "no release type Opera"),
    ({"image": "covers.example/a.jpg"}, "image", "no address"),
    ({"image": "https://covers.example/a b.jpg"}, "image", "no address"),
    ({"image": "http://[covers.example/a.jpg"}, "image", "no address"),
    ({"image": "https://c.e/" + "a" * 255 + ".jpg"}, "image", "no address"),
    ({"album_desc": "short"}, "album_desc", "at least 10"),
    ({"release_desc": "x" * 1_000_001}, "release_desc", "longer than"),
    ({"album_desc": "x" * 1_000_001}, "album_desc", "longer than"),
    ({"title": "x" * 201}, "music.album", "longer than 200"),
]


@BOTH
@pytest.mark.parametrize(("set", "field", "words"), SETS)
def test_what_is_set_is_checked_too(
    site: Callable[[], Uploader], set: dict[str, object], field: str, words: str
) -> None:
    assert words in problems(site(), content(), **set)[field]


def test_ops_asks_an_ending_of_a_cover_and_takes_no_cd_of_unknown_edition() -> None:
    assert "image" in problems(ops(), content(), image="https://covers.example/picture")
    assert form(red(), image="https://covers.example/picture").get("image")
    assert "unknown" in problems(ops(), content(music(media="CD")), unknown=True)


def test_red_wants_two_letters_of_a_label() -> None:
    assert "2 to 80" in problems(red(), content(music(label="X")))["music.label"]
    assert form(ops(), content(music(label="X"))).get("remaster_record_label") == "X"


def test_a_cover_is_needed_where_the_site_or_the_settings_say_so() -> None:
    with_cover = content(cover="cover.jpg")
    missing = red(image=None).compose(with_cover, {})
    assert not isinstance(missing, Form)
    assert [(one.field, one.code) for one in missing] == [("image", "no-cover")]
    assert "cover.jpg is not hosted yet" in missing[0].text
    assert form(red(image=None, cover="wanted"), with_cover).notes == ("no cover",)
    assert form(red(image=None), with_cover, groupid=5).get("image") is None
    assert "no cover was found" in problems(ops(image=None, cover="required"), content())["image"]


def test_flac_from_the_web_of_unknown_origin_is_cautioned() -> None:
    assert form(ops()).cautions == ("web_flac",)
    assert form(ops(), content(origin=("redacted.sh",))).cautions == ()
    assert form(ops(), content(music(media="CD", has_log=True))).cautions == ()
    assert form(ops(), content(music(media="CD"))).cautions == ("web_flac",)
    assert form(ops(), content(music(format="MP3", encoding="320", bit_depth=None), (File("a.mp3", 1),))).cautions == ()


@pytest.mark.parametrize("media", ["Vinyl", "SACD", "Blu-ray", "Cassette"])
def test_flac_of_any_medium_but_a_cd_with_a_log_is_cautioned_where_it_came_from_nobody(media: str) -> None:
    assert form(ops(), content(music(media=media))).cautions == ("web_flac",)
    assert form(ops(), content(music(media=media), origin=("redacted.sh",))).cautions == ()


def test_two_bands_that_share_a_record_are_a_question_where_the_site_has_a_type_for_it() -> None:
    split, _ = ALBUMS["split release"]
    assert "set releasetype to Split" in form(ops(), split).notes[0]
    assert form(ops(), split, releasetype="Split").notes == form(red(), split).notes == ()
    assert form(ops(), content(music(credits=(Credit("The Band"), Credit("A Guest"))))).notes == ()


def test_logs_go_with_lossless_cds_alone() -> None:
    ripped = music(media="CD", logs=("a.log", "CD2/b.log"))
    assert [(one.key, one.path) for one in form(ops(), content(ripped)).attachments] == [
        ("logfiles[]", "a.log"), ("logfiles[]", "CD2/b.log"),
    ]  # fmt: skip
    assert form(ops(), content(replace(ripped, media="WEB"))).attachments == ()


@pytest.mark.parametrize("scene", [False, None])
@BOTH
def test_what_is_not_so_is_left_out(site: Callable[[], Uploader], scene: bool | None) -> None:
    made = form(site(), content(scene=scene))
    keys = {key for key, _ in made.fields}
    assert keys.isdisjoint(
        {"scene", "remaster", "unknown", "vbr", "other_bitrate", "groupid", "requestid", "vanity_house"}
    )
    assert all(value for _, value in made.fields)


def test_an_original_release_is_no_edition() -> None:
    plain = form(ops(), content(music(edition=edition(year=2001, title="Original Release"))))
    assert plain.get("remaster") is None
    assert form(red(), content(music(edition=edition(year=2001)))).get("remaster_year") is None


def test_a_group_takes_its_label_only_when_it_begins_with_this_edition() -> None:
    assert form(ops(), content(music(label="Port"))).get("record_label") == "Port"
    assert form(ops(), content(music(label="Port", edition=edition(year=2010)))).get("record_label") is None
    assert form(ops(), content(music(label="Port")), groupid=3).get("record_label") is None
    assert form(red(), content(music(label="Port"))).get("record_label") is None


def test_tags_that_do_not_fit_are_left_out_and_told() -> None:
    words = tuple(f"genre{n:02}" for n in range(40))
    made = form(ops(), content(music(genre=words)))
    assert len(made.get("tags") or "") <= 200
    assert made.notes[0].startswith("tag genre39 is left out")


@BOTH
def test_a_group_that_stands_needs_no_type_no_tags_and_no_cover(site: Callable[..., Uploader]) -> None:
    bare = content(music(release_type=None, genre=(), tracks=()))
    made = form(site(image=None, cover="required"), bare, groupid=12)
    assert made.get("groupid") == "12"
    assert {"releasetype", "tags", "image", "album_desc"}.isdisjoint(key for key, _ in made.fields)


def test_a_rip_of_vinyl_is_asked_for_its_lineage() -> None:
    vinyl = content(music(media="Vinyl"))
    assert form(ops(), vinyl).notes == ("a rip of Vinyl wants its lineage told: set release_desc",)
    assert form(ops(), vinyl, release_desc="Deck").notes == ()


@pytest.mark.parametrize(("given", "tags"), [("Folk, Dream Pop", "folk,dream.pop"), (["a b"], "a.b"), (1990, "1990")])
def test_tags_are_set_as_text_or_as_a_list(given: object, tags: str) -> None:
    assert form(ops(), tags=given).get("tags") == tags


def test_a_site_without_a_list_takes_every_kind_of_file() -> None:
    anything = content(files=(File("README", 1), File("a.zip", 1)))
    assert names.problems(anything, replace(TYPES["redacted"], extensions=()), "X") == []


@pytest.mark.parametrize(
    ("word", "stored"),
    [("Hip Hop", "hip.hop"), ("rock&roll", "rockroll"), ("Drum - Bass", "drum.bass"), ("2000s", "2000s"), ("日本", "")],
)
def test_a_tag_is_spelt_as_the_site_stores_it(word: str, stored: str) -> None:
    assert tag(word) == stored


@given(st.text(max_size=40))
def test_every_tag_is_one_the_site_leaves_as_it_is(word: str) -> None:
    made = tag(word)
    assert tag(made) == made
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789.")


@given(st.text(max_size=60))
def test_no_title_reads_as_markup(title: str) -> None:
    line = GAZELLE.line(title)
    assert "\n" not in line
    if "[" in title:
        assert line.startswith("[plain]")
        assert line.lower().count("[/plain]") == 1


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "0:00"), (59.6, "1:00"), (225.0, "3:45"), (3723.0, "1:02:03")])
def test_lengths_are_told_as_a_sleeve_tells_them(seconds: float, text: str) -> None:
    assert length(seconds) == text


def test_a_split_is_a_type_on_ops_alone() -> None:
    split = content(music(release_type="Split"))
    assert form(ops(), split).get("releasetype") == "12"
    assert "RED has no release type Split" in problems(red(), split)["music.release_type"]
    assert form(red(), split, releasetype="EP").get("releasetype") == "5"


@BOTH
def test_a_request_is_a_step_after_the_upload_and_no_field_of_the_form(site: Callable[[], Uploader]) -> None:
    made = form(site(), request="77")
    assert made.extras == (("request", "77"),)
    assert "77" not in [value for _, value in made.fields]
    assert Form.from_json(made.as_json()) == made
    assert made.digest != form(site()).digest
    assert "request" in problems(site(), content(), request="the old one")


@BOTH
def test_a_rules_word_on_the_cover_wins_over_the_tracker_s(site: Callable[..., Uploader]) -> None:
    assert "image" in problems(site(image=None), content(), cover="required")
    assert form(site(image=None), cover="wanted").get("image") is None
    assert "cover" in problems(site(), content(), cover="maybe")
