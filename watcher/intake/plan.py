"""From a decision to journal records: which jobs there are, and what each is born as. Pure: no clock, no disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trackers.catalogue import reminder_of
from trackers.clock import utc_text
from watcher.config import Config
from watcher.jobs import Job, State
from watcher.release import NONE, Facts, Release, job_id
from watcher.rules import Decision, Route

MIB = 1024 * 1024
MEDIA = frozenset(
    "flac mp3 m4a aac ogg opus ac3 dts wav ape wv alac mkv mp4 avi ts m2ts mov wmv vob iso".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Neighbours:
    """What the journal already has that a new release must be compared with."""

    jobs: frozenset[str] = frozenset()  # ids that exist, in any state
    same_path: Mapping[str, str] = field(default_factory=dict)  # site -> job at the same real path, other content
    same_sizes: Mapping[str, str] = field(default_factory=dict)  # site -> job whose media files have these sizes
    renamed: Mapping[str, Job] = field(default_factory=dict)  # site -> job of this torrent, by other names of its files
    braked: bool = False  # the rule has routed as many releases in the last window as it may by itself


@dataclass(frozen=True)
class Why:
    """Why a job waits for a person."""

    code: str
    why: str
    resume: str


def release_record(
    release: Release,
    facts: Facts,
    decision: Decision | None,
    *,
    real: str,
    rules: str,
    undecided: tuple[str, str] | None,
) -> dict[str, object]:
    """The `release` record: what was seen, what was learned and what was decided.

    `real`: the content's path with every link resolved.
    """
    record: dict[str, object] = {
        "type": "release",
        "release": release.id,
        "fingerprint": release.fingerprint,
        "from": release.from_,
        "source": release.source,
        "infohash": release.infohash,
        "completed": release.completed,
        "path": release.path,
        "client": release.client,
        "save_path": release.save_path,
        "name": release.name,
        "size": release.size,
        "files": len(release.files),
        "single": release.single,
        "real": real,
        "payload": [[file.path, file.size] for file in release.files],
        "alike": alike(release),
        "facts": {name: fact.as_json() for name, fact in facts.items()},
        "rules": rules,
        "undecided": undecided[0] if undecided else None,
        "decision": decision.as_json() if decision else None,
    }
    if undecided:
        record["why"] = undecided[1]
    return record


def alike(release: Release) -> str | None:
    """A digest of the multiset of sizes of the audio and video files, if there are enough to tell content by it."""
    sizes = sorted(f.size for f in release.files if f.path.rsplit(".", 1)[-1].lower() in MEDIA)
    if len(sizes) < 3 and not any(size > 50 * MIB for size in sizes):
        return None
    return hashlib.sha256(",".join(map(str, sizes)).encode()).hexdigest()[:16]


def job_records(
    release: Release, facts: Facts, decision: Decision, config: Config, near: Neighbours, now: float
) -> Iterator[dict[str, object]]:
    """One record a new job: one for each site that the decision names and the content did not come from."""
    came_from = set(sites_from(facts))
    taken: set[str] = set()
    for name, route in decision.trackers.items():
        site = config.trackers[name].site
        job = job_id(release.fingerprint, site)
        if site in came_from or site in taken or job in near.jobs or site in near.renamed:
            continue
        taken.add(site)
        record: dict[str, object] = {
            "type": "job",
            "job": job,
            "tracker": name,
            "site": site,
            "release": release.id,
            "attempt": 0,
            "set": dict(route.set),
            "cautions": dict(route.cautions),
        }
        record |= asked_by(route)
        if route.delay:
            record["not_before"] = utc_text(now + route.delay)
        yield record | _born(job, site, route, near)


def left_out(facts: Facts, decision: Decision, config: Config) -> dict[str, str]:
    """Trackers that the decision names and that get no job, each with the reason."""
    came_from = set(sites_from(facts))
    first: dict[str, str] = {}
    out: dict[str, str] = {}
    for name in decision.trackers:
        site = config.trackers[name].site
        if site in came_from:
            out[name] = f"the content came from {site}"
        elif site in first:
            out[name] = f"{first[site]} is the same site and was named first"
        first.setdefault(site, name)
    return out


def found_again(job: Job, path: str) -> dict[str, object]:
    """The record that takes a job out of its hold because its content was found at another place."""
    keys = {"type": "job", "job": job.job, "tracker": job.tracker, "site": job.site, "release": job.release}
    why = f"its content was found again at {path}"
    return {**keys, "state": job.back_to or State.QUEUED, "attempt": job.attempt, "why": why, "tries": 0}


def sites_from(facts: Facts) -> list[str]:
    """The sites that content came from."""
    value = facts.get("origin", NONE).value
    return [str(site) for site in value] if isinstance(value, (list, tuple)) else []


def asked_by(route: Route) -> dict[str, object]:
    """What the rule of a job asks for, kept with it: an edit is held against it."""
    asked: dict[str, object] = {"require": [dict(one) for one in route.required]} if route.required else {}
    return asked | ({"unfilled": dict(route.unfilled)} if route.unfilled else {})


def _born(job: str, site: str, route: Route, near: Neighbours) -> dict[str, object]:
    """The state a job is born in: held beats dry run, dry run beats queued."""
    after = "dry_run" if route.mode == "dry_run" else "queued"
    asked = questions(job, route, around(job, site, near, route.rule), reminder_of(site))
    return {"state": "held", "back_to": after, **asking(asked)} if asked else {"state": after}


def asking(questions: Sequence[Why]) -> dict[str, object]:
    """The keys of a job held by the first of several questions; the next is asked once that one is settled."""
    first, *more = [{"code": one.code, "why": one.why, "resume": one.resume} for one in questions]
    return first | ({"then": more[0]} if more else {})


def questions(job: str, route: Route, beside: Why | None, reminder: str = "") -> list[Why]:
    """Why a job waits for a person, the gravest first. `beside`: what makes a question of it beside its route;
    `reminder`: what its site has a person look at."""
    mine = held_by(job, route, reminder)
    if mine is None or mine.code != "require":
        return [one for one in (beside or mine,) if one is not None]
    after = beside or held_by(job, replace(route, failed=()), reminder)
    return [mine] if after is None else [mine, after]


def around(job: str, site: str, near: Neighbours, rule: str = "") -> Why | None:
    """What else there is that makes a question of it. `rule`: that the brake counts for; none by hand."""
    approve = f"seedpost queue approve {job}"
    if site in near.same_path:
        return Why("same-content", f"job {near.same_path[site]} is for another state of the same folder", approve)
    if site in near.same_sizes:
        return Why("same-content", f"job {near.same_sizes[site]} has media files of exactly these sizes", approve)
    if near.braked:
        return Why(
            "brake", f"rule {rule!r} has routed as many releases as it may", "seedpost queue approve --code brake"
        )
    return None


def held_by(job: str, route: Route, reminder: str = "") -> Why | None:
    """Why a route by itself holds its job: what it requires, then its mode."""
    approve = f"seedpost queue approve {job}"
    if route.failed:
        return Why("require", "; ".join(map(str, route.failed)), approve)
    if route.mode == "review":
        why = "the mode of this tracker or rule is review" + (f": {reminder}" if reminder else "")
        return Why("review", why, approve)
    return None
