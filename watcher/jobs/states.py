"""The states of a job and the moves between them, as data (DESIGN section 8). Knows no records and no disk."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from watcher.errors import SeedpostError


class State(StrEnum):
    """Where a job is."""

    DRY_RUN = "dry_run"
    QUEUED = "queued"
    PREPARED = "prepared"
    SENDING = "sending"
    UNCONFIRMED = "unconfirmed"
    UPLOADED = "uploaded"
    SEEDING = "seeding"
    DONE = "done"
    HELD = "held"
    DUPLICATE = "duplicate"
    CANCELLED = "cancelled"


_S = State

# What each state may become, repeating itself aside. None: a job that is not there yet. `check_move` knows the three
# conditions: held goes to its `back_to`, done leaves only by `forget`, a gap makes unconfirmed of what waits.
MOVES: Mapping[State | None, frozenset[State]] = {
    None: frozenset({_S.QUEUED, _S.HELD, _S.DRY_RUN}),
    _S.DRY_RUN: frozenset({_S.QUEUED, _S.CANCELLED}),
    _S.QUEUED: frozenset({_S.PREPARED, _S.HELD, _S.DUPLICATE, _S.CANCELLED}),
    _S.PREPARED: frozenset({_S.SENDING, _S.QUEUED, _S.HELD, _S.DUPLICATE, _S.CANCELLED}),
    _S.SENDING: frozenset({_S.UPLOADED, _S.UNCONFIRMED, _S.QUEUED, _S.HELD}),
    _S.UNCONFIRMED: frozenset({_S.UPLOADED, _S.DUPLICATE, _S.QUEUED, _S.HELD}),
    _S.UPLOADED: frozenset({_S.SEEDING, _S.HELD}),
    _S.SEEDING: frozenset({_S.DONE, _S.HELD}),
    _S.HELD: frozenset({_S.CANCELLED}),  # and its `back_to`
    _S.DUPLICATE: frozenset({_S.QUEUED}),
    _S.CANCELLED: frozenset({_S.QUEUED}),
    _S.DONE: frozenset({_S.QUEUED}),  # only with `forget`
}

# The moves that need no second look, as plain text: replay reads a million of them.
PLAIN: Mapping[str, frozenset[str]] = {
    str(was): frozenset(str(to) for to in {*may, was} if to is not _S.HELD)
    for was, may in MOVES.items()
    if was not in (None, _S.HELD, _S.DONE)
}

# As much of a job in each state as its next move depends on; of one that is held its `back_to` and `open` besides.
BARE: Mapping[str, Mapping[str, str]] = {str(state): {"state": str(state)} for state in State}

PUBLISHED = frozenset({_S.UPLOADED, _S.SEEDING, _S.DONE})  # no way leads from these back before the POST
WAITING = frozenset({_S.QUEUED, _S.PREPARED})  # a gap in the journal may hide that these were sent
FINAL = frozenset({_S.DONE, _S.DUPLICATE, _S.CANCELLED})
GAP = "journal-gap"  # the code of the one move that the table does not list

# What belongs to being held, or to the last thing that went wrong: a change of state clears it unless it says it anew.
PASSING = ("code", "why", "resume", "back_to", "open")


class ImpossibleMove(SeedpostError):
    """A record would take a job where its state does not lead. Nothing was written."""

    def __init__(self, job: str, was: str | None, to: str, why: str = "") -> None:
        super().__init__(f"job {job} can't go from {was or 'nothing'} to {to}{': ' if why else ''}{why}")
        self.job = job
        self.was = was
        self.to = to


def check_move(job: Mapping[str, object] | None, record: Mapping[str, object]) -> None:
    """Raise ImpossibleMove unless `record` may follow on the folded keys of its job (None: a new job)."""
    name, to = str(record["job"]), str(record.get("state"))
    was = None if job is None else State(str(job["state"]))
    why = _objection(was, job or {}, to, record)
    if why is not None:
        raise ImpossibleMove(name, was, to, why)


def _objection(was: State | None, job: Mapping[str, object], to: str, record: Mapping[str, object]) -> str | None:
    if to not in _STATES:
        return "there is no such state"
    state = State(to)
    if state is not was and state not in MOVES[was] and not _excepted(was, job, state, record):
        return "" if was is not State.HELD else f"it may go back to {job.get('back_to')}"
    if was is State.HELD and job.get("open") and state is State.CANCELLED:
        return "the outcome of its upload is not known"
    if was is State.DONE and state is State.QUEUED and not record.get("forget"):
        return "only `queue forget --deleted-on-site` sends it again"
    return _held_wrongly(was, job, record) if state is State.HELD else None


def _excepted(was: State | None, job: Mapping[str, object], to: State, record: Mapping[str, object]) -> bool:
    if was is State.HELD:
        return job.get("back_to") == to
    return was in WAITING and to is State.UNCONFIRMED and record.get("code") == GAP


def _held_wrongly(was: State | None, job: Mapping[str, object], record: Mapping[str, object]) -> str | None:
    """A hold must not become a way around the table."""
    back, open_ = (record.get(key, job.get(key) if was is State.HELD else None) for key in ("back_to", "open"))
    if was is State.UNCONFIRMED and not open_:
        return "an unknown outcome stays open"
    if was is State.HELD and job.get("open") and not open_:
        return "the outcome of its upload is not known"
    if open_ and back != State.UNCONFIRMED:
        return "what is open goes back to unconfirmed"
    published = was in PUBLISHED or (was is State.HELD and job.get("back_to") in PUBLISHED)
    if published and back not in PUBLISHED:
        return "it is on the site: nothing leads back before that"
    return None if back is None or back in _STATES else f"there is no state {back}"


_STATES = frozenset(map(str, State))
