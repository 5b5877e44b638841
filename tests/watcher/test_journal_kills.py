"""SIGKILL anywhere, every system call failing: what was acknowledged is there, once, and nobody has to help."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_crash import Nursery, nursery, told
from tests.support_journal import look
from tests.support_strace import Traced, calls, needs_strace
from watcher.jobs.records import decode
from watcher.journal import Journal, archive, history, verify


@pytest.fixture(scope="module")
def children() -> Iterator[Nursery]:
    with nursery() as made:
        yield made


def check(state: Path, notes: Path) -> list[str]:
    """What is wrong after a crash, in words."""
    said = told(notes)
    stands = [(record["seq"], str(record["path"])) for record in history(state) if record.get("do") == "look"]
    tokens = Counter(token for _, token in stands)
    wrong = [f"lost: {ok}" for ok in said["ok"] if ok not in {f"{seq} {token}" for seq, token in stands}]
    wrong += [f"twice: {token}" for token, times in tokens.items() if times > 1]
    wrong += [f"refused, and there: {token}" for token in said["no"] if token in tokens]
    for path in [*archive.files(state), state / "journal.jsonl"]:
        if path.suffix == ".jsonl":
            seqs = [found[0]["seq"] for found in map(decode, path.read_bytes().splitlines()) if found]
            wrong += [f"out of order in {path.name}"] if seqs != sorted(set(seqs)) else []
    report = verify(state)
    return wrong + ([] if report.ok else [f"verify: {report.as_json()}"])


def goes_on(state: Path) -> None:
    """The next start and the next append need no help."""
    journal = Journal.open(state)
    assert journal.suspects() == []
    journal.append([look("afterwards")])
    journal.compact()
    journal.close()


def killed_at_random(children: Nursery, folder: Path, kills: int, seed: int) -> list[str]:
    state, notes = folder / "state", folder / "notes"
    Journal.open(state).close()
    failed = children.ask("kills", state, notes, kills, seed)
    wrong = check(state, notes) if (state / "journal.jsonl").exists() else ["the journal is gone"]
    assert len(told(notes)["ok"]) > kills / 10, "it has hardly written anything"
    return wrong + ([] if failed == "0 failed" else [failed])


@pytest.mark.parametrize("seed", range(4))
def test_random_kills_of_appenders_and_a_compactor_lose_nothing(children: Nursery, tmp_path: Path, seed: int) -> None:
    assert killed_at_random(children, tmp_path, 500, seed) == []
    goes_on(tmp_path / "state")


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 110))
def test_ten_thousand_random_kills(children: Nursery, tmp_path: Path, seed: int) -> None:
    assert killed_at_random(children, tmp_path, 1000, seed) == []
    goes_on(tmp_path / "state")


def test_without_the_lock_the_same_kills_lose_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WITHOUT_LOCK", "1")
    with nursery() as children:
        assert killed_at_random(children, tmp_path, 200, 0) != []


# -- every system call, with strace


@pytest.mark.real
@needs_strace
def test_a_kill_at_every_system_call_loses_nothing(children: Nursery, tmp_path: Path) -> None:
    points = [
        (name, n)
        for name, times in sorted(calls(children, "script", tmp_path / "dry").items())
        for n in range(1, times + 1)
    ]
    assert len(points) > 80
    for name, n in points:
        folder = tmp_path / f"{name}-{n}"
        folder.mkdir()
        state, notes = folder / "state", folder / "notes"
        status = Traced(children, "script", state, notes, folder / "log", f"{name}:signal=SIGKILL:when={n}").finish()
        assert os.WIFSIGNALED(status), (name, n)
        assert [(name, n, wrong) for wrong in (check(state, notes) if started(state) else [])] == []
        goes_on(state)


def started(state: Path) -> bool:
    return (state / "journal.jsonl").exists()


FAULTS = [
    ("ENOSPC", "write,pwrite64,fdatasync,fsync,openat,rename,link,mkdir"),
    ("EIO", "write,pwrite64,fdatasync,fsync,rename,link,unlink,ftruncate"),
    ("EROFS", "write,openat,rename,link,unlink,ftruncate,mkdir"),
]


def failing(children: Nursery, tmp_path: Path, error: str, names: str, often: str, every: int) -> None:
    found = calls(children, "script", tmp_path / "dry")
    points = [(name, n) for name in names.split(",") for n in range(1, found[name] + 1)]
    for name, n in points[::every]:
        folder = tmp_path / f"{name}-{n}"
        folder.mkdir()
        state, notes = folder / "state", folder / "notes"
        status = Traced(
            children, "script", state, notes, folder / "log", f"{name}:error={error}:when={n}{often}"
        ).finish()
        assert status == 0, (error, name, n)
        wrong = check(state, notes) if started(state) else []
        assert [(error, name, n, one) for one in wrong] == []
        goes_on(state)


@pytest.mark.real
@needs_strace
@pytest.mark.parametrize(("error", "names"), FAULTS)
@pytest.mark.parametrize("often", ["", "+"], ids=["once", "persistently"])
def test_a_failing_system_call_is_answered_truthfully(
    children: Nursery, tmp_path: Path, error: str, names: str, often: str
) -> None:
    failing(children, tmp_path, error, names, often, every=5)


@pytest.mark.real
@pytest.mark.long
@needs_strace
@pytest.mark.parametrize(("error", "names"), FAULTS)
@pytest.mark.parametrize("often", ["", "+"], ids=["once", "persistently"])
def test_every_failing_system_call_is_answered_truthfully(
    children: Nursery, tmp_path: Path, error: str, names: str, often: str
) -> None:
    failing(children, tmp_path, error, names, often, every=1)
