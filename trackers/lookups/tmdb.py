"""TMDB: by a number of another data base, else by title and year. Facts: its published API, version 3.

Read with a v4 access token in a header; the older key goes into addresses alone, where it would stand in other people's
logs, and is not used. `year` of its search is soft, so candidates are compared here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from trackers.errors import SettingsError
from trackers.identity import YEARS, Candidate, Id, Question, Said, choose, number, numbers
from trackers.lookups.service import Json, Opening, Service, ask, rows, table, text, year_of
from trackers.secret import Secret

PAGE = "https://www.themoviedb.org"
PAGES = 5  # of a search, of twenty titles each: more is no answer
_OLD_KEY = 32  # digits of the key that goes into addresses
_FINDS = MappingProxyType({"imdb": "imdb_id", "tvdb": "tvdb_id"})  # numbers that it finds a title by
_TITLE = {"tv": ("name", "original_name", "first_air_date"), "movie": ("title", "original_title", "release_date")}


class Tmdb(Service):
    """One account at TMDB."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        key = opening.secrets["api_key"].reveal()
        if len(key) == _OLD_KEY:
            why = "is its short API key; its `API Read Access Token` is wanted, which goes into no address"
            name = f"{self.name.lower()}.api_key"
            raise SettingsError("no-key", f"{self.name}: {name} {why}: seedpost secrets set {name}")
        self._line = opening.line({"Authorization": Secret(f"Bearer {key}")})
        self._memory = opening.memory

    def prove(self) -> None:
        """See `Service.prove`."""
        ask(self._line, "/3/authentication")

    def look(self, question: Question) -> Said:
        """By TMDB's own number, by another's, by name; what was said lately is not asked again."""
        return self._memory.recall(question, self._looked)

    def _looked(self, question: Question) -> Said:
        own = question.ids.get("tmdb")
        if own is not None:
            return Said(self._more(question, own))
        crossed = self._crossed(question)
        if crossed:
            one = crossed[0].id if len(crossed) == 1 else None
            return self._numbers(question, one) if one else Said(candidates=tuple(crossed), several=True)
        return self._named(question) if question.title else Said()

    def _crossed(self, question: Question) -> list[Candidate]:
        """The titles that stand there with the numbers that are known; two that differ are both shown."""
        found: dict[Id, Candidate] = {}
        for base, source in _FINDS.items():
            known = question.ids.get(base)
            if known is None or (base == "tvdb" and question.kind != "tv"):
                continue
            said = table(self.name, ask(self._line, f"/3/find/{known}", [("external_source", source)]) or {})
            for row in rows(self.name, said.get(f"{question.kind}_results", [])):
                one = self._candidate(question.kind, row)
                if one is not None:
                    found[one.id] = one
        return list(found.values())

    def _named(self, question: Question) -> Said:
        candidates, whole = self._searched(question, question.year)
        if not candidates and question.year is not None:
            candidates, whole = self._searched(question, None)  # to show what it may be: none of them fits
        chosen = choose(question, candidates, whole=whole)
        if isinstance(chosen, Said):
            return chosen
        if not self._has_season(question, chosen.id):
            return Said(candidates=(chosen,))
        return self._numbers(question, chosen.id)

    def _searched(self, question: Question, year: int | None) -> tuple[list[Candidate], bool]:
        """(what the search finds, whether that is all)."""
        key = "first_air_date_year" if question.kind == "tv" else "primary_release_year"
        query = [("query", question.title), ("include_adult", "true"), *([(key, str(year))] if year else [])]
        found: list[Candidate] = []
        for page in range(1, PAGES + 1):
            path = f"/3/search/{question.kind}"
            said = table(self.name, ask(self._line, path, [*query, ("page", str(page))]) or {})
            shown = (self._candidate(question.kind, row) for row in rows(self.name, said.get("results", [])))
            found += [one for one in shown if one is not None]
            pages = said.get("total_pages")
            if not isinstance(pages, int) or page >= pages:
                return found, True
        return found, False

    def _candidate(self, kind: str, row: Json) -> Candidate | None:
        own, (title, original, date) = number("tmdb", row.get("id")), _TITLE[kind]
        if own is None:
            return None
        countries = row.get("origin_country")
        return Candidate(
            "tmdb",
            own,
            text(row.get(title)),
            tuple(name for name in (text(row.get(original)),) if name),
            year_of(row.get(date)),
            tuple(map(str, countries)) if isinstance(countries, list) else (),
            f"{PAGE}/{kind}/{own}",
        )

    def _has_season(self, question: Question, own: Id) -> bool:
        """Whether a series has the season that the content is of: a namesake with fewer is another."""
        if question.kind != "tv" or question.season is None or question.season >= YEARS:
            return True
        seasons = table(self.name, ask(self._line, f"/3/tv/{own}") or {}).get("number_of_seasons")
        return isinstance(seasons, int) and question.season <= seasons

    def _numbers(self, question: Question, own: Id) -> Said:
        return Said({"tmdb": own, **self._more(question, own)})

    def _more(self, question: Question, own: Id) -> Mapping[str, Id]:
        """The numbers that other data bases have for a title; of a series that is not there any more, none."""
        said = table(self.name, ask(self._line, f"/3/{question.kind}/{own}/external_ids") or {})
        return numbers({"imdb": said.get("imdb_id"), "tvdb": said.get("tvdb_id") if question.kind == "tv" else None})
