"""How many requests a site takes. Three manners: OPS's counter, RED's rolling window, UNIT3D's fixed one."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from trackers.clock import Clock


class SharedCounter:
    """One counter a user for all limited actions; its window is that of the action that began it (Gazelle, section 11).

    The first request only begins it, and it lets one more through than it names: `n` gives n + 2.
    """

    def __init__(self, clock: Clock, limits: Mapping[str, tuple[int, float]]) -> None:
        self._clock, self._limits = clock, limits
        self._counts: dict[int, tuple[int, float]] = {}  # user: (count, end in running seconds)

    def refused(self, user: int, action: str) -> bool:
        """Count one request of `action`; True if it is one too many."""
        if action not in self._limits:
            return False
        allowed, seconds = self._limits[action]
        now = self._clock.running()
        count, end = self._counts.get(user, (0, 0.0))
        if now >= end:
            self._counts[user] = (0, now + seconds)
            return False
        self._counts[user] = (count + 1, end)
        return count > allowed


class RollingWindow:
    """At most `requests` in any `seconds`, a user."""

    def __init__(self, clock: Clock, requests: int, seconds: float) -> None:
        self._clock, self._requests, self._seconds = clock, requests, seconds
        self._past: dict[int, deque[float]] = {}

    def wait(self, user: int) -> float:
        """0.0 and the request is counted, or the seconds until one is free."""
        now = self._clock.running()
        past = self._past.setdefault(user, deque())
        while past and past[0] <= now - self._seconds:
            past.popleft()
        if len(past) >= self._requests:
            return past[0] + self._seconds - now
        past.append(now)
        return 0.0


class FixedWindow:
    """At most `requests` in the `seconds` that the first of them begins, a user and a `kind` of request (Laravel's)."""

    def __init__(self, clock: Clock, requests: int, seconds: float) -> None:
        self._clock, self.requests, self._seconds = clock, requests, seconds
        self._windows: dict[tuple[int, str], tuple[int, float]] = {}  # count, end in running seconds

    def count(self, user: int, kind: str) -> tuple[int, float]:
        """Count one request; how many are left, -1 if this is one too many, and the seconds until the window ends."""
        now = self._clock.running()
        count, end = self._windows.get((user, kind), (0, 0.0))
        if now >= end:
            count, end = 0, now + self._seconds
        if count < self.requests:
            count += 1
            self._windows[user, kind] = count, end
            return self.requests - count, end - now
        return -1, end - now
