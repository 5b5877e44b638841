"""The albums that demo and tests are made of: are they what they say they are?"""

from __future__ import annotations

import hashlib
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import mutagen
import pytest
from mutagen.flac import FLAC
from mutagen.mp3 import MP3, BitrateMode

from trackers.sandbox.album import RATE, Song, _after, _crc16, flac, mp3, png, write_album


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.mark.real
@pytest.mark.parametrize(("bits", "rate"), [(16, 44_100), (16, 48_000), (24, 44_100), (24, 96_000)])
def test_the_reference_decoder_accepts_every_track(tmp_path, bits, rate):
    decoder = shutil.which("flac")
    if decoder is None:
        pytest.skip("flac is not installed")
    root = write_album(tmp_path, artist="A", album="B", year=2001, tracks=3, bits=bits, rate=rate, seconds=0.4)
    run = subprocess.run(
        [decoder, "-t", "-s", *sorted(map(str, root.glob("*.flac")))], capture_output=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, b"")


@pytest.mark.real
def test_the_reference_decoder_gives_back_the_audio_that_the_md5_is_of(tmp_path):
    decoder = shutil.which("flac")
    if decoder is None:
        pytest.skip("flac is not installed")
    path = tmp_path / "one.flac"
    path.write_bytes(flac([("TITLE", "x")], b"seed", 10_000))
    command = [decoder, "-d", "-c", "-s", "--force-raw-format", "--endian=little", "--sign=signed", str(path)]
    audio = subprocess.run(command, capture_output=True, check=True).stdout
    assert len(audio) == 10_000 * 4
    assert int(hashlib.md5(audio).hexdigest(), 16) == FLAC(path).info.md5_signature


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    one, two = (
        write_album(tmp_path / part, artist="A", album="B", year=2001, tracks=2, log=True, cue=True, seconds=0.2)
        for part in ("one", "two")
    )
    assert tree(one) == tree(two)


def test_another_album_has_other_bytes_and_no_two_tracks_one_size(tmp_path):
    one = write_album(tmp_path, artist="A", album="B", year=2001, tracks=3, seconds=0.2)
    two = write_album(tmp_path, artist="A", album="C", year=2001, tracks=3, seconds=0.2)
    tracks = [content for name, content in tree(one).items() if name.endswith(".flac")]
    assert len({len(track) for track in tracks}) == 3
    assert tree(one)["01 - Part 1.flac"] != tree(two)["01 - Part 1.flac"]


def test_tags_are_written_overridden_and_taken_away(tmp_path):
    root = write_album(
        tmp_path,
        artist="A",
        album="B",
        year=2001,
        tracks=["One", Song("Two", artist="A feat. Z", tags={"COMPOSER": "C"})],
        seconds=0.1,
        tags={"GENRE": ["Jazz", "Hip Hop"], "ORIGINALDATE": None, "DATE": "2010"},
    )
    second = FLAC(root / "02 - Two.flac")
    assert second["genre"] == ["Jazz", "Hip Hop"]
    assert second["date"] == ["2010"]
    assert "originaldate" not in second
    assert second["artist"] == ["A feat. Z"]
    assert second["albumartist"] == ["A"]
    assert second["composer"] == ["C"]
    assert second["tracknumber"] == ["2"]


def test_discs_get_folders_and_numbers_of_their_own(tmp_path):
    songs = [Song("a"), Song("b", disc=2), Song("c", disc=2)]
    root = write_album(tmp_path, artist="A", album="B", year=2001, tracks=songs, seconds=0.1, log=True)
    assert [name for name in tree(root) if name.endswith(".flac")] == [
        "CD1/01 - a.flac",
        "CD2/01 - b.flac",
        "CD2/02 - c.flac",
    ]
    assert [name for name in tree(root) if name.endswith(".log")] == ["CD1/A - B.log", "CD2/A - B.log"]
    assert FLAC(root / "CD2" / "02 - c.flac")["discnumber"] == ["2"]


def test_no_name_holds_a_letter_that_trackers_refuse(tmp_path):
    root = write_album(tmp_path, artist="A/B", album="Who?", year=2001, tracks=['"x": <y>|*\\'], seconds=0.1)
    names = [root.name, *tree(root)]
    assert not set("".join(names)) & set(':?<>\\*|"/')


@pytest.mark.parametrize(
    ("codec", "mode", "settings"),
    [
        ("mp3-320", BitrateMode.CBR, "-b 320"),
        ("mp3-192", BitrateMode.CBR, "-b 192"),
        ("mp3-v0", BitrateMode.VBR, "-V 0"),
        ("mp3-v2", BitrateMode.VBR, "-V 2"),
    ],
)
def test_an_mp3_says_how_it_was_encoded(tmp_path, codec, mode, settings):
    root = write_album(tmp_path, artist="A", album="B", year=2001, tracks=1, codec=codec, seconds=1.5)
    found = MP3(root / "01 - Part 1.mp3")
    assert (found.info.bitrate_mode, found.info.encoder_settings) == (mode, settings)
    assert not found.info.sketchy
    assert found.info.length == pytest.approx(1.5 + 577 / RATE, abs=0.001)
    assert found["TRCK"].text == ["1/1"]
    assert found["TXXX:MusicBrainz Album Type"].text == ["album"]


def test_every_mp3_frame_starts_where_the_last_one_ends():
    data = mp3([("TITLE", "x")], b"seed", RATE, "mp3-v0")
    at = 10 + sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    rates = []
    while at < len(data):
        assert data[at : at + 2] == b"\xff\xfb"
        rates.append((0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)[data[at + 2] >> 4])
        at += 144_000 * rates[-1] // RATE + (data[at + 2] >> 1 & 1)
    assert at == len(data)
    assert len(rates) == 1 + -(-(RATE + 576) // 1152)
    assert len(set(rates)) > 1


def test_the_checksum_of_a_frame_can_be_put_together_from_its_parts():
    head, body = b"some header", bytes(range(256)) * 3
    assert _after(_crc16(head), len(body)) ^ _crc16(body) == _crc16(head + body)
    assert _crc16(b"123456789") == 0xFEE8  # CRC-16/UMTS, the check value of its catalogue


def test_the_cover_is_a_picture(tmp_path):
    data = png(20, b"seed")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (20, 20)
    at, pixels = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + body)
        pixels += body if kind == b"IDAT" else b""
        at += 12 + size
    assert len(zlib.decompress(pixels)) == 20 * (1 + 20 * 3)


def test_log_and_cue_name_every_track(tmp_path):
    root = write_album(
        tmp_path, artist="A", album="B", year=2001, tracks=3, seconds=0.5, media="CD", log=True, cue=True
    )
    log = (root / "A - B.log").read_bytes().decode("utf-16")
    assert log.startswith("Exact Audio Copy V")
    assert log.count("Copy OK") == 3
    assert (root / "A - B.cue").read_text().count("AUDIO") == 3


def test_without_cover_and_medium_nothing_is_said_of_them(tmp_path):
    root = write_album(tmp_path, artist="A", album="B", year=2001, tracks=1, seconds=0.1, cover=False)
    assert root.name == "A - B (2001) [FLAC]"
    assert list(tree(root)) == ["01 - Part 1.flac"]
    assert "media" not in mutagen.File(root / "01 - Part 1.flac")
