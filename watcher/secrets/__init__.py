"""Keys, passwords, addresses that hold one: where they are found, and the vault they are stored in. Sends none."""

from __future__ import annotations

from watcher.secrets.errors import ForOtherHost, SecretError, VaultDamaged, VaultLocked
from watcher.secrets.lookup import Secrets, SecretStatus
from watcher.secrets.outside import secret_name
from watcher.secrets.process import harden
from watcher.secrets.unlocking import listen, unlock

__all__ = [
    "ForOtherHost", "SecretError", "SecretStatus", "Secrets", "VaultDamaged", "VaultLocked", "harden", "listen",
    "secret_name", "unlock",
]  # fmt: skip
