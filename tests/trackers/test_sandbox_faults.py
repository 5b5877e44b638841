"""Everything the sandbox can be told to do wrong, over a real connection, and what is true on the site afterwards."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.support_sandbox import FORM, Answered, Hands, call, hash_of, multipart, torrent, until
from trackers.sandbox import KINDS, Fault, Sandbox
from trackers.sandbox.store import Seen

SITE = "orpheus"


class Site:
    """A sandbox, its clock, and one user of it."""

    def __init__(self) -> None:
        self.clock = Hands()
        self.sandbox = Sandbox(clock=self.clock)
        self.sandbox.start()
        self.data = torrent("Fault")

    def get(self, action: str, **params: object) -> Answered:
        headers = {"Authorization": "token " + self.sandbox.account(SITE).api_key}
        return call(self.sandbox.url_of(SITE) + "/ajax.php", {"action": action, **params}, headers)

    def upload(self, data: bytes | None = None) -> Answered:
        headers = {"Authorization": "token " + self.sandbox.account(SITE).api_key}
        files = [("file_input", "t.torrent", data or self.data)]
        return call(self.sandbox.url_of(SITE) + "/ajax.php", {"action": "upload"}, headers, (FORM, files))

    def stored(self) -> int:
        return len(self.sandbox.torrents(SITE, "uploader"))

    def outcomes(self) -> list[str]:
        return [post.outcome for post in self.sandbox.posts(SITE)]

    def finds(self) -> bool:
        return b'"success"' in self.get("torrent", hash=hash_of(self.data)).body


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site()
    yield one
    one.sandbox.stop()


def test_a_lost_answer_leaves_the_torrent_registered(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("lost"))
    with pytest.raises(http.client.RemoteDisconnected):
        site.upload()
    assert site.outcomes() == ["stored"]
    assert site.finds()


@pytest.mark.parametrize("kind", ["lost", "hang", "half", "drip", "text-before", "two-documents"])
def test_every_damaged_answer_comes_after_storing(site: Site, kind: str) -> None:
    site.sandbox.fail(SITE, Fault(kind, seconds=1.0))
    with contextlib.suppress(http.client.HTTPException):
        site.upload()
    assert site.outcomes() == ["stored"]
    assert site.stored() == 1


@pytest.mark.parametrize("kind", ["reset", "silence"])
def test_without_an_answer_nothing_was_done(site: Site, kind: str) -> None:
    site.sandbox.fail(SITE, Fault(kind, seconds=1.0))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        site.upload()
    assert site.outcomes() == ["not processed"]
    assert site.stored() == 0


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "body"),
    [
        (Fault("too-many-requests"), 429, "application/json; charset=utf-8", b"Rate limit exceeded"),
        (Fault("too-many-requests", retry_after="7"), 429, "application/json; charset=utf-8", b"Rate limit exceeded"),
        (Fault("rate-limit-exceeded"), 200, "application/json; charset=utf-8", b"Rate limit exceeded"),
        (Fault("bad-gateway"), 502, "text/html", b"502 Bad Gateway"),
        (Fault("html"), 200, "text/html; charset=UTF-8", b"<!DOCTYPE html>"),
        (Fault("login"), 302, "text/html; charset=UTF-8", b""),
        (Fault("empty"), 200, "application/json; charset=utf-8", b""),
        (Fault("revoked"), 200, "application/json", b"invalid token"),
        (Fault("answer", status=413, body="too large", content_type="text/html"), 413, "text/html", b"too large"),
    ],
)
@pytest.mark.parametrize("processed", [False, True])
def test_an_answer_in_the_sites_place_says_nothing_of_what_was_done(
    site: Site, fault: Fault, status: int, content_type: str, body: bytes, processed: bool
) -> None:
    site.sandbox.fail(SITE, Fault(**{**vars(fault), "processed": processed}))
    answer = site.upload()
    assert (answer.status, answer.content_type) == (status, content_type)
    assert body in answer.body
    assert answer.headers.get("Retry-After", "") == fault.retry_after
    assert site.stored() == (1 if processed else 0)
    assert site.upload().status == 200


def test_a_hanging_answer_comes_when_it_is_released(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("hang"))
    answers: list[Answered] = []
    caller = threading.Thread(target=lambda: answers.append(site.upload()))
    caller.start()
    until(site.stored)
    assert caller.is_alive()
    site.sandbox.release()
    caller.join()
    assert json.loads(answers[0].body)["status"] == "success"


def test_a_release_is_not_missed_however_soon_after_the_storing_it_comes(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = site.sandbox.store(SITE)
    remember = store.remember

    def release_first(seen: Seen) -> None:
        site.sandbox.release()
        remember(seen)

    monkeypatch.setattr(store, "remember", release_first)
    site.sandbox.fail(SITE, Fault("hang"))
    assert json.loads(site.upload().body)["status"] == "success"


def test_half_an_answer_promises_all_of_it(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("half"))
    with pytest.raises(http.client.IncompleteRead) as caught:
        site.upload()
    assert caught.value.partial.startswith(b'{"status":"success"')


def test_a_dripping_answer_arrives_whole_and_slowly(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("drip", seconds=2.0))
    before = site.clock.time
    answer = site.upload()
    assert json.loads(answer.body)["status"] == "success"
    assert site.clock.time - before == 2.0 * len(answer.body)


def test_text_before_and_a_second_document_spoil_the_json(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("text-before"))
    assert site.upload().body.startswith(b"This request has already been filled.{")
    site.sandbox.fail(SITE, Fault("two-documents"))
    first, end = json.JSONDecoder().raw_decode(text := site.upload(torrent("two")).body.decode())
    assert first["status"] == "success"
    assert json.loads(text[end:])["response"] == 1


def test_a_late_upload_is_absent_until_its_time(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("late", seconds=300))
    with pytest.raises(http.client.RemoteDisconnected):
        site.upload()
    assert (site.outcomes(), site.finds()) == (["late"], False)
    site.clock.time += 299
    assert not site.finds()
    site.clock.time += 1
    assert site.finds()
    assert site.outcomes() == ["stored"]


def test_a_late_upload_may_be_answered_by_the_front_server(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("late", seconds=30, status=504, body="Gateway Time-out"))
    assert site.upload().status == 504
    site.clock.time += 30
    assert site.stored() == 1


def test_a_second_upload_before_the_late_one_makes_the_late_one_a_duplicate(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("late", status=504, seconds=30))
    site.upload()
    assert b"success" in site.upload().body
    site.clock.time += 30
    assert site.outcomes() == ["refused", "stored"]
    assert site.stored() == 1


def test_without_its_own_refusal_a_second_upload_is_a_second_torrent(site: Site) -> None:
    site.sandbox.traits(SITE, refuses_same_hash=False)
    site.upload()
    site.upload()
    assert site.stored() == 2


def test_a_torrent_that_was_not_stored_is_registered_and_mended_by_a_second_upload(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("unstored"))
    assert b"Internal error saving torrent file" in site.upload().body
    assert site.finds()
    uploaded = site.sandbox.torrents(SITE, "uploader")[0]
    assert site.get("download", id=uploaded.id).body == b""
    assert b"Thank you for fixing this torrent" in site.upload().body
    assert site.get("download", id=uploaded.id).body.startswith(b"d8:announce")
    assert b"The exact same torrent file already exists" in site.upload().body


def test_a_lost_file_downloads_as_nothing(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("file-lost"))
    answer = json.loads(site.upload().body)
    download = site.get("download", id=answer["response"]["torrentId"])
    assert (download.status, download.body) == (200, b"")
    assert download.content_type.startswith("application/x-bittorrent")


def test_a_phantom_is_a_success_of_which_nothing_is_there(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("phantom"))
    assert json.loads(site.upload().body)["status"] == "success"
    assert (site.outcomes(), site.stored(), site.finds()) == (["not processed"], 0, False)


def test_a_rewritten_torrent_has_another_hash_than_the_one_sent(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("rewritten"))
    answer = json.loads(site.upload().body)["response"]
    assert (answer["private"], answer["source"], site.finds()) == (True, True, False)
    download = site.get("download", id=answer["torrentId"]).body
    assert hash_of(download) == site.sandbox.torrents(SITE, "uploader")[0].infohash != hash_of(site.data)


def test_search_and_look_up_lag_by_themselves(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("search-lag", seconds=120))
    site.upload()
    assert site.finds()
    site.clock.time += 119
    assert b'"results":[]' in site.get("browse", groupname="First Album").body
    site.clock.time += 1
    assert b'"First Album"' in site.get("browse", groupname="First Album").body
    other = torrent("other")
    site.sandbox.fail(SITE, Fault("hash-lag", seconds=120))
    site.upload(other)
    wanted = hash_of(other)
    assert b"bad parameters" in site.get("torrent", hash=wanted).body
    assert b"bad parameters" in site.get("torrentgroup", hash=wanted).body
    site.clock.time += 120
    assert b"success" in site.get("torrent", hash=wanted).body


def test_the_index_lags_by_a_minute_unless_told_otherwise(site: Site) -> None:
    site.upload()
    assert b'"results":[]' in site.get("browse", groupname="First Album").body
    site.clock.time += 60
    assert b'"First Album"' in site.get("browse", groupname="First Album").body


def test_a_look_up_may_answer_with_another_torrent(site: Site) -> None:
    site.upload()
    site.sandbox.fail(SITE, Fault("other-torrent", action="torrent"))
    answer = json.loads(site.get("torrent", hash=hash_of(site.data)).body)
    assert answer["response"]["torrent"]["filePath"] != "Fault"
    assert json.loads(site.get("torrent", hash=hash_of(site.data)).body)["response"]["torrent"]["filePath"] == "Fault"


def test_faults_count_skip_and_match_by_action(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("bad-gateway", action="index", skip=1, times=2))
    assert [site.get("index").status for _ in range(4)] == [200, 502, 502, 200]
    site.sandbox.fail(SITE, Fault("bad-gateway", action="*", times=0))
    assert [site.get(action).status for action in ("index", "torrent", "browse")] == [502] * 3
    site.sandbox.clear(SITE)
    assert site.get("index").status == 200


def test_one_fault_of_each_class_strikes_together(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("lost"))
    site.sandbox.fail(SITE, Fault("hash-lag", seconds=60))
    with pytest.raises(http.client.RemoteDisconnected):
        site.upload()
    assert not site.finds()
    site.clock.time += 60
    assert site.finds()


def test_sites_fail_apart(site: Site) -> None:
    site.sandbox.fail("redacted", Fault("bad-gateway", action="*", times=0))
    assert site.get("index").status == 200


def test_a_body_cut_short_is_no_upload_and_a_client_that_leaves_after_it_is_one(site: Site) -> None:
    url = urlsplit(site.sandbox.url)
    kind, body = multipart(FORM, [("file_input", "t.torrent", site.data)])
    head = (
        f"POST /{SITE}/ajax.php?action=upload HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
        f"Authorization: token {site.sandbox.account(SITE).api_key}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    for expected, sent in enumerate((len(body) - 1, len(body)), 1):
        with socket.create_connection((url.hostname, url.port)) as connection:
            connection.sendall(head + body[:sent])
        until(lambda wanted=expected: len(site.sandbox.requests(SITE)) == wanted)
    assert [(seen.action, seen.status) for seen in site.sandbox.requests(SITE)] == [("upload", 0), ("upload", 200)]
    assert site.outcomes() == ["stored"]


def test_a_body_may_come_in_chunks(site: Site) -> None:
    kind, body = multipart(FORM, [("file_input", "t.torrent", site.data)])
    url = urlsplit(site.sandbox.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port)
    headers = {"Content-Type": kind, "Authorization": "token " + site.sandbox.account(SITE).api_key}
    halves = iter([body[:700], body[700:]])
    connection.request("POST", f"/{SITE}/ajax.php?action=upload", halves, headers, encode_chunked=True)
    assert json.loads(connection.getresponse().read())["status"] == "success"
    connection.close()


def test_a_kept_connection_ends_when_the_site_stops(site: Site) -> None:
    url = urlsplit(site.sandbox.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port)
    connection.request("GET", "/nowhere")
    assert connection.getresponse().read() == b"404"
    kept = connection.sock
    site.sandbox.stop()
    assert kept.recv(1) == b""
    connection.close()


def test_a_body_without_bounds_is_not_read(site: Site) -> None:
    with socket.create_connection((urlsplit(site.sandbox.url).hostname, urlsplit(site.sandbox.url).port)) as connection:
        connection.sendall(b"POST /orpheus/ajax.php HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_chunks_that_end_early_are_no_upload(site: Site) -> None:
    url = urlsplit(site.sandbox.url)
    with socket.create_connection((url.hostname, url.port)) as connection:
        head = b"POST /orpheus/ajax.php?action=upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"10\r\nabc")
    until(lambda: site.sandbox.requests(SITE))
    assert site.sandbox.requests(SITE)[0].status == 0
    assert site.outcomes() == []


def test_a_defect_of_the_sandbox_itself_is_not_swallowed(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.sandbox.store(SITE).torrents[1].group_id = 99
    with pytest.raises(http.client.RemoteDisconnected):
        site.get("torrent", id=1)
    until(lambda: "KeyError: 99" in capsys.readouterr().err)


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no fault 'loose' \(have: .*lost"):
        Fault("loose")
    assert all(KINDS.values())
