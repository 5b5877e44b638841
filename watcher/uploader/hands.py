"""What a killed process leaves behind: the jobs it had in hands, and how many processes before it were killed as well.

A small file beside the journal, replaced and never flushed: a power cut is no crash of ours. An orderly end empties it.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trackers.clock import Clock

STARTS, WINDOW = 5, 600.0  # processes that were killed within so many seconds are a crash loop


@dataclass(frozen=True)
class Left:
    """What the last process left. `began`: running seconds at which processes began that did not end in order."""

    jobs: Sequence[str] = ()
    began: Sequence[float] = ()


@dataclass
class Hands:
    """Of one process. Any thread may take a job in hand and let it go."""

    path: Path
    clock: Clock
    _jobs: list[str] = field(default_factory=list)
    _began: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> Left:
        """Note that a process begins; what the one before it left."""
        left, now = self._read(), self.clock.running()
        lately = [time for time in left.began if now - WINDOW < time <= now]  # later ones: before the machine started
        self._began = [*lately, now]
        self._write()
        return Left(left.jobs, lately)

    def _read(self) -> Left:
        try:
            found = json.loads(self.path.read_bytes())
            return Left([str(job) for job in found["jobs"]], [float(time) for time in found["began"]])
        except (OSError, ValueError, LookupError, TypeError):
            return Left()

    def take(self, job: str) -> None:
        """A worker begins with a job."""
        with self._lock:
            self._jobs.append(job)
            self._write()

    def let_go(self, job: str) -> None:
        """It is through with it, well or not."""
        with self._lock:
            self._jobs.remove(job)
            self._write()

    def end(self) -> None:
        """The process ends in order."""
        with self._lock, contextlib.suppress(OSError):
            self.path.unlink()

    def _write(self) -> None:
        fresh = self.path.with_suffix(".new")
        with contextlib.suppress(OSError):  # a full disk must not stop the loop
            fresh.write_text(json.dumps({"jobs": self._jobs, "began": self._began}))
            fresh.chmod(0o600)
            fresh.replace(self.path)
