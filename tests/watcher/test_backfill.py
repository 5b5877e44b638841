"""`run --backfill`: a plan first, decisions only after a yes, and nothing twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support_clock import START, VirtualClock
from tests.support_qbittorrent import Script, entry, full
from tests.support_seedpost import Seedpost
from watcher.client import ClientAway, PathMap
from watcher.config import parse
from watcher.errors import OK, USAGE
from watcher.intake import Intake
from watcher.jobs import State
from watcher.journal import Journal
from watcher.service.backfill import Plan, plan, route
from watcher.sources.folders import FolderSource
from watcher.sources.qbittorrent import QbittorrentSource

RULES = """\
version: 1
defaults: {{mode: dry_run}}
seed: {{client: none}}
folders:
  - {{name: rips, path: '{folder}', settle: 1s}}
trackers:
  RED: {{type: redacted}}
rules:
  - name: big
    match: {{name: 'Album*'}}
    upload_to: {{RED: {{}}}}
"""
H, G = "aa" * 20, "bb" * 20


def album(folder: Path, name: str, changed: float = 0) -> Path:
    (folder / name).mkdir(parents=True)
    for number in (1, 2):
        track = folder / name / f"{number}.flac"
        track.write_bytes(os.urandom(50 + number))
        if changed:
            os.utime(track, (changed, changed))
    if changed:
        os.utime(folder / name, (changed, changed))
    return folder / name


@pytest.fixture
def seedpost(tmp_path):
    (tmp_path / "rips").mkdir()
    album(tmp_path / "rips", "Album 1", changed=1_600_000_000)
    album(tmp_path / "rips", "Album 2")
    album(tmp_path / "rips", "Other")
    return Seedpost(tmp_path, RULES.format(folder=tmp_path / "rips"), {})


def test_without_a_terminal_it_shows_the_plan_and_decides_nothing(seedpost):
    asked = seedpost("run", "--once", "--backfill")
    assert asked.returncode == USAGE
    assert "3 releases" in asked.stdout
    assert "2 from rips → RED" in asked.stdout
    assert "1 from rips → nowhere" in asked.stdout
    assert "jobs: 2 for RED" in asked.stdout
    assert "--yes" in asked.stderr
    assert seedpost.jobs() == {}


def test_a_yes_decides_what_is_younger_and_a_second_time_finds_nothing(seedpost):
    done = seedpost("run", "--once", "--backfill", "--since", "2021-01-01", "--yes")
    assert done.returncode == OK, done.stderr
    assert "2 releases" in done.stdout
    assert seedpost.states() == {"RED": State.DRY_RUN}
    again = seedpost("run", "--once", "--backfill", "--since", "2021-01-01", "--yes")
    assert "0 releases" in again.stdout
    assert seedpost("run", "--once", "--yes").returncode == USAGE


class Shelf:
    """A client and a folder that were full before seedpost came, and its first half."""

    def __init__(self, folder: Path, count: int) -> None:
        self.clock = VirtualClock()
        self.config = parse(RULES.format(folder=folder / "rips").encode())
        self.journal = Journal.open(folder / "state", clock=self.clock)
        self.intake = Intake(self.journal, lambda: self.config, self.clock)
        (folder / "rips").mkdir()
        for number in range(count):
            (folder / "rips" / f"Album {number}.flac").touch()
        torrents = {f"{number:040x}": self.torrent(folder, number) for number in range(count)}
        self.client = Script([full(torrents)])
        self.sources = [
            QbittorrentSource("seedbox", self.client, PathMap(), self.intake, self.clock),
            FolderSource("rips", folder / "rips", 60.0, self.intake, self.clock),
        ]

    def torrent(self, folder: Path, number: int) -> dict:
        name = f"Album {number}"
        return entry(
            name=name, state="stalledUP", completion_on=int(START) - 100 + number, save_path=str(folder / "done"),
            content_path=str(folder / "done" / name),
        )  # fmt: skip

    def look(self, times: int = 3) -> None:
        for _ in range(times):
            for source in self.sources:
                source.poll_once()
            self.clock.move(61)


def test_two_thousand_old_albums_and_torrents_make_no_job_at_the_first_start(tmp_path):
    shelf = Shelf(tmp_path, 2000)
    shelf.look()
    shelf.client.answers.append(full({}))  # and after a restart of both
    again = QbittorrentSource("seedbox", shelf.client, PathMap(), shelf.intake, shelf.clock)
    again.poll_once()
    assert len(shelf.journal.ledger.releases) == len(shelf.journal.ledger.jobs) == 0
    assert shelf.client.calls == []
    shelf.journal.close()


def test_a_plan_covers_clients_and_folders_and_says_what_is_left_out(tmp_path):
    shelf = Shelf(tmp_path, 3)
    for number in range(2):
        shelf.client.hold(f"{number:040x}", [(f"Album {number}/a.flac", 4)])
        path = tmp_path / "done" / f"Album {number}" / "a.flac"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"1234")
    found = plan(shelf.sources, shelf.intake, START - 99)
    assert [(one.release.source, one.release.name, one.rule, one.upload_to) for one in found.releases] == [
        ("seedbox", "Album 1", "big", ("RED",)),
        *[("rips", f"Album {number}.flac", "big", ("RED",)) for number in range(3)],
    ]
    assert found.left == ("seedbox: Album 2: the client no longer has it",)
    assert shelf.journal.ledger.releases == {}
    route(found, shelf.intake)
    assert len(shelf.journal.ledger.jobs) == 4
    assert plan(shelf.sources, shelf.intake, START - 99).releases == ()
    shelf.journal.close()


def test_a_client_that_is_away_is_said_to_be_left_out(tmp_path):
    shelf = Shelf(tmp_path, 1)
    shelf.client.answers = [ClientAway("seedbox: no connection")]
    assert plan(shelf.sources[:1], shelf.intake, 0) == Plan((), ("seedbox is away: seedbox: no connection",))
    shelf.client.answers = [full({H: shelf.torrent(tmp_path, 0)})]
    shelf.client.fault = ClientAway("seedbox: no connection")
    shelf.clock.move(3600)
    (left,) = plan(shelf.sources[:1], shelf.intake, 0).left
    assert "away" in left
    shelf.journal.close()
