"""BTN: the contract, its forms, its two steps and its sessions, with and without a key of the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from tests.support_sandbox import Hands
from tests.support_trackers import Stage, form, opened, problems, says, upload
from tests.support_tv import ANIME, DAILY, DISC, EPISODE, FILM, IDS, REMUX, SCENE, SEASON
from tests.trackers.contract import UploaderContract, World
from tests.trackers.test_gazelle_form import FORMS, shown
from trackers.base import Absent, CannotTell, Match, Receipt, Upload
from trackers.btn import pages
from trackers.btn.release import spelt
from trackers.content import Content, File
from trackers.errors import NotAuthorised, Refused, SettingsError, TrackerError, Unavailable, Unconfirmed
from trackers.sandbox import Keys
from trackers.sandbox.btn import session
from trackers.secret import Secret

EVENING = replace(DAILY, ids=replace(IDS, tvdb=9005))
SPIRITS = replace(ANIME, ids=replace(IDS, tvdb=9006))
SHOWS: dict[str, tuple[Content, dict[str, object]]] = {
    "single episode": (EPISODE, {}),
    "season pack": (SEASON, {}),
    "daily show": (EVENING, {}),
    "remux": (REMUX, {"fasttorrent": True}),
    "scene episode": (SCENE, {}),
    "anime": (SPIRITS, {"scenename": "Harbour.Spirits.S01E07.1080p.WEB-DL.H.264-PORTS", "country": 13}),
}


def cookies(value: str) -> Secret:
    return Secret(json.dumps({"cookies": {"session": value, "keeplogged": "c4n4ryKeepLogged"}, "expires": None}))


KEYS = {"cookies": cookies("c4n4rySessionOfBtn"), "api_key": Secret("c4n4ryApiKeyOfBtn00")}
BARE = {"cookies": KEYS["cookies"]}


def btn(url: str = "http://127.0.0.1:1", secrets: Mapping[str, Secret] = KEYS) -> Any:
    return opened("sandbox-btn", url, None, secrets=secrets)


@pytest.mark.parametrize("name", SHOWS)
def test_the_form_is_as_a_careful_uploader_would_fill_it(name: str) -> None:
    content, set = SHOWS[name]
    recorded = (FORMS / f"{name.replace(' ', '-')}.BTN.txt").read_text(encoding="utf-8")
    assert shown(form(btn(), content, **set)) == recorded


def changed(content: Content, **changes: Any) -> Content:
    """With another video."""
    assert content.video is not None
    return replace(content, video=replace(content.video, **changes))


def told(content: Content, **changes: Any) -> Content:
    """With another episode."""
    assert content.video is not None
    assert content.video.tv is not None
    return changed(content, tv=replace(content.video.tv, **changes))


@pytest.mark.parametrize(
    ("content", "set", "field", "words"),
    [
        (FILM, {}, "kind", "takes series alone, not movie"),
        (DISC, {}, "video.kind", "no discs"),
        (changed(REMUX, source="DVD"), {}, "video.kind", "forbids remuxes of DVDs"),
        (ANIME, {"country": 13}, "scenename", "set scenename"),
        (SPIRITS, {}, "country", "its language is ja"),
        (EPISODE, {"country": "Japan"}, "country", "whole number"),
        (replace(EPISODE, ids=replace(IDS, tvdb=None)), {}, "ids.tvdb", "set ids.tvdb"),
        (told(EPISODE, title=None), {}, "tv.title", "set tv.title"),
        (told(EPISODE, season=None), {}, "tv.season", "set tv.season"),
        (told(EPISODE, episodes=()), {}, "tv.episode", "neither episode"),
        (told(SEASON, episodes=(1, 3)), {}, "tv.episode", "has gaps"),
        (changed(EPISODE, mediainfo=None), {}, "video.mediainfo", "install libmediainfo"),
        (changed(EPISODE, container="OGM"), {}, "format", "has no format OGM: set format, one of AVI"),
        (changed(EPISODE, codec=None), {}, "bitrate", "its bitrate is not known"),
        (EPISODE, {"media": "Tape"}, "media", "has no media Tape"),
        (replace(SEASON, files=(*SEASON.files, File("a.nfo", 9))), {}, "files.names", "a.nfo): name them in exclude"),
        (replace(EPISODE, single=False), {}, "files.count", "without a folder: set stage"),
        (replace(EPISODE, name="T" * 120 + ".mkv"), {}, "scenename", "100 letters"),
    ],
)
def test_what_would_be_refused_is_told_before(content: Content, set: dict[str, object], field: str, words: str) -> None:
    assert words in problems(btn(), content, **set)[field]


def test_names_are_written_as_the_site_writes_them() -> None:
    spaced = replace(EPISODE, name="Tidal Office S01E02 1080p WEB-DL DDP 5.1.mkv", group=None)
    made = form(btn(), spaced)
    assert made.get("scenename") == "Tidal.Office.S01E02.1080p.WEB-DL.DDP5.1-NOGRP"
    assert (made.get("origin"), form(btn(), changed(EPISODE, resolution="576p")).get("resolution")) == ("None", "SD")


@pytest.mark.parametrize(
    ("name", "series", "told"),
    [
        (
            "Café Life S01E02 1080p WEB-DL DDP 5.1 Atmos H.264",
            "Café Life",
            "Cafe.Life.S01E02.1080p.WEB-DL.DDPA5.1.H.264",
        ),
        (
            "A.Show.S01.2160p.BluRay.TrueHD.7.1.Atmos.DV.HDR10.x265",
            "",
            "A.Show.S01.DV.HDR10.2160p.BluRay.TrueHDA7.1.x265",
        ),
        ("A.Show.S01.1080p.BluRay.TrueHD.Atmos.7.1.x264", "", "A.Show.S01.1080p.BluRay.TrueHDA7.1.x264"),
        ("A.Show.S01.TrueHD.Atmos.1080p", "", "A.Show.S01.TrueHDA.1080p"),
        ("A.Show.2019.S01E02.SD.WEB.x264-GRP", "A Show", "A.Show.S01E02.WEB.x264-GRP"),
        ("A.Show.2019.S01E02.480p-GRP", "A Show 2019", "A.Show.2019.S01E02.480p-GRP"),
        ("A.Show.2026.03.14.720p.WEB.HDR-GRP", "A Show", "A.Show.2026.03.14.HDR.720p.WEB-GRP"),
    ],
)
def test_each_rule_of_names_is_kept(name: str, series: str, told: str) -> None:
    assert spelt(name, series) == told
    assert spelt(told, series) == told


def test_a_scenes_nfo_goes_beside_its_torrent_and_its_name_is_left() -> None:
    made = form(btn(), replace(SCENE, nfo="tidal.nfo", name="Tidal.Office.2019.S01E03.SD.HDTV.x264-PORTS.mkv"))
    assert [(one.key, one.path) for one in made.attachments] == [("nfo", "tidal.nfo")]
    assert made.get("scenename") == "Tidal.Office.2019.S01E03.SD.HDTV.x264-PORTS"
    assert form(btn(), replace(EPISODE, nfo="tidal.nfo")).attachments == ()


class TestBtn(UploaderContract):
    site = "btn"
    contents: ClassVar[Mapping[str, tuple[Content, dict[str, object]]]] = SHOWS
    account_asks: ClassVar[list[str]] = ["upload-page", "userInfo"]
    most_asked: ClassVar[int] = 8
    whose: ClassVar[bool | None] = None

    def secrets(self, keys: Keys) -> dict[str, Secret]:
        return {"cookies": cookies(session(keys.passkey)), "api_key": Secret(keys.api_key)}

    def same(self, registered: Any, ours: Any) -> None:
        del registered[b"x-copy"]
        assert registered == ours

    def sent(self, one: Upload) -> list[tuple[str, str]]:
        first = ("scene_yesno", "autofill", "auto_series", "auto_title", "auto_season", "series")
        return [pair for pair in one.form.fields if pair[0] not in first]

    def test_looks_in_a_row_never_meet_the_sites_limit(self, world: World) -> None:
        one = world.prepared(world.tracker)
        with pytest.raises(Unavailable) as caught:
            for _ in range(25):
                assert isinstance(world.tracker.find(one, None), Absent)
        assert caught.value.code == "rate-limited"  # before the site would say so: an hour is not waited out here
        assert len(world.asked()) == 61

    def bare(self, world: World) -> Any:
        """An uploader without a key of the API."""
        keys = {"cookies": cookies(session(world.sandbox.account("btn").passkey))}
        return opened("sandbox-btn", world.sandbox.url_of("btn"), None, clock=world.clock, secrets=keys)

    def test_a_release_of_that_name_is_a_duplicate(self, world: World) -> None:
        receipt = world.tracker.upload(world.prepared(world.tracker))
        (match,) = world.tracker.similar(form(world.tracker, EPISODE))
        assert isinstance(match, Match)
        assert (match.what, match.torrent_id, match.facts["Source"]) == ("torrent", receipt.torrent_id, "WEB-DL")

    def test_a_success_that_names_the_group_alone_is_completed_by_the_api(self, world: World) -> None:
        world.fail("group-alone", action="upload")
        receipt = world.tracker.upload(world.prepared(world.tracker))
        assert receipt.torrent_id == str(world.sandbox.torrents("btn", "uploader")[0].id)

    def test_a_success_that_names_the_group_alone_is_for_a_person_without_a_key(self, world: World) -> None:
        bare = self.bare(world)
        world.fail("group-alone", action="upload")
        with pytest.raises(Unconfirmed, match="under which number"):
            bare.upload(world.prepared(bare))

    def test_without_a_key_it_uploads_and_a_lost_answer_can_not_be_looked_up(self, world: World) -> None:
        bare = self.bare(world)
        assert not bare.looks_up
        one = world.prepared(bare)
        assert (one.account.user, bare.similar(one.form)) == ("", [])
        assert "look for duplicates" in one.form.notes[-1]
        world.fail("lost", action="upload")
        with pytest.raises(Unconfirmed):
            bare.upload(one)
        assert isinstance(bare.find(one, None), CannotTell)
        assert len(world.sandbox.posts("btn")) == 1

    def test_a_session_that_ends_between_the_two_steps_is_asked_for_nothing_more(self, world: World) -> None:
        one = world.prepared(world.tracker)
        world.fail("login", action="upload")
        with pytest.raises(NotAuthorised, match=r"seedpost secrets set btn\.cookies"):
            world.tracker.upload(one)
        assert world.asked()[-2:] == ["autofill", "upload"]
        assert "login.php" not in world.asked()
        assert world.sandbox.torrents("btn", "uploader") == []

    @pytest.mark.parametrize("kind", ["login", "login-page"])
    def test_a_session_that_has_ended_is_told_at_the_first_step(self, world: World, kind: str) -> None:
        one = world.prepared(world.tracker)
        world.fail(kind, action="autofill")
        with pytest.raises(NotAuthorised, match="the session has ended"):
            world.tracker.upload(one)
        assert world.sandbox.posts("btn") == []

    def test_cookies_of_a_stranger_are_no_session(self, world: World) -> None:
        with pytest.raises(NotAuthorised, match="export its cookies"):
            btn(world.sandbox.url_of("btn")).account()
        assert world.asked() == ["upload-page"]

    @pytest.mark.parametrize("kind", ["lost", "bad-gateway", "html", "empty"])
    def test_a_first_step_that_failed_has_published_nothing(self, world: World, kind: str) -> None:
        one = world.prepared(world.tracker)
        world.fail(kind, action="autofill")
        with pytest.raises(Unavailable):
            world.tracker.upload(one)
        assert world.sandbox.posts("btn") == []

    @pytest.mark.parametrize(
        ("tvdb", "words"), [(9006, "says 'Harbour Spirits', not 'Tidal Office'"), (1, "knows no such series")]
    )
    def test_an_autofill_of_another_series_stops_before_the_upload(self, world: World, tvdb: int, words: str) -> None:
        one = world.prepared(world.tracker, replace(EPISODE, ids=replace(IDS, tvdb=tvdb)))
        with pytest.raises(Refused) as caught:
            world.tracker.upload(one)
        assert caught.value.code == "autofill"
        assert words in caught.value.text
        assert world.sandbox.posts("btn") == []

    def test_the_series_may_have_another_name_on_the_site_if_a_person_says_so(self, world: World) -> None:
        other = replace(EPISODE, ids=replace(IDS, tvdb=9006))
        assert world.tracker.upload(world.prepared(world.tracker, other, series="harbour spirits")).torrent_id

    def test_a_rehearsal_shows_what_the_site_fills_in(self, world: World) -> None:
        assert world.tracker.dry_run(world.prepared(world.tracker))["artist"] == "Tidal Office"
        assert world.sandbox.posts("btn") == []

    @pytest.mark.parametrize(
        ("key", "value", "told"),
        [
            ("scenename", "", "You must fill in scenename"),
            ("origin", "", "You must fill in origin"),
            ("format", "", "You must fill in format"),
            ("media", "Betamax", "Please choose a media"),
            ("resolution", "8", "Please choose a resolution"),
            ("bitrate", "H.263", "Please choose a bitrate"),
            ("release_desc", "by eye", "Please choose a MediaInfo"),
            ("foreign", "on", "Please choose a country"),
        ],
    )
    def test_every_refusal_of_the_form_is_told_as_its_sentence_alone(
        self, world: World, key: str, value: str, told: str
    ) -> None:
        one = world.prepared(world.tracker)
        fields = (*((name, was) for name, was in one.form.fields if name != key), (key, value))
        with pytest.raises(Refused) as caught:
            world.tracker.upload(replace(one, form=replace(one.form, fields=fields)))
        assert caught.value.text == f"BTN: {told}"
        assert len(world.sandbox.posts("btn")) == 1

    def test_a_torrent_that_is_none_is_told(self, world: World) -> None:
        with pytest.raises(Refused, match="BTN: You seem to have put something other than a torrent file"):
            world.tracker.upload(replace(world.prepared(world.tracker), info=b"x"))

    def test_what_is_registered_is_never_a_page(self, world: World) -> None:
        with pytest.raises(Unavailable, match="no torrent"):
            world.tracker.registered(Receipt("999999"))

    def test_a_canary_that_vanished_is_none(self, world: World) -> None:
        before = world.tracker.upload(world.prepared(world.tracker, EVENING))
        one = world.prepared(world.tracker, SPIRITS, scenename="Harbour.Spirits.S01E08-PORTS", country=13)
        assert world.tracker.find(one, before) == Absent(before.torrent_id)
        world.sandbox.remove("btn", int(before.torrent_id))
        assert isinstance(world.tracker.find(one, before), CannotTell)
        assert isinstance(world.tracker.find(one, None), Absent)  # the newest of the site


def test_a_cookie_of_one_letter_takes_no_letters_out_of_what_is_told() -> None:
    export = Secret(json.dumps({"cookies": {"session": "c4n4rySessionOfBtn", "keeplogged": "1", "empty": ""}}))
    page = "<p>Rule 11: no, c4n4rySessionOfBtn</p><input name=file_input>"
    with Stage() as stage:
        stage.plays(says(AUTOFILLED, 200, "text/html"), says(page, 200, "text/html"))
        tracker = btn(stage.url, {"cookies": export})
        with pytest.raises(Refused, match=r"Rule 11: no, \*\*\*$"):
            tracker.upload(upload(form(tracker, EPISODE), EPISODE, "BTN"))


def result(value: object) -> str:
    return json.dumps({"id": 1, "result": value})


def refusal(code: int, message: str) -> str:
    return json.dumps({"id": 1, "result": None, "error": {"code": code, "message": message}})


@pytest.mark.parametrize(
    ("play", "meant", "code", "words"),
    [
        (says(refusal(-32001, "Invalid API Key")), NotAuthorised, "key-refused", "Invalid API Key"),
        (says("", 401), NotAuthorised, "key-refused", "refused the key"),
        (says(refusal(-32002, "Call Limit Exceeded")), Unavailable, "rate-limited", "too many"),
        (says("", 503), Unavailable, "rate-limited", "too many"),
        (says("", 429), Unavailable, "rate-limited", "too many"),
        (says(refusal(-32004, "Unauthorized IP")), NotAuthorised, "address-new", "approve it in the site's notices"),
        (says("<html>", 200, "text/html"), Unavailable, "unreadable", "something else than JSON-RPC"),
        (says("Query execution was interrupted"), Unavailable, "unreadable", "something else"),
        (says(json.dumps({"error": "odd"})), Unavailable, "site-error", "odd"),
        (says("{}"), Unavailable, "unreadable", "something else"),
    ],
)
def test_each_failure_of_the_api_has_its_meaning(play: Any, meant: type[TrackerError], code: str, words: str) -> None:
    with Stage() as stage:
        stage.plays(play)
        with pytest.raises(TrackerError) as caught:
            btn(stage.url).similar(form(btn(), EPISODE))
    assert (type(caught.value), caught.value.code) == (meant, code)
    assert words in caught.value.text


def test_a_call_limit_pauses_twice_as_long_each_time_it_comes_again() -> None:
    with Stage() as stage:
        stage.plays(says(refusal(-32002, "Call Limit Exceeded")))
        clock, pauses = Hands(), []
        tracker = opened("sandbox-btn", stage.url, None, clock=clock, secrets=KEYS)
        for _ in range(3):
            with pytest.raises(Unavailable) as caught:
                tracker.similar(form(btn(), EPISODE))
            assert caught.value.retry_at is not None
            pauses.append(caught.value.retry_at - clock.now())
            clock.time += pauses[-1]
    assert pauses == pytest.approx([20.0, 40.0, 80.0])


@pytest.mark.parametrize("value", [[], {}, None, "", "0", {"results": "0", "torrents": []}, {"results": 0}])
def test_an_empty_list_comes_in_many_ways(value: object) -> None:
    with Stage() as stage:
        stage.plays(says(result(value)))
        assert btn(stage.url).similar(form(btn(), EPISODE)) == []


@pytest.mark.parametrize(
    "value",
    [
        ["x"], {"results": "1", "torrents": ["x"]}, {"results": "2", "torrents": {"1": {}}},
        {"results": "2", "torrents": {"1": {"TorrentID": "1", "GroupID": "1", "Size": "1"}}},
        {"results": "1", "torrents": {"1": 7}},
    ],
)  # fmt: skip
def test_a_list_that_is_not_whole_proves_nothing(value: object) -> None:
    with Stage() as stage:
        stage.plays(says(result(value)))
        assert isinstance(btn(stage.url).similar(form(btn(), EPISODE)), CannotTell)
        assert isinstance(btn(stage.url).find(upload(form(btn(), EPISODE), EPISODE, "BTN"), None), CannotTell)


AUTOFILLED = '<input name="seriesid" value="7"><input name="artist" value="Tidal Office"><input name="title" value="2">'


@pytest.mark.parametrize(
    ("play", "meant", "code"),
    [
        (says("", 302, Location="/torrents.php?id=9"), Unconfirmed, "unreadable"),
        (says("", 302, Location="https://elsewhere.invalid/"), Unconfirmed, "redirect"),
        (says("", 302, Location="login.php"), NotAuthorised, "login"),
        (says("<p>Nope</p><input name=file_input>", 200, "text/html"), Refused, "refused"),
        (says("<p>Hm</p>", 200, "text/html"), Unconfirmed, "unreadable"),
        (says("x", 403), Unconfirmed, "unreadable"),
        (says("x", 500), Unconfirmed, "site-error"),
        (says("", 413), Refused, "refused"),
    ],
)
def test_each_end_of_the_second_step_has_its_meaning(play: Any, meant: type[TrackerError], code: str) -> None:
    with Stage() as stage:
        stage.plays(says(AUTOFILLED, 200, "text/html"), play)
        tracker = btn(stage.url, BARE)
        with pytest.raises(TrackerError) as caught:
            tracker.upload(upload(form(tracker, EPISODE), EPISODE, "BTN"))
    assert (type(caught.value), caught.value.code) == (meant, code)
    assert "c4n4ry" not in repr(vars(caught.value))


def test_the_passkey_is_a_secret_of_its_own_where_the_page_does_not_show_it() -> None:
    with Stage() as stage:
        stage.plays(says("autofill", 200, "text/html"))
        with pytest.raises(Unavailable, match=r"seedpost secrets set btn\.passkey"):
            btn(stage.url, BARE).account()
        known = btn(stage.url, BARE | {"passkey": Secret("c4n4ryPasskeyOfBtn")}).account()
        assert "c4n4ryPasskeyOfBtn" in known.announce.reveal()
        stage.plays(says("maintenance", 503))
        with pytest.raises(Unavailable, match="an error of its own"):
            btn(stage.url, BARE).account()


@pytest.mark.parametrize("text", ["", "session=1", "{}", '{"cookies": {}}', '{"cookies": []}'])
def test_cookies_that_were_not_imported_name_the_command_that_does(text: str) -> None:
    with pytest.raises(SettingsError, match=r"seedpost secrets set btn\.cookies"):
        btn(secrets={"cookies": Secret(text)} if text else {"api_key": KEYS["api_key"]})


def test_a_season_by_its_bare_number_is_named() -> None:
    filled = pages.filled('<input name="title" value="3"><textarea name="album_desc">A &amp; B</textarea>')
    assert filled == {"title": "Season 3", "album_desc": "A & B"}
    assert pages.mismatch({"artist": "Law & Port", "title": "x"}, "Law and Port", "Episode") == ""
    assert "no such" in pages.mismatch({"artist": "A"}, "A", "Episode")
