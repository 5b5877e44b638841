"""The real loop and the real uploaders against the sandbox, in virtual time: nothing but the network is simulated."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.support_loop import World
from tests.support_trackers import form as form_of
from tests.support_trackers import music, upload
from trackers import open_images, open_tracker
from trackers.base import Uploader
from trackers.content import Content, Credit, File
from trackers.sandbox import Fault, Sandbox
from trackers.sandbox.album import write_album
from trackers.secret import Secret
from watcher.config import TrackerConfig, parse
from watcher.release import Fact, Release

RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: none}}
trackers:
  RED: {{type: sandbox-redacted, url: '{red}', new_group: {new_group}, web_flac: {web_flac}, quiet: 600s}}
  OPS: {{type: sandbox-orpheus, url: '{ops}', new_group: {new_group}, web_flac: {web_flac}, quiet: 600s}}
rules:
  - name: music
    match: {{kind: music}}
    set: {{{set}}}
    require: {{{require}}}
    upload_to: {{{to}}}
"""
IMAGE_KEY = "c4n4ry-image-key"
SITES = {"RED": "redacted", "OPS": "orpheus"}


@dataclass(frozen=True)
class Named:
    """An album as `album` writes it, for what another user has of it."""

    artist: str = "The Loopbacks"
    title: str = "First Light"
    year: int = 2020


LIGHT = Named()


class SiteWorld(World):
    """`name` is the tracker that is looked at; rules may name both."""

    def __init__(self, folder: Path, name: str, **rules: object) -> None:
        self.name, self.site = name, SITES[name]
        self.images: tuple[str, str] | None = None  # type and address of an image host
        self._rules = {"to": f"{name}: {{}}"} | rules
        super().__init__(folder)

    def set_rules(self, **rules: Any) -> None:
        if not hasattr(self, "sandbox"):
            self.sandbox = Sandbox(clock=self.clock)
            self.sandbox.start()
        given = {"new_group": "upload", "web_flac": "upload", "set": "", "require": ""} | self._rules | rules
        urls = {"red": self.sandbox.url_of("redacted"), "ops": self.sandbox.url_of("orpheus")}
        self.config = parse(RULES.format(**given, **urls).encode(), "rules.yaml")

    def _opened(self, config: TrackerConfig) -> Uploader:
        key = Secret(self.sandbox.account(SITES[config.name]).api_key)
        host = open_images(*self.images, Secret(IMAGE_KEY)) if self.images else None
        return open_tracker(
            config.type,
            {**config.settings, "deadline": 60.0},
            {"api_key": key},
            name=config.name,
            clock=self.clock,
            limits=self.folder / "state" / "limits",
            images=host if config.name == "OPS" else None,
        )

    def album(self, facts: dict[str, object] | None = None, infohash: str = "", **how: Any) -> Path:
        """A real album, found complete; `facts` are what its source says of it."""
        given = {"artist": "The Loopbacks", "album": "First Light", "year": 2020, "tracks": 2, "media": "WEB"}
        log = how.pop("log_text", None)
        path = write_album(self.folder / "content", **({"seconds": 0.1} | given | how))
        for rip in path.glob("*.log") if log is not None else ():
            rip.write_text(log)
        self.found(path, facts, infohash)
        return path

    def found(self, path: Path, facts: dict[str, object] | None = None, infohash: str = "") -> None:
        """Say that the folder at `path` is complete."""
        rows = [one for one in sorted(path.rglob("*")) if one.is_file()]
        files = tuple(File(str(one.relative_to(path)), one.stat().st_size) for one in rows)
        told = {name: Fact(value, "torrent") for name, value in (facts or {}).items()}
        now = int(self.clock.now())
        source = ("seedbox", "qbittorrent") if infohash else ("rips", "folder")
        self.intake.seen(Release(*source, path.name, str(path), files, infohash=infohash, completed=now, facts=told))

    def of_another(self, named: Named = LIGHT, site: str = "", **facts: Any) -> str:
        """Another user uploads; returns the torrent's id. The facts are over a WEB FLAC album."""
        site = site or self.site
        key = self.sandbox.account(site, "second").api_key
        url = {"url": self.sandbox.url_of(site), "deadline": 60.0, "image": "https://covers.example/other.jpg"}
        tracker = open_tracker(
            f"sandbox-{site}", url, {"api_key": Secret(key)}, name="THEIRS", clock=self.clock, limits=None
        )
        album = music(album=named.title, year=named.year, **facts)
        album = album if "credits" in facts else replace(album, credits=(Credit(named.artist),))
        files = (File("01.flac", 1_000_000), File("02.flac", 2_000_000))
        one = Content(
            f"{named.title} {hashlib.sha256(repr(album).encode()).hexdigest()[:6]}", files, "music", music=album
        )
        sent = upload(form_of(tracker, one), one, self.sandbox.store(site).flag, tracker.account())
        receipt = tracker.upload(sent)
        self.clock.wait(120)  # the search lags
        self.last_hash = sent.infohash
        return receipt.torrent_id

    def fail(self, kind: str, **how: Any) -> None:
        self.sandbox.fail(self.site, Fault(kind, **how))

    def posts(self) -> int:
        """Uploads that arrived."""
        return len(self.sandbox.posts(self.site))

    def ours(self) -> list[Any]:
        return self.sandbox.torrents(self.site, "uploader")

    def asked(self) -> list[str]:
        return [seen.action for seen in self.sandbox.requests(self.site)]

    def mine(self) -> Any:
        return self.job(self.name)

    def fields(self) -> dict[str, str]:
        """The form as it was prepared."""
        return dict(self.journal.load(self.mine().form)["fields"])

    def close(self) -> None:
        self.journal.close()
        self.sandbox.stop()
        shutil.rmtree(self.folder / "content", ignore_errors=True)


@contextmanager
def site_world(folder: Path, name: str, **rules: object) -> Iterator[SiteWorld]:
    one = SiteWorld(folder, name, **rules)
    try:
        yield one
    finally:
        one.close()
