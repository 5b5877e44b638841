"""What a folder tree looks like now, in one digest that any change alters. Stats, opens no file, follows no link."""

from __future__ import annotations

import contextlib
import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from watcher.release import IGNORED, PARTIAL

# In one expression each: a walk asks for every name.
_IGNORED = re.compile("|".join(fnmatch.translate(pattern.lower()) for pattern in IGNORED))
_PARTIAL = re.compile("|".join(fnmatch.translate(pattern.lower()) for pattern in PARTIAL))


@dataclass(frozen=True)
class Look:
    """`digest` covers names, sizes, times, inodes and number of all entries; `ready`: the wanted file is among them."""

    digest: bytes
    ready: bool


def look(path: Path, ready: str | None = None) -> Look | None:
    """A file or folder as it is now; None if there is nothing. `ready`: a glob for a file's name, or for its path if it
    has a `/`. What can't be read is part of the digest, so that mending it is a change."""
    digest, found = hashlib.blake2b(digest_size=16), ready is None
    try:
        top = path.lstat()
    except OSError as error:
        return (
            None
            if isinstance(error, FileNotFoundError | NotADirectoryError)
            else Look(b"%d" % (error.errno or 0), False)
        )
    digest.update(_line(path.name, top))
    found = found or _matches(path.name, path.name, ready)
    if stat.S_ISDIR(top.st_mode):
        for name, line in _entries(path):
            digest.update(line)
            found = found or _matches(name, name.rpartition("/")[2], ready)
    return Look(digest.digest(), found)


def children(root: Path, depth: int) -> set[str]:
    """The names of what lies exactly `depth` levels down, relative to `root`. Links to folders are not gone into.
    Raises OSError if `root` can't be listed; folders below it that can't are left out."""
    level = {entry.name for entry in _listed(root) if not skipped(entry.name)}
    for _ in range(depth - 1):
        level = {f"{name}/{inner}" for name in level for inner in _inside(root / name)}
    return level


def changed(path: Path) -> float:
    """When a file, or anything in a folder, last changed (mtime, wall seconds); 0 where nothing can be read."""
    newest = 0.0
    for place, inner, files in os.walk(path):
        for name in (*inner, *files):
            with contextlib.suppress(OSError):
                newest = max(newest, (Path(place) / name).lstat().st_mtime)
    with contextlib.suppress(OSError):
        newest = max(newest, path.lstat().st_mtime)
    return newest


def folders(root: Path) -> int:
    """How many folders there are, `root` included: what inotify needs a watch for."""
    count, waiting = 0, [str(root)]
    while waiting:
        count += 1
        waiting.extend(_folders_in(waiting.pop()))
    return count


def skipped(name: str) -> bool:
    """Whether a name is outside every payload."""
    return _IGNORED.match(name.lower()) is not None


def _entries(top: Path) -> Iterator[tuple[str, bytes]]:
    """(path below `top`, its line) of everything but what is ignored; what is still being written counts."""
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        try:
            listed = _listed(top / inside)
        except OSError as error:
            yield inside, b"\0%d\n" % (error.errno or 0)
            continue
        for entry in listed:
            lower = entry.name.lower()
            if _IGNORED.match(lower) and not _PARTIAL.match(lower):
                continue
            name = f"{inside}/{entry.name}" if inside else entry.name
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError as error:
                yield name, b"\0%d\n" % (error.errno or 0)
                continue
            yield name, _line(name, found)
            if stat.S_ISDIR(found.st_mode):
                waiting.append(name)


def _line(name: str, found: os.stat_result) -> bytes:
    """Size and times of a folder are left out: what comes and goes in it has lines of its own, or is ignored."""
    line = os.fsencode(name) + b"\0%d %d" % (found.st_mode, found.st_ino)
    if not stat.S_ISDIR(found.st_mode):
        line += b" %d %d %d" % (found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return line + b"\n"


def _matches(path: str, name: str, glob: str | None) -> bool:
    if glob is None:
        return False
    return fnmatch.fnmatchcase((path if "/" in glob else name).lower(), glob.lower())


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _inside(folder: Path) -> Iterator[str]:
    try:
        if not folder.is_symlink():
            yield from (entry.name for entry in _listed(folder) if not skipped(entry.name))
    except OSError:
        return


def _folders_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
