"""Whether a record of a job says something new: its state or its code, not a new time or one more pass."""

from __future__ import annotations

from watcher.jobs.ledger import Ledger
from watcher.jobs.states import FINAL, State

_ENDED = frozenset(map(str, FINAL))


class Standing:
    """Where each job stood when it was last heard of. Jobs that have ended are forgotten: they say nothing twice."""

    def __init__(self, ledger: Ledger) -> None:
        found = [*ledger.live(), *ledger.in_state(State.HELD)]
        self._known = {job.job: (str(job.state), job.code) for job in found}

    def moved(self, job: str, state: str, code: object) -> bool:
        """Note what a record says; whether it is new."""
        now = (state, str(code) if code else None)
        if self._known.get(job) == now:
            return False
        if state in _ENDED:
            self._known.pop(job, None)
        else:
            self._known[job] = now
        return True
