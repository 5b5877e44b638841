"""From what callers want to append to checked lines. Knows the ledger's moves; writes nothing but blobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from watcher.jobs import Ledger
from watcher.jobs.ahead import Ahead
from watcher.jobs.records import LINE, VERSION, body_of, dumps, plain
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

    __slots__ = ("bodies", "data", "done", "error", "folded", "outcome", "records", "seqs")

    def __init__(self, records: Sequence[Mapping[str, Any]], outcome: bool) -> None:
        self.records = records
        self.outcome = outcome
        self.data = b""  # its lines
        self.folded: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.seqs: list[int] = []  # the numbers its records got
        self.error: BaseException | None = None
        self.done = False

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
    accepted = []
    for ticket in tickets:
        before = dict(ahead.jobs)
        try:
            _encode(ticket, ahead, blobs, last, time)
        except Exception as error:  # noqa: BLE001 - handed to the thread that asked
            ahead.jobs = before
            ticket.finish(error)
        else:
            last += len(ticket.folded)
            accepted.append(ticket)
    return accepted


def _encode(ticket: Ticket, ahead: Ahead, blobs: Blobs, last: int, time: str) -> None:
    """Make a ticket's lines. All in one loop: a group of records costs little more than this."""
    data, ticket.folded, ticket.bodies = [], [], []
    ticket.seqs = list(range(last + 1, last + 1 + len(ticket.records)))
    for seq, given in zip(ticket.seqs, ticket.records, strict=True):
        kind, keys = given["type"], given.keys()
        needed = _NEEDED.get(kind)
        if needed is None or not needed <= keys or not _RESERVED.isdisjoint(keys):
            raise ValueError(_fault(given, needed))
        if kind == "job" and ahead.take(given) and not keys >= _NEW_JOB:
            raise ValueError(_fault(given, _NEW_JOB))
        record = {"v": VERSION, "seq": seq, "time": time, **given}
        body = dumps(record)[:-1]
        line = b'%s,"crc":"%08x"}\n' % (body, crc32(body))
        if len(line) > LINE:
            line = blobs.fitted(record)
            body = body_of(line)
            record[""] = ()  # read back below: some of it went into blobs
        data.append(line)
        ticket.bodies.append(body)
        ticket.folded.append(plain(record, body))
    ticket.data = b"".join(data)


def _fault(record: Mapping[str, Any], needed: frozenset[str] | None) -> str:
    """What is wrong with a record that can't be written."""
    kind, keys = record["type"], record.keys()
    if not _RESERVED.isdisjoint(keys):
        return f"a {kind} record is given {sorted(_RESERVED & keys)}, which the journal sets"
    if needed is None:
        return f"no record has the type {kind!r}"
    return f"a {kind} record needs {', '.join(sorted(needed - keys))}"
