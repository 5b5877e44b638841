"""What the daemon says to systemd, received by a socket as systemd has one."""

from __future__ import annotations

import configparser
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_seedpost import Seedpost
from watcher.errors import INVALID, NOT_AUTHORISED, OK, RUNNING
from watcher.service.systemd import ADDRESS, Systemd

ROOT = Path(__file__).resolve().parents[2]
RULES = "version: 1\nfolders:\n  - {{name: rips, path: '{folder}', settle: 1s}}\nrules: []\n"


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind(str(tmp_path / "notify"))
        one.settimeout(60)
        yield one


def test_a_daemon_says_that_it_is_ready_alive_and_stopping(tmp_path: Path, listener: socket.socket) -> None:
    (tmp_path / "rips").mkdir()
    seedpost = Seedpost(
        tmp_path, RULES.format(folder=tmp_path / "rips"), {ADDRESS: str(tmp_path / "notify")}, daemon=True
    )
    seedpost.start()
    assert listener.recv(1000) == b"READY=1"
    assert listener.recv(1000) == b"WATCHDOG=1\nSTATUS=no jobs"
    assert seedpost.end() == OK
    listener.settimeout(0)
    said = b""
    while b"STOPPING=1" not in said:
        said += listener.recv(1000)


def test_without_systemd_and_with_one_that_does_not_listen_nothing_happens(tmp_path: Path) -> None:
    Systemd({}).ready()
    Systemd({ADDRESS: str(tmp_path / "nobody")}).beat("well")


def test_an_abstract_address_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind("\0seedpost-test-notify")
        Systemd({ADDRESS: "@seedpost-test-notify"}).ready()
        assert one.recv(100) == b"READY=1"


def test_one_that_does_not_read_stops_nothing(tmp_path: Path, listener: socket.socket) -> None:
    systemd = Systemd({ADDRESS: str(tmp_path / "notify")})
    for _ in range(2000):  # more than any queue of datagrams holds
        systemd.beat("well")


def test_the_unit_does_not_start_again_what_a_person_must_mend() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[method-assign,assignment]
    unit.read(ROOT / "contrib/systemd/seedpost.service")
    service = unit["Service"]
    assert service["Type"] == "notify" and "WatchdogSec" in service
    assert set(map(int, service["RestartPreventExitStatus"].split())) == {RUNNING, NOT_AUTHORISED, INVALID}
