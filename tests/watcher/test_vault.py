"""The vault's file format: what was written opens, and nothing else does."""

from __future__ import annotations

import base64
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackers.secret import Secret
from watcher.errors import SeedpostError
from watcher.secrets import vault
from watcher.secrets.errors import SecretError, VaultDamaged, VaultLocked
from watcher.secrets.keys import KEY_FILE, PASSPHRASE, Key, check_new, file_key, passphrase_key
from watcher.secrets.vault import Entry, Vault, opened, sealed, with_slot

CHEAP = vault.COSTS.start  # the least that a header may say: 32 MiB, 60 ms
RED = Entry("key-of-red", "redacted.sh", "2026-11-22T10:00:00.000000Z")
BOX = Entry("pass word ✓", "", "2026-11-22T10:00:00.000000Z")


@pytest.fixture(scope="module")
def file():
    return Key(KEY_FILE, b"f" * 64)


@pytest.fixture(scope="module")
def words():
    return passphrase_key(Secret("correct horse battery staple"))


@pytest.fixture(scope="module")
def both(file, words):
    """A saved vault with a slot for the passphrase and one for the key file, and its bytes."""
    made = with_slot(with_slot(vault.new_vault(), words, cost=CHEAP), file)
    return sealed(edited(made, {"red.api_key": RED, "seedbox.password": BOX}), [file, words])


def edited(before: Vault, entries: dict[str, Entry]) -> Vault:
    return Vault(before.id, before.generation + 1, before.slots, entries, before._key)


def saved(entries: dict[str, Entry], key: Key) -> bytes:
    return sealed(edited(with_slot(vault.new_vault(), key, cost=CHEAP), entries), [key])[0]


def header(data: bytes) -> dict[str, object]:
    return json.loads(data.split(b"\n")[0])


def with_header(data: bytes, **changes: object) -> bytes:
    head = json.dumps(header(data) | changes, sort_keys=True, separators=(",", ":")).encode()
    return head + b"\n" + data.split(b"\n", 1)[1]


def slots(data: bytes) -> list[dict[str, object]]:
    return header(data)["slots"]


def refused(data: bytes, *keys: Key) -> SecretError:
    with pytest.raises(SecretError) as caught:
        opened(data, keys)
    return caught.value


def test_what_was_saved_opens_with_each_of_its_keys(both, file, words):
    data, _ = both
    for key in (file, words):
        found = opened(data, [key])
        assert found.entries == {"red.api_key": RED, "seedbox.password": BOX}
        assert found.generation == 1


@given(
    st.dictionaries(st.text(max_size=20), st.builds(Entry, st.text(st.characters(codec=None)), st.text(), st.text()))
)
def test_any_secrets_come_back_as_they_were(entries):
    key = Key(KEY_FILE, b"k" * 32)
    data, back = sealed(edited(with_slot(vault.new_vault(), key), entries), [key])
    assert opened(data, [key]).entries == back.entries == entries
    assert data.isascii()


def test_the_file_is_two_lines_with_a_readable_header_and_nothing_else_to_read(both):
    data, _ = both
    head, body, rest = data.split(b"\n")
    assert rest == b""
    assert head.startswith(b'{"cipher":"AES-256-GCM","format":"seedpost-vault","generation":1,"id":"')
    assert [slot["type"] for slot in slots(data)] == [PASSPHRASE, KEY_FILE]
    assert {key: slots(data)[0][key] for key in ("kdf", "logN", "r", "p")} == {
        "kdf": "scrypt",
        "logN": CHEAP,
        "r": 8,
        "p": 1,
    }
    assert slots(data)[1]["kdf"] == "hkdf-sha256"
    assert b"red" not in body


def test_the_length_of_a_secret_does_not_show(file):
    one = saved({"a": RED}, file)
    assert len(one) == len(saved({"a": Entry("x" * 300, "", "")}, file))
    assert len(base64.b64decode(one.split(b"\n")[1])) == 1024 + 16


def test_a_new_vault_takes_the_strong_cost():
    assert vault.COST == 17
    assert vault.COST in vault.COSTS


# keys


def test_K2_a_wrong_passphrase_and_a_wrong_key_file_say_the_same(both):
    data, _ = both
    wrong = refused(data, passphrase_key(Secret("correct horse battery maple")))
    assert isinstance(wrong, VaultLocked)
    assert wrong.exit_code == 77
    assert (
        str(wrong)
        == str(refused(data, Key(KEY_FILE, b"g" * 64)))
        == "wrong passphrase or key file, or the vault is damaged"
    )


def test_K1_no_key_at_hand_is_a_locked_vault_and_not_a_wrong_key(both, file):
    data, _ = both
    assert str(refused(data)) == "the vault is locked: no key to it is at hand"
    only_file = saved({"a": RED}, file)
    assert "locked" in str(refused(only_file, passphrase_key(Secret("some passphrase"))))


def test_a_right_key_beside_a_wrong_one_opens(both, file):
    data, _ = both
    assert opened(data, [Key(KEY_FILE, b"g" * 64), file]).entries


def test_a_passphrase_is_the_same_however_its_accents_are_typed():
    composed, split = (
        passphrase_key(Secret("caf\u00e9 \ufb01n de partie")),
        passphrase_key(Secret("cafe\u0301 fin de partie")),
    )
    assert composed.wrapping(b"s" * 32, CHEAP) == split.wrapping(b"s" * 32, CHEAP)


def test_a_key_shows_nothing_of_itself(words, both):
    assert "horse" not in repr(words)
    assert RED.value not in repr(both[1]) + repr(RED)


@pytest.mark.parametrize("given", ["", "short", "eleven char", "ﬁ" * 5])
def test_a_passphrase_that_can_be_guessed_is_refused(given):
    with pytest.raises(SeedpostError, match="12 characters"):
        check_new(Secret(given))
    check_new(Secret("twelve chars"))


def test_a_key_file_that_is_too_short_is_refused_and_its_line_end_does_not_count(tmp_path):
    with pytest.raises(SecretError, match="too short"):
        file_key(b"x" * 31 + b"\n", tmp_path)
    one, other = file_key(b"x" * 32, tmp_path), file_key(b"x" * 32 + b"\r\n", tmp_path)
    assert one.wrapping(b"s" * 32, 0) == other.wrapping(b"s" * 32, 0)


def test_no_memory_for_the_passphrase_is_said_plainly(monkeypatch, words):
    class Hungry:
        def __init__(self, *_: object) -> None:
            raise MemoryError

    monkeypatch.setattr("watcher.secrets.keys.Scrypt", Hungry)
    with pytest.raises(SecretError, match="takes 128 MiB of memory"):
        words.wrapping(b"never seen".ljust(32), 17)


# saving


def test_each_save_has_a_new_nonce_and_with_every_key_at_hand_a_new_data_key(both, file, words):
    data, found = both
    again, after = sealed(found, [file, words])
    assert header(again)["nonce"] != header(data)["nonce"]
    assert after._key != found._key
    for before, now in zip(slots(data), slots(again), strict=True):
        assert before["nonce"] != now["nonce"]
        assert before["salt"] == now["salt"]


def test_a_save_never_drops_or_changes_a_slot_whose_key_is_not_at_hand(both, file, words):
    data, found = both
    again, after = sealed(edited(found, {"a": BOX}), [file])
    assert slots(again)[0] == slots(data)[0]
    assert after._key == found._key
    assert header(again)["nonce"] != header(data)["nonce"]
    assert opened(again, [words]).entries == {"a": BOX}


def test_a_wrong_passphrase_at_hand_does_not_replace_the_right_one(both, file, words):
    _, found = both
    again, _ = sealed(found, [file, passphrase_key(Secret("a wrong one in the environment"))])
    assert opened(again, [words]).entries == found.entries


def test_a_save_that_must_have_a_new_data_key_is_refused_without_every_key(both, file):
    _, found = both
    with pytest.raises(VaultLocked, match="one of the vault's keys is not at hand"):
        sealed(found, [file], fresh=True)


def test_a_vault_has_at_most_eight_keys(file):
    made = vault.new_vault()
    for _ in range(vault.MOST_SLOTS):
        made = with_slot(made, file)
    with pytest.raises(SeedpostError, match="at most 8 keys"):
        with_slot(made, file)


def test_a_vault_that_would_be_too_large_is_refused_before_it_is_written(file):
    made = with_slot(vault.new_vault(), file)
    with pytest.raises(SeedpostError, match="larger than 1024 KiB"):
        sealed(edited(made, {"a": Entry("x" * 800_000, "", "")}), [file])


def test_a_vault_that_does_not_read_back_is_not_handed_out(file, monkeypatch):
    monkeypatch.setattr(vault, "_entries", lambda _: {})
    with pytest.raises(VaultDamaged, match="did not read back"):
        sealed(edited(with_slot(vault.new_vault(), file), {"a": RED}), [file])


# damage and malice


def test_K3_no_vault_with_one_flipped_bit_opens(file):
    data = saved({"red.api_key": RED}, file)
    for position in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            refused(bytes(flipped), file)


def test_K3_no_vault_with_one_flipped_bit_opens_by_passphrase(words):
    data = saved({"red.api_key": RED}, words)
    for spot in random.Random(7).sample(range(8 * len(data)), 200):
        flipped = bytearray(data)
        flipped[spot // 8] ^= 1 << spot % 8
        refused(bytes(flipped), words)


def test_K3_no_truncated_vault_opens(both, file, words):
    data, _ = both
    for end in range(len(data)):
        refused(data[:end], file)
    refused(data + b"\n", file)
    refused(data + data, file)


def test_K3_damage_behind_a_right_key_is_told_from_a_wrong_key(both, file):
    head, body, _ = both[0].split(b"\n")
    cut = base64.b64encode(base64.b64decode(body)[:-1])
    error = refused(head + b"\n" + cut + b"\n", file)
    assert isinstance(error, VaultDamaged)
    assert "its key is right" in str(error)


def test_slots_do_not_open_in_another_order_or_another_vault(both, file, words):
    data, _ = both
    refused(with_header(data, slots=slots(data)[::-1]), file, words)
    refused(with_header(data, slots=slots(data)[1:]), file, words)
    other = saved({"red.api_key": RED}, file)
    moved = refused(with_header(other, slots=[slots(data)[1]]), file)
    assert isinstance(moved, VaultLocked)  # it does not even give its data key
    refused(with_header(other, slots=slots(other) * 2), file)
    refused(with_header(other, id=header(data)["id"]), file)
    refused(with_header(other, generation=2), file)
    refused(other.split(b"\n")[0] + b"\n" + data.split(b"\n", 1)[1], file)


@pytest.mark.parametrize(
    "changed",
    [{"logN": 14}, {"logN": 21}, {"logN": 30}, {"logN": True}, {"logN": "15"}, {"r": 1}, {"p": 1000}, {"kdf": "none"}],
)
def test_parameters_out_of_bounds_are_refused_before_any_key_is_made(both, changed):
    class Never(Key):
        def wrapping(self, salt: bytes, cost: int) -> bytes:
            raise AssertionError("a key was made")

    data, _ = both
    error = refused(with_header(data, slots=[slots(data)[0] | changed]), Never(PASSPHRASE, b""))
    assert isinstance(error, VaultDamaged)


@pytest.mark.parametrize(
    "changes",
    [
        {"slots": []}, {"slots": None}, {"slots": [None]}, {"slots": [{}]}, {"generation": 0}, {"generation": "1"},
        {"generation": True}, {"id": "AAAA"}, {"nonce": 7}, {"cipher": "none"}, {"format": "other"}, {"v": 0},
        {"v": "1"}, {"v": None}, {"more": 1},
    ],
)  # fmt: skip
def test_a_header_of_another_shape_is_damage(both, file, changes):
    assert isinstance(refused(with_header(both[0], **changes), file), VaultDamaged)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"{}\n\n", b"[]\n", b"[" * 100_000, b"null\nAAAA\n", b"\xff\xfe\n", b"x" * 1_048_577]
)
def test_what_is_no_vault_is_damage(data, file):
    assert isinstance(refused(data, file), VaultDamaged)


def test_a_vault_of_a_newer_seedpost_says_so(both, file):
    error = refused(with_header(both[0], v=2), file)
    assert "has format 2, this seedpost reads 1" in str(error)
    assert error.hint == "update seedpost; nothing is lost"


def test_contents_that_this_seedpost_can_not_read_are_told_with_the_cure(file, monkeypatch):
    made = edited(with_slot(vault.new_vault(), file), {"a": RED})
    newer = json.dumps({"a": {"value": "x", "host": "", "stored": "", "expires": 1}}).encode()
    monkeypatch.setattr(vault, "_padded", lambda _: len(newer).to_bytes(4) + newer)
    with pytest.raises(VaultDamaged, match="can't read") as caught:
        sealed(made, [file])
    assert "update" in caught.value.hint


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(data):
    refused(data, Key(KEY_FILE, b"k" * 32))
