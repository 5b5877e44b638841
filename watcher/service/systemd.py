"""Tells systemd how the daemon is, if it started it (`Type=notify`, `WatchdogSec=`): sd_notify(3)."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

ADDRESS = "NOTIFY_SOCKET"


class Systemd:
    """The socket that systemd listens on; without one, everything here does nothing."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get(ADDRESS, "")
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def ready(self) -> None:
        """The journal is read and the sources begin."""
        self._say("READY=1")

    def beat(self, status: str) -> None:
        """The loop is alive. systemd ends and restarts a daemon that has not said so for `WatchdogSec=`."""
        self._say(f"WATCHDOG=1\nSTATUS={status}")

    def stopping(self) -> None:
        """Nothing new starts; a POST in flight may take until its deadline."""
        self._say("STOPPING=1")

    def _say(self, text: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out,
        ):
            out.setblocking(False)  # a systemd that does not read must not stop the loop
            out.sendto(text.encode(), self._address)
