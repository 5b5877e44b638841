"""Five trackers at once: one episode for three UNIT3D sites, BTN and NBL, in five hands that work side by side."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.support_loop import World
from tests.support_video import mkv
from tests.watcher.test_screenshots import Ffmpeg, ffmpeg
from tests.watcher.test_tv_sites import FACTS, NAME
from trackers import open_images, open_tracker
from trackers.base import Uploader
from trackers.sandbox import Fault, Sandbox
from trackers.sandbox.btn import session
from trackers.secret import Secret
from watcher.cli import cli
from watcher.cli.options import Place
from watcher.config import TrackerConfig, parse
from watcher.errors import SeedpostError
from watcher.jobs import State
from watcher.release import Fact, File, Release
from watcher.uploader import UploadManager

# A tracker: the loopback address of its sandbox, and its site there.
SITES = {
    "AAA": ("127.0.0.1", "unit3d"), "BBB": ("127.0.0.2", "unit3d"), "CCC": ("127.0.0.3", "unit3d"),
    "NBL": ("127.0.0.1", "nebulance"), "BTN": ("127.0.0.1", "btn"),
}  # fmt: skip
__all__ = ["ffmpeg"]  # a fixture
PATIENCE = 4000  # turns of a twentieth of a second each, at least


class Five(World):
    """A release for all of them, and hands enough."""

    def __init__(self, folder: Path, screenshots: int = 0) -> None:
        self.screenshots = screenshots  # that the three sites of one family want
        self.boxes = {host: Sandbox(seed=number) for number, (host, _) in enumerate(dict.fromkeys(SITES.values()))}
        for host, box in self.boxes.items():
            box.start(host=host)
        self.workers = ThreadPoolExecutor(len(SITES))
        super().__init__(folder)

    def set_rules(self, **rules: Any) -> None:
        more = {"unit3d": f", screenshots: {self.screenshots}"}
        urls = {name: self.boxes[host].url_of(site) for name, (host, site) in SITES.items()}
        blocks = "\n".join(
            f"  {name}: {{type: sandbox-{site}, url: '{urls[name]}', mode: upload{more.get(site, '')}}}"
            for name, (_, site) in SITES.items()
        )
        text = (
            f"version: 1\ndefaults: {{mode: upload}}\nseed: {{client: none}}\ntrackers:\n{blocks}\n"
            f"rules:\n  - {{name: shows, match: {{kind: tv}}, upload_to: [{', '.join(SITES)}]}}\n"
        )
        self.config = parse(text.encode(), "rules.yaml")

    def open(self) -> None:
        super().open()
        self.manager = UploadManager(self.bench, self._opened, self.workers)
        self.manager.start()

    def _opened(self, config: TrackerConfig) -> Uploader:
        host, site = SITES[config.name]
        keys = self.boxes[host].account(site)
        cookies = json.dumps({"cookies": {"session": session(keys.passkey)}, "expires": None})
        secrets = {name: Secret(value) for name, value in (("api_key", keys.api_key), ("passkey", keys.passkey))}
        given = {**config.settings, "deadline": 600.0}
        limits = self.folder / "state" / "limits"
        known = secrets | {"cookies": Secret(cookies)}
        box = self.boxes["127.0.0.1"]
        images = open_images("ptpimg", box.url_of("ptpimg"), Secret(box.account("ptpimg").api_key))
        return open_tracker(config.type, given, known, name=config.name, clock=self.clock, limits=limits, images=images)

    def episode(self) -> Path:
        path = self.folder / "content" / NAME
        path.parent.mkdir()
        path.write_bytes(mkv() + bytes(range(256)) * 2000)
        files, facts = (File(NAME, path.stat().st_size),), {**FACTS, "ids.tmdb": 9001}
        told = {name: Fact(value, "name") for name, value in facts.items()}  # type: ignore[arg-type]
        now = int(self.clock.now())
        self.intake.seen(Release("rips", "folder", NAME, str(path), files, completed=now, facts=told, single=True))
        return path

    def posts(self, name: str) -> int:
        host, site = SITES[name]
        return len(self.boxes[host].posts(site))

    def states(self) -> dict[str, State]:
        return {job.tracker: job.state for job in self.jobs()}

    def work(self, ended: Callable[[], bool]) -> None:
        """Turn until `ended`, as long as it takes: the workers are threads, and the sites answer in real time."""
        for _ in range(PATIENCE):
            if ended():
                return
            self.manager.turn()
            self.bench.wake.wait(0.05)
            self.bench.wake.clear()
            self.clock.move(0.05)
        standing = [(job.tracker, job.state, job.code, job.why) for job in self.jobs()]
        raise AssertionError(f"nothing came of it: {standing}")


@contextmanager
def trackers(folder: Path, screenshots: int = 0) -> Iterator[Five]:
    one = Five(folder, screenshots)
    try:
        yield one
    finally:
        for box in one.boxes.values():
            box.stop()
        one.workers.shutdown()
        one.journal.close()


@pytest.fixture
def opened_files() -> Iterator[list[str]]:
    """Every file that is opened while the test runs."""
    seen, over = list[str](), threading.Event()

    def see(event: str, args: tuple[object, ...]) -> None:
        if event == "open" and not over.is_set():
            seen.append(str(args[0]))

    sys.addaudithook(see)  # which can't be taken away again
    yield seen
    over.set()


@pytest.fixture
def five(tmp_path: Path) -> Iterator[Five]:
    with trackers(tmp_path) as one:
        yield one


def test_five_trackers_are_uploaded_to_side_by_side_and_one_that_hangs_delays_none(
    five: Five, opened_files: list[str]
) -> None:
    for host, site in SITES.values():
        five.boxes[host].fail(site, Fault("hang", action="upload"))
    path = five.episode()
    opened_files.clear()
    five.work(lambda: all(five.posts(name) for name in SITES))
    assert set(five.states().values()) == {State.SENDING}  # five posts, and no answer yet to any
    five.boxes["127.0.0.2"].release()
    five.boxes["127.0.0.3"].release()
    published = (State.UPLOADED, State.DONE)
    five.work(lambda: all(five.states()[name] in published and five.job(name).registered for name in ("BBB", "CCC")))
    assert {five.states()[name] for name in ("AAA", "NBL", "BTN")} == {State.SENDING}
    five.boxes["127.0.0.1"].release()
    five.work(lambda: all(state in published for state in five.states().values()))
    assert [five.posts(name) for name in SITES] == [1] * 5
    assert opened_files.count(str(path)) == 1  # content is read once, whatever piece lengths the sites want
    assert len({job.infohash for job in five.jobs()}) > 1


def test_screenshots_are_taken_once_for_all_sites_that_want_them(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    with trackers(tmp_path, screenshots=2) as five:
        five.episode()
        five.work(lambda: [*five.states().values()] == [State.UPLOADED] * 5)
        assert len(five.boxes["127.0.0.1"].posts("ptpimg")) == len(ffmpeg.asked()) == 2
        shown = [tuple(job.rest.get("screenshots") or ()) for job in five.jobs()]
        assert len({one for one in shown if one}) == 1
        sent = [dict(box.posts("unit3d")[0].fields)["description"] for box in five.boxes.values()]
        assert all(address in text for text in sent for address in next(one for one in shown if one))


def test_one_site_that_is_away_delays_none(five: Five) -> None:
    five.boxes["127.0.0.2"].stop()
    five.episode()
    rest = [name for name in SITES if name != "BBB"]
    five.work(lambda: all(five.states().get(name) is State.UPLOADED for name in rest))
    assert (five.states()["BBB"], five.posts("BBB")) == (State.QUEUED, 0)


def test_a_sandbox_stands_on_loopback_alone() -> None:
    with pytest.raises(SeedpostError, match=r"not on 192\.0\.2\.1"):
        CliRunner().invoke(cli, ["sandbox", "--host", "192.0.2.1"], obj=Place(), catch_exceptions=False)
