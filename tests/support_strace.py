"""A child of the nursery under strace: it dies at one system call, or that call fails."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support_crash import Nursery

WRITING = "openat,write,pwrite64,fdatasync,fsync,rename,link,unlink,ftruncate,mkdir,flock,chmod"
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


class Traced:
    """One child under strace. Its system calls fail, or it dies at one, as `inject` says."""

    trace: Sequence[str] = ("-e", f"trace={WRITING}")

    def __init__(self, children: Nursery, script: str, state: Path, notes: Path, log: Path, *inject: str) -> None:
        self._children = children
        self.pid = int(children.ask("stopped", script, state, notes))
        options = [word for one in inject for word in ("-e", f"inject={one}")]
        self._strace = subprocess.Popen(
            ["strace", "-o", str(log), *self.trace, "-e", "signal=none", *options, "-p", str(self.pid)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._strace.stderr is not None
        line = self._strace.stderr.readline()
        if "attached" not in line:
            os.kill(self.pid, signal.SIGKILL)
            children.ask("wait", self.pid)
            pytest.skip(f"strace may not attach here: {line.strip()}")

    def finish(self) -> int:
        """Let it run; returns its wait status."""
        os.kill(self.pid, signal.SIGCONT)
        status = int(self._children.ask("wait", self.pid))
        self._strace.communicate()
        return status


class TracedWhole(Traced):
    """With all its threads and processes, and every call that touches a file or a socket."""

    trace = ("-f", "-e", "trace=%file,%desc,%network")


def calls(children: Nursery, script: str, folder: Path) -> Counter[str]:
    """How often the script makes each system call that changes something."""
    folder.mkdir()
    log = folder / "log"
    assert Traced(children, script, folder / "state", folder / "notes", log).finish() == 0
    return Counter(re.findall(r"^(\w+)\(", log.read_text(), re.MULTILINE))
