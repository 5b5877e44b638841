"""What follows an upload that stands: a request filled, logs added. Retried alone; its failure fails no upload."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace

from trackers.base import Form, Upload
from trackers.errors import Refused, Unavailable
from watcher.jobs import Job
from watcher.logs import log, redact
from watcher.torrents import ContentChanged, ContentUnreadable
from watcher.uploader.bench import FIRST_WAIT, LONGEST_WAIT, Bench, Step, receipt_of, root_of
from watcher.uploader.lane import Lane
from watcher.uploader.prepare import attached, upload_of

MOST_TRIES = 10  # of one extra, before it is given up
DONE, GIVEN_UP, TRIED = "done", "given up", "tried"
REQUEST = "request"
# Of the whole site, and not of one request: the lane waits, and the extra loses no try.
OF_THE_SITE = ("rate-limited", "dns", "refused", "unreachable", "connect-timeout", "tls")

Standing = Mapping[str, object]


def pending(job: Job) -> bool:
    """Whether something has still to follow the upload of a job."""
    return any(standing.get("what") not in (DONE, GIVEN_UP) for _, _, standing in _rows(job))


def _rows(job: Job) -> list[tuple[str, str, Standing]]:
    """(name, what for, how far it is) of each."""
    known = job.rest.get("extras")
    known = known if isinstance(known, Mapping) else {}
    return [(str(name), str(about), known.get(name) or {}) for name, about in job.rest.get("after") or ()]


def follow(job: Job, lane: Lane, bench: Bench) -> Step:
    """Try all that is still to do, each once; the job stays in its state. Raises what look-ups raise for faults of the
    site or the key."""
    upload = _upload(job, lane, bench)
    after = {
        name: standing if standing.get("what") in (DONE, GIVEN_UP) else _tried(name, about, standing, upload, job, lane)
        for name, about, standing in _rows(job)
    }
    tries = max((_tries(one) for one in after.values() if one.get("what") == TRIED), default=0)
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tries - 1)) if tries else 0.0
    return {"state": job.state, "extras": after, "not_before": bench.at(wait)}


def fill_now(job: Job, lane: Lane, bench: Bench, request: str) -> Step:
    """Fill a user's request with what stands on the site already, because a person says so now. The job stays in its
    state. Raises `Refused` and what look-ups raise: then nothing is written, and it can be said again."""
    extra = lane.tracker().extras.get(REQUEST)
    if extra is None:
        raise Refused("request-not-filled", f"{job.tracker} knows no requests")
    extra(_upload(job, lane, bench), receipt_of(job), request)
    known = job.rest.get("extras")
    others = [[name, about] for name, about, _ in _rows(job) if name != REQUEST]
    standing = {**known, REQUEST: {"what": DONE}} if isinstance(known, Mapping) else {REQUEST: {"what": DONE}}
    return {"state": job.state, "after": [*others, [REQUEST, request]], "extras": standing}


def _tried(name: str, about: str, standing: Standing, upload: Upload, job: Job, lane: Lane) -> Standing:
    extra = lane.tracker().extras.get(name)
    if extra is None:
        return {"what": GIVEN_UP, "why": f"{job.tracker} knows no {name}"}
    try:
        extra(upload, receipt_of(job), about)
    except Refused as error:
        failed: dict[str, object] = {"what": GIVEN_UP, "code": error.code, "why": redact(error.text)}
    except Unavailable as error:
        if error.code in OF_THE_SITE:
            raise
        tries = _tries(standing) + 1
        what = GIVEN_UP if tries >= MOST_TRIES else TRIED
        failed = {"what": what, "tries": tries, "code": error.code, "why": redact(error.text)}
    else:
        return {"what": DONE}
    log.warning("job.extra_failed", job=job.job, tracker=job.tracker, extra=name, why=failed["why"])
    return failed


def _tries(standing: Standing) -> int:
    return int(str(standing.get("tries") or 0))


def _upload(job: Job, lane: Lane, bench: Bench) -> Upload:
    """What was uploaded; files beside the torrent only as far as they are still there."""
    form, root = bench.form(job), root_of(bench.release(job))
    info = bench.store.get(str(job.infohash))
    upload = upload_of(job, Form(form.fields), info, lane, root)
    with contextlib.suppress(ContentChanged, ContentUnreadable):
        upload = replace(upload, attached=attached(form, root))
    return upload
