"""The sandbox alone, for a person to rehearse against."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from trackers.clock import Clock
from trackers.sandbox import Sandbox
from watcher.errors import USAGE, SeedpostError


@dataclass(frozen=True)
class Site:
    """One of the sandbox's sites or look-up services. Its keys open nothing else: they are made for this run."""

    type: str
    url: str
    api_key: str
    announce: str  # of a site


@contextlib.contextmanager
def rehearsal(port: int, host: str) -> Iterator[list[Site]]:
    """Serve on a loopback address until the block ends. Raises SeedpostError if it can't be had."""
    sandbox = Sandbox(clock=Clock())
    try:
        sandbox.start(port, host)
    except ValueError as error:
        raise SeedpostError(str(error), hint="--host 127.0.0.2", exit_code=USAGE) from error
    except OSError as error:
        hint = "another program has it; without --port any free one is taken"
        raise SeedpostError(f"port {port} can't be had: {error.strerror}", hint=hint) from error
    try:
        yield [
            *(
                Site(**{key: one[key] for key in ("type", "url", "api_key", "announce")})
                for one in sandbox.access().values()
            ),
            *(Site(one, sandbox.url_of(one), sandbox.account(one).api_key, "") for one in sandbox.services),
        ]
    finally:
        sandbox.stop()
