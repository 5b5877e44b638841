"""A screen that is drawn anew while a person looks at it. Owns the terminal meanwhile, and gives it back as it was."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

from trackers.clock import Clock
from watcher.cli.screen import Line
from watcher.errors import USAGE, SeedpostError
from watcher.jobs.records import ascii_of
from watcher.logs import safe

PAUSE = 0.5  # seconds between two looks
_ENDS = (b"q", b"Q", b"\x04")
Draw = Callable[[int, int], Sequence[Line]]  # columns and lines of the screen: what stands on it


class _Ended(Exception):
    """A signal asked for the terminal back."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def wants_terminal(instead: str) -> None:
    """Raise SeedpostError, exit code 2, where nothing can be drawn anew. `instead`: the command that shows it once."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise SeedpostError(
            "--watch draws on a terminal, and there is none",
            hint=f"`{instead}` shows it once; `{instead} --watch --json` prints a line whenever it changes",
            exit_code=USAGE,
        )
    if os.environ.get("TERM", "dumb") == "dumb":
        raise SeedpostError(
            "--watch can't draw on this terminal (TERM is dumb or not set)",
            hint=f"`{instead}` shows it once; a terminal that can is named by TERM, as TERM=xterm",
            exit_code=USAGE,
        )


def followed(look: Callable[[], Mapping[str, object]], *, apart: Callable[[Mapping[str, object]], object]) -> None:
    """Print what `look` gives as one JSON object a line until Ctrl-C, whenever what `apart` leaves of it changed."""
    before: object = None
    while True:
        found = look()
        if (kept := apart(found)) != before:
            print(ascii_of(found), flush=True)
            before = kept
        Clock().wait(PAUSE)


def live(draw: Draw) -> None:
    """Show what `draw` gives until q or Ctrl-C. Ctrl-Z works; a resize is seen; only what changed is written."""
    while True:
        try:
            _shown(draw)
        except _Ended as ended:
            if ended.number != signal.SIGTSTP:
                sys.exit(128 + ended.number)
            os.kill(os.getpid(), signal.SIGSTOP)  # until the shell says `fg`
        else:
            return


def _shown(draw: Draw) -> None:
    from rich.console import Console, Group  # rich takes longer than all else of a command: only here
    from rich.live import Live
    from rich.text import Text

    console = Console()
    with ExitStack() as stack:
        stack.enter_context(_signals())
        stack.enter_context(_keys_unseen())
        screen = stack.enter_context(Live(console=console, screen=True, auto_refresh=False))
        before: tuple[Any, ...] = ()
        while True:
            size = os.get_terminal_size(sys.stdout.fileno())
            lines = draw(size.columns, size.lines)
            if (size, *lines) != before:
                before = (size, *lines)
                console.size = size
                texts = [Text(safe(one.text), style=one.style, no_wrap=True, overflow="ellipsis") for one in lines]
                screen.update(Group(*texts), refresh=True)
            if _key() in _ENDS:
                return


def _key() -> bytes:
    """A key, if one is pressed before the next look."""
    ready, _, _ = select.select([sys.stdin], [], [], PAUSE)
    return os.read(sys.stdin.fileno(), 16)[:1] or _ENDS[0] if ready else b""


@contextmanager
def _signals() -> Iterator[None]:
    """What would end or stop the process gives the terminal back first."""

    def end(number: int, frame: FrameType | None) -> None:
        raise _Ended(number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _keys_unseen() -> Iterator[None]:
    """Keys come at once and don't show; what was typed meanwhile does not reach the shell."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
