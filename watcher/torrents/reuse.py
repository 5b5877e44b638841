"""Content is read once for all its jobs and piece lengths, however many ask at a time; what a client has hashed is not
read at all. Keeps hashes in memory, never on disk."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trackers.content import File
from watcher.torrents.hashing import HashingStopped, Signature, hashes_by_length, signature
from watcher.torrents.takeover import Taken

KEPT = 32  # results; a terabyte in the longest pieces takes 1.3 MB
LINKED = 20_000  # files whose ctime we set: remembered so that another site's job still takes over their hashes
PATIENCE = 0.2  # seconds between two looks at `stop` while another thread reads

Key = tuple[str, tuple[str, ...], Signature]


@dataclass(frozen=True)
class Hashed:
    """The pieces of content, and how its files were: `signature` must say the same before they are sent."""

    pieces: bytes
    signature: Signature
    reused: bool = False  # nothing was read for this answer


@dataclass
class Reading:
    """Content that is being read now."""

    name: str
    size: int  # bytes
    done: int = 0  # bytes


class Hasher:
    """Hashes content, or gives the hashes it has of just these files as they are now. Safe for many threads."""

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[Key, int], bytes] = OrderedDict()
        self._linked: OrderedDict[tuple[int, ...], tuple[int, ...]] = OrderedDict()
        self._reading: dict[Key, tuple[threading.Event, Reading]] = {}
        self.taking = threading.Lock()  # held by who compares content with a client's torrent, and by who links it

    @property
    def readings(self) -> list[Reading]:
        """What is being read now, with how far it is."""
        with self._lock:
            return [reading for _, reading in self._reading.values()]

    def pieces(
        self,
        root: Path,
        files: Sequence[File],
        single: bool,
        piece_length: int,
        *,
        also: Iterable[int] = (),
        stop: threading.Event | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Hashed:
        """As `piece_hashes`. `also`: other lengths that somebody will ask for, computed by the same reading. Waits for
        a thread that reads the same content now; `progress` is silent then."""
        seen = signature(root, files, single)
        key = _key(root, files, seen)
        while True:
            known, event, reading = self._begun(key, piece_length, Reading(root.name, sum(f.size for f in files)))
            if known is not None:
                return Hashed(known, seen, reused=True)
            if reading is not None:
                break
            while not event.wait(PATIENCE):
                if stop is not None and stop.is_set():
                    raise HashingStopped("hashing was stopped")

        def told(done: int) -> None:
            reading.done = done
            if progress is not None:
                progress(done)

        try:
            lengths = {piece_length, *also}
            found = hashes_by_length(
                root, files, single, lengths, since=seen, stop=stop, progress=told, threads=self._threads
            )
            self._keep(key, found)
        finally:
            with self._lock:
                del self._reading[key]
            event.set()
        return Hashed(found[piece_length], seen)

    def known(self, root: Path, files: Sequence[File], seen: Signature) -> dict[int, bytes]:
        """The pieces that are known of files that are as `seen`, by their length."""
        key = _key(root, files, seen)
        with self._lock:
            return {length: pieces for (one, length), pieces in self._known.items() if one == key}

    def learn(self, root: Path, files: Sequence[File], taken: Taken) -> None:
        """Keep what was taken over from a client: the next job of this content need not even compare."""
        self._keep(_key(root, files, taken.signature), {taken.piece_length: taken.pieces})

    def relinked(self, root: Path, files: Sequence[File], before: Signature, after: Signature) -> None:
        """Links to these files were made by us, which changes nothing but their ctime: what is known stands."""
        old, new = _key(root, files, before), _key(root, files, after)
        with self._lock:
            for was, now in zip(before, after, strict=True):
                if was != now:
                    self._linked[now] = self._linked.get(was, was)
            while len(self._linked) > LINKED:
                self._linked.popitem(last=False)
            for key, length in [known for known in self._known if known[0] == old]:
                self._known[new, length] = self._known.pop((key, length))

    def before_links(self, seen: Signature) -> Signature:
        """How files were before links of ours set their ctime: whether anybody else touched them since."""
        with self._lock:
            return tuple(self._linked.get(stamp, stamp) for stamp in seen)

    def _begun(self, key: Key, length: int, mine: Reading) -> tuple[bytes | None, threading.Event, Reading | None]:
        """What is known; else the event of who reads it now; else a reading of our own, entered as begun."""
        with self._lock:
            known = self._known.get((key, length))
            if known is not None:
                self._known.move_to_end((key, length))
                return known, threading.Event(), None
            if key in self._reading:
                return None, self._reading[key][0], None
            event = threading.Event()
            self._reading[key] = event, mine
            return None, event, mine

    def _keep(self, key: Key, found: dict[int, bytes]) -> None:
        with self._lock:
            for length, pieces in found.items():
                self._known[key, length] = pieces
            while len(self._known) > KEPT:
                self._known.popitem(last=False)


def _key(root: Path, files: Sequence[File], seen: Signature) -> Key:
    return str(root), tuple(file.path for file in files), seen
