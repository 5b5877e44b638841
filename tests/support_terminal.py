"""A terminal of a test's own, with `seedpost` in it: its keys, and what stands on it."""

from __future__ import annotations

import re
from typing import Self

import pexpect

from tests.support_seedpost import PATIENCE, Seedpost

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\r")


class Terminal:
    """One command in a terminal of the given size, whose output is read as plain text."""

    def __init__(self, seedpost: Seedpost, *words: str, columns: int = 120, lines: int = 50) -> None:
        command, *rest = seedpost.command(*words)
        environment = {key: value for key, value in seedpost.environment.items() if key != "COLUMNS"}
        self._child = pexpect.spawn(
            command,
            rest,
            env=environment | {"TERM": "xterm"},
            dimensions=(lines, columns),
            timeout=PATIENCE,
            encoding="utf-8",
            use_poll=True,
            cwd=str(seedpost.folder),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        self._child.close(force=True)

    def until(self, text: str) -> str:
        """Everything that was written since the last call, up to `text`."""
        self._child.expect_exact(text)
        return _CONTROL.sub("", f"{self._child.before}{text}")

    def press(self, key: str) -> None:
        """One key."""
        self._child.send(key)

    def line(self, text: str) -> None:
        """Text and Enter."""
        self._child.sendline(text)

    def ended(self, code: int) -> str:
        """What was written until the command ended by itself, with this exit code."""
        self._child.expect(pexpect.EOF)
        text = _CONTROL.sub("", str(self._child.before))
        self._child.close()
        assert self._child.exitstatus == code, text
        return text
