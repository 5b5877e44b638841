"""Jobs as records that are about to be written will leave them. The ledger itself stays as it is."""

from __future__ import annotations

from watcher.jobs.ledger import Ledger, Record
from watcher.jobs.states import PLAIN, check_move


class Ahead:
    """A ledger, and what a batch would make of it so far."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.jobs: dict[str, Record] = {}  # of each as much as its next move depends on

    def __contains__(self, job: str) -> bool:
        return job in self.jobs or job in self._ledger.entries

    def check(self, record: Record) -> None:
        """Raise ImpossibleMove if `record` may not follow."""
        if record["type"] == "job":
            job = self._job(record["job"])
            if job is None or record["state"] not in PLAIN.get(job["state"], ()):
                check_move(job, record)

    def note(self, record: Record) -> None:
        """Take `record` as written."""
        if record["type"] != "job":
            return
        name, to = record["job"], record["state"]
        after = {"state": to}
        if to == "held":
            was = self._job(name) or {}
            kept = was if was.get("state") == to else {}
            after.update((key, record.get(key, kept.get(key))) for key in ("back_to", "open"))
        self.jobs[name] = after

    def _job(self, name: str) -> Record | None:
        return self.jobs.get(name) or self._ledger.moving(name)
