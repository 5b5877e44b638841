"""`seedpost queue list`: the jobs as a table, once or as they change."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping, Sequence
from itertools import groupby

import click

from trackers.clock import Clock
from watcher.cli.options import Place, pass_place, with_filter
from watcher.cli.show import as_json, say, tabbed, table
from watcher.jobs import Rows
from watcher.journal import Glance
from watcher.service.choosing import SORTS, Filter, in_order
from watcher.service.view import rows_of, waits_for

Row = Mapping[str, object]
HEADS = ("job", "state", "tracker", "code", "release", "why")
EXAMPLES = """\b
Examples:
  seedpost queue list --state held
  seedpost queue list --tracker RED --since 2d --sort next
  seedpost queue list --json | jq -r '.[] | select(.code == "review") | .job'
"""


@click.command("list", epilog=EXAMPLES)
@click.option("--sort", "by", type=click.Choice(list(SORTS)), default="created", show_default=True, help="What orders.")
@click.option("--reverse", is_flag=True, help="The other way round.")
@with_filter
@pass_place
def list_jobs(place: Place, wanted: Filter, by: str, reverse: bool) -> None:
    """The jobs, oldest first. On a terminal as a table, else with a tab between columns, or as --json."""
    gc.disable()  # what is read stays until the end: looking for garbage in it would take a fifth of the time
    jobs = Glance(place.state_folder(), Rows).fold
    rows = in_order(wanted.of(rows_of(jobs)), by, reverse=reverse)
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
