"""What time it is, and how to wait. Passed in everywhere, so that tests can drive years in a second."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from functools import lru_cache


class Clock:
    """The machine's clocks. Tests pass a subclass whose time they move themselves."""

    def now(self) -> float:
        """Wall time, seconds since 1970 in UTC. May jump; order never depends on it."""
        return time.time()

    def running(self) -> float:
        """Seconds that only ever grow, suspend included (CLOCK_BOOTTIME); the base of windows and quiet times."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        """Wait, or less if `wake` is set. Returns True if it was woken."""
        if wake is not None:
            return wake.wait(max(0.0, seconds))
        time.sleep(max(0.0, seconds))
        return False


def utc_text(seconds: float) -> str:
    """`2026-11-22T10:00:00.123456Z`, as times stand in the journal, the log and JSON."""
    micros = round(seconds * 1_000_000)
    return f"{_second(micros // 1_000_000)}.{micros % 1_000_000:06d}Z"


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    """The text of a whole second: many records are written within one."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")[:-6]


def utc_seconds(text: str) -> float:
    """The inverse of `utc_text`. Raises ValueError on anything else."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp()
