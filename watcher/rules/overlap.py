"""Rules that can never decide anything, because one above takes all that they would. Told only where it is sure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watcher.rules.nodes import Problems, Scalar
from watcher.rules.patterns import Glob, Is
from watcher.rules.rulebook import Rule
from watcher.rules.terms import Either, Leaf, Term, flat

PROBED = 8  # words of a list that are enough to tell most rules apart


def check_overlaps(rules: Sequence[Rule], problems: Problems) -> None:
    """Warn at each rule that stands below one that is the same or plainly wider."""
    above: list[tuple[tuple[Term, ...], Rule]] = []
    index = _Index()
    for rule in rules:
        if not rule.enabled:
            continue
        parts = flat(rule.match)
        for number in index.candidates(parts):
            terms, other = above[number]
            if rule.names_added <= other.names_added and _covers(terms, parts):
                _tell(rule, other, problems)
                break
        if not rule.goes_on:
            above.append((parts, rule))
            index.add(parts)


class _Index:
    """Which rules words alone can't tell apart, as bits: to compare each rule with each other takes too long."""

    def __init__(self) -> None:
        self._count = 0
        self._asking: dict[str, int] = {}  # field -> the rules that want one of some words of it
        self._wanting: dict[tuple[str, object], int] = {}  # field and word -> the rules that have it among them

    def add(self, parts: Sequence[Term]) -> None:
        bit = 1 << self._count
        self._count += 1
        for name, words in _worded(parts):
            self._asking[name] = self._asking.get(name, 0) | bit
            for word in words:
                self._wanting[name, word] = self._wanting.get((name, word), 0) | bit

    def candidates(self, parts: Sequence[Term]) -> Iterator[int]:
        """The rules, in order, that may be wider than these conditions."""
        left = (1 << self._count) - 1
        for name, words in _worded(parts):
            having = -1
            for word in words[:PROBED]:
                having &= self._wanting.get((name, word), 0)
            left &= having | ~self._asking.get(name, 0)
        while left:
            lowest = left & -left
            left ^= lowest
            yield lowest.bit_length() - 1


def _worded(parts: Sequence[Term]) -> list[tuple[str, list[object]]]:
    """Fields that have to be one of some words, with the words; not those that are asked for twice."""
    found: dict[str, list[object]] = {}
    twice: set[str] = set()
    for part in parts:
        if isinstance(part, Leaf) and part.op == "any":
            words: list[object] = [one.key for one in part.wants if isinstance(one, Is)]
            if part.field.name in found or len(words) < len(part.wants):
                twice.add(part.field.name)
            found[part.field.name] = words
    return [(name, words) for name, words in found.items() if name not in twice]


def _tell(rule: Rule, other: Rule, problems: Problems) -> None:
    at = Scalar("", rule.line, rule.column)
    hint = "put the narrower rule first, or say continue: true in the wider one"
    problems.warn(at, f"rule '{rule.name}' can never match: rule '{other.name}' above it takes all of it", hint)


def _covers(wider: Sequence[Term], narrower: Sequence[Term]) -> bool:
    """Whether all of `wider` holds wherever all of `narrower` does. False where it is not plain."""
    return all(_follows(need, narrower) for need in wider)


def _follows(need: Term, parts: Sequence[Term]) -> bool:
    if isinstance(need, Either) and any(_covers(flat(one), parts) for one in need.parts):
        return True
    return any(_implies(part, need) for part in parts)


def _implies(part: Term, need: Term) -> bool:
    if isinstance(part, Leaf) and isinstance(need, Leaf):
        return part.field is need.field and (part == need or _leaf_implies(part, need))
    if isinstance(part, Either):
        return all(_follows(need, flat(one)) for one in part.parts)
    return part == need


def _leaf_implies(part: Leaf, need: Leaf) -> bool:
    if need.op == "exists":
        return Is(True) in need.wants and part.op in ("any", "all_of", "min", "max")
    if need.op == "any" and part.op in ("any", "all_of"):
        quantity = all if part.op == "any" else any
        return quantity(any(_within(one, want) for want in need.wants) for one in part.wants)
    if need.op in ("min", "max") and part.op in (need.op, "any"):
        (bound,) = (one.value for one in need.wants if isinstance(one, Is))
        values = [one.value for one in part.wants if isinstance(one, Is)]
        return len(values) == len(part.wants) and all(_bounded(value, bound, need.op) for value in values)
    return False


def _bounded(value: object, bound: object, op: str) -> bool:
    return bool(value >= bound if op == "min" else value <= bound)  # type: ignore[operator]


def _within(one: object, want: object) -> bool:
    if isinstance(one, Is) and isinstance(want, Is):
        return one.key == want.key
    if isinstance(one, Is) and isinstance(want, Glob):
        return want.test(str(one.key))
    return one == want
