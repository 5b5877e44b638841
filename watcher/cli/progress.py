"""Sees a wish carried out: by the daemon if one runs, else by a loop of its own. A line for each stage of each job."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from trackers.clock import Clock
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
    """What became of a command and its jobs so far, told as it comes. `jobs`: ids by tracker."""

    def __init__(self, seq: int, jobs: Mapping[str, str], *, quiet: bool) -> None:
        self.seq, self.jobs, self._quiet = seq, frozenset(jobs.values()), quiet
        self.answered, self.refused = False, ""
        self._told: dict[str, object] = {}

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
            note(f"{record['tracker']:<8} {record['state']}" + (f": {why}" if why else ""))

    def over(self, ledger: Ledger, state: Path, config: Config, clock: Clock) -> bool:
        """Whether nothing more is to be seen within a minute."""
        if not self.answered:
            return False
        beat = view.heartbeat(state)
        jobs = [ledger.jobs[id] for id in self.jobs if id in ledger.jobs]
        return all(at_rest(job, ledger, beat, config, clock) for job in jobs)


def carried_out(
    progress: Progress, holders: Holders, journal: Journal, begin: Start, secrets: Secrets, clock: Clock
) -> None:
    """Returns when the jobs are at their end, or wait for something. Raises AlreadyRunning if another process has the
    lock of the loop and does nothing."""
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
            with signals(service):
                service.until(lambda: progress.over(service.journal.ledger, state, config, clock))
        finally:
            service.close()
            if service.manager.busy:  # a POST past its deadline would hold the process; its intent is on disk
                os._exit(UNKNOWN)


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
