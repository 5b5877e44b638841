"""What state a journal is in, for a person who asks. Reads without a lock; writes nothing."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trackers.clock import Clock
from watcher.durable import FileSystem
from watcher.errors import NotFound, StateInvalid
from watcher.jobs import Ledger
from watcher.journal import archive
from watcher.journal.blobs import Blobs, reference
from watcher.journal.errors import BlobLost
from watcher.journal.reading import Damage, Gap
from watcher.journal.store import Store


@dataclass(frozen=True)
class Report:
    """What `journal verify` found. `ok` only if nothing at all is amiss."""

    path: str
    journal: str = ""  # its id
    generation: int = 0
    records: int = 0
    lines: int = 0
    seq: int = 0  # of the last record
    torn: int = 0  # bytes behind the last whole line
    damage: tuple[Damage, ...] = ()
    gaps: tuple[Gap, ...] = ()
    problems: tuple[str, ...] = ()
    blobs: tuple[str, ...] = ()  # what is wrong with those that records name
    archive: tuple[str, ...] = ()  # what is wrong with earlier generations
    behind: bool = False
    needs_repair: bool = False
    error: str = ""  # why it can't be opened at all

    @property
    def ok(self) -> bool:
        """Whether there is nothing to say. A torn tail is no fault: nobody was told that it was written."""
        damaged = [one for one in self.damage if one.why != "torn"]
        return not (self.error or damaged or self.gaps or self.problems or self.blobs or self.archive or self.behind)

    def as_json(self) -> dict[str, object]:
        """As `journal verify --json` prints it."""
        return {
            "ok": self.ok,
            "path": self.path,
            "journal": self.journal,
            "generation": self.generation,
            "records": self.records,
            "lines": self.lines,
            "seq": self.seq,
            "torn_bytes": self.torn,
            "damaged": [
                {"line": one.line, "offset": one.offset, "length": len(one.data), "why": one.why} for one in self.damage
            ],
            "missing": [{"from": gap.after + 1, "to": gap.before - 1} for gap in self.gaps],
            "problems": list(self.problems),
            "blobs": list(self.blobs),
            "archive": list(self.archive),
            "behind": self.behind,
            "needs_repair": self.needs_repair,
            "error": self.error or None,
        }


def verify(state: Path, *, fs: FileSystem | None = None) -> Report:
    """Read everything and say what is amiss. Raises NotFound where there never was a journal, NewerJournal."""
    fs = fs or FileSystem()
    store = Store(state, fs, Clock(), Ledger, writable=False)
    problems: tuple[str, ...] = ()
    error = ""
    try:
        ledger = store.open_to_read()
        problems = tuple(ledger.problems)
    except NotFound:
        raise
    except StateInvalid as found:
        error = str(found)
    try:
        return _report(store, problems, error, fs)
    finally:
        store.close()


def _report(store: Store[Ledger], problems: tuple[str, ...], error: str, fs: FileSystem) -> Report:
    scan, head = store.log.scan, store.header
    return Report(
        path=str(store.log.path),
        journal=str(head.get("journal", "")),
        generation=head.get("generation", 0),
        records=scan.records,
        lines=scan.lines,
        seq=scan.last,
        torn=store.log.size() - scan.offset if store.log.fd >= 0 else 0,
        damage=tuple(scan.damage),
        gaps=tuple(scan.gaps),
        problems=(*scan.problems, *problems),
        blobs=tuple(_blob_faults(store.log.path, store.blobs)),
        archive=tuple(_archive_faults(store.state)),
        behind=store.behind > 0,
        needs_repair=scan.needs_repair or store.behind > 0 or bool(error),
        error=error,
    )


def _blob_faults(path: Path, blobs: Blobs) -> Iterator[str]:
    if not blobs.folder.exists() or not path.exists():
        return
    names = {name for record in archive.read_records(path) for name in map(reference, record.values()) if name}
    for name in sorted(names):
        try:
            blobs.read(name)
        except BlobLost as error:
            yield str(error)


def _archive_faults(state: Path) -> Iterator[str]:
    for path in archive.files(state):
        try:
            found = sum(1 for _ in archive.read_records(path))
        except (OSError, EOFError, zlib.error) as error:
            yield f"{path} can't be read: {error}"
        else:
            if not found:
                yield f"{path} holds no record"
