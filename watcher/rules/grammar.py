"""From nodes to conditions: blocks, lists, operators, `$lists`. Every mistake is reported at its token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from watcher.rules.elements import elements, flag, number, wrong_value
from watcher.rules.fields import FIELDS, FLAG, MOMENT, SIZE, TEXT, WORD, Field
from watcher.rules.nodes import Block, Items, Node, Problems, Scalar, nearest, shown
from watcher.rules.patterns import Is
from watcher.rules.terms import Either, Every, Leaf, Not, Term

OPERATORS = ("is", "glob", "regex", "min", "max", "all_of", "none_of", "exists")
JOINTS = ("any", "all", "not")
DEEPEST = 16  # blocks in blocks


@dataclass
class Scope:
    """What conditions are read in. `late`: fields that only a site can tell may stand here."""

    problems: Problems
    lists: Mapping[str, Sequence[Scalar]] = field(default_factory=dict)
    late: bool = False
    used: set[str] = field(default_factory=set)  # names of lists

    def requiring(self) -> Scope:
        """The same for `require`."""
        return Scope(self.problems, self.lists, True, self.used)


def read_match(node: Node, label: str, scope: Scope, depth: int = 0) -> Term | None:
    """The condition of a block; None if anything in it was reported."""
    if not isinstance(node, Block):
        if not (isinstance(node, Scalar) and node.bad):
            scope.problems.error(node, f"'{label}' wants a map of fields, got {shown(node)}", _shape(node))
        return None
    if depth > DEEPEST:
        scope.problems.error(node, f"conditions are nested more than {DEEPEST} deep")
        return None
    parts = [_entry(key, value, scope, depth) for key, value in node.entries]
    whole = tuple(part for part in parts if part is not None)
    if len(whole) < len(parts):
        return None
    return whole[0] if len(whole) == 1 else Every(whole)


def _shape(node: Node) -> str:
    if isinstance(node, Items):
        return "keys of one block are AND; for OR write any: and under it a list of blocks"
    return "write {} to match everything" if isinstance(node, Scalar) and node.null else ""


def _entry(key: Scalar, value: Node, scope: Scope, depth: int) -> Term | None:
    if key.bad:
        return None
    if key.value in ("any", "all"):
        return _joint(key, value, scope, depth)
    if key.value == "not":
        return _negation(key, value, scope, depth)
    found = FIELDS.get(key.value)
    if found is None:
        scope.problems.error(
            key, f"unknown field '{key.value}'{nearest(key.value, (*FIELDS, *JOINTS))}", "seedpost rules fields"
        )
        return None
    if found.late and not scope.late:
        scope.problems.error(key, f"'{found.name}' is known only once a site was asked: write it under `require`")
        return None
    return read_condition(found, value, scope)


def _joint(key: Scalar, value: Node, scope: Scope, depth: int) -> Term | None:
    if not isinstance(value, Items) or not value.items:
        if not (isinstance(value, Scalar) and value.bad):
            got = "an empty list" if isinstance(value, Items) else shown(value)
            scope.problems.error(
                value, f"'{key.value}' wants a list of blocks, got {got}", "one `- field: value` a line"
            )
        return None
    parts = [read_match(item, key.value, scope, depth + 1) for item in value.items]
    whole = tuple(part for part in parts if part is not None)
    if len(whole) < len(parts):
        return None
    return Either(whole) if key.value == "any" else Every(whole)


def _negation(key: Scalar, value: Node, scope: Scope, depth: int) -> Term | None:
    part = read_match(value, "not", scope, depth + 1)
    if isinstance(value, Block) and len(value.entries) > 1:
        scope.problems.warn(
            key,
            "`not` over several keys is true unless all of them hold",
            "for none of them, write not: {any: [{…}, {…}]}, or one `not` each under `all`",
        )
    if isinstance(value, Block) and not value.entries:
        scope.problems.error(value, "`not` over nothing never matches")
        return None
    return Not(part) if part is not None else None


def read_condition(found: Field, node: Node, scope: Scope) -> Term | None:
    """The condition on one field."""
    if isinstance(node, Block):
        return _operators(found, node, scope)
    if isinstance(node, Scalar) and node.bad:
        return None
    if isinstance(node, Scalar) and node.null:
        wrong_value(found, node, scope.problems, "{exists: false} asks for none; # begins a comment, unless quoted")
        return None
    wants = elements(found, node, scope.problems, scope.lists, scope.used)
    if wants is None:
        return None
    if found.type == MOMENT:
        return _whole_days(found, node, scope)
    if found.type == SIZE:
        scope.problems.warn(node, f"'{found.name}' is hardly ever exactly this", "write {min: …} or {max: …}")
    return Leaf(found, "any", wants)


def _whole_days(found: Field, node: Node, scope: Scope) -> Term | None:
    """A bare date of a moment means from its first to its last second."""
    rows = node.items if isinstance(node, Items) else [node]
    spans = [(number(found, one, scope.problems), number(found, one, scope.problems, end=True)) for one in rows]
    days = [
        Every((Leaf(found, "min", (Is(low),)), Leaf(found, "max", (Is(high),))))
        for low, high in spans
        if low is not None and high is not None
    ]
    return days[0] if len(days) == 1 else Either(tuple(days))


def _operators(found: Field, node: Block, scope: Scope) -> Term | None:
    if not node.entries:
        scope.problems.error(node, f"'{found.name}' has no operator", "operators: " + ", ".join(OPERATORS))
        return None
    parts = [_operator(found, key, value, scope) for key, value in node.entries]
    whole = tuple(part for part in parts if part is not None)
    if len(whole) < len(parts):
        return None
    bounds = {part.op: part.wants[0] for part in whole if isinstance(part, Leaf) and part.op in ("min", "max")}
    if len(bounds) == 2 and bounds["min"].value > bounds["max"].value:  # type: ignore[union-attr, operator]
        scope.problems.error(node.get("max") or node, f"'{found.name}' has a max below its min: it never matches")
        return None
    return whole[0] if len(whole) == 1 else Every(whole)


def _operator(found: Field, key: Scalar, value: Node, scope: Scope) -> Term | None:
    op, problems = key.value, scope.problems
    if op not in OPERATORS:
        problems.error(key, f"unknown operator '{op}'{nearest(op, OPERATORS)}", "operators: " + ", ".join(OPERATORS))
        return None
    refusal = _unfit(found, op)
    if refusal:
        problems.error(key, f"'{op}' does not fit '{found.name}': {refusal}")
        return None
    if op == "exists":
        truth = flag("exists", value, problems)
        return None if truth is None else Leaf(found, op, (Is(truth),))
    if op in ("min", "max"):
        bound = number(found, value, problems, end=op == "max", label=op)
        return None if bound is None else Leaf(found, op, (Is(bound),))
    wants = elements(found, value, problems, scope.lists, scope.used, op)
    return None if wants is None else Leaf(found, "any" if op in ("is", "glob", "regex") else op, wants)


def _unfit(found: Field, op: str) -> str:
    """Why an operator can't be asked of a field, or nothing."""
    if op in ("min", "max") and found.type in (TEXT, WORD, FLAG):
        return "it is no number, size or date"
    if op in ("glob", "regex") and found.type not in (TEXT, WORD):
        return "it is no text"
    if op == "all_of" and not found.many:
        return "it has one value, so all of several can't be it; a list is any of them"
    if op in ("none_of", "is") and found.type == MOMENT:
        return "write min and max"
    return "write true or false" if found.type == FLAG and op == "none_of" else ""


def fitting(found: Field) -> tuple[str, ...]:
    """The operators that can be asked of a field."""
    return tuple(op for op in OPERATORS if not _unfit(found, op))


def late(term: Term) -> bool:
    """Whether a condition asks for what only a site can tell."""
    return any(leaf.field.late for leaf in term.leaves())


def fields_of(term: Term) -> list[str]:
    """The fields a condition asks for, once each."""
    return list(dict.fromkeys(leaf.field.name for leaf in term.leaves()))
