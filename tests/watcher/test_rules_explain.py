"""`rules explain` over real files, by the starter as it is: readable at 80 columns, and the same for programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support_seedpost import Seedpost
from tests.watcher.test_config_docs import STARTER
from trackers.sandbox.album import write_album
from watcher.errors import OK

SHOW = "A.Series.S01E02.A.Title.That.Is.Rather.Long.And.Goes.On.1080p.WEB-DL.DDP5.1.H.264-GRP"


@pytest.fixture
def seedpost(tmp_path: Path) -> Seedpost:
    """The starter without its client, which is not here."""
    text = STARTER.read_text()
    clients = text[text.index("\nclients:") : text.index("# Folders that are watched")]
    return Seedpost(tmp_path, text.replace(clients, "\n").replace("client: seedbox", "client: none"), {})


def shown(seedpost: Seedpost, what: Path | str) -> list[str]:
    done = seedpost("rules", "explain", str(what))
    assert (done.returncode, done.stderr) == (OK, "")
    lines = done.stdout.splitlines()
    assert max(len(line) for line in lines[1:]) <= 80
    return lines


def test_the_starter_routes_an_album_without_a_release_group(seedpost: Seedpost, tmp_path: Path) -> None:
    album = write_album(tmp_path, artist="The Loopbacks", album="Lone", year=2020, tracks=2, media="WEB")
    lines = shown(seedpost, album)
    assert "✓ lossless-music" in lines
    assert "    music.media: want not CD, got WEB" in lines
    assert "✗ video  (not reached: a rule above decided)" in lines
    assert "    torrent.tags: want keep-anyway, got none (the nearest of 2 branches)" in lines
    assert lines[lines.index("decision") + 1] == "rule 'lossless-music'"
    assert {"  RED: dry_run", "  OPS: dry_run"} <= set(lines)
    assert sum("seedpost secrets set" in line for line in lines) == 2
    told = seedpost.json("rules", "explain", str(album))
    assert told["decision"] == {
        "rule": "lossless-music", "upload_to": ["RED", "OPS"], "mode": "dry_run", "guard": None, "undecided": None,
    }  # fmt: skip
    assert (told["release"]["group"]["is"], told["release"]["group"]["value"]) == ("none", None)
    nearest = next(one for one in told["rules"] if one["name"] == "cd-rips")["reasons"][-1]
    assert nearest == {"field": "torrent.tags", "want": "keep-anyway", "got": "none", "nearest_of": 2}


def test_the_starter_routes_a_television_episode(seedpost: Seedpost, tmp_path: Path) -> None:
    (tmp_path / f"{SHOW}.mkv").write_bytes(b"\x1aE\xdf\xa3" + bytes(999))
    lines = shown(seedpost, tmp_path / f"{SHOW}.mkv")
    assert "✓ episodes" in lines
    assert "rule 'episodes'" in lines
    told = seedpost.json("rules", "explain", str(tmp_path / f"{SHOW}.mkv"))
    assert (told["decision"]["rule"], told["decision"]["upload_to"]) == ("episodes", ["EXM"])
    assert [told["release"][f"tv.{key}"]["value"] for key in ("season", "episode")] == [1, [2]]


def test_what_a_tracker_would_get_stands_below_it(tmp_path: Path) -> None:
    text = STARTER.read_text().replace("client: seedbox", "client: none")
    keys = {"SEEDPOST_SECRET_RED_API_KEY": "r" * 40, "SEEDPOST_SECRET_OPS_API_KEY": "o" * 40}
    clients = text[text.index("\nclients:") : text.index("# Folders that are watched")]
    seedpost = Seedpost(tmp_path, text.replace(clients, "\n"), keys)
    album = write_album(tmp_path, artist="The Loopbacks", album="Lone", year=2020, tracks=2, media="WEB")
    lines = shown(seedpost, album)
    assert "    title = Lone" in lines
    assert "    media = WEB" in lines


def test_what_nobody_knows_is_not_found(seedpost: Seedpost) -> None:
    for what in ("0123456789ab", "a" * 40):
        done = seedpost("rules", "explain", what)
        assert done.returncode == 3
        assert "no path that is there" in done.stderr


def test_fields_are_listed_with_words_origin_and_an_example_in_80_columns(seedpost: Seedpost) -> None:
    done = seedpost("rules", "fields")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    at = lines.index("music.media  (word, from tag)")
    assert lines[at + 1] == "    medium it was made from"
    assert lines[at + 2].startswith("    one of CD, ")
    assert "    music.media: [CD, WEB]" in lines[at : at + 6]
    assert {one["name"] for one in seedpost.json("rules", "fields")} == {
        line.split()[0] for line in lines if line[0] != " "
    }


def test_the_keys_of_a_trackers_form_are_listed_with_its_words(seedpost: Seedpost) -> None:
    done = seedpost("rules", "fields", "--tracker", "RED")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[lines.index("releasetype") + 1].startswith("    one of Album, Soundtrack")
    assert "EP" in seedpost.json("rules", "fields", "--tracker", "RED")["releasetype"]
    assert seedpost("rules", "fields", "--tracker", "XYZ").returncode == 3
