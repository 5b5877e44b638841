"""One request, one connection, one bounded answer; and whether a byte of the request left. Knows no tracker's dialect.

The only importer of requests. Nothing here repeats a request, follows a redirect, or puts an address, a header or a
body into an error.
"""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from trackers.catalogue import is_loopback
from trackers.clock import Clock
from trackers.errors import SettingsError, TrackerError, Unavailable, Unconfirmed
from trackers.secret import Secret

MOST = 4 * 1024 * 1024  # bytes of an answer; the longest honest one is a search page of some hundred KiB
CONNECT = 20.0  # seconds for one address to take a connection
LOOK = 30.0  # seconds for a look-up in all
HOME = "https://seedpost.example/"

# Sockets wait in real time, so their deadline is real too, whatever clock a test moves.
_REAL = Clock()

Fields = Sequence[tuple[str, str]]
Files = Sequence[tuple[str, str, bytes]]  # (form key, file name, content)


@dataclass(frozen=True)
class Reply:
    """A whole answer. Names of headers are in lower case; `kind` is the content type without parameters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """`application/json`, `text/html` …; empty if the site did not say."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


class _Trace:
    """How far one request came. `sent` is set before the first byte of it is handed to the system, never after."""

    def __init__(self, seconds: float) -> None:
        self.until = _REAL.running() + seconds
        self.step = "request"  # request dns refused unreachable connect-timeout tls; from then on reset timeout too-big
        self.why = ""
        self.sent = False

    def left(self) -> float:
        """Seconds to the deadline. Raises TimeoutError once it is past."""
        seconds = self.until - _REAL.running()
        if seconds <= 0:
            raise TimeoutError("the deadline is past")
        return seconds

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Note that it was the deadline that ended what is done inside."""
        try:
            yield
        except TimeoutError:
            self.step = "timeout"
            raise


class _Wire:
    """A connected socket whose every wait ends at the request's deadline, and which notes when sending begins.

    A time-out for each read would not do: an answer that comes a byte a second never trips it.
    """

    def __init__(self, sock: socket.socket, trace: _Trace) -> None:
        self._sock = sock
        self._trace = trace

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        with self._trace.timed():
            while view:
                self._sock.settimeout(self._trace.left())
                self._trace.sent = True
                view = view[self._sock.send(view) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._trace))

    def settimeout(self, seconds: float | None) -> None:
        """urllib3 sets a time-out for each read; the deadline is stricter."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, trace: _Trace) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)  # keeps the socket open after the connection let go of it
        self._trace = trace

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        with self._trace.timed():
            self._sock.settimeout(self._trace.left())
            return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Traced:
    """What both kinds of connection add to urllib3's: each step is noted, and the socket becomes a `_Wire`."""

    trace: _Trace
    host: str
    port: int
    sock: Any

    def _new_conn(self) -> socket.socket:
        self.trace.step = "dns"
        try:
            rows = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except UnicodeError as error:  # a label that is empty or too long
            raise OSError("no such host") from error
        failure: OSError = OSError("no address")
        for family, kind, proto, _, address in rows:
            self.trace.step = "unreachable"
            sock = socket.socket(family, kind, proto)
            try:
                sock.settimeout(min(CONNECT, self.trace.left()))
                sock.connect(address)
            except OSError as error:
                sock.close()
                failure = error
            else:
                self.trace.step = "tls"
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(self.trace.left())
                return sock
        self.trace.step = _refusal(failure)
        raise failure


def _refusal(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "connect-timeout" if isinstance(error, TimeoutError) else "unreachable"


class _Plain(_Traced, HTTPConnection):
    def __init__(self, *, trace: _Trace, **settings: Any) -> None:
        self.trace = trace
        HTTPConnection.__init__(self, **settings)

    def connect(self) -> None:
        HTTPConnection.connect(self)
        self.sock = _Wire(self.sock, self.trace)
        self.trace.step = "reset"


class _Encrypted(_Traced, HTTPSConnection):
    def __init__(self, *, trace: _Trace, **settings: Any) -> None:
        self.trace = trace
        HTTPSConnection.__init__(self, **settings)

    def connect(self) -> None:
        try:
            HTTPSConnection.connect(self)
        except ssl.SSLCertVerificationError as error:
            self.trace.why = error.verify_message
            raise
        self.sock = _Wire(self.sock, self.trace)
        self.trace.step = "reset"


class _Adapter(HTTPAdapter):
    """Connections of our own kind, made for one request."""

    def __init__(self, trace: _Trace) -> None:
        self._trace = trace
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **settings: Any) -> None:
        super().init_poolmanager(*args, **settings)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_pool, HTTPConnectionPool, _Plain, self._trace),
            "https": partial(_pool, HTTPSConnectionPool, _Encrypted, self._trace),
        }


def _pool(pool: type[HTTPConnectionPool], connection: Any, trace: _Trace, *args: Any, **settings: Any) -> Any:
    made = pool(*args, **settings)
    made.ConnectionCls = partial(connection, trace=trace)  # type: ignore[assignment]
    return made


class Http:
    """Requests to one site. `headers` go with each of them and nowhere else.

    Raises `SettingsError` for an address that is not https (or plain http on this machine; `plain`: anywhere, as for
    a program of the user's own in their network).
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, Secret],
        *,
        version: str,
        deadline: float,
        ca_file: Path | None = None,
        plain: bool = False,
    ) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        if parts.scheme != "https" and not (parts.scheme == "http" and (plain or is_loopback(self.host))):
            raise SettingsError("settings", "a tracker is spoken to by https:// alone")
        self._url = url
        self._secret = dict(headers)
        self._open = {
            "User-Agent": f"seedpost/{version} (+{HOME})",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        self._deadline = deadline
        self._ca_file = ca_file

    def get(self, path: str, query: Fields = ()) -> Reply:
        """Ask. Raises `Unavailable` if no whole answer came: nothing depends on a question."""
        trace = _Trace(min(self._deadline, LOOK))
        reply = self._exchange(trace, "GET", path, query)
        if reply is None:
            raise Unavailable(trace.step, self._words(trace))
        return reply

    def post(self, path: str, query: Fields = (), fields: Fields = (), files: Files = ()) -> Reply:
        """Send once. Raises `Unavailable` only where no byte left, `Unconfirmed` where one did and no answer came."""
        trace = _Trace(self._deadline)
        reply = self._exchange(trace, "POST", path, query, fields, files)
        if reply is None:
            raise self._lost(trace)
        return reply

    def ask(self, path: str, body: object) -> Reply:
        """Ask by a POST of JSON. Raises `Unavailable` if no whole answer came: nothing depends on a question."""
        trace = _Trace(min(self._deadline, LOOK))
        reply = self._exchange(trace, "POST", path, (), json=body)
        if reply is None:
            raise Unavailable(trace.step, self._words(trace))
        return reply

    def _lost(self, trace: _Trace) -> TrackerError:
        kind = Unconfirmed if trace.sent else Unavailable
        return kind(trace.step, self._words(trace))

    def _exchange(
        self,
        trace: _Trace,
        method: str,
        path: str,
        query: Fields,
        fields: Fields = (),
        files: Files = (),
        json: object = None,
    ) -> Reply | None:
        """The answer, or None: the library's exceptions hold addresses, so none of them leaves this function."""
        try:
            request = requests.Request(
                method,
                self._url + path,
                headers=self._open | {name: value.reveal() for name, value in self._secret.items()},
                params=list(query),
                data=list(fields),
                json=json,
                files=[(key, (name, content)) for key, name, content in files],
            ).prepare()
            with closing(_Adapter(trace)) as adapter:
                verify = str(self._ca_file) if self._ca_file else True
                with closing(adapter.send(request, stream=True, timeout=self._deadline, verify=verify)) as response:
                    return _read(response, trace)
        except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError):
            return None

    def _words(self, trace: _Trace) -> str:
        words = _WORDS.get(trace.step, trace.step)
        clock = "; is this machine's clock right?" if "not yet valid" in trace.why else ""
        return f"{self.host}: {words}" + (f" ({trace.why}{clock})" if trace.why else "")


_WORDS = {
    "request": "the request could not be formed",
    "dns": "its name could not be resolved",
    "refused": "it refused the connection",
    "unreachable": "it could not be reached",
    "connect-timeout": "it did not take the connection in time",
    "tls": "no trusted TLS connection came about",
    "reset": "the connection ended before a whole answer had come",
    "timeout": "no whole answer came before the deadline",
    "too-big": f"its answer is longer than {MOST >> 20} MiB",
}


def _read(response: requests.Response, trace: _Trace) -> Reply | None:
    body = bytearray()
    while chunk := response.raw.read(64 * 1024, decode_content=True):
        body += chunk
        if len(body) > MOST:
            trace.step = "too-big"
            return None
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, bytes(body))
