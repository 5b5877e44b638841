"""The vault of a state folder, opened with the keys at hand, kept open until its file changes, and saved.

Loads `cryptography`, 40 ms: imported only when there is a vault to open or to make.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from trackers.clock import Clock
from trackers.secret import Secret
from watcher.durable import FileSystem
from watcher.errors import NotFound, SeedpostError
from watcher.secrets import vault
from watcher.secrets.at_hand import KeysAtHand, Saved
from watcher.secrets.errors import SecretError, VaultLocked
from watcher.secrets.keys import PASSPHRASE, check_new
from watcher.secrets.outside import Outside
from watcher.secrets.store import VaultFile
from watcher.secrets.vault import Entry, Vault

RETRY = 30.0  # seconds until a vault that did not open is tried again: its key file may have come
WRONG = 1.0  # seconds that a wrong passphrase costs
UNLOCK = (
    "type the passphrase with `seedpost unlock`, or give the key unattended: the key file in SEEDPOST_VAULT_KEY_FILE, "
    "the passphrase in SEEDPOST_VAULT_PASSPHRASE or by SEEDPOST_VAULT_COMMAND, or the credential vault_key"
)


@dataclass(frozen=True)
class SlotStatus:
    """One key of the vault: its id (never changes), its type, and whether that key is at hand now."""

    id: str
    type: str  # passphrase | keyfile
    at_hand: bool


class VaultAccess:
    """One vault. Not safe from threads: `Secrets` takes turns."""

    def __init__(self, state: Path, outside: Outside, *, clock: Clock, fs: FileSystem) -> None:
        self._file = VaultFile(state, fs=fs, clock=clock)
        self._keys = KeysAtHand(outside, fs=fs)
        self._clock, self._fs = clock, fs
        self._open: tuple[object, Vault] | None = None
        self._failed: tuple[object, SecretError, float] | None = None

    def entries(self) -> Mapping[str, Entry]:
        """What the vault holds, read again if the file changed; nothing if there is none. Raises SecretError."""
        found = self._current()
        return found.entries if found else {}

    def slots(self) -> tuple[SlotStatus, ...]:
        """What opens the vault, in the order in which it was added. Raises SecretError."""
        found = self._current()
        if found is None:
            return ()
        keys = self._keys.all()
        return tuple(SlotStatus(slot.id, slot.type, vault.opens(found, slot, keys)) for slot in found.slots)

    def bring(self, key_file: Path) -> None:
        """Have one more key file at hand. Raises SecretError: others can read it, or it is none."""
        self._keys.bring(key_file)
        self.forget()

    def _current(self) -> Vault | None:
        version = self._version()
        if self._open and version is not None and self._open[0] == version:
            return self._open[1]
        found = self._loaded(version)
        self._failed = None
        self._open = (version, found) if found else None
        return found

    def _loaded(self, version: object) -> Vault | None:
        if self._failed and self._failed[0] == version and self._clock.running() < self._failed[2] + RETRY:
            raise self._failed[1].with_traceback(None)  # not scrypt again for every job
        try:
            found = self._file.load(self._keys.all)
        except SecretError as error:
            if isinstance(error, VaultLocked):
                error.hint = error.hint or UNLOCK
                self._keys.ask_again()
            self._failed = (version, error, self._clock.running())
            raise
        for entry in found.entries.values() if found else ():
            Secret(entry.value)  # the filter knows all of them, asked for or not
        return found

    def _version(self) -> object | None:
        try:
            found = self._fs.stat(self._file.path)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode, found.st_uid

    def trouble(self) -> str:
        """Why the vault did not open when it was last asked, with what to do; empty if it did."""
        if self._failed is None:
            return ""
        error = self._failed[1]
        return f"{error}: {error.hint}" if error.hint else str(error)

    def forget(self) -> None:
        """Read the vault and the key files again when somebody asks next."""
        self._open = self._failed = None

    def reload(self) -> None:
        """As `forget`, and ask the command for the passphrase again."""
        self._keys.ask_again()
        self.forget()

    def unlock(self, passphrase: Secret) -> None:
        """Use this passphrase from now on. Raises VaultLocked after a second if it is not the vault's, whatever else
        opens it. Where there is no vault yet, the first secret makes it with this passphrase."""
        before = self._keys.use(passphrase)
        self.forget()
        try:
            self._file.load(lambda: [self._keys.passphrase()])
        except SecretError as error:
            self._keys.use(before)
            self.forget()
            if isinstance(error, VaultLocked):
                self._clock.wait(WRONG)
            raise

    def store(self, name: str, entry: Entry) -> Saved:
        """Put one secret into the vault; the first one makes it, with the passphrase at hand or a key file."""
        saved = Saved()

        def edit(before: Vault | None) -> Vault:
            nonlocal saved
            if before is None:
                key, saved = self._keys.first()
                before = vault.with_slot(vault.new_vault(), key)
            return replace(before, entries={**before.entries, name: entry})

        self._change(edit)
        return saved

    def remove(self, name: str) -> None:
        """Take one secret out, also out of the file that was kept. Raises NotFound."""

        def edit(before: Vault) -> Vault:
            if name not in before.entries:
                raise NotFound(f"the vault has no secret {name}", hint="seedpost secrets list")
            return replace(before, entries={key: one for key, one in before.entries.items() if key != name})

        self._edit(edit, removes=True)

    def set_passphrase(self, new: Secret) -> None:
        """Let `new` be the only passphrase, beside any key files; where there is no vault, make one with it alone.
        Every key must be at hand. Raises SeedpostError."""
        check_new(new)
        old: Secret | None = None

        def edit(before: Vault | None) -> Vault:
            nonlocal old
            before = before or vault.new_vault()
            old = self._keys.use(new)
            others = tuple(slot for slot in before.slots if slot.type != PASSPHRASE)
            return vault.with_slot(replace(before, slots=others), self._keys.passphrase())

        try:
            self._change(edit, removes=True, fresh=True)
        except BaseException:
            self._keys.use(old)
            raise

    def add_key_file(self, path: Path | None = None) -> Saved:
        """Let a key file open the vault too: the one it is looked for in, or `path`. It is made if it is not there.
        Raises SeedpostError."""
        key, saved = self._keys.file_made(path)

        def edit(before: Vault) -> Vault:
            if any(vault.opens(before, slot, [key]) for slot in before.slots):
                raise SeedpostError("this key file opens the vault already", hint="seedpost secrets slot list")
            return vault.with_slot(before, key)

        self._edit(edit)
        return saved

    def remove_slots(self, ids: Collection[str]) -> None:
        """Let these keys open the vault no more; those that stay must be at hand. Raises SeedpostError, NotFound."""

        def edit(before: Vault) -> Vault:
            missing = set(ids) - {slot.id for slot in before.slots}
            if missing:
                raise NotFound(f"the vault has no slot {', '.join(sorted(missing))}", hint="seedpost secrets slot list")
            rest = tuple(slot for slot in before.slots if slot.id not in ids)
            if not rest:
                raise SeedpostError("nothing else opens the vault", hint="give it another key first")
            return replace(before, slots=rest)

        self._edit(edit, removes=True, fresh=True)

    def rotate(self) -> None:
        """Encrypt everything with a new data key. Every key must be at hand. Raises SecretError."""
        self._edit(lambda before: before, removes=True, fresh=True)

    def _edit(self, edit: Callable[[Vault], Vault], *, removes: bool = False, fresh: bool = False) -> None:
        def existing(before: Vault | None) -> Vault:
            if before is None:
                raise NotFound(f"there is no vault at {self._file.path}", hint="seedpost secrets set makes it")
            return edit(before)

        self._change(existing, removes=removes, fresh=fresh)

    def _change(self, edit: Callable[[Vault | None], Vault], *, removes: bool = False, fresh: bool = False) -> None:
        try:
            self._file.change(self._keys.all, edit, removes=removes, fresh=fresh)
        except VaultLocked as error:
            error.hint = error.hint or UNLOCK
            raise
        finally:
            self.forget()
