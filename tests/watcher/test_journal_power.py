"""A power cut at any call: only what was flushed is sure to be there, and that is enough; without flushes it is not."""

from __future__ import annotations

import os
import random
import stat
from pathlib import Path

import pytest

from tests.support_journal import ManualClock, job, look
from watcher.durable import FileSystem
from watcher.errors import SeedpostError
from watcher.jobs import State
from watcher.journal import Journal, history


class PowerCut(BaseException):
    """Nothing of the program runs after this."""


class VolatileDisk(FileSystem):
    """Remembers what was flushed. At the cut it makes a folder of what a disk may hold then: all that was flushed, and
    of the rest nothing, a part, or NUL bytes; of renames not flushed, the old names or the new ones."""

    def __init__(self, root: Path, after: int, dice: random.Random) -> None:
        self.root = root
        self.left = root.with_name(root.name + "-after")
        self._after = after
        self._dice = dice
        self._data: dict[int, bytes] = {}
        self._names: dict[Path, dict[str, int]] = {root: {}}

    def _enter(self) -> None:
        self._after -= 1
        if self._after == 0:
            self._cut()
            raise PowerCut

    # -- what is flushed

    def flush(self, fd: int) -> None:
        self._enter()
        self._remember(fd)

    def sync(self, fd: int) -> None:
        self._enter()
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            folder = Path(os.readlink(f"/proc/self/fd/{fd}"))
            self._names[folder] = self._present(folder)
        else:
            self._remember(fd)

    def _remember(self, fd: int) -> None:
        found = os.fstat(fd)
        self._data[found.st_ino] = os.pread(fd, found.st_size, 0)

    def _present(self, folder: Path) -> dict[str, int]:
        return {path.name: path.stat().st_ino for path in folder.iterdir()}

    # -- what changes something

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        self._enter()
        fresh = flags & os.O_CREAT and not path.exists()
        fd = super().open(path, flags, mode)
        if fresh:
            self._data[os.fstat(fd).st_ino] = b""
        return fd

    def write(self, fd: int, data: bytes | memoryview) -> int:
        self._enter()
        return super().write(fd, data)

    def overwrite(self, fd: int, data: bytes, offset: int) -> int:
        self._enter()
        return super().overwrite(fd, data, offset)

    def rename(self, old: Path, new: Path) -> None:
        self._enter()
        super().rename(old, new)

    def link(self, old: Path, new: Path) -> None:
        self._enter()
        super().link(old, new)

    def unlink(self, path: Path) -> None:
        self._enter()
        super().unlink(path)

    def mkdir(self, path: Path, mode: int) -> None:
        self._enter()
        super().mkdir(path, mode)
        self._names[path] = {}

    # -- the cut

    def _cut(self) -> None:
        now = {path.stat().st_ino: path.read_bytes() for path in self.root.rglob("*") if path.is_file()}
        for folder, durable in self._names.items():
            there = self.left / folder.relative_to(self.root)
            there.mkdir(mode=0o700, parents=True, exist_ok=True)
            names = self._dice.choice([durable, self._present(folder)])
            for name, inode in names.items():
                if not (folder / name).is_dir():
                    (there / name).write_bytes(self._on_disk(inode, now.get(inode)))

    def _on_disk(self, inode: int, now: bytes | None) -> bytes:
        sure = self._data.get(inode, b"")
        if now is None or now == sure:
            return sure
        if not now.startswith(sure):  # written in place
            return self._dice.choice([sure, now])
        rest = now[len(sure) :]
        part = self._dice.randrange(len(rest) + 1)
        return sure + self._dice.choice(
            [b"", rest, rest[:part], bytes(len(rest)), rest[:part] + bytes(len(rest) - part)]
        )


class Unflushed(VolatileDisk):
    """The mutant: data is never flushed."""

    def flush(self, fd: int) -> None:
        self._enter()


class UnflushedFolders(VolatileDisk):
    """The mutant: new names are never flushed."""

    def sync(self, fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            self._enter()
        else:
            super().sync(fd)


def live(state: Path, disk: FileSystem, dice: random.Random, said: list[tuple[int, str]]) -> None:
    """Append, compact and start anew until the power goes."""
    number = 0
    while True:
        journal = Journal.open(state, fs=disk, clock=ManualClock())
        for _ in range(dice.randrange(1, 8)):
            if dice.random() < 0.3:
                journal.compact()
            batch = [look(f"{number}-{one}") for one in range(dice.randrange(1, 4))]
            said += [(seq, str(record["path"])) for seq, record in zip(journal.append(batch), batch, strict=True)]
            number += 1
        journal.close()


def lost(folder: Path, disk_type: type[VolatileDisk], seed: int) -> list[str]:
    """What a power cut cost, in words."""
    dice = random.Random(seed)
    root = folder / f"{seed}"
    root.mkdir()
    disk = disk_type(root, dice.randrange(20, 400), dice)
    said: list[tuple[int, str]] = []
    with pytest.raises(PowerCut):
        live(root / "state", disk, dice, said)
    after = disk.left / "state"
    try:
        journal = Journal.open(after, clock=ManualClock())
        journal.append([look("afterwards")])
    except SeedpostError as error:
        return [f"seed {seed}: {error}"] if said else []
    wrong = ["behind"] * journal.behind + ["suspects"] * bool(journal.suspects()) + list(journal.problems)
    journal.close()
    stands = [(record["seq"], record["path"]) for record in history(after) if record.get("do") == "look"]
    assert len(stands) == len(set(stands))
    return [f"seed {seed}: {one}" for one in [*wrong, *(str(one) for one in said if one not in stands)]]


def test_a_power_cut_at_any_call_loses_nothing_acknowledged(tmp_path: Path) -> None:
    assert [one for seed in range(80) for one in lost(tmp_path, VolatileDisk, seed)] == []


@pytest.mark.long
def test_two_thousand_power_cuts(tmp_path: Path) -> None:
    assert [one for seed in range(1000, 3000) for one in lost(tmp_path, VolatileDisk, seed)] == []


@pytest.mark.parametrize("mutant", [Unflushed, UnflushedFolders])
def test_without_the_flushes_power_cuts_lose_records(tmp_path: Path, mutant: type[VolatileDisk]) -> None:
    assert any(lost(tmp_path, mutant, seed) for seed in range(40))


def test_a_sending_that_was_told_is_there_after_a_power_cut(tmp_path: Path) -> None:
    for seed in range(40):
        dice = random.Random(seed)
        root = tmp_path / f"{seed}"
        root.mkdir()
        disk, told = VolatileDisk(root, 40 + seed * 2, dice), ""
        with pytest.raises(PowerCut):
            while True:
                journal = Journal.open(root / "state", fs=disk, clock=ManualClock())
                for step in ("queued", "prepared", "sending", "queued", "prepared", "sending", "queued"):
                    journal.append([job(step)])
                    told = step
        if told:
            after = Journal.open(disk.left / "state", clock=ManualClock()).ledger.jobs["a" * 12]
            follows = {"queued": "prepared", "prepared": "sending", "sending": "queued"}
            assert after.state in (State(told), State(follows[told])), seed
