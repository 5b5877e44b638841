"""One target: what it has still to be told, and when. Its own thread sends; whoever hands it news never waits."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from trackers.clock import Clock
from watcher.errors import SeedpostError
from watcher.logs import log
from watcher.notify.news import News
from watcher.notify.sending import Unsent

GATHER = 5.0  # seconds that the first event waits for others
APART = 60.0  # seconds between two messages
KEPT = 200  # events; of more the number alone is told
WAITS = (30.0, 120.0, 600.0, 1800.0)  # seconds to the next try; after the last one they are lost
LIMIT = 30.0  # seconds for one message

Send = Callable[[Sequence[News], int], None]


@dataclass
class Pace:
    """When the next message may go, in running seconds. Pure."""

    first: float = math.inf  # when the oldest of what waits came
    sent: float = -math.inf
    retry: float = -math.inf
    tries: int = 0

    def due(self) -> float:
        """Infinite if nothing waits."""
        return max(self.first + GATHER, self.sent + APART, self.retry)

    def came(self, now: float) -> None:
        self.first = min(self.first, now)

    def went(self, now: float, *, more: bool) -> None:
        self.first, self.sent, self.retry, self.tries = now if more else math.inf, now, -math.inf, 0

    def failed(self, now: float) -> float | None:
        """Seconds to the next try; None if there is none."""
        self.tries += 1
        if self.tries > len(WAITS):
            return None
        self.retry = now + WAITS[self.tries - 1]
        return WAITS[self.tries - 1]


@dataclass
class Backlog:
    """What waits, bounded: of what is too much the number alone is kept. `heard`: seq of the last record heard of."""

    kept: deque[News] = field(default_factory=deque)
    more: int = 0
    heard: int = 0

    def put(self, news: News) -> None:
        if len(self.kept) < KEPT:
            self.kept.append(news)
        else:
            self.more += 1

    @property
    def through(self) -> int:
        """The last record up to which everything was told, or is lost for good."""
        waiting = min((one.seq for one in self.kept if one.seq), default=0)
        return waiting - 1 if waiting else self.heard


class Target:
    """`send` makes and sends a message; raises SeedpostError. `told`: called when there is less to tell."""

    def __init__(self, name: str, send: Send, told: Callable[[], None], clock: Clock) -> None:
        self.name, self.lost = name, 0
        self._send, self._told, self._clock = send, told, clock
        self._pace, self._backlog = Pace(), Backlog()
        self._lock, self._wake, self._stopping = threading.Lock(), threading.Event(), False
        self._sending: threading.Thread | None = None
        self._thread = threading.Thread(target=self._run, name=f"notify {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, news: News) -> None:
        """Tell this, soon. Never waits."""
        with self._lock:
            self._backlog.heard = max(self._backlog.heard, news.seq)
            self._backlog.put(news)
            self._pace.came(self._clock.running())
        self._wake.set()

    def heard(self, seq: int) -> None:
        """Nothing is to be told of the record `seq`."""
        with self._lock:
            self._backlog.heard = max(self._backlog.heard, seq)

    @property
    def through(self) -> int:
        """See `Backlog.through`."""
        with self._lock:
            return self._backlog.through

    def stop(self, seconds: float) -> None:
        """Send what waits now, unless it failed a moment ago, and end; wait so long for it."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopping:
            wait = self._due() - self._clock.running()
            if wait <= 0:
                self.deliver()
            else:
                self._clock.wait(min(wait, 3600.0), self._wake)
                self._wake.clear()
        if self._backlog.kept and not self._pace.tries:
            self.deliver()

    def _due(self) -> float:
        with self._lock:
            return self._pace.due()

    def deliver(self) -> None:
        """One try with everything that waits."""
        with self._lock:
            batch, more = list(self._backlog.kept), self._backlog.more
        try:
            self._within_limit(batch, more)
        except SeedpostError as error:
            self._failed(error)
        else:
            self._went(len(batch), more)
        self._told()

    def _went(self, count: int, more: int) -> None:
        with self._lock:
            for _ in range(count):
                self._backlog.kept.popleft()
            self._backlog.more -= more
            self._pace.went(self._clock.running(), more=bool(self._backlog.kept))

    def _failed(self, error: SeedpostError) -> None:
        with self._lock:
            wait = self._pace.failed(self._clock.running())
            count = len(self._backlog.kept) + self._backlog.more
        if wait is not None:
            log.warning("notify.failed", target=self.name, error=error, retry_s=wait)
            return
        self.lost += count
        log.error("notify.lost", target=self.name, error=error, events=count, lost=self.lost)
        with self._lock:
            self._backlog.kept.clear()
            self._backlog.more = 0
            self._pace.went(self._clock.running(), more=False)

    def _within_limit(self, batch: Sequence[News], more: int) -> None:
        """In a thread of its own, so that a service that hangs can be given up; it is not asked again while it does."""
        if self._sending is not None and self._sending.is_alive():
            raise Unsent("the message before it still hangs")
        raised: list[SeedpostError] = []

        def attempt() -> None:
            try:
                self._send(batch, more)
            except SeedpostError as error:
                raised.append(error)
            except Exception as error:  # noqa: BLE001 - a plugin's own fault; its text may have the address in it
                raised.append(Unsent(f"its plugin failed: {type(error).__name__}"))

        self._sending = threading.Thread(target=attempt, name=f"notify {self.name} sends", daemon=True)
        self._sending.start()
        self._sending.join(LIMIT)
        if self._sending.is_alive():
            raise Unsent(f"the service did not answer within {LIMIT:.0f} seconds")
        if raised:
            raise raised[0]
