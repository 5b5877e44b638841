"""`rules replay --library` over what a real client holds: shown without a trace, and applied when asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support_qbittorrent import Qbittorrent, torrent_of
from tests.support_seedpost import Seedpost
from trackers.sandbox.album import write_album
from watcher.errors import OK
from watcher.jobs import State

pytestmark = pytest.mark.real

RULES = """\
version: 1
seed: {{client: seedbox}}
clients:
  seedbox: {{url: '{client}', username: admin, poll: 1500ms}}
trackers:
  RED: {{type: redacted}}
rules:
  - name: albums
    match: {{torrent.category: music, torrent.added_complete: true}}
    upload_to: [RED]
"""


def test_what_a_client_holds_is_decided_on_the_spot_and_routed_only_when_asked(
    tmp_path: Path, qbittorrent: Callable[..., Qbittorrent]
) -> None:
    client = qbittorrent()
    secrets = {"SEEDPOST_SECRET_SEEDBOX_PASSWORD": client.password, "SEEDPOST_SECRET_RED_API_KEY": "k" * 40}
    seedpost = Seedpost(tmp_path, RULES.format(client=client.url), secrets)
    album = write_album(client.downloads, artist="The Loopbacks", album="Old", year=2018, tracks=2, media="WEB")
    torrent, infohash = torrent_of(album, announce="http://127.0.0.1:9/elsewhere/announce", private=True)
    client.add(torrent, save_path=str(client.downloads), category="music")
    client.complete(infohash)
    assert seedpost("run", "--once").returncode == OK
    before = (seedpost.state / "journal.jsonl").read_bytes()

    plan = seedpost.json("rules", "replay", str(seedpost.rules), "--library")
    (change,) = plan["changes"]
    assert (change["infohash"], change["now"], change["added"]) == (infohash, None, {"RED": "dry run"})
    explained = seedpost.json("rules", "explain", infohash)
    assert explained["release"]["torrent.category"]["value"] == "music"
    assert explained["decision"]["upload_to"] == ["RED"]
    by_path = seedpost.json("rules", "explain", str(album))
    assert by_path["release"]["torrent.category"]["value"] == "music"
    assert (seedpost.state / "journal.jsonl").read_bytes() == before
    assert seedpost.json("rules", "replay", str(seedpost.rules), "--library", "--since", "2099-01-01")["changes"] == []

    assert seedpost("rules", "replay", str(seedpost.rules), "--library", "--apply", "--yes").returncode == OK
    assert seedpost("run", "--once").returncode == OK
    assert seedpost.states() == {"RED": State.DRY_RUN}
    assert seedpost.json("rules", "replay", str(seedpost.rules), "--library")["changes"] == []

    client.stop()
    away = seedpost("rules", "replay", str(seedpost.rules), "--library")
    assert (away.returncode, "seedbox is away" in away.stderr) == (1, True)
