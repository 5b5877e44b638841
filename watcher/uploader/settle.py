"""From `uploaded` to `done`: the torrent as the site registered it goes into the client, until its tracker works."""

from __future__ import annotations

from trackers.catalogue import TYPES
from trackers.clock import utc_seconds
from watcher.errors import SeedpostError
from watcher.jobs import Job, State
from watcher.logs import log
from watcher.torrents import info_of, infohash, same_content
from watcher.uploader.bench import Bench, Step, held, receipt_of, staged_in
from watcher.uploader.lane import Lane

FIRST_LOOK, LONGEST_LOOK = 2.0, 60.0  # seconds between two looks at a torrent that is not announced yet
UNREGISTERED = 600.0  # seconds after which "unregistered" is no longer the site's delay
VERIFIED = 3600.0  # seconds for which the hashes of `prepared` stand for a check by the client
ALARM_EVERY = 6 * 3600.0  # OPS deletes what was never seeded after 72 h
MODERATION = "moderation"
FIRST_ASKED, LONGEST_ASKED = 120.0, 900.0  # seconds between two questions about what waits for a moderator
OFTEN, SELDOM = 8, 15  # looks in a row after which a site with moderators is asked at every one, and at each so many


def register(job: Job, lane: Lane, bench: Bench) -> Step:
    """Fetch what the site registered, compare it with ours, hand it to the client if one is to seed it. Raises what
    look-ups raise."""
    torrent = lane.tracker().registered(receipt_of(job))
    info = info_of(torrent)
    ours = bench.store.get(str(job.infohash))
    digest = infohash(info)
    if digest != job.infohash:
        differs = same_content(ours, info)
        if differs is not None:
            why = f"the site's torrent is not ours: {differs}; look at {job.url}"
            return held(job, "registered-differs", why, back_to=State.UPLOADED)
    seed = bench.seed(job)
    if seed.client is None:
        return {"state": State.UPLOADED, "registered": digest, "tries": 0}
    if job.registered != digest:
        job = bench.write(job, {"state": State.UPLOADED, "registered": digest})
    place = bench.seeder.place_for(bench.release(job), seed.client, staged_in(job))
    verified = _verified(job, bench)
    added = bench.seeder.add(torrent, digest, place, category=seed.category, tags=seed.tags, verified=verified)
    if added.what == "absent":
        return {**bench.again(job, State.UPLOADED, "not-seeding", added.message), "registered": digest}
    if added.what == "error":
        why = f"the client does not take it: {added.message}"
        return {**held(job, "not-seeding", why, back_to=State.UPLOADED), "registered": digest}
    return {"state": State.SEEDING, "registered": digest, "not_before": bench.at(FIRST_LOOK), "looks": 0, "tries": 0}


def _verified(job: Job, bench: Bench) -> bool:
    """Whether the files are those that were hashed, within the hour: then the client need not read them again."""
    try:
        unchanged = bench.mark(job) == job.rest.get("signature")
    except SeedpostError:
        return False
    return unchanged and 0 <= bench.clock.now() - utc_seconds(str(job.rest["checked"])) < VERIFIED


def watch(job: Job, bench: Bench) -> Step:
    """One look at the seeding torrent: done when it is complete, not stopped and its tracker works."""
    place = bench.place(job)
    if place is None:
        return {"state": State.DONE, "why": "rules.yaml no longer names a client that seeds it"}
    seen = bench.seeder.look(str(job.registered), place)
    if seen.what == "working":
        return {"state": State.DONE, "code": None, "why": None}
    looks = int(job.rest.get("looks") or 0) + 1
    why = f"{seen.what}: {seen.message}" if seen.message else seen.what
    if seen.what == "absent" and looks > 3:
        return held(
            job, "not-seeding", f"the client no longer has the torrent ({job.registered})", back_to=State.UPLOADED
        )
    if seen.what == "incomplete":  # else it would download over the user's files
        bench.seeder.stop(str(job.registered), place)
        why = f"the files are not those that were uploaded ({seen.message}); it is stopped in the client"
        return held(job, "not-seeding", why, back_to=State.SEEDING)
    if seen.what == "error":
        return held(job, "not-seeding", f"the client can't seed it: {why}", back_to=State.SEEDING)
    waited = bench.clock.now() - job.sent_at if job.sent_at else 0.0
    if seen.what == "unregistered" and waited > UNREGISTERED:
        bench.seeder.reannounce(str(job.registered), place)
    wait = min(LONGEST_LOOK, FIRST_LOOK * 2 ** min(looks, 6))
    if job.code != MODERATION and waited // ALARM_EVERY > max(0.0, waited - wait) // ALARM_EVERY:
        log.warning("seeding.stuck", job=job.job, tracker=job.tracker, why=why, hours=round(waited / 3600))
    return {"state": State.SEEDING, "code": "not-seeding", "why": why, "looks": looks, "not_before": bench.at(wait)}


def has_moderators(job: Job, bench: Bench) -> bool:
    """Whether an upload of its site may wait for a person there."""
    config = bench.tracker(job)
    return config is not None and TYPES[config.type].moderators


def moderated(job: Job, step: Step, lane: Lane, bench: Bench) -> Step:
    """The step of a look at seeding with what the site's moderators say of the upload: its tracker refuses what they
    have not approved. Goes on by itself once they have. Raises what look-ups raise."""
    looks = int(str(step.get("looks") or 0))
    if step.get("code") != "not-seeding" or (job.code != MODERATION and looks > OFTEN and looks % SELDOM):
        return step
    said = lane.tracker().moderation(receipt_of(job))
    if said == "pending":
        wait = min(LONGEST_ASKED, FIRST_ASKED * 2 ** min(looks, 6))
        why = f"it waits for a moderator of the site, who lets it be seeded: {job.url}"
        return {**step, "code": MODERATION, "why": why, "not_before": bench.at(wait)}
    if said:
        why = f"a moderator has {said} it: its page, or a message to you, says why: {job.url}"
        return held(job, MODERATION, why, back_to=State.SEEDING)
    if job.code == MODERATION:
        log.info("job.approved", job=job.job, tracker=job.tracker)
        place = bench.place(job)
        if place is not None:
            bench.seeder.reannounce(str(job.registered), place)
        return {**step, "not_before": bench.at(FIRST_LOOK), "looks": 0}
    return step
