"""A service on loopback that takes messages as JSON, as `json://` sends them; it can refuse and stand still."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Service:
    """What came, in its order. `status`: what it answers; `asleep`: it answers nothing until that is cleared."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.awake = threading.Event()
        self.awake.set()
        self.port = 0

    @property
    def address(self) -> str:
        """With a key where services have theirs: user, password and path."""
        return f"json://seedpost:c4nary-pass-word@127.0.0.1:{self.port}/c4nary-of-the-phone?rto=60"


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.awake.wait(60)
            if service.status == 200:
                service.messages.append(json.loads(body))
            service.paths.append(self.path)
            self.send_response(service.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(service))
    server.daemon_threads = True
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.awake.set()
        server.shutdown()
        server.server_close()
        thread.join()
