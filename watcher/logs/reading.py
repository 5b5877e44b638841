"""Reading the log back: its files oldest first, and what is added to them, whoever rotates them. Never writes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

Fields = Mapping[str, object]
NAME = "seedpost.jsonl"


def files(folder: Path) -> list[Path]:
    """The log's files, oldest first: `seedpost.jsonl.5` to `seedpost.jsonl`; logrotate counts alike."""
    numbered = [(path, path.name.removeprefix(NAME + ".")) for path in folder.glob(NAME + ".*")]
    older = sorted((path for path, number in numbered if number.isdigit()), key=lambda path: -int(path.suffix[1:]))
    return [path for path in (*older, folder / NAME) if path.exists()]


def lines(path: Path) -> Iterator[Fields]:
    """The lines of one file. What is no JSON object (a line cut by a full disk) is passed over."""
    with path.open("rb") as file:
        yield from filter(None, map(_fields, file))


def _fields(line: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


class Tail:
    """The whole log, then what is added to it. A file that was renamed or cut short is read to its end first."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._file: BinaryIO | None = None
        self._rest = b""
        self._open()

    def all(self) -> Iterator[Fields]:
        """Everything there is, oldest first; `read` goes on after it."""
        for path in files(self._path.parent):
            if path != self._path and not self._at(path):  # renamed since it was opened: `read` has it
                yield from lines(path)
        yield from self.read()

    def close(self) -> None:
        """Let the file go; for `contextlib.closing`."""
        if self._file is not None:
            self._file.close()

    def _at(self, path: Path) -> bool:
        return self._file is not None and os.path.samestat(os.fstat(self._file.fileno()), path.stat())

    def _open(self) -> None:
        try:
            self._file = self._path.open("rb")
        except FileNotFoundError:
            self._file = None

    def read(self) -> Iterator[Fields]:
        """What was written since the last call."""
        if self._file is not None:
            yield from self._more(self._file)
        if self._replaced():
            self._open()
            self._rest = b""
            if self._file is not None:
                yield from self._more(self._file)

    def _more(self, file: BinaryIO) -> Iterator[Fields]:
        if os.fstat(file.fileno()).st_size < file.tell():  # logrotate's copytruncate
            file.seek(0)
            self._rest = b""
        *whole, self._rest = (self._rest + file.read()).split(b"\n")
        yield from filter(None, map(_fields, whole))

    def _replaced(self) -> bool:
        if self._file is None:
            return True
        try:
            if self._at(self._path):
                return False
        except FileNotFoundError:
            return False  # between two renames; the file at hand may still grow
        self._file.close()
        return True
