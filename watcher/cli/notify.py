"""`seedpost notify test`: whether messages arrive."""

from __future__ import annotations

import os

import click

from trackers.clock import Clock
from watcher.cli.options import Place, pass_place, with_json, with_place
from watcher.cli.show import as_json, note, say
from watcher.errors import FAILED, MISSING, NETWORK, OK, NotFound, SeedpostError


@click.group()
@with_place
def notify() -> None:
    """Who is told of held jobs and failures; `notify:` in rules.yaml names the targets."""


@notify.command()
@click.argument("names", metavar="[NAME]…", nargs=-1)
@with_json
@pass_place
def test(place: Place, names: tuple[str, ...]) -> int:
    """Send one message to each target, or to those named."""
    from watcher import notify as told  # --help needs no rules
    from watcher.config import load
    from watcher.secrets import Secrets

    targets = load(place.rules_file()).notify
    for name in names:
        if name not in targets:
            raise NotFound(
                f"rules.yaml has no target '{name}' under notify", hint=f"it has: {', '.join(targets) or '-'}"
            )
    told.load()
    secrets, rows, codes = Secrets(place.state_folder(), os.environ, clock=Clock()), {}, set()
    for name in names or targets:
        try:
            told.test(name, secrets)
            rows[name] = {"sent": True, "why": "", "hint": ""}
        except SeedpostError as error:
            rows[name] = {"sent": False, "why": str(error), "hint": error.hint}
            codes.add(error.exit_code)
    _shown(place, rows)
    return next((code for code in (MISSING, FAILED, NETWORK) if code in codes), max(codes, default=OK))


def _shown(place: Place, rows: dict[str, dict[str, object]]) -> None:
    if place.json:
        as_json(rows)
    elif not rows:
        note("rules.yaml names no targets under notify")
    else:
        for name, row in rows.items():
            say(f"{name}: sent" if row["sent"] else f"{name}: not sent: {row['why']}")
            if row["hint"]:
                say(f"  hint: {row['hint']}")
