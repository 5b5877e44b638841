"""Between the sources and the journal: identify what was seen, decide, write it down. Never talks to a tracker."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from trackers.clock import Clock, utc_seconds
from watcher.config import Config
from watcher.identify import FactCache
from watcher.intake.anew import Answer, unsent
from watcher.intake.byhand import Wish, planned
from watcher.intake.plan import Neighbours, alike, found_again, job_records, left_out, release_record
from watcher.intake.renamed import renaming
from watcher.intake.routing import SIDECAR, decided, known
from watcher.jobs import Job, State
from watcher.journal import Journal
from watcher.logs import log
from watcher.release import Release, job_id, release_of, told_by_source
from watcher.rules import Decision
from watcher.sources import Baseline, Undecided

# Why a release is undecided, where another look may decide it.
OF_THE_RULES = ("guard-unknown", "otherwise-hold", SIDECAR)
FLOOD = (50, 600.0)  # new releases from one source within so many seconds; the surplus is one question
UNSENT = frozenset({State.QUEUED, State.PREPARED, State.DRY_RUN, State.HELD})
_WRITTEN = frozenset({"v", "seq", "time", "type", "crc", "through"})  # what the journal itself puts into a record

__all__ = ["Intake", "decided"]


class Intake:
    """The sources' sink: a release is journaled, with decision and jobs, when `seen` returns. Used by many threads."""

    def __init__(self, journal: Journal, config: Callable[[], Config], clock: Clock) -> None:
        self._journal, self._config, self._clock = journal, config, clock
        self._lock = threading.RLock()
        self._cache = FactCache()
        self._arrivals: dict[str, deque[float]] = {}
        self._routed: dict[str, deque[float]] = {}
        self._releases: dict[tuple[str, int], str] = {}  # (infohash, completed) -> the last release of it
        self._by_torrent: dict[str, tuple[str, ...]] = {}
        self._met: set[str] = set()
        self._places: set[tuple[str, str]] = set()
        self._by_real: dict[str, set[str]] = {}
        self._by_sizes: dict[str, set[str]] = {}
        for record in journal.ledger.releases.values():
            self._remember(record, utc_seconds(str(record["time"])))

    # What sources ask and say (sources.Sink)

    def known(self, infohash: str, completed: int) -> bool:
        """Whether this completion of this torrent was journaled: in a baseline, as seen, or as a release."""
        return self._journal.ledger.known(infohash, completed)

    def labels(self, infohash: str, completed: int) -> tuple[str, frozenset[str]] | None:
        """The category and tags under which this completion was last decided."""
        id = self._releases.get((infohash, completed))
        if id is None:
            return None
        facts = self._journal.load(self._journal.ledger.releases[id])["facts"]
        category, tags = (_value(facts, f"torrent.{key}") for key in ("category", "tags"))
        return str(category or ""), frozenset(map(str, tags if isinstance(tags, list) else ()))

    def place(self, infohash: str, completed: int) -> tuple[str, str] | None:
        """Where the client kept this completion when it was last journaled, and its name, as the client spells them."""
        id = self._releases.get((infohash, completed))
        record = None if id is None else self._journal.ledger.releases[id]
        return None if record is None else (str(record.get("save_path") or ""), str(record["name"]))

    def folder_known(self, path: str, fingerprint: str) -> bool:
        """Whether this content at this path has a release."""
        return (path, fingerprint) in self._places

    def baseline(self, at: str) -> Baseline | None:
        """What was there when the source was first met; None for a source never met."""
        source = self._journal.ledger.sources.get(at)
        if source is None or not source.baseline:
            return None
        folders = self._journal.load(source.rest.get("folders")) or ()
        by = str(source.rest.get("by", "client"))
        return Baseline(source.since or 0.0, by, frozenset(source.names), frozenset(map(str, folders)))

    def own(self, infohash: str) -> bool:
        """Whether seedpost itself added this torrent."""
        return self._journal.ledger.ours(infohash)

    def record(self, records: Sequence[Mapping[str, object]]) -> None:
        """Write a source's own records."""
        self._journal.append(records)

    def changed(self, release: Release, *, undecided: Undecided | None = None) -> None:
        """Category, tags, place or names of a complete torrent changed: decide again; that may only add trackers."""
        self.seen(release, undecided=undecided)

    def seen(self, release: Release, *, undecided: Undecided | None = None, asked: bool = False) -> None:
        """Identify, decide, journal: the release and its jobs in one write. `asked`: a person said to look, so neither
        the flood nor the brake holds it."""
        log.info("release.seen", release=release.id, source=release.source, name=release.name)
        self._decide(release, undecided, asked)

    def preview(self, release: Release) -> tuple[Decision, tuple[str, ...]]:
        """What would be decided of a release now, and the trackers that would get a job. Writes nothing."""
        config, now = self._config(), self._clock.now()
        facts, decision = decided(release, config, self._cache)
        with self._lock:
            near = self._near(release, os.path.realpath(release.path), None, now)
            jobs = [] if decision.undecided else list(job_records(release, facts, decision, config, near, now))
        return decision, tuple(str(job["tracker"]) for job in jobs)

    def by_hand(self, release: Release, undecided: Undecided | None, wish: Wish) -> Answer:
        """What follows of a person's choice of trackers, for `take` to write. Raises SeedpostError where a guard, the
        sidecar or the origin forbids it."""
        config = self._config()
        facts, doubt = known(release, config, self._cache)
        if undecided is not None or doubt:
            return Answer("refused", doubt or (undecided or ("", ""))[1])
        real = os.path.realpath(release.path)
        with self._lock:
            near = self._near(release, real, None, self._clock.now())
            return planned(release, facts, wish, config, self._journal.ledger, near, real)

    def take(self, answer: Answer, told: Mapping[str, object]) -> bool:
        """Write what was worked out beside the loop, and `told`. False if one of its jobs has moved since."""
        jobs = self._journal.ledger.jobs
        with self._lock:
            if any((jobs[id].seq if id in jobs else 0) != seq for id, seq in answer.seqs.items()):
                return False
            self._journal.append([*answer.records, told])
            if answer.about is not None:
                self._remember(answer.about, self._clock.now())
        return True

    def again(self, record: Mapping[str, object]) -> None:
        """Decide an undecided release by the rules in force. What only its source or a person can answer stays open
        (where it came from, a flood), unless the rules send it nowhere now."""
        release = release_of(self._journal.load(record))
        if not os.path.lexists(release.path):
            return
        release = replace(release, facts=told_by_source(release.facts))
        code = str(record["undecided"])
        self._decide(release, None if code in OF_THE_RULES else (code, str(record.get("why") or "")), False, again=True)

    def _decide(self, release: Release, undecided: Undecided | None, asked: bool, *, again: bool = False) -> None:
        config, now = self._config(), self._clock.now()
        facts, decision = decided(release, config, self._cache)
        real = os.path.realpath(release.path)
        with self._lock:
            if again and not decision.undecided and not decision.trackers:
                undecided = None  # decided: nowhere
            if undecided is None and not asked and not again:
                undecided = self._flooded(release, now)
            if undecided is None and decision.undecided:
                undecided = (decision.undecided, decision.why)
            about = release_record(release, facts, decision, real=real, rules=config.digest, undecided=undecided)
            about["asked"] = asked or None
            records, jobs = [about], 0
            if undecided is None:
                near = self._near(release, real, None if asked else decision.rule, now)
                about["linked"] = self._linked(release, near.jobs)
                records += [one for id in sorted(near.jobs) for one in self._followed(release, real, id)]
                records += renaming(release.id, self._going_on(release, near))
                born = list(job_records(release, facts, decision, config, near, now))
                records, jobs = records + born, len(born)
                for name, why in left_out(facts, decision, config).items():
                    log.info("release.left_out", release=release.id, tracker=name, why=why)
            self._journal.append(records)
            self._remember(about, now, jobs=jobs)

    def _near(self, release: Release, real: str, rule: str | None, now: float) -> Neighbours:
        """What of the journal a new release is compared with."""
        jobs = frozenset(job_id(release.fingerprint, config.site) for config in self._config().trackers.values())
        there = frozenset(id for id in jobs if id in self._journal.ledger.jobs)
        same_path = self._others(release, self._by_real.get(real, ()))
        same_sizes = self._others(release, self._by_sizes.get(alike(release) or "", ()))
        return Neighbours(there, same_path, same_sizes, self._renamed(release), self._braked(rule, now))

    def _renamed(self, release: Release) -> dict[str, Job]:
        """Site -> the job of the same torrent by other names of its files: one that may have been sent before one that
        waits, and that before one that was cancelled."""
        ledger, ids = self._journal.ledger, self._by_torrent.get(release.infohash, ())
        others = [id for id in ids if ledger.releases[id]["fingerprint"] != release.fingerprint]
        jobs = [job for id in others for job in ledger.jobs_of(id)]
        return {job.site: job for job in sorted(jobs, key=lambda job: (_weight(job), job.seq))}

    def _linked(self, release: Release, jobs: Iterable[str]) -> list[str] | None:
        """The jobs that there are already for this very content, from another source or place."""
        of = self._journal.ledger.jobs
        return [id for id in sorted(jobs) if of[id].release != release.id] or None

    def _followed(self, release: Release, real: str, id: str) -> Iterator[dict[str, object]]:
        """What lets a job find its content at this release's place, if it is gone from its own."""
        job = self._journal.ledger.jobs[id]
        before = self._journal.ledger.releases.get(job.release)
        if before is None:
            return  # its record was lost with a damaged journal: where it was is not known
        elsewhere = str(before["path"]) != release.path
        if job.state not in UNSENT or (elsewhere and os.path.lexists(str(before["path"]))):
            return
        if elsewhere and job.release != release.id:
            place = {"path": release.path, "real": real, "client": release.client, "save_path": release.save_path}
            kept = {key: value for key, value in before.items() if key not in _WRITTEN}
            yield {**kept, **place, "type": "release"}
        if job.state is State.HELD and job.code == "content-moved":
            log.info("release.followed", release=job.release, job=id, path=release.path)
            yield found_again(job, release.path)

    def _going_on(self, release: Release, near: Neighbours) -> dict[str, Job]:
        """The jobs that wait under names which this release's torrent no longer has: not those of another client's."""
        of, waiting = self._journal.ledger.releases, {s: job for s, job in near.renamed.items() if unsent(job)}
        return {site: job for site, job in waiting.items() if of[job.release]["client"] == release.client}

    def _others(self, release: Release, ids: Iterable[str]) -> dict[str, str]:
        """Site -> job, of releases with another fingerprint; cancelled jobs don't count."""
        ledger = self._journal.ledger
        others = [id for id in ids if ledger.releases[id]["fingerprint"] != release.fingerprint]
        jobs = [job for id in others for job in ledger.jobs_of(id) if job.state is not State.CANCELLED]
        return {job.site: job.job for job in jobs}

    def _braked(self, rule: str | None, now: float) -> bool:
        brake, times = self._config().brake, self._routed.get(rule or "", deque())
        return brake is not None and _within(times, now, brake.seconds) >= brake.count

    def _flooded(self, release: Release, now: float) -> tuple[str, str] | None:
        count, seconds = FLOOD
        if release.from_ == "person" or _within(self._arrivals.get(release.source, deque()), now, seconds) < count:
            return None
        return "source-flood", f"more than {count} new releases from {release.source} within {seconds / 60:.0f} minutes"

    def _remember(self, record: Mapping[str, object], time: float, jobs: int | None = None) -> None:
        """Keep what the next release is compared with: arrivals, what each rule routed, what is where."""
        id, decision = str(record["release"]), record.get("decision")
        fresh = id not in self._met
        self._met.add(id)
        self._places.add((str(record["path"]), str(record["fingerprint"])))
        self._by_real.setdefault(str(record["real"]), set()).add(id)
        if record.get("alike"):
            self._by_sizes.setdefault(str(record["alike"]), set()).add(id)
        if record.get("infohash"):
            self._remember_torrent(record, id)
        if record.get("asked"):
            return  # which no brake counts
        if fresh:
            self._arrivals.setdefault(str(record["source"]), deque()).append(time)
        rule = decision.get("rule") if isinstance(decision, Mapping) else None
        if rule and (self._journal.ledger.jobs_of(id) if jobs is None else jobs):
            self._routed.setdefault(str(rule), deque()).append(time)

    def _remember_torrent(self, record: Mapping[str, object], id: str) -> None:
        """A torrent has as many releases as its content had names; the last one says where it is."""
        infohash, releases = str(record["infohash"]), self._journal.ledger.releases
        key, seq = (infohash, int(str(record["completed"]))), record.get("seq")  # none: it was written just now
        if seq is None or key not in self._releases or releases[self._releases[key]]["seq"] <= seq:
            self._releases[key] = id
        if id not in self._by_torrent.get(infohash, ()):
            self._by_torrent[infohash] = (*self._by_torrent.get(infohash, ()), id)


def _weight(job: Job) -> int:
    return 0 if job.state is State.CANCELLED else 1 if unsent(job) else 2


def _value(facts: object, name: str) -> object:
    fact = facts.get(name) if isinstance(facts, Mapping) else None
    return fact.get("value") if isinstance(fact, Mapping) else None


def _within(times: deque[float], now: float, seconds: float) -> int:
    """How many of `times` lie in the last `seconds`; older ones are dropped. A clock set back counts them all."""
    while times and times[0] <= now - seconds:
        times.popleft()
    return len(times)
