"""Series on their sites, as the loop sends them: the real loop and uploaders against the sandbox, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support_loop import World
from tests.support_tv import mediainfo
from trackers import open_tracker
from trackers.base import Uploader
from trackers.catalogue import TYPES
from trackers.content import Content, File
from trackers.sandbox import Fault, Sandbox
from trackers.sandbox.btn import session
from trackers.secret import Secret
from watcher.config import TrackerConfig, parse
from watcher.jobs import Job, State
from watcher.release import Fact, Release
from watcher.torrents import staging

NAME = "Tidal.Office.S01E02.1080p.WEB-DL.DDP5.1.H.264-PORTS.mkv"
FACTS: dict[str, object] = {
    "kind": "tv", "tv.title": "Tidal Office", "tv.season": 1, "tv.episode": (2,), "ids.tvmaze": 9003, "ids.tvdb": 9002,
    "video.kind": "web-dl", "video.resolution": "1080p", "video.source": "WEB-DL", "video.codec": "H.264",
    "video.container": "MKV", "video.languages": ("en",), "video.mediainfo": mediainfo(NAME), "group": "PORTS",
}  # fmt: skip
RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: none}}
trackers:
  NBL: {{type: sandbox-nebulance, url: '{nebulance}', quiet: 600s}}
  BTN: {{type: sandbox-btn, url: '{btn}', quiet: 600s, mode: {mode}}}
rules:
  - name: series
    match: {{kind: tv}}
    upload_to: {{{name}: {{}}}}
"""
SITES = {"NBL": "nebulance", "BTN": "btn"}


class TvWorld(World):
    """`name` is the tracker that an episode goes to."""

    def __init__(self, folder: Path, name: str, keyed: bool = True) -> None:
        self.name, self.site, self.keyed = name, SITES[name], keyed
        super().__init__(folder)

    def set_rules(self, **rules: Any) -> None:
        if not hasattr(self, "sandbox"):
            self.sandbox = Sandbox(clock=self.clock)
            self.sandbox.start()
        urls = {site: self.sandbox.url_of(site) for site in self.sandbox.sites}
        self.config = parse(RULES.format(name=self.name, **({"mode": "upload"} | rules | urls)).encode(), "rules.yaml")

    def _opened(self, config: TrackerConfig) -> Uploader:
        keys = self.sandbox.account(SITES[config.name])
        cookies = json.dumps({"cookies": {"session": session(keys.passkey)}, "expires": None})
        secrets = {"passkey": Secret(keys.passkey), "cookies": Secret(cookies)}
        if self.keyed:
            secrets["api_key"] = Secret(keys.api_key)
        limits, given = self.folder / "state" / "limits", {**config.settings, "deadline": 60.0}
        return open_tracker(config.type, given, secrets, name=config.name, clock=self.clock, limits=limits)

    def episode(self) -> None:
        path = self.folder / "content" / NAME
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"an episode of ours" * 1000)
        files = (File(NAME, path.stat().st_size),)
        facts = {name: Fact(value, "name") for name, value in FACTS.items()}  # type: ignore[arg-type]
        now = int(self.clock.now())
        self.intake.seen(Release("rips", "folder", NAME, str(path), files, completed=now, facts=facts, single=True))

    def in_a_folder(self) -> None:
        """The episode with what lies beside it."""
        folder = self.folder / "content" / NAME[:-4]
        (folder / "Sample").mkdir(parents=True)
        for name, size in ((NAME, 18_000), ("tidal.nfo", 9), ("Sample/sample.mkv", 900)):
            (folder / name).write_bytes(b"x" * size)
        files = tuple(File(name, size) for name, size in (("Sample/sample.mkv", 900), (NAME, 18_000), ("tidal.nfo", 9)))
        facts = {name: Fact(value, "name") for name, value in FACTS.items()}  # type: ignore[arg-type]
        now = int(self.clock.now())
        self.intake.seen(Release("rips", "folder", folder.name, str(folder), files, completed=now, facts=facts))

    def mine(self) -> Job:
        return self.job(self.name)

    def fail(self, kind: str, **how: Any) -> None:
        self.sandbox.fail(self.site, Fault(kind, **how))

    def posts(self) -> int:
        return len(self.sandbox.posts(self.site))


@contextmanager
def tv_world(folder: Path, name: str, keyed: bool = True) -> Iterator[TvWorld]:
    world = TvWorld(folder, name, keyed)
    try:
        yield world
    finally:
        world.journal.close()
        world.sandbox.stop()


@pytest.fixture(params=list(SITES))
def one(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TvWorld]:
    with tv_world(tmp_path, request.param) as world:
        yield world


def test_an_episode_is_uploaded_once(one: TvWorld) -> None:
    one.episode()
    one.until(one.settled)
    assert (one.mine().state, one.posts()) == (State.UPLOADED, 1)
    assert [str(torrent.id) for torrent in one.sandbox.torrents(one.site, "uploader")] == [one.mine().torrent_id]


def test_a_lost_answer_waits_for_a_person_who_says_that_it_is_there(one: TvWorld) -> None:
    one.fail("lost")
    one.episode()
    one.until(lambda: one.mine().state is State.UNCONFIRMED)
    one.turn(20)
    assert "whose it is can't be told" in str(one.mine().why)
    (torrent,) = one.sandbox.torrents(one.site, "uploader")
    one.command("resolve", one.mine().job, uploaded=str(torrent.id))
    one.until(one.settled)
    assert (one.mine().state, one.posts(), one.mine().torrent_id) == (State.UPLOADED, 1, str(torrent.id))


def test_a_lost_answer_is_never_called_absent_while_it_stands_there(one: TvWorld) -> None:
    one.fail("lost")
    one.episode()
    one.until(lambda: one.mine().state is State.UNCONFIRMED)
    told = one.command("resolve", one.mine().job, absent=True)
    one.turn(5)
    assert one.mine().state in (State.UNCONFIRMED, State.HELD), told
    assert one.posts() == 1


def test_what_was_not_stored_is_sent_again_only_beside_its_proof(one: TvWorld) -> None:
    one.fail("bad-gateway", action="upload")
    one.episode()
    one.until(one.settled)
    assert (one.mine().state, one.posts()) == (State.UPLOADED, 2)
    assert '"proof":[{' in (one.folder / "state" / "journal.jsonl").read_text()
    assert len(one.sandbox.torrents(one.site, "uploader")) == 1


def test_what_was_not_stored_is_sent_again_when_a_person_says_so(one: TvWorld) -> None:
    one.fail("bad-gateway", action="upload")
    one.episode()
    one.until(lambda: one.mine().state is State.UNCONFIRMED)
    one.command("resolve", one.mine().job, absent=True)
    one.until(one.settled)
    assert (one.mine().state, one.posts()) == (State.UPLOADED, 2)


def test_a_lost_answer_that_nothing_can_look_up_is_a_persons_at_once(tmp_path: Path) -> None:
    with tv_world(tmp_path, "BTN", keyed=False) as one:
        one.fail("lost")
        one.episode()
        one.until(one.settled)
        assert (one.mine().state, one.mine().code, one.mine().open) == (State.HELD, "cannot-tell", True)
        assert one.posts() == 1
        (torrent,) = one.sandbox.torrents("btn", "uploader")
        one.command("resolve", one.mine().job, uploaded=str(torrent.id))
        one.until(one.settled)
        assert (one.mine().state, one.posts(), one.mine().torrent_id) == (State.UPLOADED, 1, str(torrent.id))


def test_what_nothing_can_look_up_is_sent_again_only_when_a_person_says_so(tmp_path: Path) -> None:
    with tv_world(tmp_path, "BTN", keyed=False) as one:
        one.fail("bad-gateway", action="upload")
        one.episode()
        one.until(one.settled)
        assert (one.mine().state, one.posts()) == (State.HELD, 1)
        one.command("resolve", one.mine().job, absent=True)
        one.until(one.settled)
        assert (one.mine().state, one.posts()) == (State.UPLOADED, 2)


def test_an_upload_that_waits_for_approval_reminds_of_claims(tmp_path: Path) -> None:
    with tv_world(tmp_path, "BTN") as one:
        one.set_rules(mode="review")
        one.episode()
        assert (one.mine().state, one.mine().code) == (State.HELD, "review")
        assert "claimed" in str(one.mine().why)


def test_a_lone_episode_is_staged_out_of_its_folder_and_without_other_files() -> None:
    files = (File(f"{NAME[:-4]}.nfo", 9), File(NAME, 1 << 30))
    content = Content(NAME[:-4], files, "tv", scene=False)
    staged = staging(content, TYPES["btn"], ["*.nfo"])
    assert staged is not None
    assert (staged.over(content).single, [one.path for one in staged.over(content).files]) == (True, [NAME])


def test_files_that_btn_does_not_take_are_left_out_by_staging_and_told_without_it(tmp_path: Path) -> None:
    with tv_world(tmp_path, "BTN") as one:
        one.in_a_folder()
        one.until(one.settled)
        assert (one.mine().state, one.mine().code) == (State.HELD, "form")
        assert "name them in exclude, with stage" in str(one.mine().why)
        one.set_rules(mode=f"upload, stage: '{tmp_path / 'stage'}', exclude: ['*.nfo', 'Sample/*']")
        one.command("retry", one.mine().job)
        one.until(one.settled)
        (torrent,) = one.sandbox.torrents("btn", "uploader")
        assert [tuple(one) for one in torrent.files] == [(NAME, 18_000)]
        shown = one.journal.load(one.mine().form)["notes"]
        assert any("out of its folder" in note for note in shown)
        assert (one.folder / "content" / NAME[:-4] / "tidal.nfo").exists()


def test_a_session_that_ended_stops_the_lane_and_is_not_tried_again(tmp_path: Path) -> None:
    with tv_world(tmp_path, "BTN") as one:
        one.sandbox.revoke("btn")
        one.episode()
        one.turn(3)
        asked = len(one.sandbox.requests("btn"))
        one.clock.wait(3 * 3600)
        one.turn(5)
        assert len(one.sandbox.requests("btn")) == asked == 1
        assert one.posts() == 0
