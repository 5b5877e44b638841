"""One POST, and what its answer means: every recorded ending of a real Gazelle, and every one that is unclear."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bencode2
import pytest

from tests.support_sandbox import Hands
from tests.support_trackers import (
    ACCOUNT,
    AUTHKEY,
    KEY,
    PASSKEY,
    Asked,
    Play,
    Stage,
    content,
    dripping,
    fails,
    form,
    half,
    hangs_up,
    huge,
    music,
    no_http,
    opened,
    recorded,
    recordings,
    replays,
    resets,
    says,
    silent,
    success,
    too_large,
    upload,
)
from trackers.base import Receipt, Upload
from trackers.errors import (
    AlreadyThere,
    NotAuthorised,
    Refused,
    TrackerError,
    Unavailable,
    Unconfirmed,
)

TYPES = ("sandbox-redacted", "sandbox-orpheus")


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as one:
        yield one


def send(stage: Stage, part: Play, type: str = "sandbox-orpheus", **settings: Any) -> Receipt | TrackerError:
    """What one upload came to."""
    stage.plays(part)
    tracker = opened(type, stage.url, None, **settings)
    before = len(stage.asked)
    try:
        outcome: Receipt | TrackerError = tracker.upload(upload(form(tracker)))
    except TrackerError as error:
        outcome = error
    assert len(stage.asked) == before + 1, "an upload is one request"
    return outcome


UPLOADS = [row for row in recordings() if row["method"] == "POST" and row["params"].get("action") == "upload"]


def expected(row: dict[str, Any]) -> type[object]:
    """What a recorded answer means, from the notes that were taken when it was recorded."""
    body = row["body"]
    if row["status"] == 302 or "invalid token" in body or "has been banned" in body:
        return NotAuthorised
    if "does not allow you to upload" in body or "have been revoked" in body:
        return NotAuthorised
    if "already exists" in body or "Thank you for fixing" in body:
        return AlreadyThere
    if row["status"] >= 500 or not body.startswith('{"status"') or "Internal error" in body:
        return Unconfirmed
    return Receipt if body.startswith('{"status":"success"') else Refused


def test_every_recorded_answer_to_an_upload_is_classed(stage: Stage) -> None:
    wrong = []
    for row in UPLOADS:
        outcome = send(stage, replays(row))
        if type(outcome) is not expected(row):
            wrong.append((row["label"], expected(row).__name__, repr(outcome)))
        elif isinstance(outcome, Receipt):
            response = json.loads(row["body"])["response"]
            kept = response["private"] and response["source"]
            assert (outcome.torrent_id, outcome.group_id) == (str(response["torrentId"]), str(response["groupId"]))
            assert (outcome.infohash is not None) is kept
            assert len(outcome.warnings) == len(response["warnings"])
    assert wrong == []
    assert len(UPLOADS) > 200


def test_T18_a_receipt_names_the_page_and_shows_warnings_without_html(stage: Stage) -> None:
    receipt = send(stage, replays(recorded("source absent")))
    assert isinstance(receipt, Receipt)
    assert receipt.url == f"{stage.url}/torrents.php?id=15&torrentid=21#torrent21"
    assert receipt.infohash is None
    assert receipt.warnings[0].startswith('The "source" flag was not set to OPS . Please read the wiki page about')
    assert not any("<" in text or "&quot;" in text for text in receipt.warnings)


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize(
    ("response", "ids"),
    [
        ({"private": True, "source": True, "requestid": None, "torrentid": 7, "groupid": 5}, ("7", "5")),
        ({"private": True, "source": True, "torrentId": "7", "groupId": "5", "warnings": []}, ("7", "5")),
        ({"private": True, "source": True, "torrentId": 7}, ("7", None)),
    ],
)
def test_both_spellings_of_ids_are_read_on_both_sites(
    stage: Stage, type: str, response: dict[str, object], ids: tuple[str, str | None]
) -> None:
    receipt = send(stage, success(response), type)
    assert isinstance(receipt, Receipt)
    assert (receipt.torrent_id, receipt.group_id) == ids
    assert receipt.infohash


@pytest.mark.parametrize("response", [[], {}, None, 1, "x", {"torrentId": 0}, {"torrentId": True}, {"torrentId": "a"}])
def test_T9_a_success_that_names_no_torrent_proves_nothing(stage: Stage, response: object) -> None:
    outcome = send(stage, success(response))
    assert type(outcome) is Unconfirmed
    assert outcome.code == "unreadable"


CLEAN = '{"status":"success","response":{"torrentId":1,"groupId":1,"private":true,"source":true}}'
PAGE = "<!DOCTYPE html>\n<html><head><title>Just a moment</title></head><body>Checking</body></html>"
LOGIN = '<html><title>Login :: Site</title><form action="login.php"><input type="password"></form></html>'
UNCLEAR: list[tuple[Play, str, bool]] = [
    (hangs_up, "reset", False),
    (resets, "reset", False),
    (half, "reset", False),
    (no_http, "reset", False),
    (huge, "too-big", False),
    (says(""), "empty", False),
    (says("-1"), "unreadable", False),
    (says("null"), "unreadable", False),
    (says(CLEAN[:-1]), "unreadable", False),
    (says(CLEAN + CLEAN), "unreadable", False),
    (says("This request has already been filled." + CLEAN), "unreadable", False),
    (says("noise" + '{"status":"failure","error":"invalid token"}'), "unreadable", False),
    (says(CLEAN.replace("1", "NaN")), "unreadable", False),
    (says("[" * 100_000), "unreadable", False),
    (says(b'{"status":"success","response":{"torrentId":1,"x":"\xff"}}'), "unreadable", False),
    (says('{"status":"dry run success","data":{}}'), "unreadable", False),
    (says('{"status":"failure"}'), "unreadable", False),
    (says(CLEAN, 404), "unreadable", False),
    (says(PAGE), "html", True),
    (says(PAGE, kind="text/html"), "html", True),
    (says(LOGIN, kind="text/html"), "login", True),
    (says(PAGE, 502, "text/html"), "site-error", False),
    (says("", 500), "site-error", False),
    (says(CLEAN, 503), "site-error", False),
    (says("", 520, "text/html"), "site-error", False),
    (says("", 401), "denied", True),
    (says("", 403, "text/html"), "denied", True),
    (fails("insufficient scope", 401), "denied", True),
    (fails("forbidden", 403), "denied", True),
    (says(status=301, Location="https://elsewhere.example/"), "redirect", True),
    (fails("Internal error saving torrent file. Please report this in the bugs forum."), "store", False),
    (fails("The database is on fire"), "unknown-words", False),
    (fails("failure", 404), "unknown-words", False),
]


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize(("part", "code", "stops"), UNCLEAR)
def test_T7_T8_T9_T10_T11_an_unclear_ending_is_unconfirmed(
    stage: Stage, type: str, part: Play, code: str, stops: bool
) -> None:
    outcome = send(stage, part, type)
    assert isinstance(outcome, Unconfirmed)
    assert (outcome.code, outcome.stops_lane) == (code, stops)
    assert not isinstance(outcome, AlreadyThere)


@pytest.mark.parametrize("slow", [silent, dripping])
def test_what_takes_longer_than_the_deadline_is_unconfirmed(stage: Stage, slow: Any) -> None:
    outcome = send(stage, slow(stage), deadline=0.3)
    assert isinstance(outcome, Unconfirmed)
    assert outcome.code == "timeout"


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize(
    ("part", "kind", "code"),
    [
        (fails("invalid token"), NotAuthorised, "key-refused"),
        (fails('invalid authorization type, must be "token"'), NotAuthorised, "key-refused"),
        (fails("This page is limited to API key usage only.", 401), NotAuthorised, "key-refused"),
        (fails("bad credentials", 401), NotAuthorised, "key-refused"),
        (fails("your ip address has been banned"), NotAuthorised, "address-banned"),
        (says(status=302, Location="login.php", kind="text/html"), NotAuthorised, "login"),
        (fails("Your userclass does not allow you to upload."), NotAuthorised, "no-upload-right"),
        (fails("Your upload privileges have been revoked.", 400), NotAuthorised, "no-upload-right"),
        (fails("Rate limit exceeded"), Unavailable, "rate-limited"),
        (fails("Rate limit exceeded", 400), Unavailable, "rate-limited"),
        (says(PAGE, 429, "text/html"), Unavailable, "rate-limited"),
        (fails("You must enter at least one tag. Maximum length is 200 characters.", 400), Refused, "refused"),
        (fails("Year of remaster/re-issue must be entered.", 400), Refused, "refused"),
        (fails("Record label must be between 2 and 80 characters.", 400), Refused, "refused"),
        (fails("This torrent already exists.", 400), AlreadyThere, "already-there"),
    ],
)
def test_an_answer_of_known_words_has_its_class(
    stage: Stage, type: str, part: Play, kind: type[TrackerError], code: str
) -> None:
    outcome = send(stage, part, type)
    assert (outcome.__class__, outcome.code) == (kind, code)  # type: ignore[union-attr]


def test_T14_too_large_a_form_was_not_taken() -> None:
    with Stage(reads_bodies=False) as stage:
        outcome = send(stage, too_large)
    assert type(outcome) is Refused


def test_T2_nothing_listening_is_proved_not_processed(stage: Stage) -> None:
    tracker = opened("sandbox-orpheus", "http://127.0.0.1:1", None)
    with pytest.raises(Unavailable) as caught:
        tracker.upload(upload(form(tracker)))
    assert caught.value.code == "refused"


def test_the_site_already_having_it_names_the_torrent(stage: Stage) -> None:
    outcome = send(stage, replays(recorded("fail: same torrent again (dupe infohash)")))
    assert isinstance(outcome, AlreadyThere)
    assert outcome.text.endswith("The Artist – First Album [2024 Album] (torrent 1)")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "99999999999"}, 3600.0),
        ({"Retry_After": "0"}, 20.0),
        ({"Retry_After": "soon"}, 20.0),
        ({"Retry_After": "Wed, 18 Nov 2026 11:08:20 GMT"}, 100.0),
        ({}, 20.0),
    ],
)
def test_T5_retry_after_is_obeyed_by_the_whole_lane(stage: Stage, headers: dict[str, str], seconds: float) -> None:
    clock = Hands()
    clock.time = 1_794_999_999.0 + 1.0
    stage.plays(says("", 429, **headers))
    tracker = opened("sandbox-redacted", stage.url, None, clock=clock)
    with pytest.raises(Unavailable) as caught:
        tracker.account()
    assert caught.value.retry_at == pytest.approx(clock.now() + seconds)
    assert tracker.opening() == pytest.approx(seconds)


def test_T6_a_rate_without_a_time_pauses_twice_as_long_each_time(stage: Stage) -> None:
    stage.plays(fails("Rate limit exceeded"))
    tracker, clock = opened("sandbox-orpheus", stage.url, None, clock=(clock := Hands())), clock
    pauses = []
    for _ in range(4):
        with pytest.raises(Unavailable):
            tracker.account()
        pauses.append(tracker.opening())
        clock.time += tracker.opening()
    assert pauses == pytest.approx([20.0, 40.0, 80.0, 160.0])


def parts_of(asked: Asked) -> list[tuple[str, str, bytes]]:
    """(key, file name, content) of each part of a form, in order."""
    boundary = asked.headers["content-type"].split("boundary=")[1].encode()
    rows = []
    for part in asked.body.split(b"--" + boundary)[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        names = head.decode().split("\r\n")[0].split('"')
        rows.append((names[1], names[3] if len(names) > 3 else "", value))
    return rows


def test_what_is_sent_is_the_form_then_the_torrent_then_what_goes_beside_it(stage: Stage) -> None:
    stage.plays(success({"torrentId": 1, "groupId": 1, "private": True, "source": True, "warnings": []}))
    album = content(music(media="CD", logs=("CD/rip.log",), has_log=True))
    tracker = opened("sandbox-orpheus", stage.url, None)
    made = form(tracker, album)
    one = replace(upload(made, album), attached=(("logfiles[]", "Rip \udcff.log", b"EAC"),))
    tracker.upload(one)
    asked = stage.asked[0]
    assert asked.line == "POST /ajax.php?action=upload HTTP/1.1"
    parts = parts_of(asked)
    assert [(key, value.decode()) for key, name, value in parts if not name] == list(made.fields)
    assert [(key, name) for key, name, _ in parts[-2:]] == [
        ("file_input", f"{one.infohash}.torrent"),
        ("logfiles[]", "Rip ?.log"),
    ]
    torrent = bencode2.bdecode(parts[-2][2])
    assert bencode2.bencode(torrent[b"info"]) == one.info
    assert torrent[b"announce"].decode() == ACCOUNT.announce.reveal()
    assert bencode2.bencode(torrent) == parts[-2][2], "canonical"


def test_a_torrent_file_the_site_would_not_take_is_not_sent(stage: Stage) -> None:
    stage.plays(success({}))
    tracker = opened("sandbox-orpheus", stage.url, None)
    one: Upload = replace(upload(form(tracker)), info=b"d6:pieces1000000:" + bytes(1_000_000) + b"e")
    with pytest.raises(Refused, match="larger than 1000000 bytes"):
        tracker.upload(one)
    assert stage.asked == []


ECHO = f"key {KEY} pass {PASSKEY} auth {AUTHKEY} <a href='/?k={KEY}'>x</a>"
INDEX = success({"username": "uploader", "id": 2, "authkey": AUTHKEY, "passkey": PASSKEY})


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize(
    "part",
    [
        fails(ECHO),
        fails(f"Please enter {ECHO}", 400),
        fails(f"invalid token {ECHO}"),
        fails(f"already exists {ECHO}"),
        fails(f"Rate limit exceeded {ECHO}"),
        fails(ECHO, 403),
        says(f"<html><title>{ECHO}</title>{ECHO}</html>", kind="text/html"),
        says(json.dumps({"status": "odd", KEY: 1, "passkey": PASSKEY, "error": ECHO})),
        says(status=301, Location=f"https://elsewhere.example/?{KEY}"),
        success({"torrentId": 1, "private": True, "source": True, "warnings": [ECHO]}),
        success({"x": ECHO, PASSKEY: 1}),
    ],
)
def test_no_secret_that_a_site_sends_back_is_shown(stage: Stage, type: str, part: Play, tmp_path: Path) -> None:
    stage.plays(INDEX, part)
    tracker = opened(type, stage.url, tmp_path)
    account = tracker.account()
    try:
        told = repr(tracker.upload(replace(upload(form(tracker)), account=account)))
    except TrackerError as error:
        told = "".join(traceback.format_exception(error)) + repr(vars(error))
    told += repr(account) + "".join(path.read_text() for path in tmp_path.iterdir())
    for secret in (KEY, PASSKEY, AUTHKEY):
        assert secret not in told


def test_a_passkey_is_hidden_though_this_process_never_asked_for_it(stage: Stage) -> None:
    outcome = send(stage, fails(f"odd {PASSKEY}"))
    assert isinstance(outcome, Unconfirmed)
    assert outcome.answer is not None
    assert PASSKEY not in outcome.text + outcome.answer.text


def test_an_answer_for_the_journal_is_short_and_on_one_line(stage: Stage) -> None:
    outcome = send(stage, fails("Please enter <b>a</b>\n\t\x1b[31m" + "long " * 500))
    assert isinstance(outcome, Refused)
    assert outcome.answer is not None
    assert len(outcome.answer.text) <= 500
    assert outcome.answer.text.startswith("Please enter a [31mlong")
    assert outcome.answer.text.isprintable()
