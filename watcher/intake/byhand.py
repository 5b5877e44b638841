"""Content that a person sends to trackers of their choice: what forbids it, and which jobs there are then.

Pure. The rules have no say in it, their guards have; nobody's word lifts a guard, an origin or a limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from watcher.config import Config
from watcher.errors import HELD, USAGE, NotFound, SeedpostError
from watcher.intake.anew import Answer, Records, unsent
from watcher.intake.plan import Neighbours, Why, around, asking, release_record, sites_from
from watcher.jobs import Job, Ledger, State
from watcher.release import Facts, Release, job_id
from watcher.rules import guarded
from watcher.rules.nodes import nearest

PERSON = "person"  # `by` of such a job, and `with.by` of the command
# What a job was asked for before, and is not any more: the person has seen its form.
SETTLED = (
    "require", "unfilled", "then", "waived", "tries", "waited", "crashes", "not_before", "code", "why", "resume",
)  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """The `with` of such a command: docs/journal.md."""

    to: tuple[str, ...]
    set: Mapping[str, Mapping[str, object]]  # tracker -> facts and form keys over those that were found
    digests: Mapping[str, str]  # tracker -> of the form that was shown
    shown: Mapping[str, object]  # tracker -> that form
    fingerprint: str  # of the content that was shown
    learned: Mapping[str, object] | None = None  # what the tracker said that it came from; None: nobody was asked
    looked: Mapping[str, object] = field(default_factory=dict)  # what look-up services said


def wish_of(command: Mapping[str, object]) -> Wish | None:
    """The wish in a `look`; None for one by the rules. Raises TypeError, KeyError or ValueError on another shape."""
    given = command.get("with")
    if command["do"] != "look" or not isinstance(given, Mapping) or given.get("by") != PERSON:
        return None
    to, set, digests, shown = (given[key] for key in ("to", "set", "digests", "shown"))
    told = given.get("learned"), dict(given.get("looked") or {})
    return Wish(tuple(map(str, to)), dict(set), dict(digests), dict(shown), given["fingerprint"], *told)


def check(facts: Facts, config: Config, to: Sequence[str]) -> None:
    """Raise SeedpostError if content must not go to these trackers, whoever asks."""
    sites: dict[str, str] = {}
    for name in to:
        if name not in config.trackers:
            known = ", ".join(config.trackers) or "none"
            raise NotFound(f"no tracker {name!r}{nearest(name, config.trackers)}", hint=f"in rules.yaml are: {known}")
        site = config.trackers[name].site
        if site in sites:
            raise SeedpostError(f"{name} and {sites[site]} are one site, {site}", hint="name one", exit_code=USAGE)
        sites[site] = name
    stopped = guarded(config.rules, facts)
    if stopped is not None:
        guard, doubt = stopped
        raise SeedpostError(
            doubt or f"guard '{guard}' keeps it here",
            hint="`seedpost rules explain` shows why; nothing overrides a guard",
            exit_code=HELD if doubt else None,
        )
    for site in sites_from(facts):
        if site in sites:
            raise SeedpostError(f"{sites[site]}: the content came from {site}", hint=f"leave {sites[site]} out of --to")


def planned(
    release: Release, facts: Facts, wish: Wish, config: Config, ledger: Ledger, near: Neighbours, real: str
) -> Answer:
    """The records that make the jobs of a wish, or change those that wait already. Raises as `check` does."""
    check(facts, config, wish.to)
    if release.fingerprint != wish.fingerprint:
        return Answer("refused", "the files are not those that were shown")
    about = release_record(release, facts, None, real=real, rules=config.digest, undecided=None)
    about |= {"asked": True, "decision": _decision(ledger.releases.get(release.id), wish)}
    if wish.learned is not None:
        about["learned"] = dict(wish.learned)
    if wish.looked:
        about["looked"] = dict(wish.looked)
    records: list[dict[str, object]] = []
    seqs: dict[str, int] = {}
    left: list[str] = []
    for name in wish.to:
        site = config.trackers[name].site
        id = job_id(release.fingerprint, site)
        job = ledger.jobs.get(id)
        if job is not None and not open_to_a_wish(job):
            left.append(f"{name}: job {id} is {job.state}")
            continue
        keys = {"type": "job", "job": id, "tracker": name, "site": site, "release": job.release if job else release.id}
        seqs[id] = job.seq if job else 0
        if job is not None and job.release != release.id:
            records.append(_moved(about, job))
        records += [keys | step for step in (_steps(job, name, wish) if job else _born(id, site, name, wish, near))]
    if not seqs:
        return Answer("refused", "; ".join(left))
    return Answer("done", "; ".join(left), (about, *records), seqs, about)


def open_to_a_wish(job: Job) -> bool:
    """Whether a job that is there already may be sent by a person's wish: nothing of it is or may be on the site."""
    cancelled = job.state is State.CANCELLED and not job.sent_at and not job.rest.get("stands")
    return unsent(job) or cancelled


def _decision(before: Mapping[str, object] | None, wish: Wish) -> object:
    """What the rules decided of this very release stays."""
    if before is not None and before.get("decision") and not before.get("undecided"):
        return before["decision"]
    return {"rule": None, "upload_to": list(wish.to), "mode": "upload", "why": "by hand", "trackers": {}, "reasons": []}


def _moved(about: Mapping[str, object], job: Job) -> dict[str, object]:
    """The release of a job that was made for another sight of this content: where it is now, and what is known."""
    keys = ("type", "path", "real", "client", "save_path", "facts", "learned", "looked", "rules", "asked")
    return {key: about[key] for key in keys if key in about} | {"release": job.release}


def _asked(name: str, wish: Wish) -> dict[str, object]:
    said = dict(wish.set.get(name, {}))
    keys: dict[str, object] = {"set": said, "edits": said or None, "cautions": {}, "by": PERSON}
    return keys | {"approved": wish.digests[name], "shown": wish.shown.get(name)}


def _born(id: str, site: str, name: str, wish: Wish, near: Neighbours) -> Records:
    """A new job: on its way, unless the site may have this content under another identity."""
    keys = {"attempt": 0, **_asked(name, wish)}
    why = around(id, site, near)
    return (keys | ({"state": "held", "back_to": "queued", **asking([why])} if why else {"state": "queued"}),)


def _steps(job: Job, name: str, wish: Wish) -> Records:
    """A job that waited goes on with what the person said. That the content may be there already is still asked."""
    keys = {"attempt": job.attempt, **dict.fromkeys(SETTLED), **_asked(name, wish)}
    same = _same_content(job)
    if same is not None:
        return (keys | {"state": State.HELD, "back_to": job.back_to or State.QUEUED, **asking([same])},)
    after = keys | {"state": State.QUEUED, "reason": "by hand"}
    if job.state is State.HELD and job.back_to not in (None, State.QUEUED):
        return ({"state": job.back_to, "attempt": job.attempt}, after)
    return (after,)


def _same_content(job: Job) -> Why | None:
    if job.state is not State.HELD:
        return None
    then = job.rest.get("then")
    asked = then if isinstance(then, Mapping) else {"code": job.code, "why": job.why, "resume": job.resume}
    if asked["code"] != "same-content":
        return None
    return Why("same-content", str(asked["why"]), str(asked["resume"]))
