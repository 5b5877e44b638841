"""The sources and their threads: started, ended and replaced as rules.yaml says. A thread that dies is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trackers.clock import Clock
from watcher.client import Client
from watcher.config import ClientConfig, Config, FolderConfig
from watcher.logs import log
from watcher.service import parts
from watcher.sources import Sink, Source

JOIN = 5.0  # seconds a source has to end: it may be in the middle of a poll


@dataclass
class Watch:
    """One source, the block it was made from, and its thread once it runs."""

    block: ClientConfig | FolderConfig
    source: Source
    stop: threading.Event
    thread: threading.Thread | None = None


class Watches:
    """All sources. Methods are called by one thread."""

    def __init__(self, sink: Sink, clock: Clock, died: Callable[[str], None]) -> None:
        self._sink, self._clock, self._died = sink, clock, died
        self._watches: dict[str, Watch] = {}
        self._running = False

    @property
    def sources(self) -> list[Source]:
        """Those of the file in force, clients first."""
        return [watch.source for watch in self._watches.values()]

    def follow(self, config: Config, clients: Mapping[str, Client]) -> None:
        """Make the sources those of `config`: what is unchanged goes on, and looks again at once."""
        wanted: dict[str, ClientConfig | FolderConfig] = {f"client {name}": one for name, one in config.clients.items()}
        wanted |= {f"folder {one.name}": one for one in config.folders}
        for key in [key for key, watch in self._watches.items() if wanted.get(key) != watch.block]:
            self._end(self._watches.pop(key))
        for key, block in wanted.items():
            if key in self._watches:
                self._watches[key].source.nudge()
            else:
                source = parts.source_of(block, clients, self._sink, self._clock)
                self._watches[key] = Watch(block, source, threading.Event())
        if self._running:
            self.start()

    def start(self) -> None:
        """Give each source without a thread one."""
        self._running = True
        for watch in self._watches.values():
            if watch.thread is None:
                watch.thread = threading.Thread(target=self._run, args=(watch,), name=watch.source.name, daemon=True)
                watch.thread.start()

    def _run(self, watch: Watch) -> None:
        try:
            watch.source.run(watch.stop)
        except Exception:  # noqa: BLE001  whatever it is, half alive is worse
            log.exception("thread.died", source=watch.source.name)
            self._died(watch.source.name)

    def stop(self) -> None:
        """Tell all to end."""
        for watch in self._watches.values():
            watch.stop.set()

    def join(self) -> None:
        """Wait for their ends."""
        for watch in self._watches.values():
            self._end(watch)

    def _end(self, watch: Watch) -> None:
        watch.stop.set()
        if watch.thread is not None:
            watch.thread.join(timeout=JOIN)
