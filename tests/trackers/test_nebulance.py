"""NBL: the contract, its forms, its words, and how its search is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import bencode2
import pytest

from tests.support_trackers import Stage, form, opened, problems, says, upload
from tests.support_tv import ANIME, DAILY, DISC, EPISODE, FILM, IDS, REMUX, SEASON
from tests.trackers.contract import UploaderContract, World
from tests.trackers.test_gazelle_form import FORMS, shown
from trackers import open_tracker
from trackers.base import Absent, CannotTell, Form, Found, Match, Receipt
from trackers.clock import Clock
from trackers.content import Content, Tv
from trackers.errors import AlreadyThere, NotAuthorised, Refused, SettingsError, TrackerError, Unavailable, Unconfirmed
from trackers.sandbox import Keys, Sandbox
from trackers.secret import Secret

SHOWS: dict[str, tuple[Content, dict[str, object]]] = {
    "single episode": (EPISODE, {}),
    "season pack": (SEASON, {}),
    "daily show": (DAILY, {}),
    "remux": (REMUX, {}),
    "anime": (ANIME, {"tvmazeid": 9004, "ignoredupes": True}),
    "season set by hand": (replace(SEASON, name="Tidal Office"), {"category": "Season"}),
}
KEYS = {"api_key": Secret("c4n4ryNblApiKey00"), "passkey": Secret("c4n4ryNblPasskey0")}


def nbl(url: str = "http://127.0.0.1:1") -> Any:
    return opened("sandbox-nebulance", url, None, secrets=KEYS)


@pytest.mark.parametrize("name", SHOWS)
def test_the_form_is_as_a_careful_uploader_would_fill_it(name: str) -> None:
    content, set = SHOWS[name]
    recorded = (FORMS / f"{name.replace(' ', '-')}.NBL.txt").read_text(encoding="utf-8")
    assert shown(form(nbl(), content, **set)) == recorded


@pytest.mark.parametrize(
    ("content", "set", "field", "words"),
    [
        (FILM, {}, "kind", "takes series alone, not movie"),
        (DISC, {}, "video.kind", "a disc has none"),
        (replace(EPISODE, ids=replace(IDS, tvmaze=None)), {}, "ids.tvmaze", "set ids.tvmaze"),
        (replace(EPISODE, video=None), {}, "video.mediainfo", "install libmediainfo"),
        (replace(EPISODE, video=replace(EPISODE.video, tv=Tv("Tidal Office"))), {}, "tv.episode", "set tv.season"),  # type: ignore[type-var]
        (EPISODE, {"category": "Special"}, "category", "one of Episode, Season"),
        (EPISODE, {"tvmazeid": "nine"}, "tvmazeid", "whole number"),
        (replace(SEASON, name="S" * 250), {}, "name", "takes 255"),
    ],
)
def test_what_would_be_refused_is_told_before(content: Content, set: dict[str, object], field: str, words: str) -> None:
    assert words in problems(nbl(), content, **set)[field]


class TestNebulance(UploaderContract):
    site = "nebulance"
    contents: ClassVar[Mapping[str, tuple[Content, dict[str, object]]]] = SHOWS
    account_asks: ClassVar[list[str]] = ["search"]
    names_us = False
    whose = None

    def secrets(self, keys: Keys) -> dict[str, Secret]:
        return {"api_key": Secret(keys.api_key), "passkey": Secret(keys.passkey)}

    def same(self, registered: Any, ours: Any) -> None:
        assert registered == ours

    def test_the_file_that_mediainfo_describes_is_looked_for_in_all_of_the_series(self, world: World) -> None:
        receipt = world.tracker.upload(world.prepared(world.tracker))
        (match,) = world.tracker.similar(form(world.tracker, EPISODE))
        assert isinstance(match, Match)
        assert (match.what, match.torrent_id, match.url) == ("torrent", receipt.torrent_id, receipt.url)
        other = replace(EPISODE, video=replace(EPISODE.video, mediainfo="Complete name : Tidal.Office.720p.mkv"))  # type: ignore[type-var]
        assert world.tracker.similar(form(world.tracker, other)) == []

    def test_a_torrent_of_another_piece_length_is_not_called_this_one(self, world: World) -> None:
        one = world.prepared(world.tracker)
        world.tracker.upload(one)
        info = bencode2.bencode(bencode2.bdecode(one.info) | {b"piece length": 1 << 20})
        assert isinstance(world.tracker.find(replace(one, info=info), None), Absent)

    def test_a_hash_that_the_site_changed_is_found_all_the_same(self, world: World) -> None:
        one = world.prepared(world.tracker)
        world.fail("rewritten", action="upload")
        receipt = world.tracker.upload(one)
        found = world.tracker.find(one, None)
        assert isinstance(found, Found)
        assert found.receipt.torrent_id == receipt.torrent_id

    def test_what_we_uploaded_before_is_a_canary_and_a_vanished_one_is_none(self, world: World) -> None:
        before = world.tracker.upload(world.prepared(world.tracker, DAILY, tvmazeid=5555))
        one = world.prepared(world.tracker, EPISODE)
        assert world.tracker.find(one, before) == Absent(before.torrent_id)
        world.sandbox.remove("nebulance", int(before.torrent_id))
        assert isinstance(world.tracker.find(one, before), CannotTell)

    def test_a_release_that_is_there_is_refused_by_the_site_unless_told_otherwise(self, world: World) -> None:
        world.tracker.upload(world.prepared(world.tracker))
        with pytest.raises(AlreadyThere):
            world.tracker.upload(world.prepared(world.tracker))
        assert world.tracker.upload(world.prepared(world.tracker, ignoredupes=True)).torrent_id

    def test_a_torrent_that_is_too_large_is_not_sent(self, world: World) -> None:
        one = world.prepared(world.tracker)
        info = bencode2.bencode(bencode2.bdecode(one.info) | {b"pieces": bytes(20 * 60_000)})
        with pytest.raises(Refused, match="torrent file is larger"):
            world.tracker.upload(replace(one, info=info))
        assert world.sandbox.posts("nebulance") == []


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("tvmazeid", "0", "Invalid TVmaze id"),
        ("mediainfo", "by eye", "Missing mediainfo"),
        ("category", "2", "Invalid category"),
        ("", "", "Invalid torrent file"),
    ],
)
def test_every_refusal_of_the_form_is_told_as_its_sentence(key: str, value: str, told: str) -> None:
    with Sandbox() as sandbox:
        keys = sandbox.account("nebulance")
        known = {"api_key": Secret(keys.api_key), "passkey": Secret(keys.passkey)}
        tracker = opened("sandbox-nebulance", sandbox.url_of("nebulance"), None, secrets=known)
        made = form(tracker, EPISODE)
        fields = tuple((name, value if name == key else was) for name, was in made.fields)
        one = upload(replace(made, fields=fields), EPISODE, "NBL")
        with pytest.raises(Refused) as caught:
            tracker.upload(one if key else replace(one, info=b"x"))
        assert caught.value.text == f"NBL: {told}"


def error(words: object, **more: object) -> str:
    return json.dumps({"error": words, **more})


@pytest.mark.parametrize(
    ("play", "meant", "code"),
    [
        (says(error({"message": "Invalid params"})), NotAuthorised, "key-refused"),
        (says(error("Invalid API key"), 401), NotAuthorised, "key-refused"),
        (says(error({"message": "API is down"})), Unconfirmed, "site-error"),
        (says(error("Possible dupe")), AlreadyThere, "already-there"),
        (says(error("Missing mediainfo"), 400), Refused, "refused"),
        (says(error("The moon is full")), Unconfirmed, "unknown-words"),
        (says(error({"code": 7})), Unconfirmed, "unknown-words"),
        (says("{}"), Unconfirmed, "unreadable"),
        (says("[]"), Unconfirmed, "unreadable"),
        (says(""), Unconfirmed, "unreadable"),
        (says("x", 403), Unconfirmed, "denied"),
        (says("<html>", 200, "text/html"), Unconfirmed, "html"),
        (says("<form action=login.php>", 200, "text/html"), Unconfirmed, "login"),
        (says("", 302, Location="login.php"), NotAuthorised, "login"),
        (says("", 302, Location="https://elsewhere.invalid/"), Unconfirmed, "redirect"),
        (says('{"link": "https://nebulance.io/torrents.php"}'), Unconfirmed, "unreadable"),
    ],
)
def test_each_answer_to_an_upload_has_its_meaning(play: Any, meant: type[TrackerError], code: str) -> None:
    with Stage() as stage:
        stage.plays(play)
        tracker = nbl(stage.url)
        with pytest.raises(TrackerError) as caught:
            tracker.upload(upload(form(tracker, EPISODE), EPISODE, "NBL"))
    assert (type(caught.value), caught.value.code) == (meant, code)


def row(**changed: object) -> dict[str, object]:
    return {"rls_name": "A", "group_id": 7, "size": "9", "file_list": ["a.mkv"], "download": "http://x/"} | changed


@pytest.mark.parametrize(
    "body",
    [
        "[]", "{}", '{"items": {}}', '{"items": [1], "total_pages": 1}', '{"items": [{}], "total_pages": 1}',
        json.dumps({"items": [row()]}), json.dumps({"items": [row(download=None)], "total_pages": 1}),
        json.dumps({"items": [row()], "total_pages": 99}),
    ],
)  # fmt: skip
def test_a_search_that_is_not_whole_proves_nothing(body: str) -> None:
    with Stage() as stage:
        stage.plays(says(body))
        tracker = nbl(stage.url)
        one = upload(form(tracker, EPISODE), EPISODE, "NBL")
        for look in (lambda: tracker.similar(one.form), lambda: tracker.find(one, None)):
            try:
                assert isinstance(look(), CannotTell)
            except Unavailable:
                assert body == "[]"


def test_keys_in_a_download_address_go_to_the_site_alone() -> None:
    with Stage() as stage:
        elsewhere = row(download="https://elsewhere.invalid/torrents.php?authkey=c4n4ryAuthkeyOfNbl")
        stage.plays(says(json.dumps({"items": [elsewhere], "total_results": 1, "total_pages": 1})))
        with pytest.raises(Unavailable) as caught:
            nbl(stage.url).registered(Receipt("7"))
    assert "another host" in caught.value.text
    assert "c4n4ry" not in repr(vars(caught.value))


def test_a_search_is_read_to_its_last_page() -> None:
    pages = [
        {"items": [row(group_id=number, file_list=[f"{number}.mkv"])], "total_results": 2, "total_pages": 2}
        for number in (1, 2)
    ]
    made = Form((("tvmazeid", "9"), ("mediainfo", "General\nComplete name : 2.mkv\n")))
    with Stage() as stage:
        stage.plays(*(says(json.dumps(page)) for page in pages))
        (match,) = nbl(stage.url).similar(made)
        assert match.torrent_id == "2"
        assert [one.line.count("page=1&") + one.line.count("page=1 ") for one in stage.asked] == [0, 1]


def test_a_form_whose_mediainfo_names_no_file_is_looked_up_by_nothing() -> None:
    with Stage() as stage:
        stage.plays(says('{"items": [], "total_results": 0, "total_pages": 0}'))
        assert isinstance(nbl(stage.url).similar(Form((("tvmazeid", "9"),))), CannotTell)


def test_a_key_that_is_missing_names_the_command_that_stores_it() -> None:

    with pytest.raises(SettingsError, match=r"seedpost secrets set nbl\.passkey"):
        open_tracker("nebulance", {}, {"api_key": KEYS["api_key"]}, name="NBL", clock=Clock(), limits=None)
