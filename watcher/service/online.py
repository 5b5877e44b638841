"""What trackers say of content before anything is decided or sent: read-only, and each is asked once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trackers.base import CannotTell, Form, Match, Uploader
from trackers.clock import Clock
from trackers.errors import TrackerError
from watcher.config import Config
from watcher.intake.plan import sites_from
from watcher.jobs import Ledger
from watcher.logs import redact
from watcher.release import Facts, Release
from watcher.secrets import Secrets
from watcher.service import parts


def learned(
    release: Release, facts: Facts, config: Config, ledger: Ledger, secrets: Secrets, state: Path, clock: Clock
) -> Mapping[str, object] | None:
    """What the tracker says that content came from, as the loop would ask it: the form that is shown has it already.
    None if there is nobody to ask; empty if it does not answer now."""
    before = ledger.releases.get(release.id, {}).get("learned")
    if before is not None or not release.infohash:
        return before
    for site in sites_from(facts):
        block = next((one for one in config.trackers.values() if one.site == site), None)
        if block is None:
            continue
        try:
            tracker = parts.opened(block, secrets, state=state, clock=clock, images=config.images)
            told = tracker.describe(release.infohash)
        except TrackerError:
            return {}
        return {block.name: dict(told)} if told else {}
    return None


def alike(tracker: Uploader, form: Form) -> dict[str, object]:
    """What of a site resembles a form: {"found": [{what, url, facts}], "why"}; `found` is None if it can't be told."""
    try:
        found = tracker.similar(form)
    except TrackerError as error:
        return {"found": None, "why": redact(error.text)}
    if isinstance(found, CannotTell):
        return {"found": None, "why": redact(found.why)}
    return {"found": [_match(one) for one in found], "why": ""}


def _match(one: Match) -> dict[str, object]:
    return {"what": one.what, "url": one.url, "facts": dict(one.facts)}
