"""The keys that this process has to a vault, and where they lie: a credential, a key file, a passphrase."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from trackers.secret import Secret
from watcher import durable
from watcher.durable import FileSystem
from watcher.logs import log
from watcher.secrets.command import answer_of
from watcher.secrets.errors import SecretError
from watcher.secrets.keys import Key, check_new, file_key, passphrase_key
from watcher.secrets.outside import Outside

CREDENTIAL = "vault_key"  # in $CREDENTIALS_DIRECTORY
VARIABLE = "SEEDPOST_VAULT_KEY_FILE"
COMMAND = "SEEDPOST_VAULT_COMMAND"  # in the environment and not in rules.yaml, which starts no program


@dataclass(frozen=True)
class Saved:
    """What a save did besides: the key file it made, and what a person should know about that, else ""."""

    key_file: Path | None = None
    note: str = ""


class KeysAtHand:
    """Looks for keys each time it is asked: a key file may come and go with the disk it is on."""

    def __init__(self, outside: Outside, *, fs: FileSystem) -> None:
        self._outside, self._fs = outside, fs
        self._passphrase = outside.passphrase()
        self._key = passphrase_key(self._passphrase) if self._passphrase else None
        self._brought: list[Key] = []
        self._asked = False  # the passphrase in use is what the command said

    def use(self, passphrase: Secret | None) -> Secret | None:
        """Take this passphrase instead of the present one, which is returned."""
        before, self._passphrase = self._passphrase, passphrase
        self._key = passphrase_key(passphrase) if passphrase else None
        self._asked = False
        return before

    def ask_again(self) -> None:
        """Run the command once more when a key is next needed: what it said may be another passphrase by now."""
        if self._asked:
            self.use(None)

    def passphrase(self) -> Key:
        """The key of the passphrase in use. Raises LookupError if there is none."""
        if self._key is None:
            raise LookupError("no passphrase in use")
        return self._key

    def bring(self, path: Path) -> None:
        """Have the key file `path` at hand too. Raises SecretError."""
        try:
            self._brought.append(file_key(self._outside.read(path), path))
        except FileNotFoundError as error:
            raise SecretError(f"there is no key file {path}", hint="name one that opens the vault") from error

    def all(self) -> list[Key]:
        """Every key at hand, the quick ones first. Raises SecretError: a key file that others can read, or a command
        that gives no passphrase, where nothing else is at hand."""
        found = list(self._brought)
        if credential := self._outside.credential(CREDENTIAL):
            found.append(file_key(*credential))
        with contextlib.suppress(FileNotFoundError):
            found.append(self._of_file(self.path()))
        if self._key is None and (command := self._outside.environ.get(COMMAND)):
            self._ask(command, needed=not found)
        return [*found, self._key] if self._key else found

    def _ask(self, command: str, *, needed: bool) -> None:
        try:
            self.use(answer_of(command))
            self._asked = True
        except SecretError as error:
            if needed:
                raise
            log.warning("vault.command_failed", error=error)

    def first(self) -> tuple[Key, Saved]:
        """The key for a new vault: the passphrase if one is given, else a key file, made if there is none."""
        if self._passphrase and self._key:
            check_new(self._passphrase)
            return self._key, Saved()
        found = self.all()
        return (found[0], Saved()) if found else self.file_made()

    def file_made(self, path: Path | None = None) -> tuple[Key, Saved]:
        """The key of the key file at `path`, or where it is looked for. A file that is there is never written over:
        another vault may hang on it."""
        path = path or self.path()
        with contextlib.suppress(FileNotFoundError):
            return self._of_file(path), Saved()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make(path)
        return self._of_file(path), Saved(path, _note(path))

    def path(self) -> Path:
        """Where the key file is: $SEEDPOST_VAULT_KEY_FILE, or beside rules.yaml in the user's config folder."""
        environ = self._outside.environ
        if named := environ.get(VARIABLE):
            return Path(named)
        home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
        return Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "seedpost" / "vault.key"

    def _of_file(self, path: Path) -> Key:
        return file_key(self._outside.read(path), path)

    def _make(self, path: Path) -> None:
        """Durable before the vault that needs it; of two that make it at once, one wins and both use it."""
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        durable.replace(temporary, secrets.token_hex(32).encode() + b"\n", fs=self._fs)
        try:
            if not durable.link(temporary, path, self._fs):
                self._fs.rename(temporary, path)
                return
        except FileExistsError:
            pass
        self._fs.unlink(temporary)


def _note(path: Path) -> str:
    return (
        f"made the key file {path}, with which the vault opens unattended. It protects the state folder's backups and "
        "stray copies, but not against root or this user's other programs. Keep a copy of it apart from the state "
        "folder: without it the secrets are lost. To have a passphrase instead, give it in SEEDPOST_VAULT_PASSPHRASE "
        "when the first secret is stored"
    )
