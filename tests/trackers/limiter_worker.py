"""One of several processes that take places at one limiter, in a time they share. Started by test_limits.

python limiter_worker.py FILE CLOCK COUNT: prints the times at which it took a place, one a line.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import sys
import threading
from pathlib import Path

from trackers.catalogue import Limit
from trackers.clock import Clock
from trackers.limits import Limiter
from trackers.secret import Secret


class SharedClock(Clock):
    """Time in eight bytes of a file; whoever waits moves it for all."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR)
        self._map = mmap.mmap(self._file, 8)

    def running(self) -> float:
        return float(struct.unpack("d", self._map[:8])[0])

    def now(self) -> float:
        return 1_795_000_000.0 + self.running()

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        until = self.running() + seconds
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._map[:8] = struct.pack("d", max(self.running(), until))
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False


def main(file: Path, clock: Path, count: int) -> None:
    limiter = Limiter(file, Limit(8, 10.0), clock=SharedClock(clock), credential=Secret("the same key"))
    taken = [limiter.acquire(1e9) for _ in range(count)]
    sys.stdout.write("\n".join(map(repr, taken)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
