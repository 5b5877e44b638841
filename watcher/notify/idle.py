"""Whether something is due and nothing is uploaded. Reads the ledger; asks nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from watcher.jobs import Ledger, State

AGAIN = 86400.0  # seconds until it is told once more


@dataclass(frozen=True)
class Idle:
    """`since`: wall seconds from which something was due and nothing was uploaded."""

    since: float
    due: int  # jobs
    oldest: str  # id of the job that is due for longest


def idle(ledger: Ledger, now: float, waits: Callable[[str], bool]) -> Idle | None:
    """None if nothing is due. `waits`: whether a site's jobs wait for what a person said: a pause, a limit."""
    due = [
        (job.not_before or job.born, job.job)
        for job in ledger.in_state(State.QUEUED, State.PREPARED)
        if (job.not_before or job.born) <= now and not waits(job.site)
    ]
    if not due:
        return None
    since, oldest = min(due)
    return Idle(max(since, ledger.last_upload()), len(due), oldest)
