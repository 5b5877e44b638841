"""TheTVDB: series by a number of another data base, else by title and year. Facts: its published API, version 4.

A key opens a token for a month; a token that is not taken any more is replaced once.
"""

from __future__ import annotations

from collections.abc import Mapping

from trackers.errors import NotAuthorised
from trackers.http import Fields
from trackers.identity import YEARS, Candidate, Id, Question, Said, choose, number
from trackers.line import Line
from trackers.lookups.service import Json, Opening, Service, ask, read, rows, table, text, year_of
from trackers.secret import Secret

PAGE = "https://thetvdb.com/dereferrer/series"
SHOWN = 50  # results of a search: more is no answer
# As it names its sources, and its countries (ISO 3166, three letters), as far as release names write them.
_SOURCES = {"imdb": "imdb", "themoviedb.com": "tmdb", "tv maze": "tvmaze"}
_COUNTRIES = {
    "usa": "US", "gbr": "GB", "aus": "AU", "nzl": "NZ", "can": "CA", "irl": "IE", "zaf": "ZA", "ind": "IN",
}  # fmt: skip


class Tvdb(Service):
    """One key for TheTVDB, with the PIN of a subscriber where the key is of that kind."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self._opening, self._memory = opening, opening.memory
        self._login = opening.line({})
        self._line: Line | None = None

    def prove(self) -> None:
        """See `Service.prove`: the key is worth a token."""
        self._line = self._opened()

    def _opened(self) -> Line:
        keys = self._opening.secrets
        body = {"apikey": keys["api_key"].reveal()} | ({"pin": keys["pin"].reveal()} if keys.get("pin") else {})
        said = table(self.name, read(self.name, self._login.ask("/v4/login", body)) or {})
        token = text(table(self.name, said.get("data") or {}).get("token"))
        if not token.isascii() or not token.isprintable() or not token:
            raise NotAuthorised("key-refused", f"{self.name}: it gave no token for the key")
        secret = Secret(token)
        line = self._opening.line({"Authorization": Secret(f"Bearer {token}")})
        line.learn(secret)
        return line

    def _ask(self, path: str, query: Fields = ()) -> object:
        """The `data` of an answer; None where there is nothing. An old token is replaced, once."""
        fresh = self._line is None
        line = self._line = self._line or self._opened()
        try:
            said = ask(line, path, query)
        except NotAuthorised:
            if fresh:
                raise
            self._line = self._opened()
            said = ask(self._line, path, query)
        return table(self.name, said or {}).get("data")

    def look(self, question: Question) -> Said:
        """By TheTVDB's own number, by another's, by name; what was said lately is not asked again."""
        return self._memory.recall(question, self._looked)

    def _looked(self, question: Question) -> Said:
        own = question.ids.get("tvdb")
        if own is not None:
            return Said(_others(self._whole(own)))
        found = self._crossed(question)
        if len(found) == 1:
            return Said(self._numbers(found[0]))
        if found:
            shown = (Candidate("tvdb", one, f"series {one}", link=f"{PAGE}/{one}") for one in found)
            return Said(candidates=tuple(shown), several=True)
        return self._named(question) if question.title else Said()

    def _crossed(self, question: Question) -> list[Id]:
        """The series that stand there with the number that is known at IMDb."""
        known = question.ids.get("imdb")
        if known is None:
            return []
        found = rows(self.name, self._ask(f"/v4/search/remoteid/{known}") or [])
        series = (row.get("series") for row in found)
        each = (number("tvdb", one.get("id")) for one in series if isinstance(one, Mapping))
        return list(dict.fromkeys(one for one in each if one is not None))

    def _named(self, question: Question) -> Said:
        query = [("query", question.title), ("type", "series"), ("limit", str(SHOWN))]
        found = rows(self.name, self._ask("/v4/search", query) or [])
        candidates = [one for row in found if (one := _candidate(row)) is not None]
        chosen = choose(question, candidates, whole=len(found) < SHOWN)
        if isinstance(chosen, Said):
            return chosen
        whole = self._whole(chosen.id)
        if not _has_season(question, whole):
            return Said(candidates=(chosen,))
        return Said({"tvdb": chosen.id, **_others(whole)})

    def _numbers(self, own: Id) -> dict[str, Id]:
        return {"tvdb": own, **_others(self._whole(own))}

    def _whole(self, own: Id) -> Json:
        return table(self.name, self._ask(f"/v4/series/{own}/extended", [("short", "true")]) or {})


def _candidate(row: Json) -> Candidate | None:
    own = number("tvdb", row.get("tvdb_id"))
    if own is None:
        return None
    aliases, names = row.get("aliases"), row.get("translations")
    other = [*(aliases if isinstance(aliases, list) else ()), *(names.values() if isinstance(names, Mapping) else ())]
    country = text(row.get("country")).lower()
    return Candidate(
        "tvdb",
        own,
        text(row.get("name")),
        tuple(dict.fromkeys(name for one in other if (name := text(one)))),
        year_of(row.get("year")),
        (_COUNTRIES.get(country, country.upper()),) if country else (),
        f"{PAGE}/{own}",
    )


def _others(whole: Json) -> dict[str, Id]:
    """The numbers at other data bases; one that is named with two numbers tells neither."""
    found: dict[str, set[Id]] = {}
    remote = whole.get("remoteIds")
    for row in remote if isinstance(remote, list) else ():
        base = _SOURCES.get(text(row.get("sourceName")).lower()) if isinstance(row, Mapping) else None
        known = number(base, row.get("id")) if base else None
        if base and known is not None:
            found.setdefault(base, set()).add(known)
    return {base: each.pop() for base, each in found.items() if len(each) == 1}


def _has_season(question: Question, whole: Json) -> bool:
    """Whether a series has the season that the content is of, as it was aired; where it does not say, it may."""
    seasons = whole.get("seasons")
    if question.season is None or question.season >= YEARS or not isinstance(seasons, list):
        return True
    return any(isinstance(one, Mapping) and one.get("number") == question.season for one in seasons)
