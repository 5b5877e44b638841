"""The real loop in virtual time: a site that loses answers, commits late and lags, and a clock that is moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.support_clock import VirtualClock
from tests.support_seeder import Client
from trackers.base import (
    Absent,
    Account,
    CannotTell,
    Form,
    Found,
    Match,
    Problem,
    Receipt,
    Upload,
    Uploader,
)
from trackers.content import Content
from trackers.errors import AlreadyThere, NotAuthorised, Refused, Unavailable, Unconfirmed
from trackers.lookups import Service
from trackers.secret import Secret
from watcher.config import Config, TrackerConfig, parse
from watcher.config.lookups import LookupConfig
from watcher.durable import FileSystem
from watcher.intake import Intake
from watcher.jobs import Job, State
from watcher.journal import Journal
from watcher.release import File, Release
from watcher.torrents import Hasher, TorrentStore
from watcher.uploader import Bench, UploadManager

RULES = """\
version: 1
defaults: {{mode: {mode}}}
seed: {{client: {client}}}
clients: {{seedbox: {{url: 'http://127.0.0.1:1'}}}}
trackers:
  {red}
  OPS: {{type: sandbox-orpheus, url: 'http://127.0.0.1:1/orpheus', new_group: {new_group}, quiet: {quiet}s}}
rules:
  - name: everything
    match: {{name: '*'}}
    require: {{{require}}}
    upload_to: {{{upload_to}}}
"""


class Memory(FileSystem):
    """The real calls without the flush: what is tested here is the protocol, and a flush costs most of a run."""

    left: int | None = None  # bytes free, if the test says so

    def free(self, path: Path) -> int:
        return super().free(path) if self.left is None else self.left

    def flush(self, fd: int) -> None: ...

    def sync(self, fd: int) -> None: ...


class Inline(Executor):
    """Does at once what a worker would do."""

    def submit(self, fn: Callable[..., object], /, *args: object, **kwargs: object) -> Future[object]:  # type: ignore[override]
        future: Future[object] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@dataclass
class Stored:
    """A torrent on the site."""

    infohash: str
    id: str
    user: str
    since: float  # when it is committed


@dataclass
class Site:
    """What a site does with what it receives. `fates` are taken one a POST; then every POST is answered well."""

    clock: VirtualClock
    refuses_same_hash: bool = True
    search_lag: float = 0.0  # seconds until a committed torrent is found
    stored: list[Stored] = field(default_factory=list)
    fates: list[tuple[str, float]] = field(default_factory=list)
    posts: list[tuple[float, str]] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    down: bool = False
    key: str = "good"
    files: dict[str, bytes] = field(default_factory=dict)  # info dictionaries that the site changed, by what was sent
    blind: float = 0.0  # running seconds until which its look-up shows nothing at all, canaries included
    others: bool = True  # there are torrents of other users, for the canary

    def committed(self) -> list[Stored]:
        return [one for one in self.stored if one.since <= self.clock.now()]

    def seen(self, infohash: str) -> Stored | None:
        now = self.clock.now()
        return next((s for s in self.stored if s.infohash == infohash and s.since + self.search_lag <= now), None)

    def store(self, infohash: str, user: str, late: float) -> Stored:
        one = Stored(infohash, str(len(self.stored) + 1), user, self.clock.now() + late)
        self.stored.append(one)
        return one


class Model(Uploader):
    """An uploader of that site, with the classes of errors that the real ones raise."""

    def __init__(self, name: str, site: Site) -> None:
        self.name, self.site = name, site
        self.composed: list[Content] = []
        self.matches: list[Match] = []
        self.problems: list[Problem] = []
        self.infos: dict[str, bytes] = {}
        self.covers: list[tuple[str, bytes]] = []
        self.refuses_covers = False
        self.lost: set[str] = set()  # info-hashes whose file the site lost

    def account(self) -> Account:
        self._asked()
        return Account("us", "1", Secret("http://127.0.0.1:1/announce/none"))

    def _asked(self) -> None:
        self.site.looks.append(self.site.clock.now())
        if self.site.key != "good":
            raise NotAuthorised("key-refused", "invalid token")
        if self.site.down:
            raise Unavailable("unreachable", "the site is away")

    def host_image(self, data: bytes, name: str) -> str:
        self._asked()
        if self.refuses_covers:
            raise Refused("refused", "not a picture")
        self.covers.append((name, data))
        return f"http://127.0.0.1/covers/{len(self.covers)}.png"

    def compose(self, content: Content, set: Mapping[str, object]) -> Form | list[Problem]:
        self.composed.append(content)
        if self.hosts_images and "image" not in set and "groupid" not in set:
            return [Problem("image", "a cover is needed", "no-cover")]
        if self.problems:
            return self.problems
        return Form((("title", content.name), *((key, str(value)) for key, value in sorted(set.items()))))

    def similar(self, form: Form) -> list[Match] | CannotTell:
        self._asked()
        return self.matches

    def find(self, upload: Upload, known: Receipt | None) -> Found | Absent | CannotTell:
        self._asked()
        if self.site.clock.running() < self.site.blind:
            return CannotTell("no torrent that is known to be there was seen")
        one = self.site.seen(upload.infohash)
        if one is not None:
            return Found(self._receipt(one), one.user == "us", one.user)
        return Absent("canary") if self.site.others else CannotTell("no torrent to compare with")

    def _receipt(self, one: Stored) -> Receipt:
        return Receipt(one.id, "1", f"http://127.0.0.1/{one.id}", one.infohash)

    def upload(self, upload: Upload) -> Receipt:
        site = self.site
        fate, seconds = site.fates.pop(0) if site.fates else ("well", 0.0)
        if fate == "unsent":
            raise Unavailable("refused", "connection refused")
        site.posts.append((site.clock.now(), upload.infohash))
        self.infos[upload.infohash] = upload.info
        if fate == "limited":
            raise Unavailable("rate-limited", "Rate limit exceeded", retry_at=site.clock.now() + seconds)
        if fate == "revoked":
            site.key = "revoked"
            raise NotAuthorised("key-refused", "invalid token")
        if fate == "refused":
            raise Refused("refused", "tags is not specified")
        if fate == "html":
            raise Unconfirmed("html", "an HTML page", stops_lane=True)
        if fate == "dropped":
            raise Unconfirmed("reset", "the connection was reset")
        if site.refuses_same_hash and any(one.infohash == upload.infohash for one in site.committed()):
            raise AlreadyThere("already-there", "the exact same torrent file already exists")
        one = site.store(upload.infohash, "us", seconds if fate == "late" else 0.0)
        if fate in ("lost", "late"):
            raise Unconfirmed("timeout", "no answer")
        return self._receipt(one)

    def registered(self, receipt: Receipt) -> bytes:
        self._asked()
        one = next(one for one in self.site.stored if one.id == receipt.torrent_id)
        if one.infohash in self.lost:
            raise Unavailable("no-torrent", "what the site sent is no torrent")
        return b"d8:announce4:none4:info" + (self.site.files.get(one.infohash) or self.infos[one.infohash]) + b"e"


class World:
    """A state folder, a loop over it, and sites that outlive it."""

    def __init__(self, folder: Path, *, seed: int = 0, **rules: object) -> None:
        self.folder, self.random = folder, Random(seed)
        self.clock = VirtualClock()
        self.sites = {name: Site(self.clock) for name in ("RED", "OPS")}
        self.models = {name: Model(name, site) for name, site in self.sites.items()}
        self.set_rules(**rules)  # type: ignore[arg-type]
        self.fs: FileSystem = Memory()
        self.client = Client()
        self.open()

    def set_rules(
        self,
        *,
        quiet: float = 600,
        to: str = "RED: {}",
        mode: str = "upload",
        new_group: str = "upload",
        limit: str = "",
        red: bool = True,
        client: str = "none",
        require: str = "",
        red_keys: str = "",
    ) -> None:
        """The rules in force from now on. `red`: whether RED is among the trackers; `red_keys`: more of its block."""
        named = f"RED: {{type: sandbox-redacted, url: 'http://127.0.0.1:1/redacted', new_group: {new_group}, "
        named += f"quiet: {quiet}s{f', limit: {limit}' if limit else ''}{red_keys}}}"
        text = RULES.format(
            quiet=quiet,
            upload_to=to if red else "OPS: {}",
            mode=mode,
            new_group=new_group,
            red=named if red else "",
            client=client,
            require=require,
        )
        self.config: Config = parse(text.encode(), "rules.yaml")

    def open(self) -> None:
        state = self.folder / "state"
        self.journal = Journal.open(state, fs=self.fs, clock=self.clock)
        self.intake = Intake(self.journal, lambda: self.config, self.clock)
        self.bench = Bench(
            journal=self.journal,
            config=lambda: self.config,
            clock=self.clock,
            store=TorrentStore(state, self.fs),
            hasher=Hasher(threads=1),
            seeder=self.client,
            random=self.random,
        )
        self.manager = UploadManager(self.bench, self._opened, Inline(), open_lookup=self._lookup)
        self.manager.start()

    def _opened(self, config: TrackerConfig) -> Uploader:
        return self.models[config.name]

    def _lookup(self, config: LookupConfig) -> Service:
        raise AssertionError("no rules of this world name a look-up service")

    def restart(self) -> None:
        """As after a kill: nothing is said goodbye to."""
        self.journal.close()
        self.open()

    def release(self, name: str = "Album", size: int = 1000, cover: str = "", infohash: str = "") -> str:
        """Content that became complete; returns its release's id. `cover`: a file of it, already there; `infohash`: of
        the torrent that it came by, if it did."""
        folder = self.folder / "content" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "01.flac").write_bytes(name.encode() * (size // len(name) + 1))
        names = ["01.flac", *([cover] if cover else [])]
        files = tuple(File(one, (folder / one).stat().st_size) for one in names)
        at = int(self.clock.now())
        release = Release("rips", "folder", name, str(folder), files, infohash=infohash, completed=at)
        self.intake.seen(release)
        return release.id

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.clock.wait(self.manager.turn())

    def until(self, ended: Callable[[], bool], *, hours: float = 48.0) -> None:
        """Turn, moving time to what is next, until `ended`; fails after so many hours of virtual time."""
        end = self.clock.wall + hours * 3600
        while not ended():
            wait = self.manager.turn()
            due = self.manager.next_due()
            self.clock.wait(max(wait, 0.05) if not due else max(wait, min(due, 3600.0)))
            assert self.clock.wall < end, f"nothing came of it: {[(j.state, j.code, j.why) for j in self.jobs()]}"

    def jobs(self) -> list[Job]:
        self.journal.refresh()
        return list(self.journal.ledger.jobs.values())

    def job(self, tracker: str = "RED") -> Job:
        return next(job for job in self.jobs() if job.tracker == tracker)

    def settled(self) -> bool:
        ends = (State.UPLOADED, State.DONE, State.HELD, State.DUPLICATE, State.CANCELLED)
        return all(job.state in ends for job in self.jobs())

    def command(self, do: str, *ids: str, **given: object) -> Mapping[str, object]:
        """Write a command as another process would, let the loop obey it, and return its answer."""
        (seq,) = self.journal.append([{"type": "command", "do": do, "jobs": list(ids), "with": given}])
        return self.answer(seq)

    def answer(self, seq: int) -> Mapping[str, object]:
        answers: list[Mapping[str, object]] = []
        before, self.manager._on_record = self.manager._on_record, answers.append
        self.manager.turn()
        self.manager.turn()
        self.manager._on_record = before
        return next(record for record in answers if record.get("do") == "answer" and record.get("of") == seq)

    def doubled(self, name: str = "RED") -> bool:
        """Whether two torrents of one upload stand on the site, late ones included."""
        hashes = [one.infohash for one in self.sites[name].stored if one.user == "us"]
        return len(hashes) != len(set(hashes))


@contextmanager
def world(folder: Path, **settings: object) -> Iterator[World]:
    one = World(folder, **settings)  # type: ignore[arg-type]
    try:
        yield one
    finally:
        one.journal.close()
