"""The sandbox's UNIT3D over a real connection: what the recordings can't show, and what each fault leaves behind."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator

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
