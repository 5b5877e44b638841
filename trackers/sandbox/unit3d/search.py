"""/api/torrents/filter and /api/torrents: the search engine and the cache before it. Facts on UNIT3D, section 10.

An answer is kept for everybody under its address without the api_token; only the download addresses are made anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl, quote

from trackers.clock import Clock
from trackers.sandbox.fields import php_int
from trackers.sandbox.metainfo import Crashed
from trackers.sandbox.store import Store, fold
from trackers.sandbox.unit3d.entry import APPROVED, Entry, Value, entries, uploader
from trackers.sandbox.wire import Pairs, Request

FRESH, STALE = 300.0, 360.0  # seconds
PER_PAGE, MOST = 25, 100
CURSOR = "eyJzdGlja3kiOmZhbHNlLCJfcG9pbnRzVG9OZXh0SXRlbXMiOnRydWV9"
SORTED = ("name", "size", "seeders", "leechers", "times_completed", "created_at", "bumped_at")
DIRECTIONS = ("asc", "desc")
_WORD = re.compile(r"[^\W_]+")


T = TypeVar("T")


class Cache:
    """Answers by address: fresh for 300 s; up to 360 s the stale one once more while it is renewed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, object]] = {}

    def get(self, key: str, make: Callable[[], T]) -> T:
        """The kept answer, or a new one."""
        now = self._clock.running()
        at, value = self._kept.get(key, (float("-inf"), None))
        if now - at < FRESH:
            return value  # type: ignore[return-value]  # what `make` made under this key
        self._kept[key] = now, make()
        return value if now - at < STALE else self._kept[key][1]  # type: ignore[return-value]


@dataclass(frozen=True)
class Asked:
    """A filter's query."""

    pairs: Pairs

    @classmethod
    def of(cls, request: Request) -> Asked:
        return cls(tuple(parse_qsl(request.query, keep_blank_values=True)))

    def get(self, key: str) -> str:
        """The value, without blanks around it; empty where there is none."""
        return next((value.strip() for name, value in reversed(self.pairs) if name == key), "")

    def numbers(self, key: str) -> list[int]:
        """`key[]`. Raises `Crashed` where it is no list."""
        if self.get(key):
            raise Crashed
        return [php_int(value) for name, value in self.pairs if name == f"{key}[]"]

    @property
    def indexed(self) -> Pairs:
        """`key[]` as PHP numbers it."""
        found: list[tuple[str, str]] = []
        for name, value in self.pairs:
            number = sum(one.startswith(name.removesuffix("]")) for one, _ in found)
            found.append((f"{name[:-1]}{number}]" if name.endswith("[]") else name, value))
        return tuple(found)

    @property
    def page(self) -> int:
        """From 1."""
        return max(php_int(self.get("page")), 1)

    @property
    def per_page(self) -> int:
        """25 for anything that is no number above 0, 100 at most."""
        sent = php_int(self.get("perPage"))
        return min(sent, MOST) if sent > 0 else PER_PAGE

    @property
    def key(self) -> str:
        """What its answer is cached under."""
        return repr(sorted(pair for pair in self.pairs if pair[0] != "api_token"))


def wrong_order(asked: Asked) -> dict[str, list[str]]:
    """Laravel's messages on the order; empty where it is right."""
    found = {}
    if asked.get("sortField") not in ("", *SORTED):
        found["sortField"] = ["The selected sort field is invalid."]
    if asked.get("sortDirection") not in ("", *DIRECTIONS):
        found["sortDirection"] = ["The selected sort direction is invalid."]
    return found


def hits(asked: Asked, store: Store) -> list[Entry]:
    """Every torrent that the search engine finds, in order. Raises `Crashed`."""
    now = store.clock.running()
    lists = {key: asked.numbers(key) for key in ("categories", "types", "resolutions")}
    listed = [one for one in entries(store) if one.status == APPROVED and one.searchable_at <= now]
    found = [one for one in listed if _fits(one, asked, lists)]
    field = asked.get("sortField") or "bumped_at"
    descending = asked.get("sortDirection") != "asc"
    return sorted(found, key=lambda one: _sort_key(one, field, store), reverse=descending)


def newest(store: Store) -> list[Entry]:
    """Sticky ones first, then the newest: /api/torrents shows 25 of them, whatever page is asked for."""
    listed = [one for one in reversed(entries(store)) if one.status == APPROVED]
    return sorted(listed, key=lambda one: not one.sheet.perks.sticky)


def _fits(entry: Entry, asked: Asked, lists: Mapping[str, list[int]]) -> bool:
    sheet = entry.sheet
    pairs = ((sheet.category, "categories"), (sheet.type, "types"), (sheet.resolution, "resolutions"))
    numbers = (*((f"{key}Id", getattr(sheet.ids, key)) for key in ("tmdb", "imdb", "tvdb", "mal")),
               ("seasonNumber", sheet.season), ("episodeNumber", sheet.episode))  # fmt: skip
    return (
        matches(asked.get("name"), sheet.name)
        and asked.get("uploader") in ("", uploader(entry))
        and (not asked.get("file_name") or any(name == asked.get("file_name") for name, _ in entry.files))
        and all(not lists[key] or has in lists[key] for has, key in pairs)
        and all(not asked.get(key) or php_int(asked.get(key)) == (has or 0) for key, has in numbers)
        and (not php_int(asked.get("personalRelease")) or sheet.personal)
        and (not php_int(asked.get("internal")) or sheet.perks.internal)
    )


def matches(query: str, name: str) -> bool:
    """All words, the last as a beginning, a typo or two in long ones: no exact match."""
    words, has = _WORD.findall(fold(query)), _WORD.findall(fold(name))
    begun = bool(words) and any(one.startswith(words[-1]) for one in has)
    whole = words[:-1] if begun else words
    return all(any(_alike(word, one) for one in has) for word in whole)


def _alike(word: str, other: str) -> bool:
    allowed = 0 if len(word) < 5 else 1 if len(word) < 9 else 2
    return word == other or (abs(len(word) - len(other)) <= allowed and distance(word, other) <= allowed)


def distance(one: str, other: str) -> int:
    """How many letters must be put in, left out or changed."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        before, row[0] = row[0], at
        for index, against in enumerate(other, 1):
            before, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, before + (letter != against))
    return row[-1]


def _sort_key(entry: Entry, field: str, store: Store) -> float | str:
    peers = store.swarm(entry.infohash)
    seeders = sum(peer.seeding for peer in peers)
    by: dict[str, float | str] = {
        "name": fold(entry.sheet.name),
        "size": entry.size,
        "seeders": seeders,
        "leechers": len(peers) - seeders,
        "times_completed": len(entry.snatched_by),
    }
    return by.get(field, int(entry.time))  # the database keeps whole seconds


def links(asked: Asked, address: str, more: bool) -> Value:
    """The pages around this one, with the api_token in them if it came in the query."""

    def url(pairs: Pairs) -> str:
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
        return f"{address}?{query}" if query else address

    def at(page: int) -> str:
        kept = tuple((name, str(page) if name == "page" else value) for name, value in asked.indexed)
        return url(kept if any(name == "page" for name, _ in kept) else (*kept, ("page", str(page))))

    return {
        "first": url(asked.indexed),
        "last": None,
        "prev": at(asked.page - 1) if asked.page > 1 else None,
        "next": at(asked.page + 1) if more else None,
        "self": url(tuple(sorted(asked.indexed))),
    }


def meta(asked: Asked, count: int) -> Value:
    """Which rows these are."""
    before = (asked.page - 1) * asked.per_page
    return {"current_page": asked.page, "per_page": asked.per_page, "from": before + 1, "to": before + count}
