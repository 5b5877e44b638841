"""What came of a POST whose answer is unknown: one pass at a time, until the site shows it or its absence is proved."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from trackers.base import Absent, CannotTell, Form, Found, Upload
from trackers.catalogue import TYPES
from trackers.errors import Unavailable
from watcher.config import TrackerConfig
from watcher.jobs import Job, State
from watcher.uploader.bench import Bench, Step, held, published, root_of
from watcher.uploader.lane import Lane
from watcher.uploader.prepare import upload_of
from watcher.uploader.torrent import built

PASSES = 4  # absences in a row that prove it
GIVE_UP = 86400.0  # seconds of open lane without a proof
APART = 60.0  # least seconds between two passes on a real site
VOID_WAIT = 60.0  # seconds after a pass that counts nothing


@dataclass
class Vigil:
    """The passes of one job since this process watches it; a restart begins anew. In open seconds of its lane."""

    began: float
    absences: list[dict[str, object]] = field(default_factory=list)
    next_at: float = 0.0

    def due(self, open_seconds: float) -> bool:
        """Whether the next pass may be made."""
        return open_seconds >= self.next_at


def vigil(job: Job, lane: Lane) -> Vigil:
    """Begin to watch. The first look is made at once: what was stored is mostly there already."""
    return Vigil(began=lane.open_seconds, next_at=lane.open_seconds)


def reconcile(job: Job, watch: Vigil, lane: Lane, bench: Bench) -> Step:
    """One pass. Raises what look-ups raise: such a pass is void."""
    config = bench.tracker(job)
    if config is None:
        return held(
            job, "tracker-removed", f"no tracker of {job.site} is in rules.yaml", back_to=State.UNCONFIRMED, open=True
        )
    entry = TYPES[config.type]
    if (not entry.find_by_hash and not entry.quiet) or not lane.tracker().looks_up:
        why = "this site has no way to look an upload up: see its page, then say what is there"
        return held(job, "cannot-tell", why, back_to=State.UNCONFIRMED, open=True)
    if not job.infohash:
        return frozen_late(job, lane, config, bench)
    try:
        found = lane.tracker().find(_upload(job, lane, bench), bench.newest(job.site))
    except Unavailable:
        watch.next_at = lane.open_seconds + VOID_WAIT
        raise
    return _judged(job, found, watch, lane, config, bench)


def one_look(job: Job, lane: Lane, bench: Bench) -> Found | Absent | CannotTell:
    """One pass before a person's word about a job counts. Raises what look-ups raise."""
    config = bench.tracker(job)
    if config is None or not (TYPES[config.type].find_by_hash or TYPES[config.type].quiet):
        return CannotTell("this site has no way to look an upload up")
    return lane.tracker().find(_upload(job, lane, bench), bench.newest(job.site))


def frozen_late(job: Job, lane: Lane, config: TrackerConfig, bench: Bench) -> Step:
    """A job whose `sending` a gap in the journal may hide: what would have been sent is built now, to be looked for."""
    composed = lane.tracker().compose(bench.content(job), bench.own_keys(job))
    form = composed if isinstance(composed, Form) else Form(())
    made = built(job, TYPES[config.type], bench)
    keys = {"infohash": bench.freeze(made.info), "form": form.as_json(), **made.keys}
    return {"state": State.UNCONFIRMED, "code": job.code, "why": job.why, **keys}


def _upload(job: Job, lane: Lane, bench: Bench) -> Upload:
    """What was sent, from the frozen info dictionary: the content itself may have changed since."""
    info = bench.store.get(str(job.infohash))
    without = Form(bench.form(job).fields)
    upload = upload_of(job, without, info, lane, root_of(bench.release(job)))
    return replace(upload, sent_at=job.sent_at)


def _judged(
    job: Job, found: Found | Absent | CannotTell, watch: Vigil, lane: Lane, config: TrackerConfig, bench: Bench
) -> Step:
    seen: dict[str, object] = {"time": bench.at(0), "canary": found.canary if isinstance(found, Absent) else None}
    if isinstance(found, Found) and found.ours is not None:
        if found.ours:
            return published(found.receipt)
        why = f"{found.uploader or 'somebody else'} has it on the site: {found.receipt.url}"
        return {"state": State.DUPLICATE, "code": "duplicate", "why": why, "url": found.receipt.url}
    if isinstance(found, Absent):
        watch.absences.append(seen | {"answer": "absent"})
        return _absent(job, watch, lane, config, bench)
    why = (
        found.why
        if isinstance(found, CannotTell)
        else f"it is there, but whose it is can't be told: {found.receipt.url}"
    )
    watch.next_at = lane.open_seconds + max(VOID_WAIT, config.quiet / (PASSES - 1))
    return _or_give_up(job, watch, lane, why, {"passes": [*watch.absences, seen | {"answer": "void"}][-20:]})


def _absent(job: Job, watch: Vigil, lane: Lane, config: TrackerConfig, bench: Bench) -> Step:
    """Count an absence: the fourth, a whole quiet time after the first, is the proof."""
    waited, passes = lane.open_seconds - watch.began, list(watch.absences)
    if len(passes) >= PASSES and waited >= config.quiet:
        if int(job.rest.get("unknowns") or 0) > 1:
            why = "a second answer was lost, and the site does not show the upload"
            return held(job, "second-unknown", why, back_to=State.UNCONFIRMED, open=True) | {"passes": passes}
        if job.rest.get("wish") == "cancel":
            return {
                "state": State.QUEUED,
                "passes": passes,
                "proof": passes,
                "code": "cancel",
                "why": "cancelled by wish",
            }
        return {"state": State.QUEUED, "passes": passes, "proof": passes, "why": "proved absent", "code": "absent"}
    apart = config.quiet / (PASSES - 1)
    if not TYPES[config.type].sandbox:
        apart = max(APART, apart)
    watch.next_at = max(watch.began + apart * len(passes), lane.open_seconds + apart / 2)
    return _or_give_up(job, watch, lane, job.why or "", {"passes": passes})


def _or_give_up(job: Job, watch: Vigil, lane: Lane, why: str, keys: Step) -> Step:
    if lane.open_seconds - watch.began > GIVE_UP:
        return held(job, "cannot-tell", f"no proof within a day: {why}", back_to=State.UNCONFIRMED, open=True) | dict(
            keys
        )
    return {"state": State.UNCONFIRMED, "code": job.code, "why": why or job.why, **keys}
