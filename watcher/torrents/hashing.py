"""Reads content and hashes its pieces, on all cores, at idle I/O priority. Knows bytes and files, not torrents.

hashlib and preadv both let other threads run, so two threads reach what a program in C does, and the rest of the
process stays awake. No mmap: a file truncated meanwhile would kill the process with SIGBUS.
"""

from __future__ import annotations

import bisect
import ctypes
import errno
import functools
import hashlib
import itertools
import os
import platform
import queue
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from trackers.content import File
from watcher.errors import SeedpostError

READ = 256 * 1024  # bytes a read: stays in the core's own cache
BATCH = 4 * 1024 * 1024  # bytes a thread takes at a time, at least one piece
MOST_THREADS = 16
PATIENCE = 0.001  # seconds: longer than opening and reading the small files of one read takes

# What a failing disk, or a mount that went away for a while, answers; of a file itself none of these says anything.
AWAY = frozenset(
    {errno.EIO, errno.ETIMEDOUT, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ECONNABORTED}
    | {errno.EREMOTEIO, errno.ENODEV, errno.ENXIO, errno.ENOMEM, errno.EAGAIN, errno.EBUSY, errno.ENOLINK}
)

Signature = tuple[tuple[int, ...], ...]  # of each file, in order: device, inode, size, mtime_ns, ctime_ns


class ContentChanged(SeedpostError):
    """A file is not, or is no longer, as it was when the content was looked at. What was hashed is of no use."""


class ContentUnreadable(SeedpostError):
    """A file can't be read, and looking again at once would not help."""


class ContentAway(ContentUnreadable):
    """The disk or the mount under a file fails: a later look may find it whole."""


class OutOfFiles(SeedpostError):
    """No more files can be opened, by this process or on this machine: no fault of what was to be read."""


class HashingStopped(SeedpostError):
    """The caller's `stop` was set."""


def signature(root: Path, files: Sequence[File], single: bool) -> Signature:
    """What tells whether any file was touched since: one stat a file. Changes with every write, retagging or new link.

    Raises `ContentChanged` if a file is away or has another size than `files` says, `ContentUnreadable` if it is no
    file.
    """
    stamps = []
    for name, file in zip(_names(root, files, single), files, strict=True):
        try:
            found = os.stat(name)  # noqa: PTH116 - 5,000 small files: making a Path takes longer than asking
        except OSError as error:
            raise unreadable(error, file.path) from error
        if not stat.S_ISREG(found.st_mode):
            raise ContentUnreadable(f"{file.path!r} is not a regular file")
        if found.st_size != file.size:
            raise ContentChanged(f"{file.path!r} has {found.st_size} bytes, not {file.size}", hint=_LATER)
        stamps.append((found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))
    return tuple(stamps)


def piece_hashes(
    root: Path,
    files: Sequence[File],
    single: bool,
    piece_length: int,
    *,
    since: Signature | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[int], None] | None = None,
    threads: int | None = None,
) -> bytes:
    """The SHA-1 of every piece of `files`, one after the other as they stand, 20 bytes each. As `hashes_by_length`."""
    one = (piece_length,)
    found = hashes_by_length(root, files, single, one, since=since, stop=stop, progress=progress, threads=threads)
    return found[piece_length]


def hashes_by_length(
    root: Path,
    files: Sequence[File],
    single: bool,
    lengths: Iterable[int],
    *,
    since: Signature | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[int], None] | None = None,
    threads: int | None = None,
) -> dict[int, bytes]:
    """The piece hashes for several piece lengths (powers of two) by one reading: sites differ in what they want.

    `since`: how the files were, if the caller looked already. `progress` is called on this thread with the bytes done
    so far. `threads`: all cores unless given. Raises `HashingStopped`, `ContentChanged` (also when a file was touched
    meanwhile) or `ContentUnreadable`.
    """
    before = since or signature(root, files, single)
    wanted = sorted(set(lengths))
    work = _Work(_names(root, files, single), files, wanted, stop or threading.Event())
    count = min(threads or min(len(os.sched_getaffinity(0)), MOST_THREADS), work.batches)
    team = [threading.Thread(target=work.run, name=f"hash-{n}", daemon=True) for n in range(count)]
    for one in team:
        one.start()
    try:
        pieces = _collect(work, progress)
    finally:
        work.over.set()
        for one in team:
            one.join()
    if signature(root, files, single) != before:
        raise ContentChanged(f"files of {root.name!r} were changed while they were hashed", hint=_LATER)
    return dict(zip(wanted, pieces, strict=True))


def some_hashes(
    root: Path,
    files: Sequence[File],
    single: bool,
    piece_length: int,
    which: Iterable[int],
    *,
    stop: threading.Event | None = None,
) -> Iterator[tuple[int, bytes]]:
    """The number and hash of single pieces, read one by one as they are asked for. Raises as `hashes_by_length`; that
    no file was touched meanwhile is for the caller to ask."""
    reader = _Reader(_Work(_names(root, files, single), files, [piece_length], stop or threading.Event()))
    try:
        for piece in which:
            start = piece * piece_length
            yield piece, reader.digests(start, min(start + piece_length, reader.work.size))[0]
    finally:
        reader.close()


_LATER = "wait until nothing writes to the content; it is looked at again by itself"


def _names(root: Path, files: Sequence[File], single: bool) -> list[str]:
    if single:
        return [str(root)]
    base = f"{root}/"
    return [base + file.path for file in files]


def unreadable(error: OSError, path: str) -> SeedpostError:
    """What it means that the file at `path` in the content can't be read."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return ContentChanged(f"{path!r} is no longer there", hint=_LATER)
    why = f"{path!r} can't be read: {error.strerror}"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return OutOfFiles(why, hint="raise the limit (LimitNOFILE=, ulimit -n)")
    if error.errno in AWAY:
        return ContentAway(why, hint="look at the disk or the mount that it is on")
    return ContentUnreadable(why, hint="mend the file or its permissions")


def read_beside(root: Path, path: str) -> bytes:
    """A small file of the content, whole. Raises as `signature` does."""
    try:
        return (root / path).read_bytes()
    except OSError as error:
        raise unreadable(error, path) from error


def _collect(work: _Work, progress: Callable[[int], None] | None) -> list[bytes]:
    """Waits for every batch, in whatever order they come. The hashes for each length."""
    parts: list[list[bytes]] = [[b""] * work.batches for _ in work.lengths]
    done = 0
    for _ in range(work.batches):
        batch, digests, size = work.results.get()
        if isinstance(digests, BaseException):
            raise digests
        for part, found in zip(parts, digests, strict=True):
            part[batch] = found
        done += size
        if progress is not None:
            progress(done)
    return [b"".join(part) for part in parts]


class _Work:
    """What the threads share: the files as one stream, and the next batch of pieces to take."""

    def __init__(self, names: list[str], files: Sequence[File], lengths: Sequence[int], stop: threading.Event) -> None:
        self.names, self.files = names, files
        self.ends = list(itertools.accumulate(file.size for file in files))
        self.size = self.ends[-1] if self.ends else 0
        self.lengths = lengths  # of pieces, powers of two, ascending
        self.batch = max(1, BATCH // lengths[-1]) * lengths[-1]  # bytes
        self.batches = -(-self.size // self.batch)
        self.stop, self.over = stop, threading.Event()
        self.small = threading.Lock()
        self.next = itertools.count()
        self.results: queue.SimpleQueue[tuple[int, list[bytes] | BaseException, int]] = queue.SimpleQueue()

    def run(self) -> None:
        """One thread's life."""
        be_idle()
        reader = _Reader(self)
        try:
            for batch in self.next:
                if batch >= self.batches or self.over.is_set():
                    return
                start = batch * self.batch
                end = min(start + self.batch, self.size)
                self.results.put((batch, reader.digests(start, end), end - start))
        except Exception as error:  # noqa: BLE001 - carried to the caller's thread, which raises it
            self.results.put((0, error, 0))
        finally:
            reader.close()


_sha1 = functools.partial(hashlib.sha1, usedforsecurity=False)


class _Reader:
    """One thread's hands: the file it has open and its buffer."""

    def __init__(self, work: _Work) -> None:
        self.work = work
        self.buffer = memoryview(bytearray(READ))
        self.place = -1  # of the open file
        self.fd = -1

    def digests(self, start: int, end: int) -> list[bytes]:
        """For each length the hashes of the pieces between two bytes of the stream; pieces of all of them start at
        `start`, and end at `end`."""
        lengths = self.work.lengths
        parts: list[list[bytes]] = [[] for _ in lengths]
        running = [_sha1() for _ in lengths]
        step = min(READ, lengths[0])
        for at in range(start, end, step):
            until = min(at + step, end)
            data = self.read(at, until)
            for place, length in enumerate(lengths):
                running[place].update(data)
                if until == end or not until % length:
                    parts[place].append(running[place].digest())
                    running[place] = _sha1()
        return [b"".join(part) for part in parts]

    def read(self, start: int, end: int) -> memoryview:
        """The bytes of the stream between two places, at most `READ`; good until the next call."""
        work = self.work
        place = bisect.bisect_right(work.ends, start)
        if end <= work.ends[place]:
            self.fill(place, start, end - start, 0)
            return self.buffer[: end - start]
        # Many small files: threads that open and close at the same time only hand the interpreter's lock to and fro.
        # But one that the system has put aside meanwhile is not waited for.
        alone = work.small.acquire(timeout=PATIENCE)
        try:
            at = start
            while at < end:
                part = min(end, work.ends[place]) - at
                if part:  # files of no bytes are passed over
                    self.fill(place, at, part, at - start)
                at += part
                place += 1
        finally:
            if alone:
                work.small.release()
        return self.buffer[: end - start]

    def fill(self, place: int, at: int, size: int, into: int) -> None:
        """Read `size` bytes of one file, those that stand at `at` of the stream."""
        work = self.work
        if work.stop.is_set() or work.over.is_set():
            raise HashingStopped("hashing was stopped")
        file = work.files[place]
        offset = at - (work.ends[place] - file.size)
        try:
            if place != self.place:
                self.turn_to(place)
            while size:
                got = os.preadv(self.fd, [self.buffer[into : into + size]], offset)
                if got == 0:
                    raise ContentChanged(f"{file.path!r} became shorter", hint=_LATER)
                size, offset, into = size - got, offset + got, into + got
        except OSError as error:
            raise unreadable(error, file.path) from error

    def turn_to(self, place: int) -> None:
        """Open another file; one that was put in its place is found by the last look at the signature."""
        self.close()
        self.fd = os.open(self.work.names[place], os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        self.place = place

    def close(self) -> None:
        """Let go of the open file."""
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = self.place = -1


_IDLE = 3 << 13  # IOPRIO_CLASS_IDLE
_CALLS = {"x86_64": 251, "aarch64": 30, "i686": 289, "armv7l": 314, "riscv64": 30, "ppc64le": 273}


def be_idle(pid: int = 0) -> bool:
    """Put this thread, or another process, behind everybody else at the disk. Returns whether the system could."""
    call = _CALLS.get(platform.machine())
    if call is None:
        return False
    process = 1
    return bool(ctypes.CDLL(None, use_errno=True).syscall(call, process, pid, _IDLE) == 0)
