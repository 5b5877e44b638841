"""From what callers want to append to checked lines. Knows the ledger's moves; writes nothing but blobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from watcher.jobs import Ledger
from watcher.jobs.ahead import Ahead
from watcher.jobs.records import LINE, VERSION, body_of, dumps, plain, seal
from watcher.journal.blobs import Blobs
from watcher.journal.errors import FULL

_RESERVED = frozenset({"v", "seq", "time", "crc"})
_NEEDED = {
    "job": frozenset({"job", "state"}),
    "release": frozenset({"release"}),
    "command": frozenset({"do"}),
    "source": frozenset({"source", "what", "at"}),
    "tracker": frozenset({"tracker", "site"}),
    "rules": frozenset({"what"}),
}
_NEW_JOB = frozenset({"job", "state", "tracker", "site", "release"})


class Ticket:
    """What one caller wants to append, and what came of it."""

    __slots__ = ("bodies", "done", "error", "folded", "lines", "outcome", "records")

    def __init__(self, records: Sequence[Mapping[str, object]], outcome: bool) -> None:
        self.records = records
        self.outcome = outcome
        self.lines: list[bytes] = []
        self.folded: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.error: BaseException | None = None
        self.done = False

    @property
    def seqs(self) -> list[int]:
        """The numbers its records got."""
        return [record["seq"] for record in self.folded]

    @property
    def starved(self) -> bool:
        """Whether it failed for want of room."""
        return isinstance(self.error, OSError) and self.error.errno in FULL

    def finish(self, error: BaseException | None = None) -> None:
        """Say what came of it; the first word stands."""
        if not self.done:
            self.error, self.done = error, True


def compose(tickets: Sequence[Ticket], ledger: Ledger, blobs: Blobs, last: int, time: str) -> list[Ticket]:
    """Number, check and encode. Returns the tickets that may be written; the others are finished with their error."""
    ahead = Ahead(ledger)
    alone = len(tickets) == 1 and len(tickets[0].records) == 1
    accepted = []
    for ticket in tickets:
        before = dict(ahead.jobs) if len(ticket.records) > 1 else ahead.jobs
        ticket.lines, ticket.folded, ticket.bodies = [], [], []
        try:
            for seq, given in enumerate(ticket.records, last + 1):
                _well_formed(given, ahead)
                ahead.check(given)
                _add(ticket, {"v": VERSION, "seq": seq, "time": time, **given}, blobs)
                if not alone:
                    ahead.note(given)
        except Exception as error:  # noqa: BLE001 - handed to the thread that asked
            ahead.jobs = before
            ticket.finish(error)
        else:
            last += len(ticket.lines)
            accepted.append(ticket)
    return accepted


def _add(ticket: Ticket, record: dict[str, Any], blobs: Blobs) -> None:
    body = dumps(record)[:-1]
    line = seal(body)
    if len(line) > LINE:
        line = blobs.fitted(record)
        body = body_of(line)
        record[""] = ()  # read back below: some of it went into blobs
    ticket.lines.append(line)
    ticket.bodies.append(body)
    ticket.folded.append(plain(record, body))


def _well_formed(record: Mapping[str, Any], ahead: Ahead) -> None:
    kind, keys = record["type"], record.keys()
    if not _RESERVED.isdisjoint(keys):
        raise ValueError(f"a {kind} record is given {sorted(_RESERVED & keys)}, which the journal sets")
    needed = _NEEDED.get(kind)
    if needed is None:
        raise ValueError(f"no record has the type {kind!r}")
    if kind == "job" and "job" in record and record["job"] not in ahead:
        needed = _NEW_JOB
    if not needed <= keys:
        raise ValueError(f"a {kind} record needs {', '.join(sorted(needed - keys))}")
