"""One thing's records as the few JSON texts that still matter. Knows keys, not what they mean.

A million records are replayed at a start, and most say again what the one before said. Merging each into a dict would
touch a dozen scattered objects a record; keeping the text of the newest, and of older ones only while they hold a key
that the newer ones lack, touches two. The dict is made when somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from watcher.jobs.records import loads, members
from watcher.jobs.states import PASSING

OWN = frozenset(
    {"born", "sends", "uploads", "published"}
)  # the fold's own keys: kept elsewhere, stand in snapshots only
_BARE = OWN | {"v", "type"}


class Shape:
    """The keys of a record. Records of the same keys share one."""

    __slots__ = ("_covers", "keys")

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = frozenset(keys) - OWN
        self._covers: dict[Shape, bool] = {}

    def covers(self, other: Shape) -> bool:
        """Whether a record of this shape says anew everything that one of the other said."""
        known = self._covers.get(other)
        if known is None:
            known = self._covers[other] = other.keys <= self.keys
        return known


class Shapes(dict[tuple[str, ...], Shape]):
    """All shapes seen, by their keys in order."""

    def of(self, record: Mapping[str, Any]) -> Shape:
        """The shape of a record."""
        keys = tuple(record)
        return self.get(keys) or self.setdefault(keys, Shape(keys))


class Layers:
    """The texts that add up to one thing, newest last. Texts have no closing brace."""

    __slots__ = ("body", "clears", "older", "shape")

    def __init__(self, shape: Shape, body: bytes) -> None:
        self.shape = shape
        self.body = body
        self.clears = False  # whether the newest came with a change of state, which takes back what is passing
        self.older: list[tuple[Shape, bytes, bool]] | None = None

    def add(self, shape: Shape, body: bytes, clears: bool) -> None:
        """A newer text."""
        if self.shape is shape:
            self.body, self.clears = body, clears or self.clears
            return
        kept, carried = [], False
        for layer in (*(self.older or ()), (self.shape, self.body, self.clears)):
            if shape.covers(layer[0]):
                carried = carried or layer[2]
            else:
                kept.append((layer[0], layer[1], layer[2] or carried))
                carried = False
        self.shape, self.body, self.clears, self.older = shape, body, clears or carried, kept or None

    def _texts(self) -> Iterator[tuple[bytes, bool]]:
        for _, body, clears in self.older or ():
            yield body, clears
        yield self.body, self.clears

    def fold(self) -> dict[str, Any]:
        """What they add up to. A null takes a key back."""
        folded: dict[str, Any] = {}
        for body, clears in self._texts():
            if clears:
                for key in PASSING:
                    folded.pop(key, None)
            folded.update(loads(body + b"}"))
        return {key: value for key, value in folded.items() if value is not None and key not in _BARE}

    def verbatim(self, keys: Iterable[str]) -> dict[str, str]:
        """The text of these keys' values, as a newer version wrote them."""
        wanted = set(keys)
        found: dict[str, str] = {}
        for body, _ in self._texts():
            found.update((key, text) for key, text in members(body + b"}") if key in wanted)
        return found
