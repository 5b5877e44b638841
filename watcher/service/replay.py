"""What another rules file would do with releases that were decided already, or never were. Writes nothing itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from trackers.clock import utc_seconds
from watcher.config import Config
from watcher.intake import OF_THE_RULES
from watcher.intake.anew import unsent
from watcher.intake.plan import left_out
from watcher.intake.routing import decided
from watcher.jobs import Job, Ledger, State
from watcher.release import Facts, Release, job_id, release_of
from watcher.rules import Decision, Route, decide
from watcher.sources import Undecided
from watcher.sources.content import Found


@dataclass(frozen=True)
class Side:
    """One decision: what decided it, and where it goes."""

    rule: str | None = None
    guard: str | None = None
    undecided: str | None = None  # why it is not decided
    upload_to: tuple[str, ...] = ()
    known: bool = True  # False: it never was decided, as what is in a baseline

    def as_json(self) -> dict[str, object] | None:
        """None for what never was decided."""
        if not self.known:
            return None
        plain: dict[str, object] = {"rule": self.rule, "guard": self.guard, "undecided": self.undecided}
        return plain | {"upload_to": list(self.upload_to)}


@dataclass(frozen=True)
class Change:
    """One release, by the rules that decided it and by the file. Trackers by their name in the file."""

    release: Release
    now: Side
    then: Side
    added: Mapping[str, str] = field(default_factory=dict)  # tracker -> what its job would be born as
    removed: tuple[Job, ...] = ()  # not sent, and no longer wanted
    stays: tuple[Job, ...] = ()  # no longer wanted, and sent already
    other: tuple[Job, ...] = ()  # not sent, and with other settings then

    @property
    def elsewhere(self) -> bool:
        """Whether it would go elsewhere, or in another way."""
        return bool(self.added or self.removed or self.stays or self.other or self.now.undecided != self.then.undecided)

    @property
    def renamed(self) -> bool:
        """Whether another rule or guard decides, with the same outcome."""
        return (
            self.now.known
            and not self.elsewhere
            and (self.now.rule, self.now.guard) != (self.then.rule, self.then.guard)
        )

    def as_json(self) -> dict[str, object]:
        """One entry of `rules replay --json`."""
        one = self.release
        return {
            "release": one.id,
            "name": one.name,
            "path": one.path,
            "infohash": one.infohash or None,
            "now": self.now.as_json(),
            "then": self.then.as_json(),
            "added": dict(self.added),
            "removed": [job.tracker for job in self.removed],
            "stays": [job.tracker for job in self.stays],
            "changed": [job.tracker for job in self.other],
        }


@dataclass(frozen=True)
class Plan:
    """All of it. `looked_at` counts releases, changed or not."""

    changes: tuple[Change, ...]
    looked_at: int
    renamed: int

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Plan:
        """The plan of all changes, those without a difference left out."""
        every = tuple(changes)
        return cls(tuple(one for one in every if one.elsewhere), len(every), sum(one.renamed for one in every))

    def totals(self) -> dict[str, object]:
        """Counts, of releases and by tracker."""
        return {
            "releases": self.looked_at,
            "elsewhere": len(self.changes),
            "renamed": self.renamed,
            "same": self.looked_at - len(self.changes) - self.renamed,
            "added": dict(Counter(name for one in self.changes for name in one.added)),
            "removed": dict(Counter(job.tracker for one in self.changes for job in one.removed)),
            "changed": dict(Counter(job.tracker for one in self.changes for job in one.other)),
        }

    def as_json(self) -> dict[str, object]:
        """As `rules replay --json` prints it."""
        return {"totals": self.totals(), "changes": [one.as_json() for one in self.changes]}

    def commands(self, digest: str) -> list[dict[str, object]]:
        """What has to be asked of the daemon to have it so. `digest`: of the file, which must then be in force."""
        given = {"rules": digest}
        jobs = [job.job for one in self.changes for job in (*one.removed, *one.other)]
        found: list[dict[str, object]] = []
        if jobs:
            found.append({"type": "command", "do": "redecide", "jobs": jobs, "with": given})
        for one in self.changes:
            if one.added:
                what = {"infohash": one.release.infohash} if one.release.infohash else {"path": one.release.path}
                found.append({"type": "command", "do": "look", **what, "with": given})
        return found


def history(config: Config, ledger: Ledger, since: float = 0.0) -> Iterator[Change]:
    """Every release of the journal that was noticed at `since` (wall seconds) or later, by the facts known then."""
    for record in ledger.releases.values():
        if utc_seconds(str(record["time"])) >= since:
            release = release_of(record)
            decision = decide(config.rules, release.facts)
            code = record.get("undecided")
            held = (str(code), str(record.get("why") or "")) if code and code not in OF_THE_RULES else None
            yield _compared(release, release.facts, decision, held, config, ledger)


def library(config: Config, ledger: Ledger, releases: Iterable[Found]) -> Iterator[Change]:
    """What the clients hold now, identified on the spot."""
    for found in releases:
        facts, decision = decided(found.release, config)
        yield _compared(found.release, facts, decision, found.undecided, config, ledger)


def _compared(
    release: Release, facts: Facts, decision: Decision, held: Undecided | None, config: Config, ledger: Ledger
) -> Change:
    record = ledger.releases.get(release.id)
    routes = {name: route for name, route in decision.trackers.items() if name not in left_out(facts, decision, config)}
    sites = {config.trackers[name].site: name for name in routes}
    jobs = {job.site: job for job in _jobs(release, config, ledger)}
    now = side_of(record, jobs.values())
    undecided = decision.undecided or (held[0] if held and routes else None)
    then = Side(decision.rule, decision.guard, undecided, tuple(routes))
    if undecided:
        return Change(release, now, then)
    gone = [job for site, job in jobs.items() if site not in sites]
    before = _routes(record)
    return Change(
        release,
        now,
        then,
        added={name: _born(routes[name]) for site, name in sites.items() if site not in jobs},
        removed=tuple(job for job in gone if unsent(job)),
        stays=tuple(job for job in gone if not unsent(job)),
        other=tuple(
            job
            for site, job in jobs.items()
            if site in sites and unsent(job) and _terms(routes[sites[site]].as_json()) != before.get(job.tracker)
        ),
    )


def _jobs(release: Release, config: Config, ledger: Ledger) -> list[Job]:
    """The jobs that this content has, of whichever release; what was cancelled goes nowhere."""
    ids = {job.job for job in ledger.jobs_of(release.id)}
    ids |= {job_id(release.fingerprint, one.site) for one in config.trackers.values()}
    found = [ledger.jobs[id] for id in sorted(ids) if id in ledger.jobs]
    return [job for job in found if job.state is not State.CANCELLED]


def side_of(record: Mapping[str, object] | None, jobs: Iterable[Job]) -> Side:
    """What was decided, as the journal has it."""
    to = tuple(job.tracker for job in jobs)
    if record is None:
        return Side(upload_to=to, known=False)
    decision = record.get("decision")
    kept: Mapping[str, object] = decision if isinstance(decision, Mapping) else {}
    rule, guard = (str(kept[key]) if kept.get(key) else None for key in ("rule", "guard"))
    return Side(rule, guard, str(record["undecided"]) if record.get("undecided") else None, to)


def _routes(record: Mapping[str, object] | None) -> dict[str, object]:
    decision = record.get("decision") if record else None
    trackers = decision.get("trackers") if isinstance(decision, Mapping) else None
    return {name: _terms(route) for name, route in trackers.items()} if isinstance(trackers, Mapping) else {}


def _terms(route: Mapping[str, object]) -> dict[str, object]:
    """What of a route makes a difference to its job."""
    return {key: value for key, value in route.items() if key not in ("rule", "delay")}


def _born(route: Route) -> str:
    if route.failed:
        return "held: " + "; ".join(map(str, route.failed))
    return {"upload": "upload", "review": "held for review"}.get(route.mode, "dry run")
