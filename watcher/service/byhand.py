"""What a person would send by hand: the content, its facts, the form each chosen tracker would get, what it lacks.

Asks the clients, and the tracker that content came from; composes as the loop will. Writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from trackers.base import Form, Problem, Uploader
from trackers.catalogue import TYPES
from trackers.clock import Clock
from trackers.content import Content
from trackers.errors import SettingsError
from watcher.config import Config, TrackerConfig
from watcher.errors import HELD, INVALID, NETWORK, NOT_AUTHORISED, USAGE, NotFound, SeedpostError
from watcher.intake.asked import plain
from watcher.intake.byhand import PERSON, check, open_to_a_wish
from watcher.intake.routing import known
from watcher.jobs import Job, Ledger
from watcher.logs import redact
from watcher.release import Facts, Release, beside, content_of, facts_of, is_fact, job_id, overridden
from watcher.rules import FIELDS
from watcher.secrets import Secrets
from watcher.service import parts
from watcher.service.drafts import staged_for
from watcher.service.dryrun import answer_of
from watcher.service.library import Library
from watcher.service.online import learned, looked
from watcher.sources.content import Found, Never, Waits
from watcher.sources.holders import Holders
from watcher.uploader.bench import route_keys
from watcher.uploader.covers import drafted
from watcher.uploader.prepare import noted
from watcher.uploader.search import FAMILY, numbers_in

INFOHASH = re.compile(r"[0-9a-fA-F]{40}")
# The fact behind a word of a site's vocabulary, and words that it spells in its own way.
VOCABULARY = {"music.media": "media", "music.release_type": "releasetype", "music.format": "format"}
VOCABULARY |= {"music.encoding": "bitrate"}
SPELLED = {"blu-ray": "bd"}
# Problems that another value does not mend: the files have to be.
OF_THE_FILES = ("kind", "music.problems", "music.tags_complete", "video.problems")
GOOD_TO_KNOW = ("music.label", "music.catalogue")  # no site refuses an upload without, and each wants it


@dataclass(frozen=True)
class Lack:
    """One thing that a form still needs. `words`: what the site takes there, if it takes only those; `askable`: a
    person's word mends it."""

    field: str
    text: str
    words: tuple[str, ...] = ()
    askable: bool = True


@dataclass(frozen=True)
class Offer:
    """What one tracker would be sent; or all that it lacks."""

    tracker: str
    form: Form | None
    lacks: tuple[Lack, ...] = ()


@dataclass(frozen=True)
class Sought:
    """Content as it was found now, and who was asked for it."""

    release: Release
    holders: Holders
    named: Mapping[str, str]  # the keys of a `look` that find it: a path, or an info-hash


def found(what: str, config: Config, ledger: Ledger, secrets: Secrets, clock: Clock) -> Sought:
    """A path, or a torrent's id. Raises NotFound; SeedpostError where a client says that it is no release, or not
    yet."""
    path = Path(what).expanduser().absolute()
    holders = Library.asked(config, secrets, ledger, clock).holders if config.clients else Holders()
    if path.exists():
        named = {"path": str(path)}
        one: Found | Waits | Never | None = holders.by_path(path) or Found(plain(path, config, clock))
    elif INFOHASH.fullmatch(what):
        named = {"infohash": what.lower()}
        one = holders.by_hash(what.lower())
    else:
        raise NotFound(f"there is no {what}, and it is no info-hash")
    if one is None:
        raise NotFound(f"no client has a torrent {what}", hint="give the path of its content")
    if isinstance(one, Waits | Never):
        raise SeedpostError(f"{what}: {one.why}", exit_code=NETWORK if isinstance(one, Waits) else None)
    if one.undecided is not None:
        raise SeedpostError(f"{what}: {one.undecided[1]}", exit_code=HELD)
    if not one.release.files:
        raise NotFound(f"{what} has no file that could be uploaded")
    return Sought(one.release, holders, named)


@dataclass
class Proposal:
    """Content for some trackers, as far as a person has said what is missing. `set`: by tracker."""

    content: Sought
    facts: Facts
    trackers: Mapping[str, tuple[TrackerConfig, Uploader]]
    learned: Mapping[str, object] | None
    looked: Mapping[str, object] = field(default_factory=dict)
    set: dict[str, dict[str, object]] = field(default_factory=dict)
    doubt: str = ""  # which titles may be meant, where services can't tell for certain

    @property
    def jobs(self) -> dict[str, str]:
        """The job's id of each tracker."""
        fingerprint = self.content.release.fingerprint
        return {name: job_id(fingerprint, block.site) for name, (block, _) in self.trackers.items()}

    def say(self, key: str, value: object, only: Sequence[str] | None = None) -> None:
        """Set a field: for trackers that are named, else for all. Raises SeedpostError for any other name."""
        for name in self.trackers if only is None else only:
            if name not in self.trackers:
                raise SeedpostError(f"{name} is not among --to", exit_code=USAGE)
            self.set.setdefault(name, {})[key] = value

    def wishes(self, name: str) -> Mapping[str, object]:
        """What a person, or the sidecar, says of one tracker's form; also of one that was left out since."""
        return self.set.get(name, {})

    def facts_with(self) -> Facts:
        """The facts under what the person said."""
        said = {key: value for one in self.set.values() for key, value in one.items()}
        return overridden(self.facts, said, "person")

    def offers(self) -> dict[str, Offer]:
        """What each tracker would get, as of now."""
        return {name: self._offer(name) for name in self.trackers}

    def _offer(self, name: str) -> Offer:
        (block, tracker), set = self.trackers[name], self.set.get(name, {})
        whole = self._content(name)
        staged = staged_for(whole, block)
        made = drafted(tracker, staged.over(whole) if staged else whole, route_keys(set, {}, block))
        if isinstance(made, Form):
            return Offer(name, noted(made, staged))
        lacks = tuple(_lack(problem, block) for problem in made)
        return Offer(name, None, tuple(self._explained(lack) for lack in lacks))

    def _explained(self, lack: Lack) -> Lack:
        """A number that is lacking, with the titles that may be meant."""
        doubted = self.doubt and lack.field.startswith(FAMILY)
        return replace(lack, text=f"{lack.text} ({redact(self.doubt)})") if doubted else lack

    def numbers(self) -> Set[str]:
        """The data bases whose numbers forms lack."""
        blocks = {name: (one, self.set.get(name, {})) for name, (one, _) in self.trackers.items()}
        forms = (
            drafted(self.trackers[name][1], self._content(name), route_keys(said, {}, block))
            for name, (block, said) in blocks.items()
        )
        return {base for form in forms for base in numbers_in(form)}

    def _content(self, name: str) -> Content:
        release = self.content.release
        facts = overridden(self.facts, self.set.get(name, {}), "rule")
        return content_of(release.name, release.files, release.single, facts)

    def dry_run(self, name: str) -> dict[str, str]:
        """What the site itself would make of it. Raises SeedpostError: its refusal, or that it has no dry run."""
        block, tracker = self.trackers[name]
        form = self._offer(name).form
        if form is None:
            raise SeedpostError(f"{name}: the form lacks something", exit_code=HELD)
        return answer_of(tracker, form, self._content(name), Path(self.content.release.path), block)

    def command(self) -> dict[str, object]:
        """The line of the journal that asks for it, approved as it is now. Every tracker must have its form."""
        forms = {name: offer.form for name, offer in self.offers().items() if offer.form is not None}
        given = {
            "by": PERSON,
            "to": list(self.trackers),
            "set": {name: self.set.get(name, {}) for name in self.trackers},
            "digests": {name: form.digest for name, form in forms.items()},
            "shown": {name: form.as_json() for name, form in forms.items()},
            "fingerprint": self.content.release.fingerprint,
            "learned": self.learned,
            "looked": self.looked,
        }
        return {"type": "command", "do": "look", **self.content.named, "with": given}


def proposal(
    content: Sought, to: Sequence[str], config: Config, ledger: Ledger, secrets: Secrets, state: Path, clock: Clock
) -> Proposal:
    """Raises SeedpostError where a guard, its origin or its sidecar forbids it, or a tracker can't be opened."""
    release = content.release
    facts, doubt = known(release, config)
    if doubt:
        raise SeedpostError(doubt, exit_code=HELD)
    check(facts, config, to)
    opened = {name: _opened(config.trackers[name], config, secrets, state, clock) for name in to}
    told = learned(release, facts, config, ledger, secrets, state, clock)
    before = ledger.releases.get(release.id, {}).get("looked")
    record = {"facts": {name: fact.as_json() for name, fact in facts.items()}, "learned": told, "looked": before}
    trackers = {name: (config.trackers[name], tracker) for name, tracker in opened.items()}
    first = Proposal(content, facts_of(record), trackers, told, before or {}, _said_beside(facts, to))
    found, doubt = looked(release, first.facts, first.numbers(), config, ledger, secrets, state, clock)
    return replace(first, facts=facts_of(record | {"looked": found}), looked=found, doubt=doubt)


def _said_beside(facts: Facts, to: Sequence[str]) -> dict[str, dict[str, object]]:
    """What the sidecar says of each tracker's form."""
    said = {name: facts[beside(name)].value for name in to if beside(name) in facts}
    return {name: dict(value) for name, value in said.items() if isinstance(value, Mapping)}


def _opened(block: TrackerConfig, config: Config, secrets: Secrets, state: Path, clock: Clock) -> Uploader:
    try:
        return parts.opened(block, secrets, state=state, clock=clock, images=config.images)
    except SettingsError as error:
        code = INVALID if error.code == "settings" else NOT_AUTHORISED
        raise SeedpostError(error.text, exit_code=code) from error


def _lack(problem: Problem, block: TrackerConfig) -> Lack:
    entry, fact = TYPES[block.type], FIELDS.get(problem.field)
    stem = problem.field in entry.form_keys or (fact is not None and is_fact(problem.field))
    askable = stem and problem.field not in OF_THE_FILES
    known = {word.casefold() for word in entry.vocabulary.get(VOCABULARY.get(problem.field, problem.field), ())}
    ours = fact.vocabulary if fact is not None else tuple(entry.vocabulary.get(problem.field, ()))
    words = tuple(
        word
        for word in ours
        if word != "Other" and (not known or {word.casefold(), SPELLED.get(word.casefold())} & known)
    )
    return Lack(problem.field, redact(problem.text), words, askable)


def read_to(words: Sequence[str]) -> list[str]:
    """The trackers of `--to RED,OPS`, each once."""
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    if not names:
        raise SeedpostError("no tracker was named", hint="--to RED,OPS", exit_code=USAGE)
    return list(dict.fromkeys(names))


def standing(proposal: Proposal, ledger: Ledger) -> dict[str, Job]:
    """The jobs that are there already and that no wish changes, by tracker."""
    there = {name: ledger.jobs[id] for name, id in proposal.jobs.items() if id in ledger.jobs}
    return {name: job for name, job in there.items() if not open_to_a_wish(job)}


def can_tell(config: Config, name: str) -> bool:
    """Whether a tracker's site has a dry run of its own."""
    return TYPES[config.trackers[name].type].dry_run
