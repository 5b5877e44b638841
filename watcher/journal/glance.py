"""A journal that is only looked at: read without a lock into a fold of one's own, and read on. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic

from trackers.clock import Clock
from watcher.durable import FileSystem, exists
from watcher.errors import NotFound
from watcher.jobs.ledger import Load
from watcher.journal.errors import refused
from watcher.journal.store import Folding, Store


class Glance(Generic[Folding]):
    """`fold` is what the journal adds up to. For commands that show much of it, once or again and again."""

    def __init__(self, state: Path, new: Callable[[Load], Folding], *, fs: FileSystem | None = None) -> None:
        """Raises NotFound and StateInvalid, as `Journal.open`."""
        fs = fs or FileSystem()
        if not exists(state, fs):
            raise NotFound(f"there is no state folder {state}", hint="`seedpost run` makes it; or name it with --state")
        self._store = Store(state, fs, Clock(), new, writable=False)
        try:
            self.fold = self._store.open_to_read()
        except OSError as error:
            self.close()
            raise refused(error, state) from error
        except BaseException:
            self.close()
            raise

    @property
    def trouble(self) -> str:
        """As `Journal.trouble`."""
        return self._store.trouble

    def refresh(self) -> bool:
        """Fold what was added since; whether anything was. Raises JournalLost; NotNow if it can't be read."""
        store = self._store
        try:
            if store.log.unchanged():
                return False
            for batch in store.log.catch_up():
                self.fold.fold(*batch)
            if store.log.skipped:
                self.fold = store.fold_anew()
        except OSError as error:
            raise refused(error, store.log.path) from error
        return True

    def close(self) -> None:
        """Let go of all files."""
        self._store.close()
