"""The sandbox's sites for series by plain requests: what they refuse, in which words, and what they never give out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from tests.support_sandbox import Answered, Hands, call, file_row, torrent
from trackers.sandbox import Fault, Sandbox
from trackers.sandbox.btn import session

EPISODE = "Tidal.Office.S01E02.1080p.WEB-DL.DDP5.1.H.264-PORTS"
NBL = {"action": "upload", "tvmazeid": "9003", "mediainfo": "General", "category": "1"}
BTN = {
    "submit": "true", "type": "Episode", "scenename": EPISODE, "seriesid": "77", "artist": "Tidal Office",
    "title": "E02", "origin": "P2P", "format": "MKV", "bitrate": "H.264", "media": "WEB-DL", "resolution": "1080p",
    "release_desc": "General",
}  # fmt: skip
GOOD = torrent(EPISODE, files=[file_row("a.mkv", 1000)])


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=Hands()) as one:
        yield one


def nbl(sandbox: Sandbox, data: bytes | None = GOOD, user: str = "uploader", **changed: str) -> str:
    """The words of the answer to an upload, or its link."""
    fields = {**NBL, "api_key": sandbox.account("nebulance", user).api_key, **changed}
    files = [("file_input", "a.torrent", data)] if data is not None else []
    said = call(f"{sandbox.url_of('nebulance')}/api.php", form=(list(fields.items()), files))
    value = json.loads(said.body)
    return str(value.get("link") or value["error"]["message"])


def search(sandbox: Sandbox, **params: object) -> Mapping[str, object]:
    key = sandbox.account("nebulance").api_key
    said = call(f"{sandbox.url_of('nebulance')}/api.php", {"action": "search", "api_key": key, **params})
    return json.loads(said.body)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("changed", "data", "words"),
    [
        ({}, None, "Missing torrent file"),
        ({}, b"", "Missing torrent file"),
        ({}, b"x" * (1024 * 1024 + 1), "Missing torrent file"),
        ({}, b"de", "Invalid torrent file"),
        ({}, torrent(EPISODE, files=[]), "Invalid torrent file"),
        ({"user": "limited"}, GOOD, "You do not have permission to upload"),
        ({"user": "noupload"}, GOOD, "You do not have permission to upload"),
        ({"category": "2"}, GOOD, "Invalid category"),
        ({"action": "explode"}, GOOD, "Unknown action"),
        ({"api_key": "wrong"}, GOOD, "Invalid params"),
    ],
)
def test_nbl_refuses_in_its_words(sandbox: Sandbox, changed: dict[str, str], data: bytes | None, words: str) -> None:
    assert nbl(sandbox, data, **changed) == words
    assert sandbox.torrents("nebulance", "uploader") == []


def test_nbl_searches_by_what_it_is_told_and_refuses_the_rest(sandbox: Sandbox) -> None:
    assert "/torrents.php?id=" in nbl(sandbox)
    assert search(sandbox, release=EPISODE[:20])["total_results"] == 1
    assert search(sandbox, tvmaze=9003, release="nothing such")["total_results"] == 0
    assert "need 3 characters" in str(search(sandbox, release="ab"))
    assert "season calls need" in str(search(sandbox))


def test_nbl_gives_no_torrent_to_a_stranger_and_none_that_it_lost(sandbox: Sandbox) -> None:
    sandbox.fail("nebulance", Fault("file-lost", action="upload"))
    number = nbl(sandbox).rpartition("=")[2]
    keys, address = sandbox.account("nebulance"), f"{sandbox.url_of('nebulance')}/torrents.php"
    lost = call(address, {"action": "download", "id": number, "torrent_pass": keys.passkey})
    assert (lost.status, lost.body) == (200, b"")
    stranger = call(address, {"action": "download", "id": number, "torrent_pass": "0" * 32})
    assert (stranger.status, stranger.headers["Location"]) == (302, "login.php")
    page = call(f"{sandbox.url_of('nebulance')}/index.php")
    assert page.headers["Location"] == "login.php"
    assert call(f"{sandbox.url_of('nebulance')}/login.php").status == 200


@pytest.mark.parametrize("site", ["nebulance", "btn"])
def test_an_announce_of_a_torrent_that_nobody_has_is_refused_in_bencode(sandbox: Sandbox, site: str) -> None:
    address = f"{sandbox.url}/announce/{site}/{sandbox.account(site).passkey}/announce"
    said = call(address, {"info_hash": "x" * 20, "peer_id": "-XX0000-000000000000", "port": 1, "left": 0})
    assert said.body.startswith(b"d14:failure reason")


def btn(sandbox: Sandbox, data: bytes = GOOD, **changed: str) -> Answered:
    cookie = {"Cookie": f"session={session(sandbox.account('btn').passkey)}"}
    fields = list({**BTN, **changed}.items())
    return call(f"{sandbox.url_of('btn')}/upload.php", headers=cookie, form=(fields, [("file_input", "a", data)]))


@pytest.mark.parametrize(
    ("changed", "data", "words"),
    [
        ({"artist": "Nobody Knows"}, GOOD, "There is no such series"),
        ({"resolution": "8K"}, GOOD, "Please choose a resolution"),
        ({}, torrent(EPISODE, files=[]), "other than a torrent file"),
        ({}, b"<html>", "other than a torrent file"),
    ],
)
def test_btn_refuses_in_red(sandbox: Sandbox, changed: dict[str, str], data: bytes, words: str) -> None:
    said = btn(sandbox, data, **changed)
    assert said.status == 200
    assert b'<p style="color: red">' in said.body
    assert words.encode() in said.body
    assert sandbox.torrents("btn", "uploader") == []


def test_btn_shows_its_pages_to_a_session_alone(sandbox: Sandbox) -> None:
    url = sandbox.url_of("btn")
    for cookie in ("", "session=wrong", "other=1"):
        said = call(f"{url}/upload.php", headers={"Cookie": cookie})
        assert (said.status, said.headers["Location"]) == (302, "login.php")
    assert b'type="password"' in call(f"{url}/login.php").body
    cookie = f"session={session(sandbox.account('btn').passkey)}"
    assert b"Not here" in call(f"{url}/forums.php", headers={"Cookie": cookie}).body


def rpc(sandbox: Sandbox, method: str, *params: object) -> Mapping[str, object]:
    body = json.dumps({"id": 1, "method": method, "params": params}).encode()
    return json.loads(call(f"{sandbox.url_of('btn')}/api", body=("application/json", body)).body)  # type: ignore[no-any-return]


def test_btns_api_looks_up_and_publishes_nothing(sandbox: Sandbox) -> None:
    key = sandbox.account("btn").api_key
    assert rpc(sandbox, "userInfo", "wrong")["error"] == {"code": -32001, "message": "Invalid API Key"}
    assert rpc(sandbox, "upload", key, {})["error"] == {"code": -32601, "message": "Method not found"}
    assert btn(sandbox).status == 302
    found = rpc(sandbox, "getTorrents", key, {"release": EPISODE}, 10, 0)["result"]
    assert isinstance(found, dict)
    assert found["results"] == "1"
    assert rpc(sandbox, "getTorrents", key, {"hash": "0" * 40}, 10, 0)["result"] == []
