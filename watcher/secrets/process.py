"""What the process itself gives away: cores, its memory, the mode of new files. Called first by the command line."""

from __future__ import annotations

import ctypes
import os
import resource

_PR_SET_DUMPABLE = 4


def harden() -> list[str]:
    """New files are ours alone, no core is written, and no other process of this user may trace us or read our
    /proc/PID/environ and mem. Returns what this system doesn't offer, in words for a log line or `check`."""
    os.umask(0o077)
    missing = []
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError) as error:
        missing.append(f"core dumps could not be switched off: {error}")
    if not _set_dumpable(0):
        missing.append("this system has no prctl(PR_SET_DUMPABLE): other processes of this user can read our memory")
    return missing


def _set_dumpable(value: int) -> bool:
    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, value, 0, 0, 0) == 0)
    except (OSError, AttributeError):  # not Linux: no such function in the C library
        return False
