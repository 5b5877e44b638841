"""A UNIT3D site's API: every answer is classed once. Knows no field of any form."""

from __future__ import annotations

from itertools import count

from trackers.http import Fields, Files, Reply
from trackers.line import Line
from trackers.unit3d.answers import Said, read

ROOM = 65.0  # seconds to wait for room under the limit: a little longer than the window of the site
FIRST_PAUSE = 60.0  # seconds after a refusal for the rate without a time
FILTER = "/api/torrents/filter"


class Api:
    """One user's line to one site. `learn` is told every secret that the site tells us, `hide` takes them out."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.learn, self.hide = line.learn, line.hide
        self._count = count()

    def look(self, path: str, query: Fields = ()) -> Said:
        """Ask. Raises `Unavailable` or `NotAuthorised`; a 404 in the site's own words is an answer."""
        reading = read(self.fetch(path, query), self.hide)
        return reading if isinstance(reading, Said) else self.line.looked(reading)

    def filter(self, **query: str) -> Said:
        """Ask the search, past its cache: the answer to a query is kept for five minutes, for everybody."""
        fresh = f"{self.line.clock.now():.6f}.{next(self._count)}"
        return self.look(FILTER, [*query.items(), ("_", fresh)])

    def fetch(self, path: str, query: Fields = ()) -> Reply:
        """Ask, for the reply as it came."""
        return self.line.get(path, query)

    def send(self, path: str, fields: Fields, files: Files) -> Said:
        """Send once. Raises `Unavailable`, `NotAuthorised` or `Refused` only for what provably was not processed,
        `Unconfirmed` for all else that is no JSON object."""
        reading = read(self.line.post(path, fields, files), self.hide)
        return reading if isinstance(reading, Said) else self.line.sent(reading)
