"""What the clients hold now, as releases, for commands that only look: nothing is written, and no client is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trackers.clock import Clock
from watcher.config import Config
from watcher.jobs import Ledger
from watcher.release import Release
from watcher.secrets import Secrets
from watcher.service import parts
from watcher.sources import Baseline, Undecided
from watcher.sources.content import Found
from watcher.sources.holders import Holders
from watcher.sources.qbittorrent import QbittorrentSource


class _Onlooker:
    """Intake's place beside a source: to it nothing is new, so that the source hands over and writes nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def baseline(self, at: str) -> Baseline | None:
        """One there is, so that none is made."""
        return Baseline(0.0)

    def known(self, infohash: str, completed: int) -> bool:
        """Everything is."""
        return True

    def own(self, infohash: str) -> bool:
        """As the journal has it."""
        return self._ledger.ours(infohash)

    def labels(self, infohash: str, completed: int) -> tuple[str, frozenset[str]] | None:
        """None: no change of labels is handed over."""
        return None

    def place(self, infohash: str, completed: int) -> tuple[str, str] | None:
        """None: no move is handed over."""
        return None

    def folder_known(self, path: str, fingerprint: str) -> bool:
        """Everything is."""
        return True

    def record(self, records: Sequence[Mapping[str, object]]) -> None:
        """Written nowhere."""

    def seen(self, release: Release, *, undecided: Undecided | None) -> None:
        """Never called: everything is known."""

    def changed(self, release: Release, *, undecided: Undecided | None = None) -> None:
        """Never called: nothing has labels."""


@dataclass(frozen=True)
class Library:
    """The clients of a rules file, asked once. `away`: those that did not answer, each with why."""

    sources: tuple[QbittorrentSource, ...]
    away: Mapping[str, str]
    holders: Holders
    ledger: Ledger

    @classmethod
    def asked(cls, config: Config, secrets: Secrets, ledger: Ledger, clock: Clock) -> Library:
        """Log in to each client and list its torrents."""
        clients, holders, sources = parts.clients_of(config, secrets, clock), Holders(), []
        for block in config.clients.values():
            source = parts.source_of(block, clients, _Onlooker(ledger), clock, holders)
            if isinstance(source, QbittorrentSource):
                source.poll_once()
                sources.append(source)
        holders.use(sources, clients)
        away = {one.name: one.status().error or "no answer" for one in sources if not one.status().up}
        return cls(tuple(one for one in sources if one.name not in away), away, holders, ledger)

    def releases(self, since: float = 0.0) -> Iterator[Found]:
        """Every complete torrent that seedpost did not add, completed at `since` (wall seconds) or later."""
        for source in self.sources:
            for infohash, completed in source.holdings():
                found = None
                if completed >= since and not self.ledger.ours(infohash):
                    found = self.holders.by_hash(infohash)
                if isinstance(found, Found):
                    yield found
