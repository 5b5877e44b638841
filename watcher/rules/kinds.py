"""Kinds of values outside conditions: how each is read, what it says when it can't be, and its JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from watcher.rules import quantities, scalars
from watcher.rules.nodes import Block, Items, Node, Problems, Scalar, nearest, shown

T = TypeVar("T")
Schema = dict[str, object]


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A value of one scalar. `wants` ends the sentence "'limit' wants …"."""

    wants: str
    parse: Callable[[Scalar], T]
    json: Mapping[str, object]

    def read(self, node: Node, label: str, problems: Problems) -> T | None:
        """The value; None if it was reported as wrong."""
        if isinstance(node, Scalar):
            if node.bad:
                return None
            try:
                return self.parse(node)
            except ValueError as error:
                wrong(node, label, self.wants, problems, str(error))
                return None
        wrong(node, label, self.wants, problems)
        return None

    @property
    def schema(self) -> Schema:
        """What an editor should accept here."""
        return dict(self.json)


@dataclass(frozen=True)
class ListOf(Generic[T]):
    """A list of one kind; a single value stands for a list of one."""

    kind: Kind[T]

    def read(self, node: Node, label: str, problems: Problems) -> tuple[T, ...] | None:
        """The values; those that are wrong are reported and left out."""
        if isinstance(node, Block):
            wrong(node, label, f"{self.kind.wants}, or a list of them", problems)
            return None
        nodes = node.items if isinstance(node, Items) else [node]
        values = (self.kind.read(one, label, problems) for one in nodes)
        return tuple(value for value in values if value is not None)

    @property
    def schema(self) -> Schema:
        """What an editor should accept here."""
        one = self.kind.schema
        return {"anyOf": [one, {"type": "array", "items": one}]}


@dataclass(frozen=True)
class MapOf(Generic[T]):
    """A map from free keys to one kind, as pairs in the order of the file."""

    keys: Kind[str]
    kind: Kind[T]

    def read(self, node: Node, label: str, problems: Problems) -> tuple[tuple[str, T], ...] | None:
        """The pairs; those that are wrong are reported and left out."""
        if not isinstance(node, Block):
            wrong(node, label, "a map", problems)
            return None
        rows = []
        for key, value in node.entries:
            name, read = self.keys.read(key, label, problems), self.kind.read(value, label, problems)
            if name is not None and read is not None:
                rows.append((name, read))
        return tuple(rows)

    @property
    def schema(self) -> Schema:
        """What an editor should accept here."""
        return {"type": "object", "propertyNames": self.keys.schema, "additionalProperties": self.kind.schema}


def wrong(node: Node, label: str, wants: str, problems: Problems, why: str = "") -> None:
    """Report `'min' wants a size, got '300 bananas'`, with what to do about it."""
    joint = "" if not why or why.startswith(", ") else ": "
    problems.error(node, f"'{label}' wants {wants}, got {shown(node)}{joint}{why}")


def word(*words: str) -> Kind[str]:
    """One of a few words."""

    def parse(node: Scalar) -> str:
        if node.value in words:
            return node.value
        raise ValueError(nearest(node.value, words))

    return Kind("one of " + ", ".join(words), parse, {"enum": list(words)})


def whole(least: int, most: int) -> Kind[int]:
    """A whole number in bounds."""

    def parse(node: Scalar) -> int:
        number = quantities.whole(scalars.bare(node))
        if not least <= number <= most:
            raise ValueError("")
        return number

    json = {"type": ["integer", "string"], "minimum": least, "maximum": most, "pattern": r"^\d+$"}
    wants = f"a whole number from {least} to {most}" if least < most else f"the number {least}"
    return Kind(wants, parse, json)


def fraction() -> Kind[float]:
    """A number above 0 and at most 1."""

    def parse(node: Scalar) -> float:
        if not re.fullmatch(r"1(\.0+)?|0?\.\d{1,6}", node.value, re.ASCII) or not float(node.value):
            raise ValueError("")
        return float(node.value)

    return Kind("a number above 0 and at most 1", parse, {"type": "number", "exclusiveMinimum": 0, "maximum": 1})


def duration(least: float = 0.0) -> Kind[float]:
    """A time with its unit, in seconds."""

    def parse(node: Scalar) -> float:
        seconds = quantities.duration(scalars.bare(node))
        if seconds < least:
            raise ValueError(f"at least {quantities.show_duration(least)}")
        return seconds

    return Kind(
        "a time such as 90s, 30m or 7d",
        parse,
        {"type": ["string", "integer"], "pattern": r"^\s*(0|\d.*[a-zA-Z])\s*$", "maximum": 0},
    )


def matching(wants: str, pattern: str, why: str = "") -> Kind[str]:
    """Text of one form."""

    def parse(node: Scalar) -> str:
        found = scalars.text(node)
        if not re.fullmatch(pattern, found, re.ASCII):
            raise ValueError(why)
        return found

    return Kind(wants, parse, {"type": "string", "pattern": f"^(?:{pattern})$"})


def _title(node: Scalar) -> str:
    found = scalars.text(node)
    if len(found) > 80 or not found.isprintable():
        raise ValueError("")
    return found


def _rate(node: Scalar) -> quantities.Rate:
    return quantities.rate(scalars.bare(node))


TEXT: Kind[str] = Kind("a text", scalars.text, {"type": ["string", "integer"], "minLength": 1})
BOOL: Kind[bool] = Kind("true or false", scalars.boolean, {"type": "boolean"})
RATE: Kind[quantities.Rate] = Kind(
    "a rate such as 20/day or 10/h", _rate, {"type": "string", "pattern": r"^\s*\d+\s*/\s*\S.*$"}
)
_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}"
NAME = matching("a name of letters, digits, - and _", _NAME)
TITLE: Kind[str] = Kind(
    "a name of at most 80 characters", _title, {"type": ["string", "integer"], "minLength": 1, "maxLength": 80}
)


def is_name(text: str) -> bool:
    """Whether `NAME` takes it."""
    return re.fullmatch(_NAME, text) is not None
