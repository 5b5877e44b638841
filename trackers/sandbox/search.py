"""`action=browse`: full-text search over what the index has seen so far. Facts on Gazelle, section 8.

Matches whole words, folds accents one letter to one (æ stays æ), and finds nothing for a quoted phrase.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from trackers.sandbox.answers import Manner, Value, flat_row, search_group
from trackers.sandbox.fields import php_int
from trackers.sandbox.store import Group, Store, Torrent, User
from trackers.sandbox.wire import Request

T = TypeVar("T")
PAGE = 50
ORDERS: dict[str, Callable[[Torrent, Group], float]] = {
    "time": lambda torrent, group: torrent.id,
    "year": lambda torrent, group: group.year,
    "size": lambda torrent, group: torrent.size,
    "seeders": lambda torrent, group: torrent.id,
    "leechers": lambda torrent, group: torrent.id,
    "snatched": lambda torrent, group: len(torrent.snatched_by),
    "random": lambda torrent, group: hash((torrent.id, group.id)),
}
WAYS = ("asc", "desc")


class BadOrder(Exception):
    """The site answers `-1`."""


@dataclass(frozen=True)
class Page:
    """One page of a search. `results` empty: the site leaves the page numbers out."""

    current: int
    pages: int
    results: list[Value]


def browse(request: Request, store: Store, viewer: User, manner: Manner) -> Page:
    """Search. Raises `BadOrder`."""
    way, order = request.param("order_way") or "desc", request.param("order_by") or "time"
    if way not in WAYS:
        raise BadOrder
    hits = [(one, store.groups[one.group_id]) for one in _indexed(store) if _fits(request, one, store)]
    key = ORDERS.get(order, ORDERS["time"])
    hits.sort(key=lambda hit: key(*hit), reverse=way == "desc")
    current = max(1, php_int(request.param("page") or "1"))
    if request.param("group_results") == "0":
        return _page(hits, current, lambda hit: flat_row(*hit, store, viewer, manner))
    groups = list(dict.fromkeys(group.id for _, group in hits))
    return _page(groups, current, lambda group: _grouped(group, store, viewer, manner))


def _page(hits: list[T], current: int, row: Callable[[T], Value]) -> Page:
    shown = hits[(current - 1) * PAGE : current * PAGE]
    return Page(current, -(-len(hits) // PAGE), [row(hit) for hit in shown])


def _grouped(group_id: int, store: Store, viewer: User, manner: Manner) -> Value:
    """A hit group with all its torrents, also those that did not match or are not indexed yet."""
    group = store.groups[group_id]
    return search_group(group, store.in_group(group_id), store, viewer, manner)


def _indexed(store: Store) -> Iterable[Torrent]:
    now = store.clock.running()
    return [one for one in store.torrents.values() if one.searchable_at <= now]


def _fits(request: Request, torrent: Torrent, store: Store) -> bool:
    group = store.groups[torrent.group_id]
    return all(test(request.param(key) or "", torrent, group) for key, test in FILTERS.items() if request.param(key))


def _words(text: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return set(re.findall(r"\w+", "".join(letter for letter in plain if not unicodedata.combining(letter))))


def _has(asked: str, text: str) -> bool:
    return '"' not in asked and _words(asked) <= _words(text)


def _names(group: Group) -> str:
    return " ".join(artist.name for _, artist in group.artists)


def _everything(torrent: Torrent, group: Group) -> str:
    edition = torrent.edition
    labels = f"{group.record_label} {group.catalogue_number} {edition.record_label} {edition.catalogue_number}"
    encoding = f"{torrent.media} {torrent.format} {torrent.encoding} {edition.title}"
    return f"{_names(group)} {group.name} {group.year} {labels} {encoding}"


FILTERS: dict[str, Callable[[str, Torrent, Group], bool]] = {
    "searchstr": lambda asked, torrent, group: _has(asked, _everything(torrent, group)),
    "artistname": lambda asked, torrent, group: _has(asked, _names(group)),
    "groupname": lambda asked, torrent, group: _has(asked, group.name),
    "year": lambda asked, torrent, group: php_int(asked) == group.year,
    "releasetype": lambda asked, torrent, group: php_int(asked) == group.release_type,
    "format": lambda asked, torrent, group: _has(asked, torrent.format),
    "encoding": lambda asked, torrent, group: _has(asked, torrent.encoding),
    "media": lambda asked, torrent, group: _has(asked, torrent.media),
    "remastertitle": lambda asked, torrent, group: _has(asked, torrent.edition.title),
    "remasteryear": lambda asked, torrent, group: php_int(asked) == torrent.edition.year,
    "taglist": lambda asked, torrent, group: bool({one.strip().lower() for one in asked.split(",")} & set(group.tags)),
    "filelist": lambda asked, torrent, group: _has(asked, " ".join(path for path, _ in torrent.files)),
    "recordlabel": lambda asked, torrent, group: _has(asked, f"{group.record_label} {torrent.edition.record_label}"),
    "cataloguenumber": lambda asked, torrent, group: _has(
        asked, f"{group.catalogue_number} {torrent.edition.catalogue_number}"
    ),
}
