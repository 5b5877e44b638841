"""Whose content a path is, and what a torrent is now, asked of all clients there are.

Has a connection of its own to each, and one caller at a time. Decides nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from watcher.client import Client, ClientAway
from watcher.sources.content import Found, Never, Waits, sites_of
from watcher.sources.qbittorrent import QbittorrentSource


@dataclass(frozen=True)
class _Holder:
    source: QbittorrentSource
    client: Client


class Holders:
    """All clients at once. Any thread may ask; nothing raises for a client that is away."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._all: tuple[_Holder, ...] = ()

    def use(self, sources: Sequence[QbittorrentSource], clients: Mapping[str, Client]) -> None:
        """Ask these from now on."""
        made = tuple(_Holder(source, clients[source.name].clone()) for source in sources)
        with self._lock:
            self._all = made

    def by_hash(self, infohash: str) -> Found | Waits | Never | None:
        """What a torrent is now; None if no client has it."""
        away = ""
        with self._lock:
            for holder in self._all:
                try:
                    found = holder.source.find(infohash, holder.client)
                except ClientAway as error:
                    away = str(error)
                    continue
                if found is not None:
                    return found
        return Waits(f"{away}: ask again when it is back") if away else None

    def by_path(self, path: Path) -> Found | Waits | Never | None:
        """The torrent whose content holds `path` or lies in it, seedpost's own left out; None if there is none. One
        that is complete counts before one that is not. Where a client saves that is away, nobody knows."""
        found: list[Found | Waits | Never] = []
        with self._lock:
            for holder in self._all:
                found += self._in(holder, path)
        return min(found, key=lambda one: (Found, Waits, Never).index(type(one)), default=None)

    def _in(self, holder: _Holder, path: Path) -> list[Found | Waits | Never]:
        name, source = holder.source.name, holder.source
        if source.away:
            away = Waits(f"{path} lies where {name} saves, and it is away: ask again when it is back")
            return [away] if source.saves(path) else []
        try:
            asked = [source.find(one, holder.client) for one in source.holders(str(path), holder.client)]
        except ClientAway as error:
            return [Waits(f"{error}: ask again when it is back")]
        return [one for one in asked if one is not None]

    def sites(self, path: Path, but: QbittorrentSource) -> list[str] | Waits:
        """The sites of all torrents over exactly this content in clients other than `but`'s."""
        sites: list[str] = []
        with self._lock:
            for holder in self._all:
                over = [] if holder.source is but else holder.source.over(path)
                try:
                    for infohash in over:
                        sites += sites_of(holder.client, infohash)
                except ClientAway as error:
                    return Waits(f"it is in {holder.source.name} too, which can't be asked where from: {error}")
        return sites
