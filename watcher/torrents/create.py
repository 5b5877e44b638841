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


def create(
    path: Path,
    *,
    source_flag: str | None,
    piece_length: int | None = None,
    table: Pieces | None = None,
    hasher: Hasher | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[int], None] | None = None,
) -> Created:
    """The info dictionary of a file or folder. `piece_length` by `table`, the site's, unless given.

    Raises `SeedpostError` naming what of the content can't go into a torrent, and what `Hasher.pieces` raises.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - "." has a name then, and a link still is one
    content = payload(path)
    written = [f"{name!r} is still being written" for name in content.partial]
    if content.problems or written:
        raise SeedpostError(f"{path.name!r} can't be made a torrent: " + "; ".join((*content.problems, *written)))
    length = piece_length or (table or Pieces()).length(sum(file.size for file in content.files))
    hashed = (hasher or Hasher()).pieces(path, content.files, content.single, length, stop=stop, progress=progress)
    info = info_dict(path.name, content.files, content.single, length, hashed.pieces, source_flag)
    return Created(path.name, content.files, content.single, info, infohash(info), length, len(hashed.pieces) // 20)
