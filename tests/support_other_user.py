"""A process of another user, for tests that ask what such a one gets. This file is its program, too.

Each line of its standard input is `[verb, argument …]`, each line that it prints what came of it: a value, or the name
of the error. It imports nothing of the project, and all before it becomes somebody who may not even read Python.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

NOBODY = 65_534
_ATTACH = 16  # of ptrace(2)


class OtherUser:
    """Somebody without any right. Started as a program, not forked: a fork of a process with threads may hang."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", Path(__file__).read_text() + "\nmain()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def ask(self, verb: str, *arguments: object) -> None:
        """Have it begin; `answer` says what came of it."""
        assert self._process.stdin is not None
        print(json.dumps([verb, *map(str, arguments)]), file=self._process.stdin, flush=True)

    def answer(self) -> Any:
        """The next line that it prints."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def gets(self, verb: str, *arguments: object) -> Any:
        """What it gets by a verb: a value, or the name of the error."""
        self.ask(verb, *arguments)
        return self.answer()


def let_through(path: Path) -> None:
    """Open the way to a folder of a test: it and those above it that only we may pass."""
    for folder in (path, *path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o055)


def _connected(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
    return True


def _told(path: str) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(path)
        connection.sendall(b"a passphrase of a stranger\n")
        return connection.makefile("rb").read().decode()


def _served(path: str) -> str:
    """Listen, say so, and return what the first who comes says."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print(json.dumps("listening"), flush=True)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            return connection.recv(100).decode()


def _traced(pid: str) -> int:
    return int(ctypes.CDLL(None, use_errno=True).ptrace(_ATTACH, int(pid), 0, 0))


def _read(path: str) -> int:
    with Path(path).open("rb") as file:
        return len(file.read(10))


VERBS = {
    "exists": lambda path: Path(path).exists(),
    "read": _read,
    "write": lambda path: Path(path).write_bytes(b""),
    "list": lambda path: sorted(os.listdir(path)),
    "ptrace": _traced,
    "connect": _connected,
    "tell": _told,
    "serve": _served,
}


def main() -> None:
    """Become nobody, and do what is asked, until nothing more is."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        try:
            said = VERBS[verb](*arguments)
        except OSError as error:
            said = type(error).__name__
        print(json.dumps(said), flush=True)
