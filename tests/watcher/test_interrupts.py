"""Ctrl-C at each point where a person is asked or shown something: nothing is half done, the terminal is as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_seedpost import Seedpost
from tests.support_tmux import Tmux, needs_tmux
from watcher.cli import init
from watcher.config import load
from watcher.errors import OK, SeedpostError

pytestmark = needs_tmux()


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Tmux]:
    with Tmux(tmp_path) as one:
        yield one


def nobody(folder: Path) -> Seedpost:
    """A user without rules, state or secrets."""
    seedpost = Seedpost(folder, "", {}, measured=False)
    seedpost.rules.unlink()
    return seedpost


def test_init_leaves_nothing_before_the_rules_and_whole_rules_after(tmp_path: Path, terminal: Tmux) -> None:
    seedpost, rips = nobody(tmp_path), tmp_path / "rips"
    rips.mkdir()
    steps = [
        ("Is there a qBittorrent?", "y"),
        ("Address of its web interface", "http://127.0.0.1:1"),
        ("User", "admin"),
        ("password (hidden)", ""),
    ]
    for last in (0, 3):  # a plain question, and one whose answer does not show
        terminal.run(seedpost, "init")
        for prompt, answer in steps[:last]:
            terminal.shows(prompt)
            terminal.type(answer)
        terminal.shows(steps[last][0])
        terminal.press("C-c")
        terminal.ended(130)
        assert not seedpost.rules.exists() and not seedpost.state.exists()
    terminal.run(seedpost, "init", "--client", "none", "--folder", str(rips))
    terminal.resize(60, 16)
    terminal.shows("Which are yours?")
    terminal.type("redacted")
    terminal.shows("What shall redacted be called?")
    assert not seedpost.rules.exists()
    terminal.type("")
    terminal.shows("red.api_key (hidden)")
    terminal.press("C-c")
    terminal.ended(130)
    assert set(load(seedpost.rules).trackers) == {"RED"}  # whole, and `init` goes on from there
    assert not list(tmp_path.glob("*.new"))
    terminal.run(seedpost, "init")
    terminal.shows("is there, and stays as it is", "red.api_key (hidden)")
    terminal.press("C-c")
    terminal.ended(130)


def test_rules_that_came_there_meanwhile_are_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "made" / "rules.yaml"
    init._write(path, "first")
    with pytest.raises(SeedpostError, match="made meanwhile"):
        init._write(path, "second")
    monkeypatch.setattr(init, "link", lambda old, new, fs: False)  # a file system without links
    with pytest.raises(SeedpostError, match="made meanwhile"):
        init._write(path, "third")
    assert path.read_text() == "first" and list(path.parent.iterdir()) == [path]
    path.unlink()
    init._write(path, "fourth")
    assert path.read_text() == "fourth" and list(path.parent.iterdir()) == [path]


def test_logs_that_are_followed_end_as_they_began(tmp_path: Path, terminal: Tmux) -> None:
    seedpost = Seedpost(tmp_path, "", {}, measured=False)
    file = seedpost.state / "log" / "seedpost.jsonl"
    file.parent.mkdir(parents=True)
    line = '{{"time":"2026-11-22T10:00:0{0}.000000Z","level":"info","event":"job.queued","job":"j{0}"}}\n'
    file.write_text(line.format(1))
    terminal.run(seedpost, "logs", "-f")
    terminal.shows("job.queued", "j1")
    with file.open("a") as more:
        more.write(line.format(2))
    terminal.shows("j2")
    terminal.press("C-c")
    assert "Traceback" not in terminal.ended(130)
    assert seedpost("logs", "-n", "1").returncode == OK
