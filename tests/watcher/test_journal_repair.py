"""Repair: a sound journal from whatever is left, and nothing sent twice for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support_journal import ManualClock, job, lines, look, release, rewrite
from watcher.jobs import State
from watcher.jobs.records import seal
from watcher.journal import Journal, JournalLost, NeedsRepair, history, repair, verify

ID, OTHER = "a" * 12, "2" * 12


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A journal of two generations: one job done, one waiting, one being sent, one unanswered command."""
    state = tmp_path / "state"
    journal = Journal.open(state, clock=ManualClock())
    journal.append([release(), look("/1")])
    journal.append(
        [job(step, torrent_id=5) for step in ("queued", "prepared", "sending", "uploaded", "seeding", "done")]
    )
    journal.compact()
    journal.append([job("queued", OTHER), job("prepared", OTHER), job("queued", "3" * 12), look("/2")])
    journal.close()
    return state


def states(state: Path) -> dict[str, State]:
    journal = Journal.open(state, clock=ManualClock())
    assert journal.append([look("/after")])
    assert not journal.behind
    assert not journal.needs_repair
    assert not journal.suspects()
    found = {one.job: one.state for one in journal.ledger.jobs.values()}
    journal.close()
    assert journal.problems == ()
    assert verify(state).ok
    return found


WAITING = {ID: State.DONE, OTHER: State.UNCONFIRMED, "3" * 12: State.UNCONFIRMED}


def test_a_sound_journal_is_repaired_into_itself(state: Path) -> None:
    before = Journal.open(state, writable=False)
    done = repair(state, clock=ManualClock())
    assert Journal.open(state, writable=False).ledger.same(before.ledger)
    assert done.suspects == ()
    assert done.taken_from == ("journal.jsonl",)
    assert json.dumps(done.as_json())
    assert states(state) == {ID: State.DONE, OTHER: State.PREPARED, "3" * 12: State.QUEUED}


def test_many_damaged_lines_are_forgiven_and_who_waited_is_asked_for(state: Path) -> None:
    journal = Journal.open(state)
    journal.append([look(str(number)) for number in range(30)])
    journal.append([job("queued", "4" * 12)])
    journal.close()
    changed = lines(state)
    changed[8:20] = [b"x"] * 12
    rewrite(state, changed)
    assert verify(state).needs_repair
    done = repair(state, clock=ManualClock())
    assert set(done.suspects) == {OTHER, "3" * 12}
    assert states(state) == WAITING | {"4" * 12: State.QUEUED}
    assert any(path.name.startswith("000002") for path in (state / "archive").iterdir()), "the damaged file is kept"


def test_a_missing_journal_is_rebuilt_from_the_archive(state: Path) -> None:
    (state / "journal.jsonl").unlink()
    done = repair(state, clock=ManualClock())
    assert done.taken_from == ("archive/000001.jsonl.gz",)
    assert states(state) == {ID: State.DONE}
    assert done.seq == 13, "what was lost keeps its numbers"


def test_what_is_left_behind_a_damaged_header_is_taken(state: Path) -> None:
    changed = lines(state)
    changed[0] = b"x"
    rewrite(state, changed)
    with pytest.raises(NeedsRepair):
        Journal.open(state)
    done = repair(state, clock=ManualClock())
    assert done.taken_from == ("archive/000001.jsonl.gz", "journal.jsonl")
    assert states(state) == {ID: State.DONE, OTHER: State.PREPARED, "3" * 12: State.QUEUED}, "no record is missing"


def test_what_a_running_process_knew_is_taken(state: Path) -> None:
    journal = Journal.open(state, clock=ManualClock())
    journal.append([job("sending", OTHER)])
    (state / "journal.jsonl").write_bytes(b"")
    with pytest.raises(JournalLost):
        journal.refresh()
    done = repair(state, clock=ManualClock())
    assert "journal.rescued" in done.taken_from
    assert not (state / "journal.rescued").exists()
    assert states(state) == WAITING | {OTHER: State.SENDING}


def test_an_older_copy_is_taken_once_a_person_says_so(state: Path) -> None:
    old = (state / "journal.jsonl").read_bytes()
    journal = Journal.open(state)
    journal.append([job("sending", OTHER), job("uploaded", OTHER)])
    journal.close()
    (state / "journal.jsonl").write_bytes(old)
    behind = Journal.open(state)
    behind.append([look("/3")])
    assert behind.behind
    behind.close()
    done = repair(state, clock=ManualClock())
    assert set(done.suspects) == {OTHER, "3" * 12}
    assert states(state) == WAITING


@pytest.mark.parametrize("lost", ["highwater", "journal.lock"])
def test_the_small_files_may_be_missing(state: Path, lost: str) -> None:
    (state / lost).unlink()
    repair(state, clock=ManualClock())
    assert states(state) == {ID: State.DONE, OTHER: State.PREPARED, "3" * 12: State.QUEUED}


def test_a_file_of_another_journal_is_set_aside(state: Path, tmp_path: Path) -> None:
    other = Journal.open(tmp_path / "other")
    other.append([look("/of-another")])
    other.close()
    foreign = (tmp_path / "other" / "journal.jsonl").read_bytes()
    (state / "journal.jsonl").write_bytes(foreign)
    done = repair(state, clock=ManualClock())
    assert done.taken_from == ("archive/000001.jsonl.gz",)
    assert (state / done.set_aside).read_bytes() == foreign
    assert states(state) == {ID: State.DONE}


def test_where_nothing_is_left_there_is_nothing_to_repair(state: Path) -> None:
    for path in (state / "journal.jsonl", state / "archive" / "000001.jsonl.gz"):
        path.unlink()
    with pytest.raises(JournalLost, match="says what the journal held"):
        repair(state, clock=ManualClock())
    assert not (state / "journal.jsonl").exists()


def test_records_of_a_newer_version_survive_a_repair(state: Path) -> None:
    strange = rb'{"v":1,"seq":14,"time":"t","type":"weather","sky":1.50'
    with (state / "journal.jsonl").open("ab") as file:
        file.write(seal(strange))
    repair(state, clock=ManualClock())
    assert strange in (state / "journal.jsonl").read_bytes()


def test_history_goes_on_across_a_repair(state: Path) -> None:
    repair(state, clock=ManualClock())
    Journal.open(state).append([look("/3")])
    assert [record["seq"] for record in history(state)] == list(range(1, 15))


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def mangled(path: Path) -> None:
    path.write_bytes(b"no gzip at all")


@pytest.mark.parametrize("harm", [truncated, emptied, mangled])
def test_a_damaged_archive_is_told_and_repair_takes_what_it_can(state: Path, harm: Callable[[Path], None]) -> None:
    harm(state / "archive" / "000001.jsonl.gz")
    report = verify(state)
    assert len(report.archive) == 1
    assert not report.ok
    repair(state, clock=ManualClock())
    journal = Journal.open(state, writable=False)
    assert journal.ledger.jobs[ID].state is State.DONE


def test_a_report_says_what_could_not_even_be_opened(state: Path) -> None:
    (state / "journal.jsonl").unlink()
    report = verify(state)
    assert report.needs_repair
    assert "missing" in report.error
    assert report.as_json()["ok"] is False
