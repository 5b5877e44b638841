"""Putting a torrent back into the client, and telling whether it is seeded."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bencode2 import bencode

from tests.support_clock import VirtualClock
from tests.support_qbittorrent import entry
from tests.support_webui import PASSWORD, Handler, WebUI, serving
from trackers.secret import Secret
from watcher.client import Client, ClientAway, PathMap, TorrentGone, TorrentRefused
from watcher.errors import SeedpostError
from watcher.seeding import Place, Seeder, Seeding

H, G = "aa" * 20, "bb" * 20
PLACE = Place("seedbox", "/downloads")


@pytest.fixture(params=["4.5.2", "5.1.0"])
def webui(request):
    with serving(WebUI(request.param)) as one:
        yield one


@pytest.fixture
def seeder(webui):
    clock = VirtualClock()
    client = Client("seedbox", webui.url, username="admin", keys=lambda: (Secret(PASSWORD), None), clock=clock)
    return Seeder({"seedbox": client}, {"seedbox": PathMap({"/downloads": "/srv/downloads"})}, clock)


def shows(webui: WebUI, *, rows: list | None = None, **changes) -> None:
    webui.answers["torrents/info"] = (200, json.dumps([{**entry(state="stalledUP"), **changes}]).encode())
    webui.answers["torrents/trackers"] = (200, json.dumps(rows if rows is not None else [row(2)]).encode())


def row(status: int, message: str = "", url: str = "https://flacsfor.me/0123456789abcdef/announce") -> dict:
    return {"url": url, "status": status, "msg": message, "tier": 0}


def add(seeder: Seeder, **changes) -> Seeding:
    options = {"category": "seedpost", "tags": ["seedpost"], "verified": True, **changes}
    return seeder.add(b"d4:infod1:ai1eee", H, PLACE, **options)


# How it is


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"state": "stalledUP"}, "working"),
        ({"state": "uploading"}, "working"),
        ({"state": "forcedUP"}, "working"),
        ({"state": "checkingUP", "progress": 0}, "checking"),
        ({"state": "checkingResumeData"}, "checking"),
        ({"state": "checkingDL"}, "checking"),
        ({"state": "moving"}, "checking"),
        ({"state": "pausedUP"}, "stopped"),
        ({"state": "stoppedUP"}, "stopped"),
        ({"state": "stalledDL", "progress": 0.5, "amount_left": 9}, "incomplete"),
        ({"state": "stoppedDL", "progress": 0, "amount_left": 9}, "incomplete"),
        ({"state": "stalledUP", "amount_left": 9}, "incomplete"),
        ({"state": "missingFiles", "progress": 0}, "error"),
        ({"state": "error"}, "error"),
        ({"state": "someStateToCome"}, "incomplete"),
    ],
)
def test_only_complete_and_started_with_a_working_tracker_is_working(changes, what, webui, seeder):
    shows(webui, **changes)
    assert seeder.look(H, PLACE).what == what


@pytest.mark.parametrize(
    ("rows", "what", "message"),
    [
        ([], "waiting", ""),
        ([row(0, "This torrent is private", url="** [DHT] **"), row(1)], "waiting", ""),
        ([row(3)], "waiting", ""),
        ([row(4, "Connection refused")], "waiting", "Connection refused"),
        ([row(4, "Host not found (authoritative)")], "waiting", None),
        ([row(4, "info_hash not found in our database")], "unregistered", None),
        ([row(4, "Unregistered torrent")], "unregistered", "Unregistered torrent"),
        ([row(4, "unregistered torrent pass")], "unregistered", "unregistered torrent pass"),
        ([row(4, "Torrent not found")], "unregistered", "Torrent not found"),
        ([row(4, "Torrent is not registered with this tracker")], "unregistered", None),
        ([row(4, "bad"), row(2)], "working", ""),
        ([row(4, "key 0123456789abcdef is not known")], "waiting", "key *** is not known"),
    ],
)
def test_the_tracker_says_whether_it_knows_it(rows, what, message, webui, seeder):
    shows(webui, rows=rows)
    seen = seeder.look(H, PLACE)
    assert seen.what == what
    assert message is None or seen.message == message


def test_a_torrent_that_is_queued_waits(webui, seeder):
    shows(webui, state="queuedUP", rows=[row(1)])
    assert "limit" in seeder.look(H, PLACE).message


def test_what_is_not_there_is_absent(webui, seeder):
    assert seeder.look(H, PLACE) == Seeding("absent")
    shows(webui)
    del webui.answers["torrents/trackers"]  # removed between the two questions
    assert seeder.look(H, PLACE) == Seeding("absent")


def test_many_threads_share_one_session(webui, seeder):
    shows(webui)
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: seeder.look(H, PLACE).what, range(40)))
    assert seen == ["working"] * 40
    assert webui.count("auth/login") == 1


# Adding


def test_it_is_added_once_and_seen(webui, seeder):
    def taken(handler: Handler) -> None:
        shows(webui)
        handler.reply(200, b"Ok.")

    webui.answers["torrents/add"] = taken
    assert add(seeder).what == "working"
    assert add(seeder).what == "working"
    assert webui.count("torrents/add") == 1
    fields = next(fields for _, path, fields, _ in webui.asked if path == "torrents/add")
    assert (fields["savepath"], fields["category"], fields["tags"]) == ("/downloads", "seedpost", "seedpost")
    assert (fields["skip_checking"], fields["stopped"]) == ("True", "False")


def test_q15_a_torrent_that_the_user_has_with_other_trackers_is_left_alone(webui, seeder):
    shows(webui, rows=[row(2, url="http://other.example/0123456789/announce")])
    ours = bencode({b"announce": b"https://flacsfor.me/0123456789abcdef/announce", b"info": {b"a": 1}})
    seen = seeder.add(ours, H, PLACE, category="", tags=[], verified=True)
    assert seen.what == "error"
    assert "other.example" in seen.message
    assert "0123456789" not in seen.message
    assert webui.count("torrents/add") == 0
    shows(webui)
    assert seeder.add(ours, H, PLACE, category="", tags=[], verified=True).what == "working"


def test_it_shows_a_moment_after_it_was_added(webui, seeder):
    """5 of 66 additions were not listed by the next request."""
    asked = webui.count("torrents/info")

    def shown(handler: Handler) -> None:
        late = webui.count("torrents/info") > asked + 3
        handler.reply(200, json.dumps([entry(state="checkingResumeData")] if late else []).encode())

    webui.answers["torrents/info"] = shown
    assert add(seeder).what == "checking"
    assert webui.count("torrents/add") == 1


@pytest.mark.parametrize("answer", [(200, b"Fails."), (409, b"Conflict"), (200, b"Ok.")])
def test_q14_an_addition_that_never_shows_is_absent_with_the_reason(answer, webui, seeder):
    webui.answers["torrents/add"] = answer
    seen = add(seeder, verified=False)
    assert seen.what == "absent"
    assert ("took it" in seen.message) is (answer[1] == b"Ok.")


def test_a_torrent_that_was_added_by_somebody_else_meanwhile_is_fine(webui, seeder):
    def there_already(handler: Handler) -> None:
        shows(webui)
        handler.reply(200, b"Fails.")

    webui.answers["torrents/add"] = there_already
    assert add(seeder).what == "working"


def test_bytes_that_are_no_torrent_are_an_error(webui, seeder):
    webui.answers["torrents/add"] = (415, b"Error: not a valid torrent file.")
    with pytest.raises(TorrentRefused):
        add(seeder)


def test_stopping_and_announcing_reach_the_client(webui, seeder):
    webui.answers |= {"torrents/pause": (200, b""), "torrents/stop": (200, b""), "torrents/reannounce": (200, b"")}
    seeder.stop(H, PLACE)
    seeder.reannounce(H, PLACE)
    assert webui.count("torrents/reannounce") == 1


# Before the POST


def test_a_client_that_answers_and_sees_the_content_is_ready(webui, seeder):
    webui.answers["app/getDirectoryContent"] = (200, b'["/downloads/Album"]')
    assert seeder.ready(PLACE) is None
    assert seeder.ready(PLACE, "Album") is None
    if webui.version != "4.5.2":  # which can't be asked
        assert "sees no 'Other'" in seeder.ready(PLACE, "Other")
        del webui.answers["app/getDirectoryContent"]
        assert "sees no folder '/downloads'" in seeder.ready(PLACE)
        assert "path_map" in seeder.ready(PLACE)


def test_q8_content_whose_torrent_was_removed_is_seeded_where_the_client_sees_it(webui, seeder):
    webui.answers["app/getDirectoryContent"] = (200, b'["/downloads/Album"]')
    assert seeder.ready(PLACE, "Album", H) is None
    if webui.version != "4.5.2":  # which can't be asked
        assert "sees no 'Other'" in seeder.ready(PLACE, "Other", H)


def test_a_torrent_that_was_moved_is_not_where_it_was(webui, seeder):
    shows(webui, save_path="/downloads")
    assert seeder.ready(PLACE, "Album", H) is None
    shows(webui, save_path="/elsewhere")
    assert "'/elsewhere'" in seeder.ready(PLACE, "Album", H)


def test_a_client_that_is_away_or_unknown_is_not_ready(webui, seeder):
    assert "no client 'other'" in seeder.ready(Place("other", "/downloads"))
    webui.answers["app/version"] = (502, b"")
    assert seeder.ready(PLACE) == "seedbox: it answers 502"
    with pytest.raises(ClientAway, match="no client 'other'"):
        seeder.look(H, Place("other", "/downloads"))


# Where


def test_content_of_a_client_is_seeded_where_it_is(seeder):
    release = {"client": "other", "save_path": "/x", "path": "/srv/x/Album"}
    assert seeder.place_for(release, "seedbox") == Place("other", "/x")


def test_content_of_a_folder_is_mapped_back(seeder):
    release = {"client": "", "save_path": "", "path": "/srv/downloads/rips/Album"}
    assert seeder.place_for(release, "seedbox") == Place("seedbox", "/downloads/rips")
    assert seeder.place_for({**release, "client": "seedbox"}, "other") == Place("seedbox", "/downloads/rips")


def test_content_that_no_client_can_seed_is_an_error(seeder):
    release = {"path": "/srv/downloads/Album"}
    with pytest.raises(SeedpostError, match="no client 'none'"):
        seeder.place_for(release, "none")
    with pytest.raises(SeedpostError, match="no path for"):
        seeder.place_for({"path": "/downloads/Album"}, "seedbox")


# What a client knows of its own torrents


def holds(webui: WebUI, **changes) -> None:
    one = {**entry(state="stalledUP"), "content_path": "/downloads/Album", "save_path": "/downloads", **changes}
    webui.answers["torrents/info"] = (200, json.dumps([one]).encode())
    webui.answers["torrents/properties"] = (200, json.dumps({"pieces_have": 801, "pieces_num": 801}).encode())
    webui.answers["torrents/export"] = (200, b"d4:infodee")
    webui.answers["sync/maindata"] = (200, json.dumps({"rid": 1, "full_update": True, "torrents": {H: one}}).encode())


def test_a_torrent_is_told_with_its_file_its_pieces_and_its_time(webui, seeder):
    holds(webui, completion_on=1795345655, amount_left=0)
    whole = seeder.whole("seedbox", H)
    assert (whole.torrent, whole.completed, whole.pieces_have, whole.pieces_num) == (
        b"d4:infodee",
        1795345655,
        801,
        801,
    )
    assert whole.complete


@pytest.mark.parametrize("change", [{"state": "checkingUP"}, {"amount_left": 5}, {"state": "moving"}])
def test_a_torrent_that_is_checked_moved_or_lacks_something_is_not_whole(webui, seeder, change):
    holds(webui, **change)
    assert not seeder.whole("seedbox", H).complete


def test_an_answer_without_its_figures_is_no_whole_torrent(webui, seeder):
    holds(webui)
    webui.answers["torrents/properties"] = (200, b"{}")
    assert seeder.whole("seedbox", H).pieces_have == -1


def test_a_torrent_that_is_not_there_is_gone(webui, seeder):
    webui.answers["torrents/info"] = (200, b"[]")
    with pytest.raises(TorrentGone):
        seeder.whole("seedbox", H)


def test_the_torrent_of_a_path_is_found_by_its_content(webui, seeder):
    holds(webui)
    assert seeder.whole_at("seedbox", Path("/srv/downloads/Album")) is not None
    assert seeder.whole_at("seedbox", Path("/srv/downloads")) is None
    holds(webui, state="downloading")
    assert seeder.whole_at("seedbox", Path("/srv/downloads/Album")) is None


def test_whether_any_client_seeds_from_a_folder_of_ours(webui, seeder):
    holds(webui, save_path="/downloads/.stage/5f0c9a1e77d2-00000000/")
    assert seeder.seeds_from(Path("/srv/downloads/.stage/5f0c9a1e77d2-00000000"))
    assert not seeder.seeds_from(Path("/srv/downloads/.stage/5f0c9a1e77d2-11111111"))


def test_what_is_staged_is_seeded_from_its_folder_by_the_client_that_has_the_content(seeder):
    release = {"path": "/srv/downloads/Album", "client": "seedbox", "save_path": "/downloads"}
    staged = Path("/srv/downloads/.stage/5f0c9a1e77d2-00000000")
    assert seeder.place_for(release, "") == PLACE
    assert seeder.place_for(release, "", staged) == Place("seedbox", "/downloads/.stage/5f0c9a1e77d2-00000000")
    with pytest.raises(SeedpostError):
        seeder.place_for({"path": "/srv/x"}, "other", staged)
