"""Puts what was uploaded back into qBittorrent over the data that is there, and says whether it is being seeded.

Knows clients and torrents, nothing of jobs or trackers' sites. Adds, asks, re-announces, stops; never deletes.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from bencode2 import BencodeDecodeError, bdecode

from trackers.clock import Clock
from watcher.client import FAILING, WORKING, Announce, Client, ClientAway, PathMap, TorrentGone
from watcher.errors import SeedpostError
from watcher.sources.maindata import BUSY, COMPLETE
from watcher.torrents import Whole

T = TypeVar("T")

_STOPPED = frozenset({"pausedUP", "stoppedUP"})  # "paused" before 5.0
# "Host not found" is a name server's word, not the tracker's.
_UNKNOWN_THERE = re.compile(
    r"un-?registered|not registered|(torrent|hash)\b.*not (found|exist|known)|unknown torrent", re.I
)
_SHOWS_AFTER = (0.1, 0.2, 0.4, 0.8, 1.6)  # seconds: a torrent shows a moment after it was added


@dataclass(frozen=True)
class Place:
    """Where a torrent's data is: a client, and the folder that holds the content as that client spells it."""

    client: str
    save_path: str


@dataclass(frozen=True)
class Seeding:
    """How a torrent is in the client. `what`: absent checking stopped incomplete waiting working unregistered error.

    `working` is complete, not stopped, and a tracker of it works. `message`: the client's or tracker's own words.
    """

    what: str
    message: str = ""


class Seeder:
    """Seeds in several clients, for several threads. `clients` may be anybody's: it asks through clones of its own."""

    def __init__(self, clients: Mapping[str, Client], path_maps: Mapping[str, PathMap], clock: Clock) -> None:
        self._clock = clock
        self.use(clients, path_maps)

    def use(self, clients: Mapping[str, Client], path_maps: Mapping[str, PathMap]) -> None:
        """Seed in these from now on; who asks one of the others right now still gets its answer."""
        self._clients = {name: (client.clone(), threading.Lock()) for name, client in clients.items()}
        self._path_maps = path_maps

    def place_for(self, release: Mapping[str, object], seed_client: str, staged: Path | None = None) -> Place:
        """Where a release of the journal is to be seeded: in the client that has it, else in `seed_client`, with its
        path mapped back; `staged` is the folder that holds it instead. Raises SeedpostError where there is no such
        client, or it can't name the path."""
        client, save_path = str(release.get("client") or ""), str(release.get("save_path") or "")
        if client and save_path and staged is None:
            return Place(client, save_path)
        name = client or seed_client
        if name not in self._clients:
            raise SeedpostError(f"no client {name!r} to seed with", hint="name one of `clients` in `seed: {client: …}`")
        path_map = self._path_maps.get(name, PathMap())
        return Place(name, path_map.theirs(staged or Path(str(release["path"])).parent))

    def whole(self, client: str, infohash: str) -> Whole:
        """A torrent as its client holds it, for its piece hashes. Raises ClientAway, TorrentGone."""
        return self._with(client, lambda one: _whole(one, infohash))

    def whole_at(self, client: str, path: Path) -> Whole | None:
        """The client's complete torrent whose content is our `path`; None if it has none. Raises ClientAway."""

        def found(one: Client) -> Whole | None:
            path_map = self._path_maps.get(one.name, PathMap())
            for infohash, torrent in one.sync(0)["torrents"].items():
                content = str(torrent.get("content_path", ""))
                if content and torrent.get("state") in COMPLETE and path_map.ours(content) == path:
                    return _whole(one, infohash)
            return None

        return self._with(client, found)

    def seeds_from(self, folder: Path) -> bool:
        """Whether any client has a torrent whose data lies in our `folder`. Raises ClientAway."""
        return any(self._with(name, lambda one: _saves_in(one, self._path_maps, folder)) for name in self._clients)

    @property
    def clients(self) -> list[str]:
        """The names of those that it seeds in."""
        return list(self._clients)

    def marked(self, client: str, categories: Iterable[str], tags: Iterable[str]) -> dict[str, str]:
        """The torrents of a client that bear any of these marks: their names by info-hash. Raises ClientAway."""
        rows = self._with(client, lambda one: one.marked(categories, tags))
        return {str(row["hash"]): str(row.get("name", "")) for row in rows}

    def ready(self, place: Place, name: str = "", infohash: str = "") -> str | None:
        """Why what is at `place` could not be seeded, asked before anything is published; None if it can. `name` of the
        content, `infohash` of the client's own torrent over it: what is given is asked for."""
        try:
            return self._with(place.client, lambda client: self._unready(client, place, name, infohash))
        except SeedpostError as error:
            return str(error)

    def add(
        self, torrent: bytes, infohash: str, place: Place, *, category: str, tags: Sequence[str], verified: bool
    ) -> Seeding:
        """Add a torrent unless the client has it, and see that it shows. `verified`: the data was compared within the
        hour, so that the client need not. Raises ClientAway, and TorrentRefused for bytes that are no torrent."""

        def put(client: Client) -> Seeding:
            if client.torrent(infohash) is not None:
                return _foreign(client, infohash, torrent) or _look(client, infohash)
            added = client.add(torrent, place.save_path, category, tags, skip_check=verified)
            if not self._shows(client, infohash):
                said = "took it and" if added else "did not take it, and"
                return Seeding("absent", f"{place.client} {said} does not show it")
            return _look(client, infohash)

        return self._with(place.client, put)

    def look(self, infohash: str, place: Place) -> Seeding:
        """How the torrent is now. Raises ClientAway."""
        return self._with(place.client, lambda client: _look(client, infohash))

    def reannounce(self, infohash: str, place: Place) -> None:
        """Have it announced again, a second later: a second call within that second puts it off. Raises ClientAway."""
        self._with(place.client, lambda client: client.reannounce(infohash))

    def stop(self, infohash: str, place: Place) -> None:
        """Stop it, as when its check found other data: it would download over the user's files. Raises ClientAway."""
        self._with(place.client, lambda client: client.stop(infohash))

    def _with(self, name: str, ask: Callable[[Client], T]) -> T:
        if name not in self._clients:
            raise ClientAway(f"there is no client {name!r} any more", hint="put it back into `clients` of rules.yaml")
        client, lock = self._clients[name]
        with lock:
            return ask(client)

    def _unready(self, client: Client, place: Place, name: str, infohash: str) -> str | None:
        there = client.torrent(infohash) if infohash else None
        if there is None:  # content of a folder, or of a torrent that was removed and whose files were left
            return _unreadable(client, place, name)
        if there.get("save_path") != place.save_path:
            return f"{client.name} has moved it to {there.get('save_path')!r}"
        return None

    def _shows(self, client: Client, infohash: str) -> bool:
        for pause in _SHOWS_AFTER:
            if client.torrent(infohash) is not None:
                return True
            self._clock.wait(pause)
        return client.torrent(infohash) is not None


def _saves_in(client: Client, path_maps: Mapping[str, PathMap], folder: Path) -> bool:
    path_map = path_maps.get(client.name, PathMap())
    saved = {str(torrent.get("save_path", "")) for torrent in client.sync(0)["torrents"].values()}
    return any(path_map.ours(path).is_relative_to(folder) for path in saved if path)


def _whole(client: Client, infohash: str) -> Whole:
    torrent = client.torrent(infohash)
    if torrent is None:
        raise TorrentGone(f"{client.name} has no {infohash}")
    have = client.properties(infohash)
    figures = [torrent.get("completion_on"), have.get("pieces_have"), have.get("pieces_num")]
    completed, pieces_have, pieces_num = (one if isinstance(one, int) else -1 for one in figures)
    complete = torrent.get("state") in COMPLETE and torrent.get("amount_left") == 0
    return Whole(client.export(infohash), completed, pieces_have, pieces_num, complete)


def _unreadable(client: Client, place: Place, name: str) -> str | None:
    """Clients before 5.0 can't be asked what they see: for those it is enough that they answer."""
    try:
        names = client.names_in(place.save_path)
    except TorrentGone:
        return f"{client.name} sees no folder {place.save_path!r}: does its path_map lack an entry?"
    if name and names is not None and name not in names:
        return f"{client.name} sees no {name!r} in {place.save_path!r}: does its path_map lack an entry?"
    return None


def _foreign(client: Client, infohash: str, torrent: bytes) -> Seeding | None:
    """The client had this torrent already, from elsewhere, and does not announce it where it was uploaded. Its trackers
    are the user's: none is added or taken away."""
    wanted = _host(torrent)
    hosts = [announce.host for announce in client.trackers(infohash)]
    if not wanted or wanted in hosts:
        return None
    others = ", ".join(filter(None, hosts)) or "no tracker"
    return Seeding(
        "error", f"{client.name} has this torrent already, with {others}: add {wanted}'s announce address to it"
    )


def _host(torrent: bytes) -> str:
    try:
        announce = bdecode(torrent).get(b"announce", b"")
        return urlsplit(announce.decode()).hostname or ""
    except (BencodeDecodeError, ValueError, AttributeError):
        return ""


def _look(client: Client, infohash: str) -> Seeding:
    torrent = client.torrent(infohash)
    if torrent is None:
        return Seeding("absent")
    state = str(torrent.get("state", ""))
    if state in BUSY:
        return Seeding("checking", state)
    if state in ("missingFiles", "error"):
        return Seeding("error", "its files are missing" if state == "missingFiles" else "the client reports an error")
    if state in _STOPPED:
        return Seeding("stopped")
    if state not in COMPLETE or torrent.get("amount_left") != 0:
        return Seeding("incomplete", _part(torrent))
    try:
        return _announced(client.trackers(infohash), queued=state == "queuedUP")
    except TorrentGone:
        return Seeding("absent")


def _part(torrent: Mapping[str, Any]) -> str:
    progress = torrent.get("progress")
    return f"{progress:.1%} of it is there" if isinstance(progress, (int, float)) else ""


def _announced(announces: Sequence[Announce], queued: bool) -> Seeding:
    if any(announce.status == WORKING for announce in announces):
        return Seeding("working")
    messages = [announce.message for announce in announces if announce.status == FAILING]
    for message in messages:
        if _UNKNOWN_THERE.search(message):
            return Seeding("unregistered", message)
    if queued:
        return Seeding("waiting", "qBittorrent's limit of active torrents holds it back")
    return Seeding("waiting", next(filter(None, messages), ""))
