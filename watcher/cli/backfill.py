"""What `run --backfill` shows, and asks, before it decides anything."""

from __future__ import annotations

import sys
from collections import Counter

import click

from watcher.cli.show import note, say
from watcher.errors import USAGE, SeedpostError
from watcher.service.backfill import Plan, Planned, plan, route
from watcher.service.running import Service

_NAMES = 10  # releases that are named; the rest is counted


def backfilled(service: Service, since: float, *, yes: bool) -> bool:
    """Show the plan, ask, decide; False if there is something and the answer was no. Raises SeedpostError where nobody
    can be asked."""
    found = plan(service.watches.awake, service.intake, since)
    _show(found)
    if not found.releases:
        return True
    if not yes:
        if not sys.stdin.isatty():
            hint = "look at the plan, then say --yes"
            raise SeedpostError("nothing was decided: there is no terminal to ask on", hint=hint, exit_code=USAGE)
        if not click.confirm(f"decide these {len(found.releases)} releases now?", default=False):
            return False
    route(found, service.intake)
    return True


def _show(found: Plan) -> None:
    for line in found.left:
        note(line)
    say(f"{len(found.releases)} releases were there before and have never been decided")
    for (source, to), releases in _grouped(found.releases).items():
        say(f"\n{len(releases)} from {source} → {to}")
        for one in releases[:_NAMES]:
            say(f"  {one.release.name}" + (f" ({one.why})" if one.why else ""))
        if len(releases) > _NAMES:
            say(f"  … and {len(releases) - _NAMES} more")
    jobs = Counter(name for one in found.releases for name in one.upload_to)
    if jobs:
        say("\njobs: " + ", ".join(f"{count} for {name}" for name, count in sorted(jobs.items())))


def _grouped(releases: tuple[Planned, ...]) -> dict[tuple[str, str], list[Planned]]:
    groups: dict[tuple[str, str], list[Planned]] = {}
    for one in releases:
        to = "waits for a decision" if one.undecided else ", ".join(one.upload_to) or "nowhere"
        groups.setdefault((one.release.source, to), []).append(one)
    return groups
