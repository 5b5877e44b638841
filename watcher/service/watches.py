"""The sources and their threads: started, ended and replaced as rules.yaml says. A thread that dies is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from trackers.clock import Clock
from watcher.client import Client
from watcher.config import ClientConfig, Config, FolderConfig
from watcher.jobs import Source as Known
from watcher.journal import NotNow, Unknown
from watcher.logs import log
from watcher.service import parts
from watcher.sources import Sink, Source
from watcher.sources.holders import Holders
from watcher.sources.qbittorrent import QbittorrentSource

NOT_NOW = 30.0  # seconds until a source looks again whose journal took nothing
JOIN = 5.0  # seconds a source has to end: it may be in the middle of a poll


@dataclass
class Watch:
    """One source, the block it was made from, and its thread once it runs."""

    block: ClientConfig | FolderConfig
    source: Source
    client: Client | None  # that a client's source asks by
    stop: threading.Event  # set: its thread ends
    rest: threading.Event = field(default_factory=threading.Event)  # set: it looks at nothing, or is to end
    go: threading.Event = field(default_factory=threading.Event)  # set: its thread has something to do
    thread: threading.Thread | None = None


class Watches:
    """All sources. Methods are called by one thread."""

    def __init__(
        self, sink: Sink, clock: Clock, died: Callable[[str], None], known: Callable[[], Mapping[str, Known]]
    ) -> None:
        """`known`: what the journal says of sources, by `at`."""
        self._sink, self._clock, self._died, self._known = sink, clock, died, known
        self.holders = Holders()
        self._watches: dict[str, Watch] = {}
        self._running = False

    @property
    def sources(self) -> list[Source]:
        """Those of the file in force, clients first."""
        return [watch.source for watch in self._watches.values()]

    @property
    def awake(self) -> list[Source]:
        """Those that nobody paused."""
        return [watch.source for watch in self._watches.values() if not watch.rest.is_set()]

    @property
    def paused(self) -> dict[str, object]:
        """Until when those that a person paused look at nothing, by name; None: until `resume`."""
        known, now = self._known(), self._clock.now()
        there = [(source.name, known[source.at]) for source in self.sources if source.at in known]
        return {name: about.rest.get("until") for name, about in there if about.paused(now)}

    def places(self, name: str) -> list[str]:
        """Where the sources of a name are, as the journal knows them."""
        return [source.at for source in self.sources if source.name == name]

    def pause(self) -> None:
        """Let rest what a person paused, and wake what was resumed. What is being looked at is finished."""
        paused = self.paused
        for watch in self._watches.values():
            if watch.source.name in paused:
                watch.rest.set()
            elif watch.rest.is_set() and not watch.stop.is_set():
                watch.rest.clear()
                watch.go.set()

    def follow(self, config: Config, clients: Mapping[str, Client]) -> None:
        """Make the sources those of `config`: what is unchanged goes on, and looks again at once."""
        wanted: dict[str, ClientConfig | FolderConfig] = {f"client {name}": one for name, one in config.clients.items()}
        wanted |= {f"folder {one.name}": one for one in config.folders}
        for key in [key for key, watch in self._watches.items() if wanted.get(key) != watch.block]:
            self._end(self._watches.pop(key))
        for key, block in wanted.items():
            client = clients[block.name] if isinstance(block, ClientConfig) else None
            if key not in self._watches:
                source = parts.source_of(block, clients, self._sink, self._clock, self.holders)
                self._watches[key] = Watch(block, source, client, threading.Event())
            else:
                self._go_on(self._watches[key], client)
        self.holders.use([one for one in self.sources if isinstance(one, QbittorrentSource)], clients)
        if self._running:
            self.start()

    def _go_on(self, watch: Watch, client: Client | None) -> None:
        """An unchanged block: look again, with new credentials where there are any."""
        if client is not None and client is not watch.client and isinstance(watch.source, QbittorrentSource):
            watch.client = client
            watch.source.renew(client)
        watch.source.nudge()

    def start(self) -> None:
        """Give each source without a thread one."""
        self._running = True
        self.pause()
        for watch in self._watches.values():
            if watch.thread is None:
                watch.thread = threading.Thread(target=self._run, args=(watch,), name=watch.source.name, daemon=True)
                watch.thread.start()

    def _run(self, watch: Watch) -> None:
        try:
            while not watch.stop.is_set():
                try:
                    watch.source.run(watch.rest)
                except (NotNow, Unknown) as error:  # what it saw it still has, and it is no reason to end
                    log.error("source.not_written", source=watch.source.name, why=str(error))
                    self._clock.wait(NOT_NOW, watch.rest)
                    continue
                watch.go.wait()
                watch.go.clear()
        except Exception:  # noqa: BLE001  whatever it is, half alive is worse
            log.exception("thread.died", source=watch.source.name)
            self._died(watch.source.name)

    def stop(self) -> None:
        """Tell all to end."""
        for watch in self._watches.values():
            _stop(watch)

    def join(self) -> None:
        """Wait for their ends."""
        for watch in self._watches.values():
            self._end(watch)

    def _end(self, watch: Watch) -> None:
        _stop(watch)
        if watch.thread is not None:
            watch.thread.join(timeout=JOIN)


def _stop(watch: Watch) -> None:
    for event in (watch.stop, watch.rest, watch.go):
        event.set()
