"""What trackers call an encoding: told by the LAME header, or measured. Pure but for the frames of one open file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from mutagen.mp3 import BitrateMode

MEASURED = 512 * 1024  # bytes of an MP3 without a header that are looked through
USUAL = (320, 256, 224, 192, 160, 128, 112, 96, 64)  # kbit/s
_MPEG1_LAYER3 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_RATES = (44_100, 48_000, 32_000)
_PRESETS = {"standard": "APS (VBR)", "extreme": "APX (VBR)", "insane": "320"}
_QUALITY = re.compile(r"-V ([012])\b")


def lossless(bits: int) -> str:
    """Of a lossless format."""
    return "24bit Lossless" if bits > 16 else "Lossless"


def mp3_encoding(info: Any, opened: BinaryIO) -> str | None:
    """The word for an MP3, or None where only a measured figure can tell (VBR and ABR that no preset names)."""
    settings = info.encoder_settings
    for word, name in _PRESETS.items():
        if word in settings:
            return name
    quality = _QUALITY.search(settings)
    if quality and info.bitrate_mode == BitrateMode.VBR:
        return f"V{quality.group(1)} (VBR)"
    if info.bitrate_mode == BitrateMode.CBR:
        return figure(info.bitrate)
    if info.bitrate_mode == BitrateMode.UNKNOWN:
        opened.seek(info.frame_offset)
        rates = set(_frame_rates(opened.read(MEASURED)))
        return figure(1000 * rates.pop()) if len(rates) == 1 else None
    return None


def _frame_rates(data: bytes) -> Iterator[int]:
    """The bit rate of each MPEG-1 Layer III frame, kbit/s; ends at the first thing that is none."""
    at = 0
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] & 0xFE == 0xFA:
        index, rate = data[at + 2] >> 4, data[at + 2] >> 2 & 3
        if not 0 < index < 15 or rate == 3:
            return
        yield _MPEG1_LAYER3[index]
        at += 144_000 * _MPEG1_LAYER3[index] // _RATES[rate] + (data[at + 2] >> 1 & 1)


def vorbis_encoding(nominal: int) -> str | None:
    """Of Ogg Vorbis: the one quality that trackers have a word for, by its nominal bit rate."""
    return "q8.x (VBR)" if 255_000 <= nominal <= 257_000 else None


def figure(bitrate: float) -> str:
    """Bits a second as trackers write them: the usual figure if it is within 1 %, else the nearest whole one."""
    kbits = bitrate / 1000
    return str(next((usual for usual in USUAL if abs(kbits - usual) <= usual / 100), round(kbits)))


def mean_bitrate(sizes: Sequence[int | None], seconds: Sequence[float]) -> float:
    """Bits a second over a whole album, weighted by length; 0.0 if there is no length."""
    whole = sum(seconds)
    return sum((size or 0) * length for size, length in zip(sizes, seconds, strict=True)) / whole if whole else 0.0
