"""What another user of the machine gets of a running daemon: nothing. Needs root, to become somebody else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_other_user import OtherUser, let_through
from tests.support_seedpost import Seedpost
from trackers.secret import Secret
from watcher.errors import SeedpostError
from watcher.secrets import Secrets, listen, unlock
from watcher.secrets.unlocking import NAME

RULES = "version: 1\nclients: {}\nfolders: [{name: rips, path: 'FOLDER'}]\nrules: []\n"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def nobody() -> Iterator[OtherUser]:
    with OtherUser() as one:
        yield one


@pytest.fixture
def seedpost(tmp_path: Path) -> Seedpost:
    let_through(tmp_path)  # only seedpost's own modes stand between them
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


def test_another_user_gets_nothing_of_a_running_daemon(
    seedpost: Seedpost, daemon: subprocess.Popen[bytes], nobody: OtherUser
) -> None:
    state, process = seedpost.state, Path("/proc") / str(daemon.pid)
    assert nobody.gets("exists", seedpost.folder / "rules.yaml") is True  # the way there is open
    inside = list(state.rglob("*"))
    assert {"vault", "journal.jsonl", "heartbeat", NAME} <= {path.name for path in inside}
    for path in inside:
        if path.exists():  # the heartbeat is replaced all the time
            assert path.stat().st_mode & 0o077 == 0, path
        assert nobody.gets("read", path) == "PermissionError", path
        assert nobody.gets("write", path) == "PermissionError", path
    assert nobody.gets("list", state) == "PermissionError"
    key = seedpost.folder / ".config" / "seedpost" / "vault.key"
    assert nobody.gets("read", key) == "PermissionError"

    for name in ("environ", "maps", "mem"):
        assert nobody.gets("read", process / name) == "PermissionError", name
    assert nobody.gets("list", process / "fd") == "PermissionError"
    assert b"c4nary" not in (process / "cmdline").read_bytes()
    assert nobody.gets("ptrace", daemon.pid) == -1
    assert nobody.gets("connect", state / NAME) == "PermissionError"
    assert _ports(daemon.pid) == []


def _ports(pid: int) -> list[str]:
    """The TCP sockets on which a process listens, as the kernel's table has them."""
    rows = [row.split() for table in ("tcp", "tcp6") for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    listening = {row[9]: row[1] for row in rows if row[3] == "0A"}
    held = [os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir() if one.is_symlink()]
    return [address for inode, address in listening.items() if f"socket:[{inode}]" in held]


def test_the_socket_knows_who_asks_even_where_its_folder_lets_them_through(tmp_path: Path, nobody: OtherUser) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    given: list[Secret] = []
    close = listen(state, given.append)
    let_through(state)
    (state / NAME).chmod(0o777)
    try:
        assert nobody.gets("tell", state / NAME) in ("ConnectionResetError", "BrokenPipeError", "")
        assert given == []
    finally:
        close()


def test_no_passphrase_goes_to_a_socket_that_somebody_else_serves(tmp_path: Path, nobody: OtherUser) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o777)
    let_through(tmp_path)
    assert nobody.gets("serve", state / NAME) == "listening"
    with pytest.raises(SeedpostError, match="who gets no passphrase"):
        unlock(state, Secret("a passphrase of ours"))
    assert nobody.answer() == ""  # it was connected to, and told nothing
