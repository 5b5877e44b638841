"""One site's place in the uploader: its tracker, its account, its breaker and how long it has been open."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from trackers.base import Account, Uploader
from trackers.clock import Clock
from watcher.journal import Journal
from watcher.uploader.breaker import Breaker

ACCOUNT_KEPT = 3600.0  # seconds


class Lane(Breaker):
    """One job at a time for one site."""

    def __init__(
        self, name: str, site: str, open_tracker: Callable[[], Uploader], journal: Journal, clock: Clock, random: Random
    ) -> None:
        super().__init__(name, site, journal, clock, random)
        self._open_tracker = open_tracker
        self._tracker: Uploader | None = None
        self._held_up = 0.0  # by trackers that were opened before
        self._account: tuple[float, Account] | None = None
        self._open_for, self._ticked = 0.0, clock.running()

    @property
    def open_seconds(self) -> float:
        """Running time in which this lane was open, since this process began."""
        return self._open_for

    def tick(self) -> None:
        """Count the time since the last tick, if the lane was open."""
        now = self._clock.running()
        if not self.closed:
            self._open_for += now - self._ticked
        self._ticked = now

    def tracker(self) -> Uploader:
        """The opened tracker. Raises SettingsError with what to change."""
        if self._tracker is None:
            self._tracker = self._open_tracker()
        return self._tracker

    def account(self) -> Account:
        """Who we are there, asked at most once an hour. Raises what `Uploader.account` does."""
        now = self._clock.running()
        if self._account is None or now - self._account[0] > ACCOUNT_KEPT:
            self._account = (now, self.tracker().account())
        return self._account[1]

    @property
    def rate_waited(self) -> float:
        """Seconds that the site's rate limit held requests up, since this process began."""
        return self._held_up + (self._tracker.held_up() if self._tracker else 0.0)

    def forget(self) -> None:
        """Open the tracker anew at its next use: settings or secrets changed."""
        self._held_up = self.rate_waited
        self._tracker = self._account = None

    def prove(self) -> None:
        """Ask the site whether it takes the key. Raises what `Uploader.account` does."""
        self.account()

    def check_settings(self) -> None:
        """Try a breaker that only settings or secrets hold open; no request is made."""
        if self._tracker is None:
            self.try_settings(self.tracker)

    def stop(self, code: str, why: str, *, until: float | None = None) -> None:
        """See `Breaker.stop`; whose account it is will be asked again."""
        self._account = None
        super().stop(code, why, until=until)
