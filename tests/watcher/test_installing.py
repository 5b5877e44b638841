"""The wheel in an environment of its own, as pipx and uv make one: installed, upgraded below a daemon, taken away."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_seedpost import PATIENCE, Seedpost, an_album, keys_of, rules_of
from trackers.sandbox import Sandbox
from watcher import __version__
from watcher.jobs import State

ROOT = Path(__file__).parents[2]
NEWER = "99.0.0"
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


def wheel(folder: Path) -> Path:
    """The wheel of this tree."""
    tree = folder / "tree"
    tree.mkdir(parents=True)
    for name in ("watcher", "trackers", "docs", "contrib"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "rules.yaml", "rules.schema.json"):
        shutil.copy(ROOT / name, tree)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=tree, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.splitlines()[-1]


def newer(one: Path) -> Path:
    """The same wheel as a later version."""
    path = one.with_name(one.name.replace(__version__, NEWER))
    with zipfile.ZipFile(one) as before, zipfile.ZipFile(path, "w") as after:
        for info in before.infolist():
            data = before.read(info)
            if info.filename == "watcher/__init__.py" or info.filename.endswith(("/METADATA", "/RECORD")):
                data = data.replace(__version__.encode(), NEWER.encode())
            after.writestr(info.filename.replace(__version__, NEWER), data)
    return path


class Environment:
    """An environment with nothing but seedpost; what it depends on is that of the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=PATIENCE)
        (packages,) = folder.glob("lib/*/site-packages")
        (packages / "of-the-tests.pth").write_text(f"{sysconfig.get_path('purelib')}\n")

    @property
    def command(self) -> Path:
        return self.folder / "bin" / "seedpost"

    def pip(self, *words: str) -> None:
        python = str(self.folder / "bin" / "python")
        done = subprocess.run(
            [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr

    def install(self, one: Path) -> None:
        self.pip("install", "--quiet", "--no-index", "--no-deps", "--upgrade", str(one))


class Installed(Seedpost):
    """The commands of that environment over a state folder; nothing of this tree is on their path."""

    environment_of: Environment

    def __call__(self, *words: str, give: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words), env=self.environment, input=give, capture_output=True, text=True, timeout=PATIENCE,
            cwd=self.folder,
        )  # fmt: skip

    def command(self, *words: str) -> list[str]:
        return [str(self.environment_of.command), "--rules", str(self.rules), "--state", str(self.state), *words]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture
def seedpost(tmp_path: Path, sandbox: Sandbox) -> Iterator[Installed]:
    (tmp_path / "rips").mkdir()
    one = Installed(tmp_path, rules_of(tmp_path / "rips", sandbox), keys_of(sandbox))
    one.environment = {key: value for key, value in one.environment.items() if not key.startswith(("PYTHON", "COV"))}
    one.environment_of = Environment(tmp_path / "environment")
    yield one
    one.end(signal.SIGKILL)


def test_a_wheel_is_installed_upgraded_below_a_live_daemon_and_taken_away(tmp_path: Path, seedpost: Installed) -> None:
    environment = seedpost.environment_of
    first = wheel(tmp_path / "wheels")
    holds(first)
    environment.install(first)
    assert seedpost("--version").stdout == f"seedpost, version {__version__}\n"
    assert json.loads(seedpost("rules", "schema", "--json").stdout)["title"]
    assert (environment.folder / "share" / "seedpost" / "seedpost.service").is_file()

    seedpost.start()
    seedpost.until(lambda: seedpost.met("rips"), "the folder was met")
    released(tmp_path, "One")
    seedpost.until(lambda: uploaded(seedpost) == 1, "the first is uploaded")
    environment.install(newer(first))
    assert seedpost("--version").stdout == f"seedpost, version {NEWER}\n"
    assert [row["state"] for row in seedpost.json("queue", "list")] == ["uploaded"], "the new one reads"
    told(seedpost, "pause", "RED")  # the new one appends, and the old one obeys
    told(seedpost, "resume", "RED")
    released(tmp_path, "Two")
    seedpost.until(lambda: uploaded(seedpost) == 2, "the old one goes on")
    assert seedpost.end() == 0

    seedpost.start()  # the new one, over the same state
    released(tmp_path, "Three")
    seedpost.until(lambda: uploaded(seedpost) == 3, "the new one goes on")
    assert seedpost.end() == 0
    assert seedpost.json("journal", "verify")["ok"]

    environment.pip("uninstall", "--quiet", "--yes", "seedpost")
    left = [path for path in environment.folder.rglob("*") if "seedpost" in path.name or path.name == "watcher"]
    assert [path for path in left if not path.is_dir() or os.listdir(path)] == []
    assert {"journal.jsonl", "log", "torrents"} <= set(os.listdir(seedpost.state))


def holds(one: Path) -> None:
    """What a person needs is in it, and nothing of tests and benchmarks."""
    names = zipfile.ZipFile(one).namelist()
    tops = {name.split("/")[0].split("-")[0] for name in names}
    assert tops == {"watcher", "trackers", "seedpost"}
    for wanted in ("py.typed", "rules.schema.json", "seedpost.service", "share/seedpost/rules.yaml",
                   "operations.md", "troubleshooting.md", "LICENSE", "sandbox/album.py"):  # fmt: skip
        assert any(name.endswith(wanted) for name in names), wanted


def released(folder: Path, name: str) -> None:
    """An album that lies ready at once."""
    an_album(folder / "made", name).rename(folder / "rips" / name)


def told(seedpost: Seedpost, *words: str) -> None:
    """Say it until a busy daemon has answered in time to be shown."""
    seedpost.until(lambda: seedpost.json(*words)["result"] == "done", f"{words} is obeyed")


def uploaded(seedpost: Seedpost) -> int:
    from watcher.journal import Journal

    ledger = Journal.open(seedpost.state, writable=False).ledger
    return len(ledger.in_state(State.UPLOADED))
