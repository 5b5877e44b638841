"""`seedpost run`: the daemon in the foreground, or once."""

from __future__ import annotations

import os
import sys

import click

from trackers.clock import Clock
from watcher.cli.backfill import backfilled
from watcher.cli.options import Place, pass_place, since, with_place
from watcher.cli.show import note
from watcher.errors import OK, UNKNOWN
from watcher.logs import configure, install_hooks, log
from watcher.secrets import Secrets, harden
from watcher.service.rulesfile import start
from watcher.service.running import Service, signals


@click.command()
@click.option("--once", is_flag=True, help="Look once, work until nothing is due within a minute, end.")
@click.option("--backfill", is_flag=True, help="First decide what the sources held before seedpost met them.")
@click.option(
    "--since", "start_at", metavar="WHEN", help="With --backfill: only what is complete since 30d, 2026-11-22 …"
)
@click.option("--yes", is_flag=True, help="With --backfill: do what the plan says without asking.")
@with_place
@pass_place
def run(place: Place, once: bool, backfill: bool, start_at: str | None, yes: bool) -> int:
    """Watch, decide, upload and seed."""
    if (start_at or yes) and not backfill:
        raise click.UsageError("--since and --yes go with --backfill")
    harden()
    begin = start(place.rules_file, place.given_state())
    config, state, clock = begin.config, begin.state, Clock()
    earliest = since(start_at, clock.now()) if start_at else 0.0
    configure(state=state, stream=sys.stderr, terminal=sys.stderr.isatty())
    for warning in config.warnings:
        note(str(warning))
    secrets = Secrets(state, os.environ, clock=clock)
    service = Service(config, secrets, state=state, clock=clock, refused=begin.refused)
    install_hooks(service.died)
    try:
        for line in begin.refused:
            log.error("rules.refused", error=line)
        if begin.refused:
            log.error("rules.older", hint=f"{config.path} is not valid: the rules last accepted are in force")
        if backfill and not backfilled(service, earliest, yes=yes):
            return OK
        with signals(service):
            log.info("daemon.started", state=str(state), rules=str(config.path), once=once)
            if once:
                return service.once()
            service.run()
            return 0
    finally:
        log.info("daemon.stopped")
        service.close()
        if service.manager.busy:  # a POST past its deadline would hold the process; its intent is on disk
            os._exit(UNKNOWN)
