"""Sonarr's and Radarr's API, version 3, as far as history is read by it. Facts: their published API.

`downloadId` is compared letter by letter, ten rows are a page unless more are asked for, and a path that is no path of
the API answers with the program's own page.
"""

from __future__ import annotations

from trackers.sandbox.faults import PAGE
from trackers.sandbox.services.library import Service, Title, said
from trackers.sandbox.wire import HTML_TYPE, Reply, Request


class Sonarr(Service):
    """What Sonarr fetched. A season is a row for each episode, once when it was grabbed and once when imported."""

    type = "sonarr"
    what, include, program = "series", "includeSeries", "Sonarr"

    def key_of(self, request: Request) -> str:
        """In a header of its own."""
        return request.headers.get("x-api-key", "")

    def rate_limited(self) -> Reply:
        """Only a front server before it ever says so."""
        return Reply(429, b"", HTML_TYPE)

    def key_revoked(self, request: Request) -> Reply:
        """What a wrong key is told."""
        return said({"error": "Unauthorized"}, 401)

    def answer(self, request: Request, struck: object, post: int | None) -> Reply:
        """Whatever is not of the API is a page for people."""
        if not request.path.startswith("api/"):
            return Reply(200, PAGE.format(title=self.program, text="").encode(), HTML_TYPE)
        return self.told(request) if self.caller(request) else self.key_revoked(request)

    def told(self, request: Request) -> Reply:
        """The program's version, its history, one title."""
        steps = request.path.split("/")[2:]
        if steps == ["system", "status"]:
            return said({"appName": self.program, "instanceName": self.program, "version": "4.0.14.2939"})
        if steps == ["history"]:
            return said(self._history(request))
        if len(steps) == 2 and steps[0] == self.what and steps[1].isdecimal():
            titles = dict(enumerate(self.library.titles, 1))
            one = titles.get(int(steps[1]))
            return said(self._title(int(steps[1]), one)) if one else said({"message": "NotFound"}, 404)
        return said({"message": "NotFound"}, 404)

    def _history(self, request: Request) -> dict[str, object]:
        asked, size = request.param("downloadId") or "", int(request.param("pageSize") or "10")
        page = max(1, int(request.param("page") or "1"))
        whole = request.param(self.include) == "true"
        imported, grabbed = (kept.get((self.type, asked), []) for kept in (self.library.fetched, self.library.grabbed))
        known = [("downloadFolderImported", title) for title in imported]
        known += [("grabbed", title) for title in grabbed or imported]
        rows = [self._row(title, asked, event, whole) for event, title in known for _ in range(self._parts(title))]
        shown = rows[(page - 1) * size :][:size]
        head = {"page": page, "pageSize": size, "sortKey": "date", "sortDirection": "descending"}
        return {**head, "totalRecords": len(rows), "records": shown}

    def _parts(self, title: Title) -> int:
        return 3

    def _row(self, title: Title, asked: str, event: str, whole: bool) -> dict[str, object]:
        number = self.library.titles.index(title) + 1 if title in self.library.titles else 9999
        row: dict[str, object] = {
            "id": 1,
            f"{self.what}Id": number,
            "sourceTitle": title.title.replace(" ", "."),
            "eventType": event,
            "downloadId": asked,
            "data": {"downloadClient": "qBittorrent", "importedPath": None},
        }
        return row | ({self.what: self._title(number, title)} if whole and number != 9999 else {})

    def _title(self, number: int, title: Title) -> dict[str, object]:
        ids = title.ids
        return {
            "id": number,
            "title": title.title,
            "year": title.year or 0,
            "titleSlug": title.title.lower().replace(" ", "-"),
            "tvdbId": ids.get("tvdb", 0),
            "tvMazeId": ids.get("tvmaze", 0),
            "tvRageId": 0,
            "tmdbId": ids.get("tmdb", 0),
            **({"imdbId": ids["imdb"]} if "imdb" in ids else {}),
        }


class Radarr(Sonarr):
    """What Radarr fetched."""

    type = "radarr"
    what, include, program = "movie", "includeMovie", "Radarr"

    def _parts(self, title: Title) -> int:
        return 1

    def _title(self, number: int, title: Title) -> dict[str, object]:
        return {key: value for key, value in super()._title(number, title).items() if not key.startswith("tv")}
