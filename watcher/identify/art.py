"""The front cover inside an audio file. Knows pictures, not albums; never raises for what a file holds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import mutagen
from mutagen.flac import FLAC
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4

from watcher.identify.files import opened_file
from watcher.identify.kinds import extension
from watcher.identify.pictures import named
from watcher.identify.tags import PICTURES

FRONT = 3  # of ID3's picture types, which FLAC shares


def front_cover(path: Path) -> tuple[bytes, str] | None:
    """(the picture, a file name for it), the front cover before any other; None if there is none that can be read."""
    try:
        with opened_file(str(path)) as opened:
            found = sorted(_pictures(_loaded(opened, path)), key=lambda one: one[0] != FRONT)
    except Exception:  # noqa: BLE001 - bytes from strangers: whatever the parser trips over, there is no cover
        return None
    return next(((data, name) for _, data in found if (name := named(data))), None)


def _loaded(opened: BinaryIO, path: Path) -> Any:
    """By its extension before its first bytes: a FLAC may stand behind ID3."""
    if extension(path.name) == "flac":
        load: Callable[..., Any] = FLAC
        with contextlib.suppress(mutagen.MutagenError):  # the extension may lie
            return load(opened)
        opened.seek(0)
    found = mutagen.File(opened, options=[FLAC, MP4])
    if found is None:
        opened.seek(0)
        tagged: Callable[..., Any] = MP3
        found = tagged(opened, known_frames=PICTURES)
    return found


def _pictures(found: Any) -> Iterator[tuple[int, bytes]]:
    """(type, bytes) of each."""
    if isinstance(found, FLAC):
        yield from ((one.type, bytes(one.data)) for one in found.pictures)
    elif isinstance(found, MP4):
        tags: Any = found.tags
        yield from ((FRONT, bytes(one)) for one in (tags or {}).get("covr", ()))
    elif found is not None and hasattr(found.tags, "getall"):
        yield from ((int(one.type), bytes(one.data)) for one in found.tags.getall("APIC"))
