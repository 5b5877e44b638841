"""A throw-away qbittorrent-nox on loopback, in a profile of its own: for the demo, and for tests on real servers."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from trackers.clock import Clock
from watcher.errors import SeedpostError

USERNAME = "admin"
READY_SECONDS = 30.0
PORTS = 5  # tried one after the other
# Nothing but loopback: no DHT, PeX, LSD, port forwarding or country look-up. Peers on loopback share one address.
CONFIG = r"""[BitTorrent]
Session\Port={peers}
Session\Interface=lo
Session\InterfaceName=lo
Session\InterfaceAddress=127.0.0.1
Session\DHTEnabled=false
Session\PeXEnabled=false
Session\LSDEnabled=false
Session\QueueingSystemEnabled=false
Session\RefreshInterval={refresh}
Session\MultiConnectionsPerIp=true
Session\BTProtocol=TCP
Session\ConnectionSpeed=500
Session\MaxConnections=-1
Session\MaxUploads=-1
Session\DefaultSavePath={downloads}

[LegalNotice]
Accepted=true

[Network]
PortForwardingEnabled=false

[Preferences]
Connection\ResolvePeerCountries=false
WebUI\Address=127.0.0.1
WebUI\Port={web}
WebUI\UseUPnP=false
WebUI\Username={username}
WebUI\Password_PBKDF2="{password}"

[WebUI]
Address=127.0.0.1
Port={web}
UseUPnP=false
Username={username}
Password_PBKDF2="{password}"
"""


def command() -> list[str]:
    """The program and its first arguments: $QBT_NOX, else qbittorrent-nox on the path; empty if there is none."""
    words = shlex.split(os.environ.get("QBT_NOX", "qbittorrent-nox"))
    return words if words and shutil.which(words[0]) else []


class Nox:
    """One process. `start` and `stop` may be called again and again; the profile stays."""

    refresh = 1500  # milliseconds between two looks of the server at its torrents

    def __init__(self, profile: Path, password: str, clock: Clock, program: Sequence[str] = ()) -> None:
        self.profile, self.password, self._clock = profile, password, clock
        self.peers, self.web = _free_port(), 0
        self.downloads = profile / "downloads"
        self._program = list(program) or command()
        self._process: subprocess.Popen[bytes] | None = None
        self.downloads.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        """Of its web interface."""
        return f"http://127.0.0.1:{self.web}"

    def start(self) -> Self:
        """Start it and wait until it answers; a port that was taken meanwhile is replaced. Raises SeedpostError."""
        for _ in range(PORTS):
            self.web = self.web or _free_port()
            self._configure()
            environment = {**os.environ, "HOME": str(self.profile), "QBT_CONFIRM_LEGAL_NOTICE": "1"}
            arguments = [*self._program, f"--profile={self.profile}", f"--webui-port={self.web}"]
            quiet = subprocess.DEVNULL
            self._process = subprocess.Popen(arguments, stdin=quiet, stdout=quiet, stderr=quiet, env=environment)  # noqa: S603  a list of our own words
            if self._came_up():
                return self
            self.stop()
            self.web = 0
        raise SeedpostError(f"{self._program[0]} does not start")

    def _configure(self) -> None:
        """Write its settings, once: what it changes itself stays."""
        config = self.profile / "qBittorrent" / "config" / "qBittorrent.conf"
        if config.exists():
            return
        salt = os.urandom(16)
        key = hashlib.pbkdf2_hmac("sha512", self.password.encode(), salt, 100_000, 64)
        stored = f"@ByteArray({base64.b64encode(salt).decode()}:{base64.b64encode(key).decode()})"
        values = {"peers": self.peers, "web": self.web, "downloads": self.downloads, "refresh": self.refresh}
        config.parent.mkdir(parents=True)
        config.write_text(CONFIG.format(**values, username=USERNAME, password=stored))

    def _came_up(self) -> bool:
        end = self._clock.running() + READY_SECONDS
        while self._clock.running() < end and self._process is not None and self._process.poll() is None:
            if self._answers():
                return True
            self._clock.wait(0.02)
        return False

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.url, timeout=1).close()  # noqa: S310  (our own loopback address)
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            return False
        return True

    def stop(self, *, kill: bool = False) -> None:
        """End it and wait for its end."""
        if self._process is None:
            return
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
