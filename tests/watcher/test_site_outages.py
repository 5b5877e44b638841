"""A site that can't be reached, in the ways in which no byte leaves: the real loop and both sites' sandboxes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support_sites import SITES, SiteWorld
from tests.trackers.test_http import certificate
from trackers import open_tracker
from trackers.base import Uploader
from trackers.secret import Secret
from watcher.config import TrackerConfig
from watcher.jobs import State

UNNAMED = "https://no..name"


@dataclass
class Front:
    """Stands before the sandbox as a front server does: with TLS or without, taking connections or leaving them."""

    behind: str  # address of the sandbox
    tls: ssl.SSLContext | None = None
    _open: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Front:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.port = self._listener.getsockname()[1]
        return self

    def __exit__(self, *rest: object) -> None:
        self.clear()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def fill(self) -> None:
        """Let nobody in: what waits for a place is never taken."""
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", self.port))
            self._open.append(waiting)

    def clear(self) -> None:
        for one in self._open:
            one.close()
        self._open.clear()

    def serve(self) -> None:
        """Take every connection from now on, and carry it to the sandbox."""
        self._listener.listen(50)
        self._started(self._accept)

    def _started(self, work: object, *given: socket.socket) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        where = urlsplit(self.behind)
        while True:
            try:
                came, _ = self._listener.accept()
            except OSError:
                return
            try:
                one = self.tls.wrap_socket(came, server_side=True) if self.tls else came
            except OSError:
                came.close()  # who came did not believe the certificate
                continue
            other = socket.create_connection((where.hostname or "", where.port or 0))
            self._started(_joined, one, other)


def _joined(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways, until both sides are at their end."""
    back = threading.Thread(target=_carry, args=(other, one), daemon=True)
    back.start()
    _carry(one, other)
    back.join(20)
    one.close()
    other.close()


def _carry(one: socket.socket, other: socket.socket) -> None:
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        pass
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)  # one request a connection: the answer's end is the end


class Away(SiteWorld):
    """`url` is where the site is looked for; empty: at the sandbox itself."""

    url, ca_file, seconds = "", "", 60.0

    def _opened(self, config: TrackerConfig) -> Uploader:
        key = Secret(self.sandbox.account(self.site).api_key)
        path = urlsplit(self.sandbox.url_of(self.site)).path
        given = {**config.settings, "deadline": self.seconds, "url": (self.url or self.sandbox.url) + path}
        type = config.type
        if self.url == UNNAMED:  # which no tracker of this machine has
            type, given["deadline"] = type.removeprefix("sandbox-"), 30.0
        given |= {"ca_file": self.ca_file} if self.ca_file else {}
        return open_tracker(
            type, given, {"api_key": key}, name=config.name, clock=self.clock, limits=self.folder / "limits"
        )

    def looked_for(self, url: str, seconds: float = 60.0, ca_file: str = "") -> None:
        """Open the tracker anew at another address, as after an edit of rules.yaml."""
        self.url, self.seconds, self.ca_file = url, seconds, ca_file
        for lane in self.manager.lanes.values():
            lane.forget()

    def stop(self) -> dict[str, object]:
        """The record that stopped the lane."""
        return dict(self.journal.ledger.breakers.get(self.mine().site) or {})


@pytest.fixture(params=list(SITES))
def one(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Away]:
    world = Away(tmp_path, request.param)
    try:
        yield world
    finally:
        world.close()


def stands_once(one: Away) -> None:
    """It was sent once, after all, and by nobody's hand."""
    one.until(one.settled)
    assert (one.mine().state, one.mine().attempt) == (State.UPLOADED, 1)
    assert (one.posts(), len(one.ours())) == (1, 1)


def test_T1_a_name_that_can_t_be_resolved_is_waited_for(one: Away) -> None:
    one.looked_for(UNNAMED)
    one.album()
    one.until(lambda: one.stop().get("code") == "dns")
    assert one.stop()["until"] and one.asked() == []
    one.looked_for("")
    stands_once(one)


def test_T3_a_site_that_takes_no_connection_is_waited_for(one: Away) -> None:
    with Front(one.sandbox.url) as front:
        front.fill()
        one.looked_for(f"http://127.0.0.1:{front.port}", seconds=0.3)
        one.album()
        one.until(lambda: one.stop().get("code") == "connect-timeout")
        assert one.stop()["until"] and one.asked() == []
        front.clear()
        front.serve()
        one.looked_for(f"http://127.0.0.1:{front.port}", seconds=60.0)
        stands_once(one)


def test_T4_a_certificate_that_nobody_knows_is_shown_no_key_and_needs_a_file_of_certificates(
    one: Away, tmp_path: Path
) -> None:
    ca_file, context = certificate(tmp_path)
    with Front(one.sandbox.url, context) as front:
        front.serve()
        one.looked_for(f"https://127.0.0.1:{front.port}", seconds=60.0)
        one.album()
        one.until(lambda: one.stop().get("code") == "tls")
        assert one.stop()["until"] and "self-signed" in str(one.stop()["why"])
        one.until(lambda: one.stop().get("breaker") == "open" and not one.stop().get("until"))  # an hour later
        assert f"seedpost resume {one.name}" in str(one.stop()["why"]) and one.asked() == []
        one.looked_for(f"https://127.0.0.1:{front.port}", seconds=60.0, ca_file=str(ca_file))
        one.journal.append([{"type": "command", "do": "resume", "tracker": one.name}])
        stands_once(one)


def test_T24_a_proxy_in_the_environment_is_not_used(one: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    one.album()
    stands_once(one)
