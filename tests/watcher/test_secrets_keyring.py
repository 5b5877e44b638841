"""The keyring of a desktop, a server and a locked session: found where it helps, harmless everywhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support_loop import VirtualClock
from trackers.secret import Secret
from watcher.logs import redact
from watcher.secrets import Secrets, VaultLocked
from watcher.secrets.desktop import Keyring, chosen

BACKENDS = """
import os, sys, time
class Fine:
    def get_password(self, service, name):
        print("a prompt of its own")
        return {("seedpost", "red.api_key"): "of-the-keyring"}.get((service, name))
class Locked:
    def get_password(self, service, name): time.sleep(60)
class Raises:
    def __init__(self): raise RuntimeError("No recommended backend: of-the-keyring")
class Prompts:
    def get_password(self, service, name): return input("Password for keyring: ")
class Crashes:
    def get_password(self, service, name): os._exit(139)
"""


@pytest.fixture
def environ(tmp_path: Path):
    (tmp_path / "backends_of_a_test.py").write_text(BACKENDS)

    def made(kind: str) -> dict[str, str]:
        measured = {key: value for key, value in os.environ.items() if key.startswith("COVERAGE")}
        given = measured | {"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
        return given | {"SEEDPOST_KEYRING": f"backends_of_a_test.{kind}"}

    return made


def test_a_keyring_that_is_named_is_asked_last(environ, tmp_path):
    secrets = Secrets(tmp_path / "state", environ("Fine"), clock=VirtualClock())
    assert secrets.get("red.api_key") == Secret("of-the-keyring")
    assert "of-the-keyring" not in redact("it was of-the-keyring")
    assert secrets.get("ops.api_key") is None
    here, missing = secrets.status(["red.api_key", "ops.api_key"])
    assert (here.origin, here.where, missing.origin) == ("keyring", "backends_of_a_test.Fine", None)
    assert secrets.keyring() == ("backends_of_a_test.Fine is asked last, as SEEDPOST_KEYRING says", "")
    secrets.set("red.api_key", Secret("of-the-vault"))
    assert secrets.get("red.api_key") == Secret("of-the-vault")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("Raises", "can't be used here (RuntimeError)"),
        ("Missing", "can't be used here (AttributeError)"),
        ("Prompts", "can't be used here (EOFError)"),
        ("Crashes", "could not be asked"),
    ],
)
def test_K4_a_keyring_that_raises_prompts_or_crashes_counts_as_empty_and_is_told(environ, kind, why):
    keyring = Keyring(environ(kind), clock=VirtualClock())
    assert keyring.find("red.api_key") is None
    assert why in keyring.trouble
    assert "of-the-keyring" not in keyring.trouble


def test_K5_a_keyring_of_a_locked_session_costs_its_time_limit_once(environ):
    clock = VirtualClock()
    keyring = Keyring(environ("Locked"), clock=clock, seconds=0.4)
    assert keyring.find("red.api_key") is None
    assert "locked" in keyring.trouble
    keyring._environ, keyring._seconds = environ("Fine"), 60.0
    keyring.chosen = chosen(keyring._environ)
    assert keyring.find("red.api_key") is None  # not asked so soon
    keyring.forget()
    assert keyring.find("red.api_key") == Secret("of-the-keyring")


def test_K1_while_the_vault_is_locked_the_keyring_is_not_asked_in_its_place(environ, tmp_path):
    given = {"SEEDPOST_VAULT_PASSPHRASE": "correct horse battery staple"}
    Secrets(tmp_path / "state", given, clock=VirtualClock()).set("red.api_key", Secret("of-the-vault"))
    secrets = Secrets(tmp_path / "state", environ("Fine"), clock=VirtualClock())
    with pytest.raises(VaultLocked):
        secrets.get("red.api_key")
    (one,) = secrets.status(["red.api_key"])
    assert (one.origin, "locked" in one.problem) == (None, True)


@pytest.mark.parametrize(
    ("environ", "backend", "why"),
    [
        ({}, "", "no desktop session"),
        ({"SEEDPOST_KEYRING": "none", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}, "", "is none"),
        ({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}, "keyring.backends.SecretService.Keyring", "Secret Service"),
        ({"SEEDPOST_KEYRING": "KWallet"}, "keyring.backends.kwallet.DBusKeyring", "as SEEDPOST_KEYRING says"),
        ({"SEEDPOST_KEYRING": "kdewallet"}, "", "there are secretservice, libsecret, kwallet"),
    ],
)
def test_K4_the_backend_is_chosen_by_name_and_never_by_what_is_installed(environ, backend, why):
    found = chosen(environ)
    assert found.backend == backend
    assert why in found.why


def test_K4_the_secret_service_of_a_server_without_one_is_no_hindrance(tmp_path):
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/bus",
    }
    keyring = Keyring(environ, clock=VirtualClock())
    assert keyring.find("red.api_key") is None
    assert "can't be used here" in keyring.trouble


def test_a_module_beside_the_current_folder_is_not_taken_for_ours(environ, tmp_path, monkeypatch):
    (tmp_path / "stranger" / "watcher").mkdir(parents=True)
    (tmp_path / "stranger" / "watcher" / "__init__.py").write_text("raise SystemExit('read a stranger')")
    monkeypatch.chdir(tmp_path / "stranger")
    assert Keyring(environ("Fine"), clock=VirtualClock()).find("red.api_key") == Secret("of-the-keyring")
