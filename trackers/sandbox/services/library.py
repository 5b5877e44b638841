"""The invented titles that all stand-ins know, and what they have in common: a key, words for a wrong one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trackers.sandbox.dialect import Dialect
from trackers.sandbox.faults import Struck
from trackers.sandbox.store import Store
from trackers.sandbox.wire import JSON_TYPE, Reply, Request, php_json


@dataclass(frozen=True)
class Title:
    """A film or a series. `ids`: its numbers, IMDb's with tt; `names`: in other languages, and aliases."""

    kind: str  # tv movie
    title: str
    year: int | None
    ids: Mapping[str, int | str]
    original: str = ""
    names: tuple[str, ...] = ()
    countries: tuple[str, ...] = ("US",)
    seasons: int = 1


def _tv(title: str, year: int, number: int, seasons: int, *, imdb: bool = True, **more: Any) -> Title:
    ids: dict[str, int | str] = {"tmdb": number, "tvdb": number * 10 + 2, "tvmaze": number // 10 + 3}
    return Title("tv", title, year, ids | ({"imdb": f"tt{number}0"} if imdb else {}), seasons=seasons, **more)


def _film(title: str, year: int, number: int, *, imdb: bool = True, **more: Any) -> Title:
    ids: dict[str, int | str] = {"tmdb": number}
    return Title("movie", title, year, ids | ({"imdb": f"tt{number}0"} if imdb else {}), **more)


# Two films of one title and year, two series of one title, letters that no keyboard has, a remake.
STOCK = (
    _tv("Ports of Call", 2016, 710001, 4),
    _tv("Tidal Office", 2011, 710021, 2, countries=("GB",)),
    _tv("Tidal Office", 2019, 710031, 3),
    _tv("Sjøfart & Søvn", 2020, 710041, 1, imdb=False, names=("Seafaring and Sleep",), countries=("NO",)),
    _film("The Loopback", 2019, 720001),
    _film("The Loopback", 1974, 720011),
    _film("Slack Water", 2024, 720021),
    _film("Slack Water", 2024, 720031, imdb=False),
    _film("Ägir’s Hall: Part II", 2021, 720041, original="Ægirs höll 2"),
)


@dataclass
class Library:
    """What the world of these services holds. `fetched`: which titles a program of the user's fetched by a torrent, by
    (service, upper-case info-hash)."""

    titles: list[Title] = field(default_factory=lambda: list(STOCK))
    fetched: dict[tuple[str, str], list[Title]] = field(default_factory=dict)
    grabbed: dict[tuple[str, str], list[Title]] = field(default_factory=dict)  # for another title than it was imported

    def of(self, kind: str) -> list[Title]:
        """The films, or the series."""
        return [one for one in self.titles if one.kind == kind]


class Service(Dialect):
    """One service over the library. Uploads and torrents it has none."""

    flag = ""
    library: Library

    def populate(self, keys: tuple[str, ...], stocked: bool) -> None:
        """One account, which holds the key."""
        self.store.add_user("uploader", *keys)
        self.library = Library()

    def action(self, request: Request) -> str:
        """The last word of the path that is no number."""
        return next((step for step in reversed(request.path.split("/")) if step and not step.isdecimal()), "")

    @abstractmethod
    def key_of(self, request: Request) -> str:
        """The key that came along."""

    @abstractmethod
    def told(self, request: Request) -> Reply:
        """The answer to a question with the right key."""

    def caller(self, request: Request) -> str:
        """The account whose key came along."""
        user = self.store.by_token(self.key_of(request))
        return user.name if user else ""

    def answer(self, request: Request, struck: Struck, post: int | None) -> Reply:
        """Any request below its prefix."""
        return self.told(request) if self.caller(request) else self.key_revoked(request)


def said(value: object, status: int = 200) -> Reply:
    """A JSON answer."""
    return Reply(status, php_json(value).encode(), JSON_TYPE)


def made(service: type[Service], store: Store, library: Library, keys: tuple[str, ...]) -> Service:
    """A stand-in, ready to be asked."""
    one = service(store)
    one.populate(keys, stocked=True)
    one.library = library
    return one
