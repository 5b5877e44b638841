"""A torrent whose files have other names by now is other content to everybody else. What was not sent goes on under the
names of now, as another job, and the job before is cancelled in the same write; what was sent stays the only one.

`Intake` finds such jobs; the loop writes what is worked out here, when its hands are off them.
"""

from __future__ import annotations

from collections.abc import Mapping

from trackers.clock import utc_text
from watcher.intake.anew import Answer, unsent
from watcher.jobs import Job, State
from watcher.journal import Journal
from watcher.release import job_id

# What was decided or said of a job by rules and persons. Nothing that was worked out from its files.
KEPT = ("require", "unfilled", "then", "cautions", "waived", "reason", "despite", "by", "edits")
LOST = ("content-moved", "content-changed", "content-unreadable")  # what other names may have been taken for


def renaming(release: str, jobs: Mapping[str, Job]) -> list[dict[str, object]]:
    """The command that lets `jobs` go on under the names of `release`; none where there are no such jobs."""
    ids = sorted(job.job for job in jobs.values())
    return [{"type": "command", "do": "redecide", "jobs": ids, "with": {"release": release}}] if ids else []


def renamed(command: Mapping[str, object], release: str, journal: Journal) -> Answer:
    """What comes of it for each job that is as it was."""
    ids = command.get("jobs")
    known = [journal.ledger.jobs.get(str(id)) for id in (ids if isinstance(ids, list) else [])]
    ours = [job for job in known if job is not None and unsent(job)]
    goes_on = {job.job: records for job in ours if (records := _goes_on(job, release, journal))}
    written = tuple(record for records in goes_on.values() for record in records)
    seqs = {job.job: job.seq for job in ours if job.job in goes_on}
    left = f"; not these, which moved on: {len(known) - len(seqs)}" if len(seqs) < len(known) else ""
    return Answer("done" if seqs else "refused", f"{len(seqs)} under other names{left}", written, seqs)


def _goes_on(job: Job, release: str, journal: Journal) -> tuple[dict[str, object], ...]:
    """The end of a job and the birth of the one that takes its place; () where that one has a life of its own."""
    about = journal.ledger.releases[release]
    id = job_id(str(about["fingerprint"]), job.site)
    there = journal.ledger.jobs.get(id)
    if there is not None and (there.state is not State.CANCELLED or there.sent_at):
        return ()
    why = f"its torrent's files have other names now ({about['name']}): it goes on as job {id}"
    ends = {"job": job.job, "release": job.release, "attempt": job.attempt, "state": State.CANCELLED, "why": why}
    born = {"job": id, "release": release, "attempt": 0, **_said(job, id, journal)}
    steps = _steps(job, id) if there is None else _again(job, id)
    whose = {"type": "job", "tracker": job.tracker, "site": job.site}
    return ({**whose, **ends}, *({**whose, **born, **step} for step in steps))


def _said(job: Job, id: str, journal: Journal) -> dict[str, object]:
    """What rules and persons said of a job, for the one that follows it."""
    told = {key: job.rest.get(key) for key in KEPT} | {"shown": journal.load(job.rest.get("shown"))}
    return {"set": job.set, "approved": job.approved, "priority": job.priority or None, **told}


def _steps(job: Job, id: str) -> list[dict[str, object]]:
    """Where the job that follows stands: where the one before stood, but for what its files were held for."""
    if job.state is State.DRY_RUN:
        return [{"state": State.DRY_RUN, "code": job.code, "why": job.why, "resume": _for(job, id)}]
    if job.state is not State.HELD or job.code in LOST:
        after = State.DRY_RUN if job.back_to is State.DRY_RUN else State.QUEUED
        return [{"state": after, "not_before": _later(job)}]
    return [{"state": State.HELD, "back_to": job.back_to, "code": job.code, "why": job.why, "resume": _for(job, id)}]


def _again(job: Job, id: str) -> list[dict[str, object]]:
    """The same for names that it had before: from cancelled a way leads only over queued."""
    last = _steps(job, id)[-1]
    if last["state"] is State.DRY_RUN:
        approve = f"seedpost queue approve {id}"
        last = {"state": State.HELD, "code": "mode", "why": "it was decided as a dry run", "resume": approve}
    back = {"back_to": State.QUEUED} if last["state"] is State.HELD else {}
    return [{"state": State.QUEUED}] if last["state"] is State.QUEUED else [{"state": State.QUEUED}, {**last, **back}]


def _for(job: Job, id: str) -> str | None:
    return job.resume and job.resume.replace(job.job, id)


def _later(job: Job) -> str | None:
    """A delay that its rule gave it still runs; a back-off does not."""
    return None if job.not_before is None or job.rest.get("tries") else utc_text(job.not_before)
