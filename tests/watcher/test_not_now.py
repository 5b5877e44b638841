"""A journal that takes nothing now: a full disk, a lock that a stopped process holds. Nobody ends, all go on later."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_loop import World, world
from tests.watcher.test_durable import end, holder
from trackers.clock import Clock
from watcher.config import parse
from watcher.jobs import State
from watcher.journal import AppendRefused, DiskFull, Journal, LockHeld
from watcher.secrets import Secrets
from watcher.service.running import Service
from watcher.service.watches import Watch, Watches


@pytest.fixture
def one(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def test_J8_while_a_stopped_process_has_the_lock_the_loop_lives_and_goes_on_when_it_is_free(one: World) -> None:
    one.release()
    process = holder(one.folder / "state" / "journal.lock")
    one.turn(5)
    assert one.manager.stopped.startswith("journal-locked")
    assert len(one.sites["RED"].posts) == 0
    end(process)
    one.until(one.settled, hours=1)
    assert (one.job().state, one.manager.stopped) == (State.UPLOADED, "")
    assert len(one.sites["RED"].posts) == 1


def test_J8_an_append_that_waited_in_vain_says_that_it_may_go_in_later(one: World) -> None:
    process = holder(one.folder / "state" / "journal.lock")
    with pytest.raises(LockHeld, match=f"process {process.pid}"):
        one.journal.append([{"type": "command", "do": "look", "path": "/x"}])
    end(process)


def test_J6_a_disk_that_became_read_only_stops_uploads_and_not_the_loop(
    one: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.release()

    def read_only(fd: int, data: bytes | memoryview) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(one.fs, "write", read_only)
        one.turn(5)
        assert one.manager.stopped.startswith("journal-refused")
        assert one.job().state is State.QUEUED
    one.until(one.settled, hours=1)
    assert (one.job().state, one.manager.stopped, len(one.sites["RED"].posts)) == (State.UPLOADED, "", 1)


class Source:
    """A source whose journal takes nothing at its first look."""

    name = "seedbox"

    def __init__(self, over: threading.Event) -> None:
        self.looks, self.over = 0, over

    def run(self, stop: threading.Event) -> None:
        self.looks += 1
        if self.looks == 1:
            raise DiskFull("the disk is full")
        self.over.set()


class Hasty(Clock):
    """Thirty seconds are nothing."""

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        return False


def test_J6_a_source_whose_journal_is_full_looks_again_and_the_process_lives() -> None:
    died: list[str] = []
    watches = Watches(None, Hasty(), died.append, dict)  # type: ignore[arg-type]
    source = Source(threading.Event())
    watch = Watch(None, source, None, threading.Event())  # type: ignore[arg-type]
    thread = threading.Thread(target=watches._run, args=(watch,), daemon=True)
    thread.start()
    assert source.over.wait(10)
    watch.stop.set()
    watch.go.set()
    thread.join()
    assert (source.looks, died) == (2, [])


def test_J6_a_compaction_that_fails_ends_nobody_and_is_tried_again_in_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[float] = []

    def refused(journal: Journal) -> None:
        tried.append(0.0)
        raise AppendRefused("no room for a second journal")

    monkeypatch.setattr(Journal, "wants_compaction", property(lambda journal: True))
    monkeypatch.setattr(Journal, "compact", refused)
    clock = Clock()
    config = parse(b"version: 1\nseed: {client: none}\nrules: []\n")
    service = Service(config, Secrets(tmp_path / "state", {}, clock=clock), state=tmp_path / "state", clock=clock)
    try:
        service._turn()
        service._turn()
        assert len(tried) == 1
        hours = clock.running() + 3700
        monkeypatch.setattr(clock, "running", lambda: hours)
        service._turn()
        assert len(tried) == 2
    finally:
        service.close()
