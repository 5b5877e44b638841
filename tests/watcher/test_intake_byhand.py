"""A person's choice of trackers: what forbids it, which jobs come of it, and that none is touched that may be sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.watcher.test_intake import Desk
from trackers.catalogue import site_of
from watcher.errors import SeedpostError
from watcher.intake.anew import Answer
from watcher.intake.byhand import Wish, wish_of
from watcher.jobs import State
from watcher.release import Release, job_id

TOLD = {"type": "command", "do": "answer", "of": 1, "result": "done"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path, mode="dry_run", brake="1/h", to="RED: {}")
    yield one
    one.journal.close()


def wish(release: Release, *to: str, learned: dict[str, object] | None = None, **set: object) -> Wish:
    names = to or ("RED",)
    shown = {name: {"fields": [["title", "Album"]]} for name in names}
    return Wish(names, {names[0]: set}, {name: f"of {name}" for name in names}, shown, release.fingerprint, learned)


def sent(desk: Desk, release: Release, one: Wish) -> Answer:
    answer = desk.intake.by_hand(release, None, one)
    assert desk.intake.take(answer, TOLD)
    return answer


def test_each_tracker_gets_a_job_that_is_approved_as_it_was_shown_and_has_no_rule(desk: Desk) -> None:
    release = desk.release("Album")
    sent(desk, release, wish(release, "RED", "OPS", title="Said"))
    jobs = desk.jobs()
    assert {name: job.state for name, job in jobs.items()} == {"RED": State.QUEUED, "OPS": State.QUEUED}
    assert (jobs["RED"].approved, jobs["RED"].set, jobs["OPS"].set) == ("of RED", {"title": "Said"}, {})
    assert {job.rest["by"] for job in jobs.values()} == {"person"} and "require" not in jobs["RED"].rest
    assert desk.journal.ledger.releases[release.id]["decision"]["rule"] is None


def test_the_brake_neither_holds_nor_counts_it(desk: Desk) -> None:
    for number in range(3):
        release = desk.release(f"By Hand {number}", 100 + number, 200, 300)
        sent(desk, release, wish(release))
    assert {job.state for job in desk.jobs().values()} == {State.QUEUED}
    desk.see("By Rule", 7, 8, 9)
    assert desk.jobs()["RED"].state is State.DRY_RUN  # the first that the brake counts


@pytest.mark.parametrize(
    ("facts", "to", "said"),
    [
        ({"torrent__tags": ["no-upload"]}, ("RED",), "guard 'opted-out' keeps it here"),
        ({"origin": [site_of("redacted")]}, ("OPS", "RED"), "RED: the content came from redacted.sh"),
        ({}, ("RED", "AGAIN"), "AGAIN and RED are one site"),
        ({}, ("RAD",), "no tracker 'RAD', did you mean 'RED'"),
    ],
)
def test_a_guard_the_origin_and_the_file_forbid_it_whoever_asks(
    desk: Desk, facts: dict[str, object], to: tuple[str, ...], said: str
) -> None:
    release = desk.release("Album", **facts)
    with pytest.raises(SeedpostError, match=said.replace("'", ".")):
        desk.intake.by_hand(release, None, wish(release, *to))
    assert desk.jobs() == {}


def test_what_its_source_can_not_tell_and_other_files_are_refused(desk: Desk) -> None:
    release, other = desk.release("Album"), desk.release("Other", 5)
    undecided = desk.intake.by_hand(release, ("origin-unknown", "nobody knows where from"), wish(release))
    assert (undecided.result, undecided.why) == ("refused", "nobody knows where from")
    assert "not those that were shown" in desk.intake.by_hand(release, None, wish(other)).why


@pytest.mark.parametrize("before", [State.DRY_RUN, State.QUEUED, State.PREPARED, State.HELD, State.CANCELLED])
def test_a_job_that_waits_goes_on_with_what_was_said(desk: Desk, before: State) -> None:
    release = desk.release("Album")
    desk.intake.seen(release)
    job = desk.jobs()["RED"]
    whose = {"type": "job", "job": job.job, "site": job.site, "release": job.release, "tracker": "RED"}
    steps = {
        State.DRY_RUN: [],
        State.HELD: [
            {"state": "queued"},
            {"state": "prepared"},
            {"state": "held", "code": "form", "back_to": "prepared"},
        ],
        State.PREPARED: [{"state": "queued"}, {"state": "prepared"}],
    }.get(before, [{"state": str(before)}])
    desk.journal.append([{**whose, **step} for step in steps] or [{**whose, "state": "dry_run"}])
    assert desk.jobs()["RED"].state is before
    desk.clock.wait(5)
    later = desk.release("Album")
    sent(desk, later, wish(later, title="Said", learned={}))
    after = desk.jobs()["RED"]
    assert (after.state, after.approved, after.set) == (State.QUEUED, "of RED", {"title": "Said"})
    assert len(desk.journal.ledger.jobs) == 1
    decided = desk.journal.ledger.releases[job.release]
    assert decided["decision"]["rule"] is not None and decided["learned"] == {}


def test_a_job_that_was_sent_is_left_and_the_others_are_made(desk: Desk) -> None:
    release = desk.release("Album")
    sent(desk, release, wish(release))
    job = desk.jobs()["RED"]
    whose = {"type": "job", "job": job.job, "site": job.site, "release": job.release, "tracker": "RED"}
    desk.journal.append([{**whose, "state": "prepared"}, {**whose, "state": "sending", "sent_at": 1.0}])
    assert desk.intake.by_hand(release, None, wish(release)).result == "refused"
    answer = sent(desk, release, wish(release, "RED", "OPS"))
    assert answer.why == f"RED: job {job.job} is sending"
    assert desk.jobs()["RED"].state is State.SENDING and desk.jobs()["OPS"].state is State.QUEUED


def test_a_job_that_moved_meanwhile_is_not_overwritten(desk: Desk) -> None:
    release = desk.release("Album")
    answer = desk.intake.by_hand(release, None, wish(release))
    desk.intake.seen(release)  # a rule was faster
    assert not desk.intake.take(answer, TOLD)
    assert desk.jobs()["RED"].state is State.DRY_RUN
    sent(desk, release, wish(release))
    assert desk.jobs()["RED"].state is State.QUEUED


def test_a_look_by_the_rules_is_no_wish_and_a_wish_of_another_shape_is_an_error() -> None:
    assert wish_of({"do": "look", "with": {"asked": False}}) is None
    with pytest.raises(KeyError):
        wish_of({"do": "look", "with": {"by": "person", "to": ["RED"]}})


def test_the_question_of_the_same_content_outlives_a_wish(desk: Desk) -> None:
    desk.see("Album", 1, 2, 3, at="here")
    (Path(desk.folder) / "here" / "Album" / "4.bin").write_bytes(b"more")
    release = desk.release("Album", 1, 2, 3)
    sent(desk, release, wish(release))
    held = desk.journal.ledger.jobs[job_id(release.fingerprint, site_of("redacted"))]
    assert (held.state, held.code, held.approved) == (State.HELD, "same-content", "of RED")
    sent(desk, release, wish(release))
    assert desk.journal.ledger.jobs[held.job].code == "same-content"
