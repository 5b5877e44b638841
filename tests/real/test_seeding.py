"""Seeding in the qbittorrent-nox of this machine, announced to a tracker on loopback."""

from __future__ import annotations

import time

import pytest

from tests.support_qbittorrent import album, torrent_of
from trackers.clock import Clock
from watcher.client import PathMap
from watcher.seeding import Place, Seeder, Seeding

pytestmark = pytest.mark.real


def until(seeder: Seeder, infohash: str, place: Place, what: str, seconds: float = 60.0) -> Seeding:
    deadline = time.monotonic() + seconds
    while (seen := seeder.look(infohash, place)).what != what:
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
    return seen


@pytest.fixture
def one(qbittorrent):
    return qbittorrent()


@pytest.fixture
def seeder(one):
    return Seeder({"seedbox": one.client()}, {"seedbox": PathMap()}, Clock())


@pytest.fixture
def place(one):
    return Place("seedbox", str(one.downloads))


OPTIONS = {"category": "seedpost", "tags": ["seedpost"]}


@pytest.mark.parametrize("verified", [True, False])
def test_data_that_is_there_is_seeded_and_announced(verified, one, seeder, place, announcer):
    torrent, infohash = torrent_of(album(one.downloads / "Album"), announce=announcer.url, private=True)
    announcer.known.add(infohash)
    assert seeder.ready(place, "Album") is None
    seeder.add(torrent, infohash, place, verified=verified, **OPTIONS)
    until(seeder, infohash, place, "working")
    assert infohash in announcer.asked
    assert one.info(infohash)["downloaded"] == 0
    assert seeder.add(torrent, infohash, place, verified=verified, **OPTIONS).what == "working"
    seeder.stop(infohash, place)
    until(seeder, infohash, place, "stopped")


def test_a_default_of_the_users_does_not_stop_or_move_it(one, seeder, place, announcer):
    one.api.app_set_preferences(
        {
            "start_paused_enabled": True,
            "add_stopped_enabled": True,
            "torrent_stop_condition": "FilesChecked",
            "temp_path_enabled": True,
            "temp_path": str(one.profile / "temp"),
            "torrent_content_layout": "NoSubfolder",
            "auto_tmm_enabled": True,
        }
    )
    torrent, infohash = torrent_of(album(one.downloads / "Album"), announce=announcer.url)
    announcer.known.add(infohash)
    seeder.add(torrent, infohash, place, verified=False, **OPTIONS)
    until(seeder, infohash, place, "working")


def test_a_torrent_that_the_tracker_does_not_know_yet(one, seeder, place, announcer):
    torrent, infohash = torrent_of(album(one.downloads / "Album"), announce=announcer.url, private=True)
    seeder.add(torrent, infohash, place, verified=True, **OPTIONS)
    assert until(seeder, infohash, place, "unregistered").message == "Unregistered torrent"
    announcer.known.add(infohash)
    seeder.reannounce(infohash, place)
    until(seeder, infohash, place, "working")
    assert announcer.asked == [infohash] * 2


def test_q10_data_that_is_not_there_is_never_called_seeding(one, seeder, place, announcer):
    content = album(one.profile / "elsewhere" / "Album")
    torrent, infohash = torrent_of(content, announce=announcer.url)
    announcer.known.add(infohash)
    seeder.add(torrent, infohash, place, verified=True, **OPTIONS)
    until(seeder, infohash, place, "error")


def test_q16_data_that_differs_is_incomplete(one, seeder, place, announcer):
    content = album(one.downloads / "Album")
    torrent, infohash = torrent_of(content, announce=announcer.url)
    announcer.known.add(infohash)
    track = content / "01 - Track.flac"
    track.write_bytes(b"\0" * track.stat().st_size)
    seeder.add(torrent, infohash, place, verified=False, **OPTIONS)
    assert "%" in until(seeder, infohash, place, "incomplete").message


def test_it_seeds_on_after_a_restart(one, seeder, place, announcer):
    torrent, infohash = torrent_of(album(one.downloads / "Album"), announce=announcer.url)
    announcer.known.add(infohash)
    seeder.add(torrent, infohash, place, verified=True, **OPTIONS)
    until(seeder, infohash, place, "working")
    one.stop()
    assert "seedbox" in (seeder.ready(place) or "")
    one.start()
    until(seeder, infohash, place, "working")
