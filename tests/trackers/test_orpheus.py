"""OPS: the contract, and what is its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support_sandbox import GOOD_LOG
from tests.support_trackers import content, edition, music
from tests.trackers.contract import World
from tests.trackers.contract_gazelle import GazelleContract
from trackers.content import File
from trackers.errors import NotAuthorised, Refused, Unconfirmed


class TestOrpheus(GazelleContract):
    site = "orpheus"

    def test_logs_of_a_cd_are_scored(self, world: World) -> None:
        ripped = music(media="CD", has_log=True, logs=("a.log",))
        album = content(ripped, (File("01.flac", 9), File("a.log", 9)))
        one = replace(world.prepared(world.tracker, album), attached=(("logfiles[]", "a.log", GOOD_LOG.encode()),))
        receipt = world.tracker.upload(one)
        stored = next(t for t in world.sandbox.torrents("orpheus") if str(t.id) == receipt.torrent_id)
        assert (stored.has_log, len(stored.logs)) == (True, 1)

    def test_an_edition_is_stored_as_one(self, world: World) -> None:
        album = content(music(edition=edition(title="Deluxe", year=2016, label="Port", catalogue="P 1")))
        receipt = world.tracker.upload(world.prepared(world.tracker, album))
        stored = next(t for t in world.sandbox.torrents("orpheus") if str(t.id) == receipt.torrent_id)
        known = stored.edition
        assert (known.remastered, known.year, known.title) == (True, 2016, "Deluxe")
        assert (known.record_label, known.catalogue_number) == ("Port", "P 1")

    def test_entities_in_a_title_are_kept_as_they_are(self, world: World) -> None:
        album = content(music(album="A &amp; B"))
        receipt = world.tracker.upload(world.prepared(world.tracker, album))
        group = world.sandbox.store("orpheus").groups[int(receipt.group_id)]
        assert group.name == "A &amp; B"

    def test_what_the_site_repaired_is_already_there(self, world: World) -> None:
        one = world.prepared(world.tracker)
        world.fail("unstored", action="upload")
        with pytest.raises(Unconfirmed) as first:
            world.tracker.upload(one)
        with pytest.raises(Unconfirmed) as second:
            world.tracker.upload(one)
        assert (first.value.code, second.value.code) == ("store", "already-there")

    @pytest.mark.parametrize("user", ["limited", "noupload"])
    def test_an_account_without_the_right_stops_the_lane(self, world: World, user: str) -> None:
        tracker = world.other(user)
        with pytest.raises(NotAuthorised) as caught:
            tracker.upload(world.prepared(tracker))
        assert caught.value.code == "no-upload-right"

    def test_a_folder_name_that_others_have_is_a_warning_to_read(self, world: World) -> None:
        world.tracker.upload(world.prepared(world.tracker))
        twin = content(music(album="Second"), (File("01.flac", 77),))
        receipt = world.tracker.upload(world.prepared(world.tracker, twin))
        assert receipt.warnings
        assert "the same folder name" in receipt.warnings[0]
        assert "<" not in receipt.warnings[0]

    def test_a_cover_is_not_hosted_here(self, world: World) -> None:
        assert not world.tracker.hosts_images
        with pytest.raises(Refused) as caught:
            world.tracker.host_image(b"\x89PNG", "cover.png")
        assert caught.value.code == "no-cover"
        assert world.asked() == []
