"""Jobs as the fold of records: the table of moves, what a hold may not do, what is remembered for ever."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support_journal import NOON, ManualClock, job, look, release
from trackers.clock import utc_text
from watcher.jobs import CODES, FINAL, GAP, MOVES, PUBLISHED, ImpossibleMove, Ledger, State, Uploaded, Waits
from watcher.jobs.ahead import Ahead
from watcher.jobs.job import job_of
from watcher.jobs.snapshot import snapshot

ID = "a" * 12
DOCUMENT = Path(__file__).parents[2] / "docs" / "journal.md"


class Book:
    """A ledger that numbers and dates its records, as the journal does."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.seq = 1

    def __call__(self, *records: dict[str, Any]) -> Ledger:
        for record in records:
            self.ledger.check(record)
            self.seen(record)
        return self.ledger

    def seen(self, record: dict[str, Any]) -> None:
        """Fold it in whatever it says, as replay does."""
        self.seq += 1
        self.ledger.apply({"v": 1, "seq": self.seq, "time": utc_text(NOON + self.seq), **record})

    def compacted(self) -> Ledger:
        """What the snapshot of this ledger folds to."""
        copy = Ledger()
        for record, _ in sorted(snapshot(self.ledger), key=lambda pair: pair[0]["seq"]):
            copy.apply(record)
        return copy


@pytest.fixture
def book() -> Book:
    return Book()


TO = {
    State.DRY_RUN: ["dry_run"],
    State.QUEUED: ["queued"],
    State.PREPARED: ["queued", "prepared"],
    State.SENDING: ["queued", "prepared", "sending"],
    State.UNCONFIRMED: ["queued", "prepared", "sending", "unconfirmed"],
    State.UPLOADED: ["queued", "prepared", "sending", "uploaded"],
    State.SEEDING: ["queued", "prepared", "sending", "uploaded", "seeding"],
    State.DONE: ["queued", "prepared", "sending", "uploaded", "seeding", "done"],
    State.DUPLICATE: ["queued", "duplicate"],
    State.CANCELLED: ["queued", "cancelled"],
}


def brought_to(state: State) -> Book:
    book = Book()
    book(*(job(step) for step in TO[state]))
    return book


# The table of DESIGN section 8, written down a second time
ALLOWED = {
    None: "queued held dry_run",
    "dry_run": "queued cancelled",
    "queued": "prepared held duplicate cancelled",
    "prepared": "sending queued held duplicate cancelled",
    "sending": "uploaded unconfirmed queued held",
    "unconfirmed": "uploaded duplicate queued held",
    "uploaded": "seeding held",
    "seeding": "done held",
    "duplicate": "queued",
    "cancelled": "queued",
    "done": "queued",
    "held": "cancelled",
}


def test_the_table_of_moves_is_that_of_the_design() -> None:
    assert {was: set(may) for was, may in MOVES.items()} == {was: set(may.split()) for was, may in ALLOWED.items()}


@pytest.mark.parametrize(("was", "to"), list(itertools.product(TO, State)), ids=str)
def test_a_move_is_possible_exactly_if_the_table_lists_it(was: State, to: State) -> None:
    book = brought_to(was)
    back = {"back_to": "uploaded" if was in PUBLISHED else "queued"}
    if was is State.UNCONFIRMED:
        back = {"back_to": "unconfirmed", "open": True}
    record = job(to, **back if to is State.HELD else {}, **{"forget": True} if was is State.DONE else {})
    if to == was or to in MOVES[was]:
        assert book(record).jobs[ID].state is to
    else:
        with pytest.raises(ImpossibleMove, match=f"job {ID} can't go from {was} to {to}"):
            book.ledger.check(record)
        assert book.ledger.jobs[ID].state is was


@pytest.mark.parametrize("state", State)
def test_a_new_job_is_queued_held_or_a_dry_run(book: Book, state: State) -> None:
    if state in MOVES[None]:
        assert book(job(state)).jobs[ID].state is state
    else:
        with pytest.raises(ImpossibleMove, match=f"from nothing to {state}"):
            book(job(state))


def test_a_state_nobody_knows_is_refused(book: Book) -> None:
    with pytest.raises(ImpossibleMove, match="no such state"):
        book(job("uploading"))
    book.seen(job("uploading"))
    assert "can't be read" in book.ledger.problems[0]
    assert not book.ledger.jobs


def test_a_held_job_goes_back_where_it_says_or_is_cancelled(book: Book) -> None:
    book(job("held", code="review", back_to="queued"))
    for state in State:
        if state not in (State.QUEUED, State.HELD, State.CANCELLED):
            with pytest.raises(ImpossibleMove, match="may go back to queued"):
                book.ledger.check(job(state))
    book(
        job("queued"), job("held", back_to="prepared"), job("prepared"), job("held", back_to="queued"), job("cancelled")
    )


def test_an_open_job_goes_back_to_unconfirmed_and_nowhere_else() -> None:
    book = brought_to(State.UNCONFIRMED)
    for wrong in (
        job("held"),
        job("held", back_to="queued"),
        job("held", back_to="queued", open=True),
        job("held", open=True),
    ):
        with pytest.raises(ImpossibleMove):
            book.ledger.check(wrong)
    book(job("held", back_to="unconfirmed", open=True), job("held", why="still"))
    for wrong in (
        job("cancelled"),
        job("queued"),
        job("held", open=False),
        job("held", open=None),
        job("held", back_to="queued"),
    ):
        with pytest.raises(ImpossibleMove):
            book.ledger.check(wrong)
    assert book(job("unconfirmed")).jobs[ID].state is State.UNCONFIRMED


@pytest.mark.parametrize("state", ["uploaded", "seeding"])
def test_what_is_on_the_site_is_never_held_to_go_back_before_that(state: str) -> None:
    book = brought_to(State(state))
    for back in ("queued", "prepared", "sending", "unconfirmed", None):
        with pytest.raises(ImpossibleMove):
            book.ledger.check(job("held", back_to=back))
    book(job("held", back_to=state))
    with pytest.raises(ImpossibleMove, match="nothing leads back"):
        book.ledger.check(job("held", back_to="queued"))


def test_what_is_done_is_sent_again_only_by_forget() -> None:
    book = brought_to(State.DONE)
    with pytest.raises(ImpossibleMove, match="forget"):
        book.ledger.check(job("queued"))
    assert book(job("queued", forget=True)).jobs[ID].state is State.QUEUED


@pytest.mark.parametrize("state", ["queued", "prepared"])
def test_a_gap_makes_unconfirmed_of_what_waits_and_of_nothing_else(state: str) -> None:
    book = brought_to(State(state))
    with pytest.raises(ImpossibleMove):
        book.ledger.check(job("unconfirmed", code="timeout"))
    assert book(job("unconfirmed", code=GAP)).jobs[ID].code == GAP
    for other in set(TO) - {State.QUEUED, State.PREPARED, State.SENDING, State.UNCONFIRMED}:
        with pytest.raises(ImpossibleMove):
            brought_to(other).ledger.check(job("unconfirmed", code=GAP))


def test_check_changes_nothing(book: Book) -> None:
    book(job("queued"))
    before = book.ledger.jobs[ID]
    book.ledger.check(job("prepared"))
    assert book.ledger.jobs[ID] == before


def test_a_batch_is_checked_as_if_its_records_were_written(book: Book) -> None:
    ahead = Ahead(book.ledger)
    for step in ("queued", "held", "queued", "prepared", "sending"):
        record = job(step, **{"back_to": "queued", "code": "review"} if step == "held" else {})
        new = not ahead.jobs
        assert ahead.take(record) == new
    with pytest.raises(ImpossibleMove, match="from sending to prepared"):
        ahead.take(job("prepared"))
    assert not book.ledger.jobs


def test_replay_takes_a_move_that_should_not_be_as_the_newest_truth_and_says_so(book: Book) -> None:
    book(job("queued"))
    book.seen(job("uploaded", torrent_id=5))
    assert book.ledger.jobs[ID].state is State.UPLOADED
    assert book.ledger.problems == [f"record 3: job {ID} can't go from queued to uploaded"]


# -- what the keys add up to


def test_keys_stay_until_they_are_said_anew_or_taken_back_with_null(book: Book) -> None:
    book(
        job("queued", attempt=1, infohash="x", priority=3, passes=[{"answer": "absent"}]), job("queued", infohash=None)
    )
    found = book.ledger.jobs[ID]
    assert (found.attempt, found.infohash, found.priority, found.passes) == (1, None, 3, [{"answer": "absent"}])
    assert (found.seq, found.time, found.born) == (3, NOON + 3, NOON + 2)


def test_what_belongs_to_a_hold_or_a_failure_ends_with_the_state(book: Book) -> None:
    book(
        job("held", code="review", why="w", resume="seedpost queue approve", back_to="queued"), job("held", why="still")
    )
    assert (book.ledger.jobs[ID].code, book.ledger.jobs[ID].why) == ("review", "still")
    found = book(job("queued")).jobs[ID]
    assert (found.code, found.why, found.resume, found.back_to, found.open) == (None, None, None, None, False)
    found = book(job("prepared", code="stale", why="new")).jobs[ID]
    assert (found.code, found.why) == ("stale", "new")


def test_a_state_change_between_two_records_of_the_same_keys_is_not_overlooked(book: Book) -> None:
    book(job("queued", code="unavailable"), job("prepared"), job("queued"))
    assert book.ledger.jobs[ID].code is None
    assert book.ledger.jobs[ID].state is State.QUEUED


def test_a_state_change_counts_also_when_later_records_say_all_that_its_own_said(book: Book) -> None:
    book(job("queued", code="unavailable"), job("prepared", infohash="i"), job("prepared", attempt=1))
    found = book(job("prepared", infohash="j")).jobs[ID]
    assert (found.code, found.infohash, found.attempt) == (None, "j", 1)


def test_keys_of_a_newer_version_are_at_hand_as_rest(book: Book) -> None:
    found = book(job("queued", karma=7), job("prepared")).jobs[ID]
    assert found.rest == {"karma": 7}
    assert "v" not in found.rest


def test_times_may_be_numbers_or_text(book: Book) -> None:
    book(job("queued", not_before=NOON, sent_at=utc_text(NOON)))
    assert book.ledger.jobs[ID].not_before == book.ledger.jobs[ID].sent_at == NOON
    book(job("queued", not_before="tomorrow"))
    assert book.ledger.jobs[ID].not_before == 0.0


def test_every_intent_to_send_is_remembered_with_its_time(book: Book) -> None:
    book(job("queued"), job("prepared"), job("sending"), job("sending", why="again the same"), job("queued"))
    book(job("prepared"), job("sending"))
    assert book.ledger.jobs[ID].sends == [NOON + 4, NOON + 8]
    assert book.ledger.sends("redacted.sh") == [NOON + 4, NOON + 8]
    assert book.ledger.sends("orpheus.network") == []
    assert book.compacted().sends("redacted.sh") == [NOON + 4, NOON + 8]


def test_what_once_stood_on_a_site_is_never_forgotten(book: Book) -> None:
    book(release())
    book(*(job(step, infohash="i") for step in ("queued", "prepared", "sending")))
    assert list(book.ledger.uploads) == []
    assert not book.ledger.ours("i")
    book(job("uploaded", torrent_id=5), job("seeding", registered="r"), job("done"), job("queued", forget=True))
    first = Uploaded("redacted.sh", "f" * 32, "i", "r", 5)
    assert list(book.ledger.uploads) == [first]
    book(job("prepared"), job("sending"), job("uploaded", torrent_id=6, registered="r2"))
    second = Uploaded("redacted.sh", "f" * 32, "i", "r2", 6)
    assert list(book.ledger.uploads) == [first, second]
    assert list(book.compacted().uploads) == [first, second]
    book(job("held", back_to="seeding"))
    assert list(book.compacted().uploads) == [first, second]
    assert book.ledger.jobs[ID].uploads == [["i", "r", 5], ["i", "r2", 6]]
    for ledger in (book.ledger, book.compacted()):
        assert [ledger.ours(hash) for hash in ("i", "r", "r2", "x")] == [True, True, True, False]


def test_jobs_are_found_by_state_by_release_and_by_life(book: Book) -> None:
    book(release(), job("queued"), job("queued", "2" * 12), job("held", "3" * 12, release="other", back_to="queued"))
    book(job("prepared"))
    assert [one.job for one in book.ledger.in_state(State.QUEUED, State.PREPARED)] == ["2" * 12, ID]
    assert {one.job for one in book.ledger.jobs_of("b" * 12)} == {ID, "2" * 12}
    assert {one.job for one in book.ledger.live()} == {ID, "2" * 12}
    assert book.ledger.counts() == {"queued": 1, "prepared": 1, "held": 1}
    assert len(book.ledger.jobs) == len(list(book.ledger.jobs)) == 3
    assert ID in book.ledger.jobs
    assert "0" * 12 not in book.ledger.jobs
    assert book.ledger.job("0" * 12) is None
    assert all(state not in FINAL for state in (State.HELD, State.QUEUED))


def test_a_release_adds_up_and_is_known_by_its_torrent(book: Book) -> None:
    book(release(undecided="guard-unknown", facts={"kind": {"value": "music", "origin": "file"}}), job("queued"))
    book(release(undecided=None, decision={"rule": "all"}))
    found = book.ledger.release_of(book.ledger.jobs[ID])
    assert found is not None
    assert found["facts"]["kind"]["value"] == "music"
    assert found["decision"] == {"rule": "all"}
    assert "undecided" not in found
    assert book.ledger.known("c" * 40, 1_795_000_000)
    assert not book.ledger.known("c" * 40, 1_795_000_001)
    assert list(book.ledger.releases) == ["b" * 12]
    assert len(book.ledger.releases) == 1
    assert "b" * 12 in book.ledger.releases
    assert book.ledger.release_of(job_of({"job": "x", "state": "queued"})) is None


def source(what: str, **more: object) -> dict[str, object]:
    return {"type": "source", "source": "seedbox", "what": what, "at": "http://127.0.0.1:8080"} | more


def test_a_source_knows_its_baseline_and_what_it_ever_saw(book: Book) -> None:
    pairs = [[f"{n:040x}", n] for n in range(700)]
    book(
        source("baseline", torrents=pairs[:500], since=NOON),
        source("seen", torrents=pairs[500:], names=["a", "b"], by="us"),
    )
    book(source("gone", torrents=pairs[:1], names=["a"]))
    for ledger in (book.ledger, book.compacted()):
        found = ledger.sources["http://127.0.0.1:8080"]
        assert (found.baseline, found.since, found.names, found.rest) == (True, NOON, {"b"}, {"by": "us"})
        assert len(found.torrents) == 699
        assert ledger.known(*pairs[0]), "what went away has been known"
        assert ledger.known(*pairs[600])
    assert book.compacted().same(book.ledger)


def test_a_source_that_was_only_ever_left_survives_compaction(book: Book) -> None:
    book(source("gone", names=["a"], by="us"))
    assert book.compacted().same(book.ledger)


def test_commands_wait_until_they_are_answered(book: Book) -> None:
    book(look("/a"), look("/b"), {"type": "command", "do": "answer", "of": 2, "result": "done"})
    assert [command["path"] for command in book.ledger.commands] == ["/b"]
    assert [command["path"] for command in book.compacted().commands] == ["/b"]


def test_the_last_word_on_a_lane_and_on_the_rules_counts(book: Book) -> None:
    lane = {"type": "tracker", "tracker": "RED", "site": "redacted.sh"}
    book(lane | {"breaker": "open", "code": "no-key"}, lane | {"breaker": "closed"})
    book({"type": "rules", "what": "loaded", "rules": "1"}, {"type": "rules", "what": "rejected", "rules": "2"})
    for ledger in (book.ledger, book.compacted()):
        assert ledger.breakers["redacted.sh"]["breaker"] == "closed"
        assert (ledger.rules["loaded"]["rules"], ledger.rules["rejected"]["rules"]) == ("1", "2")


def test_records_of_an_unknown_type_are_passed_over_and_broken_ones_listed(book: Book) -> None:
    book.seen({"type": "weather", "sky": "blue"})
    book.seen({"type": "command"})
    book.seen({"type": "source", "source": "x", "what": "seen", "at": "y", "torrents": [["only one"]]})
    assert len(book.ledger.problems) == 2


STEPS = st.sampled_from(
    ["queued", "prepared", "sending", "unconfirmed", "uploaded", "seeding", "done", "held", "cancelled"]
)
KEYS = st.dictionaries(
    st.sampled_from(["code", "why", "infohash", "registered", "torrent_id", "attempt", "not_before", "karma"]),
    st.one_of(st.none(), st.integers(0, 9), st.text(max_size=3)),
    max_size=4,
)


@given(st.lists(st.tuples(STEPS, st.sampled_from(["1" * 12, "2" * 12]), KEYS), max_size=20))
def test_the_fold_is_that_of_plain_dicts_and_survives_compaction(steps: list[tuple[str, str, dict[str, Any]]]) -> None:
    book, model = Book(), {}
    for state, id, keys in steps:
        book.seen(job(state, id, **keys))
        old = model.get(id, {})
        kept = old if old.get("state") == state else {k: v for k, v in old.items() if k not in ("code", "why")}
        model[id] = {k: v for k, v in {**kept, **job(state, id, **keys)}.items() if v is not None}
    for ledger in (book.ledger, book.compacted()):
        for id, folded in model.items():
            entry = ledger.entries[id].keys()
            assert {k: entry.get(k) for k in folded if k != "type"} == {k: v for k, v in folded.items() if k != "type"}
            assert not ({"code", "why", "infohash", "karma"} & entry.keys()) - folded.keys()
    assert book.compacted().same(book.ledger)


# -- waiting, whatever the clock does


def waiting(clock: ManualClock, seconds: float, seq: int = 1) -> Any:
    return job_of(
        {"job": ID, "state": "queued", "seq": seq, "time": utc_text(clock.now()), "not_before": clock.now() + seconds}
    )


def test_C1_a_clock_set_back_or_far_forward_neither_loses_nor_postpones_a_retry() -> None:
    for jump in (-7200.0, 10 * 365 * 86400.0, -NOON):
        clock = ManualClock()
        waits, one = Waits(clock), waiting(clock, 300.0)
        assert waits.remaining(one) == 300.0
        clock.wall += jump
        assert waits.remaining(one) == 300.0
        clock.pass_by(300.0)
        assert waits.remaining(one) == 0.0


def test_C1_after_a_restart_with_another_clock_a_job_waits_at_most_as_long_as_it_was_told_to() -> None:
    clock = ManualClock()
    one = waiting(clock, 300.0)
    clock.wall -= 7200.0
    assert Waits(clock).remaining(one) == 300.0
    clock.wall += 7200.0 + 100.0
    assert Waits(clock).remaining(one) == 200.0
    clock.wall += 10 * 365 * 86400.0
    assert Waits(clock).remaining(one) == 0.0


def test_C2_time_asleep_counts_as_waiting() -> None:
    clock = ManualClock()
    waits, one = Waits(clock), waiting(clock, 300.0)
    assert waits.remaining(one) == 300.0
    clock.pass_by(3600.0)
    assert waits.remaining(one) == 0.0


def test_C3_a_machine_that_starts_in_1970_writes_records_in_order_and_waits_as_told() -> None:
    clock = ManualClock(wall=3.0)
    waits, one = Waits(clock), waiting(clock, 60.0)
    assert waits.remaining(one) == 60.0
    clock.wall = NOON  # the time came by network
    assert waits.remaining(one) == 60.0
    assert waits.remaining(waiting(clock, 30.0, seq=2)) == 30.0


def test_a_new_record_with_another_time_waits_anew_and_one_without_does_not_wait() -> None:
    clock = ManualClock()
    waits, one = Waits(clock), waiting(clock, 300.0)
    waits.remaining(one)
    clock.pass_by(100.0)
    later = waiting(clock, 500.0, seq=2)
    assert waits.remaining(later) == 500.0
    assert waits.remaining(job_of({"job": ID, "state": "queued", "seq": 3, "not_before": later.not_before})) == 500.0
    assert waits.remaining(job_of({"job": ID, "state": "queued", "seq": 4})) == 0.0


# -- the document


def test_the_document_lists_exactly_the_codes_there_are() -> None:
    table = DOCUMENT.read_text().partition("## Codes")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| `")]
    assert {code.strip(" `"): why.strip() for code, why in rows} == dict(CODES)


def test_the_document_lists_exactly_the_moves_there_are() -> None:
    table = DOCUMENT.read_text().partition("## States")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| ") and "from" not in line]
    listed = {was.strip(" `"): {word.strip(" `") for word in may.partition("(")[0].split(",")} for was, may in rows}
    assert listed == {str(was or "new"): set(map(str, may)) for was, may in MOVES.items()}
