"""Jobs and releases as mappings, made when they are looked at. Reads a ledger; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from watcher.jobs.job import Job

if TYPE_CHECKING:
    from watcher.jobs.ledger import Ledger


class Jobs(Mapping[str, Job]):
    """Jobs by id. Iterating goes over the jobs there were when it began."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getitem__(self, id: str) -> Job:
        job = self._ledger.job(id)
        if job is None:
            raise KeyError(id)
        return job

    def __contains__(self, id: object) -> bool:
        return id in self._ledger.entries

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._ledger.entries))

    def __len__(self) -> int:
        return len(self._ledger.entries)


class Releases(Mapping[str, Mapping[str, Any]]):
    """Folded release records by id, what went into blobs included. Each look reads them anew: ten kilobytes a piece."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getitem__(self, id: str) -> Mapping[str, Any]:
        with self._ledger.lock:
            folded = self._ledger.texts[id].fold()
        load = self._ledger.load
        return {key: load(value) if type(value) is dict else value for key, value in folded.items()}

    def __contains__(self, id: object) -> bool:
        return id in self._ledger.texts

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._ledger.texts))

    def __len__(self) -> int:
        return len(self._ledger.texts)
