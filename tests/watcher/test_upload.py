"""`seedpost upload` as a person meets it: real processes, a real terminal, with and without a daemon."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_seedpost import Seedpost, keys_of
from tests.support_terminal import Terminal
from tests.support_tmux import Tmux, needs_tmux
from trackers.sandbox import Fault, Sandbox
from trackers.sandbox.album import write_album
from watcher.cli.progress import Progress
from watcher.errors import DUPLICATE, FAILED, HELD, NETWORK, NOT_AUTHORISED, NOT_FOUND, OK, UNKNOWN, USAGE
from watcher.jobs import State
from watcher.journal import Journal

RULES = """\
version: 1
defaults: {{mode: dry_run}}
seed: {{client: none}}
folders:
  - {{name: rips, path: '{folder}', settle: 1s}}
trackers:
  RED: {{type: sandbox-redacted, url: '{red}'}}
  OPS: {{type: sandbox-orpheus, url: '{ops}'}}
guards:
  - {{name: opted-out, match: {{name: '*keep*'}}}}
rules:
  - {{name: dry, match: {{name: '*Dry*'}}, upload_to: {{RED: {{}}}}}}
"""
UNTOLD = {"DATE": None, "ORIGINALDATE": None, "LABEL": None, "CATALOGNUMBER": None, "MEDIA": None}
LAST = "y upload it · e edit a field · d description · a album text · n leave it"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


def made(folder: Path, sandbox: Sandbox) -> Seedpost:
    (folder / "rips").mkdir()
    text = RULES.format(folder=folder / "rips", red=sandbox.url_of("redacted"), ops=sandbox.url_of("orpheus"))
    return Seedpost(folder, text, keys_of(sandbox))


def album(folder: Path, name: str = "Evening", *, told: bool = True, tracks: int = 3) -> str:
    tags = {} if told else UNTOLD
    artist, named = "The Loopbacks", None if told else f"The Loopbacks - {name}"
    made = write_album(
        folder,
        artist=artist,
        album=name,
        year=2020,
        name=named,
        tracks=tracks,
        media="WEB" if told else None,
        seconds=0.2,
        tags=tags,
    )
    return str(made)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seedpost]:
    """A folder without a journal, for commands that must leave it so."""
    with Sandbox() as sandbox:
        yield made(tmp_path_factory.mktemp("still"), sandbox)


def test_alone_it_does_the_work_itself_and_a_second_time_says_that_it_is_there(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    seedpost, other = made(tmp_path, sandbox), album(tmp_path, "Another", tracks=2)
    path = album(tmp_path)
    done = seedpost("upload", path, "--to", "RED,OPS", "--yes", "--json")
    assert done.returncode == OK, done.stderr
    rows = {row["tracker"]: row for row in json.loads(done.stdout)["jobs"]}
    assert {row["state"] for row in rows.values()} == {"uploaded"} and set(rows) == {"RED", "OPS"}
    for job in seedpost.jobs().values():
        assert job.approved == job.digest and job.rest["by"] == "person"  # also in `mode: dry_run`
    again = seedpost("upload", path, "--to", "RED", "--yes")
    assert again.returncode == DUPLICATE and str(rows["RED"]["url"]) in again.stderr
    some = seedpost("upload", other, "--to", "RED", "--yes", "--set", "release_desc=Said by hand.")
    assert some.returncode == OK and "RED: uploaded" in some.stdout and "sending" in some.stderr
    assert len(sandbox.posts("redacted")) == 2 and len(sandbox.posts("orpheus")) == 1
    assert dict(sandbox.posts("redacted")[-1].fields)["release_desc"] == "Said by hand."


def test_with_a_daemon_it_writes_the_wish_and_follows_and_frees_what_waited(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = made(tmp_path, sandbox)
    assert seedpost("run", "--once").returncode == OK
    path = album(tmp_path / "rips", "Dry Evening")
    assert seedpost("run", "--once").returncode == OK
    assert seedpost.states() == {"RED": State.DRY_RUN}
    seedpost.start()
    seedpost.until(lambda: (seedpost.state / "heartbeat").exists(), "the daemon")
    done = seedpost("upload", path, "--to", "RED", "--yes")
    assert done.returncode == OK, done.stderr
    assert seedpost.states() == {"RED": State.UPLOADED}
    assert seedpost.end() == OK
    assert seedpost.events().count("daemon.started") == 3  # and no other loop


def test_on_a_terminal_it_asks_for_what_is_missing_with_the_words_that_count(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost, path = made(tmp_path, sandbox), album(tmp_path, told=False)
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho 'Told in an editor.' >> \"$1\"\n")
    editor.chmod(0o700)
    seedpost.environment["EDITOR"] = seedpost.environment["VISUAL"] = str(editor)
    with Terminal(seedpost, "upload", path, "--to", "RED,OPS") as terminal:
        terminal.until("music.year: ")
        terminal.line("long ago")
        assert "long ago" in terminal.until("music.year: ")
        terminal.line("1999")
        asked = terminal.until("music.media: ")
        assert " 1 CD" in asked and "2 WEB" in asked and "RED, OPS" in asked
        terminal.line("WBE")
        assert "did you mean 'WEB'" in terminal.until("music.media: ")
        terminal.line("2")
        terminal.until("music.label: ")
        terminal.line("Loop")
        terminal.until("music.catalogue: ")
        terminal.line("")
        screen = terminal.until(LAST)
        assert "person" in screen and "1999" in screen and "RED" in screen and "begins a new group" in screen
        terminal.press("e")
        terminal.until("field=value")
        terminal.line("OPS:title=Evening, Again")
        assert "Evening, Again" in terminal.until(LAST)
        terminal.press("d")
        terminal.until(LAST)
        terminal.press("y")
        seen = terminal.ended(OK)
        assert all(word in seen for word in ("queued", "prepared", "sending", "RED: uploaded", "OPS: uploaded"))
    red, ops = (dict(sandbox.posts(site)[0].fields) for site in ("redacted", "orpheus"))
    assert (red["year"], red["media"], red["remaster_record_label"]) == ("1999", "WEB", "Loop")
    assert (red["title"], ops["title"]) == ("Evening", "Evening, Again")
    assert "Told in an editor." in red["release_desc"] and "Told in an editor." in ops["release_desc"]


@pytest.mark.parametrize(
    "after", [pytest.param(0, marks=pytest.mark.long), 1, pytest.param(2, marks=pytest.mark.long), 3, 4]
)
def test_control_c_at_each_prompt_leaves_nothing(still: Seedpost, after: int) -> None:
    path = still.folder / "The Loopbacks - Left"
    if not path.exists():
        album(still.folder, "Left", told=False)
    steps = [("music.year: ", "1999"), ("music.media: ", "WEB"), ("music.label: ", ""), ("music.catalogue: ", "")]
    with Terminal(still, "upload", str(path), "--to", "RED") as terminal:
        for prompt, answer in steps[:after]:
            terminal.until(prompt)
            terminal.line(answer)
        terminal.until(steps[after][0] if after < len(steps) else LAST)
        terminal.press("\x03")
        terminal.ended(130)
    assert not (still.state / "journal.jsonl").exists()


def test_an_answer_of_no_leaves_nothing(still: Seedpost) -> None:
    path = album(still.folder, "Refused")
    with Terminal(still, "upload", path, "--to", "OPS") as terminal:
        terminal.until(LAST)
        terminal.press("n")
        assert "nothing was uploaded" in terminal.ended(FAILED)
    assert not (still.state / "journal.jsonl").exists()


def test_without_a_terminal_it_asks_nothing_and_lists_what_is_missing(still: Seedpost) -> None:
    path, whole = album(still.folder, "Untold", told=False), album(still.folder, "Whole")
    done = still("upload", path, "--to", "RED,OPS", "--yes")
    assert done.returncode == HELD
    for wanted in ("RED: music.year", "OPS: music.year", "RED: music.media", "--set FIELD=VALUE"):
        assert wanted in done.stderr
    told = still("upload", path, "--to", "RED", "--yes", "--json")
    assert told.returncode == HELD
    (year, media) = json.loads(told.stdout)["problems"]["RED"]
    assert (year["field"], media["field"], media["words"][:2]) == ("music.year", "music.media", ["CD", "WEB"])
    asked = still("upload", whole, "--to", "RED")
    assert asked.returncode == USAGE and "--yes" in asked.stderr
    assert not (still.state / "journal.jsonl").exists()


def test_a_dry_run_shows_everything_and_writes_nothing(still: Seedpost) -> None:
    path = album(still.folder, "Shown")
    done = still("upload", path, "--to", "RED,OPS", "--dry-run")
    assert done.returncode == OK
    assert "music.album" in done.stdout and "remaster_record_label" in done.stdout and "RED" in done.stdout
    assert not still.state.exists()
    words = ("--to", "RED,OPS", "--request", "RED:7", "--set", "OPS:music.edition.label=Theirs")
    told = still.json("upload", path, *words, "--dry-run", "--remote")
    labels = [dict(told["forms"][name]["fields"])["remaster_record_label"] for name in ("RED", "OPS")]
    assert labels == ["Loopback Records", "Theirs"]
    assert told["dry_run"]["RED"]["title"] == "Shown" and "OPS" not in told["dry_run"]
    assert told["forms"]["RED"]["extras"] == [["request", "7"]] and told["forms"]["OPS"]["extras"] == []
    assert not (still.state / "journal.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("keep", "--to", "RED"), FAILED, "guard 'opted-out' keeps it here"),
        (("one", "--to", "RDE"), NOT_FOUND, "did you mean 'RED'"),
        (("nowhere", "--to", "RED"), NOT_FOUND, "there is no"),
        (("one", "--to", "RED", "--set", "music.yaer=1999"), USAGE, "did you mean 'music.year'"),
        (("one", "--to", "RED", "--set", "OPS:title=x"), USAGE, "OPS is not among --to"),
        (("one", "--to", "RED,OPS", "--request", "7"), USAGE, "--request RED:7"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_written(
    still: Seedpost, words: tuple[str, ...], code: int, said: str
) -> None:
    for name in ("keep", "one"):
        if not (still.folder / name).exists():
            write_album(still.folder, artist="A", album=name, year=2020, tracks=1, media="WEB", seconds=0.2, name=name)
    what, *rest = words
    done = still("upload", str(still.folder / what), *rest, "--yes")
    assert done.returncode == code and said in done.stderr, done.stderr
    assert not (still.state / "journal.jsonl").exists()


def test_without_a_key_it_says_how_to_store_it(still: Seedpost) -> None:
    path = album(still.folder, "Keyless")
    key = still.environment.pop("SEEDPOST_SECRET_RED_API_KEY")
    done = still("upload", path, "--to", "RED", "--yes")
    still.environment["SEEDPOST_SECRET_RED_API_KEY"] = key
    assert done.returncode == NOT_AUTHORISED and "seedpost secrets set red.api_key" in done.stderr


def test_a_key_that_is_refused_ends_in_77_and_the_job_waits(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost, path = made(tmp_path, sandbox), album(tmp_path)
    sandbox.revoke("redacted")
    done = seedpost("upload", path, "--to", "RED", "--yes")
    assert done.returncode == NOT_AUTHORISED and "RED is stopped" in done.stdout
    assert seedpost.states() == {"RED": State.QUEUED} and sandbox.posts("redacted") == []


def test_a_lost_answer_ends_in_eight_and_is_never_sent_twice(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost, path = made(tmp_path, sandbox), album(tmp_path)
    sandbox.fail("redacted", Fault("lost"))
    sandbox.fail("redacted", Fault("revoked", action="torrent", skip=2, times=0))  # after the duplicate check
    assert seedpost("upload", path, "--to", "RED", "--yes").returncode == UNKNOWN
    assert seedpost.states() == {"RED": State.UNCONFIRMED}
    assert seedpost("upload", path, "--to", "RED", "--yes").returncode == UNKNOWN
    assert len(sandbox.posts("redacted")) == 1


def test_what_is_on_the_site_already_ends_in_four(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = made(tmp_path, sandbox)
    path = write_album(
        tmp_path, artist="Ægir Localhost", album="Ördög", year=2017, tracks=2, media="WEB", seconds=0.2,
        tags={"LABEL": None, "CATALOGNUMBER": None, "RELEASETYPE": "ep"},
    )  # fmt: skip
    done = seedpost("upload", str(path), "--to", "RED", "--yes", "--set", "music.release_type=EP")
    assert done.returncode == DUPLICATE, done.stdout
    assert "already on the site" in done.stdout and sandbox.posts("redacted") == []


def test_a_request_is_filled_after_the_upload(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost, path = made(tmp_path, sandbox), album(tmp_path)
    done = seedpost("upload", path, "--to", "RED", "--yes", "--request", "1")
    assert done.returncode == OK, done.stdout
    (job,) = seedpost.jobs().values()
    assert job.rest["extras"]["request"]["what"] == "done"


def test_a_request_is_filled_with_what_was_uploaded_before(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost, path = made(tmp_path, sandbox), album(tmp_path)
    assert seedpost("upload", path, "--to", "RED", "--yes").returncode == OK
    done = seedpost("upload", path, "--to", "RED", "--yes", "--request", "1")
    assert done.returncode == OK and "request 1 is filled with http" in done.stderr, done.stderr
    (job,) = seedpost.jobs().values()
    assert job.rest["extras"]["request"]["what"] == "done" and len(sandbox.posts("redacted")) == 1
    other = seedpost("upload", path, "--to", "RED", "--yes", "--request", "2", "--json")
    assert other.returncode == FAILED and json.loads(other.stdout)["jobs"][0]["state"] == "uploaded"


def test_the_same_files_under_another_name_are_held(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost, path = made(tmp_path, sandbox), album(tmp_path)
    assert seedpost("upload", path, "--to", "RED", "--yes").returncode == OK
    Path(path).rename(tmp_path / "Another Name")
    done = seedpost("upload", str(tmp_path / "Another Name"), "--to", "RED", "--yes")
    assert done.returncode == HELD and "media files of exactly these sizes" in done.stdout
    assert "seedpost queue approve" in done.stdout and len(sandbox.posts("redacted")) == 1
    again = seedpost("upload", str(tmp_path / "Another Name"), "--to", "RED", "--yes")
    assert again.returncode == HELD and len(sandbox.posts("redacted")) == 1  # a second wish lifts no question


def test_files_that_changed_after_they_were_shown_are_not_sent(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost, path = made(tmp_path, sandbox), album(tmp_path)
    with Terminal(seedpost, "upload", path, "--to", "RED") as terminal:
        terminal.until(LAST)
        with (Path(path) / "cover.png").open("ab") as cover:
            cover.write(b"more")
        terminal.press("y")
        assert "not those that were shown" in terminal.ended(FAILED)
    assert seedpost.jobs() == {} and sandbox.requests("redacted") == []


def test_a_site_that_is_away_ends_in_five_and_the_job_waits(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost, path = made(tmp_path, sandbox), album(tmp_path)
    sandbox.fail("redacted", Fault("maintenance", action="*", times=0, retry_after="7200"))
    done = seedpost("upload", path, "--to", "RED", "--yes")
    assert done.returncode == NETWORK and "RED is stopped until" in done.stdout
    assert seedpost.states() == {"RED": State.QUEUED} and sandbox.posts("redacted") == []


def test_control_c_ends_the_command_and_not_the_upload(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost, path, other = made(tmp_path, sandbox), album(tmp_path), album(tmp_path, "Another", tracks=2)
    sandbox.fail("redacted", Fault("hang", times=2))
    with Terminal(seedpost, "upload", path, "--to", "RED", "--yes") as terminal:  # which does the work itself
        terminal.until("sending")
        seedpost.until(lambda: len(sandbox.posts("redacted")) == 1, "the POST")
        terminal.press("\x03")
        terminal.until("once what is being sent has its answer")
        sandbox.release()
        said = terminal.ended(130)
    (job,) = seedpost.jobs().values()
    assert job.state is State.UPLOADED and "RED: uploaded" in said and f"queue cancel {job.job}" in said
    seedpost.start()
    seedpost.until(lambda: (seedpost.state / "heartbeat").exists(), "the daemon")
    with Terminal(seedpost, "upload", other, "--to", "RED", "--yes") as terminal:  # which follows the daemon
        terminal.until("sending")
        seedpost.until(lambda: len(sandbox.posts("redacted")) == 2, "the second POST")
        terminal.press("\x03")
        said = terminal.ended(130)
    assert "the daemon goes on with it" in said and "seedpost queue show" in said and "RED: sending" in said
    sandbox.release()
    journal = Journal.open(seedpost.state, writable=False)
    seedpost.until(lambda: [journal.refresh(), journal.ledger.counts()][1] == {"uploaded": 2}, "the second upload")
    assert seedpost.end() == OK and len(sandbox.posts("redacted")) == 2


def test_how_far_it_is_read_is_one_line_that_is_written_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    beat = {"hashing": [{"name": "Other", "done": 1, "size": 2}, {"name": "Evening", "done": 1 << 20, "size": 4 << 20}]}
    for terminal, quiet, seen in ((True, False, "25%"), (False, False, ""), (True, True, "")):
        monkeypatch.setattr(sys.stderr, "isatty", lambda terminal=terminal: terminal)
        monkeypatch.setenv("TERM", "xterm")
        progress = Progress(1, {"RED": "j1"}, reads="Evening", quiet=quiet)
        progress.hashed(beat)
        progress.hashed(beat)
        progress.hashed(None)
        shown = capsys.readouterr().err
        assert (seen in shown) and shown.count("Evening") == bool(seen) and "Other" not in shown
        assert shown.endswith("\r") == bool(seen)


@needs_tmux()
def test_on_a_small_screen_it_asks_at_the_bottom_and_ctrl_c_gives_the_terminal_back(
    tmp_path: Path, still: Seedpost
) -> None:
    path = still.folder / "The Loopbacks - Small"
    if not path.exists():
        album(still.folder, "Small", told=False)
    with Tmux(tmp_path) as terminal:
        said = ("--set", "music.year=1999", "--set", "music.media=WEB", "--set", "music.label=Loop")
        terminal.run(still, "upload", str(path), "--to", "RED,OPS", *said)
        terminal.shows("music.catalogue:")
        terminal.type("")
        terminal.shows("begins a new group", "y upload it", "n leave it")
        terminal.resize(200, 50)
        terminal.shows("the forms", "remaster")
        terminal.press("C-c")
        terminal.ended(130)
    assert not (still.state / "journal.jsonl").exists()
