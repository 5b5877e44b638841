"""A site's ajax.php: every answer is classed once. Knows no field of any form."""

from __future__ import annotations

from trackers.gazelle.answers import Said, read
from trackers.http import Fields, Files, Reply
from trackers.line import Line

_PATH = "/ajax.php"


class Ajax:
    """One user's line to one site. `learn` is told every secret that the site tells us, `hide` takes them out."""

    def __init__(self, line: Line) -> None:
        self.name = line.name
        self.learn, self.hide = line.learn, line.hide
        self._line = line

    def look(self, action: str, **query: str) -> Said:
        """Ask. Raises `Unavailable` or `NotAuthorised`; a failure in the site's own words is an answer."""
        return self._looked(self._ask(action, query))

    def fetch(self, action: str, **query: str) -> Reply | Said:
        """Ask for a file: the reply as it came if it is one, else what was said in its place."""
        reply = self._ask(action, query)
        if reply.status == 200 and (reply.kind == "application/x-bittorrent" or reply.body[:1] == b"d"):
            return reply
        return self._looked(reply)

    def send(self, action: str, fields: Fields, files: Files, *, first: bool = False) -> Said:
        """Send once. Raises `Unavailable`, `NotAuthorised` or `Refused` only for what provably was not processed,
        `Unconfirmed` for all else that is no clean answer. `first`: of two documents in a row the first counts."""
        reply = self._line.post(_PATH, fields, files, query=[("action", action)])
        reading = read(reply, self.hide, strict=True, first=first)
        return reading if isinstance(reading, Said) else self._line.sent(reading)

    def _ask(self, action: str, query: dict[str, str]) -> Reply:
        return self._line.get(_PATH, [("action", action), *query.items()])

    def _looked(self, reply: Reply) -> Said:
        reading = read(reply, self.hide)
        return reading if isinstance(reading, Said) else self._line.looked(reading)
