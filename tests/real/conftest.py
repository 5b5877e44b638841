"""A qbittorrent-nox of a test's own. SEEDPOST_QBITTORRENT names another program than the installed one."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support_announce import Announcer, announcing
from tests.support_qbittorrent import Qbittorrent


@pytest.fixture
def qbittorrent(tmp_path: Path) -> Iterator[Callable[..., Qbittorrent]]:
    """Makes and starts as many as a test wants; all of them end with it."""
    program = shlex.split(os.environ.get("SEEDPOST_QBITTORRENT", "qbittorrent-nox"))
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    made: list[Qbittorrent] = []

    def make(name: str = "client") -> Qbittorrent:
        one = Qbittorrent(tmp_path / name, program)
        made.append(one)
        return one.start()

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def announcer() -> Iterator[Announcer]:
    """A tracker on loopback."""
    with announcing() as one:
        yield one
