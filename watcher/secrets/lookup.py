"""Finds a secret where people keep it, in one order, and stores it in the vault. Hands out Secrets, shows none."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trackers.clock import Clock, utc_text
from trackers.secret import Secret
from watcher import durable
from watcher.durable import FileSystem
from watcher.errors import NotFound, SeedpostError
from watcher.secrets.cookies import expiry, imported, is_cookies
from watcher.secrets.desktop import Keyring
from watcher.secrets.errors import ForOtherHost, SecretError
from watcher.secrets.outside import Outside, checked_name

if TYPE_CHECKING:
    from watcher.secrets.access import VaultAccess
    from watcher.secrets.at_hand import Saved
    from watcher.secrets.vault import Entry


@dataclass(frozen=True)
class SecretStatus:
    """Whether a secret is there and where from; never the value. `problem`: why it can't be used."""

    name: str
    origin: str | None = None  # credential file environment vault keyring; None: it is nowhere
    host: str | None = None  # the one host a vault's secret may be sent to
    where: str = ""  # the file or the variable
    stored: str = ""  # UTC; of the vault's alone
    problem: str = ""
    expires: str = ""  # UTC; of cookies that the vault has


class Secrets:
    """All secrets of one process; make one, since it takes values out of os.environ. Safe from several threads.

    Order: $CREDENTIALS_DIRECTORY/NAME, SEEDPOST_SECRET_NAME_FILE, SEEDPOST_SECRET_NAME, STATE/vault, the keyring.
    """

    def __init__(
        self, state: Path, environ: Mapping[str, str], *, clock: Clock | None = None, fs: FileSystem | None = None
    ) -> None:
        self._state = state
        self._clock, self._fs = clock or Clock(), fs or FileSystem()
        self._outside = Outside(environ, fs=self._fs)
        self._lock = threading.RLock()
        self._access: VaultAccess | None = None
        self._keyring = Keyring(self._outside.environ, clock=self._clock)

    def get(self, name: str, host: str | None = None) -> Secret | None:
        """The secret, or None if it is nowhere. `host`: where it is going to be sent. Raises ForOtherHost, VaultLocked,
        VaultDamaged, or SecretError for a file that others can read: only what needs this secret waits."""
        found = self._found(checked_name(name), host)
        if found is None or host is None or not is_cookies(name):
            return found
        return Secret(imported(found.reveal(), host, self._clock.now()))

    def _found(self, name: str, host: str | None) -> Secret | None:
        if kept := self._outside.find(name):
            return kept.value
        entry = self._entry(name)
        if entry is None:
            return self._of_keyring(name)
        if host and entry.host and not _same_host(host, entry.host):
            raise ForOtherHost(name, entry.host, host)
        return Secret(entry.value)

    def status(self, names: Iterable[str]) -> list[SecretStatus]:
        """What is known of each name. Raises nothing: what can't be used has a `problem`."""
        return [self._status(name) for name in names]

    def _status(self, name: str) -> SecretStatus:
        try:
            if kept := self._outside.find(checked_name(name)):
                return SecretStatus(name, kept.origin, where=kept.where)
            entry = self._entry(name)
        except SeedpostError as error:
            return SecretStatus(name, problem=str(error))
        if entry is not None:
            return self._stored(name, entry)
        return (
            SecretStatus(name, "keyring", where=self._keyring.chosen.backend)
            if self._of_keyring(name)
            else SecretStatus(name)
        )

    def _of_keyring(self, name: str) -> Secret | None:
        with self._lock:
            return self._keyring.find(name)

    def keyring(self) -> tuple[str, str]:
        """Which keyring is asked last and why, in words; and what went wrong with it, if something did."""
        return self._keyring.chosen.why, self._keyring.trouble

    def _stored(self, name: str, entry: Entry) -> SecretStatus:
        ends = expiry(entry.value) if is_cookies(name) else None
        problem = "they have expired: export them again" if ends is not None and ends <= self._clock.now() else ""
        where, expires = str(self._state / "vault"), "" if ends is None else utc_text(ends)
        return SecretStatus(name, "vault", entry.host or None, where, entry.stored, problem, expires)

    def _entry(self, name: str) -> Entry | None:
        with self._lock:
            return self.vault().entries().get(name) if self._has_vault() else None

    def _has_vault(self) -> bool:
        """A kept file without a vault counts: that is damage, and must be told."""
        return any(durable.exists(self._state / name, self._fs) for name in ("vault", "vault.bak"))

    def vault(self) -> VaultAccess:
        """The vault itself: `unlock`, `slots`, `set_passphrase`, `add_key_file`, `remove_slots`, `rotate`."""
        with self._lock:
            if self._access is None:
                from watcher.secrets.access import VaultAccess  # loads `cryptography`: 40 ms, only where there is need

                self._access = VaultAccess(self._state, self._outside, clock=self._clock, fs=self._fs)
            return self._access

    def unlock(self, passphrase: Secret) -> None:
        """Open the vault with this passphrase from now on. Raises NotFound where there is none, and VaultLocked after a
        second if it is not the vault's."""
        with self._lock:
            if not self._has_vault():
                raise NotFound(f"there is no vault in {self._state}", hint="seedpost secrets set makes it")
            self.vault().unlock(passphrase)

    def trouble(self) -> str:
        """Why the vault does not open, with what to do; empty if it does, or if nothing was asked of it yet."""
        with self._lock:
            return self._access.trouble() if self._access else ""

    def list(self) -> list[SecretStatus]:
        """The vault's secrets by name. Raises SecretError."""
        with self._lock:
            entries = self.vault().entries() if self._has_vault() else {}
            return [self._stored(name, entries[name]) for name in sorted(entries)]

    def set(self, name: str, value: Secret, host: str | None = None) -> Saved:
        """Put a secret into the vault, for `host` alone if one is given. The first makes the vault: with the passphrase
        at hand, else with a key file, of which the returned `note` tells. `NAME.cookies` takes a browser's export, of
        which the host's are kept. Raises SeedpostError, OSError."""
        from watcher.secrets.vault import Entry  # as in `vault`

        text = value.reveal().rstrip("\r\n")
        if not text or "\0" in text:
            raise SecretError(f"{name} would be empty, or has a NUL in it: nothing was stored", hint="paste it again")
        if is_cookies(name):
            if not host:
                raise SecretError(f"whose cookies are {name}?", hint=f"seedpost secrets set {name} --host HOST")
            text = imported(text, host, self._clock.now())
        entry = Entry(text, (host or "").lower(), utc_text(self._clock.now()))
        with self._lock:
            return self.vault().store(checked_name(name), entry)

    def delete(self, name: str) -> None:
        """Take a secret out of the vault. Raises NotFound, SecretError, OSError."""
        with self._lock:
            self.vault().remove(checked_name(name))

    def reload(self) -> None:
        """Look at the vault and its key again (SIGHUP). A changed vault is noticed without it."""
        with self._lock:
            self._keyring.forget()
            if self._access:
                self._access.reload()


def _same_host(one: str, other: str) -> bool:
    return one.lower().rstrip(".") == other.lower().rstrip(".")
