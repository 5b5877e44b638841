"""What every Gazelle must do beside the contract: groups and editions, look-ups by hash, answers that PHP spoils."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import bencode2
import pytest

from tests.support_trackers import ALBUMS, content, edition, form, music
from tests.trackers.contract import UploaderContract, World
from trackers.base import Absent, CannotTell, Form, Found, Match
from trackers.content import Content, File
from trackers.errors import AlreadyThere, NotAuthorised, Unavailable, Unconfirmed


class GazelleContract(UploaderContract):
    """A subclass names its `site`."""

    contents: ClassVar[Mapping[str, tuple[Content, dict[str, object]]]] = ALBUMS
    account_asks: ClassVar[list[str]] = ["index"]

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
        with pytest.raises(AlreadyThere):
            world.tracker.upload(one)
        found = world.tracker.find(one, None)
        assert isinstance(found, Found)
        assert (found.ours, found.receipt.torrent_id) == (who == "uploader", receipt.torrent_id)

    @pytest.mark.parametrize("kind", ["text-before", "two-documents", "unstored"])
    def test_an_upload_whose_answer_php_spoiled_is_found_afterwards(self, world: World, kind: str) -> None:
        one = world.prepared(world.tracker)
        world.fail(kind, action="upload")
        with pytest.raises(Unconfirmed):
            world.tracker.upload(one)
        found = world.tracker.find(one, None)
        assert isinstance(found, Found)
        assert found.ours is True
        assert len(world.sandbox.posts(self.site)) == 1

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

    def test_T20_an_address_that_was_banned_stops_the_lane_before_anything_is_stored(self, world: World) -> None:
        one = world.prepared(world.tracker)
        world.fail("banned", action="upload")
        with pytest.raises(NotAuthorised):
            world.tracker.upload(one)
        assert isinstance(world.tracker.find(one, None), Absent)

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

    @pytest.mark.parametrize("kind", ["text-before", "unstored"])
    def test_no_secret_is_in_an_answer_that_php_spoiled(self, world: World, kind: str) -> None:
        self.test_no_secret_is_in_anything_that_is_told(world, kind)

    def test_what_the_site_registers_has_the_hash_that_was_sent(self, world: World) -> None:
        one = world.prepared(world.tracker)
        assert world.tracker.upload(one).infohash == one.infohash
