"""A form while it is being filled in: fields, and every problem and note met on the way. Knows no rule of any site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trackers.base import Attachment, Form, Problem
from trackers.description import visible


class Sheet:
    """One form. `name` is the tracker's in rules.yaml; `set` the tracker's own keys for this upload."""

    def __init__(self, name: str, set: Mapping[str, object]) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.attachments: list[Attachment] = []
        self.cautions: list[str] = []
        self.extras: list[tuple[str, str]] = []
        self._set = set
        self._fields: list[tuple[str, str]] = []
        self._notes: list[str] = []

    def put(self, key: str, value: object) -> None:
        """Add a field, without what nobody sees in its text; one that is empty or None is left out."""
        text = "" if value is None else visible(str(value))
        if text:
            self._fields.append((key, text))

    def problem(self, field: str, text: str, code: str = "form") -> None:
        """Something that stops the upload, and how to mend it."""
        self.problems.append(Problem(field, text, code))

    def note(self, text: str) -> None:
        """Something a person who looks at the form should know."""
        self._notes.append(text)

    def text(self, key: str) -> str | None:
        """What `set` says of a key, as text; None if nothing."""
        value = self._set.get(key)
        if value is None or isinstance(value, (list, tuple, Mapping)):
            return None
        return str(value).strip() or None

    def number(self, key: str) -> int | None:
        """A whole number that `set` gives; another value is a problem."""
        text = self.text(key)
        if text is not None and not (text.isascii() and text.isdecimal()):
            self.problem(key, f"set: {key} must be a whole number")
            return None
        return None if text is None else int(text)

    def truth(self, key: str) -> bool:
        """Whether `set` says true."""
        return self._set.get(key) is True

    def listed(self, key: str, known: Iterable[str]) -> list[str]:
        """A list: that of `set` or else `known`, with what `X.add` and `X.remove` name."""
        given = self._set.get(key)
        values = [*known] if given is None else _list(given)
        values += _list(self._set.get(f"{key}.add"))
        out = _list(self._set.get(f"{key}.remove"))
        return [value for value in values if value not in out]

    def form(self) -> Form:
        """The form as it would be sent."""
        return Form(
            tuple(self._fields), tuple(self.attachments), tuple(self.cautions), tuple(self._notes), tuple(self.extras)
        )

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """What was put so far."""
        return tuple(self._fields)


def _list(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return [str(part) for part in value] if isinstance(value, Iterable) else [str(value)]
