"""SIGKILL and faults at every system call of the torrent store and of the vault: truth told, old or new, no help."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support_crash import INFOS, Nursery, nursery, told, unmeasured
from tests.support_strace import Traced, calls, needs_strace
from trackers.secret import Secret
from watcher.durable import FileSystem
from watcher.errors import FAILED, UNKNOWN
from watcher.secrets import Secrets
from watcher.torrents import TorrentLost, TorrentStore, infohash

pytestmark = [pytest.mark.real, needs_strace]


@pytest.fixture(scope="module")
def children() -> Iterator[Nursery]:
    with nursery() as made:
        yield made


def check_torrents(folder: Path) -> list[str]:
    """What is wrong with the store, in words; that it goes on without help."""
    state = folder / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    store, said = TorrentStore(state, FileSystem()), told(folder / "notes")
    wrong = [f"lost: {name}" for name in said["ok"] if not stands(store, INFOS[name.encode()])]
    named = {path.name for path in (state / "torrents").glob("*.info")}
    known = {f"{infohash(info)}.info" for info in INFOS.values() if stands(store, info)}
    wrong += [f"cut: {name}" for name in named - known]
    for info in INFOS.values():
        store.put(info)
        wrong += [] if stands(store, info) else ["it does not go on"]
    return wrong


def stands(store: TorrentStore, info: bytes) -> bool:
    try:
        return store.get(infohash(info)) == info
    except TorrentLost as error:
        if "is missing" not in str(error):
            raise
        return False


def check_vault(folder: Path) -> list[str]:
    """Whether the old or the new vault opens, with all that was promised; that it goes on without help."""
    secrets, said = Secrets(folder / "state", {"HOME": str(folder)}), told(folder / "notes")
    has = {one.name for one in secrets.list()}
    ends = [step for steps in said.values() for step in steps]
    wrong = ["lost: a.one"] if "set-a.one" in said["ok"] and "set-a.two" not in ends and "a.one" not in has else []
    wrong += ["lost: a.two"] if "set-a.two" in said["ok"] and "a.two" not in has else []
    wrong += ["not deleted"] if "delete-a.one" in said["ok"] and "a.one" in has else []
    wrong += (
        ["refused, and deleted"]
        if "set-a.one" in said["ok"] and "delete-a.one" in said["no"] and "a.one" not in has
        else []
    )
    wrong += [f"refused, and there: {one}" for one in ("a.one", "a.two") if f"set-{one}" in said["no"] and one in has]
    for name in has:
        value = secrets.get(name)
        wrong += [] if value is not None and value.reveal() == f"value of {name}" else [f"altered: {name}"]
    secrets.set("a.later", Secret("value of a.later"))
    later = Secrets(folder / "state", {"HOME": str(folder)}).get("a.later")
    return wrong + ([] if later is not None and later.reveal() == "value of a.later" else ["it does not go on"])


CHECKS: dict[str, Callable[[Path], list[str]]] = {"torrents": check_torrents, "vault": check_vault}
FAULTS = {
    "ENOSPC": "write,fsync,openat,rename,mkdir",
    "EIO": "write,fsync,rename,unlink",
    "EROFS": "write,openat,rename,unlink,mkdir",
}


def ran(children: Nursery, script: str, folder: Path, inject: str) -> int:
    folder.mkdir()
    return Traced(children, script, folder / "state", folder / "notes", folder / "log", inject).finish()


def points(children: Nursery, script: str, folder: Path) -> list[tuple[str, int]]:
    found = calls(children, script, folder)
    assert told(folder / "notes")["no"] == []
    return [(name, n) for name, times in sorted(found.items()) for n in range(1, times + 1)]


@pytest.mark.parametrize("script", CHECKS)
def test_a_kill_at_every_system_call_leaves_the_old_or_the_new(children: Nursery, tmp_path: Path, script: str) -> None:
    places = points(children, script, tmp_path / "dry")
    assert len(places) > 20
    for name, n in places:
        folder = tmp_path / f"{name}-{n}"
        assert os.WIFSIGNALED(ran(children, script, folder, f"{name}:signal=SIGKILL:when={n}")), (name, n)
        assert [(name, n, wrong) for wrong in CHECKS[script](folder)] == []


def failing(children: Nursery, tmp_path: Path, script: str, error: str, every: int) -> None:
    places = [(name, n) for name, n in points(children, script, tmp_path / "dry") if name in FAULTS[error].split(",")]
    for often in ("", "+"):
        for name, n in places[every // 2 :: every]:
            folder = tmp_path / f"{name}-{n}{often}"
            assert ran(children, script, folder, f"{name}:error={error}:when={n}{often}") == 0, (error, name, n)
            assert [(error, name, n, often, wrong) for wrong in CHECKS[script](folder)] == []


@pytest.mark.parametrize("script", CHECKS)
@pytest.mark.parametrize("error", FAULTS)
def test_a_failing_system_call_is_answered_truthfully(
    children: Nursery, tmp_path: Path, script: str, error: str
) -> None:
    failing(children, tmp_path, script, error, every=5)


@pytest.mark.long
@pytest.mark.parametrize("script", CHECKS)
@pytest.mark.parametrize("error", FAULTS)
def test_every_failing_system_call_is_answered_truthfully(
    children: Nursery, tmp_path: Path, script: str, error: str
) -> None:
    failing(children, tmp_path, script, error, every=1)


FULL = ["bash", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$@"', "-"]  # no file takes a byte; the terminal does
FAILING = ["strace", "-f", "-qq", "-o", os.devnull, "-e"]


@pytest.mark.parametrize(
    ("under", "code", "text"),
    [
        (FULL, FAILED, "File too large"),
        ([*FAILING, "inject=fsync:error=EIO:when=1+"], UNKNOWN, "written, but the disk did not confirm it"),
        ([*FAILING, "inject=rename:error=EROFS:when=1+"], FAILED, "Read-only file system"),
    ],
    ids=["full", "unconfirmed", "read-only"],
)
def test_the_command_line_says_what_the_disk_did_and_ends_with_the_code_for_it(
    tmp_path: Path, under: list[str], code: int, text: str
) -> None:
    command = [sys.executable, "-m", "watcher", "--state", str(tmp_path / "state"), "secrets", "set", "a.one"]
    home = unmeasured() | {"HOME": str(tmp_path)}  # coverage writes, too
    done = subprocess.run([*under, *command], input="a value\n", capture_output=True, text=True, env=home, timeout=60)
    assert (done.returncode, text in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr
    assert "a value" not in done.stderr
