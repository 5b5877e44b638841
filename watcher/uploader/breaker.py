"""A breaker over one site or service: stopped by a fault that is no job's, opened by time or by a person."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from random import Random

from trackers.clock import Clock, utc_seconds, utc_text
from trackers.errors import SettingsError, TrackerError, Unavailable
from watcher.journal import Journal
from watcher.logs import redact

FIRST_OUTAGE, LONGEST_OUTAGE = 20.0, 900.0
DISTRUSTED = 3600.0  # seconds for which a certificate may be wrong before a person is asked
BY_ITSELF = (
    "no-key",
    "secret-for-other-host",
    "secret-refused",
    "vault-locked",
    "vault-damaged",
    "settings",
)  # breakers that are tried again without a person


class Breaker:
    """It stands in the journal (`tracker` records): a restart forgets none, `pause` is one of them."""

    def __init__(self, name: str, site: str, journal: Journal, clock: Clock, random: Random) -> None:
        self.name, self.site, self.busy = name, site, False
        self._journal, self._clock, self._random = journal, clock, random
        self._outages, self._distrusted_at = 0, math.inf  # running seconds of the first of several wrong certificates
        self._ends: tuple[object, float] | None = None  # seq of the record that stopped it, running seconds of its end

    def forget(self) -> None:
        """Open it anew at its next use: settings or secrets changed."""

    def prove(self) -> None:
        """Ask it one thing that shows whether it takes the key. Raises `Unavailable`, `NotAuthorised`, `SettingsError`
        as its look-ups do."""

    @property
    def breaker(self) -> Mapping[str, object] | None:
        """The record that stopped this lane, if it is stopped now."""
        record = self._journal.ledger.breakers.get(self.site)
        if record is None or record.get("breaker") != "open":
            return None
        return None if record.get("until") and self._left(record) <= 0 else record

    @property
    def stopped_for(self) -> float:
        """Seconds until it opens by itself: 0.0 if it is open, infinite if a person has to act."""
        record = self.breaker
        if record is None:
            return 0.0
        return max(0.0, self._left(record)) if record.get("until") else math.inf

    def _left(self, record: Mapping[str, object]) -> float:
        """Seconds to the end of a stop. It lasts as long as its record asked for, however the clock is moved since."""
        if self._ends is None or self._ends[0] != record["seq"]:
            until, said = utc_seconds(str(record["until"])), utc_seconds(str(record["time"]))
            wait = min(until - said, until - self._clock.now())
            self._ends = (record["seq"], self._clock.running() + max(0.0, wait))
        return self._ends[1] - self._clock.running()

    @property
    def closed(self) -> bool:
        """Whether nothing may start here now."""
        return self.breaker is not None

    def try_settings(self, open_: Callable[[], object]) -> None:
        """Try a breaker that only settings or secrets hold open; no request is made."""
        record = self.breaker
        if record is not None and record.get("code") not in BY_ITSELF:
            return
        try:
            open_()
        except SettingsError as error:
            if record is None or record.get("why") != error.text:
                self.stop(error.code, error.text)
        else:
            if record is not None:
                self.start()

    def stop(self, code: str, why: str, *, until: float | None = None) -> None:
        """Open the breaker, on disk. One that waits for a person is not replaced by one that ends by itself."""
        standing = self.breaker
        if standing is not None and not standing.get("until") and until is not None:
            return
        record = {
            "type": "tracker",
            "tracker": self.name,
            "site": self.site,
            "breaker": "open",
            "code": code,
            "why": why,
        }
        self._journal.append([record | {"until": utc_text(until) if until is not None else None}])

    def refused(self, error: TrackerError) -> None:
        """The site does not know us, or answered as if it did not: nothing is tried again before a person acts."""
        cure = "" if isinstance(error, SettingsError) else f"; when it is mended: seedpost resume {self.name}"
        self.stop(error.code, redact(error.text) + cure)

    def outage(self, error: Unavailable) -> None:
        """The site is away or says wait: until the time it named, else 20 s, doubling to 15 minutes, with jitter.

        A certificate that has been wrong for an hour does not mend itself, or is somebody else's: a person is asked.
        """
        now = self._clock.running()
        self._distrusted_at = min(self._distrusted_at, now) if error.code == "tls" else math.inf
        if now - self._distrusted_at >= DISTRUSTED:
            self.refused(error)
            return
        wait = min(LONGEST_OUTAGE, FIRST_OUTAGE * 2**self._outages) * self._random.uniform(0.9, 1.1)
        self._outages += 1
        self.stop(error.code, redact(error.text), until=error.retry_at or self._clock.now() + wait)

    def worked(self) -> None:
        """A request was answered well: an outage that has run out is over. A pause made meanwhile stands."""
        if not self.closed:
            self.start()

    def start(self) -> None:
        """Close the breaker, on disk, if the journal says it is open."""
        self._outages, self._distrusted_at = 0, math.inf
        record = self._journal.ledger.breakers.get(self.site)
        if record is not None and record.get("breaker") == "open":
            closed = {"type": "tracker", "tracker": self.name, "site": self.site, "breaker": "closed"}
            self._journal.append([closed])
