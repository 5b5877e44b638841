"""Whether a FLAC file ends where its header says: a frame must reach the last sample. Reads the tail, decodes nothing.

Of the format: the frame header (sync code, block size, a number coded as UTF-8 does, CRC-8 with x^8+x^2+x+1).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

TAILS = (16 * 1024, 256 * 1024)  # bytes: one frame of CD sound and more; several of the largest that encoders write
_MARKS = (b"\xff\xf8", b"\xff\xf9")  # how the header of a frame begins: blocks of one size, or of several
_SIZES = {1: 192, **{n: 576 << (n - 2) for n in range(2, 6)}, **{n: 256 << (n - 8) for n in range(8, 16)}}
_RATE_BYTES = {12: 1, 13: 2, 14: 2}


def _crc_table() -> bytes:
    table = bytearray()
    for byte in range(256):
        for _ in range(8):
            byte = (byte << 1 ^ 0x07) & 0xFF if byte & 0x80 else byte << 1
        table.append(byte)
    return bytes(table)


_CRC8 = _crc_table()


def cut_off(fd: int, size: int, total: int, block: int) -> bool:
    """Whether frames are missing at the end of a file of `size` bytes. `total`: samples of the stream, 0 if its header
    does not say; `block`: its block size in samples. False where it can't be told."""
    if not total:
        return False
    frames: set[tuple[int, int]] = set()
    for tail in TAILS:
        frames = set()
        for frame in _frames(os.pread(fd, tail, max(0, size - tail)), block):
            if frame[1] == total:
                return False
            frames.add(frame)
    # Audio may look like a header by chance: only frames that follow each other count.
    ends = {end for _, end in frames}
    return any(start in ends for start, _ in frames)


def _frames(data: bytes, block: int) -> Iterator[tuple[int, int]]:
    """The first sample of each frame whose header stands in `data`, and the one behind it; the last frame first. A
    stream has headers of one kind; most have the first."""
    end = max(0, len(data) - 5)  # a header is no shorter
    for mark in _MARKS:
        at = data.rfind(mark, 0, end)
        while at >= 0:
            frame = _frame(data, at, block)
            if frame is not None:
                yield frame
            at = data.rfind(mark, 0, at)


def _frame(data: bytes, at: int, block: int) -> tuple[int, int] | None:
    """The samples of the frame that begins at `at`: first, and behind the last. None if no frame does."""
    size_code, rate_code = data[at + 2] >> 4, data[at + 2] & 15
    number, behind = _number(data, at + 4)
    if number is None or size_code == 0 or rate_code == 15 or data[at + 3] & 1:
        return None
    extra = {6: 1, 7: 2}.get(size_code, 0)
    samples = int.from_bytes(data[behind : behind + extra], "big") + 1 if extra else _SIZES[size_code]
    behind += extra + _RATE_BYTES.get(rate_code, 0)
    if behind >= len(data) or _crc(data[at:behind]) != data[behind]:
        return None
    first = number if data[at + 1] == 0xF9 else number * block
    return first, first + samples


def _number(data: bytes, at: int) -> tuple[int | None, int]:
    """A number coded as UTF-8 codes characters, up to seven bytes; and where it ends."""
    first = data[at]
    length = 8 - (first ^ 0xFF).bit_length() if first & 0x80 else 0
    if length == 1 or length > 7 or at + max(1, length) > len(data):
        return None, at
    value = first & (0x7F >> length) if length else first
    for byte in data[at + 1 : at + length]:
        if byte >> 6 != 2:
            return None, at
        value = value << 6 | byte & 0x3F
    return value, at + max(1, length)


def _crc(header: bytes) -> int:
    crc = 0
    for byte in header:
        crc = _CRC8[crc ^ byte]
    return crc
