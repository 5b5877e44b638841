"""Where the cover of an upload comes from, and what is done if no host takes it: the real sites, in virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutagen.flac import FLAC, Picture

from tests.support_sites import SiteWorld, site_world
from tests.support_trackers import Stage, says
from trackers.sandbox.album import write_album
from watcher.jobs import State

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def written(one: SiteWorld, picture: bytes | None = None) -> Path:
    """An album without a file that is a cover; with one inside its first track."""
    path = write_album(
        one.folder / "content", artist="The Loopbacks", album="First Light", year=2020, tracks=2, media="WEB",
        seconds=0.1, cover=False,
    )  # fmt: skip
    if picture is not None:
        track = FLAC(sorted(path.glob("*.flac"))[0])
        inside = Picture()
        inside.type, inside.data, inside.mime = 3, picture, "image/png"
        track.add_picture(inside)
        track.save()
    return path


def test_a_cover_inside_a_track_goes_to_the_site_s_own_host(tmp_path: Path) -> None:
    with site_world(tmp_path, "RED") as one:
        one.found(written(one, PNG))
        one.until(one.settled)
        assert one.mine().state is State.UPLOADED
        assert one.fields()["image"].startswith(one.sandbox.url_of("redacted"))
        assert one.mine().cover == one.fields()["image"]
        assert one.asked().count("upload_image") == 1


def test_a_cover_of_the_site_of_origin_is_taken_over_by_the_site_s_own_host(tmp_path: Path) -> None:
    with site_world(tmp_path, "RED") as one:
        one.of_another(site="orpheus")
        one.found(written(one), {"origin": ["sandbox:orpheus:127.0.0.1"]}, one.last_hash)
        one.until(one.settled)
        assert one.mine().state is State.UPLOADED
        assert one.fields()["image"].startswith(one.sandbox.url_of("redacted"))
        assert one.asked().count("upload_image") == 1


def test_an_address_that_the_site_takes_for_no_picture_costs_the_cover_where_it_is_only_wanted(tmp_path: Path) -> None:
    with Stage() as stage, site_world(tmp_path, "OPS") as one:
        stage.plays(says('{"image": {"url": "https://pictures.example/without-an-ending"}}'))
        one.images = ("chevereto", stage.url)
        one.album()
        one.until(one.settled)
        assert one.mine().state is State.UPLOADED
        assert "image" not in one.fields() and not one.mine().cover


@pytest.mark.parametrize("answer", ['{"image": {"url": "https://pictures.example/without-an-ending"}}', None])
def test_where_a_cover_is_required_the_job_is_held_with_the_reason(tmp_path: Path, answer: str | None) -> None:
    with Stage() as stage, site_world(tmp_path, "OPS", to="OPS: {cover: required}") as one:
        stage.plays(says(answer) if answer else says("{}", 403))
        one.images = ("chevereto", stage.url)
        one.album()
        one.until(one.settled)
        assert (one.mine().state, one.mine().code, one.posts()) == (State.HELD, "no-cover", 0)
        assert one.mine().why
