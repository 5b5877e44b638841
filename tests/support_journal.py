"""What the journal's tests share: a clock to move, a disk that fails on demand, records of the usual kinds."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trackers.clock import Clock
from watcher.durable import FileSystem
from watcher.jobs.records import decode

NOON = 1_795_348_800.0  # 2026-11-22T12:00:00Z


class ManualClock(Clock):
    """Time that only its owner moves. Waiting moves it, too."""

    def __init__(self, wall: float = NOON) -> None:
        self.wall = wall
        self.boot = 1000.0

    def now(self) -> float:
        return self.wall

    def running(self) -> float:
        return self.boot

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        self.pass_by(seconds)
        return wake is not None and wake.is_set()

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.boot += seconds


class FaultyDisk(FileSystem):
    """A real disk on which calls fail as told: `fail("write", errno.ENOSPC)`, and `shorten(7)` for short writes."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._faults: dict[str, list[Any]] = {}
        self._most: int | None = None

    def fail(self, call: str, number: int, *, times: int = 1_000_000, after: int = 0, name: str = "") -> None:
        """Let a call fail from the `after`th on, `times` times, if the file's name contains `name`."""
        self._faults[call] = [number, times, after, name]

    def heal(self) -> None:
        """Nothing fails any more."""
        self._faults.clear()
        self._most = None

    def shorten(self, most: int) -> None:
        """No write takes more than so many bytes."""
        self._most = most

    def _enter(self, call: str, where: int | Path) -> None:
        self.calls.append(call)
        fault = self._faults.get(call)
        if fault is None:
            return
        path = os.readlink(f"/proc/self/fd/{where}") if isinstance(where, int) else str(where)
        if fault[3] not in path:
            return
        fault[2] -= 1
        if fault[2] < 0 < fault[1]:
            fault[1] -= 1
            raise OSError(fault[0], os.strerror(fault[0]), path)

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        self._enter("open", path)
        return super().open(path, flags, mode)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        self._enter("write", fd)
        return super().write(fd, data if self._most is None else bytes(data[: self._most]))

    def truncate(self, fd: int, size: int) -> None:
        self._enter("truncate", fd)
        super().truncate(fd, size)

    def flush(self, fd: int) -> None:
        self._enter("flush", fd)
        super().flush(fd)

    def sync(self, fd: int) -> None:
        self._enter("sync", fd)
        super().sync(fd)

    def rename(self, old: Path, new: Path) -> None:
        self._enter("rename", new)
        super().rename(old, new)

    def link(self, old: Path, new: Path) -> None:
        self._enter("link", new)
        super().link(old, new)

    def unlink(self, path: Path) -> None:
        self._enter("unlink", path)
        super().unlink(path)

    def overwrite(self, fd: int, data: bytes, offset: int) -> int:
        self._enter("overwrite", fd)
        return super().overwrite(fd, data, offset)


class FullDisk(FaultyDisk):
    """A disk with so much room for the journal, of which the reserve is a part."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, fd: int, data: bytes | memoryview) -> int:
        if os.readlink(f"/proc/self/fd/{fd}").endswith("/reserve"):
            return super().write(fd, data)
        if self.room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = super().write(fd, data[: self.room])
        self.room -= written
        return written

    def unlink(self, path: Path) -> None:
        super().unlink(path)
        if path.name == "reserve":
            self.room += 1 << 20

    def free(self, path: Path) -> int:
        return max(0, self.room)


def job(state: str, id: str = "a" * 12, **more: object) -> dict[str, object]:
    """A job record, RED's unless it says otherwise."""
    base = {"type": "job", "job": id, "tracker": "RED", "site": "redacted.sh", "release": "b" * 12, "state": state}
    return base | more


def release(id: str = "b" * 12, **more: object) -> dict[str, object]:
    """A release record."""
    base = {"type": "release", "release": id, "fingerprint": "f" * 32, "from": "qbittorrent", "source": "seedbox"}
    return base | {"infohash": "c" * 40, "completed": 1_795_000_000, "path": "/srv/Album", "name": "Album"} | more


def look(path: str = "/srv/Album") -> dict[str, object]:
    """A command record."""
    return {"type": "command", "do": "look", "path": path}


def lines(state: Path) -> list[bytes]:
    """The journal's lines, without newlines."""
    return (state / "journal.jsonl").read_bytes().splitlines()


def records(state: Path) -> Iterator[Mapping[str, Any]]:
    """The journal's whole records, header left out."""
    for line in lines(state):
        found = decode(line)
        if found is not None and found[0]["type"] != "file":
            yield found[0]


def rewrite(state: Path, changed: list[bytes]) -> None:
    """Put other lines into the journal, in the same file."""
    path = state / "journal.jsonl"
    with path.open("r+b") as file:
        file.write(b"".join(line + b"\n" for line in changed))
        file.truncate()
