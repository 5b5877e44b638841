"""When a person need not wait for jobs any longer, and what a command that followed them ends with. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trackers.clock import Clock, utc_seconds
from watcher.config import Config
from watcher.errors import DUPLICATE, HELD, NETWORK, NOT_AUTHORISED, OK, UNKNOWN
from watcher.jobs import Job, Ledger, State
from watcher.uploader.extras import pending

SOON = 60.0  # seconds: what is not due within them is not waited for
QUICK = 60.0  # seconds of `quiet:` up to which a proof of absence is waited for
GRAVE = (UNKNOWN, HELD, NOT_AUTHORISED, NETWORK, DUPLICATE)  # which code wins over those after it
AT_ITS_END = (State.DONE, State.HELD, State.DUPLICATE, State.CANCELLED, State.DRY_RUN)


def stopped(job: Job, ledger: Ledger) -> Mapping[str, object] | None:
    """The record that stops the job's tracker, if the loop has not taken it back."""
    record = ledger.breakers.get(job.site)
    return record if record is not None and record.get("breaker") == "open" else None


def at_rest(job: Job, ledger: Ledger, beat: Mapping[str, object] | None, config: Config, clock: Clock) -> bool:
    """Whether nothing happens to a job within a minute, as far as the journal and the loop's heartbeat say."""
    if job.state in AT_ITS_END:
        return True
    block = next((one for one in config.trackers.values() if one.site == job.site), None)
    if job.state is State.UPLOADED and ((block and block.seed) or config.seed).client is None:
        return bool(job.registered) and not pending(job)
    if job.state is State.UNCONFIRMED and job.passes and (block is None or block.quiet > QUICK):
        return True  # it was looked for, and the proof takes minutes
    now = clock.now()
    waits = [job.not_before or now]
    if job.state is not State.SEEDING:
        waits += [_opens(stopped(job, ledger), now), _limited(job, beat, now)]
    return max(waits) - now > SOON


def _opens(record: Mapping[str, object] | None, now: float) -> float:
    """Wall seconds at which a stopped tracker goes on; a person's stop has no end."""
    if record is None:
        return now
    return utc_seconds(str(record["until"])) if record.get("until") else now + 2 * SOON


def _limited(job: Job, beat: Mapping[str, object] | None, now: float) -> float:
    lanes = beat.get("lanes") if beat else None
    lane = lanes.get(job.tracker) if isinstance(lanes, Mapping) else None
    until = lane.get("limit_until") if isinstance(lane, Mapping) else None
    return utc_seconds(str(until)) if until and job.state in (State.QUEUED, State.PREPARED) else now


def outcome(jobs: Iterable[Job], ledger: Ledger) -> int:
    """An exit code: 8 unknown, 7 held, 77 its key is refused, 5 it waits, 4 it is there already, else 0."""
    codes = {_code(job, ledger) for job in jobs}
    return next((code for code in GRAVE if code in codes), OK)


def _code(job: Job, ledger: Ledger) -> int:
    if job.open or job.state in (State.UNCONFIRMED, State.SENDING):
        return UNKNOWN
    if job.state is State.HELD:
        return HELD
    if job.state is State.DUPLICATE:
        return DUPLICATE
    if job.state in (State.QUEUED, State.PREPARED):
        record = stopped(job, ledger)
        for_a_person = record is not None and not record.get("until") and record.get("code") != "paused"
        return NOT_AUTHORISED if for_a_person else NETWORK
    return NETWORK if job.state is State.SEEDING else OK
