"""Where a cover comes from and where it goes: a picture of the content's, or of the site it came from, to a host."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trackers.base import COVER_TO_COME, Form, Problem, Uploader
from trackers.content import Content
from trackers.errors import Refused
from watcher.identify import front_cover
from watcher.jobs import Job
from watcher.torrents import read_beside
from watcher.uploader import screenshots
from watcher.uploader.bench import Bench


def drafted(tracker: Uploader, content: Content, keys: Mapping[str, object]) -> Form | list[Problem]:
    """The form as far as it can be made without asking the site: a cover and screenshots may still have to be taken and
    go to a host."""
    cover = not keys.keys() & {"image", "groupid"} and _picture(tracker, content)
    to_come = {"image": COVER_TO_COME} if cover else {}
    composed = tracker.compose(content, {**keys, **to_come, **screenshots.to_come(tracker, content, keys)})
    lacking = screenshots.lacking(tracker, content, keys)
    return [*([] if isinstance(composed, Form) else composed), *lacking] if lacking else composed


def _picture(tracker: Uploader, content: Content) -> bool:
    """Whether there is a picture that the tracker can have hosted."""
    music = content.music
    if tracker.hosts_images and (content.cover or (music and music.art)):
        return True
    return bool(tracker.rehosts_images and music and music.image)


def covered(job: Job, content: Content, tracker: Uploader, root: Path, bench: Bench) -> tuple[Form, str | None]:
    """The form of `content`, as its site will see it, with its cover, and the cover's address; where a cover is only
    wanted and no host takes it, the form without. Raises `Refused` if the site needs one, and what `host_image`
    raises."""
    keys = bench.own_keys(job)
    try:
        address = str(job.cover or _hosted(bench.on_disk(job), tracker, root))
        composed = tracker.compose(content, {**keys, "image": address})
        if not isinstance(composed, Form):  # the host took it, and gave an address that the site does not take
            raise Refused("no-cover", "; ".join(problem.text for problem in composed))
        return composed, address
    except Refused as error:
        composed = tracker.compose(content, keys)
        if not isinstance(composed, Form):
            raise Refused("no-cover", error.text, answer=error.answer) from error
        return composed, None


def _hosted(content: Content, tracker: Uploader, root: Path) -> str:
    """A cover among the files first, then one inside a track, then the one that the site shows that it came from."""
    music, path = content.music, content.cover
    if tracker.hosts_images and path:
        return tracker.host_image(read_beside(*((root.parent, root.name) if content.single else (root, path))), path)
    if tracker.hosts_images and music and music.art:
        found = front_cover(root if content.single else root / music.art)
        if found is not None:
            return tracker.host_image(*found)
    return tracker.rehost_image(str(music.image if music else ""))
