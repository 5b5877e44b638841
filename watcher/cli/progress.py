"""Sees a wish carried out: by the daemon if one runs, else by a loop of its own. A line for each stage of each job."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from trackers.clock import Clock
from watcher.cli.bar import Bar
from watcher.cli.overview import hashing
from watcher.cli.show import note
from watcher.config import Config
from watcher.errors import UNKNOWN, AlreadyRunning
from watcher.jobs import Ledger
from watcher.journal import Journal
from watcher.logs import configure, install_hooks
from watcher.secrets import Secrets
from watcher.service import view
from watcher.service.following import at_rest
from watcher.service.rulesfile import Start
from watcher.service.running import ByHand, Service, signals
from watcher.sources.holders import Holders

TURN = 0.2  # seconds between two looks at the journal
LOST = 30.0  # seconds that a process may hold the lock without a heartbeat


class Progress:
    """What became of a command and its jobs so far, told as it comes. `jobs`: ids by tracker; `reads`: the name of the
    content, as the loop says it while it is hashed."""

    def __init__(self, seq: int, jobs: Mapping[str, str], *, reads: str = "", quiet: bool) -> None:
        self.seq, self.jobs, self._reads, self._quiet = seq, frozenset(jobs.values()), reads, quiet
        self.answered, self.refused, self.interrupted = False, "", False
        self._told: dict[str, object] = {}
        self._bar = Bar()

    def record(self, record: Mapping[str, object]) -> None:
        """A record of the journal, anybody's."""
        if record.get("do") == "answer" and record.get("of") == self.seq:
            self.answered = True
            self.refused = str(record.get("why")) if record.get("result") == "refused" else ""
        id = record.get("job")
        if record.get("type") != "job" or id not in self.jobs or self._told.get(str(id)) == record["state"]:
            return
        self._told[str(id)] = record["state"]
        if not self._quiet:
            why = record.get("why") or ""
            self._bar.note(f"{record['tracker']:<8} {record['state']}" + (f": {why}" if why else ""))

    def hashed(self, beat: Mapping[str, object] | None) -> None:
        """Show how far the content was read, as the loop last said it."""
        readings = beat.get("hashing") if beat else None
        for one in readings if isinstance(readings, list) and not self._quiet else ():
            if one.get("name") == self._reads:
                self._bar.show(hashing(one))
                return
        self._bar.clear()

    def end(self) -> None:
        """Nothing more is told."""
        self._bar.clear()

    def over(self, ledger: Ledger, state: Path, config: Config, clock: Clock) -> bool:
        """Whether nothing more is to be seen within a minute."""
        beat = view.heartbeat(state)
        self.hashed(beat)
        if not self.answered:
            return False
        jobs = [ledger.jobs[id] for id in self.jobs if id in ledger.jobs]
        return all(at_rest(job, ledger, beat, config, clock) for job in jobs)


def carried_out(
    progress: Progress, holders: Holders, journal: Journal, begin: Start, secrets: Secrets, clock: Clock
) -> None:
    """Returns when the jobs are at their end, wait for something, or a person pressed Ctrl-C (`interrupted`). Raises
    AlreadyRunning if another process has the lock of the loop and does nothing."""
    try:
        _carried_out(progress, holders, journal, begin, secrets, clock)
    except KeyboardInterrupt:  # while another process does the work, which goes on
        progress.interrupted = True
    finally:
        progress.end()


def _carried_out(
    progress: Progress, holders: Holders, journal: Journal, begin: Start, secrets: Secrets, clock: Clock
) -> None:
    ends = clock.running() + LOST
    while True:
        try:
            _worked(progress, holders, begin, secrets, clock)
            return
        except AlreadyRunning:
            if clock.running() > ends:
                raise
        began = clock.running()
        if _followed(progress, journal, begin, clock):
            return
        ends += clock.running() - began
        clock.wait(TURN)


def _worked(progress: Progress, holders: Holders, begin: Start, secrets: Secrets, clock: Clock) -> None:
    """A loop of its own, for these jobs alone."""
    state, config = begin.state, begin.config
    own = ByHand(progress.jobs, holders)
    service = Service(
        config, secrets, state=state, clock=clock, on_record=progress.record, refused=begin.refused, by_hand=own
    )
    with Path(os.devnull).open("w") as nowhere:  # its log is in the file; what a person needs is told by stages
        configure(state=state, stream=nowhere, terminal=False)
        install_hooks(service.died)
        try:
            with signals(service), _told_of(progress):
                service.until(lambda: progress.over(service.journal.ledger, state, config, clock))
        finally:
            service.close()
            if service.manager.busy:  # a POST past its deadline would hold the process; its intent is on disk
                os._exit(UNKNOWN)


@contextmanager
def _told_of(progress: Progress) -> Iterator[None]:
    """Ctrl-C is answered at once, though what is being sent is finished first."""
    inner = signal.getsignal(signal.SIGINT)

    def asked(number: int, frame: FrameType | None) -> None:
        progress.interrupted = True
        os.write(sys.stderr.fileno(), b"\nstopping, once what is being sent has its answer; Ctrl-C again: at once\n")
        if callable(inner):
            inner(number, frame)

    signal.signal(signal.SIGINT, asked)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, inner)


def _followed(progress: Progress, journal: Journal, begin: Start, clock: Clock) -> bool:
    """Read what the running loop writes. False once no loop is alive."""
    while True:
        for record in journal.refresh():
            progress.record(record)
        if progress.over(journal.ledger, begin.state, begin.config, clock):
            return True
        beat = view.heartbeat(begin.state)
        if beat is None or not view.alive(beat, clock):
            return False
        if beat.get("stopped"):
            note(f"the daemon sends nothing now: {beat['stopped']}")
            return True
        clock.wait(TURN)
