"""Why a release goes where: its facts, every rule's verdict, and the form each tracker would get. Writes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from trackers.base import Form, Uploader
from trackers.clock import Clock
from trackers.content import Content
from trackers.errors import SettingsError
from watcher.config import Config
from watcher.errors import NotFound
from watcher.identify import payload
from watcher.intake.plan import left_out
from watcher.intake.routing import decided
from watcher.jobs import Ledger
from watcher.release import Facts, Release, content_of, facts_of, overridden, release_of, told_by_source
from watcher.rules import Decision, Route, decide, described
from watcher.secrets import Secrets
from watcher.service import parts
from watcher.service.drafts import composed, staged_for
from watcher.service.library import Library
from watcher.service.online import alike, learned
from watcher.service.replay import Side, side_of
from watcher.sources.content import Found, Never, Waits
from watcher.uploader.bench import route_keys

INFOHASH = re.compile(r"[0-9a-fA-F]{40}")


@dataclass(frozen=True)
class Explained:
    """What `rules explain` shows."""

    name: str
    facts: Facts
    decision: Decision
    undecided: str = ""  # why nothing is decided yet, where the source says so
    left_out: Mapping[str, str] = field(default_factory=dict)
    forms: Mapping[str, object] = field(default_factory=dict)  # tracker -> form, or list of what is wrong
    problems: tuple[str, ...] = ()  # files that can't be part of a torrent
    staged: Mapping[str, Sequence[str]] = field(default_factory=dict)  # tracker -> every change that staging makes
    then: Side | None = None  # what the journal has decided of it, where it knows it
    then_at: str = ""  # UTC
    sites: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # tracker -> what of it resembles the form

    def as_json(self) -> dict[str, object]:
        """In the shape that other programs build on."""
        decision = self.decision.as_json()
        return {
            "name": self.name,
            "release": described(self.facts),
            "decision": {key: decision[key] for key in ("rule", "upload_to", "mode")}
            | {"guard": self.decision.guard, "undecided": self.undecided or self.decision.undecided},
            "rules": [verdict.as_json() for verdict in self.decision.reasons],
            "left_out": dict(self.left_out),
            "forms": dict(self.forms),
            "problems": list(self.problems),
            "staged": {name: list(changes) for name, changes in self.staged.items()},
            "sites": {name: dict(one) for name, one in self.sites.items()},
            "then": {"time": self.then_at, **(self.then.as_json() or {})} if self.then else None,
        }


def explain(
    what: str, config: Config, ledger: Ledger, secrets: Secrets, state: Path, clock: Clock, *, online: bool = False
) -> Explained:
    """A path, an info-hash, a job or a release of the journal, by the rules given. Content that the journal does not
    know is asked for at the clients, read-only. `online`: so is the tracker that it came from for what it knows, and
    each that it would go to for what resembles it. Raises NotFound."""
    path = Path(what).expanduser()
    problems: tuple[str, ...] = ()
    undecided = ""
    if path.exists():
        release, problems, undecided = _at(path.absolute(), config, ledger, secrets, clock)
        facts, decision = decided(release, config)
    elif (record := _recorded(what, ledger)) is not None:
        release = release_of(record)
        facts = dict(release.facts)
        decision = decide(config.rules, facts)
        undecided = str(record.get("why") or "") if record.get("undecided") else ""
    else:
        release, undecided = _held(what, config, ledger, secrets, clock)
        facts, decision = decided(release, config)
    out = left_out(facts, decision, config)
    if online and (told := learned(release, facts, config, ledger, secrets, state, clock)):
        facts = facts_of({"facts": {name: fact.as_json() for name, fact in facts.items()}, "learned": told})
    made = _forms(release, facts, decision, config, secrets, state, clock)
    forms = {name: form.as_json() if isinstance(form, Form) else form for name, (form, _) in made.items()}
    asks = {name: one for name, one in made.items() if online and name not in out}
    sites = {name: alike(tracker, form) for name, (form, tracker) in asks.items() if isinstance(form, Form) and tracker}
    staged = _staged(release, facts, decision, config)
    about = _recorded(what, ledger) or ledger.releases.get(release.id) or _of_path(release.path, ledger)
    then = side_of(about, ledger.jobs_of(str(about["release"]))) if about else None
    at = str(about["time"]) if about else ""
    return Explained(release.name, facts, decision, undecided, out, forms, problems, staged, then, at, sites)


def _staged(release: Release, facts: Facts, decision: Decision, config: Config) -> dict[str, Sequence[str]]:
    plans = {
        name: staged_for(_content(release, facts, route), config.trackers[name])
        for name, route in decision.trackers.items()
    }
    return {name: plan.changes for name, plan in plans.items() if plan is not None}


def _content(release: Release, facts: Facts, route: Route) -> Content:
    return content_of(release.name, release.files, release.single, overridden(facts, route.set, "rule"))


def _at(
    path: Path, config: Config, ledger: Ledger, secrets: Secrets, clock: Clock
) -> tuple[Release, tuple[str, ...], str]:
    """The content at a path, its problems, and why it is undecided; with what its client says of it, if one has it."""
    found = payload(path)
    folder = next((one for one in config.folders if path.is_relative_to(one.path)), None)
    known = _of_path(str(path), ledger)
    if known is None and config.clients:
        library = Library.asked(config, secrets, ledger, clock)
        held = library.holders.by_path(path)
        if isinstance(held, Found):
            return held.release, tuple(found.problems), held.undecided[1] if held.undecided else ""
        if held is not None:
            found = replace(found, problems=(*found.problems, held.why))
        away = tuple(f"{name} is away, so torrent.* is taken as none: {why}" for name, why in library.away.items())
        found = replace(found, problems=(*found.problems, *away))
    from_ = str(known["from"]) if known else "folder" if folder else "person"
    kept = told_by_source(release_of(known).facts) if known else {}
    name = folder.name if folder else ""
    release = Release(name, from_, path.name, str(path), found.files, single=found.single, facts=kept)
    return release, tuple(found.problems), ""


def _recorded(what: str, ledger: Ledger) -> Mapping[str, object] | None:
    """The release that a job id, a release id or an info-hash names, if the journal has it."""
    if what in ledger.releases:
        return ledger.releases[what]
    jobs = [job for id, job in ledger.jobs.items() if len(what) >= 4 and id.startswith(what)]
    if len(jobs) == 1:
        return ledger.releases[jobs[0].release]
    wanted = what.lower()
    return next((one for one in reversed(list(ledger.releases.values())) if one.get("infohash") == wanted), None)


def _of_path(path: str, ledger: Ledger) -> Mapping[str, object] | None:
    return next((one for one in reversed(list(ledger.releases.values())) if one.get("path") == path), None)


def _held(what: str, config: Config, ledger: Ledger, secrets: Secrets, clock: Clock) -> tuple[Release, str]:
    """What a client has under an info-hash, and why it is undecided."""
    found = None
    if INFOHASH.fullmatch(what) and config.clients:
        found = Library.asked(config, secrets, ledger, clock).holders.by_hash(what.lower())
    if isinstance(found, (Waits, Never)):
        raise NotFound(f"{what} is no release: {found.why}")
    if found is None:
        raise NotFound(
            f"{what!r} is no path that is there, and no job, release or info-hash that journal or clients know",
            hint="`seedpost queue list` shows the jobs; for a torrent that is not complete, give its path",
        )
    return found.release, found.undecided[1] if found.undecided else ""


def _forms(
    release: Release, facts: Facts, decision: Decision, config: Config, secrets: Secrets, state: Path, clock: Clock
) -> dict[str, tuple[Form | list[str], Uploader | None]]:
    """What each tracker would be sent, or what is wrong with it. Composing asks nobody; a missing key is told."""
    forms: dict[str, tuple[Form | list[str], Uploader | None]] = {}
    for name, route in decision.trackers.items():
        content = _content(release, facts, route)
        block = config.trackers[name]
        try:
            tracker = parts.opened(block, secrets, state=state, clock=clock, images=config.images)
        except SettingsError as error:
            forms[name] = ([error.text], None)
            continue
        form, problems = composed(tracker, content, block, route_keys(route.set, route.cautions, block))
        forms[name] = (form or list(problems), tracker)
    return forms
