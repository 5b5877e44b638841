"""Numbers from the journal's whole history: what was uploaded, what failed, how long each step took. Prints nothing."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trackers.clock import utc_text
from watcher.jobs.job import seconds_of

# Held with one of these, a job waits for a person's yes or for better facts: it has not failed.
QUESTIONS = frozenset(
    {
        "review", "mode", "brake", "require", "same-content", "form-changed", "new-group", "web-flac", "no-cover",
        "no-screenshots", "form", "group-unclear", "tracker-removed", "source-flood", "guard-unknown", "otherwise-hold",
        "origin-unknown", "added-complete", "paused", "cancel",
    }
)  # fmt: skip
# Steps on the way, each from the first time of one state to the first of another; `decide` begins at completion.
STAGES: Mapping[str, tuple[str, str]] = {
    "decide": ("completed", "decided"),
    "prepare": ("queued", "prepared"),
    "send": ("sending", "uploaded"),
    "seed": ("uploaded", "seeding"),
    "confirm": ("seeding", "done"),
}
_UPLOADED = ("uploaded", "seeding", "done")
BY = ("tracker", "rule", "day")


class _Course:
    """One job's way through the journal."""

    __slots__ = ("attempts", "code", "first", "last", "open", "release", "state", "tracker")

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.tracker: str = record.get("tracker", "")
        self.release: str = record.get("release", "")
        self.state = ""
        self.code = ""
        self.open = False
        self.attempts = 0
        self.first: dict[str, str] = {}  # state: time
        self.last = ""  # time

    def add(self, record: Mapping[str, Any]) -> bool:
        """Go one record on. Whether it says that something went wrong, anew."""
        state, time = record["state"], record["time"]
        code, moved = record.get("code") or "", state != self.state
        if moved:
            self.state = state
            self.first.setdefault(state, time)
            self.attempts += state == "sending"
        new = bool(code) and (moved or code != self.code)
        self.code, self.last, self.open = code, time, bool(record.get("open"))
        return new and code not in QUESTIONS and state != "cancelled"

    @property
    def uploaded(self) -> str:
        """When it was, or was first known to be, on the site; "" if it is not."""
        return next((self.first[state] for state in _UPLOADED if state in self.first), "")

    @property
    def time(self) -> str:
        """When it ended, as far as it has."""
        return self.uploaded or self.last


@dataclass
class Tally:
    """What came of the jobs of one tracker, rule or day."""

    uploaded: int = 0
    failed: int = 0  # held by a fault, or with an unknown outcome
    waiting: int = 0  # held for a person, or still on the way
    duplicate: int = 0
    cancelled: int = 0
    attempts: int = 0  # intents to send
    bytes: int = 0  # of content, uploaded
    errors: Counter[str] = field(default_factory=Counter)  # by code: each time something went wrong, mended or not
    seconds: list[float] = field(default_factory=list)  # from completion to seeding, else to uploaded
    stages: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in STAGES})

    def row(self) -> dict[str, object]:
        """Plain values. `success_rate` is uploaded / (uploaded + failed), None where nothing ended either way."""
        ended = self.uploaded + self.failed
        return {
            "uploaded": self.uploaded,
            "failed": self.failed,
            "waiting": self.waiting,
            "duplicate": self.duplicate,
            "cancelled": self.cancelled,
            "success_rate": round(self.uploaded / ended, 4) if ended else None,
            "attempts": self.attempts,
            "bytes": self.bytes,
            "seconds_p50": percentile(self.seconds, 50),
            "seconds_p95": percentile(self.seconds, 95),
            "stages": {
                name: {"p50": percentile(found, 50), "p95": percentile(found, 95)}
                for name, found in self.stages.items()
            },
            "errors": dict(self.errors.most_common()),
        }


def percentile(values: list[float], percent: int) -> float | None:
    """The value that `percent` of them do not exceed (nearest rank), in milliseconds' precision; None of nothing."""
    if not values:
        return None
    return round(sorted(values)[math.ceil(len(values) * percent / 100) - 1], 3)


@dataclass(frozen=True)
class _Release:
    size: int
    completed: str
    decided: str
    rule: str


class Statistics:
    """The fold of records in their order; `add` them all, then ask for rows."""

    def __init__(self) -> None:
        self._courses: dict[str, _Course] = {}
        self._releases: dict[str, _Release] = {}
        self._errors: list[tuple[_Course, str, str]] = []  # whose, time, code

    def add(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Fold in records, in the order of `seq`."""
        courses, errors = self._courses, self._errors
        for record in records:
            kind = record["type"]
            if kind == "job" or (kind == "snapshot" and "job" in record):
                course = courses.get(record["job"])
                if course is None:
                    course = courses[record["job"]] = _Course(record)
                if course.add(record):
                    errors.append((course, record["time"], course.code))
            elif kind == "release" or kind == "snapshot":
                self._release(record)

    def _release(self, record: Mapping[str, Any]) -> None:
        old = self._releases.get(record["release"])
        decision = record.get("decision")
        rule = decision.get("rule") if isinstance(decision, Mapping) else None
        completed = record.get("completed")
        self._releases[record["release"]] = _Release(
            size=int(record.get("size") or (old.size if old else 0)),
            completed=_completed(completed) or (old.completed if old else ""),
            decided=old.decided if old else record["time"],
            rule=str(rule or (old.rule if old else "")),
        )

    def rows(self, by: str = "", since: float = 0.0) -> dict[str, dict[str, object]]:
        """`Tally.row` by tracker, rule or day (UTC), or one under "": what ended or went wrong since (wall seconds)."""
        tallies: defaultdict[str, Tally] = defaultdict(Tally)
        start = utc_text(since)
        for course in self._courses.values():
            if course.time >= start:
                self._count(course, tallies[self._name(by, course, course.time)])
        for course, time, code in self._errors:
            if time >= start:
                tallies[self._name(by, course, time)].errors[code] += 1
        return {name: tallies[name].row() for name in sorted(tallies)}

    def _name(self, by: str, course: _Course, time: str) -> str:
        if by == "day":
            return time[:10]
        if by == "rule":
            release = self._releases.get(course.release)
            return (release.rule if release else "") or "(no rule)"
        return course.tracker if by else ""

    def _count(self, course: _Course, tally: Tally) -> None:
        release = self._releases.get(course.release)
        tally.attempts += course.attempts
        if course.state in ("duplicate", "cancelled"):
            setattr(tally, course.state, getattr(tally, course.state) + 1)
        elif course.uploaded:
            tally.uploaded += 1
            tally.bytes += release.size if release else 0
            self._time(course, release, tally)
        elif course.open or (course.state == "held" and course.code not in QUESTIONS):
            tally.failed += 1
        else:
            tally.waiting += 1

    @staticmethod
    def _time(course: _Course, release: _Release | None, tally: Tally) -> None:
        times = dict(course.first)
        if release is not None:
            times |= {"completed": release.completed, "decided": release.decided}
        for name, (start, end) in STAGES.items():
            _append(tally.stages[name], times.get(start), times.get(end))
        _append(tally.seconds, times.get("completed") or times.get("decided"), times.get("seeding") or course.uploaded)


def _append(found: list[float], start: str | None, end: str | None) -> None:
    if start and end:
        found.append(max(0.0, seconds_of(end) - seconds_of(start)))


def _completed(value: object) -> str:
    return utc_text(float(value)) if isinstance(value, (int, float)) and value else ""
