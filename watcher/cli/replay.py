"""`seedpost rules replay`: a rules file over what was decided already, as a plan; and, asked for, its application."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

import click

from trackers.clock import Clock
from watcher.cli.explain import ledger_of
from watcher.cli.options import PATH, Place, pass_place, since, with_json
from watcher.cli.show import as_json, note, say
from watcher.config import Config
from watcher.errors import FAILED, OK, USAGE, SeedpostError
from watcher.jobs import Ledger
from watcher.journal import Journal
from watcher.logs import configure
from watcher.secrets import Secrets
from watcher.service import view
from watcher.service.library import Library
from watcher.service.replay import Change, Plan, Side, history, library
from watcher.service.rulesfile import acceptable

WIDTH = 80
_NAMED = 3  # releases that are named for each destination


@click.command()
@click.argument("file", type=PATH)
@click.option(
    "--since", "start", metavar="WHEN", help="Only what was noticed (with --library: completed) since 90d, 2026-11-22 …"
)
@click.option("--library", "held", is_flag=True, help="What the clients hold now, instead of the journal's history.")
@click.option(
    "--apply", "apply_", is_flag=True, help="Ask, then have what was not sent decided anew. FILE must be in force."
)
@click.option("--yes", is_flag=True, help="With --apply: do not ask.")
@with_json
@pass_place
def replay(place: Place, file: Path, start: str | None, held: bool, apply_: bool, yes: bool) -> int:
    """Show which releases would go elsewhere by FILE. Changes nothing without --apply."""
    configure(stream=sys.stderr, terminal=sys.stderr.isatty(), level="error")  # a client that is away is told below
    clock, config = Clock(), acceptable(file.absolute())
    if apply_:
        _may_apply(place, config, yes)
    earliest = since(start, clock.now()) if start else 0.0
    ledger = ledger_of(place)
    plan = Plan.of(_in_clients(place, config, ledger, earliest, clock) if held else history(config, ledger, earliest))
    commands = plan.commands(config.digest) if apply_ else []
    if place.json:
        as_json(plan.as_json() | {"commands": len(commands)})
    else:
        show_plan(plan)
    if not apply_:
        return OK
    return _applied(place, commands, yes)


def _in_clients(place: Place, config: Config, ledger: Ledger, since: float, clock: Clock) -> list[Change]:
    return in_clients(config, Secrets(place.state_folder(), os.environ, clock=clock), ledger, clock, since)


def in_clients(config: Config, secrets: Secrets, ledger: Ledger, clock: Clock, since: float = 0.0) -> list[Change]:
    """The library by the file. A client that is away is told; what it holds is not looked at."""
    asked = Library.asked(config, secrets, ledger, clock)
    for name, why in asked.away.items():
        note(f"{name} is away, and what it holds is left out: {why}")
    if asked.away and not asked.sources:
        raise SeedpostError("no client answered", hint="seedpost check --online says what is wrong")
    return list(library(config, ledger, asked.releases(since)))


def show_plan(plan: Plan) -> None:
    """What goes elsewhere, a release a paragraph, and the totals."""
    for change in plan.changes:
        say(change.release.name)
        _line("now", _side(change.now))
        _line("then", _side(change.then))
        for name, born in change.added.items():
            _line("+", f"{name} ({born})")
        for job in change.removed:
            _line("-", f"{job.tracker} (job {job.job} is {job.state}: not sent)")
        for job in change.other:
            _line("~", f"{job.tracker} (job {job.job} is {job.state}: other settings)")
        for job in change.stays:
            _line("=", f"{job.tracker} (job {job.job} is {job.state}: it was sent, and stays)")
        say()
    _totals(plan)


def show_destinations(changes: Iterable[Change]) -> None:
    """Where the file would send each, grouped, with the first names."""
    groups: dict[str, list[str]] = {}
    for change in changes:
        groups.setdefault(_side(change.then), []).append(change.release.name)
    if not groups:
        say("  nothing is there.")
    for where, names in sorted(groups.items(), key=lambda one: -len(one[1])):
        say(f"  {len(names)} × {where}")
        for name in names[:_NAMED]:
            _line("", name)
        if len(names) > _NAMED:
            _line("", f"and {len(names) - _NAMED} more")


def _side(side: Side) -> str:
    if not side.known:
        return "never decided" + (f" → {', '.join(side.upload_to)}" if side.upload_to else "")
    if side.undecided:
        return f"undecided ({side.undecided})"
    who = f"guard {side.guard}" if side.guard else f"rule {side.rule}" if side.rule else "no rule matches"
    return f"{who} → {', '.join(side.upload_to) or 'nowhere'}"


def _line(mark: str, text: str) -> None:
    lines = textwrap.wrap(text, WIDTH - 8, break_long_words=False, break_on_hyphens=False) or [""]
    for number, line in enumerate(lines):
        say(f"  {mark if not number else '':<4}  {line}")


def _totals(plan: Plan) -> None:
    totals = plan.totals()
    say(f"{totals['releases']} looked at: {totals['elsewhere']} would go elsewhere or in another way,")
    say(f"{totals['renamed']} by another rule to the same, {totals['same']} as before")
    for key in ("added", "removed", "changed"):
        counts = totals[key]
        if isinstance(counts, dict) and counts:
            say(f"{key:<8} " + ", ".join(f"{name} {count}" for name, count in counts.items()))


def _may_apply(place: Place, config: Config, yes: bool) -> None:
    """What the daemon decides by has to be what is shown, and a person has to be there or to have said yes."""
    path = place.rules_file()
    if acceptable(path).digest != config.digest:
        hint = f"cp {config.path} {path}, and once it is accepted, the same command again"
        raise SeedpostError(f"{config.path} is not the file in force, which is {path}", hint=hint)
    if not yes and (place.json or not sys.stdin.isatty()):
        hint = "--yes stands for it"
        raise SeedpostError("--apply needs a confirmation, and there is no terminal", hint=hint, exit_code=USAGE)


def _applied(place: Place, commands: list[dict[str, object]], yes: bool) -> int:
    """Write the commands, once a person has said so."""
    if not commands:
        note("nothing to apply")
        return OK
    if not yes and not click.confirm("Have them decided anew?", default=False, err=True):
        note("nothing was changed")
        return FAILED
    Journal.open(place.state_folder()).append(commands)
    clock, beat = Clock(), view.heartbeat(place.state_folder())
    running = beat is not None and view.alive(beat, clock)
    when = "the daemon obeys them now" if running else "they are obeyed when the daemon runs"
    count = "1 command is" if len(commands) == 1 else f"{len(commands)} commands are"
    note(f"{count} in the journal; {when}: seedpost status")
    return OK
