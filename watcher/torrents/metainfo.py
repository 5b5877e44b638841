"""The info dictionary and the torrent file around it: made, read, compared. Pure: bytes in, bytes out.

v1, private, canonical. What is frozen is the info dictionary alone; the announce address is a secret and is put around
it in memory.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import bencode2

from trackers.content import File
from trackers.secret import Secret
from watcher.errors import SeedpostError

LEAST_PIECE = 16 * 1024  # bytes; less is not taken by clients


class TorrentInvalid(SeedpostError):
    """Bytes that are no v1 torrent, or content that can't be put into one."""


@dataclass(frozen=True)
class Described:
    """What an info dictionary says. Names by surrogateescape; `files` in the torrent's own order."""

    name: str
    files: tuple[File, ...]  # of a single file: that file, under the torrent's name
    single: bool
    piece_length: int  # bytes
    pieces: bytes  # 20 bytes each
    private: bool
    source: str  # the source flag, "" if none

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def info_dict(
    name: str, files: Sequence[File], single: bool, piece_length: int, pieces: bytes, source_flag: str | None
) -> bytes:
    """The bencoded info dictionary: no secret, no date, so the same content gives the same info-hash at any time.

    Raises `TorrentInvalid`, naming the file, where a name is not UTF-8 or the numbers don't fit each other.
    """
    size = sum(file.size for file in files)
    if piece_length < LEAST_PIECE or piece_length & (piece_length - 1):
        raise TorrentInvalid(f"a piece length of {piece_length} bytes is no power of two from {LEAST_PIECE} on")
    if not size:
        raise TorrentInvalid(f"{name!r} has nothing in it to hash", hint="every file is empty, or there is none")
    if len(pieces) != -(-size // piece_length) * 20:
        raise TorrentInvalid(f"{len(pieces) // 20} piece hashes don't cover {size} bytes in pieces of {piece_length}")
    info: dict[str, object] = {
        "name": _encoded(name), "piece length": piece_length, "pieces": pieces, "private": 1,
    }  # fmt: skip
    if source_flag:
        info["source"] = source_flag
    if single:
        info["length"] = size
    else:
        info["files"] = [
            {"length": file.size, "path": [_encoded(part) for part in file.path.split("/")]} for file in files
        ]
    return bencode2.bencode(info)


def _encoded(name: str) -> bytes:
    try:
        return name.encode()
    except UnicodeEncodeError as error:
        raise TorrentInvalid(f"the name {name!r} is not UTF-8", hint="rename it before it is uploaded") from error


def infohash(info: bytes) -> str:
    """40 hex digits, lower case."""
    return hashlib.sha1(info, usedforsecurity=False).hexdigest()


def stamp(info: bytes, announce: Secret) -> bytes:
    """A .torrent file with one announce address: a secret from here on, to be sent and not to be stored."""
    address = announce.reveal().encode()
    return b"d8:announce%d:%b4:info%be" % (len(address), address, info)


def info_of(torrent: bytes) -> bytes:
    """The info dictionary as it stands in a .torrent file, byte for byte: re-encoding could change the info-hash."""
    try:
        if torrent[:1] != b"d":
            raise ValueError("no dictionary")
        at, found = 1, b""
        while torrent[at : at + 1] != b"e":
            value = _end(torrent, at)
            after = _end(torrent, value)
            if bencode2.bdecode(torrent[at:value]) == b"info":
                found = torrent[value:after]
            at = after
        if found[:1] != b"d" or at + 1 != len(torrent):
            raise ValueError("no info dictionary, or bytes after the end")
    except ValueError as error:
        raise TorrentInvalid(f"this is no torrent file: {error}") from error
    return found


def _end(data: bytes, at: int) -> int:
    """Where the bencoded value that starts at `at` ends. Raises ValueError."""
    depth = 0
    while True:
        kind = data[at : at + 1]
        if kind in (b"d", b"l"):
            depth, at = depth + 1, at + 1
        elif kind == b"e" and depth:
            depth, at = depth - 1, at + 1
        elif kind == b"i":
            at = data.index(b"e", at) + 1
        else:
            colon = data.index(b":", at, at + 12)
            length = data[at:colon]
            if not length.isdigit() or colon + 1 + int(length) > len(data):
                raise ValueError(f"broken at byte {at}")
            at = colon + 1 + int(length)
        if depth == 0:
            return at


def addresses(torrent: bytes) -> tuple[str, ...]:
    """The announce addresses of a .torrent file, of each the scheme and the host alone: what follows is a key."""
    try:
        value = bencode2.bdecode(torrent)
        tiers = [[value.get(b"announce", b"")], *value.get(b"announce-list", ())]
        parts = [urlsplit(address.decode()) for tier in tiers for address in tier if address]
        return tuple(dict.fromkeys(f"{one.scheme}://{one.hostname}/…" for one in parts))
    except (ValueError, AttributeError, TypeError) as error:
        raise TorrentInvalid("the announce addresses of this torrent can't be read") from error


def describe(info: bytes) -> Described:
    """What a bencoded info dictionary says. Raises `TorrentInvalid`, also for one that has no v1 part."""
    try:
        value = bencode2.bdecode(info)
        name, single = _name(value), b"length" in value
        rows = [value] if single else value[b"files"]
        files = tuple(File(name if single else _path(row), _size(row, b"length")) for row in rows)
        described = Described(
            name=name,
            files=files,
            single=single,
            piece_length=_size(value, b"piece length"),
            pieces=_bytes(value, b"pieces"),
            private=value.get(b"private") == 1,
            source=os.fsdecode(_bytes(value, b"source", b"")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TorrentInvalid(f"this is no v1 info dictionary: {error!r}") from error
    if described.piece_length == 0 or len(described.pieces) != -(-described.size // described.piece_length) * 20:
        raise TorrentInvalid("the piece hashes of this torrent don't cover its files")
    return described


def _name(value: Mapping[bytes, object]) -> str:
    return os.fsdecode(_bytes(value, b"name"))


def _path(row: Mapping[bytes, object]) -> str:
    parts = row[b"path"]
    if not isinstance(parts, list) or not parts or not all(isinstance(part, bytes) for part in parts):
        raise TypeError("a path that is no list of names")
    # A part with "/" in it would pass for two after joining; `unsafe` must still see it.
    return "/".join(os.fsdecode(part).replace("/", "\0") for part in parts)


def _bytes(value: Mapping[bytes, object], key: bytes, default: bytes | None = None) -> bytes:
    found = value.get(key, default)
    if not isinstance(found, bytes):
        raise TypeError(f"{key.decode()} is no text")
    return found


def _size(value: Mapping[bytes, object], key: bytes) -> int:
    found = value[key]
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise TypeError(f"{key.decode()} is no size")
    return found


def unsafe(described: Described) -> str | None:
    """Why this torrent's names could lead out of its folder, or None. Asked of every torrent that came from outside."""
    for path in (described.name, *(() if described.single else (file.path for file in described.files))):
        if any(part in ("", ".", "..") or "\0" in part for part in path.split("/")):
            return f"the path {path!r} leads out of the content"
    if "/" in described.name:
        return f"the name {described.name!r} is a path"
    return None


def same_content(ours: bytes, theirs: bytes) -> str | None:
    """Why data that fits our info dictionary may not be seeded as theirs, or None if it may: names, sizes, pieces."""
    mine, other = describe(ours), describe(theirs)
    wrong = unsafe(other)
    if wrong:
        return wrong
    if mine.name != other.name or mine.single != other.single:
        return f"its name is {other.name!r}, not {mine.name!r}"
    if mine.piece_length != other.piece_length:
        return f"its piece length is {other.piece_length}, not {mine.piece_length}"
    if mine.files != other.files:
        pairs = zip(mine.files, other.files, strict=False)
        first = next((f"{b.path!r} with {b.size} bytes" for a, b in pairs if a != b), f"{len(other.files)} files")
        return f"its files differ: {first}"
    return None if mine.pieces == other.pieces else "its pieces differ"
