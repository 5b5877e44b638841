"""What trackers call an encoding: told by the LAME header, or measured. Pure but for the frames of one open file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from mutagen.mp3 import BitrateMode

MEASURED = 512 * 1024  # bytes of an MP3 without a header that are looked through
LARGEST = 64 * 1024 * 1024  # bytes of one whose bit rate varies
USUAL = (320, 256, 224, 192, 160, 128, 112, 96, 64)  # kbit/s
_MPEG1_LAYER3 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_RATES = (44_100, 48_000, 32_000)
_PRESETS = {"standard": "APS (VBR)", "extreme": "APX (VBR)", "insane": "320"}
_QUALITY = re.compile(r"-V ([012])\b")
# LAME aims at means of 245, 225 and 190 kbit/s. What music needs makes the ranges of single tracks overlap by far; the
# mean of an album that lies between these can be of either.
_QUALITIES = (("V0 (VBR)", 237, 262), ("V1 (VBR)", 215, 233), ("V2 (VBR)", 177, 203))


def lossless(bits: int) -> str:
    """Of a lossless format."""
    return "24bit Lossless" if bits > 16 else "Lossless"


@dataclass(frozen=True)
class Mp3:
    """How an MP3 was encoded. `word` is None where no header names it and only a figure tells (VBR and ABR)."""

    word: str | None
    bitrate: int  # bits a second, over the whole file
    seconds: float
    varies: bool = False  # VBR or ABR
    told: bool = False  # its LAME header says with which settings


def read_mp3(info: Any, opened: BinaryIO) -> Mp3:
    """Of what mutagen found. A file without a header is told by its frames: alike, or of several bit rates."""
    if info.bitrate_mode == BitrateMode.UNKNOWN:
        return _by_frames(info, opened)
    settings = info.encoder_settings
    varies = info.bitrate_mode != BitrateMode.CBR
    return Mp3(_word(settings, info), info.bitrate, info.length, varies, bool(settings))


def _word(settings: str, info: Any) -> str | None:
    for word, name in _PRESETS.items():
        if word in settings:
            return name
    quality = _QUALITY.search(settings)
    if quality and info.bitrate_mode == BitrateMode.VBR:
        return f"V{quality.group(1)} (VBR)"
    return figure(info.bitrate) if info.bitrate_mode == BitrateMode.CBR else None


def _by_frames(info: Any, opened: BinaryIO) -> Mp3:
    opened.seek(info.frame_offset)
    rates = list(_frame_rates(opened.read(MEASURED)))
    if not rates:
        return Mp3(None, info.bitrate, info.length)
    sound = rates[1:] or rates  # the first may be a header that says neither
    if len(set(sound)) == 1:
        return Mp3(figure(1000 * sound[0]), 1000 * sound[0], info.length)
    opened.seek(info.frame_offset)
    rates = list(_frame_rates(opened.read(LARGEST)))  # a beginning is not like the rest
    mean = 1000 * sum(rates) / len(rates)  # frames are of one length
    return Mp3(None, round(mean), len(rates) * 1152 / info.sample_rate, varies=True)


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


def measured_quality(bitrate: float) -> str | None:
    """The VBR quality that a whole album's mean bit rate speaks for; None where it lies between two, or far off."""
    return next((word for word, least, most in _QUALITIES if least <= bitrate / 1000 <= most), None)


def mean_bitrate(sizes: Sequence[int | None], seconds: Sequence[float]) -> float:
    """Bits a second over a whole album, weighted by length; 0.0 if there is no length."""
    whole = sum(seconds)
    return sum((size or 0) * length for size, length in zip(sizes, seconds, strict=True)) / whole if whole else 0.0
