"""What the recording does not show: limits, bans, roles of accounts on OPS; the whole of RED, by its documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import bencode2
import pytest

from tests.support_sandbox import FORM, Answered, Hands, Pairs, call, file_row, hash_of, torrent
from trackers.sandbox import Sandbox

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32


class Client:
    """One user of one site."""

    def __init__(self, sandbox: Sandbox, site: str, clock: Hands, user: str = "uploader") -> None:
        self.sandbox, self.site, self.clock = sandbox, site, clock
        self.user = user

    def headers(self) -> dict[str, str]:
        key = self.sandbox.account(self.site, self.user).api_key
        return {"Authorization": key if self.site == "redacted" else f"token {key}"}

    def get(self, action: str, headers: dict[str, str] | None = None, **params: object) -> Answered:
        address = self.sandbox.url_of(self.site) + "/ajax.php"
        return call(address, {"action": action, **params}, self.headers() | (headers or {}))

    def send(self, action: str, fields: Pairs, *files: tuple[str, str, bytes]) -> Answered:
        return call(self.sandbox.url_of(self.site) + "/ajax.php", {"action": action}, self.headers(), (fields, files))

    def upload(self, data: bytes, **changed: str | None) -> Answered:
        fields = [(key, changed.get(key, value)) for key, value in FORM]
        fields += [(key, value) for key, value in changed.items() if key not in dict(FORM)]
        return self.send("upload", [(k, v) for k, v in fields if v is not None], ("file_input", "t.torrent", data))

    def uploaded(self, data: bytes, **changed: str | None) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.upload(data, **changed).body)["response"]
        return found


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def sandbox(clock: Hands) -> Iterator[Sandbox]:
    with Sandbox(clock=clock) as one:
        yield one


@pytest.fixture
def ops(sandbox: Sandbox, clock: Hands) -> Client:
    return Client(sandbox, "orpheus", clock)


@pytest.fixture
def red(sandbox: Sandbox, clock: Hands) -> Client:
    return Client(sandbox, "redacted", clock)


def red_torrent(name: str = "Red", **changed: object) -> bytes:
    return torrent(name, **{"source": b"RED", **changed})


# OPS


def limited(answer: Answered) -> bool:
    return b"Rate limit exceeded" in answer.body


def test_ops_lets_seven_searches_through_in_ten_seconds(ops: Client) -> None:
    assert [limited(ops.get("browse")) for _ in range(8)] == [False] * 7 + [True]
    ops.clock.time += 9
    assert limited(ops.get("browse"))
    ops.clock.time += 1
    assert not limited(ops.get("browse"))


def test_ops_counts_all_limited_actions_together_in_the_window_that_the_first_began(ops: Client) -> None:
    for _ in range(8):
        ops.get("torrentgroup", id=1)
    ops.clock.time += 25
    assert limited(ops.get("browse"))
    assert not limited(ops.get("torrentgroup", id=1))
    ops.clock.time += 35
    assert not limited(ops.get("browse"))


def test_ops_does_not_limit_index_torrent_download_and_upload_nor_other_users(ops: Client) -> None:
    for _ in range(9):
        ops.get("browse")
    for action in ("index", "torrent", "download") * 14:
        assert not limited(ops.get(action, id=1))
    assert not limited(Client(ops.sandbox, ops.site, ops.clock, "second").get("browse"))


def test_ops_bans_the_address_after_fourteen_uses_of_a_revoked_key(ops: Client) -> None:
    second = Client(ops.sandbox, ops.site, ops.clock, "second")
    for _ in range(20):
        assert b"success" in ops.get("index", {"Authorization": "token unknown"}).body or True
    assert b"success" in ops.get("index").body
    ops.sandbox.revoke(ops.site, "second")
    assert all(b"invalid token" in second.get("index").body for _ in range(13))
    assert b"success" in ops.get("index").body
    assert b"invalid token" in second.get("index").body
    assert b"your ip address has been banned" in ops.get("index").body
    ops.sandbox.restore(ops.site, "second")
    assert b"success" in second.get("index").body


def test_ops_deletes_what_was_never_seeded_for_three_days(ops: Client) -> None:
    id = ops.uploaded(torrent("Never"))["torrentId"]
    ops.clock.time += 72 * 3600
    assert b"success" in ops.get("torrent", id=id).body
    ops.clock.time += 1
    assert b"bad parameters" in ops.get("torrent", id=id).body
    assert len(ops.sandbox.torrents(ops.site)) == 7


def test_a_download_by_passkey_needs_no_token_but_a_good_passkey(ops: Client) -> None:
    keys, page = ops.sandbox.account(ops.site), ops.sandbox.url_of(ops.site) + "/torrents.php"
    good = call(page, {"action": "download", "id": 1, "torrent_pass": keys.passkey})
    assert bencode2.bdecode(good.body)[b"announce"].decode().endswith(f"/orpheus/{keys.passkey}/announce")
    assert call(page, {"action": "download", "id": 1, "torrent_pass": "wrong"}).status == 403
    assert call(page, {"action": "download", "id": 99, "torrent_pass": keys.passkey}).status == 302


def test_pages_want_a_session_and_ignore_the_token(ops: Client) -> None:
    base = ops.sandbox.url_of(ops.site)
    assert call(f"{base}/torrents.php", headers=ops.headers()).headers["Location"] == "login.php"
    login = call(f"{base}/login.php")
    assert (login.status, login.content_type) == (200, "text/html; charset=UTF-8")


def test_the_file_name_of_a_download_is_plain_utf8(ops: Client) -> None:
    id = ops.uploaded(torrent("Name"), title='Ünï: "the" end?', **{"artists[]": "Ärtist"})["torrentId"]
    named = ops.get("download", id=id).headers["Content-Disposition"].encode("latin-1").decode()
    assert named == f'attachment; filename="Ärtist.2024.Ünï the end.(WEB-FLAC-Lossless)-{id}.torrent"'


@pytest.mark.parametrize(("field", "value"), [("remaster", "0"), ("scene", "0")])
def test_on_ops_presence_counts_not_value(ops: Client, field: str, value: str) -> None:
    id = ops.uploaded(torrent("Presence"), **{field: value, "remaster_year": "2020"})["torrentId"]
    found = json.loads(ops.get("torrent", id=id).body)["response"]["torrent"]
    assert found["remastered" if field == "remaster" else "scene"] is True
    assert found["remasterYear"] == (2020 if field == "remaster" else None)


def test_a_short_extra_list_is_refused_and_stores_nothing(ops: Client) -> None:
    extra = ("extra_file_1", "e.torrent", torrent("e"))
    fields = [*FORM, ("extra_format[]", "MP3"), ("extra_bitrate[]", " ")]
    answer = ops.send("upload", fields, ("file_input", "t.torrent", torrent("t")), extra)
    assert b"Missing encoding" in answer.body
    fields = [*FORM, ("extra_format[]", ""), ("extra_bitrate[]", "320")]
    assert b"Missing format" in ops.send("upload", fields, ("file_input", "t.torrent", torrent("t")), extra).body
    assert not ops.sandbox.torrents(ops.site, "uploader")


def test_a_request_is_shown_with_what_it_wants(ops: Client) -> None:
    found = json.loads(ops.get("request", id=2).body)["response"]
    assert (found["mediaList"], found["formatList"], found["isFilled"]) == (["CD"], ["MP3"], False)
    assert b"bad parameters" in ops.get("request", id=99).body


def test_the_log_checker_knows_three_rippers(ops: Client) -> None:
    for text, ripper in (("X Lossless Decoder version 20191004", "XLD"), ("Log created by: whipper 0.9", "whipper")):
        answer = json.loads(ops.send("logchecker", [], ("log", "a.log", text.encode("utf-16"))).body)["response"]
        assert (answer["ripper"], answer["checksum"]) == (ripper, "checksum_missing")


@pytest.mark.parametrize("order", ["time", "year", "size", "seeders", "leechers", "snatched", "random", "nonsense"])
def test_a_search_may_be_ordered(ops: Client, order: str) -> None:
    found = json.loads(ops.get("browse", order_by=order, order_way="asc", group_results=0).body)["response"]
    assert len(found["results"]) == 7


@pytest.mark.parametrize(
    ("params", "titles"),
    [
        ({"artistname": "loopback"}, {"Standards on Port Zero", "Standards on Port Zero (Live)", "Ördög"}),
        ({"groupname": "ordog"}, {"Ördög"}),
        ({"artistname": "Aegir"}, set()),
        ({"artistname": "Ægir"}, {"Ördög"}),
        ({"taglist": "house,nothing"}, {"Nonblocking"}),
        ({"encoding": "Lossless", "year": "2021"}, {"Nonblocking"}),
        ({"releasetype": "11"}, {"Standards on Port Zero (Live)"}),
        ({"media": "CD", "format": "MP3"}, {"Standards on Port Zero"}),
        ({"remastertitle": "remastered", "remasteryear": "2016"}, {"Standards on Port Zero"}),
        ({"recordlabel": "loopback", "cataloguenumber": "016"}, {"Standards on Port Zero"}),
        ({"filelist": "Track 2", "searchstr": "2017 ambient"}, set()),
        ({"filelist": "Track 2", "searchstr": "2017 V0"}, {"Ördög"}),
        ({"searchstr": '"Standards"'}, set()),
        ({"page": "2"}, set()),
    ],
)
def test_a_search_matches_words_and_folds_accents_but_not_letters(
    ops: Client, params: dict[str, str], titles: set[str]
) -> None:
    found = json.loads(ops.get("browse", **params).body)["response"]["results"]
    assert {row["groupName"] for row in found} == titles


# RED


def test_red_takes_the_key_alone(red: Client) -> None:
    key = red.sandbox.account("redacted").api_key
    answer = json.loads(red.get("index").body)
    assert answer["response"]["api_version"] == "redacted-v2.0"
    assert answer["response"]["passkey"] == red.sandbox.account("redacted").passkey
    for header in (f"token {key}", f"Bearer {key}", "x" * 40):
        assert red.get("index", {"Authorization": header}).status == 401
    no_key = call(red.sandbox.url_of("redacted") + "/ajax.php?action=index")
    assert (no_key.status, no_key.headers["Location"]) == (302, "login.php")


def test_red_wants_a_scope_for_torrents_but_none_for_index_and_browse(red: Client) -> None:
    reader = Client(red.sandbox, "redacted", red.clock, "reader")
    assert [reader.get(action, id=1).status for action in ("index", "browse", "torrent", "download")] == [
        200,
        200,
        401,
        401,
    ]
    assert reader.upload(red_torrent()).status == 401
    assert [post.outcome for post in red.sandbox.posts("redacted")] == ["refused"]


def test_red_takes_ten_requests_in_ten_seconds_and_says_when_to_come_back(red: Client) -> None:
    assert [red.get("index").status for _ in range(11)] == [200] * 10 + [429]
    red.clock.time += 2.5
    assert red.get("index").headers["Retry-After"] == "8"
    red.clock.time += 7.5
    assert red.get("index").status == 200


def test_red_answers_an_upload_in_lower_case(red: Client) -> None:
    answer = json.loads(red.upload(red_torrent()).body)
    assert answer == {
        "status": "success",
        "response": {
            "private": True,
            "source": True,
            "requestid": None,
            "torrentid": 8,
            "groupid": 5,
            "newgroup": True,
        },
    }
    joined = red.uploaded(red_torrent("Other"), format="MP3", bitrate="320")
    assert (joined["groupid"], joined["newgroup"]) == (5, False)


def test_red_puts_private_and_source_right_too(red: Client) -> None:
    found = red.uploaded(torrent("Wrong", source=b"OPS", private=None))
    assert (found["private"], found["source"]) == (False, False)
    download = red.get("download", id=found["torrentid"]).body
    assert bencode2.bdecode(download)[b"info"][b"source"] == b"RED"


def test_red_refuses_with_real_codes(red: Client) -> None:
    data = red_torrent()
    red.upload(data)
    for answer, status, words in (
        (red.upload(data), 400, "already exists"),
        (red.upload(red_torrent("x"), media="BD"), 400, "Please select a valid media."),
        (red.upload(red_torrent("x"), format="Ogg Vorbis"), 400, "Please select a valid format."),
        (red.upload(red_torrent("x"), releasetype="8"), 400, "Please select a valid release type."),
        (red.get("download", id=99), 404, "could not find torrent"),
        (red.get("nothing"), 404, "endpoint not found"),
        (red.get("torrent", id=99), 400, "bad parameters"),
        (red.get("torrent", hash="0" * 40), 400, "bad hash parameter"),
    ):
        found = json.loads(answer.body)
        assert (answer.status, found["status"]) == (status, "failure")
        assert words in found["error"]


def test_red_looks_a_hash_up_in_upper_case_only(red: Client) -> None:
    data = red_torrent()
    red.upload(data)
    assert red.get("torrent", hash=hash_of(data)).status == 400
    found = json.loads(red.get("torrent", hash=hash_of(data).upper()).body)["response"]
    assert found["torrent"]["infoHash"] == hash_of(data)
    group = json.loads(red.get("torrentgroup", hash=hash_of(data).upper()).body)["response"]
    assert group["torrents"][0]["id"] == found["torrent"]["id"]


def test_red_escapes_names_and_gives_group_ids_as_numbers(red: Client) -> None:
    red.sandbox.traits("redacted", index_lag=0)
    red.upload(red_torrent("A & B"), title="Cats & Dogs")
    row = json.loads(red.get("browse", groupname="cats").body)["response"]["results"][0]
    assert (row["groupId"], row["groupName"]) == (5, "Cats &amp; Dogs")
    found = json.loads(red.get("torrent", id=row["torrents"][0]["torrentId"]).body)["response"]
    assert found["torrent"]["filePath"] == "A &amp; B"
    assert (found["torrent"]["remasterYear"], found["torrent"]["freeTorrent"]) == (0, False)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"remaster_record_label": "Label"}, "Year of remaster/re-issue must be entered."),
        ({"remaster_year": "0", "remaster_title": "Title"}, "Year of remaster/re-issue must be entered."),
        (
            {"remaster_year": "2020", "remaster_record_label": "L"},
            "Remaster record label must be between 2 and 80 characters.",
        ),
        ({"media": "CD", "remaster_year": "1970"}, "predates the media"),
    ],
)
def test_reds_editions_need_a_year(red: Client, changed: dict[str, str], words: str) -> None:
    answer = red.upload(red_torrent(), **changed)
    assert answer.status == 400
    assert words in json.loads(answer.body)["error"]


def test_red_needs_no_remaster_field(red: Client) -> None:
    id = red.uploaded(red_torrent(), remaster_year="2020", remaster_title="Deluxe")["torrentid"]
    found = json.loads(red.get("torrent", id=id).body)["response"]["torrent"]
    assert (found["remastered"], found["remasterYear"], found["remasterTitle"]) == (True, 2020, "Deluxe")


def test_reds_paths_end_at_180_characters(red: Client) -> None:
    for length, status in ((180, 200), (181, 400)):
        name = "D" * 100
        data = red_torrent(name, files=[file_row("a" * (length - 101 - 5) + ".flac")])
        assert red.upload(data).status == status


def test_a_rehearsal_on_red_checks_and_stores_nothing(red: Client) -> None:
    data = red_torrent()
    answer = json.loads(red.upload(data, dryrun="1").body)
    assert (answer["status"], answer["data"]["infohash"]) == ("dry run success", hash_of(data))
    assert red.upload(data, dryrun="1", media="BD").status == 400
    assert [post.outcome for post in red.sandbox.posts("redacted")] == ["dry run", "refused"]
    assert not red.sandbox.torrents("redacted", "uploader")


def test_reds_picture_host_keeps_pictures_and_nothing_else(red: Client) -> None:
    answer = json.loads(red.send("upload_image", [], ("file", "cover.png", PNG)).body)
    picture = call(answer["response"]["url"])
    assert (picture.content_type, picture.body) == ("image/png", PNG)
    assert red.upload(red_torrent(), image=answer["response"]["url"]).status == 200
    assert red.send("upload_image", [], ("file", "cover.png", b"text")).status == 400
    linked = json.loads(red.send("upload_image", [("url", "https://example.com/cover.jpg")]).body)
    assert linked["response"]["url"].endswith(".jpg")


def test_a_request_on_red_is_filled_or_marked_minus_one(red: Client) -> None:
    assert red.uploaded(red_torrent("a"), requestid="1")["requestid"] == 1
    assert red.uploaded(red_torrent("b"), requestid="1")["requestid"] == -1
    assert red.uploaded(red_torrent("c"), requestid="77")["requestid"] == -1


def test_red_locks_an_address_out_that_follows_the_redirect_with_its_key(red: Client) -> None:
    address = red.sandbox.url_of("redacted") + "/login.php"
    assert call(address).status == 200
    for _ in range(2):
        with pytest.raises(ConnectionError):
            call(address, headers=red.headers())
    with pytest.raises(ConnectionError):
        red.get("index")
    red.sandbox.restore("redacted")
    assert red.get("index").status == 200
