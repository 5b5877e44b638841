"""A tracker that only announces: says that it knows an info-hash, or that it does not, and counts who asked."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_to_bytes

from bencode2 import bencode


class Announcer:
    """`known`: info-hashes in hex. `asked`: those it was asked for, in order. `url` holds a passkey."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.asked: list[str] = []
        self.url = ""


class _Handler(BaseHTTPRequestHandler):
    announcer: Announcer

    def do_GET(self) -> None:
        query = self.path.partition("?")[2]
        value = next((part[10:] for part in query.split("&") if part.startswith("info_hash=")), "")
        infohash = unquote_to_bytes(value).hex()
        self.announcer.asked.append(infohash)
        known = infohash in self.announcer.known
        answer: dict[str, Any] = (
            {"interval": 1800, "peers": b""} if known else {"failure reason": "Unregistered torrent"}
        )
        body = bencode(answer)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def announcing() -> Iterator[Announcer]:
    """Serve one on a free port of loopback."""
    announcer = Announcer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"announcer": announcer}))
    announcer.url = f"http://127.0.0.1:{server.server_address[1]}/announce/redacted/0123456789abcdef/announce"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield announcer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
