"""Whether an MP3 or MP4 ends before its own header says, as a broken download does. Reads headers, decodes nothing.

FLAC is told by its last frame, in `flac`; Ogg says nowhere how long it is.
"""

from __future__ import annotations

from typing import BinaryIO

MOST = 1000  # boxes of an MP4 that are looked at


def mp3_cut_off(opened: BinaryIO, first: int, size: int) -> bool:
    """By the Xing, Info or VBRI header in the frame at `first`, which counts the bytes of sound. `size`: of the file.
    Encoders differ by a frame or two in what they count."""
    opened.seek(first)
    head = opened.read(80)
    claimed = _claimed(head)
    return claimed - (size - first) > max(4096, claimed // 100)


def _claimed(head: bytes) -> int:
    """Bytes of sound; 0 if there is no such header, or it does not say."""
    at = max(head.find(b"Xing"), head.find(b"Info"))
    if at > 0:
        flags = head[at + 7 : at + 8]
        behind = at + 8 + (4 if flags and flags[0] & 1 else 0)
        return int.from_bytes(head[behind : behind + 4], "big") if flags and flags[0] & 2 else 0
    at = head.find(b"VBRI")
    return int.from_bytes(head[at + 10 : at + 14], "big") if at > 0 else 0


def mp4_cut_off(opened: BinaryIO, size: int) -> bool:
    """By its outer boxes, each of which says how long it is."""
    at = 0
    for _ in range(MOST):
        opened.seek(at)
        head = opened.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:], "big")
        if length < 8:  # the last one may leave it open
            return False
        at += length
        if at >= size:
            return at > size
    return False
