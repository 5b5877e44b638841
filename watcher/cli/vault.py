"""`seedpost unlock`, and under `seedpost secrets` what changes the keys of the vault: rotate, passwd, slot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from watcher.cli.asking import hidden, new_passphrase, opened, unlocked, with_every_key
from watcher.cli.options import PATH, Place, pass_place, with_json, with_place
from watcher.cli.show import as_json, note, say, table
from watcher.errors import OK
from watcher.secrets import unlock as hand_over

_KEY_FILES = "A key file of the vault that lies elsewhere; may be given several times."


def _with_key_files(command: Callable[..., int]) -> Callable[..., int]:
    return click.option("--key-file", "key_files", multiple=True, type=PATH, metavar="FILE", help=_KEY_FILES)(command)


@click.command()
@with_json
@pass_place
def unlock(place: Place) -> int:
    """Give the running daemon the vault's passphrase, over STATE/unlock.sock. What waited for it goes on."""
    opened(place)  # the process gives nothing away from here on
    hand_over(place.state_folder(), hidden("passphrase of the vault"))
    _told(place, {"unlocked": True}, "the vault is open; what waited for it goes on")
    return OK


@click.command()
@_with_key_files
@with_json
@pass_place
def rotate(place: Place, key_files: tuple[Path, ...]) -> int:
    """Encrypt the vault with a new data key. Every key must be at hand; the file before it is deleted."""
    with_every_key(place, key_files).vault().rotate()
    _told(place, {"rotated": True}, "the vault has a new data key, and the file before it is deleted")
    return OK


@click.command()
@_with_key_files
@with_json
@pass_place
def passwd(place: Place, key_files: tuple[Path, ...]) -> int:
    """Set or change the vault's passphrase. A vault that does not exist is made with it, without a key file.

    Without a terminal, standard input has the old passphrase, if there is one, then the new one, a line each.
    """
    secrets = with_every_key(place, key_files, lines=True)
    secrets.vault().set_passphrase(new_passphrase())
    _told(place, {"changed": True}, "the vault has this passphrase now; a daemon that was given the old one: unlock")
    return OK


@click.group("slot")
@with_place
def slot() -> None:
    """The keys that open the vault, each in a slot: one passphrase, and key files."""


@slot.command("list")
@with_json
@pass_place
def list_slots(place: Place) -> int:
    """Each key's id and type, and whether it is at hand now."""
    found = unlocked(place).vault().slots()
    if place.json:
        as_json([{"id": one.id, "type": one.type, "at_hand": one.at_hand} for one in found])
    else:
        table([(one.id, one.type, "yes" if one.at_hand else "no") for one in found], ("slot", "type", "at hand"))
    return OK


@slot.command()
@click.argument("file", required=False, type=PATH)
@with_json
@pass_place
def add(place: Place, file: Path | None) -> int:
    """Let a key file open the vault too; it is made if it is not there. (A passphrase: seedpost secrets passwd.)"""
    secrets = unlocked(place)
    saved = secrets.vault().add_key_file(file.absolute() if file else None)
    if saved.note and not place.json:
        note(saved.note)
    made = str(saved.key_file) if saved.key_file else None
    _told(place, {"added": "keyfile", "key_file": made}, "the key file opens the vault")
    return OK


@slot.command()
@click.argument("slots", nargs=-1, required=True, metavar="SLOT…")
@_with_key_files
@with_json
@pass_place
def remove(place: Place, slots: tuple[str, ...], key_files: tuple[Path, ...]) -> int:
    """Let these keys open the vault no more. Those that stay must be at hand; the file before is deleted."""
    with_every_key(place, key_files).vault().remove_slots(slots)
    _told(place, {"removed": list(slots)}, f"removed: {', '.join(slots)}")
    return OK


def _told(place: Place, value: dict[str, object], text: str) -> None:
    if place.json:
        as_json(value)
    else:
        say(text)
