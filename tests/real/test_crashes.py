"""A whole upload cycle killed at a drawn call, then started again: one upload on the site, and the job ends there."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_seedpost import Seedpost, keys_of
from trackers.sandbox import Fault, Sandbox
from trackers.sandbox.album import write_album
from watcher.jobs import State

pytestmark = pytest.mark.real

# How often each call is made in one cycle, by any one thread, and a few more: beyond the last nothing is killed.
CALLS = {
    "write": 24, "pwrite64": 8, "fdatasync": 6, "fsync": 5, "rename": 16, "unlink": 2, "ftruncate": 3,
    "connect": 7, "sendto": 8, "recvfrom": 10,
}  # fmt: skip
POINTS = [(call, number) for call, most in CALLS.items() for number in range(1, most + 1)]
RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: none}}
folders:
  - {{name: rips, path: '{folder}', settle: 1s}}
trackers:
  RED: {{type: sandbox-redacted, url: '{url}', new_group: upload, web_flac: upload, cover: wanted, quiet: 2s}}
rules:
  - {{name: all, match: {{kind: music}}, upload_to: {{RED: {{}}}}}}
"""


@pytest.fixture
def seedpost(tmp_path: Path) -> Iterator[tuple[Seedpost, Sandbox]]:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    (tmp_path / "rips").mkdir()
    with Sandbox() as sandbox:
        rules = RULES.format(folder=tmp_path / "rips", url=sandbox.url_of("redacted"))
        one = Seedpost(tmp_path, rules, keys_of(sandbox))
        assert one("run", "--once").returncode == 0
        album(tmp_path)
        yield one, sandbox


def album(folder: Path) -> None:
    write_album(folder / "rips", artist="A", album="B", year=2020, tracks=1, media="WEB", seconds=0.1, cover=False)


def killed_at(seedpost: Seedpost, call: str, number: int) -> int:
    """One `run --once`, killed when a thread makes its `number`th such call; its exit code."""
    trace = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}"]
    inject = ["-e", f"inject={call}:signal=SIGKILL:when={number}"]
    command = [*trace, *inject, *seedpost._command("run", "--once")]
    return subprocess.run(command, env=seedpost.environment, capture_output=True, timeout=120).returncode


def finished(seedpost: Seedpost) -> None:
    """Start it again until it says that nothing is left; twice is enough if no one else kills it."""
    for _ in range(3):
        if seedpost("run", "--once").returncode == 0 and seedpost.states() == {"RED": State.UPLOADED}:
            return
    raise AssertionError(f"not finished: {seedpost.jobs()}")


def stood_once(sandbox: Sandbox) -> None:
    stored = sandbox.torrents("redacted", "uploader")
    assert len(stored) == 1
    posts = [post for post in sandbox.posts("redacted") if post.outcome == "stored"]
    assert len(posts) == 1


@pytest.mark.parametrize(("call", "number"), random.Random(2).sample(POINTS, 10))
def test_a_kill_at_a_drawn_call_costs_nothing(seedpost: tuple[Seedpost, Sandbox], call: str, number: int) -> None:
    process, sandbox = seedpost
    killed_at(process, call, number)
    finished(process)
    stood_once(sandbox)


@pytest.mark.parametrize("kind", ["hang", "lost", "half", "silence", "reset"])
def test_a_kill_at_a_drawn_moment_of_the_post_costs_nothing(seedpost: tuple[Seedpost, Sandbox], kind: str) -> None:
    """The site stored it or not; its answer is held back, lost or cut; then the process dies."""
    process, sandbox = seedpost
    sandbox.fail("redacted", Fault(kind, seconds=60.0))
    daemon = process.start()
    process.until(lambda: sandbox.posts("redacted"), "nothing was sent")
    daemon.send_signal(signal.SIGKILL)
    daemon.wait()
    sandbox.release()
    finished(process)
    stood_once(sandbox)


@pytest.mark.long
@pytest.mark.parametrize(("call", "number"), POINTS)
def test_a_kill_at_any_call_costs_nothing(seedpost: tuple[Seedpost, Sandbox], call: str, number: int) -> None:
    process, sandbox = seedpost
    killed_at(process, call, number)
    finished(process)
    stood_once(sandbox)
