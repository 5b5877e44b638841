"""From what callers want to append to checked lines. Knows the ledger's moves; writes nothing but blobs."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from typing import Any

from watcher.jobs import Ledger
from watcher.jobs.records import LINE, VERSION, body_of, encode, plain
from watcher.journal.blobs import Blobs

FULL = (errno.ENOSPC, errno.EDQUOT)
_RESERVED = frozenset({"v", "seq", "time", "crc"})
_NEEDED = {
    "job": frozenset({"job", "state"}),
    "release": frozenset({"release"}),
    "command": frozenset({"do"}),
    "source": frozenset({"source", "what", "at"}),
    "tracker": frozenset({"tracker", "site"}),
    "rules": frozenset({"what"}),
}
_NEW_JOB = frozenset({"tracker", "site", "release"})


class Ticket:
    """What one caller wants to append, and what came of it."""

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
    ahead: dict[str, Mapping[str, Any]] = {}
    accepted = []
    for ticket in tickets:
        before = dict(ahead) if len(ticket.records) > 1 else ahead
        try:
            _compose(ticket, ledger, blobs, last, time, ahead)
        except Exception as error:  # noqa: BLE001 - handed to the thread that asked
            ahead = before
            ticket.finish(error)
        else:
            last += len(ticket.lines)
            accepted.append(ticket)
    return accepted


def _compose(
    ticket: Ticket, ledger: Ledger, blobs: Blobs, last: int, time: str, ahead: dict[str, Mapping[str, Any]]
) -> None:
    ticket.lines, ticket.folded, ticket.bodies = [], [], []
    for seq, given in enumerate(ticket.records, last + 1):
        _well_formed(given, ledger, ahead)
        ledger.check(given, ahead)
        record = {"v": VERSION, "seq": seq, "time": time, **given}
        line = encode(record)
        if len(line) > LINE:
            line = blobs.fitted(record)
            record = {**record, "": ()}  # read back below: some of it went into blobs
        body = body_of(line)
        ticket.lines.append(line)
        ticket.bodies.append(body)
        ticket.folded.append(plain(record, body))
        ledger.look_ahead(record, ahead)


def _well_formed(record: Mapping[str, Any], ledger: Ledger, ahead: Mapping[str, object]) -> None:
    kind = record["type"]
    if not _RESERVED.isdisjoint(record):
        raise ValueError(f"a {kind} record is given {sorted(_RESERVED & record.keys())}, which the journal sets")
    needed = _NEEDED.get(kind)
    if needed is None:
        raise ValueError(f"no record has the type {kind!r}")
    missing = needed - record.keys()
    if not missing and kind == "job" and record["job"] not in ahead and record["job"] not in ledger.jobs:
        missing = _NEW_JOB - record.keys()
    if missing:
        raise ValueError(f"a {kind} record needs {', '.join(sorted(missing))}")
