"""Single keys of a terminal, which listens before the question is printed: no key is lost, however soon it comes."""

from __future__ import annotations

import os
import sys
import termios
import tty
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click

from watcher.cli.show import say


def key_of(keys: Mapping[str, tuple[str, str]]) -> str:
    """Ask for one of these keys: key -> (answer, what it says). Ctrl-C and Ctrl-D end the command."""
    with _listening() as terminal:
        say(" · ".join(f"{key} {what}" for key, (_, what) in keys.items()))
        while (key := _pressed(terminal)) not in keys:
            pass
    return keys[key][0]


def any_key() -> None:
    """Wait until something that was printed has been read."""
    with _listening() as terminal:
        say("press any key to go on")
        _pressed(terminal)


def _pressed(terminal: int) -> str:
    key = os.read(terminal, 1)
    if key in (b"", b"\x04"):
        raise click.Abort
    return key.decode("ascii", "replace")


@contextmanager
def _listening() -> Iterator[int]:
    """Keys come at once and unseen; what was typed before stays to be read (click's `getchar` throws it away)."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSADRAIN)
    try:
        yield terminal
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
