"""Compaction: the same in fewer lines, nothing lost, and nobody who reads or writes meanwhile notices."""

from __future__ import annotations

import errno
import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support_journal import NOON, FaultyDisk, ManualClock, job, lines, look, records, release
from watcher.jobs import State, Uploaded
from watcher.jobs.records import decode
from watcher.journal import AppendRefused, DiskFull, Journal, NeedsRepair, history, verify
from watcher.journal import store as store_module

ID = "a" * 12
STEPS = ("queued", "prepared", "sending", "uploaded", "seeding", "done")


@pytest.fixture
def disk() -> FaultyDisk:
    return FaultyDisk()


@pytest.fixture
def journal(tmp_path: Path, disk: FaultyDisk) -> Iterator[Journal]:
    journal = Journal.open(tmp_path / "state", fs=disk, clock=ManualClock())
    journal.append([release(facts={"kind": {"value": "music", "origin": "file"}})])
    journal.append([job(step, infohash="i", torrent_id=5) for step in STEPS])
    yield journal
    journal.close()


def header(journal: Journal) -> dict[str, Any]:
    found = decode(lines(journal.state)[0])
    assert found is not None
    return found[0]


def test_a_compacted_journal_says_the_same_in_one_line_a_release_and_a_job(journal: Journal) -> None:
    before = Journal.open(journal.state, writable=False)
    journal.compact()
    after = Journal.open(journal.state, writable=False)
    assert after.ledger.same(before.ledger)
    assert [(record["type"], record["seq"]) for record in records(journal.state)] == [("snapshot", 2), ("snapshot", 8)]
    head = header(journal)
    assert (head["generation"], head["through"], head["journal"]) == (2, 8, before._store.header["journal"])
    assert after.ledger.jobs[ID] == before.ledger.jobs[ID]
    assert list(after.ledger.uploads) == [Uploaded("redacted.sh", "f" * 32, "i", None, 5)]
    assert journal.append([look()]) == [9]
    assert verify(journal.state).ok


def test_compaction_after_compaction_keeps_everything(journal: Journal) -> None:
    for number in range(3):
        journal.compact()
        journal.append([look(f"/{number}"), job("queued", f"{number:012x}")])
    assert [command["path"] for command in journal.ledger.commands] == ["/0", "/1", "/2"]
    assert [path.name for path in sorted((journal.state / "archive").iterdir())] == [
        f"{number:06d}.jsonl.gz" for number in (1, 2, 3)
    ]
    whole = list(history(journal.state))
    assert [record["seq"] for record in whole] == list(range(1, 15))
    assert all(record["type"] != "snapshot" for record in whole)


def test_history_takes_the_snapshots_where_an_archive_is_gone(journal: Journal) -> None:
    journal.compact()
    journal.append([look()])
    (journal.state / "archive" / "000001.jsonl.gz").unlink()
    assert [(record["type"], record["seq"]) for record in history(journal.state)] == [
        ("file", 1),
        ("snapshot", 2),
        ("snapshot", 8),
        ("command", 9),
    ]


def test_the_archive_is_what_the_journal_was_byte_for_byte(journal: Journal) -> None:
    before = (journal.state / "journal.jsonl").read_bytes()
    journal.compact()
    path = journal.state / "archive" / "000001.jsonl.gz"
    assert gzip.decompress(path.read_bytes()) == before
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_tailer_goes_on_after_the_last_record_it_knew(journal: Journal, tmp_path: Path) -> None:
    tailers = [Journal.open(journal.state, writable=False), Journal.open(journal.state)]
    seen: list[list[int]] = [[] for _ in tailers]
    expected: list[int] = []
    for number in range(200):
        expected += journal.append([look(f"/{number}")])
        if number % 3:
            journal.compact()
        if number % 7 == 0:
            expected += journal.append([{"type": "command", "do": "answer", "of": expected[0], "result": "done"}])
        for tailer, found in zip(tailers, seen, strict=True):
            if number % (len(found) % 2 + 1) == 0:
                found += [record["seq"] for record in tailer.refresh()]
    for tailer, found in zip(tailers, seen, strict=True):
        found += [record["seq"] for record in tailer.refresh()]
        assert found == expected
        assert tailer.ledger.same(journal.ledger)
        tailer.close()


def test_what_was_folded_between_two_looks_is_seen_as_a_snapshot(journal: Journal) -> None:
    tailer = Journal.open(journal.state, writable=False)
    path = journal.state / "journal.jsonl"
    journal.append([job("queued", "2" * 12)])
    journal.compact()
    journal.append([job("prepared", "2" * 12), look()])
    journal.compact()
    assert path.stat().st_ino != os.fstat(tailer._store.log.fd).st_ino
    assert [(record["type"], record["seq"]) for record in tailer.refresh()] == [
        ("job", 9),
        ("snapshot", 10),
        ("command", 11),
    ]
    assert tailer.ledger.same(journal.ledger)
    assert tailer.ledger.jobs["2" * 12].state is State.PREPARED
    tailer.close()


def test_an_appender_never_writes_into_a_file_that_was_replaced(journal: Journal) -> None:
    other = Journal.open(journal.state)
    other.append([look("/1")])
    journal.compact()
    other.append([look("/2")])
    assert [record["path"] for record in records(journal.state) if record["type"] == "command"] == ["/1", "/2"]
    other.close()


@pytest.mark.parametrize("call", ["open", "write", "flush", "sync", "link", "rename"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_J6_a_compaction_that_fails_leaves_the_old_journal_and_works_later(
    journal: Journal, disk: FaultyDisk, call: str, number: int
) -> None:
    for after in range(4):
        before = Journal.open(journal.state, writable=False)
        disk.fail(call, number, after=after, times=1)
        try:
            journal.compact()
        except AppendRefused as error:
            assert isinstance(error, DiskFull) is (number == errno.ENOSPC)
        disk.heal()
        now = Journal.open(journal.state, writable=False)
        assert now.ledger.same(before.ledger)
        assert not list(journal.state.glob("*.new"))
        journal.append([look()])
        assert verify(journal.state).ok
    journal.compact()
    assert not list((journal.state / "archive").glob("*.jsonl")), "every generation is packed in the end"
    assert [record["seq"] for record in history(journal.state)] == list(range(1, 13))


def test_where_there_are_no_links_the_archive_is_packed_at_once(journal: Journal, disk: FaultyDisk) -> None:
    disk.fail("link", errno.EPERM)
    journal.compact()
    assert [path.name for path in (journal.state / "archive").iterdir()] == ["000001.jsonl.gz"]
    assert [record["seq"] for record in history(journal.state)] == list(range(1, 9))


def test_a_crash_between_archive_and_replacement_leaves_no_double(journal: Journal, disk: FaultyDisk) -> None:
    disk.fail("rename", errno.EIO, name="journal.jsonl", times=1)
    with pytest.raises(AppendRefused):
        journal.compact()
    archived = journal.state / "archive" / "000001.jsonl"
    assert archived.stat().st_ino == (journal.state / "journal.jsonl").stat().st_ino
    journal.append([look()])
    assert [record["seq"] for record in history(journal.state)] == list(range(1, 10))
    journal.compact()
    assert [path.name for path in (journal.state / "archive").iterdir()] == ["000001.jsonl.gz"]


def test_a_name_taken_in_the_archive_is_not_overwritten(journal: Journal) -> None:
    folder = journal.state / "archive"
    folder.mkdir(mode=0o700)
    (folder / "000001.jsonl.gz").write_bytes(gzip.compress(b"older\n"))
    journal.compact()
    assert sorted(path.name for path in folder.iterdir()) == ["000001-1.jsonl.gz", "000001.jsonl.gz"]


def test_without_room_for_a_second_journal_none_is_begun(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal._store.fs, "free", lambda path: 0)
    with pytest.raises(DiskFull, match="no room for a second journal"):
        journal.compact()


def test_what_does_not_read_back_as_it_should_takes_nobody_s_place(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (journal.state / "journal.jsonl").read_bytes()
    lines_of = store_module.generation_lines
    monkeypatch.setattr(store_module, "generation_lines", lambda *given: list(lines_of(*given))[:-1])
    with pytest.raises(NeedsRepair, match="does not read back"):
        journal.compact()
    assert (journal.state / "journal.jsonl").read_bytes() == before
    assert journal.append([look()]) == [9]


def test_compaction_is_wanted_when_the_file_outgrew_what_counts_in_it(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "state", fs=FaultyDisk())
    answered: list[int] = []
    while (journal.state / "journal.jsonl").stat().st_size < 16 << 20:
        assert not journal.wants_compaction
        answered = journal.append([look("x" * 60_000) for _ in range(10)])
        journal.append([{"type": "command", "do": "answer", "of": seq, "result": "done"} for seq in answered])
    journal.append([look()])
    assert journal.wants_compaction
    journal.compact()
    assert not journal.wants_compaction
    assert (journal.state / "journal.jsonl").stat().st_size < 1000
    back = Journal.open(journal.state, clock=ManualClock())
    back.append([look()])
    assert not back.wants_compaction
    back.close()
    journal.close()


def test_a_journal_of_many_blocks_is_compacted_whole(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "state", clock=ManualClock())
    journal.append([job("queued", f"{number:012x}", form={"x": "y" * 20_000}) for number in range(200)])
    journal.compact()
    again = Journal.open(journal.state, writable=False)
    assert len(again.ledger.jobs) == 200
    assert again.ledger.same(journal.ledger)
    with pytest.raises(KeyError):
        again.ledger.jobs["none"]
    journal.close()


def test_a_damaged_journal_that_was_rewritten_for_a_failed_flush_still_wants_a_person(
    journal: Journal, disk: FaultyDisk
) -> None:
    journal.append([look(str(number)) for number in range(20)])
    whole = lines(journal.state)
    journal.close()
    (journal.state / "journal.jsonl").write_bytes(b"".join(line + b"\n" for line in [*whole[:9], *whole[14:]]))
    back = Journal.open(journal.state, fs=disk, clock=ManualClock())
    assert back.needs_repair
    disk.fail("flush", errno.EIO, times=1)
    back.append([look()])
    assert not back.needs_repair, "the new file has no gap"
    assert back.behind, "and says all the same that something was lost"
    back.close()


def test_jobs_that_a_gap_made_suspect_stay_so_when_the_gap_is_compacted_away(journal: Journal) -> None:
    journal.append([job("queued", "2" * 12), look(), look()])
    whole = lines(journal.state)
    journal.close()
    (journal.state / "journal.jsonl").write_bytes(b"".join(line + b"\n" for line in [*whole[:-2], whole[-1]]))
    back = Journal.open(journal.state, clock=ManualClock())
    assert not back.needs_repair
    back.compact()
    assert back.ledger.jobs["2" * 12].state is State.UNCONFIRMED
    assert Journal.open(journal.state, writable=False).ledger.jobs["2" * 12].code == "journal-gap"
    back.close()


def test_half_written_files_of_a_crash_are_swept_when_they_are_old(journal: Journal) -> None:
    old, young = journal.state / "blob.1-2.new", journal.state / "blob.3-4.new"
    for path in (old, young):
        path.write_bytes(b"")
    os.utime(old, (NOON - 2 * 86400, NOON - 2 * 86400))
    os.utime(young, (NOON, NOON))
    journal.compact()
    assert young.exists()
    assert not old.exists()
