"""How many requests one user of one site may send, over all processes and restarts. Knows nothing of what is sent."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from trackers.catalogue import Limit
from trackers.clock import Clock
from trackers.errors import Unavailable
from trackers.secret import Secret

LONGEST = 3600.0  # seconds: no site's word pauses a lane for longer
_MARGIN = 0.001  # seconds that a window is longer: floats round, and a site may count its edges in


@dataclass
class _Window:
    """What one credential did lately. Times are `Clock.running()`, but `wall` is wall time."""

    taken: list[float] = field(default_factory=list)
    paused: float = 0.0  # until when
    set_at: float = 0.0  # when the pause was made
    wall: float = 0.0  # until when, in wall time: what is left of the pause after a reboot

    def settle(self, clock: Clock, seconds: float) -> None:
        """Drop what no longer counts. Times ahead of the clock are from before a reboot, and older than any window."""
        now = clock.running()
        self.taken = sorted(t for t in self.taken if now - seconds - _MARGIN < t <= now)
        if self.set_at > now:
            left = min(max(self.wall - clock.now(), 0.0), LONGEST)
            self.paused, self.set_at = now + left, now
        self.paused = min(self.paused, now + LONGEST)

    def opens(self, requests: int, seconds: float) -> float:
        """The running time from which one more request fits."""
        full = self.taken[-requests] + seconds + _MARGIN if len(self.taken) >= requests else 0.0
        return max(full, self.paused)


class Limiter:
    """A rolling window for one site and credential, kept at `path` under a lock file beside it, or else in memory.

    A file that can't be read or written never lets a request through sooner: the whole window is waited instead.
    `waited` is the seconds this limiter has held its callers up.
    """

    def __init__(
        self, path: Path | None, limit: Limit, *, clock: Clock, credential: Secret, share: float = 1.0
    ) -> None:
        self.path = path
        self.requests = max(1, int(limit.requests * share))
        self.seconds = limit.seconds
        self.waited = 0.0
        self._clock = clock
        self._memory: dict[str, _Window] = {}
        self._mutex = threading.Lock()
        self._paused = 0.0  # also kept here, for when the file can't be written
        self._who = hashlib.sha256(credential.reveal().encode()).hexdigest()[:12]

    def acquire(self, deadline: float) -> float:
        """Wait for room and take it; returns the running time at which it was taken. Raises `Unavailable` at once if
        that would take more than `deadline` seconds: nothing was taken."""
        latest = self._clock.running() + deadline
        while True:
            try:
                taken, opens = self._try()
            except OSError:
                # What other processes do can't be known: wait as long as all they could have done would take.
                self._hold(max(self._clock.running() + self.seconds, self._paused), latest)
                return self._clock.running()
            if taken is not None:
                return taken
            self._hold(opens, latest)

    def _hold(self, opens: float, latest: float) -> None:
        """Wait until `opens`, unless that is after `latest`."""
        now = self._clock.running()
        if opens > latest:
            raise Unavailable("rate-limited", "its limit is used up", retry_at=self._clock.now() + opens - now)
        self._wait(opens - now)

    def _wait(self, seconds: float) -> None:
        seconds = max(seconds, 0.0) + _MARGIN  # a wait that ends a float too early would be made again for ever
        self._clock.wait(seconds)
        self.waited += seconds

    def _try(self) -> tuple[float | None, float]:
        """(running time of the place taken, or None; when the next opens)."""
        with self._locked() as windows:
            window = windows.setdefault(self._who, _Window())
            now = self._clock.running()
            opens = max(window.opens(self.requests, self.seconds), self._paused)
            if opens > now:
                return None, opens
            window.taken.append(now)
            self._write(windows)
            return now, now

    def pause(self, until: float) -> None:
        """Let nothing through before `until`, wall seconds, an hour at most; an earlier pause is never shortened."""
        seconds = min(max(until - self._clock.now(), 0.0), LONGEST)
        self._paused = max(self._paused, self._clock.running() + seconds)
        with suppress(OSError), self._locked() as windows:
            window = windows.setdefault(self._who, _Window())
            now = self._clock.running()
            if now + seconds > window.paused:
                window.paused, window.set_at, window.wall = now + seconds, now, until
            self._write(windows)

    def next_opening(self) -> float:
        """Seconds until one more request fits; 0 if it does now. Takes nothing."""
        now = self._clock.running()
        try:
            with self._locked() as windows:
                opens = max(windows.get(self._who, _Window()).opens(self.requests, self.seconds), self._paused)
        except OSError:
            opens = self._paused  # `acquire` will wait; nothing is known before it does
        return max(opens - now, 0.0)

    @contextmanager
    def _locked(self) -> Iterator[dict[str, _Window]]:
        """The windows of every credential, settled, while nobody else may read or write them."""
        if self.path is None:
            with self._mutex:
                yield self._settled(self._memory)
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._settled(self._read(self.path))
        finally:
            os.close(lock)

    def _settled(self, windows: dict[str, _Window]) -> dict[str, _Window]:
        for window in windows.values():
            window.settle(self._clock, self.seconds)
        return windows

    def _read(self, path: Path) -> dict[str, _Window]:
        try:
            return _windows(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            # Damaged: as if everything had been used up just now.
            windows = {self._who: _Window(taken=[self._clock.running()] * self.requests)}
            self._write(windows)
            return windows

    def _write(self, windows: Mapping[str, _Window]) -> None:
        """Replace the file. Not fsynced: after a crash of the machine every time in it is too old to matter."""
        if self.path is None:
            return
        rows = {
            who: {"taken": one.taken, "paused": one.paused, "set_at": one.set_at, "wall": one.wall}
            for who, one in windows.items()
            if one.taken or one.paused > self._clock.running()
        }
        new = self.path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump({"v": 1, "credentials": rows}, file)
        new.replace(self.path)


def _windows(value: Mapping[str, Mapping[str, Mapping[str, object]]]) -> dict[str, _Window]:
    return {
        who: _Window([_seconds(t) for t in row["taken"]], *(_seconds(row[key]) for key in ("paused", "set_at", "wall")))  # type: ignore[attr-defined]
        for who, row in value["credentials"].items()
    }


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e12:
        raise ValueError("not a time")
    return float(value)
