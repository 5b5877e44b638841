"""The credentials of one qBittorrent, and whether they may be tried. Sends nothing itself."""

from __future__ import annotations

import threading
from collections.abc import Callable

from trackers.secret import Secret
from watcher.client.faults import LoginRefused
from watcher.errors import SeedpostError

Keys = tuple[Secret | None, Secret | None]  # password, API key


class Login:
    """Shared by a client and all its clones, so that a wrong password is sent once by all of them together."""

    def __init__(self, name: str, username: str, keys: Callable[[], Keys]) -> None:
        """`keys` is asked now and at each `forgive`; while it raises SeedpostError (a locked vault) nothing is sent."""
        self.name = name
        self.username = username
        self.password: Secret | None = None
        self.api_key: Secret | None = None
        self._keys = keys
        self.lock = threading.Lock()  # held while a login is under way
        self.generation = 0  # rises with new credentials: connections made with older ones are dropped
        self.worked = False
        self._refused = self._hint = ""
        self._look()

    def _look(self) -> None:
        """Take the credentials as they are now."""
        self._refused = self._hint = ""
        try:
            self.password, self.api_key = self._keys()
        except SeedpostError as error:
            self._refused, self._hint, self.worked = str(error), error.hint, False

    def same(self, other: Login) -> bool:
        """Whether both hold the same credentials."""
        mine, theirs = (
            (one.username, *(secret.reveal() if secret else None for secret in (one.password, one.api_key)))
            for one in (self, other)
        )
        return mine == theirs

    def check(self) -> None:
        """Raises LoginRefused if a login was refused and nobody said `forgive` since."""
        if self._refused:
            raise LoginRefused(f"{self.name}: {self._refused}", hint=self.hint)

    def refuse(self, why: str) -> LoginRefused:
        """Remember that nothing more may be tried; returns the error to raise."""
        self._refused, self._hint, self.worked = why, "", False
        return LoginRefused(f"{self.name}: {why}", hint=self.hint)

    def forgive(self) -> None:
        """Allow one more try, with the credentials as they are now."""
        self._look()
        self.generation += 1

    @property
    def refused(self) -> bool:
        """Whether nothing is sent until `forgive`."""
        return bool(self._refused)

    @property
    def hint(self) -> str:
        """The command that mends it."""
        return self._hint or f"seedpost secrets set {self.name}.{'api_key' if self.api_key else 'password'}"
