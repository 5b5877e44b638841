"""What a person's command does to a job: pure, one answer a command. Where the site must be asked first, it says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from trackers.base import Problem
from watcher.jobs import A_PERSON_DECIDES, PUBLISHED, Job, State
from watcher.uploader.bench import record_of, resolving

OPEN = (State.SENDING, State.UNCONFIRMED)
EDITABLE = (State.QUEUED, State.DRY_RUN, State.HELD)
CANCELLABLE = (State.QUEUED, State.PREPARED, State.DRY_RUN, State.HELD)
ANEW = {"tries": 0, "waited": None, "crashes": None}  # a person looked at it: it is tried as if for the first time


@dataclass(frozen=True)
class Reply:
    """What came of a command on one job. `ask`: a `find` pass must be made first, and this is its question."""

    result: str  # done refused kept ask
    why: str = ""
    records: tuple[Mapping[str, object], ...] = ()


def obey(command: Mapping[str, object], job: Job) -> Reply:
    """The reply to `command` for one of its jobs."""
    verb = VERBS.get(str(command["do"]))
    given = command.get("with")
    if verb is None:
        return _no(f"{command['do']} is not a command for jobs")
    return verb(job, given if isinstance(given, Mapping) else {})


def _no(why: str) -> Reply:
    return Reply("refused", why)


def _is_open(job: Job) -> bool:
    return job.state in OPEN or bool(job.open)


def _done(job: Job, state: State, **keys: object) -> Reply:
    return Reply("done", records=(record_of(job, {"state": state, **keys}),))


def _back(job: Job) -> State:
    return State(job.back_to or State.QUEUED)


def _retry(job: Job, given: Mapping[str, object]) -> Reply:
    if job.state is State.HELD and job.open:
        return _done(job, State.UNCONFIRMED, **ANEW)
    if job.state is State.HELD and job.code in A_PERSON_DECIDES:
        return _no(f"{job.job} waits for an approval ({job.code}): seedpost queue approve {job.job}")
    if job.state is State.HELD:
        return _done(job, _back(job), **ANEW)
    if job.state in (State.QUEUED, State.PREPARED, State.UPLOADED, State.SEEDING, State.UNCONFIRMED):
        return _done(job, job.state, **ANEW)
    return _no(f"{job.job} is {job.state}: there is nothing to try again")


def _approve(job: Job, given: Mapping[str, object]) -> Reply:
    approved = {"approved": given.get("digest") or "any", **ANEW, **_delayed(job)}
    if job.code == "require":
        approved |= {"waived": True, "then": None}
    if given.get("shown"):
        approved["shown"] = given["shown"]
    if job.state is State.HELD and job.open:
        return _no(f"the outcome of {job.job} is unknown: {resolving(job)}")
    if job.state is State.HELD:
        return _let_go(job, approved)
    if job.state is State.DRY_RUN:
        return _done(job, State.QUEUED, **approved)
    if job.state in (State.DUPLICATE, State.CANCELLED):
        if not given.get("reason"):
            return _no(f"{job.job} is {job.state}: say why it should go out all the same, with --reason")
        if job.state is State.DUPLICATE and job.sent_at:
            return _no(
                f"{job.job} was sent and somebody else's stands there: seedpost queue resolve {job.job} --absent"
            )
        if job.rest.get("stands"):
            return _no(f"{job.job} stands on the site ({job.url}): it is not sent a second time")
        return _done(job, State.QUEUED, reason=given["reason"], despite=job.state is State.DUPLICATE, **approved)
    return _no(f"{job.job} is {job.state}: it waits for no approval")


def _delayed(job: Job) -> dict[str, object]:
    """The `delay` of a rule, which an answer does not end: only `retry` does."""
    waits = job.not_before is not None and job.state in (State.HELD, State.DRY_RUN, State.QUEUED)
    return {"not_before": job.not_before} if waits else {}


def _let_go(job: Job, approved: Mapping[str, object]) -> Reply:
    """A held job goes on, unless another question waits behind the one that was answered."""
    after, then = _back(job), job.rest.get("then")
    if isinstance(then, Mapping) and then["code"] != "review":
        return _done(job, State.HELD, **{**approved, "approved": None}, **then, back_to=after)
    if after is not State.DRY_RUN:
        return _done(job, after, **approved)
    back = record_of(job, {"state": after})  # held leads only back to where it was
    return Reply("done", records=(back, record_of(job, {"state": State.QUEUED, **approved})))


def _cancel(job: Job, given: Mapping[str, object]) -> Reply:
    if _is_open(job):
        wish = record_of(job, {"state": job.state, **standing(job), "wish": "cancel"})
        return Reply("kept", "the outcome of its upload is unknown; cancelled if it turns out absent", (wish,))
    if job.state in CANCELLABLE:
        stands = {"stands": True} if job.back_to in PUBLISHED else {}
        return _done(job, State.CANCELLED, why=given.get("reason") or "cancelled by hand", **stands)
    return _no(f"{job.job} is {job.state}: what stands on the site can't be cancelled")


def standing(job: Job) -> dict[str, object]:
    """What a record that only adds a key must say again, or it would be cleared."""
    return {
        key: getattr(job, key)
        for key in ("code", "why", "resume", "back_to", "open", "not_before")
        if getattr(job, key)
    }


def editable(job: Job) -> bool:
    """Whether its facts and keys may still be changed: what was or may have been sent is not edited."""
    return job.state in EDITABLE and not _is_open(job) and job.back_to not in PUBLISHED


def request_for(command: Mapping[str, object], job: Job) -> str | None:
    """The number of the user's request that an edit wants filled with what stands on the site; None for any other
    command. It is the one thing that may be said of an upload once it was sent."""
    given = command.get("with")
    change = given.get("set") if isinstance(given, Mapping) else None
    if command["do"] != "edit" or job.state not in PUBLISHED or not isinstance(change, Mapping):
        return None
    number = str(change.get("request", ""))
    return number if set(change) == {"request"} and number.isascii() and number.isdecimal() else None


def unfit(change: Mapping[str, object], problems: Iterable[Problem]) -> list[Problem]:
    """Those of a form's problems that are about the very keys that an edit sets: there it is wrong, not unfinished."""
    return [one for one in problems if one.field in change]


def _edit(job: Job, given: Mapping[str, object]) -> Reply:
    """`given`: the whole `set`, all that persons said of it, what the rule's `require` lacks, what is wrong with the
    keys that were named, and what the form lacks."""
    changed = given.get("set")
    if not isinstance(changed, Mapping):
        return _no("an edit names at least one field: seedpost queue edit JOB field=value")
    if not editable(job):
        return _no(f"{job.job} is {'open' if job.open else job.state}: what was or may have been sent is not edited")
    if given.get("unfit"):
        return _no(f"nothing was changed: {given['unfit']}")
    why = f"the form still lacks: {given['form']}" if given.get("form") else ""
    slots = job.rest.get("unfilled")
    left = {key: slots[key] for key in slots.keys() - changed.keys()} if isinstance(slots, Mapping) else None
    keys = {
        "set": changed,
        "edits": given.get("edits"),
        "unfilled": left or None,
        "approved": None,
        "waived": None,
        "shown": None,
        **ANEW,
    }
    return Reply("done", why, (record_of(job, keys | _after_edit(job, str(given.get("lacks") or ""))),))


def _after_edit(job: Job, lacks: str) -> dict[str, object]:
    """Where an edited job goes: on to what it would have been, or back to the question."""
    stands, then = job.state is State.HELD and job.code in A_PERSON_DECIDES, job.rest.get("then")
    if lacks:
        resume = f"seedpost queue approve {job.job}"
        question: dict[str, object] = {"code": "require", "why": lacks, "resume": resume}
        if stands and job.code != "require":
            question["then"] = {"code": job.code, "why": job.why, "resume": job.resume}
        if job.state is State.DRY_RUN:  # which can't be held: it goes nowhere by itself
            return {**question, "state": State.DRY_RUN}
        return {**question, **_delayed(job), "state": State.HELD, "back_to": _back(job)}
    if stands and job.code != "require":
        return {**standing(job), "state": State.HELD}
    if isinstance(then, Mapping):
        return {**then, **_delayed(job), "then": None, "state": State.HELD, "back_to": _back(job)}
    return {**_delayed(job), "state": _back(job) if job.state is State.HELD else job.state}


def _prioritise(job: Job, given: Mapping[str, object]) -> Reply:
    if job.state in (State.DONE, State.CANCELLED, State.DUPLICATE):
        return _no(f"{job.job} is {job.state}")
    keys = {**standing(job), "state": job.state, "priority": given.get("priority", 1)}
    return Reply("done", records=(record_of(job, keys),))


def _resolve(job: Job, given: Mapping[str, object]) -> Reply:
    theirs = job.state is State.DUPLICATE and job.sent_at
    if not _is_open(job) and not theirs:
        return _no(f"{job.job} is {job.state}: its outcome is known")
    if job.state is State.SENDING:
        return _no(f"{job.job} is being sent right now")
    if given.get("uploaded"):
        keys: dict[str, object] = {"torrent_id": str(given["uploaded"]), "url": given.get("url"), "resolved": "by hand"}
        if theirs:
            return _no(f"what stands there is somebody else's ({job.url}); a torrent of yours would be another one")
        if job.state is State.UNCONFIRMED:
            return Reply("ask", "uploaded", (record_of(job, {"state": State.UPLOADED, **keys}),))
        looked = record_of(job, {"state": State.UNCONFIRMED})
        return Reply("ask", "uploaded", (looked, record_of(job, {"state": State.UPLOADED, **keys})))
    return Reply("ask", "absent")


def _forget(job: Job, given: Mapping[str, object]) -> Reply:
    if job.state is not State.DONE:
        return _no(f"{job.job} is {job.state}: only what is done can be forgotten as deleted on the site")
    return Reply("ask", "deleted")


VERBS: Mapping[str, Callable[[Job, Mapping[str, object]], Reply]] = {
    "retry": _retry,
    "approve": _approve,
    "cancel": _cancel,
    "edit": _edit,
    "prioritise": _prioritise,
    "resolve": _resolve,
    "forget": _forget,
}
