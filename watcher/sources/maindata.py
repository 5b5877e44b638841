"""What a qBittorrent holds, kept up to date from its deltas; and when a torrent is complete. Pure: asks nobody."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Anything else, and what a later version invents, waits. Seen on 4.5, 5.1 and 5.3.
COMPLETE = frozenset({"uploading", "stalledUP", "queuedUP", "forcedUP", "pausedUP", "stoppedUP"})
BUSY = frozenset({"moving", "checkingUP", "checkingDL", "checkingResumeData"})
# What each kept field must be; a field of another type is left as it was.
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("state", "name", "category", "tags", "save_path", "content_path"), str),
    **dict.fromkeys(("amount_left", "progress", "completion_on", "added_on", "downloaded"), (int, float)),
    **dict.fromkeys(("has_metadata", "private"), bool),
}
_SHARED = frozenset({"state", "category", "tags", "save_path"})  # the same text in many torrents


@dataclass(slots=True)
class Torrent:
    """What is kept of one torrent, as the client spells it. Changed in place by `merge` alone."""

    state: str = ""
    amount_left: float = -1
    progress: float = 0
    completion_on: float = 0  # 0 before 5.0 and -1 since: never complete
    added_on: float = 0
    downloaded: float = -1  # bytes
    has_metadata: bool = True
    private: bool | None = None  # None: not said (before 5.0)
    name: str = ""
    category: str = ""
    tags: str = ""  # "a, b"
    save_path: str = ""
    content_path: str = ""

    def merge(self, entry: Mapping[str, object]) -> bool:
        """Take over the fields of `entry` that are of their type. Returns whether there was any that is kept."""
        kept = False
        for key, value in entry.items():
            kind = _KINDS.get(key)
            if kind is not None and isinstance(value, kind):
                setattr(self, key, sys.intern(value) if key in _SHARED and isinstance(value, str) else value)
                kept = True
        return kept

    @property
    def completed(self) -> int:
        """Unix seconds; 0 or less: never."""
        return int(self.completion_on)

    @property
    def labels(self) -> tuple[str, frozenset[str]]:
        """Category and tags."""
        return self.category, frozenset(self.tag_list)

    @property
    def tag_list(self) -> list[str]:
        """The tags, in the client's order."""
        return [tag for part in self.tags.split(",") if (tag := part.strip())]

    @property
    def root(self) -> str:
        """The name of its folder, or of its one file, in the save folder; "" where none is said."""
        folder = self.save_path.rstrip("/") + "/"
        return self.content_path[len(folder) :].split("/")[0] if self.content_path.startswith(folder) else ""

    @property
    def complete(self) -> bool:
        """Neither `progress == 1` nor a `completion_on` says so: both stand beside missing data now and then."""
        return (
            self.state in COMPLETE
            and self.amount_left == 0
            and self.progress == 1
            and self.completed > 0
            and self.has_metadata
        )

    @property
    def finishing(self) -> bool:
        """Complete once, and being moved or checked now."""
        return self.completed > 0 and self.state in BUSY


@dataclass(frozen=True)
class Changes:
    """What one answer changed: torrents to look at again, and torrents that are gone."""

    touched: tuple[str, ...] = ()
    gone: tuple[tuple[str, int], ...] = ()  # (infohash, completed)


class Torrents:
    """The torrents of one client, as of the last answer."""

    def __init__(self) -> None:
        self.held: dict[str, Torrent] = {}
        self.rid = 0
        self.refresh = 1.5  # seconds between two refreshes of the server
        self._absent: dict[str, int] = {}  # missing from the last full update: infohash -> completed

    def update(self, answer: Mapping[str, object]) -> Changes:
        """Take in one answer of `sync/maindata`. Sections that a full update leaves out are empty."""
        entries = answer.get("torrents")
        entries = entries if isinstance(entries, Mapping) else {}
        self._server(answer)
        if answer.get("full_update") is True:
            return self._replaced(entries)
        touched = [infohash for infohash, entry in entries.items() if self._merged(infohash, entry)]
        removed = answer.get("torrents_removed")
        return Changes(tuple(touched), self._removed(removed if isinstance(removed, list) else ()))

    def sharing(self, infohash: str, content_path: str) -> list[str]:
        """The other torrents over the same files."""
        return [other for other, held in self.held.items() if held.content_path == content_path and other != infohash]

    def _server(self, answer: Mapping[str, object]) -> None:
        rid, state = answer.get("rid"), answer.get("server_state")
        self.rid = rid if isinstance(rid, int) else 0
        if isinstance(state, Mapping) and isinstance(refresh := state.get("refresh_interval"), (int, float)):
            self.refresh = refresh / 1000

    def _merged(self, infohash: str, entry: object) -> bool:
        if not isinstance(entry, Mapping):
            return False
        if infohash not in self.held:
            self.held[infohash] = Torrent()
        return self.held[infohash].merge(entry)

    def _replaced(self, entries: Mapping[str, object]) -> Changes:
        """One full update that lacks a torrent may have come while the client was loading: two of them count."""
        before, self.held = self.held, {}
        touched = []
        for infohash, entry in entries.items():
            if not self._merged(infohash, entry):
                continue
            known = before.get(infohash)
            if known != self.held[infohash]:
                touched.append(infohash)
            else:
                self.held[infohash] = known  # and the new one goes, with its texts
        gone = tuple((infohash, completed) for infohash, completed in self._absent.items() if infohash not in self.held)
        missed = {infohash: torrent.completed for infohash, torrent in before.items() if infohash not in self.held}
        self._absent = missed
        return Changes(tuple(touched), gone)

    def _removed(self, infohashes: Iterable[object]) -> tuple[tuple[str, int], ...]:
        known = [infohash for infohash in infohashes if isinstance(infohash, str) and infohash in self.held]
        return tuple((infohash, self.held.pop(infohash).completed) for infohash in known)
