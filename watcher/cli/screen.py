"""Sections of text and how they share a screen: what needs a person keeps its place, the rest makes room. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

LEAST = 2  # lines of a section that are kept as long as there is any room


class Line(NamedTuple):
    """One line, and the style that rich gives it on a live screen."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Section:
    """Lines under a title. Sections stand in the order of how much they matter."""

    title: str  # "" for none
    lines: Sequence[Line]
    more: str = ""  # a command that shows what was left out
    style: str = field(default="bold")

    def whole(self) -> list[Line]:
        """All of it."""
        return [*self._head(), *self.lines]

    def cut(self, room: int) -> list[Line]:
        """As much as fits into so many lines, with how much was left out."""
        whole = self.whole()
        if len(whole) <= room:
            return whole
        left = len(whole) - max(0, room - 1)
        note = f"… {left} more lines" + (f": {self.more}" if self.more else "")
        return [*whole[: max(0, room - 1)], Line(note, "dim")][:room]

    def _head(self) -> list[Line]:
        return [Line(self.title, self.style)] if self.title else []


def fitted(sections: Sequence[Section], height: int) -> list[Line]:
    """The sections in so many lines at most, an empty one between two where there is room for all."""
    full = [section for section in sections if section.lines]
    sizes = [len(section.whole()) for section in full]
    if sum(sizes) + len(full) - 1 <= height:
        return [line for place, one in enumerate(full) for line in ([Line("")] if place else []) + one.whole()]
    rooms = _rooms(sizes, height)
    return [line for section, room in zip(full, rooms, strict=True) for line in section.cut(room)]


def _rooms(sizes: Sequence[int], height: int) -> list[int]:
    """How many lines each gets: first the least for all, then what is left to those that stand first."""
    rooms, left = [], height
    for size in sizes:
        rooms.append(min(size, 1 + LEAST, left))
        left -= rooms[-1]
    for place, size in enumerate(sizes):
        extra = min(size - rooms[place], left)
        rooms[place] += extra
        left -= extra
    return rooms
