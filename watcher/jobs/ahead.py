"""Jobs as records that are about to be written will leave them. The ledger itself stays as it is."""

from __future__ import annotations

from watcher.jobs.ledger import Ledger, Record
from watcher.jobs.states import BARE, PLAIN, check_move


class Ahead:
    """A ledger, and what a batch would make of it so far."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.jobs: dict[str, Record] = {}  # of each as much as its next move depends on

    def take(self, record: Record) -> bool:
        """Take the record of a job as written; whether it is a new one's. Raises ImpossibleMove if it can't follow."""
        name, to = record["job"], record["state"]
        job = self.jobs.get(name) or self._ledger.moving(name)
        if job is None or to not in PLAIN.get(job["state"], ()):
            check_move(job, record)
        after = BARE[to]
        if to == "held":
            kept = job if job is not None and job["state"] == to else {}
            after = {"state": to} | {key: record.get(key, kept.get(key)) for key in ("back_to", "open")}
        self.jobs[name] = after
        return job is None
