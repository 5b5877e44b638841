"""`seedpost` as a process of its own, over a state folder and rules of a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support_crash import unmeasured
from tests.support_forks import run
from trackers.sandbox import Sandbox
from trackers.sandbox.album import write_album
from watcher.jobs import Job, State
from watcher.journal import Journal

PATIENCE = 90.0
RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: none}}
folders:
  - {{name: rips, path: '{folder}', settle: 1s}}
trackers:
  RED: {{type: sandbox-redacted, url: '{url}', new_group: {new_group}, web_flac: upload, quiet: {quiet}}}
rules:
  - name: albums
    match: {{kind: music, music.format: FLAC}}
    upload_to: {{RED: {{set: {{image: 'https://pictures.invalid/c.png'}}}}}}
tests:
  - {{given: {{kind: music, music.format: FLAC}}, expect: {{rule: albums, upload_to: [RED]}}}}
"""


class Seedpost:
    """A folder with rules and state, and the commands over it."""

    def __init__(
        self, folder: Path, rules: str, secrets: Mapping[str, str], *, measured: bool = True, daemon: bool = False
    ) -> None:
        """`measured`: coverage follows the commands; `daemon`: the daemon too, which takes twice as long then."""
        self.folder, self.state = folder, folder / "state"
        self.rules = folder / "rules.yaml"
        self.rules.write_text(rules)
        self.environment = {
            **(os.environ if measured else unmeasured()),
            **secrets,
            "HOME": str(folder),
            "COLUMNS": "200",
        }
        self.environment.pop("SEEDPOST_RULES", None)
        self._daemon_measured = daemon
        self._daemon: subprocess.Popen[bytes] | None = None

    def command(self, *words: str) -> list[str]:
        """A process of its own."""
        return [sys.executable, "-m", "watcher", *self.words(*words)]

    def words(self, *words: str) -> list[str]:
        """The words of a command line, with rules and state of this test."""
        return ["--rules", str(self.rules), "--state", str(self.state), *words]

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """The daemon, or another command that goes on."""
        log = (self.folder / "stderr").open("ab")
        hidden = () if words or self._daemon_measured else ("COVERAGE_",)
        environment = {key: value for key, value in self.environment.items() if not key.startswith(hidden)}
        self._daemon = subprocess.Popen(
            self.command(*(words or ("run",))), env=environment, stdout=subprocess.DEVNULL, stderr=log
        )
        log.close()
        return self._daemon

    def __call__(self, *words: str, give: str = "") -> subprocess.CompletedProcess[str]:
        """One command in a fork, to its end."""
        return run(self.words(*words), self.environment, give, PATIENCE)

    def json(self, *words: str) -> Any:
        done = self(*words, "--json")
        return json.loads(done.stdout)

    def end(self, number: int = signal.SIGTERM) -> int:
        """End the daemon; its exit code."""
        if self._daemon is None:
            return 0
        if self._daemon.poll() is None:
            self._daemon.send_signal(number)
        code = self._daemon.wait(PATIENCE)
        self._daemon = None
        return code

    def jobs(self) -> dict[str, Job]:
        """The jobs by tracker, as the journal has them now."""
        if not (self.state / "journal.jsonl").exists():
            return {}
        with closing(Journal.open(self.state, writable=False)) as journal:
            return {job.tracker: job for job in journal.ledger.jobs.values()}

    def states(self) -> dict[str, State]:
        return {tracker: job.state for tracker, job in self.jobs().items()}

    def until(self, true: Callable[[], object], what: str = "") -> None:
        """Wait for another process to have done something."""
        end = time.monotonic() + PATIENCE
        while not true():
            told = (self.folder / "stderr").read_text()[-3000:] if (self.folder / "stderr").exists() else ""
            if self._daemon is not None and self._daemon.poll() is not None:
                raise AssertionError(f"the daemon ended with {self._daemon.returncode}: {told}")
            if time.monotonic() > end:
                raise AssertionError(f"{what or 'nothing'} came of it: {self.jobs()}\n{told}")
            time.sleep(0.05)

    def met(self, source: str) -> bool:
        """Whether a client or folder has its baseline: what comes from now on is new."""
        path = self.state / "log" / "seedpost.jsonl"
        told = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return any((line["event"], line.get("source")) == ("source.baseline", source) for line in told)

    def events(self) -> list[str]:
        """The events of the log file, in order."""
        lines = (self.state / "log" / "seedpost.jsonl").read_text().splitlines()
        return [json.loads(line)["event"] for line in lines]


def keys_of(sandbox: Sandbox) -> dict[str, str]:
    """The sandbox's keys, as the environment gives them."""
    return {
        "SEEDPOST_SECRET_RED_API_KEY": sandbox.account("redacted").api_key,
        "SEEDPOST_SECRET_OPS_API_KEY": sandbox.account("orpheus").api_key,
    }


def rules_of(folder: Path, sandbox: Sandbox, *, new_group: str = "upload", quiet: str = "1s") -> str:
    """Albums of one folder go to the sandbox's RED."""
    return RULES.format(folder=folder, url=sandbox.url_of("redacted"), new_group=new_group, quiet=quiet)


def an_album(folder: Path, name: str = "Album") -> Path:
    return write_album(folder, artist="The Loopbacks", album=name, year=2020, tracks=2, media="WEB", seconds=0.2)
