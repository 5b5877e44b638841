"""A FLAC that ends too early is told, wherever it was cut but in its very last frame."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from mutagen.flac import FLAC

from trackers.sandbox.album import write_album
from watcher.identify import identify, payload
from watcher.identify.flac import cut_off


def told(path: Path) -> bool:
    info = FLAC(path).info
    with path.open("rb") as opened:
        return cut_off(opened.fileno(), path.stat().st_size, info.total_samples, info.max_blocksize)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    return write_album(tmp_path, artist="A", album="B", year=2020, tracks=4, media="WEB", seconds=3)


def test_whole_files_are_whole(album: Path) -> None:
    assert [told(path) for path in sorted(album.glob("*.flac"))] == [False] * 4


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9])
def test_a_file_cut_anywhere_is_told(album: Path, part: float) -> None:
    for path in sorted(album.glob("*.flac")):
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
        assert told(path)


def test_a_cut_track_is_a_problem_of_the_album(album: Path) -> None:
    first = min(album.glob("*.flac"))
    first.write_bytes(first.read_bytes()[:200_000])
    facts = identify(album, payload(album).files, single=False)
    assert facts["music.problems"].value[0] == f"does not decode: {first.name!r}: it ends too early"  # type: ignore[index]


@pytest.mark.real
def test_what_an_encoder_writes_is_whole_and_its_beginning_is_not(tmp_path: Path) -> None:
    if shutil.which("flac") is None:
        pytest.skip("flac is not installed")
    raw, path = tmp_path / "a.raw", tmp_path / "a.flac"
    raw.write_bytes(b"".join((number * number % 65536).to_bytes(2, "little") for number in range(600_000)))
    form = ["--endian=little", "--sign=signed", "--channels=2", "--bps=16", "--sample-rate=44100"]
    for level in ("-0", "-5", "-8"):
        subprocess.run(["flac", "-s", "-f", level, "--force-raw-format", *form, "-o", str(path), str(raw)], check=True)
        assert not told(path)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 2 // 3])
        assert told(path)
