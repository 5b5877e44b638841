"""The quick reader of FLAC's head says what mutagen says, or leaves it to mutagen."""

from __future__ import annotations

import contextlib
from pathlib import Path

import mutagen
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.flac import FLAC

from tests.support_audio import comments
from watcher.identify.flac_head import FIRST, read_head

STREAM = (
    bytes.fromhex("1000100000000000000a") + (44_100 << 44 | 1 << 41 | 15 << 36 | 441_000).to_bytes(8, "big") + b"m" * 16
)
TAGS = {"ARTIST": "Sigrún", "TITLE": "One", "x": ""}


def block(kind: int, body: bytes, *, last: bool = False) -> bytes:
    return bytes([kind | last << 7]) + len(body).to_bytes(3, "big") + body


def flac(*blocks: bytes, sound: bytes = bytes(50)) -> bytes:
    return b"fLaC" + b"".join(blocks) + sound


WHOLE = flac(block(0, STREAM), block(4, comments(TAGS)), block(1, bytes(40), last=True))


def read(folder: Path, data: bytes) -> object:
    path = folder / "x.flac"
    path.write_bytes(data)
    with path.open("rb") as opened:
        return read_head(opened.fileno(), path.stat().st_size)


def told(folder: Path, data: bytes) -> tuple[object, ...] | None:
    found = read(folder, data)
    if found is None:
        return None
    info = found.info  # type: ignore[attr-defined]
    names = ("bits_per_sample", "sample_rate", "total_samples", "max_blocksize", "md5_signature", "length")
    return (*(getattr(info, name) for name in names), list(found.tags))  # type: ignore[attr-defined]


def by_mutagen(folder: Path) -> tuple[object, ...]:
    found = FLAC(folder / "x.flac")
    names = ("bits_per_sample", "sample_rate", "total_samples", "max_blocksize", "md5_signature", "length")
    return (*(getattr(found.info, name) for name in names), list(found.tags or ()))


@pytest.mark.parametrize(
    "data",
    [
        WHOLE,
        flac(block(0, STREAM, last=True)),
        flac(block(0, STREAM), block(3, bytes(18)), block(4, comments(TAGS)), block(2, b"test", last=True)),
        flac(block(0, STREAM), block(1, bytes(FIRST)), block(4, comments(TAGS), last=True)),
    ],
)
def test_the_usual_head_is_read_as_mutagen_reads_it(tmp_path: Path, data: bytes) -> None:
    found = told(tmp_path, data)
    assert found is not None
    assert found == by_mutagen(tmp_path)


def test_whether_a_picture_is_in_it_is_told_without_reading_it(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE).pictured is False  # type: ignore[attr-defined]
    for inside, told in ((b"\xff\xd8\xff", True), (b"\x89PNG\r\n\x1a\n", True), (b"GIF89a", False)):
        picture = bytes(300) + inside + bytes(90_000)
        pictured = flac(block(0, STREAM), block(6, picture), block(4, comments(TAGS), last=True))
        assert read(tmp_path, pictured).pictured is told  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ID3" + WHOLE,
        flac(block(4, comments(TAGS)), block(0, STREAM, last=True)),
        flac(block(0, STREAM), block(0, STREAM, last=True)),
        flac(block(0, STREAM), block(4, comments(TAGS)), block(4, comments(TAGS), last=True)),
        flac(block(0, STREAM[:20], last=True)),
        flac(block(0, STREAM[:10] + bytes(8) + STREAM[18:], last=True)),
        flac(block(0, STREAM), block(4, comments({"A": "b"})[:-1], last=True)),
        flac(block(0, STREAM), block(4, comments({"A": "b"}).replace(b"A=b", b"A=\xff"), last=True)),
        flac(block(0, STREAM), block(4, comments({"A": "b"}).replace(b"A=b", b"A b"), last=True)),
        flac(block(0, STREAM), block(4, bytes(4) + b"\xff" * 4, last=True)),
        flac(block(0, STREAM), block(1, bytes(900), last=True))[:200],
        flac(block(0, STREAM)),
        flac(block(0, STREAM, last=True), sound=b""),
    ],
)
def test_what_is_unusual_is_left_to_mutagen(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, data) is None


@given(st.integers(4, len(WHOLE) - 60), st.integers(0, 255))
def test_a_changed_byte_is_read_as_mutagen_reads_it_or_left_to_it(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    found = told(folder, WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :])
    if found is not None:
        with contextlib.suppress(mutagen.MutagenError):  # it also reads what is neither sound nor tag
            assert found == by_mutagen(folder)
