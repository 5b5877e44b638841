"""A terminal that tmux keeps, with a shell in it: what stands on its screen, its size, and what a key does."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from tests.support_crash import unmeasured
from tests.support_seedpost import PATIENCE, Seedpost

PROMPT = "ready>"


def needs_tmux() -> pytest.MarkDecorator:
    """Left out where there is no tmux; CI brings it."""
    return pytest.mark.skipif(
        shutil.which("tmux") is None and not os.environ.get("CI"), reason="there is no tmux: apt install tmux"
    )


class Tmux:
    """One shell in a terminal of the given size, on a server of its own."""

    def __init__(self, folder: Path, columns: int = 80, lines: int = 24) -> None:
        self._folder = folder
        self._near = tempfile.TemporaryDirectory(prefix="tmux")  # a socket's path must be short
        self._socket = f"{self._near.name}/s"
        kept = {
            key: value for key, value in unmeasured().items() if key not in ("COLUMNS", "LINES", "TMUX", "NO_COLOR")
        }
        self._environment = kept | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "HOME": str(folder)}
        size = ("-x", str(columns), "-y", str(lines))
        shell = f"env PS1={shlex.quote(PROMPT)} ENV= sh -i"
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, shell)

    def __enter__(self) -> Self:
        try:
            self.until(lambda: self.screen()[0].startswith(PROMPT), "a shell")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *ended: object) -> None:
        self._tmux("kill-server")
        self._near.cleanup()

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return done.stdout

    def run(self, seedpost: Seedpost, *words: str, before: str = "") -> None:
        """Type a command of seedpost and Enter."""
        known = {key: value for key, value in seedpost.environment.items() if self._environment.get(key) != value}
        given = {key: value for key, value in known.items() if key.startswith(("SEEDPOST_", "COVERAGE_", "HOME"))}
        file = self._folder / "command"
        exports = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in given.items())
        file.write_text(f"{exports}{before}\nexec {shlex.join(seedpost.command(*words))}\n")
        self.type("clear")  # and waited for: what stood there before must not be taken for what the command shows
        self.until(lambda: not any(line and line != PROMPT for line in self.screen()), "an empty screen")
        self.type(f"clear; sh {file}; echo ended $?")

    def type(self, text: str) -> None:
        """Text and Enter."""
        self._tmux("send-keys", "-l", text)
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """Keys by tmux's names: y, C-c, Enter."""
        self._tmux("send-keys", *keys)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the terminal under what runs in it."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def screen(self) -> list[str]:
        """What stands there now, a line each, without blanks at the end."""
        return [line.rstrip() for line in self._tmux("capture-pane", "-p").split("\n")] or [""]

    def coloured(self) -> str:
        """The same with its escape sequences."""
        return self._tmux("capture-pane", "-p", "-e")

    @property
    def alternate(self) -> bool:
        """Whether a program has taken the screen for itself."""
        return self._tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    @property
    def cursor_shown(self) -> bool:
        return self._tmux("display-message", "-p", "#{cursor_flag}").strip() == "1"

    def until(self, true: Callable[[], object], what: str) -> None:
        """Wait until something can be seen."""
        end = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > end:
                raise AssertionError(f"{what} never came:\n" + "\n".join(self.screen()))
            time.sleep(0.05)

    def shows(self, *texts: str) -> str:
        """Wait until all of these stand on the screen; the screen."""
        self.until(lambda: all(text in "\n".join(self.screen()) for text in texts), f"{texts}")
        return "\n".join(self.screen())

    def ended(self, code: int) -> str:
        """Wait until the command ended with this code and the shell has its terminal back, as it was."""
        screen = self.shows(f"ended {code}")
        self.until(lambda: not self.alternate and self.cursor_shown, "the shell's own screen")
        self.type("echo 'e''cho works'; stty -a | grep -c ' echo '")
        self.until(
            lambda: "\necho works\n1\n" in "\n".join(self.screen()) + "\n", "a terminal that shows what is typed"
        )
        return screen
