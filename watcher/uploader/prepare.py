"""From `queued` to `prepared`: facts, form, duplicate check, frozen info dictionary, all before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from trackers.base import COVER_TO_COME, CannotTell, Form, Found, Match, Problem, Upload, Uploader
from trackers.catalogue import TYPES
from trackers.clock import utc_text
from trackers.content import Content
from trackers.errors import Refused
from watcher.config import TrackerConfig
from watcher.jobs import Job, State
from watcher.logs import redact
from watcher.release import NONE, files_of
from watcher.rules import check_require
from watcher.torrents import (
    ContentChanged,
    Staging,
    describe,
    infohash,
    read_beside,
    signature,
)
from watcher.uploader.bench import Bench, Step, held, published, record_of, root_of
from watcher.uploader.covers import covered, drafted
from watcher.uploader.desks import Desks
from watcher.uploader.lane import Lane
from watcher.uploader.learn import LOG_SCORE, learn, scored
from watcher.uploader.numbers import identified
from watcher.uploader.screenshots import pictured
from watcher.uploader.torrent import built

EXPIRED = 86400.0  # seconds: a duplicate check that long ago lets nothing be sent
FOLLOWED = 3  # looks at a torrent's content that is gone, while its client may tell where it went
CAUTIONS = {
    "new_group": ("new-group", "nothing of this release is on the site: the upload would begin a new group there"),
    "web_flac": (
        "web-flac",
        "FLAC that is no CD rip with a log and came from no other site: is it really lossless?",
    ),
}


def prepare(job: Job, lane: Lane, bench: Bench, lanes: Mapping[str, Lane], desks: Desks) -> Step:
    """Everything that can be known before a POST. Raises what look-ups raise, the job is then as it was; and
    `faults.OF_FILES`. `lanes`: all there are, by site; `desks`: who tells numbers of titles."""
    config = bench.tracker(job)
    if config is None:
        return held(job, "tracker-removed", f"no tracker of {job.site} is in rules.yaml", back_to=State.QUEUED)
    gone = _gone(job, bench)
    if gone is not None:
        return gone
    learn(job, lanes, bench)
    unclear = identified(job, lane, bench, desks)
    if unclear is not None:
        return unclear
    content, tracker, release = bench.content(job), lane.tracker(), bench.release(job)
    facts = scored(job, bench.facts(job, release), content, tracker, root_of(release))
    failed = check_require(job.rest.get("require") or (), facts) if not job.rest.get("waived") else ()
    if failed:
        resume = f"seedpost queue approve {job.job}"
        return held(job, "require", "; ".join(map(str, failed)), back_to=State.QUEUED, resume=resume)
    composed = drafted(tracker, content, bench.own_keys(job))
    if not isinstance(composed, Form):
        return _problems(job, composed)
    if job.approved and job.approved not in ("any", composed.digest):
        why = "what would be sent is not what was approved: " + _difference(job, composed)
        return held(job, "form-changed", why, back_to=State.QUEUED, resume=f"seedpost queue approve {job.job}")
    if job.sent_at and job.infohash:  # what was proved absent, and is there after all, would count as a duplicate
        sent = upload_of(job, composed, bench.store.get(job.infohash), lane, root_of(bench.release(job)))
        there = _there(job, sent, lane, bench, {})
        if there is not None:
            return there
    joined = _joined(job, composed, content, tracker, config, bench)
    if not isinstance(joined, Form):
        return joined
    score = facts.get(LOG_SCORE, NONE).value
    keys = {} if score is None else {"log_score": score}
    return {**_frozen(job, composed, joined, content, lane, config, bench), **keys}


def noted(form: Form, staged: Staging | None) -> Form:
    """The form with every change that staging makes, for the person who looks at it; what is sent stays."""
    return form if staged is None else replace(form, notes=(*form.notes, *staged.changes))


def _gone(job: Job, bench: Bench) -> Step | None:
    """Whether the content is still there with the sizes it was decided by. Raises `ContentUnreadable`."""
    release = bench.release(job)
    root = root_of(release)
    try:
        signature(root, files_of(release), bool(release.get("single")))
    except ContentChanged as error:
        code = "content-changed" if root.exists() else "content-moved"
        tries = int(job.rest.get("tries") or 0)
        if release.get("infohash") and tries < FOLLOWED:
            if not tries:  # a file that was renamed in the client shows in none of its deltas
                bench.journal.append([look_again(str(release["infohash"]))])
            return bench.again(job, State.QUEUED, code, f"{error}; its client may have moved or renamed it")
        return held(job, code, str(error), back_to=State.QUEUED)
    return None


def look_again(infohash: str) -> dict[str, object]:
    """The command that has the client asked where a torrent's content is now, and by which names."""
    return {"type": "command", "do": "look", "infohash": infohash, "with": {"asked": False}}


def problems_of(problems: Sequence[Problem]) -> str:
    """All of them in one line."""
    return "; ".join(f"{problem.field}: {problem.text}" for problem in problems)


def _problems(job: Job, problems: Sequence[Problem]) -> Step:
    """A form that the site or its rules would refuse: everything that is wrong, at once."""
    why = problems_of(problems)
    resume = f"seedpost queue edit {job.job} {problems[0].field}=…"
    return held(job, problems[0].code, why, back_to=State.QUEUED, resume=resume)


def _difference(job: Job, form: Form) -> str:
    shown = job.rest.get("shown")
    if not isinstance(shown, Mapping):
        return "the form that was approved is not in the journal"
    before, after = Form.from_json(shown), form
    keys = dict.fromkeys([key for key, _ in (*before.fields, *after.fields)])
    changed = [key for key in keys if before.every(key) != after.every(key)]
    return ", ".join(f"{key}: {'|'.join(before.every(key))!r} → {'|'.join(after.every(key))!r}" for key in changed)


def _joined(
    job: Job, form: Form, content: Content, tracker: Uploader, config: TrackerConfig, bench: Bench
) -> Form | Step:
    """Ask what resembles it on the site: a duplicate, a group to join, a reason to hold, or nothing."""
    matches = tracker.similar(form)
    if isinstance(matches, CannotTell):
        return bench.again(job, State.QUEUED, "cannot-tell", f"the duplicate check proved nothing: {matches.why}")
    same = [match for match in matches if match.what == "torrent"]
    if same and not job.rest.get("despite"):
        return _duplicate(job, same[0])
    groups = [match for match in matches if match.what == "group"]
    if form.get("groupid"):
        return form
    if len(groups) == 1:
        again = tracker.compose(content, bench.own_keys(job) | dict(groups[0].joins))
        return again if isinstance(again, Form) else _problems(job, again)
    if matches and not same:
        links = "; ".join(f"{match.url} ({_told(match)})" for match in matches[:5])
        why = f"{'several groups match' if groups else 'only another year or type is there'}: {links}"
        resume = f"seedpost queue edit {job.job} groupid=…"
        return held(job, "group-unclear", why, back_to=State.QUEUED, resume=resume)
    begun = ("new_group",) if TYPES[config.type].groups else ()
    return _cautioned(job, form, (*begun, *form.cautions), config, bench) or form


def _told(match: Match) -> str:
    return ", ".join(f"{key} {value}" for key, value in match.facts.items()) or match.what


def _duplicate(job: Job, match: Match) -> Step:
    why = f"already on the site: {match.url} ({_told(match)})"
    return {"state": State.DUPLICATE, "code": "duplicate", "why": why, "url": match.url, "torrent_id": match.torrent_id}


def _cautioned(job: Job, form: Form, cautions: Sequence[str], config: TrackerConfig, bench: Bench) -> Step | None:
    """Hold a job that a person should look at first, unless the settings or an approval lift it."""
    if job.approved:
        return None
    route = job.rest.get("cautions")
    lifted: Mapping[str, object] = route if isinstance(route, Mapping) else {}
    for caution in cautions:
        code, why = CAUTIONS.get(caution, (caution.replace("_", "-"), f"the tracker advises a look: {caution}"))
        if lifted.get(caution, getattr(config, caution, "review")) != "upload":
            step = held(job, code, why, back_to=State.QUEUED, resume=f"seedpost queue approve {job.job}")
            return step | {"shown": noted(form, bench.staging(job)).as_json()}
    return None


def _frozen(
    job: Job, shown: Form, form: Form, content: Content, lane: Lane, config: TrackerConfig, bench: Bench
) -> Step:
    """Hash (or take the hashes from the last job of this content), freeze the info dictionary, look for it once."""
    if form is not shown:  # joined a group: what the form itself cautions against still counts
        cautioned = _cautioned(job, shown, shown.cautions, config, bench)
        if cautioned is not None:
            return cautioned
    root, keys = root_of(bench.release(job)), dict[str, object]()
    made = built(job, TYPES[config.type], bench)
    info, digest = made.info, infohash(made.info)
    if job.sent_at and job.infohash and job.infohash != digest:
        why = "the files are not those that were sent: an upload is never built twice"
        return held(job, "content-changed", why, back_to=State.QUEUED)
    upload = upload_of(job, form, info, lane, root)
    bench.freeze(info)
    there = _there(job, upload, lane, bench, {**made.keys, "signature": made.mark})
    if there is not None:
        return there
    if form.get("image") == COVER_TO_COME:
        try:
            form, keys["cover"] = covered(job, content, lane.tracker(), root, bench)
        except Refused as error:
            return held(job, "no-cover", redact(error.text), back_to=State.QUEUED)
    if lane.tracker().screenshots(content, bench.own_keys(job)):
        try:
            form = pictured(job, content, lane.tracker(), root, bench)
        except Refused as error:
            return held(job, "no-screenshots", redact(error.text), back_to=State.QUEUED)
    return keys | {
        **made.keys,
        "state": State.PREPARED,
        "infohash": digest,
        "form": noted(form, bench.staging(job)).as_json(),
        "after": [list(pair) for pair in form.extras] or None,
        "digest": shown.digest,
        "signature": made.mark,
        "checked": bench.at(0),
        "tries": 0,
    }


def _there(job: Job, upload: Upload, lane: Lane, bench: Bench, keys: Mapping[str, object]) -> Step | None:
    """What follows if this very torrent stands on the site, or if that can't be told; None if it is absent."""
    if not lane.tracker().looks_up:
        return None  # a person looked: before the first POST by the form's note, after one to say that it is absent
    found = lane.tracker().find(upload, bench.newest(job.site))
    if isinstance(found, CannotTell):
        return bench.again(job, State.QUEUED, "cannot-tell", f"the look-up by info-hash proved nothing: {found.why}")
    if not isinstance(found, Found):
        return None
    if found.ours:
        return _adopted(job, upload, found, bench, keys)
    if found.ours is None and job.sent_at:
        why = f"it was sent once and is there, but whose it is can't be told: {found.receipt.url}"
        return held(job, "cannot-tell", why, back_to=State.UNCONFIRMED, open=True)
    why = f"this very torrent is on the site already ({found.uploader or 'not yours'}): {found.receipt.url}"
    ids = {"torrent_id": found.receipt.torrent_id, "url": found.receipt.url}
    return {"state": State.DUPLICATE, "code": "duplicate", "why": why, **ids}


def _adopted(job: Job, upload: Upload, found: Found, bench: Bench, keys: Mapping[str, object]) -> Step:
    """It is ours, and only needs to be seeded: a late commit of a POST that was proved absent, or sent by hand.

    The table leads from `queued` to `uploaded` only over an intent to send. Nothing is sent for this one; should the
    process end before the outcome is written, the intent has it looked for again, and found.
    """
    why = f"it stands on the site already, as yours: {found.receipt.url}; nothing is sent"
    frozen = {"infohash": upload.infohash, "form": upload.form.as_json(), **keys, "checked": bench.at(-EXPIRED)}
    sent = bench.at(0) if job.sent_at is None else utc_text(job.sent_at)
    steps = ({"state": State.PREPARED, **frozen}, {"state": State.SENDING, "why": why, "sent_at": sent})
    bench.journal.append([record_of(job, step) for step in steps])
    return {**published(found.receipt), "adopted": True}


def upload_of(job: Job, form: Form, info: bytes, lane: Lane, root: Path) -> Upload:
    """What the tracker needs to publish a job, with the files that go beside the torrent, from the content's `root`."""
    frozen = describe(info)
    return Upload(
        form=form,
        info=info,
        infohash=infohash(info),
        name=frozen.name,
        files=tuple((file.path, file.size) for file in frozen.files),
        size=frozen.size,
        account=lane.account(),
        sent_at=None,
        attached=attached(form, root),
    )


def attached(form: Form, root: Path) -> tuple[tuple[str, str, bytes], ...]:
    """The files that a form sends beside the torrent: (form key, file name, content). Raises as `signature` does."""
    return tuple((one.key, one.path.rsplit("/", 1)[-1], read_beside(root, one.path)) for one in form.attachments)
