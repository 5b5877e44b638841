"""Decides by the rules in force what was decided by older ones and not sent: the jobs of `queue redecide` and `replay`.

Reads the disk, so it works beside the loop; the loop alone may write what comes of it, when its hands are off the jobs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from trackers.catalogue import reminder_of
from watcher.config import Config
from watcher.intake.plan import Why, asked_by, asking, questions
from watcher.intake.routing import decided
from watcher.jobs import Job, State
from watcher.journal import Journal
from watcher.release import Facts, release_of, told_by_source
from watcher.rules import Route, amended, check_edit

NOT_SENT = (State.QUEUED, State.PREPARED, State.DRY_RUN, State.HELD)
# Holds that other rules may answer. Every other one stays: a person or the outside has to.
OF_THE_RULES = frozenset(
    (  # noqa: SIM905
        "review mode require form form-changed no-cover no-screenshots new-group web-flac group-unclear tracker-removed"
    ).split()
)
OTHERS = "other rules are in force by now than those that were replayed"
Records = tuple[dict[str, object], ...]


@dataclass(frozen=True)
class Answer:
    """What came of a command, to be written in one go. Jobs whose `seqs` are others by then have moved."""

    result: str  # done refused
    why: str
    records: Records = ()
    seqs: Mapping[str, int] = field(default_factory=dict)  # of the jobs when it was worked out; 0: there was none
    about: Mapping[str, object] | None = None  # of `records`: the release that intake has to remember


def unsent(job: Job) -> bool:
    """Whether nothing of a job can be on its site, so that it may be decided anew."""
    return job.state in NOT_SENT and not job.open and not job.sent_at


def in_force(command: Mapping[str, object], config: Config) -> bool:
    """Whether a command may be obeyed by these rules: one of `rules replay` says which ones a person has seen."""
    given = command.get("with")
    return (given.get("rules") if isinstance(given, Mapping) else None) in (None, config.digest)


def redecide(command: Mapping[str, object], journal: Journal, config: Config) -> Answer:
    """The jobs of a command by the rules in force: other settings, held, or no longer wanted."""
    ids = command.get("jobs")
    about: dict[str, dict[str, object]] = {}
    records: list[dict[str, object]] = []
    seqs: dict[str, int] = {}
    refused: list[str] = []
    for id in map(str, ids if isinstance(ids, list) else []):
        job = journal.ledger.jobs.get(id)
        found = f"{id} is unknown" if job is None else _decided_anew(job, journal, config)
        if job is not None and not isinstance(found, str):
            seqs[id] = job.seq
            about[job.release], *steps = found
            records += steps
        else:
            refused.append(str(found))
    left = f"; not these: {'; '.join(refused)}" if refused else ""
    return Answer("done" if seqs else "refused", f"{len(seqs)} decided anew{left}", (*about.values(), *records), seqs)


def _decided_anew(job: Job, journal: Journal, config: Config) -> Records | str:
    """The records that follow for one job, its release's first; or why there are none."""
    if not unsent(job):
        return f"{job.job} was sent"
    release = release_of(journal.ledger.releases[job.release])
    if not os.path.lexists(release.path):
        return f"{job.job}: {release.path} is gone"
    facts, decision = decided(replace(release, facts=told_by_source(release.facts)), config)
    if decision.undecided:
        return f"{job.job} can't be decided: {decision.why}"
    about: dict[str, object] = {"type": "release", "release": job.release, "rules": config.digest}
    about |= {"decision": decision.as_json(), "facts": {name: fact.as_json() for name, fact in facts.items()}}
    routes = {config.trackers[name].site: (name, route) for name, route in decision.trackers.items()}
    record: dict[str, object] = {"type": "job", "job": job.job, "site": job.site, "release": job.release}
    record |= {"tracker": job.tracker, "attempt": job.attempt, "approved": None}
    if job.site not in routes:
        gone = f"the rules no longer send it here ({decision.why or decision.rule or 'no rule matched'})"
        return about, record | {"state": State.CANCELLED, "why": gone}
    name, route = routes[job.site]
    route = _as_edited(job, route, facts, config)
    record |= {"tracker": name, "set": dict(route.set), "cautions": dict(route.cautions)}
    record |= dict.fromkeys(("require", "unfilled", "then", "waived", "shown")) | asked_by(route)
    return about, *(record | step for step in _steps(job, route))


def _as_edited(job: Job, route: Route, facts: Facts, config: Config) -> Route:
    """The route with what a person said of the job over it, held against what the rule requires: other rules don't make
    their word untrue."""
    edits = job.rest.get("edits")
    if not isinstance(edits, Mapping) or not edits:
        return route
    whole, failed = check_edit(route.required, route.unfilled, amended(route.set, edits), facts, config.rules.later)
    left = {key: value for key, value in route.unfilled.items() if key not in whole}
    return replace(route, set=whole, failed=failed, unfilled=left)


def _steps(job: Job, route: Route) -> list[dict[str, object]]:
    """Where a job stands by the new rules; what was approved for the old ones is asked for again."""
    asked = questions(job.job, route, _around(job), reminder_of(job.site))
    if job.state is State.DRY_RUN:
        if route.mode == "upload" and not asked:
            return [{"state": State.QUEUED}]
        return [{"state": State.DRY_RUN, **(asking(asked) if asked else {"code": None, "why": None, "resume": None})}]
    back = State.DRY_RUN if route.mode == "dry_run" and job.state is State.HELD else State.QUEUED
    if job.state is State.HELD and job.code not in OF_THE_RULES:
        return [{"state": State.HELD, "back_to": back}]
    if asked:
        return [{"state": State.HELD, "back_to": back, **asking(asked)}]
    if job.state is State.HELD:
        return [{"state": State.HELD, "back_to": back}, {"state": back}]
    if route.mode == "dry_run":
        resume = f"seedpost queue approve {job.job}"
        why = "the mode in rules.yaml is dry_run now"
        return [{"state": State.HELD, "back_to": State.QUEUED, "code": "mode", "why": why, "resume": resume}]
    return [{"state": State.QUEUED}]


def _around(job: Job) -> Why | None:
    """The question that waits behind `require` and that no rule asks."""
    then = job.rest.get("then")
    if isinstance(then, Mapping) and then["code"] not in OF_THE_RULES:
        return Why(str(then["code"]), str(then["why"]), str(then["resume"]))
    return None
