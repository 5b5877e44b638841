"""The clock of tests: time that only moves when it is moved, or waited for."""

from __future__ import annotations

import threading

from trackers.clock import Clock

START = 1_795_345_000.0  # before the recordings of servers


class VirtualClock(Clock):
    """`wall` and `ran` are plain numbers: a test may set either, as people and machines do."""

    def __init__(self, wall: float = START) -> None:
        self.wall, self.ran = wall, 1000.0

    def now(self) -> float:
        return self.wall

    def running(self) -> float:
        return self.ran

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        if wake is not None and wake.is_set():
            return True
        self.move(max(0.0, seconds))
        return False

    def move(self, seconds: float) -> None:
        """Let so much time go by."""
        self.wall += seconds
        self.ran += seconds
