"""`seedpost logs`: the daemon's log, readable, and what is added to it."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

import click

from trackers.clock import Clock, utc_text
from watcher.cli.options import Place, pass_place, since, with_json
from watcher.errors import NotFound
from watcher.logs import as_json, as_text
from watcher.logs.lines import LEVELS, coloured
from watcher.logs.reading import Fields, Tail, files

NEWEST = 50  # lines that are shown where nothing else was asked for
PAUSE = 0.3  # seconds between two looks at the file


@dataclass(frozen=True)
class Wanted:
    """Which lines are shown."""

    job: str | None
    level: int
    since: str  # UTC as the log spells it, or ""

    def __call__(self, line: Fields) -> bool:
        """Whether this one is."""
        if str(line.get("time", "")) < self.since or LEVELS.get(str(line.get("level")), 20) < self.level:
            return False
        return self.job is None or self._about(line, self.job)

    @staticmethod
    def _about(line: Fields, job: str) -> bool:
        others = line.get("jobs")
        named = [line.get("job"), *(others if isinstance(others, list) else ())]
        return any(str(one).startswith(job) for one in named if one)


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written from now on, until Ctrl-C.")
@click.option("--job", metavar="ID", help="Lines about this job, by its id or the id's beginning.")
@click.option("--level", type=click.Choice(list(LEVELS)), default="debug", help="Lines of this level and above.")
@click.option("--since", "start", metavar="WHEN", help="Lines since 2h, 7d, 2026-11-22 …; all of them, not the newest.")
@click.option("-n", "--lines", "newest", type=click.IntRange(min=0), help=f"The newest N lines; else {NEWEST}.")
@with_json
@pass_place
def logs(place: Place, follow: bool, job: str | None, level: str, start: str | None, newest: int | None) -> None:
    """The log of the daemon, oldest line first; the newest lines unless --since, --job or -n says otherwise."""
    clock, folder = Clock(), place.state_folder() / "log"
    if not follow and not files(folder):
        raise NotFound(f"there is no log in {folder}", hint="the daemon writes it: seedpost run")
    wanted = Wanted(job, LEVELS[level], utc_text(since(start, clock.now())) if start else "")
    if newest is None and not start and not job:
        newest = NEWEST
    with closing(Tail(folder)) as tail:
        before = filter(wanted, tail.all())
        _print(before if newest is None else deque(before, maxlen=newest), place.json)
        while follow:
            clock.wait(PAUSE)
            _print(filter(wanted, tail.read()), place.json)


def _print(found: Iterable[Fields], json: bool) -> None:
    colour = sys.stdout.isatty() and coloured(os.environ)
    for line in found:
        print(as_json(line) if json else as_text(line, colour=colour))
    sys.stdout.flush()
