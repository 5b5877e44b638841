"""The worst day: thirty held jobs of six kinds, a revoked key, a wrong medium, a rule that was too wide, a lost answer,
a stopped tracker; each put right by the commands that `status` prints, on the real command line."""

from __future__ import annotations

import io
import json
import shlex
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support_seedpost import PATIENCE
from trackers.clock import Clock
from trackers.sandbox import Fault, Sandbox
from trackers.sandbox.album import write_album
from watcher import cli
from watcher.config import load
from watcher.jobs import State
from watcher.logs import configure
from watcher.secrets import Secrets
from watcher.service.running import Service

RULES = """\
version: 1
state: '{state}'
defaults: {{mode: upload, brake: {brake}}}
seed: {{client: none}}
folders:
  - {{name: rips, path: '{rips}', settle: 1s}}
trackers:
  RED: {{type: sandbox-redacted, url: '{red}', new_group: upload, web_flac: upload, quiet: 2s, share: 0.6}}
  OPS: {{type: sandbox-orpheus, url: '{ops}', web_flac: upload, quiet: 2s, share: 0.6}}
rules:
  - {{name: live, match: {{kind: music, name: '*Live*'}}, upload_to: {{RED: {{mode: review}}}}}}
  - {{name: elsewhere, match: {{kind: music, name: '*Other*'}}, upload_to: {{OPS: {{}}}}}}
  - {{name: albums, match: {{name: '*Album*'}}, require: {{music.media: [CD, WEB]}}, upload_to: {{RED: {{}}}}}}
  - {{name: singles, match: {{kind: music, name: '*Single*'}}, upload_to: {{RED: {{}}}}}}
  - {{name: solos, match: {{kind: music, name: '*Solo*'}}, upload_to: {{OPS: {{}}}}}}
  - {{name: everything, match: {{name: '{everything}'}}, upload_to: {{RED: {{}}}}}}
"""
SPEED = 20.0


class Fast(Clock):
    """The machine's clock, twenty times as fast: sites' limits are kept, and cost no minutes."""

    def __init__(self) -> None:
        self._wall, self._began = time.time(), time.monotonic()

    def now(self) -> float:
        return self._wall + SPEED * (time.monotonic() - self._began)

    def running(self) -> float:
        return SPEED * (time.monotonic() - self._began)

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        return super().wait(seconds / SPEED, wake)


class Keyboard(io.StringIO):
    """Lines that a person types at a terminal."""

    def isatty(self) -> bool:
        return True


class Day:
    """A daemon in a thread over a folder, and a person who types what `status` says."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._capsys, self._monkeypatch = folder, capsys, monkeypatch
        self.clock = Fast()
        self.sandbox = Sandbox(clock=self.clock)
        self.sandbox.start(0)
        self.rips, self.path, self.state = folder / "rips", folder / "rules.yaml", folder / "state"
        self.rips.mkdir()
        self.typed: list[str] = []

    def rules(self, *, brake: str, everything: str) -> None:
        red, ops = (self.sandbox.url_of(site) for site in ("redacted", "orpheus"))
        self.path.write_text(RULES.format(state=self.state, brake=brake, rips=self.rips, red=red, ops=ops,
                                          everything=everything))  # fmt: skip

    def edit(self, *, brake: str, everything: str) -> None:
        """Save the rules anew, and wait until the daemon has taken them."""
        self.rules(brake=brake, everything=everything)
        digest = load(self.path).digest
        self.until(lambda: self.service.config.digest == digest, "the rules are taken")

    def stopped(self, tracker: str) -> bool:
        """Whether a lane waits for a person."""
        breaker = json.loads(self.run("seedpost status --json"))["lanes"][tracker]["breaker"]
        return breaker is not None and not breaker["until"]

    def begin(self) -> None:
        self.service = Service(load(self.path), Secrets(self.state, {}), state=self.state, clock=self.clock)
        for source in self.service.watches.sources:
            source.poll_once()  # the baseline: what comes from now on is new
        self._loop = threading.Thread(target=self.service.run, name="daemon")
        self._loop.start()

    def end(self) -> None:
        self.sandbox.release()
        self.service.stop()
        self._loop.join()
        self.service.close()
        self.sandbox.stop()

    def run(self, command: str, give: str = "") -> str:
        """One command line, as a person types it; what it printed. It has to end well."""
        self._capsys.readouterr()
        self._monkeypatch.setattr(sys, "stdin", Keyboard(give) if give.endswith("\n") else io.StringIO(give))
        with pytest.raises(SystemExit) as ended:
            cli.main([*shlex.split(command)[1:], "--rules", str(self.path)])
        printed = self._capsys.readouterr()
        assert ended.value.code == 0, f"{command}: {printed.out}{printed.err}"
        return printed.out

    def needs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("seedpost status --json"))["needs"]
        return found

    def need(self, about: str, code: str) -> dict[str, Any]:
        """The one question of this code."""
        (found,) = (one for one in self.needs() if (one["about"], one["code"]) == (about, code))
        return found

    def offered(self, about: str, code: str, *words: str) -> str:
        """The command with these words that `status` prints below this question."""
        commands = [one["run"] for one in self.need(about, code)["commands"]]
        (command,) = (one for one in commands if all(word in one for word in words))
        assert command in self.run("seedpost status"), "the screen has it too"
        self.typed.append(command)
        return str(command)

    def type(self, command: str, fill: str = "", give: str = "") -> None:
        """Type a command of `status`, with what it leaves open filled in."""
        assert ("…" in command) == bool(fill)
        self.run(command.replace("…", fill), give)

    def album(self, name: str, media: str = "WEB", *, cover: bool = True, genre: bool = True) -> None:
        tags = {} if genre else {"GENRE": None}
        made = write_album(self.folder / "made", artist="The Loopbacks", album=name, year=2020, tracks=1, media=media,
                           seconds=0.1, cover=cover, tags=tags)  # fmt: skip
        made.rename(self.rips / made.name)

    def until(self, true: Callable[[], object], what: str) -> None:
        """Wait for the daemon to have done something."""
        end = time.monotonic() + PATIENCE
        while not true():
            jobs = [(job.tracker, job.state, job.code, job.why) for job in self.service.journal.ledger.jobs.values()]
            assert time.monotonic() < end and not self.service.stopping.is_set(), f"{what}: {jobs}"
            self.clock.wait(1.0)

    def counts(self) -> Counter[str]:
        """Jobs by state, the held ones by code."""
        jobs = self.service.journal.ledger.jobs.values()
        return Counter(str(job.code if job.state is State.HELD else job.state) for job in jobs)


@pytest.fixture
def day(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Day]:
    for name in ("SEEDPOST_RULES", "SEEDPOST_STATE", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    one = Day(tmp_path, capsys, monkeypatch)
    one.rules(brake="1000/h", everything="nothing yet")
    one.run("seedpost secrets set red.api_key", one.sandbox.account("redacted").api_key)
    one.run("seedpost secrets set ops.api_key", one.sandbox.account("orpheus").api_key)
    configure(state=None, level="error")
    one.begin()
    yield one
    one.end()


def test_the_worst_day_is_put_right_by_the_commands_that_status_prints(day: Day) -> None:
    thirty_are_held(day)
    an_answer_is_lost(day)
    a_key_is_revoked(day)
    a_tracker_is_stopped(day)
    assert sum(one["count"] for one in day.needs() if one["what"] == "job") == 31
    the_key_is_replaced(day)
    the_lost_answer_is_told(day)
    the_rule_is_mended(day)
    the_held_are_answered(day)
    day.until(lambda: set(day.counts()) == {"uploaded", "cancelled"}, "all is put right")
    day.until(lambda: not day.needs(), "nothing waits for a person")
    assert "needs you" not in day.run("seedpost status")
    assert day.counts() == {"uploaded": 13 + 2 + 3, "cancelled": 17}
    assert once_each(day.sandbox, "redacted") and once_each(day.sandbox, "orpheus")
    assert len(day.typed) == 10


def thirty_are_held(day: Day) -> None:
    for number in range(3):
        day.album(f"Live {number}")
        day.album(f"Album {number} without a genre", genre=False)
        day.album(f"Album {number} of the wrong medium", "Vinyl")
    for number in range(2):
        day.album(f"Album {number} without a cover", cover=False)
        day.album(f"Other {number}")
    held = {"require": 3, "review": 3, "form": 3, "no-cover": 2, "new-group": 2}
    day.until(lambda: day.counts() == held, "13 are held")
    day.edit(brake="2/h", everything="*")  # too wide, and the brake holds all but two
    for number in range(19):
        day.album(f"Mixtape {number} of the family")
    day.until(lambda: day.counts() == held | {"brake": 17, "uploaded": 2}, "30 are held")


def an_answer_is_lost(day: Day) -> None:
    """Proved absent, it is sent again, and that answer is lost as well: now a person has to say what is there."""
    day.sandbox.fail("redacted", Fault("reset", times=2))
    day.album("Single that nobody answered")
    day.until(lambda: day.counts()["second-unknown"], "its outcome is unknown")


def a_key_is_revoked(day: Day) -> None:
    day.sandbox.revoke("redacted")
    day.album("Single after the key")
    day.until(lambda: day.stopped("RED"), "RED is stopped")


def a_tracker_is_stopped(day: Day) -> None:
    """The site sends whoever asks to its login page."""
    day.sandbox.fail("orpheus", Fault("login", action="*", times=0))
    day.album("Solo that is sent to the login")
    day.until(lambda: day.stopped("OPS"), "OPS is stopped")


def the_key_is_replaced(day: Day) -> None:
    stores, resumes = day.offered("RED", "key-refused", "secrets set"), day.offered("RED", "key-refused", "resume")
    store = day.sandbox.store("redacted")
    with store.lock:
        store.user("uploader").token = "a-new-key-of-the-sandbox"
    day.type(stores, give="a-new-key-of-the-sandbox")
    day.type(resumes)
    day.until(lambda: not day.stopped("RED"), "RED goes on")
    day.sandbox.clear("orpheus")
    day.type(day.offered("OPS", "login", "resume"))
    day.until(lambda: not day.stopped("OPS"), "OPS goes on")


def the_lost_answer_is_told(day: Day) -> None:
    day.type(day.offered("RED", "second-unknown", "resolve", "--absent"), give="absent\n")
    day.until(lambda: not day.counts()["second-unknown"] and not day.counts()["unconfirmed"], "it goes out again")


def the_rule_is_mended(day: Day) -> None:
    day.edit(brake="2/h", everything="*to share*")
    day.type(day.offered("RED", "brake", "redecide"))
    day.until(lambda: day.counts()["cancelled"] == 17, "what it should not have taken goes nowhere")


def the_held_are_answered(day: Day) -> None:
    day.type(day.offered("RED", "require", "edit", "music.media=…"), fill="WEB")
    day.type(day.offered("RED", "form", "edit", "tags=…"), fill="electronic")
    day.type(day.offered("RED", "no-cover", "edit", "image=…"), fill="https://pictures.invalid/cover.png")
    day.type(day.offered("RED", "review", "approve"))
    day.until(lambda: day.counts()["new-group"] == 3, "the other one is held as well")
    day.type(day.offered("OPS", "new-group", "approve"))


def once_each(sandbox: Sandbox, site: str) -> bool:
    """No info-hash stands there twice."""
    ours = [one.infohash for one in sandbox.torrents(site, "uploader")]
    return len(ours) == len(set(ours)) > 0
