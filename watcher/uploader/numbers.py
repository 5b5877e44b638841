"""Numbers of a title that a job wants and its content does not tell: asked for where they are known, never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trackers.base import Form
from trackers.identity import Candidate, Id, Question, Said, asked, contradicted, numbers
from watcher.jobs import Job, State
from watcher.release import NONE, PERSONAL, Facts
from watcher.uploader.bench import Bench, Step, held
from watcher.uploader.covers import drafted
from watcher.uploader.desks import LONGEST, WAITS, Desk, Desks
from watcher.uploader.lane import Lane

FAMILY = "ids."
UNCLEAR = "ids-unclear"
ROUNDS = 2  # what one service says may let another tell the rest


@dataclass
class Search:
    """How far the numbers of one release are known. `found`: what each service said, by its name."""

    known: dict[str, Id]
    personal: frozenset[str]  # data bases whose number a person, a rule or a sidecar gave
    found: dict[str, dict[str, Id]] = field(default_factory=dict)
    unclear: dict[str, Said] = field(default_factory=dict)
    away: list[Desk] = field(default_factory=list)
    asked: dict[str, None] = field(default_factory=dict)
    against: list[str] = field(default_factory=list)  # where two say different things

    def take(self, desk: Desk, said: Said | None) -> None:
        """What a service answered; None: it can't be told now."""
        if said is None:
            self.away.append(desk)
            return
        self.asked[desk.name] = None
        self.unclear.pop(desk.name, None)
        wrong = contradicted(self.known, said.ids)
        if self.personal & set(wrong):
            return  # it means another title than a person does
        self.against += [
            f"{base} is {self.known[base]} by what is known, {said.ids[base]} by {desk.name}" for base in wrong
        ]
        fresh = {base: number for base, number in said.ids.items() if base not in self.known}
        if fresh and not wrong:
            self.found.setdefault(desk.name, {}).update(fresh)
            self.known |= fresh
        if said.candidates:
            self.unclear[desk.name] = said


def identified(job: Job, lane: Lane, bench: Bench, desks: Desks) -> Step | None:
    """Ask for the numbers that the job's form and rule want and nobody has told. None where the job can go on: with
    them, or to where the form says what it lacks. What was found is on disk then, for every job of the release."""
    facts = bench.facts(job, bench.release(job))
    kind = str(facts.get("kind", NONE).value)
    services = list(desks.of(kind))
    lacking = _lacking(job, lane, bench, facts) if services else {}
    wanted = {base for base in lacking if any(base in desk.config.entry.tells for desk in services)}
    if not wanted:
        return None
    search = _searched(job, facts, kind, services, wanted, bench)
    if search.found:
        before = bench.release(job).get("looked")
        looked = (dict(before) if isinstance(before, Mapping) else {}) | {
            name: {FAMILY + base: number for base, number in ids.items()} for name, ids in search.found.items()
        }
        bench.journal.append([{"type": "release", "release": job.release, "looked": looked}])
    missing = [base for base in wanted if base not in search.known]
    if search.against or (missing and (search.unclear or not search.away)):
        return _unclear(job, search, missing, lacking)
    return _waiting(job, search.away, bench) if missing else None


def _lacking(job: Job, lane: Lane, bench: Bench, facts: Facts) -> dict[str, str]:
    """{data base: what its absence is a problem of}, by the form and by what the rule requires."""
    form = drafted(lane.tracker(), bench.content(job), bench.own_keys(job))
    told = {} if isinstance(form, Form) else {one.field: one.text for one in form}
    lacking = {name.removeprefix(FAMILY): text for name, text in told.items() if name.startswith(FAMILY)}
    for name in _named(job.rest.get("require")) if not job.rest.get("waived") else ():
        if facts.get(name, NONE).value is None:
            lacking.setdefault(name.removeprefix(FAMILY), f"the rule wants {name}")
    return lacking


def _named(require: object) -> Iterable[str]:
    """The numbers that a requirement, as JSON, names."""
    if isinstance(require, Mapping):
        for key, value in require.items():
            yield from [str(key)] if str(key).startswith(FAMILY) else _named(value)
    elif isinstance(require, (list, tuple)):
        for one in require:
            yield from _named(one)


def _searched(job: Job, facts: Facts, kind: str, services: Sequence[Desk], wanted: set[str], bench: Bench) -> Search:
    """Ask one service after the other, as long as something is wanted and nothing speaks against anything."""
    ids = {name.removeprefix(FAMILY): fact for name, fact in facts.items() if name.startswith(FAMILY)}
    known = numbers({base: fact.value for base, fact in ids.items()})
    search = Search(known, frozenset(base for base, fact in ids.items() if fact.origin in PERSONAL))
    for _ in range(ROUNDS):
        before = dict(search.known)
        for desk in services:
            if (
                not (wanted - search.known.keys())
                or search.against
                or any(one.several for one in search.unclear.values())
            ):
                return search
            if desk not in search.away and set(desk.config.entry.tells) - search.known.keys():
                question = _question(job, facts, kind, search.known, bench)
                search.take(desk, desk.ask(question))
        if search.known == before:
            return search
    return search


def _question(job: Job, facts: Facts, kind: str, known: Mapping[str, Id], bench: Bench) -> Question:
    release = bench.release(job)
    title, year, season = (facts.get(f"{kind}.{key}", NONE).value for key in ("title", "year", "season"))
    return asked(
        kind,
        str(release.get("name") or ""),
        str(title) if title else None,
        year if isinstance(year, int) else None,
        season=season if isinstance(season, int) else None,
        ids=dict(known),
        infohash=str(release.get("infohash") or ""),
    )


def _unclear(job: Job, search: Search, missing: Sequence[str], lacking: Mapping[str, str]) -> Step:
    """A person chooses: all that may be meant, where to look at it, and the command."""
    shown: list[Candidate] = [one for said in search.unclear.values() for one in said.candidates]
    if search.against:
        why = "; ".join(search.against)
    elif shown:
        several = any(said.several for said in search.unclear.values())
        why = f"{'several titles fit' if several else 'no title fits for certain'}: " + "; ".join(map(str, shown))
    else:
        why = f"{', '.join(search.asked)} can't tell: " + "; ".join(lacking[base] for base in sorted(missing))
    base = (search.against[0].partition(" ")[0] if search.against else "") or _first(missing, shown)
    resume = f"seedpost queue edit --release {job.job} {FAMILY}{base}=…"
    return held(job, UNCLEAR, why, back_to=State.QUEUED, resume=resume)


def _first(missing: Sequence[str], shown: Sequence[Candidate]) -> str:
    """The data base whose number settles it: that of the titles shown, else one that is missing."""
    return shown[0].base if shown else sorted(missing)[0]


def _waiting(job: Job, away: Sequence[Desk], bench: Bench) -> Step:
    """A service can't be asked now: the job waits for it, and loses neither tries nor age by that."""
    names = ", ".join(desk.name for desk in away)
    reasons = "; ".join(str((desk.breaker or {}).get("why") or "it did not answer") for desk in away)
    wait = min([LONGEST, *(max(1.0, desk.stopped_for) for desk in away)])
    return {"state": State.QUEUED, "code": WAITS, "why": f"waits for {names}: {reasons}", "not_before": bench.at(wait)}
