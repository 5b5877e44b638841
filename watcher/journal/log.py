"""The journal's open file: follows it through growth and replacement, tells when it was cut short. Knows no states."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from watcher.durable import FileSystem
from watcher.journal.errors import JournalLost, NeedsRepair
from watcher.journal.reading import Batch, Damage, Disorder, Record, Scan, sorted_scan, unzipped

REPAIR = "stop seedpost, then: seedpost journal verify; seedpost journal repair"


class Log:
    """STATE/journal.jsonl as one process reads it. Whoever appends holds the lock and has caught up."""

    def __init__(self, path: Path, fs: FileSystem, *, flags: int) -> None:
        self.path = path
        self._name = str(path)  # as the system wants it at every look
        self.scan = Scan()
        self.seen = 0  # bytes of the file when we last caught up; under the lock, all there are
        self.skipped = False  # a whole generation came and went unseen: what is folded has to be folded anew
        self._fs = fs
        self._flags = flags | os.O_NOFOLLOW
        self._file = (-1, -1)  # device and inode of the open file
        self.fd = -1

    def open(self) -> None:
        """Open the file that is at the path now, in place of one that is open. Raises FileNotFoundError."""
        fd = self._fs.open(self.path, self._flags)
        self.close()
        found = self._fs.fstat(fd)
        self.fd, self._file = fd, (found.st_dev, found.st_ino)

    def close(self) -> None:
        """Let go of the file."""
        if self.fd >= 0:
            self._fs.close(self.fd)
            self.fd = -1

    def size(self) -> int:
        """Bytes of the open file."""
        return self._fs.fstat(self.fd).st_size

    def first(self, end: int) -> Iterator[Batch]:
        """Everything up to byte `end` of a file just opened. Raises Disorder in the midst: take `sorted` then."""
        self.scan = Scan()
        yield from self.scan.read(self.fd, end, self._fs)

    def sorted(self, end: int) -> Iterator[Batch]:
        """The same of a file whose records are not in order."""
        self.scan, batches = sorted_scan(self.fd, end, self._fs)
        yield from batches

    def checked(self) -> None:
        """Raise NeedsRepair unless the file begins as a journal does."""
        if self.scan.header is None:
            what = "is empty" if self.size() == 0 else "does not begin with a whole record"
            raise NeedsRepair(f"{self.path} {what}", hint=REPAIR)

    def unchanged(self) -> bool:
        """Whether the open file is the one at the path and all of it was read: the usual case, for the price of one
        call. If not, or if that can't be told, `catch_up` has to be asked."""
        try:
            there = self._fs.stat(self._name)
        except OSError:
            return False
        self.seen = there.st_size
        return self.seen == self.scan.offset and (there.st_dev, there.st_ino) == self._file

    def catch_up(self) -> Iterator[Batch]:
        """What was added since, here or in the file that replaced ours. Raises JournalLost."""
        try:
            there = self._fs.stat(self.path)
        except FileNotFoundError as error:
            raise JournalLost(f"{self.path} is gone", hint=REPAIR) from error
        here = self._fs.fstat(self.fd)
        if self._file != (there.st_dev, there.st_ino):
            yield from self._rest(here.st_size)
            yield from self._follow()
            here = self._fs.fstat(self.fd)
        self.seen = here.st_size
        if self.seen < self.scan.offset:
            raise JournalLost(f"{self.path} was cut short, to {self.seen} of {self.scan.offset} bytes", hint=REPAIR)
        if self.seen > self.scan.offset:
            yield from self._rest(self.seen)

    def wrote(self, last: int, before: int, end: int, *, sealed: bool) -> None:
        """Our records up to seq `last` stand there up to byte `end`; before it had `before`, and was sealed if need
        be."""
        scan = self.scan
        records = last - scan.last
        if before > scan.offset:
            torn = self._fs.read(self.fd, before - scan.offset, scan.offset)
            scan.damage.append(Damage(scan.lines + 1, scan.offset, torn, "torn"))
        scan.lines += records + sealed
        scan.records += records
        scan.last, scan.offset, scan.ended, scan.tail_damage = last, end, True, 0

    def _rest(self, end: int) -> Iterator[Batch]:
        self.scan.strict = False
        return self.scan.read(self.fd, end, self._fs)

    def _follow(self) -> Iterator[Batch]:
        """Go on in the file that is at the path now, after the last record we know."""
        other = Log(self.path, self._fs, flags=self._flags)
        other.open()
        try:
            news = other.after(self.scan)
            self.skipped = other.generation > self.generation + 1
            self.close()
            self.fd, self._file, self.scan, other.fd = other.fd, other._file, other.scan, -1
        finally:
            other.close()
        yield from news

    @property
    def generation(self) -> int:
        """Of the open file."""
        return int((self.scan.header or {}).get("generation", 0))

    def after(self, before: Scan) -> list[Batch]:
        """Read all of a file just opened, and return what `before` did not have. Raises JournalLost if it has less."""
        size = self.size()
        try:
            news = [_after(*batch, before.last) for batch in self.first(size)]
        except Disorder:
            news = [_after(*batch, before.last) for batch in self.sorted(size)]
        self.checked()
        old, new = before.header or {}, self.scan.header or {}
        if new.get("journal") != old.get("journal") or new.get("generation", 0) < old.get("generation", 0):
            raise JournalLost(f"{self.path} was replaced by another journal", hint=REPAIR)
        if self.scan.last < before.last:
            raise JournalLost(f"{self.path} was replaced by an older copy of itself", hint=REPAIR)
        return [batch for batch in news if batch[0]]


def _after(records: list[Record], bodies: list[bytes], seq: int) -> Batch:
    return unzipped(one for one in zip(records, bodies, strict=True) if one[0]["seq"] > seq)
