"""The sandbox's UNIT3D over a real connection: what the recordings can't show, and what each fault leaves behind."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator
from urllib.parse import quote

import bencode2
import pytest

from tests.support_sandbox import Answered, Hands, call, hash_of, torrent
from trackers.sandbox import Fault, Sandbox

SITE = "unit3d"
FORM = {
    "name": "The Socket 2024 1080p WEB-DL-LOCAL",
    "description": "A description",
    "category_id": "1",
    "type_id": "4",
    "resolution_id": "3",
    "anonymous": "0",
}
JSON = {"Accept": "application/json"}


class Site:
    """A sandbox, its clock, and one user of it."""

    def __init__(self) -> None:
        self.clock = Hands()
        self.sandbox = Sandbox(clock=self.clock)
        self.sandbox.start()
        self.user = "uploader"

    @property
    def headers(self) -> dict[str, str]:
        return {**JSON, "Authorization": "Bearer " + self.sandbox.account(SITE, self.user).api_key}

    def get(self, path: str, **params: object) -> Answered:
        return call(f"{self.sandbox.url_of(SITE)}/{path}", params, self.headers)

    def upload(self, data: bytes | None = None, **changed: str) -> Answered:
        files = [("torrent", "t.torrent", data or torrent("Socket"))]
        address = self.sandbox.url_of(SITE) + "/api/torrents/upload"
        return call(address, None, self.headers, (list({**FORM, **changed}.items()), files))

    def names(self, **params: object) -> list[str]:
        rows = json.loads(self.get("api/torrents/filter", **params).body)["data"]
        return [row["attributes"]["name"] for row in rows]

    def outcomes(self) -> list[str]:
        return [post.outcome for post in self.sandbox.posts(SITE)]

    def newest(self) -> int:
        return self.sandbox.torrents(SITE)[-1].id

    def announce(self, infohash: str) -> dict[bytes, object]:
        query = "peer_id=-XX0000-abcdefghijkl&port=6881&uploaded=0&downloaded=0&left=0&compact=1"
        address = self.sandbox.access()[SITE]["announce"]
        answer = call(f"{address}?info_hash={quote(bytes.fromhex(infohash))}&{query}")
        found: dict[bytes, object] = bencode2.bdecode(answer.body)
        return found


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site()
    yield one
    one.sandbox.stop()


def address_in(answer: Answered) -> str:
    return str(json.loads(answer.body)["data"])


def test_the_registered_torrent_has_another_info_hash_and_the_site_s_keys_alone(site: Site) -> None:
    sent = torrent("Socket", x_cross_seed="abc", source=b"OTHER", private=None)
    file = bencode2.bdecode(call(address_in(site.upload(sent))).body)
    assert set(file) == {b"announce", b"comment", b"created by", b"info"}
    assert set(file[b"info"]) == {
        b"entropy", b"files", b"name", b"piece length", b"pieces", b"private", b"source",
    }  # fmt: skip
    assert hash_of(bencode2.bencode(file)) == site.sandbox.torrents(SITE)[-1].infohash != hash_of(sent)
    assert file[b"announce"].decode() == site.sandbox.access()[SITE]["announce"]


def test_what_waits_for_a_moderator_is_shown_by_nothing_and_keeps_its_name(site: Site) -> None:
    site.user = "untrusted"
    answer = site.upload()
    assert (answer.status, json.loads(answer.body)["success"]) == (200, True)
    assert site.names(_=1, uploader="untrusted") == []
    assert site.get(f"api/torrents/{site.newest()}").status == 404
    assert b"already been taken" in site.upload().body
    assert call(address_in(answer)).content_type == "application/x-bittorrent"
    site.sandbox.moderate(SITE, site.newest(), "approved")
    assert site.names(_=2, uploader="untrusted") == [FORM["name"]]
    site.sandbox.moderate(SITE, site.newest(), "rejected")
    assert call(address_in(answer)).status == 302


def test_a_site_may_moderate_everybody(site: Site) -> None:
    site.sandbox.traits(SITE, moderated=True)
    site.upload()
    assert site.get(f"api/torrents/{site.newest()}").status == 404


def test_an_answer_of_the_filter_is_kept_for_five_minutes_and_once_more_while_it_is_renewed(site: Site) -> None:
    assert site.names(name=FORM["name"]) == []
    site.upload()
    assert site.names(name=FORM["name"]) == []
    assert site.names(name=FORM["name"], _=1) == [FORM["name"]]
    site.clock.time += 301
    assert site.names(name=FORM["name"]) == []
    assert site.names(name=FORM["name"]) == [FORM["name"]]


def test_an_answer_that_is_long_stale_is_made_anew_at_once(site: Site) -> None:
    assert site.names(name=FORM["name"]) == []
    site.upload()
    site.clock.time += 361
    assert site.names(name=FORM["name"]) == [FORM["name"]]


def test_a_500_can_have_stored_the_torrent(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("search-down"))
    assert site.upload().status == 500
    assert site.outcomes() == ["stored"]
    assert site.names(name=FORM["name"]) == []
    assert b"already been taken" in site.upload().body


@pytest.mark.parametrize("kind", ["lost", "hang", "half", "drip", "two-documents"])
def test_every_damaged_answer_comes_after_storing(site: Site, kind: str) -> None:
    site.sandbox.fail(SITE, Fault(kind, seconds=1.0))
    with contextlib.suppress(http.client.HTTPException):
        site.upload()
    assert site.outcomes() == ["stored"]
    assert site.names(name=FORM["name"]) == [FORM["name"]]


def test_a_late_upload_is_stored_when_its_time_comes(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("late", seconds=40.0))
    with pytest.raises(http.client.RemoteDisconnected):
        site.upload()
    assert site.outcomes() == ["late"]
    site.clock.time += 41
    assert site.outcomes() == ["stored"]
    assert site.names(name=FORM["name"]) == [FORM["name"]]


def test_the_search_can_lag_behind_the_page(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("search-lag", seconds=40.0))
    site.upload()
    assert site.get(f"api/torrents/{site.newest()}").status == 200
    assert site.names(_=1, name=FORM["name"]) == []
    site.clock.time += 41
    assert site.names(_=2, name=FORM["name"]) == [FORM["name"]]


def test_nobody_announces_what_waits_for_a_moderator(site: Site) -> None:
    site.sandbox.traits(SITE, moderated=True)
    site.upload()
    registered = site.sandbox.torrents(SITE)[-1]
    assert b"PENDING" in site.announce(registered.infohash)[b"failure reason"]  # type: ignore[operator]
    site.sandbox.moderate(SITE, registered.id, "approved")
    assert site.announce(registered.infohash)[b"complete"] == 1
    assert site.sandbox.peers(SITE, registered.infohash)[0].seeding


def test_the_page_can_lag_behind_the_upload(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("hash-lag", seconds=40.0))
    site.upload()
    assert site.get(f"api/torrents/{site.newest()}").status == 404
    site.clock.time += 41
    assert site.get(f"api/torrents/{site.newest()}").status == 200


def test_a_success_can_be_a_lie(site: Site) -> None:
    before = len(site.sandbox.torrents(SITE))
    site.sandbox.fail(SITE, Fault("phantom"))
    answer = site.upload()
    assert (answer.status, site.outcomes(), len(site.sandbox.torrents(SITE))) == (200, ["not processed"], before)
    assert call(address_in(answer), None, JSON).status == 404


@pytest.mark.parametrize("kind", ["unstored", "file-lost"])
def test_a_file_that_was_not_kept_is_a_redirect_to_its_page(site: Site, kind: str) -> None:
    site.sandbox.fail(SITE, Fault(kind))
    answer = call(address_in(site.upload()))
    assert (answer.status, answer.headers["Location"]) == (302, f"{site.sandbox.url_of(SITE)}/torrents/{site.newest()}")


def test_a_download_or_a_look_up_can_be_of_another_torrent(site: Site) -> None:
    address = address_in(site.upload())
    site.sandbox.fail(SITE, Fault("other-torrent", action="*", times=2))
    assert bencode2.bdecode(call(address).body)[b"info"][b"name"] != b"Socket"
    assert json.loads(site.get(f"api/torrents/{site.newest()}").body)["id"] != str(site.newest())
    assert bencode2.bdecode(call(address).body)[b"info"][b"name"] == b"Socket"


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("too-many-requests", 429, b"Too Many Attempts."),
        ("rate-limit-exceeded", 429, b"Too Many Attempts."),
        ("login", 302, b"/login"),
        ("login-page", 200, b"Login - UNIT3D"),
        ("banned", 200, b'{"message":"This account is banned!"}'),
        ("revoked", 401, b"Unauthenticated."),
        ("maintenance", 503, b"Service Unavailable"),
        ("server-error", 500, b"Server Error"),
        ("too-large", 413, b"Request Entity Too Large"),
        ("bad-gateway", 502, b"nginx"),
    ],
)
def test_an_answer_in_the_site_s_place_is_in_its_words_and_nothing_was_stored(
    site: Site, kind: str, status: int, said: bytes
) -> None:
    site.sandbox.fail(SITE, Fault(kind))
    answer = site.upload()
    assert answer.status == status
    assert said in answer.body
    assert site.outcomes() == ["not processed"]
    assert site.upload().status == 200


def test_how_long_to_wait_is_told_by_the_fault(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("too-many-requests", retry_after="7"))
    assert site.upload().headers["Retry-After"] == "7"


def test_thirty_requests_a_minute_from_the_first_on_and_downloads_apart(site: Site) -> None:
    address = address_in(site.upload())
    assert [site.get("api/user").status for _ in range(30)] == [200] * 29 + [429]
    assert site.upload(name="Another").status == 429
    assert site.outcomes() == ["stored", "refused"]
    assert call(address).status == 200
    site.clock.time += 61
    assert site.get("api/user").status == 200


def test_a_revoked_key_is_any_wrong_key(site: Site) -> None:
    site.sandbox.revoke(SITE)
    assert site.upload().status == 401
    site.sandbox.restore(SITE)
    assert site.upload().status == 200


def test_a_late_upload_whose_name_is_taken_by_then_is_refused_then(site: Site) -> None:
    site.sandbox.fail(SITE, Fault("late", seconds=40.0, status=502, body="gone"))
    assert site.upload().status == 502
    assert site.upload().status == 200
    site.clock.time += 41
    assert site.outcomes() == ["refused", "stored"]


def test_a_word_for_yes_is_no_on_this_site(site: Site) -> None:
    site.upload(anonymous="true")
    assert json.loads(site.get(f"api/torrents/{site.newest()}").body)["attributes"]["uploader"] == "uploader"
    site.upload(name="Another", anonymous="1")
    assert json.loads(site.get(f"api/torrents/{site.newest()}").body)["attributes"]["uploader"] == "Anonymous"
    assert site.names(_=1, uploader="uploader") == [FORM["name"]]


def test_the_search_forgives_typos_and_wants_every_word(site: Site) -> None:
    site.upload()
    assert site.names(name="the sokcet 2024 1080p web local") == []
    assert site.names(name="the sockket 2024 1080p loc") == [FORM["name"]]
    assert site.names(name="socket 2023") == []


def test_rows_come_in_the_order_and_the_pages_that_are_asked_for(site: Site) -> None:
    for number in range(1, 4):
        site.upload(name=f"Sorted {number}")
        site.clock.time += 1
    rows = [f"Sorted {number}" for number in (1, 2, 3)]
    assert site.names(name="sorted") == rows[::-1]
    assert site.names(name="sorted", sortField="name", sortDirection="asc") == rows
    first = json.loads(site.get("api/torrents/filter", name="sorted", perPage=2).body)
    assert (len(first["data"]), first["meta"]["to"]) == (2, 2)
    second = call(first["links"]["next"], None, site.headers)
    assert [row["attributes"]["name"] for row in json.loads(second.body)["data"]] == ["Sorted 1"]


def test_moderation_is_told_to_another_process_s_sandbox(site: Site) -> None:
    site.sandbox.traits(SITE, moderated=True)
    site.upload()

    def tell(**value: object) -> Answered:
        body = ("application/json", json.dumps(value).encode())
        return call(site.sandbox.url + "/control/moderate", None, None, None, body)

    assert tell(site=SITE, torrent=site.newest(), status="approved").status == 200
    assert site.get(f"api/torrents/{site.newest()}").status == 200
    assert b"no status 'blessed'" in tell(site=SITE, torrent=site.newest(), status="blessed").body
    assert b"no moderation" in tell(site="orpheus", torrent=1, status="approved").body


def test_older_versions_count_the_requests_of_an_address(site: Site) -> None:
    site.sandbox.traits(SITE, version="9.1.5")
    assert {site.get("api/user").status for _ in range(30)} == {200}
    site.user = "second"
    assert site.get("api/user").status == 429
    site.sandbox.traits(SITE, version="9.2.0")
    assert site.get("api/user").status == 200


def test_a_name_can_be_given_twice_when_two_uploads_pass_the_look_at_once(site: Site) -> None:
    site.sandbox.traits(SITE, unique_names=False)
    assert [site.upload().status, site.upload().status] == [200, 200]
    assert site.names(name=FORM["name"]) == [FORM["name"]] * 2
