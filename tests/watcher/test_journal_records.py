"""One record, one checked line: what was not written is never read, and what was is read whatever stands around it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support_journal import job, look, release
from watcher.jobs import records
from watcher.jobs.records import decode, decode_all, encode, loads, members, salvage, seal
from watcher.journal import Journal, NewerJournal, verify

TEXT = st.text(st.characters(codec=None), max_size=12)  # lone surrogates included: names that are not UTF-8
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXT,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)
RECORDS = st.dictionaries(TEXT.filter(lambda key: key not in ("seq", "type")), VALUES, max_size=5).map(
    lambda keys: {"v": 1, "seq": 7, "type": "job", **keys}
)


@given(RECORDS)
def test_a_record_is_read_back_as_it_was_written(record: dict[str, Any]) -> None:
    line = encode(record)
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert not set(line[:-1]) & set(range(32))
    found = decode(line[:-1])
    assert found is not None
    assert found[0] == record
    assert json.loads(line) == record | {"crc": json.loads(line)["crc"]}


@given(RECORDS)
def test_both_parsers_and_both_writers_agree(record: dict[str, Any]) -> None:
    line = encode(record)
    body = line[:-19] + b"}"
    assert loads(body) == json.loads(body)
    fast = records.orjson
    try:
        records.orjson = None  # type: ignore[assignment]
        assert decode(encode(record)[:-1]) == (record, encode(record)[:-19])
        assert decode(line[:-1]) == (record, line[:-19])
    finally:
        records.orjson = fast


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**64, -(2**63) - 1, {1, 2}], ids=str)
def test_what_two_readers_would_read_differently_is_refused(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        encode({"v": 1, "seq": 1, "type": "job", "x": [value]})


def test_control_bytes_never_reach_a_terminal() -> None:
    line = encode({"v": 1, "seq": 1, "type": "look", "path": "\x1b[2J\x7f\x9b\udcff\n"})
    assert all(32 <= byte < 127 for byte in line[:-1])


@given(RECORDS, st.data())
def test_no_altered_line_is_a_record(record: dict[str, Any], data: st.DataObject) -> None:
    line = encode(record)[:-1]
    at = data.draw(st.integers(0, len(line) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != line[at]))
    assert decode(line[:at] + bytes([other]) + line[at + 1 :]) is None


@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_many_lines_are_read_as_each_of_them(found: list[dict[str, Any]]) -> None:
    lines = [encode(record)[:-1] for record in found]
    assert decode_all(lines) == (found, [line[:-18] for line in lines])
    assert decode_all([*lines, lines[0][:-1] + b"!"]) is None


@pytest.mark.parametrize(
    "text", [b"[1", b'"x"', b'{"seq":"1","type":"job"', b'{"seq":1', b'{"seq":true,"type":"job"', b"[" * 5000]
)
def test_a_whole_line_that_is_no_record_is_none(text: bytes) -> None:
    line = seal(text)[:-1]
    assert decode(line) is None
    assert decode_all([line, line]) is None or len(text) < 40


def test_records_are_found_in_lines_that_were_run_together() -> None:
    one, two = (encode({"v": 1, "seq": seq, "type": "look", "path": '{"v":1'})[:-1] for seq in (1, 2))
    assert salvage(one + two) == ([one, two], False)
    assert salvage(one[:20] + two) == ([two], True)
    assert salvage(b"\0" * 100 + one + b"\r") == ([one], False)
    assert salvage(one[:-5] + b"garbage" + two + one[5:]) == ([two], True)
    assert salvage(b"\0" * 100) == ([], False)
    assert salvage(b"") == ([], False)


def test_keys_are_taken_out_as_they_stand() -> None:
    text = rb'{"a": 1.50 ,"b":{"c":[1,"}\"",2]},"d":"\u0041"}'
    assert list(members(text)) == [("a", "1.50"), ("b", r'{"c":[1,"}\"",2]}'), ("d", r'"\u0041"')]


# -- mutilations (J1-J4): whatever is done to the file, every line that was not touched is read, and nothing else is


def flip(lines: list[bytes], at: int, dice: random.Random) -> list[bytes]:
    line = bytearray(lines[at])
    line[dice.randrange(len(line))] ^= 1 << dice.randrange(8)
    return [*lines[:at], bytes(line), *lines[at + 1 :]]


def delete(lines: list[bytes], at: int, dice: random.Random) -> list[bytes]:
    start = dice.randrange(len(lines[at]))
    return [*lines[:at], lines[at][:start] + lines[at][start + dice.randrange(1, 9) :], *lines[at + 1 :]]


def nuls(lines: list[bytes], at: int, dice: random.Random) -> list[bytes]:
    start = dice.randrange(len(lines[at]))
    size = dice.randrange(1, len(lines[at]) - start + 1)
    return [*lines[:at], lines[at][:start] + b"\0" * size + lines[at][start + size :], *lines[at + 1 :]]


def cut(lines: list[bytes], at: int, dice: random.Random) -> list[bytes]:
    return [*lines[:at], lines[at][: dice.randrange(len(lines[at]))]]


def garbage(lines: list[bytes], at: int, dice: random.Random) -> list[bytes]:
    return [*lines[:at], dice.randbytes(dice.randrange(1, 200)).replace(b"\n", b""), *lines[at:]]


def swap_bytes(lines: list[bytes], at: int, dice: random.Random) -> list[bytes]:
    line = bytearray(lines[at])
    one, other = sorted(dice.sample(range(len(line)), 2))
    line[one], line[other] = line[other], line[one]
    return [*lines[:at], bytes(line), *lines[at + 1 :]]


def double(lines: list[bytes], at: int, dice: random.Random) -> list[bytes]:
    place = dice.randrange(at, len(lines))
    return [*lines[: place + 1], lines[at], *lines[place + 1 :]]


def join(lines: list[bytes], at: int, dice: random.Random) -> list[bytes]:
    return [*lines[:at], b"".join(lines[at : at + 2]), *lines[at + 2 :]]


def end_as_dos(lines: list[bytes], at: int, dice: random.Random) -> list[bytes]:
    return [*lines[:at], *(line + b"\r" for line in lines[at:])]


def swap_lines(lines: list[bytes], at: int, dice: random.Random) -> list[bytes]:
    other = dice.randrange(1, len(lines))
    swapped = [*lines]
    swapped[at], swapped[other] = swapped[other], swapped[at]
    return swapped


def drop(lines: list[bytes], at: int, dice: random.Random) -> list[bytes]:
    return [*lines[:at], *lines[at + 1 :]]


KINDS = [flip, delete, nuls, cut, garbage, swap_bytes, double, join, end_as_dos, swap_lines, drop]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with a journal of thirty records, and no highwater to compare it with."""
    state = tmp_path_factory.mktemp("written") / "state"
    journal = Journal.open(state)
    for number in range(10):
        id = f"{number:012x}"
        journal.append([release(id, why="é\udcff"), job("queued", id, release=id), look(f"/srv/{number} \U0001f600")])
    journal.close()
    (state / "highwater").unlink()
    return state


def mutilations(written: Path, state: Path, times: int, seed: int) -> None:
    dice = random.Random(seed)
    state.mkdir()
    path = state / "journal.jsonl"
    whole = (written / "journal.jsonl").read_bytes().splitlines()
    true = {found[0]["seq"]: found[0] for found in map(decode, whole) if found}
    for number in range(times):
        kind = KINDS[number % len(KINDS)]
        changed = kind(whole, dice.randrange(1, len(whole)), dice)  # the header has its own test
        data = b"\n".join(changed) + dice.choice([b"\n", b"\n", b"\n\n", b""])
        path.write_bytes(data)
        untouched = {seq for seq, line in zip(true, whole, strict=True) if line in data}
        try:
            journal = Journal.open(state, writable=False)
        except NewerJournal:
            raise AssertionError(f"{kind.__name__}, seed {seed}, number {number}") from None
        found = {record["seq"]: record for record in _all(journal)}
        assert found.keys() >= untouched - {1}, (kind.__name__, seed, number)
        assert all(true[seq] == record for seq, record in found.items()), (kind.__name__, seed, number)
        journal.close()
        verify(state)


def _all(journal: Journal) -> list[dict[str, Any]]:
    """Everything that reached the ledger, seen through its texts."""
    ledger = journal.ledger
    texts = [entry.body for entry in (*ledger.entries.values(), *ledger.texts.values())]
    return [loads(text + b"}") for text in texts] + [dict(command) for command in ledger._commands.values()]


def test_J1_J4_every_untouched_record_is_read_and_no_altered_one_accepted(written: Path, tmp_path: Path) -> None:
    mutilations(written, tmp_path / "state", 550, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_five_thousand_mutilations(written: Path, tmp_path: Path, seed: int) -> None:
    mutilations(written, tmp_path / "state", 550, seed)


@pytest.mark.parametrize("kind", KINDS[:6], ids=lambda kind: kind.__name__)
def test_a_mutilated_header_stops_everything(written: Path, kind: Callable[..., list[bytes]], tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    whole = (written / "journal.jsonl").read_bytes().splitlines()
    changed = kind(whole, 0, random.Random(5))
    (state / "journal.jsonl").write_bytes(b"\n".join(changed) + b"\n")
    if kind is garbage:  # something before a whole header is no harm
        Journal.open(state, writable=False).close()
        return
    with pytest.raises(Exception, match="does not begin with a whole record"):
        Journal.open(state)
    assert "does not begin" in verify(state).error
