"""Tracks in the order of an album: by the numbers in tags, else in file names. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from watcher.identify.audio import Audio

_DISC_FOLDER = re.compile(r"^(?:cd|disc|disk|lp|vinyl)[ ._-]*(\d{1,2})\b", re.I)
_LEADING = re.compile(r"^(?:\d[-.])?(\d{1,3})(?!\d)")
_NUMBER = re.compile(r"^\d{1,4}")
MOST = 2000  # numbers above this are no track numbers


@dataclass(frozen=True)
class Placed:
    """One track at its place."""

    audio: Audio
    disc: int
    number: int
    numbered: bool  # by a tag; else by the file's name, or as it stands


def placed(tracks: Iterable[Audio]) -> list[Placed]:
    """Tracks by disc and number."""
    found = []
    for place, track in enumerate(tracks, 1):
        disc = _tagged(track, "DISCNUMBER") or _disc_of_folder(track.path) or 1
        number = _tagged(track, "TRACKNUMBER")
        guess = _LEADING.match(track.path.rsplit("/", 1)[-1])
        found.append(
            Placed(track, disc, number if number is not None else int(guess[1]) if guess else place, number is not None)
        )
    return sorted(found, key=lambda one: (one.disc, one.number, one.audio.path))


def _tagged(track: Audio, name: str) -> int | None:
    found = _NUMBER.match(track.first(name) or "")
    return int(found.group()) if found and int(found.group()) <= MOST else None


def _disc_of_folder(path: str) -> int | None:
    found = _DISC_FOLDER.match(path.split("/")[-2]) if "/" in path else None
    return int(found.group(1)) if found else None


def gaps(rows: Sequence[Placed]) -> list[str]:
    """What is wrong with the numbers: missing ones, doubled ones, fewer than the tags say. Sides of vinyl have none."""
    if not rows or not all(row.numbered for row in rows):
        return []
    discs = sorted({row.disc for row in rows})
    found = [f"disc {disc} is missing" for disc in range(1, discs[-1]) if disc not in discs and discs[-1] <= 99]
    everything = [row.number for row in rows]
    if len(discs) > 1 and sorted(everything) == list(range(1, len(everything) + 1)):
        return found  # numbered on through all discs
    for disc in discs:
        numbers = Counter(row.number for row in rows if row.disc == disc)
        totals = [total for row in rows if row.disc == disc and (total := _total(row.audio))]
        last = max(max(numbers), max(totals, default=0))
        where = f"disc {disc}: " if len(discs) > 1 else ""
        missing = [number for number in range(1, last + 1) if number not in numbers]
        double = [number for number, count in numbers.items() if count > 1]
        if missing:
            found.append(f"{where}track numbers are missing: {_some(missing)}")
        if double:
            found.append(f"{where}track numbers are there twice: {_some(double)}")
    return found


def _total(track: Audio) -> int | None:
    """The number of tracks of the disc, by its own tag or as `3/12`."""
    _, slash, behind = (track.first("TRACKNUMBER") or "").partition("/")
    text = behind if slash else track.first("TRACKTOTAL") or ""
    return int(text) if text.isdecimal() and len(text) <= 4 else None


def _some(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:10]))
    return shown + (" …" if len(numbers) > 10 else "")


def common(tracks: Sequence[Audio], *names: str) -> str | None:
    """The value that most tracks give to the first of these tags that any has; the earliest of equals."""
    for name in names:
        values = [found[0] for track in tracks if (found := track.tags.get(name))]
        if values:
            return values[0] if len(set(values)) == 1 else Counter(values).most_common(1)[0][0]
    return None
