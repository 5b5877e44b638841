"""Runs the parts: a thread a source, the loop with its workers, the heartbeat. A thread that dies ends the process."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trackers.base import Uploader
from trackers.clock import Clock
from trackers.secret import Secret
from watcher.client import Client
from watcher.config import Config, TrackerConfig
from watcher.config.lookups import LookupConfig
from watcher.durable import DaemonLock, FileSystem, LockBusy, private_folder
from watcher.errors import SeedpostError, StateInvalid
from watcher.intake import Intake
from watcher.intake.asked import Asked
from watcher.journal import AppendRefused, Journal, NeedsRepair
from watcher.logs import line_for, log
from watcher.metrics import TimedFileSystem
from watcher.notify import Notifier
from watcher.secrets import Secrets, listen
from watcher.seeding import Seeder
from watcher.service import parts
from watcher.service.heartbeat import Heartbeat
from watcher.service.rulesfile import RulesFile
from watcher.service.scrape import Scrape
from watcher.service.systemd import Systemd
from watcher.service.view import exit_code
from watcher.service.watches import Watches
from watcher.sources.holders import Holders
from watcher.torrents import Hasher, TorrentStore
from watcher.uploader import Bench, UploadManager

if TYPE_CHECKING:
    from trackers.lookups import Service as Lookup

COMPACT_AGAIN = 3600.0  # seconds after a compaction that failed
SOON = 60.0  # `--once` works until nothing is due within this many seconds
GRACE = 90.0  # seconds that a POST in flight has after the first SIGTERM
LANES = 32  # workers: more than anyone has trackers


@dataclass(frozen=True)
class ByHand:
    """A loop for a person's own jobs: no source is looked at. `holders` has asked the clients by itself."""

    jobs: frozenset[str]
    holders: Holders


class Service:
    """One state folder, one loop. `on_record` is told every journal record, own and other processes'. `refused`: what
    is wrong with the rules file as it stands, if `config` is an older one. `by_hand`: work on these jobs alone."""

    def __init__(
        self,
        config: Config,
        secrets: Secrets,
        *,
        state: Path,
        clock: Clock,
        on_record: Callable[[Mapping[str, object]], None] | None = None,
        refused: Sequence[str] = (),
        by_hand: ByHand | None = None,
    ) -> None:
        private_folder(state)
        self._lock = DaemonLock(state / "daemon.lock", fs=FileSystem(), clock=clock)
        self._lock.acquire()
        self.secrets, self.state, self.clock = secrets, state, clock
        self.wake, self.stopping, self._asked = threading.Event(), threading.Event(), threading.Event()
        self._on_record, self._died, self._compact_at = on_record, "", 0.0
        self._systemd = Systemd()
        self._clients: dict[str, Client] = {}
        with contextlib.ExitStack() as undo:
            undo.callback(self._lock.let_go)
            disk = TimedFileSystem()
            self.journal = Journal.open(state, clock=clock, fs=disk)
            undo.callback(self.journal.close)
            self.rules = RulesFile(config, self.journal, state, refused)
            self.intake = Intake(self.journal, lambda: self.config, clock)
            self._workers = ThreadPoolExecutor(LANES, thread_name_prefix="lane")
            self._seeder, self._hasher = Seeder({}, {}, clock), Hasher()
            only = by_hand.jobs if by_hand else None
            self.manager = UploadManager(self._bench(), self._opened, self._workers, self._record, only, self._lookup)
            self.heartbeat = Heartbeat(state, clock, self.journal.ledger, self.manager, self._hasher, disk)
            self.scrape = Scrape(lambda: self.heartbeat.last)
            undo.callback(self.scrape.close)
            self.watches = Watches(self.intake, clock, self.died, lambda: self.journal.ledger.sources)
            holders, places = by_hand.holders if by_hand else self.watches.holders, self.watches.places
            self.notifier = Notifier(self.journal.ledger, secrets, state, clock, self._waits)
            undo.callback(self.notifier.close)
            if by_hand is None:  # else a person sees it
                self.notifier.start(config)
            self.asked = Asked(self.intake, self.journal, lambda: self.config, holders, places, clock)
            self._asking: Future[None] | None = None
            self._follow()
            undo.callback(listen(state, self._unlock))
            self._undo = undo.pop_all()

    @property
    def config(self) -> Config:
        """The rules in force."""
        return self.rules.config

    def _follow(self) -> None:
        """Make clients and sources those of the rules in force."""
        clients = parts.unchanged(self._clients, parts.clients_of(self.config, self.secrets, self.clock))
        self._clients = clients
        self._seeder.use(clients, parts.path_maps(self.config))
        self.watches.follow(self.config, clients)

    def _turn(self) -> float:
        """One turn of the loop; what a person asked of the first half is answered beside it."""
        wait = self.manager.turn()
        if self._asking is not None and self._asking.done():
            self._asking.result()
            self._asking = None
        if self._asking is None:
            self.asked.settle(self.manager.in_hands)
        if self._asking is None and self.asked.pending:
            self._asking = self._workers.submit(self.asked.work)
        self.watches.pause()
        self.notifier.look()
        self._compact()
        return wait

    def _waits(self, site: str) -> bool:
        """Whether a site's jobs wait for what a person said: a pause, or the limit in rules.yaml."""
        lane = self.manager.lanes.get(site)
        stop = lane.breaker if lane else None
        return bool(stop and stop.get("code") == "paused") or self.manager.limit(site).wait > 0

    def _compact(self) -> None:
        """A shorter journal, when it is worth it and nothing flies. What fails is told, and tried again in an hour."""
        now = self.clock.running()
        if now < self._compact_at or self.manager.busy or not self.journal.wants_compaction:
            return
        try:
            self.journal.compact()
        except (AppendRefused, LockBusy, NeedsRepair) as error:
            self._compact_at = now + COMPACT_AGAIN
            log.error("journal.not_compacted", why=str(error))

    def _bench(self) -> Bench:
        return Bench(
            journal=self.journal,
            config=lambda: self.config,
            clock=self.clock,
            store=TorrentStore(self.state, FileSystem()),
            hasher=self._hasher,
            seeder=self._seeder,
            stop=self.stopping,
            wake=self.wake,
        )

    def _opened(self, config: TrackerConfig) -> Uploader:
        return parts.opened(config, self.secrets, state=self.state, clock=self.clock, images=self.config.images)

    def _lookup(self, config: LookupConfig) -> Lookup:
        return parts.lookup_of(config, self.secrets, state=self.state, clock=self.clock)

    def _record(self, record: Mapping[str, object]) -> None:
        log.line(*line_for(record))
        self.heartbeat.counters.note(record)
        if self._on_record is not None:
            self._on_record(record)

    # The daemon

    def run(self) -> None:
        """Until `stop`. Raises SeedpostError if a thread died."""
        self._begin()
        self.scrape.follow(self.config.metrics)
        self.watches.start()
        self._systemd.ready()
        while not self.stopping.is_set():
            if self._asked.is_set() or self.rules.edited():
                if self._asked.is_set():  # a person says that what was refused may be tried again
                    for client in self._clients.values():
                        client.forgive()
                self._asked.clear()
                self._reload()
            wait = self._turn()
            self.beat()
            self.wake.wait(wait)
            self.wake.clear()
        self._finish()
        if self._died:
            raise SeedpostError(f"the thread of {self._died} died; the log has its traceback")

    def _begin(self) -> None:
        if self.rules.begin():
            self.asked.decide_again()
        self.journal.watch(self.wake)
        self.manager.start()
        for command in self.asked.waiting():
            if command["do"] in ("pause", "resume"):  # said while nothing ran: before the first look at anything
                self.asked.answer(command)

    def reload(self) -> None:
        """Read rules and secrets anew at the loop's next turn (SIGHUP)."""
        self._asked.set()
        self.wake.set()

    def _unlock(self, passphrase: Secret) -> None:
        """A person's passphrase, from `seedpost unlock`: what waits for the vault goes on at the loop's next turn."""
        self.secrets.unlock(passphrase)
        self.reload()

    def _reload(self) -> None:
        """Secrets are taken anew, and the rules if they may be; what waited for a decision is then decided again."""
        self.secrets.reload()
        if self.rules.reload():
            self.asked.decide_again()
        self.manager.reload()
        self.notifier.follow(self.config)
        self.scrape.follow(self.config.metrics)
        self._follow()

    def died(self, name: str) -> None:
        """A thread ended that should not have: end the process with a message, never half alive."""
        self._died = name
        self.stop()

    def stop(self) -> None:
        """Nothing new starts; what is in flight may finish."""
        self.stopping.set()
        self._systemd.stopping()
        self.watches.stop()
        self.wake.set()

    def _finish(self) -> None:
        end = self.clock.running() + GRACE
        while self.manager.busy and self.clock.running() < end:
            self.manager.turn()
            self.wake.wait(0.1)
            self.wake.clear()
        self.watches.join()
        self.beat()

    def close(self) -> None:
        """Let go of the state folder. Workers that still hang in a POST do not hold the process."""
        self.manager.end()
        self._workers.shutdown(wait=False, cancel_futures=True)
        self.heartbeat.end()
        self._undo.close()

    # Once

    def once(self) -> int:
        """Look at every source once, wait for what settles, work until nothing is due within a minute; an exit code.

        Raises StateInvalid where nothing may be sent before the journal is repaired.
        """
        self._begin()
        self.watches.pause()
        for source in self.watches.awake:
            source.poll_once()
        while not self.stopping.is_set():
            wait = self._turn()
            self.beat()
            due = self.manager.next_due()
            settling = [source for source in self.watches.awake if not source.idle()]
            busy = self.manager.busy or self._asking is not None
            if not busy and (self.manager.stopped or (not settling and (due is None or due > SOON))):
                break
            self.wake.wait(min(wait, 1.0))
            self.wake.clear()
            for source in settling:
                source.poll_once()
        self._finish()
        if self.journal.trouble:
            raise StateInvalid(self.manager.stopped or self.journal.trouble)
        return exit_code(self.journal.ledger)

    def until(self, over: Callable[[], bool]) -> None:
        """Work until `over`, looking at no source. Raises StateInvalid as `once` does."""
        self._begin()
        while not self.stopping.is_set():
            wait = self._turn()
            self.beat()
            if self.manager.stopped or (over() and not self.manager.busy):
                break
            self.wake.wait(min(wait, 1.0))
            self.wake.clear()
        self._finish()
        if self.journal.trouble:
            raise StateInvalid(self.manager.stopped or self.journal.trouble)

    # The heartbeat

    def beat(self) -> None:
        """Write what is true now, and tell systemd."""
        sources = [one.status() for one in self.watches.sources]
        self.heartbeat.beat(self.secrets.trouble(), sources, self.watches.paused)
        counts = ", ".join(f"{count} {state}" for state, count in self.journal.ledger.counts().items())
        self._systemd.beat(self.manager.stopped or counts or "no jobs")


@contextlib.contextmanager
def signals(service: Service) -> Iterator[None]:
    """First SIGTERM or SIGINT: stop, and finish what flies. Second: exit at once, intents stay. SIGHUP: reload it."""

    def asked(number: int, frame: object) -> None:
        if service.stopping.is_set():
            os._exit(128 + number)
        log.info("daemon.stopping", signal=signal.Signals(number).name)
        service.stop()

    before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda number, frame: service.reload())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
