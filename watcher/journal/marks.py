"""Small files beside the journal: how far it had come (`highwater`), and room for an outcome (`reserve`)."""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from watcher.durable import FileSystem, exists, write_all

RESERVE = 1 << 20  # bytes
_WIDTH = 160


@dataclass(frozen=True)
class Mark:
    """How far a journal had come, last we knew."""

    journal: str
    generation: int
    seq: int
    behind: int = 0  # records up to this seq were lost with a restored copy, and nobody has repaired it


class Highwater:
    """One line, overwritten in place, never synced: exact after a kill, perhaps early after a power cut."""

    def __init__(self, path: Path, fs: FileSystem) -> None:
        self.path = path
        self._fs = fs
        self._fd = -1

    def read(self) -> Mark | None:
        """The last mark; None if there is none or it is damaged."""
        try:
            fd = self._fs.open(self.path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return None
        try:
            line = self._fs.read(fd, 2 * _WIDTH, 0)
        finally:
            self._fs.close(fd)
        text, _, crc = line.rstrip().rpartition(b" ")
        if crc != b"%08x" % zlib.crc32(text):
            return None
        try:
            return Mark(**json.loads(text))
        except (ValueError, TypeError):
            return None

    def write(self, journal: str, generation: int, seq: int, behind: int = 0) -> None:
        """Note a mark. A full disk takes none, and that is no harm."""
        text = b'{"journal":"%s","generation":%d,"seq":%d,"behind":%d}' % (journal.encode(), generation, seq, behind)
        line = (b"%s %08x" % (text, zlib.crc32(text))).ljust(_WIDTH)
        try:
            if self._fd < 0:
                self._fd = self._fs.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW)
            self._fs.overwrite(self._fd, line, 0)
        except OSError:
            return

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            self._fs.close(self._fd)
            self._fd = -1


class Reserve:
    """Blocks kept for the outcome of a POST that was sent before the disk filled up."""

    def __init__(self, path: Path, fs: FileSystem) -> None:
        self.path = path
        self._fs = fs

    size = RESERVE

    def keep(self) -> None:
        """Take the room if there is plenty."""
        with contextlib.suppress(OSError):
            if exists(self.path, self._fs) or self._fs.free(self.path.parent) < 4 * RESERVE:
                return
            fd = self._fs.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW)
            try:
                write_all(fd, os.urandom(RESERVE), self._fs)  # not zeros: some file systems store those in no room
            finally:
                self._fs.close(fd)

    def give_up(self) -> bool:
        """Free the room. False if there was none."""
        try:
            self._fs.unlink(self.path)
        except OSError:
            return False
        return True
