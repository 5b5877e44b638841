"""A seeding client for the loop in virtual time, which says what a test lets it say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from watcher.client import ClientAway, TorrentGone
from watcher.seeding import Place, Seeder, Seeding
from watcher.torrents import Whole


class Client(Seeder):
    """A seeding client that says of its torrents what a test lets it say; by default all is well."""

    def __init__(self) -> None:
        self.torrents: dict[str, bytes] = {}
        self.says: list[Seeding] = []
        self.unready: str | None = None
        self.away = False
        self.announced: list[str] = []
        self.adds: list[bool] = []
        self.stops: list[str] = []
        self.held: dict[str, Whole] = {}  # torrents of the user's, by info-hash
        self.exports: list[str] = []
        self.places: dict[str, str] = {}  # where the data of its torrents is
        self.bears: dict[str, str] = {}  # torrents with seedpost's marks that this client has besides

    @property
    def clients(self) -> list[str]:
        return ["seedbox"]

    def marked(self, client: str, categories: Iterable[str], tags: Iterable[str]) -> dict[str, str]:
        self._asked()
        return dict.fromkeys(self.torrents, "ours") | self.bears

    def place_for(self, release: Mapping[str, object], seed_client: str, staged: Path | None = None) -> Place:
        return Place(seed_client, str(staged or "/content"))

    def whole(self, client: str, infohash: str) -> Whole:
        self._asked()
        self.exports.append(infohash)
        if infohash not in self.held:
            raise TorrentGone(f"no {infohash}")
        return self.held[infohash]

    def seeds_from(self, folder: Path) -> bool:
        self._asked()
        return str(folder) in self.places.values()

    def ready(self, place: Place, name: str = "", infohash: str = "") -> str | None:
        return self.unready

    def _asked(self) -> None:
        if self.away:
            raise ClientAway("seedbox is not reachable")

    def add(
        self, torrent: bytes, infohash: str, place: Place, *, category: str, tags: Sequence[str], verified: bool
    ) -> Seeding:
        self._asked()
        self.adds.append(verified)
        self.torrents[infohash] = torrent
        self.places[infohash] = place.save_path
        return self.look(infohash, place)

    def look(self, infohash: str, place: Place) -> Seeding:
        self._asked()
        if self.says:
            return self.says.pop(0)
        return Seeding("working" if infohash in self.torrents else "absent")

    def stop(self, infohash: str, place: Place) -> None:
        self.stops.append(infohash)

    def reannounce(self, infohash: str, place: Place) -> None:
        self.announced.append(infohash)
