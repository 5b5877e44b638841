"""What every uploader must do, whatever its dialect: inherited by one test class a tracker, against the sandbox.

Time is virtual for both sides, so limits are met and waited for at no cost; deadlines are real and short.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import bencode2
import pytest

from tests.support_sandbox import Hands
from tests.support_trackers import ALBUMS, FILES, content, edition, form, music, opened, upload
from trackers.base import Absent, CannotTell, Form, Found, Match, Receipt, Upload, Uploader
from trackers.content import Content, File
from trackers.errors import AlreadyThere, NotAuthorised, Refused, TrackerError, Unavailable, Unconfirmed
from trackers.sandbox import Fault, Sandbox
from trackers.secret import Secret

NOWHERE = Receipt("999999")


@dataclass
class World:
    """A sandbox, and our uploader at one of its sites."""

    sandbox: Sandbox
    site: str
    clock: Hands
    folder: Path
    tracker: Any

    def other(self, user: str) -> Any:
        """An uploader of another account."""
        key = self.sandbox.account(self.site, user).api_key
        return opened(f"sandbox-{self.site}", self.sandbox.url_of(self.site), None, clock=self.clock, key=key)

    def prepared(self, tracker: Uploader, one: Content | None = None, **set: object) -> Upload:
        """What the loop would send in an account's name."""
        flag = self.sandbox.store(self.site).flag
        return upload(form(tracker, one, **set), one, flag, tracker.account())

    def fail(self, kind: str, **how: Any) -> None:
        self.sandbox.fail(self.site, Fault(kind, **how))

    def asked(self) -> list[str]:
        """The actions that were asked for so far, in order."""
        return [seen.action for seen in self.sandbox.requests(self.site)]


class UploaderContract:
    """A subclass names its `site`; a fixture does the rest."""

    site: ClassVar[str]
    refuses_same_hash: ClassVar[bool] = True
    albums: ClassVar[Mapping[str, tuple[Content, dict[str, object]]]] = ALBUMS  # what it publishes

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[World]:
        clock = Hands()
        with Sandbox(clock=clock) as sandbox:
            key = sandbox.account(self.site).api_key
            url, type = sandbox.url_of(self.site), f"sandbox-{self.site}"
            tracker = opened(type, url, tmp_path / "limits", clock=clock, key=key, deadline=2.0)
            yield World(sandbox, self.site, clock, tmp_path, tracker)

    # who we are

    def test_the_account_says_who_we_are_and_where_to_announce(self, world: World) -> None:
        account, keys = world.tracker.account(), world.sandbox.account(self.site)
        assert account.user == keys.user
        assert keys.passkey in account.announce.reveal()
        assert account.announce.reveal().startswith(f"{world.sandbox.url}/announce/")
        assert world.asked() == ["index"]

    @pytest.mark.parametrize("verb", ["account", "similar", "find", "upload", "registered"])
    def test_T20_a_revoked_key_is_used_once(self, world: World, verb: str) -> None:
        one = world.prepared(world.tracker)
        before = len(world.asked())
        world.sandbox.revoke(self.site)
        asked: dict[str, tuple[object, ...]] = {
            "account": (), "similar": (one.form,), "find": (one, None), "upload": (one,), "registered": (NOWHERE,),
        }  # fmt: skip
        with pytest.raises(NotAuthorised):
            getattr(world.tracker, verb)(*asked[verb])
        assert len(world.asked()) == before + 1
        assert world.sandbox.torrents(self.site, "uploader") == []

    # one upload, from the first look to the torrent that is seeded

    def test_a_release_goes_from_the_first_look_to_the_registered_torrent(self, world: World) -> None:
        tracker = world.tracker
        one = world.prepared(tracker)
        assert tracker.similar(one.form) == []
        assert isinstance(tracker.find(one, None), Absent)
        receipt = tracker.upload(one)
        assert receipt.infohash == one.infohash
        assert receipt.url
        found = tracker.find(one, None)
        assert isinstance(found, Found)
        assert (found.ours, found.receipt.torrent_id) == (True, receipt.torrent_id)
        torrent = bencode2.bdecode(tracker.registered(receipt))
        assert bencode2.bencode(torrent[b"info"]) == one.info
        assert torrent[b"announce"].decode() == one.account.announce.reveal()
        (post,) = world.sandbox.posts(self.site)
        assert list(post.fields) == list(one.form.fields)

    def test_every_form_of_the_snapshots_is_taken_as_it_is(self, world: World) -> None:
        refused = {}
        for number, (name, (album, set)) in enumerate(self.albums.items()):
            if "groupid" in set:
                continue
            one = replace(album, name=album.name if album.single else f"{album.name} {number}")
            prepared = world.prepared(world.tracker, one, **set)
            attached = tuple((part.key, part.path, b"a log") for part in prepared.form.attachments)
            try:
                world.tracker.upload(replace(prepared, attached=attached))
            except TrackerError as error:
                refused[name] = repr(error)
        assert refused == {}

    # what is there already

    def similar(self, world: World, made: Form) -> list[Match]:
        world.clock.wait(120)  # the search lags
        found = world.tracker.similar(made)
        assert isinstance(found, list)
        return found

    def test_another_encoding_goes_into_the_group(self, world: World) -> None:
        tracker = world.tracker
        first = tracker.upload(world.prepared(tracker))
        smaller = content(music(format="MP3", encoding="320", bit_depth=None), (File("a.mp3", 9),), name="smaller")
        (match,) = self.similar(world, form(tracker, smaller))
        assert (match.what, match.group_id) == ("group", first.group_id)
        second = tracker.upload(world.prepared(tracker, smaller, **match.joins))
        assert second.group_id == first.group_id

    def test_a_title_of_another_year_is_near_and_joins_nothing(self, world: World) -> None:
        tracker = world.tracker
        tracker.upload(world.prepared(tracker))
        (match,) = self.similar(world, form(tracker, content(music(year=1999))))
        assert (match.what, match.joins) == ("near", {})
        assert match.url.startswith(world.sandbox.url_of(self.site))

    def test_another_edition_goes_into_the_group(self, world: World) -> None:
        tracker = world.tracker
        tracker.upload(world.prepared(tracker))
        (match,) = self.similar(world, form(tracker, content(music(edition=edition(year=2016, title="Deluxe")))))
        assert match.what == "group"

    def test_the_same_encoding_of_the_same_edition_is_a_duplicate(self, world: World) -> None:
        tracker = world.tracker
        receipt = tracker.upload(world.prepared(tracker))
        (match,) = self.similar(world, form(tracker, content(name="another folder")))
        assert (match.what, match.torrent_id) == ("torrent", receipt.torrent_id)
        assert match.facts

    @pytest.mark.parametrize("who", ["uploader", "second"])
    def test_T15_a_torrent_that_is_there_already_tells_whose_it_is(self, world: World, who: str) -> None:
        first = world.other(who)
        receipt = first.upload(world.prepared(first))
        one = world.prepared(world.tracker)
        if self.refuses_same_hash:
            with pytest.raises(AlreadyThere):
                world.tracker.upload(one)
        found = world.tracker.find(one, None)
        assert isinstance(found, Found)
        assert (found.ours, found.receipt.torrent_id) == (who == "uploader", receipt.torrent_id)

    # endings nobody can read

    @pytest.mark.parametrize("kind", ["lost", "half", "hang", "text-before", "two-documents", "unstored"])
    def test_an_upload_whose_answer_went_wrong_is_found_afterwards(self, world: World, kind: str) -> None:
        one = world.prepared(world.tracker)
        world.fail(kind, action="upload")
        tracker = self.impatient(world) if kind == "hang" else world.tracker
        with pytest.raises(Unconfirmed):
            tracker.upload(one)
        found = world.tracker.find(one, None)
        assert isinstance(found, Found)
        assert found.ours is True
        assert len(world.sandbox.posts(self.site)) == 1

    @pytest.mark.parametrize("kind", ["reset", "empty", "html", "bad-gateway", "silence"])
    def test_an_upload_that_was_not_processed_is_not_found_afterwards(self, world: World, kind: str) -> None:
        one = world.prepared(world.tracker)
        world.fail(kind, action="upload")
        tracker = self.impatient(world) if kind == "silence" else world.tracker
        with pytest.raises(Unconfirmed):
            tracker.upload(one)
        assert isinstance(world.tracker.find(one, None), Absent)

    def impatient(self, world: World) -> Any:
        url, key = world.sandbox.url_of(self.site), world.sandbox.account(self.site).api_key
        return opened(f"sandbox-{self.site}", url, None, clock=world.clock, key=key, deadline=0.3)

    def test_an_upload_that_is_stored_late_is_found_when_it_is(self, world: World) -> None:
        one = world.prepared(world.tracker)
        world.fail("late", action="upload", seconds=300.0)
        with pytest.raises(Unconfirmed):
            world.tracker.upload(one)
        assert isinstance(world.tracker.find(one, None), Absent)
        world.clock.wait(301)
        assert isinstance(world.tracker.find(one, None), Found)

    def test_T16_a_success_that_stored_nothing_is_seen_to_be_absent(self, world: World) -> None:
        one = world.prepared(world.tracker)
        world.fail("phantom", action="upload")
        receipt = world.tracker.upload(one)
        assert isinstance(world.tracker.find(one, None), Absent)
        with pytest.raises(Unavailable):
            world.tracker.registered(receipt)

    def test_T22_a_look_that_answers_with_another_torrent_is_not_believed(self, world: World) -> None:
        one = world.prepared(world.tracker)
        world.tracker.upload(one)
        world.fail("other-torrent", action="torrent")
        assert isinstance(world.tracker.find(one, None), CannotTell)

    def test_a_torrent_whose_file_the_site_lost_is_no_torrent(self, world: World) -> None:
        receipt = world.tracker.upload(world.prepared(world.tracker))
        world.sandbox.lose_file(self.site, int(receipt.torrent_id))
        with pytest.raises(Unavailable):
            world.tracker.registered(receipt)

    def test_T17_a_hash_that_the_site_changed_is_not_called_ours(self, world: World) -> None:
        one = world.prepared(world.tracker)
        info = bencode2.bencode(bencode2.bdecode(one.info) | {b"source": b"OTHER"})
        receipt = world.tracker.upload(replace(one, info=info))
        assert receipt.infohash is None

    # limits and outages

    @pytest.mark.parametrize(
        ("kind", "how"),
        [
            ("rate-limit-exceeded", {}),
            ("too-many-requests", {}),
            ("too-many-requests", {"retry_after": "45"}),
            ("login", {}),
            ("revoked", {}),
        ],
    )
    def test_what_was_said_before_processing_is_proved_not_processed(
        self, world: World, kind: str, how: dict[str, Any]
    ) -> None:
        one = world.prepared(world.tracker)
        world.fail(kind, action="upload", **how)
        with pytest.raises((Unavailable, NotAuthorised)) as caught:
            world.tracker.upload(one)
        if isinstance(caught.value, Unavailable):
            assert world.tracker.opening() > 0
            assert caught.value.retry_at == pytest.approx(world.clock.now() + world.tracker.opening())
        if "retry_after" in how:
            assert world.tracker.opening() == pytest.approx(float(how["retry_after"]))
        assert world.sandbox.torrents(self.site, "uploader") == []

    @pytest.mark.parametrize(
        ("kind", "meant"),
        [
            ("maintenance", Unconfirmed),
            ("login-page", Unconfirmed),
            ("moved", Unconfirmed),
            ("huge", Unconfirmed),
            ("too-large", Refused),
            ("banned", NotAuthorised),
        ],
    )
    def test_T7_T8_T9_T14_T19_T20_T21_each_end_of_an_upload_has_its_meaning(
        self, world: World, kind: str, meant: type[TrackerError]
    ) -> None:
        one = world.prepared(world.tracker)
        world.fail(kind, action="upload")
        with pytest.raises(TrackerError) as caught:
            world.tracker.upload(one)
        assert type(caught.value) is meant
        if kind in ("login-page", "moved"):
            assert isinstance(caught.value, Unconfirmed)
            assert caught.value.stops_lane
        assert isinstance(world.tracker.find(one, None), Absent)
        assert len(world.asked()) <= 5  # nothing was followed

    def test_T23_another_announce_address_changes_no_hash(self, world: World) -> None:
        one = world.prepared(world.tracker)
        world.sandbox.change_passkey(self.site)
        moved = world.prepared(world.tracker)
        assert moved.account.announce != one.account.announce
        assert moved.infohash == one.infohash
        receipt = world.tracker.upload(moved)
        torrent = bencode2.bdecode(world.tracker.registered(receipt))
        assert torrent[b"announce"].decode() == moved.account.announce.reveal()

    def test_the_right_to_upload_is_asked_for_without_uploading(self, world: World) -> None:
        assert world.tracker.may_upload() is True
        assert world.sandbox.torrents(self.site, "uploader") == []

    def test_a_torrent_of_somebody_else_is_described_in_facts(self, world: World) -> None:
        theirs = world.other("second")
        one = world.prepared(theirs)
        theirs.upload(one)
        told = world.tracker.describe(one.infohash)
        assert told["music.release_type"] == "Album"
        assert (told["music.year"], told["music.media"]) == (2001, "WEB")
        assert told["music.credits"] == [{"name": "The Band", "role": "main"}]
        assert world.tracker.describe("0" * 40) == {}

    def test_looks_in_a_row_never_meet_the_sites_limit(self, world: World) -> None:
        one = world.prepared(world.tracker)
        for _ in range(15):
            assert isinstance(world.tracker.find(one, None), Absent)
        assert world.tracker.limiter.waited > 0

    def test_T21_an_outage_of_the_site_is_told_and_over_when_it_is(self, world: World) -> None:
        one = world.prepared(world.tracker)
        world.sandbox.stop()
        with pytest.raises(Unavailable):
            world.tracker.upload(one)
        with pytest.raises(Unavailable):
            world.tracker.find(one, None)

    # secrets

    @pytest.mark.parametrize("kind", ["", "revoked", "html", "lost", "text-before", "unstored"])
    def test_no_secret_is_in_anything_that_is_told(self, world: World, kind: str) -> None:
        keys = world.sandbox.account(self.site)
        told = []
        account = world.tracker.account()
        one = world.prepared(world.tracker)
        if kind:
            world.fail(kind, action="upload")
        for _ in range(2):
            try:
                told.append(repr(world.tracker.upload(one)))
            except TrackerError as error:
                told.append("".join(traceback.format_exception(error)) + repr(vars(error)))
        told += [repr(account), repr(one), repr(one.form.as_json()), repr(world.tracker.find(one, None))]
        told += [path.read_text() for path in (world.folder / "limits").iterdir()]
        assert not any(keys.api_key in text or keys.passkey in text for text in told)

    def test_a_form_holds_no_secret(self, world: World) -> None:
        account = world.tracker.account()
        made = form(world.tracker)
        assert isinstance(account.announce, Secret)
        assert account.announce.reveal() not in repr(made)
        assert FILES
