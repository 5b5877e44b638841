"""TheTVDB's API, version 4, as far as numbers are read by it. Facts: its published documents.

A key is worth a token, which can be taken back; numbers of a search are texts, and a year is one.
"""

from __future__ import annotations

from trackers.sandbox.services.library import Service, Title, said
from trackers.sandbox.store import fold
from trackers.sandbox.wire import Reply, Request

_THREE = {"US": "usa", "GB": "gbr", "NO": "nor"}
_SOURCES = {"imdb": (2, "IMDB"), "tmdb": (12, "TheMovieDB.com"), "tvmaze": (19, "TV Maze")}


class Tvdb(Service):
    """What TheTVDB knows: series alone, here."""

    type = "tvdb"

    def populate(self, keys: tuple[str, ...], stocked: bool) -> None:
        """No token is given out yet."""
        super().populate(keys, stocked)
        self.tokens: dict[str, str] = {}  # token: the key that it was given for

    def key_of(self, request: Request) -> str:
        """The key: at login as it is, later by its token."""
        if request.path == "v4/login":
            return request.form.get("apikey") or ""
        return self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "), "")

    def rate_limited(self) -> Reply:
        """What it says is not known."""
        return said({"status": "failure", "message": "Too Many Requests", "data": None}, 429)

    def key_revoked(self, request: Request) -> Reply:
        """What a wrong key, and an old token, are told."""
        message = "InvalidAPIKey: Unauthorized" if request.path == "v4/login" else "Unauthorized"
        return said({"status": "failure", "message": message, "data": None}, 401)

    def told(self, request: Request) -> Reply:
        """Login, search, one series."""
        steps = request.path.split("/")[1:]
        if steps == ["login"] and request.method == "POST":
            token = f"ey{self.store.draw(24).hex()}.{self.store.draw(24).hex()}"
            self.tokens[token] = self.key_of(request)
            return said({"status": "success", "data": {"token": token}})
        if steps == ["search"]:
            return self._search(request)
        if len(steps) == 3 and steps[:2] == ["search", "remoteid"]:
            found = [one for one in self._series() if steps[2] in map(str, one.ids.values())]
            return _found([{"series": {"id": one.ids["tvdb"], "name": one.title}} for one in found] or None)
        if len(steps) == 3 and steps[0] == "series" and steps[2] == "extended":
            series = next((one for one in self._series() if str(one.ids["tvdb"]) == steps[1]), None)
            return _found(_whole(series)) if series else _missing()
        return _missing()

    def _series(self) -> list[Title]:
        return [one for one in self.library.of("tv") if "tvdb" in one.ids]

    def _search(self, request: Request) -> Reply:
        words, most = fold(request.param("query") or "").split(), int(request.param("limit") or "50")
        found = [one for one in self._series() if words and all(word in _words(one) for word in words)]
        return _found([_row(one) for one in found[:most]])


def _words(title: Title) -> str:
    return fold(" ".join((title.title, *title.names)))


def _row(title: Title) -> dict[str, object]:
    return {
        "objectID": f"series-{title.ids['tvdb']}",
        "id": f"series-{title.ids['tvdb']}",
        "tvdb_id": str(title.ids["tvdb"]),
        "type": "series",
        "name": title.title,
        "aliases": list(title.names),
        "translations": {"eng": title.title},
        "country": _THREE.get(title.countries[0], "") if title.countries else "",
        **({"year": str(title.year)} if title.year else {}),
    }


def _whole(title: Title) -> dict[str, object]:
    remote = [
        {"id": str(title.ids[base]), "type": type, "sourceName": name}
        for base, (type, name) in _SOURCES.items()
        if base in title.ids
    ]
    seasons = [{"id": number, "number": number, "type": {"id": 1}} for number in range(title.seasons + 1)]
    return {"id": title.ids["tvdb"], "name": title.title, "remoteIds": remote or None, "seasons": seasons}


def _found(data: object) -> Reply:
    return said({"status": "success", "data": data})


def _missing() -> Reply:
    return said({"status": "failure", "message": "Not Found", "data": None}, 404)
