"""A job as the journal's records add up to it: a frozen view of the folded keys. Decides nothing."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from watcher.jobs.states import GAP, State


@dataclass(frozen=True, slots=True)
class Job:
    """One release for one site. What was never said, or taken back with null, is None, 0, False or empty."""

    job: str  # id
    tracker: str = ""  # its name in rules.yaml
    site: str = ""
    release: str = ""  # id
    state: State = State.QUEUED
    attempt: int = 0
    infohash: str | None = None  # of the frozen info dictionary
    registered: str | None = None  # as the site stores it
    not_before: float | None = None  # wall seconds
    code: str | None = None
    why: str | None = None
    resume: str | None = None
    back_to: State | None = None
    open: bool = False
    sent_at: float | None = None  # wall seconds
    torrent_id: int | str | None = None
    group_id: int | str | None = None
    url: str | None = None
    priority: int = 0
    seconds: float | None = None
    set: Mapping[str, Any] | None = None
    form: Mapping[str, Any] | None = None
    digest: str | None = None
    approved: str | None = None
    cover: Any = None
    passes: Sequence[Mapping[str, Any]] = ()
    proof: Any = None
    answer: Mapping[str, Any] | None = None
    seq: int = 0  # of the last record
    time: float = 0.0  # of the last record, wall seconds
    born: float = 0.0  # of the first
    sends: Sequence[float] = ()  # wall seconds of every intent to send
    uploads: Sequence[Sequence[Any]] = ()  # [infohash, registered, torrent_id] of all that ever stood on the site
    rest: Mapping[str, Any] = field(default_factory=dict)  # keys that this version does not know

    @property
    def id(self) -> str:
        """12 hex digits."""
        return self.job


# Keys as they stand in a record; the last few are the fold's own and stand in snapshots only.
KEYS = frozenset(known.name for known in fields(Job)) - {"rest"}
_TIMES = ("time", "born", "not_before", "sent_at")


def job_of(folded: Mapping[str, Any]) -> Job:
    """The view of a job's folded keys."""
    known = {key: value for key, value in folded.items() if key in KEYS}
    known["state"] = State(known["state"])
    if "back_to" in known:
        known["back_to"] = State(known["back_to"])
    for key in _TIMES:
        if isinstance(known.get(key), str):
            known[key] = seconds_of(known[key])
    if len(known) != len(folded):
        known["rest"] = {key: value for key, value in folded.items() if key not in KEYS}
    return Job(**known)


def doubted(job: Job) -> dict[str, object]:
    """The keys of the record that follows where a lost one may have said that a waiting job was sent."""
    why = "a record is missing from the journal that may have said that it was sent"
    whose: dict[str, object] = {"job": job.job, "tracker": job.tracker, "site": job.site, "release": job.release}
    return whose | {"state": str(State.UNCONFIRMED), "code": GAP, "why": why}


def seconds_of(text: str) -> float:
    """Wall seconds of a record's `time`; 0.0 of what is no time."""
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
