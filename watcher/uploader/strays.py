"""Torrents in the clients with seedpost's marks that this journal does not know: an old or a second state folder.

Asks the clients, and stops the uploader through the journal; `journal repair` alone takes them in.
"""

from __future__ import annotations

import threading
from concurrent.futures import Executor, Future

from watcher.client import ClientAway
from watcher.logs import log
from watcher.uploader.bench import Bench

AGAIN = 60.0  # seconds between two looks at a client that was away


class Strays:
    """Looks at start, beside the loop, and before a lane's first POST, in its worker. Any thread may call it."""

    def __init__(self, bench: Bench) -> None:
        self.told = ""  # what was found, for a person
        self._bench = bench
        self._lock = threading.Lock()
        self._asked: set[str] = set()  # clients that have answered
        self._lanes: set[str] = set()  # sites whose first POST was preceded by a look
        self._next = 0.0  # running seconds of the next look beside the loop
        self._looking: Future[None] | None = None

    def forget(self) -> None:
        """The rules changed, and with them the clients or the marks: all are asked anew."""
        with self._lock:
            self._asked.clear()
            self._lanes.clear()
            self._next = 0.0

    def look_beside(self, workers: Executor) -> None:
        """Have the clients asked that have not answered yet, now and then."""
        if self._looking is not None and self._looking.done():
            self._looking.result()
            self._looking = None
        now = self._bench.clock.running()
        if self._looking is None and now >= self._next and not self._bench.stop.is_set():
            self._next = now + AGAIN
            if set(self._bench.seeder.clients) - self._asked:
                self._looking = workers.submit(self._look)

    def none_before(self, site: str) -> bool:
        """Whether a lane may send: all clients were asked before its first POST, those that were away before each."""
        if site not in self._lanes:
            with self._lock:
                self._asked.clear()
                self._lanes.add(site)
        self._look()
        return not self._bench.journal.behind

    def _look(self) -> None:
        categories, tags = self._bench.config().marks
        if not categories and not tags:
            return
        with self._lock:
            for client in [name for name in self._bench.seeder.clients if name not in self._asked]:
                try:
                    marked = self._bench.seeder.marked(client, categories, tags)
                except ClientAway:
                    continue  # what it is to seed waits for it anyway
                self._asked.add(client)
                strangers = self._bench.journal.ledger.strangers(marked)
                if strangers:
                    self._found(client, len(strangers), marked[strangers[0]])

    def _found(self, client: str, count: int, name: str) -> None:
        what = "a torrent" if count == 1 else f"{count} torrents"
        self.told = (
            f"journal-behind: {client} has {what} of ours that this journal does not know ({name!r}): it is an older "
            "copy, or there is a second state folder; stop seedpost, then: seedpost journal repair"
        )
        log.error("journal.behind", client=client, torrents=count, name=name)
        self._bench.journal.fall_behind()
