"""One release for two trackers through the whole daemon: taken over for one, staged for the other, and both seed."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support_qbittorrent import Qbittorrent, torrent_of
from tests.support_seedpost import Seedpost, keys_of
from trackers.sandbox import Sandbox
from trackers.sandbox.album import write_album
from watcher.jobs import State

pytestmark = pytest.mark.real

RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: seedbox, category: uploaded, tags: [seedpost]}}
clients:
  seedbox: {{url: '{client}', username: admin, poll: 1500ms}}
trackers:
  RED:
    {{type: sandbox-redacted, url: '{red}', new_group: upload, web_flac: upload, quiet: 2s,
      stage: '{stage}', exclude: ['*.nfo']}}
  OPS: {{type: sandbox-orpheus, url: '{ops}', new_group: upload, web_flac: upload, quiet: 2s}}
rules:
  - name: albums
    match: {{kind: music, torrent.added_complete: true}}
    upload_to: {{RED: {{set: {{image: 'https://pictures.invalid/c.png'}}}}, OPS: {{}}}}
"""


def state(root: Path) -> dict[str, tuple[object, ...]]:
    return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns, p.stat().st_mode, p.read_bytes()) for p in root.iterdir()}


def whole_when_all_is_read(client: Qbittorrent, infohash: str) -> Path:
    """Where the client has it, after it was made to forget what it knows and to read every piece."""
    torrent, info = client.api.torrents_export(torrent_hash=infohash), client.info(infohash)
    assert info is not None
    client.api.torrents_delete(delete_files=False, torrent_hashes=infohash)
    client.add(torrent, save_path=info["save_path"])
    client.complete(infohash)
    info = client.info(infohash)
    assert info is not None
    assert (info["progress"], info["amount_left"], info["downloaded"]) == (1, 0, 0)
    return Path(info["content_path"])


def test_a_taken_over_and_a_staged_job_seed_after_a_full_recheck_and_the_files_are_what_they_were(
    tmp_path: Path, qbittorrent: Callable[..., Qbittorrent]
) -> None:
    client, stage = qbittorrent("seedbox"), tmp_path / "stage"
    with Sandbox() as sandbox:
        rules = RULES.format(
            client=client.url, red=sandbox.url_of("redacted"), ops=sandbox.url_of("orpheus"), stage=stage
        )
        seedpost = Seedpost(tmp_path, rules, {**keys_of(sandbox), "SEEDPOST_SECRET_SEEDBOX_PASSWORD": client.password})
        try:
            seedpost.start()
            seedpost.until(lambda: seedpost.met("seedbox"), "no baseline")
            album = write_album(
                client.downloads, artist="The Loopbacks", album="Two Ways", year=2019, tracks=3, media="WEB", seconds=1
            )
            (album / "notes.nfo").write_bytes(b"beside the music")
            before = state(album)
            torrent, theirs = torrent_of(album, announce="http://127.0.0.1:9/elsewhere/announce", private=True)
            client.add(torrent, save_path=str(client.downloads))
            done = {"RED": State.DONE, "OPS": State.DONE}
            seedpost.until(lambda: seedpost.states() == done, "the jobs were not done")
            jobs = seedpost.jobs()
            red, ops = str(jobs["RED"].registered), str(jobs["OPS"].registered)
            assert len({red, ops, theirs}) == 3
            how = {name: job.rest["hashed"]["how"] for name, job in jobs.items()}
            assert how["RED"] == "read"  # without one of its files it is another torrent
            assert how["OPS"] in ("taken-over", "known"), jobs["OPS"].rest["hashed"]
            for site, infohash in (("redacted", red), ("orpheus", ops)):
                assert [peer.left for peer in sandbox.peers(site, infohash)] == [0]
            assert seedpost.end() == 0
            assert whole_when_all_is_read(client, ops) == album
            staged = whole_when_all_is_read(client, red)
            assert staged.is_relative_to(stage)
            assert state(staged) == {name: was for name, was in before.items() if name != "notes.nfo"}
            assert state(album) == before
        finally:
            seedpost.end(signal.SIGKILL)
