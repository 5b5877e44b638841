"""Texts with `{field}` slots. A slot whose fact is none or unknown leaves no hole: it is told, and the job waits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from watcher.release import NONE, Facts
from watcher.rules.fields import FIELDS, WHOLE, Field
from watcher.rules.nodes import nearest, quoted
from watcher.rules.view import empty

_SLOT = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_WIDTH = re.compile(r"0[1-9]", re.ASCII)


class NoValue(Exception):
    """A slot has nothing to put in."""

    def __init__(self, field: str, *, unknown: bool) -> None:
        super().__init__(field)
        self.field, self.unknown = field, unknown


@dataclass(frozen=True)
class Slot:
    """`{tv.season:02}`: a field, and how many digits its number has at least."""

    field: Field
    width: int = 0

    def __str__(self) -> str:
        """As it stands in a file."""
        return f"{{{self.field.name}:{self.width:02}}}" if self.width else f"{{{self.field.name}}}"


@dataclass(frozen=True)
class Template:
    """Text and slots in turn."""

    parts: tuple[str | Slot, ...]

    def render(self, facts: Facts) -> str:
        """The text for one release. Raises NoValue."""
        return "".join(part if isinstance(part, str) else _filled(part, facts) for part in self.parts)

    def __str__(self) -> str:
        """As it stands in a file."""
        return "".join(_braced(part) if isinstance(part, str) else str(part) for part in self.parts)

    @property
    def fixed(self) -> str | None:
        """Its text if it has no slot."""
        texts = [part for part in self.parts if isinstance(part, str)]
        return "".join(texts) if len(texts) == len(self.parts) else None


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def template(text: str) -> Template:
    """Raises ValueError that names the slot and the nearest field."""
    parts: list[str | Slot] = []
    at = 0
    for found in _SLOT.finditer(text):
        parts.append(text[at : found.start()])
        parts.append(_part(found))
        at = found.end()
    return Template((*(part for part in parts if part), text[at:]))


def _part(found: re.Match[str]) -> str | Slot:
    if found[0] in ("{{", "}}"):
        return found[0][0]
    if found[1] is None:
        raise ValueError(f"a brace that stands alone; for the character itself write {found[0] * 2}")
    name, _, width = found[1].partition(":")
    field = FIELDS.get(name)
    if field is None:
        raise ValueError(
            f"no field {quoted(name)} for a slot{nearest(name, FIELDS)}; for braces as such write {{{{ and }}}}"
        )
    if field.late:
        raise ValueError(f"{name} is known only once a site was asked, too late for a slot")
    if width and not (field.type == WHOLE and _WIDTH.fullmatch(width)):
        raise ValueError(
            f"after the colon of a number may stand its width, as in {{tv.season:02}}, not {quoted(width)}"
        )
    return Slot(field, int(width or 0))


def _filled(slot: Slot, facts: Facts) -> str:
    fact = facts.get(slot.field.name, NONE)
    if fact.unknown or empty(fact.value):
        raise NoValue(slot.field.name, unknown=fact.unknown)
    values = fact.value if isinstance(fact.value, (list, tuple)) else (fact.value,)
    return ("-" if slot.field.type == WHOLE else ", ").join(_text(value, slot.width) for value in values)


def _text(value: object, width: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).zfill(width)


def rendered(value: object, facts: Facts) -> object:
    """A value of `set` with its slots filled. Raises NoValue."""
    if isinstance(value, Template):
        return value.render(facts)
    if isinstance(value, (list, tuple)):
        return [rendered(one, facts) for one in value]
    return dict(value) if isinstance(value, Mapping) else value
