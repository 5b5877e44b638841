"""The sandbox's HTTP server on loopback: reads requests, lets faults strike, hands the rest to the dialects.

Owns sockets, threads and delivery; leaves what is answered to the dialects and what is armed to `faults`.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from trackers.catalogue import SANDBOX, is_loopback, sandbox_announce
from trackers.clock import Clock
from trackers.sandbox import control
from trackers.sandbox.dialect import Dialect
from trackers.sandbox.faults import Fault, Struck, damaged
from trackers.sandbox.sites import Sites
from trackers.sandbox.store import Seen
from trackers.sandbox.wire import Form, Reply, Request, read_form

HOST = "127.0.0.1"
LARGEST_BODY = 64 * 1024 * 1024
IDLE = 75.0  # seconds after which a kept connection is closed


class Cut(Exception):
    """The client went away in the middle of its request."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sites: Sites) -> None:
        self.sites = sites
        self.open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def server_close(self) -> None:
        """Kept connections end too, as when a server dies."""
        super().server_close()
        for one in list(self.open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a fault of the sandbox itself."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "nginx", ""
    timeout = IDLE
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed: what was asked stands in `requests`."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (Cut, OSError):
            self.close_connection = True

    def _serve(self) -> None:
        sites = self.server.sites
        parts = urlsplit(self.path)
        if parts.path.startswith("/control/"):
            self._send(control.answer(sites, self.command, parts.path, self.headers.get("Host", ""), self._body()))
            return
        dialect, rest = sites.dialect_at(parts.path.removeprefix("/announce"))
        if dialect is None:
            self._body()
            self._send(Reply(404, b"404", "text/html"))
            return
        try:
            form = read_form(self.headers.get("Content-Type", ""), self._body())
        except Cut:
            self._remember(dialect, self._request(sites, dialect, rest, parts.query, Form()), 0)
            raise
        self._answer(dialect, self._request(sites, dialect, rest, parts.query, form))

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _serve  # noqa: N815

    def _request(self, sites: Sites, dialect: Dialect, path: str, query: str, form: Form) -> Request:
        headers = {key.lower(): value for key, value in self.headers.items()}
        base = "http://{}:{}/{}".format(*self.server.server_address[:2], dialect.type)
        return Request(self.command, path, query, headers, form, base, self.client_address[0])

    def _answer(self, dialect: Dialect, request: Request) -> None:
        store, released = dialect.store, self.server.sites.released
        with store.lock:
            store.settle()
            struck = store.faults.strike(dialect.action(request))
            post = dialect.receive(request)
            reply = self._decide(dialect, request, struck, post)
        self._remember(dialect, request, reply.status)
        self._deliver(damaged(struck.answering, reply), struck.answering or struck.instead, released)

    def _decide(self, dialect: Dialect, request: Request, struck: Struck, post: int | None) -> Reply:
        instead = struck.instead
        if instead is None or instead.processed:
            reply = dialect.answer(request, struck, post)
        elif post is not None:
            dialect.store.judge(post, "not processed", instead.kind)
        if instead is None:
            return reply
        if instead.kind == "revoked":
            return dialect.key_revoked(request)
        return dialect.canned(instead, request)

    def _deliver(self, reply: Reply, fault: Fault | None, released: threading.Event) -> None:
        kind = fault.kind if fault else ""
        if fault and kind in ("hang", "silence"):
            self.server.sites.wait(fault.seconds, released)
        if kind == "lost" or not reply.status:
            self._drop(reset=kind == "reset")
        elif kind == "half":
            self._send(reply, len(reply.body) // 2)
            self._drop(reset=False)
        elif fault and kind == "drip":
            self._send(reply, 0)
            for index in range(len(reply.body)):
                self.server.sites.wait(fault.delay, released)
                self.wfile.write(reply.body[index : index + 1])
        else:
            self._send(reply)

    def _send(self, reply: Reply, shown: int | None = None) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers:
            self.send_header(name, value.encode().decode("latin-1"))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body[:shown])

    def _drop(self, *, reset: bool) -> None:
        """Close the connection; `reset` without a farewell, so that the client sees ECONNRESET."""
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.wfile.flush()
        self.connection.close() if reset else self.connection.shutdown(socket.SHUT_RDWR)

    def _body(self) -> bytes:
        """The whole body. Raises `Cut` if the client sent less than it promised."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks()
        promised = self.headers.get("Content-Length", "0")
        if not promised.isdigit() or int(promised) > LARGEST_BODY:
            self._send(Reply(413, b"", "text/html"))
            raise Cut
        body = self.rfile.read(int(promised))
        if len(body) < int(promised):
            raise Cut
        return body

    def _chunks(self) -> bytes:
        body = b""
        while True:
            size = int(self.rfile.readline(64).split(b";")[0] or b"0", 16)
            chunk = self.rfile.read(size)
            if len(chunk) < size or self.rfile.readline(3) != b"\r\n" or len(body) + size > LARGEST_BODY:
                raise Cut
            if not size:
                return body
            body += chunk

    def _remember(self, dialect: Dialect, request: Request, status: int) -> None:
        store, action = dialect.store, dialect.action(request)
        with store.lock:
            time = store.clock.now()
            store.remember(Seen(request.method, request.path, action, dialect.caller(request), status, time))


class Sandbox(Sites):
    """The sites behind an HTTP server on 127.0.0.1. As a context manager it starts and stops by itself."""

    _server: _Server | None = None

    def start(self, port: int = 0, host: str = HOST) -> None:
        """Listen. `host`: of several sandboxes each needs a loopback address of its own, for that is what tells two
        sites of one type apart. Raises ValueError for any other address, OSError if the port is taken."""
        if not is_loopback(host):
            raise ValueError(f"a sandbox stands on loopback, not on {host}")
        self._released.clear()
        self._server = _Server((host, port), self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sandbox", daemon=True).start()

    def stop(self) -> None:
        """Stop listening; requests that hang are let go."""
        self.release()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Sandbox:
        if self._server is None:
            self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The server's address, without a slash at its end. Raises RuntimeError if it is not started."""
        if self._server is None:
            raise RuntimeError("the sandbox is not started: call start()")
        return "http://{}:{}".format(*self._server.server_address[:2])

    def url_of(self, site: str) -> str:
        """The address of one site, as `url:` in rules.yaml."""
        return f"{self.url}/{self._site(site).type}"

    def access(self) -> dict[str, dict[str, str]]:
        """By site what rules.yaml and the secrets need: type, url, user, api_key, passkey, announce."""
        found = {}
        for site in self.sites:
            keys, url = self.account(site), self.url_of(site)
            found[site] = {
                "type": SANDBOX + site,
                "url": url,
                "user": keys.user,
                "api_key": keys.api_key,
                "passkey": keys.passkey,
                "announce": sandbox_announce(site, url, keys.passkey),
            }
        return found


def serve(port: int, tell: Callable[[Sandbox], None], until: threading.Event, *, clock: Clock | None = None) -> None:
    """Run a sandbox until `until` is set. `tell` gets it once it listens. Raises OSError if the port is taken."""
    sandbox = Sandbox(clock=clock)
    sandbox.start(port)
    try:
        tell(sandbox)
        until.wait()
    finally:
        sandbox.stop()
