"""An MP3 or MP4 that is shorter than its own header says, whatever kind of header it has."""

from __future__ import annotations

import io

import pytest

from tests.support_audio import frame, m4a, mp3_vbr
from watcher.identify.cuts import mp3_cut_off, mp4_cut_off


@pytest.mark.parametrize("header", [b"Xing", b"VBRI"])
def test_an_mp3_is_cut_if_its_header_counts_more_bytes_than_there_are(header: bytes) -> None:
    data = mp3_vbr(190, header)
    for size, cut in ((len(data), False), (len(data) - 2000, False), (len(data) * 9 // 10, True), (500, True)):
        assert mp3_cut_off(io.BytesIO(data[:size]), 0, size) is cut
    assert not mp3_cut_off(io.BytesIO(b"ID3" + data), 3, len(data) + 3 + 128)  # what stands behind it is no matter


@pytest.mark.parametrize(
    "data", [b"", frame(128) * 9, frame(128)[:36] + b"Xing" + bytes(20), frame(128)[:36] + b"Info"]
)
def test_where_no_header_counts_bytes_nothing_is_told(data: bytes) -> None:
    assert not mp3_cut_off(io.BytesIO(data), 0, len(data))


def box(length: int, name: bytes, body: bytes) -> bytes:
    return length.to_bytes(4, "big") + name + body


WHOLE = m4a({"TITLE": "One"})


@pytest.mark.parametrize(
    ("data", "cut"),
    [
        (WHOLE, False),
        (WHOLE[:-1], True),
        (box(16, b"ftyp", bytes(8)) + box(0, b"mdat", bytes(50)), False),  # open to the end
        (box(16, b"ftyp", bytes(8)) + box(1, b"mdat", (66).to_bytes(8, "big") + bytes(50)), False),
        (box(16, b"ftyp", bytes(8)) + box(1, b"mdat", (67).to_bytes(8, "big") + bytes(50)), True),
        (box(8, b"free", b"") * 2000, False),  # nobody writes so many
        (b"", False),
    ],
)
def test_an_mp4_is_cut_if_a_box_ends_behind_the_file(data: bytes, cut: bool) -> None:
    assert mp4_cut_off(io.BytesIO(data), len(data)) is cut
