"""Real power cuts: an ext4 on a loop device that is shut down without its log being flushed, forty times."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_crash import Nursery, nursery, told
from watcher.journal import Journal, history

SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2
TIMES = 40


@contextlib.contextmanager
def mounted(image: Path, folder: Path) -> Iterator[None]:
    """The file system in `image` at `folder`."""
    done = subprocess.run(["mount", "-o", "loop", str(image), str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no loop device can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def cut_power(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, SHUTDOWN, struct.pack("i", NO_LOG_FLUSH))
    finally:
        os.close(fd)


def lost(children: Nursery, folder: Path, seed: int) -> int:
    """How many acknowledged records one power cut costs."""
    image, mount, notes = folder / "image", folder / "mount", folder / f"notes-{seed}"
    mount.mkdir(exist_ok=True)
    image.unlink(missing_ok=True)
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    with mounted(image, mount):
        pids = [children.ask("start", name, mount / "state", notes) for name in ("appender", "appender", "compactor")]
        time.sleep(random.Random(seed).uniform(0.1, 0.6))
        for pid in pids:  # a flush in flight during the ioctl may be told that it succeeded, a bare fdatasync too
            children.ask("pause", pid)
        cut_power(mount)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
            children.ask("wait", pid)
    with mounted(image, mount):
        said = told(notes)["ok"]
        try:
            Journal.open(mount / "state").close()
        except Exception:
            return len(said)
        stands = {
            f"{record['seq']} {record['path']}" for record in history(mount / "state") if record.get("do") == "look"
        }
        return len(set(said) - stands)


@pytest.mark.real
@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mkfs.ext4") is None, reason="mounting wants root and mkfs.ext4")
def test_forty_power_cuts_lose_nothing_acknowledged_and_without_flushes_they_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nursery() as children:
        assert sum(lost(children, tmp_path, seed) for seed in range(TIMES)) == 0
    monkeypatch.setenv("WITHOUT_FLUSH", "1")
    with nursery() as children:
        assert sum(lost(children, tmp_path, seed) for seed in range(5)) > 0
