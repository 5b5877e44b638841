"""The loop after an upload, in virtual time: what the site registered goes to the client, and how it fares there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_loop import World, world
from tests.watcher.test_uploader import posts
from watcher.jobs import State
from watcher.seeding import Seeding


class TestSeeding:
    @pytest.fixture
    def one(self, tmp_path: Path) -> Iterator[World]:
        with world(tmp_path, client="seedbox") as made:
            yield made

    def done(self, world: World) -> bool:
        return world.job().state is State.DONE

    def test_the_registered_torrent_is_added_and_the_job_done_when_its_tracker_works(self, one: World) -> None:
        one.release()
        one.until(lambda: self.done(one), hours=1)
        job = one.job()
        assert list(one.client.torrents) == [job.registered] == [job.infohash]
        assert one.client.adds == [True]

    def test_T17_another_hash_of_the_same_content_is_what_is_seeded(self, one: World) -> None:
        one.release()
        one.turn()
        sent = str(one.job().infohash)
        ours = one.bench.store.get(sent)
        one.sites["RED"].files[sent] = ours[:-1] + b"6:uniquei7ee"
        one.until(lambda: self.done(one), hours=1)
        assert one.job().registered != sent
        assert list(one.client.torrents) == [one.job().registered]

    def test_a_registered_torrent_of_other_content_is_held_and_never_added(self, one: World) -> None:
        one.release()
        one.turn()
        sent = str(one.job().infohash)
        one.sites["RED"].files[sent] = one.bench.store.get(sent).replace(b"4:name5:Album", b"4:name5:Other")
        one.until(lambda: one.job().state is State.HELD, hours=1)
        assert (one.job().state, one.job().code) == (State.HELD, "registered-differs")
        assert one.client.torrents == {}

    def test_nothing_is_published_that_cannot_be_seeded(self, one: World) -> None:
        one.client.unready = "seedbox sees no folder '/content'"
        one.release()
        one.turn(10)
        assert (one.job().state, one.job().code, posts(one)) == (State.PREPARED, "client-away", 0)
        one.client.unready = None
        one.until(lambda: self.done(one), hours=2)
        assert posts(one) == 1

    def test_a_client_that_goes_away_after_the_upload_is_waited_for(self, one: World) -> None:
        one.release()
        one.until(lambda: one.job().state is State.UPLOADED, hours=1)
        one.client.away = True
        one.turn(5)
        assert one.job().state is State.UPLOADED
        one.client.away = False
        one.until(lambda: self.done(one), hours=2)
        assert posts(one) == 1

    def test_an_unregistered_torrent_is_announced_again_after_ten_minutes(self, one: World) -> None:
        one.client.says = [Seeding("checking")] + [Seeding("unregistered", "unregistered torrent")] * 15
        one.release()
        one.until(lambda: self.done(one), hours=1)
        assert one.client.announced
        assert set(one.client.announced) == {one.job().registered}

    def test_a_torrent_the_client_cannot_seed_is_a_question(self, one: World) -> None:
        one.client.says = [Seeding("checking"), Seeding("error", "its files are missing")]
        one.release()
        one.until(lambda: one.job().state is State.HELD, hours=1)
        job = one.job()
        assert (job.state, job.code, job.back_to) == (State.HELD, "not-seeding", State.SEEDING)
        assert one.command("retry", job.job)["result"] == "done"
        one.until(lambda: self.done(one), hours=1)

    def test_Q15_a_torrent_the_client_has_with_other_trackers_is_a_question(self, one: World) -> None:
        one.client.says = [Seeding("error", "it has this torrent with other trackers")]
        one.release()
        one.until(lambda: one.job().state is State.HELD, hours=1)
        assert (one.job().code, one.job().back_to) == ("not-seeding", State.UPLOADED)
        assert "other trackers" in str(one.job().why)

    def test_Q16_a_check_that_finds_other_data_stops_the_torrent(self, one: World) -> None:
        one.client.says = [Seeding("checking"), Seeding("incomplete", "99.0% of it is there")]
        one.release()
        one.until(lambda: one.job().state is State.HELD, hours=1)
        assert one.client.stops == [one.job().registered]

    def test_a_site_that_lost_the_file_of_one_torrent_does_not_stop_its_lane(self, one: World) -> None:
        one.release("First")
        one.turn()
        lost = one.job().infohash
        one.models["RED"].lost.add(str(lost))
        one.until(lambda: one.job().state is State.UPLOADED, hours=1)
        one.release("Second")
        one.until(lambda: State.DONE in {job.state for job in one.jobs()}, hours=1)
        first = next(job for job in one.jobs() if job.infohash == lost)
        assert (first.state, first.code) == (State.UPLOADED, "no-torrent")
        one.models["RED"].lost.clear()
        one.until(lambda: {job.state for job in one.jobs()} == {State.DONE}, hours=2)

    def test_a_torrent_that_a_person_took_out_of_the_client_is_told_and_can_be_added_again(self, one: World) -> None:
        one.client.says = [Seeding("checking")] + [Seeding("absent")] * 4
        one.release()
        one.until(lambda: one.job().state is State.HELD, hours=1)
        assert (one.job().state, one.job().back_to) == (State.HELD, State.UPLOADED)
        one.command("retry", one.job().job)
        one.until(lambda: self.done(one), hours=1)
        assert len(one.client.adds) == 2

    def test_files_touched_since_they_were_hashed_are_checked_by_the_client(self, one: World) -> None:
        one.release()
        one.until(lambda: one.job().state is State.UPLOADED, hours=1)
        path = one.folder / "content" / "Album" / "01.flac"
        path.write_bytes(path.read_bytes())
        one.until(lambda: self.done(one), hours=1)
        assert one.client.adds == [False]

    def test_what_is_done_is_forgotten_only_when_the_site_deleted_it(self, one: World) -> None:
        one.release()
        one.until(lambda: self.done(one), hours=1)
        job = one.job()
        assert "the site shows it" in str(one.command("forget", job.job, deleted=True)["why"])
        one.sites["RED"].stored.clear()
        assert one.command("forget", job.job, deleted=True)["result"] == "done"
        one.until(lambda: self.done(one), hours=2)
        assert posts(one) == 2
