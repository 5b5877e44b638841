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
    flat = {name: _flat(row) for name, row in rows.items()}
    keys = list(next(iter(flat.values()), {}))
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow([by, *keys])
    for name, row in flat.items():
        out.writerow([name, *("" if row[key] is None else row[key] for key in keys)])


def _flat(row: Mapping[str, object]) -> dict[str, object]:
    """Stages as columns (`prepare_p50_s`), errors as one (`dns=2 form=1`)."""
    plain = {key: value for key, value in row.items() if not isinstance(value, dict)}
    stages = {f"{name}_{p}_s": _map(one)[p] for name, one in _map(row["stages"]).items() for p in ("p50", "p95")}
    return plain | stages | {"errors": " ".join(f"{code}={count}" for code, count in _map(row["errors"]).items())}


def _screen(found: Statistics, by: str, after: float) -> None:
    rows = found.rows(by, after)
    total = found.rows("", after).get("")
    if total is None:
        say("nothing yet")
        return
    table([*([name, *_cells(row)] for name, row in rows.items()), ["all", *_cells(total)]], (by, *HEADS))
    stages, errors, days = _map(total["stages"]), _map(total["errors"]), found.rows("day", after)
    say("\nthe time a stage takes: half of the jobs, and 95 of 100")
    _spans(stages)
    if len(rows) > 1:
        say(f"\nthe same by {by}")
        table([[name, *_of_stages(row)] for name, row in rows.items()], ("", *stages))
    if errors:
        say("\nwhat went wrong, by code (docs/journal.md says what each means)")
        _bars({str(code): _whole(count) for code, count in errors.items()})
    uploads = {day: _whole(row["uploaded"]) for day, row in days.items()}
    if any(uploads.values()):
        say("\nuploads a day (UTC)")
        _bars(dict(list(uploads.items())[-30:]))


def _spans(stages: Mapping[str, object]) -> None:
    """p50 and p95 of each stage, and both as one bar."""
    spans = {name: (_map(one)["p50"], _map(one)["p95"]) for name, one in stages.items()}
    most = max((end for _, end in spans.values() if isinstance(end, (int, float))), default=0) or 1
    rows = []
    for name, (half, end) in spans.items():
        if isinstance(half, (int, float)) and isinstance(end, (int, float)):
            full, rest = (round(WIDEST * part / most) for part in (half, end - half))
            rows.append((name, _seconds(half), _seconds(end), "█" * max(1, full) + "░" * rest))
    table(rows, ("", "p50", "p95", ""))


def _of_stages(row: Mapping[str, object]) -> list[str]:
    """`4.2 s / 9.0 s` of each stage."""
    found = [_map(one) for one in _map(row["stages"]).values()]
    return [" / ".join(filter(None, (_seconds(one["p50"]), _seconds(one["p95"])))) for one in found]


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
