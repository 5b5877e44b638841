"""Durable bytes: whole or not at all, locks that name their holder, folders that are ours."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support_journal import FaultyDisk, ManualClock
from trackers.clock import Clock
from watcher.durable import (
    DaemonLock,
    FileSystem,
    FlushFailed,
    Lock,
    LockBusy,
    append,
    link,
    on_network,
    private_folder,
    replace,
    write_all,
)
from watcher.durable.files import _kind_in
from watcher.errors import AlreadyRunning, StateInvalid

ROOT = Path(__file__).parents[2]


def test_a_replaced_file_has_the_new_bytes_and_is_ours_alone(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"
    replace(path, b"one", fs=FileSystem())
    replace(path, b"two", fs=FileSystem())
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["heartbeat"]


def test_a_file_is_flushed_before_it_gets_its_name_and_its_folder_after(tmp_path: Path) -> None:
    disk = FaultyDisk()
    replace(tmp_path / "file", b"data", fs=disk)
    assert [call for call in disk.calls if call in ("write", "sync", "rename")] == ["write", "sync", "rename", "sync"]


@pytest.mark.parametrize("call", ["open", "write", "sync", "rename"])
def test_a_replacement_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, call: str) -> None:
    disk, path = FaultyDisk(), tmp_path / "file"
    path.write_bytes(b"old")
    disk.fail(call, errno.EIO, times=1)
    with pytest.raises(OSError):
        replace(path, b"new", fs=disk)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_short_writes_are_continued(tmp_path: Path) -> None:
    disk = FaultyDisk()
    disk.shorten(3)
    replace(tmp_path / "file", b"0123456789", fs=disk)
    assert (tmp_path / "file").read_bytes() == b"0123456789"


def test_a_file_that_takes_no_more_bytes_is_an_error_and_not_an_endless_loop(tmp_path: Path) -> None:
    disk = FaultyDisk()
    disk.shorten(0)
    with pytest.raises(OSError, match="no more bytes"):
        replace(tmp_path / "file", b"data", fs=disk)


def opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)


def test_an_append_that_fails_takes_its_bytes_back(tmp_path: Path) -> None:
    disk, path = FaultyDisk(), tmp_path / "log"
    path.write_bytes(b"before\n")
    fd = opened(path)
    disk.shorten(2)
    disk.fail("write", errno.ENOSPC, after=1)
    with pytest.raises(OSError, match="No space") as raised:
        append(fd, b"more\n", 7, disk)
    assert not isinstance(raised.value, FlushFailed)
    assert path.read_bytes() == b"before\n"
    os.close(fd)


def test_an_append_that_can_not_take_its_bytes_back_says_that_they_may_be_there(tmp_path: Path) -> None:
    disk, path = FaultyDisk(), tmp_path / "log"
    fd = opened(path)
    disk.shorten(2)
    disk.fail("write", errno.EIO, after=1)
    disk.fail("truncate", errno.EIO)
    with pytest.raises(FlushFailed):
        append(fd, b"more\n", 0, disk)
    os.close(fd)


def test_a_failed_flush_is_an_error_of_its_own(tmp_path: Path) -> None:
    disk = FaultyDisk()
    disk.fail("flush", errno.EIO)
    fd = opened(tmp_path / "log")
    with pytest.raises(FlushFailed):
        append(fd, b"more\n", 0, disk)
    os.close(fd)


def test_a_failed_flush_of_the_folder_is_told(tmp_path: Path) -> None:
    disk = FaultyDisk()
    disk.fail("sync", errno.EIO, after=1)
    with pytest.raises(FlushFailed):
        replace(tmp_path / "file", b"data", fs=disk)


def test_a_second_name_is_made_where_the_file_system_has_them(tmp_path: Path) -> None:
    disk, old = FaultyDisk(), tmp_path / "old"
    old.write_bytes(b"x")
    assert link(old, tmp_path / "new", disk)
    disk.fail("link", errno.EPERM, times=1)
    assert not link(old, tmp_path / "other", disk)
    disk.fail("link", errno.EIO, times=1)
    with pytest.raises(OSError):
        link(old, tmp_path / "other", disk)


# -- folders


def test_a_private_folder_is_made_with_its_parents_and_tightened(tmp_path: Path) -> None:
    path = private_folder(tmp_path / "a" / "b")
    assert path.stat().st_mode & 0o777 == 0o700
    path.chmod(0o755)
    private_folder(path)
    assert path.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.mkdir()
    path.chmod(0o777)
    with pytest.raises(StateInvalid, match="written by other users"):
        private_folder(path)


def test_a_link_or_a_file_is_no_private_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").write_text("")
    with pytest.raises(StateInvalid, match="symbolic link"):
        private_folder(tmp_path / "link")
    with pytest.raises(StateInvalid, match="not a folder"):
        private_folder(tmp_path / "file")


def test_the_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    class Foreign(FileSystem):
        def stat(self, path: Path) -> os.stat_result:
            found = list(super().stat(path))
            found[4] = os.geteuid() + 1
            return os.stat_result(found)

    with pytest.raises(StateInvalid, match="belongs to user"):
        private_folder(tmp_path, fs=Foreign())


MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:36 / /srv/nas rw,relatime - nfs4 nas:/export rw
41 22 0:37 / /srv/my\040drive rw,relatime - fuse.sshfs host:/ rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/x", "ext4"),
        ("/srv/nas", "nfs4"),
        ("/srv/nas/a/b", "nfs4"),
        ("/srv/nasty", "ext4"),
        ("/srv/my drive/x", "fuse.sshfs"),
    ],
)
def test_a_path_is_on_the_file_system_that_is_mounted_nearest(path: str, kind: str) -> None:
    assert _kind_in(MOUNTS.strip(), path) == kind


@pytest.mark.parametrize(
    ("kind", "network"), [("nfs4", True), ("fuse.sshfs", True), ("ext4", False), ("fuseblk", False)]
)
def test_network_file_systems_are_known(tmp_path: Path, kind: str, network: bool) -> None:
    class Mounted(FileSystem):
        def kind(self, path: Path) -> str:
            return kind

    assert on_network(tmp_path, Mounted()) is network
    assert FileSystem().kind(tmp_path)


# -- locks

HOLD = """
import sys, time
from pathlib import Path
from trackers.clock import Clock
from watcher.durable import {name}, FileSystem
lock = {name}(Path(sys.argv[1]), fs=FileSystem(), clock=Clock())
{take}
print("held", flush=True)
sys.stdin.read()
"""


def holder(path: Path, name: str = "Lock", take: str = "lock.take()") -> subprocess.Popen[str]:
    """Another process that holds the lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(name=name, take=take), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_lock_is_had_by_one_at_a_time(tmp_path: Path) -> None:
    first, second = (Lock(tmp_path / "lock", fs=FileSystem(), clock=Clock()) for _ in range(2))
    assert first.take()
    assert not second.take()
    first.release()
    assert second.take()
    first.close()
    second.close()


def test_who_waits_too_long_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    process = holder(path)
    lock = Lock(path, fs=FileSystem(), clock=ManualClock())
    with pytest.raises(LockBusy, match=f"held by process {process.pid}$"), lock.held():
        pytest.fail("two processes hold one lock")
    end(process)
    with lock.held():
        assert lock.intact()
    lock.close()


def test_J8_a_lock_held_by_a_stopped_process_is_said_to_be(tmp_path: Path) -> None:
    process = holder(tmp_path / "lock")
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    lock = Lock(tmp_path / "lock", fs=FileSystem(), clock=ManualClock())
    with pytest.raises(LockBusy, match=f"process {process.pid}, which is stopped"), lock.held():
        pytest.fail("two processes hold one lock")
    lock.close()
    end(process)


def test_J9_a_lock_file_that_was_deleted_underneath_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first, second = (Lock(path, fs=FileSystem(), clock=Clock()) for _ in range(2))
    assert first.take()
    path.unlink()
    assert second.take(), "the file at the path is another one, and nobody holds it"
    assert not first.intact()
    first.release()
    assert not first.take()
    second.release()
    assert first.take()
    first.close()
    second.close()


def test_J10_a_child_that_was_started_meanwhile_does_not_keep_the_lock(tmp_path: Path) -> None:
    lock, other = (Lock(tmp_path / "lock", fs=FileSystem(), clock=Clock()) for _ in range(2))
    assert lock.take()
    command = [sys.executable, "-c", "print(flush=True); input()"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False, text=True)
    assert child.stdout is not None
    child.stdout.readline()  # a vfork returns a moment before the new program's files are closed
    lock.close()
    assert other.take()
    child.communicate("\n")
    other.close()


def test_a_second_daemon_is_told_which_process_is_the_first(tmp_path: Path) -> None:
    path = tmp_path / "daemon.lock"
    process = holder(path, "DaemonLock", "lock.acquire()")
    lock = DaemonLock(path, fs=FileSystem(), clock=Clock())
    with pytest.raises(AlreadyRunning, match=f"process {process.pid}") as raised:
        lock.acquire()
    assert raised.value.exit_code == 75
    end(process)
    lock.acquire()
    lock.let_go()
    assert path.read_bytes() == b""
    lock.let_go()


def test_J13_a_daemon_of_another_host_on_a_network_folder_is_not_run_over(tmp_path: Path) -> None:
    class Network(FileSystem):
        def kind(self, path: Path) -> str:
            return "nfs4"

    path = tmp_path / "daemon.lock"
    path.write_text('{"pid": 4711, "host": "attic", "boot": "other"}')
    lock = DaemonLock(path, fs=Network(), clock=Clock())
    with pytest.raises(AlreadyRunning, match="on attic as process 4711"):
        lock.acquire()
    local = DaemonLock(path, fs=FileSystem(), clock=Clock())
    local.acquire()  # on a local disk the lock itself is proof enough: that process is gone
    local.let_go()


def test_a_daemon_lock_with_damaged_words_in_it_can_be_had(tmp_path: Path) -> None:
    path = tmp_path / "daemon.lock"
    path.write_text("not json")
    lock = DaemonLock(path, fs=FileSystem(), clock=Clock())
    lock.acquire()
    lock.let_go()


def test_write_all_writes_nothing_twice(tmp_path: Path) -> None:
    disk = FaultyDisk()
    disk.shorten(4)
    fd = opened(tmp_path / "file")
    write_all(fd, b"0123456789", disk)
    os.close(fd)
    assert (tmp_path / "file").read_bytes() == b"0123456789"
    assert disk.calls == ["write"] * 3
