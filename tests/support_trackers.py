"""What the uploaders' tests share: a server that plays answers in order, an album, an opened tracker."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import bencode2

from tests.support_sandbox import Hands
from trackers import open_tracker
from trackers.base import Account, Form, Problem, Upload, Uploader
from trackers.content import Content, Credit, Edition, File, Music, Track
from trackers.secret import Secret

KEY = "c4n4ry+Api/Key=7f3a91d2e8"  # canaries: none of these may ever be seen in a text
PASSKEY = "C4naryPasskeyXw93kfLq0Zt5uVbNm1a"
AUTHKEY = "C4naryAuthkeyPq81mzRt6yHs2dGj4kL"
ACCOUNT = Account("uploader", "2", Secret(f"http://127.0.0.1/orpheus/{PASSKEY}/announce"))
RECORDINGS = Path(__file__).parent / "trackers/data/sandbox_gazelle.jsonl"

Play = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Asked:
    """A request as it came over the wire."""

    line: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Stage:
    """A server on 127.0.0.1 that plays one part for each connection, in order; the last goes on for ever."""

    tls: ssl.SSLContext | None = None
    reads_bodies: bool = True
    parts: list[Play] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Stage:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.released = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *rest: object) -> None:
        self.released.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def plays(self, *parts: Play) -> None:
        self.parts = list(parts)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            part = self.parts.pop(0) if len(self.parts) > 1 else self.parts[0]
            try:
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                self.asked.append(_request(connection, self.reads_bodies))
                part(connection)
            except (OSError, ValueError):
                pass
            finally:
                connection.close()


def _request(connection: socket.socket, whole: bool) -> Asked:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            raise ValueError("the client went away")
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    line, *rows = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (row.partition(":") for row in rows)}
    while whole and len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    return Asked(line, headers, body)


def says(
    body: str | bytes = b"", status: int = 200, kind: str = "application/json; charset=utf-8", **headers: str
) -> Play:
    """A whole answer."""
    data = body.encode() if isinstance(body, str) else body
    rows = {"Content-Type": kind, "Content-Length": str(len(data))} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in rows.items())
    return lambda connection: connection.sendall(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + data)


def success(response: object) -> Play:
    return says(json.dumps({"status": "success", "response": response}))


def fails(error: str, status: int = 200) -> Play:
    return says(json.dumps({"status": "failure", "error": error, "response": []}), status)


def hangs_up(connection: socket.socket) -> None:
    """Close without a byte."""


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def half(connection: socket.socket) -> None:
    connection.sendall(
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n{"status":"suc'
    )


def short_chunk(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{")


def huge(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * (5 << 20))


def too_large(connection: socket.socket) -> None:
    """What a front server does: it answers at once, and lets the rest of the body run out."""
    connection.sendall(b"HTTP/1.1 413 X\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n")
    while connection.recv(1 << 20):
        pass


def no_http(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example ESMTP\r\n")


def silent(stage: Stage) -> Play:
    """Takes the request, and says nothing until the test is over."""
    return lambda connection: (stage.released.wait(30), None)[1]


def dripping(stage: Stage) -> Play:
    """A byte at a time, each well inside any time-out for one read."""

    def part(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        while not stage.released.wait(0.02):
            connection.sendall(b" ")

    return part


@cache
def recordings() -> tuple[dict[str, Any], ...]:
    """What a real Gazelle answered, one exchange each."""
    with RECORDINGS.open(encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)


def recorded(label: str) -> dict[str, Any]:
    """The first recorded exchange of that label."""
    return next(row for row in recordings() if row["label"] == label)


def replays(row: Mapping[str, Any]) -> Play:
    """A recorded answer, as it was."""
    location = {"Location": row["location"]} if row["location"] else {}
    return says(row["body"], row["status"], row["content_type"], **location)


MUSIC = Music(
    credits=(Credit("The Band"),),
    album="First Light",
    year=2001,
    format="FLAC",
    encoding="Lossless",
    bit_depth=16,
    sample_rate=44100,
    media="WEB",
    release_type="Album",
    genre=("rock", "indie"),
    tags_complete=True,
    tracks=(Track(1, 1, "Dawn", 200.4, "The Band"), Track(1, 2, "Noon [Live]", 3661.0, "The Band")),
)
FILES = (File("01 - Dawn.flac", 20_000_000), File("02 - Noon.flac", 30_000_000))


def content(music: Music | None = MUSIC, files: tuple[File, ...] = FILES, **changed: Any) -> Content:
    one = Content("The Band - First Light (2001) [WEB FLAC]", files, "music", music=music)
    return replace(one, **changed)


def music(**changed: Any) -> Music:
    return replace(MUSIC, **changed)


def edition(**known: Any) -> Edition:
    return Edition(**known)


# What a careful uploader meets, with what is set for it by hand.
RIP = (File("01 - Dawn.flac", 20_000_000), File("Light.cue", 900), File("Light.log", 4000), File("cover.jpg", 90_000))
ORCHESTRA = (
    Credit("Ærø Sinfonietta"),
    Credit("Clara Weiß", "composer"),
    Credit("Jan Dvořák", "conductor"),
    Credit("Mia Lund", "arranger"),
    Credit("Ana Sol", "guest"),
)
SAMPLER = tuple(Track(disc, n, f"Song {n}", 60.0 * n, f"Artist {disc}{n}") for disc in (1, 2) for n in (1, 2))
ALBUMS: dict[str, tuple[Content, dict[str, object]]] = {
    "web flac album": (content(), {}),
    "cd with log and cue": (
        content(
            music(
                media="CD", has_log=True, has_cue=True, log_score=100, logs=("Light.log",), label="Port Records",
                catalogue="PR-001",
            ),
            RIP,
        ),
        {},
    ),
    "24-bit vinyl with lineage": (
        content(
            music(
                media="Vinyl", encoding="24bit Lossless", bit_depth=24, sample_rate=96000,
                lineage="Deck > preamp > converter",
            )
        ),
        {},
    ),
    "mp3 v0": (
        content(
            music(format="MP3", encoding="V0 (VBR)", bit_depth=None),
            (File("01 - Dawn.mp3", 7_000_000),),
        ),
        {},
    ),
    "flac that came from another site": (content(origin=("tracker.example",)), {}),
    "other bitrate": (content(music(format="MP3", encoding="297 (VBR)", bit_depth=None), (File("a.mp3", 1),)), {}),
    "various artists": (
        content(
            music(
                various=True, release_type="Compilation", tracks=SAMPLER,
                credits=(Credit("Various Artists"), Credit("DJ Ax", "dj")),
            )
        ),
        {},
    ),
    "classical": (content(music(credits=ORCHESTRA, genre=("classical",))), {}),
    "single": (
        content(music(release_type="Single", tracks=MUSIC.tracks[:1]), FILES[:1], single=True, name=FILES[0].path),
        {},
    ),
    "ep of unknown first year": (content(music(release_type="EP", year=None, edition=edition(year=2015))), {}),
    "remaster with label and number": (
        content(music(edition=edition(title="Deluxe  Remaster", year=2016, label="Reissue & Co", catalogue="RC 16"))),
        {},
    ),
    "scene with blu-ray": (content(music(media="Blu-ray"), scene=True), {}),
    "into a group": (content(), {"groupid": "12", "year": "1999", "releasetype": "EP"}),
    "unknown edition": (content(), {"unknown": True}),
    "split release": (
        content(
            music(
                credits=(Credit("The Band"), Credit("The Other Band")), release_type="EP",
                tracks=(Track(1, 1, "Dawn", 200.0, "The Band"), Track(1, 2, "Dusk", 210.0, "The Other Band")),
            )
        ),
        {},
    ),
    "cross-post from the other site": (
        content(
            music(
                edition=edition(title="Deluxe", year=2003, label="Port Records", catalogue="PR 3"),
                description="[b]What the other site says[/b] of it", image="https://covers.example/theirs.jpg",
            ),
            origin=("tracker.example",), scene=False,
        ),
        {"request": 12},
    ),
    "tags edited": (content(), {"tags.add": ["Hip-Hop"], "tags.remove": ["rock"]}),
}  # fmt: skip


NAMES = {
    "sandbox-redacted": "RED", "sandbox-orpheus": "OPS", "sandbox-nebulance": "NBL", "sandbox-btn": "BTN",
    "sandbox-unit3d": "EXM",
}  # fmt: skip


def opened(
    type: str,
    url: str,
    limits: Path | None,
    *,
    clock: Hands | None = None,
    key: str = KEY,
    secrets: Mapping[str, Secret] | None = None,
    **settings: object,
) -> Any:
    """A sandbox type's uploader; `deadline` is short, since what never comes is waited for in real time."""
    given = {"url": url, "deadline": 5.0, "image": "https://covers.example/a.jpg"} | settings
    keys = secrets or {"api_key": Secret(key)}
    return open_tracker(type, given, keys, name=NAMES[type], clock=clock or Hands(), limits=limits)


def form(uploader: Uploader, one: Content | None = None, **set: object) -> Form:
    made = uploader.compose(one or content(), set)
    assert isinstance(made, Form), made
    return made


def problems(uploader: Uploader, one: Content, **set: object) -> dict[str, str]:
    """field: text."""
    made = uploader.compose(one, set)
    assert not isinstance(made, Form), "nothing was found wrong"
    assert all(isinstance(problem, Problem) for problem in made)
    return {problem.field: problem.text for problem in made}


def upload(made: Form, one: Content | None = None, flag: str = "OPS", account: Account = ACCOUNT) -> Upload:
    """An upload of that content as the loop would build it."""
    album = one or content()
    rows = [{b"length": file.size, b"path": [step.encode() for step in file.path.split("/")]} for file in album.files]
    size = sum(file.size for file in album.files)
    info = bencode2.bencode(
        {
            b"files": rows,
            b"name": album.name.encode(),
            b"piece length": 1 << 18,
            b"pieces": hashlib.sha1(album.name.encode()).digest() * -(-size // (1 << 18)),
            b"private": 1,
            b"source": flag.encode(),
        }
    )
    files = tuple((file.path, file.size) for file in album.files)
    return Upload(made, info, hashlib.sha1(info).hexdigest(), album.name, files, size, account)
