"""An old and a second state folder against a real qBittorrent, through the command line: told, repaired, sent once."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support_qbittorrent import Qbittorrent
from tests.support_seedpost import Seedpost, keys_of
from trackers.sandbox import Sandbox
from trackers.sandbox.album import write_album
from watcher.errors import INVALID, NETWORK, OK
from watcher.jobs import State
from watcher.journal import Journal

pytestmark = pytest.mark.real

RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: seedbox, category: uploads, tags: [seedpost]}}
clients:
  seedbox: {{url: '{client}', username: admin, poll: 1500ms}}
folders:
  - {{name: rips, path: '{folder}', settle: 1s}}
trackers:
  RED: {{type: sandbox-redacted, url: '{url}', new_group: upload, web_flac: upload, cover: wanted, quiet: 2s}}
rules:
  - {{name: all, match: {{kind: music}}, upload_to: {{RED: {{}}}}}}
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture
def client(qbittorrent: Callable[..., Qbittorrent]) -> Qbittorrent:
    return qbittorrent("seedbox")


@pytest.fixture
def seedpost(tmp_path: Path, sandbox: Sandbox, client: Qbittorrent) -> Iterator[Seedpost]:
    (tmp_path / "rips").mkdir()
    rules = RULES.format(client=client.url, folder=tmp_path / "rips", url=sandbox.url_of("redacted"))
    one = Seedpost(tmp_path, rules, {**keys_of(sandbox), "SEEDPOST_SECRET_SEEDBOX_PASSWORD": client.password})
    yield one
    one.end(signal.SIGKILL)


def an_album(folder: Path, name: str) -> Path:
    return write_album(folder / "rips", artist="A", album=name, year=2020, tracks=1, media="WEB", seconds=0.2)


def stored(sandbox: Sandbox) -> int:
    """Uploads that the site took; what `check --online` asks it stores nothing."""
    return len([post for post in sandbox.posts("redacted") if post.outcome == "stored"])


def uploaded(seedpost: Seedpost, name: str, jobs: int) -> Path:
    album = an_album(seedpost.folder, name)
    for _ in range(3):
        seedpost("run", "--once")
        if [row["state"] for row in seedpost.json("queue", "list")] == ["done"] * jobs:
            return album
    raise AssertionError(f"not uploaded: {seedpost.json('queue', 'list')}")


def test_J12_a_restored_state_folder_sends_nothing_before_it_has_taken_in_what_the_client_seeds(
    tmp_path: Path, sandbox: Sandbox, seedpost: Seedpost, client: Qbittorrent
) -> None:
    assert seedpost("run", "--once").returncode == OK
    shutil.copytree(seedpost.state, tmp_path / "backup")
    uploaded(seedpost, "Lost", 1)
    shutil.rmtree(seedpost.state)  # with it `highwater`: only the client still knows
    (tmp_path / "backup").rename(seedpost.state)

    stopped = seedpost("run", "--once")
    assert (stopped.returncode, stored(sandbox)) == (INVALID, 1)
    assert "error: journal-behind: seedbox has a torrent of ours" in stopped.stderr
    for command in (("status",), ("check", "--online")):
        told = seedpost(*command).stdout
        assert "journal-behind" in told, command
        assert "seedpost journal repair" in told, command

    client.stop()
    away = seedpost("journal", "repair")
    assert (away.returncode, "not asked: seedbox" in away.stderr) == (NETWORK, True)
    assert Journal.open(seedpost.state, writable=False).behind, "it is not forgotten meanwhile"
    client.start()
    repaired = seedpost.json("journal", "repair")
    assert [(one["tracker"], one["client"]) for one in repaired["clients"]["adopted"]] == [("RED", "seedbox")]

    assert seedpost("run", "--once").returncode == OK
    assert stored(sandbox) == 1
    assert seedpost.states() == {"RED": State.DONE}
    assert Journal.open(seedpost.state, writable=False).problems == ()


@pytest.mark.long
def test_a_second_state_folder_over_the_same_client_sends_nothing(
    tmp_path: Path, sandbox: Sandbox, seedpost: Seedpost
) -> None:
    assert seedpost("run", "--once").returncode == OK
    album = uploaded(seedpost, "Once", 1)
    seedpost.state = tmp_path / "second"
    assert seedpost.json("check", "--online")["ok"] is False
    seedpost("run", "--once")
    seedpost("enqueue", str(album))
    seedpost("run", "--once")
    assert stored(sandbox) == 1
    assert "journal-behind" in seedpost("status").stdout
    assert seedpost("journal", "repair").returncode == OK
    seedpost("run", "--once")
    assert stored(sandbox) == 1
    assert seedpost.states() == {"RED": State.DONE}
    assert seedpost.json("check", "--online")["ok"] is True
    uploaded(seedpost, "New", 2)
    assert stored(sandbox) == 2
