"""Keys of a vault: a passphrase or the contents of a key file, and the wrapping keys made from them. Reads no file."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from trackers.secret import Secret
from watcher.errors import SeedpostError
from watcher.secrets.errors import SecretError

PASSPHRASE, KEY_FILE = "passphrase", "keyfile"
SHORTEST = 12  # characters of a new passphrase
SHORTEST_KEY = 32  # bytes of a key file


class Key:
    """One key at hand. Remembers what it was stretched to, so that a save costs scrypt once and not three times."""

    __slots__ = ("_made", "_material", "type")

    def __init__(self, type: str, material: bytes) -> None:
        self.type = type
        self._material = material
        self._made: dict[tuple[bytes, int], bytes] = {}

    def __repr__(self) -> str:
        return f"Key({self.type!r}, ***)"

    def wrapping(self, salt: bytes, cost: int) -> bytes:
        """The 32 bytes that wrap a vault's data key. `cost` is log2 of scrypt's N. Raises SecretError: no memory."""
        if (salt, cost) not in self._made:
            self._made[salt, cost] = self._stretched(salt, cost)
        return self._made[salt, cost]

    def _stretched(self, salt: bytes, cost: int) -> bytes:
        if self.type == KEY_FILE:
            return HKDF(SHA256(), 32, salt, b"seedpost-vault/1/keyfile").derive(self._material)
        try:
            return Scrypt(salt, 32, 2**cost, 8, 1).derive(self._material)
        except MemoryError as error:
            raise SecretError(
                f"opening the vault by passphrase takes {2**cost // 1024} MiB of memory, and there is less",
                hint="give the process more, or open the vault by a key file",
            ) from error


def passphrase_key(passphrase: Secret) -> Key:
    """The key of a passphrase. The same words typed on another keyboard are the same passphrase (NFKC)."""
    return Key(PASSPHRASE, unicodedata.normalize("NFKC", passphrase.reveal()).encode("utf-8", "surrogateescape"))


def file_key(data: bytes, where: Path) -> Key:
    """The key of a key file, less the line end. Raises SecretError if it is too short to be one."""
    material = data.rstrip(b"\r\n")
    if len(material) < SHORTEST_KEY:
        raise SecretError(
            f"{where} is too short for a vault's key: {len(material)} bytes, {SHORTEST_KEY} are the least",
            hint="it is the file that `secrets set` made, or the output of: head -c 32 /dev/urandom | base64",
        )
    return Key(KEY_FILE, material)


def check_new(passphrase: Secret) -> None:
    """Raises SeedpostError if a new passphrase can be guessed by trying."""
    if len(unicodedata.normalize("NFKC", passphrase.reveal())) < SHORTEST:
        raise SeedpostError(
            f"a passphrase has {SHORTEST} characters or more",
            hint="four or more words that have nothing to do with each other",
        )
