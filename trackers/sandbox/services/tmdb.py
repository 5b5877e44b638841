"""TMDB's API, version 3, as far as numbers are read by it. Facts: its published documents and error codes.

It finds what only resembles the question, shows twenty titles a page, knows an imdb number of an episode as an
episode's, and takes a token in a header alone.
"""

from __future__ import annotations

from trackers.sandbox.services.library import Service, Title, said
from trackers.sandbox.store import fold
from trackers.sandbox.wire import Reply, Request

SHOWN = 20  # titles a page
_NAMES = {"tv": ("name", "original_name", "first_air_date"), "movie": ("title", "original_title", "release_date")}
_YEARS = {"tv": "first_air_date_year", "movie": "primary_release_year"}


class Tmdb(Service):
    """What TMDB knows."""

    type = "tmdb"

    def key_of(self, request: Request) -> str:
        """A token of its fourth version; the older key stands in addresses, and opens this stand-in not at all."""
        return request.headers.get("authorization", "").removeprefix("Bearer ")

    def rate_limited(self) -> Reply:
        """Its own words."""
        return _failed(25, "Your request count (41) is over the allowed limit of (40).", 429)

    def key_revoked(self, request: Request) -> Reply:
        """What a wrong key is told."""
        return _failed(7, "Invalid API key: You must be granted a valid key.", 401)

    def told(self, request: Request) -> Reply:
        """Search, find, one title, its numbers elsewhere."""
        steps = request.path.split("/")[1:]
        if steps == ["authentication"]:
            return said({"success": True, "status_code": 1, "status_message": "Success."})
        if len(steps) == 2 and steps[0] == "search" and steps[1] in _NAMES:
            return self._search(steps[1], request)
        if len(steps) == 2 and steps[0] == "find":
            return self._find(steps[1], request)
        if len(steps) > 1 and steps[0] in _NAMES and steps[1].isdecimal():
            return self._one(steps[0], int(steps[1]), steps[2:])
        return _failed(34, "The resource you requested could not be found.", 404)

    def _search(self, kind: str, request: Request) -> Reply:
        page, year = int(request.param("page") or "1"), request.param(_YEARS[kind])
        if not 1 <= page <= 500:
            text = "Invalid page: Pages start at 1 and max at 500. They are expected to be an integer."
            return _failed(22, text, 400)
        wanted = fold(request.param("query") or "").split()
        known = self.library.of(kind)
        found = [one for one in known if wanted and "tmdb" in one.ids and all(word in _words(one) for word in wanted)]
        found = [one for one in found if year is None or str(one.year) == year]
        shown = [_row(one) for one in found[(page - 1) * SHOWN :][:SHOWN]]
        pages = max(1, -(-len(found) // SHOWN))
        return said({"page": page, "results": shown, "total_pages": pages, "total_results": len(found)})

    def _find(self, number: str, request: Request) -> Reply:
        base = (request.param("external_source") or "").removesuffix("_id")
        if base not in ("imdb", "tvdb"):
            return _failed(5, "Invalid parameters: Your request parameters are incorrect.", 422)
        found = [one for one in self.library.titles if str(one.ids.get(base)) == number and "tmdb" in one.ids]
        kinds = {f"{kind}_results": [_row(one) for one in found if one.kind == kind] for kind in ("movie", "tv")}
        return said({**kinds, "person_results": [], "tv_episode_results": [], "tv_season_results": []})

    def _one(self, kind: str, number: int, rest: list[str]) -> Reply:
        one = next((one for one in self.library.of(kind) if one.ids.get("tmdb") == number), None)
        if one is None or rest not in ([], ["external_ids"]):
            return _failed(34, "The resource you requested could not be found.", 404)
        if rest:
            numbers = {"id": number, "imdb_id": one.ids.get("imdb"), "wikidata_id": None, "facebook_id": None}
            return said(numbers | ({"tvdb_id": one.ids.get("tvdb"), "tvrage_id": None} if kind == "tv" else {}))
        return said(_row(one) | ({"number_of_seasons": one.seasons} if kind == "tv" else {}))


def _words(title: Title) -> str:
    return fold(" ".join((title.title, title.original, *title.names)))


def _row(title: Title) -> dict[str, object]:
    name, original, date = _NAMES[title.kind]
    row: dict[str, object] = {
        "id": title.ids["tmdb"],
        name: title.title,
        original: title.original or title.title,
        date: f"{title.year}-04-01" if title.year else "",
        "adult": False,
        "popularity": 1.5,
        "poster_path": None,
    }
    return row | ({"origin_country": list(title.countries)} if title.kind == "tv" else {})


def _failed(code: int, text: str, status: int) -> Reply:
    return said({"success": False, "status_code": code, "status_message": text}, status)
