"""A disk that fails anywhere in an upload, once or for an hour: one upload, told truly, and it goes on without help."""

from __future__ import annotations

import errno
import math
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support_clock import VirtualClock
from tests.support_journal import FaultyDisk, look
from tests.support_loop import World, world
from watcher.errors import FAILED, SeedpostError
from watcher.jobs import State
from watcher.journal import Journal, NotNow, Unknown, verify
from watcher.uploader.bench import record_of

pytestmark = pytest.mark.no_cover  # so many runs of what other tests cover: tracing them would double the time

FAULTS = {
    errno.ENOSPC: ("open", "write", "overwrite", "flush", "sync", "rename", "link", "mkdir"),
    errno.EIO: ("open", "read", "write", "overwrite", "truncate", "flush", "sync", "rename", "link", "unlink"),
    errno.EROFS: ("open", "write", "overwrite", "truncate", "rename", "link", "unlink", "mkdir"),
}
HOUR = 3600.0


class AilingDisk(FaultyDisk):
    """A disk without flushes that fails from its `at`th call of some kinds on: that one call, or all for so long."""

    def __init__(
        self, clock: VirtualClock, calls: Sequence[str] = (), at: int = 0, number: int = 0, lasts: float = 0.0
    ) -> None:
        super().__init__()
        self._clock, self._failing, self._left, self._number, self._lasts = clock, calls, at, number, lasts
        self._well_at = -math.inf
        self.failed = 0

    def _enter(self, call: str, where: int | Path) -> None:
        super()._enter(call, where)
        if call not in self._failing:
            return
        self._left -= 1
        if self._left == 0:
            self._well_at = self._clock.running() + self._lasts
        elif self._clock.running() >= self._well_at:
            return
        self.failed += 1
        raise OSError(self._number, os.strerror(self._number), None if isinstance(where, int) else str(where))

    def flush(self, fd: int) -> None:
        self._enter("flush", fd)

    def sync(self, fd: int) -> None:
        self._enter("sync", fd)

    def read(self, fd: int, size: int, offset: int) -> bytes:
        self._enter("read", fd)
        return super().read(fd, size, offset)

    def mkdir(self, path: Path, mode: int) -> None:
        self._enter("mkdir", path)
        super().mkdir(path, mode)


def started(world: World) -> list[SeedpostError]:
    """Start the process until it lives, as a service manager does; what it ended with before."""
    ends: list[SeedpostError] = []
    while not ends or world.clock.running() < 2 * HOUR:
        try:
            world.open()
        except SeedpostError as error:
            ends.append(error)
            world.clock.wait(60.0)
        else:
            return ends
    raise AssertionError(f"it never started: {ends[-1]}")


def told(world: World) -> None:
    """A finished release, shown until the journal takes it, as a source's thread does."""
    while True:
        try:
            world.release()
        except (NotNow, Unknown):
            world.clock.wait(30.0)
        else:
            return


def cycle(folder: Path, calls: Sequence[str] = (), at: int = 0, number: int = 0, lasts: float = 0.0) -> AilingDisk:
    """One release from a folder to a seeding torrent, over a disk that fails so: a start may end in words, no more."""
    with world(folder, client="seedbox") as one:
        one.journal.close()
        disk = one.fs = AilingDisk(one.clock, calls, at, number, lasts)
        ends = started(one)
        told(one)
        one.until(lambda: any(job.state is State.DONE for job in one.journal.ledger.jobs.values()), hours=3)
        assert [(end.exit_code, "nothing was written" in str(end)) for end in ends] == [(FAILED, True)] * len(ends)
        assert len(one.sites["RED"].posts) == len(one.client.torrents) == 1
        assert "crashed" not in {record.get("code") for record in one.journal.history_of(one.job().job)}
    assert verify(folder / "state").ok
    return disk


def points(folder: Path, error: int, lasts: float) -> list[tuple[Sequence[str], int]]:
    """Each call of a cycle that may fail so: alone, and, where it lasts, together with all that may."""
    made, names = Counter(cycle(folder).calls), FAULTS[error]
    alone = [((name,), at) for name in names for at in range(1, made[name] + 1)]
    together = [(names, at) for at in range(1, sum(made[name] for name in names) + 1)]
    return [*alone, *(together if lasts else [])]


def failing(folder: Path, error: int, lasts: float, every: int) -> None:
    places = points(folder / "dry", error, lasts)
    assert len(places) > 20
    for place, (calls, at) in enumerate(places[every // 2 :: every]):
        assert cycle(folder / str(place), calls, at, error, lasts).failed, (calls, at)


each_fault = pytest.mark.parametrize("error", FAULTS, ids=errno.errorcode.get)
each_length = pytest.mark.parametrize("lasts", [0.0, HOUR], ids=["once", "for an hour"])


@each_fault
@each_length
def test_J6_a_disk_that_fails_in_an_upload_doubles_nothing_and_holds_nothing(
    tmp_path: Path, error: int, lasts: float
) -> None:
    failing(tmp_path, error, lasts, every=7)


@pytest.mark.long
@each_fault
@each_length
def test_J6_a_disk_that_fails_at_any_call_of_an_upload_doubles_nothing_and_holds_nothing(
    tmp_path: Path, error: int, lasts: float
) -> None:
    failing(tmp_path, error, lasts, every=1)


def test_J6_a_flush_that_fails_where_nothing_can_be_read_is_told_as_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FaultyDisk()
    journal = Journal.open(tmp_path / "state", fs=disk)

    def unreadable(fd: int, size: int, offset: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    disk.fail("flush", errno.EIO)
    with monkeypatch.context() as patch:
        patch.setattr(disk, "read", unreadable)
        with pytest.raises(Unknown, match="did not confirm"):
            journal.append([look("/one")])
    disk.heal()
    assert [record["path"] for record in journal.refresh()] == ["/one"]
    journal.append([look("/two")])
    journal.close()
    assert verify(tmp_path / "state").ok


def test_J6_an_intent_that_turns_out_to_stand_is_asked_for_and_not_left_in_flight(tmp_path: Path) -> None:
    with world(tmp_path) as one:
        one.release()
        one.until(lambda: one.job().state is State.PREPARED, hours=1)
        one.journal.append([record_of(one.job(), {"state": State.SENDING, "attempt": 1})])
        one.turn()
        assert one.job().state is State.UNCONFIRMED
        one.until(one.settled, hours=3)
        assert (one.job().state, len(one.sites["RED"].posts)) == (State.UPLOADED, 1)
