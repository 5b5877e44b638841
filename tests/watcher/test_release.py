"""Fingerprints, payloads and facts: pure functions with plain values."""

from __future__ import annotations

import hashlib
import os

from hypothesis import given
from hypothesis import strategies as st

from trackers.content import Credit, File, Ids, Movie, Tv, Video
from watcher.release import (
    NONE,
    Fact,
    Release,
    content_of,
    facts_of,
    fingerprint,
    form_keys,
    ignored,
    in_order,
    job_id,
    overridden,
    partial,
    release_of,
    told_by_source,
)

NAMES = st.binary(min_size=1, max_size=12).map(lambda raw: os.fsdecode(raw.replace(b"/", b"_").replace(b"\0", b"_")))
FILES = st.lists(st.builds(File, NAMES, st.integers(0, 10**12)), max_size=6, unique_by=lambda file: file.path)


def test_the_fingerprint_is_the_one_that_is_documented() -> None:
    text = b"Album\0" + b"CD1/01.flac\x005\n" + b"b.flac\x007\n"
    files = (File("b.flac", 7), File("CD1/01.flac", 5))
    assert fingerprint("Album", files) == hashlib.sha256(text).hexdigest()[:32]


@given(NAMES, FILES, st.randoms())
def test_the_fingerprint_knows_no_order_and_takes_any_bytes(name: str, files: list[File], random: object) -> None:
    shuffled = sorted(files, key=lambda file: hash((file.path, 7)))
    assert fingerprint(name, files) == fingerprint(name, shuffled)


@given(FILES)
def test_the_order_of_a_torrent_is_that_of_its_paths_parts(files: list[File]) -> None:
    parts = [[os.fsencode(part) for part in file.path.split("/")] for file in in_order(files)]
    assert parts == sorted(parts)


def test_a_folder_sorts_before_a_longer_name_that_begins_like_it() -> None:
    files = (File("a b/1", 1), File("a/2", 1))
    assert [file.path for file in in_order(files)] == ["a/2", "a b/1"]


def test_one_job_a_site() -> None:
    assert job_id("f" * 32, "redacted.sh") == hashlib.sha256(b"f" * 32 + b"\0redacted.sh").hexdigest()[:12]


def test_what_is_never_part_of_a_payload() -> None:
    for path in ("Thumbs.db", "a/.ds_store", "@eaDir/x.jpg", "._01.flac", "01.flac.!qB", "x.part", "x.seedpost.yaml"):
        assert ignored(path)
    for path in ("01.flac", "part.flac", "a/b.nfo", "thumbs.dbx"):
        assert not ignored(path)
    assert partial("a/01.flac.!qB")
    assert not partial("a.part/01.flac")


def test_set_goes_over_facts_and_leaves_form_keys_alone() -> None:
    facts = {"music.genre": Fact(["rock"], "tag"), "music.year": Fact(1999, "tag")}
    given = {"music.genre.add": ["live", "rock"], "music.year": 2001, "tags.add": ["x"], "image": "https://x/y.png"}
    after = overridden(facts, given, "rule")
    assert after["music.genre"] == Fact(["rock", "live"], "rule")
    assert after["music.year"] == Fact(2001, "rule")
    assert overridden(facts, {"music.genre.remove": ["rock"]}, "rule")["music.genre"].value == []
    assert form_keys(given) == {"tags.add": ["x"], "image": "https://x/y.png"}


def test_an_artist_that_was_set_beats_the_credits_of_the_tags() -> None:
    credits = Fact([{"name": "A", "role": "main"}, {"name": "B", "role": "guest"}], "tag")
    facts = {"kind": Fact("music"), "music.credits": credits, "music.artists": Fact(["A"], "tag")}
    content = content_of("n", (), False, facts)
    assert content.music is not None
    assert content.music.credits == (Credit("A"), Credit("B", "guest"))
    other = content_of("n", (), False, overridden(facts, {"music.artists": ["C", "D"]}, "person"))
    assert other.music is not None
    assert other.music.credits == (Credit("C"), Credit("D"))


def test_unknown_facts_survive_the_journal_and_are_none_to_a_tracker() -> None:
    fact = Fact(unknown=True, why="unreadable", origin="tag")
    assert Fact.from_json(fact.as_json()) == fact
    assert content_of("n", (), False, {"kind": Fact("music"), "music.album": fact}).music.album is None  # type: ignore[union-attr]


def test_a_release_comes_back_from_its_record() -> None:
    record = {
        "source": "seedbox",
        "from": "qbittorrent",
        "name": "Album",
        "path": "/x/Album",
        "payload": [["01.flac", 5]],
        "infohash": "a" * 40,
        "completed": 7,
        "facts": {"torrent.tags": {"value": ["a"], "origin": "torrent"}, "size": {"value": 5, "origin": "file"}},
    }
    release = release_of(record)
    assert release == Release(
        "seedbox", "qbittorrent", "Album", "/x/Album", (File("01.flac", 5),), infohash="a" * 40, completed=7,
        facts=facts_of(record),
    )  # fmt: skip
    assert told_by_source(release.facts) == {"torrent.tags": Fact(["a"], "torrent")}
    assert release.size == 5
    assert NONE.as_json() == {"value": None, "origin": ""}


def test_a_tracker_is_told_of_an_episode_and_of_a_film_by_type() -> None:
    told: dict[str, object] = {
        "kind": "tv", "video.kind": "web-dl", "video.hdr": ["DV", "HDR10"], "video.seconds": 2520.5,
        "video.mediainfo": "General\n", "tv.title": "Northern Harbour", "tv.season": 2, "tv.episode": [5],
        "tv.pack": False, "movie.title": "nothing", "ids.tmdb": 4242, "ids.imdb": "tt0000042", "files.nfo": "a.nfo",
    }  # fmt: skip
    facts = {name: Fact(value, "file") for name, value in told.items()}  # type: ignore[arg-type]
    content = content_of("x", (), False, facts)
    assert content.video == Video(
        kind="web-dl", hdr=("DV", "HDR10"), seconds=2520.5, mediainfo="General\n",
        tv=Tv("Northern Harbour", 2, (5,)),
    )  # fmt: skip
    assert (content.ids, content.nfo, content.music) == (Ids(4242, "tt0000042"), "a.nfo", None)
    film = facts | {"kind": Fact("movie", "file"), "movie.year": Fact(1999, "name")}
    assert content_of("x", (), False, film).video.movie == Movie("nothing", 1999)  # type: ignore[union-attr]
    assert content_of("x", (), False, facts | {"kind": Fact("other", "file")}).video is None
