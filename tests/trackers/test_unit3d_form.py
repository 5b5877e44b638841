"""What would be sent to a UNIT3D site, field by field, and everything that would be refused, told at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support_trackers import content, form, problems
from tests.support_unit3d import IDS, PACK, VIDEOS, film, opened, shown
from tests.trackers.test_gazelle_form import shown as as_text
from trackers.base import Form, Uploader
from trackers.content import File, Ids, Tv

FORMS = Path(__file__).parent / "data/forms"
URL = "http://127.0.0.1:1"


def site(**settings: object) -> Uploader:
    return opened(URL, **settings)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", VIDEOS)
def test_the_form_is_as_a_careful_uploader_would_fill_it(name: str) -> None:
    what, set = VIDEOS[name]
    recorded = (FORMS / f"{name.replace(' ', '-')}.EXM.txt").read_text(encoding="utf-8")
    assert as_text(form(site(), what, **set)) == recorded


def test_a_form_survives_the_journal() -> None:
    made = form(site(), *VIDEOS["film"][:1])
    assert Form.from_json(made.as_json()) == made
    assert made.attachments


def test_anonymous_is_a_number_and_never_a_word() -> None:
    for set_to, sent in ((True, "1"), ("true", "1"), (False, "0"), ("0", "0"), ("TRUE", "1")):
        assert form(site(), film(), anonymous=set_to).get("anonymous") == sent
    assert form(site(anonymous=False), film()).get("anonymous") == "0"
    assert form(site(personal_release=True), film()).get("personal_release") == "1"
    assert "true or false" in problems(site(), film(), anonymous="yes")["anonymous"]


def test_season_and_episode_stand_in_tv_alone() -> None:
    made = form(site(), film(), season_number=1, episode_number=1)
    assert (made.get("season_number"), made.get("episode_number")) == (None, None)


def test_a_full_disc_is_held_for_its_bdinfo() -> None:
    disc = film(kind="disc", mediainfo=None)
    assert list(problems(site(), disc)) == ["video.kind"]
    assert "BDInfo" in problems(site(), disc)["video.kind"]
    assert form(site(), disc, type_id=1).get("type_id") == "1"


@pytest.mark.parametrize(
    ("tv", "words"),
    [
        (Tv("Harbour Tonight", date="2026-03-04"), "a daily show has a date"),
        (Tv("Packet Girls", None, (107,)), "counts episodes alone"),
    ],
)
def test_a_daily_show_and_anime_without_a_season_are_held(tv: Tv, words: str) -> None:
    found = problems(site(), shown("Any.Show.1080p-LOCAL", tv))
    assert words in found["season_number"]
    assert "episode_number" in found if tv.date else "episode_number" not in found


def test_everything_that_is_missing_is_told_at_once() -> None:
    bare = film(kind=None, resolution="1440p", codec=None, mediainfo=None, problems=("the name says 720p",))
    bad = replace(bare, ids=Ids(), files=(File("a: b.mkv", 1), File("CON.txt", 1), File("x" * 260, 1), File("e./f", 1)))
    found = problems(site(resolutions={"1080p": 3}, ids=["tmdb", "imdb", "tvdb"]), bad, new="x", cover="no")
    assert set(found) >= {"files", "new", "cover", "video.codec", "video.kind", "video.resolution", "ids.tmdb",
                          "ids.imdb", "video.problems", "mediainfo"}  # fmt: skip
    assert "ids.tvdb" not in found  # of a film there is none
    assert (
        found["video.resolution"]
        == "'resolutions' has no number for 1440p (it has 1080p): add it, or set resolution_id"
    )
    assert "one of disc, remux, encode" in found["video.kind"]
    assert found["video.codec"].startswith("the title needs video.codec")
    made = site().compose(bad, {})
    assert isinstance(made, list)
    assert len([one for one in made if one.field == "files"]) == 4


def test_what_is_not_video_is_held_with_what_is_missing() -> None:
    found = problems(site(title="{name}"), content())
    assert "no number for music" in found["kind"]
    assert "video.kind" in found
    made = form(site(title="{name}", categories={"music": 4}), content(), type_id=4)
    assert (made.get("category_id"), made.get("resolution_id"), made.get("mediainfo")) == ("4", None, None)


def test_what_the_site_would_cut_or_break_on_is_told() -> None:
    assert "longer than 255" in problems(site(), film(), title="x" * 256)["title"]
    assert "65535" in problems(site(), film(), description="é" * 33_000)["description"]
    assert "can't be sent" in problems(site(), film(), keywords="a\udcff")["keywords"]
    assert "not UTF-8" in problems(site(title="x"), film("caf\udce9"))["files"]
    assert "no file" in problems(site(), replace(film(), files=()))["files"]
    assert "whole number" in problems(site(), film(), type_id="web")["type_id"]


def test_screenshots_stand_at_the_end_of_the_description() -> None:
    address = "https://pictures.example/1.png"
    small = f"[url={address}][img=350]{address}[/img][/url]"
    assert str(form(site(), film(), screenshots=[address]).get("description")).endswith(f"\n\n[center]{small}[/center]")
    assert form(site(screenshots=4), film(), screenshots=0) == form(site(), film())
    for wrong in ("nine", "13", ["javascript:1"], ["https://a.example/[/img]"]):
        assert "how many (at most 12)" in problems(site(), film(), screenshots=wrong)["screenshots"]


def test_how_many_screenshots_are_to_be_taken() -> None:
    tracker = site(screenshots=4)
    assert tracker.screenshots(film(), {}) == 4
    assert tracker.screenshots(film(), {"screenshots": "2"}) == 2
    assert tracker.screenshots(film(), {"screenshots": ["https://a.example/1.png"]}) == 0
    assert (tracker.screenshots(content(), {}), site().screenshots(film(), {})) == (0, 0)


def test_an_empty_title_or_description_is_told() -> None:
    assert "empty" in problems(site(title="[{proper}]"), film())["title"]
    assert "describe" in problems(site(description="{label}"), film())["description"]
    assert form(site(description="[b]{title}[/b]"), film()).get("description") == "[b]The Loopback[/b]"


def test_the_episode_of_a_pack_is_zero_and_a_number_given_wins() -> None:
    pack = shown("Ports.of.Call.S03", Tv("Ports of Call", 3, (1, 2, 3), pack=True), PACK)
    assert form(site(), pack).get("episode_number") == "0"
    assert form(site(), pack, season_number=4, episode_number=9).get("season_number") == "4"
    assert form(site(), pack, episode_number=9).get("episode_number") == "9"
    assert IDS.tvdb and form(site(), pack).get("tvdb") == str(IDS.tvdb)
