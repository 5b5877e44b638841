"""Processes to kill. Run as a program it is a nursery: it has imported the journal, and forks a child for each life.

A child runs one of the scripts below against a state folder, and notes in a file what it was told: `ok 12 token` for
what was acknowledged, `no token` for what was refused, `unknown token` for what may be on disk or not. Nothing is noted
of a call that did not return.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PR_SET_PTRACER = 0x59616D61


def unmeasured() -> dict[str, str]:
    """The environment without coverage: a process that is killed measures nothing, and is slower for it."""
    return {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}


class Nursery:
    """The test's handle on a nursery."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [os.path.realpath(sys.executable), "-m", "tests.support_crash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**unmeasured(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": "0"},
        )

    def ask(self, *words: object) -> str:
        """One line there, one line back."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer, "the nursery died"
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery that ends with the test."""
    made = Nursery()
    try:
        yield made
    finally:
        made.close()


def told(path: Path) -> dict[str, list[str]]:
    """What the children noted: tokens by `ok`, `no`, `unknown`; of `ok` as `seq token`."""
    found: dict[str, list[str]] = {"ok": [], "no": [], "unknown": []}
    for line in path.read_text().splitlines() if path.exists() else ():
        word, _, rest = line.partition(" ")
        found[word].append(rest)
    return found


# -- what follows runs in the nursery and its children


def _note(notes: int, *words: object) -> None:
    os.writev(notes, [(" ".join(map(str, words)) + "\n").encode()])  # not write: that one is made to fail


def _append(journal: object, notes: int, token: str, **more: object) -> list[int]:
    from watcher.journal import AppendRefused, Unknown

    try:
        seqs = journal.append([{"type": "command", "do": "look", "path": token, **more}])  # type: ignore[attr-defined]
    except Unknown:
        _note(notes, "unknown", token)
    except AppendRefused:
        _note(notes, "no", token)
    else:
        _note(notes, "ok", seqs[0], token)
        return list(seqs)
    return []


def script(state: Path, notes: int) -> None:
    """Each thing a journal does once: a start, appends, a torn tail, a blob, compactions, a second writer."""
    from watcher.errors import SeedpostError
    from watcher.journal import Journal

    try:
        journal = Journal.open(state)
        _append(journal, notes, "one")
        _tear(state / "journal.jsonl")
        _append(journal, notes, "two")
        _compact(journal)
        _append(journal, notes, "three", **{"with": "x" * 70_000})
        other = Journal.open(state)
        _append(other, notes, "four")
        _append(journal, notes, "five")
        _compact(journal)
        _append(other, notes, "six")
    except SeedpostError as error:
        _note(notes, "no", type(error).__name__)


def _tear(path: Path) -> None:
    """Leave what a killed writer leaves."""
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.writev(fd, [b'{"v":1,"seq":'])
        os.close(fd)


def _compact(journal: object) -> None:
    from watcher.journal import AppendRefused

    with contextlib.suppress(AppendRefused):
        journal.compact()  # type: ignore[attr-defined]


def appender(state: Path, notes: int) -> None:
    """Append for ever; answer what is old, so that the journal stays short."""
    from watcher.journal import Journal

    journal = Journal.open(state, fs=_disk())
    me = f"{os.getpid()}-{random.randrange(1 << 40)}"
    count = 0
    while True:
        count += 1
        old = [command["seq"] for command in journal.ledger.commands[:-20]]
        journal.append([{"type": "command", "do": "answer", "of": seq, "result": "done"} for seq in old[:5]])
        _append(journal, notes, f"{me}-{count}")
        journal.refresh()


def compactor(state: Path, notes: int) -> None:
    """Compact for ever."""
    from watcher.journal import Journal

    journal = Journal.open(state, fs=_disk())
    while True:
        journal.refresh()
        journal.compact()


INFOS = {name: b"d6:lengthi1e4:name%d:%s12:piece lengthi16384e6:pieces20:%se" % (len(name), name, b"p" * 20)
         for name in (b"one", b"two")}  # fmt: skip


def torrents(state: Path, notes: int) -> None:
    """What the torrent store does: a first info dictionary, another, the first again."""
    from watcher.torrents import TorrentStore

    for name in (b"one", b"two", b"one"):
        _changed(notes, name.decode(), lambda name=name: TorrentStore(_made(state), _disk()).put(INFOS[name]))


def vault(state: Path, notes: int) -> None:
    """What `secrets set` and `secrets delete` do, each as in a process of its own."""
    from trackers.secret import Secret
    from watcher.secrets import Secrets

    def at_hand() -> Secrets:
        return Secrets(state, {"HOME": str(state.parent)}, fs=_disk())

    for name in ("a.one", "a.two"):
        _changed(notes, f"set-{name}", lambda name=name: at_hand().set(name, Secret(f"value of {name}")))
    _changed(notes, "delete-a.one", lambda: at_hand().delete("a.one"))


def once(state: Path, notes: int) -> None:
    """What `run --once` does, with the rules and the secrets beside the state folder."""
    from watcher.cli import main

    os.environ.update(json.loads((state.parent / "environment").read_text()))
    with contextlib.suppress(SystemExit):
        main(["--rules", str(state.parent / "rules.yaml"), "--state", str(state), "run", "--once"])


def _made(state: Path) -> Path:
    state.mkdir(mode=0o700, exist_ok=True)
    return state


def _changed(notes: int, token: str, change: object) -> None:
    from watcher.durable import FlushFailed
    from watcher.errors import SeedpostError

    try:
        change()  # type: ignore[operator]
    except FlushFailed:
        _note(notes, "unknown", token)
    except (OSError, SeedpostError):
        _note(notes, "no", token)
    else:
        _note(notes, "ok", token)


def _disk() -> object:
    from watcher.durable import FileSystem

    class NoLock(FileSystem):
        """The mutant: everybody has the lock."""

        def lock(self, fd: int, how: int) -> None:
            return

    class NoFlush(FileSystem):
        """The mutant: nothing is flushed."""

        def flush(self, fd: int) -> None:
            return

        def sync(self, fd: int) -> None:
            return

    mutants = {"WITHOUT_LOCK": NoLock, "WITHOUT_FLUSH": NoFlush}
    return next((made for name, made in mutants.items() if os.environ.get(name)), FileSystem)()


SCRIPTS = {
    "script": script, "torrents": torrents, "vault": vault, "appender": appender, "compactor": compactor, "once": once,
}  # fmt: skip


def _child(name: str, state: str, notes: str, stopped: bool) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)  # so that strace may attach without being root
    code = 1
    try:
        os.close(0)
        fd = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        if stopped:
            os.kill(os.getpid(), signal.SIGSTOP)
        SCRIPTS[name](Path(state), fd)
        code = 0
    except BaseException:
        if not {"WITHOUT_LOCK", "WITHOUT_FLUSH"} & os.environ.keys():
            sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _fork(name: str, state: str, notes: str, stopped: bool = False) -> int:
    pid = os.fork()
    if pid == 0:
        _child(name, state, notes, stopped)
    return pid


def _kill_at_random(state: str, notes: str, kills: str, seed: str) -> str:
    """Three appenders and a compactor, one of which dies every few milliseconds and is replaced."""
    dice = random.Random(int(seed))
    names = ["appender"] * 3 + ["compactor"]
    alive = {_fork(name, state, notes): name for name in names}
    failed = 0
    for _ in range(int(kills)):
        signal.sigtimedwait([], dice.random() ** 2 * 0.01)
        pid = dice.choice(list(alive))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        failed += not os.WIFSIGNALED(status)
        name = alive.pop(pid)
        alive[_fork(name, state, notes)] = name
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return f"{failed} failed"


def main(lines: Sequence[str]) -> None:
    """Take orders: `start|stopped NAME STATE NOTES`, `pause|wait PID`, `kills STATE NOTES KILLS SEED`."""
    import watcher.cli
    import watcher.journal  # imported once, for all children
    import watcher.secrets.vault
    import watcher.service.running
    import watcher.torrents  # noqa: F401

    for line in lines:
        order, *words = line.split()
        if order == "stopped":
            pid = _fork(words[0], words[1], words[2], stopped=True)
            os.waitid(os.P_PID, pid, os.WSTOPPED)
            print(pid, flush=True)
        elif order == "wait":
            print(os.waitpid(int(words[0]), 0)[1], flush=True)
        elif order == "pause":
            os.kill(int(words[0]), signal.SIGSTOP)
            os.waitid(os.P_PID, int(words[0]), os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            print("paused", flush=True)
        elif order == "start":
            print(_fork(*words), flush=True)
        elif order == "kills":
            print(_kill_at_random(*words), flush=True)


if __name__ == "__main__":
    main(sys.stdin)  # type: ignore[arg-type]
