"""Numbers of a title that a job wants and its content does not tell: asked for where they are known, never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from trackers.identity import Candidate
from watcher.jobs import Job, State
from watcher.release import NONE, Facts
from watcher.uploader.bench import Bench, Step, held
from watcher.uploader.covers import drafted
from watcher.uploader.desks import LONGEST, WAITS, Desk, Desks
from watcher.uploader.lane import Lane
from watcher.uploader.search import FAMILY, Search, numbers_in, searched

UNCLEAR = "ids-unclear"


def identified(job: Job, lane: Lane, bench: Bench, desks: Desks) -> Step | None:
    """Ask for the numbers that the job's form and rule want and nobody has told. None where the job can go on: with
    them, or to where the form says what it lacks. What was found is on disk then, for every job of the release."""
    release = bench.release(job)
    facts = bench.facts(job, release)
    services = list(desks.of(str(facts.get("kind", NONE).value)))
    lacking = _lacking(job, lane, bench, facts) if services else {}
    name, infohash = str(release.get("name") or ""), str(release.get("infohash") or "")
    search = searched(name, infohash, facts, services, lacking)
    if search.found:
        looked = search.told(release.get("looked"))
        bench.journal.append([{"type": "release", "release": job.release, "looked": looked}])
    missing = [base for base in search.wanted if base not in search.known]
    if search.against or (missing and (search.unclear or not search.away)):
        return _unclear(job, search, missing, lacking, _beside(job, lane, bench))
    away = [desk for desk in services if desk.name in search.away]
    return _waiting(job, away, bench) if missing else None


def _lacking(job: Job, lane: Lane, bench: Bench, facts: Facts) -> dict[str, str]:
    """{data base: what its absence is a problem of}, by the form and by what the rule requires."""
    lacking = numbers_in(drafted(lane.tracker(), bench.content(job), bench.own_keys(job)))
    for name in _named(job.rest.get("require")) if not job.rest.get("waived") else ():
        if facts.get(name, NONE).value is None:
            lacking.setdefault(name.removeprefix(FAMILY), f"the rule wants {name}")
    return lacking


def _beside(job: Job, lane: Lane, bench: Bench) -> list[str]:
    """What the form lacks beside numbers: a person is told everything at once."""
    form = drafted(lane.tracker(), bench.content(job), bench.own_keys(job))
    problems = form if isinstance(form, list) else []
    return [f"{one.field}: {one.text}" for one in problems if not one.field.startswith(FAMILY)]


def _named(require: object) -> Iterable[str]:
    """The numbers that a requirement, as JSON, names."""
    if isinstance(require, Mapping):
        for key, value in require.items():
            yield from [str(key)] if str(key).startswith(FAMILY) else _named(value)
    elif isinstance(require, (list, tuple)):
        for one in require:
            yield from _named(one)


def _unclear(
    job: Job, search: Search, missing: Sequence[str], lacking: Mapping[str, str], beside: Sequence[str]
) -> Step:
    """A person chooses: all that may be meant, where to look at it, the command; and what else they have to see to."""
    untold = f"{', '.join(search.asked)} can't tell: " + "; ".join(lacking[base] for base in sorted(missing))
    shown = [one for said in search.unclear.values() for one in said.candidates]
    base = search.against[0].partition(" ")[0] if search.against else _first(missing, shown)
    resume = f"seedpost queue edit --release {job.job} {FAMILY}{base}=…"
    return held(job, UNCLEAR, "; ".join([search.doubt or untold, *beside]), back_to=State.QUEUED, resume=resume)


def _first(missing: Sequence[str], shown: Sequence[Candidate]) -> str:
    """The data base whose number settles it: that of the titles shown, else one that is missing."""
    return shown[0].base if shown else sorted(missing)[0]


def _waiting(job: Job, away: Sequence[Desk], bench: Bench) -> Step:
    """A service can't be asked now: the job waits for it, and loses neither tries nor age by that."""
    names = ", ".join(desk.name for desk in away)
    reasons = "; ".join(str((desk.breaker or {}).get("why") or "it did not answer") for desk in away)
    wait = min([LONGEST, *(max(1.0, desk.stopped_for) for desk in away)])
    return {"state": State.QUEUED, "code": WAITS, "why": f"waits for {names}: {reasons}", "not_before": bench.at(wait)}
