"""What the clients hold now, as releases, for commands that only look: nothing is written, and no client is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trackers.clock import Clock
from watcher.client import Client, ClientAway
from watcher.config import Config
from watcher.jobs import Ledger
from watcher.release import Release
from watcher.secrets import Secrets
from watcher.service import parts
from watcher.sources import Baseline, Undecided
from watcher.sources.content import Found
from watcher.sources.qbittorrent import QbittorrentSource


class _Onlooker:
    """Intake's place beside a source: to it nothing is new, so that the source hands over and writes nothing."""

    def baseline(self, at: str) -> Baseline | None:
        """One there is, so that none is made."""
        return Baseline(0.0)

    def known(self, infohash: str, completed: int) -> bool:
        """Everything is."""
        return True

    def own(self, infohash: str) -> bool:
        """Told by `Library`."""
        return False

    def labels(self, infohash: str, completed: int) -> tuple[str, frozenset[str]] | None:
        """None: no change of labels is handed over."""
        return None

    def folder_known(self, path: str, fingerprint: str) -> bool:
        """Everything is."""
        return True

    def record(self, records: Sequence[Mapping[str, object]]) -> None:
        """Written nowhere."""

    def seen(self, release: Release, *, undecided: Undecided | None) -> None:
        """Never called: everything is known."""

    def changed(self, release: Release) -> None:
        """Never called: nothing has labels."""


@dataclass(frozen=True)
class Library:
    """The clients of a rules file, asked once. `away`: those that did not answer, each with why."""

    sources: tuple[tuple[QbittorrentSource, Client], ...]
    away: Mapping[str, str]
    ledger: Ledger

    @classmethod
    def asked(cls, config: Config, secrets: Secrets, ledger: Ledger, clock: Clock) -> Library:
        """Log in to each client and list its torrents."""
        clients = parts.clients_of(config, secrets, clock)
        sources = []
        for name, block in config.clients.items():
            source = parts.source_of(block, clients, _Onlooker(), clock)
            if isinstance(source, QbittorrentSource):
                source.poll_once()
                sources.append((source, clients[name]))
        away = {one.name: one.status().error or "no answer" for one, _ in sources if not one.status().up}
        return cls(tuple(pair for pair in sources if pair[0].name not in away), away, ledger)

    def releases(self, since: float = 0.0) -> Iterator[Found]:
        """Every complete torrent that seedpost did not add, completed at `since` (wall seconds) or later. Raises
        ClientAway."""
        for source, client in self.sources:
            for infohash, completed in source.holdings():
                found = None
                if completed >= since and not self.ledger.ours(infohash):
                    found = source.find(infohash, client)
                if isinstance(found, Found):
                    yield found

    def find(self, infohash: str) -> Found | None:
        """The release of one torrent; None if no client has it complete."""
        for source, client in self.sources:
            try:
                found = source.find(infohash, client)
            except ClientAway:
                continue
            if isinstance(found, Found):
                return found
        return None

    def holder(self, path: str) -> Found | None:
        """The release of the torrent whose content a path is or lies in; None if there is none."""
        for source, client in self.sources:
            for infohash in source.holders(path, client):
                found = None if self.ledger.ours(infohash) else self.find(infohash)
                if found is not None:
                    return found
        return None
