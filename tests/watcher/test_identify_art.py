"""The front cover inside a track: found in each format, and never the cause of a failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3

from trackers.sandbox.album import write_album
from watcher.identify import front_cover, identify, payload

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
JPEG = b"\xff\xd8\xff" + bytes(32)


def an_album(folder: Path, codec: str = "flac", cover: bool = False) -> Path:
    how = {"artist": "A", "album": "B", "year": 2020, "tracks": 2, "media": "WEB", "seconds": 0.1}
    return write_album(folder, codec=codec, cover=cover, **how)  # type: ignore[arg-type]


def picture(kind: int, data: bytes) -> Picture:
    one = Picture()
    one.type, one.data, one.mime = kind, data, "image/png"
    return one


def test_the_front_cover_comes_before_any_other(tmp_path: Path) -> None:
    track = next(an_album(tmp_path).glob("*.flac"))
    found = FLAC(track)
    found.add_picture(picture(4, PNG))
    found.add_picture(picture(3, JPEG))
    found.save()
    assert front_cover(track) == (JPEG, "cover.jpg")


def test_an_mp3_has_its_cover_in_a_frame(tmp_path: Path) -> None:
    track = next(an_album(tmp_path, "mp3-320").glob("*.mp3"))
    frames = ID3(track)
    frames.add(APIC(3, "image/png", 3, "", PNG))
    frames.save(track)
    assert front_cover(track) == (PNG, "cover.png")


@pytest.mark.parametrize("data", [b"", b"fLaC" + bytes(40), b"ID3\x04\0\0\x7f\x7f\x7f\x7f", b"no audio"])
def test_what_can_not_be_read_has_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.flac").write_bytes(data)
    assert front_cover(tmp_path / "a.flac") is None
    assert front_cover(tmp_path / "missing.flac") is None


@pytest.mark.parametrize("cover", [True, False])
def test_a_file_beside_the_music_comes_first(tmp_path: Path, cover: bool) -> None:
    album = an_album(tmp_path, cover=cover)
    track = sorted(album.glob("*.flac"))[0]
    found = FLAC(track)
    found.add_picture(picture(3, PNG))
    found.save()
    facts = identify(album, payload(album).files, single=False)
    assert facts["music.art"].value == (None if cover else track.name)
