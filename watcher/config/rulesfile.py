"""The whole of a rules file as frozen values: every block read, every mistake reported at once."""

# ruff: noqa: RUF009 - `key` makes the fields of frozen dataclasses, and conditions are immutable

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from watcher.config.files import STATE, beside, read_file
from watcher.config.images import ImagesConfig, read_images
from watcher.config.lookups import LookupConfig, read_lookups
from watcher.config.metrics import MetricsConfig, read_metrics
from watcher.config.places import PATH
from watcher.config.reading import tree
from watcher.config.sources import (
    ClientConfig,
    FolderConfig,
    NotifyConfig,
    Seed,
    read_clients,
    read_folders,
    read_notify,
    read_seed,
)
from watcher.config.titles import Titles, check_names, check_titles, names_in
from watcher.config.trackers import TrackerConfig, read_trackers
from watcher.config.trials import Trial, read_trials, run_trials
from watcher.config.wordlists import ListReader, Lists, read_lists
from watcher.errors import INVALID, SeedpostError
from watcher.rules import Rate, Rules, kinds
from watcher.rules.blocks import key, read_block
from watcher.rules.grammar import Scope
from watcher.rules.nodes import Block, Node, Problem, Problems, misspelt, shown
from watcher.rules.overlap import check_overlaps
from watcher.rules.rulebook import MODE, Tracker, read_guards, read_rules

BLOCKS = (
    "defaults", "seed", "clients", "folders", "trackers", "lists", "guards", "rules", "tests", "notify", "images",
    "lookups", "metrics",
)  # fmt: skip


class RulesInvalid(SeedpostError):
    """The file can't be used; `problems` has everything that is wrong with it, in the order of the file."""

    exit_code = INVALID

    def __init__(self, file: str, problems: list[Problem]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{file} has {count}", *map(str, problems)]))
        self.problems = problems
        self.hint = next((problem.hint for problem in problems if problem.hint), "")


@dataclass(frozen=True)
class Defaults:
    """The `defaults` block."""

    mode: str = key(MODE, "dry_run until you trust your rules, then review or upload", default="dry_run")
    brake: Rate = key(
        kinds.RATE,
        "releases a rule may route by itself in a rolling window; the surplus is held",
        default=Rate(10, 3600.0),
    )


@dataclass(frozen=True)
class Top:
    """What stands at the top and is no block."""

    version: int = key(kinds.whole(1, 1), "of this format: 1")
    state: Path = key(PATH, "folder for journal, torrents, vault and lock", default=Path(STATE))
    otherwise: str = key(kinds.word("skip", "hold"), "what becomes of a release that no rule matches", default="skip")


@dataclass(frozen=True)
class Config:
    """One rules file, read and checked. Immutable."""

    path: Path
    digest: str  # SHA-256 of the file
    state: Path
    mode: str
    brake: Rate
    seed: Seed
    clients: Mapping[str, ClientConfig]
    folders: tuple[FolderConfig, ...]
    trackers: Mapping[str, TrackerConfig]
    notify: Mapping[str, NotifyConfig]
    rules: Rules
    images: ImagesConfig | None = None  # None: covers go nowhere but to hosts of trackers
    lookups: Mapping[str, LookupConfig] = field(default_factory=dict)  # by name, in the order they are asked
    metrics: MetricsConfig | None = None  # None: served nowhere
    tests: tuple[Trial, ...] = ()
    warnings: tuple[Problem, ...] = ()
    files: tuple[Path, ...] = ()  # what it was read from: the file itself, then its lists
    text: bytes = field(default=b"", repr=False)  # the file and its lists by the name they have in it, for the copy
    lists: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # of what was last accepted

    @property
    def marks(self) -> tuple[frozenset[str], frozenset[str]]:
        """The categories and the tags of what seedpost seeds, wherever that may be; none if it seeds nothing."""
        of_trackers = (tracker.seed or self.seed for tracker in self.trackers.values())
        seeds = [seed for seed in (self.seed, *of_trackers) if seed.client]
        categories = frozenset(seed.category for seed in seeds if seed.category)
        return categories, frozenset(tag for seed in seeds for tag in seed.tags if tag)

    @property
    def sources(self) -> frozenset[str]:
        """The names of clients and folders; where a tracker has the same, the tracker is meant."""
        return frozenset({*self.clients, *(folder.name for folder in self.folders)} - self.trackers.keys())


def load(path: Path, *, base: Path | None = None) -> Config:
    """The rules file at `path`. `base`: the folder its lists lie in, if not its own. Raises RulesInvalid, or
    SeedpostError where the file itself can't be read; both exit 78."""
    return parse(read_file(path), str(path), base=base)


def parse(text: bytes, file: str = "rules.yaml", *, base: Path | None = None, read: ListReader | None = None) -> Config:
    """The configuration in `text`; positions name `file`. `read`: where its lists come from, if not from files.
    Raises RulesInvalid with every problem."""
    problems = Problems(file)
    root = tree(text, problems)
    read = read or beside(base or Path(file).parent)
    config = _config(root, text, file, read, problems) if root is not None else None
    if problems.errors or config is None:
        raise RulesInvalid(file, problems.errors)
    return config


def run_tests(config: Config) -> list[Problem]:
    """The tests of the file that fail, each at its place with what came out instead; empty if all pass."""
    return run_trials(config.tests, config.rules, str(config.path))


def _config(root: Node, text: bytes, file: str, read: ListReader, problems: Problems) -> Config | None:
    if not isinstance(root, Block):
        problems.error(root, f"a rules file is a map, this is {shown(root)}", "it begins with `version: 1`")
        return None
    top = read_block(Top, root, "rules.yaml", problems, also=BLOCKS)
    defaults = _defaults(root.get("defaults"), problems)
    clients = read_clients(root.get("clients"), problems)
    written = names_in(root.get("clients"))
    seed = read_seed(root.get("seed"), written, root, problems)
    folders = read_folders(root.get("folders"), written, problems)
    trackers = read_trackers(root.get("trackers"), seed, written, [folder.path for folder in folders], problems)
    notify = read_notify(root.get("notify"), problems)
    images = read_images(root.get("images"), problems)
    _check_pictures(root, trackers, images, problems)
    lookups = read_lookups(root.get("lookups"), problems)
    metrics = read_metrics(root.get("metrics"), problems)
    check_names(root, problems)
    lists = read_lists(root.get("lists"), read, problems)
    later = frozenset(name for one in lookups.values() for name in one.tells)
    rules = replace(
        _rules(root, lists, trackers, defaults.mode, top.otherwise if top else "skip", problems), later=later
    )
    tests = read_trials(root.get("tests"), Titles.of(root), problems)
    if top is None or problems.errors:
        return None
    check_overlaps(rules.rules, problems)
    return Config(
        path=Path(file),
        digest=hashlib.sha256(text).hexdigest(),
        state=top.state.expanduser(),
        mode=defaults.mode,
        brake=defaults.brake,
        seed=seed,
        clients=clients,
        folders=folders,
        trackers=trackers,
        notify=notify,
        rules=rules,
        images=images,
        lookups=lookups,
        metrics=metrics,
        tests=tests,
        warnings=tuple(problems.warnings),
        files=(Path(file), *lists.files),
        text=text,
        lists=lists.texts,
    )


def _check_pictures(
    root: Block, trackers: Mapping[str, TrackerConfig], images: ImagesConfig | None, problems: Problems
) -> None:
    """Screenshots need somewhere to go: without it every upload to such a site would wait for a person."""
    for name, tracker in trackers.items() if images is None else ():
        if tracker.settings.get("screenshots"):
            hint = "images: {type: chevereto, url: 'https://pictures.example'}"
            problems.warn(_named(root, "trackers", name), f"'screenshots' of {name} want a host for pictures", hint)


def _defaults(node: Node | None, problems: Problems) -> Defaults:
    return (read_block(Defaults, node, "defaults", problems) if node is not None else None) or Defaults()


def _rules(
    root: Block, lists: Lists, trackers: Mapping[str, TrackerConfig], mode: str, otherwise: str, problems: Problems
) -> Rules:
    if root.get("rules") is None and not misspelt(root, "rules"):
        problems.error(root, "there are no 'rules'", "rules: [] if none are wanted yet")
    known = dict.fromkeys(names_in(root.get("trackers")), Tracker(form=None))
    known |= {name: tracker.for_rules for name, tracker in trackers.items()}
    scope = Scope(problems, lists.words)
    guards = read_guards(root.get("guards"), scope)
    rules = read_rules(root.get("rules"), scope, known)
    check_titles(root, problems)
    for name in lists.words.keys() - scope.used:
        problems.warn(_named(root, "lists", name), f"list '{name}' is never used")
    for name in known.keys() - {name for rule in rules for name in rule.targets}:
        problems.warn(_named(root, "trackers", name), f"no rule names tracker '{name}'")
    return Rules(guards, rules, otherwise, mode, known)


def _named(root: Block, block: str, name: str) -> Node:
    node = root.get(block)
    return next((key for key, _ in node.entries if key.value == name), root) if isinstance(node, Block) else root
