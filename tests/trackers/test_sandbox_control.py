"""The control path: what a test in another process can see and arm."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support_sandbox import FORM, Answered, Hands, call, hash_of, torrent, until
from trackers.sandbox import Sandbox, serve


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=Hands()) as one:
        yield one


def tell(sandbox: Sandbox, verb: str, **value: object) -> Answered:
    return call(f"{sandbox.url}/control/{verb}", body=("application/json", json.dumps(value).encode()))


def state(sandbox: Sandbox, site: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call(f"{sandbox.url}/control/state").body)["sites"][site]
    return found


def upload(sandbox: Sandbox, data: bytes) -> Answered:
    headers = {"Authorization": "token " + sandbox.account("orpheus").api_key}
    form = (FORM, [("file_input", "t.torrent", data)])
    return call(sandbox.url_of("orpheus") + "/ajax.php?action=upload", {}, headers, form)


def test_the_state_shows_posts_torrents_requests_and_faults_but_no_key(sandbox: Sandbox) -> None:
    data = torrent("Seen")
    upload(sandbox, data)
    tell(sandbox, "fail", site="orpheus", kind="lost", times=3)
    found = state(sandbox, "orpheus")
    post = found["posts"][0]
    assert post["fields"] == [list(pair) for pair in FORM]
    assert post["files"] == [["file_input", "t.torrent", len(data)]]
    assert (post["infohash"], post["outcome"]) == (hash_of(data), "stored")
    assert found["torrents"][-1]["infohash"] == hash_of(data)
    assert found["requests"][0][:4] == ["POST", "upload", "uploader", 200]
    assert found["faults"] == [["lost", "upload", 3]]
    text = json.dumps(found)
    for site in sandbox.sites:
        keys = sandbox.account(site)
        assert keys.api_key not in text and keys.passkey not in text


def test_faults_are_armed_and_cleared(sandbox: Sandbox) -> None:
    assert tell(sandbox, "fail", site="orpheus", kind="bad-gateway", action="*", times=0).status == 200
    assert upload(sandbox, torrent("a")).status == 502
    tell(sandbox, "clear", site="orpheus")
    assert upload(sandbox, torrent("a")).status == 200


def test_traits_keys_files_and_torrents_are_changed(sandbox: Sandbox) -> None:
    tell(sandbox, "traits", site="orpheus", index_lag=5.0, refuses_same_hash=False)
    assert sandbox.traits("orpheus").index_lag == 5.0
    tell(sandbox, "revoke", site="orpheus")
    assert b"invalid token" in upload(sandbox, torrent("a")).body
    tell(sandbox, "restore", site="orpheus")
    id = json.loads(upload(sandbox, torrent("a")).body)["response"]["torrentId"]
    tell(sandbox, "lose-file", site="orpheus", torrent=id)
    assert sandbox.torrents("orpheus")[-1].info is None
    tell(sandbox, "remove", site="orpheus", torrent=id)
    assert not sandbox.torrents("orpheus", "uploader")


def test_release_lets_go_what_hangs(sandbox: Sandbox) -> None:
    tell(sandbox, "fail", site="orpheus", kind="hang")
    caller = threading.Thread(target=upload, args=(sandbox, torrent("a")))
    caller.start()
    until(lambda: sandbox.torrents("orpheus", "uploader"))
    while caller.is_alive():
        tell(sandbox, "release")
        caller.join(0.01)


@pytest.mark.parametrize(
    ("verb", "value", "said"),
    [
        ("fail", {"site": "orpheus", "kind": "loose"}, "no fault 'loose'"),
        ("fail", {"site": "orpheus", "kind": "lost", "time": 1}, "unknown keys: time"),
        ("fail", {"site": "orpheus", "kind": "lost", "times": True}, "times is a int"),
        ("fail", {"site": "orpheus"}, "kind"),
        ("fail", {"site": "nowhere", "kind": "lost"}, "no site 'nowhere' (have: redacted, orpheus, unit3d"),
        ("fail", {"kind": "lost"}, "site wants a text"),
        ("traits", {"site": "orpheus", "colour": 1}, "colour"),
        ("lose-file", {"site": "orpheus", "torrent": "x"}, "torrent wants a number"),
    ],
)
def test_a_wrong_call_is_told_what_is_wrong(sandbox: Sandbox, verb: str, value: dict[str, object], said: str) -> None:
    answer = tell(sandbox, verb, **value)
    assert answer.status == 400
    assert said in json.loads(answer.body)["error"]


def test_other_methods_paths_bodies_and_hosts_get_nothing(sandbox: Sandbox) -> None:
    assert call(f"{sandbox.url}/control/fail").status == 404
    assert call(f"{sandbox.url}/control/nothing", body=("application/json", b"{}")).status == 404
    assert call(f"{sandbox.url}/control/fail", body=("application/json", b"[1]")).status == 400
    assert call(f"{sandbox.url}/control/fail", body=("application/json", b"{")).status == 400
    assert call(f"{sandbox.url}/control/state", headers={"Host": "attacker.example:80"}).status == 403
    assert call(f"{sandbox.url}/control/state", headers={"Host": f"localhost:{sandbox.url[-5:]}"}).status == 200


def test_serve_tells_where_it_listens_and_ends_when_told() -> None:
    until, told = threading.Event(), threading.Event()
    seen: list[dict[str, dict[str, str]]] = []

    def tell_once(sandbox: Sandbox) -> None:
        seen.append(sandbox.access())
        told.set()

    thread = threading.Thread(target=serve, args=(0, tell_once, until))
    thread.start()
    assert told.wait(10)
    access = seen[0]["redacted"]
    assert access["type"] == "sandbox-redacted"
    assert call(access["url"] + "/ajax.php?action=index", headers={"Authorization": access["api_key"]}).status == 200
    assert access["announce"].endswith(f"/announce/redacted/{access['passkey']}/announce")
    until.set()
    thread.join(10)
    assert not thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        call(access["url"])


def test_two_sandboxes_of_one_seed_have_the_same_keys_and_given_keys_are_kept() -> None:
    first, second, other = Sandbox(), Sandbox(), Sandbox(seed=1)
    assert first.account("orpheus") == second.account("orpheus") != other.account("orpheus")
    given = Sandbox(keys={"redacted": ("the key", "the-passkey")}).account("redacted")
    assert (given.api_key, given.passkey) == ("the key", "the-passkey")
    with pytest.raises(RuntimeError, match="not started"):
        _ = first.url
