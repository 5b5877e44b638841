"""The vault as files in the state folder: STATE/vault, the one before it, and the highest generation ever written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from trackers.clock import Clock
from watcher import durable
from watcher.durable import FileSystem
from watcher.logs import log
from watcher.secrets import vault
from watcher.secrets.errors import VaultDamaged
from watcher.secrets.files import read_secret_file
from watcher.secrets.keys import Key
from watcher.secrets.vault import Vault


class VaultFile:
    """STATE/vault. Readers take no lock: the file is only ever replaced whole."""

    def __init__(self, state: Path, *, fs: FileSystem, clock: Clock) -> None:
        self.path = state / "vault"
        self.bak = state / "vault.bak"
        self._highwater = state / "vault.highwater"
        self._state, self._fs = state, fs
        self._lock = durable.Lock(state / "vault.lock", fs=fs, clock=clock)

    def load(self, keys: Callable[[], Sequence[Key]]) -> Vault | None:
        """The open vault; None where none was ever made. `keys` is asked only if there is one. Raises SecretError."""
        data = self._read()
        return None if data is None else self._opened(data, keys())

    def change(
        self,
        keys: Callable[[], Sequence[Key]],
        edit: Callable[[Vault | None], Vault],
        *,
        removes: bool = False,
        fresh: bool = False,
    ) -> Vault:
        """Read, edit, save, under the lock. `removes`: the file before this one must not stay, it has what was removed.
        Raises SecretError, SeedpostError, OSError: the old vault is then still in place."""
        durable.private_folder(self._state, fs=self._fs)
        with contextlib.closing(self._lock), self._lock.held():
            before = self._read()
            after = edit(None if before is None else self._opened(before, keys()))
            generation = max(after.generation, self._highest()) + 1
            data, back = vault.sealed(replace(after, generation=generation), keys(), fresh=fresh)
            if removes:
                with contextlib.suppress(FileNotFoundError):
                    self._fs.unlink(self.bak)
            elif before is not None:
                durable.replace(self.bak, before, fs=self._fs)
            durable.replace(self.path, data, fs=self._fs)
            with contextlib.suppress(OSError):  # the vault stands; a full disk that takes no mark of it is no harm
                durable.replace(self._highwater, b"%d\n" % generation, fs=self._fs)
        return back

    def _read(self) -> bytes | None:
        try:
            return read_secret_file(self.path, fs=self._fs, largest=vault.LARGEST)
        except FileNotFoundError as error:
            if durable.exists(self.bak, self._fs):
                raise VaultDamaged(f"{self.path} is gone, and {self.bak.name} is there", hint=self._mend()) from error
            return None

    def _opened(self, data: bytes, keys: Sequence[Key]) -> Vault:
        try:
            found = vault.opened(data, keys)
        except VaultDamaged as error:
            raise VaultDamaged(f"{self.path}: {error}", hint=error.hint or self._mend()) from error
        if found.generation < (highest := self._highest()):
            log.warning("vault.older", path=self.path, generation=found.generation, highest=highest)
        return found

    def _highest(self) -> int:
        try:
            return int(read_secret_file(self._highwater, fs=self._fs))
        except (FileNotFoundError, ValueError):
            return 0

    def _mend(self) -> str:
        if durable.exists(self.bak, self._fs):
            return f"the one before it may be whole: cp -p '{self.bak}' '{self.path}'"
        return (
            f"restore it from a backup, or move it away and store the secrets again: mv '{self.path}' '{self.path}.bad'"
        )
