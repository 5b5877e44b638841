"""A Web API on loopback that is told what to answer and counts what it is asked: no real server fails on demand."""

from __future__ import annotations

import contextlib
import datetime
import http.client
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD, KEY = "correct horse", "qbt_abcdefghijklmnopqrstuvwxyz12"


class WebUI:
    """One qBittorrent's dialect. `asked` is every request: (method, path below api/v2, fields, headers). `answers`
    names what else to answer at a path: a status and body, or a function that writes to the handler itself."""

    def __init__(self, version: str = "5.1.0", base: str = "") -> None:
        self.version, self.base = version, base
        self.asked: list[tuple[str, str, dict[str, str], Message]] = []
        self.answers: dict[str, tuple[int, bytes] | Callable[[Handler], None]] = {}
        self.password = PASSWORD
        self.sessions: set[str] = set()
        self.connections = 0
        self.banned = False
        self.url = ""

    def count(self, path: str) -> int:
        """How often it was asked for a path."""
        return sum(asked[1] == path for asked in self.asked)

    def forget(self) -> None:
        """As a restart: no session is valid any more."""
        self.sessions.clear()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    webui: WebUI

    def setup(self) -> None:
        super().setup()
        self.webui.connections += 1

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_GET  # noqa: N815

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        prefix = f"{self.webui.base}/api/v2/"
        name = path.removeprefix(prefix)
        fields = _fields(body, self.headers)
        self.webui.asked.append((self.command, name, fields, self.headers))
        if not path.startswith(prefix):
            self.reply(404, b"Not Found")
        elif callable(answer := self.webui.answers.get(name)):
            answer(self)
        elif name == "auth/login":
            self._login(fields)
        elif not self._allowed():
            self.reply(403, b"Forbidden")
        else:
            self.reply(*(answer or self._answer(name)))

    def _login(self, fields: dict[str, str]) -> None:
        modern = self.webui.version.startswith("5.3")
        if self.webui.banned:
            self.reply(403, b"Your IP address has been banned after too many failed authentication attempts.")
        elif fields.get("password") != self.webui.password:
            self.reply(*((401, b"Unauthorized") if modern else (200, b"Fails.")))
        else:
            session = f"s{len(self.webui.asked)}"
            self.webui.sessions.add(session)
            name = f"QBT_SID_{self.server.server_address[1]}" if modern else "SID"
            cookie = {"Set-Cookie": f"{name}={session}; HttpOnly; path=/"}
            self.reply(*((204, b"") if modern else (200, b"Ok.")), **cookie)

    def _allowed(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {KEY}":
            return True
        cookies = (self.headers.get("Cookie") or "").split("; ")
        return any(cookie.partition("=")[2] in self.webui.sessions for cookie in cookies)

    def _answer(self, name: str) -> tuple[int, bytes]:
        api = {"4.5.2": "2.8.19", "5.1.0": "2.11.4", "5.3.0": "2.16.2"}[self.webui.version]
        known = {
            "app/version": f"v{self.webui.version}".encode(),
            "app/webapiVersion": api.encode(),
            "sync/maindata": json.dumps({"full_update": True, "rid": 1, "torrents": {}}).encode(),
            "torrents/info": b"[]",
            "torrents/add": b"Ok.",
        }
        return (200, known[name]) if name in known else (404, b"Not Found")

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some tests want."""


def _fields(body: bytes, headers: Message) -> dict[str, str]:
    kind = headers.get("Content-Type") or ""
    if not kind.startswith("multipart/"):
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}
    parts = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    found = {}
    for part in parts.get_payload():
        name = part.get_param("name", header="content-disposition")
        found[str(name)] = part.get_payload(decode=True).decode(errors="replace")
    return found


@contextlib.contextmanager
def serving(webui: WebUI, certificate: Path | None = None) -> Iterator[WebUI]:
    """Serve it on a free port, by TLS where a file with key and certificate is given."""
    server = _Server(("127.0.0.1", 0), type("Bound", (Handler,), {"webui": webui}))
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    webui.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}{webui.base}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield webui
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody signed: with its key in one file, and alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "seedbox")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both = folder / "both.pem"
    both.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    alone = folder / "certificate.pem"
    alone.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return both, alone


# A reverse proxy


class _Proxy(BaseHTTPRequestHandler):
    """Takes a prefix off and sends the rest on, as nginx does with `location /prefix/ { proxy_pass …/; }`."""

    protocol_version = "HTTP/1.1"
    port, prefix = 0, ""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.path.startswith(self.prefix + "/"):
            return self._answer(404, {}, b"Not Found")
        upstream = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        forwarded = {"X-Forwarded-Host": self.headers["Host"], "X-Forwarded-For": self.client_address[0]}
        upstream.request(self.command, self.path.removeprefix(self.prefix), body, {**kept, **forwarded})
        answer = upstream.getresponse()
        hop = ("connection", "keep-alive", "transfer-encoding", "content-length", "date", "server")
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in hop}
        self._answer(answer.status, headers, answer.read())
        upstream.close()
        return None

    do_POST = do_GET  # noqa: N815

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def proxied(port: int, prefix: str) -> Iterator[str]:
    """A server of this machine below a path of another address; that address with the path."""
    handler = type("Proxy", (_Proxy,), {"port": port, "prefix": prefix})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}{prefix}"
        server.shutdown()
