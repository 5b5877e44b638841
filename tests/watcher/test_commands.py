"""The command line as people and programs meet it: real processes over a folder, against the sandbox."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_seedpost import PATIENCE, Seedpost, an_album, keys_of, rules_of
from trackers.sandbox import Fault, Sandbox
from watcher.cli import COMMANDS
from watcher.cli.options import JOB_STATES
from watcher.cli.show import beside, fields, room
from watcher.errors import HELD, INVALID, NETWORK, NOT_AUTHORISED, NOT_FOUND, OK, RUNNING, UNKNOWN, USAGE
from watcher.jobs import State


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


def made(folder: Path, sandbox: Sandbox, *, new_group: str = "upload", key: bool = True) -> Seedpost:
    (folder / "rips").mkdir()
    text = rules_of(folder / "rips", sandbox, new_group=new_group)
    return Seedpost(folder, text, keys_of(sandbox) if key else {}, daemon=True)


def met(seedpost: Seedpost) -> Seedpost:
    """After its first run: the folder's baseline is taken."""
    assert seedpost("run", "--once").returncode == OK
    return seedpost


def test_a_journal_that_never_was_is_not_repaired_and_a_verb_wants_a_job(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = made(tmp_path, sandbox)
    for verb in ("verify", "compact", "repair"):
        told = seedpost("journal", verb, "--json")
        assert (told.returncode, told.stdout) == (NOT_FOUND, "")
        assert told.stderr.startswith("seedpost: error: there is no ")
    assert not seedpost.state.exists()
    met(seedpost)
    assert seedpost("queue", "approve").returncode == USAGE


def test_a_finished_folder_is_uploaded_once_and_every_view_says_so(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = met(made(tmp_path, sandbox))
    album = an_album(tmp_path / "rips")
    ran = seedpost("run", "--once")
    assert (ran.returncode, ran.stdout) == (OK, "")
    assert len(sandbox.posts("redacted")) == 1

    (row,) = seedpost.json("queue", "list")
    shape = {"job", "tracker", "site", "release", "path", "state", "attempts", "not_before", "code", "why", "resume"}
    assert shape | {"infohash", "torrent_id", "url"} <= set(row)
    assert (row["state"], row["tracker"], row["attempts"], row["path"]) == ("uploaded", "RED", 1, str(album))

    shown = seedpost.json("queue", "show", row["job"][:6])
    assert list(dict.fromkeys(step["state"] for step in shown["steps"])) == [
        "queued",
        "prepared",
        "sending",
        "uploaded",
    ]
    assert ["title", "Album"] in shown["form"]["fields"]
    assert "uploaded" in seedpost("queue", "show", row["job"]).stdout

    status = seedpost.json("status")
    assert status["jobs"] == {"uploaded": 1}
    assert status["lanes"]["RED"]["breaker"] is None
    assert status["rules"]["valid"] is True
    assert "1 uploaded" in seedpost("status").stdout

    events = seedpost.events()
    for event in ("source.baseline", "release.seen", "release.decided", "job.queued", "job.sending", "job.uploaded"):
        assert event in events
    explained = seedpost.json("rules", "explain", str(album))
    assert explained["decision"] == {
        "rule": "albums",
        "upload_to": ["RED"],
        "mode": "upload",
        "guard": None,
        "undecided": None,
    }
    assert explained["release"]["music.format"] == {"is": "value", "value": "FLAC", "origin": "file"}
    assert explained["rules"] == [{"name": "albums", "matched": True, "reasons": explained["rules"][0]["reasons"]}]
    assert seedpost.json("rules", "explain", row["job"])["decision"]["rule"] == "albums"
    assert explained["then"] == {
        "time": explained["then"]["time"], "rule": "albums", "guard": None, "undecided": None, "upload_to": ["RED"],
    }  # fmt: skip
    assert ": rule 'albums', to RED\n" in seedpost("rules", "explain", row["job"]).stdout
    assert "rule 'albums'" in seedpost("rules", "explain", str(album)).stdout

    assert seedpost("queue", "cancel", row["job"]).returncode == OK
    assert seedpost("run", "--once").returncode == OK
    refused = seedpost("queue", "show", row["job"]).stdout
    assert "answer    refused  " in refused, "whom no daemon answered reads it there"
    assert "what stands on the site can't be cancelled" in refused


def test_what_is_there_at_the_first_run_is_left_alone(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = made(tmp_path, sandbox)
    an_album(tmp_path / "rips")
    met(seedpost)
    met(seedpost)
    assert seedpost.json("queue", "list") == []
    assert sandbox.posts("redacted") == []


def test_a_held_job_ends_in_seven_and_says_the_command_that_frees_it(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = met(made(tmp_path, sandbox, new_group="review"))
    an_album(tmp_path / "rips")
    assert seedpost("run", "--once").returncode == HELD
    (row,) = seedpost.json("queue", "list", "--state", "held", "--code", "new-group")
    assert row["resume"] == f"seedpost queue approve {row['job']}"
    assert row["resume"] in seedpost("queue", "list").stdout
    assert row["resume"] in seedpost("status").stdout
    approved = seedpost(*row["resume"].split()[1:])
    assert (approved.returncode, "waiting" in approved.stdout) == (OK, True)
    assert seedpost("run", "--once").returncode == OK
    assert seedpost.states() == {"RED": State.UPLOADED}


def test_an_unknown_outcome_ends_in_eight_and_is_found_at_the_next_start(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = met(made(tmp_path, sandbox))
    an_album(tmp_path / "rips")
    sandbox.fail("redacted", Fault("lost"))
    sandbox.fail(
        "redacted", Fault("revoked", action="torrent", skip=2, times=0)
    )  # the first two are the duplicate check
    assert seedpost("run", "--once").returncode == UNKNOWN
    assert seedpost.states() == {"RED": State.UNCONFIRMED}
    sandbox.clear("redacted")
    assert seedpost("resume", "RED").returncode == OK
    assert seedpost("run", "--once").returncode == OK
    assert seedpost.states() == {"RED": State.UPLOADED}
    assert len(sandbox.posts("redacted")) == 1


def test_a_missing_key_stops_its_lane_with_the_command_that_stores_it(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = met(made(tmp_path, sandbox, key=False))
    an_album(tmp_path / "rips")
    seedpost("run", "--once")
    breaker = seedpost.json("status")["lanes"]["RED"]["breaker"]
    assert breaker["code"] == "no-key"
    assert "seedpost secrets set red.api_key" in breaker["why"]
    assert sandbox.requests("redacted") == []
    key = sandbox.account("redacted").api_key
    stored = seedpost("secrets", "set", "red.api_key", give=key + "\n")
    assert stored.returncode == OK
    assert key not in stored.stdout + stored.stderr
    assert seedpost("run", "--once").returncode == OK
    assert seedpost.states() == {"RED": State.UPLOADED}
    everything = b"".join(path.read_bytes() for path in seedpost.state.rglob("*") if path.is_file())
    assert key.encode() not in everything


def test_content_that_is_nothing_known_gets_a_release_and_no_job(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = met(made(tmp_path, sandbox))
    (tmp_path / "rips" / "notes").mkdir()
    (tmp_path / "rips" / "notes" / "a.txt").write_text("nothing")
    assert seedpost("run", "--once").returncode == OK
    assert seedpost.json("queue", "list") == []
    explained = seedpost.json("rules", "explain", str(tmp_path / "rips" / "notes"))
    assert explained["decision"]["rule"] is None
    assert {"field": "kind", "want": "music", "got": "other"} in explained["rules"][0]["reasons"]
    assert "kind: want music, got other" in seedpost("rules", "explain", str(tmp_path / "rips" / "notes")).stdout


class TestAsked:
    def test_enqueue_decides_what_was_there_before_and_adds_no_second_job(
        self, tmp_path: Path, sandbox: Sandbox
    ) -> None:
        seedpost = made(tmp_path, sandbox)
        album = an_album(tmp_path / "rips")
        met(seedpost)
        assert seedpost.json("queue", "list") == []
        for _ in range(2):
            asked = seedpost("enqueue", str(album))
            assert (asked.returncode, "waiting" in asked.stdout) == (OK, True)
            assert seedpost("run", "--once").returncode == OK
        assert seedpost.states() == {"RED": State.UPLOADED}
        assert len(sandbox.posts("redacted")) == 1

    def test_enqueue_says_of_what_goes_nowhere_why_it_does(self, tmp_path: Path, sandbox: Sandbox) -> None:
        seedpost = met(made(tmp_path, sandbox))
        (tmp_path / "notes").mkdir()
        (tmp_path / "notes" / "a.txt").write_text("nothing")
        seedpost("enqueue", str(tmp_path / "notes"))
        seedpost("run", "--once")
        lines = map(json.loads, (seedpost.state / "journal.jsonl").read_text().splitlines())
        (answer,) = [one for one in lines if one.get("do") == "answer"]
        assert answer["result"] == "done" and answer["why"].endswith(": goes nowhere: no rule matched")

    def test_enqueue_of_nothing_is_refused_with_the_reason(self, tmp_path: Path, sandbox: Sandbox) -> None:
        seedpost = made(tmp_path, sandbox)
        seedpost.start()
        seedpost.until(lambda: (seedpost.state / "heartbeat").exists())
        missing = seedpost("enqueue", str(tmp_path / "nowhere"))
        assert missing.returncode == NOT_FOUND
        assert "there is no" in missing.stderr
        assert "no client has a torrent" in seedpost("enqueue", "--hash", "a" * 40).stdout
        assert seedpost("enqueue", "--hash", "-").returncode == OK
        assert seedpost("enqueue", "--hash", "nonsense").returncode == USAGE
        assert seedpost("enqueue").returncode == USAGE
        assert seedpost.end() == 0

    def test_redecide_applies_the_rules_of_now_to_what_was_not_sent(self, tmp_path: Path, sandbox: Sandbox) -> None:
        seedpost = met(made(tmp_path, sandbox, new_group="review"))
        an_album(tmp_path / "rips")
        assert seedpost("run", "--once").returncode == HELD
        job = seedpost.jobs()["RED"].job
        text = seedpost.rules.read_text().replace("new_group: review", "new_group: upload")
        seedpost.rules.write_text(text.replace("set: {image", "set: {tags.add: [anew], image"))
        assert seedpost("queue", "redecide", job).returncode == OK
        assert seedpost("run", "--once").returncode == OK
        (post,) = sandbox.posts("redacted")
        assert "anew" in dict(post.fields)["tags"].split(",")
        assert seedpost("queue", "redecide", job).returncode == OK
        assert seedpost("run", "--once").returncode == OK
        assert seedpost.states() == {"RED": State.UPLOADED}

    def test_redecide_cancels_what_the_rules_no_longer_want(self, tmp_path: Path, sandbox: Sandbox) -> None:
        seedpost = met(made(tmp_path, sandbox, new_group="review"))
        an_album(tmp_path / "rips")
        seedpost("run", "--once")
        text = seedpost.rules.read_text().replace("kind: music", "kind: tv")
        seedpost.rules.write_text(text[: text.index("tests:")])
        seedpost("queue", "redecide", "--code", "new-group")
        assert seedpost("run", "--once").returncode == OK
        assert seedpost.states() == {"RED": State.CANCELLED}

    def test_a_paused_folder_decides_nothing_until_it_is_resumed(self, tmp_path: Path, sandbox: Sandbox) -> None:
        seedpost = met(made(tmp_path, sandbox))
        assert "waiting" in seedpost("pause", "rips").stdout
        an_album(tmp_path / "rips")
        assert seedpost("run", "--once").returncode == OK
        seedpost.start()
        seedpost.until(lambda: (seedpost.state / "heartbeat").exists())
        assert seedpost.json("status")["folders"]["rips"]["paused"] == {"until": None}
        assert "paused" in seedpost("status").stdout
        assert seedpost("status", "--check").returncode == OK
        assert seedpost.json("queue", "list") == []
        nobody = seedpost("pause", "rpis")
        assert nobody.returncode == NOT_FOUND and "is called rpis, did you mean 'rips'" in nobody.stderr
        assert seedpost.json("resume", "rips")["result"] == "done"
        seedpost.until(lambda: seedpost.states() == {"RED": State.UPLOADED}, "it was not uploaded")
        rips = seedpost.json("status")["folders"]["rips"]
        assert rips["paused"] is None
        assert (rips["up"], rips["mode"], rips["last"]["rule"]) == (True, "inotify", "albums")
        text = seedpost("status").stdout
        assert "by inotify, every 300 s, last 2" in text
        assert "      last: The Loopbacks - Album (2020) [WEB FLAC]: albums → RED" in text
        assert seedpost.end() == 0


class TestCheck:
    def test_everything_that_is_missing_is_told_with_the_command_that_mends_it(
        self, tmp_path: Path, sandbox: Sandbox
    ) -> None:
        seedpost = made(tmp_path, sandbox, key=False)
        text = seedpost.rules.read_text().replace(
            "folders:", "clients: {seedbox: {url: 'http://127.0.0.1:9'}}\nfolders:"
        )
        seedpost.rules.write_text(text)
        (tmp_path / "rips").rmdir()
        done = seedpost("check")
        assert done.returncode == INVALID
        for told in ("rips: ", "seedpost secrets set red.api_key", "seedpost secrets set seedbox.password"):
            assert told in done.stdout

    def test_online_asks_each_tracker_once_and_says_who_is_away(self, tmp_path: Path, sandbox: Sandbox) -> None:
        seedpost = made(tmp_path, sandbox)
        assert seedpost("check", "--online").returncode == OK
        assert [request.action for request in sandbox.requests("redacted")] == ["index", "upload", "announce"]
        assert sandbox.torrents("redacted", "uploader") == []
        sandbox.revoke("redacted")
        text = seedpost.rules.read_text().replace(
            "folders:", "clients: {seedbox: {url: 'http://127.0.0.1:9'}}\nfolders:"
        )
        seedpost.rules.write_text(text)
        done = seedpost("check", "--online", "--json")
        assert done.returncode == NOT_AUTHORISED
        problems = json.loads(done.stdout)["problems"]
        errors = [one["message"] for one in problems if one["severity"] == "error"]
        assert any(message.startswith("RED: ") for message in errors)
        assert any(message.startswith("client seedbox: ") for message in errors)
        assert len(sandbox.requests("redacted")) == 4  # one more, and none after it

    def test_online_ends_with_5_if_a_site_is_away_and_77_without_the_right(
        self, tmp_path: Path, sandbox: Sandbox
    ) -> None:
        seedpost = made(tmp_path, sandbox)
        sandbox.fail("redacted", Fault("maintenance", action="index"))
        assert seedpost("check", "--online").returncode == NETWORK
        seedpost.environment["SEEDPOST_SECRET_RED_API_KEY"] = sandbox.account("redacted", "noupload").api_key
        done = seedpost("check", "--online")
        assert done.returncode == NOT_AUTHORISED
        assert "may not upload" in done.stdout
        assert [request.action for request in sandbox.requests("redacted")][1:] == ["index", "upload"]


def test_show_remote_asks_the_site_s_dry_run_and_leaves_nothing_there(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = met(made(tmp_path, sandbox, new_group="review"))
    an_album(tmp_path / "rips")
    assert seedpost("run", "--once").returncode == HELD
    (job,) = seedpost.json("queue", "list")
    told = seedpost.json("queue", "show", job["job"], "--remote")
    assert told["dry_run"]["title"] == "Album"
    assert sandbox.torrents("redacted", "uploader") == []
    assert "what the site would make of it" in seedpost("queue", "show", job["job"], "--remote").stdout
    sandbox.revoke("redacted")
    assert seedpost("queue", "show", job["job"], "--remote").returncode == NOT_AUTHORISED


def test_what_stands_beside_a_name_stays_beside_it_in_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    rows = [("seedbox", ["up", "last: " + "a title of many words " * 8]), ("den", ["away\x1b[2J"])]
    assert len(beside(rows, room())) == 3  # piped: as long as it is
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    lines = beside(rows, room())
    assert lines[0] == "seedbox  up"
    assert all(len(line) <= 80 for line in lines)
    assert [line[:11] for line in lines[2:-1]] == [" " * 11] * 2
    assert lines[-1].startswith("den      away")
    assert "\x1b" not in lines[-1]


def test_status_says_until_when_a_limit_is_used_up(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = made(tmp_path, sandbox)
    seedpost.rules.write_text(seedpost.rules.read_text().replace("quiet: 1s", "quiet: 1s, limit: 1/day"))
    met(seedpost)
    an_album(tmp_path / "rips")
    seedpost.start()
    seedpost.until(lambda: (seedpost.json("status")["lanes"].get("RED") or {}).get("limit_until"))
    assert "its limit is used up until" in seedpost("status").stdout
    assert seedpost.end() == OK


class TestErrors:
    def test_invalid_rules_name_file_line_and_column_and_end_in_78(self, tmp_path: Path, sandbox: Sandbox) -> None:
        seedpost = made(tmp_path, sandbox)
        text = seedpost.rules.read_text().replace("music.format: FLAC}\n    upload", "music.fromat: FLAC}\n    upload")
        seedpost.rules.write_text(text)
        line = next(i for i, row in enumerate(text.split("\n"), 1) if "fromat" in row)
        column = text.split("\n")[line - 1].index("music.fromat") + 1
        for command in (("run",), ("run", "--once"), ("rules", "test")):
            done = seedpost(*command)
            assert done.returncode == INVALID
            assert f"{seedpost.rules}:{line}:{column}: unknown field 'music.fromat'" in done.stderr
            assert "music.format" in done.stderr
        checked = seedpost("check", "--json")
        assert checked.returncode == INVALID
        problem = json.loads(checked.stdout)["problems"][0]
        assert (problem["line"], problem["column"], problem["severity"]) == (line, column, "error")

    def test_no_rules_anywhere_says_where_it_looked(self, tmp_path: Path) -> None:
        environment = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        environment.pop("SEEDPOST_RULES", None)
        command = [sys.executable, "-m", "watcher", "check"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == INVALID
        assert done.stderr.startswith("seedpost: error: ")

    def test_unknown_words_are_usage(self, tmp_path: Path, sandbox: Sandbox) -> None:
        seedpost = made(tmp_path, sandbox)
        assert seedpost("queue", "explode").returncode == USAGE
        assert seedpost("nonsense").returncode == USAGE

    def test_unknown_jobs_and_folders_are_not_found(self, tmp_path: Path, sandbox: Sandbox) -> None:
        seedpost = made(tmp_path, sandbox)
        assert seedpost("queue", "list").returncode == NOT_FOUND
        met(seedpost)
        done = seedpost("queue", "show", "nosuchjob")
        assert done.returncode == NOT_FOUND
        assert "hint: " in done.stderr

    def test_a_typed_confirmation_is_never_asked_without_a_terminal(self, tmp_path: Path, sandbox: Sandbox) -> None:
        seedpost = met(made(tmp_path, sandbox))
        done = seedpost("queue", "resolve", "abc", "--absent")
        assert done.returncode == 1
        assert "no terminal" in done.stderr


class TestDaemon:
    def test_P5_a_second_daemon_says_who_holds_the_folder_and_ends_in_75(
        self, tmp_path: Path, sandbox: Sandbox
    ) -> None:
        seedpost = made(tmp_path, sandbox)
        daemon = seedpost.start()
        seedpost.until(lambda: (seedpost.state / "heartbeat").exists())
        second = seedpost("run")
        assert second.returncode == RUNNING
        assert str(daemon.pid) in second.stderr
        seedpost.until(lambda: seedpost.json("status")["folders"]["rips"]["up"], "the folder was not looked at")
        assert seedpost.json("status")["running"] is True
        assert seedpost("status", "--check").returncode == OK
        assert seedpost.end() == 0
        assert seedpost.json("status")["running"] is False

    def test_commands_are_obeyed_by_a_running_daemon_at_its_next_turn(self, tmp_path: Path, sandbox: Sandbox) -> None:
        seedpost = made(tmp_path, sandbox, new_group="review")
        seedpost.start()
        seedpost.until(lambda: seedpost.met("rips"), "the folder was not met")
        an_album(tmp_path / "rips")
        seedpost.until(lambda: seedpost.states() == {"RED": State.HELD}, "it was not held")
        job = seedpost.jobs()["RED"].job
        assert seedpost.json("pause", "RED")["result"] == "done"
        assert seedpost.json("queue", "approve", job)["result"] == "done"
        refused = seedpost("queue", "retry", "--json", job)
        assert (refused.returncode, json.loads(refused.stdout)["result"]) == (OK, "done")
        assert seedpost.json("status")["lanes"]["RED"]["breaker"]["code"] == "paused"
        assert sandbox.posts("redacted") == []
        assert seedpost.json("resume", "RED")["result"] == "done"
        seedpost.until(lambda: seedpost.states() == {"RED": State.UPLOADED}, "it was not uploaded")
        assert seedpost.end() == 0

    def test_P1_sigterm_in_mid_upload_lets_the_post_finish(self, tmp_path: Path, sandbox: Sandbox) -> None:
        seedpost = met(made(tmp_path, sandbox))
        an_album(tmp_path / "rips")
        sandbox.fail("redacted", Fault("hang"))
        daemon = seedpost.start()
        seedpost.until(lambda: sandbox.torrents("redacted", "uploader"), "nothing was stored")
        daemon.send_signal(signal.SIGTERM)
        sandbox.release()
        assert seedpost.end(signal.SIGCONT) == 0
        assert seedpost.states() == {"RED": State.UPLOADED}

    def test_P2_a_second_sigterm_ends_it_at_once_and_the_intent_stays(self, tmp_path: Path, sandbox: Sandbox) -> None:
        seedpost = met(made(tmp_path, sandbox))
        an_album(tmp_path / "rips")
        sandbox.fail("redacted", Fault("hang"))
        daemon = seedpost.start()
        seedpost.until(lambda: sandbox.torrents("redacted", "uploader"), "nothing was stored")
        daemon.send_signal(signal.SIGTERM)
        seedpost.until(lambda: "daemon.stopping" in seedpost.events(), "the first was not heard")
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(PATIENCE) == 128 + signal.SIGTERM
        assert seedpost.states() == {"RED": State.SENDING}
        sandbox.release()
        assert seedpost("run", "--once").returncode == OK
        assert seedpost.states() == {"RED": State.UPLOADED}
        assert len(sandbox.posts("redacted")) == 1


def test_the_sandbox_alone_says_where_it_is_and_answers(tmp_path: Path, sandbox: Sandbox) -> None:
    import requests

    seedpost = made(tmp_path, sandbox)
    process = subprocess.Popen(
        seedpost.command("sandbox", "--json"), env=seedpost.environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        sites = {site["type"]: site for site in json.loads(process.stdout.readline())["sites"]}
        red = sites["sandbox-redacted"]
        answer = requests.get(
            f"{red['url']}/ajax.php?action=index", headers={"Authorization": red["api_key"]}, timeout=PATIENCE
        )
        assert answer.json()["status"] == "success"
        site = sites["sandbox-unit3d"]
        keys = {"Authorization": f"Bearer {site['api_key']}", "Accept": "application/json"}
        told = requests.get(f"{site['url']}/api/user", headers=keys, timeout=PATIENCE).json()
        assert told["username"] == "uploader"
    finally:
        process.terminate()
        process.communicate()


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    script = (
        "import sys, watcher.cli as c\ntry:\n  c.main(['--help'])\nexcept SystemExit: pass\nprint(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    for name in COMMANDS:
        assert f"\n  {name}" in done.stdout
    modules = done.stdout.rpartition("[")[2]
    for heavy in ("requests", "yaml", "structlog", "rich", "pydantic", "qbittorrentapi", "mutagen", "cryptography"):
        assert f"'{heavy}'" not in modules


def test_the_words_that_choose_jobs_by_state_are_the_states() -> None:
    assert frozenset(map(str, State)) == JOB_STATES


def test_P6_sighup_takes_good_rules_and_keeps_the_old_ones_on_bad(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = made(tmp_path, sandbox)
    daemon = seedpost.start()
    seedpost.until(lambda: (seedpost.state / "heartbeat").exists())
    good = seedpost.rules.read_text()
    seedpost.rules.write_text(good.replace("kind: music, music.format", "kind: music, music.fromat"))
    daemon.send_signal(signal.SIGHUP)
    seedpost.until(lambda: "rules.rejected" in seedpost.events(), "the bad file was not seen")
    assert seedpost.json("status")["rules"]["valid"] is False
    assert "music.fromat" in seedpost.json("status")["rules"]["errors"][0]
    second = tmp_path / "more"
    second.mkdir()
    seedpost.rules.write_text(good.replace("folders:", f"folders:\n  - {{name: more, path: '{second}', settle: 1s}}"))
    daemon.send_signal(signal.SIGHUP)
    seedpost.until(lambda: set(seedpost.json("status")["folders"]) == {"rips", "more"}, "the good file was not taken")
    assert seedpost.json("status")["rules"]["valid"] is True
    seedpost.until(lambda: seedpost.events().count("source.baseline") == 2, "the new folder has no baseline")
    an_album(second)
    seedpost.until(lambda: seedpost.states() == {"RED": State.UPLOADED}, "the new folder is not watched")
    assert seedpost.end() == 0


def test_an_edit_is_taken_by_itself_when_it_is_still_and_good(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = made(tmp_path, sandbox)
    seedpost.start()
    seedpost.until(lambda: (seedpost.state / "heartbeat").exists())
    good = seedpost.rules.read_text()
    seedpost.rules.write_text("")
    seedpost.until(lambda: "rules.rejected" in seedpost.events(), "an empty file was taken")
    seedpost.rules.write_text(good.replace("music.format: FLAC", "music.format: MP3", 1))
    seedpost.until(lambda: seedpost.events().count("rules.rejected") == 2, "a failing test was not seen")
    seedpost.rules.write_text(good + "# edited\n")
    seedpost.until(lambda: seedpost.events().count("rules.loaded") == 2, "the good file was not taken")
    assert seedpost.json("status")["rules"]["valid"] is True
    assert seedpost.end() == 0
    assert seedpost.json("status")["running"] is False


def test_R1_a_start_with_an_invalid_file_finishes_what_it_has_and_says_so_loudly(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    seedpost = met(made(tmp_path, sandbox))
    an_album(tmp_path / "rips")
    good = seedpost.rules.read_text()
    seedpost.rules.write_text(good.replace("kind: music", "kind: musik"))
    assert seedpost("run", "--once").returncode == 0
    assert seedpost.states() == {"RED": State.UPLOADED}
    rules = seedpost.json("status")["rules"]
    assert (rules["valid"], "musik" in rules["errors"][0]) == (False, True)
    assert "musik" in seedpost("status").stdout
    assert {"rules.refused", "rules.older", "rules.rejected"} <= set(seedpost.events())
    (seedpost.state / "rules.accepted.yaml").unlink()
    assert seedpost("run", "--once").returncode == 78


def test_R2_R8_R9_a_daemon_outlives_every_file_and_goes_on_by_the_old_rules(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = met(made(tmp_path, sandbox))
    daemon = seedpost.start()
    seedpost.until(lambda: (seedpost.state / "heartbeat").exists())
    good = seedpost.rules.read_bytes()
    worst = [
        b"",
        good[: len(good) // 2],
        b"[" * 100_000,
        b"a: &a [x]\nb: [*a, *a]\n",
        good + b"\x00",
        b"\xff" * 2_000_000,
    ]
    for count, text in enumerate(worst, 1):
        seedpost.rules.write_bytes(text)
        daemon.send_signal(signal.SIGHUP)
        seedpost.until(lambda count=count: seedpost.events().count("rules.rejected") >= count, f"{text[:20]!r}")
    seedpost.rules.unlink()
    daemon.send_signal(signal.SIGHUP)
    seedpost.until(lambda: seedpost.events().count("rules.rejected") > len(worst), "a file that is gone")
    an_album(tmp_path / "rips")
    seedpost.until(lambda: seedpost.states() == {"RED": State.UPLOADED}, "the old rules are not in force")
    assert seedpost.end() == 0


def test_what_was_undecided_is_decided_again_when_other_rules_are_taken(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = met(made(tmp_path, sandbox))
    good = seedpost.rules.read_text()
    waits = good.replace("{kind: music, music.format: FLAC}", "{kind: tv}")
    seedpost.rules.write_text(waits + "otherwise: hold\n")
    an_album(tmp_path / "rips")
    seedpost.start()
    seedpost.until(lambda: seedpost.json("status")["undecided"], "it was decided")
    seedpost.rules.write_text(good)
    seedpost.until(lambda: seedpost.states() == {"RED": State.UPLOADED}, "it was not decided again")
    assert seedpost.json("status")["undecided"] == []
    assert seedpost.end() == 0


def test_a_port_that_is_taken_is_said_in_two_lines(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = made(tmp_path, sandbox)
    taken = seedpost("sandbox", "--port", sandbox.url.rsplit(":", 1)[1])
    assert taken.returncode == 1
    assert len(taken.stderr.splitlines()) == 2
    assert seedpost("sandbox", "--port", "99999").returncode == USAGE


def test_a_queued_job_says_that_its_tracker_is_stopped(tmp_path: Path, sandbox: Sandbox) -> None:
    seedpost = met(made(tmp_path, sandbox))
    sandbox.revoke("redacted")
    an_album(tmp_path / "rips")
    seedpost("run", "--once")
    listed = seedpost("queue", "list").stdout
    assert "RED is stopped" in listed
    assert "seedpost resume RED" in listed


def test_lists_and_truths_are_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    fields({"files": ["journal.jsonl", "blobs/x"], "behind": False, "ok": True, "records": 12, "none": []})
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert told == {"files": "journal.jsonl, blobs/x", "behind": "no", "ok": "yes", "records": "12"}
