"""The header of a DTS stream: rate, length and bit rate. Reads bytes it is given, decodes nothing.

Of the format (ETSI TS 102 114, section 5.3.1): sync word, then frame type, blocks, frame size and the rest in bits.
"""

from __future__ import annotations

from dataclasses import dataclass

SYNC = b"\x7f\xfe\x80\x01"
HEAD = 64 * 1024  # bytes in which the first frame has to begin: a WAV header or padding may stand before it
_RATES = {1: 8000, 2: 16000, 3: 32000, 6: 11025, 7: 22050, 8: 44100, 11: 12000, 12: 24000, 13: 48000}


@dataclass(frozen=True)
class Dts:
    """What the first frame says; `length` in seconds for the whole file."""

    sample_rate: int
    bitrate: int  # bits a second
    length: float


def read_dts(head: bytes, size: int) -> Dts:
    """`head`: the first bytes of a file of `size` bytes. Raises ValueError if no DTS stream begins in them."""
    at = head.find(SYNC)
    while 0 <= at <= len(head) - 12:
        found = _frame(head[at : at + 12])
        if found is not None:
            rate, seconds, length = found
            bitrate = round(length * 8 / seconds)
            return Dts(rate, bitrate, (size - at) * seconds / length)
        at = head.find(SYNC, at + 1)
    raise ValueError("no DTS stream begins in it")


def _frame(header: bytes) -> tuple[int, float, int] | None:
    """Sample rate, seconds and bytes of a frame; None if it is none."""
    bits = int.from_bytes(header[4:12], "big")
    blocks = (bits >> 50 & 0x7F) + 1
    length = (bits >> 36 & 0x3FFF) + 1
    rate = _RATES.get(bits >> 26 & 0xF)
    if rate is None or blocks < 6 or length < 96:
        return None
    return rate, blocks * 32 / rate, length
