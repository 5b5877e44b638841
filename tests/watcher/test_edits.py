"""What an edit does to a job, and what `redecide` and `approve` do beside it: the rule's own conditions hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support_loop import World, world
from trackers.base import Problem
from watcher.intake.asked import Asked
from watcher.jobs import Job, State


@pytest.fixture
def one(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def held(world: World, **rules: object) -> Job:
    """A job held for `require`."""
    world.set_rules(require="music.tags_complete: true", **rules)  # type: ignore[arg-type]
    world.release()
    job = world.job()
    assert (job.state, job.code) == (State.HELD, "require")
    return job


def edit(world: World, job: Job, **change: object) -> Mapping[str, object]:
    return world.command("edit", job.job, set={key.replace("__", "."): value for key, value in change.items()})


def redecide(world: World, job: Job) -> Mapping[str, object]:
    asked = Asked(world.intake, world.journal, lambda: world.config, list, lambda name: [], world.clock)
    (seq,) = world.journal.append([{"type": "command", "do": "redecide", "jobs": [job.job], "with": {}}])
    asked.work()
    asked.settle(world.manager.in_hands)
    return world.answer(seq)


class TestRequire:
    def test_an_edit_that_satisfies_it_sends_the_job_on(self, one: World) -> None:
        job = held(one)
        edit(one, job, tags="jazz")
        assert (one.job().state, one.job().code) == (State.HELD, "require")
        edit(one, job, music__tags_complete=True)
        one.until(one.settled)
        assert one.job().state is State.UPLOADED

    def test_a_dry_run_stays_one(self, one: World) -> None:
        edit(one, held(one, mode="dry_run"), music__tags_complete=True)
        assert one.job().state is State.DRY_RUN

    def test_a_review_still_waits_for_it(self, one: World) -> None:
        edit(one, held(one, mode="review"), music__tags_complete=True)
        job = one.job()
        assert (job.state, job.code, job.back_to) == (State.HELD, "review", State.QUEUED)
        one.command("approve", job.job)
        one.until(one.settled)
        assert one.job().state is State.UPLOADED

    def test_what_else_was_wrong_is_the_next_question_after_an_edit_and_after_an_approval(self, one: World) -> None:
        one.release("First", 60 << 20)
        first = one.job()
        one.until(one.settled)
        one.set_rules(require="music.tags_complete: true")
        one.release("Other", 60 << 20)
        (second,) = [job for job in one.jobs() if job.job != first.job]
        assert (second.code, second.rest["then"]["code"]) == ("require", "same-content")
        one.command("approve", second.job)
        assert one.journal.ledger.jobs[second.job].code == "same-content"
        one.command("approve", second.job)
        one.until(one.settled)
        assert one.journal.ledger.jobs[second.job].state is State.UPLOADED

    def test_an_edit_that_breaks_it_holds_the_job_and_mending_it_leads_back_to_the_question_before(
        self, one: World
    ) -> None:
        one.set_rules(require="not: {group: Bad}", mode="review")
        one.release()
        job = one.job()
        edit(one, job, group="Bad")
        assert one.job().code == "require"
        assert one.job().rest["then"]["code"] == "review"
        edit(one, job, group="Good")
        assert (one.job().code, one.job().rest.get("then")) == ("review", None)

    def test_an_approval_lifts_it_until_the_next_edit(self, one: World) -> None:
        job = held(one)
        one.sites["RED"].down = True
        one.command("approve", job.job)
        one.turn(2)
        edit(one, one.job(), tags="jazz")
        assert (one.job().state, one.job().code) == (State.HELD, "require")

    def test_a_dry_run_that_an_edit_spoils_says_so_and_goes_nowhere(self, one: World) -> None:
        one.set_rules(require="not: {group: Bad}", mode="dry_run")
        one.release()
        edit(one, one.job(), group="Bad")
        assert (one.job().state, one.job().code) == (State.DRY_RUN, "require")

    def test_a_slot_without_a_fact_is_filled_by_an_edit(self, one: World) -> None:
        one.set_rules(to="RED: {set: {title: '{music.label} {{x}} {tv.season:02}', tags: ['{music.label}']}}")
        one.release()
        job = one.job()
        assert (job.code, set(job.rest["unfilled"])) == ("require", {"title", "tags"})
        edit(one, job, music__label="Good")
        assert (one.job().code, set(one.job().rest["unfilled"])) == ("require", {"title"})
        edit(one, job, tv__season=3)
        assert (one.job().set or {})["title"] == "Good {x} 03"
        one.until(one.settled)
        assert one.job().state is State.UPLOADED


class TestEdit:
    def test_what_is_added_to_a_list_adds_up_and_what_is_set_replaces(self, one: World) -> None:
        one.set_rules(to="RED: {set: {tags.add: [lossless], title: Old}}", mode="dry_run")
        one.release()
        edit(one, one.job(), tags__add=["live", "lossless"], title="New")
        assert one.job().set == {"tags.add": ["lossless", "live"], "title": "New"}

    def test_the_form_is_made_again_and_what_it_lacks_is_told(self, one: World) -> None:
        one.set_rules(mode="review")
        one.release()
        one.models["RED"].problems = [Problem("year", "is missing")]
        assert edit(one, one.job(), tags="jazz")["why"] == "the form still lacks: year: is missing"

    def test_a_key_with_a_value_that_the_form_can_not_have_changes_nothing(self, one: World) -> None:
        one.set_rules(mode="review")
        one.release()
        one.models["RED"].problems = [Problem("year", "'2021x' is no year")]
        answer = edit(one, one.job(), year="2021x", tags="jazz")
        assert (answer["result"], answer["why"]) == ("refused", "nothing was changed: year: '2021x' is no year")
        assert one.job().set == {}

    def test_an_approval_after_an_edit_is_for_the_edited_form(self, one: World) -> None:
        one.set_rules(new_group="review")
        one.release()
        one.until(one.settled)
        edit(one, one.job(), title="New")
        one.command("approve", one.job().job)
        one.until(one.settled)
        assert one.job().state is State.UPLOADED

    def test_what_is_on_the_site_is_not_edited(self, tmp_path: Path) -> None:
        with world(tmp_path, client="seedbox") as one:
            one.release()
            one.turn(2)
            sent = str(one.job().infohash)
            one.sites["RED"].files[sent] = one.bench.store.get(sent).replace(b"4:name5:Album", b"4:name5:Other")
            one.until(lambda: one.job().state is State.HELD, hours=1)
            assert edit(one, one.job(), title="New")["result"] == "refused"

    def test_an_edit_of_nothing_is_refused(self, one: World) -> None:
        one.set_rules(mode="review")
        one.release()
        assert "at least one field" in str(edit(one, one.job())["why"])


class TestApprove:
    def test_what_a_dry_run_rule_held_goes_out(self, one: World) -> None:
        one.command("approve", held(one, mode="dry_run").job)
        one.set_rules()
        one.until(one.settled)
        assert one.job().state is State.UPLOADED

    def test_what_stands_on_the_site_and_was_given_up_is_never_sent_again(self, tmp_path: Path) -> None:
        with world(tmp_path, client="seedbox") as one:
            one.release()
            one.turn(2)
            sent = str(one.job().infohash)
            one.sites["RED"].files[sent] = one.bench.store.get(sent).replace(b"4:name5:Album", b"4:name5:Other")
            one.until(lambda: one.job().state is State.HELD, hours=1)
            assert one.command("cancel", one.job().job)["result"] == "done"
            assert one.command("approve", one.job().job, reason="again")["result"] == "refused"


class TestRedecide:
    def test_a_dry_run_goes_out_by_rules_that_say_upload(self, one: World) -> None:
        one.set_rules(mode="dry_run")
        one.release()
        one.set_rules()
        assert redecide(one, one.job())["result"] == "done"
        one.until(one.settled)
        assert one.job().state is State.UPLOADED

    def test_a_dry_run_that_rules_would_hold_stays_one_and_says_why(self, one: World) -> None:
        one.set_rules(mode="dry_run")
        one.release()
        one.set_rules(mode="review")
        assert redecide(one, one.job())["result"] == "done"
        assert (one.job().state, one.job().code) == (State.DRY_RUN, "review")

    def test_what_is_queued_is_held_by_rules_that_say_dry_run(self, one: World) -> None:
        one.release()
        one.set_rules(mode="dry_run")
        redecide(one, one.job())
        assert (one.job().state, one.job().code) == (State.HELD, "mode")

    def test_what_a_person_said_stays_over_other_rules_and_what_the_rules_said_does_not(self, one: World) -> None:
        one.set_rules(to="RED: {set: {title: Old, group: X}}", mode="review")
        one.release()
        edit(one, one.job(), music__year=2021)
        edit(one, one.job(), tags__add=["live"])
        one.set_rules(to="RED: {set: {title: New, music.year: 1999, tags.add: [good]}}", mode="review")
        for _ in range(2):
            redecide(one, one.job())
            assert one.job().set == {"title": "New", "music.year": 2021, "tags.add": ["good", "live"]}

    def test_what_a_person_said_answers_what_other_rules_require_and_fills_their_slots(self, one: World) -> None:
        one.set_rules(mode="review")
        one.release()
        edit(one, one.job(), music__tags_complete=True, music__label="Good")
        one.set_rules(require="music.tags_complete: true", to="RED: {set: {title: '{music.label} {tv.season}'}}")
        redecide(one, one.job())
        assert (one.job().code, set(one.job().rest["unfilled"])) == ("require", {"title"})
        assert "tv.season" in str(one.job().why) and "tags_complete" not in str(one.job().why)
        edit(one, one.job(), tv__season=3)
        assert (one.job().set or {})["title"] == "Good 3" and one.job().state is not State.HELD

    def test_the_same_content_stays_a_question(self, one: World) -> None:
        one.release("First", 60 << 20)
        one.release("Other", 60 << 20)
        (second,) = [job for job in one.jobs() if job.code == "same-content"]
        redecide(one, second)
        assert one.journal.ledger.jobs[second.job].code == "same-content"

    def test_what_waited_behind_the_requirement_still_does(self, one: World) -> None:
        one.release("First", 60 << 20)
        one.set_rules(require="music.tags_complete: true", mode="review")
        one.release("Other", 60 << 20)
        (second,) = [job for job in one.jobs() if job.code == "require"]
        redecide(one, second)
        second = one.journal.ledger.jobs[second.job]
        assert (second.code, second.rest["then"]["code"]) == ("require", "same-content")


def test_an_approval_and_an_edit_leave_the_delay_of_the_rule_and_a_retry_ends_it(tmp_path: Path) -> None:
    with world(tmp_path, mode="review", to="RED: {delay: 10h}") as one:
        one.release()
        due, now = one.job().not_before, one.clock.now()
        assert due == pytest.approx(now + 36000, abs=1)
        one.command("edit", one.job().job, set={"group": "X"})
        one.command("approve", one.job().job)
        assert (one.job().state, one.job().not_before) == (State.QUEUED, due)
        one.command("retry", one.job().job)
        one.until(one.settled, hours=1)
        assert one.job().state is State.UPLOADED
