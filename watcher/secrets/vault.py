"""The vault's file format: bytes to secrets and back. Knows no file and no place where a key may lie.

Line 1 is the header, ASCII JSON with sorted keys and no spaces; line 2 is base64 of AES-256-GCM over the padded
secrets, with the exact bytes of line 1 authenticated. A slot is the data key wrapped with a key made from a passphrase
or a key file. docs/secrets.md describes it for whoever has to read one without seedpost.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from watcher.errors import SeedpostError
from watcher.secrets.errors import VaultDamaged, VaultLocked
from watcher.secrets.keys import KEY_FILE, PASSPHRASE, Key

FORMAT, VERSION, CIPHER = "seedpost-vault", 1, "AES-256-GCM"
LARGEST = 1024 * 1024  # bytes of the file
MOST_SLOTS = 8
COST = 17  # log2 of scrypt's N for a new passphrase: 128 MiB, about 0.4 s
COSTS = range(15, 21)  # what a header may ask for: a file put in our place must not take our memory
_KDF = {PASSPHRASE: "scrypt", KEY_FILE: "hkdf-sha256"}
_PAD = 1024  # the length of the secrets shows only in steps of this
_NONCE, _SALT, _ID, _WRAPPED = 12, 32, 12, 48


@dataclass(frozen=True)
class Entry:
    """One secret as it is stored. `host`: the one it may be sent to; "" for what goes to no single host."""

    value: str
    host: str
    stored: str  # UTC

    def __repr__(self) -> str:
        return f"Entry(***, {self.host!r})"


@dataclass(frozen=True)
class Slot:
    """The data key, wrapped for one passphrase or key file."""

    type: str  # passphrase | keyfile
    salt: bytes
    cost: int  # log2 of scrypt's N; 0 for a key file
    nonce: bytes
    wrapped: bytes

    @property
    def id(self) -> str:
        """What a person names it by; a save does not change it."""
        return self.salt[:4].hex()

    def as_json(self) -> dict[str, object]:
        """As the slot stands in the header."""
        return {**self.fixed(), "nonce": _b64(self.nonce), "wrapped": _b64(self.wrapped)}

    def fixed(self) -> dict[str, object]:
        """What the wrapping authenticates, so that no slot can be weakened or moved to another vault."""
        kdf: dict[str, object] = {"type": self.type, "kdf": _KDF[self.type], "salt": _b64(self.salt)}
        return kdf | {"logN": self.cost, "r": 8, "p": 1} if self.type == PASSPHRASE else kdf


@dataclass(frozen=True)
class Vault:
    """An open vault. Its data key never leaves this module."""

    id: bytes
    generation: int
    slots: tuple[Slot, ...]
    entries: Mapping[str, Entry]
    _key: bytes

    def __repr__(self) -> str:
        return f"Vault(generation {self.generation}, {len(self.slots)} slots, {len(self.entries)} secrets)"


def new_vault() -> Vault:
    """An empty vault without a slot, never saved."""
    return Vault(os.urandom(_ID), 0, (), {}, os.urandom(32))


def with_slot(vault: Vault, key: Key, *, cost: int = COST) -> Vault:
    """`vault` with one more slot, for `key`. Raises SeedpostError if it has as many as it may."""
    if len(vault.slots) >= MOST_SLOTS:
        raise SeedpostError(f"a vault has at most {MOST_SLOTS} keys", hint="remove one: seedpost secrets slot")
    slot = Slot(key.type, os.urandom(_SALT), cost if key.type == PASSPHRASE else 0, b"", b"")
    return replace(vault, slots=(*vault.slots, _rewrapped(vault, slot, key.wrapping(slot.salt, slot.cost))))


def opened(data: bytes, keys: Sequence[Key]) -> Vault:
    """The vault in `data`. Raises VaultLocked (no key, or a wrong one), VaultDamaged (also: of a newer seedpost)."""
    header, head, body = _parsed(data)
    key = _data_key(header, keys)
    try:
        padded = AESGCM(key).decrypt(header.nonce, body, head)
    except InvalidTag as error:
        raise VaultDamaged("the vault is damaged: its key is right, what it holds is not what was written") from error
    return Vault(header.id, header.generation, header.slots, _entries(padded), key)


def opens(vault: Vault, slot: Slot, keys: Sequence[Key]) -> bool:
    """Whether one of `keys` is this slot's."""
    return _wrapping(vault, slot, keys) is not None


def sealed(vault: Vault, keys: Sequence[Key], *, fresh: bool = False) -> tuple[bytes, Vault]:
    """The file of `vault` and the vault that was read back from it. The nonce is new, and the data key is if the key of
    every slot is at hand; a slot whose key is not at hand stays as it is, or with `fresh` raises VaultLocked."""
    wrapping = [_wrapping(vault, slot, keys) for slot in vault.slots]
    if all(wrapping):
        vault = replace(vault, _key=os.urandom(32))
    elif fresh:
        raise VaultLocked("this change makes a new data key, and one of the vault's keys is not at hand", hint=GIVE_ALL)
    slots = (_rewrapped(vault, slot, kek) if kek else slot for slot, kek in zip(vault.slots, wrapping, strict=True))
    header = _Header(vault.id, vault.generation, os.urandom(_NONCE), tuple(slots))
    head = _header(header)
    data = _file(head, AESGCM(vault._key).encrypt(header.nonce, _padded(vault.entries), head))
    if len(data) > LARGEST:
        raise SeedpostError(f"the vault would be larger than {LARGEST // 1024} KiB", hint="delete what is not needed")
    back = opened(data, keys)
    if back.entries != vault.entries:
        raise VaultDamaged("the new vault did not read back as it was written: the old one was left as it is")
    return data, back


GIVE_ALL = (
    "`seedpost secrets slot list` shows which; a key file is given by --key-file, the passphrase is asked for on a "
    "terminal, and the slot of a lost key goes by `seedpost secrets slot remove`"
)


@dataclass(frozen=True)
class _Header:
    id: bytes
    generation: int
    nonce: bytes
    slots: tuple[Slot, ...]


def _header(header: _Header) -> bytes:
    value = {
        "cipher": CIPHER,
        "format": FORMAT,
        "generation": header.generation,
        "id": _b64(header.id),
        "nonce": _b64(header.nonce),
        "slots": [slot.as_json() for slot in header.slots],
        "v": VERSION,
    }
    return _dumped(value)


def _file(head: bytes, body: bytes) -> bytes:
    return head + b"\n" + base64.b64encode(body) + b"\n"


def _parsed(data: bytes) -> tuple[_Header, bytes, bytes]:
    """Header, its bytes, the encrypted body. Strict: what does not encode to the same bytes was not written by us."""
    if len(data) > LARGEST:
        raise VaultDamaged(f"the vault is larger than {LARGEST // 1024} KiB")
    head, _, rest = data.partition(b"\n")
    try:
        value = json.loads(head)
        newer = isinstance(value, dict) and value.get("format") == FORMAT and value.get("v") != VERSION
        if newer and type(value["v"]) is int and value["v"] > VERSION:
            raise VaultDamaged(
                f"the vault has format {value['v']}, this seedpost reads {VERSION}",
                hint="update seedpost; nothing is lost",
            )
        header = _header_of(value)
        body = base64.b64decode(rest)
        same = _file(_header(header), body) == data
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise VaultDamaged("the vault is damaged: its header can't be read") from error
    if not same:
        raise VaultDamaged("the vault is damaged: it is not as it was written")
    return header, head, body


def _header_of(value: Mapping[str, object]) -> _Header:
    slots, generation = value["slots"], value["generation"]
    if not isinstance(slots, list) or not 1 <= len(slots) <= MOST_SLOTS:
        raise ValueError("slots")
    if type(generation) is not int or generation < 1:
        raise ValueError("generation")
    return _Header(_bytes(value["id"], _ID), generation, _bytes(value["nonce"], _NONCE), tuple(map(_slot_of, slots)))


def _slot_of(value: Mapping[str, object]) -> Slot:
    cost = value.get("logN", 0)
    if value["type"] not in _KDF or type(cost) is not int:
        raise ValueError("slot")
    if (value["type"] == PASSPHRASE and cost not in COSTS) or (value["type"] == KEY_FILE and cost != 0):
        raise ValueError("scrypt's cost is out of bounds")  # before any key is made with it
    salt, nonce, wrapped = (_bytes(value[key], size) for key, size in _SIZES)
    return Slot(str(value["type"]), salt, cost, nonce, wrapped)


_SIZES = (("salt", _SALT), ("nonce", _NONCE), ("wrapped", _WRAPPED))


def _data_key(header: _Header, keys: Sequence[Key]) -> bytes:
    for slot in sorted(header.slots, key=lambda slot: slot.cost):  # key files first: they cost nothing to try
        for key in keys:
            if key.type == slot.type and (found := _unwrapped(header.id, slot, key.wrapping(slot.salt, slot.cost))):
                return found
    if any(key.type == slot.type for slot in header.slots for key in keys):  # never says which slot
        raise VaultLocked("wrong passphrase or key file, or the vault is damaged")
    raise VaultLocked("the vault is locked: no key to it is at hand")


def _wrapping(vault: Vault, slot: Slot, keys: Sequence[Key]) -> bytes | None:
    """The wrapping key of a slot if it is at hand. A wrong passphrase is not: it must not replace the right one."""
    for key in keys:
        if key.type == slot.type:
            kek = key.wrapping(slot.salt, slot.cost)
            if _unwrapped(vault.id, slot, kek) == vault._key:
                return kek
    return None


def _unwrapped(id: bytes, slot: Slot, kek: bytes) -> bytes | None:
    try:
        return AESGCM(kek).decrypt(slot.nonce, slot.wrapped, _slot_label(id, slot))
    except InvalidTag:
        return None


def _rewrapped(vault: Vault, slot: Slot, kek: bytes) -> Slot:
    nonce = os.urandom(_NONCE)
    return replace(slot, nonce=nonce, wrapped=AESGCM(kek).encrypt(nonce, vault._key, _slot_label(vault.id, slot)))


def _slot_label(id: bytes, slot: Slot) -> bytes:
    return b"seedpost-vault/1/slot|" + id + b"|" + _dumped(slot.fixed())


def _padded(entries: Mapping[str, Entry]) -> bytes:
    body = _dumped(
        {name: {"value": one.value, "host": one.host, "stored": one.stored} for name, one in entries.items()}
    )
    used = 4 + len(body)
    return len(body).to_bytes(4) + body + bytes(-used % _PAD)


def _entries(padded: bytes) -> dict[str, Entry]:
    length = int.from_bytes(padded[:4])
    try:
        return {name: Entry(**one) for name, one in json.loads(padded[4 : 4 + length]).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise VaultDamaged("the vault holds what this seedpost can't read", hint="update seedpost") from error


def _dumped(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(value: object, size: int) -> bytes:
    data = base64.b64decode(str(value))
    if len(data) != size:
        raise ValueError("length")
    return data
