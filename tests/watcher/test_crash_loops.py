"""What killed processes leave behind: a job that kills them is held, a crash loop is broken, an end is no crash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_loop import World, world
from watcher.jobs import State
from watcher.uploader.hands import STARTS, WINDOW, Hands


@pytest.fixture
def one(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def killed_with(world: World, job: str) -> None:
    """The process is killed while a worker has the job in hands, and started again by and by."""
    world.manager._hands.take(job)
    world.clock.wait(WINDOW)
    world.restart()


def test_P12_a_job_that_three_processes_were_killed_with_is_held_and_the_others_go_on(one: World) -> None:
    one.release("Bad")
    bad = one.job().job
    one.release("Good")
    for _ in range(2):
        killed_with(one, bad)
        assert one.journal.ledger.jobs[bad].state is State.QUEUED
    killed_with(one, bad)
    one.until(one.settled, hours=1)
    held = one.journal.ledger.jobs[bad]
    assert (held.state, held.code, held.back_to) == (State.HELD, "crashed", State.QUEUED)
    assert sorted(job.state for job in one.jobs()) == [State.HELD, State.UPLOADED]
    one.command("retry", bad)
    one.until(one.settled, hours=1)
    assert one.journal.ledger.jobs[bad].state is State.UPLOADED


def test_P12_one_step_that_ends_well_forgives_the_crashes_before(one: World) -> None:
    one.release()
    for _ in range(2):
        killed_with(one, one.job().job)
    one.turn()
    assert (one.job().state, one.job().rest.get("crashes")) == (State.PREPARED, None)


def test_P12_a_crash_while_the_outcome_is_unknown_leaves_it_open(one: World) -> None:
    one.sites["RED"].fates = [("dropped", 0.0)]
    one.release()
    one.until(lambda: one.job().state is State.UNCONFIRMED, hours=1)
    for _ in range(3):
        killed_with(one, one.job().job)
    assert (one.job().state, one.job().open, one.job().code) == (State.HELD, True, "crashed")


def test_P12_five_kills_within_ten_minutes_pause_the_uploader_for_ten(one: World) -> None:
    one.release()
    for _ in range(STARTS):
        one.restart()
    one.turn(3)
    assert one.manager.stopped.startswith("crash-loop")
    assert one.sites["RED"].looks == []
    one.until(one.settled, hours=1)
    assert (one.job().state, one.manager.stopped) == (State.UPLOADED, "")


def test_P12_resume_ends_the_pause(one: World) -> None:
    one.release()
    for _ in range(STARTS):
        one.restart()
    (seq,) = one.journal.append([{"type": "command", "do": "resume", "tracker": None}])
    assert one.answer(seq)["result"] == "done"
    one.until(one.settled, hours=0.1)


def test_P12_orderly_ends_and_kills_of_another_time_are_no_crash_loop(one: World) -> None:
    for number in range(2 * STARTS):
        if number % 2:
            one.manager.end()
        one.clock.wait(WINDOW / STARTS)
        one.restart()
    one.turn()
    assert one.manager.stopped == ""


@pytest.mark.parametrize(
    "text", ["", "[]", '{"jobs": 1}', '{"jobs": [], "began": ["x"]}', '{"jobs": [], "began": [9e9]}']
)
def test_what_is_not_readable_or_of_another_start_of_the_machine_counts_for_nothing(one: World, text: str) -> None:
    path = one.folder / "hands"
    path.write_text(text)
    left = Hands(path, one.clock).begin()
    assert (list(left.jobs), list(left.began)) == ([], [])


def test_a_folder_that_takes_no_file_stops_nothing(one: World) -> None:
    hands = Hands(one.folder / "nowhere" / "hands", one.clock)
    assert list(hands.begin().jobs) == []
    hands.take("a")
    hands.let_go("a")
    hands.end()
