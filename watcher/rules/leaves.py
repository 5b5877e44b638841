"""The closures of single conditions, one shape for each kind of field and operator: the part that has to be fast."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

from watcher.rules.fields import Field
from watcher.rules.patterns import Element, Glob, Is, Regex
from watcher.rules.view import UNKNOWN, View

Test = Callable[[View], bool | None]
Pattern = Callable[[str], bool]
Within = Callable[[object, object], bool]

_AT_LEAST: Within = operator.ge  # type: ignore[assignment]
_AT_MOST: Within = operator.le  # type: ignore[assignment]


def leaf_test(field: Field, op: str, wants: Sequence[Element]) -> Test:
    """A test of one operator: True, False, or None where the field is unknown. A field that is none is False."""
    if op == "any":
        return _one_of(field, wants)
    if op == "none_of":
        return _none_of(_one_of(field, wants))
    if op == "all_of":
        return _all_of([_one_of(field, (one,)) for one in wants])
    (bound,) = (one.value for one in wants if isinstance(one, Is))
    if op == "exists":
        return _exists(field.name, bound is True)
    return _bounded(field, bound, least=op == "min")


def _one_of(field: Field, wants: Sequence[Element]) -> Test:
    words = frozenset(one.key for one in wants if isinstance(one, Is))
    if len(words) < len(wants) and any(not isinstance(one, Is) for one in wants):
        return _patterns(field, words, wants)
    if field.many:
        return _overlaps(field.name, words)
    if len(words) == 1:
        return _equals(field.name, *words)
    return _among(field.name, words)


def _equals(name: str, want: object) -> Test:
    def test(view: View) -> bool | None:
        got = view[name]
        if got == want:
            return True
        return None if got is UNKNOWN else False

    return test


def _among(name: str, words: frozenset[object]) -> Test:
    def test(view: View) -> bool | None:
        got = view[name]
        if got in words:
            return True
        return None if got is UNKNOWN else False

    return test


def _overlaps(name: str, words: frozenset[object]) -> Test:
    def test(view: View) -> bool | None:
        got = view[name]
        if isinstance(got, tuple):
            return not words.isdisjoint(got)
        return None if got is UNKNOWN else False

    return test


def _patterns(field: Field, words: frozenset[object], wants: Sequence[Element]) -> Test:
    globs = tuple(one.test for one in wants if isinstance(one, Glob))
    regexes = tuple(one.test for one in wants if isinstance(one, Regex))
    if field.many or len(wants) > 1:
        return _any_pattern(field.name, words, globs, regexes)
    return _fits(field.name, globs[0]) if globs else _found(field.name, regexes[0])


def _fits(name: str, glob: Pattern) -> Test:
    def test(view: View) -> bool | None:
        got = view[name]
        if isinstance(got, str):
            return glob(got)
        return None if got is UNKNOWN else False

    return test


def _found(name: str, regex: Pattern) -> Test:
    def test(view: View) -> bool | None:
        got = view.texts[name]
        if isinstance(got, str):
            return regex(got)
        return None if got is UNKNOWN else False

    return test


def _any_pattern(name: str, words: frozenset[object], globs: Sequence[Pattern], regexes: Sequence[Pattern]) -> Test:
    def test(view: View) -> bool | None:
        got = view[name]
        if got is UNKNOWN:
            return None
        if got is None:
            return False
        values = _values(got)
        if words and not words.isdisjoint(values):
            return True
        if any(glob(value) for glob in globs for value in values):  # type: ignore[arg-type]
            return True
        return bool(regexes) and any(regex(text) for text in _values(view.texts[name]) for regex in regexes)  # type: ignore[arg-type]

    return test


def _values(got: object) -> tuple[object, ...]:
    return got if isinstance(got, tuple) else (got,)


def _none_of(inner: Test) -> Test:
    def test(view: View) -> bool | None:
        answer = inner(view)
        return None if answer is None else not answer

    return test


def _all_of(tests: Sequence[Test]) -> Test:
    row = tuple(tests)

    def test(view: View) -> bool | None:
        answers = [one(view) for one in row]
        return None if None in answers else all(answers)

    return test


def _exists(name: str, want: bool) -> Test:
    def test(view: View) -> bool | None:
        got = view[name]
        return None if got is UNKNOWN else (got is not None) is want

    return test


def _bounded(field: Field, bound: object, *, least: bool) -> Test:
    name, within = field.name, _AT_LEAST if least else _AT_MOST
    if field.many:
        return _any_within(name, bound, within)

    def test(view: View) -> bool | None:
        got = view[name]
        if got is None:
            return False
        return None if got is UNKNOWN else within(got, bound)

    return test


def _any_within(name: str, bound: object, within: Within) -> Test:
    def test(view: View) -> bool | None:
        got = view[name]
        if isinstance(got, tuple):
            return any(within(one, bound) for one in got)
        return None if got is UNKNOWN else False

    return test
