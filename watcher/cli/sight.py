"""The journal as a live view reads it: opened once, read on, opened anew when it was away. Prints nothing."""

from __future__ import annotations

from pathlib import Path

from watcher.errors import SeedpostError
from watcher.jobs import Rows
from watcher.journal import Glance


class Sight:
    """`rows` as of the last look that could be made; `away`: why the last one could not, "" if it could; `changes`: how
    often either became another."""

    def __init__(self, state: Path) -> None:
        """Raises SeedpostError where there is nothing to look at to begin with."""
        self.away, self.changes = "", 0
        self._state = state
        self._glance: Glance[Rows] | None = Glance(state, Rows)
        self.rows, self.trouble = self._glance.fold, self._glance.trouble

    def look(self) -> Rows:
        """Read on. A folder that is gone is looked for at every look; meanwhile what was read last stands."""
        try:
            changed = self._glance is None or self._glance.refresh()
            if self._glance is None:
                self._glance = Glance(self._state, Rows)
        except SeedpostError as error:
            changed, self.away = str(error) != self.away, str(error)
            self.close()
        else:
            self.away = ""
            self.rows, self.trouble = self._glance.fold, self._glance.trouble
        self.changes += changed
        return self.rows

    def close(self) -> None:
        """Let go of the files."""
        if self._glance is not None:
            self._glance.close()
            self._glance = None
