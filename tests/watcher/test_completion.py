"""Completion as a shell asks for it: in processes of its own, by the variable that click's scripts set."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support_journal import job, release
from tests.support_seedpost import Seedpost
from watcher.cli import COMMANDS
from watcher.errors import OK, USAGE
from watcher.journal import Journal

RULES = """\
version: 1
seed: {client: none}
trackers: {RED: {type: redacted}, OPS: {type: orpheus}}
rules: []
"""


@pytest.fixture(scope="module")
def seedpost(tmp_path_factory: pytest.TempPathFactory) -> Seedpost:
    one = Seedpost(tmp_path_factory.mktemp("shell"), RULES, {})
    journal = Journal.open(one.state)
    journal.append([release(), job("queued")])
    journal.close()
    one.environment |= {"SEEDPOST_RULES": str(one.rules), "SEEDPOST_STATE": str(one.state)}
    return one


def completed(seedpost: Seedpost, *words: str) -> list[str]:
    """What bash would offer for the last word."""
    asked = {"_SEEDPOST_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(("seedpost", *words))}
    asked["COMP_CWORD"] = str(len(words))
    done = subprocess.run(
        [sys.executable, "-m", "watcher"], env=seedpost.environment | asked, capture_output=True, text=True
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_commands_trackers_and_jobs_are_completed(seedpost: Seedpost) -> None:
    assert completed(seedpost, "up") == ["upload"]
    assert set(COMMANDS) <= set(completed(seedpost, ""))
    assert completed(seedpost, "upload", "/srv/Album", "--to", "R") == ["RED"]
    assert completed(seedpost, "upload", "/srv/Album", "--to", "RED,") == ["RED,OPS"]
    assert completed(seedpost, "queue", "approve", "aa") == ["a" * 12]


def test_where_nothing_can_be_read_nothing_is_offered_and_nothing_said(tmp_path: Path) -> None:
    lost = Seedpost(tmp_path, "version: 7", {})
    lost.environment |= {"SEEDPOST_RULES": str(lost.rules), "SEEDPOST_STATE": str(tmp_path / "nowhere")}
    assert completed(lost, "upload", "/srv/Album", "--to", "") == []
    assert completed(lost, "queue", "show", "a") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(seedpost: Seedpost, shell: str) -> None:
    done = seedpost("completion", shell)
    assert done.returncode == OK and "_SEEDPOST_COMPLETE" in done.stdout
    if shell == "bash":
        assert subprocess.run(["bash", "-n"], input=done.stdout, text=True, check=False).returncode == 0
        assert seedpost("completion", "tcsh").returncode == USAGE
