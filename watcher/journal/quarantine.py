"""`journal.damaged`: a copy of every damaged line, for a person. Nothing reads it but `keep`."""

from __future__ import annotations

import base64
import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trackers.clock import Clock, utc_text
from watcher.durable import FileSystem, read_all, write_all
from watcher.journal.reading import Damage

_MOST = 256 * 1024  # bytes of one damaged stretch that are copied


def keep(path: Path, head: Mapping[str, Any], damage: Sequence[Damage], fs: FileSystem, clock: Clock) -> None:
    """Copy each line once. Best effort: the line itself stays where it is, after a compaction in the archive."""
    with contextlib.suppress(OSError):
        fd = fs.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW)
        try:
            seen = {_place(line) for line in b"".join(read_all(fd, fs)).splitlines()}
            for one in damage:
                place = (head.get("journal"), head.get("generation"), one.offset, len(one.data))
                if place not in seen:
                    write_all(fd, _entry(place, one, utc_text(clock.now())), fs)
        finally:
            fs.close(fd)


def _entry(place: tuple[object, ...], damage: Damage, time: str) -> bytes:
    names = ("journal", "generation", "offset", "length")
    text = base64.b64encode(damage.data[:_MOST]).decode()
    entry = {
        "time": time,
        **dict(zip(names, place, strict=True)),
        "line": damage.line,
        "why": damage.why,
        "base64": text,
    }
    return json.dumps(entry).encode() + b"\n"


def _place(line: bytes) -> tuple[object, ...]:
    try:
        entry = json.loads(line)
        return (entry["journal"], entry["generation"], entry["offset"], entry["length"])
    except (ValueError, KeyError, TypeError):
        return ()
