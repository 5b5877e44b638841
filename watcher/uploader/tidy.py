"""Takes away the trees of links of jobs that are over, once no client seeds from them. Touches no content.

A tree of a job that was never published goes at once; one that was seeded only when every client has been without it
for a day: a client that was set up anew shows nothing for a while, and its torrents come back.
"""

from __future__ import annotations

from pathlib import Path

from watcher.client import ClientAway
from watcher.jobs import Job, State
from watcher.logs import log
from watcher.torrents import take_away
from watcher.uploader.bench import Bench, staged_in

EVERY = 3600.0  # seconds between two looks
UNSEEDED = 86400.0  # seconds for which what was seeded must be seeded no more
OVER = (State.CANCELLED, State.DUPLICATE, State.DONE)


class Tidy:
    """One a loop. Works in one thread at a time."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._next = 0.0
        self._unseeded: dict[Path, float] = {}  # since when, running seconds

    def due(self) -> bool:
        """Whether it is time for a look, and there is something to look at; the next time is set by asking."""
        now = self._bench.clock.running()
        if now < self._next:
            return False
        self._next = now + EVERY
        return any(self._over())

    def work(self) -> None:
        """One look at every tree."""
        for job, folder in self._over():
            try:
                seeded = self._bench.seeder.seeds_from(folder)
            except ClientAway:
                return
            since = self._unseeded.setdefault(folder, self._bench.clock.running())
            if seeded:
                del self._unseeded[folder]
            elif job.state is not State.DONE or self._bench.clock.running() - since >= UNSEEDED:
                self._clear(job, folder)

    def _over(self) -> list[tuple[Job, Path]]:
        found = [(job, staged_in(job)) for job in self._bench.journal.ledger.in_state(*OVER)]
        return [(job, folder) for job, folder in found if folder is not None]

    def _clear(self, job: Job, folder: Path) -> None:
        left = take_away(folder)
        self._unseeded.pop(folder, None)
        self._bench.write(job, {"state": job.state, "code": job.code, "why": job.why, "staged": None})
        if left:
            names = [str(path) for path in left[:5]]
            log.warning("staging.kept", job=job.job, why="it is the only place where these files are", files=names)
