"""Reading a journal file: whole records in order, what is damaged, what is missing. Never writes; knows no states."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from watcher.durable import FileSystem
from watcher.jobs.records import READER, VERSION, decode, decode_all, salvage
from watcher.journal.errors import NewerJournal

Record = dict[str, Any]
One = tuple[Record, bytes]
Batch = tuple[list[Record], list[bytes]]  # records, and the text of each up to `crc`
CHUNK = 32 * 1024  # some hundred lines: parsed together they stay in the processor's cache
_FEW, _MANY = 1, 20  # lost records that are no reason to stop, and that always are


@dataclass(frozen=True)
class Damage:
    """A line that is not a record."""

    line: int  # counted from 1
    offset: int  # bytes
    data: bytes  # without the newline
    why: str  # damaged | torn

    def __str__(self) -> str:
        return f"line {self.line}, offset {self.offset}: {len(self.data)} bytes are {self.why}"


@dataclass(frozen=True)
class Gap:
    """Records that ought to be there: after `after`, before `before`."""

    after: int
    before: int

    @property
    def size(self) -> int:
        """How many."""
        return self.before - self.after - 1


class Disorder(Exception):
    """A record stands after one with a higher seq, as hand edits leave it: read all and sort."""


@dataclass
class Scan:
    """How far a file was read, and what was found. `read` goes on from there."""

    header: Mapping[str, Any] | None = None
    through: int = 0
    last: int = 0  # seq
    offset: int = 0  # bytes consumed
    lines: int = 0  # with a newline, consumed
    records: int = 0
    ended: bool = True  # what was consumed ends with a newline
    base: int = 0  # bytes that the last compaction left, about
    tail_damage: int = 0  # lines since the last whole record
    gaps: list[Gap] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # records out of order
    strict: bool = True  # whether a record out of order ends the reading, or is noted and passed over

    @property
    def lost(self) -> int:
        """Records that are missing and should not be."""
        return sum(gap.size for gap in self.gaps)

    @property
    def needs_repair(self) -> bool:
        """Whether so much is missing that a person should look: over 20 records, or over 1 % (and more than one)."""
        return self.lost > _MANY or (self.lost > _FEW and self.lost * 100 > self.lost + self.records)

    def read(self, fd: int, end: int, fs: FileSystem) -> Iterator[Batch]:
        """The records up to byte `end`, in batches. What follows the last newline is consumed only if it is whole.

        Raises Disorder, and NewerJournal on a record of a later version.
        """
        for lines, tail in _blocks(fd, self.offset, end, fs):
            if lines:
                yield self._batch(lines)
            elif whole := _whole_part(tail):
                yield self._batch([whole], whole=False)
        self.last = max(self.last, self.through)  # the last records may be those that compaction dropped

    def _batch(self, lines: list[bytes], whole: bool = True) -> Batch:
        batch = decode_all(lines)
        if batch is None or not self._regular(batch[0]):
            batch = unzipped(self._ordered(self._one_by_one(lines)))
        self.offset += sum(map(len, lines)) + (len(lines) if whole else 0)
        self.lines += len(lines) if whole else 0
        self.records += len(batch[0])
        self.ended = whole
        if not self.base and self.last > self.through > 0:
            self.base = self.offset
        return batch

    def _regular(self, records: list[Any]) -> bool:
        """Whether these follow on the last one without a gap, and are of our version. True after the header only."""
        try:
            seqs = [record["seq"] for record in records]
            versions = {record["v"] for record in records}
        except (KeyError, TypeError):
            return False
        after = self.last + 1
        if self.header is None or versions != {VERSION} or seqs != list(range(after, after + len(seqs))):
            return False
        self._torn()
        self.last = seqs[-1]
        self.tail_damage = 0
        return True

    def _one_by_one(self, lines: list[bytes]) -> Iterator[One]:
        offset = self.offset
        for number, line in enumerate(lines, self.lines + 1):
            found = decode(line) if line else None
            if found is not None:
                yield found
            elif line:
                yield from self._salvaged(number, offset, line)
            offset += len(line) + 1

    def _salvaged(self, number: int, offset: int, line: bytes) -> Iterator[One]:
        parts, other = salvage(line)
        if other:
            self.damage.append(Damage(number, offset, line, "damaged"))
            self.tail_damage += 1
        yield from filter(None, map(decode, parts))

    def _ordered(self, found: Iterable[One]) -> Iterator[One]:
        for record, body in found:
            self._understand(record)
            seq = record["seq"]
            if seq <= self.last:
                self._late(seq)
                continue
            known = max(self.last, self.through)
            if seq > known + 1:
                self.gaps.append(Gap(known, seq))
            else:
                self._torn()
            self.last = seq
            self.tail_damage = 0
            yield record, body

    def _torn(self) -> None:
        """No record is missing: what was damaged since the last one had never been acknowledged."""
        for place in range(len(self.damage) - self.tail_damage, len(self.damage)):
            self.damage[place] = dataclasses.replace(self.damage[place], why="torn")

    def _late(self, seq: int) -> None:
        if self.strict:
            raise Disorder
        self.problems.append(f"record {seq} stands behind record {self.last}")

    def _understand(self, record: Record) -> None:
        if record.get("v") != VERSION:
            raise NewerJournal(
                f"record {record['seq']} has version {record.get('v')}, this seedpost reads {VERSION}",
                hint="use the newer seedpost that wrote it",
            )
        if record["type"] == "file" and self.header is None:
            if record.get("reader", READER) > READER:
                raise NewerJournal(
                    f"the journal wants a reader of version {record['reader']}, this seedpost is {READER}",
                    hint="use the newer seedpost that wrote it",
                )
            self.header = record
            self.through = record.get("through", 0)


def lines_of(fd: int, end: int, fs: FileSystem) -> Iterator[bytes]:
    """The lines up to byte `end`, whole or not, without newlines."""
    for lines, tail in _blocks(fd, 0, end, fs):
        yield from lines
        if tail:
            yield tail


def _blocks(fd: int, start: int, end: int, fs: FileSystem) -> Iterator[tuple[list[bytes], bytes]]:
    """The lines from byte `start` to `end`, some at a time; last, alone, what stands behind the last newline."""
    pending: list[bytes] = []
    while start < end and (block := fs.read(fd, min(CHUNK, end - start), start)):
        start += len(block)
        pending.append(block)
        if b"\n" in block:
            *lines, rest = b"".join(pending).split(b"\n")
            pending = [rest]
            yield lines, b""
    yield [], b"".join(pending)


def _whole_part(tail: bytes) -> bytes:
    """What stands behind the last newline, up to the end of its last whole record: all but a newline was written."""
    parts = salvage(tail)[0] if tail else []
    return tail[: tail.rindex(parts[-1]) + len(parts[-1])] if parts else b""


def unzipped(found: Iterable[One]) -> Batch:
    """Records and texts apart."""
    both = list(found)
    return [record for record, _ in both], [body for _, body in both]


def sorted_scan(fd: int, end: int, fs: FileSystem) -> tuple[Scan, Iterator[Batch]]:
    """For a file in disorder: the same, its records in order of seq, each once; what was wrong is in `problems`."""
    scan, places = _places(fd, end, fs)
    kept: list[tuple[int, int, int]] = []
    for place in sorted(places):
        if kept and kept[-1][0] == place[0]:
            same = fs.read(fd, place[2], place[1]) == fs.read(fd, kept[-1][2], kept[-1][1])
            scan.problems.append(f"record {place[0]} stands there twice" + ("" if same else ", and differs"))
        else:
            kept.append(place)
    if [place[1] for place in kept] != sorted(place[1] for place in kept):
        scan.problems.append("records are not in order")
    return scan, _in_order(fd, fs, scan, kept)


def _in_order(fd: int, fs: FileSystem, scan: Scan, places: list[tuple[int, int, int]]) -> Iterator[Batch]:
    for start in range(0, len(places), 500):
        found = (decode(fs.read(fd, size, at)) for _, at, size in places[start : start + 500])
        batch = unzipped(scan._ordered(filter(None, found)))
        scan.records += len(batch[0])
        yield batch
    scan.last = max(scan.last, scan.through)


def _places(fd: int, end: int, fs: FileSystem) -> tuple[Scan, list[tuple[int, int, int]]]:
    """Where each whole record stands: (seq, offset, length). The scan has the damage and the place reached."""
    scan, places = Scan(), []
    for line in lines_of(fd, end, fs):
        places += [(seq, scan.offset + at, size) for seq, at, size in _parts(scan, line)]
        scan.offset += len(line) + 1
        scan.lines += 1
    if scan.offset > end:  # the last line has no newline
        scan.offset, scan.lines, scan.ended = end, scan.lines - 1, False
    return scan, places


def _parts(scan: Scan, line: bytes) -> Iterator[tuple[int, int, int]]:
    whole = decode(line) if line else None
    if whole is not None:
        yield whole[0]["seq"], 0, len(line)
    elif line:
        parts, other = salvage(line)
        if other:
            scan.damage.append(Damage(scan.lines + 1, scan.offset, line, "damaged"))
        for part in parts:
            found = decode(part)
            if found is not None:
                yield found[0]["seq"], line.index(part), len(part)
