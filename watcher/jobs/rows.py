"""The jobs as a list shows them: a fold beside the ledger's that keeps what a row needs. Decides nothing.

The ledger keeps texts and reads them when somebody looks, which is right for a loop that looks at few of many jobs. A
list looks at all of them: what was parsed once to be checked is merged here, and never parsed again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from watcher.jobs.ledger import Load, Record
from watcher.jobs.states import PASSING, State

Folded = dict[str, Any]

_STATES = frozenset(map(str, State))
_LONG = 1024  # bytes of a record that may hold one of these
_HEAVY = ("form", "shown", "answer", "passes", "cover", "set", "cautions", "proof", "uploads", "sends", "extras")
_PLAIN = ("release", "name", "path", "source", "time", "undecided", "why")  # of a release


class Rows:
    """Folded keys of jobs and releases, as of the last record. The same as the ledger's, but for what no row shows."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.jobs: dict[str, Folded] = {}
        self.releases: dict[str, Folded] = {}
        self.breakers: dict[str, Record] = {}  # by site
        self.rules: dict[str, Record] = {}  # by `what`
        self.of_release: dict[str, list[str]] = {}  # ids of jobs

    def fold(self, records: Iterable[Record], bodies: Iterable[bytes]) -> None:
        """Fold in records in order, each with its JSON text. What can't be read is the ledger's to report."""
        jobs = self.jobs
        for record, body in zip(records, bodies, strict=True):
            try:
                if record["type"] != "job":
                    self._others(record)
                    continue
                job, state = jobs.get(record["job"]), record["state"]
                if job is None:
                    self._enter(record)
                    continue
                if state != job["state"]:
                    if state not in _STATES:
                        continue
                    for key in PASSING:
                        job.pop(key, None)
                job.update(record)
                if len(body) > _LONG:
                    _lighten(job)
            except (KeyError, TypeError, ValueError, AttributeError):
                continue

    def _enter(self, record: Record) -> None:
        name = record["job"]
        if record["state"] not in _STATES:
            return
        if name not in self.jobs:
            self.of_release.setdefault(record.get("release", ""), []).append(name)
        job = self.jobs[name] = {"born": record["time"], **record}
        _lighten(job)

    def _others(self, record: Record) -> None:
        kind = record["type"]
        if kind == "snapshot" and "job" in record:
            self._enter(record)
        elif kind in ("release", "snapshot"):
            self._release(record)
        elif kind == "tracker":
            self.breakers[record["site"]] = record
        elif kind == "rules":
            self.rules[record["what"]] = record

    def _release(self, record: Record) -> None:
        brief = self.releases.setdefault(record["release"], {})
        for key in _PLAIN:
            if key in record:
                brief[key] = record[key]
        for key, wanted in (("decision", ("rule", "guard", "why")), ("facts", ("kind",))):
            if key in record:
                value = record[key]
                stored = value is None or "blob" in value  # a reference: resolved when somebody looks
                brief[key] = value if stored else {name: value[name] for name in wanted if name in value}

    # -- reading

    def release(self, job: Record) -> Folded:
        """What is kept of a job's release; empty if it was lost."""
        return self.releases.get(job.get("release", ""), {})

    def within(self, folded: Record, key: str, name: str) -> Any:
        """A release's `decision` or `facts`, one thing of it; None if there is none."""
        value = self.load(folded.get(key))
        return value.get(name) if isinstance(value, Mapping) else None

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state, in the order of the states; states without a job are left out."""
        found = Counter(job["state"] for job in self.jobs.values())
        return {str(state): found[state] for state in State if found[state]}

    def in_state(self, *states: State) -> Iterator[Folded]:
        """The jobs in any of these states, oldest first."""
        return (job for job in self.jobs.values() if job["state"] in states)


def _lighten(job: Folded) -> None:
    for key in _HEAVY:
        job.pop(key, None)
