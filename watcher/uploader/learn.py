"""What only a site can tell before a form is made: what it says of content that came from it, how it scores a log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trackers.base import CannotTell, Uploader
from trackers.content import Content
from trackers.errors import NotAuthorised, SettingsError, Unavailable
from watcher.jobs import Job
from watcher.logs import log, redact
from watcher.release import NONE, Fact, Facts, facts_of
from watcher.torrents import read_beside
from watcher.uploader.bench import Bench
from watcher.uploader.lane import Lane


def learn(job: Job, lanes: Mapping[str, Lane], bench: Bench) -> None:
    """Ask the tracker that the content came from, if it is one of rules.yaml, what it knows of it: once a release, by
    its info-hash. What goes wrong there stops nothing here: the facts stay as they are."""
    release = bench.release(job)
    infohash = str(release.get("infohash") or "")
    if not infohash or release.get("learned") is not None:
        return
    origin = facts_of(release).get("origin", NONE).value
    for site in origin if isinstance(origin, (list, tuple)) else ():
        lane = lanes.get(str(site))
        if lane is not None and lane.site != job.site and not lane.closed and _told(job, lane, infohash, bench):
            return


def _told(job: Job, lane: Lane, infohash: str, bench: Bench) -> bool:
    """Whether that tracker answered; what it said is on disk then."""
    try:
        told = lane.tracker().describe(infohash)
    except Unavailable as error:
        lane.outage(error)
    except (NotAuthorised, SettingsError) as error:
        lane.refused(error)
    else:
        learned = {lane.name: dict(told)} if told else {}
        bench.journal.append([{"type": "release", "release": job.release, "learned": learned}])
        return True
    log.warning("release.not_told", release=job.release, tracker=lane.name)
    return False


def scored(job: Job, facts: Facts, content: Content, tracker: Uploader, root: Path) -> dict[str, Fact]:
    """The facts with `music.log_score` as the site's own log checker gives it, if a rule waits for it."""
    logs = content.music.logs if content.music else ()
    if not job.rest.get("require") or not logs or not _asked_for(job.rest["require"]):
        return dict(facts)
    origin = f"tracker:{job.tracker}"
    score = tracker.log_score([(path, read_beside(root, path)) for path in logs])
    if isinstance(score, CannotTell):
        return {**facts, LOG_SCORE: Fact(origin=origin, unknown=True, why=redact(score.why))}
    return {**facts, LOG_SCORE: Fact(score, origin)}


LOG_SCORE = "music.log_score"


def _asked_for(require: object) -> bool:
    """Whether a requirement, as JSON, names the score."""
    if isinstance(require, Mapping):
        return LOG_SCORE in require or any(map(_asked_for, require.values()))
    return isinstance(require, (list, tuple)) and any(map(_asked_for, require))
