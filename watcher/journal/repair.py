"""`journal repair`: a sound journal from whatever is left. Only on a person's word, with no daemon running."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trackers.clock import Clock, utc_text
from watcher.durable import FileSystem, exists, private_folder, sync_folder
from watcher.jobs import Ledger, doubted
from watcher.jobs.records import VERSION
from watcher.journal import archive
from watcher.journal.compaction import Verbatim, generation_lines, header, write_generation
from watcher.journal.errors import JournalLost
from watcher.journal.reading import Gap
from watcher.journal.store import RESCUED, Store

_UNREADABLE = (OSError, EOFError, zlib.error)


@dataclass(frozen=True)
class Repaired:
    """What was done."""

    taken_from: tuple[str, ...]  # the files whose records the new journal stands on, names in the state folder
    generation: int
    records: int
    seq: int
    suspects: tuple[str, ...]  # ids of jobs that became unconfirmed, since a record that they were sent may be lost
    set_aside: str = ""  # the name of a file that was no part of this journal
    behind: bool = False  # whether more of ours was known to stand somewhere than this journal knew of

    def as_json(self) -> dict[str, object]:
        """As `journal repair --json` prints it."""
        return {
            "taken_from": list(self.taken_from),
            "generation": self.generation,
            "records": self.records,
            "seq": self.seq,
            "suspects": list(self.suspects),
            "set_aside": self.set_aside or None,
            "behind": self.behind,
        }


def repair(state: Path, *, fs: FileSystem | None = None, clock: Clock | None = None) -> Repaired:
    """Write a new generation from every whole record that is left. Nothing is deleted.

    Jobs that waited before a gap become unconfirmed. Raises JournalLost if nothing is left, LockBusy, OSError.
    """
    fs, clock = fs or FileSystem(), clock or Clock()
    private_folder(state, fs=fs)
    store = Store(state, fs, clock, Ledger, writable=True)
    try:
        with store.lock.held():
            done = _repair(store, fs, utc_text(clock.now()))
        store.pack()
        return done
    finally:
        store.close()


def _repair(store: Store[Ledger], fs: FileSystem, time: str) -> Repaired:
    mark, path = store.highwater.read(), store.log.path
    heads = {file: _head(file) for file in _files(store.state)}
    journal = mark.journal if mark else next((str(h["journal"]) for h in reversed(heads.values()) if h), "")
    union = _Union(store)
    for file in _worth_reading(path, heads, journal):
        union.take(file)
    if not union.taken:
        raise JournalLost(
            f"nothing in {store.state} says what the journal held", hint="restore the folder from a backup"
        )
    behind = mark is not None and (mark.behind > 0 or mark.seq > union.last)
    union.end(mark.seq if mark and mark.journal == journal else 0, whole=path.name in union.taken)
    suspects = union.doubt(time)
    generation = 1 + max(head.get("generation", 0) for head in heads.values())
    aside = _put_aside(store, heads.get(path, {}), path.name in union.taken, journal, generation - 1)
    head = header(journal, generation, union.last, time)
    lines = generation_lines(head, union.ledger, union.verbatim, store.blobs)
    write_generation(path, lines, fs, lambda fd: None)
    store.highwater.write(journal, generation, union.last)
    with contextlib.suppress(FileNotFoundError):
        fs.unlink(store.state / RESCUED)
    return Repaired(tuple(union.taken), generation, union.records, union.last, suspects, aside, behind)


def _files(state: Path) -> list[Path]:
    """Everything that may hold records, oldest first."""
    return [*archive.files(state), *(state / name for name in ("journal.jsonl", RESCUED) if (state / name).exists())]


def _head(path: Path) -> dict[str, Any]:
    with contextlib.suppress(*_UNREADABLE):
        first = next(archive.read_records(path), {})
        return first if first.get("type") == "file" else {}
    return {}


def _worth_reading(path: Path, heads: Mapping[Path, Mapping[str, Any]], journal: str) -> Iterator[Path]:
    """The present file if it begins as it should, else all earlier ones and what is left of it; then the rescued."""
    ours = {file for file, head in heads.items() if not head or head["journal"] == journal}
    sound = path in ours and bool(heads[path])
    for file in heads:
        if file in ours and (file in (path, path.parent / RESCUED) or not sound):
            yield file


def _put_aside(store: Store[Ledger], head: Mapping[str, Any], used: bool, journal: str, generation: int) -> str:
    """Keep the present file: in the archive, or under another name if it is no part of this journal."""
    path = store.log.path
    if not exists(path, store.fs):
        return ""
    if used or head.get("journal") == journal:
        archive.keep(path, generation, store.fs)
        return ""
    target = path.with_name(f"journal.set-aside-{head.get('journal', generation)}.jsonl")
    store.fs.rename(path, target)
    sync_folder(path.parent, store.fs)
    return target.name


class _Union:
    """One ledger of several files, each record once."""

    def __init__(self, store: Store[Ledger]) -> None:
        self.ledger = Ledger(store.blobs.get)
        self.verbatim = Verbatim()
        self.taken: list[str] = []
        self.records = 0
        self.last = 0
        self._state = store.state
        self._gaps: list[Gap] = []

    def take(self, path: Path) -> None:
        """Fold what this file has and the others had not."""
        found: dict[int, tuple[dict[str, Any], bytes]] = {}
        through = 0
        with contextlib.suppress(*_UNREADABLE):
            for record, body in archive.read_texts(path):
                if record["type"] == "file":
                    through = max(through, int(record.get("through", 0)))
                elif self._missing(record["seq"]):
                    found.setdefault(record["seq"], (record, body))
        for seq in sorted(found):
            self._fold(*found[seq], through)
        if found:
            self.taken.append(str(path.relative_to(self._state)))
        self.last = max(self.last, through)

    def _missing(self, seq: int) -> bool:
        return seq > self.last or any(gap.after < seq < gap.before for gap in self._gaps)

    def _fold(self, record: dict[str, Any], body: bytes, through: int) -> None:
        self.ledger.fold([record], [body])
        self.verbatim.note(record, body, set())
        self.records += 1
        known = max(self.last, through)
        if record["seq"] > known + 1:
            self._gaps.append(Gap(known, record["seq"]))
        self.last = max(self.last, record["seq"])

    def end(self, seq: int, whole: bool) -> None:
        """Note what is missing behind the last record: up to `seq`, or nobody knows how much."""
        if seq > self.last or not whole:
            self._gaps.append(Gap(self.last, max(seq, self.last) + 1))
            self.last = max(seq, self.last)

    def doubt(self, time: str) -> tuple[str, ...]:
        """Make unconfirmed what a gap may hide the sending of."""
        before = max((gap.before for gap in self._gaps), default=0)
        jobs = self.ledger.waiting_before(before)
        for seq, job in enumerate(jobs, self.last + 1):
            self.ledger.apply({"v": VERSION, "seq": seq, "time": time, "type": "job"} | doubted(job))
        self.last += len(jobs)
        return tuple(job.job for job in jobs)
