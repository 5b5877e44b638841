"""Hints from inotify that something below a folder changed. Only hints: a rescan is the truth, since events get lost.

Owns the observer, its limits, and where inotify sees nothing at all.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import threading
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

# Never the default mask: above some 6,000 folders watchdog 7 then floods its own queue for ever.
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileMovedEvent,
    FileClosedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
# File systems whose files change without passing through this kernel.
_BLIND = re.compile(r"nfs\d?|cifs|smb\d|smbfs|9p|vboxsf|virtiofs|ceph|afs|lustre|glusterfs|fuse(\..*)?")
_WATCHES = ("/proc/sys/fs/inotify/max_user_watches", "/proc/sys/user/max_inotify_watches")
_SYSCTL = {errno.ENOSPC: "fs.inotify.max_user_watches", errno.EMFILE: "fs.inotify.max_user_instances"}


class Hints(FileSystemEventHandler):
    """Collects the names of a folder's children below which something happened."""

    def __init__(self, root: Path, depth: int) -> None:
        self._root = os.fspath(root)
        self._depth = depth
        self._observer: BaseObserver | None = None
        self._lock = threading.Lock()
        self._names: set[str] = set()
        self._overflow = _Overflow(self)
        self.lost = threading.Event()  # the kernel dropped events

    def start(self) -> None:
        """Watch. Raises OSError where inotify won't: too many instances or watches, or no folder."""
        logging.getLogger(_Overflow.LOGGER).addHandler(self._overflow)
        try:
            self._observer = Observer()
            self._observer.schedule(self, self._root, recursive=True, event_filter=_EVENTS)
            self._observer.start()
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """Watch no more."""
        logging.getLogger(_Overflow.LOGGER).removeHandler(self._overflow)
        observer, self._observer = self._observer, None
        if observer is None:
            return
        said = logging.getLogger(_ENDING.LOGGER)
        said.addFilter(_ENDING)
        observer.stop()
        if observer.is_alive():
            observer.join()
        said.removeFilter(_ENDING)

    def take(self) -> set[str]:
        """The children since the last call."""
        with self._lock:
            names, self._names = self._names, set()
        return names

    def waiting(self) -> bool:
        """Whether there is a hint to take."""
        return bool(self._names) or self.lost.is_set()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by the observer, in its thread."""
        for path in (event.src_path, event.dest_path):
            relative = os.fsdecode(path).removeprefix(self._root).strip("/")
            parts = relative.split("/") if path else []
            if len(parts) >= self._depth and relative:
                with self._lock:
                    self._names.add("/".join(parts[: self._depth]))


class _Ending(logging.Filter):
    """An event that comes while the observer ends is an error to watchdog, and to nobody else."""

    LOGGER = "watchdog.observers.inotify"

    def filter(self, record: logging.LogRecord) -> bool:
        return "when the thread is inactive" not in record.getMessage()


_ENDING = _Ending()


class _Overflow(logging.Handler):
    """The observer tells of a full queue by a log line alone."""

    LOGGER = "watchdog.observers.inotify_c"

    def __init__(self, hints: Hints) -> None:
        super().__init__(logging.WARNING)
        self._hints = hints

    def emit(self, record: logging.LogRecord) -> None:
        self._hints.lost.set()


def blind(root: Path, mounts: Path) -> str:
    """Why inotify sees nothing at `root`, by the list of mounts (/proc/self/mountinfo); "" if it does."""
    kind, best = "", -1
    for line in mounts.read_text(errors="surrogateescape").splitlines():
        fields = line.split(" ")
        point = _unescaped(fields[4]) if len(fields) > 4 and "-" in fields else "\0"
        if Path(root).is_relative_to(point) and len(point) >= best:
            best, kind = len(point), fields[fields.index("-") + 1]
    return f"{root} is on {kind}, where changes are not always told" if _BLIND.fullmatch(kind) else ""


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), path)


def short_of_watches(folders: int, limits: tuple[str, ...] = _WATCHES) -> str:
    """Why so many folders can't be watched, with the setting to change; "" if they can. inotify itself would watch some
    of them and say nothing."""
    allowed = [number for path in limits if (number := _number(path)) is not None]
    if not allowed or folders < min(allowed):
        return ""
    return f"{folders} folders are more than inotify may watch: sysctl {_SYSCTL[errno.ENOSPC]}={2 * folders}"


def refused(error: OSError) -> str:
    """Why the observer did not start, with the setting to change."""
    setting = _SYSCTL.get(error.errno or 0)
    return f"inotify: {error.strerror}" + (f": raise sysctl {setting}" if setting else "")


def _number(path: str) -> int | None:
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):
        return None
