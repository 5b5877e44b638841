"""The front cover inside a track: found in each format, and never the cause of a failure."""

from __future__ import annotations

import os
import tracemalloc
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3
from mutagen.mp4 import MP4, MP4Cover

from tests.support_audio import m4a
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


def an_m4a(path: Path) -> None:
    path.write_bytes(m4a({"ARTIST": "A"}))
    found = MP4(path)
    found["covr"] = [MP4Cover(PNG, MP4Cover.FORMAT_PNG)]
    found.save()


def an_mp3(path: Path, version: int) -> None:
    path.write_bytes((b"\xff\xfb\xe0\x00" + bytes(1040)) * 9)
    frames = ID3()
    frames.add(APIC(3, "image/jpeg", 3, "the front", JPEG))
    frames.save(path, v2_version=version)


def an_old_mp3(path: Path) -> None:
    """ID3v2.2, which mutagen does not write."""
    frame = b"PIC" + (len(JPEG) + 6).to_bytes(3, "big") + b"\0JPG\x03\0" + JPEG
    path.write_bytes(b"ID3\x02\0\0\0\0\0" + bytes([len(frame)]) + frame + (b"\xff\xfb\xe0\x00" + bytes(1040)) * 9)


def a_flac_behind_id3(path: Path) -> None:
    """Which is left to mutagen."""
    album = next(an_album(path.parent / "made").glob("*.flac"))
    found = FLAC(album)
    found.add_picture(picture(3, PNG))
    found.save()
    path.write_bytes(b"ID3\x04\0\0\0\0\0\0" + album.read_bytes())


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("01.m4a", an_m4a),
        ("01.mp3", partial(an_mp3, version=3)),
        ("01.mp3", partial(an_mp3, version=4)),
        ("01.mp3", an_old_mp3),
        ("01.flac", a_flac_behind_id3),
    ],
)
def test_the_cover_that_the_fact_speaks_of_is_there_to_be_taken(
    tmp_path: Path, name: str, write: Callable[[Path], None]
) -> None:
    (tmp_path / "Album").mkdir()
    write(tmp_path / "Album" / name)
    (tmp_path / "Album/02.mp3").write_bytes((b"\xff\xfb\xe0\x00" + bytes(1040)) * 9)
    facts = identify(tmp_path / "Album", payload(tmp_path / "Album").files, single=False)
    assert facts["music.art"].value == name
    assert front_cover(tmp_path / "Album" / name) is not None


def test_each_file_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, real = [], os.open

    def counted(path: str, flags: int, *rest: int) -> int:
        opened.append(path)
        return real(path, flags, *rest)

    (tmp_path / "Album").mkdir()
    for name in ("01.mp3", "02.mp3"):
        an_mp3(tmp_path / "Album" / name, 4)
    files = payload(tmp_path / "Album").files
    monkeypatch.setattr(os, "open", counted)
    identify(tmp_path / "Album", files, single=False)
    assert opened == [str(tmp_path / "Album" / name) for name in ("01.mp3", "02.mp3")]


def packed(version: int, name: bytes, text: bytes) -> bytes:
    """A frame that is compressed, 16 MiB of nothing behind its text."""
    size = len(text) + (16 << 20)
    body = size.to_bytes(4, "big") + zlib.compress(text + bytes(16 << 20))
    if version == 3:
        return name + len(body).to_bytes(4, "big") + b"\0\x80" + body
    return name + syncsafe(len(body)) + b"\0\x09" + body


def syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("name", ["01.mp3", "01.flac"])
def test_what_a_stranger_compressed_is_never_unpacked(tmp_path: Path, version: int, name: str) -> None:
    frames = packed(version, b"TXXX", b"\0ALBUM\0") + packed(version, b"APIC", b"\0image/jpeg\0\3\0\xff\xd8\xff")
    title = b"TIT2\0\0\0\4\0\0\0One"
    tag = b"ID3" + bytes([version, 0, 0]) + syncsafe(len(frames + title)) + frames + title
    root = tmp_path / "Album"
    root.mkdir()
    (root / name).write_bytes(tag + (b"\xff\xfb\xe0\x00" + bytes(1040)) * 9)
    files = payload(root).files
    tracemalloc.start()
    facts = identify(root, files, single=False)
    cover = front_cover(root / name)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 << 20
    assert (facts["music.format"].value, facts["music.art"].value, cover) == ("MP3", None, None)
    assert facts["music.track_list"].value[0]["title"] == "One"  # type: ignore[index]
