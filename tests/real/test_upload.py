"""`seedpost upload` over a real qBittorrent: it is asked whose the content is, and seeds what was uploaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support_qbittorrent import Qbittorrent, torrent_of
from tests.support_seedpost import Seedpost, keys_of
from trackers.sandbox import Sandbox
from trackers.sandbox.album import write_album
from watcher.errors import FAILED, NOT_FOUND, OK
from watcher.jobs import State

pytestmark = pytest.mark.real

RULES = """\
version: 1
seed: {{client: seedbox, category: uploaded}}
clients:
  seedbox: {{url: '{client}', username: admin, poll: 1500ms}}
trackers:
  RED: {{type: sandbox-redacted, url: '{red}'}}
  OPS: {{type: sandbox-orpheus, url: '{ops}'}}
rules: []
"""


def test_what_came_from_one_site_goes_to_another_alone_and_is_seeded_there(
    tmp_path: Path, qbittorrent: Callable[..., Qbittorrent]
) -> None:
    client = qbittorrent("seedbox")
    album = write_album(client.downloads, artist="The Loopbacks", album="By Hand", year=2019, tracks=3, media="WEB")
    with Sandbox() as sandbox:
        rules = RULES.format(client=client.url, red=sandbox.url_of("redacted"), ops=sandbox.url_of("orpheus"))
        seedpost = Seedpost(tmp_path, rules, {**keys_of(sandbox), "SEEDPOST_SECRET_SEEDBOX_PASSWORD": client.password})
        announce = f"{sandbox.url}/announce/orpheus/{'a' * 32}/announce"
        torrent, infohash = torrent_of(album, announce=announce, private=True)
        client.add(torrent, save_path=str(client.downloads))
        client.complete(infohash)

        refused = seedpost("upload", str(album), "--to", "RED,OPS", "--yes")
        assert refused.returncode == FAILED and "OPS: the content came from sandbox:orpheus" in refused.stderr
        assert seedpost("upload", "0" * 40, "--to", "RED", "--yes").returncode == NOT_FOUND
        assert not (seedpost.state / "journal.jsonl").exists()

        done = seedpost("upload", infohash, "--to", "RED", "--yes")
        assert done.returncode == OK, done.stdout + done.stderr
        assert "seeding" in done.stderr and "RED: done" in done.stdout
        (job,) = seedpost.jobs().values()
        assert job.state is State.DONE and job.approved == job.digest
        seeded = client.info(str(job.registered))
        assert seeded is not None and seeded["category"] == "uploaded"
        assert Path(seeded["content_path"]) == album
        assert not seedpost.json("status")["running"] and len(sandbox.posts("orpheus")) == 0
