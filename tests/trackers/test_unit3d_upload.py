"""What UNIT3D's literal answers mean: five versions of real servers were recorded."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support_trackers import Play, Stage, form, half, hangs_up, resets, says, upload
from tests.support_unit3d import ACCOUNT, RSSKEY, answered, answers, film, opened
from trackers.base import Absent, CannotTell, Receipt, Upload
from trackers.errors import AlreadyThere, NotAuthorised, Refused, TrackerError, Unavailable, Unconfirmed
from trackers.http import Reply
from trackers.unit3d.answers import Said, read
from trackers.unit3d.outcome import receipt

DATA = Path(__file__).parent / "data"


def sent(stage: Stage, **settings: object) -> tuple[Upload, Receipt]:
    tracker = opened(stage.url, **settings)
    one = upload(form(tracker, film()), film(), "", ACCOUNT)
    return one, tracker.upload(one)


def ending(label: str) -> TrackerError:
    with Stage() as stage:
        stage.plays(answered(label))
        with pytest.raises(TrackerError) as caught:
            sent(stage)
        assert len(stage.asked) == 1
    return caught.value


def test_a_success_tells_the_id_and_keeps_the_key_of_the_address() -> None:
    with Stage() as stage:
        stage.plays(answered("up-movie-min"))
        one, told = sent(stage)
        assert told == Receipt("1", None, f"{stage.url}/torrents/1")
    (asked,) = stage.asked
    assert asked.line == "POST /api/torrents/upload HTTP/1.1"
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["authorization"].startswith("Bearer ")
    assert f'name="torrent"; filename="{one.infohash}.torrent"'.encode() in asked.body
    assert b"announce" not in asked.body
    assert b"10:created by33:seedpost " in asked.body


REFUSED = {
    "val-category-only": "The name field is required. The description field is required. The type id field is required."
    " The resolution id field is required. anonymous: The anon field is required.",
    "val-no-file": "You Must Provide A Torrent File For Upload!",
    "val-ext-upper": "You Must Provide A Valid Torrent File For Upload!",
    "val-category-missing": "the site has no such category: mend 'categories'",
    "val-category-unknown": "the site has no such category: mend 'categories'",
    "val-name-missing": "The name field is required.",
    "val-name-256": "The name must not be greater than 255 characters.",
    "val-description-missing": "The description field is required.",
    "val-type-unknown": "The selected type id is invalid.",
    "val-resolution-unknown": "The selected resolution id is invalid.",
    "val-region-unknown": "The selected region id is invalid.",
    "val-distributor-unknown": "The selected distributor id is invalid.",
    "val-season-missing-tv": "The season number field is required. The episode number field is required.",
    "val-season-text-tv": "The season number must be an integer.",
    "val-season-in-movie": "The season number field is prohibited.",
    "val-anon-missing": "anonymous: The anon field is required.",
    "val-imdb-negative": "The imdb must be at least 0.",
    "val-tmdb-negative": "tmdb: The tmdb movie id must be at least 0.",
    "val-tvdb-in-movie": "The tvdb must be null.",
    "val-info-empty": "You Must Provide A Valid Torrent File For Upload!",
    "fname-colon": "Invalid Filenames In Torrent Files!",
    "v900-up-without-ids": "The imdb field is required.",
    "v834-up-without-ids": "The stream field is required.",
    "limit-upload-max-2M-file-3M": "You Must Provide A Torrent File For Upload!",
    "limit-post-max-8M-body-10M": "larger than the site takes",
    "limit-nginx-1m-body-3M": "larger than the site takes",
}


@pytest.mark.parametrize("label", REFUSED)
def test_a_validation_failure_is_told_as_a_sentence(label: str) -> None:
    error = ending(label)
    assert type(error) is Refused
    assert error.text.startswith("EXM: ")
    assert REFUSED[label] in error.text


RECORDED = [json.loads(line) for line in (DATA / "sandbox_unit3d.jsonl").read_text("utf-8").split("\n") if line]
# Every one there is; two versions' were cut when they were recorded.
FAILURES = {
    row["label"]: row["body"]
    for row in RECORDED
    if (row["method"], row["status"]) == ("POST", 404) and '"success":false' in row["body"] and row["body"][-1] == "}"
}


@pytest.mark.parametrize("label", FAILURES)
def test_every_validation_failure_that_was_recorded_is_told_in_sentences(label: str) -> None:
    reply = Reply(404, {"content-type": "application/json"}, FAILURES[label].encode())
    said = read(reply, str)
    assert isinstance(said, Said)
    with pytest.raises((Refused, AlreadyThere)) as caught:
        receipt(said, "https://tracker.example", "EXM", str)
    whole = json.loads(FAILURES[label])["data"]
    told = [whole] if isinstance(whole, str) else [text for texts in whole.values() for text in texts]
    assert told
    assert all(text in caught.value.text for text in told)
    assert re.fullmatch(r"EXM: [^{}\[\]\\]+[.!]", caught.value.text)
    assert isinstance(caught.value, AlreadyThere) is ("taken" in caught.value.text)


MEANT = {
    "dup-name-same-torrent": (AlreadyThere, "already-there", False),
    "v915-dup-infohash": (AlreadyThere, "already-there", False),
    "v915-dup-name-and-infohash": (AlreadyThere, "already-there", False),
    "auth-wrong-upload-json": (NotAuthorised, "key-refused", False),
    "auth-none-upload-noaccept": (NotAuthorised, "login", False),
    "banned-upload": (NotAuthorised, "no-upload-right", False),
    "noupload-json": (NotAuthorised, "no-upload-right", False),
    "v915-noupload": (NotAuthorised, "no-upload-right", False),
    "rate-429-upload": (Unavailable, "rate-limited", False),
    "maintenance-user-json": (Unavailable, "site-error", False),
    "maintenance-upload-noaccept": (Unconfirmed, "site-error", False),
    "search-503-upload": (Unconfirmed, "site-error", False),
    "val-desc-bad-utf8": (Unconfirmed, "site-error", False),
    "val-empty-file": (Unconfirmed, "site-error", False),
    "db-down-upload-json": (Unconfirmed, "site-error", False),
    "db-down-upload-noaccept": (Unconfirmed, "site-error", False),
    "fpm-down-user": (Unconfirmed, "site-error", False),
    "val-category-unknown-noaccept": (Unconfirmed, "html", True),
}


@pytest.mark.parametrize("label", MEANT)
def test_each_answer_has_its_meaning_by_status_and_body_together(label: str) -> None:
    error = ending(label)
    kind, code, stops = MEANT[label]
    assert (type(error), error.code) == (kind, code)
    assert getattr(error, "stops_lane", False) is stops
    if kind is Unavailable:
        assert getattr(error, "retry_at", None) is not None or code != "rate-limited"


def test_the_recordings_are_all_used() -> None:
    others = {"up-movie-min", "up-bearer", "user-bearer", "banned-json", "rate-429-json", "filter-none-match"}
    looks = {
        label for label in answers() if label.startswith(("download", "rejected", "file-gone", "disk", "search-503"))
    }
    assert set(answers()) == others | looks | set(REFUSED) | set(MEANT)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ('{"success":true,"data":"https://x/torrent/download/","message":"Torrent uploaded"}', 200, "unreadable"),
        ('{"success":true}', 201, "unreadable"),
        ('{"success":false,"message":"Something else","data":"No."}', 404, "unknown-words"),
        ('{"message":"Gone fishing"}', 200, "unknown-words"),
        ("{}", 200, "unknown-words"),
        ("[]", 200, "unreadable"),
        ("", 200, "empty"),
        ('<html><input type="password"></html>', 200, "login"),
        ('{"message":"No."}', 403, "denied"),
        ("no", 401, "denied"),
    ],
)
def test_what_nobody_can_read_is_unconfirmed(body: str, status: int, code: str) -> None:
    with Stage() as stage:
        stage.plays(says(body, status))
        with pytest.raises(Unconfirmed) as caught:
            sent(stage)
    assert caught.value.code == code
    assert caught.value.stops_lane is (code in ("login", "denied"))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"message":"The given data was invalid.","errors":{"name":["Too short."]}}', 422),
        ('{"message":"The route api/torrents/upload could not be found."}', 404),
        ('{"message":"The POST method is not supported for route x."}', 405),
    ],
)
def test_what_comes_before_anything_is_stored_is_a_refusal(body: str, status: int) -> None:
    with Stage() as stage:
        stage.plays(says(body, status))
        with pytest.raises(Refused):
            sent(stage)


def test_some_sites_tell_the_bare_id() -> None:
    with Stage() as stage:
        stage.plays(says('{"success":true,"data":77,"message":"ok"}'))
        assert sent(stage)[1].torrent_id == "77"


@pytest.mark.parametrize("part", [hangs_up, resets, half])
def test_an_answer_that_does_not_come_is_unconfirmed(part: object) -> None:
    with Stage() as stage:
        stage.plays(part)  # type: ignore[arg-type]
        with pytest.raises(Unconfirmed):
            sent(stage)


def test_a_redirect_elsewhere_stops_the_lane_and_is_not_followed() -> None:
    with Stage() as stage:
        stage.plays(says("", 302, "text/html", Location="https://elsewhere.example/"))
        with pytest.raises(Unconfirmed) as caught:
            sent(stage)
        assert caught.value.stops_lane
        assert len(stage.asked) == 1


@pytest.mark.parametrize(
    "label", ["download-wrong-rsskey", "download-wrong-rsskey-json", "rejected-download-json", "file-gone-download"]
)
def test_what_is_no_torrent_at_the_address_is_not_seeded(label: str) -> None:
    row = {"type": "torrent", "id": "5", "attributes": {"name": "x", "size": 1, "download_link": link("5")}}
    with Stage() as stage:
        tracker = opened(stage.url)
        stage.plays(
            says(json.dumps({"data": [row], "links": {"next": None}})),
            answered(label),
            says(json.dumps({"data": [row], "links": {}})),
            answered(label),
        )
        with pytest.raises(Unavailable) as caught:
            tracker.registered(Receipt("5"))
        assert caught.value.code == "no-torrent"
        assert RSSKEY not in caught.value.text
        assert [one.line.split()[1].partition("?")[0] for one in stage.asked[:2]] == [
            "/api/torrents/filter",
            f"/torrent/download/5.{RSSKEY}",
        ]


def link(torrent_id: str) -> str:
    return f"https://tracker.example/torrent/download/{torrent_id}.{RSSKEY}"


def test_a_site_without_a_torrent_tells_no_address_to_fetch_at() -> None:
    with Stage() as stage:
        stage.plays(answered("filter-none-match"))
        with pytest.raises(Unavailable):
            opened(stage.url).registered(Receipt("5"))


@pytest.mark.parametrize("label", ["banned-json", "rate-429-json", "search-503-filter", "filter-none-match"])
def test_an_account_that_can_not_be_read_is_told(label: str) -> None:
    with Stage() as stage:
        stage.plays(answered(label))
        with pytest.raises((NotAuthorised, Unavailable)) as caught:
            opened(stage.url).account()
    assert caught.value.text.startswith("EXM: ")


def test_an_account_on_a_site_without_torrents_has_no_announce_address() -> None:
    with Stage() as stage:
        stage.plays(answered("user-bearer"), answered("filter-none-match"))
        account = opened(stage.url).account()
    assert (account.user, account.announce.reveal()) == ("uploader", "")


def listed(*rows: dict[str, object], more: bool = False) -> Play:
    data = [{"type": "torrent", "id": "5", "attributes": {"name": "x", "size": 1} | row} for row in rows]
    return says(json.dumps({"data": data, "links": {"next": "https://x/?page=2" if more else None}}))


def look(*parts: Play) -> object:
    with Stage() as stage:
        tracker = opened(stage.url)
        stage.plays(*parts)
        return tracker.find(upload(form(tracker, film()), film(), "", ACCOUNT), None)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([says('{"data":{}}')], "unknown shape"),
        ([says('{"message":"The route x could not be found."}', 404)], "unknown shape"),
        ([listed({}, more=True)], "more than 4 torrents"),
        ([listed(), listed(), says("{}")], "unknown shape"),
        ([listed(), listed(), listed()], "lists no torrent at all"),
        (
            [listed(), listed(), says('{"data":[7,{"id":"x","attributes":{}},{"id":"1","attributes":{}}]}')],
            "no torrent",
        ),
    ],
)
def test_a_list_that_can_not_be_read_proves_nothing(parts: list[Play], why: str) -> None:
    told = look(*parts)
    assert isinstance(told, CannotTell)
    assert why in told.why


@pytest.mark.parametrize("files", [None, "x", [7], [{"name": "a", "size": "1"}]])
def test_a_torrent_whose_files_are_not_listed_is_not_taken_for_ours(files: object) -> None:
    size = film().size
    assert isinstance(look(listed({"size": size, "files": files})), Absent)


def test_what_is_listed_for_the_announce_address_may_be_unreadable() -> None:
    with Stage() as stage:
        stage.plays(answered("user-bearer"), says("{}"))
        assert opened(stage.url).account().announce.reveal() == ""


def test_a_torrent_that_no_site_takes_is_not_sent() -> None:
    with Stage() as stage:
        tracker = opened(stage.url)
        one = upload(form(tracker, film()), film(), "", ACCOUNT)
        stage.plays(answered("up-movie-min"))
        with pytest.raises(Refused):
            tracker.upload(replace(one, info=b"x" * 2_000_001))
        assert stage.asked == []


def test_pictures_need_a_host_that_is_configured() -> None:
    with pytest.raises(Refused):
        opened("http://127.0.0.1:1").host_image(b"", "a.png")


def test_a_download_that_is_limited_is_waited_for() -> None:
    with Stage() as stage:
        tracker = opened(stage.url)
        stage.plays(listed({"download_link": link("5")}), answered("rate-429-json"))
        with pytest.raises(Unavailable) as caught:
            tracker.registered(Receipt("5"))
        assert (caught.value.code, tracker.opening() > 0) == ("rate-limited", True)
