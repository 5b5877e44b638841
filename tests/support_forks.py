"""Commands of `seedpost` in forks of a process that has imported it already. Run as a program it is that process.

A command begins with half a second of imports, twice that under coverage, and the tests start hundreds. What is run in
a fork is the whole command line with its own environment, folder, files and exit code; only the imports are shared.
Tests of what the start itself does (late imports, broken environments, signals, crashes) use a process of their own.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("watcher", "trackers")
# Python reads these before the first line runs: a command that differs in them is not what a fork would show.
HURRIED = "HURRIED"  # in the environment of a command: see `_hurry`
AT_START = ("PYTHON", "LC_", "LANG", "COVERAGE_", "LD_")


class Forks:
    """The test's handle on the process that forks; it is started by the first command."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        asked, self._asking = os.pipe()
        self._answers, answering = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support_forks", str(asked), str(answering)],
            cwd=ROOT,
            env=dict(environment),
            pass_fds=(asked, answering),
            stdin=subprocess.DEVNULL,
        )
        os.close(asked)
        os.close(answering)
        self._rest = b""
        self._said = select.poll()  # which takes any number of a file
        self._said.register(self._answers, select.POLLIN)
        atexit.register(self.close)

    def run(
        self, words: Sequence[str], environment: Mapping[str, str], give: str, patience: float
    ) -> subprocess.CompletedProcess[str]:
        """One command to its end. Raises subprocess.TimeoutExpired after `patience` seconds; it is killed then."""
        with tempfile.TemporaryDirectory(prefix="fork-") as folder:
            paths = [Path(folder) / name for name in ("in", "out", "err")]
            paths[0].write_text(give)
            asked = {"words": [*words], "env": dict(environment), "cwd": str(Path.cwd()), "files": [*map(str, paths)]}
            os.write(self._asking, json.dumps(asked).encode() + b"\n")
            end = time.monotonic() + patience
            pid = self._answer(end)
            try:
                code = self._answer(end)
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                self._answer(time.monotonic() + patience)
                raise subprocess.TimeoutExpired([*words], patience) from None
            return subprocess.CompletedProcess([*words], code, paths[1].read_text(), paths[2].read_text())

    def _answer(self, end: float) -> int:
        while b"\n" not in self._rest:
            if not self._said.poll(max(0.0, end - time.monotonic()) * 1000):
                raise TimeoutError
            part = os.read(self._answers, 4096)
            assert part, "the process that forks died"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return int(line)

    def close(self) -> None:
        """End it: it saves what it measured."""
        os.close(self._asking)
        os.close(self._answers)
        self._process.wait()


_forks: dict[bool, Forks] = {}


def run(
    words: Sequence[str], environment: Mapping[str, str], give: str, patience: float
) -> subprocess.CompletedProcess[str]:
    """`seedpost` with these words in a fork; in a process of its own where the environment would shape its start."""
    measured = any(key.startswith("COVERAGE_") for key in environment)
    base = {key: value for key, value in os.environ.items() if measured or not key.startswith("COVERAGE_")}
    if _at_start(environment) != _at_start(base):
        return subprocess.run(
            [sys.executable, "-m", "watcher", *words],
            env=dict(environment), input=give, capture_output=True, text=True, timeout=patience,
        )  # fmt: skip
    if measured not in _forks:
        _forks[measured] = Forks(base)
    return _forks[measured].run(words, environment, give, patience)


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environment.items() if key.startswith(AT_START)}


# -- what follows runs in the process that forks, and in the forks


def _import_all() -> None:
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(path, package + "."):
            if not module.name.endswith(".__main__"):
                importlib.import_module(module.name)


def _serve(asked: int, answering: int) -> dict[str, object] | None:
    """Fork for every line; what a fork is to do, in the fork, and None at the end."""
    with os.fdopen(asked, "rb") as lines:
        for line in lines:
            child = os.fork()
            if not child:
                os.close(answering)
                found: dict[str, object] = json.loads(line)
                return found
            os.write(answering, b"%d\n" % child)
            _, status = os.waitpid(child, 0)
            os.write(answering, b"%d\n" % os.waitstatus_to_exitcode(status))
    return None


def _hurry() -> None:
    """Ten seconds' worth of a sandbox's requests wait for nobody. What a test shows by many starts is not the limiter,
    which has tests of its own, and waits as ever in each command that is a process."""
    catalogue = importlib.import_module("trackers.catalogue")
    for name, entry in catalogue.TYPES.items():
        if entry.sandbox:
            catalogue.TYPES[name] = replace(entry, limit=replace(entry.limit, requests=1000))


def _become(words: list[str], env: dict[str, str], cwd: str, files: list[str]) -> None:
    for number, path in enumerate(files):
        fd = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(fd, number)
        os.close(fd)
    sys.stdin = os.fdopen(os.dup(0), "r")
    if env.pop(HURRIED, None):
        _hurry()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["seedpost", *words]


if __name__ == "__main__":
    _import_all()
    from watcher.__main__ import main

    told = _serve(int(sys.argv[1]), int(sys.argv[2]))
    if told is not None:
        _become(**told)  # type: ignore[arg-type]
        main()
