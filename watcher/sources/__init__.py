"""Where releases come from. This page: what a source tells, and what it asks of intake. Sources decide nothing.

`qbittorrent` and `folders` watch; both hand over complete `Release`s and leave to intake what becomes of them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from watcher.release import Release

BATCH = 500  # pairs or names in one journal line
Undecided = tuple[str, str]  # (code, why)


@dataclass(frozen=True)
class Baseline:
    """What a source had before seedpost: found, and not routed by itself.

    `since` is wall time; what a client completed before it is in the baseline, listed or not. `by` tells whose clock
    it is: "client", or "us" where the client has not answered yet. `names`: a folder's children then, less those gone.
    `folders`: where a client saves, in its spelling, as last seen.
    """

    since: float
    by: str = "client"
    names: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SourceStatus:
    """How a source is, for the heartbeat. Times are wall seconds; `delay` is seconds between two looks."""

    name: str
    kind: str  # qbittorrent folder
    at: str
    up: bool
    since: float | None = None  # of being up or down
    last_poll: float | None = None  # the last look that succeeded
    delay: float = 0.0
    error: str = ""
    settling: tuple[str, ...] = ()
    mode: str = ""  # inotify polling
    watched: int = 0  # torrents, or folders
    problems: tuple[str, ...] = ()  # content that can't become a release, and why


class Sink(Protocol):
    """What a source needs of intake: five questions, and three things to tell that are durable when they return."""

    def baseline(self, at: str) -> Baseline | None:
        """The baseline of the client or folder that `at` identifies; None until a line that says `more`: false."""

    def known(self, infohash: str, completed: int) -> bool:
        """Whether this completion of this torrent was journaled: in a baseline, as seen, or as a release."""

    def own(self, infohash: str) -> bool:
        """Whether seedpost added this torrent."""

    def labels(self, infohash: str, completed: int) -> tuple[str, frozenset[str]] | None:
        """The category and tags that this completion was last decided by; None if it never was (a baseline, seen)."""

    def place(self, infohash: str, completed: int) -> tuple[str, str] | None:
        """The folder that the client kept this completion in when it was last journaled, and the name of its content
        there, both as the client spells them; None if it has no release."""

    def folder_known(self, path: str, fingerprint: str) -> bool:
        """Whether this content at this path has a release."""

    def record(self, records: Sequence[Mapping[str, object]]) -> None:
        """Journal `source` records, all of them or none that counts."""

    def seen(self, release: Release, *, undecided: Undecided | None) -> None:
        """A release became complete. It is journaled, with its decision, when this returns."""

    def changed(self, release: Release, *, undecided: Undecided | None = None) -> None:
        """Category, tags, place or names of a release have changed: decide again, and only add trackers."""


class Source(Protocol):
    """What the service needs of any source. `poll_once` and `run` belong to one thread, the rest to any."""

    name: str
    at: str  # who it is, for the journal: a client's address, a folder's real path

    def poll_once(self) -> None:
        """One look. Faults of the outside end in `status`; only what the sink raises passes through."""

    def run(self, stop: threading.Event) -> None:
        """Look again and again until `stop`."""

    def idle(self) -> bool:
        """Whether nothing is settling."""

    def settling(self) -> float | None:
        """When (`clock.running`) the next look is due because something is settling; None if nothing is."""

    def nudge(self) -> None:
        """Look now: rules, secrets or a pause changed."""

    def status(self) -> SourceStatus:
        """How it is."""


def batches(record: Mapping[str, object], key: str, values: Sequence[object]) -> list[dict[str, object]]:
    """`record` as one or more lines of at most `BATCH` values under `key`; `more` is true on all but the last."""
    parts = [values[start : start + BATCH] for start in range(0, len(values), BATCH)] or [()]
    last = len(parts) - 1
    return [{**record, key: list(part), "more": number < last} for number, part in enumerate(parts)]
