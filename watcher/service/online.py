"""What trackers and look-up services say of content before anything is decided or sent: read-only, each asked once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from trackers.base import CannotTell, Form, Match, Uploader
from trackers.clock import Clock
from trackers.errors import TrackerError
from trackers.identity import Question, Said
from watcher.config import Config
from watcher.config.lookups import LookupConfig
from watcher.intake.plan import sites_from
from watcher.jobs import Ledger
from watcher.logs import redact
from watcher.release import NONE, Facts, Release
from watcher.secrets import Secrets
from watcher.service import parts
from watcher.uploader.search import searched


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


class _Once:
    """A service that a command asks; what it can't tell now, the loop asks later."""

    def __init__(self, config: LookupConfig, secrets: Secrets, state: Path, clock: Clock) -> None:
        self.name, self.tells = config.name, config.entry.tells
        self._config, self._secrets, self._state, self._clock = config, secrets, state, clock

    def ask(self, question: Question) -> Said | None:
        """See `Teller.ask`."""
        try:
            service = parts.lookup_of(self._config, self._secrets, state=self._state, clock=self._clock)
            return service.look(question)
        except TrackerError:
            return None


def looked(
    release: Release,
    facts: Facts,
    wanted: Collection[str],
    config: Config,
    ledger: Ledger,
    secrets: Secrets,
    state: Path,
    clock: Clock,
) -> tuple[Mapping[str, Mapping[str, object]], str]:
    """(what look-up services say where a form lacks the numbers `wanted` of a title, with what they said before; what
    may be meant, where they can't tell for certain)."""
    kind, before = facts.get("kind", NONE).value, ledger.releases.get(release.id, {}).get("looked")
    known = [one for one in config.lookups.values() if kind in one.entry.kinds]
    services = [_Once(one, secrets, state, clock) for one in known]
    search = searched(release.name, release.infohash, facts, services, wanted)
    return search.told(before), search.doubt


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
