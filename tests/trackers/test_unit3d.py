"""UNIT3D: the contract, and what is its own, against a sandbox of five versions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bencode2
import pytest

from tests.support_unit3d import VIDEOS, film
from tests.trackers.contract import NOWHERE, UploaderContract, World
from trackers.base import Absent, CannotTell, Found, Upload
from trackers.errors import AlreadyThere, NotAuthorised, Refused, Unavailable, Unconfirmed


class TestUnit3d(UploaderContract):
    site = "unit3d"
    contents = VIDEOS
    most_asked = 8
    in_maintenance = Unavailable
    account_asks = ["user", "filter", "filter", "download"]  # noqa: RUF012 - as the contract has it

    def same(self, registered: Any, ours: Any) -> None:
        """Beside its own source and something at random it is ours."""
        assert registered.pop(b"entropy")
        assert registered | {b"source": b""} == ours | {b"source": b""}

    @pytest.mark.parametrize("verb", ["account", "similar", "find", "upload"])
    def test_T20_a_revoked_key_is_used_once(self, world: World, verb: str) -> None:
        super().test_T20_a_revoked_key_is_used_once(world, verb)

    def test_T20_a_revoked_key_fetches_nothing_new(self, world: World) -> None:
        world.prepared(world.tracker)
        world.sandbox.revoke("unit3d")
        with pytest.raises(NotAuthorised):
            world.tracker.registered(NOWHERE)

    # what is there already

    @pytest.mark.parametrize("name", ["{name}", "the.LOOPBACK.2019.1080p.wéb-dl-local"])
    def test_a_name_that_is_taken_is_a_duplicate_whatever_its_case_and_accents(self, world: World, name: str) -> None:
        theirs = world.other("second", title=name)
        receipt = theirs.upload(world.prepared(theirs, film()))
        one = world.prepared(world.tracker, film())
        (match,) = world.tracker.similar(one.form)
        assert (match.what, match.torrent_id) == ("torrent", receipt.torrent_id)
        assert match.facts["uploader"] == "second"
        with pytest.raises(AlreadyThere):
            world.tracker.upload(one)
        found = world.tracker.find(one, None)
        assert isinstance(found, Found)
        assert (found.ours, found.uploader) == (False, "second")

    def test_names_that_only_resemble_it_are_no_duplicate(self, world: World) -> None:
        world.tracker.upload(world.prepared(world.tracker, film("The.Loopback.2019.1080p.WEB-DL-LOCALS")))
        assert world.tracker.similar(world.prepared(world.tracker, film()).form) == []

    def test_a_name_on_other_files_proves_nothing(self, world: World) -> None:
        world.tracker.upload(world.prepared(world.tracker, film("Another.Film.2020"), title="The Loopback"))
        one = world.prepared(world.tracker, film(), title="The Loopback")
        told = world.tracker.find(one, None)
        assert isinstance(told, CannotTell)
        assert "/torrents/" in told.why

    def test_a_name_without_a_word_can_not_be_searched_for(self, world: World) -> None:
        one = world.prepared(world.tracker, film(), title="---")
        assert isinstance(world.tracker.similar(one.form), CannotTell)

    def test_what_a_moderator_renamed_is_found_by_its_file(self, world: World) -> None:
        one = world.prepared(world.tracker, film())
        receipt = world.tracker.upload(one)
        entry: Any = world.sandbox.torrents("unit3d", "uploader")[-1]
        entry.sheet = replace(entry.sheet, name="Something Else Entirely")
        found = world.tracker.find(one, None)
        assert isinstance(found, Found)
        assert (found.ours, found.receipt.torrent_id) == (True, receipt.torrent_id)

    # what was sent and is not shown

    def already_sent(self, one: Upload, world: World) -> Upload:
        return replace(one, sent_at=world.clock.now())

    def test_absence_proves_nothing_where_a_moderator_may_hold_it(self, world: World) -> None:
        one = world.prepared(world.tracker, film())
        assert isinstance(world.tracker.find(one, None), Absent)  # before it was sent it is a look for duplicates
        told = world.tracker.find(self.already_sent(one, world), None)
        assert isinstance(told, CannotTell)
        assert "moderated: false" in told.why
        trusted = world.other("uploader", moderated=False)
        assert isinstance(trusted.find(self.already_sent(one, world), None), Absent)

    def test_what_waits_for_a_moderator_is_fetched_and_found_once_it_is_approved(self, world: World) -> None:
        world.sandbox.traits("unit3d", moderated=True)
        one = world.prepared(world.tracker, film())
        receipt = world.tracker.upload(one)
        assert isinstance(world.tracker.find(self.already_sent(one, world), receipt), CannotTell)
        self.same(bencode2.bdecode(world.tracker.registered(receipt))[b"info"], bencode2.bdecode(one.info))
        anew = world.other("uploader")  # as after a restart: the key is learned from the list
        self.same(bencode2.bdecode(anew.registered(receipt))[b"info"], bencode2.bdecode(one.info))
        world.sandbox.moderate("unit3d", int(receipt.torrent_id), "approved")
        assert isinstance(world.tracker.find(self.already_sent(one, world), receipt), Found)
        world.sandbox.moderate("unit3d", int(receipt.torrent_id), "rejected")
        with pytest.raises(Unavailable):
            world.tracker.registered(receipt)

    def test_what_a_moderator_says_is_told_apart(self, world: World) -> None:
        tracker = world.tracker
        receipt = tracker.upload(world.prepared(tracker, film()))
        assert tracker.moderation(receipt) == ""
        number = int(receipt.torrent_id)
        for status, told in (("pending", "pending"), ("postponed", "pending"), ("rejected", "rejected")):
            world.sandbox.moderate("unit3d", number, status)
            assert tracker.moderation(receipt) == told
        world.sandbox.remove("unit3d", number)
        assert tracker.moderation(receipt) == "deleted"

    def test_a_key_of_downloads_that_was_reset_is_no_rejection(self, world: World) -> None:
        world.sandbox.traits("unit3d", moderated=True)
        receipt = world.tracker.upload(world.prepared(world.tracker, film()))
        user = next(user for user in world.sandbox.store("unit3d").users if user.name == "uploader")
        user.rsskey = "0123456789abcdef" * 2
        assert world.tracker.moderation(receipt) == "pending"

    def test_a_500_that_stored_it_is_unconfirmed_and_its_name_is_taken(self, world: World) -> None:
        one = world.prepared(world.tracker, film())
        world.fail("search-down", action="upload")
        with pytest.raises(Unconfirmed):
            world.tracker.upload(one)
        assert isinstance(world.tracker.find(self.already_sent(one, world), None), CannotTell)
        with pytest.raises(AlreadyThere):
            world.tracker.upload(one)
        assert len(world.sandbox.torrents("unit3d", "uploader")) == 1

    def test_a_look_after_the_upload_is_not_answered_from_before_it(self, world: World) -> None:
        one = world.prepared(world.tracker, film())
        assert isinstance(world.tracker.find(one, None), Absent)
        world.tracker.upload(one)
        assert isinstance(world.tracker.find(one, None), Found)

    # anonymous uploads

    def test_an_anonymous_upload_is_known_as_ours_by_our_mark_in_its_torrent(self, world: World) -> None:
        hidden = world.other("uploader", anonymous=True)
        one = world.prepared(hidden, film())
        receipt = hidden.upload(one)
        found = hidden.find(self.already_sent(one, world), None)
        assert isinstance(found, Found)
        assert (found.ours, found.uploader, found.receipt.torrent_id) == (True, "Anonymous", receipt.torrent_id)

    def test_of_an_anonymous_upload_of_anybody_else_nothing_can_be_told(self, world: World) -> None:
        theirs = world.other("second", anonymous=True)
        theirs.upload(world.prepared(theirs, film()))
        found = world.tracker.find(self.already_sent(world.prepared(world.tracker, film()), world), None)
        assert isinstance(found, Found)
        assert found.ours is None

    def test_anonymous_is_kept_by_the_site_as_it_was_meant(self, world: World) -> None:
        for anonymous in (True, False):
            one = world.prepared(world.tracker, film(f"Film {anonymous}"), anonymous=anonymous)
            world.tracker.upload(one)
            entry: Any = world.sandbox.torrents("unit3d", "uploader")[-1]
            assert entry.sheet.anonymous is anonymous

    # versions

    @pytest.mark.parametrize("version", ["9.1.5", "9.0.0", "8.3.4"])
    def test_older_versions_take_the_same_form(self, world: World, version: str) -> None:
        world.sandbox.traits("unit3d", version=version)
        one = world.prepared(world.tracker, film())
        receipt = world.tracker.upload(one)
        info = bencode2.bdecode(world.tracker.registered(receipt))[b"info"]
        assert info[b"pieces"] == bencode2.bdecode(one.info)[b"pieces"]
        with pytest.raises(AlreadyThere):
            world.tracker.upload(one)

    def test_a_site_that_does_not_say_who_we_are_is_named_as_too_old(self, world: World) -> None:
        world.sandbox.traits("unit3d", version="8.0.0")
        with pytest.raises(Unavailable) as caught:
            world.tracker.account()
        assert "8.3.4" in caught.value.text

    # rights and keys

    def test_a_wrong_number_of_a_category_is_told_with_its_cure(self, world: World) -> None:
        one = world.prepared(world.tracker, film(), category_id=999)
        with pytest.raises(Refused) as caught:
            world.tracker.upload(one)
        assert "mend 'categories'" in caught.value.text

    def test_the_key_of_downloads_is_learned_anew_where_it_was_reset(self, world: World) -> None:
        receipt = world.tracker.upload(world.prepared(world.tracker, film()))
        user = next(user for user in world.sandbox.store("unit3d").users if user.name == "uploader")
        user.rsskey = "0123456789abcdef" * 2
        assert world.tracker.registered(receipt)

    def test_no_download_address_is_in_anything_that_is_told(self, world: World) -> None:
        one = world.prepared(world.tracker, film())
        receipt = world.tracker.upload(one)
        user = next(user for user in world.sandbox.store("unit3d").users if user.name == "uploader")
        told = [repr(receipt), repr(world.tracker.similar(one.form)), repr(world.tracker.find(one, receipt))]
        with pytest.raises(Unavailable) as caught:
            world.tracker.registered(NOWHERE)
        told += [str(caught.value), repr(vars(caught.value))]
        assert user.rsskey
        assert not any(user.rsskey in text for text in told)
