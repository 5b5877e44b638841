"""A site's ajax.php: every request passes the limiter, every answer is classed once. Knows no field of any form."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import NoReturn

from trackers.clock import Clock
from trackers.errors import NotAuthorised, Refused, Unavailable, Unconfirmed
from trackers.gazelle.answers import Denied, Limited, Odd, Said, read
from trackers.http import Fields, Files, Http, Reply
from trackers.limits import LONGEST, Limiter
from trackers.secret import Secret, Veil

ROOM = 30.0  # seconds to wait for room under the limit; a longer pause is the loop's to wait
FIRST_PAUSE = 20.0  # seconds after a refusal for the rate without a time; doubled each time it comes again
_PATH = "/ajax.php"


class Ajax:
    """One user's line to one site. `learn` is told every secret that the site tells us, `hide` takes them out."""

    def __init__(self, name: str, http: Http, limiter: Limiter, clock: Clock, key: Secret) -> None:
        self.name = name
        self._http = http
        self._limiter = limiter
        self._clock = clock
        veil = Veil(key)
        self.learn, self.hide = veil.learn, veil.hide
        self._strikes = 0

    def look(self, action: str, **query: str) -> Said:
        """Ask. Raises `Unavailable` or `NotAuthorised`; a failure in the site's own words is an answer."""
        return self._settled(self._class(self._ask(action, query)))

    def fetch(self, action: str, **query: str) -> Reply | Said:
        """Ask for a file: the reply as it came if it is one, else what was said in its place."""
        reply = self._ask(action, query)
        if reply.status == 200 and (reply.kind == "application/x-bittorrent" or reply.body[:1] == b"d"):
            self._strikes = 0
            return reply
        return self._settled(self._class(reply))

    def send(self, action: str, fields: Fields, files: Files, *, first: bool = False) -> Said:
        """Send once. Raises `Unavailable`, `NotAuthorised` or `Refused` only for what provably was not processed,
        `Unconfirmed` for all else that is no clean answer. `first`: of two documents in a row the first counts."""
        self._limiter.acquire(ROOM)
        reply = self._http.post(_PATH, [("action", action)], fields, files)
        reading = self._class(reply, strict=True, first=first)
        if isinstance(reading, Odd):
            text, answer = f"{self.name}: {reading.text}", reading.answer
            if reading.code == "too-large":
                raise Refused("refused", text, answer=answer)
            raise Unconfirmed(reading.code, text, stops_lane=reading.stops_lane, answer=answer)
        return self._settled(reading)

    def _ask(self, action: str, query: dict[str, str]) -> Reply:
        self._limiter.acquire(ROOM)
        return self._http.get(_PATH, [("action", action), *query.items()])

    def _class(self, reply: Reply, *, strict: bool = False, first: bool = False) -> Said | Denied | Odd:
        reading = read(reply, self.hide, strict=strict, first=first)
        if isinstance(reading, Limited):
            self._limited(reading)
        self._strikes = 0
        return reading

    def _limited(self, reading: Limited) -> NoReturn:
        """The whole lane pauses, not only this job."""
        seconds = self._seconds(reading.retry_after) or min(FIRST_PAUSE * 2**self._strikes, LONGEST)
        self._strikes = min(self._strikes + 1, 10)
        until = self._clock.now() + seconds
        self._limiter.pause(until)
        raise Unavailable("rate-limited", f"{self.name}: too many requests", retry_at=until, answer=reading.answer)

    def _settled(self, reading: Said | Denied | Odd) -> Said:
        if isinstance(reading, Said):
            return reading
        if isinstance(reading, Denied) or reading.code in ("denied", "login"):
            raise NotAuthorised(reading.code, f"{self.name}: {reading.text}", answer=reading.answer)
        seconds = self._seconds(reading.retry_after)
        retry_at = self._clock.now() + seconds if seconds else None
        raise Unavailable(reading.code, f"{self.name}: {reading.text}", retry_at=retry_at, answer=reading.answer)

    def _seconds(self, retry_after: str) -> float | None:
        """`Retry-After`, a number or a date, in seconds from now; an hour at most. None if it says nothing."""
        if retry_after.isdecimal():
            return float(min(int(retry_after[:9]), int(LONGEST)))
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - self._clock.now()
        except (ValueError, TypeError, OverflowError):
            return None
        return min(max(seconds, 1.0), LONGEST)
