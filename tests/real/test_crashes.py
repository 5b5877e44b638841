"""A whole upload cycle killed at a drawn place, then started again: one upload on the site, and the job ends there."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_crash import Nursery, nursery
from tests.support_forks import HURRIED
from tests.support_seedpost import Seedpost, an_album, keys_of, rules_of
from tests.support_strace import TracedWhole
from trackers.clock import Clock
from trackers.sandbox import Fault, Sandbox
from watcher.config import load
from watcher.errors import HELD, UNKNOWN
from watcher.identify import payload
from watcher.intake import Intake
from watcher.jobs import State
from watcher.journal import Journal
from watcher.release import Release

pytestmark = pytest.mark.real

# How often a call that changes something is made in one cycle, by any one thread, and a few more: beyond the last
# nothing is killed. The long form goes through all calls there are.
CALLS = {
    "write": 24, "pwrite64": 8, "fdatasync": 6, "fsync": 5, "rename": 16, "unlink": 2, "ftruncate": 3,
    "connect": 7, "sendto": 8, "recvfrom": 10,
}  # fmt: skip
POINTS = [(call, number) for call, most in CALLS.items() for number in range(1, most + 1)]
PARTS = 100  # of the long form, so that it can be run in pieces: -k part-7
ANSWERS = ("hang", "lost", "half", "silence", "reset")  # what becomes of the POST's answer before the process dies


class Hasty(Clock):
    """For a site whose ten seconds of its own limit pass in half a second: a job that is started over and over asks it
    more than it would allow, and what waits there shows nothing. Nothing else here goes by this clock."""

    def running(self) -> float:
        return 20 * super().running()


@pytest.fixture
def seedpost(tmp_path: Path) -> Iterator[tuple[Seedpost, Sandbox]]:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    (tmp_path / "rips").mkdir()
    with Sandbox(clock=Hasty()) as sandbox:
        one = Seedpost(tmp_path, rules_of(tmp_path / "rips", sandbox, quiet="2s"), keys_of(sandbox), measured=False)
        look_at(one, an_album(tmp_path / "rips"))
        yield one, sandbox
        one.end(signal.SIGKILL)


def look_at(seedpost: Seedpost, album: Path) -> None:
    """What `enqueue` writes, without a process of its own."""
    journal = Journal.open(seedpost.state)
    journal.append([{"type": "command", "do": "look", "path": str(album)}])
    journal.close()


def killed_at(seedpost: Seedpost, call: str, number: int, path: Path | None = None) -> int:
    """One `run --once`, killed when a thread makes its `number`th such call (on `path`); its exit code."""
    trace = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", *(["-P", str(path)] if path else [])]
    inject = ["-e", f"inject={call}:signal=SIGKILL:when={number}"]
    command = [*trace, *inject, *seedpost.command("run", "--once")]
    return subprocess.run(command, env=seedpost.environment, capture_output=True, timeout=240).returncode


def killed_at_the_post(seedpost: Seedpost, sandbox: Sandbox, kind: str) -> None:
    """The site stored it or not; its answer is held back, lost or cut; then the process dies."""
    before = len(sandbox.posts("redacted"))
    sandbox.fail("redacted", Fault(kind, seconds=60.0))
    daemon = seedpost.start()
    seedpost.until(lambda: len(sandbox.posts("redacted")) > before, "nothing was sent")
    daemon.send_signal(signal.SIGKILL)
    daemon.wait()
    sandbox.release()


def finished(seedpost: Seedpost) -> None:
    """Start it again until it says that nothing is left; twice is enough if no one else kills it."""
    seedpost.environment[HURRIED] = "1"
    for _ in range(3):
        code = seedpost("run", "--once").returncode
        if code == 0 and seedpost.states() == {"RED": State.UPLOADED}:
            return
        if code == UNKNOWN and seedpost.states() == {"RED": State.HELD}:
            told_absent(seedpost)
    raise AssertionError(f"not finished: {seedpost.jobs()}")


def told_absent(seedpost: Seedpost) -> None:
    """Killed twice while it was being sent: it sends no third by itself, and a person says what the site shows."""
    job = seedpost.jobs()["RED"]
    assert (job.code, job.attempt) == ("second-unknown", 2)
    assert seedpost("queue", "resolve", job.job, "--absent", "--yes").returncode == 0


def stood_once(seedpost: Seedpost, sandbox: Sandbox) -> None:
    assert len(sandbox.torrents("redacted", "uploader")) == 1
    assert len([post for post in sandbox.posts("redacted") if post.outcome == "stored"]) == 1
    assert len(sandbox.posts("redacted")) == 1 or seedpost.jobs()["RED"].proof


def costs_nothing(seedpost: tuple[Seedpost, Sandbox], seed: int) -> None:
    """Kill it at one drawn place, or at two, and let it finish."""
    process, sandbox = seedpost
    dice = random.Random(seed)
    if dice.random() < 0.4:
        killed_at_the_post(process, sandbox, dice.choice(ANSWERS))
    else:
        killed_at(process, *dice.choice(POINTS))
    if dice.random() < 0.2:
        killed_at(process, *dice.choice(POINTS))
    finished(process)
    stood_once(process, sandbox)


@pytest.mark.parametrize("seed", range(10))
def test_P3_a_kill_at_a_drawn_place_costs_nothing(seedpost: tuple[Seedpost, Sandbox], seed: int) -> None:
    costs_nothing(seedpost, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 500))
def test_P3_a_kill_at_any_of_five_hundred_places_costs_nothing(seedpost: tuple[Seedpost, Sandbox], seed: int) -> None:
    costs_nothing(seedpost, seed)


@pytest.mark.long
def test_P3_two_kills_in_two_posts_that_did_nothing_wait_for_a_person(seedpost: tuple[Seedpost, Sandbox]) -> None:
    process, sandbox = seedpost
    killed_at_the_post(process, sandbox, "silence")
    killed_at_the_post(process, sandbox, "silence")
    assert process("run", "--once").returncode == UNKNOWN
    told_absent(process)
    finished(process)
    assert [post.outcome for post in sandbox.posts("redacted")] == ["not processed", "not processed", "stored"]


def one_cycle(children: Nursery, folder: Path, *inject: str) -> Counter[str]:
    """One upload cycle, killed as `inject` says, and what follows it; how often any one thread made each call."""
    (folder / "rips").mkdir(parents=True)
    with Sandbox(clock=Hasty()) as sandbox:
        process = Seedpost(folder, rules_of(folder / "rips", sandbox, quiet="2s"), keys_of(sandbox), measured=False)
        (folder / "environment").write_text(json.dumps(keys_of(sandbox) | {"HOME": str(folder)}))
        look_at(process, an_album(folder / "rips"))
        TracedWhole(children, "once", process.state, folder / "notes", folder / "log", *inject).finish()
        finished(process)
        stood_once(process, sandbox)
    made = Counter(re.findall(r"^(\d+) +(\w+)\(", (folder / "log").read_text(), re.MULTILINE))
    return Counter({call: max(n for (_, other), n in made.items() if other == call) for _, call in made})


@pytest.fixture(scope="module")
def every_call(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Nursery, list[tuple[str, int]]]]:
    """A nursery, and every call on files and sockets of a cycle."""
    with nursery() as children:
        made = one_cycle(children, tmp_path_factory.mktemp("crashes") / "dry")
        yield children, [(call, number) for call, most in sorted(made.items()) for number in range(1, most + 1)]


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS), ids=lambda part: f"part-{part}")
def test_P3_a_kill_at_any_call_costs_nothing(
    every_call: tuple[Nursery, list[tuple[str, int]]], tmp_path: Path, part: int
) -> None:
    children, points = every_call
    assert len(points) > 500
    for call, number in points[part::PARTS]:
        folder = tmp_path / f"{call}-{number}"
        one_cycle(children, folder, f"{call}:signal=SIGKILL:when={number}")
        shutil.rmtree(folder)


def test_P12_content_that_kills_the_process_is_held_at_the_fourth_start(
    seedpost: tuple[Seedpost, Sandbox], tmp_path: Path
) -> None:
    process, sandbox = seedpost
    (album,) = (tmp_path / "rips").iterdir()
    found = payload(album)
    journal = Journal.open(process.state)
    release = Release("", "person", album.name, str(album), found.files, completed=1)
    Intake(journal, lambda: load(process.rules), Clock()).seen(release, asked=True)
    (command,) = journal.ledger.commands
    journal.append([{"type": "command", "do": "answer", "of": command["seq"], "result": "done", "why": ""}])
    journal.close()
    for _ in range(3):
        assert killed_at(process, "openat", 1, album / found.files[0].path) in (-signal.SIGKILL, 128 + signal.SIGKILL)
    assert process("run", "--once").returncode == HELD
    job = process.jobs()["RED"]
    assert (job.state, job.code) == (State.HELD, "crashed")
    assert sandbox.posts("redacted") == []
