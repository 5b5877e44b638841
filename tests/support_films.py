"""Films on a site that runs UNIT3D: the real loop and uploader against the sandbox, in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support_loop import World
from tests.support_video import mkv
from trackers import open_images, open_tracker
from trackers.base import Uploader
from trackers.sandbox import Sandbox
from trackers.secret import Secret
from watcher.config import TrackerConfig, parse
from watcher.release import Fact, File, Release

RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: {client}}}
clients: {{seedbox: {{url: 'http://127.0.0.1:1'}}}}
trackers:
  EXM: {{type: sandbox-unit3d, url: '{url}', mode: upload, quiet: {quiet}s, moderated: {moderated},
         anonymous: {anonymous}, screenshots: {screenshots}}}
rules:
  - {{name: films, match: {{kind: movie}}, upload_to: {{EXM: {{}}}}}}
"""
IMAGE_KEY = "c4n4ry-image-key"
NAME = "The.Loopback.2019.1080p.WEB-DL.H.264-LOCAL"
FACTS: dict[str, object] = {"ids.tmdb": 900009}


class Site(World):
    """One film, one tracker."""

    def __init__(
        self,
        folder: Path,
        *,
        moderated: bool = True,
        anonymous: bool = False,
        client: str = "none",
        quiet: int = 1800,
        screenshots: int = 0,
        images: str = "",
    ) -> None:
        """`images`: the address of a host for pictures."""
        self.images = images
        self.known = {"moderated": str(moderated).lower(), "anonymous": str(anonymous).lower()}
        self.known |= {"client": client, "quiet": str(quiet), "screenshots": str(screenshots)}
        super().__init__(folder)

    def set_rules(self, **rules: Any) -> None:
        self.sandbox = Sandbox(clock=self.clock, keys={"chevereto": (IMAGE_KEY, "")})
        self.sandbox.start()
        self.config = parse(RULES.format(url=self.sandbox.url_of("unit3d"), **self.known).encode(), "rules.yaml")

    def _opened(self, config: TrackerConfig) -> Uploader:
        key = {"api_key": Secret(self.sandbox.account("unit3d").api_key)}
        limits = self.folder / "state" / "limits"
        host = open_images("chevereto", self.images, Secret(IMAGE_KEY)) if self.images else None
        given = {**config.settings, "deadline": 60.0}
        return open_tracker(config.type, given, key, name="EXM", clock=self.clock, limits=limits, images=host)

    def film(self, ids: bool = True, cover: bool = False) -> None:
        """A film, complete; `ids`: with its number; `cover`: with a picture beside it."""
        folder = self.folder / "content" / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.mkv").write_bytes(mkv())
        (folder / "b.nfo").write_bytes(b"a film")
        if cover:
            (folder / "folder.jpg").write_bytes(b"\xff\xd8\xff\xe0 a picture")
        files = tuple(File(one.name, one.stat().st_size) for one in sorted(folder.iterdir()))
        told = {name: Fact(value, "person") for name, value in FACTS.items() if ids}
        now = int(self.clock.now())
        self.intake.seen(Release("rips", "folder", NAME, str(folder), files, completed=now, facts=told))

    def mine(self) -> Any:
        return self.job("EXM")

    def posts(self) -> int:
        return len(self.sandbox.posts("unit3d"))

    def ours(self) -> list[Any]:
        return self.sandbox.torrents("unit3d", "uploader")

    def written(self) -> str:
        return "".join(path.read_text() for path in (self.folder / "state").glob("journal*.jsonl"))


@contextmanager
def site(folder: Path, **how: Any) -> Iterator[Site]:
    one = Site(folder, **how)
    try:
        yield one
    finally:
        one.journal.close()
        one.sandbox.stop()
