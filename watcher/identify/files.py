"""What of a path goes into a torrent: walks it, tells what can't go in. Opens files for those who say what they are."""

from __future__ import annotations

import io
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from trackers.content import File
from watcher.release import ignored, in_order, partial

MOST_FILES = 100_000  # more is a mistake, or an attack on the journal


@dataclass(frozen=True)
class Payload:
    """The files of a file or folder, in torrent order. With `problems` it is not to be uploaded."""

    files: tuple[File, ...]
    single: bool
    problems: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()  # paths that something is still writing; they are in no payload


@dataclass
class _Walk:
    files: list[File] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)

    def told(self, path: str, what: str) -> None:
        self.problems.append(f"{path!r} {what}")


def payload(path: Path) -> Payload:
    """Walk `path`, which may be a file or a folder. Follows no link, opens no file, never raises for what it finds.

    What is on the ignore list is left out in silence. Links, sockets, pipes, devices, what can't be read, names that
    are not UTF-8 or that some file systems take for one, and what vanishes meanwhile are problems, each with its path.
    """
    walk = _Walk()
    single = False
    try:
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode):
            _look_into(walk, path)
        else:
            single = True
            _take(walk, path.name, str(path), found)
    except OSError as error:
        walk.told(path.name, _reason(error))
    files = in_order(walk.files)
    walk.problems.extend(_alike(file.path for file in files))
    return Payload(files, single, tuple(sorted(walk.problems)), tuple(sorted(walk.partial)))


def descriptor(path: str) -> tuple[int, int]:
    """The descriptor of a regular file and its size, opened so that a pipe put in its place can't make us wait."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        raise OSError("not a regular file")
    return fd, found.st_size


def opened_file(path: str) -> BinaryIO:
    """The same as a file object."""
    return io.BufferedReader(io.FileIO(descriptor(path)[0], "rb"))


def _look_into(walk: _Walk, root: Path) -> None:
    waiting = [""]
    if not _utf8(root.name):
        walk.told(root.name, "is no UTF-8: rename it")
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(root / inside) as entries:
                for entry in entries:
                    name = f"{inside}/{entry.name}" if inside else entry.name
                    if partial(entry.name):
                        walk.partial.append(name)
                    elif not ignored(entry.name):
                        waiting.extend(_sort_in(walk, name, entry))
        except OSError as error:
            walk.told(inside or root.name, _reason(error))
        if len(walk.files) > MOST_FILES:
            walk.told(root.name, f"has more than {MOST_FILES} files")
            return


def _sort_in(walk: _Walk, name: str, entry: os.DirEntry[str]) -> Iterator[str]:
    """Takes a file; yields a folder, to be looked into."""
    try:
        if entry.is_dir(follow_symlinks=False) and _utf8(entry.name):
            yield name
        else:
            _take(walk, name, entry.path, entry.stat(follow_symlinks=False))
    except OSError as error:
        walk.told(name, _reason(error))


def _take(walk: _Walk, name: str, place: str, found: os.stat_result) -> None:
    if not _utf8(name):
        walk.told(name, "is no UTF-8: rename it")
    elif stat.S_ISLNK(found.st_mode):
        walk.told(name, "is a symbolic link: put the file itself there")
    elif not stat.S_ISREG(found.st_mode):
        walk.told(name, f"is a {_KINDS.get(stat.S_IFMT(found.st_mode), 'special file')}, not a file")
    elif not os.access(place, os.R_OK, effective_ids=True):
        walk.told(name, "can't be read: permission denied")
    else:
        walk.files.append(File(name, found.st_size))


_KINDS = {stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket", stat.S_IFBLK: "device", stat.S_IFCHR: "device"}


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "vanished while it was looked at"
    return f"can't be read: {error.strerror}"


def _utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _alike(paths: Iterable[str]) -> Iterator[str]:
    """Names that differ only in how their letters are composed: clients and file systems take them for one, or not."""
    seen: dict[str, str] = {}
    for path in paths:
        if path.isascii():
            continue
        other = seen.setdefault(unicodedata.normalize("NFC", path), path)
        if other != path:
            yield f"{path!r} and {other!a} are the same name, composed in two ways"
