"""Conditions: what they are, the closures that decide by them, and the slower walk that says why. Three-valued.

A test answers True, False, or None: not known. `explain` must agree with it; a property test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from watcher.rules.decision import Reason
from watcher.rules.fields import MOMENT, SIZE, Field
from watcher.rules.leaves import Test, leaf_test
from watcher.rules.patterns import Element, Glob, Is, Regex
from watcher.rules.quantities import show_moment, show_size
from watcher.rules.view import View

Plain = Mapping[str, object]  # a condition as JSON, in the grammar of the file

MOST = 6  # alternatives that a reason names


class Outcome(NamedTuple):
    """Whether a condition holds, and what shows it."""

    holds: bool | None
    reasons: tuple[Reason, ...]
    met: int = 0  # conditions that hold: of two branches with as much against them, the one with more is nearer


@dataclass(frozen=True)
class Leaf:
    """One operator on one field. `wants`: elements for any, all_of, none_of; one value for min, max, exists."""

    field: Field
    op: str  # any all_of none_of min max exists
    wants: tuple[Element, ...]

    @cached_property
    def test(self) -> Test:
        """The compiled condition."""
        return leaf_test(self.field, self.op, self.wants)

    def explain(self, view: View) -> Outcome:
        """The verdict and its one reason."""
        holds = self.test(view)
        return Outcome(holds, (Reason(self.field.name, self.want, view.got(self.field.name)),), int(bool(holds)))

    @cached_property
    def want(self) -> str:
        """What it wants, in words."""
        words = [_word(self.field, one) for one in self.wants[:MOST]]
        if len(self.wants) > MOST:
            words.append(f"… ({len(self.wants)} in all)")
        if self.op == "exists":
            return "a value" if words == ["true"] else "none"
        lead = {"any": "", "all_of": "all of ", "none_of": "none of ", "min": "at least ", "max": "at most "}[self.op]
        return lead + (" or " if self.op == "any" and len(words) <= MOST else ", ").join(words)

    @property
    def plain(self) -> Plain:
        """As JSON that the grammar reads back."""
        values = [_plain(one) for one in self.wants]
        if self.op in ("min", "max"):
            return {self.field.name: {self.op: _unit(self.field, values[0])}}
        if self.op == "any":
            return {self.field.name: values}
        return {self.field.name: {self.op: values if self.op != "exists" else values[0]}}

    def leaves(self) -> Iterator[Leaf]:
        """Itself."""
        yield self


@dataclass(frozen=True)
class Every:
    """All parts hold."""

    parts: tuple[Term, ...]

    @cached_property
    def test(self) -> Test:
        """The compiled condition; an Every in an Every is one row."""
        return every([part.test for part in flat(self)])

    def explain(self, view: View) -> Outcome:
        """All reasons if it holds, else those of the parts that do not."""
        outcomes = [part.explain(view) for part in self.parts]
        holds = _all([one.holds for one in outcomes])
        kept = outcomes if holds else [one for one in outcomes if not one.holds]
        return Outcome(holds, tuple(reason for one in kept for reason in one.reasons), sum(one.met for one in outcomes))

    @property
    def plain(self) -> Plain:
        """As JSON that the grammar reads back."""
        return {"all": [part.plain for part in self.parts]}

    def leaves(self) -> Iterator[Leaf]:
        """Every leaf below it."""
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True)
class Either:
    """One part holds."""

    parts: tuple[Term, ...]

    @cached_property
    def test(self) -> Test:
        """The compiled condition."""
        return either([part.test for part in self.parts])

    def explain(self, view: View) -> Outcome:
        """The reasons of the first part that holds, else of the nearest: least against it, then most for it."""
        outcomes = [part.explain(view) for part in self.parts]
        holding = [one for one in outcomes if one.holds]
        if holding:
            return holding[0]
        nearest = min(outcomes, key=lambda one: (len(one.reasons), -one.met))
        told = tuple(Reason(one.field, one.want, one.got, len(self.parts)) for one in nearest.reasons)
        return Outcome(None if any(one.holds is None for one in outcomes) else False, told, nearest.met)

    @property
    def plain(self) -> Plain:
        """As JSON that the grammar reads back."""
        return {"any": [part.plain for part in self.parts]}

    def leaves(self) -> Iterator[Leaf]:
        """Every leaf below it."""
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Term

    @cached_property
    def test(self) -> Test:
        """The compiled condition."""
        return negated(self.part.test)

    def explain(self, view: View) -> Outcome:
        """The part's reasons, each as its opposite."""
        inner = self.part.explain(view)
        opposite = tuple(Reason(one.field, _opposite(one.want), one.got) for one in inner.reasons)
        return Outcome(None if inner.holds is None else not inner.holds, opposite, int(inner.holds is False))

    @property
    def plain(self) -> Plain:
        """As JSON that the grammar reads back."""
        return {"not": self.part.plain}

    def leaves(self) -> Iterator[Leaf]:
        """Every leaf below it."""
        yield from self.part.leaves()


Term = Leaf | Every | Either | Not


def flat(term: Term) -> tuple[Term, ...]:
    """What has to hold all together."""
    if isinstance(term, Every):
        return tuple(inner for part in term.parts for inner in flat(part))
    return (term,)


def every(tests: list[Test]) -> Test:
    """False if one is, else unknown if one is, else True."""
    if len(tests) == 1:
        return tests[0]
    row = tuple(tests)

    def test(view: View) -> bool | None:
        known = True
        for one in row:
            answer = one(view)
            if not answer:
                if answer is False:
                    return False
                known = False
        return True if known else None

    return test


def either(tests: list[Test]) -> Test:
    """True if one is, else unknown if one is, else False."""
    row = tuple(tests)

    def test(view: View) -> bool | None:
        known = True
        for one in row:
            answer = one(view)
            if answer:
                return True
            if answer is None:
                known = False
        return False if known else None

    return test


def negated(inner: Test) -> Test:
    """The opposite; unknown stays unknown."""

    def test(view: View) -> bool | None:
        answer = inner(view)
        return None if answer is None else not answer

    return test


def _all(answers: list[bool | None]) -> bool | None:
    if False in answers:
        return False
    return None if None in answers else True


def _opposite(want: str) -> str:
    return want.removeprefix("not ") if want.startswith("not ") else f"not {want}"


def _word(field: Field, one: Element) -> str:
    if isinstance(one, Is) and not isinstance(one.value, str):
        if isinstance(one.value, bool):
            return "true" if one.value else "false"
        if field.type == SIZE:
            return show_size(int(one.value))
        if field.type == MOMENT:
            return show_moment(one.value)
    return str(one)


def _plain(one: Element) -> object:
    if isinstance(one, Glob):
        return {"glob": one.text}
    if isinstance(one, Regex):
        return {"regex": one.text}
    return {"is": one.value} if isinstance(one.value, str) else one.value


def _unit(field: Field, value: object) -> object:
    if field.type == SIZE:
        return f"{value} B"
    if field.type == MOMENT and isinstance(value, (int, float)):
        return show_moment(value)
    return value


def kept(terms: Iterable[Term]) -> tuple[Plain, ...]:
    """Conditions as they go into the journal; those that ask for nothing are left out."""
    return tuple(term.plain for term in terms if any(True for _ in term.leaves()))


def names(term: Term, field: str, value: object) -> bool:
    """Whether a condition asks for exactly this value of a field, outside every `not`."""
    if isinstance(term, Leaf):
        return term.field.name == field and term.op == "any" and Is(value) in term.wants  # type: ignore[arg-type]
    if isinstance(term, Not):
        return False
    return any(names(part, field, value) for part in term.parts)
