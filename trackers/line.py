"""One user's line to one site: every request passes the limiter, and what an answer means for whoever asked is said
once, here. Knows no tracker's dialect."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import NoReturn

from trackers.clock import Clock
from trackers.errors import Answer, NotAuthorised, Refused, Unavailable, Unconfirmed
from trackers.http import Fields, Files, Http, Reply
from trackers.limits import LONGEST, Limiter
from trackers.secret import Secret, Veil

ROOM = 30.0  # seconds to wait for room under the limit; a longer pause is the loop's to wait
FIRST_PAUSE = 20.0  # seconds after a refusal for the rate without a time; doubled each time it comes again


@dataclass(frozen=True)
class Ending:
    """An answer that is none of the site's own to what was asked. `what`: limited, denied and away are proved not to
    have been processed, too-large neither; of odd nobody knows."""

    what: str
    code: str
    text: str
    answer: Answer
    stops_lane: bool = False
    retry_after: str = ""


class Line:
    """`learn` is told every secret that the site tells us, `hide` takes them out of texts."""

    def __init__(
        self,
        name: str,
        http: Http,
        limiter: Limiter,
        clock: Clock,
        *secrets: Secret,
        room: float = ROOM,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self.name, self.clock = name, clock
        self._http, self._limiter, self._room, self._first_pause = http, limiter, room, first_pause
        veil = Veil(*secrets)
        self.learn, self.hide = veil.learn, veil.hide
        self._strikes = 0  # refusals for the rate, one after another
        self._struck = False  # by the last request

    def get(self, path: str, query: Fields = ()) -> Reply:
        """Ask. Raises `Unavailable` if no whole answer came, or too many were asked for."""
        self._begin()
        return self._checked(self._http.get(path, query))

    def post(self, path: str, fields: Fields, files: Files = (), *, query: Fields = ()) -> Reply:
        """Send once. Raises as `Http.post`, and `Unavailable` where the site says that too many were sent."""
        self._begin()
        return self._checked(self._http.post(path, query, fields, files))

    def ask(self, path: str, body: object) -> Reply:
        """A question in JSON, which changes nothing. Raises `Unavailable` if no whole answer came."""
        self._begin()
        return self._checked(self._http.ask(path, body))

    def _begin(self) -> None:
        self._limiter.acquire(self._room)
        self._strikes, self._struck = self._strikes if self._struck else 0, False

    def _checked(self, reply: Reply) -> Reply:
        if reply.status == 429:
            self.limited(Answer(429, "rate-limited"), retry_after(reply))
        return reply

    def limited(self, answer: Answer, retry_after: str = "") -> NoReturn:
        """The site refused for the rate alone: nothing was processed, and the whole lane pauses, not only this job."""
        seconds = self._seconds(retry_after) or min(self._first_pause * 2**self._strikes, LONGEST)
        self._strikes, self._struck = min(self._strikes + 1, 10), True
        until = self.clock.now() + seconds
        self._limiter.pause(until)
        raise Unavailable("rate-limited", f"{self.name}: too many requests", retry_at=until, answer=answer)

    def looked(self, ending: Ending) -> NoReturn:
        """Raise what an ending means for a question."""
        text, answer = f"{self.name}: {ending.text}", ending.answer
        if ending.what == "limited":
            self.limited(answer, ending.retry_after)
        if ending.what == "denied" or ending.code in ("denied", "login"):
            raise NotAuthorised(ending.code, text, answer=answer)
        seconds = self._seconds(ending.retry_after)
        until = self.clock.now() + seconds if seconds else None
        raise Unavailable(ending.code, text, retry_at=until, answer=answer)

    def sent(self, ending: Ending) -> NoReturn:
        """Raise what an ending means for something that was sent."""
        text, answer = f"{self.name}: {ending.text}", ending.answer
        if ending.what == "too-large":
            raise Refused("refused", text, answer=answer)
        if ending.what == "odd":
            raise Unconfirmed(ending.code, text, stops_lane=ending.stops_lane, answer=answer)
        self.looked(ending)

    def _seconds(self, retry_after: str) -> float | None:
        """`Retry-After`, a number or a date, in seconds from now; an hour at most. None if it says nothing."""
        if retry_after.isascii() and retry_after.isdecimal():
            return float(min(int(retry_after[:9]), int(LONGEST)))
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - self.clock.now()
        except (ValueError, TypeError, OverflowError):
            return None
        return min(max(seconds, 1.0), LONGEST)


def retry_after(reply: Reply) -> str:
    """What the answer says of the time to ask again, as it says it; empty if nothing."""
    return reply.headers.get("retry-after", "").strip()
