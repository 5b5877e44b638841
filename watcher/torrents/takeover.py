"""Takes over the piece hashes of a torrent that the client has checked already, after comparing a sample with the disk.

Knows a torrent file, files and numbers; how the client came by them is for others.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trackers.content import File
from watcher.torrents.hashing import ContentChanged, Signature, signature, some_hashes
from watcher.torrents.metainfo import Described, TorrentInvalid, describe, info_of

MOST_PIECES = 64  # of one torrent, read to compare


@dataclass(frozen=True)
class Whole:
    """A torrent as its client holds it. Its bytes have an announce address: a secret."""

    torrent: bytes
    completed: int  # unix seconds, by the client's clock
    pieces_have: int
    pieces_num: int
    complete: bool  # the client calls all of it complete and is not checking it


@dataclass(frozen=True)
class Taken:
    """Piece hashes that nobody had to compute."""

    pieces: bytes
    piece_length: int  # bytes
    signature: Signature  # of the files, as they were compared
    read: int  # pieces that were read to compare


class NotTaken(Exception):
    """Why the hashes of a torrent don't stand for the files on disk."""


def take_over(
    whole: Whole,
    root: Path,
    files: Sequence[File],
    single: bool,
    allowed: Callable[[int], bool],
    *,
    stop: threading.Event | None = None,
    before_links: Callable[[Signature], Signature] = lambda seen: seen,
) -> Taken:
    """The torrent's own piece hashes, if they are those of `files` as they lie on disk now (DESIGN section 11).

    `files`: on disk, in the order of the torrent that is to be made. `allowed`: whether the site takes a piece length.
    `before_links`: how files were before we linked them, which sets their ctime.
    Raises `NotTaken` with the condition that does not hold, `ContentChanged`, `ContentUnreadable`, `HashingStopped`.
    """
    theirs = _described(whole)
    if not whole.complete or not 0 < whole.pieces_have == whole.pieces_num:
        raise NotTaken(f"the client has {whole.pieces_have} of {whole.pieces_num} pieces")
    differs = _differs(theirs, root.name, files, single)
    if differs:
        raise NotTaken(differs)
    if not allowed(theirs.piece_length):
        raise NotTaken(f"its pieces of {theirs.piece_length} bytes are not of a length that the site wants")
    before = signature(root, files, single)
    touched = _touched(files, before_links(before), whole.completed)
    if touched:
        raise NotTaken(touched)
    which = sample(files, theirs.piece_length)
    for piece, digest in some_hashes(root, files, single, theirs.piece_length, which, stop=stop):
        if digest != theirs.pieces[20 * piece : 20 * piece + 20]:
            raise NotTaken(f"piece {piece} on disk is not the torrent's")
    if signature(root, files, single) != before:
        raise ContentChanged(f"files of {root.name!r} were changed while they were compared")
    return Taken(theirs.pieces, theirs.piece_length, before, len(which))


def _described(whole: Whole) -> Described:
    try:
        return describe(info_of(whole.torrent))
    except TorrentInvalid as error:
        raise NotTaken(f"the client's torrent can't be used: {error}") from error


def _differs(theirs: Described, name: str, files: Sequence[File], single: bool) -> str:
    """What of names, sizes and order differs. A hybrid torrent's padding is a file that is not on disk: it differs."""
    if theirs.single != single or theirs.name != name:
        return f"it is called {theirs.name!r} in the torrent"
    if theirs.files != tuple(files):
        pairs = itertools.zip_longest(theirs.files, files)
        first = next(file or ours for file, ours in pairs if file != ours)
        return f"the torrent's files are others, or in another order: {first.path!r}"
    return ""


def _touched(files: Sequence[File], now: Signature, completed: int) -> str:
    """A file that was written, or put in its place, after the client had checked it. Retagging keeps sizes. The client
    tells whole seconds: what happened within the last of them is left to the sample."""
    for file, (*_, mtime, ctime) in zip(files, now, strict=True):
        if max(mtime, ctime) // 1_000_000_000 > completed:
            return f"{file.path!r} was touched after the torrent was complete"
    return ""


def sample(files: Iterable[File], piece_length: int) -> list[int]:
    """The first and the last piece of every file, ascending; where that is more than `MOST_PIECES`, so many of them,
    evenly spread."""
    due: dict[int, None] = {}
    end = 0
    for file in files:
        start, end = end, end + file.size
        if file.size:
            due[start // piece_length] = due[(end - 1) // piece_length] = None
    pieces = list(due)
    if len(pieces) <= MOST_PIECES:
        return pieces
    last = len(pieces) - 1
    return [pieces[round(step * last / (MOST_PIECES - 1))] for step in range(MOST_PIECES)]
