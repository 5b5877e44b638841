"""`seedpost queue review` and `queue show` on a real terminal: the form that is shown is the one that is approved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_seedpost import Seedpost, keys_of
from tests.support_terminal import Terminal
from tests.support_tmux import Tmux, needs_tmux
from trackers.sandbox import Sandbox
from trackers.sandbox.album import write_album
from watcher.errors import OK, USAGE
from watcher.jobs import State

RULES = """\
version: 1
defaults: {{mode: {mode}}}
seed: {{client: none}}
folders:
  - {{name: rips, path: '{folder}', settle: 1s}}
trackers:
  RED: {{type: sandbox-redacted, url: '{red}', new_group: upload, web_flac: upload, quiet: 1s}}
  OPS: {{type: sandbox-orpheus, url: '{ops}', new_group: upload, web_flac: upload, quiet: 1s}}
rules:
  - name: albums
    match: {{kind: music}}
    upload_to:
      RED: {{set: {{image: 'https://pictures.invalid/c.png'}}}}
      OPS: {{}}
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


def held(folder: Path, sandbox: Sandbox, mode: str = "review") -> Seedpost:
    """After a run with one album: a job for each of two trackers waits."""
    (folder / "rips").mkdir()
    text = RULES.format(
        folder=folder / "rips", red=sandbox.url_of("redacted"), ops=sandbox.url_of("orpheus"), mode=mode
    )
    seedpost = Seedpost(folder, text, keys_of(sandbox))
    assert seedpost("run", "--once").returncode == OK
    write_album(folder / "rips", artist="The Loopbacks", album="Evening", year=2020, tracks=2, media="WEB", seconds=0.2)
    seedpost("run", "--once")
    return seedpost


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seedpost]:
    """Two jobs that wait, for tests that change nothing."""
    with Sandbox() as sandbox:
        yield held(tmp_path_factory.mktemp("waiting"), sandbox)


def test_a_walk_shows_each_job_with_facts_and_form_and_takes_one_key_for_each(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = held(tmp_path, sandbox)
    with Terminal(seedpost, "queue", "review") as terminal:
        screen = terminal.until("y approve · n never upload it · e edit · s skip · q quit")
        assert "1 of 2" in screen and "· review ·" in screen and "Evening" in screen
        assert "music.album" in screen and "the form for" in screen and "remaster" in screen
        first = "RED" if "the form for RED" in screen else "OPS"
        terminal.press("y")
        assert "approve" in terminal.until("2 of 2")
        terminal.until("q quit")
        terminal.press("n")
        assert "1 approved, 1 cancelled" in terminal.ended(OK)
    assert seedpost("run", "--once").returncode == OK
    jobs = seedpost.jobs()
    other = "OPS" if first == "RED" else "RED"
    assert jobs[first].state is State.UPLOADED and jobs[other].state is State.CANCELLED
    assert jobs[first].approved == jobs[first].digest  # what was shown is what was sent


def test_an_edit_is_shown_in_the_form_and_may_be_for_all_jobs_of_the_release(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = held(tmp_path, sandbox)
    seedpost.start()
    with Terminal(seedpost, "queue", "review", "--tracker", "RED") as terminal:
        terminal.until("q quit")
        terminal.press("e")
        terminal.until("field=value")
        terminal.line("music.label=Loop; music.yaer=1999")
        assert "music.year" in terminal.until("any key")  # and nothing was changed
        terminal.press(" ")
        terminal.until("q quit")
        terminal.press("e")
        terminal.until("field=value")
        terminal.line("music.edition.label=Loop")
        screen = terminal.until("q quit")
        assert "Loop" in screen and "music.edition.label" in screen
        terminal.press("q")
        assert "1 edited" in terminal.ended(OK)
    seedpost.until(lambda: "music.edition.label" in (seedpost.jobs()["RED"].set or {}), "the edit")
    job = seedpost.jobs()["RED"]
    assert job.state is State.HELD and job.set is not None and job.set["music.edition.label"] == "Loop"
    assert seedpost("queue", "edit", job.job, "music.edition.catalogue=L1", "--release").returncode == OK
    assert seedpost.end() == OK
    assert [job.set["music.edition.catalogue"] for job in seedpost.jobs().values() if job.set] == ["L1", "L1"]


def test_control_c_leaves_everything_as_it_was(waiting: Seedpost) -> None:
    before = (waiting.state / "journal.jsonl").read_bytes()
    with Terminal(waiting, "queue", "review") as terminal:
        terminal.until("q quit")
        terminal.press("\x03")
        terminal.ended(130)
    assert (waiting.state / "journal.jsonl").read_bytes() == before


def test_without_a_terminal_it_asks_nothing_and_says_what_to_use(waiting: Seedpost) -> None:
    done = waiting("queue", "review")
    assert done.returncode == USAGE and "queue approve JOB" in done.stderr


def test_a_dry_run_job_is_shown_with_the_form_that_it_would_send(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = held(tmp_path, sandbox, mode="dry_run")
    red = seedpost.jobs()["RED"]
    assert red.state is State.DRY_RUN
    shown = seedpost.json("queue", "show", red.job)
    assert ["title", "Evening"] in shown["form"]["fields"] and shown["problems"] == []
    text = seedpost("queue", "show", red.job).stdout
    assert "the form, as it would be sent now" in text and "The Loopbacks" in text


def test_what_is_nearly_an_id_or_a_tracker_is_answered_with_the_nearest(waiting: Seedpost) -> None:
    job = waiting.jobs()["RED"].job
    wrong = ("0" if job[-1] != "0" else "1").join((job[:-1], ""))
    assert f"did you mean '{job}'" in waiting("queue", "show", wrong).stderr
    done = waiting("queue", "list", "--tracker", "RDE")
    assert "did you mean 'RED'" in done.stderr and "they are for OPS, RED" in done.stderr


@needs_tmux()
def test_on_a_small_screen_the_question_stands_above_its_keys_and_ctrl_c_leaves_all_as_it_was(
    tmp_path: Path, waiting: Seedpost
) -> None:
    before = (waiting.state / "journal.jsonl").read_bytes()
    with Tmux(tmp_path) as terminal:
        for keys in ((), ("e",)):
            terminal.run(waiting, "queue", "review")
            screen = terminal.shows("1 of 2 · ", "why: ", "· q quit").rstrip().split("\n")
            assert screen[-1].startswith("y approve") and any("The Loopbacks" in line for line in screen[-7:])
            terminal.press(*keys) if keys else terminal.resize(200, 50)
            terminal.shows("field=value" if keys else "the form for")
            terminal.press("C-c")
            terminal.ended(130)
    assert (waiting.state / "journal.jsonl").read_bytes() == before


def test_a_value_that_the_form_can_not_have_is_told_when_it_is_typed_and_nothing_is_written(waiting: Seedpost) -> None:
    journal = waiting.state / "journal.jsonl"
    before, job = journal.read_bytes(), waiting.jobs()["RED"].job
    for word in ("year=2021x", "media=Tape", "music.year=x", "yaer=1"):
        answer = waiting("queue", "edit", job, word)
        assert answer.returncode == USAGE and word.partition("=")[0] in answer.stderr and "hint:" in answer.stderr
    assert journal.read_bytes() == before


def test_json_of_a_walk_that_asks_is_refused(waiting: Seedpost) -> None:
    answer = waiting("queue", "review", "--json")
    assert answer.returncode == USAGE and "queue list --state held --json" in answer.stderr
