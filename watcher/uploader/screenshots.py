"""Screenshots for the sites that want them: what is lacking, the taking, the way to the host for pictures.

Every address is in the journal before the next picture is taken: a retry, and another site that wants pictures of the
same content, take what is there. Frames are `frames`'s to take, the host the tracker's to ask.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from trackers.base import SCREENSHOT_TO_COME, Form, Problem, Uploader
from trackers.content import Content
from trackers.errors import Refused
from watcher.identify.kinds import main_videos
from watcher.jobs import Job
from watcher.uploader.bench import Bench
from watcher.uploader.frames import NoFrame, frame, installed, moments

CODE = "no-screenshots"
_WITHOUT = "or set screenshots to 0, or to the addresses of your own"


def to_come(tracker: Uploader, content: Content, keys: Mapping[str, object]) -> dict[str, object]:
    """What stands in a form for the pictures that are not taken yet."""
    count = tracker.screenshots(content, keys)
    return {"screenshots": (SCREENSHOT_TO_COME,) * count} if count else {}


def lacking(tracker: Uploader, content: Content, keys: Mapping[str, object]) -> list[Problem]:
    """Everything without which the pictures that the form wants can't be taken, or have nowhere to go."""
    count = tracker.screenshots(content, keys)
    wants = f"{tracker.name} wants {count} screenshot{'s' if count > 1 else ''}, and"
    video = content.video
    lacks = (
        (installed() is None, "ffmpeg is not installed: install it"),
        (not tracker.hosts_screenshots, "there is no host for pictures: name one as `images` in rules.yaml"),
        (not (video and video.seconds), "how long the video is is not known: see whether MediaInfo can read it"),
    )
    return [Problem("screenshots", f"{wants} {text}, {_WITHOUT}", CODE) for lack, text in lacks if count and lack]


def pictured(job: Job, content: Content, tracker: Uploader, root: Path, bench: Bench) -> Form:
    """The form of `content`, as its site will see it, with all its pictures. `root`: where it lies. Raises `Refused` if
    a frame can't be taken or the host does not take it, `HashingStopped`, and what `host_image` raises."""
    keys = bench.own_keys(job)
    count, video = tracker.screenshots(content, keys), content.video
    with bench.pictures.setdefault(job.release, threading.Lock()):  # of one content they are taken once for all sites
        shown = _known(job, count, bench)
        times = moments(video.seconds if video and video.seconds else 0.0, count)
        for at in times[len(shown) :]:
            picture = _frame(_longest(bench.on_disk(job), root), at, bench)
            shown = [*shown, tracker.host_image(picture, "screenshot.png")]
            bench.write(bench.journal.ledger.jobs[job.job], {"state": job.state, "screenshots": shown})
    composed = tracker.compose(content, {**keys, "screenshots": tuple(shown)})
    if not isinstance(composed, Form):
        raise Refused(CODE, "; ".join(problem.text for problem in composed))
    return composed


def _frame(path: Path, at: float, bench: Bench) -> bytes:
    try:
        return frame(path, at, bench.stop)
    except NoFrame as error:
        raise Refused(CODE, f"no screenshot could be taken: {error}; retry, {_WITHOUT}") from error


def _known(job: Job, count: int, bench: Bench) -> Sequence[str]:
    """The addresses there are: of this job, or of another of the same content."""
    jobs = [bench.journal.ledger.jobs[job.job], *bench.journal.ledger.jobs_of(job.release)]
    found = [list(map(str, one.rest.get("screenshots") or ())) for one in jobs]
    return next((one for one in found if len(one) == count), found[0][:count])


def _longest(content: Content, root: Path) -> Path:
    """The video that MediaInfo's text and length are of: the largest."""
    if content.single:
        return root
    return root / max(main_videos(content.files) or content.files, key=lambda file: file.size).path
