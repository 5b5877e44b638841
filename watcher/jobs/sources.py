"""What the journal knows of one source: its baseline and what was ever seen there. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from watcher.jobs.job import seconds_of

Pair = tuple[str, int]  # (infohash, completed)

_OWN = frozenset({"v", "seq", "time", "type", "source", "what", "at", "since", "torrents", "names", "more"})
LINE = 500  # torrents a line


@dataclass
class Source:
    """A client's address or a folder's real path. `torrents` and `names` are live: ask them, don't walk them."""

    at: str
    source: str = ""  # its name in rules.yaml when it last spoke
    baseline: bool = False
    since: float | None = None  # wall seconds: what is complete before this is in the baseline
    torrents: set[Pair] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    gone: set[Pair] = field(default_factory=set)  # known once, no longer there
    rest: dict[str, Any] = field(default_factory=dict)  # further keys of its records, the last value of each
    here: list[tuple[int, str]] = field(default_factory=list)  # (seq, time) of baseline and seen records
    left: list[tuple[int, str]] = field(default_factory=list)  # (seq, time) of gone records

    def paused(self, now: float) -> bool:
        """Whether a person said `pause`, and its time is not over."""
        until = self.rest.get("until")
        return bool(self.rest.get("paused")) and (not until or now < seconds_of(str(until)))

    def fold(self, record: Mapping[str, Any], pairs: set[Pair], names: Iterable[str]) -> None:
        """Add one record, its torrents and names resolved."""
        self.source = record["source"]
        what = record["what"]
        (self.left if what == "gone" else self.here).append((record["seq"], record["time"]))
        if what == "gone":
            self.gone |= pairs
            self.torrents -= pairs
            self.names.difference_update(names)
        else:
            self.gone -= pairs
            self.torrents |= pairs
            self.names.update(names)
        if what == "baseline":
            self.baseline = not record.get("more")  # one that was cut off half-way does not count
            self.since = record.get("since", self.since)
        for key in record.keys() - _OWN:
            self.rest[key] = record[key]

    def snapshot(self) -> Iterator[dict[str, Any]]:
        """As few records as say the same, each with the seq of one that it replaces."""
        what = "baseline" if self.baseline else "seen"
        lines = [{"torrents": [list(pair) for pair in part]} for part in _parts(sorted(self.torrents))]
        lines += [{"names": part} for part in _parts(sorted(self.names))]
        first: dict[str, Any] = dict(self.rest) | ({"since": self.since} if self.since is not None else {})
        yield from self._numbered(what, lines or [{}], self.here, first)
        away = [{"torrents": [list(pair) for pair in part]} for part in _parts(sorted(self.gone))]
        yield from self._numbered("gone", away or ([] if self.here else [{}]), self.left, {} if self.here else first)

    def _numbered(
        self, what: str, lines: list[dict[str, Any]], seqs: list[tuple[int, str]], first: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        if not seqs:
            return
        if len(lines) > len(seqs):  # more lines than there are numbers for: fuller lines, then
            lines = [_joined(lines)]
        for (seq, time), line in zip(seqs[-len(lines) :], lines, strict=True):
            yield (
                {"seq": seq, "time": time, "type": "source", "source": self.source, "what": what, "at": self.at}
                | line
                | first
            )
            first = {}


def _parts(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), LINE):
        yield values[start : start + LINE]


def _joined(lines: list[dict[str, Any]]) -> dict[str, Any]:
    both: dict[str, Any] = {}
    for line in lines:
        for key, values in line.items():
            both.setdefault(key, []).extend(values)
    return both
