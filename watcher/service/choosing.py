"""Which jobs a command is for: by id, by filter, and in which order they are shown. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from watcher.errors import NotFound
from watcher.jobs import CODES, Job, Ledger, State
from watcher.service.view import job_row

Row = Mapping[str, object]

_ORDER = {str(state): place for place, state in enumerate(State)}
_LAST = "~"  # behind every time
_WAITING = frozenset({State.QUEUED, State.PREPARED, State.SENDING, State.UNCONFIRMED, State.UPLOADED, State.SEEDING})
# How `queue list` sorts; jobs that are equal in it stay in the order in which they were made.
SORTS: Mapping[str, Callable[[Row], object]] = {
    "created": lambda row: "",
    "changed": lambda row: str(row["time"]),
    "next": lambda row: str(row["not_before"] or row["born"]) if row["state"] in _WAITING else _LAST,
    "state": lambda row: _ORDER.get(str(row["state"]), len(_ORDER)),
    "priority": lambda row: -int(str(row["priority"])),
    **{key: lambda row, key=key: str(row[key] or _LAST).casefold() for key in ("tracker", "name", "code", "rule")},  # type: ignore[misc]
}


@dataclass(frozen=True)
class Filter:
    """What a job must be to be chosen; None asks nothing. `since`: UTC text, of the job's last change."""

    state: str | None = None
    tracker: str | None = None  # its name in the rules, or its site
    code: str | None = None
    rule: str | None = None
    kind: str | None = None
    since: str | None = None

    def __bool__(self) -> bool:
        """Whether it asks for anything."""
        return any(getattr(self, one.name) is not None for one in fields(self))

    def of(self, rows: Sequence[Row]) -> list[Row]:
        """Those rows that it chooses. Raises NotFound, with the nearest name, for a name that no job has."""
        self._known(rows)
        return [row for row in rows if self._takes(row)]

    def _takes(self, row: Row) -> bool:
        return (
            (self.state is None or row["state"] == self.state)
            and (self.tracker is None or self.tracker in (row["tracker"], row["site"]))
            and (self.code is None or row["code"] == self.code)
            and (self.rule is None or row["rule"] == self.rule)
            and (self.kind is None or row["kind"] == self.kind)
            and (self.since is None or str(row["time"]) >= self.since)
        )

    def _known(self, rows: Sequence[Row]) -> None:
        if self.tracker is not None:
            _there(self.tracker, "no job is for", rows, ("tracker", "site"), "they are for")
        if self.rule is not None:
            _there(self.rule, "no job came by the rule", rows, ("rule",), "they came by")
        if self.kind is not None:
            _there(self.kind, "no job is of the kind", rows, ("kind",), "there are")
        if self.code is not None and self.code not in CODES:
            _there(self.code, "no job has the code", rows, ("code",), "there are")


def _there(word: str, wrong: str, rows: Sequence[Row], keys: Sequence[str], hint: str) -> None:
    known = {str(row[key]) for row in rows for key in keys if row[key]}
    if rows and word not in known:
        shown = sorted({str(row[keys[0]]) for row in rows if row[keys[0]]})
        raise NotFound(f"{wrong} {word!r}" + meant(word, known), hint=f"{hint} {', '.join(shown) or 'none'}")


def in_order(rows: Iterable[Row], by: str, *, reverse: bool = False) -> list[Row]:
    """Rows sorted by one of SORTS."""
    oldest = sorted(rows, key=lambda row: (str(row["born"]), str(row["tracker"])))
    return sorted(oldest, key=SORTS[by], reverse=reverse) if by != "created" else oldest[:: -1 if reverse else 1]  # type: ignore[arg-type]


def chosen(ledger: Ledger, wanted: Filter) -> list[Job]:
    """Jobs by filter, oldest first. Raises NotFound for a name that no job has."""
    rows = [job_row(job, ledger) for job in ledger.jobs.values()]
    return [ledger.jobs[str(row["job"])] for row in in_order(wanted.of(rows), "created")]


def found(ledger: Ledger, id: str) -> Job:
    """The job that an id, or the unambiguous beginning of one, names. Raises NotFound with the nearest one."""
    matches = [job for job in ledger.jobs if job.startswith(id)] if id else []
    if len(matches) == 1:
        return ledger.jobs[matches[0]]
    if matches:
        several = ", ".join(matches[:5])
        raise NotFound(f"{len(matches)} jobs begin with {id}: {several}", hint="give more of the id")
    raise NotFound(f"no job {id!r}" + meant(id, ledger.jobs), hint="`seedpost queue list` shows the jobs there are")


def meant(word: str, known: Iterable[str]) -> str:
    """`, did you mean 'x'?`, or nothing."""
    from watcher.rules.nodes import nearest  # only where something was not found

    return nearest(word, known)
