"""Asks for secrets: hidden at a terminal, else from standard input. Opens the vault for the commands that need it."""

from __future__ import annotations

import os
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from trackers.clock import Clock
from trackers.secret import Secret
from watcher.cli.options import Place
from watcher.cli.show import note
from watcher.errors import SeedpostError
from watcher.secrets import Secrets, VaultLocked, harden


def opened(place: Place) -> Secrets:
    """The secrets of a state folder. Values leave the environment, and the process gives nothing away."""
    harden()
    return Secrets(place.state_folder(), os.environ, clock=Clock())


def unlocked(place: Place) -> Secrets:
    """As `opened`; at a terminal a locked vault's passphrase is asked for. Without one what needs the vault says so."""
    secrets = opened(place)
    try:
        secrets.list()
    except VaultLocked:
        if not sys.stdin.isatty():
            raise
        secrets.unlock(hidden("passphrase of the vault"))
    return secrets


def with_every_key(place: Place, key_files: Sequence[Path], *, lines: bool = False) -> Secrets:
    """As `unlocked`, with `key_files` too, and with the passphrase if the vault has one that is not at hand: for what
    makes a new data key. With `lines` it may also come as the first line of standard input."""
    secrets = opened(place)
    vault = secrets.vault()
    for path in key_files:
        vault.bring(path)
    try:
        missing = any(slot.type == "passphrase" and not slot.at_hand for slot in vault.slots())
    except VaultLocked:
        missing = True
    if missing and (lines or sys.stdin.isatty()):
        secrets.unlock(hidden("present passphrase of the vault"))
    return secrets


def hidden(what: str) -> Secret:
    """One value: typed unseen, or a line of standard input. Raises SeedpostError if there is none."""
    if sys.stdin.isatty():
        text = click.prompt(f"{what} (hidden)", hide_input=True, err=True)
    else:
        text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise SeedpostError(
            f"no {what} was given", hint="without a terminal it is read from standard input, a line each: COMMAND <FILE"
        )
    return Secret(text)


def new_passphrase() -> Secret:
    """A passphrase typed twice; without a terminal, one line."""
    first = hidden("new passphrase")
    if sys.stdin.isatty() and hidden("the same again") != first:
        raise SeedpostError("the two are not the same: nothing was changed", hint="try again")
    return first


def whole_input() -> str:
    """All of standard input, for what has several lines. At a terminal it does not show, and ends with Ctrl-D."""
    if not sys.stdin.isatty():
        return sys.stdin.read()
    with _unseen():
        note("paste it (hidden), then Enter and Ctrl-D")
        return sys.stdin.read()


@contextmanager
def _unseen() -> Iterator[None]:
    """The terminal shows nothing of what is typed."""
    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    termios.tcsetattr(file, termios.TCSAFLUSH, [*before[:3], before[3] & ~termios.ECHO, *before[4:]])
    try:
        yield
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)
