"""Secrets that others keep for us: systemd's credentials, files, the environment. Takes them out of the environment."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trackers.secret import Secret
from watcher.durable import FileSystem
from watcher.errors import USAGE, SeedpostError
from watcher.secrets.errors import SecretError
from watcher.secrets.files import read_secret_file, text_of, trusted_folders

PREFIX, FILE, PASSPHRASE = "SEEDPOST_SECRET_", "_FILE", "SEEDPOST_VAULT_PASSPHRASE"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*")


def secret_name(owner: str, what: str) -> str:
    """`red.api_key` for the tracker RED; the same for clients and targets of notifications."""
    return checked_name(f"{owner}.{what}".lower())


def checked_name(name: str) -> str:
    """`name` itself. Raises SeedpostError if no secret can have it."""
    if not _NAME.fullmatch(name) or len(name) > 200:
        raise SeedpostError(
            f"'{name[:200]}' is no name of a secret",
            hint="names are like red.api_key: lower case letters, digits, - and _, with dots between",
            exit_code=USAGE,
        )
    if variable(name).endswith(FILE):
        raise SeedpostError(
            f"the name of a secret can't end in file: {name}", hint="name it otherwise", exit_code=USAGE
        )
    return name


def variable(name: str) -> str:
    """`SEEDPOST_SECRET_RED_API_KEY` for `red.api_key`."""
    return PREFIX + name.upper().replace(".", "_").replace("-", "_")


@dataclass(frozen=True)
class Kept:
    """A secret, where it was found (credential file environment), and the file or variable itself."""

    value: Secret
    origin: str
    where: str


class Outside:
    """What the service manager and the environment gave us.

    Values are removed from os.environ at once, if that is what was passed: programs started later (MediaInfo, flac) do
    not inherit them. What /proc/PID/environ shows to this user stays; a file is the better place.
    """

    def __init__(self, environ: Mapping[str, str], *, fs: FileSystem) -> None:
        self._fs = fs
        self._trusted = trusted_folders(environ)
        self._values = {key: Secret(text) for key, text in environ.items() if _is_value(key) and text}
        self.environ = {key: text for key, text in environ.items() if not _is_value(key)}
        if environ is os.environ:
            for key in [key for key in os.environ if _is_value(key)]:
                del os.environ[key]

    def passphrase(self) -> Secret | None:
        """The vault's, from the environment."""
        return self._values.get(PASSPHRASE)

    def find(self, name: str) -> Kept | None:
        """The secret `name`, in DESIGN's order. Raises SecretError: a file that others can read, or a missing one."""
        return self._credential(name) or self._named_file(name) or self._value(name)

    def read(self, path: Path) -> bytes:
        """A file that holds a secret, or leads to one. Raises SecretError, FileNotFoundError."""
        return read_secret_file(path, fs=self._fs, trusted=self._trusted)

    def credential(self, name: str) -> tuple[bytes, Path] | None:
        """What systemd gave as `name`, and its file; None where it gave none. Raises SecretError."""
        folder = self.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            return None
        path = Path(folder) / name
        with contextlib.suppress(FileNotFoundError):
            return self.read(path), path
        return None

    def _credential(self, name: str) -> Kept | None:
        found = self.credential(name)
        return None if found is None else Kept(Secret(text_of(*found)), "credential", str(found[1]))

    def _named_file(self, name: str) -> Kept | None:
        by = variable(name) + FILE
        if not (named := self.environ.get(by)):
            return None
        path = Path(named)
        try:
            return Kept(Secret(text_of(self.read(path), path)), "file", named)
        except FileNotFoundError as error:
            raise SecretError(f"{path} is not there, and {by} names it", hint=f"make it, or unset {by}") from error

    def _value(self, name: str) -> Kept | None:
        value = self._values.get(variable(name))
        return None if value is None else Kept(value, "environment", variable(name))


def _is_value(key: str) -> bool:
    return key == PASSPHRASE or (key.startswith(PREFIX) and not key.endswith(FILE))
