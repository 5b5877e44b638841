"""Jobs decided anew: what each becomes by other rules, and that none is touched that may have been sent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.watcher.test_intake import RULES, Desk
from watcher.config import parse
from watcher.intake.asked import Asked
from watcher.jobs import Job, State
from watcher.journal.archive import history


@dataclass
class Bench:
    """A desk with the answers to commands, and one job RED."""

    desk: Desk

    def __post_init__(self) -> None:
        desk = self.desk
        self.asked = Asked(desk.intake, desk.journal, lambda: desk.config, list, lambda name: [], desk.clock)

    @property
    def job(self) -> Job:
        return self.desk.jobs()["RED"]

    def move(self, *steps: Mapping[str, object]) -> None:
        job = self.job
        whose = {"type": "job", "job": job.job, "site": job.site, "release": job.release, "tracker": "RED"}
        for step in steps:
            self.desk.journal.append([{**whose, **step}])

    def rules(self, mode: str = "upload", *, to: str = "RED: {}", **change: str) -> None:
        text = RULES.format(mode=mode, brake="10/h", to=to)
        for before, after in change.items():
            text = text.replace(before, after)
        self.desk.config = parse(text.encode())

    def ask(self, **given: object) -> int:
        command = {"type": "command", "do": "redecide", "jobs": [self.job.job], "with": given}
        return self.desk.journal.append([command])[0]

    def answered(self, seq: int) -> str:
        self.asked.work()
        self.asked.settle(lambda job: False)
        return self.said(seq)

    def said(self, seq: int) -> str:
        answers = [one for one in history(self.desk.folder / "state") if one.get("of") == seq]
        return " ".join(f"{one['result']}: {one['why']}" for one in answers)


@pytest.fixture(params=["upload"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    desk = Desk(tmp_path, mode=request.param, to="RED: {}")
    desk.see("Album")
    yield Bench(desk)
    desk.journal.close()


DRY = pytest.mark.parametrize("bench", ["dry_run"], indirect=True)
REVIEW = pytest.mark.parametrize("bench", ["review"], indirect=True)


def test_R14_a_job_keeps_the_rule_that_it_was_decided_by_until_it_is_decided_anew(bench: Bench) -> None:
    by = bench.desk.config.digest
    bench.rules(to="RED: {set: {group: X}, require: {files.count: {min: 9}}}")
    bench.asked.work()
    bench.asked.settle(lambda job: False)
    assert (bench.job.state, bench.job.set) == (State.QUEUED, {})
    assert bench.desk.journal.ledger.releases[bench.job.release]["rules"] == by
    bench.answered(bench.ask())
    assert (bench.job.state, bench.job.code) == (State.HELD, "require")
    assert bench.desk.journal.ledger.releases[bench.job.release]["rules"] == bench.desk.config.digest


def test_other_settings_are_taken_over(bench: Bench) -> None:
    bench.rules(to="RED: {set: {group: X}}")
    assert bench.answered(bench.ask()) == "done: 1 decided anew"
    assert (bench.job.state, bench.job.set) == (State.QUEUED, {"group": "X"})


@pytest.mark.parametrize(("mode", "code"), [("review", "review"), ("dry_run", "mode")])
def test_a_stricter_mode_holds_what_was_queued(bench: Bench, mode: str, code: str) -> None:
    bench.rules(mode)
    bench.answered(bench.ask())
    assert (bench.job.state, bench.job.code) == (State.HELD, code)
    assert bench.job.resume == f"seedpost queue approve {bench.job.job}"


@DRY
@pytest.mark.parametrize("mode", ["dry_run", "review"])
def test_what_was_decided_dry_waits_for_an_approval_unless_the_mode_is_upload(bench: Bench, mode: str) -> None:
    bench.rules(mode)
    assert bench.answered(bench.ask()) == "done: 1 decided anew"
    assert bench.job.state is State.DRY_RUN
    assert bench.job.why == ("the mode of this tracker or rule is review" if mode == "review" else None)
    bench.rules("upload")
    bench.answered(bench.ask())
    assert bench.job.state is State.QUEUED


@REVIEW
def test_what_was_held_by_the_old_rules_is_freed_by_the_new_ones(bench: Bench) -> None:
    assert bench.job.state is State.HELD
    bench.rules("upload")
    bench.answered(bench.ask())
    assert bench.job.state is State.QUEUED


@REVIEW
def test_what_was_held_for_review_may_become_a_dry_run(bench: Bench) -> None:
    bench.rules("dry_run")
    bench.answered(bench.ask())
    assert bench.job.state is State.DRY_RUN


def test_a_job_that_was_held_when_it_was_prepared_begins_anew(bench: Bench) -> None:
    bench.move(
        {"state": State.PREPARED},
        {"state": State.HELD, "back_to": State.PREPARED, "code": "form-changed", "why": "x", "resume": "y"},
    )
    bench.answered(bench.ask())
    assert bench.job.state is State.QUEUED


@pytest.mark.parametrize("code", ["same-content", "brake", "content-changed"])
def test_rules_do_not_answer_what_a_person_was_asked_for_another_reason(bench: Bench, code: str) -> None:
    bench.move({"state": State.HELD, "back_to": State.QUEUED, "code": code, "why": "look", "resume": "y"})
    bench.rules(to="RED: {set: {group: X}}")
    bench.answered(bench.ask())
    assert (bench.job.state, bench.job.code, bench.job.why) == (State.HELD, code, "look")
    assert bench.job.set == {"group": "X"}


def test_what_is_no_longer_wanted_is_cancelled(bench: Bench) -> None:
    bench.rules(to="OPS: {}")
    bench.answered(bench.ask())
    assert bench.job.state is State.CANCELLED


def test_what_can_not_be_decided_stays_as_it_is(bench: Bench) -> None:
    release = bench.desk.journal.ledger.releases[bench.job.release]
    unknown = {"torrent.tags": {"unknown": "the client is away", "origin": ""}}
    bench.desk.journal.append([{"type": "release", "release": bench.job.release, "facts": unknown}])
    assert "can't be decided" in bench.answered(bench.ask())
    assert bench.job.state is State.QUEUED
    shutil.rmtree(str(release["path"]))
    assert "is gone" in bench.answered(bench.ask())
    assert bench.job.state is State.QUEUED


def test_what_was_or_may_have_been_sent_is_refused(bench: Bench) -> None:
    bench.move({"state": State.PREPARED}, {"state": State.SENDING, "sent_at": "2026-11-22T10:00:00.000000Z"})
    assert bench.answered(bench.ask()).startswith("refused: 0 decided anew; not these")
    bench.move({"state": State.HELD, "back_to": State.UNCONFIRMED, "open": True, "code": "cannot-tell", "why": "x"})
    assert bench.answered(bench.ask()).startswith("refused")


def test_a_job_in_a_workers_hands_waits_and_is_decided_once_more_if_it_moved(bench: Bench) -> None:
    seq = bench.ask()
    bench.asked.work()
    bench.asked.settle(lambda job: job == bench.job.job)
    assert bench.said(seq) == ""
    assert bench.asked.waiting() == []
    bench.move({"state": State.PREPARED}, {"state": State.SENDING, "sent_at": "2026-11-22T10:00:00.000000Z"})
    bench.asked.settle(lambda job: False)
    assert bench.job.state is State.SENDING
    assert [one["seq"] for one in bench.asked.waiting()] == [seq]
    assert bench.answered(seq).startswith("refused")


def test_what_was_replayed_by_other_rules_than_those_in_force_is_refused(bench: Bench) -> None:
    assert "other rules are in force" in bench.answered(bench.ask(rules="0" * 64))
    assert bench.answered(bench.ask(rules=bench.desk.config.digest)) == "done: 1 decided anew"


def test_a_command_for_unknown_jobs_is_refused(bench: Bench) -> None:
    (seq,) = bench.desk.journal.append([{"type": "command", "do": "redecide", "jobs": ["f" * 12, bench.job.job]}])
    assert bench.answered(seq) == f"done: 1 decided anew; not these: {'f' * 12} is unknown"
