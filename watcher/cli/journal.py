"""`seedpost journal`: verify, compact, repair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from trackers.clock import Clock
from watcher.cli.options import Place, pass_place, with_json, with_place
from watcher.cli.show import as_json, fields, note, say
from watcher.durable import DaemonLock, FileSystem
from watcher.errors import FAILED, INVALID, NETWORK, OK, NotFound
from watcher.journal import Journal
from watcher.journal.verify import verify as look

if TYPE_CHECKING:
    from watcher.service.adoption import Adoption


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
    """Make a sound journal from what is left, with no daemon running. What was lost is asked for, never sent again.

    The clients of rules.yaml are asked for torrents with seedpost's category or tags that the journal does not know:
    they are taken in, so that nothing of them is uploaded again.
    """
    from watcher.service.adoption import repaired  # with it come clients and rules; verify and compact need neither

    state = place.state_folder()
    if not state.is_dir():
        raise NotFound(f"there is no state folder {state}", hint="name it with --state")
    lock = DaemonLock(state / "daemon.lock", fs=FileSystem(), clock=Clock())
    lock.acquire()
    try:
        done, adoption = repaired(state, place.rules_file)
    finally:
        lock.let_go()
    if place.json:
        as_json(done.as_json() | {"clients": adoption.as_json()})
    else:
        fields(done.as_json())
        _told(adoption)
    if adoption.left:
        return FAILED
    return NETWORK if adoption.unasked and done.behind else OK


def _told(adoption: Adoption) -> None:
    for one in adoption.adopted:
        say(f"taken in from {one['client']}: {one['name']} ({one['tracker']}, job {one['job']})")
    for one in adoption.left:
        say(f"left in {one['client']}: {one['name']}: {one['why']}; uploads stay stopped while it bears our mark there")
    for name, why in adoption.unasked.items():
        note(f"not asked: {name}: {why}")
