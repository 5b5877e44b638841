"""One torrent from one path, for a person. The uploader takes the steps one by one: it freezes each in the journal."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trackers.catalogue import Pieces
from trackers.content import File
from watcher.errors import SeedpostError
from watcher.identify import payload
from watcher.torrents.metainfo import info_dict, infohash
from watcher.torrents.reuse import Hasher
from watcher.torrents.takeover import NotTaken, Taken, Whole, take_over

TORRENT_LIMIT = 1_000_000  # bytes of a .torrent file, where the site says nothing else


@dataclass(frozen=True)
class Created:
    """What was made of a path: the info dictionary, and what it covers."""

    name: str
    files: tuple[File, ...]
    single: bool
    info: bytes
    infohash: str
    piece_length: int  # bytes
    pieces: int
    read: int  # pieces that were read for it
    reused: bool  # the hashes are those of a client's torrent
    why: str = ""  # they could not be


def create(
    path: Path,
    *,
    source_flag: str | None,
    piece_length: int | None = None,
    table: Pieces | None = None,
    limit: int = TORRENT_LIMIT,
    whole: Whole | None = None,
    hasher: Hasher | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Created:
    """The info dictionary of a file or folder. `piece_length` by `table`, the site's, unless given; `limit`: bytes of a
    .torrent that it takes. `whole`: a client's torrent of this path, to take the hashes over. `progress` is told the
    bytes done and the bytes in all.

    Raises `SeedpostError` naming what of the content can't go into a torrent, and what `Hasher.pieces` raises.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - "." has a name then, and a link still is one
    content = payload(path)
    written = [f"{name!r} is still being written" for name in content.partial]
    if content.problems or written:
        raise SeedpostError(f"{path.name!r} can't be made a torrent: " + "; ".join((*content.problems, *written)))
    size, sites = sum(file.size for file in content.files), table or Pieces()
    length = piece_length or sites.length(size)

    def allowed(other: int) -> bool:
        return other == length or (piece_length is None and sites.allows(other, size, limit))

    taken, why = None, ""
    try:
        taken = _taken(whole, path, content.files, content.single, allowed, stop)
    except NotTaken as error:
        why = str(error)
    if taken is not None:
        length, pieces, read = taken.piece_length, taken.pieces, taken.read
    else:
        told = None if progress is None else lambda done: progress(done, size)
        hashed = (hasher or Hasher()).pieces(path, content.files, content.single, length, stop=stop, progress=told)
        pieces, read = hashed.pieces, 0 if hashed.reused else len(hashed.pieces) // 20
    info = info_dict(path.name, content.files, content.single, length, pieces, source_flag)
    digest, count = infohash(info), len(pieces) // 20
    return Created(path.name, content.files, content.single, info, digest, length, count, read, taken is not None, why)


def _taken(
    whole: Whole | None,
    path: Path,
    files: tuple[File, ...],
    single: bool,
    allowed: Callable[[int], bool],
    stop: threading.Event | None,
) -> Taken | None:
    return None if whole is None else take_over(whole, path, files, single, allowed, stop=stop)
