"""`seedpost queue list`: the jobs as a table, once or as they change."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby

import click

from trackers.clock import Clock
from watcher.cli.options import Place, pass_place, with_filter
from watcher.cli.screen import Line
from watcher.cli.show import as_json, say, tabbed, table
from watcher.jobs import Rows
from watcher.journal import Glance
from watcher.logs import safe
from watcher.service.choosing import SORTS, Filter, in_order
from watcher.service.view import rows_of, waits_for

Row = Mapping[str, object]
HEADS = ("job", "state", "tracker", "code", "release", "why")
EXAMPLES = """\b
Examples:
  seedpost queue list --state held
  seedpost queue list --tracker RED --since 2d --sort next
  seedpost queue list --watch --sort changed --reverse
  seedpost queue list --json | jq -r '.[] | select(.code == "review") | .job'
"""


@click.command("list", epilog=EXAMPLES)
@click.option("--sort", "by", type=click.Choice(list(SORTS)), default="created", show_default=True, help="What orders.")
@click.option("--reverse", is_flag=True, help="The other way round.")
@click.option("--watch", is_flag=True, help="Draw it anew as it changes, until q or Ctrl-C.")
@with_filter
@pass_place
def list_jobs(place: Place, wanted: Filter, by: str, reverse: bool, watch: bool) -> None:
    """The jobs, oldest first. On a terminal as a table, else with a tab between columns, or as --json."""
    if watch:
        _watch(place, _Listing(wanted, by, reverse))
        return
    gc.disable()  # what is read stays until the end: looking for garbage in it would take a fifth of the time
    with closing(Glance(place.state_folder(), Rows)) as glance:
        jobs = glance.fold
    rows = _Listing(wanted, by, reverse).of(jobs)
    if place.json:
        as_json(rows)
        return
    clock = Clock()
    cells = [_cells(row, jobs, clock) for row in rows]
    if sys.stdout.isatty():
        table(cells, HEADS)
        _waiting(rows)
    else:
        tabbed(([*one, str(row["resume"] or "")] for one, row in zip(cells, rows, strict=True)), (*HEADS, "command"))


@dataclass(frozen=True)
class _Listing:
    """What is listed, and in which order."""

    wanted: Filter
    by: str
    reverse: bool

    def of(self, jobs: Rows) -> list[Row]:
        """The rows. Raises NotFound for a name that no job has."""
        return in_order(self.wanted.of(rows_of(jobs)), self.by, reverse=self.reverse)


def _watch(place: Place, listing: _Listing) -> None:
    from watcher.cli.live import followed, live, wants_terminal  # one look needs none of it
    from watcher.cli.sight import Sight

    if not place.json:
        wants_terminal("seedpost queue list")
    sight, clock = Sight(place.state_folder()), Clock()
    rows = listing.of(sight.rows)  # a name that is wrong is told before the screen is taken
    drawn = sight.changes

    def draw(columns: int, lines: int) -> list[Line]:
        nonlocal rows, drawn
        jobs = sight.look()
        if sight.changes != drawn:
            rows, drawn = listing.of(jobs), sight.changes
        away = [Line(f"as it was before: {sight.away}", "red")] if sight.away else []
        return away + _screen(rows, jobs, clock, columns, lines - len(away))

    if place.json:
        followed(lambda: {"jobs": listing.of(sight.look()), "away": sight.away or None}, apart=dict)
    else:
        live(draw)


def _screen(rows: Sequence[Row], jobs: Rows, clock: Clock, columns: int, lines: int) -> list[Line]:
    """As many rows as there is room for, the name cut rather than the reason left out."""
    shown = rows[: max(0, lines - 2)]
    cells = [_cells(row, jobs, clock) for row in shown]
    widths = [max([len(safe(one[place])) for one in cells] + [len(HEADS[place])]) for place in range(len(HEADS))]
    widths[4] = min(widths[4], max(12, (columns - sum(widths[:4]) - 10) // 2))
    found = [Line(_row(HEADS, widths), "bold")]
    found += [Line(_row(one, widths), _STYLES.get(one[1], "")) for one in cells]
    counts = Counter(str(row["state"]) for row in rows)
    told = ", ".join(f"{count} {state}" for state, count in counts.most_common()) or "no jobs"
    left = f"… {len(rows) - len(shown)} more · " if len(shown) < len(rows) else ""
    return [*found, Line(f"{left}{told} · q ends", "dim")]


_STYLES = {"held": "yellow", "unconfirmed": "yellow", "sending": "cyan", "done": "green", "cancelled": "dim"}


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    cut = [_cut(safe(cell), wide).ljust(wide) for cell, wide in zip(cells, widths, strict=True)]
    return "  ".join(cut).rstrip()


def _cut(text: str, wide: int) -> str:
    return text if len(text) <= wide else text[: wide - 1] + "…"


def _cells(row: Row, jobs: Rows, clock: Clock) -> Sequence[str]:
    why = row["why"] or waits_for(row, jobs.breakers, clock)
    return [str(row[key] or "") for key in ("job", "state", "tracker", "code", "name")] + [str(why)]


def _waiting(rows: Sequence[Row]) -> None:
    """The commands that answer what waits for a person, each once for all jobs of a code."""
    held = sorted((row for row in rows if row["resume"]), key=lambda row: str(row["code"] or ""))
    for number, (_, same) in enumerate(groupby(held, key=lambda row: row["code"])):
        first, *others = same
        if not number:
            say()
        more = f" (and {len(others)} more of this code)" if others else ""
        say(f"{first['job']} waits for you{more}: {first['resume']}")
