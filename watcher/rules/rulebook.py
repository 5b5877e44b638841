"""Guards and rules as they were read: from nodes to values that `deciding` works with. Every mistake at its token."""

# ruff: noqa: RUF009 - `key` makes the fields of frozen dataclasses, and conditions are immutable

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from watcher.rules import kinds
from watcher.rules.blocks import key, read_block
from watcher.rules.decision import MODES
from watcher.rules.grammar import Scope, read_match
from watcher.rules.leaves import Test
from watcher.rules.nodes import Block, Items, Node, Problems, Scalar, misspelt, nearest, shown
from watcher.rules.settings import Settings, Vocabulary, read_set
from watcher.rules.terms import Every, Plain, Term, kept, names

MODE = kinds.word(*MODES)
LIFT = kinds.word("review", "upload")
COVER = kinds.word("required", "wanted")
CAUTIONS = ("new_group", "web_flac", "cover")
ADDED = "torrent.added_complete"


@dataclass(frozen=True)
class Tracker:
    """What rules need to know of a tracker of the file."""

    mode: str | None = None
    cautions: Mapping[str, str] = field(default_factory=dict)
    form: Vocabulary | None = field(default_factory=dict)  # None: its own block is wrong, so nobody knows


@dataclass(frozen=True)
class Target:
    """What stands under a tracker in `upload_to`."""

    mode: str | None = key(MODE, "upload, review or dry_run: the strictest in force holds", default=None)
    delay: float | None = key(kinds.duration(), "wait so long before anything is sent", default=None)
    new_group: str | None = key(LIFT, "review or upload: what would begin a new group", default=None)
    web_flac: str | None = key(LIFT, "review or upload: FLAC of unknown origin, no CD rip with a log", default=None)
    cover: str | None = key(COVER, "required or wanted", default=None)
    set: Settings = field(default_factory=dict)
    require: tuple[Term, ...] = ()

    @cached_property
    def required(self) -> tuple[Plain, ...]:
        """`require` as it goes into the journal."""
        return kept(self.require)

    @property
    def cautions(self) -> dict[str, str]:
        """Those that are given here."""
        return {name: value for name in CAUTIONS if (value := getattr(self, name))}


@dataclass(frozen=True)
class Guard:
    """What keeps a release from going anywhere."""

    name: str = key(kinds.TITLE, "its name, as explain and the journal call it")
    enabled: bool = key(kinds.BOOL, "false: as if it were not there", default=True)
    note: str | None = key(kinds.TEXT, "for people", default=None)
    match: Term = Every(())

    @cached_property
    def test(self) -> Test:
        """The compiled condition."""
        return self.match.test


@dataclass(frozen=True)
class Rule:
    """Where a kind of release goes."""

    name: str = key(kinds.TITLE, "its name, as explain and the journal call it")
    mode: str | None = key(MODE, "upload, review or dry_run: the strictest in force holds", default=None)
    delay: float | None = key(kinds.duration(), "wait so long before anything is sent", default=None)
    goes_on: bool = key(kinds.BOOL, "true: later rules may add trackers", default=False, name="continue")
    enabled: bool = key(kinds.BOOL, "false: as if it were not there", default=True)
    note: str | None = key(kinds.TEXT, "for people", default=None)
    match: Term = Every(())
    require: tuple[Term, ...] = ()
    set: Settings = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)
    line: int = 0
    column: int = 0

    @cached_property
    def test(self) -> Test:
        """The compiled condition."""
        return self.match.test

    @cached_property
    def required(self) -> tuple[Plain, ...]:
        """`require` as it goes into the journal."""
        return kept(self.require)

    @cached_property
    def names_added(self) -> bool:
        """Whether it asks for what was added over existing data."""
        return names(self.match, ADDED, True)


def read_guards(node: Node | None, scope: Scope) -> tuple[Guard, ...]:
    """The `guards` list."""
    return tuple(guard for row in rows(node, "guards", scope.problems) if (guard := _guard(row, scope)))


def _guard(node: Block, scope: Scope) -> Guard | None:
    match = _match(node, "the guard", scope)
    if isinstance(match, Every) and not match.parts:
        scope.problems.warn(node, "this guard matches everything: nothing will ever be uploaded")
    return read_block(Guard, node, "guard", scope.problems, also=("match",), match=match or Every(()))


def read_rules(node: Node | None, scope: Scope, trackers: Mapping[str, Tracker]) -> tuple[Rule, ...]:
    """The `rules` list."""
    return tuple(rule for row in rows(node, "rules", scope.problems) if (rule := _rule(row, scope, trackers)))


def rows(node: Node | None, label: str, problems: Problems) -> list[Block]:
    """The blocks of a list; what is no block is reported."""
    if node is None or (isinstance(node, Scalar) and node.bad):
        return []
    if not isinstance(node, Items):
        problems.error(node, f"'{label}' wants a list, got {shown(node)}", "each begins with a dash: - name: …")
        return []
    for item in node.items:
        if not isinstance(item, Block) and not (isinstance(item, Scalar) and item.bad):
            problems.error(item, f"'{label}' wants a list of maps, got {shown(item)}", "each begins with - name: …")
    return [item for item in node.items if isinstance(item, Block)]


def _rule(node: Block, scope: Scope, trackers: Mapping[str, Tracker]) -> Rule | None:
    return read_block(
        Rule,
        node,
        "rule",
        scope.problems,
        also=("match", "require", "upload_to", "set"),
        match=_match(node, "the rule", scope) or Every(()),
        require=read_require(node.get("require"), scope),
        set=read_set(node.get("set"), scope.problems, None),
        targets=_targets(node, scope, trackers),
        line=node.line,
        column=node.column,
    )


def _match(node: Block, whose: str, scope: Scope) -> Term | None:
    match = node.get("match")
    if match is None and misspelt(node, "match"):
        return None
    if match is None:
        scope.problems.error(node, f"{whose} has no 'match'", "match: {} matches everything")
        return None
    return read_match(match, "match", scope)


def read_require(node: Node | None, scope: Scope) -> tuple[Term, ...]:
    """Each key of a `require` as a requirement of its own."""
    if node is None:
        return ()
    term = read_match(node, "require", scope.requiring())
    if term is None:
        return ()
    return term.parts if isinstance(term, Every) and isinstance(node, Block) and len(node.entries) > 1 else (term,)


def _targets(node: Block, scope: Scope, trackers: Mapping[str, Tracker]) -> dict[str, Target]:
    upload_to = node.get("upload_to")
    if upload_to is None and misspelt(node, "upload_to"):
        return {}
    if upload_to is None:
        scope.problems.error(node, "the rule has no 'upload_to'", "upload_to: {} means decided: nowhere")
        return {}
    targets: dict[str, Target] = {}
    for name, value in _pairs(upload_to, scope.problems):
        target = _target(name, value, scope, trackers)
        if target is not None:
            targets[name.value] = target
    return targets


def _pairs(node: Node, problems: Problems) -> list[tuple[Scalar, Node | None]]:
    """Trackers of `upload_to`: a map, a list of names, or one name."""
    if isinstance(node, Block):
        return [(name, None if isinstance(value, Scalar) and value.null else value) for name, value in node.entries]
    nodes = node.items if isinstance(node, Items) else [node]
    names = kinds.ListOf(kinds.NAME).read(node, "upload_to", problems)
    if names is None or len(names) < len(nodes):
        return []
    return [(one, None) for one in nodes if isinstance(one, Scalar)]


def _target(name: Scalar, node: Node | None, scope: Scope, trackers: Mapping[str, Tracker]) -> Target | None:
    if name.bad:
        return None
    if name.value not in trackers:
        have = f"have: {', '.join(sorted(trackers))}" if trackers else "there are none under `trackers`"
        scope.problems.error(name, f"no tracker '{name.value}'{nearest(name.value, trackers)} ({have})")
        return None
    if node is None:
        return Target()
    block = node if isinstance(node, Block) else Block([], node.line, node.column)
    form = trackers[name.value].form
    return read_block(
        Target,
        node,
        f"upload_to.{name.value}",
        scope.problems,
        also=("set", "require"),
        set=read_set(block.get("set"), scope.problems, form) if form is not None else {},
        require=read_require(block.get("require"), scope),
    )
