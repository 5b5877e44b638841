"""Bytes that survive: locks, atomic files, and every fsync there is. Knows nothing of records or states."""

from __future__ import annotations

from watcher.durable.files import (
    FileSystem,
    FlushFailed,
    append,
    exists,
    flush,
    link,
    new_file,
    on_network,
    private_folder,
    read_all,
    replace,
    sync_folder,
    write_all,
)
from watcher.durable.locks import DaemonLock, Lock, LockBusy

__all__ = [
    "DaemonLock", "FileSystem", "FlushFailed", "Lock", "LockBusy", "append", "exists", "flush", "link", "new_file",
    "on_network", "private_folder", "read_all", "replace", "sync_folder", "write_all",
]  # fmt: skip
