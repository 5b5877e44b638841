"""The credentials of one qBittorrent, and whether they may be tried. Sends nothing itself."""

from __future__ import annotations

import threading

from trackers.secret import Secret
from watcher.client.faults import LoginRefused


class Login:
    """Shared by a client and all its clones, so that a wrong password is sent once by all of them together."""

    def __init__(self, name: str, username: str, password: Secret | None, api_key: Secret | None) -> None:
        self.name = name
        self.username = username
        self.password = password
        self.api_key = api_key
        self.lock = threading.Lock()  # held while a login is under way
        self.generation = 0  # rises with new credentials: connections made with older ones are dropped
        self.worked = False
        self._refused = ""

    def check(self) -> None:
        """Raises LoginRefused if a login was refused and nobody said `forgive` since."""
        if self._refused:
            raise LoginRefused(f"{self.name}: {self._refused}", hint=self.hint)

    def refuse(self, why: str) -> LoginRefused:
        """Remember that nothing more may be tried; returns the error to raise."""
        self._refused, self.worked = why, False
        return LoginRefused(f"{self.name}: {why}", hint=self.hint)

    def forgive(self, password: Secret | None, api_key: Secret | None) -> None:
        """Allow one more try, with new credentials where given."""
        self.password = password or self.password
        self.api_key = api_key or self.api_key
        self._refused = ""
        self.generation += 1

    @property
    def refused(self) -> bool:
        """Whether nothing is sent until `forgive`."""
        return bool(self._refused)

    @property
    def hint(self) -> str:
        """The command that mends it."""
        return f"seedpost secrets set {self.name}.{'api_key' if self.api_key else 'password'}"
