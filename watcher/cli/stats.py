"""`seedpost stats`: what was uploaded, what failed and how long it took, from the journal and its archive."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping

import click

from trackers.clock import Clock
from watcher.cli.options import Place, pass_place, since, with_json
from watcher.cli.show import as_json, say, size, table
from watcher.errors import NotFound
from watcher.metrics import BY, Statistics

HEADS = ("uploaded", "failed", "success", "attempts", "size", "p50", "p95", "waiting", "duplicate", "cancelled")
WIDEST = 40  # characters of a bar


@click.command()
@click.option("--since", "start", metavar="WHEN", help="What ended since 30d, 2026-11-22 …; else all there ever was.")
@click.option("--by", type=click.Choice(BY), default="tracker", show_default=True, help="One row for each.")
@click.option("--csv", "as_csv", is_flag=True, help="The rows as CSV.")
@with_json
@pass_place
def stats(place: Place, start: str | None, by: str, as_csv: bool) -> None:
    """Uploads, failures, attempts, bytes, errors by code, and the time from completion to seeding by stage.

    Success is uploaded / (uploaded + failed); what waits for a person, duplicates and what was cancelled count in
    neither. p50 and p95 are the time from completion to seeding that half and 95 of 100 uploads did not exceed.
    """
    state = place.state_folder()
    if not (state / "journal.jsonl").exists():
        raise NotFound(f"there is no journal in {state}", hint="the daemon begins it: seedpost run")
    found = _folded(place)
    after = since(start, Clock().now()) if start else 0.0
    if place.json:
        names = {"tracker": "trackers", "rule": "rules", "day": "days"}
        as_json({names[one]: found.rows(one, after) for one in BY} | {"total": found.rows("", after).get("")})
    elif as_csv:
        _csv(by, found.rows(by, after))
    else:
        _screen(found, by, after)


def _folded(place: Place) -> Statistics:
    from watcher.journal import history  # --help needs no journal

    found = Statistics()
    found.add(history(place.state_folder()))
    return found


def _csv(by: str, rows: Mapping[str, Mapping[str, object]]) -> None:
    keys = [key for key, value in next(iter(rows.values()), {}).items() if not isinstance(value, dict)]
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow([by, *keys])
    for name, row in rows.items():
        out.writerow([name, *("" if row[key] is None else row[key] for key in keys)])


def _screen(found: Statistics, by: str, after: float) -> None:
    rows = found.rows(by, after)
    total = found.rows("", after).get("")
    if total is None:
        say("nothing yet")
        return
    table([*([name, *_cells(row)] for name, row in rows.items()), ["all", *_cells(total)]], (by, *HEADS))
    stages, errors, days = _map(total["stages"]), _map(total["errors"]), found.rows("day", after)
    say("\nseconds a stage takes")
    table(
        [(name, *(_seconds(_map(one)[p]) for p in ("p50", "p95"))) for name, one in stages.items()], ("", "p50", "p95")
    )
    if errors:
        say("\nwhat went wrong, by code (docs/journal.md says what each means)")
        _bars({str(code): _whole(count) for code, count in errors.items()})
    uploads = {day: _whole(row["uploaded"]) for day, row in days.items()}
    if any(uploads.values()):
        say("\nuploads a day (UTC)")
        _bars(dict(list(uploads.items())[-30:]))


def _cells(row: Mapping[str, object]) -> list[str]:
    rate = row["success_rate"]
    return [
        str(row["uploaded"]),
        str(row["failed"]),
        f"{100 * rate:.0f} %" if isinstance(rate, float) else "",
        str(row["attempts"]),
        size(_whole(row["bytes"])),
        _seconds(row["seconds_p50"]),
        _seconds(row["seconds_p95"]),
        str(row["waiting"]),
        str(row["duplicate"]),
        str(row["cancelled"]),
    ]


def _seconds(value: object) -> str:
    """`4.2 s`, `12 min`, `3.5 h`."""
    if not isinstance(value, (int, float)):
        return ""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if value >= 2 * length:
            return f"{value / length:.1f} {unit}"
    return f"{value:.1f} s"


def _bars(values: Mapping[str, int]) -> None:
    most = max(values.values())
    table([(name, str(count), "█" * max(bool(count), round(WIDEST * count / most))) for name, count in values.items()])


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
