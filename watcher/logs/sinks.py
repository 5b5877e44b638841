"""Where lines go: a stream and a rotated file. Nothing that goes wrong here stops anything (fault P7): a line that
can't be written is counted, and the count stands in the log as soon as something can be written again."""

from __future__ import annotations

import io
import os
import select
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

Render = Callable[[Mapping[str, object]], str]

ROTATE_AT = 10 * 1024 * 1024  # bytes
KEEP = 5  # older files: seedpost.jsonl.1 is the youngest
PATIENCE = 0.5  # seconds that a stopped terminal or a full pipe may hold a thread, once


class Sink(ABC):
    """Writes rendered lines, from any thread."""

    def __init__(self, render: Render) -> None:
        self._render = render
        # Re-entrant: a signal handler may log while its own thread is writing.
        self._lock = threading.RLock()
        self._lost = 0

    def write(self, fields: Mapping[str, object]) -> None:
        """Write one line, or count it as lost."""
        with self._lock:
            try:
                if self._lost:
                    self._put(self._render(_lost(fields, self._lost)))
                    self._lost = 0
                self._put(self._render(fields))
            except (OSError, ValueError):  # ValueError: a closed stream
                self._lost += 1

    def lose(self) -> None:
        """Count one line that never came here."""
        with self._lock:
            self._lost += 1

    def close(self) -> None:  # noqa: B027 - a stream is not ours to close
        """Give back what the sink opened itself; the next line opens it again."""

    @abstractmethod
    def _put(self, line: str) -> None:
        """Write the line and its end. Raises OSError or ValueError."""


def _lost(fields: Mapping[str, object], lines: int) -> dict[str, object]:
    return {"time": fields.get("time", ""), "level": "warning", "event": "log.lost", "lines": lines}


class StreamSink(Sink):
    """Standard error, or any text stream."""

    def __init__(self, stream: TextIO, render: Render) -> None:
        super().__init__(render)
        self._stream = stream
        self._patience = PATIENCE
        try:
            self._fd: int | None = stream.fileno()
        except (OSError, ValueError, io.UnsupportedOperation):
            self._fd = None

    def _put(self, line: str) -> None:
        if self._fd is None:
            self._stream.write(line + "\n")
            self._stream.flush()
            return
        # Past Python's buffer: what a broken pipe leaves in there would turn the exit code into 120.
        self._stream.flush()
        self._wait(self._fd)
        _write_all(self._fd, (line + "\n").encode("utf-8", "backslashreplace"))

    def _wait(self, fd: int) -> None:
        """A reader that stands still costs half a second once, then only its own lines."""
        poll = select.poll()
        poll.register(fd, select.POLLOUT)
        ready = poll.poll(self._patience * 1000)
        self._patience = PATIENCE if ready else 0.0
        if not ready:
            raise BlockingIOError("the reader of the log stands still")


class FileSink(Sink):
    """`STATE/log/seedpost.jsonl`, 0600; rotated by size, `KEEP` older ones kept. One process writes it: the daemon."""

    def __init__(self, path: Path, render: Render, *, rotate_at: int = ROTATE_AT, keep: int = KEEP) -> None:
        super().__init__(render)
        self._path, self._rotate_at, self._keep = path, rotate_at, keep
        self._fd: int | None = None
        self._torn = False

    def _put(self, line: str) -> None:
        data = (line + "\n").encode("ascii", "backslashreplace")
        fd = self._open_for(len(data))
        if self._torn:  # a full disk cut the line before: it must not spoil this one
            data = b"\n" + data
        self._torn = True
        _write_all(fd, data)
        self._torn = False

    def _open_for(self, more: int) -> int:
        if self._fd is not None:
            now = os.fstat(self._fd)
            ours = self._stands(now)
            if ours and now.st_size + more <= self._rotate_at:
                return self._fd
            self.close()
            if ours:
                self._rotate()
        return self._open()

    def _stands(self, now: os.stat_result) -> bool:
        """Whether the open file is still the one at its path: nobody deleted it or moved it away (logrotate)."""
        try:
            there = self._path.lstat()
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (now.st_dev, now.st_ino)

    def _open(self) -> int:
        for folder in (self._path.parent.parent, self._path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = self._fd = os.open(self._path, flags, 0o600)
        os.fchmod(fd, 0o600)
        return fd

    def _rotate(self) -> None:
        for number in range(self._keep, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = self._path.with_name(f"{self._path.name}.{number - 1}") if number > 1 else self._path
            if newer.exists():
                newer.replace(older)

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
