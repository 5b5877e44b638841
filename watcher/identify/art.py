"""The front cover inside an audio file. Knows pictures, not albums; never raises for what a file holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mutagen
from mutagen.flac import FLAC
from mutagen.mp4 import MP4

from watcher.identify.files import opened_file
from watcher.identify.flac_head import read_head

FRONT = 3  # of ID3's picture types, which FLAC shares
_STARTS = ((b"\xff\xd8\xff", "cover.jpg"), (b"\x89PNG\r\n\x1a\n", "cover.png"))


def front_cover(path: Path) -> tuple[bytes, str] | None:
    """(the picture, a file name for it), the front cover before any other; None if there is none that can be read."""
    try:
        with opened_file(str(path)) as opened:
            head = read_head(opened)
            if head is not None and not head.pictured:
                return None
            found = sorted(_pictures(mutagen.File(opened)), key=lambda one: one[0] != FRONT)
    except Exception:  # noqa: BLE001 - bytes from strangers: whatever the parser trips over, there is no cover
        return None
    for _, data in found:
        for start, name in _STARTS:
            if data.startswith(start):
                return data, name
    return None


def _pictures(found: Any) -> Iterator[tuple[int, bytes]]:
    """(type, bytes) of each."""
    if isinstance(found, FLAC):
        yield from ((one.type, bytes(one.data)) for one in found.pictures)
    elif isinstance(found, MP4):
        tags: Any = found.tags
        yield from ((FRONT, bytes(one)) for one in (tags or {}).get("covr", ()))
    elif found is not None and hasattr(found.tags, "getall"):
        yield from ((int(one.type), bytes(one.data)) for one in found.tags.getall("APIC"))
