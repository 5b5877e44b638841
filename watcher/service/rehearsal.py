"""The sandbox alone, for a person to rehearse against."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from trackers.clock import Clock
from trackers.sandbox import Sandbox
from watcher.errors import SeedpostError


@dataclass(frozen=True)
class Site:
    """One of the sandbox's sites. The key and the passkey open nothing else: they are made for this run."""

    type: str
    url: str
    api_key: str
    announce: str


@contextlib.contextmanager
def rehearsal(port: int) -> Iterator[list[Site]]:
    """Serve on loopback until the block ends."""
    sandbox = Sandbox(clock=Clock())
    try:
        sandbox.start(port)
    except OSError as error:
        hint = "another program has it; without --port any free one is taken"
        raise SeedpostError(f"port {port} can't be had: {error.strerror}", hint=hint) from error
    try:
        yield [
            Site(**{key: one[key] for key in ("type", "url", "api_key", "announce")})
            for one in sandbox.access().values()
        ]
    finally:
        sandbox.stop()
