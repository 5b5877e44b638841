"""What every step of a job works with, and the one way it writes: records for the journal, nothing else kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from trackers.base import Form, Receipt
from trackers.catalogue import TYPES
from trackers.clock import Clock, utc_text
from trackers.content import Content
from watcher.config import Config, Seed, TrackerConfig
from watcher.jobs import PUBLISHED, Job, State
from watcher.journal import FULL, DiskFull, Journal, NotNow
from watcher.logs import redact
from watcher.release import Facts, content_of, facts_of, files_of, form_keys, overridden
from watcher.seeding import Place, Seeder
from watcher.torrents import Hasher, Signature, Staging, TorrentStore, describe, signature, staging

# Keys that belong to one state and are cleared when a job leaves it.
PASSING = ("code", "why", "resume", "back_to", "not_before", "open")
FIRST_WAIT, LONGEST_WAIT = 30.0, 3600.0  # seconds between tries of one job
MOST_TRIES = 10  # of one thing in a row, before a person is asked
OLDEST = 7 * 86400.0  # seconds that a job was told to wait in all, before a person is asked; a closed lane adds none

Step = Mapping[str, object]


@dataclass(frozen=True)
class Bench:
    """Passed to every step. `config` gives the rules in force now; steps use its trackers, clients and seed alone."""

    journal: Journal
    config: Callable[[], Config]
    clock: Clock
    store: TorrentStore
    hasher: Hasher
    seeder: Seeder
    stop: threading.Event = field(default_factory=threading.Event)
    wake: threading.Event = field(default_factory=threading.Event)  # set when a worker has finished something
    random: Random = field(default_factory=Random)
    pictures: dict[str, threading.Lock] = field(default_factory=dict)  # by release: who takes its screenshots

    def tracker(self, job: Job) -> TrackerConfig | None:
        """The tracker of the job's site as the file in force names it: by its name, else by its site."""
        trackers = self.config().trackers
        named = trackers.get(job.tracker)
        if named is not None and named.site == job.site:
            return named
        return next((one for one in trackers.values() if one.site == job.site), None)

    def release(self, job: Job) -> Mapping[str, object]:
        """The folded release record of a job."""
        return self.journal.ledger.releases[job.release]

    def form(self, job: Job) -> Form:
        """The form a job was prepared with. Raises TypeError, KeyError or ValueError if the journal has none."""
        return Form.from_json(self.journal.load(job.form))

    def seed(self, job: Job) -> Seed:
        """How the job's torrent is seeded: by its tracker's block, else the file's."""
        config = self.tracker(job)
        return (config.seed if config else None) or self.config().seed

    def place(self, job: Job) -> Place | None:
        """Where the job's torrent is to be seeded; None if nothing seeds it. Raises SeedpostError if no client can."""
        seed = self.seed(job)
        return None if seed.client is None else self.seeder.place_for(self.release(job), seed.client, staged_in(job))

    def content(self, job: Job) -> Content:
        """The content of a job as its site will see it: staged, where it must be."""
        staged = self.staging(job)
        return self.on_disk(job) if staged is None else staged.over(self.on_disk(job))

    def on_disk(self, job: Job) -> Content:
        """The content of a job as it lies, with what rules, sidecar and persons set over its facts."""
        release = self.release(job)
        return content_of(
            str(release["name"]), files_of(release), bool(release.get("single")), self.facts(job, release)
        )

    def staging(self, job: Job) -> Staging | None:
        """What must change before the job's site takes the content; None if nothing must, or nothing may."""
        config = self.tracker(job)
        if config is None or config.stage is None:
            return None
        return staging(self.on_disk(job), TYPES[config.type], config.exclude)

    def mark(self, job: Job) -> str:
        """How the files of the job's torrent are now, in the content or in its tree of links. Raises `ContentChanged`,
        `ContentUnreadable`."""
        folder, release = staged_in(job), self.release(job)
        if folder is None:
            return mark_of(signature(root_of(release), files_of(release), bool(release.get("single"))))
        frozen = describe(self.store.get(str(job.infohash)))
        return mark_of(signature(folder / frozen.name, frozen.files, frozen.single))

    def facts(self, job: Job, release: Mapping[str, object]) -> Facts:
        """The facts of a job's release under the job's own `set`."""
        return overridden(facts_of(release), job.set or {}, "rule")

    def own_keys(self, job: Job) -> dict[str, object]:
        """See `route_keys`."""
        return route_keys(job.set or {}, job.rest.get("cautions"), self.tracker(job))

    def freeze(self, info: bytes) -> str:
        """Store an info dictionary; its info-hash, once it is on disk. Raises NotNow: a failing disk is no fault of the
        job's."""
        try:
            return self.store.put(info)
        except OSError as error:
            told = DiskFull if error.errno in FULL else NotNow
            raise told(f"{self.journal.state / 'torrents'}: {error.strerror}; nothing was sent") from error

    def write(self, job: Job, step: Step, *, outcome: bool = False) -> Job:
        """Append one record of a job; returns it as it then is. On disk when this returns."""
        self.journal.append([record_of(job, step)], outcome=outcome)
        return self.journal.ledger.jobs[job.job]

    def newest(self, site: str) -> Receipt | None:
        """The newest upload of ours on a site: the canary of a look-up."""
        standing = self.journal.ledger.in_state(*PUBLISHED)
        ours = [job for job in standing if job.site == site and job.torrent_id]
        return receipt_of(max(ours, key=lambda job: job.seq)) if ours else None

    def again(self, job: Job, state: State, code: str, why: str) -> Step:
        """Try the same thing later: exponential, with jitter, up to a number of tries and an age; then a person.

        The age is what it was told to wait in all: no clock moves it.
        """
        tries, age = int(job.rest.get("tries") or 0) + 1, float(job.rest.get("waited") or 0.0)
        if tries >= MOST_TRIES or age > OLDEST:
            told = f"{why} (tried {tries} times)"
            step = held(job, code, told, back_to=state, open=state is State.UNCONFIRMED)
            return step | {"tries": 0, "waited": None}
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tries - 1)) * self.random.uniform(0.8, 1.2)
        keys = {"tries": tries, "waited": round(age + wait), "not_before": self.at(wait)}
        return {"state": state, "code": code, "why": why, **keys}

    def at(self, seconds: float) -> str:
        """The time so many seconds from now, as it stands in a record."""
        return utc_text(self.clock.now() + seconds)


def record_of(job: Job, step: Step) -> dict[str, object]:
    """A job record for `step`: the six keys every one has, and what passes cleared unless the step says it anew."""
    base: dict[str, object] = {
        "type": "job",
        "job": job.job,
        "tracker": job.tracker,
        "site": job.site,
        "release": job.release,
        "state": job.state,
        "attempt": job.attempt,
    }
    cleared = {key: None for key in PASSING if getattr(job, key) and key not in step}
    return base | cleared | dict(step)


def held(job: Job, code: str, why: str, *, back_to: State, open: bool = False, resume: str = "") -> dict[str, object]:
    """The step that leaves a job to a person."""
    default = resolving(job) if open else f"seedpost queue retry {job.job}"
    step: dict[str, object] = {"state": State.HELD, "code": code, "why": why, "resume": resume or default}
    step["back_to"] = back_to
    if open:
        step["open"] = True
    return step


def resolving(job: Job) -> str:
    """What a person types once they know what came of an upload. As it stands it says neither."""
    return f"seedpost queue resolve {job.job} --uploaded … or --absent"


def root_of(release: Mapping[str, object]) -> Path:
    """Where the content lies: the file, or the folder."""
    return Path(str(release["path"]))


def staged_in(job: Job) -> Path | None:
    """The folder that holds the job's tree of links, if it has one."""
    folder = job.rest.get("staged")
    return Path(str(folder)) if folder else None


def mark_of(signature: Signature) -> str:
    """A digest of how files were when they were hashed, for the journal."""
    return hashlib.sha256(repr(signature).encode()).hexdigest()[:16]


def route_keys(set: Mapping[str, object], cautions: object, tracker: TrackerConfig | None) -> dict[str, object]:
    """What of a route's `set` is the tracker's own, and whether its rule wants a cover where the tracker does not."""
    wanted = cautions.get("cover") if isinstance(cautions, Mapping) else None
    keys = form_keys(set)
    return {"cover": wanted, **keys} if wanted and tracker is not None and wanted != tracker.cover else keys


def receipt_of(job: Job) -> Receipt:
    """What the tracker said of an upload, as the journal has it."""
    group = None if job.group_id is None else str(job.group_id)
    return Receipt(str(job.torrent_id), group, job.url, job.registered)


def published(receipt: Receipt) -> dict[str, object]:
    """The keys of an upload that stands on the site."""
    keys: dict[str, object] = {
        "state": State.UPLOADED,
        "torrent_id": receipt.torrent_id,
        "group_id": receipt.group_id,
        "url": receipt.url,
        "tries": 0,
        "waited": None,
        "wish": None,
    }
    return keys | ({"warnings": [redact(text) for text in receipt.warnings]} if receipt.warnings else {})
