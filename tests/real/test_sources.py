"""The qBittorrent source on real servers: real downloads, moves, checks and restarts."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import libtorrent
import pytest

from tests.support_clock import VirtualClock
from tests.support_qbittorrent import Notes, Qbittorrent, album, torrent_of
from trackers.clock import Clock
from watcher.client import PathMap
from watcher.sources.folders import FolderSource
from watcher.sources.holders import Holders
from watcher.sources.qbittorrent import QbittorrentSource

pytestmark = pytest.mark.real


class Watched:
    """A client and the source that watches it."""

    def __init__(self, one: Qbittorrent) -> None:
        self.one, self.notes = one, Notes()
        self.start()

    def start(self) -> None:
        """Seedpost starts, with what its journal has."""
        self.notes = self.notes.again()
        self.source = QbittorrentSource("seedbox", self.one.client(), PathMap(), self.notes, Clock())
        self.source.poll_once()

    def until(self, true: Callable[[], bool], seconds: float = 40.0) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, (self.source.status(), self.notes.records)
            self.source.poll_once()
            time.sleep(0.05)

    def releases(self, count: int) -> None:
        """Wait for so many releases; there are no more of them in ten refreshes of the server after that."""
        self.until(lambda: len(self.notes.releases) >= count)
        self.quiet()
        assert len(self.notes.releases) == count

    def quiet(self, seconds: float = 1.0) -> None:
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end)


@pytest.fixture
def watched(qbittorrent):
    return Watched(qbittorrent())


@pytest.fixture
def peer(qbittorrent):
    """Another client, which has what is downloaded."""
    return qbittorrent("peer")


def download(watched: Watched, peer: Qbittorrent, content: Path, **options) -> str:
    torrent, infohash = torrent_of(content, **options)
    peer.add(torrent, save_path=str(content.parent), is_skip_checking=True)
    watched.one.add(torrent)
    watched.one.api.torrents_add_peers(torrent_hashes=infohash, peers=f"127.0.0.1:{peer.peers}")
    return infohash


def test_a_real_download_is_one_release_whatever_happens_to_it_afterwards(watched, peer, announcer):
    """It moves out of a temporary folder, is checked again, stopped, and survives restarts of both programs."""
    one = watched.one
    temporary = one.profile / "temp"
    one.api.app_set_preferences({"temp_path_enabled": True, "temp_path": str(temporary), "incomplete_files_ext": True})
    content = album(peer.profile / "Album", (900_000, 70_000))
    infohash = download(watched, peer, content, announce=announcer.url, private=True)
    watched.releases(1)
    (release,) = watched.notes.releases
    assert (release.infohash, release.path) == (infohash, str(one.downloads / "Album"))
    assert release.save_path == str(one.downloads)
    assert [(file.path, file.size) for file in release.files] == [
        ("01 - Track.flac", 900_000),
        ("02 - Track.flac", 70_000),
    ]
    facts = {name: fact.value for name, fact in release.facts.items()}
    assert facts["origin"] == ["sandbox:redacted:127.0.0.1"]
    assert facts["torrent.tracker"] == ["127.0.0.1"]
    assert facts["torrent.private"] is True
    assert facts["torrent.added_complete"] is False
    assert abs(release.completed - time.time()) < 60
    one.api.torrents_recheck(torrent_hashes=infohash)
    watched.quiet()
    one.api.torrents_pause(torrent_hashes=infohash)
    one.stop()
    watched.source.poll_once()
    assert watched.source.status().up is False
    one.start()
    watched.quiet()
    one.stop(kill=True)
    one.start()
    watched.start()
    watched.quiet()
    one.api.torrents_resume(torrent_hashes=infohash)
    one.api.torrents_set_location(location=str(one.profile / "moved"), torrent_hashes=infohash)
    watched.until(lambda: bool(watched.notes.changes))
    assert watched.notes.changes[-1].path == str(one.profile / "moved" / "Album")
    watched.quiet()
    assert len(watched.notes.releases) == 1
    one.api.torrents_delete(torrent_hashes=infohash)
    watched.until(lambda: bool(watched.notes.told("gone")))


def test_a_download_that_fails_its_check_is_none_until_it_is_whole_again(watched, peer):
    one = watched.one
    content = album(peer.profile / "Album")
    torrent, infohash = torrent_of(content)
    album(one.downloads / "Album", seed=2)  # other data under the same names
    one.add(torrent)
    watched.quiet()
    assert watched.notes.releases == []
    peer.add(torrent, save_path=str(content.parent), is_skip_checking=True)
    one.api.torrents_add_peers(torrent_hashes=infohash, peers=f"127.0.0.1:{peer.peers}")
    watched.releases(1)


def test_trap3_data_that_is_missing_shows_as_whole_for_a_moment_and_is_no_release(watched):
    """Added without a check: "checkingResumeData, progress 1" first, and then "missingFiles"."""
    torrent, infohash = torrent_of(album(watched.one.downloads / "Album"))
    shutil.rmtree(watched.one.downloads / "Album")
    watched.one.add(torrent, is_skip_checking=True)
    watched.one.until(infohash, lambda info: info["state"] == "missingFiles")
    watched.quiet()
    assert watched.notes.releases == []
    assert watched.source.holdings() == []


def test_what_completes_while_seedpost_is_down_is_found(watched, peer):
    infohash = download(watched, peer, album(peer.profile / "Album"))
    watched.one.complete(infohash)
    watched.start()
    watched.releases(1)


def test_two_hundred_downloads_at_once_are_all_found(watched, peer):
    torrents = []
    for number in range(200):
        content = album(peer.profile / f"Album {number}", (20_000 + number,), seed=number)
        torrents.append(torrent_of(content))
        peer.api.torrents_add(torrent_files=torrents[-1][0], save_path=str(content.parent), is_skip_checking=True)
    watched.one.api.torrents_add(torrent_files=[torrent for torrent, _ in torrents])
    hashes = [infohash for _, infohash in torrents]
    watched.until(lambda: [one["state"] for one in peer.api.torrents_info()] == ["stalledUP"] * 200)
    watched.until(lambda: [one["state"] for one in watched.one.api.torrents_info()] == ["stalledDL"] * 200)
    watched.one.api.torrents_add_peers(torrent_hashes=hashes, peers=f"127.0.0.1:{peer.peers}")
    watched.until(lambda: len(watched.notes.releases) >= 200)
    assert sorted(release.infohash for release in watched.notes.releases) == sorted(hashes)


def test_what_was_there_before_is_the_baseline_and_existing_data_says_so(qbittorrent):
    one = qbittorrent()
    for number in range(3):
        torrent, infohash = torrent_of(album(one.downloads / f"Old {number}", seed=number))
        one.add(torrent, is_skip_checking=True)
        one.complete(infohash)
    watched = Watched(one)
    torrent, _ = torrent_of(album(one.downloads / "New", seed=9))
    one.add(torrent, is_skip_checking=True)
    watched.releases(1)
    assert watched.notes.releases[0].name == "New"
    assert watched.notes.releases[0].facts["torrent.added_complete"].value is True
    one.stop()
    one.start()
    watched.quiet()
    assert len(watched.notes.releases) == 1


@pytest.mark.parametrize(
    ("layout", "single", "path", "undecided"),
    [
        ("Original", False, "Album", None),
        ("NoSubfolder", False, "", "shared-folder"),
        ("Subfolder", False, "Album", None),
        ("Original", True, "01 - Track.flac", None),
        ("Subfolder", True, "01 - Track", None),
    ],
)
def test_the_root_of_every_layout(layout, single, path, undecided, watched, peer):
    content = album(peer.profile / "Album", (40_000,) if single else (40_000, 30_000))
    torrent, infohash = torrent_of(content / "01 - Track.flac" if single else content)
    peer.add(torrent, save_path=str(content if single else content.parent), is_skip_checking=True)
    watched.one.add(torrent, content_layout=layout)
    watched.one.api.torrents_add_peers(torrent_hashes=infohash, peers=f"127.0.0.1:{peer.peers}")
    watched.until(lambda: bool(watched.notes.releases))
    (release,) = watched.notes.releases
    assert Path(release.path) == watched.one.downloads / path
    assert (watched.notes.undecided[0] or (None,))[0] == undecided
    assert all((Path(release.path) / ("" if release.single else file.path)).is_file() for file in release.files)


def test_a_torrent_with_files_left_out_is_none_until_they_are_chosen(watched, peer):
    content = album(peer.profile / "Album", (90_000, 90_000))
    torrent, infohash = torrent_of(content)
    peer.add(torrent, save_path=str(content.parent), is_skip_checking=True)
    one = watched.one
    one.add(torrent, is_paused=True)
    one.api.torrents_file_priority(torrent_hash=infohash, file_ids=[1], priority=0)
    one.api.torrents_resume(torrent_hashes=infohash)
    one.api.torrents_add_peers(torrent_hashes=infohash, peers=f"127.0.0.1:{peer.peers}")
    watched.until(lambda: bool(watched.notes.told("seen")))
    assert watched.notes.releases == []
    one.api.torrents_file_priority(torrent_hash=infohash, file_ids=[1], priority=1)
    one.until(infohash, lambda info: info["amount_left"] > 0)
    shutil.copy(content / "02 - Track.flac", one.downloads / "Album")
    one.api.torrents_recheck(torrent_hashes=infohash)
    watched.releases(1)
    assert len(watched.notes.told("seen")) == 1


@pytest.mark.parametrize("flags", [libtorrent.create_torrent.v2_only, 0], ids=["v2", "hybrid"])
def test_trap10_v2_and_hybrid_torrents_go_by_the_clients_id(flags, watched):
    one = watched.one
    album(one.downloads / "Album", (70_000, 50_000))
    made = libtorrent.create_torrent(libtorrent.list_files(str(one.downloads / "Album")), 16384, flags)
    libtorrent.set_piece_hashes(made, str(one.downloads))
    one.api.torrents_add(torrent_files=libtorrent.bencode(made.generate()), is_skip_checking=True)
    watched.releases(1)
    (release,) = watched.notes.releases
    assert [(file.path, file.size) for file in release.files] == [
        ("01 - Track.flac", 70_000),
        ("02 - Track.flac", 50_000),
    ]
    assert watched.notes.undecided == [None]
    assert one.client().torrent(release.infohash)["infohash_v2"]


def test_a_name_that_is_no_utf8_is_the_one_that_the_client_gives_it(watched):
    one = watched.one
    content = album(one.downloads / "Album \udcff")
    torrent, _ = torrent_of(content)
    content.rename(one.downloads / "Album _")
    one.add(torrent)
    watched.releases(1)
    assert watched.notes.releases[0].path == str(one.downloads / "Album _")


def test_a_new_category_decides_a_release_again(watched):
    one = watched.one
    torrent, infohash = torrent_of(album(one.downloads / "Album"))
    one.add(torrent, is_skip_checking=True)
    watched.until(lambda: bool(watched.notes.releases))
    one.api.torrents_create_category(name="music/jazz")
    one.api.torrents_set_category(category="music/jazz", torrent_hashes=infohash)
    one.api.torrents_add_tags(tags=["red"], torrent_hashes=infohash)
    watched.until(lambda: bool(watched.notes.changes))
    watched.quiet()
    last = watched.notes.changes[-1].facts
    assert (last["torrent.category"].value, last["torrent.tags"].value) == ("music/jazz", ["red"])


def test_q9_a_torrent_that_is_renamed_where_it_is_says_its_new_names(watched):
    """Its folder shows in a delta; one file shows nowhere, and is found by a look at the torrent."""
    one = watched.one
    torrent, infohash = torrent_of(album(one.downloads / "Album"))
    one.add(torrent, is_skip_checking=True)
    watched.releases(1)
    one.api.torrents_rename(torrent_hash=infohash, new_torrent_name="Only shown")  # in the client's list, not on disk
    watched.quiet()
    assert watched.notes.changes == []
    one.api.torrents_rename_folder(torrent_hash=infohash, old_path="Album", new_path="Other")
    watched.until(lambda: bool(watched.notes.changes))
    watched.quiet()
    assert [(change.name, change.path) for change in watched.notes.changes] == [("Other", str(one.downloads / "Other"))]
    old, new = "Other/01 - Track.flac", "Other/01. Track.flac"
    one.api.torrents_rename_file(torrent_hash=infohash, old_path=old, new_path=new)
    one.until(infohash, lambda _: (one.downloads / new).exists())
    found = watched.source.find(infohash, one.client()).release
    assert [file.path for file in found.files] == ["01. Track.flac", "02 - Track.flac"]
    watched.start()
    watched.quiet()
    assert len(watched.notes.releases) == 1


def test_whose_content_a_path_is(watched):
    one = watched.one
    torrent, infohash = torrent_of(album(one.downloads / "Album"))
    one.add(torrent, is_skip_checking=True)
    watched.until(lambda: bool(watched.notes.releases))
    client = one.client()
    assert watched.source.holders(str(one.downloads / "Album/01 - Track.flac"), client) == [infohash]
    assert watched.source.holders(str(one.downloads / "Other"), client) == []
    assert watched.source.saves(one.downloads / "Other")
    assert not watched.source.saves(one.profile)
    assert watched.source.find(infohash, client).release == watched.notes.releases[0]


def test_q3_a_wrong_password_is_one_login_while_the_clock_moves_fifty_minutes(qbittorrent):
    one, clock = qbittorrent(), VirtualClock(time.time())
    source = QbittorrentSource("seedbox", one.client(clock, "wrong battery"), PathMap(), Notes(), clock)
    for _ in range(300):
        source.poll_once()
        source.nudge()
        clock.move(10)
    one.stop()
    assert (one.profile / "qBittorrent/data/logs/qbittorrent.log").read_text().count("invalid credentials") == 1


def test_a_watched_folder_leaves_what_is_still_downloading_to_the_client(watched, peer):
    one, clock, holders = watched.one, VirtualClock(time.time()), Holders()
    holders.use([watched.source], {"seedbox": one.client()})
    folder = FolderSource("rips", one.downloads, 60.0, watched.notes, clock, owner=holders.by_path)
    folder.poll_once()
    torrent, infohash = torrent_of(album(peer.profile / "Album", (40_000, 30_000)))
    album(one.downloads / "Album", (40_000, 30_000), seed=2)  # other data: it has to be downloaded
    one.add(torrent)
    one.until(infohash, lambda info: info["state"] == "stalledDL")
    watched.quiet(0.5)
    for _ in range(3):
        folder.poll_once()
        clock.move(61)
    assert watched.notes.releases == []
    assert "does not call it complete" in folder.status().problems[0]
    peer.add(torrent, save_path=str(peer.profile), is_skip_checking=True)
    one.api.torrents_add_peers(torrent_hashes=infohash, peers=f"127.0.0.1:{peer.peers}")
    watched.releases(1)
    folder.poll_once()
    clock.move(61)
    folder.poll_once()
    assert [release.from_ for release in watched.notes.releases] == ["qbittorrent"]
    assert folder.status().problems == ()
