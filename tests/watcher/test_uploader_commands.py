"""Commands that the loop obeys, in virtual time: what each does to a job in each state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_loop import World, world
from tests.watcher.test_uploader import posts
from trackers.base import Found, Problem, Receipt
from watcher.jobs import State


@pytest.fixture
def one(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


class TestCommands:
    def test_cancel_takes_a_queued_job_away(self, one: World) -> None:
        one.sites["RED"].down = True
        one.release()
        one.turn()
        assert one.command("cancel", one.job().job)["result"] == "done"
        assert one.job().state is State.CANCELLED

    def test_cancel_of_an_unknown_outcome_is_a_wish_that_is_granted_when_it_proves_absent(self, one: World) -> None:
        one.sites["RED"].fates = [("dropped", 0.0)]
        one.release()
        one.until(lambda: one.job().state is State.UNCONFIRMED, hours=1)
        assert one.command("cancel", one.job().job)["result"] == "kept"
        one.until(one.settled)
        assert (one.job().state, posts(one)) == (State.CANCELLED, 1)

    def test_an_open_job_is_neither_edited_nor_approved(self, one: World) -> None:
        one.sites["RED"].fates = [("dropped", 0.0)]
        one.release()
        one.until(lambda: one.job().state is State.UNCONFIRMED, hours=1)
        job = one.job().job
        assert one.command("edit", job, set={"title": "other"})["result"] == "refused"
        assert one.command("approve", job)["result"] == "refused"

    def test_edit_is_sent_and_an_approval_of_another_form_no_longer_counts(self, one: World) -> None:
        one.models["RED"].problems = [Problem("tags", "missing")]
        one.release()
        one.until(one.settled)
        one.models["RED"].problems = []
        assert one.command("edit", one.job().job, set={"tags": "jazz"})["result"] == "done"
        one.until(one.settled)
        assert ["tags", "jazz"] in one.journal.load(one.job().form)["fields"]

    def test_what_a_rule_requires_is_not_got_around_by_an_edit_or_a_retry(self, one: World) -> None:
        one.set_rules(require="music.tags_complete: true")
        one.release()
        one.turn()
        job = one.job()
        assert (job.state, job.code) == (State.HELD, "require")
        assert one.command("edit", job.job, set={"tags": "jazz"})["result"] == "done"
        assert "approve" in str(one.command("retry", job.job)["why"])
        assert (one.job().state, one.job().code, posts(one)) == (State.HELD, "require", 0)
        one.command("approve", job.job)
        one.until(one.settled)
        assert one.job().state is State.UPLOADED

    def test_a_form_that_is_not_what_was_approved_is_held_again_with_the_difference(self, one: World) -> None:
        one.set_rules(new_group="review")
        one.release()
        one.until(one.settled)
        job = one.job()
        shown = one.journal.load({"shown": job.rest["shown"]})["shown"]
        one.command("approve", job.job, digest="0" * 64, shown=shown)
        one.until(one.settled)
        assert one.job().code == "form-changed"

    def test_resolve_absent_asks_the_site_first_and_is_refused_when_it_is_there(self, one: World) -> None:
        one.sites["RED"].fates = [("dropped", 0.0)]
        one.release()
        one.turn(3)
        one.sites["RED"].others = False
        one.until(one.settled, hours=72)
        job = one.job()
        one.sites["RED"].store(str(job.infohash), "us", 0.0)
        answer = one.command("resolve", job.job, absent=True)
        assert answer["result"] == "refused"
        assert "http://127.0.0.1/1" in str(answer["why"])
        assert one.command("resolve", job.job, uploaded="1")["result"] == "done"
        assert (one.job().state, one.job().torrent_id) == (State.UPLOADED, "1")

    def test_resolve_believes_no_id_that_the_site_shows_under_another(self, one: World) -> None:
        one.sites["RED"].fates = [("dropped", 0.0), ("dropped", 0.0)]
        one.release()
        one.until(one.settled)
        job = one.job()
        mine = one.sites["RED"].store(str(job.infohash), "us", 0.0)
        assert "the site shows it as 1" in str(one.command("resolve", job.job, uploaded="7")["why"])
        mine.user = "somebody"
        assert "somebody's" in str(one.command("resolve", job.job, uploaded="1")["why"])
        one.sites["RED"].stored.clear()
        assert one.command("resolve", job.job, uploaded="7")["result"] == "done"
        assert (one.job().state, one.job().torrent_id) == (State.UPLOADED, "7")

    def test_resolve_absent_is_refused_where_it_stands_without_a_name(self, one: World) -> None:
        one.sites["RED"].fates = [("dropped", 0.0), ("dropped", 0.0)]
        one.release()
        one.until(one.settled)
        there = Found(Receipt("1", "1", "http://127.0.0.1/1", None), None, None)
        one.models["RED"].find = lambda *_: there  # type: ignore[method-assign]
        assert "the site shows it" in str(one.command("resolve", one.job().job, absent=True)["why"])

    def test_what_was_wished_away_and_is_there_is_no_wish_any_more(self, one: World) -> None:
        one.sites["RED"].fates = [("lost", 0.0)]
        one.release()
        one.turn(2)
        one.command("cancel", one.job().job)
        one.until(one.settled)
        assert (one.job().state, one.job().rest.get("wish")) == (State.UPLOADED, None)

    def test_resolve_absent_sends_again_when_the_site_does_not_show_it(self, one: World) -> None:
        one.sites["RED"].fates = [("dropped", 0.0), ("dropped", 0.0)]
        one.release()
        one.until(one.settled)
        assert one.job().open
        assert one.command("resolve", one.job().job, absent=True)["result"] == "done"
        one.until(one.settled)
        assert (one.job().state, posts(one)) == (State.UPLOADED, 3)

    def test_retry_of_an_open_job_looks_again_and_never_sends(self, one: World) -> None:
        one.sites["RED"].fates = [("dropped", 0.0)]
        one.release()
        one.turn(3)
        one.sites["RED"].others = False
        one.until(one.settled, hours=72)
        assert one.command("retry", one.job().job)["result"] == "done"
        assert one.job().state is State.UNCONFIRMED
        assert posts(one) == 1

    def test_an_unknown_id_or_verb_is_refused_with_the_reason(self, one: World) -> None:
        assert "no job" in str(one.command("retry", "nosuchjob")["why"])
        one.release()
        one.turn()
        assert "not a command" in str(one.command("explode", one.job().job)["why"])
