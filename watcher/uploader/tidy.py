"""Takes away the trees of links that no job needs, once no client seeds from them. Touches no content.

A tree of a job that was never published goes at once; any other only when every client has been without it for a day: a
client that was set up anew shows nothing for a while, and its torrents come back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path

from watcher.client import ClientAway
from watcher.jobs import Job, State
from watcher.logs import log
from watcher.torrents import take_away
from watcher.uploader.bench import Bench, staged_in

EVERY = 3600.0  # seconds between two looks
UNSEEDED = 86400.0  # seconds for which what may have been seeded must be seeded no more
STILL = (State.SEEDING, State.DONE, State.CANCELLED, State.DUPLICATE)  # states in which nobody makes trees
_TREE = re.compile(r"([0-9a-f]{12})-[0-9a-f]{8}")


class Tidy:
    """One a loop. Works in one thread at a time."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._next = 0.0
        self._unseeded: dict[Path, float] = {}  # since when, running seconds
        self._looking: Future[None] | None = None

    def look_beside(self, workers: Executor) -> None:
        """Have a look made now and then, in a worker's hands."""
        if self._looking is not None and self._looking.done():
            self._looking.result()
            self._looking = None
        now = self._bench.clock.running()
        if self._looking is None and now >= self._next:
            self._next = now + EVERY
            if self._stages():
                self._looking = workers.submit(self.look)

    def look(self) -> None:
        """One look at every tree."""
        for job, folder in list(self._spare()):
            try:
                seeded = self._bench.seeder.seeds_from(folder)
            except ClientAway:
                return
            now = self._bench.clock.running()
            since = self._unseeded.setdefault(folder, now)
            if seeded:
                del self._unseeded[folder]
            elif not (job.registered or job.uploads) or now - since >= UNSEEDED:
                self._clear(job, folder)

    def _stages(self) -> set[Path]:
        return {tracker.stage for tracker in self._bench.config().trackers.values() if tracker.stage}

    def _spare(self) -> Iterator[tuple[Job, Path]]:
        """Trees of jobs that are over, and those that a job left for another one. Other folders are not ours."""
        for folder in (folder for stage in self._stages() if stage.is_dir() for folder in stage.iterdir()):
            name = _TREE.fullmatch(folder.name)
            job = self._bench.journal.ledger.jobs.get(name[1]) if name else None
            if job is not None and job.state in STILL and (job.state is not State.SEEDING or staged_in(job) != folder):
                yield job, folder

    def _clear(self, job: Job, folder: Path) -> None:
        left = take_away(folder)
        self._unseeded.pop(folder, None)
        if staged_in(job) == folder:
            self._bench.write(job, {"state": job.state, "code": job.code, "why": job.why, "staged": None})
        if left:
            names = [str(path) for path in left[:5]]
            log.warning("staging.kept", job=job.job, why="it is the only place where these files are", files=names)
