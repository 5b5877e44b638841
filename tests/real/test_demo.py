"""`seedpost demo` as a new user meets it, with a qBittorrent and without; and it fails when the sandbox is broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real


def demo(
    tmp_path: Path, *, nox: str, broken: str = "", words: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own; `broken` is a line of Python that breaks the sandbox first."""
    script = f"{broken}\nfrom watcher.cli import main\nmain(['demo', *{list(words)!r}])"
    environment = {**os.environ, "QBT_NOX": nox, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=240)


def test_it_ends_done_on_both_trackers_and_leaves_nothing(tmp_path: Path) -> None:
    if shutil.which("qbittorrent-nox") is None:
        pytest.skip("qbittorrent-nox is not installed")
    done = demo(tmp_path, nox="qbittorrent-nox", words=("--json",))
    assert done.returncode == 0, done.stderr
    jobs = json.loads(done.stdout)["jobs"]
    assert {(job["tracker"], job["state"]) for job in jobs} == {("RED", "done"), ("OPS", "done")}
    assert "job.uploaded" in done.stderr
    assert [path for path in tmp_path.iterdir() if path.name.startswith("seedpost")] == []


def test_without_a_qbittorrent_it_ends_uploaded_and_says_so(tmp_path: Path) -> None:
    done = demo(tmp_path, nox="no-such-program")
    assert done.returncode == 0, done.stderr
    assert "nothing is seeded" in done.stderr
    assert done.stdout.count("uploaded") == 2


BROKEN = {
    "a field check": """
from trackers.sandbox.wire import Form
before = Form.get
Form.get = lambda self, key: "WAV" if key == "format" else before(self, key)
""",
    "announce": """
import trackers.sandbox.announce as announce
import watcher.service.demo as demo
announce._announce = lambda *sent: {b"failure reason": b"Unregistered torrent"}
demo.PATIENCE = 25.0
""",
}


@pytest.mark.parametrize("what", ["announce", pytest.param("a field check", marks=pytest.mark.long)])
def test_it_fails_where_the_sandbox_is_broken(tmp_path: Path, what: str) -> None:
    if shutil.which("qbittorrent-nox") is None:
        pytest.skip("qbittorrent-nox is not installed")
    done = demo(tmp_path, nox="qbittorrent-nox", broken=BROKEN[what])
    assert done.returncode == 1
    assert "did not reach its end" in done.stdout
