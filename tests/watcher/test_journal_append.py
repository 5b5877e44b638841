"""Appending: what is acknowledged is on disk, all of it or none, in one flush for all who wait."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support_journal import FaultyDisk, FullDisk, ManualClock, job, lines, look, records, release
from watcher.errors import NotFound
from watcher.jobs import ImpossibleMove, State
from watcher.journal import AppendRefused, BlobLost, DiskFull, Journal, Unknown, history, read_records, verify
from watcher.journal.blobs import Blobs
from watcher.journal.committing import Ticket, compose

ID = "a" * 12


@pytest.fixture
def disk() -> FaultyDisk:
    return FaultyDisk()


@pytest.fixture
def journal(tmp_path: Path, disk: FaultyDisk) -> Iterator[Journal]:
    journal = Journal.open(tmp_path / "state", fs=disk, clock=ManualClock())
    yield journal
    journal.close()


def reopened(journal: Journal) -> Journal:
    return Journal.open(journal.state, writable=False)


def test_what_was_appended_is_there_after_a_new_start(journal: Journal) -> None:
    assert journal.append([release(), job("queued", set={"tags.add": ["x"]})]) == [2, 3]
    assert journal.append([job(State.PREPARED, why="é\udcff\n")]) == [4]
    again = reopened(journal)
    assert again.ledger.same(journal.ledger)
    assert again.ledger.jobs[ID].why == "é\udcff\n"
    assert [record["seq"] for record in history(journal.state)] == [1, 2, 3, 4]
    assert verify(journal.state).ok


def test_one_batch_costs_one_write_and_one_flush(journal: Journal, disk: FaultyDisk) -> None:
    disk.calls.clear()
    journal.append([look(str(number)) for number in range(50)])
    assert disk.calls == ["write", "flush", "overwrite"]  # the last is the highwater mark, which nobody waits for


def test_threads_that_wait_share_a_flush(tmp_path: Path) -> None:
    class Gate(FaultyDisk):
        """Holds the first flush until it is let go."""

        def flush(self, fd: int) -> None:
            super().flush(fd)
            flushing.set()
            all_in.wait(60)

    gate, flushing, all_in = Gate(), threading.Event(), threading.Event()
    journal = Journal.open(tmp_path / "state", fs=FaultyDisk())
    journal._store.fs = gate
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(journal.append, [look("first")])]
        flushing.wait(60)
        found += [pool.submit(journal.append, [look(str(number))]) for number in range(7)]
        while len(journal._queue) < 7:
            threading.Event().wait(0.001)
        all_in.set()
    assert sorted(seq for future in found for seq in future.result()) == list(range(2, 10))
    assert gate.calls.count("flush") == 2
    assert len(reopened(journal).ledger.commands) == 8
    journal.close()


def test_an_impossible_move_writes_nothing_of_its_own_and_stops_nobody_else(journal: Journal) -> None:
    journal.append([job("queued")])
    before = lines(journal.state)
    with pytest.raises(ImpossibleMove):
        journal.append([look(), job("done")])
    assert lines(journal.state) == before
    assert journal.append([look()]) == [3]
    assert [record["type"] for record in records(journal.state)] == ["job", "command"]


def test_moves_are_checked_as_the_batch_goes(journal: Journal) -> None:
    journal.append([job("queued"), job("prepared"), job("sending"), job("queued", code="unavailable")])
    with pytest.raises(ImpossibleMove, match="from prepared to done"):
        journal.append([job("prepared"), job("done")])
    assert journal.ledger.jobs[ID].state is State.QUEUED


def test_a_move_is_checked_against_what_other_processes_wrote(journal: Journal) -> None:
    other = Journal.open(journal.state)
    other.append([job("queued"), job("prepared"), job("sending")])
    with pytest.raises(ImpossibleMove, match="from sending to prepared"):
        journal.append([job("prepared")])
    assert [record["state"] for record in journal.refresh()] == ["queued", "prepared", "sending"]
    other.close()


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (job("queued") | {"seq": 7}, "which the journal sets"),
        (job("queued") | {"crc": "x"}, "which the journal sets"),
        ({"type": "weather"}, "no record has the type"),
        ({"type": "job", "job": ID, "state": "queued"}, "needs release, site, tracker"),
        ({"type": "release"}, "needs release"),
        (look() | {"x": 2**64}, "beyond 64 bits"),
        (look() | {"x": float("nan")}, "JSON"),
    ],
    ids=str,
)
def test_a_record_that_makes_no_sense_is_refused(journal: Journal, record: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        journal.append([record])
    assert len(lines(journal.state)) == 1


def test_nothing_is_nothing(journal: Journal, disk: FaultyDisk) -> None:
    disk.calls.clear()
    assert journal.append([]) == []
    assert disk.calls == []


def test_what_the_caller_changes_afterwards_changes_nothing(journal: Journal) -> None:
    passes = [{"answer": "absent"}]
    journal.append([job("queued", passes=passes)])
    passes.append({"answer": "found"})
    assert journal.ledger.jobs[ID].passes == [{"answer": "absent"}]


def test_refresh_tells_every_record_once_whoever_wrote_it(journal: Journal) -> None:
    other = Journal.open(journal.state)
    journal.append([look("/1")])
    other.append([look("/2")])
    assert [record["path"] for record in journal.refresh()] == ["/1", "/2"]
    assert journal.refresh() == []
    other.append([look("/3")])
    assert [(record["path"], record["seq"], "crc" in record) for record in journal.refresh()] == [("/3", 4, False)]
    assert [record["path"] for record in other.refresh()] == ["/1", "/2", "/3"]
    reader = reopened(journal)
    other.append([look("/4")])
    assert [record["path"] for record in reader.refresh()] == ["/4"]
    other.close()


def test_a_reader_writes_nothing_and_takes_no_lock(journal: Journal, tmp_path: Path) -> None:
    journal.append([job("queued")])
    with journal._store.lock.held():
        before = {path.name: path.stat().st_mtime_ns for path in journal.state.iterdir()}
        reader = reopened(journal)
        assert reader.ledger.jobs[ID].state is State.QUEUED
        assert reader.refresh() == []
        assert {path.name: path.stat().st_mtime_ns for path in journal.state.iterdir()} == before
    with pytest.raises(AppendRefused, match="opened to read"):
        reader.append([look()])


def test_without_a_state_folder_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no state folder"):
        Journal.open(tmp_path / "none", writable=False)
    with pytest.raises(NotFound, match="no state folder"):
        Journal.open(tmp_path / "none", create=False)
    (tmp_path / "empty").mkdir(mode=0o700)
    with pytest.raises(NotFound, match="no journal"):
        Journal.open(tmp_path / "empty", writable=False)
    with pytest.raises(NotFound, match="no journal"):
        Journal.open(tmp_path / "empty", create=False)
    with pytest.raises(NotFound, match="no journal"):
        verify(tmp_path / "empty")


def test_a_waiting_loop_is_woken_by_another_process_s_record(journal: Journal) -> None:
    wake = threading.Event()
    assert journal.watch(wake)
    assert journal.watch(wake)
    other = Journal.open(journal.state)
    other.append([look()])
    assert wake.wait(60)
    wake.clear()
    other.compact()
    assert wake.wait(60)
    other.close()


def test_without_inotify_the_loop_is_told_to_look_by_itself(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object) -> None:
        raise OSError(errno.EMFILE, "inotify instance limit reached")

    monkeypatch.setattr("watchdog.observers.inotify.InotifyObserver.start", refuse)
    assert not journal.watch(threading.Event())
    journal.append([look()])
    assert len(journal.refresh()) == 1


# -- blobs


def test_what_does_not_fit_a_line_goes_beside_it_and_comes_back(journal: Journal) -> None:
    form = {"description": "x" * 70_000, "title": "t"}
    journal.append(
        [release(facts={"big": {"value": "y" * 70_000, "origin": "tag"}}), job("queued", form=form, why="w")]
    )
    assert all(len(line) < 64 * 1024 for line in lines(journal.state))
    again = reopened(journal)
    kept = again.ledger.jobs[ID].form
    assert kept is not None
    assert set(kept) == {"blob"}
    assert again.load(kept) == form
    assert again.load({"form": kept, "x": 1}) == {"form": form, "x": 1}
    assert again.ledger.releases["b" * 12]["facts"]["big"]["value"] == "y" * 70_000
    (blob, *_) = sorted((journal.state / "blobs").iterdir())
    assert blob.stat().st_mode & 0o777 == 0o600


def test_a_blob_is_durable_before_the_record_that_names_it(journal: Journal, disk: FaultyDisk) -> None:
    disk.fail("sync", errno.EIO, name="blobs")
    with pytest.raises(AppendRefused):
        journal.append([job("queued", form={"x": "y" * 70_000})])
    with pytest.raises(AppendRefused):
        journal.blob("value")
    assert len(lines(journal.state)) == 1
    disk.heal()
    kept = journal.blob({"form": 1})
    assert journal.blob({"form": 1}) == kept
    assert journal.load(kept) == {"form": 1}


def test_a_lost_or_damaged_blob_is_told_by_its_name(journal: Journal) -> None:
    kept = journal.blob([1, 2, 3])
    journal.append([job("queued", form=kept)])
    path = journal.state / "blobs" / f"{kept['blob']}.json"
    path.write_text("[1,2,4]")
    with pytest.raises(BlobLost, match="damaged"):
        journal.load(kept)
    assert "damaged" in verify(journal.state).blobs[0]
    path.unlink()
    with pytest.raises(BlobLost, match="can't be read"):
        journal.load(kept)
    assert not verify(journal.state).ok


def test_a_record_that_can_not_be_made_to_fit_is_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match="can't be made to fit"):
        journal.append([look() | {f"key{number}": number for number in range(6000)}])


# -- a disk that fails


def test_a_full_disk_refuses_and_nothing_of_it_stands_there(journal: Journal, disk: FaultyDisk) -> None:
    journal.append([job("queued")])
    before = (journal.state / "journal.jsonl").read_bytes()
    disk.shorten(50)
    disk.fail("write", errno.ENOSPC, after=2)
    with pytest.raises(DiskFull, match="nothing was written") as raised:
        journal.append([job("prepared")])
    assert raised.value.exit_code == 1
    assert (journal.state / "journal.jsonl").read_bytes() == before
    assert journal.ledger.jobs[ID].state is State.QUEUED
    disk.heal()
    assert journal.append([job("prepared")]) == [3]


def test_J6_the_reserve_is_given_up_for_an_outcome_and_for_nothing_else(tmp_path: Path) -> None:
    disk = FullDisk(room=100 << 20)
    journal = Journal.open(tmp_path / "state", fs=disk)
    journal.append([job("queued"), job("prepared"), job("sending")])
    disk.room = 0
    with pytest.raises(DiskFull):
        journal.append([look()])
    assert (journal.state / "reserve").stat().st_size == 1 << 20
    assert not journal.room()
    assert journal.append([job("uploaded", torrent_id=5)], outcome=True) == [5]
    assert not (journal.state / "reserve").exists()
    disk.room = 100 << 20
    assert journal.room()
    assert (journal.state / "reserve").exists()
    assert reopened(journal).ledger.jobs[ID].state is State.UPLOADED
    journal.close()


def test_J6_of_those_who_wait_together_only_outcomes_get_the_reserve(tmp_path: Path) -> None:
    disk = FullDisk(room=100 << 20)
    journal = Journal.open(tmp_path / "state", fs=disk)
    journal.append([job("queued"), job("prepared"), job("sending")])
    disk.room = 0
    with ThreadPoolExecutor(2) as pool:
        with journal._writing:
            plain = pool.submit(journal.append, [look()])
            outcome = pool.submit(journal.append, [job("uploaded", form={"x": "y" * 70_000})], outcome=True)
            while len(journal._queue) < 2:
                threading.Event().wait(0.001)
        assert outcome.result() == [5]
        assert isinstance(plain.exception(), DiskFull)
    journal.close()


def test_J7_short_writes_are_continued(journal: Journal, disk: FaultyDisk) -> None:
    disk.shorten(7)
    journal.append([job("queued"), look()])
    assert reopened(journal).ledger.same(journal.ledger)


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.EFBIG])
def test_a_write_that_fails_is_refused_with_the_cause(journal: Journal, disk: FaultyDisk, number: int) -> None:
    disk.fail("write", number, times=1)
    with pytest.raises(AppendRefused, match=os.strerror(number)):
        journal.append([look()])
    assert journal.append([look()]) == [2]


def test_J6_after_a_failed_flush_everything_is_rewritten_and_only_that_believed(
    journal: Journal, disk: FaultyDisk
) -> None:
    journal.append([job("queued")])
    old = (journal.state / "journal.jsonl").stat().st_ino
    disk.fail("flush", errno.EIO, times=1)
    assert journal.append([job("prepared")]) == [3]
    assert (journal.state / "journal.jsonl").stat().st_ino != old
    again = reopened(journal)
    assert again.ledger.jobs[ID].state is State.PREPARED
    assert again.ledger.same(journal.ledger)
    assert [record["seq"] for record in history(journal.state)] == [1, 2, 3]


def test_J6_a_flush_that_keeps_failing_leaves_it_unknown_and_nothing_more_is_written(
    journal: Journal, disk: FaultyDisk
) -> None:
    journal.append([job("queued")])
    disk.fail("flush", errno.EIO)
    with pytest.raises(Unknown, match="did not confirm") as raised:
        journal.append([job("prepared")])
    assert raised.value.exit_code == 8
    size = (journal.state / "journal.jsonl").stat().st_size
    with pytest.raises(AppendRefused):
        journal.append([job("sending")])
    assert (journal.state / "journal.jsonl").stat().st_size == size
    disk.heal()
    assert journal.append([job("sending")]) == [4]
    assert reopened(journal).ledger.jobs[ID].state is State.SENDING


def test_J6_what_others_wrote_after_a_failed_flush_is_in_the_file_that_is_written_for_it(
    journal: Journal, disk: FaultyDisk
) -> None:
    disk.fail("flush", errno.EIO)
    with pytest.raises(Unknown):
        journal.append([look("/1")])
    other = Journal.open(journal.state)
    other.append([look("/2")])
    disk.heal()
    journal.append([look("/3")])
    assert [command["path"] for command in reopened(journal).ledger.commands] == ["/1", "/2", "/3"]
    assert [record["path"] for record in other.refresh()] == ["/2", "/3"]
    other.close()


def test_J6_an_outcome_gets_the_reserve_also_when_it_is_the_flush_that_finds_the_disk_full(
    journal: Journal, disk: FaultyDisk
) -> None:
    journal.append([job("queued"), job("prepared"), job("sending")])
    disk.fail("flush", errno.ENOSPC, times=1)
    assert journal.append([job("uploaded")], outcome=True) == [5]
    assert not (journal.state / "reserve").exists()


def test_a_partial_write_that_can_not_be_taken_back_is_unknown_at_most(journal: Journal, disk: FaultyDisk) -> None:
    journal.append([job("queued")])
    disk.shorten(150)
    disk.fail("write", errno.EIO, after=2)
    disk.fail("truncate", errno.EIO)
    with pytest.raises((Unknown, AppendRefused)):
        journal.append([job("prepared"), job("sending"), look()])
    disk.heal()
    journal.append([look("/next")])
    again = reopened(journal)
    assert again.ledger.same(journal.ledger)
    assert verify(journal.state).ok


def test_a_disk_that_became_read_only_is_read_on(journal: Journal, disk: FaultyDisk) -> None:
    journal.append([job("queued")])
    journal._store.lock.close()
    disk.fail("open", errno.EROFS, name="journal.lock")
    with pytest.raises(AppendRefused, match="Read-only file system"):
        journal.append([look()])
    other = Journal.open(journal.state)
    other.append([look()])
    assert len(journal.refresh()) == 2
    other.close()


def test_opening_on_a_full_or_failing_disk_says_so(tmp_path: Path, disk: FaultyDisk) -> None:
    disk.fail("write", errno.ENOSPC)
    with pytest.raises(DiskFull):
        Journal.open(tmp_path / "state", fs=disk)
    disk.heal()
    Journal.open(tmp_path / "state", fs=disk).close()


def test_a_state_folder_and_its_files_are_ours_alone(journal: Journal) -> None:
    journal.append([look()])
    assert journal.state.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in journal.state.iterdir()} == {0o600}


def test_records_of_a_file_are_read_as_they_stand(journal: Journal) -> None:
    journal.append([look("/1"), look("/2")])
    assert [record["type"] for record in read_records(journal.state / "journal.jsonl")] == [
        "file",
        "command",
        "command",
    ]


def test_the_history_of_a_job_is_its_records_and_the_commands_that_name_it_and_their_answers(journal: Journal) -> None:
    journal.append([job("queued"), job("queued", "2" * 12), {"type": "command", "do": "retry", "jobs": [ID]}])
    journal.compact()
    journal.append([job("prepared"), {"type": "command", "do": "answer", "of": 4, "result": "refused", "why": "busy"}])
    journal.append([{"type": "command", "do": "answer", "of": 3, "result": "done"}])
    assert [record["seq"] for record in journal.history_of(ID)] == [2, 4, 5, 6]


def test_a_refused_batch_leaves_no_trace_in_what_those_who_wait_with_it_are_checked_against(journal: Journal) -> None:
    journal.append([job("queued")])
    refused, wrong = Ticket([job("prepared"), job("done")], False), Ticket([job("sending")], False)
    fine = Ticket([job("prepared", attempt=1)], False)
    accepted = compose([refused, wrong, fine], journal.ledger, Blobs(journal.state / "blobs", FaultyDisk()), 2, "")
    assert accepted == [fine]
    assert fine.seqs == [3]
    assert isinstance(refused.error, ImpossibleMove)
    assert isinstance(wrong.error, ImpossibleMove)
