"""What may go wrong with a secret. `code` is from the closed list in docs/journal.md; no text holds a value."""

from __future__ import annotations

from watcher.errors import INVALID, NOT_AUTHORISED, SeedpostError


class SecretError(SeedpostError):
    """A secret is there, or may be, and can't be used. Only what needs it waits."""

    code = "secret-refused"


class ForOtherHost(SecretError):
    """The vault's secret was stored for another host than the one that asks."""

    code = "secret-for-other-host"

    def __init__(self, name: str, stored_for: str, asked_for: str) -> None:
        super().__init__(
            f"secret {name} was stored for {stored_for}, not for {asked_for}",
            hint=f"if {asked_for} is right, store the secret again: seedpost secrets set {name}",
        )
        self.stored_for = stored_for


class VaultLocked(SecretError):
    """There is a vault, and no key at hand opens it: none given, or a wrong one."""

    code = "vault-locked"
    exit_code = NOT_AUTHORISED


class VaultDamaged(SecretError):
    """The vault's bytes are not what was written, or a newer seedpost wrote them."""

    code = "vault-damaged"
    exit_code = INVALID
