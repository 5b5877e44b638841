"""The facts of one release in the form that conditions compare: folded text, numbers, none, unknown."""

from __future__ import annotations

import unicodedata
from collections.abc import Container
from typing import Final

from watcher.release import NONE, Fact, Facts
from watcher.rules.fields import DAY, FIELDS, FLAG, MOMENT, SIZE, WHOLE, Field
from watcher.rules.quantities import moment, show_moment, show_size, size, whole

SHOWN, LISTED = 200, 8  # characters of a text and elements of a list that a reason repeats


class Unknown:
    """The value of a fact that could not be looked for. Equal to nothing but itself."""


UNKNOWN: Final = Unknown()


def fold(text: str) -> str:
    """Text as it is compared: case-blind, one spelling for each letter."""
    return text.lower() if text.isascii() else clean(text).casefold()


def clean(text: str) -> str:
    """Text without the halves of characters that names which are not UTF-8 are read as, composed letters as one."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())


class View(dict[str, object]):
    """Field -> comparable value: None, UNKNOWN, text (folded), number, or a tuple of them where the field is a list."""

    def __init__(self, facts: Facts, *, late: bool = False, later: Container[str] = ()) -> None:
        """`late`: what only a site can tell may still come; `later`: and so may these fields."""
        super().__init__()
        self.facts, self.late, self.later = facts, late, later
        self.texts = _Texts(self)
        self._got: dict[str, object] = {}

    def __missing__(self, name: str) -> object:
        value = self[name] = self.prepared(FIELDS[name], folded=True)
        return value

    def prepared(self, field: Field, *, folded: bool) -> object:
        """A fact's value in the form its field is compared in."""
        fact = self.facts.get(field.name, NONE)
        if fact.unknown:
            return UNKNOWN
        if empty(fact.value):
            return UNKNOWN if (self.late and field.late) or field.name in self.later else None
        values = fact.value if isinstance(fact.value, (list, tuple)) else (fact.value,)
        read = [_read(field, value, folded) for value in values]
        if UNKNOWN in read or (len(read) > 1 and not field.many):
            return UNKNOWN
        return tuple(read) if field.many else read[0]

    def why(self, name: str) -> str:
        """Why a field is unknown."""
        fact = self.facts.get(name, NONE)
        if fact.unknown:
            return fact.why or "could not be looked for"
        return "not known yet" if empty(fact.value) else f"{fact.value!r} is not of its type"

    def got(self, name: str) -> object:
        """A field's value as a reason shows it: None if it is unknown, the word `none` if it is none."""
        if name not in self._got:
            self._got[name] = self._seen(name)
        return self._got[name]

    def _seen(self, name: str) -> object:
        if self[name] is UNKNOWN:
            return None
        value, field = self.facts.get(name, NONE).value, FIELDS[name]
        if isinstance(value, (list, tuple)):
            return [_shown(field, one) for one in value[:LISTED]] + _more(len(value) - LISTED) if value else "none"
        return "none" if empty(value) else _shown(field, value)


class _Texts(dict[str, object]):
    """The same, with text as it is written: what regular expressions look at."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view

    def __missing__(self, name: str) -> object:
        value = self[name] = self._view.prepared(FIELDS[name], folded=False)
        return value


def empty(value: object) -> bool:
    """Whether a fact's value is no value: None, an empty text, an empty list."""
    return value is None or value in ("", [], ())


def _more(count: int) -> list[object]:
    return [f"… {count} more"] if count > 0 else []


def _shown(field: Field, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return value
    if field.type == SIZE and isinstance(value, int):
        return show_size(value)
    if field.type == MOMENT and not isinstance(value, str):
        return show_moment(value)
    return clean(value)[:SHOWN] if isinstance(value, str) else value


def _read(field: Field, value: object, folded: bool) -> object:
    """One value in the form its field is compared in; UNKNOWN if it is not of the field's type."""
    if field.type == FLAG:
        return value if isinstance(value, bool) else UNKNOWN
    if field.type in (WHOLE, SIZE, MOMENT):
        return _number(field, value)
    if field.type == DAY:
        return str(value)[:10]
    return fold(str(value)) if folded else clean(str(value))


def _number(field: Field, value: object) -> object:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    try:
        if field.type == MOMENT:
            return moment(str(value))
        return size(str(value)) if field.type == SIZE else whole(str(value))
    except ValueError:
        return UNKNOWN


def described(facts: Facts) -> dict[str, dict[str, object]]:
    """Every field with what is known of it: the `release` key of `rules explain`."""
    return {name: _described(facts.get(name, NONE)) for name in FIELDS}


def _described(fact: Fact) -> dict[str, object]:
    if fact.unknown:
        return {"is": "unknown", "value": None, "origin": fact.origin, "why": fact.why}
    if empty(fact.value):
        return {"is": "none", "value": None, "origin": fact.origin}
    return {"is": "value", "value": fact.value, "origin": fact.origin}
