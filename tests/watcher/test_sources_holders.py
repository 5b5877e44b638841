"""Whose content a path is: folders ask the clients first, and clients ask each other where content came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support_clock import START, VirtualClock
from tests.support_qbittorrent import Notes, Script, entry, full, told
from watcher.client import Announce, ClientAway, PathMap
from watcher.sources.content import Found, Never, Waits
from watcher.sources.folders import ASK, FolderSource
from watcher.sources.holders import Holders
from watcher.sources.qbittorrent import QbittorrentSource

__all__ = ["told"]  # a fixture

H, G = "aa" * 20, "bb" * 20
DONE = int(START) + 100
AWAY = ClientAway("seedbox: no connection")
RED = Announce("flacsfor.me", "redacted.sh", 2, "")
OPS = Announce("home.opsfet.ch", "orpheus.network", 2, "")


class Place:
    """A client that saves into `rips`, which is watched as well."""

    def __init__(self, root: Path) -> None:
        self.root, self.clock, self.notes = root / "rips", VirtualClock(), Notes()
        self.root.mkdir()
        self.client = Script([full({})])
        self.holders = Holders()
        self.start()

    def start(self) -> None:
        """Seedpost starts, with what its journal has."""
        self.notes = self.notes.again()
        paths = PathMap({"/data": str(self.root)})
        self.source = QbittorrentSource(
            "seedbox", self.client, paths, self.notes, self.clock, elsewhere=self.holders.sites
        )
        self.holders.use([self.source], {"seedbox": self.client})
        self.folder = FolderSource("rips", self.root, 60.0, self.notes, self.clock, owner=self.holders.by_path)
        self.source.poll_once()
        self.folder.poll_once()

    def download(self, name: str = "Album", **changes: object) -> Path:
        """A torrent of one file that the client has, in any state, its data on disk."""
        said = {"name": name, "save_path": "/data", "content_path": f"/data/{name}", "completion_on": DONE, "tags": ""}
        torrent = entry(**{**said, "state": "stalledUP", **changes})
        self.client.hold(H, [(f"{name}/01.flac", 5)], announces=[RED], entry=torrent)
        self.client.answers.append({"rid": 9, "torrents": {H: torrent}})
        self.source.poll_once()
        return self.put(name)

    def put(self, name: str) -> Path:
        (self.root / name).mkdir()
        (self.root / name / "01.flac").write_bytes(b"x" * 5)
        return self.root / name

    def settle(self, seconds: float = 60.0) -> None:
        self.folder.poll_once()
        self.clock.move(seconds)
        self.folder.poll_once()


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


DOWNLOADING = {"state": "downloading", "amount_left": 3, "progress": 0.4, "completion_on": -1}


def test_content_of_a_torrent_is_handed_over_once_and_with_the_torrents_facts(place):
    place.download()
    place.settle()
    place.source.poll_once()
    (release,) = place.notes.releases
    assert (release.from_, release.infohash) == ("qbittorrent", H)
    assert release.facts["origin"].value == ["redacted.sh"]
    assert place.folder.idle()


def test_content_that_a_torrent_is_still_downloading_waits_for_the_client(place, told):
    album = place.download(**DOWNLOADING)
    place.settle()
    place.settle()
    assert place.notes.releases == []
    assert place.folder.status().problems == ("'Album' waits: the client does not call it complete (downloading)",)
    assert place.folder.idle()  # `run --once` does not wait for a download
    assert [line["path"] for line in told() if line["event"] == "source.waits"] == [str(album)]
    done = entry(name="Album", save_path="/data", content_path="/data/Album", completion_on=DONE, state="stalledUP")
    place.client.details[H]["torrent"] = done
    place.client.answers.append({"rid": 10, "torrents": {H: done}})
    place.source.poll_once()
    place.settle(ASK)
    assert [release.from_ for release in place.notes.releases] == ["qbittorrent"]
    assert place.folder.status().problems == ()


def test_a_file_inside_a_torrents_content_belongs_to_it(place):
    album = place.download(**DOWNLOADING)
    assert isinstance(place.holders.by_path(album / "01.flac"), Waits)
    assert isinstance(place.holders.by_path(place.root), Waits)
    assert place.holders.by_path(place.root / "Other") is None


def test_where_a_client_saves_nothing_is_decided_while_it_is_away(place):
    place.client.answers.append(AWAY)
    place.source.poll_once()
    place.put("Album")
    place.settle()
    assert place.notes.releases == []
    assert "it is away" in place.folder.status().problems[0]
    place.client.answers.append(full({}))
    place.source.poll_once()
    place.settle(ASK)
    assert [release.from_ for release in place.notes.releases] == ["folder"]


def test_it_is_known_after_a_restart_where_a_client_that_is_away_saves(tmp_path):
    place = Place(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    place.download("Old", save_path=str(elsewhere), content_path=f"{elsewhere}/Old")
    place.client.answers += [AWAY, AWAY]
    place.start()
    assert place.source.saves(elsewhere / "Album")
    assert isinstance(place.holders.by_path(elsewhere / "Album"), Waits)
    assert place.holders.by_path(tmp_path / "other") is None


def test_a_torrent_that_is_no_release_is_told_of_the_folder_too(place):
    place.download()
    place.client.hold(H, [("Album/01.flac", 5), ("Album/02.flac", 5)], skipped=["Album/02.flac"], entry=entry(
        name="Album", save_path="/data", content_path="/data/Album", completion_on=DONE, state="stalledUP"
    ))  # fmt: skip
    place.settle()
    assert place.notes.releases == []
    assert "not all of its files were chosen" in place.folder.status().problems[0]
    assert "not all of its files" in place.notes.told("seen")[-1]["why"]


def test_seedposts_own_torrent_over_a_folder_does_not_make_it_a_torrents_content(place):
    place.notes.owned.add(H)
    place.download()
    place.settle()
    assert [release.from_ for release in place.notes.releases] == ["folder"]


def test_of_two_torrents_over_one_path_the_complete_one_counts(place):
    place.download()
    busy = entry(name="Album", save_path="/data", content_path="/data/Album", **DOWNLOADING)
    place.client.hold(G, [("Album/01.flac", 5)], entry=busy)
    place.client.answers.append({"rid": 10, "torrents": {G: busy}})
    place.source.poll_once()
    found = place.holders.by_path(place.root / "Album")
    assert isinstance(found, Found)
    assert found.release.infohash == H


def two_clients(place: Place) -> Script:
    """A second client, which has the same content from another site."""
    other = Script([full({})])
    there = entry(name="Album", save_path=str(place.root), content_path=str(place.root / "Album"), state="stalledUP")
    other.hold(G, [("Album/01.flac", 5)], announces=[OPS], entry=there)
    other.answers = [full({G: there})]
    second = QbittorrentSource("attic", other, PathMap(), place.notes, place.clock)
    second.at = "http://127.0.0.1:9090"
    second.poll_once()
    place.holders.use([place.source, second], {"seedbox": place.client, "attic": other})
    return other


def test_the_origin_is_the_union_over_every_client_that_has_the_content(place):
    two_clients(place)
    place.download()
    place.clock.move(60)
    place.source.poll_once()
    (release,) = place.notes.releases
    assert release.facts["origin"].value == ["redacted.sh", "orpheus.network"]


def test_content_in_a_client_that_cannot_be_asked_where_from_waits(place):
    two_clients(place).fault = AWAY
    place.download()
    place.clock.move(60)
    place.source.poll_once()
    assert place.notes.releases == []
    assert place.source.status().settling == ("Album",)


def test_a_hash_that_no_client_has_is_none_and_unknown_while_one_is_away(place, monkeypatch):
    assert place.holders.by_hash(H) is None
    place.download()
    assert isinstance(place.holders.by_hash(H), Found)

    def away(infohash: str) -> None:
        raise AWAY

    monkeypatch.setattr(place.client, "torrent", away)
    assert isinstance(place.holders.by_hash(H), Waits)
    assert isinstance(place.holders.by_path(place.root / "Album"), Waits)


def test_a_torrent_with_files_left_out_is_never_one(place):
    place.download()
    place.client.hold(H, [("Album/01.flac", 5)], skipped=["Album/01.flac"], entry=place.client.details[H]["torrent"])
    assert isinstance(place.holders.by_hash(H), Never)
