"""Secrets as the rest of seedpost sees them: where they are found, what is refused, and what a save may never lose."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from trackers.clock import Clock
from trackers.secret import Secret
from watcher.durable import FileSystem
from watcher.errors import NotFound, SeedpostError
from watcher.logs import Filter, logger, redact
from watcher.secrets import ForOtherHost, SecretError, Secrets, VaultDamaged, VaultLocked, harden, secret_name
from watcher.secrets import vault as vault_format
from watcher.secrets.files import LARGEST, read_secret_file

ROOT = Path(__file__).parents[2]
KEY = "k" * 40
WORDS = "correct horse battery staple"


class Moved(Clock):
    """A clock that goes on only by waiting."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def now(self) -> float:
        return 1_795_341_600.0 + self.at

    def running(self) -> float:
        return self.at

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        self.at += seconds
        return False


@pytest.fixture(autouse=True)
def cheap_passphrases(monkeypatch):
    """The least cost that a header may say, so that a passphrase takes 60 ms and not 500."""
    monkeypatch.setattr(vault_format.with_slot, "__kwdefaults__", {"cost": vault_format.COSTS.start})


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def make(state, home):
    """Another process's Secrets over the same state folder."""

    def made(*, fs: FileSystem | None = None, clock: Clock | None = None, **environ: str) -> Secrets:
        return Secrets(state, {"HOME": str(home), **environ}, fs=fs, clock=clock or Moved())

    return made


def private(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def value_of(secrets: Secrets, name: str, host: str | None = None) -> str | None:
    found = secrets.get(name, host)
    return None if found is None else found.reveal()


def types_of(secrets: Secrets) -> list[str]:
    return [slot.type for slot in secrets.vault().slots()]


def slot_of(secrets: Secrets, type: str) -> list[str]:
    return [slot.id for slot in secrets.vault().slots() if slot.type == type]


# where secrets are found


def test_a_credential_comes_before_a_file_before_the_environment_before_the_vault(make, tmp_path):
    make().set("red.api_key", Secret("of the vault"), "redacted.sh")
    places = {
        "SEEDPOST_SECRET_RED_API_KEY": "of the environment",
        "SEEDPOST_SECRET_RED_API_KEY_FILE": str(private(tmp_path / "key", "of the file\n")),
        "CREDENTIALS_DIRECTORY": str(private(tmp_path / "creds" / "red.api_key", "of systemd\n").parent),
    }
    found = []
    while True:
        secrets = make(**places)
        (status,) = secrets.status(["red.api_key"])
        found.append((value_of(secrets, "red.api_key"), status.origin))
        if not places:
            break
        places.popitem()
    assert found == [
        ("of systemd", "credential"), ("of the file", "file"), ("of the environment", "environment"),
        ("of the vault", "vault"),
    ]  # fmt: skip


def test_K7_a_secret_that_is_nowhere_is_none_and_makes_nothing(make, state):
    secrets = make()
    assert secrets.get("red.api_key") is None
    assert secrets.status(["red.api_key"])[0].origin is None
    assert secrets.list() == []
    assert not state.exists()


def test_a_name_in_the_environment_is_upper_case_with_underscores(make):
    secrets = make(SEEDPOST_SECRET_MY_BOX_PASSWORD=KEY)
    assert value_of(secrets, "my-box.password") == value_of(secrets, "my.box.password") == KEY
    assert secret_name("My-Box", "password") == "my-box.password"


@pytest.mark.parametrize(
    "name", ["", "RED.api_key", "../x", "a/b", ".a", "a..b", "a b", "ä.b", "a" * 201, "phone.file"]
)
def test_what_can_be_no_name_is_refused(make, name):
    with pytest.raises(SeedpostError):
        make().get(name)
    assert make().status([name])[0].problem


def test_an_empty_variable_is_no_secret(make):
    assert make(SEEDPOST_SECRET_RED_API_KEY="").get("red.api_key") is None


def test_secrets_are_taken_out_of_the_environment_and_paths_stay(state, monkeypatch):
    monkeypatch.setenv("SEEDPOST_SECRET_RED_API_KEY", KEY)
    monkeypatch.setenv("SEEDPOST_VAULT_PASSPHRASE", WORDS)
    monkeypatch.setenv("SEEDPOST_SECRET_OPS_API_KEY_FILE", "/x")
    secrets = Secrets(state, os.environ, clock=Moved())
    assert {key for key in os.environ if key.startswith("SEEDPOST_")} == {"SEEDPOST_SECRET_OPS_API_KEY_FILE"}
    assert value_of(secrets, "red.api_key") == KEY


def test_a_program_started_later_does_not_inherit_a_secret(tmp_path):
    code = (
        "import os, subprocess, sys; from pathlib import Path; from watcher.secrets import Secrets\n"
        "Secrets(Path(sys.argv[1]), os.environ)\n"
        "subprocess.run(['env'], check=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "SEEDPOST_SECRET_RED_API_KEY": "canary-31", "SEEDPOST_VAULT_PASSPHRASE": "canary-32"},
    )  # fmt: skip
    assert "PATH=" in done.stdout
    assert "canary" not in done.stdout


def test_every_secret_found_is_known_to_the_filter(make, tmp_path, monkeypatch):
    make().set("a.b", Secret("kept-in-the-vault-1"))
    make().set("a.c", Secret("never-asked-for-1"))
    monkeypatch.setattr("watcher.logs.filter.FILTER", known := Filter())  # a new process
    monkeypatch.setattr("trackers.secret._watchers", [known.add])
    file = private(tmp_path / "x", "kept-in-a-file-1")
    secrets = make(SEEDPOST_SECRET_A_D="kept-in-environ-1", SEEDPOST_SECRET_A_E_FILE=str(file))
    for name in ("a.b", "a.d", "a.e"):
        secrets.get(name)
    assert redact("kept-in-the-vault-1 never-asked-for-1 kept-in-a-file-1 kept-in-environ-1") == "*** *** *** ***"


def test_a_file_loses_its_line_end_and_nothing_else(make, tmp_path):
    path = private(tmp_path / "x", "line one\nline two  \r\n")
    assert value_of(make(SEEDPOST_SECRET_A_FILE=str(path)), "a") == "line one\nline two  "


# files that are refused


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o610])
def test_K6_a_secret_file_that_others_can_read_is_refused_with_the_chmod_to_type(make, tmp_path, mode):
    path = private(tmp_path / "key", KEY, mode)
    secrets = make(SEEDPOST_SECRET_RED_API_KEY_FILE=str(path))
    with pytest.raises(SecretError, match="can be read or written by other users") as caught:
        secrets.get("red.api_key")
    assert caught.value.hint == f"chmod 600 '{path}'"
    assert "other users" in secrets.status(["red.api_key"])[0].problem


def test_K6_a_link_a_folder_a_pipe_and_a_device_are_refused(tmp_path):
    (tmp_path / "link").symlink_to(private(tmp_path / "key", KEY))
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, words in (("link", "is a link"), ("folder", "not a regular file"), ("pipe", "not a regular file")):
        with pytest.raises(SecretError, match=words):
            read_secret_file(tmp_path / name, fs=FileSystem())
    with pytest.raises(SecretError, match="not a regular file"):
        read_secret_file(Path("/dev/null"), fs=FileSystem())


def test_K6_a_file_of_another_user_is_refused(tmp_path):
    class OfAnother(FileSystem):
        def fstat(self, fd: int) -> os.stat_result:
            found = list(os.fstat(fd))
            found[4] = 12345
            return os.stat_result(found)

    with pytest.raises(SecretError, match="belongs to the user with id 12345") as caught:
        read_secret_file(private(tmp_path / "key", KEY), fs=OfAnother())
    assert "chown" in caught.value.hint


def test_K6_what_the_service_manager_gives_is_taken_as_it_is(make, tmp_path):
    real = private(tmp_path / "creds" / "..data" / "red.api_key", KEY, 0o444)
    (tmp_path / "creds" / "red.api_key").symlink_to(real)
    assert value_of(make(CREDENTIALS_DIRECTORY=str(tmp_path / "creds")), "red.api_key") == KEY


def test_K6_a_path_does_not_climb_out_of_the_trusted_folder(make, tmp_path):
    private(tmp_path / "key", KEY, 0o644)
    (tmp_path / "creds").mkdir()
    climbing = f"{tmp_path}/creds/../key"
    with pytest.raises(SecretError, match="other users"):
        make(CREDENTIALS_DIRECTORY=str(tmp_path / "creds"), SEEDPOST_SECRET_A_FILE=climbing).get("a")


def test_K6_a_vault_that_others_can_read_is_refused(make, state):
    make().set("a.b", Secret(KEY))
    (state / "vault").chmod(0o644)
    with pytest.raises(SecretError, match="other users"):
        make().get("a.b")
    (state / "vault").chmod(0o600)
    (state / "vault").rename(state / "real")
    (state / "vault").symlink_to(state / "real")
    with pytest.raises(SecretError, match="is a link"):
        make().get("a.b")


def test_K6_a_key_file_that_others_can_read_is_refused(make, home):
    saved = make().set("a.b", Secret(KEY))
    saved.key_file.chmod(0o640)
    with pytest.raises(SecretError, match=r"vault\.key can be read"):
        make().get("a.b")


def test_a_named_file_that_is_missing_empty_binary_or_huge_is_told(make, tmp_path):
    for path, words in (
        (tmp_path / "none", "SEEDPOST_SECRET_A_FILE names it"),
        (private(tmp_path / "empty", "\n"), "is empty"),
        (private(tmp_path / "binary", b"\xff\xfe"), "not text in UTF-8"),
        (private(tmp_path / "huge", "x" * (LARGEST + 1)), "larger than 256 KiB"),
        (tmp_path / "empty" / "below", "can't be read"),
    ):
        with pytest.raises(SecretError, match=words):
            make(SEEDPOST_SECRET_A_FILE=str(path)).get("a")


def test_a_disk_that_can_not_read_the_secret_is_told(tmp_path):
    class Failing(FileSystem):
        def read(self, fd: int, size: int, offset: int) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(SecretError, match="Input/output error"):
        read_secret_file(private(tmp_path / "key", KEY), fs=Failing())


# the vault


def test_the_first_secret_makes_a_key_file_and_says_what_it_protects_against(make, home, state):
    saved = make().set("red.api_key", Secret(KEY + "\n"), "Redacted.sh")
    assert saved.key_file == home / ".config" / "seedpost" / "vault.key"
    assert saved.key_file.stat().st_mode & 0o777 == 0o600
    assert "not against root" in saved.note
    assert "backups" in saved.note
    assert make().set("ops.api_key", Secret(KEY)).note == ""
    assert value_of(make(), "red.api_key", "redacted.sh") == KEY
    assert types_of(make()) == ["keyfile"]
    assert state.stat().st_mode & 0o777 == 0o700
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in state.iterdir()} == dict.fromkeys(
        ["vault", "vault.bak", "vault.lock", "vault.highwater"], "0o600"
    )
    assert KEY.encode() not in b"".join(path.read_bytes() for path in state.iterdir())


def test_a_passphrase_that_is_given_takes_the_place_of_a_key_file(make, home):
    assert make(SEEDPOST_VAULT_PASSPHRASE=WORDS).set("a.b", Secret(KEY)).key_file is None
    assert not (home / ".config").exists()
    assert value_of(make(SEEDPOST_VAULT_PASSPHRASE=WORDS), "a.b") == KEY
    with pytest.raises(SeedpostError, match="12 characters"):
        Secrets(home / "other", {"SEEDPOST_VAULT_PASSPHRASE": "short"}).set("a.b", Secret(KEY))


def test_a_key_from_systemd_or_a_named_file_opens_the_vault(make, tmp_path, home):
    key = private(tmp_path / "creds" / "vault_key", "c" * 40, 0o440)
    assert make(CREDENTIALS_DIRECTORY=str(key.parent)).set("a.b", Secret(KEY)).key_file is None
    named = private(tmp_path / "elsewhere", "c" * 40 + "\n")
    assert value_of(make(SEEDPOST_VAULT_KEY_FILE=str(named)), "a.b") == KEY
    assert not (home / ".config").exists()


def test_the_config_folder_is_the_users(state, tmp_path):
    secrets = Secrets(state, {"HOME": "/nowhere", "XDG_CONFIG_HOME": str(tmp_path / "xdg")})
    assert secrets.set("a.b", Secret(KEY)).key_file == tmp_path / "xdg" / "seedpost" / "vault.key"


def test_a_key_file_that_is_there_is_never_written_over(make, home):
    path = private(home / ".config" / "seedpost" / "vault.key", "o" * 64)
    assert make().set("a.b", Secret(KEY)).key_file is None
    assert path.read_text() == "o" * 64


def test_two_first_secrets_at_once_share_one_key_file(home, tmp_path):
    class Late(FileSystem):
        """Another state folder's first secret made the same key file just before our link."""

        def link(self, old: Path, new: Path) -> None:
            if new.name == "vault.key" and not new.exists():
                Secrets(tmp_path / "other", {"HOME": str(home)}).set("a.b", Secret("theirs-1"))
            super().link(old, new)

    Secrets(tmp_path / "ours", {"HOME": str(home)}, fs=Late()).set("a.b", Secret("ours-1"))
    for name in ("ours", "other"):
        assert (
            value_of(Secrets(tmp_path / name, {"HOME": str(home)}), "a.b")
            == f"{name if name == 'ours' else 'theirs'}-1"
        )
    assert os.listdir(home / ".config" / "seedpost") == ["vault.key"]


def test_a_file_system_without_links_gets_its_key_file_too(make, home):
    class Linkless(FileSystem):
        def link(self, old: Path, new: Path) -> None:
            raise PermissionError(1, "no links here")

    make(fs=Linkless()).set("a.b", Secret(KEY))
    assert value_of(make(), "a.b") == KEY


def test_a_secret_is_bound_to_the_host_it_was_stored_for(make):
    make().set("red.api_key", Secret(KEY), "redacted.sh")
    secrets = make()
    with pytest.raises(ForOtherHost, match=r"stored for redacted\.sh, not for evil\.example") as caught:
        secrets.get("red.api_key", "evil.example")
    assert caught.value.code == "secret-for-other-host"
    assert "secrets set red.api_key" in caught.value.hint
    assert value_of(secrets, "red.api_key", "REDACTED.sh.") == KEY
    assert secrets.status(["red.api_key"])[0].host == "redacted.sh"


def test_a_secret_stored_for_no_host_is_bound_to_none(make):
    make().set("notify.phone", Secret(KEY))
    assert value_of(make(), "notify.phone", "anywhere.example") == KEY
    assert make().list()[0].host is None


def test_the_status_tells_everything_but_the_value(make, tmp_path):
    make().set("a.b", Secret(KEY), "host.example")
    secrets = make(SEEDPOST_SECRET_A_C=KEY)
    shown = secrets.status(["a.b", "a.c", "a.d"])
    assert [(one.name, one.origin, one.host) for one in shown] == [
        ("a.b", "vault", "host.example"), ("a.c", "environment", None), ("a.d", None, None),
    ]  # fmt: skip
    assert shown[0].stored.endswith("Z")
    assert shown[1].where == "SEEDPOST_SECRET_A_C"
    assert KEY not in repr(shown) + repr(secrets.list())


@pytest.mark.parametrize("value", ["", "\n", "a\0b"])
def test_an_empty_value_is_not_stored(make, state, value):
    with pytest.raises(SecretError, match="nothing was stored"):
        make().set("a.b", Secret(value))
    assert not state.exists()


def test_a_secret_of_another_process_is_seen_without_a_restart(make):
    ours = make()
    make().set("a.b", Secret("first-value"))
    assert value_of(ours, "a.b") == "first-value"
    make().set("a.b", Secret("second-value"))
    assert value_of(ours, "a.b") == "second-value"
    make().delete("a.b")
    assert ours.get("a.b") is None


def test_many_threads_and_processes_store_at_once_and_lose_nothing(make):
    make().set("a.x", Secret(KEY))
    each = [make(clock=Clock()) for _ in range(4)]

    def store(number: int) -> None:
        for turn in range(3):
            each[number % 4].set(f"a.n{number}t{turn}", Secret(KEY))

    threads = [threading.Thread(target=store, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(make().list()) == 25


def test_a_deleted_secret_is_gone_from_the_kept_file_too(make, state):
    make().set("a.b", Secret(KEY))
    make().set("a.c", Secret(KEY))
    assert (state / "vault.bak").exists()
    make().delete("a.b")
    assert not (state / "vault.bak").exists()
    assert [one.name for one in make().list()] == ["a.c"]
    with pytest.raises(NotFound, match=r"no secret a\.b"):
        make().delete("a.b")
    with pytest.raises(NotFound, match="no vault"):
        Secrets(state / "none", {"HOME": "/"}).delete("a.b")


# locked


def test_K1_a_locked_vault_stops_only_what_is_in_it(make, home, state):
    saved = make().set("a.b", Secret(KEY))
    saved.key_file.unlink()
    secrets = make(SEEDPOST_SECRET_A_C="of-the-environment")
    with pytest.raises(VaultLocked) as caught:
        secrets.get("a.b")
    assert caught.value.code == "vault-locked"
    assert "SEEDPOST_VAULT_PASSPHRASE" in caught.value.hint
    assert "locked" in secrets.status(["a.b"])[0].problem
    assert value_of(secrets, "a.c") == "of-the-environment"
    with pytest.raises(VaultLocked):
        secrets.set("a.d", Secret(KEY))


def test_K1_a_locked_vault_opens_when_its_key_file_comes(make, tmp_path):
    saved = make().set("a.b", Secret(KEY))
    saved.key_file.rename(tmp_path / "away")
    clock = Moved()
    secrets = make(clock=clock)
    with pytest.raises(VaultLocked):
        secrets.get("a.b")
    (tmp_path / "away").rename(saved.key_file)
    with pytest.raises(VaultLocked):
        secrets.get("a.b")
    clock.wait(31)
    assert value_of(secrets, "a.b") == KEY


def test_K1_a_reload_looks_for_the_key_at_once(make, tmp_path):
    saved = make().set("a.b", Secret(KEY))
    saved.key_file.rename(tmp_path / "away")
    secrets = make()
    secrets.reload()
    assert secrets.status(["a.b"])[0].problem
    (tmp_path / "away").rename(saved.key_file)
    secrets.reload()
    assert value_of(secrets, "a.b") == KEY


def test_K2_a_wrong_passphrase_costs_a_second_and_exits_77(make):
    make(SEEDPOST_VAULT_PASSPHRASE=WORDS).set("a.b", Secret(KEY))
    clock = Moved()
    secrets = make(clock=clock)
    with pytest.raises(VaultLocked, match="wrong passphrase") as caught:
        secrets.vault().unlock(Secret("not the right one"))
    assert clock.at == 1_001.0
    assert caught.value.exit_code == 77
    secrets.vault().unlock(Secret(WORDS))
    assert value_of(secrets, "a.b") == KEY


def test_K2_a_vault_that_did_not_open_is_not_tried_for_every_job(make, monkeypatch):
    make(SEEDPOST_VAULT_PASSPHRASE=WORDS).set("a.b", Secret(KEY))
    secrets = make(SEEDPOST_VAULT_PASSPHRASE="not the right one")
    for _ in range(2):
        with pytest.raises(VaultLocked):
            secrets.get("a.b")
        monkeypatch.setattr("watcher.secrets.keys.Scrypt", None)


def test_a_passphrase_given_before_the_first_secret_makes_the_vault(make, home):
    secrets = make()
    secrets.vault().unlock(Secret(WORDS))
    secrets.set("a.b", Secret(KEY))
    assert types_of(secrets) == ["passphrase"]


# damage


def test_K3_a_damaged_vault_names_the_kept_one_which_opens(make, state):
    make().set("a.b", Secret("first-value"))
    make().set("a.b", Secret("second-value"))
    (state / "vault").write_bytes((state / "vault").read_bytes()[:-20])
    secrets = make()
    with pytest.raises(VaultDamaged) as caught:
        secrets.get("a.b")
    assert str(state / "vault") in str(caught.value)
    assert caught.value.hint == f"the one before it may be whole: cp -p '{state}/vault.bak' '{state}/vault'"
    assert caught.value.exit_code == 78
    with pytest.raises(VaultDamaged):
        secrets.set("a.b", Secret(KEY))
    (state / "vault").write_bytes((state / "vault.bak").read_bytes())
    assert value_of(make(), "a.b") == "first-value"


def test_K3_a_damaged_vault_with_none_before_it_says_what_to_do(make, state):
    make().set("a.b", Secret(KEY))
    (state / "vault").write_bytes(b"")
    with pytest.raises(VaultDamaged) as caught:
        make().get("a.b")
    assert "restore it from a backup" in caught.value.hint


def test_K3_a_vault_that_went_away_is_not_taken_for_none(make, state):
    make().set("a.b", Secret(KEY))
    make().set("a.c", Secret(KEY))
    (state / "vault").unlink()
    for act in (lambda: make().get("a.b"), lambda: make().set("a.d", Secret(KEY)), lambda: make().list()):
        with pytest.raises(VaultDamaged, match="is gone"):
            act()
    assert "is gone" in make().status(["a.b"])[0].problem


def test_K3_an_older_vault_is_opened_with_a_warning_and_its_number_is_not_used_again(make, state, monkeypatch, capsys):
    make().set("a.b", Secret("first-value"))
    old = (state / "vault").read_bytes()
    make().set("a.b", Secret("second-value"))
    (state / "vault").write_bytes(old)
    monkeypatch.setattr(logger, "_setup", logger._Setup())
    assert value_of(make(), "a.b") == "first-value"
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["generation"], line["highest"]) == ("vault.older", 1, 2)
    make().set("a.c", Secret(KEY))
    assert (state / "vault.highwater").read_text() == "3\n"


def test_a_high_water_mark_of_garbage_counts_for_nothing(make, state):
    make().set("a.b", Secret(KEY))
    (state / "vault.highwater").write_text("many\n")
    make().set("a.c", Secret(KEY))
    assert (state / "vault.highwater").read_text() == "2\n"


def test_the_documented_program_reads_a_vault_without_seedpost(make, state):
    saved = make().set("red.api_key", Secret(KEY), "redacted.sh")
    program = (ROOT / "docs" / "secrets.md").read_text().split("```python\n")[1].split("```")[0]
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(state / "vault"), str(saved.key_file)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["red.api_key"]["value"] == KEY


# keys of the vault


def test_a_passphrase_is_added_beside_the_key_file_and_changed(make, home, state):
    secrets = make()
    saved = secrets.set("a.b", Secret(KEY))
    secrets.vault().set_passphrase(Secret(WORDS))
    assert types_of(secrets) == ["keyfile", "passphrase"]
    secrets.vault().set_passphrase(Secret("another twelve"))
    assert not (state / "vault.bak").exists()
    saved.key_file.unlink()
    with pytest.raises(VaultLocked):
        make(SEEDPOST_VAULT_PASSPHRASE=WORDS).get("a.b")
    assert value_of(make(SEEDPOST_VAULT_PASSPHRASE="another twelve"), "a.b") == KEY


def test_a_passphrase_is_not_changed_without_every_key(make, tmp_path):
    secrets = make(SEEDPOST_VAULT_PASSPHRASE=WORDS)
    secrets.set("a.b", Secret(KEY))
    saved = secrets.vault().add_key_file()
    with pytest.raises(SeedpostError, match="12 characters"):
        secrets.vault().set_passphrase(Secret("short"))
    saved.key_file.rename(tmp_path / "away")
    with pytest.raises(VaultLocked, match="one of the vault's keys"):
        secrets.vault().set_passphrase(Secret("another twelve"))
    assert value_of(secrets, "a.b") == KEY
    with pytest.raises(VaultLocked, match="one of the vault's keys"):
        secrets.vault().rotate()


def test_a_save_with_the_key_file_alone_keeps_the_passphrase(make):
    secrets = make(SEEDPOST_VAULT_PASSPHRASE=WORDS)
    secrets.set("a.b", Secret(KEY))
    key_file = secrets.vault().add_key_file().key_file
    make().set("a.c", Secret(KEY))
    key_file.unlink()
    assert len(make(SEEDPOST_VAULT_PASSPHRASE=WORDS).list()) == 2


def test_a_slot_is_removed_with_the_kept_file_and_the_last_one_stays(make, state, tmp_path):
    secrets = make(SEEDPOST_VAULT_PASSPHRASE=WORDS)
    secrets.set("a.b", Secret(KEY))
    with pytest.raises(NotFound, match="no slot 00000000"):
        secrets.vault().remove_slots(["00000000"])
    with pytest.raises(SeedpostError, match="nothing else opens"):
        secrets.vault().remove_slots(slot_of(secrets, "passphrase"))
    secrets.vault().add_key_file()
    assert (state / "vault.bak").exists()
    secrets.vault().remove_slots(slot_of(secrets, "passphrase"))
    assert types_of(secrets) == ["keyfile"]
    assert not (state / "vault.bak").exists()


def test_a_rotation_encrypts_all_anew(make, state):
    secrets = make()
    secrets.set("a.b", Secret(KEY))
    before = (state / "vault").read_bytes()
    secrets.vault().rotate()
    assert (state / "vault").read_bytes() != before
    assert value_of(make(), "a.b") == KEY


# a save that is cut short


class Cut(FileSystem):
    """Ends the process, so to speak, or fails, at the n-th call that changes the disk."""

    def __init__(self, at: int, error: BaseException) -> None:
        self.left, self.error = at, error

    def _count(self) -> None:
        if self.left == 0:
            raise self.error
        self.left -= 1

    def write(self, fd: int, data: bytes | memoryview) -> int:
        self._count()
        return os.write(fd, data)

    def sync(self, fd: int) -> None:
        self._count()

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        super().rename(old, new)

    def unlink(self, path: Path) -> None:
        self._count()
        super().unlink(path)

    def link(self, old: Path, new: Path) -> None:
        self._count()
        super().link(old, new)

    def mkdir(self, path: Path, mode: int) -> None:
        self._count()
        super().mkdir(path, mode)


class Killed(BaseException):
    """What SIGKILL leaves behind: nothing is tidied up through this file system after it."""


CHANGES = {
    "set": (lambda secrets: secrets.set("a.new", Secret("new-value")), {"a.old", "a.kept", "a.new"}),
    "delete": (lambda secrets: secrets.delete("a.old"), {"a.kept"}),
    "rotate": (lambda secrets: secrets.vault().rotate(), {"a.old", "a.kept"}),
}


@pytest.mark.parametrize("error", [Killed(), OSError(28, "No space left on device")], ids=["kill", "full disk"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_save_cut_anywhere_leaves_the_old_vault_or_the_new_one(tmp_path, change, error):
    home = {"HOME": str(tmp_path)}
    for name in ("a.old", "a.kept"):
        Secrets(tmp_path / "state", home).set(name, Secret(f"value of {name}"))
    act, after = CHANGES[change]
    for at in itertools.count():
        state = shutil.copytree(tmp_path / "state", tmp_path / f"state{at}")
        fs = Cut(at, error)
        with contextlib.suppress(Killed, OSError):
            act(Secrets(state, home, fs=fs))
        left = Secrets(state, home)
        assert {one.name for one in left.list()} in ({"a.old", "a.kept"}, after)
        assert value_of(left, "a.kept") == "value of a.kept"
        left.set("a.later", Secret("later-value"))
        if fs.left > 0:
            break
    assert at > 5


def test_a_first_save_cut_anywhere_can_be_done_again(tmp_path):
    for at in itertools.count():
        environ = {"HOME": str(tmp_path / f"home{at}")}
        fs = Cut(at, Killed())
        with contextlib.suppress(Killed):
            Secrets(tmp_path / f"state{at}", environ, fs=fs).set("a.b", Secret(KEY))
        Secrets(tmp_path / f"state{at}", environ).set("a.c", Secret(KEY))
        assert value_of(Secrets(tmp_path / f"state{at}", environ), "a.c") == KEY
        if fs.left > 0:
            break
    assert at > 5


# the process


def test_the_process_writes_no_core_and_can_not_be_read(tmp_path):
    code = (
        "import ctypes, os, resource; from watcher.secrets import harden\n"
        "missing = harden()\n"
        "open('made', 'w').close()\n"
        "print(missing, resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),"
        " oct(os.stat('made').st_mode & 0o777))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "[] (0, 0) 0 0o600\n"


def test_a_system_that_can_not_protect_the_process_says_so(monkeypatch):
    class NoPrctl:
        pass

    def refused(*_: object) -> None:
        raise ValueError("not permitted")

    monkeypatch.setattr("watcher.secrets.process.ctypes.CDLL", lambda _: NoPrctl())
    monkeypatch.setattr("watcher.secrets.process.resource.setrlimit", refused)
    monkeypatch.setattr("watcher.secrets.process.os.umask", lambda _: 0)
    missing = harden()
    assert len(missing) == 2
    assert "not permitted" in missing[0]
    assert "prctl" in missing[1]


def test_a_lookup_without_a_vault_does_not_load_cryptography(tmp_path):
    code = (
        "import sys; from pathlib import Path; from watcher.secrets import Secrets\n"
        "Secrets(Path(sys.argv[1]), {}).get('red.api_key'); print('cryptography' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
