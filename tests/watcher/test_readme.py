"""The terminal session of the README, played again on a daemon and the sandbox: what it shows is what is printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.support_seedpost import Seedpost, an_album, keys_of, rules_of
from tests.support_terminal import Terminal
from trackers.sandbox import Sandbox
from watcher.errors import OK
from watcher.jobs import State

README = Path(__file__).parents[2] / "README.md"
VARIES = re.compile(r"\b[0-9a-f]{8}\b|\b[0-9a-f]{12}\b|[\d:.-]*\d")
SESSION = re.compile(r"```console\n(.*?)```", re.S)


def shape(text: str) -> list[str]:
    """Lines without what differs from run to run: times, numbers, addresses, the widths of columns."""
    lines = [re.sub(r"\s+", " ", VARIES.sub("N", line)).strip() for line in text.splitlines()]
    return [line for line in lines if line]


def test_the_session_of_the_readme_is_what_is_printed(tmp_path: Path) -> None:
    (tmp_path / "rips").mkdir()
    (told,) = SESSION.findall(README.read_text())
    with Sandbox() as sandbox:
        seedpost = Seedpost(tmp_path, rules_of(tmp_path / "rips", sandbox, new_group="review"), keys_of(sandbox))
        seedpost.start()
        try:
            seedpost.until(lambda: seedpost.met("rips"), "the folder was met")
            an_album(tmp_path / "made", "Evening").rename(tmp_path / "rips" / "The Loopbacks - Evening")
            seedpost.until(lambda: seedpost.states() == {"RED": State.HELD}, "it is held")
            seedpost.until(lambda: quiet(seedpost), "the heartbeat says so too")
            played = played_again(seedpost, told)
        finally:
            seedpost.end()
    assert shape(played) == shape(told), played


def quiet(seedpost: Seedpost) -> bool:
    """Whether the daemon has written a heartbeat since the album was handed over."""
    status = seedpost.json("status")
    return bool(status["running"] and status["folders"] and not status["folders"]["rips"]["settling"])


def played_again(seedpost: Seedpost, told: str) -> str:
    """The session with what its commands print now."""
    lines = []
    for command in re.findall(r"^\$ (.+)$", told, re.M):
        if lines:
            lines.append("")
        lines.append(f"$ {command}")
        if command == "seedpost queue list":
            seedpost.until(lambda: seedpost.states() == {"RED": State.UPLOADED}, "it is uploaded")
        with Terminal(seedpost, *shlex.split(command)[1:], columns=100) as terminal:
            lines.append(terminal.ended(OK).rstrip("\n"))
    return "\n".join(lines) + "\n"
