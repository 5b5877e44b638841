"""Matroska files of a few hundred bytes, written by hand: headers that MediaInfo reads, and no picture worth seeing."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

HEVC, AVC = "V_MPEGH/ISO/HEVC", "V_MPEG4/ISO/AVC"


def element(id: int, body: bytes | int | float | str) -> bytes:
    if isinstance(body, int):
        body = body.to_bytes(max(1, (body.bit_length() + 7) // 8), "big")
    elif isinstance(body, float):
        body = struct.pack(">d", body)
    elif isinstance(body, str):
        body = body.encode()
    name = id.to_bytes((id.bit_length() + 7) // 8, "big")
    return name + (0x0100000000000000 | len(body)).to_bytes(8, "big") + body


def _video(width: int, height: int, codec: str, hdr: bool, interlaced: bool) -> bytes:
    picture = element(0xB0, width) + element(0xBA, height) + element(0x9A, 1 if interlaced else 2)
    if hdr:
        light = element(0x55D9, 1000.0) + element(0x55DA, 0.0001)
        points = b"".join(element(0x55D1 + n, value) for n, value in enumerate((0.68, 0.32, 0.265, 0.69, 0.15, 0.06)))
        light += points + element(0x55D7, 0.3127) + element(0x55D8, 0.329)
        picture += element(
            0x55B0, element(0x55B1, 9) + element(0x55BA, 16) + element(0x55BB, 9) + element(0x55D0, light)
        )
    return _track(1, 1, codec, element(0xE0, picture), "und")


def _track(number: int, type: int, codec: str, rest: bytes, language: str) -> bytes:
    head = element(0xD7, number) + element(0x73C5, number) + element(0x83, type) + element(0x86, codec)
    return element(0xAE, head + element(0x22B59C, language) + rest)


def _tags(tags: Mapping[str, str]) -> bytes:
    simple = b"".join(element(0x67C8, element(0x45A3, name) + element(0x4487, value)) for name, value in tags.items())
    return element(0x1254C367, element(0x7373, element(0x63C0, element(0x68CA, 50)) + simple))


def mkv(
    width: int = 1920,
    height: int = 1080,
    codec: str = AVC,
    audio: Sequence[tuple[str, int, str]] = (("A_EAC3", 6, "eng"),),
    subtitles: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    *,
    hdr: bool = False,
    interlaced: bool = False,
    seconds: float = 2520.0,
) -> bytes:
    """`audio`: codec, channels and language of each track."""
    tracks = _video(width, height, codec, hdr, interlaced)
    for number, (sound, channels, language) in enumerate(audio, 2):
        rest = element(0xE1, element(0xB5, 48000.0) + element(0x9F, channels))
        tracks += _track(number, 2, sound, rest, language)
    for number, language in enumerate(subtitles, 20):
        tracks += _track(number, 17, "S_TEXT/UTF8", b"", language)
    head = element(0x1A45DFA3, element(0x4282, "matroska") + element(0x4287, 4) + element(0x4285, 2))
    info = element(
        0x1549A966, element(0x2AD7B1, 1_000_000) + element(0x4489, seconds * 1000) + element(0x73A4, bytes(16))
    )
    body = info + element(0x1654AE6B, tracks) + (_tags(tags) if tags else b"")
    return head + element(0x18538067, body + element(0x1F43B675, element(0xE7, 0) + element(0xEC, bytes(64))))
