"""A UNIT3D site's API: every request passes the limiter, every answer is classed once. Knows no field of any form."""

from __future__ import annotations

from itertools import count
from typing import NoReturn

from trackers.clock import Clock
from trackers.errors import NotAuthorised, Refused, Unavailable, Unconfirmed
from trackers.http import Fields, Files, Http, Reply
from trackers.limits import LONGEST, Limiter
from trackers.secret import Secret, Veil
from trackers.unit3d.answers import Ending, Said, read

ROOM = 65.0  # seconds to wait for room under the limit: a little longer than the window of the site
PAUSE = 60.0  # seconds after a refusal for the rate without a time
FILTER = "/api/torrents/filter"


class Api:
    """One user's line to one site. `learn` is told every secret that the site tells us, `hide` takes them out."""

    def __init__(self, name: str, http: Http, limiter: Limiter, clock: Clock, key: Secret) -> None:
        self.name = name
        self._http = http
        self._limiter = limiter
        self._clock = clock
        self._count = count()
        veil = Veil(key)
        self.learn, self.hide = veil.learn, veil.hide

    def look(self, path: str, query: Fields = ()) -> Said:
        """Ask. Raises `Unavailable` or `NotAuthorised`; a 404 in the site's own words is an answer."""
        reply = self.fetch(path, query)
        reading = read(reply, self.hide)
        return reading if isinstance(reading, Said) else self.looked(reading)

    def filter(self, **query: str) -> Said:
        """Ask the search, past its cache: the answer to a query is kept for five minutes, for everybody."""
        fresh = f"{self._clock.now():.6f}.{next(self._count)}"
        return self.look(FILTER, [*query.items(), ("_", fresh)])

    def fetch(self, path: str, query: Fields = ()) -> Reply:
        """Ask, for the reply as it came."""
        self._limiter.acquire(ROOM)
        return self._http.get(path, query)

    def send(self, path: str, fields: Fields, files: Files) -> Said:
        """Send once. Raises `Unavailable`, `NotAuthorised` or `Refused` only for what provably was not processed,
        `Unconfirmed` for all else that is no JSON object."""
        self._limiter.acquire(ROOM)
        reading = read(self._http.post(path, (), fields, files), self.hide)
        if isinstance(reading, Said):
            return reading
        text = f"{self.name}: {reading.text}"
        if reading.what == "too-large":
            raise Refused("refused", text, answer=reading.answer)
        if reading.what == "odd":
            raise Unconfirmed(reading.code, text, stops_lane=reading.stops_lane, answer=reading.answer)
        return self.looked(reading)

    def looked(self, ending: Ending) -> NoReturn:
        """Raise what an ending of a question means."""
        text = f"{self.name}: {ending.text}"
        if ending.what == "denied" or ending.code in ("denied", "login"):
            raise NotAuthorised(ending.code, text, answer=ending.answer)
        wait = ending.retry_after
        seconds = min(float(wait[:9]), LONGEST) if wait.isascii() and wait.isdecimal() else None
        if ending.what == "limited":
            seconds = seconds or PAUSE
            self._limiter.pause(self._clock.now() + seconds)
        until = self._clock.now() + seconds if seconds else None
        raise Unavailable(ending.code, text, retry_at=until, answer=ending.answer)
