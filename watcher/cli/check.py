"""`seedpost check`."""

from __future__ import annotations

import os

import click

from trackers.clock import Clock
from watcher.cli.options import Place, pass_place, with_json
from watcher.cli.show import as_json, say
from watcher.secrets import Secrets
from watcher.service.checks import check as look


@click.command()
@click.option("--online", is_flag=True, help="Also ask each client and each tracker: key, right to upload, announce.")
@with_json
@pass_place
def check(place: Place, online: bool) -> int:
    """Check rules, their tests, folders and secrets.

    With --online every client and tracker is asked, each thing once and nothing more after a refusal.
    """
    rules, clock = place.rules_file(), Clock()
    state = place.state_folder()
    secrets = Secrets(state, os.environ, clock=clock)
    checked = look(rules, secrets, state, clock, online=online)
    why, trouble = secrets.keyring()
    if place.json:
        found = [problem.as_json() for problem in checked.problems]
        as_json({"ok": checked.ok, "problems": found, "keyring": {"why": why, "problem": trouble}})
    else:
        for problem in checked.problems:
            say(str(problem) if problem.line else f"{problem.severity}: {problem.message}")
            if problem.hint:
                say(f"  hint: {problem.hint}")
        if checked.asked and not checked.problems:
            say(f"asked, and all is well: {', '.join(checked.asked)}")
        say(f"keyring: {trouble or why}")
        say(f"{rules}: {'fine' if checked.ok else 'not usable as it is'}")
    return checked.exit_code
