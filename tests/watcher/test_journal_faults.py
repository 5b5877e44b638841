"""What happens to a journal in the wild: torn, cut, edited, replaced, restored, locked, or a newer version's."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support_journal import NOON, FaultyDisk, ManualClock, job, lines, look, records, release, rewrite
from tests.watcher.test_durable import end, holder
from trackers.clock import Clock
from watcher.durable import FileSystem, LockBusy
from watcher.errors import StateInvalid
from watcher.jobs import GAP, State
from watcher.jobs.records import encode, seal
from watcher.journal import AppendRefused, Journal, JournalLost, NeedsRepair, NewerJournal, reading, verify

ID, OTHER = "a" * 12, "2" * 12


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path / "state", clock=ManualClock())
    yield journal
    journal.close()


def again(journal: Journal) -> Journal:
    """The same after a restart."""
    journal.close()
    return Journal.open(journal.state, clock=ManualClock())


def set_aside(journal: Journal) -> list[dict[str, Any]]:
    path = journal.state / "journal.damaged"
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


# -- J1: the tail


def test_J1_a_torn_tail_is_sealed_and_skipped(journal: Journal) -> None:
    journal.append([job("queued")])
    with (journal.state / "journal.jsonl").open("ab") as file:
        file.write(encode({"v": 1, "seq": 3, "time": "", "type": "command", "do": "look"})[:40])
    back = again(journal)
    assert back.append([job("prepared")]) == [3]
    whole = lines(journal.state)
    assert len(whole) == 4
    assert len(whole[2]) == 40, "what was torn stays where it is"
    assert [record["seq"] for record in records(journal.state)] == [2, 3]
    assert back.gaps == ()
    assert not back.needs_repair
    assert set_aside(journal)[0]["why"] == "torn"
    assert verify(journal.state).ok
    later = again(back)
    assert [damage.why for damage in later.damage] == ["torn"]
    assert len(set_aside(journal)) == 1, "each damaged line is set aside once"
    with (journal.state / "journal.damaged").open("ab") as file:
        file.write(b"garbage\n")
    later.close()
    Journal.open(journal.state).close()
    assert (journal.state / "journal.damaged").read_bytes().count(b"\n") == 2


def test_J1_a_whole_record_that_lacks_only_its_newline_counts(journal: Journal) -> None:
    journal.append([job("queued")])
    with (journal.state / "journal.jsonl").open("ab") as file:
        file.write(encode({"v": 1, "seq": 3, "time": "", **job("prepared")})[:-1])
    back = again(journal)
    assert back.ledger.jobs[ID].state is State.PREPARED
    assert back.append([job("sending")]) == [4]
    assert len(lines(journal.state)) == 4
    assert again(back).damage == ()


@pytest.mark.parametrize("size", [1, 55, 5000, 3 * 32 * 1024])
def test_J1_a_tail_of_nul_bytes_is_sealed_and_skipped(journal: Journal, size: int) -> None:
    journal.append([job("queued")])
    with (journal.state / "journal.jsonl").open("ab") as file:
        file.write(b"\0" * size)
    back = again(journal)
    assert back.append([job("prepared")]) == [3]
    last = again(back)
    assert last.ledger.jobs[ID].state is State.PREPARED
    assert not last.needs_repair
    last.close()


@pytest.mark.parametrize("chunk", range(1, 1200, 37))
def test_J1_a_torn_tail_is_no_damage_wherever_a_block_of_the_reading_ends(
    journal: Journal, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append([job("queued")])
    with (journal.state / "journal.jsonl").open("ab") as file:
        file.write(b"\xe1\x80'torn")
    journal.append([job("queued", attempt=1)])
    monkeypatch.setattr(reading, "CHUNK", chunk)
    report = verify(journal.state)
    assert (report.ok, [one.why for one in report.damage]) == (True, ["torn"])


def test_J1_a_torn_tail_does_not_hide_a_line_that_another_process_adds(journal: Journal) -> None:
    other = Journal.open(journal.state)
    with (journal.state / "journal.jsonl").open("ab") as file:
        file.write(b'{"v":1,"se')
    assert journal.refresh() == []
    other.append([look("/after")])
    assert [record["path"] for record in journal.refresh()] == ["/after"]
    other.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([look(), release(), job("queued", OTHER)]), min_size=1, max_size=4), st.data())
def test_J1_a_crash_at_any_byte_keeps_every_finished_record(
    tmp_path_factory: pytest.TempPathFactory, written: list[dict[str, object]], data: st.DataObject
) -> None:
    state = tmp_path_factory.mktemp("cut") / "state"
    journal = Journal.open(state)
    start = (state / "journal.jsonl").stat().st_size
    journal.append(written)
    journal.close()
    whole = (state / "journal.jsonl").read_bytes()
    cut = data.draw(st.integers(start, len(whole)))
    (state / "journal.jsonl").write_bytes(whole[:cut])
    (state / "highwater").unlink()
    kept = whole[:cut].count(b"\n") - 1 + (whole[cut : cut + 1] == b"\n")
    back = Journal.open(state)
    assert len(list(records(state))) == kept
    assert back.append([look("/next")]) == [kept + 2]
    back.close()
    assert [record["seq"] for record in records(state)] == list(range(2, kept + 3))


def test_a_crash_at_every_byte_of_a_batch_loses_nothing_acknowledged(tmp_path: Path) -> None:
    state = tmp_path / "state"
    journal = Journal.open(state)
    journal.append([job("queued")])
    acknowledged = (state / "journal.jsonl").stat().st_size
    journal.append([job("prepared"), look("/é")])
    journal.close()
    whole = (state / "journal.jsonl").read_bytes()
    for cut in range(acknowledged, len(whole) + 1):
        (state / "journal.jsonl").write_bytes(whole[:cut])
        (state / "highwater").unlink(missing_ok=True)
        back = Journal.open(state)
        assert ID in back.ledger.jobs
        back.append([look("/next")])
        back.close()
        assert [record["seq"] for record in records(state)] == list(range(2, len(list(records(state))) + 2))


# -- J2, J3: the middle


def damaged(journal: Journal, number: int) -> None:
    changed = lines(journal.state)
    changed[number] = changed[number][:-30] + b"X" + changed[number][-29:]
    rewrite(journal.state, changed)


def test_J2_a_bad_middle_line_costs_that_line_and_makes_suspects_of_who_waited(journal: Journal) -> None:
    journal.append([job("queued"), job("prepared"), job("queued", OTHER)])
    journal.append([job("sending"), look(), job("queued", "3" * 12)])
    damaged(journal, 4)
    back = again(journal)
    assert back.ledger.jobs[ID].state is State.PREPARED
    assert [(gap.after, gap.before, gap.size) for gap in back.gaps] == [(4, 6, 1)]
    assert not back.needs_repair
    assert not back.behind
    suspects = back.suspects()
    assert [(record["job"], record["state"], record["code"]) for record in suspects] == [
        (OTHER, "unconfirmed", GAP),
        (ID, "unconfirmed", GAP),
    ], "the job born after the gap is none"
    back.append(suspects)
    assert set_aside(journal)[0]["line"] == 5
    assert str(back.damage[0]).startswith("line 5, offset")
    last = again(back)
    assert last.suspects() == [], "a question is asked once"
    assert last.ledger.jobs[ID].state is State.UNCONFIRMED
    report = verify(journal.state)
    assert not report.ok
    assert report.as_json()["missing"] == [{"from": 5, "to": 5}]
    assert json.dumps(report.as_json())
    last.close()


def test_J2_a_damaged_last_line_that_had_been_acknowledged_is_missed(journal: Journal) -> None:
    journal.append([job("queued"), job("prepared")])
    journal.append([job("sending")])
    damaged(journal, 3)
    back = again(journal)
    assert [record["job"] for record in back.suspects()] == [ID]
    assert not back.behind
    assert back.append([look()]) == [5], "a number is never given twice"
    last = again(back)
    assert [record["job"] for record in last.suspects()] == [ID], "also after the next start"
    last.close()


@pytest.mark.parametrize(("bad", "stop"), [(1, False), (2, True), (20, True)])
def test_J2_more_than_one_percent_or_twenty_damaged_lines_want_a_person(journal: Journal, bad: int, stop: bool) -> None:
    journal.append([look(str(number)) for number in range(150)])
    changed = lines(journal.state)
    for number in range(bad):
        changed[10 + number * 2] = b"garbage"
    rewrite(journal.state, changed)
    back = again(journal)
    assert back.needs_repair is stop
    assert back.append([look()]), "commands are taken all the same"
    assert not back.wants_compaction
    if stop:
        with pytest.raises(NeedsRepair, match="wants a person"):
            back.compact()
    back.close()


def test_J2_twenty_one_damaged_lines_of_many_want_a_person(journal: Journal) -> None:
    journal.append([look(str(number)) for number in range(3000)])
    for number in (20, 21):
        changed = lines(journal.state)
        changed[100 : 100 + number] = [b"x"] * number
        rewrite(journal.state, changed)
        back = Journal.open(journal.state, writable=False)
        assert back.needs_repair is (number > 20)


def test_J3_a_doubled_line_counts_once(journal: Journal) -> None:
    journal.append([job("queued"), job("prepared"), job("sending")])
    whole = lines(journal.state)
    rewrite(journal.state, [*whole, whole[2]])
    back = again(journal)
    assert back.ledger.jobs[ID].state is State.SENDING
    assert back.problems == ("record 3 stands there twice", "records are not in order") or back.problems == (
        "record 3 stands there twice",
    )
    assert back.append([look()]) == [5]
    assert not verify(journal.state).ok
    back.close()


def test_J3_two_records_of_one_number_are_told(journal: Journal) -> None:
    journal.append([look("/1")])
    twin = encode({"v": 1, "seq": 2, "time": "2026-11-22T12:00:00.000000Z", **look("/2")})[:-1]
    rewrite(journal.state, [*lines(journal.state), twin])
    back = again(journal)
    assert "record 2 stands there twice, and differs" in back.problems
    back.close()


def test_J3_swapped_lines_are_folded_in_the_order_of_their_numbers(journal: Journal) -> None:
    journal.append([job("queued"), job("prepared"), job("sending"), look()])
    whole = lines(journal.state)
    rewrite(journal.state, [whole[0], whole[1], whole[3], whole[2], whole[4]])
    back = again(journal)
    assert back.ledger.jobs[ID].state is State.SENDING
    assert back.problems == ("records are not in order",)
    assert back.gaps == ()
    back.append([job("uploaded")])
    back.close()


def test_J3_swapped_torn_and_damaged_lines_at_once_cost_the_damaged_ones_alone(journal: Journal) -> None:
    journal.append([job("queued"), job("prepared"), job("sending"), look("/1"), look("/2")])
    whole = lines(journal.state)
    data = b"\n".join([whole[0], whole[1], whole[3], whole[2] + whole[4], whole[5][:30], b"", whole[5]])
    (journal.state / "journal.jsonl").write_bytes(data)
    back = again(journal)
    assert back.ledger.jobs[ID].state is State.SENDING
    assert [command["path"] for command in back.ledger.commands] == ["/1", "/2"]
    assert len(back.damage) == 1
    assert back.gaps == ()
    assert back.append([look("/3")]) == [7]
    assert Journal.open(journal.state, writable=False).ledger.same(back.ledger)
    back.close()


def test_J3_a_missing_line_is_a_gap(journal: Journal) -> None:
    journal.append([job("queued"), look(), look()])
    whole = lines(journal.state)
    rewrite(journal.state, [*whole[:2], *whole[3:]])
    back = again(journal)
    assert [(gap.after, gap.before) for gap in back.gaps] == [(2, 4)]
    assert [record["job"] for record in back.suspects()] == [ID]
    back.close()


# -- J4, J5: hand edits while it runs


def test_J4_a_file_saved_by_an_editor_is_read_on_and_what_was_edited_set_aside(journal: Journal) -> None:
    journal.append([job("queued"), look("/1"), look("/2")])
    journal.refresh()
    changed = lines(journal.state)
    changed[2] = changed[2].replace(b"/1", b"/9")
    saved = journal.state / "saved"
    saved.write_bytes(b"".join(line + b"\n" for line in changed))
    os.replace(saved, journal.state / "journal.jsonl")
    assert journal.refresh() == []
    assert journal.append([look("/3")]) == [5]
    assert [damage.line for damage in journal.damage] == [3]
    assert set_aside(journal)[0]["line"] == 3
    assert len(list(records(journal.state))) == 3
    other = Journal.open(journal.state)
    other.append([look("/4")])
    assert [record["path"] for record in journal.refresh()] == ["/3", "/4"]
    other.close()


def test_J4_lines_out_of_order_in_a_file_put_in_its_place_are_told(journal: Journal) -> None:
    journal.append([look("/1"), look("/2")])
    journal.refresh()
    whole = lines(journal.state)
    saved = journal.state / "saved"
    saved.write_bytes(b"".join(line + b"\n" for line in [whole[0], whole[2], whole[1]]))
    os.replace(saved, journal.state / "journal.jsonl")
    assert journal.append([look("/3")]) == [4]
    assert journal.problems == ("records are not in order",)


def test_J4_a_line_pasted_at_the_end_while_it_runs_is_passed_over(journal: Journal) -> None:
    journal.append([look("/1")])
    with (journal.state / "journal.jsonl").open("ab") as file:
        file.write(lines(journal.state)[1] + b"\n")
    assert journal.append([look("/2")]) == [3]
    assert journal.problems == ("record 2 stands behind record 2",)


def test_J5_a_journal_cut_short_while_it_runs_stops_and_what_was_known_is_kept(journal: Journal) -> None:
    journal.append([release(), job("queued"), look()])
    (journal.state / "journal.jsonl").write_bytes(b"")
    for _ in range(2):
        with pytest.raises(JournalLost, match="cut short"):
            journal.append([job("prepared")])
        with pytest.raises(JournalLost, match="cut short"):
            journal.refresh()
    assert (journal.state / "journal.jsonl").read_bytes() == b""
    assert (journal.state / "journal.rescued").exists()
    with pytest.raises(NeedsRepair, match="is empty"):
        again(journal)


def test_J5_a_journal_that_is_missing_is_never_started_empty(journal: Journal) -> None:
    journal.append([job("queued")])
    (journal.state / "journal.jsonl").unlink()
    with pytest.raises(JournalLost, match="is gone"):
        journal.append([look()])
    for kept in ("journal.lock", "highwater"):
        with pytest.raises(JournalLost, match="there was one") as raised:
            again(journal)
        assert "repair" in raised.value.hint
        assert raised.value.exit_code == 78
        with pytest.raises(JournalLost):
            Journal.open(journal.state, writable=False)
        (journal.state / kept).unlink()
    archive = journal.state / "archive"
    archive.mkdir(mode=0o700)
    (archive / "000001.jsonl").write_bytes(b"")
    with pytest.raises(JournalLost):
        again(journal)
    (archive / "000001.jsonl").unlink()
    (journal.state / "journal.lock").write_bytes(b"")
    again(journal).close()


def test_a_journal_of_another_folder_in_its_place_is_refused(journal: Journal, tmp_path: Path) -> None:
    other = Journal.open(tmp_path / "other")
    other.append([look()])
    other.close()
    journal.append([look()])
    journal.refresh()
    data = (tmp_path / "other" / "journal.jsonl").read_bytes()
    (journal.state / "new").write_bytes(data)
    os.replace(journal.state / "new", journal.state / "journal.jsonl")
    for _ in range(2):
        with pytest.raises(JournalLost, match="replaced by another journal"):
            journal.append([look()])
        with pytest.raises(JournalLost):
            journal.refresh()
    assert (journal.state / "journal.jsonl").read_bytes() == data
    with pytest.raises(JournalLost, match="not the journal that was here"):
        again(journal)


def test_an_older_copy_put_in_its_place_while_it_runs_is_refused(journal: Journal) -> None:
    journal.append([look("/1")])
    old = (journal.state / "journal.jsonl").read_bytes()
    journal.append([look("/2")])
    (journal.state / "new").write_bytes(old)
    os.replace(journal.state / "new", journal.state / "journal.jsonl")
    for _ in range(2):
        with pytest.raises(JournalLost, match="older copy of itself"):
            journal.append([look()])
    assert (journal.state / "journal.jsonl").read_bytes() == old


# -- J8-J13


def test_J8_a_lock_held_by_a_stopped_process_lets_others_read_on(journal: Journal) -> None:
    journal.append([look("/1")])
    other = Journal.open(journal.state)
    other.append([look("/2")])
    process = holder(journal.state / "journal.lock")
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    with pytest.raises(LockBusy, match=f"process {process.pid}, which is stopped"):
        journal.append([look("/3")])
    looks = [len(journal.refresh()) for _ in range(5)]
    assert sum(looks) == 2, "what was known at once, the rest a few looks later"
    end(process)
    assert journal.append([look("/3")]) == [4]
    other.close()


def test_J8_an_appender_that_waits_for_a_stopped_process_does_not_keep_the_loop_from_reading(
    tmp_path: Path,
) -> None:
    class Patient(Clock):
        """Ten seconds never pass."""

        def running(self) -> float:
            return 0.0

    journal = Journal.open(tmp_path / "state", clock=Patient())
    other = Journal.open(journal.state)
    other.append([look("/2")])
    process = holder(journal.state / "journal.lock")
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    with ThreadPoolExecutor(1) as pool:
        appended = pool.submit(journal.append, [look("/3")])
        while not journal._writing.locked():
            threading.Event().wait(0.001)
        looks = [len(journal.refresh()) for _ in range(5)]
        assert sum(looks) == 1
        assert not appended.done(), "it waits still, and nobody waits with it"
        end(process)
        assert appended.result() == [3]
    journal.close()
    other.close()


def test_J9_a_deleted_lock_file_is_made_anew_and_appenders_still_take_turns(journal: Journal) -> None:
    journal.append([look("/1")])
    other = Journal.open(journal.state)
    other.append([look("/2")])
    (journal.state / "journal.lock").unlink()
    assert [journal.append([look("/3")]), other.append([look("/4")]), journal.append([look("/5")])] == [[4], [5], [6]]
    other.close()


def test_J10_files_of_the_journal_are_closed_in_children(journal: Journal) -> None:
    journal.append([look()])
    script = "import os; print(*(os.path.realpath(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')))"
    shown = subprocess.run(
        [sys.executable, "-c", script],
        close_fds=False,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(journal.state) not in shown.stdout


@pytest.mark.parametrize("change", [{"v": 2}, {"v": "1"}])
def test_J11_a_record_of_a_newer_version_is_refused_with_the_cure(journal: Journal, change: dict[str, object]) -> None:
    record = {"v": 1, "seq": 2, "time": "", "type": "look"} | change
    with (journal.state / "journal.jsonl").open("ab") as file:
        file.write(encode(record))
    with pytest.raises(NewerJournal, match=r"record 2 has version") as raised:
        journal.append([look()])
    assert "newer seedpost" in raised.value.hint
    with pytest.raises(NewerJournal):
        again(journal)
    with pytest.raises(NewerJournal):
        Journal.open(journal.state, writable=False)


def test_P10_a_journal_that_wants_a_newer_reader_is_refused_and_left_alone(journal: Journal) -> None:
    head = {"v": 1, "seq": 1, "time": "", "type": "file", "journal": "x", "generation": 1, "through": 0, "reader": 2}
    rewrite(journal.state, [encode(head)[:-1]])
    before = (journal.state / "journal.jsonl").read_bytes()
    with pytest.raises(NewerJournal, match="wants a reader of version 2"):
        again(journal)
    assert (journal.state / "journal.jsonl").read_bytes() == before


def test_P10_what_a_newer_version_added_survives_an_older_one(journal: Journal) -> None:
    journal.append([job("queued")])
    strange = [
        rb'{"v":1,"seq":3,"time":"t","type":"weather","sky":[1.50,"\u0041"]',
        rb'{"v":1,"seq":4,"time":"2026-11-22T12:00:00.000000Z","type":"job","job":"aaaaaaaaaaaa","state":"prepared","karma":1.50',
        rb'{"v":1,"seq":5,"time":"2026-11-22T12:00:00.000000Z","type":"release","release":"r","mood":{"a":"\u0041"}',
    ]
    with (journal.state / "journal.jsonl").open("ab") as file:
        file.write(b"".join(map(seal, strange)))
    for _ in range(2):
        journal.compact()
    text = (journal.state / "journal.jsonl").read_bytes()
    assert strange[0] in text
    assert rb'"karma":1.50' in text
    assert rb'"mood":{"a":"\u0041"}' in text
    journal.append([job("sending")])
    assert journal.ledger.jobs[ID].rest == {"karma": 1.5}
    journal.compact()
    assert rb'"karma":1.50' in (journal.state / "journal.jsonl").read_bytes()
    assert verify(journal.state).ok


def test_J12_a_restored_old_copy_is_noticed_and_what_waited_is_asked_for(journal: Journal) -> None:
    journal.append([job("queued")])
    old = (journal.state / "journal.jsonl").read_bytes()
    journal.append([job("prepared"), job("sending"), job("uploaded")])
    journal.close()
    (journal.state / "journal.jsonl").write_bytes(old)
    back = Journal.open(journal.state)
    assert back.behind
    assert [record["job"] for record in back.suspects()] == [ID]
    assert verify(journal.state).behind
    assert back.append([look()]) == [6], "no number of the lost ones is given again"
    last = again(back)
    assert last.behind, "also after the next start, until somebody repairs it"
    with pytest.raises(NeedsRepair):
        last.compact()
    last.close()


def test_J12_a_damaged_or_missing_highwater_is_no_harm(journal: Journal) -> None:
    journal.append([look()])
    path = journal.state / "highwater"
    for text in (b"", b"garbage", path.read_bytes()[:30], path.read_bytes().replace(b'"seq":2', b'"seq":9')):
        path.write_bytes(text)
        journal = again(journal)
        assert not journal.behind
    journal.close()


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p"])
def test_J13_a_network_file_system_is_refused_unless_allowed(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mounted(FileSystem):
        def kind(self, path: Path) -> str:
            return kind

    with pytest.raises(StateInvalid, match=f"network file system \\({kind}\\)"):
        Journal.open(tmp_path / "state", fs=Mounted())
    assert not (tmp_path / "state" / "journal.jsonl").exists()
    monkeypatch.setenv("SEEDPOST_NETWORK_STATE", "1")
    Journal.open(tmp_path / "state", fs=Mounted()).close()


# -- the clock


@pytest.mark.parametrize("jump", [-7200.0, 10 * 365 * 86400.0, -NOON])
def test_C1_C3_order_is_that_of_the_numbers_whatever_the_clock_says(tmp_path: Path, jump: float) -> None:
    clock = ManualClock()
    journal = Journal.open(tmp_path / "state", clock=clock)
    journal.append([job("queued"), job("prepared")])
    clock.wall += jump
    journal.append([job("sending")])
    back = again(journal)
    assert back.ledger.jobs[ID].state is State.SENDING
    assert back.problems == ()
    back.compact()
    assert again(back).ledger.jobs[ID].state is State.SENDING


def test_C2_a_lock_is_waited_for_in_running_time_so_that_a_suspended_machine_gives_up_no_sooner(tmp_path: Path) -> None:
    class Jumping(ManualClock):
        """Its wall clock goes backwards all the time."""

        def pass_by(self, seconds: float) -> None:
            self.boot += seconds
            self.wall -= 3600.0

    clock = Jumping()
    journal = Journal.open(tmp_path / "state", clock=clock)
    process = holder(journal.state / "journal.lock")
    before = clock.boot
    with pytest.raises(LockBusy):
        journal.append([look()])
    assert 10.0 <= clock.boot - before < 11.0
    end(process)
    journal.close()


# -- first start


@pytest.mark.parametrize("call", ["open", "write", "sync", "rename", "overwrite", "flush"])
@pytest.mark.parametrize("after", range(6))
def test_a_first_start_that_fails_anywhere_needs_no_repair(tmp_path: Path, call: str, after: int) -> None:
    disk = FaultyDisk()
    disk.fail(call, 5, after=after, times=1)
    with contextlib.suppress(AppendRefused):
        Journal.open(tmp_path / "state", fs=disk).close()
    journal = Journal.open(tmp_path / "state")
    assert journal.append([look()])
    assert verify(journal.state).ok
    journal.close()


def test_two_processes_that_start_at_once_make_one_journal(tmp_path: Path) -> None:
    first = Journal.open(tmp_path / "state", clock=Clock())
    second = Journal.open(tmp_path / "state", clock=Clock())
    assert [first.append([look()]), second.append([look()])] == [[2], [3]]
    first.close()
    second.close()


def test_a_file_that_is_a_link_is_not_opened(tmp_path: Path) -> None:
    state = tmp_path / "state"
    Journal.open(state).close()
    (state / "journal.jsonl").rename(tmp_path / "elsewhere")
    (state / "journal.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AppendRefused):
        Journal.open(state)


def test_any_order_of_faults_and_healing_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    dice = random.Random(7)
    disk = FaultyDisk()
    journal = Journal.open(tmp_path / "state", fs=disk)
    acknowledged = []
    for number in range(300):
        disk.heal()
        if dice.random() < 0.5:
            call = dice.choice(["write", "flush", "sync", "rename", "truncate", "link", "overwrite"])
            disk.fail(call, dice.choice([5, 28, 30]), after=dice.randrange(3), times=dice.choice([1, 1000]))
        try:
            if dice.random() < 0.2:
                journal.compact()
            else:
                journal.append([look(str(number))])
                acknowledged.append(str(number))
        except AppendRefused:
            pass
        except Exception as error:
            assert getattr(error, "exit_code", None) == 8, error
    disk.heal()
    journal.append([look("last")])
    assert verify(journal.state).ok
    for one in (journal, Journal.open(journal.state, writable=False)):
        found = [str(command["path"]) for command in one.ledger.commands]
        assert set(acknowledged) <= set(found)
        assert len(found) == len(set(found))
        one.close()
