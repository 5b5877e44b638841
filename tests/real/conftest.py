"""A qbittorrent-nox of a test's own, in three versions: the machine's, and those that `bring-qbittorrent` brought.

Sources and client are tested on the machine's and on 5.1, everything on all three in the long form.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support_announce import Announcer, announcing
from tests.support_qbittorrent import Qbittorrent

BROUGHT = Path(__file__).parents[2] / ".nox"
PROGRAMS = {
    "machine": "qbittorrent-nox",
    "5.1": str(BROUGHT / "5.1/qbittorrent-nox"),
    "5.3": str(BROUGHT / "5.3/qbittorrent-nox"),
}
IN_SHORT = {"test_sources": ("machine", "5.1"), "test_client": ("machine", "5.1")}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that wants a qbittorrent-nox, once for each version."""
    if "qbittorrent" in metafunc.fixturenames:
        short = IN_SHORT.get(metafunc.module.__name__.rpartition(".")[2], ("machine",))
        versions = [pytest.param(one, marks=[] if one in short else pytest.mark.long) for one in PROGRAMS]
        metafunc.parametrize("qbittorrent", versions, indirect=True)


@pytest.fixture
def qbittorrent(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Qbittorrent]]:
    """Makes and starts as many as a test wants; all of them end with it."""
    program = PROGRAMS[request.param]
    if shutil.which(program) is None:
        how = f"tests/real/bring-qbittorrent {request.param}" if program.startswith("/") else "apt install it"
        pytest.skip(f"no {program} here: {how}")
    made: list[Qbittorrent] = []

    def make(name: str = "client") -> Qbittorrent:
        one = Qbittorrent(tmp_path / name, [program])
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
