"""Locks between processes, on files that are never replaced."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from trackers.clock import Clock
from watcher.durable.files import FileSystem, on_network
from watcher.errors import AlreadyRunning, SeedpostError

LOCK_SECONDS = 10.0  # after this long the holder is named instead of waited for


class LockBusy(SeedpostError):
    """Another process has held the lock for longer than anyone should; nothing was written."""


class Lock:
    """An exclusive lock between processes, on a file that is never replaced. Threads of one process need their own."""

    def __init__(self, path: Path, *, fs: FileSystem, clock: Clock) -> None:
        self.path = path
        self._name = str(path)  # as the system wants it at every look
        self._fs = fs
        self._clock = clock
        self._fd = -1
        self._file = (-1, -1)

    @contextlib.contextmanager
    def held(self, seconds: float = LOCK_SECONDS) -> Iterator[int]:
        """Hold the lock; yields its descriptor. Raises LockBusy, as `wait` does."""
        self.wait(seconds)
        try:
            yield self._fd
        finally:
            self.release()

    def wait(self, seconds: float = LOCK_SECONDS) -> None:
        """Take the lock. Raises LockBusy, naming the holder, when `seconds` have passed."""
        if self.take():
            return
        deadline = self._clock.running() + seconds
        pause = 0.0005
        while not self.take():
            if self._clock.running() >= deadline:
                raise LockBusy(
                    f"{self.path} is held by {self.holder()}", hint="end or continue that process, then try again"
                )
            self._clock.wait(pause)
            pause = min(0.02, pause * 2)

    def take(self) -> bool:
        """Take the lock now, or return False. A lock file that was deleted underneath is made anew."""
        while True:
            if self._fd < 0:
                self._fd = self._fs.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
                found = self._fs.fstat(self._fd)
                self._file = found.st_dev, found.st_ino
            try:
                self._fs.lock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return self._gave_way()
            if self.intact():
                return True
            self.close()

    def _gave_way(self) -> Literal[False]:
        if not self.intact():
            self.close()  # its file is gone: whoever comes next locks the new one, and so shall we
        return False

    def intact(self) -> bool:
        """Whether the open file is still the one at the path."""
        try:
            there = self._fs.stat(self._name)
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == self._file

    def release(self) -> None:
        """Let others have it. The descriptor stays open."""
        if self._fd >= 0:
            self._fs.lock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Release the lock and the descriptor."""
        if self._fd >= 0:
            self._fs.close(self._fd)
            self._fd = -1

    def holder(self) -> str:
        """Who holds it, for a message: `process 4711, which is stopped`."""
        pid = _locker(self._fs.stat(self.path).st_ino)
        if pid is None:
            return "another process"
        return f"process {pid}, which is stopped" if _stopped(pid) else f"process {pid}"


def _locker(inode: int) -> int | None:
    with contextlib.suppress(OSError):
        for line in Path("/proc/locks").read_text().splitlines():
            parts = line.split()
            if "FLOCK" in parts and "->" not in parts and parts[5].endswith(f":{inode}"):
                return int(parts[4])
    return None


def _stopped(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] in ("T", "t")


class DaemonLock(Lock):
    """The lock of the one process that runs a state folder's loop, held for as long as it does."""

    def acquire(self) -> None:
        """Take it or raise AlreadyRunning, naming the process that has it. Never waits."""
        taken = self.take()
        holder = self._written()
        if not taken:
            self.close()
            raise AlreadyRunning(
                f"already running as process {holder.get('pid', '?')}", hint="`seedpost status` shows it"
            )
        if holder and holder.get("boot") != _boot() and on_network(self.path, self._fs):
            self.close()
            raise AlreadyRunning(
                f"already running on {holder.get('host')} as process {holder.get('pid')}",
                hint=f"if that machine is surely off, delete {self.path}",
            )
        note = {"pid": os.getpid(), "host": os.uname().nodename, "boot": _boot()}
        self._write(json.dumps(note).encode() + b"\n")

    def let_go(self) -> None:
        """Say in the file that nobody has it, and release it."""
        if self._fd >= 0:
            self._write(b"")
            self.close()

    def _write(self, note: bytes) -> None:
        with contextlib.suppress(OSError):  # a full disk takes no note; the lock itself holds
            self._fs.truncate(self._fd, 0)
            self._fs.overwrite(self._fd, note, 0)

    def _written(self) -> dict[str, object]:
        try:
            fd = self._fs.open(self.path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return {}
        try:
            found = json.loads(self._fs.read(fd, 4096, 0) or b"{}")
        except ValueError:
            return {}
        finally:
            self._fs.close(fd)
        return found if isinstance(found, dict) else {}


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
