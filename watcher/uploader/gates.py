"""What keeps a due job from beginning: its tracker is gone from rules.yaml, a mode became stricter. Starts nothing."""

from __future__ import annotations

from watcher.jobs import Job, State
from watcher.uploader.bench import Bench, Step, held

STRICTNESS = ("upload", "review", "dry_run")


def removed(job: Job) -> Step:
    """A tracker taken out of rules.yaml leaves its jobs held until a tracker of the same site is back."""
    why = f"no tracker of {job.site} is in rules.yaml any more"
    open_ = job.state is State.UNCONFIRMED
    return held(job, "tracker-removed", why, back_to=job.state, open=open_)


def held_back(job: Job, bench: Bench) -> Step | None:
    """A mode that became stricter stops what was not approved; a wish to cancel is granted once nothing is open."""
    if job.state not in (State.QUEUED, State.PREPARED):
        return None
    if job.rest.get("wish") == "cancel":
        return {"state": State.CANCELLED, "why": "cancelled by hand while its outcome was unknown", "wish": None}
    config, tracker = bench.config(), bench.tracker(job)
    mode = max((config.mode, tracker.mode or "upload" if tracker else "upload"), key=STRICTNESS.index)
    if mode == "upload" or job.approved:
        return None
    why = f"the mode in rules.yaml is {mode} now"
    return held(job, "mode", why, back_to=State.QUEUED, resume=f"seedpost queue approve {job.job}")
