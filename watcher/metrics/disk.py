"""How long the disk takes to confirm. Adds up; what is written and when is the journal's."""

from __future__ import annotations

import threading
import time

from watcher.durable import FileSystem


class TimedFileSystem(FileSystem):
    """A file system whose flushes of files are timed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count, self._seconds, self._last, self._longest = 0, 0.0, 0.0, 0.0

    def flush(self, fd: int) -> None:
        began = time.perf_counter()  # a duration: no clock of the program's is asked
        try:
            super().flush(fd)
        finally:
            took = time.perf_counter() - began
            with self._lock:
                self._count, self._seconds, self._last = self._count + 1, self._seconds + took, took
                self._longest = max(self._longest, took)

    def value(self) -> dict[str, float]:
        """`count`, and seconds in all, of the last one and of the longest, since the process began."""
        with self._lock:
            return {
                "count": self._count,
                "seconds": round(self._seconds, 6),
                "last_s": round(self._last, 6),
                "max_s": round(self._longest, 6),
            }
