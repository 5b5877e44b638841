"""One line at the end of standard error that is written over as something goes on; nothing without a terminal."""

from __future__ import annotations

import os
import shutil
import sys

from watcher.cli.show import WIDTH, note
from watcher.logs import safe


class Bar:
    """`show` again and again; `clear` before anything else is printed."""

    def __init__(self) -> None:
        self._draws = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._shown = ""

    def show(self, text: str) -> None:
        """Put this text in the place of the last one."""
        room = shutil.get_terminal_size((WIDTH, 24)).columns - 1
        text = safe(text)[:room]
        if self._draws and text != self._shown:
            self._write(f"\r{text.ljust(len(self._shown))}")
            self._shown = text

    def clear(self) -> None:
        """Leave an empty line, where the next text begins."""
        if self._shown:
            self._write(f"\r{' ' * len(self._shown)}\r")
            self._shown = ""

    def note(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        note(text)

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
