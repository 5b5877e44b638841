"""What the sandbox's tests share: a clock they move, torrents and forms as a user sends them, a plain HTTP call."""

from __future__ import annotations

import hashlib
import http.client
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

import bencode2

from trackers.clock import Clock

Pairs = Sequence[tuple[str, str]]

FORM: Pairs = (
    ("type", "0"),
    ("artists[]", "The Artist"),
    ("importance[]", "1"),
    ("title", "First Album"),
    ("year", "2024"),
    ("releasetype", "1"),
    ("media", "WEB"),
    ("format", "FLAC"),
    ("bitrate", "Lossless"),
    ("tags", "electronic,ambient"),
    ("album_desc", "An album description that is long enough."),
    ("release_desc", "Release description"),
)
GOOD_LOG = (
    "Exact Audio Copy V1.3 from 2. September 2016\r\n\r\nGap handling : Appended to previous track\r\n"
    "Add ID3 tag : No\r\n     Test CRC 0000AAAA\r\n     Copy CRC 0000AAAA\r\n\r\n==== Log checksum 00 ====\r\n"
)
POOR_LOG = "Exact Audio Copy V1.3 from 2. September 2016\r\n\r\n     Copy CRC 0000AAAA\r\n"


class Hands(Clock):
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.time = 1_795_000_000.0

    def now(self) -> float:
        return self.time

    def running(self) -> float:
        return self.time

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        self.time += seconds
        return False


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    content_type: str
    headers: Mapping[str, str]
    body: bytes


def info(name: str = "The Artist - First Album (2024) [WEB FLAC]", /, **changed: object) -> dict[bytes, object]:
    """An info dictionary of two files; `changed` replaces keys, None takes one away, `_` stands for a blank."""
    value: dict[bytes, object] = {
        b"files": [file_row("01 - One.flac", 20_045_886), file_row("02 - Two.flac", 22_000_000)],
        b"name": name.encode(),
        b"piece length": 262144,
        b"pieces": hashlib.sha1(name.encode()).digest() * 161,
        b"private": 1,
        b"source": b"OPS",
    }
    value |= {key.replace("_", " ").encode(): one for key, one in changed.items()}
    return {key: one for key, one in value.items() if one is not None}


def file_row(path: str, size: int = 1000) -> dict[bytes, object]:
    return {b"length": size, b"path": [step.encode() for step in path.split("/")]}


def torrent(name: str = "The Artist - First Album (2024) [WEB FLAC]", /, **changed: object) -> bytes:
    return bencode2.bencode({b"announce": b"http://127.0.0.1/announce", b"info": info(name, **changed)})


def hash_of(data: bytes) -> str:
    """The info-hash of a canonical torrent file."""
    return hashlib.sha1(bencode2.bencode(bencode2.bdecode(data)[b"info"])).hexdigest()


def multipart(fields: Pairs, files: Sequence[tuple[str, str, bytes]]) -> tuple[str, bytes]:
    """(content type, body)."""
    boundary = "0123456789abcdef0123456789abcdef"
    body = b""
    for name, value in fields:
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, filename, content in files:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        body += f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content + b"\r\n"
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()


def until(condition: Callable[[], object]) -> None:
    """Wait for what another thread is about to do; ten seconds are a failure."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0)


def call(
    address: str,
    params: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    form: tuple[Pairs, Sequence[tuple[str, str, bytes]]] | None = None,
    body: tuple[str, bytes] | None = None,
    method: str | None = None,
) -> Answered:
    """One request on a connection of its own; nothing is followed, nothing is decoded."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    sent = multipart(*form) if form else body
    extra = {"Content-Type": sent[0]} if sent else {}
    query = urlencode({key: str(value) for key, value in (params or {}).items()}, quote_via=quote)
    path = parts.path + ("?" + "&".join(filter(None, (parts.query, query))) if query or parts.query else "")
    try:
        verb = method or ("POST" if sent else "GET")
        connection.request(verb, path, sent[1] if sent else None, {**extra, **(headers or {})})
        answer = connection.getresponse()
        found = dict(answer.getheaders())
        return Answered(answer.status, found.get("Content-Type", ""), found, answer.read())
    finally:
        connection.close()
