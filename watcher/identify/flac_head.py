"""The usual head of a FLAC file, read without its pictures: mutagen's work at a third of its cost.

Whatever is unusual in it is left to mutagen, which knows every oddity. Of the format (RFC 9639): `fLaC`, then blocks of
metadata; of Vorbis comments: lengths in 32 bits little-endian, text in UTF-8.
"""

from __future__ import annotations

import functools
import os
import re
from typing import NamedTuple

from watcher.identify.pictures import SURROUNDED, begins_picture

_NAME = re.compile(rb"[ -<>-}]+")  # what names of tags are made of
FIRST = 8192  # bytes that are read at once
REMEMBERED = 200  # bytes of a comment: an album says the same in every track
_STREAM, _SEEK, _COMMENT, _CUE, _PICTURE = 0, 3, 4, 5, 6
_ONCE = (_STREAM, _SEEK, _COMMENT, _CUE)


class StreamInfo(NamedTuple):
    """Named as mutagen names them. `bitrate`: bits a second; `length`: seconds."""

    bits_per_sample: int
    sample_rate: int  # Hz
    total_samples: int
    max_blocksize: int  # samples
    md5_signature: int
    length: float
    bitrate: int


class Head(NamedTuple):
    """What stands before the sound."""

    info: StreamInfo
    tags: tuple[tuple[str, str], ...]
    pictured: bool = False  # a JPEG or PNG is in it


def read_head(fd: int, size: int) -> Head | None:
    """Of a file of `size` bytes. None where anything in it is not as it usually is, or ends too early."""
    blocks: dict[int, bytes] = {}
    first = os.pread(fd, FIRST, 0)  # one system call for most files
    if first[:4] != b"fLaC":
        return None
    at, last, pictured = 4, 0, False
    while not last:
        head = _part(first, fd, at, 4)
        if len(head) < 4:
            return None
        last, kind, length = head[0] & 0x80, head[0] & 0x7F, int.from_bytes(head[1:], "big")
        if kind in blocks or (kind == _STREAM) != (not blocks):
            return None
        if kind == _PICTURE:
            pictured = pictured or begins_picture(_part(first, fd, at + 4, min(length, SURROUNDED)))
        elif kind in _ONCE:
            blocks[kind] = _part(first, fd, at + 4, length) if kind in (_STREAM, _COMMENT) else b""
        at += 4 + length
    behind = size - at
    info = _stream_info(blocks[_STREAM], behind)
    tags = _comments(blocks.get(_COMMENT, bytes(8)))
    return Head(info, tags, pictured) if info is not None and tags is not None and behind > 0 else None


def _part(first: bytes, fd: int, at: int, size: int) -> bytes:
    return first[at : at + size] if at + size <= len(first) else os.pread(fd, size, at)


def _stream_info(block: bytes, sound: int) -> StreamInfo | None:
    """`sound`: bytes behind the metadata."""
    if len(block) != 34:
        return None
    packed = int.from_bytes(block[10:18], "big")
    rate, total = packed >> 44, packed & 0xFFFFFFFFF
    if not rate:
        return None
    length = total / rate
    return StreamInfo(
        bits_per_sample=(packed >> 36 & 0x1F) + 1,
        sample_rate=rate,
        total_samples=total,
        max_blocksize=int.from_bytes(block[2:4], "big"),
        md5_signature=int.from_bytes(block[18:], "big"),
        length=length,
        bitrate=int(sound * 8 / length) if length else 0,
    )


def _comments(block: bytes) -> tuple[tuple[str, str], ...] | None:
    at = 4 + int.from_bytes(block[:4], "little")
    count = int.from_bytes(block[at : at + 4], "little")
    at += 4
    found = []
    if count > len(block):
        return None
    for _ in range(count):
        end = at + 4 + int.from_bytes(block[at : at + 4], "little")
        pair = (_known if end - at <= REMEMBERED else _pair)(block[at + 4 : end])
        if pair is None or end > len(block):
            return None
        found.append(pair)
        at = end
    return tuple(found) if at <= len(block) else None


def _pair(comment: bytes) -> tuple[str, str] | None:
    name, joint, value = comment.partition(b"=")
    try:
        return (name.decode(), value.decode()) if joint and _NAME.fullmatch(name) else None
    except UnicodeDecodeError:
        return None


_known = functools.lru_cache(4096)(_pair)
