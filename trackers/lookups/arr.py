"""Sonarr and Radarr, the user's own: what they fetched is known by its info-hash, with the numbers of its title.

Facts: their published API, version 3, on which both agree; `downloadId` is compared letter by letter, and torrents'
are upper case.
"""

from __future__ import annotations

from collections.abc import Mapping

from trackers.errors import SettingsError
from trackers.identity import Candidate, Id, Question, Said, numbers
from trackers.lookups.service import Json, Opening, Service, ask, rows, table, text, year_of

IMPORTED = "downloadFolderImported"
_ROWS = "200"  # of one download: a season has a row for each of its episodes, and for each again when it is imported
_OF: Mapping[str, tuple[str, str]] = {"sonarr": ("series", "includeSeries"), "radarr": ("movie", "includeMovie")}
_KEYS = {"tvdb": "tvdbId", "imdb": "imdbId", "tmdb": "tmdbId", "tvmaze": "tvMazeId"}


class Arr(Service):
    """One Sonarr or Radarr."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self._what, self._include = _OF[self.type.name]
        self._url = opening.url
        self._line = opening.line({"X-Api-Key": opening.secrets["api_key"]})

    def prove(self) -> None:
        """It says which program it is. Raises `SettingsError` too, where that is another."""
        said = table(self.name, ask(self._line, "/api/v3/system/status"))
        program = text(said.get("appName"))
        if program.casefold() not in ("", self.type.name):
            raise SettingsError(
                "settings", f"{self.name}: at its `url` stands {program}, and its type is {self.type.name}"
            )

    def look(self, question: Question) -> Said:
        """By info-hash alone: what did not come by a torrent, or was not fetched by it, it does not know."""
        if not question.infohash:
            return Said()
        query = [("downloadId", question.infohash.upper()), (self._include, "true"), ("page", "1"), ("pageSize", _ROWS)]
        history = table(self.name, ask(self._line, "/api/v3/history", query) or {})
        found = rows(self.name, history.get("records", []))
        imported = [row for row in found if row.get("eventType") == IMPORTED]
        titles = self._titles(imported or found)
        if len(titles) != 1:
            shown = tuple(self._candidate(one) for one in titles.values())
            return Said(candidates=shown, several=len(shown) > 1)
        (title,) = titles.values()
        return Said(_ids(title))

    def _titles(self, found: list[Json]) -> dict[int, Json]:
        """The series or films of history, by their number there; what was deleted since is left out."""
        titles: dict[int, Json] = {}
        for row in found:
            number = row.get(f"{self._what}Id")
            if not isinstance(number, int) or number in titles:
                continue
            title = row.get(self._what) or ask(self._line, f"/api/v3/{self._what}/{number}")
            if isinstance(title, Mapping) and _ids(title):
                titles[number] = title
        return titles

    def _candidate(self, title: Json) -> Candidate:
        base, number = next(iter(_ids(title).items()))
        slug = text(title.get("titleSlug"))
        link = f"{self._url}/{self._what}/{slug}" if slug else ""
        return Candidate(base, number, text(title.get("title")), year=year_of(title.get("year")), link=link)


def _ids(title: Json) -> dict[str, Id]:
    return numbers({base: title.get(key) for base, key in _KEYS.items()})
