"""Torrents from, and back into, the qbittorrent-nox of this machine: taken over, stamped anew, staged."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support_qbittorrent import album, torrent_of
from tests.support_torrents import judged
from trackers.catalogue import TYPES
from trackers.clock import Clock
from trackers.content import Content, File
from trackers.secret import Secret
from watcher.client import PathMap, TorrentGone
from watcher.durable import FileSystem
from watcher.release import in_order
from watcher.seeding import Place, Seeder
from watcher.torrents import (
    create,
    folder_of,
    info_dict,
    infohash,
    link_tree,
    piece_hashes,
    signature,
    staging,
    stamp,
    take_over,
)

pytestmark = pytest.mark.real
OPTIONS = {"category": "seedpost", "tags": ["seedpost"], "verified": False}


@pytest.fixture
def one(qbittorrent):
    return qbittorrent()


@pytest.fixture
def seeder(one):
    return Seeder({"seedbox": one.client()}, {"seedbox": PathMap()}, Clock())


def complete(one, root: Path) -> str:
    """The client has the content with another tracker's torrent, checked."""
    torrent, infohash_ = torrent_of(root, announce="http://127.0.0.1:9/announce/elsewhere", private=True)
    one.add(torrent, save_path=str(root.parent))
    one.complete(infohash_)
    return infohash_


def files_of(root: Path) -> tuple[File, ...]:
    return in_order(File(path.name, path.stat().st_size) for path in root.iterdir())


def state(root: Path) -> dict[str, tuple[object, ...]]:
    return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns, p.stat().st_mode, p.read_bytes()) for p in root.iterdir()}


def seeds_after_a_recheck(one, seeder: Seeder, torrent: bytes, digest: str, place: Place) -> None:
    """It is added with a full check, announced, and after another full recheck still whole."""

    def working() -> None:
        deadline = time.monotonic() + 30
        while (seen := seeder.look(digest, place)).what != "working":
            assert time.monotonic() < deadline, seen
            time.sleep(0.1)

    seeder.add(torrent, digest, place, **OPTIONS)
    working()
    one.api.torrents_recheck(torrent_hashes=digest)
    for _ in range(20):  # so little is checked in a moment, which may pass unseen
        if str(one.info(digest)["state"]).startswith("checking"):
            break
        time.sleep(0.05)
    working()
    info = one.info(digest)
    assert info is not None
    assert (info["progress"], info["amount_left"], info["downloaded"]) == (1, 0, 0)


def test_an_exported_torrent_is_taken_over_stamped_anew_and_seeds_after_a_full_recheck(one, seeder, announcer):
    root = album(one.downloads / "Album", (700_000, 500_000, 90_000))
    foreign = complete(one, root)
    before, files = state(root), files_of(root)
    taken = take_over(seeder.whole("seedbox", foreign), root, files, False, lambda _: True)
    assert taken.pieces == piece_hashes(root, files, False, taken.piece_length)
    assert taken.read <= 6
    info = info_dict(root.name, files, False, taken.piece_length, taken.pieces, "RED")
    torrent, digest = stamp(info, Secret(announcer.url)), infohash(info)
    assert str(judged(torrent).info_hashes().v1) == digest != foreign
    announcer.known.add(digest)
    seeds_after_a_recheck(one, seeder, torrent, digest, Place("seedbox", str(one.downloads)))
    assert state(root) == before
    assert digest in announcer.asked


def test_a_staged_torrent_seeds_after_a_full_recheck_and_the_files_are_what_they_were(one, seeder, announcer, tmp_path):
    root = album(one.downloads / "Who: Live?", (300_000, 200_000))
    (root / "x.nfo").write_bytes(b"to be left out")
    before = state(root)
    held = Content(root.name, files_of(root), "music", scene=False)
    plan = staging(held, TYPES["redacted"], ["*.nfo"])
    assert plan is not None
    folder = folder_of(one.downloads / ".stage", "5f0c9a1e77d2", plan, signature(root, plan.sources, False))
    tree = link_tree(plan, root, False, folder, FileSystem())
    info = info_dict(plan.name, plan.files, False, 16384, piece_hashes(tree, plan.files, False, 16384), "RED")
    torrent, digest = stamp(info, Secret(announcer.url)), infohash(info)
    announcer.known.add(digest)
    release = {"path": str(root), "client": "seedbox", "save_path": str(root.parent)}
    place = seeder.place_for(release, "", folder)
    assert seeder.ready(place, plan.name) is None
    assert not seeder.seeds_from(folder)
    seeds_after_a_recheck(one, seeder, torrent, digest, place)
    assert seeder.seeds_from(folder)
    assert state(root) == before
    assert (tree / "01 - Track.flac").samefile(root / "01 - Track.flac")


def test_a_torrent_by_hand_takes_over_what_the_client_has_at_that_path(one, seeder):
    root = album(one.downloads / "Album", (700_000, 500_000))
    complete(one, root)
    whole = seeder.whole_at("seedbox", root)
    assert whole is not None
    made = create(root, source_flag="OPS", whole=whole)
    assert (made.reused, made.read) == (True, 3)
    assert made.pieces == whole.pieces_num
    assert seeder.whole_at("seedbox", root.parent) is None
    with pytest.raises(TorrentGone):
        seeder.whole("seedbox", "ab" * 20)
