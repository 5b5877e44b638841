"""Numbers of titles for jobs that wait for an approval, so that a person sees the form as it would be sent.

What services say goes to the release; what they can't say for certain stands in the job's reason. The job itself stays
where it is: only a person lets it go on.
"""

from __future__ import annotations

from collections.abc import Callable

from watcher.jobs import Job, State
from watcher.uploader.bench import Bench, Step
from watcher.uploader.commands import standing
from watcher.uploader.desks import WAITS, Desks
from watcher.uploader.lane import Lane
from watcher.uploader.numbers import identified

AGAIN = 300.0  # seconds, where a service is away
LOOKED_AT = ("review", "mode")  # holds that a person answers by looking at the form


class Ahead:
    """One a loop, which hands it one job at a time. Each is looked at once, and anew after it was edited."""

    def __init__(self, bench: Bench, desks: Desks) -> None:
        self._bench, self._desks = bench, desks
        self._seen: dict[str, int] = {}  # job: the `seq` of the record that it was looked at by
        self._next = 0.0  # running seconds, while a service is away

    def next(self, may: Callable[[Job], bool]) -> Job | None:
        """A job that a person is going to look at, whose numbers nobody asked for yet, and that may be taken; None if
        there is none."""
        if not self._desks.values() or self._bench.clock.running() < self._next:
            return None
        waiting = (job for job in self._bench.journal.ledger.in_state(State.HELD) if job.code in LOOKED_AT)
        return next((job for job in waiting if self._seen.get(job.job) != job.seq and may(job)), None)

    def look(self, job: Job, lane: Lane) -> Step | None:
        """Ask for the numbers of one, in a worker's hands; the step that says what can't be told for certain."""
        self._seen[job.job] = job.seq
        step = identified(job, lane, self._bench, self._desks)
        if step is None or str(step["why"]) in (job.why or ""):
            return None
        if step["code"] == WAITS:
            del self._seen[job.job]
            self._next = self._bench.clock.running() + AGAIN
            return None
        why = f"{job.why}; {step['why']}" if job.why else step["why"]
        return {**standing(job), "state": State.HELD, "why": why}
