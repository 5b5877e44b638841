"""Watches one qBittorrent: polls its deltas, finds what has become complete, and hands it to intake once.

Owns the rhythm, the baseline and what waits. `maindata` knows when a torrent is complete, `content` what it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from pathlib import Path

from trackers.clock import Clock
from watcher.client import Banned, Client, ClientAway, LoginRefused, NotMapped, PathMap, TorrentGone
from watcher.logs import log
from watcher.sources import Baseline, Sink, SourceStatus, batches
from watcher.sources.content import Found, Never, Waits, describe
from watcher.sources.maindata import Torrent, Torrents
from watcher.sources.whereabouts import topmost, touch, unmapped

FULL_EVERY = 900.0  # seconds between two polls that ask for everything
FORGIVEN, BANNED = 3600.0, 600.0  # seconds after a refused login, and between looks while banned
AWAY = (5.0, 60.0)  # seconds to the next look at a client that is away: first, and at most
RETRY = (2.0, 60.0)  # the same for a torrent whose files are not there yet
SHARE = 20  # a poll may keep the server busy for one part in so many (4.5 with 10,000 torrents: 1 s each)


@dataclass
class _Wait:
    due: float  # by clock.running
    tries: int = 0
    why: str = ""


class QbittorrentSource:
    """One qBittorrent. `poll_once` and `run` belong to the thread that owns `client`."""

    def __init__(
        self,
        name: str,
        client: Client,
        path_map: PathMap,
        sink: Sink,
        clock: Clock,
        poll: float = 2.0,
        elsewhere: Callable[[Path, QbittorrentSource], Sequence[str] | Waits] = lambda path, but: (),
    ) -> None:
        self.name = name
        self.at = client.address
        self._client = client
        self._paths = path_map
        self._sink = sink
        self._clock = clock
        self._poll = poll
        self._elsewhere = elsewhere  # the sites of the same content in other clients
        self._renewed: Client | None = None  # with other credentials: taken at the next poll
        self._lock = threading.Lock()  # over what other threads read: _torrents, _waiting, _problems
        self._torrents = Torrents()
        self._waiting: dict[str, _Wait] = {}
        self._problems: dict[str, str] = {}
        self._baseline: Baseline | None = None
        self._folders: frozenset[str] = frozenset()  # where it saves, as journaled
        self._up: bool | None = None  # None: not asked yet
        self._since: float | None = None
        self._last: float | None = None
        self._error = ""
        self._failures = 0
        self._next_full = 0.0  # by clock.running
        self._delay = 0.0
        self._costs: list[float] = []  # seconds that the last deltas took
        self._forgive_at: float | None = None  # by clock.running: when a refused login may be tried again
        self._nudged = threading.Event()

    def poll_once(self) -> None:
        """Ask once, and hand over what became complete. A client that is away ends in `status`."""
        started = self._clock.running()
        self._log_in_again(started)
        full = self._failures > 0 or self._torrents.rid == 0 or started >= self._next_full
        try:
            self._take(self._client.sync(0 if full else self._torrents.rid), full, started)
            self._look_at_due()
        except ClientAway as error:
            self._failed(error)
        else:
            self._succeeded()

    def run(self, stop: threading.Event) -> None:
        """Poll until `stop`, as fast as the server likes it."""
        while not stop.is_set():
            self._nudged.clear()
            self.poll_once()
            self._rest(stop)

    def nudge(self) -> None:
        """Poll now. A refused login stays refused until its credentials change or somebody forgives it."""
        self._nudged.set()

    def renew(self, client: Client) -> None:
        """Use these credentials from the next poll on, and poll now."""
        self._renewed = client
        self._nudged.set()

    def idle(self) -> bool:
        """Whether nothing that completed is still being moved, checked or waited for."""
        return self.settling() is None

    def settling(self) -> float | None:
        """When the next look is due because something settles (`clock.running`), or None."""
        if self._up is not True:
            return None
        with self._lock:
            finishing = any(self._new(infohash, torrent) for infohash, torrent in self._torrents.held.items())
            due = [wait.due for wait in self._waiting.values()]
        return min([*due, *([self._clock.running() + self._delay] if finishing else [])], default=None)

    def status(self) -> SourceStatus:
        """How it is now."""
        with self._lock:
            names = tuple(self._torrents.held[h].name for h in self._waiting if h in self._torrents.held)
            problems, watched = tuple(self._problems.values()), len(self._torrents.held)
        return SourceStatus(
            name=self.name,
            kind="qbittorrent",
            at=self.at,
            up=self._up is True,
            since=self._since,
            last_poll=self._last,
            delay=self._delay,
            error=self._error,
            settling=names,
            mode="polling",
            watched=watched,
            problems=problems,
        )

    def holdings(self) -> list[tuple[str, int]]:
        """(infohash, completed) of every complete torrent, as of the last answer."""
        with self._lock:
            return [
                (infohash, torrent.completed) for infohash, torrent in self._torrents.held.items() if torrent.complete
            ]

    @property
    def away(self) -> bool:
        """Whether what it has can't be asked now: it was not reached yet, or no longer."""
        return self._up is not True

    def saves(self, path: Path) -> bool:
        """Whether our `path` lies where it saves: by its last answer, of this run or one before, or its path map."""
        with self._lock:
            folders = {torrent.save_path for torrent in self._torrents.held.values()}
        if not folders:
            before = self._sink.baseline(self.at)
            folders = set(before.folders) if before else set()
        ours = {self._paths.ours(folder) for folder in filter(None, folders)}
        return any(path.is_relative_to(folder) for folder in ours | {Path(pair[1]) for pair in self._paths.pairs})

    def over(self, path: Path) -> list[str]:
        """The torrents, complete or not, whose content is exactly our `path`, as of the last answer."""
        try:
            theirs = self._paths.theirs(path)
        except NotMapped:
            return []
        with self._lock:
            return self._torrents.sharing("", theirs)

    def backlog(self, since: float) -> Iterator[tuple[str, Found | Waits | Never]]:
        """What is complete since then and was never handed over, by the client's name of it. For the thread of
        `poll_once`. Raises ClientAway."""
        for infohash, completed in sorted(self.holdings(), key=lambda one: one[1]):
            torrent = self._torrents.held[infohash]
            decided = self._sink.labels(infohash, completed) is not None
            if completed >= since and not decided and not self._sink.own(infohash):
                yield torrent.name, self._described(infohash, torrent)

    def find(self, infohash: str, client: Client) -> Found | Waits | Never | None:
        """What a torrent is now, asked with the caller's own clone; None if the client has none of that id. For a
        look that a person asked for, and for releases that are decided again. Raises ClientAway."""
        entry = client.torrent(infohash)
        if entry is None:
            return None
        torrent = Torrent()
        torrent.merge(entry)
        if not torrent.complete:
            return Waits(f"the client does not call it complete ({torrent.state})")
        return self._described(infohash, torrent, client)

    def holders(self, path: str, client: Client) -> list[str]:
        """The torrents, complete or not, whose content holds our `path` or lies in it; seedpost's own are left out.
        Raises ClientAway."""
        try:
            theirs = self._paths.theirs(path)
        except NotMapped:
            return []
        with self._lock:
            held = [(h, torrent.content_path, torrent.save_path) for h, torrent in self._torrents.held.items()]
        near = [one for one in held if touch(one[1] or one[2], theirs) and not self._sink.own(one[0])]
        return [h for h, content, save in near if content not in ("", save) or _names(client, h, save, theirs)]

    # One poll

    def _take(self, answer: Mapping[str, object], full: bool, started: float) -> None:
        """Take in an answer; everything it touched waits for its look, so that a failure below loses nothing."""
        took = self._clock.running() - started
        with self._lock:
            changes = self._torrents.update(answer)
            for infohash in changes.touched:
                self._waiting.setdefault(infohash, _Wait(0.0)).due = 0.0
        if full:
            self._next_full = started + FULL_EVERY
        else:
            self._costs = [*self._costs[-2:], took]
        self._meet()
        self._note_folders()
        if changes.gone:
            self._tell("gone", changes.gone)

    def _meet(self) -> None:
        """At the first answer: make the baseline, or put it right by the client's clock; prove the path map."""
        if self._baseline is not None and self._baseline.by == "client":
            return
        self._baseline = self._sink.baseline(self.at)
        skew = self._client.skew or 0.0
        if self._baseline is None:
            done = [(h, torrent.completed) for h, torrent in self._torrents.held.items() if torrent.completed > 0]
            self._found(floor(self._clock.now() + skew), "client", done)
        elif self._baseline.by != "client":
            self._found(floor(self._baseline.since + skew), "client", [])
        self._prove_paths()

    def _found(self, since: float, by: str, done: Iterable[tuple[str, int]]) -> None:
        self._tell("baseline", done, since=since, by=by)  # first: what is not written is found again at the next look
        self._baseline = Baseline(since, by)

    def _prove_paths(self) -> None:
        self._problem("path_map", "; ".join(unmapped(self._torrents.held.values(), self._paths)))

    def _note_folders(self) -> None:
        """Journal where it saves: nothing there is decided while it is away, after a restart of ours as well."""
        if not self._folders and self._baseline is not None:
            self._folders = self._baseline.folders
        tops = topmost({torrent.save_path for torrent in self._torrents.held.values()} | self._folders)
        if tops != self._folders:
            self._folders = tops
            self._tell("seen", [], folders=sorted(tops))

    def _log_in_again(self, now: float) -> None:
        """With new credentials, or when a refused login was forgiven, or has been refused for an hour."""
        renewed, self._renewed = self._renewed, None
        if renewed is not None:
            self._client, self._forgive_at = renewed.clone(), None
            self._failures = max(1, self._failures)  # a new session: ask for everything
        elif self._forgive_at is not None and not self._client.refused:
            self._forgive_at = None
        elif self._forgive_at is not None and now >= self._forgive_at:
            self._forgive_at = None
            self._client.forgive()

    def _look_at_due(self) -> None:
        now = self._clock.running()
        for infohash, wait in list(self._waiting.items()):
            if wait.due <= now:
                self._look_at(infohash, wait)

    def _look_at(self, infohash: str, wait: _Wait) -> None:
        torrent = self._torrents.held.get(infohash)
        found: Found | Waits | Never | None = None
        if torrent is not None and torrent.complete and not self._sink.own(infohash):
            found = self._complete(infohash, torrent, wait.tries)
        if isinstance(found, Waits):
            self._postpone(infohash, wait, found)
        else:
            with self._lock:
                self._waiting.pop(infohash, None)

    def _complete(self, infohash: str, torrent: Torrent, tries: int) -> Found | Waits | Never | None:
        """Hand over one completion, once; or a change of its category, tags or place. A quick download ends with
        nothing downloaded for one refresh, as data that was there before does: that takes a second look."""
        new = self._is_new(infohash, torrent)
        before = None if new else self._sink.labels(infohash, torrent.completed)
        if not new and before in (None, torrent.labels) and not self._moved(infohash, torrent):
            return None
        if new and torrent.downloaded == 0 and not tries:
            return Waits("it may be that what it downloaded is not counted yet")
        found = self._described(infohash, torrent)
        if isinstance(found, Found):
            self._problem("path_map", "")
            release = found.release
            if new:
                self._sink.seen(release, undecided=found.undecided)
            elif before != torrent.labels or self._place(infohash, torrent) != (release.save_path, release.name):
                self._sink.changed(release, undecided=found.undecided)
        elif isinstance(found, Never) and new:
            self._tell("seen", [(infohash, torrent.completed)], why=found.why)
        return found

    def _postpone(self, infohash: str, wait: _Wait, found: Waits) -> None:
        """Look again soon, later and later; say once why."""
        if found.why != wait.why:
            log.info("source.waits", source=self.name, infohash=infohash, why=found.why)
        if found.unmapped:
            self._problem("path_map", f"{found.why}: its path_map needs an entry for that folder")
        first, most = RETRY
        due = self._clock.running() + min(most, first * 2.0**wait.tries)
        with self._lock:
            self._waiting[infohash] = _Wait(due, wait.tries + 1, found.why)

    def _moved(self, infohash: str, torrent: Torrent) -> bool:
        """Whether it lies elsewhere than when it was journaled, or was renamed where it is."""
        before = self._place(infohash, torrent)
        return before is not None and before != (torrent.save_path, torrent.root or before[1])

    def _place(self, infohash: str, torrent: Torrent) -> tuple[str, str] | None:
        return self._sink.place(infohash, torrent.completed)

    def _is_new(self, infohash: str, torrent: Torrent) -> bool:
        since = self._baseline.since if self._baseline else 0.0
        return torrent.completed >= since and not self._sink.known(infohash, torrent.completed)

    def _new(self, infohash: str, torrent: Torrent) -> bool:
        return torrent.finishing and self._is_new(infohash, torrent) and not self._sink.own(infohash)

    def _described(self, infohash: str, torrent: Torrent, client: Client | None = None) -> Found | Waits | Never:
        """What a complete torrent is, with the origin of every torrent over the same content. Raises ClientAway."""
        sharing: Sequence[str] = ()
        elsewhere: Sequence[str] | Waits = ()
        if torrent.content_path not in ("", torrent.save_path):
            with self._lock:
                sharing = self._torrents.sharing(infohash, torrent.content_path)
            elsewhere = self._elsewhere(self._paths.ours(torrent.content_path), self)
        if isinstance(elsewhere, Waits):
            return elsewhere
        return describe(client or self._client, self.name, infohash, torrent, self._paths, sharing, elsewhere)

    def _tell(self, what: str, torrents: Iterable[tuple[str, int]], **more: object) -> None:
        record = {"type": "source", "source": self.name, "what": what, "at": self.at, **more}
        self._sink.record(batches(record, "torrents", [list(pair) for pair in torrents]))

    # The rhythm

    def _succeeded(self) -> None:
        self._last, self._failures, self._error = self._clock.now(), 0, ""
        cost = min(self._costs, default=0.0)
        self._delay = max(self._poll, self._torrents.refresh, 1.5, cost * SHARE)
        self._turned(up=True)

    def _failed(self, error: ClientAway) -> None:
        """Note why, and when to ask again. The first contact of all leaves a baseline even so."""
        first, most = AWAY
        self._delay = min(most, first * 2.0 ** min(self._failures, 10))
        if isinstance(error, Banned):
            self._delay = BANNED
        elif isinstance(error, LoginRefused):
            now = self._clock.running()
            self._forgive_at = self._forgive_at or now + FORGIVEN
            self._delay = max(0.0, self._forgive_at - now)
        self._failures += 1
        self._error = f"{error}: {error.hint}" if error.hint else str(error)
        self._baseline = self._baseline or self._sink.baseline(self.at)
        if self._baseline is None:
            self._found(floor(self._clock.now()), "us", [])
        self._turned(up=False, why=str(error), hint=error.hint)

    def _turned(self, up: bool, **why: str) -> None:
        """Say it once when the client goes away, and once when it comes back."""
        if self._up is up:
            return
        if not up:
            log.warning("client.down", client=self.name, **why)
        elif self._up is False:
            log.info("client.up", client=self.name)
        self._up, self._since = up, self._clock.now()

    def _problem(self, what: str, why: str) -> None:
        """Remember a problem and say it once; no `why`: it is mended."""
        with self._lock:
            known = self._problems.pop(what, "")
            if why:
                self._problems[what] = why
        if why and not known:
            log.warning("source.problem", source=self.name, why=why)

    def _rest(self, stop: threading.Event) -> None:
        until = self._clock.running() + self._delay
        while not self._nudged.is_set() and not stop.is_set() and (left := until - self._clock.running()) > 0:
            self._clock.wait(min(1.0, left), stop)


def _names(client: Client, infohash: str, save_path: str, path: str) -> bool:
    """Whether a torrent without a folder of its own has a file at or below `path`."""
    try:
        files = client.files(infohash)
    except TorrentGone:
        return False
    return any(touch(f"{save_path.rstrip('/')}/{file.get('name', '')}", path) for file in files)
