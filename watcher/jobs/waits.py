"""How long a job still waits, whatever the wall clock does. Knows times, not states."""

from __future__ import annotations

from trackers.clock import Clock
from watcher.jobs.job import Job


class Waits:
    """Turns `not_before`, a wall time in the journal, into a wait of this process that no clock change moves.

    A record asks to wait from its own `time` to `not_before`. That long a process waits at most after it first sees
    the record, however far the clock was set back in between. Set forward, the wait ends early; the limits hold.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: dict[str, tuple[int, float | None, float]] = {}

    def remaining(self, job: Job) -> float:
        """Seconds until the job is due; 0.0 if it is."""
        if job.not_before is None:
            self._due.pop(job.job, None)
            return 0.0
        seq, asked, due = self._due.get(job.job, (-1, None, 0.0))
        if (asked, seq) != (job.not_before, job.seq):
            kept = asked == job.not_before  # a later record that left the time as it was does not start it anew
            due = due if kept else self._clock.running() + self._wait(job, job.not_before)
            self._due[job.job] = (job.seq, job.not_before, due)
        return max(0.0, due - self._clock.running())

    def _wait(self, job: Job, not_before: float) -> float:
        asked = max(0.0, not_before - job.time)
        return min(asked, max(0.0, not_before - self._clock.now()))
