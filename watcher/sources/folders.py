"""Watches one folder whose children are releases: finds them, waits until they have settled, hands each to intake once.

Owns the rhythm, the baseline and the settling. `tree` looks at the disk, `hints` listens to inotify.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trackers.clock import Clock
from trackers.content import File
from watcher.identify import Payload, payload
from watcher.logs import log
from watcher.release import Release, fingerprint
from watcher.sources import Sink, SourceStatus, batches, tree
from watcher.sources.content import Found, Never, Waits
from watcher.sources.hints import Hints, blind, refused, short_of_watches

RESCAN, POLL = 300.0, 30.0  # seconds between two full looks: with hints, and without
RECOUNT = 3600.0  # seconds between two counts of the folders against the watch limit
ASK = 30.0  # seconds between two questions to a client about content of its that is not complete
_WHY = 2000  # characters of a reason in the journal
_PAUSE = 2.0  # seconds at most between a hint and the look at it: a copy gives thousands


@dataclass
class _Child:
    digest: bytes
    changed: float  # by clock.running
    done: bool = False  # handed over as it is now
    blocked: str = ""  # settled, and not a release as it is: only a change can mend it
    told: bool = False  # `blocked` is a problem that was said
    waits: str = ""  # settled, and a client's torrent, or perhaps one: why it is not handed over yet
    due: float = 0.0  # by clock.running: the next question about that


class FolderSource:
    """One folder. `poll_once` (one full look) and `run` belong to one thread."""

    def __init__(
        self,
        name: str,
        path: str | Path,
        settle: float,
        sink: Sink,
        clock: Clock,
        *,
        ready: str | None = None,
        depth: int = 1,
        client: str | None = None,
        owner: Callable[[Path], Found | Waits | Never | None] = lambda path: None,
        mounts: Path = Path("/proc/self/mountinfo"),
    ) -> None:
        self.name = name
        self.root = Path(os.path.realpath(path))
        self.at = str(self.root)
        self._settle = settle
        self._sink = sink
        self._clock = clock
        self._ready = ready
        self._depth = depth
        self._client = client or ""
        self._owner = owner  # the torrent that content belongs to
        self._mounts = mounts
        self._lock = threading.Lock()  # over _children, which other threads ask for
        self._children: dict[str, _Child] = {}
        self._old: set[str] | None = None  # names of the baseline
        self._absent: set[str] = set()  # names of the baseline that the last full look did not see
        self._up: bool | None = None
        self._since: float | None = None
        self._last: float | None = None
        self._error = ""
        self._identity: tuple[int, int] | None = None  # of the root that is watched
        self._hints: Hints | None = None
        self._unwatched = ""  # why there are no hints
        self._watched = 0
        self._counted = 0.0
        self._nudged = threading.Event()

    def poll_once(self) -> None:
        """Look at every child. What can't be looked at ends in `status`."""
        try:
            found = tree.children(self.root, self._depth)
        except OSError as error:
            self._turned(up=False, why=f"{self.root} can't be listed: {error.strerror}")
            return
        self._meet(found)
        self._forget(found)
        self._look_at(found)
        self._last = self._clock.now()
        self._turned(up=True)

    def run(self, stop: threading.Event) -> None:
        """Look at hints at once and at everything every few minutes, until `stop`."""
        try:
            while not stop.is_set():
                self._nudged.clear()
                self._watch()
                self.poll_once()
                self._follow(stop, self._clock.running() + self._interval)
        finally:
            self._unwatch()

    def nudge(self) -> None:
        """Look now."""
        self._nudged.set()

    def idle(self) -> bool:
        """Whether no child is settling."""
        return self.settling() is None

    def settling(self) -> float | None:
        """When (`clock.running`) the next child may have settled, or None. What a client is still downloading does not
        count: that may take weeks."""
        return min((child.changed + self._settle for _, child in self._unsettled()), default=None)

    def status(self) -> SourceStatus:
        """How it is now."""
        with self._lock:
            children = list(self._children.items())
        problems = [f"{name!r}: {child.blocked}" for name, child in children if child.told]
        problems += [f"{name!r} waits: {child.waits}" for name, child in children if child.waits]
        return SourceStatus(
            name=self.name,
            kind="folder",
            at=self.at,
            up=self._up is True,
            since=self._since,
            last_poll=self._last,
            delay=self._interval,
            error=self._error,
            settling=tuple(name for name, _ in self._unsettled()),
            mode="inotify" if self._hints else "polling",
            watched=self._watched,
            problems=(*((self._unwatched,) if self._unwatched else ()), *problems),
        )

    def backlog(self, since: float) -> Iterator[Release]:
        """What is there, changed since then (wall seconds) and never handed over, a client's torrents left out. For the
        thread of `poll_once`."""
        names = tree.children(self.root, self._depth) if self.root.is_dir() else set()
        for name in sorted(names):
            path = self.root / name
            found = payload(path)
            if not found.files or found.problems or found.partial or tree.changed(path) < since:
                continue
            known = self._sink.folder_known(str(path), fingerprint(path.name, found.files))
            if not known and self._owner(path) is None:
                yield self._release(path, found.files, found.single)

    # One look

    def _meet(self, found: set[str]) -> None:
        """Everything that is there at the very first look is the baseline."""
        if self._old is not None:
            return
        baseline = self._sink.baseline(self.at)
        if baseline is None:
            self._tell("baseline", sorted(found), since=self._clock.now())
        self._old = set(found if baseline is None else baseline.names)

    def _forget(self, found: set[str]) -> None:
        """Children of the baseline that were missing twice are gone, and a new one of that name is new. All of them
        missing at once is a mount that went away: nothing is."""
        old = self._old or set()
        missing = old - found
        gone = sorted(missing & self._absent) if old & found else []
        self._absent = missing if old & found else set()
        if gone:
            self._tell("gone", gone)
            old.difference_update(gone)
        with self._lock:
            for name in self._children.keys() - found:
                del self._children[name]

    def _look_at(self, names: Iterable[str]) -> None:
        for name in sorted(set(names) - (self._old or set())):
            seen = None if tree.skipped(name.rpartition("/")[2]) else tree.look(self.root / name, self._ready)
            if seen is None:
                with self._lock:
                    self._children.pop(name, None)
            else:
                self._weigh(name, seen)

    def _weigh(self, name: str, seen: tree.Look) -> None:
        """Start the child's time again if it changed; hand it over if it has settled."""
        now, child = self._clock.running(), self._children.get(name)
        if child is None or child.digest != seen.digest:
            child = _Child(seen.digest, now, done=child is None and self._known(name))
            with self._lock:
                self._children[name] = child
        if not child.done and not child.told and now >= max(child.changed + self._settle, child.due):
            self._settled(name, child, seen)

    def _known(self, name: str) -> bool:
        """Whether a child that is seen for the first time since the start was handed over before it."""
        path = self.root / name
        found = payload(path)
        return bool(found.files) and self._sink.folder_known(str(path), fingerprint(path.name, found.files))

    def _settled(self, name: str, child: _Child, seen: tree.Look) -> None:
        """Hand it over, or say why it is no release as it is."""
        path = self.root / name
        found = payload(path)
        if tree.look(path, self._ready) != seen:
            return  # it changed while it was looked at: the next look sees that
        with self._lock:
            child.blocked = "; ".join(found.problems)
            child.told = bool(found.problems)
            waited, child.waits = child.waits, ""
        if child.told:
            self._refuse(path, child)
        elif not seen.ready or found.partial or not found.files:
            child.blocked = "it is not ready"
        elif not self._sink.folder_known(str(path), fingerprint(path.name, found.files)):
            self._hand_over(path, found, child, waited)
        child.done = not child.blocked and not child.waits

    def _refuse(self, path: Path, child: _Child) -> None:
        """Say in log and journal why this will not be a release as it is."""
        log.warning("source.problem", source=self.name, path=str(path), why=child.blocked)
        self._tell("seen", [], path=str(path), why=child.blocked[:_WHY])

    def _hand_over(self, path: Path, found: Payload, child: _Child, waited: str) -> None:
        """To intake, unless it is a torrent's content: that client's source hands it over, with the torrent's facts.
        `waited`: why it was not handed over last time, which was said."""
        owner = self._owner(path)
        if owner is None:
            self._sink.seen(self._release(path, found.files, found.single), undecided=None)
        elif isinstance(owner, Waits):
            if waited != owner.why:
                log.info("source.waits", source=self.name, path=str(path), why=owner.why)
            with self._lock:
                child.waits, child.due = owner.why, self._clock.running() + ASK
        elif isinstance(owner, Never):
            with self._lock:
                child.blocked, child.told = f"it belongs to a torrent: {owner.why}", True
            self._refuse(path, child)

    def _release(self, path: Path, files: tuple[File, ...], single: bool) -> Release:
        return Release(
            source=self.name,
            from_="folder",
            name=path.name,
            path=str(path),
            files=files,
            single=single,
            completed=int(self._clock.now()),
            client=self._client,
        )

    def _unsettled(self) -> list[tuple[str, _Child]]:
        with self._lock:
            children = list(self._children.items())
        return [(name, child) for name, child in children if not (child.done or child.blocked or child.waits)]

    def _due(self, now: float) -> list[str]:
        """The children that may have settled by now, and those of which a client is to be asked again."""
        with self._lock:
            asked = [name for name, child in self._children.items() if child.waits and child.due <= now]
        return asked + [name for name, child in self._unsettled() if child.changed + self._settle <= now]

    def _tell(self, what: str, names: list[str], **more: object) -> None:
        record = {"type": "source", "source": self.name, "what": what, "at": self.at, **more}
        self._sink.record(batches(record, "names", names))

    def _turned(self, up: bool, why: str = "") -> None:
        """Say it once when the folder goes away, and once when it comes back."""
        self._error = why
        if self._up is up:
            return
        if not up:
            log.warning("source.down", source=self.name, why=why)
        elif self._up is False:
            log.info("source.up", source=self.name)
        self._up, self._since = up, self._clock.now()

    # The rhythm

    @property
    def _interval(self) -> float:
        return RESCAN if self._hints else POLL

    def _follow(self, stop: threading.Event, until: float) -> None:
        """Between two full looks: look at what hints name, and at what may have settled."""
        while not stop.is_set() and not self._nudged.is_set() and (now := self._clock.running()) < until:
            if self._hints is not None and self._hints.waiting():
                self._clock.wait(min(_PAUSE, self._settle / 2), stop)
                if self._hints.lost.is_set():
                    return
                self._look_at(self._hints.take())
            self._look_at(self._due(now))
            self._clock.wait(min(1.0, max(0.0, until - now)), stop)

    def _watch(self) -> None:
        """Listen to the root that is there now, if inotify can hear it."""
        identity, now = self._root_identity(), self._clock.running()
        if (
            identity == self._identity
            and now < self._counted + RECOUNT
            and not (self._hints and self._hints.lost.is_set())
        ):
            return
        self._unwatch()
        self._identity, self._counted = identity, now
        if identity is None:
            return
        self._watched = tree.folders(self.root)
        try:
            why = blind(self.root, self._mounts) or short_of_watches(self._watched)
            if not why:
                hints = Hints(self.root, self._depth)
                hints.start()
                self._hints = hints
        except OSError as error:
            why = refused(error)
        if why and why != self._unwatched:
            log.warning("source.polling", source=self.name, why=why, seconds=POLL)
        self._unwatched = why

    def _unwatch(self) -> None:
        hints, self._hints = self._hints, None
        if hints is not None:
            hints.stop()

    def _root_identity(self) -> tuple[int, int] | None:
        try:
            found = self.root.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
