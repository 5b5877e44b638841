"""The qbittorrentapi library as seedpost wants it: one request a call, a total deadline, no redirects, no environment.

Owns how bytes travel and how a login is sent; what the answers mean is the business of `Client`.
"""

from __future__ import annotations

import logging
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import qbittorrentapi
from qbittorrentapi.request import QbittorrentSession
from urllib3.exceptions import HTTPError

from trackers.catalogue import is_loopback
from trackers.clock import Clock
from watcher.client.faults import ClientAway
from watcher.client.login import Login

CONNECT, SILENCE, DEADLINE = 3.1, 15.0, 20.0  # seconds: to connect, between two bytes, for a whole answer
MOST = 512 * 1024 * 1024  # bytes of an answer; 10,000 torrents are 18 MB
_REPEATS = ("_retries", "_retry_backoff_factor", "version_introduced", "version_removed")

# The library and what stands below it log every request.
for _name in ("qbittorrentapi", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Library(qbittorrentapi.Client):
    """One connection. The library's own second tries are taken out: a login is sent once, and a `rid` that is asked
    for twice loses changes on 5.1. What its environment variables say is not for us."""

    def __init__(self, url: str, login: Login, ca_file: str | None, clock: Clock) -> None:
        super().__init__(
            host=url,
            EXTRA_HEADERS={"Accept-Encoding": "identity"} if is_loopback(urlsplit(url).hostname or "") else {},
            REQUESTS_ARGS={
                "timeout": (CONNECT, SILENCE),
                "verify": ca_file or True,
                "stream": True,
                "allow_redirects": False,
                "hooks": {"response": self._received},
            },
            HTTPADAPTER_ARGS={"max_retries": 0},
            FORCE_SCHEME_FROM_HOST=True,
            SIMPLE_RESPONSES=True,
            RAISE_NOTIMPLEMENTEDERROR_FOR_UNIMPLEMENTED_API_ENDPOINTS=True,
        )
        self.username = login.username
        self._password = login.password.reveal() if login.password else ""
        self._api_key = login.api_key.reveal() if login.api_key else ""
        self._login = login
        self._clock = clock
        self.skew: float | None = None  # the server's clock less ours, seconds, as of its last answer

    @property
    def _session(self) -> QbittorrentSession:
        session = super()._session
        session.trust_env = False  # no proxy for a machine beside us, no .netrc in place of our key
        return session

    def _request_manager(self, *args: Any, **kwargs: Any) -> Any:
        return self._request(*args, **{name: value for name, value in kwargs.items() if name not in _REPEATS})

    def auth_log_in(self, username: str | None = None, password: str | None = None, **kwargs: Any) -> None:
        """Log in once; the library calls it after a 403. Raises LoginRefused, and the second time sends nothing."""
        with self._login.lock:
            self._login.check()
            if not self._password:
                raise self._login.refuse("it wants a password, and none is stored")
            try:
                super().auth_log_in(username, password, **kwargs)
            except qbittorrentapi.LoginFailed:
                raise self._login.refuse(f"it refuses the password of {self.username!r}") from None
            self._login.worked = True

    def maindata(self, rid: int) -> bytes:
        """The bytes of `sync/maindata`: the caller keeps a few fields of each torrent and parses them so."""
        body: bytes = self._post("sync", "maindata", data={"rid": rid}, response_class=bytes)
        return body

    def _received(self, response: Any, **_: object) -> None:
        """Read an answer within the deadline, however slowly it drips; note the server's clock."""
        try:
            response._content = self._body(response.raw)
        except HTTPError as error:
            raise ClientAway(f"its answer broke off ({type(error).__name__})") from error
        response._content_consumed = True
        self.skew = _skew(response.headers.get("Date"), self._clock.now())
        if 300 <= response.status_code < 400:
            raise ClientAway(f"it sends us on to {_host_of(response.headers.get('Location', ''))}", hint=_REDIRECT)

    def _body(self, raw: Any) -> bytes:
        started, chunks, size = self._clock.running(), [], 0
        while chunk := raw.read1(1 << 16, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if self._clock.running() - started > DEADLINE:
                raise ClientAway(f"one answer took it over {DEADLINE:.0f} s")
            if size > MOST:
                raise ClientAway("its answer does not end")
        return b"".join(chunks)


_REDIRECT = "write the address that it is sent on to as `url` of the client"


def _skew(date: str | None, now: float) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - now if date else None
    except ValueError:
        return None


def _host_of(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "another address"
    return f"{parts.scheme}://{parts.hostname}{parts.path}" if parts.hostname else parts.path
