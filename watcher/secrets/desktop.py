"""The system's keyring as a place of secrets: which backend is asked, with a time limit. Does not load the library.

`keyring` chooses by what is installed, and on a server that raises, prompts or hangs (facts: K4). So a backend is asked
by its name, in a child, and where there is no desktop none is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trackers.clock import Clock
from trackers.secret import Secret
from watcher.logs import log

VARIABLE = "SEEDPOST_KEYRING"
SECONDS = 5.0  # one question; a keyring that waits for a person is not waited for
AGAIN = 60.0  # seconds until one that failed is asked again: the session may have been unlocked
BACKENDS = {
    "secretservice": "keyring.backends.SecretService.Keyring",
    "libsecret": "keyring.backends.libsecret.Keyring",
    "kwallet": "keyring.backends.kwallet.DBusKeyring",
    "macos": "keyring.backends.macOS.Keyring",
}
OFF = "none"


@dataclass(frozen=True)
class Chosen:
    """The backend that is asked ("" for none), and why, in words for `check`."""

    backend: str
    why: str


def chosen(environ: Mapping[str, str]) -> Chosen:
    """By SEEDPOST_KEYRING: a name of the table, `none`, or the full name of a backend's class; else the desktop's."""
    named = environ.get(VARIABLE, "")
    if named == OFF:
        return Chosen("", f"no keyring is asked: {VARIABLE} is {OFF}")
    if named:
        return _named(named)
    if sys.platform == "darwin":
        return Chosen(BACKENDS["macos"], "the keychain of this Mac is asked last")
    if environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return Chosen(BACKENDS["secretservice"], "the Secret Service of this session is asked last")
    return Chosen("", f"no keyring is asked: this is no desktop session ({VARIABLE} names one)")


def _named(named: str) -> Chosen:
    backend = BACKENDS.get(named.lower(), named if "." in named else "")
    if not backend:
        return Chosen("", f"no keyring is asked: {VARIABLE} is {named}, and there are {', '.join(BACKENDS)} and {OFF}")
    return Chosen(backend, f"{named} is asked last, as {VARIABLE} says")


class Keyring:
    """One backend. A keyring that fails counts as one that has nothing; `trouble` tells why. Not safe from threads."""

    def __init__(self, environ: Mapping[str, str], *, clock: Clock, seconds: float = SECONDS) -> None:
        self._environ, self._clock, self._seconds = environ, clock, seconds
        self.chosen = chosen(environ)
        self.trouble = ""
        self._silent_until = 0.0
        self._missing: dict[str, float] = {}  # until when a name that it does not have is not asked for

    def find(self, name: str) -> Secret | None:
        """The secret, or None: there is none, or the keyring could not say."""
        now = self._clock.running()
        if not self.chosen.backend or now < max(self._silent_until, self._missing.get(name, 0.0)):
            return None
        found = self._asked(name)
        self.trouble = found.get("error") or ""
        if self.trouble:
            self._silent_until = self._clock.running() + AGAIN
            log.warning("keyring.failed", backend=self.chosen.backend, error=self.trouble)
        value = found.get("value")
        if not value:
            self._missing[name] = self._clock.running() + AGAIN
        return Secret(value) if value else None

    def forget(self) -> None:
        """Ask again at once."""
        self._silent_until = 0.0
        self._missing.clear()

    def _asked(self, name: str) -> Mapping[str, str | None]:
        command = [sys.executable, "-P", "-m", "watcher.secrets.ring", self.chosen.backend]
        try:
            done = subprocess.run(  # noqa: S603  our own module, by our own interpreter
                command,
                input=name.encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=self._seconds,
                env=dict(self._environ),
                cwd=Path("/"),
                start_new_session=True,
                check=False,
            )
            found = json.loads(done.stdout)
        except subprocess.TimeoutExpired:
            return {"error": f"it did not answer within {self._seconds:g} s: it is locked, or waits for a person"}
        except (OSError, ValueError) as error:
            return {"error": f"it could not be asked ({type(error).__name__})"}
        if "error" in found:
            return {"error": f"it can't be used here ({found['error']})"}
        return {"value": found.get("value")}
