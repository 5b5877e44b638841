"""The loop and its protocol, in virtual time: what one job does in each case. Runs at random: test_exactly_once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.support_loop import World, world
from trackers.base import Account, Form, Found, Match, Problem, Receipt, Upload
from trackers.errors import Unavailable
from trackers.secret import Secret
from watcher.jobs import State
from watcher.uploader.reconcile import PASSES


@pytest.fixture
def one(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def posts(world: World, name: str = "RED") -> int:
    return len(world.sites[name].posts)


def test_a_release_is_uploaded_once_and_says_where(one: World) -> None:
    one.release()
    one.until(one.settled)
    job = one.job()
    assert (job.state, job.attempt, posts(one)) == (State.UPLOADED, 1, 1)
    assert job.url == "http://127.0.0.1/1"
    assert job.infohash == one.sites["RED"].posts[0][1]


def test_both_lanes_upload_and_one_s_fault_never_delays_the_other(tmp_path: Path) -> None:
    with world(tmp_path, to="RED: {}, OPS: {}") as one:
        one.sites["RED"].down = True
        one.release()
        one.until(lambda: one.job("OPS").state is State.UPLOADED, hours=0.1)
        assert one.job("RED").state is State.QUEUED
        one.sites["RED"].down = False
        one.until(one.settled, hours=1)
        assert posts(one, "RED") == posts(one, "OPS") == 1


def test_T11_a_lost_answer_is_found_and_never_sent_again(one: World) -> None:
    one.sites["RED"].fates = [("lost", 0.0)]
    one.release()
    one.until(one.settled)
    assert (one.job().state, posts(one)) == (State.UPLOADED, 1)


def test_T7_an_upload_that_never_arrived_is_sent_again_only_after_four_absences_over_the_quiet_time(one: World) -> None:
    one.sites["RED"].fates = [("dropped", 0.0)]
    one.release()
    one.until(one.settled)
    job, times = one.job(), [time for time, _ in one.sites["RED"].posts]
    assert (job.state, job.attempt, len(times)) == (State.UPLOADED, 2, 2)
    assert times[1] - times[0] >= 600
    proof = job.proof
    assert len(proof) >= PASSES
    assert {one_pass["canary"] for one_pass in proof} == {"canary"}


def test_one_infohash_is_sent_however_often_it_is_tried(one: World) -> None:
    one.sites["RED"].fates = [("dropped", 0.0)]
    one.release()
    one.until(one.settled)
    assert len({infohash for _, infohash in one.sites["RED"].posts}) == 1


def test_without_a_canary_absence_is_never_proved(one: World) -> None:
    one.sites["RED"].fates = [("dropped", 0.0)]
    one.release()
    one.turn()
    one.sites["RED"].others = False
    one.until(one.settled, hours=72)
    job = one.job()
    assert (job.state, job.open, job.code, posts(one)) == (State.HELD, True, "cannot-tell", 1)
    assert job.resume == f"seedpost queue resolve {job.job} --uploaded … or --absent"


def test_a_second_lost_answer_is_a_question_to_a_person(one: World) -> None:
    one.sites["RED"].fates = [("dropped", 0.0), ("dropped", 0.0)]
    one.release()
    one.until(one.settled)
    job = one.job()
    assert (job.state, job.open, job.code, posts(one)) == (State.HELD, True, "second-unknown", 2)


def test_T15_a_torrent_of_somebody_else_is_a_duplicate(one: World) -> None:
    one.sites["RED"].fates = [("dropped", 0.0)]
    one.release()
    one.until(lambda: one.job().state is State.UNCONFIRMED, hours=1)
    one.sites["RED"].store(str(one.job().infohash), "somebody", 0.0)
    one.until(one.settled)
    assert (one.job().state, posts(one)) == (State.DUPLICATE, 1)
    assert "somebody" in str(one.job().why)


def test_an_upload_that_was_proved_absent_and_is_there_after_all_is_taken_as_ours(one: World) -> None:
    one.sites["RED"].fates = [("dropped", 0.0)]
    one.release()
    one.until(lambda: one.job().state is State.QUEUED and bool(one.job().proof), hours=1)
    one.sites["RED"].store(str(one.job().infohash), "us", 0.0)
    one.models["RED"].matches = [Match("torrent", "http://127.0.0.1/1", "1", "3", {"format": "FLAC"})]
    one.until(one.settled, hours=1)
    job = one.job()
    assert (job.state, job.torrent_id, job.attempt, posts(one)) == (State.UPLOADED, "1", 1, 1)


@pytest.mark.parametrize("cut", [0, 1])
def test_what_was_uploaded_by_hand_is_only_seeded_even_if_the_process_dies_half_way(tmp_path: Path, cut: int) -> None:
    with world(tmp_path, client="seedbox") as one:
        one.release()
        one.turn()
        site, job = one.sites["RED"], one.job()
        site.store(str(job.infohash), "us", 0.0)
        one.clock.wait(700)
        one.models["RED"].infos[str(job.infohash)] = one.bench.store.get(str(job.infohash))
        write = one.journal.append

        def dying(records: Sequence[Mapping[str, object]], **more: bool) -> list[int]:
            if len(records) > 1 and "nothing is sent" in str(records[1].get("why")):
                write(records[: 1 + cut], **more)
                raise KeyboardInterrupt
            return write(records, **more)

        one.journal.append = dying  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            one.turn(3)
        one.restart()
        one.until(lambda: one.job().state is State.DONE, hours=1)
        assert (posts(one), one.job().torrent_id) == (0, "1")
        assert list(one.client.torrents) == [one.job().infohash]


def test_what_was_sent_and_is_there_without_a_name_is_a_question(one: World) -> None:
    one.sites["RED"].fates = [("dropped", 0.0)]
    one.release()
    one.until(lambda: one.job().state is State.QUEUED and bool(one.job().proof), hours=1)
    there = Found(Receipt("1", "1", "http://127.0.0.1/1", None), None, None)
    one.models["RED"].find = lambda *_: there  # type: ignore[method-assign]
    one.until(one.settled, hours=1)
    assert (one.job().state, one.job().open, one.job().code, posts(one)) == (State.HELD, True, "cannot-tell", 1)


def test_P3_a_kill_while_sending_means_unconfirmed_and_then_found(one: World) -> None:
    one.release()
    one.turn()
    job = one.job()
    assert job.state is State.PREPARED
    one.bench.write(job, {"state": State.SENDING, "attempt": 1, "sent_at": one.bench.at(0)})
    one.sites["RED"].store(str(job.infohash), "us", 0.0)
    one.restart()
    assert one.job().state is State.UNCONFIRMED
    one.until(one.settled)
    assert (one.job().state, posts(one)) == (State.UPLOADED, 0)


def test_a_kill_before_the_first_byte_costs_the_quiet_time_and_then_one_post(one: World) -> None:
    one.release()
    one.turn()
    one.bench.write(one.job(), {"state": State.SENDING, "attempt": 1, "sent_at": one.bench.at(0)})
    one.restart()
    one.until(one.settled)
    assert (one.job().state, posts(one)) == (State.UPLOADED, 1)
    assert one.sites["RED"].posts[0][0] - one.clock.wall < 0
    assert one.job().proof


def test_the_quiet_time_begins_anew_after_a_restart(one: World) -> None:
    one.sites["RED"].fates = [("dropped", 0.0)]
    one.release()
    one.until(lambda: len(one.job().passes) >= 2, hours=1)
    one.restart()
    began = one.clock.wall
    one.until(one.settled)
    assert one.sites["RED"].posts[1][0] - began >= 600


@pytest.mark.parametrize(("fate", "code"), [("unsent", "refused"), ("limited", "rate-limited")])
def test_T1_T2_T5_what_was_proved_unsent_is_sent_again_without_a_proof(one: World, fate: str, code: str) -> None:
    one.sites["RED"].fates = [(fate, 120.0)]
    one.release()
    one.turn(2)
    breaker = one.journal.ledger.breakers["sandbox:redacted:127.0.0.1"]
    assert (one.job().state, breaker["code"]) == (State.QUEUED, code)
    one.until(one.settled, hours=1)
    assert one.job().state is State.UPLOADED
    assert one.job().proof is None


def test_T20_a_refused_key_is_tried_once_and_the_lane_waits_for_a_person(one: World) -> None:
    one.sites["RED"].key = "revoked"
    one.release()
    one.turn(50)
    one.clock.wait(86400.0)
    one.turn(50)
    assert len(one.sites["RED"].looks) == 1
    assert one.job().state is State.QUEUED
    assert one.manager.next_due() is None
    one.sites["RED"].key = "good"
    (seq,) = one.journal.append([{"type": "command", "do": "resume", "tracker": "RED"}])
    assert one.answer(seq)["result"] == "done"
    one.until(one.settled, hours=1)
    assert one.job().state is State.UPLOADED


def test_a_revoked_key_at_the_post_stops_the_lane_and_the_job_loses_nothing(one: World) -> None:
    one.sites["RED"].fates = [("revoked", 0.0)]
    one.release()
    one.turn(20)
    assert (one.job().state, one.job().code) == (State.QUEUED, "key-refused")
    assert len(one.sites["RED"].posts) == 1


def test_T8_html_is_unconfirmed_and_stops_the_lane(one: World) -> None:
    one.sites["RED"].fates = [("html", 0.0)]
    one.release()
    one.turn(20)
    assert one.job().state is State.UNCONFIRMED
    assert one.journal.ledger.breakers["sandbox:redacted:127.0.0.1"]["code"] == "html"


def test_an_outage_of_two_days_costs_no_attempt_and_ends_without_a_burst(one: World) -> None:
    one.sites["RED"].down = True
    for number in range(5):
        one.release(f"Album {number}")
    end = one.clock.wall + 2 * 86400
    while one.clock.wall < end:
        one.clock.wait(max(one.manager.turn(), one.manager.next_due() or 0.0))
    assert len(one.sites["RED"].looks) < 300
    assert {job.state for job in one.jobs()} == {State.QUEUED}
    one.sites["RED"].down = False
    one.until(one.settled, hours=1)
    assert {job.state for job in one.jobs()} == {State.UPLOADED}
    assert posts(one) == 5


def test_a_refusal_waits_for_a_person_and_can_be_tried_again(one: World) -> None:
    one.sites["RED"].fates = [("refused", 0.0)]
    one.release()
    one.until(one.settled)
    job = one.job()
    assert (job.state, job.code, job.why) == (State.HELD, "refused", "tags is not specified")
    assert one.command("retry", job.job)["result"] == "done"
    one.until(one.settled)
    assert (one.job().state, posts(one)) == (State.UPLOADED, 2)


def test_every_problem_of_a_form_is_told_at_once_and_nothing_is_asked(one: World) -> None:
    one.models["RED"].problems = [Problem("music.year", "not known"), Problem("image", "needed", "no-cover")]
    one.release()
    one.until(one.settled)
    assert one.job().why == "music.year: not known; image: needed"
    assert one.sites["RED"].looks == []


def test_a_duplicate_on_the_site_is_left_alone_with_its_page(one: World) -> None:
    one.models["RED"].matches = [Match("torrent", "http://127.0.0.1/7", "7", "3", {"format": "FLAC"})]
    one.release()
    one.until(one.settled)
    job = one.job()
    assert (job.state, job.url, posts(one)) == (State.DUPLICATE, "http://127.0.0.1/7", 0)
    assert one.command("approve", job.job)["result"] == "refused"
    assert one.command("approve", job.job, reason="another mastering")["result"] == "done"
    one.until(one.settled)
    assert one.job().state is State.UPLOADED


def test_one_group_is_joined_and_several_are_a_question(one: World) -> None:
    one.models["RED"].matches = [Match("group", "http://127.0.0.1/g3", None, "3", {"year": "2024"}, {"groupid": "3"})]
    one.release("first")
    one.until(one.settled)
    assert one.journal.load(one.job().form)["fields"] == [["title", "first"], ["groupid", "3"]]
    one.models["RED"].matches *= 2
    one.release("second")
    one.until(one.settled)
    assert [job.code for job in one.jobs() if job.state is State.HELD] == ["group-unclear"]


def test_a_new_group_waits_for_a_look_unless_the_settings_lift_it(one: World) -> None:
    one.set_rules(new_group="review")
    one.release()
    one.until(one.settled)
    job = one.job()
    assert (job.state, job.code) == (State.HELD, "new-group")
    assert one.command("approve", job.job)["result"] == "done"
    one.until(one.settled)
    assert one.job().state is State.UPLOADED


class TestCovers:
    @pytest.fixture
    def one(self, one: World) -> World:
        one.models["RED"].hosts_images = True
        (one.folder / "content" / "Album").mkdir(parents=True)
        (one.folder / "content" / "Album" / "cover.png").write_bytes(b"a picture")
        return one

    def test_the_cover_goes_to_the_site_s_host_before_the_post_and_its_address_is_journaled(self, one: World) -> None:
        one.release(cover="cover.png")
        one.until(one.settled)
        assert one.models["RED"].covers == [("cover.png", b"a picture")]
        assert one.job().cover == "http://127.0.0.1/covers/1.png"
        assert ["image", one.job().cover] in one.journal.load(one.job().form)["fields"]

    def test_a_group_that_stands_needs_none(self, one: World) -> None:
        one.models["RED"].matches = [Match("group", "http://127.0.0.1/g3", None, "3", {}, {"groupid": "3"})]
        one.release(cover="cover.png")
        one.until(one.settled)
        assert (one.job().state, one.models["RED"].covers) == (State.UPLOADED, [])

    def test_without_a_picture_or_with_one_the_site_refuses_it_is_held(self, one: World) -> None:
        one.release("Bare")
        one.models["RED"].refuses_covers = True
        one.release(cover="cover.png")
        one.until(one.settled)
        assert [(job.state, job.code) for job in one.jobs()] == [(State.HELD, "no-cover")] * 2
        assert posts(one) == 0


def test_P4_a_job_that_crashes_its_worker_three_times_is_held_and_the_loop_lives(one: World) -> None:
    def crash(*_: object) -> None:
        raise RecursionError("too deep")

    one.models["RED"].compose = crash  # type: ignore[assignment]
    one.release()
    one.until(one.settled)
    assert (one.job().state, one.job().code) == (State.HELD, "crashed")
    assert "RecursionError" in str(one.job().why)


def test_T16_a_success_that_the_site_does_not_show_is_never_sent_again(tmp_path: Path) -> None:
    with world(tmp_path, client="seedbox") as one:
        one.release()
        one.turn()
        one.models["RED"].lost.add(str(one.job().infohash))
        one.until(lambda: one.job().state is State.HELD, hours=48)
        job = one.job()
        assert (job.code, job.back_to, posts(one)) == ("no-torrent", State.UPLOADED, 1)
        assert one.command("cancel", job.job)["result"] == "done"
        assert one.command("approve", job.job, reason="again")["result"] == "refused"


def test_T18_warnings_of_a_success_are_kept_and_nothing_is_sent_again(one: World) -> None:
    upload = one.models["RED"].upload
    warned = ("the request was not filled",)
    one.models["RED"].upload = lambda sent: dataclasses.replace(upload(sent), warnings=warned)  # type: ignore[method-assign]
    one.release()
    one.until(one.settled)
    assert (one.job().state, one.job().rest["warnings"], posts(one)) == (State.UPLOADED, list(warned), 1)


def test_T23_a_new_announce_address_changes_no_info_dictionary(one: World) -> None:
    one.sites["RED"].fates = [("dropped", 0.0)]
    accounts = iter(range(100))
    announced: list[str] = []
    upload = one.models["RED"].upload

    def account() -> Account:
        return Account("us", "1", Secret(f"http://127.0.0.1:1/{next(accounts)}/announce"))

    def sent(one_upload: Upload) -> Receipt:
        announced.append(one_upload.account.announce.reveal())
        return upload(one_upload)

    one.models["RED"].account, one.models["RED"].upload = account, sent  # type: ignore[method-assign]
    one.release()
    one.until(lambda: one.job().state is State.UNCONFIRMED, hours=1)
    one.manager.reload()
    one.until(one.settled)
    assert len(set(announced)) == 2
    assert len({infohash for _, infohash in one.sites["RED"].posts}) == 1


def test_C1_a_clock_that_was_ten_years_ahead_postpones_no_lane(one: World) -> None:
    one.clock.wall += 10 * 365 * 86400.0
    one.sites["RED"].down = True
    one.release()
    one.turn(3)
    assert one.manager.lanes["sandbox:redacted:127.0.0.1"].closed
    one.clock.wall -= 10 * 365 * 86400.0
    one.sites["RED"].down = False
    one.until(one.settled, hours=1)
    assert one.job().state is State.UPLOADED


def test_C1_a_clock_set_far_forward_holds_nothing_that_is_tried_again(one: World) -> None:
    one.release()
    one.turn()
    one.client.unready = "seedbox is away"
    one.set_rules(client="seedbox")
    one.clock.wall += 10 * 365 * 86400.0
    one.turn(10)
    assert one.job().state in (State.QUEUED, State.PREPARED)
    one.client.unready = None
    one.until(lambda: one.job().state is State.DONE, hours=2)
    assert posts(one) == 1


def test_C2_a_machine_that_slept_goes_on_without_a_burst(one: World) -> None:
    one.sites["RED"].down = True
    for number in range(5):
        one.release(f"Album {number}")
    one.turn(3)
    before = len(one.sites["RED"].looks)
    one.clock.move(7 * 86400.0)
    one.turn()
    assert len(one.sites["RED"].looks) - before <= 1
    one.sites["RED"].down = False
    one.until(one.settled, hours=1)
    assert posts(one) == 5


def test_Q9_content_of_a_torrent_that_is_gone_is_asked_of_its_client_before_a_person_is(one: World) -> None:
    """It may have been moved, or a file of it renamed, which no delta of the client says."""
    one.release(infohash="ab" * 20)
    (one.folder / "content" / "Album" / "01.flac").rename(one.folder / "content" / "Album" / "1.flac")
    one.until(lambda: one.job().code == "content-changed", hours=0.1)
    looks = [command for command in one.journal.ledger.commands if command["do"] == "look"]
    assert [(look["infohash"], look["with"]) for look in looks] == [("ab" * 20, {"asked": False})]
    assert one.job().state is State.QUEUED
    one.until(one.settled, hours=1)
    assert (one.job().state, one.job().code, posts(one)) == (State.HELD, "content-changed", 0)


def test_a_stricter_mode_stops_what_is_queued_and_an_approval_frees_it(one: World) -> None:
    one.release()
    one.set_rules(mode="dry_run")
    one.until(one.settled)
    job = one.job()
    assert (job.state, job.code, posts(one)) == (State.HELD, "mode", 0)
    one.command("approve", job.job)
    one.until(one.settled)
    assert one.job().state is State.UPLOADED


def test_a_dry_run_job_goes_out_when_it_is_approved(tmp_path: Path) -> None:
    with world(tmp_path, mode="dry_run") as one:
        one.release()
        one.turn(5)
        assert one.job().state is State.DRY_RUN
        one.command("approve", one.job().job)
        one.until(one.settled)
        assert (one.job().state, posts(one)) == (State.UPLOADED, 1)


def test_a_tracker_taken_out_of_the_rules_leaves_its_jobs_held_until_it_is_back(tmp_path: Path) -> None:
    with world(tmp_path, to="RED: {}") as one:
        one.release()
        one.set_rules(red=False)
        one.restart()
        one.until(one.settled)
        assert one.job().code == "tracker-removed"
        one.set_rules()
        one.until(lambda: one.job().state is State.UPLOADED, hours=1)


@pytest.mark.parametrize("state", [State.QUEUED, State.PREPARED])
def test_a_tracker_taken_out_by_a_reload_leaves_its_jobs_held_wherever_they_are(tmp_path: Path, state: State) -> None:
    with world(tmp_path, to="RED: {}") as one:
        one.release()
        if state is State.PREPARED:
            one.until(lambda: one.job().state is state)
        one.set_rules(red=False)
        one.manager.reload()
        one.until(one.settled)
        assert (one.job().state, one.job().code, one.job().back_to) == (State.HELD, "tracker-removed", state)
        one.set_rules()
        one.manager.reload()
        one.until(lambda: one.job().state is State.UPLOADED, hours=1)
        assert posts(one) == 1


def test_J12_an_older_copy_of_the_journal_stops_the_uploader(one: World) -> None:
    one.release("First")
    path = one.folder / "state" / "journal.jsonl"
    before = path.read_bytes()
    one.until(one.settled)
    one.journal.close()
    path.write_bytes(before)
    one.open()
    one.turn(10)
    assert one.manager.stopped.startswith("journal-behind")
    assert posts(one) == 1


def test_pause_takes_effect_before_the_next_post_and_ends_by_itself(one: World) -> None:
    one.turn()
    until = one.bench.at(3600)
    one.journal.append([{"type": "command", "do": "pause", "tracker": "RED", "with": {"until": until}}])
    one.release()
    one.turn(20)
    assert posts(one) == 0
    one.until(one.settled, hours=2)
    assert posts(one) == 1


def test_a_pause_made_during_an_upload_stands_after_it(one: World) -> None:
    lane_free = one.models["RED"].upload

    def upload(sent: Upload) -> Receipt:
        one.manager.lanes["sandbox:redacted:127.0.0.1"].stop("pause", "paused by hand")
        return lane_free(sent)

    one.models["RED"].upload = upload  # type: ignore[method-assign]
    one.release()
    one.until(one.settled)
    assert one.journal.ledger.breakers["sandbox:redacted:127.0.0.1"]["breaker"] == "open"


def test_an_outage_does_not_end_a_pause(one: World) -> None:
    one.turn()
    lane = one.manager.lanes["sandbox:redacted:127.0.0.1"]
    lane.stop("paused", "paused by hand")
    lane.outage(Unavailable("unreachable", "the site is away"))
    assert lane.breaker is not None
    assert lane.breaker["code"] == "paused"


def test_T4_a_certificate_that_is_wrong_for_an_hour_is_a_question_to_a_person(one: World) -> None:
    one.turn()
    lane = one.manager.lanes["sandbox:redacted:127.0.0.1"]

    def distrust() -> Mapping[str, object]:
        while lane.closed:
            one.clock.wait(min(lane.stopped_for, 900.0))
        lane.outage(Unavailable("tls", "the certificate is not for this host"))
        assert lane.breaker is not None
        return lane.breaker

    start = one.clock.running()
    while distrust()["until"] is not None:
        assert one.clock.running() - start < 3600
    assert one.clock.running() - start < 3600 + 2 * 900
    assert lane.breaker is not None and "seedpost resume RED" in str(lane.breaker["why"])
    lane.start()
    assert distrust()["until"] is not None  # and an hour is counted anew


def test_an_approval_is_for_the_form_as_it_was_then(tmp_path: Path) -> None:
    with world(tmp_path, mode="dry_run") as one:
        one.release()
        one.turn(2)
        one.sites["RED"].down = True
        one.command("approve", one.job().job)
        one.models["RED"].compose = lambda *_: Form((("title", "another"),))  # type: ignore[method-assign]
        one.sites["RED"].down = False
        one.until(one.settled, hours=1)
        assert (one.job().state, one.job().code, posts(one)) == (State.HELD, "form-changed", 0)
        assert "title: 'Album' → 'another'" in str(one.job().why)


def test_a_limit_counts_intents_in_a_rolling_window(one: World) -> None:
    one.set_rules(limit="2/day")
    for number in range(4):
        one.release(f"Album {number}")
    one.until(one.settled, hours=72)
    times = [time for time, _ in one.sites["RED"].posts]
    assert times[2] - times[0] >= 86400
    assert len(times) == 4


def test_priority_goes_first_then_age(one: World) -> None:
    one.sites["RED"].down = True
    for number in range(3):
        one.release(f"Album {number}")
        one.clock.wait(1.0)
    one.turn()
    last = max(one.jobs(), key=lambda job: job.born)
    one.command("prioritise", last.job, priority=5)
    one.sites["RED"].down = False
    one.until(one.settled)
    order = [infohash for _, infohash in one.sites["RED"].posts]
    by_birth = [job.infohash for job in sorted(one.jobs(), key=lambda job: job.born)]
    assert order == [by_birth[2], by_birth[0], by_birth[1]]
