"""Runs something as a user who may not read everything, whoever runs the tests."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_VERSION_3 = 0x20080522  # of the kernel's capability sets: two words each


def unprivileged(action: Callable[[], T]) -> T:
    """Do it in a thread without capabilities: root, too, is then bound by the permissions of files."""
    done: list[T] = []
    thread = threading.Thread(target=lambda: (_drop(), done.append(action())))
    thread.start()
    thread.join()
    return done[0]


def _drop() -> None:
    header, none = (ctypes.c_uint32 * 2)(_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, none) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
