"""What a ledger says, as the records of a compacted journal. The inverse of folding; knows no file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from watcher.jobs.job import KEYS as JOB_KEYS
from watcher.jobs.layers import Layers
from watcher.jobs.ledger import Entry, Ledger
from watcher.jobs.records import VERSION
from watcher.jobs.states import PUBLISHED

_RELEASE_KEYS = {
    "seq",
    "time",
    "release",
    "fingerprint",
    "from",
    "source",
    "infohash",
    "completed",
    "path",
    "client",
} | {*("save_path", "name", "size", "files", "facts", "decision", "undecided", "rules")}
Raw = dict[str, str]  # key: the text of its value, as a newer version wrote it


def snapshot(ledger: Ledger) -> Iterator[tuple[dict[str, Any], Raw]]:
    """Records that fold to the same ledger, in no order, each with the seq of the last one that it replaces.

    With each the keys that this version does not know, as text to be carried over byte for byte.
    """
    for entry in ledger.entries.values():
        yield _of_job(entry)
    for texts in ledger.texts.values():
        folded = texts.fold()
        yield _record(folded), _unknown(texts, folded.keys() - _RELEASE_KEYS)
    for source in ledger.sources.values():
        yield from ((_versioned(record), {}) for record in source.snapshot())
    yield from ((_versioned(dict(record)), {}) for record in ledger.standing())


def _of_job(entry: Entry) -> tuple[dict[str, Any], Raw]:
    keys = entry.keys()
    record = _record(keys)
    if entry.published and entry.state not in PUBLISHED:
        record["published"] = True
    return record, _unknown(entry, keys.keys() - JOB_KEYS)


def _unknown(texts: Layers, keys: set[str]) -> Raw:
    return texts.verbatim(keys) if keys else {}


def _record(folded: dict[str, Any]) -> dict[str, Any]:
    first = {"v": VERSION, "seq": folded["seq"], "time": folded["time"], "type": "snapshot"}
    return first | folded


def _versioned(record: dict[str, Any]) -> dict[str, Any]:
    return {"v": VERSION} | record
