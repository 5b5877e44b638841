"""The journal: any process appends, one fold of it all, on disk before `append` returns. Decides nothing about jobs."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from trackers.clock import Clock, utc_text
from watcher.durable import FileSystem, FlushFailed, append, exists
from watcher.errors import NotFound, SeedpostError
from watcher.jobs import Ledger, doubted
from watcher.jobs.records import VERSION, dumps
from watcher.journal.archive import history
from watcher.journal.blobs import reference
from watcher.journal.committing import Ticket, compose
from watcher.journal.errors import FULL, AppendRefused, DiskFull, JournalLost, NeedsRepair, refused, said, unconfirmed
from watcher.journal.log import REPAIR
from watcher.journal.reading import Damage, Gap, Record
from watcher.journal.store import Store
from watcher.journal.watch import watch

_ROOM = 8 << 20  # bytes that must be free before something is begun whose outcome must be written
_BUSY_LOOKS = 3  # looks in a row that found the lock taken, after which we read without it
_COMPACT_SIZE, _COMPACT_GROWTH = 16 << 20, 4


class Journal:
    """The single source of truth. Opened by `Journal.open`; threads may share one."""

    def __init__(self, store: Store[Ledger], ledger: Ledger, *, writable: bool) -> None:
        self.state = store.state
        self.ledger = ledger
        self.writable = writable
        self._store = store
        self._writing = threading.Lock()  # one thread at a time waits for, or has, the lock between processes
        self._turn = threading.RLock()  # one thread at a time at file and ledger; never held while waiting for others
        self._queue: deque[Ticket] = deque()
        self._fresh: list[Record] = []
        self._busy = 0
        self._unflushed = False  # a flush failed: nothing is appended before all is rewritten
        self._lost = False
        self._unwatch: Callable[[], None] | None = None

    @classmethod
    def open(
        cls,
        state: Path,
        *,
        fs: FileSystem | None = None,
        clock: Clock | None = None,
        create: bool = True,
        writable: bool = True,
    ) -> Journal:
        """Open the journal of a state folder and fold all of it.

        `writable=False` takes no lock and writes nothing. Raises NotFound, LockBusy, StateInvalid (JournalLost,
        NeedsRepair and NewerJournal are kinds of it).
        """
        fs = fs or FileSystem()
        if not exists(state, fs) and not (create and writable):
            raise NotFound(f"there is no state folder {state}", hint="`seedpost run` makes it; or name it with --state")
        store = Store(state, fs, clock or Clock(), Ledger, writable=writable)
        try:
            ledger = store.open_to_write(create) if writable else store.open_to_read()
        except OSError as error:
            store.close()
            raise refused(error, state) from error
        except BaseException:
            store.close()
            raise
        return cls(store, ledger, writable=writable)

    # -- what was found

    @property
    def damage(self) -> Sequence[Damage]:
        """Lines of the present file that are not records; each is copied to `journal.damaged` by whoever may write."""
        return tuple(self._store.log.scan.damage)

    @property
    def problems(self) -> Sequence[str]:
        """What a sound journal never holds, as text."""
        return (*self._store.log.scan.problems, *self.ledger.problems)

    @property
    def gaps(self) -> Sequence[Gap]:
        """Records that are missing and should not be."""
        return tuple(self._store.log.scan.gaps)

    @property
    def needs_repair(self) -> bool:
        """Whether so much is missing that the uploader stays stopped until `journal repair`."""
        return self._store.log.scan.needs_repair

    def suspects(self) -> list[dict[str, object]]:
        """Records to append at start: jobs last seen waiting before a gap, which may hide that they were sent."""
        before = max((gap.before for gap in self.gaps), default=0)
        return [{"type": "job"} | doubted(job) for job in self.ledger.waiting_before(before)]

    def room(self) -> bool:
        """Whether the disk has room enough to begin something whose outcome must be written. Renews the reserve."""
        enough = self._store.fs.free(self.state) >= _ROOM
        if enough and self.writable:
            self._store.reserve.keep()
        return enough

    # -- blobs

    def blob(self, value: object) -> dict[str, str]:
        """Store a value beside the journal, durably; what stands for it in a record. Raises AppendRefused."""
        try:
            return self._store.blobs.put(value)
        except OSError as error:
            raise refused(error, self._store.blobs.folder) from error

    def load(self, value: Any) -> Any:
        """The value of a reference that `blob` returned; a mapping with all its references resolved; anything else as
        it is. Raises BlobLost."""
        blobs = self._store.blobs
        if reference(value) is None and isinstance(value, Mapping):
            return {key: blobs.get(part) for key, part in value.items()}
        return blobs.get(value)

    def history_of(self, job: str) -> Iterator[Record]:
        """Every record of a job, the commands that name it and what came of them, archived ones included, in order."""
        asked = set[int]()
        for record in history(self.state):
            if job in (record.get("jobs") or ()):
                asked.add(record["seq"])
                yield record
            elif record.get("job") == job or record.get("of") in asked:
                yield record

    # -- appending

    def append(self, records: Sequence[Mapping[str, object]], *, outcome: bool = False) -> list[int]:
        """Write records, all or none; returns their seqs once they are on disk. Threads that wait share one flush.

        `outcome`: what came of a POST already sent; the reserve is given up for it. Raises ImpossibleMove,
        AppendRefused (DiskFull), LockBusy or StateInvalid with nothing written; Unknown if it may be on disk or not.
        """
        if not self.writable:
            raise AppendRefused(f"{self._store.log.path} was opened to read")
        if not records:
            return []
        ticket = Ticket(records, outcome)
        self._queue.append(ticket)
        with self._writing:
            if not ticket.done:  # nobody took it along while we waited
                self._commit()
        if ticket.error is not None:
            raise said(ticket.error, self._store.blobs.folder)
        return ticket.seqs

    def _commit(self) -> None:
        """Write what all threads want by now; those that still come are the next one's."""
        lock, tickets = self._store.lock, list[Ticket]()
        try:
            if not lock.take():
                lock.wait()
            try:
                tickets = self._queued()
                with self._turn:
                    self._catch_up()
                    if self._unflushed:
                        self._rewrite()
                    self._write(tickets)
            finally:
                lock.release()
        except (SeedpostError, OSError) as error:
            for ticket in tickets or self._queued():
                ticket.finish(said(error, self._store.log.path))
        except BaseException as error:
            for ticket in tickets or self._queued():
                ticket.finish(error)
            raise

    def _queued(self) -> list[Ticket]:
        tickets = []
        while self._queue:
            tickets.append(self._queue.popleft())
        return tickets

    def _write(self, tickets: list[Ticket]) -> None:
        accepted = self._composed(tickets)
        if not accepted:
            return
        log = self._store.log
        size = log.seen
        sealed = not log.scan.ended or log.scan.offset < size
        data = b"\n" if sealed else b""
        for ticket in accepted:
            data += ticket.data
        try:
            append(log.fd, data, size, self._store.fs)
        except FlushFailed as error:
            self._rescue(accepted, error)
        except OSError as error:
            if error.errno not in FULL or not self._outcomes_first(accepted):
                raise
        else:
            known = len(log.scan.damage)
            log.wrote(accepted[-1].seqs[-1], size, size + len(data), sealed=sealed)
            if len(log.scan.damage) > known:
                self._store.note(log.scan.damage[known:])
            for ticket in accepted:
                self._take_in(ticket.folded, ticket.bodies)
                ticket.error, ticket.done = None, True
            self._store.mark()

    def _composed(self, tickets: list[Ticket]) -> list[Ticket]:
        store = self._store
        now = utc_text(store.clock.now())
        accepted = compose(tickets, self.ledger, store.blobs, store.log.scan.last, now)
        if len(accepted) == len(tickets):
            return accepted
        if any(ticket.outcome and ticket.starved for ticket in tickets) and store.reserve.give_up():
            for ticket in tickets:  # there was no room for the blob of an outcome
                ticket.done = ticket.done and not (ticket.outcome and ticket.starved)
            return compose(self._outcomes(tickets), self.ledger, store.blobs, store.log.scan.last, now)
        return accepted

    def _outcomes(self, tickets: list[Ticket]) -> list[Ticket]:
        """Those for which the reserve was given up; the others are refused."""
        for ticket in tickets:
            if not ticket.outcome:
                ticket.finish(DiskFull(f"{self.state}: the disk is full; nothing was written", hint="free some space"))
        return [ticket for ticket in tickets if not ticket.done]

    def _outcomes_first(self, tickets: list[Ticket]) -> bool:
        """Give up the reserve for what must be written. False if nothing must, or nothing is left to give up."""
        if not any(ticket.outcome for ticket in tickets) or not self._store.reserve.give_up():
            return False
        self._write(self._outcomes(tickets))
        return True

    def _take_in(self, records: list[Record], bodies: list[bytes]) -> None:
        self.ledger.fold(records, bodies)
        self._fresh += records

    def _rescue(self, tickets: list[Ticket], cause: OSError) -> None:
        """A flush failed: what stands in the file is rewritten into a new one, and only that is believed."""
        self._unflushed, seen = True, False
        try:
            self._catch_up()  # folds what every reader of the file now sees
            seen = True
            if any(ticket.outcome for ticket in tickets):
                self._store.reserve.give_up()
            self._rewrite()
        except (SeedpostError, OSError) as error:
            error.__context__ = cause
            for ticket in tickets:
                ticket.finish(self._unknown(ticket, cause, seen))
            return
        for ticket in tickets:
            ticket.finish(None if self._stands(ticket) else self._unknown(ticket, cause, seen))

    def _stands(self, ticket: Ticket) -> bool:
        return ticket.seqs[-1] <= self._store.log.scan.last

    def _unknown(self, ticket: Ticket, cause: OSError, seen: bool) -> SeedpostError:
        absent = seen and ticket.seqs[0] > self._store.log.scan.last
        return (refused if absent else unconfirmed)(cause, self._store.log.path)

    # -- reading on

    def refresh(self) -> list[Record]:
        """Every record since the last `refresh`, anyone's, already folded. Raises JournalLost; NotNow if unreadable."""
        with self._turn:
            try:
                if not self.writable:
                    self._catch_up()
                else:
                    self._look()
            except OSError as error:
                raise refused(error, self._store.log.path) from error
            fresh, self._fresh = self._fresh, []
            return fresh

    def _look(self) -> None:
        """Read on under the lock, so that nothing is read that its writer takes back; or without, if it stays taken."""
        if not self._writing.acquire(blocking=False):  # a thread of ours waits for it: whoever has it may be stopped
            self._look_without()
            return
        try:
            if self._store.lock.take():
                self._busy = 0
                try:
                    self._catch_up()
                finally:
                    self._store.lock.release()
            else:
                self._look_without()
        except OSError:  # a file system that became read-only has no locks
            self._busy = _BUSY_LOOKS
            self._look_without()
        finally:
            self._writing.release()

    def _look_without(self) -> None:
        self._busy += 1
        if self._busy > _BUSY_LOOKS:
            self._catch_up()

    def _catch_up(self) -> None:
        if self._store.log.unchanged():
            return
        scan = self._store.log.scan
        known = len(scan.damage)
        try:
            for batch in self._store.log.catch_up():
                self._take_in(*batch)
            if self._store.log.skipped:
                self.ledger.become(self._store.fold_anew())
        except (JournalLost, NeedsRepair):
            self._remember()
            raise
        now = self._store.log.scan
        if self.writable and len(now.damage) > (known if now is scan else 0):
            self._store.note(now.damage)

    def _remember(self) -> None:
        if self.writable and not self._lost:
            self._lost = True
            with contextlib.suppress(SeedpostError, OSError):
                self._store.keep_memory(self.ledger)

    def watch(self, wake: threading.Event) -> bool:
        """Set `wake` whenever the journal changes. False where the system can't tell: look every two seconds then."""
        if self._unwatch is None:
            self._unwatch = watch(self._store.log.path, wake)
        return self._unwatch is not None

    def close(self) -> None:
        """End watching and let go of all files."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        with self._writing, self._turn:
            self._store.close()

    # -- upkeep

    @property
    def wants_compaction(self) -> bool:
        """Whether the file has grown far beyond what still counts in it."""
        scan = self._store.log.scan
        return scan.offset > max(_COMPACT_SIZE, _COMPACT_GROWTH * scan.base) and not self.trouble

    def compact(self) -> None:
        """Replace the file by one that says the same in fewer lines. Raises AppendRefused, LockBusy, StateInvalid.

        Whatever the old one said stays in `archive/`, which is packed after the lock is given back.
        """
        if self.needs_repair or self.behind:
            raise NeedsRepair(f"{self.state} wants a person's look before it is compacted", hint=REPAIR)
        with self._writing:
            try:
                with self._store.lock.held(), self._turn:
                    self._catch_up()
                    self._rewrite()
            except OSError as error:
                raise refused(error, self._store.log.path) from error
        with contextlib.suppress(OSError):  # a full disk: the generation stays as it is until the next time
            self._store.pack()

    def _rewrite(self) -> None:
        """A new file that says the same; jobs that a gap makes suspect are so for good, as it has no gap any more."""
        scan = self._store.log.scan
        for seq, record in enumerate(self.suspects(), scan.last + 1):
            now = utc_text(self._store.clock.now())
            full = {"v": VERSION, "seq": seq, "time": now, **record}
            self._take_in([full], [dumps(full)[:-1]])
            scan.last = seq
        if self.needs_repair:
            self._store.behind = scan.last
        self._store.rewrite(self.ledger)
        self._unflushed = False

    @property
    def behind(self) -> bool:
        """Whether there is more of ours than this journal knows: nothing is sent until `repair`."""
        return self._store.behind > 0

    def fall_behind(self) -> None:
        """Note, for good, that more stands somewhere than this journal knows of; `repair` takes it back."""
        with self._turn:
            self._store.behind = max(1, self._store.log.scan.last)
            self._store.mark()

    @property
    def trouble(self) -> str:
        """Why nothing may be sent before a person has repaired it, beginning with the code; "" if all is well."""
        return self._store.trouble
