"""`status` and `queue list` as they change, on terminals of several sizes; and what is left of the terminal after."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.support_seedpost import PATIENCE, Seedpost
from tests.support_tmux import PROMPT, Tmux, needs_tmux
from trackers.clock import Clock, utc_text
from watcher.cli import cli
from watcher.cli.options import Place
from watcher.cli.overview import overview
from watcher.cli.screen import Line, Section, fitted
from watcher.cli.status import lasting
from watcher.errors import OK, USAGE, SeedpostError
from watcher.jobs import Rows
from watcher.journal import Glance, Journal
from watcher.service import board
from watcher.service.needs import needs

RULES = """\
version: 1
folders: [{name: rips, path: /tmp}]
trackers: {RED: {type: redacted}, OPS: {type: orpheus}}
rules: [{name: albums, match: {kind: music}, upload_to: {RED: {}}}]
"""


def release(number: int, **more: object) -> dict[str, object]:
    name = f"The Loopbacks - Evening {number}"
    decision = {"rule": "albums", "trackers": {"RED": {}}}
    return {
        "type": "release",
        "release": f"r{number}",
        "name": name,
        "path": f"/srv/{name}",
        "decision": decision,
    } | more


def job(number: int, **more: object) -> dict[str, object]:
    id = f"{number:012x}"
    born = {
        "type": "job",
        "job": id,
        "tracker": "RED",
        "site": "redacted.sh",
        "release": f"r{number}",
        "state": "queued",
    }
    return born | more


def held(number: int, code: str = "review", verb: str = "approve", **more: object) -> dict[str, object]:
    resume = f"seedpost queue {verb} {number:012x}"
    return job(number, state="held", code=code, why=f"{code} asks", back_to="queued", resume=resume, **more)


def many() -> list[dict[str, object]]:
    """Thirty held jobs of three kinds, and forty that wait."""
    codes = [("review", "approve"), ("content-moved", "retry"), ("no-cover", "edit")]
    found: list[dict[str, object]] = [release(number) for number in range(70)]
    found += [held(number, *codes[number % 3]) for number in range(30)]
    return [*found, *(job(number) for number in range(30, 70))]


def beat(state: Path, **more: object) -> None:
    """A heartbeat of a daemon that is alive: this process stands in for it."""
    about = {"time": utc_text(Clock().now() + 600), "pid": os.getpid(), "sources": {}, "lanes": {}, **more}
    fresh = state / "heartbeat.new"
    fresh.write_text(json.dumps(about))
    fresh.replace(state / "heartbeat")


def made(folder: Path, records: list[dict[str, object]]) -> Seedpost:
    seedpost = Seedpost(folder, RULES, {})
    append(seedpost, *records)
    return seedpost


def append(seedpost: Seedpost, *records: Mapping[str, object]) -> None:
    journal = Journal.open(seedpost.state)
    journal.append(records)
    journal.close()


def now_of(state: Path) -> dict[str, Any]:
    glance = Glance(state, Rows)
    found: dict[str, Any] = board.status(glance.fold, None, Clock(), {"RED": "redacted.sh"}, "")
    found["needs"] = [need.as_json() for need in needs(found, glance.fold, {})]
    glance.close()
    return found


# -- what stands where


def test_a_screen_that_is_too_small_keeps_what_needs_a_person_and_says_what_is_left_out() -> None:
    sections = [
        Section("", [Line("running")]),
        Section("needs you", [Line(f"need {number}") for number in range(30)], "seedpost queue list"),
        Section("trackers", [Line("RED"), Line("OPS"), Line("NBL")]),
        Section("nothing", []),
        Section("last", [Line(f"decision {number}") for number in range(5)]),
    ]
    whole = [line.text for line in fitted(sections, 100)]
    assert whole.index("needs you") == 2 and "nothing" not in whole and len(whole) == 1 + 31 + 4 + 6 + 3
    for height in (24, 12, 5, 1):
        lines = [line.text for line in fitted(sections, height)]
        assert len(lines) == height and lines[0] == "running"
        assert height < 5 or ("need 0" in lines and any(line.startswith("…") for line in lines))
    small = [line.text for line in fitted(sections, 24)]
    assert "trackers" in small and "last" in small and "more lines: seedpost queue list" in "\n".join(small)


def test_a_live_screen_has_of_each_question_the_first_command_alone(tmp_path: Path) -> None:
    seedpost = made(tmp_path, many())
    now = now_of(seedpost.state)
    whole = "\n".join(line.text for one in overview(now, 80) for line in one.whole())
    brief = [line.text for one in overview(now, 80, brief=True) for line in one.whole()]
    approve = "    seedpost queue approve --state held --tracker RED --code review"
    assert approve in whole and "The Loopbacks - Evening 0 and 9 more" in whole and "queue redecide" in whole
    assert brief[brief.index("  10 × RED (review): review asks") + 1].startswith(approve)
    assert not any("redecide" in line for line in brief)


def test_lanes_say_their_limit_what_waits_and_the_last_success(tmp_path: Path) -> None:
    url = "https://redacted.invalid/torrents.php?id=1"
    steps = [job(1, state=state, url=url) for state in ("queued", "prepared", "sending", "uploaded")]
    seedpost = made(tmp_path, [release(1), *steps, release(2), job(2)])
    glance = Glance(seedpost.state, Rows)
    lane = {"site": "redacted.sh", "limit": {"of": "20/d", "used": 20}, "limit_until": "2026-11-23T10:00:00.000000Z"}
    beating = {"time": utc_text(Clock().now()), "pid": os.getpid(), "lanes": {"RED": lane}}
    now = board.status(glance.fold, beating, Clock(), {}, "") | {"needs": []}
    red = now["lanes"]["RED"]  # type: ignore[index]
    assert red["waiting"] == 1 and red["last_upload"]["name"] == "The Loopbacks - Evening 1"
    text = "\n".join(line.text for one in overview(now, 120) for line in one.whole())
    assert "its limit is used up until" in text and "20 of 20/d used, 1 waiting" in text and url in text
    glance.close()


# -- where there is no terminal


def test_without_a_terminal_nothing_is_drawn_and_the_cure_is_said(tmp_path: Path) -> None:
    seedpost = made(tmp_path, [job(1), release(1)])
    for words in (("status",), ("queue", "list")):
        given = [*words, "--watch", "--state", str(seedpost.state)]
        done = CliRunner().invoke(cli, given, obj=Place(), standalone_mode=False)
        assert isinstance(done.exception, SeedpostError) and done.exception.exit_code == USAGE
        assert f"`seedpost {' '.join(words)}` shows it once" in done.exception.hint and done.stdout == ""


def test_json_follows_without_a_terminal_one_object_a_line(tmp_path: Path) -> None:
    seedpost = made(tmp_path, [job(1), release(1)])
    follower = subprocess.Popen(
        seedpost.command("queue", "list", "--watch", "--json"),
        env=seedpost.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert follower.stdout is not None
        assert [one["state"] for one in json.loads(follower.stdout.readline())["jobs"]] == ["queued"]
        append(seedpost, job(1, state="cancelled"))
        assert [one["state"] for one in json.loads(follower.stdout.readline())["jobs"]] == ["cancelled"]
        follower.send_signal(2)
        assert follower.wait(PATIENCE) == 130
    finally:
        follower.kill()
        follower.communicate()


def test_time_that_passes_is_no_change(tmp_path: Path) -> None:
    seedpost = made(tmp_path, [job(1), release(1)])
    glance = Glance(seedpost.state, Rows)

    def seen(polled: str, up: bool = True) -> dict[str, Any]:
        source = {"kind": "folder", "up": up, "last_poll": polled, "problems": []}
        beating = {"time": utc_text(Clock().now()), "pid": os.getpid(), "sources": {"rips": source}}
        return board.status(glance.fold, beating, Clock(), {}, "") | {"heartbeat_age_s": polled}

    assert lasting(seen("1")) == lasting(seen("2")) != lasting(seen("2", up=False))
    glance.close()


# -- in a terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Tmux]:
    with Tmux(tmp_path) as one:
        yield one


@needs_tmux()
def test_status_lives_follows_the_journal_and_the_size_and_gives_the_terminal_back(
    tmp_path: Path, terminal: Tmux
) -> None:
    seedpost = made(tmp_path, many())
    beat(seedpost.state, lanes={"RED": {"site": "redacted.sh", "limit": {"of": "20/d", "used": 3}}})
    terminal.run(seedpost, "status", "--watch")
    asked = (
        "needs you",
        "seedpost queue approve --state held --tracker RED --code review",
        "trackers",
        "last decisions",
    )
    screen = terminal.shows(*asked, "3 of 20/d used, 40 waiting", "30 held", "Evening 69")
    assert terminal.alternate
    assert max(map(len, screen.split("\n"))) <= 80 and "last uploads" not in screen
    append(seedpost, job(30, state="held", code="brake", why="too many", back_to="queued", resume="seedpost queue x"))
    terminal.shows("31 held", "1 × RED (brake): too many")
    terminal.resize(200, 50)
    terminal.shows("The Loopbacks - Evening 69: albums → RED", "31 held")
    terminal.resize(60, 12)
    assert "needs you" in terminal.shows("… ", "more lines")
    terminal.resize(80, 24)
    seedpost.state.rename(tmp_path / "elsewhere")
    terminal.shows("as it was before", "31 held")
    (tmp_path / "elsewhere").rename(seedpost.state)
    append(seedpost, job(31, state="cancelled"))
    terminal.until(lambda: "1 cancelled" in "\n".join(terminal.screen()), "the folder that came back")
    assert "as it was before" not in "\n".join(terminal.screen())
    terminal.press("x", "y")  # keys that mean nothing show nothing
    terminal.press("C-c")
    assert "xy" not in terminal.ended(130)


@needs_tmux()
def test_the_list_lives_in_colour_or_without_and_ends_with_q_or_a_signal(tmp_path: Path, terminal: Tmux) -> None:
    seedpost = made(tmp_path, many())
    terminal.run(seedpost, "queue", "list", "--watch", "--sort", "state", before="export NO_COLOR=1")
    screen = terminal.shows("job ", "… 48 more · 40 queued, 30 held · q ends")
    assert terminal.alternate and max(map(len, screen.split("\n"))) <= 80
    assert "\x1b[33m" not in terminal.coloured()
    terminal.resize(200, 50)
    terminal.shows("… 22 more", "review asks")
    terminal.press("q")
    terminal.ended(OK)
    terminal.run(seedpost, "queue", "list", "--code", "review")
    terminal.shows("waits for you (and 9 more of this code): seedpost queue approve")
    terminal.ended(OK)
    terminal.run(seedpost, "queue", "list", "--watch", "--state", "held")
    terminal.shows("30 held · q ends")
    assert "\x1b[33m" in terminal.coloured()
    terminal.press("C-z")  # the screen is given back before the list stops: only the shell's prompt tells that it has
    terminal.until(lambda: not terminal.alternate and PROMPT in terminal.screen(), "the shell while it rests")
    terminal.type("fg; echo ended $?")
    terminal.until(lambda: terminal.alternate, "the list again")
    terminal.shows("30 held · q ends")
    terminal.press("C-c")
    terminal.ended(130)
    terminal.run(seedpost, "status", "--watch", before="export TERM=dumb")
    assert "TERM=xterm" in terminal.shows("can't draw on this terminal")
    terminal.ended(USAGE)
