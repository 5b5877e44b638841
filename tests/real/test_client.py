"""The client against real servers."""

from __future__ import annotations

import json
import time

import pytest

from tests.support_qbittorrent import Notes, album, infohash_of, torrent_of
from tests.support_webui import certificate, proxied
from trackers.clock import Clock
from trackers.secret import Secret
from watcher.client import Banned, Client, ClientAway, LoginRefused, PathMap, TorrentGone, TorrentRefused
from watcher.sources.qbittorrent import QbittorrentSource

pytestmark = pytest.mark.real


def logins_refused(one) -> int:
    log = (one.profile / "qBittorrent/data/logs/qbittorrent.log").read_text()
    return log.count("invalid credentials")


def test_it_logs_in_once_and_keeps_its_session(qbittorrent):
    client = qbittorrent().client()
    version = client.version()
    assert version.app.startswith("v")
    assert version.api >= (2, 8)
    assert client.sync(0)["full_update"] is True
    assert "full_update" not in client.sync(1)
    assert abs(client.skew) < 5
    client.close()
    assert client.sync(1)["full_update"] is True


def test_a_restart_is_survived_with_one_login(qbittorrent):
    one = qbittorrent()
    client = one.client()
    client.sync(0)
    one.stop()
    one.start()
    assert client.sync(1)["full_update"] is True
    assert logins_refused(one) == 0


def test_traps_15_17_18_each_connection_has_a_session_of_its_own_and_ends_it(qbittorrent):
    """5.3 keeps fifteen sessions, and two pollers of one session get half of the changes each; the settings that were
    written in the form of old are read by all."""
    one = qbittorrent()
    client = one.client()
    clone = client.clone()
    for asked in (client, clone):
        asked.sync(0)
    for number in range(20):
        other = one.client()
        assert other.sync(0)["full_update"] is True
        other.close()
        one.api.torrents_create_tags(tags=[f"tag {number}"])
    torrent, infohash = torrent_of(album(one.downloads / "Album"))
    one.add(torrent, is_skip_checking=True)
    one.complete(infohash)
    for asked in (client, clone):
        answer = asked.sync(1)
        assert "full_update" not in answer  # it is the session of its first question, and missed nothing
        assert infohash in answer["torrents"]


def test_it_works_below_the_path_of_a_real_reverse_proxy(qbittorrent, announcer):
    one = qbittorrent()
    secret, notes = Secret(one.password), Notes()
    with proxied(one.web, "/qbittorrent") as url:
        client = Client("seedbox", url, username="admin", keys=lambda: (secret, None), clock=Clock())
        source = QbittorrentSource("seedbox", client, PathMap(), notes, Clock())
        source.poll_once()
        torrent, infohash = torrent_of(album(one.downloads / "Album"), announce=announcer.url)
        assert client.add(torrent, str(one.downloads), skip_check=True) is True
        one.complete(infohash)
        end = time.monotonic() + 20
        while not notes.releases and time.monotonic() < end:
            source.poll_once()
            time.sleep(0.05)
        assert [release.path for release in notes.releases] == [str(one.downloads / "Album")]
        assert infohash_of(client.export(infohash)) == infohash
        assert source.status().up
        assert source.at == url
        elsewhere = Client("seedbox", url.removesuffix("/qbittorrent"), keys=lambda: (secret, None), clock=Clock())
        with pytest.raises(ClientAway, match="nothing of qBittorrent's"):
            elsewhere.sync(0)


def test_a_wrong_password_is_one_login_and_no_ban(qbittorrent):
    one = qbittorrent()
    client = one.client(password="wrong battery")
    clone = client.clone()
    for _ in range(10):
        for asked in (client, clone):
            with pytest.raises(LoginRefused):
                asked.sync(0)
    one.stop()
    assert logins_refused(one) == 1


def test_a_ban_is_told_from_a_refusal(qbittorrent):
    one = qbittorrent()
    client = one.client(password="wrong battery")
    for _ in range(5):
        with pytest.raises(LoginRefused):
            client.sync(0)
        client.forgive()
    with pytest.raises(Banned):
        client.sync(0)
    with pytest.raises(Banned):
        one.client().sync(0)


def test_a_torrent_is_added_listed_and_exported_as_it_was(qbittorrent, announcer):
    one = qbittorrent()
    content = album(one.downloads / "Album")
    torrent, infohash = torrent_of(content, announce=announcer.url, private=True, source="RED")
    client = one.client()
    assert client.torrent(infohash) is None
    assert client.add(torrent, str(one.downloads), "music", ["one", "two"], skip_check=True) is True
    one.complete(infohash)
    assert infohash_of(client.export(infohash)) == infohash
    assert [(row["name"], row["size"]) for row in client.files(infohash)] == [
        ("Album/01 - Track.flac", 70_000),
        ("Album/02 - Track.flac", 50_000),
    ]
    there = client.torrent(infohash)
    assert (there["category"], there["save_path"]) == ("music", str(one.downloads))
    assert set(there["tags"].split(", ")) == {"one", "two"}
    assert client.properties(infohash)["is_private"] is True
    (announce,) = client.trackers(infohash)
    assert (announce.host, announce.site) == ("127.0.0.1", "sandbox:redacted:127.0.0.1")
    assert client.add(torrent, str(one.downloads)) is False
    client.stop(infohash)
    one.until(infohash, lambda info: info["state"] in ("pausedUP", "stoppedUP"))


def test_torrents_are_found_by_category_or_tag(qbittorrent):
    one = qbittorrent()
    marks = {"by category": {"category": "uploads"}, "by tag": {"tags": ["seedpost", "x"]}, "by neither": {"tags": "y"}}
    for number, (name, options) in enumerate(marks.items()):
        one.add(torrent_of(album(one.downloads / name, seed=number))[0], save_path=str(one.downloads), **options)
    found = one.client().marked({"uploads"}, {"seedpost", "unheard-of"})
    assert {row["name"] for row in found} == {"by category", "by tag"}


def test_what_is_not_there_or_no_torrent_is_named_so(qbittorrent):
    client = qbittorrent().client()
    for ask in (client.files, client.trackers, client.properties, client.export):
        with pytest.raises(TorrentGone):
            ask("ab" * 20)
    with pytest.raises(TorrentRefused):
        client.add(b"garbage", "/tmp")


def test_folders_are_shown_where_the_version_can(qbittorrent):
    one = qbittorrent()
    client = one.client()
    album(one.downloads / "Album")
    if client.version().api < (2, 11):
        assert client.names_in(str(one.downloads)) is None
    else:
        assert client.names_in(str(one.downloads)) == {"Album"}
        with pytest.raises(TorrentGone):
            client.names_in(str(one.downloads / "none"))


def test_a_certificate_of_its_own_is_trusted_when_it_is_named(qbittorrent, tmp_path):
    one, (both, alone) = qbittorrent(), certificate(tmp_path)
    paths = {"web_ui_https_cert_path": str(alone), "web_ui_https_key_path": str(both)}
    one.api.app_set_preferences({**paths, "use_https": True})
    url, password = one.url.replace("http:", "https:"), Secret(one.password)

    def version(**options) -> object:
        client = Client("seedbox", url, username="admin", keys=lambda: (password, None), clock=Clock(), **options)
        return client.version().api

    with pytest.raises(ClientAway, match="certificate is not trusted"):
        version()
    assert version(ca_file=str(alone)) >= (2, 8)


def test_an_api_key_needs_no_login_and_one_that_is_not_known_is_tried_once(qbittorrent):
    one, key = qbittorrent(), "qbt_" + "a" * 28
    if one.client().version().api >= (2, 14):  # 5.2, the first with keys
        key = json.loads(one.api._post("app", "rotateAPIKey", response_class=bytes))["apiKey"]
        client = Client("seedbox", one.url, keys=lambda: (None, Secret(key)), clock=Clock())
        assert client.sync(0)["full_update"] is True
        assert "full_update" not in client.sync(1)
    wrong = Client("seedbox", one.url, keys=lambda: (None, Secret(key[:-1] + "0")), clock=Clock())
    for _ in range(3):
        with pytest.raises(LoginRefused):
            wrong.sync(0)
    assert wrong.refused
