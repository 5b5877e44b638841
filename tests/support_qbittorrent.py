"""What tests of clients and sources share: a scripted client, a sink, a clock, a real qbittorrent-nox, torrents."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import qbittorrentapi
from bencode2 import bdecode, bencode

from trackers.clock import Clock
from trackers.secret import Secret
from watcher.client import Announce, Client, LoginRefused, TorrentGone
from watcher.logs import configure, logger
from watcher.release import Release
from watcher.service.nox import Nox
from watcher.sources import Baseline, Undecided

DATA = Path(__file__).parent / "watcher" / "data" / "qbittorrent"
VERSIONS = ("4.5.2", "5.1.0", "5.3.0")


class Notes:
    """A sink that remembers, as intake does by its journal. `again()` is what a restart leaves of it."""

    def __init__(self, own: Sequence[str] = ()) -> None:
        self.records: list[dict[str, Any]] = []
        self.releases: list[Release] = []
        self.undecided: list[Undecided | None] = []
        self.changes: list[Release] = []
        self.owned = set(own)

    def again(self) -> Notes:
        other = Notes(tuple(self.owned))
        other.records, other.releases = list(self.records), list(self.releases)
        return other

    def baseline(self, at: str) -> Baseline | None:
        found, names, folders = None, set(), ()
        for record in self.records:
            folders = record.get("folders", folders) if record["at"] == at else folders
            if record["at"] == at and record["what"] == "baseline":
                names.update(record.get("names", ()))
                if not record["more"]:
                    found = record
            elif record["at"] == at and record["what"] == "gone":
                names.difference_update(record.get("names", ()))
        if found is None:
            return None
        return Baseline(found["since"], found.get("by", "client"), frozenset(names), frozenset(folders))

    def known(self, infohash: str, completed: int) -> bool:
        pairs = [pair for record in self.records for pair in record.get("torrents", ()) if record["what"] != "gone"]
        seen = any((release.infohash, release.completed) == (infohash, completed) for release in self.releases)
        return seen or [infohash, completed] in pairs

    def own(self, infohash: str) -> bool:
        return infohash in self.owned

    def labels(self, infohash: str, completed: int) -> tuple[str, frozenset[str]] | None:
        for release in reversed([*self.releases, *self.changes]):
            if (release.infohash, release.completed) == (infohash, completed):
                facts = release.facts
                return str(facts["torrent.category"].value or ""), frozenset(facts["torrent.tags"].value)
        return None

    def place(self, infohash: str, completed: int) -> tuple[str, str] | None:
        for release in reversed([*self.releases, *self.changes]):
            if (release.infohash, release.completed) == (infohash, completed):
                return release.save_path, release.name
        return None

    def folder_known(self, path: str, fingerprint: str) -> bool:
        return any((release.path, release.fingerprint) == (path, fingerprint) for release in self.releases)

    def record(self, records: Sequence[Mapping[str, object]]) -> None:
        self.records.extend(dict(record) for record in records)

    def seen(self, release: Release, *, undecided: Undecided | None) -> None:
        self.releases.append(release)
        self.undecided.append(undecided)

    def changed(self, release: Release, *, undecided: Undecided | None = None) -> None:
        self.changes.append(release)

    def told(self, what: str) -> list[dict[str, Any]]:
        """The records of one kind, without those that only say where a client saves."""
        return [record for record in self.records if record["what"] == what and "folders" not in record]


class Script:
    """A client that answers `sync` from a list: mappings are answers, exceptions are raised, callables are called. With
    nothing left it answers an idle delta. The rest it answers from what the test put into it."""

    def __init__(self, answers: Sequence[Any] = (), name: str = "seedbox", at: str = "http://127.0.0.1:8080") -> None:
        self.name, self.address, self.skew = name, at, 0.0
        self.answers = list(answers)
        self.rids: list[int] = []
        self.calls: list[str] = []
        self.refused = False
        self.forgiven = 0
        self.details: dict[str, dict[str, Any]] = {}
        self.fault: Exception | None = None

    def hold(
        self,
        infohash: str,
        files: Sequence[tuple[str, int]],
        *,
        announces: Sequence[Announce] = (),
        torrent: bytes = b"",
        private: bool = False,
        skipped: Sequence[str] = (),
        entry: Mapping[str, Any] | None = None,
    ) -> None:
        """What it says of one torrent when it is asked."""
        rows = [{"name": name, "size": size, "priority": 0 if name in skipped else 1} for name, size in files]
        self.details[infohash] = {
            "files": rows,
            "trackers": list(announces),
            "export": torrent,
            "properties": {"is_private": private},
            "torrent": entry,
        }

    def sync(self, rid: int) -> Mapping[str, Any]:
        self.rids.append(rid)
        answer = self.answers.pop(0) if self.answers else {"rid": rid + 1}
        answer = answer() if callable(answer) else answer
        if isinstance(answer, Exception):
            self.refused = isinstance(answer, LoginRefused)
            raise answer
        return answer

    def clone(self) -> Script:
        return self

    def _detail(self, infohash: str, what: str) -> Any:
        self.calls.append(what)
        if self.fault is not None:
            raise self.fault
        if infohash not in self.details:
            raise TorrentGone(f"no {infohash}")
        return self.details[infohash][what]

    def files(self, infohash: str) -> list[dict[str, Any]]:
        return self._detail(infohash, "files")

    def trackers(self, infohash: str) -> list[Announce]:
        return self._detail(infohash, "trackers")

    def properties(self, infohash: str) -> Mapping[str, Any]:
        return self._detail(infohash, "properties")

    def export(self, infohash: str) -> bytes:
        found = self._detail(infohash, "export")
        if not found:
            raise TorrentGone("it can't be exported")
        return found

    def torrent(self, infohash: str) -> Mapping[str, Any] | None:
        return self.details.get(infohash, {}).get("torrent")

    def forgive(self) -> None:
        self.refused = False
        self.forgiven += 1


@pytest.fixture
def told(monkeypatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What was logged, line by line. Import it where it is used."""
    monkeypatch.setattr(logger, "_setup", logger._Setup())
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = list(root.handlers), root.level
    configure(stream=stream, level="info", terminal=False, environ={})
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def recorded(version: str, name: str) -> Any:
    """A recorded answer of a real server."""
    return json.loads((DATA / version / f"{name}.json").read_text())


def entry(**changes: Any) -> dict[str, Any]:
    """A torrent of `sync/maindata` that is complete, as 5.1 says it, with `changes`."""
    full = recorded("5.1.0", "maindata_full_1torrent")
    return {**next(iter(full["torrents"].values())), **changes}


def full(torrents: Mapping[str, Mapping[str, Any]], rid: int = 1) -> dict[str, Any]:
    """A full update."""
    return {"full_update": True, "rid": rid, "server_state": {"refresh_interval": 1500}, "torrents": dict(torrents)}


# Torrents


def torrent_of(
    path: Path, *, announce: str = "", private: bool = False, source: str = "", piece: int = 16384
) -> tuple[bytes, str]:
    """A v1 torrent of a file or folder and its info-hash."""
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    data = b"".join(one.read_bytes() for one in files)
    pieces = b"".join(hashlib.sha1(data[at : at + piece]).digest() for at in range(0, len(data), piece))
    info: dict[bytes, Any] = {b"name": os.fsencode(path.name), b"piece length": piece, b"pieces": pieces}
    if path.is_dir():
        parts = [(one.relative_to(path).parts, one.stat().st_size) for one in files]
        info[b"files"] = [{b"length": size, b"path": [os.fsencode(part) for part in names]} for names, size in parts]
    else:
        info[b"length"] = path.stat().st_size
    info |= {b"private": 1} if private else {}
    info |= {b"source": source.encode()} if source else {}
    torrent: dict[bytes, Any] = {b"info": info} | ({b"announce": announce.encode()} if announce else {})
    return bencode(torrent), infohash_of(bencode(torrent))


def infohash_of(torrent: bytes) -> str:
    return hashlib.sha1(bencode(bdecode(torrent)[b"info"])).hexdigest()


def album(folder: Path, sizes: Sequence[int] = (70_000, 50_000), seed: int = 1) -> Path:
    """A folder with files of these sizes."""
    folder.mkdir(parents=True)
    for number, size in enumerate(sizes, 1):
        block = hashlib.sha512(f"{seed}-{number}".encode()).digest()
        (folder / f"{number:02} - Track.flac").write_bytes((block * (size // 64 + 1))[:size])
    return folder


# A real one


class Qbittorrent(Nox):
    """A qbittorrent-nox with a profile of its own, on loopback, for one test."""

    refresh = 100  # milliseconds; 1500 by default

    def __init__(self, profile: Path, program: Sequence[str]) -> None:
        super().__init__(profile, "correct horse", Clock(), program)
        self._api: qbittorrentapi.Client | None = None

    @property
    def api(self) -> qbittorrentapi.Client:
        """The library itself, for what seedpost never does: add peers, recheck, rename, delete."""
        if self._api is None:
            self._api = qbittorrentapi.Client(self.url, username="admin", password=self.password, SIMPLE_RESPONSES=True)
            self._api.auth_log_in()
        return self._api

    def client(self, clock: Clock | None = None, password: str | None = None, name: str = "seedbox") -> Client:
        secret = Secret(password or self.password)
        return Client(name, self.url, username="admin", keys=lambda: (secret, None), clock=clock or Clock())

    def stop(self, *, kill: bool = False) -> None:
        """A clean end, in which it writes its state; or as a power cut ends it."""
        self._api = None
        super().stop(kill=kill)

    def add(self, torrent: bytes, **options: Any) -> str:
        """Add a torrent and wait until it shows; its info-hash."""
        infohash = infohash_of(torrent)
        self.api.torrents_add(torrent_files=torrent, use_auto_torrent_management=False, **options)
        self.until(infohash, lambda one: one is not None)
        return infohash

    def info(self, infohash: str) -> Mapping[str, Any] | None:
        return next(iter(self.api.torrents_info(torrent_hashes=infohash)), None)

    def until(self, infohash: str, true: Callable[[Any], bool], seconds: float = 30.0) -> Mapping[str, Any]:
        """Wait until something is true of a torrent."""
        deadline = time.monotonic() + seconds
        while not true(found := self.info(infohash)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"still {found}")
            time.sleep(0.05)
        return found or {}

    def complete(self, infohash: str) -> Mapping[str, Any]:
        """Wait until it seeds."""
        return self.until(infohash, lambda one: one is not None and one["state"] in ("stalledUP", "uploading"))
