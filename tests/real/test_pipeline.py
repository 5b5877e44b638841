"""The whole pipe on real input: a torrent completes in qBittorrent and stands on two trackers, seeding."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support_qbittorrent import Qbittorrent, torrent_of
from tests.support_seedpost import Seedpost, keys_of
from trackers.sandbox import Fault, Sandbox
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
  RED: {{type: sandbox-redacted, url: '{red}', new_group: upload, web_flac: upload, quiet: 2s}}
  OPS: {{type: sandbox-orpheus, url: '{ops}', new_group: upload, web_flac: upload, quiet: 2s}}
rules:
  - name: albums
    match: {{kind: music, torrent.category: music, music.format: FLAC}}
    upload_to: {{RED: {{set: {{image: 'https://pictures.invalid/c.png'}}}}, OPS: {{}}}}
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture
def seedpost(tmp_path: Path, sandbox: Sandbox, qbittorrent: Callable[..., Qbittorrent]) -> Iterator[Seedpost]:
    client = qbittorrent("leecher")
    rules = RULES.format(client=client.url, red=sandbox.url_of("redacted"), ops=sandbox.url_of("orpheus"))
    secrets = {**keys_of(sandbox), "SEEDPOST_SECRET_SEEDBOX_PASSWORD": client.password}
    one = Seedpost(tmp_path, rules, secrets)
    one.client = client  # type: ignore[attr-defined]
    yield one
    one.end(signal.SIGKILL)


def downloaded(tmp_path: Path, seeder: Qbittorrent, leecher: Qbittorrent) -> Path:
    """An album really goes from one client to the other over loopback; where the other has it."""
    album = write_album(
        seeder.downloads, artist="The Loopbacks", album="Over the Wire", year=2019, tracks=4, media="WEB"
    )
    torrent, infohash = torrent_of(album, announce="http://127.0.0.1:9/elsewhere/announce", private=True)
    seeder.add(torrent, save_path=str(seeder.downloads))
    seeder.complete(infohash)
    leecher.add(torrent, save_path=str(leecher.downloads), category="music", tags=["from-a-friend"])
    leecher.api.torrents_add_peers(peers=[f"127.0.0.1:{seeder.peers}"], torrent_hashes=infohash)
    leecher.complete(infohash)
    return leecher.downloads / album.name


def done(seedpost: Seedpost) -> bool:
    return seedpost.states() == {"RED": State.DONE, "OPS": State.DONE}


def test_what_one_client_downloads_from_another_stands_on_two_trackers_and_is_seeded(
    tmp_path: Path, sandbox: Sandbox, seedpost: Seedpost, qbittorrent: Callable[..., Qbittorrent]
) -> None:
    leecher: Qbittorrent = seedpost.client  # type: ignore[attr-defined]
    seeder = qbittorrent("seeder")
    seedpost.start()
    seedpost.until(lambda: (seedpost.state / "heartbeat").exists(), "no heartbeat")
    seedpost.until(lambda: "source.baseline" in seedpost.events(), "no baseline")
    content = downloaded(tmp_path, seeder, leecher)
    seedpost.until(lambda: done(seedpost), "the jobs were not done")
    assert seedpost.end() == 0

    (red,), (ops,) = sandbox.posts("redacted"), sandbox.posts("orpheus")
    assert (red.outcome, ops.outcome) == ("stored", "stored")
    for post in (red, ops):
        sent = dict(post.fields)
        assert sent["type"] == "0"
        assert [v for k, v in post.fields if k == "artists[]"] == ["The Loopbacks"]
        assert [v for k, v in post.fields if k == "importance[]"] == ["1"]
        assert (sent["title"], sent["year"], sent["releasetype"]) == ("Over the Wire", "2019", "1")
        assert (sent["media"], sent["format"], sent["bitrate"]) == ("WEB", "FLAC", "Lossless")
        assert sent["tags"] == "electronic"
        assert "scene" not in sent
    assert dict(red.fields)["image"] == "https://pictures.invalid/c.png"

    jobs = seedpost.jobs()
    for name, post in (("RED", red), ("OPS", ops)):
        job = jobs[name]
        assert (job.attempt, job.infohash, job.registered) == (1, post.infohash, post.infohash)
        assert job.rest["hashed"]["how"] in ("taken-over", "known"), job.rest["hashed"]
        torrent = leecher.info(str(job.registered))
        assert torrent is not None
        assert torrent["state"] in ("stalledUP", "uploading")
        assert (torrent["category"], torrent["tags"]) == ("uploaded", "seedpost")
        assert Path(torrent["content_path"]) == content
        site = {"RED": "redacted", "OPS": "orpheus"}[name]
        assert [peer.left for peer in sandbox.peers(site, str(job.registered))] == [0]


def test_a_kill_after_the_site_stored_it_and_before_its_answer_still_means_one_upload(
    tmp_path: Path, sandbox: Sandbox, seedpost: Seedpost, qbittorrent: Callable[..., Qbittorrent]
) -> None:
    leecher: Qbittorrent = seedpost.client  # type: ignore[attr-defined]
    sandbox.fail("redacted", Fault("hang"))
    sandbox.fail("orpheus", Fault("hang"))
    seedpost.start()
    seedpost.until(lambda: (seedpost.state / "log").exists() and "source.baseline" in seedpost.events(), "no baseline")
    downloaded(tmp_path, qbittorrent("seeder"), leecher)
    stored = lambda: [len(sandbox.torrents(site, "uploader")) for site in ("redacted", "orpheus")]  # noqa: E731
    seedpost.until(lambda: stored() == [1, 1], "the sandbox stored nothing")
    seedpost.end(signal.SIGKILL)
    assert seedpost.states() == {"RED": State.SENDING, "OPS": State.SENDING}
    sandbox.release()
    seedpost.start()
    seedpost.until(lambda: done(seedpost), "the jobs were not done")
    assert seedpost.end() == 0
    assert stored() == [1, 1]
    assert [len(sandbox.posts(site)) for site in ("redacted", "orpheus")] == [1, 1]
    assert {job.attempt for job in seedpost.jobs().values()} == {1}
