"""`seedpost journal`: verify, compact, repair."""

from __future__ import annotations

import click

from trackers.clock import Clock
from watcher.cli.options import Place, pass_place, with_json, with_place
from watcher.cli.show import as_json, fields, say
from watcher.durable import DaemonLock, FileSystem
from watcher.errors import FAILED, INVALID, OK
from watcher.journal import Journal
from watcher.journal.repair import repair as mend
from watcher.journal.verify import verify as look


@click.group()
@with_place
def journal() -> None:
    """The journal: STATE/journal.jsonl, the single source of truth."""


@journal.command()
@with_json
@pass_place
def verify(place: Place) -> int:
    """Read everything and say what is amiss; changes nothing."""
    report = look(place.state_folder())
    if place.json:
        as_json(report.as_json())
    else:
        fields({key: value for key, value in report.as_json().items() if key != "ok"})
        say("nothing is amiss" if report.ok else "see docs/journal.md, how to recover")
    return OK if report.ok else INVALID if report.needs_repair else FAILED


@journal.command()
@with_json
@pass_place
def compact(place: Place) -> int:
    """Replace it by one that says the same in fewer lines; the whole history goes to archive/."""
    one = Journal.open(place.state_folder(), create=False)
    try:
        before = (one.state / "journal.jsonl").stat().st_size
        one.compact()
        after = (one.state / "journal.jsonl").stat().st_size
    finally:
        one.close()
    if place.json:
        as_json({"bytes_before": before, "bytes_after": after})
    else:
        say(f"{before} bytes before, {after} after")
    return OK


@journal.command()
@with_json
@pass_place
def repair(place: Place) -> int:
    """Make a sound journal from what is left, with no daemon running. What was lost is asked for, never sent again."""
    state = place.state_folder()
    lock = DaemonLock(state / "daemon.lock", fs=FileSystem(), clock=Clock())
    lock.acquire()
    try:
        done = mend(state)
    finally:
        lock.let_go()
    if place.json:
        as_json(done.as_json())
    else:
        fields(done.as_json())
    return OK
