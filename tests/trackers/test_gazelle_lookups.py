"""What a Gazelle site is asked, and what of its answers is believed: account, releases, our upload, its torrent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support_trackers import (
    AUTHKEY,
    PASSKEY,
    Play,
    Stage,
    content,
    edition,
    fails,
    form,
    half,
    hangs_up,
    music,
    opened,
    recorded,
    replays,
    says,
    success,
    upload,
)
from trackers.base import Absent, CannotTell, Found, Match, Receipt
from trackers.content import Credit, File
from trackers.errors import NotAuthorised, Unavailable
from trackers.gazelle.fold import folded, words


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as one:
        yield one


def ops(stage: Stage, *parts: Play, **settings: Any) -> Any:
    stage.plays(*parts)
    return opened("sandbox-orpheus", stage.url, None, **settings)


def queries(stage: Stage) -> list[dict[str, str]]:
    """What was asked, in order."""
    found = [parse_qs(urlsplit(asked.line.split(" ")[1]).query) for asked in stage.asked]
    return [{key: values[0] for key, values in query.items()} for query in found]


AWAY: list[tuple[Play, type[Exception], str]] = [
    (hangs_up, Unavailable, "reset"),
    (half, Unavailable, "reset"),
    (says(""), Unavailable, "empty"),
    (says("-1"), Unavailable, "unreadable"),
    (says("", 500), Unavailable, "site-error"),
    (says("<html><title>502</title></html>", 502, "text/html"), Unavailable, "site-error"),
    (says("<html><title>Just a moment</title></html>", kind="text/html"), Unavailable, "html"),
    (says('<html><a href="login.php">in</a></html>', kind="text/html"), NotAuthorised, "login"),
    (says(status=302, Location="login.php", kind="text/html"), NotAuthorised, "login"),
    (says(status=301, Location="https://new.example/ajax.php"), Unavailable, "redirect"),
    (says("", 401), NotAuthorised, "denied"),
    (fails("forbidden", 403), NotAuthorised, "denied"),
    (fails("invalid token"), NotAuthorised, "key-refused"),
    (fails("your ip address has been banned"), NotAuthorised, "address-banned"),
    (fails("Rate limit exceeded"), Unavailable, "rate-limited"),
    (says("", 429, Retry_After="3"), Unavailable, "rate-limited"),
]


@pytest.mark.parametrize("verb", ["account", "similar", "find", "registered"])
@pytest.mark.parametrize(("part", "kind", "code"), AWAY)
def test_a_look_that_was_not_answered_says_why(
    stage: Stage, verb: str, part: Play, kind: type[Exception], code: str
) -> None:
    tracker = ops(stage, part)
    made = form(tracker)
    asked: dict[str, tuple[object, ...]] = {
        "account": (), "similar": (made,), "find": (upload(made), None), "registered": (Receipt("1"),),
    }  # fmt: skip
    with pytest.raises((Unavailable, NotAuthorised)) as caught:
        getattr(tracker, verb)(*asked[verb])
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert len(stage.asked) == 1, "nothing is asked twice"


def test_a_site_that_names_a_time_to_come_back_is_believed(stage: Stage) -> None:
    tracker = ops(stage, says("", 503, Retry_After="120"))
    with pytest.raises(Unavailable) as caught:
        tracker.account()
    assert caught.value.retry_at == pytest.approx(1_795_000_000.0 + 120.0)


# account


def test_the_account_is_read_from_a_recorded_answer(stage: Stage) -> None:
    row = recorded("index limited")
    account = ops(stage, replays(row)).account()
    passkey = json.loads(row["body"])["response"]["passkey"]
    assert (account.user, account.user_id, account.may_upload) == ("limited", "3", None)
    port = stage.url.rsplit(":", 1)[1]
    assert account.announce.reveal() == f"http://127.0.0.1:{port}/announce/orpheus/{passkey}/announce"


@pytest.mark.parametrize(
    "response",
    [
        {},
        [],
        None,
        {"username": "u"},
        {"passkey": PASSKEY},
        {"username": "u", "passkey": "a/../b"},
        {"username": "u", "passkey": 7.5},
    ],
)
def test_an_account_without_name_or_passkey_is_none(stage: Stage, response: object) -> None:
    tracker = ops(stage, success(response))
    with pytest.raises(Unavailable, match="unknown shape"):
        tracker.account()


def test_php_warnings_before_the_answer_to_a_look_do_no_harm(stage: Stage) -> None:
    body = json.dumps(
        {"status": "success", "response": {"username": "u", "id": "9", "passkey": PASSKEY, "authkey": AUTHKEY}}
    )
    tracker = ops(stage, says("<br />\n<b>Warning</b>: Undefined key in <b>x.php</b>\n" + body))
    assert tracker.account().user_id == "9"


# similar


def group(**changed: Any) -> dict[str, Any]:
    """A row of a search answer, as recorded."""
    row = json.loads(recorded("browse by artist/title (advanced)")["body"])["response"]["results"][0]
    torrent = row["torrents"][0] | {key: value for key, value in changed.items() if key in row["torrents"][0]}
    torrent["artists"] = [{"id": 1, "aliasid": 1, "name": changed.get("artist", "The Band")}]
    base = {"groupName": "First Light", "artist": "The Band", "groupYear": 2001}
    return row | base | {key: value for key, value in changed.items() if key in row} | {"torrents": [torrent]}  # type: ignore[no-any-return]


def page(*groups: object, pages: int = 1) -> Play:
    return success({"currentPage": 1, "pages": pages, "results": list(groups)})


def matches(stage: Stage, *groups: object, **set: object) -> list[Match]:
    tracker = ops(stage, page(*groups))
    found = tracker.similar(form(tracker, **set))
    assert isinstance(found, list)
    return found


def test_the_search_is_for_artist_and_title_of_any_year(stage: Stage) -> None:
    tracker = ops(stage, replays(recorded("browse searchstr none")))
    assert tracker.similar(form(tracker)) == []
    assert queries(stage) == [{"action": "browse", "artistname": "The Band", "groupname": "First Light"}]


def test_this_very_torrent_is_found_with_what_matched(stage: Stage) -> None:
    (match,) = matches(stage, group())
    assert (match.what, match.torrent_id, match.group_id) == ("torrent", "18", "12")
    assert match.url == f"{stage.url}/torrents.php?id=12&torrentid=18#torrent18"
    assert match.facts == {"media": "WEB", "format": "FLAC", "encoding": "Lossless", "size": "42045886"}


@pytest.mark.parametrize(
    "difference",
    [{"media": "CD"}, {"format": "MP3"}, {"encoding": "24bit Lossless"}, {"remastered": True, "remasterYear": 2016}],
)
def test_another_encoding_or_edition_is_a_group_to_join(stage: Stage, difference: dict[str, object]) -> None:
    (match,) = matches(stage, group(**difference))
    assert (match.what, match.torrent_id) == ("group", None)
    assert match.joins == {"groupid": "12", "year": "2001", "releasetype": "Album"}


def test_what_a_match_joins_makes_a_form_for_that_group(stage: Stage) -> None:
    (match,) = matches(stage, group(media="CD"))
    tracker = ops(stage, page(group(media="CD"), group(groupId="13", groupYear=1990)))
    joined = form(tracker, **match.joins)
    assert [joined.get(key) for key in ("groupid", "year", "releasetype")] == ["12", "2001", "1"]
    assert [one.what for one in tracker.similar(joined)] == ["group"], "only the group that was chosen is looked at"


@pytest.mark.parametrize("difference", [{"groupYear": 1999}, {"releaseType": "EP"}, {"groupYear": 0}])
def test_another_year_or_type_is_near_and_joins_nothing(stage: Stage, difference: dict[str, object]) -> None:
    (match,) = matches(stage, group(**difference))
    assert (match.what, match.joins) == ("near", {})
    assert match.url == f"{stage.url}/torrents.php?id=12"


@pytest.mark.parametrize(
    "other", [{"groupName": "First Light (Live)"}, {"artist": "The Other Band"}, {"groupName": "Second Light"}]
)
def test_what_only_has_the_words_is_nothing(stage: Stage, other: dict[str, object]) -> None:
    assert matches(stage, group(**other)) == []


@pytest.mark.parametrize(
    "same",
    [
        {"groupName": "FIRST  LIGHT"},
        {"artist": "thé bänd"},
        {"artist": "Various Artists"},
        {"groupName": "First&#32;Light"},
    ],
)
def test_case_accents_and_entities_are_no_difference(stage: Stage, same: dict[str, object]) -> None:
    assert [match.what for match in matches(stage, group(**same))] == ["torrent"]


def test_what_one_side_leaves_out_of_an_edition_is_no_difference(stage: Stage) -> None:
    pressing = content(music(media="CD", label="Port Records", catalogue="PR 1", edition=edition(year=2010)))
    tracker = ops(stage, says())
    made = form(tracker, pressing)
    row = {"media": "CD", "remastered": True, "remasterYear": 2010}
    told = {"remasterRecordLabel": "PORT RECORDS", "remasterCatalogueNumber": "PR 1"}
    for known, what in (
        (row, "torrent"),
        (row | told, "torrent"),
        (row | {"remasterCatalogueNumber": "PR 2"}, "group"),
    ):
        stage.plays(page(group(**known)))
        assert [match.what for match in tracker.similar(made)] == [what]


def test_an_other_bitrate_is_compared_as_the_site_shows_it(stage: Stage) -> None:
    tracker = ops(
        stage, page(group(format="MP3", encoding="297 (VBR)"), group(groupId=9, format="MP3", encoding="297"))
    )
    made = form(tracker, content(music(format="MP3", encoding="297 (VBR)", bit_depth=None), (File("a.mp3", 1),)))
    assert [match.what for match in tracker.similar(made)] == ["torrent", "group"]


@pytest.mark.parametrize(
    "response",
    [
        [],
        {},
        None,
        {"results": {}},
        {"results": None},
        {"results": [1]},
        {"results": [{"groupName": "x"}]},
        {"youMightLike": []},
    ],
)
def test_an_empty_looking_answer_of_another_shape_is_no_absence(stage: Stage, response: object) -> None:
    tracker = ops(stage, success(response))
    assert isinstance(tracker.similar(form(tracker)), CannotTell)


def test_a_search_that_failed_in_words_is_no_absence(stage: Stage) -> None:
    tracker = ops(stage, fails("bad parameters"))
    assert isinstance(tracker.similar(form(tracker)), CannotTell)


def test_further_pages_are_looked_through_and_too_many_are_no_answer(stage: Stage) -> None:
    tracker = ops(stage, page(group(groupName="Other"), pages=2), page(group(), pages=2))
    assert [match.what for match in tracker.similar(form(tracker))] == ["torrent"]
    assert [query.get("page") for query in queries(stage)] == [None, "2"]
    tracker = ops(stage, page(group(groupName="Other"), pages=9))
    assert isinstance(tracker.similar(form(tracker)), CannotTell)


def test_a_name_without_a_word_can_not_be_searched_for(stage: Stage) -> None:
    tracker = ops(stage, page())
    made = form(tracker, content(music(album="!!!", credits=(Credit("†"),))))
    assert isinstance(tracker.similar(made), CannotTell)
    assert stage.asked == []


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("!!! (Chk Chk Chk)", "Chk Chk Chk"),
        ("AC/DC", "AC/DC"),
        ('"Heroes"', "Heroes"),
        ("-Minus !Not", "Minus Not"),
        ("A & B", "A B"),
    ],
)
def test_no_operator_of_the_search_is_asked_for(text: str, asked: str) -> None:
    assert words(text) == asked


@given(st.text(st.characters(exclude_characters="&"), max_size=30))
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize(
    ("one", "other"), [("Ágætis Byrjun", "agaetis byrjun"), ("Straße", "STRASSE"), ("Łódź", "lodz"), ("Don’t", "don't")]
)
def test_names_that_the_site_holds_equal_are_equal(one: str, other: str) -> None:
    assert folded(one) == folded(other)


# find


def hit(**changed: Any) -> dict[str, Any]:
    """`action=torrent` for the album of these tests, in the recorded shape."""
    response = json.loads(recorded("torrent id own")["body"])["response"]
    files = "|||".join(f"{file.path}{{{{{{{file.size}}}}}}}" for file in content().files)
    mine = {"fileList": files, "size": 50_000_000, "fileCount": 2}
    del response["torrent"]["infoHash"]
    return {"group": response["group"], "torrent": response["torrent"] | mine | changed}


MISS = replays(recorded("torrent hash unknown"))
CANARY = success({"group": {"id": 3}, "torrent": {"id": 77}})
NEWEST = page({"groupId": "3", "torrents": [{"torrentId": 77}, {"torrentId": 78}]})


def found(stage: Stage, *parts: Play, known: Receipt | None = None) -> Found | Absent | CannotTell:
    tracker = ops(stage, *parts)
    return tracker.find(upload(form(tracker)), known)  # type: ignore[no-any-return]


def test_our_upload_is_found_by_its_hash_in_upper_case(stage: Stage) -> None:
    tracker = ops(stage, success(hit()))
    one = upload(form(tracker))
    outcome = tracker.find(one, None)
    url = f"{stage.url}/torrents.php?id=12&torrentid=18#torrent18"
    assert outcome == Found(Receipt("18", "12", url, one.infohash), True, "uploader")
    assert queries(stage) == [{"action": "torrent", "hash": one.infohash.upper()}]


def test_the_recorded_hit_is_believed_for_its_own_files(stage: Stage) -> None:
    row = recorded("torrent id own")
    response = json.loads(row["body"])["response"]["torrent"]
    tracker = ops(stage, replays(row))
    files = (("01 - One.flac", 20045886), ("02 - Two.flac", 22000000))
    one = replace(upload(form(tracker)), infohash=response["infoHash"], files=files, size=response["size"])
    assert isinstance(tracker.find(one, None), Found)


@pytest.mark.parametrize(
    ("torrent", "ours"),
    [
        ({"userId": 2, "username": "renamed"}, True),
        ({"userId": "2"}, True),
        ({"userId": 3, "username": "uploader"}, False),
        ({"userId": 0, "username": "UPLOADER"}, True),
        ({"userId": 0, "username": "Anonymous"}, None),
        ({"userId": None, "username": ""}, None),
    ],
)
def test_whose_it_is_is_told_by_the_number_of_the_user(
    stage: Stage, torrent: dict[str, object], ours: bool | None
) -> None:
    outcome = found(stage, success(hit(**torrent)))
    assert isinstance(outcome, Found)
    assert outcome.ours is ours


def test_names_of_files_may_come_with_entities(stage: Stage) -> None:
    album = content(files=(File("A & B.flac", 5), File("sub/Ö.flac", 6)))
    tracker = ops(stage, success(hit(size=11, fileList="A &amp; B.flac{{{5}}}|||sub/Ö.flac{{{6}}}")))
    assert isinstance(tracker.find(upload(form(tracker, album), album), None), Found)


@pytest.mark.parametrize(
    "other",
    [
        {"infoHash": "0" * 40},
        {"size": 50_000_001},
        {"size": None},
        {"fileList": "01 - Dawn.flac{{{20000000}}}"},
        {"fileList": "01 - Dawn.flac{{{20000000}}}|||02 - Night.flac{{{30000000}}}"},
        {"fileList": "garbage"},
        {"fileList": ""},
        {"id": None},
    ],
)
def test_a_hit_that_is_another_torrent_proves_nothing(stage: Stage, other: dict[str, object]) -> None:
    assert isinstance(found(stage, success(hit(**other))), CannotTell)


@pytest.mark.parametrize("response", [[], None, {}, {"torrent": []}, {"group": {}, "torrent": {}}])
def test_a_hit_of_another_shape_proves_nothing(stage: Stage, response: object) -> None:
    assert isinstance(found(stage, success(response)), CannotTell)


@pytest.mark.parametrize("miss", [MISS, fails("bad hash parameter", 400), fails("bad parameters", 400)])
def test_absent_counts_if_our_newest_was_seen_right_after(stage: Stage, miss: Play) -> None:
    assert found(stage, miss, CANARY, known=Receipt("77")) == Absent("77")
    assert queries(stage)[1] == {"action": "torrent", "id": "77"}


def test_a_canary_that_is_gone_is_replaced_by_the_newest_that_is_listed(stage: Stage) -> None:
    assert found(stage, MISS, MISS, NEWEST, CANARY, known=Receipt("5")) == Absent("77")
    assert [query["action"] for query in queries(stage)] == ["torrent", "torrent", "browse", "torrent"]
    assert queries(stage)[2] == {"action": "browse", "order_by": "time", "order_way": "desc"}


def test_a_torrent_that_the_search_listed_serves_as_canary(stage: Stage) -> None:
    tracker = ops(stage, page(group(groupName="Other")), MISS, success(hit()))
    made = form(tracker)
    tracker.similar(made)
    assert tracker.find(upload(made), None) == Absent("18")
    assert len(stage.asked) == 3


VOID: list[tuple[Play, ...]] = [
    (MISS, MISS),
    (MISS, NEWEST, MISS),
    (MISS, page(), MISS),
    (MISS, NEWEST, success({"torrent": {"id": 1}})),
    (MISS, NEWEST, success([])),
    (MISS, says("-1")),
    (MISS, NEWEST, says("")),
    (fails("Something else"), CANARY),
    (MISS, NEWEST, fails("Something else")),
]


@pytest.mark.parametrize("parts", VOID)
def test_a_miss_without_a_canary_is_no_absence(stage: Stage, parts: tuple[Play, ...]) -> None:
    try:
        outcome: object = found(stage, *parts)
    except Unavailable as error:
        outcome = error
    assert isinstance(outcome, (CannotTell, Unavailable))
    assert len(stage.asked) <= 5


def test_a_pass_asks_for_three_canaries_at_most(stage: Stage) -> None:
    listed = page({"groupId": "3", "torrents": [{"torrentId": number} for number in (None, *range(70, 80))]})
    assert isinstance(found(stage, MISS, MISS, listed, MISS, known=Receipt("5")), CannotTell)
    asked = [query.get("id") or query["action"] for query in queries(stage)]
    assert asked == ["torrent", "5", "browse", "70", "71"]


def test_after_a_pass_without_a_canary_the_newest_are_asked_for_again(stage: Stage) -> None:
    tracker = ops(stage, MISS, NEWEST, MISS, MISS, MISS, NEWEST, CANARY)
    one = upload(form(tracker))
    assert isinstance(tracker.find(one, None), CannotTell)
    assert tracker.find(one, None) == Absent("77")


# registered


TORRENT = b"d8:announce31:http://127.0.0.1/secretpass/ann4:infod4:name1:a12:piece lengthi16384eee"


@pytest.mark.parametrize("kind", ["application/x-bittorrent; charset=utf-8", "application/octet-stream"])
def test_the_torrent_comes_as_the_site_has_it(stage: Stage, kind: str) -> None:
    tracker = ops(stage, says(TORRENT, kind=kind))
    assert tracker.registered(Receipt("18", "12")) == TORRENT
    assert queries(stage) == [{"action": "download", "id": "18"}]


@pytest.mark.parametrize(
    "part",
    [
        replays(recorded("lost: download")),
        says(b"", kind="application/x-bittorrent"),
        says(TORRENT[:-1], kind="application/x-bittorrent"),
        says(b"d4:infoi1ee", kind="application/x-bittorrent"),
        says(b"le", kind="application/x-bittorrent"),
        says(b"<html>", kind="application/x-bittorrent"),
        replays(recorded("download unknown id")),
        success({"torrent": 1}),
    ],
)
def test_what_is_no_torrent_is_asked_for_again_later(stage: Stage, part: Play) -> None:
    tracker = ops(stage, part)
    with pytest.raises(Unavailable) as caught:
        tracker.registered(Receipt("18"))
    assert caught.value.code in ("no-torrent", "empty")


def test_downloads_too_fast_are_a_matter_of_the_rate(stage: Stage) -> None:
    tracker = ops(stage, fails("Rate limiting hit on downloading"))
    with pytest.raises(Unavailable) as caught:
        tracker.registered(Receipt("18"))
    assert caught.value.code == "rate-limited"


# the header, the limiter


@pytest.mark.parametrize(("type", "header"), [("sandbox-redacted", "k3y"), ("sandbox-orpheus", "token k3y")])
def test_each_site_has_its_own_way_to_write_the_key(stage: Stage, type: str, header: str) -> None:
    stage.plays(page())
    tracker = opened(type, stage.url, None, key="k3y")
    tracker.similar(form(tracker))
    assert stage.asked[0].headers["authorization"] == header


def test_every_request_passes_the_limiter(stage: Stage) -> None:
    tracker = ops(stage, MISS)
    one = upload(form(tracker))
    for _ in range(6):
        tracker.find(one, Receipt("77"))
    assert tracker.limiter.waited > 0
    assert len(stage.asked) > 4
