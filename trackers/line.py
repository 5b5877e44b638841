"""One user's line to one site: every request passes the limiter. Knows no tracker's dialect."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import NoReturn

from trackers.clock import Clock
from trackers.errors import Answer, Unavailable
from trackers.http import Fields, Files, Http, Reply
from trackers.limits import LONGEST, Limiter
from trackers.secret import Secret, Veil

ROOM = 30.0  # seconds to wait for room under the limit; a longer pause is the loop's to wait
FIRST_PAUSE = 20.0  # seconds after a refusal for the rate without a time; doubled each time it comes again


class Line:
    """`learn` is told every secret that the site tells us, `hide` takes them out of texts."""

    def __init__(self, name: str, http: Http, limiter: Limiter, clock: Clock, *secrets: Secret) -> None:
        self.name = name
        self._http, self._limiter, self._clock = http, limiter, clock
        veil = Veil(*secrets)
        self.learn, self.hide = veil.learn, veil.hide
        self._strikes = 0

    def get(self, path: str, query: Fields = ()) -> Reply:
        """Ask. Raises `Unavailable` if no whole answer came, or too many were asked for."""
        self._limiter.acquire(ROOM)
        return self._counted(self._http.get(path, query))

    def post(self, path: str, fields: Fields, files: Files = ()) -> Reply:
        """Send once. Raises as `Http.post`, and `Unavailable` where the site says that too many were sent."""
        self._limiter.acquire(ROOM)
        return self._counted(self._http.post(path, (), fields, files))

    def ask(self, path: str, body: object) -> Reply:
        """A question in JSON, which changes nothing. Raises `Unavailable` if no whole answer came."""
        self._limiter.acquire(ROOM)
        return self._counted(self._http.ask(path, body))

    def _counted(self, reply: Reply) -> Reply:
        if reply.status == 429:
            self.limited(Answer(429, "rate-limited"), reply.headers.get("retry-after", "").strip())
        self._strikes = 0
        return reply

    def limited(self, answer: Answer, retry_after: str = "") -> NoReturn:
        """The site refused for the rate alone: nothing was processed, and the whole lane pauses."""
        seconds = self.seconds(retry_after) or min(FIRST_PAUSE * 2**self._strikes, LONGEST)
        self._strikes = min(self._strikes + 1, 10)
        until = self._clock.now() + seconds
        self._limiter.pause(until)
        raise Unavailable("rate-limited", f"{self.name}: too many requests", retry_at=until, answer=answer)

    def seconds(self, retry_after: str) -> float | None:
        """`Retry-After`, a number or a date, in seconds from now; an hour at most. None if it says nothing."""
        if retry_after.isascii() and retry_after.isdecimal():
            return float(min(int(retry_after[:9]), int(LONGEST)))
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - self._clock.now()
        except (ValueError, TypeError, OverflowError):
            return None
        return min(max(seconds, 1.0), LONGEST)
