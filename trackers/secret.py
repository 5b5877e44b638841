"""A value that does not print. The one way to see it is `reveal()`, so that grep finds every place that does."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import NoReturn
from urllib.parse import quote

SHORTEST = 8  # characters of a key
_watchers: list[Callable[[str], None]] = []
_unwatched: list[str] = []  # values made before anybody watched


class Secret:
    """A key, a password or an address that holds one. Registers its value with every filter on creation."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if value and not _watchers:
            _unwatched.append(value)
        for watcher in _watchers if value else ():
            watcher(value)

    def reveal(self) -> str:
        """The value itself, for the one request or file that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled or copied")


def on_secret(watcher: Callable[[str], None]) -> None:
    """Call `watcher` with the value of every secret, made before and from now on; the log's filter registers here."""
    _watchers.append(watcher)
    for value in _unwatched:
        watcher(value)


class Veil:
    """Takes the secrets it has learned out of texts: what a site says may repeat what it was asked with."""

    def __init__(self, *secrets: Secret) -> None:
        self._secrets = list(secrets)

    def learn(self, secret: Secret) -> None:
        """Take this value out from now on. A short one is no key, and would take words out."""
        if len(secret.reveal()) >= SHORTEST and secret not in self._secrets:
            self._secrets.append(secret)

    def hide(self, text: str) -> str:
        """`text` without any secret, in the spellings a site could give it back in."""
        for secret in self._secrets:
            value = secret.reveal()
            for spelt in (value, quote(value, safe=""), base64.b64encode(value.encode()).decode()):
                text = text.replace(spelt, "***")
        return text
