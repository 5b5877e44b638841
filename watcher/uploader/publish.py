"""From `prepared` over `sending`: a POST, its intent durable before any byte; its outcome named by what is proved."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from trackers.base import Upload, Uploader
from trackers.clock import utc_seconds
from trackers.errors import Answer, NotAuthorised, Refused, TrackerError, Unavailable, Unconfirmed
from watcher.errors import SeedpostError
from watcher.jobs import Job, State
from watcher.logs import redact
from watcher.torrents import ContentChanged, describe
from watcher.uploader.bench import Bench, Step, held, published, root_of, staged_in
from watcher.uploader.lane import Lane
from watcher.uploader.prepare import upload_of

SHORTEST = 0.01  # seconds at the limiter: a wait that ends a float too early would be made again for ever
FRESH = 600.0  # seconds for which the duplicate check of `prepared` counts


def publish(job: Job, lane: Lane, bench: Bench) -> Step | None:
    """Send once. Returns the outcome; None if it stopped before anything was written or sent. Raises, before it, what
    `faults.OF_FILES` names."""
    release = bench.release(job)
    if not 0 <= bench.clock.now() - utc_seconds(str(job.rest["checked"])) <= FRESH:
        return {"state": State.QUEUED, "code": "stale", "why": "prepared a while ago: duplicates are looked for again"}
    try:
        unchanged = bench.mark(job) == job.rest.get("signature")
    except ContentChanged:  # one that can't be read now is told as that
        unchanged = False
    if not unchanged:
        return {"state": State.QUEUED, "code": "content-changed", "why": "a file changed since it was hashed"}
    unready = _unready(job, release, bench)
    if unready is not None:
        return bench.again(job, State.PREPARED, "client-away", f"nothing is published that can't be seeded: {unready}")
    info = bench.store.get(str(job.infohash))
    upload = upload_of(job, bench.form(job), info, lane, root_of(release))
    if not _turn_came(lane, bench):
        return None
    tracker = lane.tracker()  # which a change of settings may open anew at any time
    sent = bench.clock.now()
    job = bench.write(job, {"state": State.SENDING, "attempt": job.attempt + 1, "sent_at": bench.at(0)})
    outcome = _outcome(job, tracker, lane, dataclasses.replace(upload, sent_at=sent), bench)
    return outcome | {"seconds": round(bench.clock.now() - sent, 3)}


def _unready(job: Job, release: Mapping[str, object], bench: Bench) -> str | None:
    """Why the client could not seed it; None if it can, or if nothing is to seed it."""
    try:
        place = bench.place(job)
    except SeedpostError as error:
        return str(error)
    if place is None:
        return None
    if staged_in(job) is not None:
        return bench.seeder.ready(place, describe(bench.store.get(str(job.infohash))).name)
    own = str(release["infohash"]) if release["from"] == "qbittorrent" else ""
    return bench.seeder.ready(place, str(release["name"]), own)


def _turn_came(lane: Lane, bench: Bench) -> bool:
    """Wait at the limiter before the intent is written: what waits there was not sent, and may still be stopped."""
    while not bench.stop.is_set() and not lane.closed:
        wait = lane.tracker().opening()
        if wait <= 0:
            return True
        bench.clock.wait(min(max(wait, SHORTEST), 1.0), bench.stop)
    return False


def _outcome(job: Job, tracker: Uploader, lane: Lane, upload: Upload, bench: Bench) -> dict[str, object]:
    try:
        receipt = tracker.upload(upload)
    except Unavailable as error:  # proved not processed: the lane waits, the job loses nothing
        lane.outage(error)
        return {"state": State.QUEUED, "code": error.code, "why": redact(error.text), **_answer(error)}
    except NotAuthorised as error:
        lane.refused(error)
        return {"state": State.QUEUED, "code": error.code, "why": redact(error.text), **_answer(error)}
    except Refused as error:
        return held(job, error.code, redact(error.text), back_to=State.QUEUED) | _answer(error)
    except Unconfirmed as error:
        if error.stops_lane:
            lane.refused(error)
        return unconfirmed(job, error.code, redact(error.text)) | _answer(error)
    lane.worked()
    return published(receipt)


def unconfirmed(job: Job, code: str, why: str) -> dict[str, object]:
    """The request left, or may have left, and nobody knows what came of it."""
    unknowns = int(job.rest.get("unknowns") or 0) + 1
    return {"state": State.UNCONFIRMED, "code": code, "why": why, "unknowns": unknowns, "passes": []}


def _answer(error: TrackerError) -> dict[str, object]:
    answer: Answer | None = error.answer
    if answer is None:
        return {}
    return {"answer": {"status": answer.status, "code": answer.code, "text": redact(answer.text)[:500]}}
