"""What another user of the machine gets of a running daemon: nothing. Needs root, to become somebody else."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support_seedpost import Seedpost
from trackers.secret import Secret
from watcher.errors import SeedpostError
from watcher.secrets import Secrets, listen, unlock
from watcher.secrets.unlocking import NAME

NOBODY = 65_534
PTRACE_ATTACH = 16
RULES = "version: 1\nclients: {}\nfolders: [{name: rips, path: 'FOLDER'}]\nrules: []\n"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),  # the child calls nothing that another thread holds
]


def as_nobody(action: Callable[[], object]) -> object:
    """What `action` returns, or the name of what it raised, as a user without any right: in a child that is no more."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reads)
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            said: object = action()
        except Exception as error:
            said = type(error).__name__
        os.write(writes, json.dumps(said, default=str).encode())
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads, "rb") as answer:
        said = json.loads(answer.read() or b'"nothing"')
    os.waitpid(child, 0)
    return said


@pytest.fixture
def seedpost(tmp_path: Path) -> Seedpost:
    for folder in (tmp_path, *list(tmp_path.parents)[:2]):
        folder.chmod(folder.stat().st_mode | 0o055)  # only seedpost's own modes stand between them
    (tmp_path / "rips").mkdir()
    rules = RULES.replace("FOLDER", str(tmp_path / "rips"))
    one = Seedpost(tmp_path, rules, {"SEEDPOST_SECRET_RED_API_KEY": "c4nary-key"})
    Secrets(one.state, one.environment).set("red.api_key", Secret("c4nary-of-the-vault"))
    return one


@pytest.fixture
def daemon(seedpost: Seedpost) -> Iterator[subprocess.Popen[bytes]]:
    running = seedpost.start()
    seedpost.until(lambda: (seedpost.state / "heartbeat").exists())
    yield running
    seedpost.end()


def test_another_user_gets_nothing_of_a_running_daemon(seedpost: Seedpost, daemon: subprocess.Popen[bytes]) -> None:
    state, process = seedpost.state, Path("/proc") / str(daemon.pid)
    assert as_nobody(lambda: (seedpost.folder / "rules.yaml").exists()) is True  # the way there is open
    inside = list(state.rglob("*"))
    assert {"vault", "journal.jsonl", "heartbeat", NAME} <= {path.name for path in inside}
    for path in inside:
        assert path.stat().st_mode & 0o077 == 0, path
        assert as_nobody(path.read_bytes) == "PermissionError", path
        assert as_nobody(lambda path=path: path.write_bytes(b"")) == "PermissionError", path
    assert as_nobody(lambda: list(state.iterdir())) == "PermissionError"
    key = seedpost.folder / ".config" / "seedpost" / "vault.key"
    assert as_nobody(key.read_bytes) == "PermissionError"

    for name in ("environ", "maps", "mem"):
        assert as_nobody(lambda name=name: (process / name).read_bytes()[:10]) == "PermissionError", name
    assert as_nobody(lambda: list((process / "fd").iterdir())) == "PermissionError"
    assert b"c4nary" not in (process / "cmdline").read_bytes()
    libc = ctypes.CDLL(None, use_errno=True)
    assert as_nobody(lambda: libc.ptrace(PTRACE_ATTACH, daemon.pid, 0, 0)) == -1
    assert as_nobody(lambda: _connected(state / NAME)) == "PermissionError"
    assert _ports(daemon.pid) == []


def _connected(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
    return True


def _ports(pid: int) -> list[str]:
    """The TCP sockets on which a process listens, as the kernel's table has them."""
    rows = [row.split() for table in ("tcp", "tcp6") for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    listening = {row[9]: row[1] for row in rows if row[3] == "0A"}
    held = [os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir() if one.is_symlink()]
    return [address for inode, address in listening.items() if f"socket:[{inode}]" in held]


def test_the_socket_knows_who_asks_even_where_its_folder_lets_them_through(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    given: list[Secret] = []
    close = listen(state, given.append)
    for folder in (state, tmp_path, *list(tmp_path.parents)[:2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    (state / NAME).chmod(0o777)
    try:
        said = as_nobody(lambda: _told(state))
        assert said in ("ConnectionResetError", "BrokenPipeError", "SeedpostError", "")
        assert given == []
    finally:
        close()


def _told(state: Path) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(state / NAME))
        connection.sendall(b"a passphrase of a stranger\n")
        return connection.makefile("rb").read().decode()


def test_no_passphrase_goes_to_a_socket_that_somebody_else_serves(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o777)
    for folder in (tmp_path, *list(tmp_path.parents)[:2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    ready, begin = os.pipe()
    child = os.fork()
    if child == 0:
        os.setresuid(NOBODY, NOBODY, NOBODY)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(state / NAME))
        listener.listen()
        os.write(begin, b".")
        connection, _ = listener.accept()
        connection.settimeout(10)
        heard = connection.recv(100)
        os._exit(1 if heard else 0)
    assert os.read(ready, 1) == b"."
    try:
        with pytest.raises(SeedpostError, match="who gets no passphrase"):
            unlock(state, Secret("a passphrase of ours"))
    finally:
        _, status = os.waitpid(child, 0)
        os.close(ready)
        os.close(begin)
    assert os.waitstatus_to_exitcode(status) == 0
