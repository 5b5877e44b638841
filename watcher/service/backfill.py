"""`run --backfill`: what the sources held before seedpost met them, shown as a plan, then decided like anything new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watcher.client import ClientAway
from watcher.intake import Intake
from watcher.release import Release
from watcher.sources import Source, Undecided
from watcher.sources.content import Found
from watcher.sources.folders import FolderSource
from watcher.sources.qbittorrent import QbittorrentSource


@dataclass(frozen=True)
class Planned:
    """One release that would be decided: its rule, the trackers that would get a job, why it goes nowhere else."""

    release: Release
    undecided: Undecided | None
    rule: str | None
    upload_to: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True)
class Plan:
    """What would happen. `left`: what a source can't say now, or has that is no release, each with its reason."""

    releases: tuple[Planned, ...]
    left: tuple[str, ...]


def plan(sources: Sequence[Source], intake: Intake, since: float) -> Plan:
    """Look at every source and decide on trial, writing no decision. `since`: wall seconds of the completion, in a
    folder of the last change. A source that was never met gets its baseline."""
    planned: list[Planned] = []
    left: list[str] = []
    for source in sources:
        source.poll_once()
        status = source.status()
        if not status.up:
            left.append(f"{source.name} is away: {status.error}")
            continue
        try:
            for found in _backlog(source, since):
                if isinstance(found, Found):
                    planned.append(_tried(found, intake))
                else:
                    left.append(f"{source.name}: {found}")
        except ClientAway as error:
            left.append(f"{source.name} went away: {error}")
    return Plan(tuple(planned), tuple(left))


def _backlog(source: Source, since: float) -> Iterator[Found | str]:
    if isinstance(source, QbittorrentSource):
        for name, one in source.backlog(since):
            yield one if isinstance(one, Found) else f"{name}: {one.why}"
    elif isinstance(source, FolderSource):
        yield from map(Found, source.backlog(since))


def _tried(found: Found, intake: Intake) -> Planned:
    decision, names = intake.preview(found.release)
    undecided = found.undecided or ((decision.undecided, decision.why) if decision.undecided else None)
    return Planned(found.release, undecided, decision.rule, () if undecided else names, (undecided or ("", ""))[1])


def route(plan: Plan, intake: Intake) -> None:
    """Decide and journal each of them. A person has seen the plan: neither flood nor brake holds it."""
    for one in plan.releases:
        intake.seen(one.release, undecided=one.undecided, asked=True)
