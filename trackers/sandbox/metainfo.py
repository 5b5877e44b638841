"""A torrent file as the site reads it: leniently, and then written anew in its own way.

bencode2 is strict and refuses what the sites silently put right, so reading is done here; only writing is left to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import bencode2

DEPTH = 60


class Corrupted(Exception):
    """The site says that the file is corrupted."""


class Crashed(Exception):
    """PHP dies over it: HTTP 500 with an empty body, nothing stored."""


@dataclass(frozen=True)
class Metainfo:
    """A torrent file that could be read."""

    outer: Mapping[bytes, object]
    info: Mapping[bytes, object]
    sent: str  # info-hash of the bytes as they were sent

    @property
    def single(self) -> bool:
        """A torrent of one file without a folder."""
        return b"files" not in self.info

    @property
    def folder(self) -> str:
        """The folder's name; empty for a single file."""
        return "" if self.single else self.name

    @property
    def name(self) -> str:
        """`name.utf-8` where there is one, as in the site's library."""
        return _text(self.info.get(b"name.utf-8", self.info.get(b"name", b"")))

    def files(self) -> list[tuple[str, int]]:
        """(path inside the folder, bytes), in the torrent's order."""
        if self.single:
            return [(self.name, _size(self.info.get(b"length")))]
        rows = self.info[b"files"]
        if not isinstance(rows, list):
            raise Crashed
        return [_file(row) for row in rows]


@dataclass(frozen=True)
class Registered:
    """What the site makes of a torrent's info dictionary. `private`, `source`: True means it was right as sent."""

    info: bytes
    infohash: str
    private: bool
    source: bool


def read(data: bytes, *, to_the_end: bool = True) -> Metainfo:
    """Decode a .torrent. Raises `Corrupted` or `Crashed`, as the site does on such bytes. Without `to_the_end` bytes
    behind the document are passed over."""
    outer, end, span = _Reader(data).document()
    if to_the_end and end != len(data):
        raise Corrupted
    info = outer.get(b"info")
    if not isinstance(info, dict):
        raise Crashed
    return Metainfo(outer, info, hashlib.sha1(data[slice(*span)]).hexdigest())  # noqa: S324  BitTorrent's


def register(meta: Metainfo, flag: str) -> Registered:
    """Private and source put right, canonical bencode: facts on Gazelle, section 5."""
    info = dict(meta.info)
    private = info.get(b"private") == 1
    source = info.get(b"source") == flag.encode()
    info[b"private"] = 1
    if not source:
        info.pop(b"x_cross_seed", None)
        info.pop(b"unique", None)
        info[b"source"] = flag.encode()
    return sealed(info, private, source)


def sealed(info: Mapping[bytes, object], private: bool = True, source: bool = True) -> Registered:
    """An info dictionary in canonical bencode with its info-hash."""
    encoded = bencode2.bencode(dict(info))
    return Registered(encoded, hashlib.sha1(encoded).hexdigest(), private, source)  # noqa: S324  BitTorrent's


def torrent_file(announce: str, comment: str, info: bytes) -> bytes:
    """The download: three outer keys, and the stored info dictionary byte for byte."""
    head = bencode2.bencode({b"announce": announce.encode(), b"comment": comment.encode()})
    return head[:-1] + b"4:info" + info + b"e"


def _text(value: object) -> str:
    if not isinstance(value, bytes):
        return ""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _size(value: object) -> int:
    return value if isinstance(value, int) else 0


def _file(row: object) -> tuple[str, int]:
    steps = row.get(b"path.utf-8", row.get(b"path")) if isinstance(row, dict) else None
    if not isinstance(row, dict) or not isinstance(steps, list):
        raise Crashed
    return "/".join(map(_text, steps)), _size(row.get(b"length"))


class _Reader:
    """A bencode reader that takes unsorted keys and leading zeros."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def document(self) -> tuple[dict[bytes, object], int, tuple[int, int]]:
        """The outer dictionary, where it ended, and where the value of `info` lay."""
        span = (0, 0)
        if self.data[:1] != b"d":
            self._value(0, 0)
            raise Crashed  # the site asks a list for its info
        outer: dict[bytes, object] = {}
        at = 1
        while self._at(at) != b"e":
            key, at = self._bytes(at)
            start = at
            outer[key], at = self._value(at, 1)
            if key == b"info":
                span = (start, at)
        return outer, at + 1, span

    def _at(self, at: int) -> bytes:
        if at >= len(self.data):
            raise Crashed
        return self.data[at : at + 1]

    def _value(self, at: int, depth: int) -> tuple[object, int]:
        kind = self._at(at)
        if depth > DEPTH:
            raise Crashed
        if kind == b"i":
            return self._number(at + 1, b"e")
        if kind == b"l":
            return self._list(at + 1, depth)
        if kind == b"d":
            return self._dictionary(at + 1, depth)
        return self._bytes(at)

    def _list(self, at: int, depth: int) -> tuple[list[object], int]:
        rows = []
        while self._at(at) != b"e":
            row, at = self._value(at, depth + 1)
            rows.append(row)
        return rows, at + 1

    def _dictionary(self, at: int, depth: int) -> tuple[dict[bytes, object], int]:
        found: dict[bytes, object] = {}
        while self._at(at) != b"e":
            key, at = self._bytes(at)
            found[key], at = self._value(at, depth + 1)
        return found, at + 1

    def _number(self, at: int, end: bytes) -> tuple[int, int]:
        stop = self.data.find(end, at, at + 21)
        digits = self.data[at:stop] if stop >= 0 else b""
        if not digits.removeprefix(b"-").isdigit():
            raise Corrupted if stop >= 0 else Crashed
        return int(digits), stop + 1

    def _bytes(self, at: int) -> tuple[bytes, int]:
        if not self._at(at).isdigit():
            raise Corrupted
        length, start = self._number(at, b":")
        if start + length > len(self.data):
            raise Crashed
        return self.data[start : start + length], start + length
