"""Content is read once for all its jobs, however many ask at a time. Keeps hashes in memory, never on disk."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trackers.content import File
from watcher.torrents.hashing import HashingStopped, Signature, piece_hashes, signature

KEPT = 32  # results; a terabyte in the longest pieces takes 1.3 MB
PATIENCE = 0.2  # seconds between two looks at `stop` while another thread reads


@dataclass(frozen=True)
class Hashed:
    """The pieces of content, and how its files were: `signature` must say the same before they are sent."""

    pieces: bytes
    signature: Signature
    reused: bool = False  # nothing was read for this answer


class Hasher:
    """Hashes content, or gives the hashes it has of just these files as they are now. Safe for many threads."""

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._known: OrderedDict[object, bytes] = OrderedDict()
        self._reading: dict[object, threading.Event] = {}

    def pieces(
        self,
        root: Path,
        files: Sequence[File],
        single: bool,
        piece_length: int,
        *,
        stop: threading.Event | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Hashed:
        """As `piece_hashes`. Waits for a thread that reads the same content now; `progress` is silent then."""
        seen = signature(root, files, single)
        key = (str(root), tuple(file.path for file in files), seen, piece_length)
        while True:
            with self._lock:
                known = self._known.get(key)
                if known is not None:
                    self._known.move_to_end(key)
                    return Hashed(known, seen, reused=True)
                other = self._reading.get(key)
                if other is None:
                    mine = self._reading[key] = threading.Event()
                    break
            while not other.wait(PATIENCE):
                if stop is not None and stop.is_set():
                    raise HashingStopped("hashing was stopped")
        try:
            pieces = piece_hashes(
                root, files, single, piece_length, since=seen, stop=stop, progress=progress, threads=self._threads
            )
            self._keep(key, pieces)
        finally:
            with self._lock:
                del self._reading[key]
            mine.set()
        return Hashed(pieces, seen)

    def _keep(self, key: object, pieces: bytes) -> None:
        with self._lock:
            self._known[key] = pieces
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
