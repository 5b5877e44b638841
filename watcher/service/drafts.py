"""What a job's tracker was or would be sent, for a person to look at before a yes. Writes nothing, asks nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from trackers.base import COVER_TO_COME, Form, Uploader
from trackers.catalogue import TYPES
from trackers.clock import Clock
from trackers.content import Content
from trackers.errors import SettingsError
from watcher.config import Config, TrackerConfig
from watcher.jobs import Job
from watcher.journal import BlobLost, Journal
from watcher.release import Facts, content_of, facts_of, files_of, overridden
from watcher.rules import amended
from watcher.secrets import Secrets
from watcher.service import parts
from watcher.torrents import Staging, staging
from watcher.uploader.bench import route_keys
from watcher.uploader.covers import drafted
from watcher.uploader.prepare import noted


@dataclass(frozen=True)
class Draft:
    """The facts of a job under its own `set`, and its form or what keeps it from being one."""

    facts: Facts
    form: Form | None = None
    problems: tuple[str, ...] = ()
    kept: bool = False  # whether the form is the one in the journal, not one composed now


class Drafts:
    """Drafts by the rules in force. A tracker is opened once for all its jobs."""

    def __init__(self, journal: Journal, config: Config | None, secrets: Secrets, *, state: Path, clock: Clock) -> None:
        self._journal, self._config, self.secrets = journal, config, secrets
        self._state, self._clock = state, clock
        self._images = config.images if config else None
        self._opened: dict[str, Uploader | str] = {}  # by site; text says why it can't be

    def of(self, job: Job) -> Draft:
        """The form it was prepared or held with, else the one that would be sent now."""
        release = self._journal.ledger.releases.get(job.release, {})
        facts = overridden(facts_of(release), job.set or {}, "rule")
        kept = self._kept(job)
        if kept is not None:
            return Draft(facts, kept, kept=True)
        config = self._config_of(job)
        if config is None:
            return Draft(facts, problems=(f"{job.tracker} is not in rules.yaml",))
        tracker = self._tracker(config)
        if isinstance(tracker, str):
            return Draft(facts, problems=(tracker,))
        content = content_of(str(release.get("name", "")), files_of(release), bool(release.get("single")), facts)
        form, problems = composed(tracker, content, config, route_keys(job.set or {}, job.rest.get("cautions"), config))
        return Draft(facts, form, problems)

    def unfit(self, job: Job, change: Mapping[str, object]) -> str:
        """What is wrong with the form keys and facts that an edit would set, as far as the form tells."""
        after = replace(job, set=amended(job.set or {}, change), form=None, rest={**job.rest, "shown": None})
        return "; ".join(one for one in self.of(after).problems if one.partition(": ")[0] in change)

    def _kept(self, job: Job) -> Form | None:
        try:
            found = self._journal.load(job.form or job.rest.get("shown"))
            return Form.from_json(found) if isinstance(found, Mapping) else None
        except (BlobLost, TypeError, KeyError, ValueError):
            return None  # an older version's, or damaged: the one of now is better than none

    def _config_of(self, job: Job) -> TrackerConfig | None:
        trackers = self._config.trackers.values() if self._config else ()
        return next((one for one in trackers if one.site == job.site), None)

    def _tracker(self, config: TrackerConfig) -> Uploader | str:
        if config.site not in self._opened:
            try:
                opened = parts.opened(config, self.secrets, state=self._state, clock=self._clock, images=self._images)
            except SettingsError as error:
                self._opened[config.site] = error.text
            else:
                self._opened[config.site] = opened
        return self._opened[config.site]


def staged_for(content: Content, config: TrackerConfig) -> Staging | None:
    """What a tracker's limits change about how content lies; None if nothing, or if nothing may be staged for it."""
    return staging(content, TYPES[config.type], config.exclude) if config.stage else None


def spelled(value: object) -> str:
    """A value of a form as a person reads it: the place of a cover that is hosted only when it is sent says so."""
    return "(the cover, hosted when sent)" if value == COVER_TO_COME else str(value)


def composed(
    tracker: Uploader, content: Content, config: TrackerConfig, keys: Mapping[str, object]
) -> tuple[Form | None, tuple[str, ...]]:
    """The form of content as the site will see it, staged where it must be; or all that is wrong, a line each."""
    staged = staged_for(content, config)
    made = drafted(tracker, staged.over(content) if staged else content, keys)
    if isinstance(made, Form):
        return noted(made, staged), ()
    return None, tuple(f"{one.field}: {one.text}" for one in made)
