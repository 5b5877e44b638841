"""Look-up services on loopback: the stand-ins, and services opened against them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support_sandbox import Hands
from trackers import open_lookup
from trackers.identity import Question
from trackers.sandbox import Sandbox
from trackers.secret import Secret

HASH = "0123456789abcdef0123456789abcdef01234567"


def opened(
    sandbox: Sandbox, type: str, *, clock: Any = None, state: Path | None = None, key: str = "", **secrets: str
) -> Any:
    """A service of this type, of the sandbox's own account unless a key is given."""
    keys = {"api_key": Secret(key or sandbox.account(type).api_key)}
    keys |= {name: Secret(value) for name, value in secrets.items()}
    return open_lookup(type, sandbox.url_of(type), keys, name=type, clock=clock or Hands(), state=state)


def film(title: str, year: int | None = None, **more: Any) -> Question:
    return Question("movie", title, year, **more)


def series(title: str, year: int | None = None, **more: Any) -> Question:
    return Question("tv", title, year, **more)
