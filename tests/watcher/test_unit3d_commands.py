"""UNIT3D from the command line: a film in a folder, a 500 that has stored it, and a person's word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_seedpost import Seedpost
from tests.support_video import mkv
from trackers.sandbox import Fault, Sandbox
from watcher.errors import OK
from watcher.jobs import State

RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: none}}
folders:
  - {{name: films, path: '{folder}', settle: 1s}}
trackers:
  EXM: {{type: sandbox-unit3d, url: '{url}', quiet: 30s}}
rules:
  - {{name: films, match: {{kind: movie}}, upload_to: {{EXM: {{set: {{ids.tmdb: 900009}}}}}}}}
"""
NAME = "The.Loopback.2019.1080p.WEB-DL.H.264-LOCAL"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture
def seedpost(tmp_path: Path, sandbox: Sandbox) -> Iterator[Seedpost]:
    (tmp_path / "in").mkdir()
    key = {"SEEDPOST_SECRET_EXM_API_KEY": sandbox.account("unit3d").api_key}
    one = Seedpost(tmp_path, RULES.format(folder=tmp_path / "in", url=sandbox.url_of("unit3d")), key)
    yield one
    one.end()


def a_film(folder: Path) -> None:
    film = folder / NAME
    film.mkdir()
    (film / f"{NAME}.mkv").write_bytes(mkv())
    (film / "b.nfo").write_bytes(b"a film")


def test_a_500_that_stored_it_is_taken_as_ours_on_a_persons_word(seedpost: Seedpost, sandbox: Sandbox) -> None:
    sandbox.fail("unit3d", Fault("search-down", action="upload"))
    assert seedpost("run", "--once").returncode == OK  # what lies there already is none of its business
    a_film(seedpost.folder / "in")
    seedpost.start()
    seedpost.until(lambda: seedpost.states().get("EXM") is State.HELD, "a look by a person")
    job = seedpost.jobs()["EXM"]
    assert job.code == "review"
    shown = seedpost("queue", "show", job.job)
    assert "category_id" in shown.stdout
    assert sandbox.posts("unit3d") == []
    assert seedpost("queue", "approve", job.job).returncode == OK
    seedpost.until(lambda: seedpost.states()["EXM"] is State.UNCONFIRMED, "an outcome that nobody knows")
    seedpost.until(lambda: "moderated: false" in str(seedpost.jobs()["EXM"].why), "a pass that proves nothing")
    (torrent,) = sandbox.torrents("unit3d", "uploader")
    assert seedpost("queue", "resolve", job.job, "--uploaded", str(torrent.id), "--yes").returncode == OK
    seedpost.until(lambda: seedpost.states()["EXM"] in (State.UPLOADED, State.DONE), "an upload")
    assert seedpost.jobs()["EXM"].torrent_id == str(torrent.id)
    assert len(sandbox.posts("unit3d")) == 1
    seedpost.end()
    told = "".join(path.read_text(errors="replace") for path in seedpost.state.rglob("*") if path.is_file())
    user = next(user for user in sandbox.store("unit3d").users if user.name == "uploader")
    assert not any(key in told for key in (user.rsskey, user.passkey, sandbox.account("unit3d").api_key))


def test_check_online_asks_who_we_are_and_where_to_announce(seedpost: Seedpost, sandbox: Sandbox) -> None:
    done = seedpost("check", "--online")
    assert done.returncode == OK, done.stdout + done.stderr
    assert [seen.action for seen in sandbox.requests("unit3d")] == ["user", "filter", "filter", "download", "announce"]
    assert sandbox.posts("unit3d") == []
