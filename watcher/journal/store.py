"""The journal's files in the state folder: finding, making, comparing and replacing them. Knows no moves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from trackers.clock import Clock, utc_text
from watcher.durable import FileSystem, Lock, exists, flush, on_network, private_folder
from watcher.errors import NotFound, StateInvalid
from watcher.jobs import Ledger
from watcher.jobs.ledger import Load
from watcher.jobs.records import encode
from watcher.journal import archive, quarantine
from watcher.journal.blobs import Blobs
from watcher.journal.compaction import Verbatim, agrees, generation_lines, header, new_id, write_generation
from watcher.journal.errors import DiskFull, JournalLost
from watcher.journal.log import REPAIR, Log
from watcher.journal.marks import Highwater, Mark, Reserve
from watcher.journal.reading import Damage, Disorder, Gap, Scan

NETWORK_ALLOWED = "SEEDPOST_NETWORK_STATE"  # in the environment: 1 takes a state folder on NFS and its like
_STALE = 24 * 3600.0  # seconds after which a half-written file is what a crash left
RESCUED = "journal.rescued"  # what a process knew when it found the file lost
_RUN = "`seedpost run` makes it; or name another folder with --state"


class Fold(Protocol):
    """What records add up to: the ledger, or as much of it as somebody wants to look at."""

    def fold(self, records: Iterable[Mapping[str, Any]], bodies: Iterable[bytes], /) -> None:
        """Fold in records in order, each with its JSON text as it stands in the file, up to `crc`."""


Folding = TypeVar("Folding", bound=Fold)


class Store(Generic[Folding]):
    """A state folder's journal: the file and everything that stands beside it. `new` makes an empty fold."""

    def __init__(
        self, state: Path, fs: FileSystem, clock: Clock, new: Callable[[Load], Folding], *, writable: bool
    ) -> None:
        self.state = state
        self.fs = fs
        self.clock = clock
        self._new = new
        self.behind = 0  # records up to this seq were lost with an older copy
        self.blobs = Blobs(state / "blobs", fs)
        self.log = Log(state / "journal.jsonl", fs, flags=os.O_RDWR | os.O_APPEND if writable else os.O_RDONLY)
        self.lock = Lock(state / "journal.lock", fs=fs, clock=clock)
        self.highwater = Highwater(state / "highwater", fs)
        self.reserve = Reserve(state / "reserve", fs)

    @property
    def header(self) -> Mapping[str, Any]:
        """The first record of the present file."""
        return self.log.scan.header or {}

    # -- opening

    def open_to_write(self, create: bool) -> Folding:
        """Find or make the files, and fold the journal. Raises NotFound, StateInvalid, LockBusy."""
        private_folder(self.state, fs=self.fs)
        if os.environ.get(NETWORK_ALLOWED) != "1" and on_network(self.state, self.fs):
            raise StateInvalid(
                f"{self.state} is on a network file system ({self.fs.kind(self.state)}), where locks may not hold",
                hint=f"name a folder on a local disk with --state; {NETWORK_ALLOWED}=1 if this machine alone uses it",
            )
        with self.lock.held() as lock:
            self._find(create, lock)
            mark, end = self.highwater.read(), self.log.size()
        fold = self._load(end)
        self._compare(mark, end)
        self.note(self.log.scan.damage)
        self.mark()
        self.reserve.keep()
        return fold

    def open_to_read(self) -> Folding:
        """Fold the journal without a lock and without writing. Raises NotFound, StateInvalid."""
        mark = self.highwater.read()
        try:
            self.log.open()
        except FileNotFoundError as error:
            self._never_was(error)
            raise NotFound(f"there is no journal in {self.state}", hint=_RUN) from error
        end = self.log.size()
        fold = self._load(end)
        self._compare(mark, end)
        return fold

    def _find(self, create: bool, lock: int) -> None:
        try:
            self.log.open()
        except FileNotFoundError as error:
            self._never_was(error)
            if not create:
                raise NotFound(f"there is no journal in {self.state}", hint=_RUN) from error
            self.create(header(new_id(), 1, 0, utc_text(self.clock.now())))
        if not self.fs.fstat(lock).st_size:  # from now on it says that there is a journal
            self.fs.overwrite(lock, b"there is a journal here\n", 0)
            flush(lock, self.fs)

    def _never_was(self, error: OSError) -> None:
        """Raise JournalLost if anything says that there was a journal here."""
        lock = self.lock.path
        locked = exists(lock, self.fs) and self.fs.stat(lock).st_size > 0
        if locked or archive.files(self.state) or exists(self.highwater.path, self.fs):
            raise JournalLost(f"{self.log.path} is missing, and there was one", hint=REPAIR) from error

    def create(self, head: Mapping[str, Any]) -> None:
        """Make a journal of nothing but its first record."""
        path = self.log.path
        write_generation(path, iter([encode(head)]), self.fs, lambda fd: None)
        self.log.open()

    def _load(self, end: int) -> Folding:
        fold = self._fold(self.log, end)
        self.log.checked()
        return fold

    def _fold(self, log: Log, end: int) -> Folding:
        fold = self._new(self.blobs.get)
        try:
            for batch in log.first(end):
                fold.fold(*batch)
        except Disorder:
            fold = self._new(self.blobs.get)
            for batch in log.sorted(end):
                fold.fold(*batch)
        return fold

    def fold_anew(self) -> Folding:
        """The fold of the open file as far as it was read. Its scan stays as it is."""
        scan, self.log.scan, self.log.skipped = self.log.scan, Scan(), False
        try:
            return self._fold(self.log, scan.offset)
        finally:
            self.log.scan = scan

    def _compare(self, mark: Mark | None, end: int) -> None:
        """Hold what was found against how far the journal had come."""
        scan = self.log.scan
        if mark is None:
            return
        if mark.journal != self.header["journal"]:
            raise JournalLost(f"{self.log.path} is not the journal that was here", hint=REPAIR)
        self.behind = mark.behind
        if mark.seq > scan.last:
            if mark.seq - scan.last > scan.tail_damage + (
                end > scan.offset
            ):  # more than the damaged lines can have been
                self.behind = mark.seq
            scan.gaps.append(Gap(scan.last, mark.seq + 1))
            scan.last = mark.seq

    @property
    def trouble(self) -> str:
        """Why nothing may be sent before a person has repaired it, beginning with the code; "" if all is well."""
        if self.behind:
            why = "journal-behind: this is an older copy of the journal, or there is a second state folder"
        elif self.log.scan.needs_repair:
            why = "journal-damaged: too much of the journal is damaged"
        else:
            return ""
        return f"{why}; stop seedpost, then: seedpost journal repair"

    # -- beside the file

    def mark(self) -> None:
        """Note how far the journal has come."""
        scan = self.log.scan
        head = scan.header or {}
        self.highwater.write(head["journal"], head["generation"], scan.last, self.behind)

    def note(self, damage: Sequence[Damage]) -> None:
        """Copy damaged lines to `journal.damaged`, each once."""
        if damage:
            quarantine.keep(self.state / "journal.damaged", self.header, damage, self.fs, self.clock)

    def close(self) -> None:
        """Let go of all files."""
        self.lock.close()
        self.log.close()
        self.highwater.close()

    # -- a new file

    def rewrite(self, ledger: Ledger) -> None:
        """Put a new generation that folds to `ledger` in the file's place, the lock held. Raises OSError, DiskFull."""
        old, path = self.log.scan, self.log.path
        if self.fs.free(self.state) < 2 * old.base + self.reserve.size:
            raise DiskFull(f"{self.state} has no room for a second journal", hint="free some space")
        verbatim = Verbatim.of(self.log, self.fs, ledger)
        head = header(self.header["journal"], self.header["generation"] + 1, old.last, utc_text(self.clock.now()))
        read: list[Scan] = []

        def agree(fd: int) -> None:
            read.append(agrees(fd, self.fs, ledger, verbatim))
            archive.keep(path, self.header["generation"], self.fs)

        write_generation(path, generation_lines(head, ledger, verbatim, self.blobs), self.fs, agree)
        self.log.open()
        self.log.scan, self.log.seen = read[0], read[0].offset
        self.mark()

    def pack(self) -> None:
        """Gzip the generations that were archived as they were, and sweep. Wants no lock. Raises OSError."""
        archive.pack(self.log.path, self.fs)
        for folder in (self.state, self.blobs.folder, self.state / "torrents"):
            for path in folder.glob("*.new"):
                if self.clock.now() - self.fs.stat(path).st_mtime > _STALE:
                    self.fs.unlink(path)

    def keep_memory(self, ledger: Ledger) -> None:
        """The file was lost under us: write what we know of it beside it, for `journal repair`."""
        head = header(
            self.header["journal"], self.header["generation"] + 1, self.log.scan.last, utc_text(self.clock.now())
        )
        lines = generation_lines(head, ledger, Verbatim(), self.blobs)
        write_generation(self.state / RESCUED, lines, self.fs, lambda fd: None)
