"""`seedpost secrets` and `seedpost unlock` as a person types them: what is asked, stored, changed, and what is said."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support_loop import VirtualClock
from tests.support_seedpost import Seedpost
from tests.support_terminal import Terminal
from trackers.clock import Clock
from trackers.secret import Secret
from watcher.cli import main
from watcher.errors import FAILED, NOT_AUTHORISED, NOT_FOUND, OK, USAGE, SeedpostError
from watcher.logs import logger
from watcher.secrets import Secrets, VaultLocked, listen, unlock
from watcher.secrets import vault as vault_format
from watcher.secrets.access import RETRY
from watcher.secrets.command import answer_of
from watcher.secrets.errors import SecretError
from watcher.secrets.unlocking import NAME

ROOT = Path(__file__).parents[2]
KEY, WORDS, OTHER = "k3y-of-the-site-0123456789", "correct horse battery staple", "another twelve characters"
RULES = """\
version: 1
clients:
  seedbox: {url: http://127.0.0.1:8080}
trackers:
  RED: {type: redacted}
  EXM: {type: sandbox-redacted, url: 'http://127.0.0.1:9'}
notify: {phone: {on: [job.held]}}
rules:
  - {name: music, match: {kind: music}, upload_to: [RED]}
"""


@pytest.fixture(autouse=True)
def cheap_passphrases(monkeypatch):
    monkeypatch.setattr(vault_format.with_slot, "__kwdefaults__", {"cost": vault_format.COSTS.start})


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def seedpost(tmp_path, state, monkeypatch, capsys):
    """One command, to its end: exit code, standard output, standard error. The process itself is not hardened."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("watcher.cli.asking.harden", list)
    (tmp_path / "rules.yaml").write_text(RULES)

    def call(*words: str, give: str = "", **environ: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(give))
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main([*words, "--rules", str(tmp_path / "rules.yaml"), "--state", str(state)])
        told = capsys.readouterr()
        assert not any(secret in told.out + told.err for secret in (KEY, WORDS, OTHER))
        return int(ended.value.code or 0), told.out, told.err

    return call


def stored(state: Path, name: str, **environ: str) -> str | None:
    found = Secrets(state, {"HOME": str(state.parent), **environ}).get(name)
    return found.reveal() if found else None


def slots_of(seedpost, **environ: str) -> list[tuple[str, str, bool]]:
    _, out, _ = seedpost("secrets", "slot", "list", "--json", **environ)
    return [(one["id"], one["type"], one["at_hand"]) for one in json.loads(out)]


# set, status, delete


def test_a_secret_is_stored_for_the_host_that_rules_yaml_sends_it_to(seedpost, state):
    code, out, err = seedpost("secrets", "set", "red.api_key", give=KEY + "\n")
    assert (code, out) == (OK, "red.api_key is stored for redacted.sh\n")
    assert "made the key file" in err
    assert stored(state, "red.api_key") == KEY
    rows = {row["name"]: row for row in json.loads(seedpost("secrets", "status", "--json")[1])}
    assert set(rows) == {"red.api_key", "exm.api_key", "seedbox.password", "seedbox.api_key", "notify.phone"}
    assert (rows["red.api_key"]["origin"], rows["red.api_key"]["host"]) == ("vault", "redacted.sh")
    assert rows["exm.api_key"]["origin"] is None
    table = seedpost("secrets", "status")[1]
    assert "missing" in table
    assert "not set" in table  # a client's key is one of two ways


def test_check_wants_a_password_or_a_key_of_a_client_and_says_which_keyring_is_asked(seedpost):
    seedpost("secrets", "set", "red.api_key", give=KEY)
    missing = "client seedbox has no password"
    assert missing in seedpost("check")[1]
    seedpost("secrets", "set", "seedbox.api_key", give=OTHER)
    said = seedpost("check", SEEDPOST_KEYRING="none")[1]
    assert missing not in said
    assert "keyring: no keyring is asked: SEEDPOST_KEYRING is none" in said
    assert "problem" in json.loads(seedpost("check", "--json")[1])["keyring"]


def test_two_accounts_of_one_type_have_their_own_secrets(seedpost, state, tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES + "lists: {}\n")
    rules.write_text(RULES.replace("  EXM:", "  RED2: {type: redacted}\n  EXM:"))
    seedpost("secrets", "set", "red.api_key", give="of-the-first-account\n")
    seedpost("secrets", "set", "red2.api_key", give="of-the-second-account\n")
    assert stored(state, "red.api_key") == "of-the-first-account"
    assert stored(state, "red2.api_key") == "of-the-second-account"


def test_a_name_that_nothing_uses_is_stored_with_a_warning_and_the_nearest_right_one(seedpost, state):
    code, _, err = seedpost("secrets", "set", "red.apikey", give=KEY)
    assert code == OK
    assert "nothing in rules.yaml uses red.apikey; did you mean red.api_key?" in err
    assert stored(state, "red.apikey") == KEY
    assert "it uses red.api_key" in seedpost("secrets", "set", "x.y", give=KEY)[2]


def test_without_rules_a_secret_is_stored_for_the_host_that_is_named(seedpost, tmp_path, state):
    (tmp_path / "rules.yaml").unlink()
    assert seedpost("secrets", "set", "red.api_key", "--host", "redacted.sh", give=KEY)[0] == OK
    assert Secrets(state, {"HOME": str(tmp_path)}).list()[0].host == "redacted.sh"


def test_no_value_is_an_error_that_says_how_to_give_it(seedpost, state):
    code, _, err = seedpost("secrets", "set", "red.api_key")
    assert code == FAILED
    assert "standard input" in err
    assert not (state / "vault").exists()


def test_K8_no_command_takes_a_value_as_an_argument(seedpost):
    for words in (("secrets", "set", "red.api_key", "value"), ("secrets", "passwd", "words"), ("unlock", "words")):
        assert seedpost(*words)[0] == USAGE
    for words in (("secrets", "passwd", "--help"), ("secrets", "set", "--help"), ("unlock", "--help")):
        shown = seedpost(*words)[1].lower()
        assert "--value" not in shown
        assert "--pass" not in shown


def test_a_deleted_secret_is_gone_and_asked_for_by_name(seedpost, state):
    seedpost("secrets", "set", "red.api_key", give=KEY)
    assert seedpost("secrets", "delete", "red.api_key")[0] == OK
    assert not (state / "vault.bak").exists()
    assert seedpost("secrets", "delete", "red.api_key")[0] == NOT_FOUND
    assert json.loads(seedpost("secrets", "list", "--json")[1]) == []


# the keys of the vault


def test_rotating_makes_a_new_data_key_and_leaves_no_file_before_it(seedpost, state):
    seedpost("secrets", "set", "red.api_key", give=KEY)
    seedpost("secrets", "set", "exm.api_key", give=KEY)
    before = (state / "vault").read_bytes()
    assert (state / "vault.bak").exists()
    assert seedpost("secrets", "rotate")[0] == OK
    assert (state / "vault").read_bytes() != before
    assert not (state / "vault.bak").exists()
    assert stored(state, "red.api_key") == KEY


def test_rotating_where_there_is_no_vault_says_so(seedpost):
    code, _, err = seedpost("secrets", "rotate")
    assert code == NOT_FOUND
    assert "secrets set makes it" in err


def test_a_passphrase_alone_makes_a_vault_without_a_key_file(seedpost, state, tmp_path):
    assert seedpost("secrets", "passwd", give=WORDS + "\n")[0] == OK
    assert not (tmp_path / ".config").exists()
    assert [(type, at_hand) for _, type, at_hand in slots_of(seedpost, SEEDPOST_VAULT_PASSPHRASE=WORDS)] == [
        ("passphrase", True)
    ]
    code, _, err = seedpost("secrets", "list")
    assert code == NOT_AUTHORISED
    assert "seedpost unlock" in err


def test_changing_the_passphrase_takes_the_old_one(seedpost, state):
    seedpost("secrets", "passwd", give=WORDS + "\n")
    code, _, err = seedpost("secrets", "passwd", give=f"not the old one\n{OTHER}\n")
    assert (code, "wrong passphrase" in err) == (NOT_AUTHORISED, True)
    assert seedpost("secrets", "passwd", give=f"{WORDS}\n{OTHER}\n")[0] == OK
    with pytest.raises(VaultLocked):
        Secrets(state, {"SEEDPOST_VAULT_PASSPHRASE": WORDS, "HOME": str(state.parent)}).list()
    assert Secrets(state, {"SEEDPOST_VAULT_PASSPHRASE": OTHER, "HOME": str(state.parent)}).list() == []


def test_a_key_file_is_added_brought_and_removed_by_its_slot(seedpost, state, tmp_path):
    seedpost("secrets", "set", "red.api_key", give=KEY)
    elsewhere = tmp_path / "usb" / "seedpost.key"
    code, _, err = seedpost("secrets", "slot", "add", str(elsewhere))
    assert (code, elsewhere.stat().st_mode & 0o777, "made the key file" in err) == (OK, 0o600, True)
    assert "opens the vault already" in seedpost("secrets", "slot", "add")[2]
    first, second = slots_of(seedpost)
    assert [first[1:], second[1:]] == [("keyfile", True), ("keyfile", False)]
    code, _, err = seedpost("secrets", "rotate")
    assert (code, "--key-file" in err) == (NOT_AUTHORISED, True)
    assert seedpost("secrets", "rotate", "--key-file", str(elsewhere))[0] == OK
    assert "there is no key file" in seedpost("secrets", "rotate", "--key-file", str(tmp_path / "none"))[2]
    assert seedpost("secrets", "slot", "remove", second[0])[0] == OK
    assert [slot[0] for slot in slots_of(seedpost)] == [first[0]]
    assert not (state / "vault.bak").exists()
    assert "nothing else opens the vault" in seedpost("secrets", "slot", "remove", first[0])[2]
    assert "yes" in seedpost("secrets", "slot", "list")[1]


def test_a_save_by_key_file_alone_keeps_the_passphrase_that_is_not_at_hand(seedpost, state):
    seedpost("secrets", "set", "red.api_key", give=KEY)
    assert seedpost("secrets", "passwd", give=WORDS + "\n")[0] == OK
    seedpost("secrets", "set", "exm.api_key", give=KEY)
    seedpost("secrets", "delete", "red.api_key")
    assert [at_hand for _, _, at_hand in slots_of(seedpost)] == [True, False]
    (state.parent / ".config/seedpost/vault.key").unlink()
    assert stored(state, "exm.api_key", SEEDPOST_VAULT_PASSPHRASE=WORDS) == KEY


@pytest.mark.parametrize("typed", [(WORDS, WORDS), (WORDS, OTHER)], ids=["the same twice", "two that differ"])
def test_at_a_terminal_the_passphrase_is_asked_for_twice_and_never_shown(tmp_path, typed):
    main_end, tty = pty.openpty()
    command = [sys.executable, "-m", "watcher", "--state", str(tmp_path / "state"), "secrets", "passwd"]
    environ = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=tty, stdout=tty, stderr=tty, env=environ, start_new_session=True) as process:
        os.close(tty)
        shown = b""
        for words in typed:
            while not shown.endswith(b": "):
                shown += os.read(main_end, 1000)
            os.write(main_end, words.encode() + b"\n")
            shown += b"\n"
        code = process.wait(60)
    shown += os.read(main_end, 1000)
    os.close(main_end)
    assert code == (OK if len(set(typed)) == 1 else FAILED)
    assert WORDS.encode() not in shown
    assert OTHER.encode() not in shown


@pytest.fixture
def typing(tmp_path):
    """A vault with a passphrase alone, and a state folder and rules for commands in a terminal."""
    one = Seedpost(tmp_path, RULES, {})
    Secrets(one.state, {"SEEDPOST_VAULT_PASSPHRASE": WORDS}).set("red.api_key", Secret(KEY))
    return one


def test_at_a_terminal_a_locked_vaults_passphrase_is_asked_for_and_never_shown(typing):
    with Terminal(typing, "secrets", "delete", "red.api_key") as tty:
        shown = tty.until("passphrase of the vault (hidden): ")
        tty.line(WORDS)
        shown += tty.ended(OK)
    assert "red.api_key is deleted" in shown
    assert WORDS not in shown


def test_at_a_terminal_cookies_are_pasted_unseen_and_end_with_control_d(typing):
    with Terminal(typing, "secrets", "set", "red.cookies", "--host", "site.example") as tty:
        tty.until("passphrase of the vault (hidden): ")
        tty.line(WORDS)
        shown = tty.until("Ctrl-D")
        tty.line(f".site.example TRUE / TRUE 4102444800 session {KEY}")
        tty.press("\x04")
        shown += tty.ended(OK)
    assert "red.cookies is stored for site.example, until 2100-01-01" in shown
    assert KEY not in shown


def test_what_was_stored_and_deleted_is_told_to_programs(seedpost):
    told = json.loads(seedpost("secrets", "set", "red.api_key", "--json", give=KEY)[1])
    assert (told["name"], told["host"], told["key_file"][-9:]) == ("red.api_key", "redacted.sh", "vault.key")
    assert json.loads(seedpost("secrets", "delete", "red.api_key", "--json")[1]) == {
        "name": "red.api_key", "deleted": True,
    }  # fmt: skip


# the command that gives the passphrase


def program(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return str(path)


def test_a_command_gives_the_passphrase_unattended(seedpost, state, tmp_path):
    seedpost("secrets", "passwd", give=WORDS + "\n")
    ask = program(tmp_path / "ask", f'echo "$1 horse battery staple" # {WORDS[:0]}')
    assert seedpost("secrets", "set", "red.api_key", give=KEY, SEEDPOST_VAULT_COMMAND=f"{ask} correct")[0] == OK
    assert stored(state, "red.api_key", SEEDPOST_VAULT_COMMAND=f"{ask} correct") == KEY


@pytest.mark.parametrize("reload", [True, False], ids=["a reload", "half a minute"])
def test_a_command_that_gave_a_wrong_passphrase_is_asked_again_after(state, tmp_path, reload):
    answer = tmp_path / "answer"
    answer.write_text("not the right one\n")
    Secrets(state, {"SEEDPOST_VAULT_PASSPHRASE": WORDS}).set("red.api_key", Secret(KEY))
    clock = VirtualClock()
    command = {"SEEDPOST_VAULT_COMMAND": f"/bin/cat {answer}", "HOME": str(tmp_path)}
    secrets = Secrets(state, command, clock=clock)
    with pytest.raises(VaultLocked, match="wrong passphrase"):
        secrets.get("red.api_key")
    answer.write_text(WORDS + "\n")
    with pytest.raises(VaultLocked):  # not so soon
        secrets.get("red.api_key")
    secrets.reload() if reload else clock.wait(RETRY + 1)
    assert secrets.get("red.api_key") == Secret(KEY)


def test_a_command_that_fails_does_not_keep_a_key_file_from_opening(seedpost, state):
    seedpost("secrets", "set", "red.api_key", give=KEY)
    assert stored(state, "red.api_key", SEEDPOST_VAULT_COMMAND="/bin/false") == KEY
    (state.parent / ".config/seedpost/vault.key").unlink()
    with pytest.raises(SecretError, match="ended with 1"):
        stored(state, "red.api_key", SEEDPOST_VAULT_COMMAND="/bin/false")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("exit 3", "ended with 3"),
        ("true", "printed no passphrase"),
        ("echo a; echo b", "more than one line"),
        ("sleep 60", "within"),
        ("head -c 5000 /dev/zero", "more than one line"),
    ],
)
def test_a_command_that_gives_no_passphrase_is_told_with_the_cure(tmp_path, body, why):
    with pytest.raises(SecretError, match=why) as caught:
        answer_of(program(tmp_path / "ask", body), 0.5)
    assert "SEEDPOST_VAULT_COMMAND" in caught.value.hint


@pytest.mark.parametrize("command", ["", "pass show seedpost", "/bin/echo 'a", "/there/is/none"])
def test_a_command_is_a_full_path_with_arguments(command):
    with pytest.raises(SecretError):
        answer_of(command)


# unlock


@pytest.fixture
def daemon(state):
    """What `seedpost run` does with its secrets: locked, and listening."""
    state.mkdir(mode=0o700)
    secrets = Secrets(state, {"HOME": str(state.parent)}, clock=Clock())
    close = listen(state, secrets.unlock)
    yield secrets
    close()
    assert not (state / NAME).exists()


def test_unlock_opens_the_vault_of_the_running_daemon(seedpost, state, daemon):
    seedpost("secrets", "passwd", give=WORDS + "\n")
    seedpost("secrets", "set", "red.api_key", give=KEY, SEEDPOST_VAULT_PASSPHRASE=WORDS)
    with pytest.raises(VaultLocked):
        daemon.get("red.api_key")
    assert "seedpost unlock" in daemon.trouble()
    code, out, _ = seedpost("unlock", give=WORDS + "\n")
    assert (code, "the vault is open" in out) == (OK, True)
    assert daemon.get("red.api_key", "redacted.sh").reveal() == KEY
    assert daemon.trouble() == ""


def test_K2_a_wrong_passphrase_at_unlock_is_one_message_and_77(seedpost, state, daemon):
    assert "there is no vault" in seedpost("unlock", give=WORDS)[2]
    seedpost("secrets", "passwd", give=WORDS + "\n")
    code, _, err = seedpost("unlock", give="not the right one")
    assert (code, "wrong passphrase" in err) == (NOT_AUTHORISED, True)
    assert seedpost("unlock", give="")[0] == FAILED


def test_unlock_without_a_daemon_says_to_start_it(seedpost, state):
    state.mkdir(mode=0o700)
    code, _, err = seedpost("unlock", give=WORDS)
    assert (code, "seedpost run" in err) == (NOT_FOUND, True)


def test_the_socket_is_ours_alone_and_takes_a_passphrase_and_nothing_else(state, daemon):
    (state / "vault").write_bytes(b"not a vault")
    (state / "vault").chmod(0o600)
    assert (state / NAME).stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700
    for sent in (b"", b"\n", b"x" * 20_000, b"GET / HTTP/1.1\r\n\r\n", b'{"do":"delete"}\n', bytes(range(256)) + b"\n"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(state / NAME))
            answer = {}
            with contextlib.suppress(ConnectionError):  # what it does not read ends in a reset
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                answer = json.loads(connection.makefile("rb").read() or b"{}")
        assert answer.get("ok") is not True
        assert set(answer) <= {"ok", "error", "hint", "code"}
    assert sorted(path.name for path in state.iterdir()) == [NAME, "vault"]


def test_a_passphrase_is_not_handed_to_a_daemon_that_hangs_up(state):
    state.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(state / NAME))
        listener.listen()
        hangs_up = threading.Thread(target=lambda: listener.accept()[0].close())
        hangs_up.start()
        with pytest.raises(SeedpostError, match="daemon"):
            unlock(state, Secret(WORDS))
        hangs_up.join()


def test_a_long_path_and_a_socket_left_behind_are_no_hindrance(tmp_path):
    state = tmp_path / ("a" * 60) / ("b" * 60)
    state.mkdir(parents=True, mode=0o700)
    given: list[Secret] = []
    with socket.socket(socket.AF_UNIX) as killed:  # a daemon's that never closed it
        folder = os.open(state, os.O_RDONLY)
        killed.bind(f"/proc/self/fd/{folder}/{NAME}")
        os.close(folder)
    close = listen(state, given.append)
    unlock(state, Secret(WORDS))
    close()
    assert given == [Secret(WORDS)]


def test_a_state_folder_that_takes_no_socket_stops_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(logger, "_setup", logger._Setup())
    listen(tmp_path / "not-there", print)()
    assert "unlock.unavailable" in capsys.readouterr().err
