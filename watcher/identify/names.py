"""What the name of a folder or file says about a release, and media by any of their names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Order matters: the first that fits wins. Spelt as in `music.media`.
_MEDIA = (
    ("Blu-ray", r"blu-?ray(?: audio)?|bd-?audio|bdrip"),
    ("SACD", r"(?:hybrid )?sacd|sacd-?r|dsd(?:64|128)?"),
    ("DVD", r"(?:hd)?dvd(?:-?[ar])?(?:[ -]?audio)?|dvda"),
    ("Vinyl", r"vinyl|vinyl-?rip|lp-?rip|[0-9]{0,2}x?lp|(?:7|10|12)(?:\"|''|”|-?inch)(?: vinyl)?|vls"),
    ("WEB", r"web(?:[ -](?:flac|mp3|aac|320|v0|24))?|digital(?: (?:media|download|release))?|download|file|web-?rip"),
    ("Cassette", r"cassette|tape|k7|mc"),
    ("DAT", r"dat"),
    ("Soundboard", r"soundboard|sbd"),
    ("CD", r"[0-9]{0,2}x?cd(?:[ -]?r|s|m|da|ep|single)?|(?:enhanced|hd|copy ?control|shm|blu-spec|mini|k2hd)[ -]?cd2?"
           r"|xrcd(?:24|2)?|compact disc|cd-?rip"),
)  # fmt: skip
_MEDIUM = [(name, re.compile(rf"(?:{pattern})", re.I)) for name, pattern in _MEDIA]
# A medium only if the bracket or tag says nothing else.
_ALONE = frozenset(("lp", "mc", "tape", "k7", "dat", "file", "digital", "download"))
_BRACKETED = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_YEAR = re.compile(r"(?<!\d)(19\d\d|20\d\d)(?!\d)")
# Scene: no blank, parts joined by "-", a year and the group at the end. `Artist-Title-CD-FLAC-2001-GRP`
_SCENE = re.compile(r"^[^\s]+-(?:19|20)\d\d-(?P<group>[A-Za-z0-9_]{2,24})$")
_VIDEO_GROUP = re.compile(
    r"(?:x26[45]|h[ ._]?26[45]|hevc|avc|xvid|av1|vp9|remux|web-?dl|webrip|blu-?ray|hdtv|\d{3,4}[pi])"
    r".*-(?P<group>[A-Za-z0-9]{2,24})$", re.I,
)  # fmt: skip
# `Artist - Album (2001)`, `Artist - 2001 - Album`, `[2001] Artist - Album`; a lone year at the start is no artist.
_USUAL = re.compile(
    r"^(?:[(\[](?:19|20)\d\d[)\]]\s*|(?:19|20)\d\d\s+[-–—]\s+)?+(?P<artist>.+?)\s+[-–—]\s+"
    r"(?:(?:19|20)\d\d\s+[-–—]\s+|[(\[](?:19|20)\d\d[)\]]\s*)?(?P<album>.+?)\s*(?=[(\[{]|$)"
)
_TAIL = re.compile(r"[)\]}]\s+[-–—]\s+([^()\[\]{}]+)$")
_PROPER = re.compile(r"(?<![A-Za-z])(?:proper|repack|rerip|real[ ._]proper)(?![A-Za-z])", re.I)


@dataclass(frozen=True)
class Named:
    """What a name says; None where it says nothing."""

    artist: str | None = None
    album: str | None = None
    year: int | None = None  # of this edition or of the original: a name does not tell
    media: str | None = None
    group: str | None = None
    proper: bool = False


def read_name(name: str, kind: str) -> Named:
    """Read the name of content: the folder's, or the file's without its extension."""
    scene = _SCENE.match(name)
    name = name if scene or kind != "music" else _spaced(name)
    parts = _parts(name, bool(scene))
    years = [int(year) for part in parts for year in _YEAR.findall(part)] or [int(y) for y in _YEAR.findall(name)]
    usual = None if scene or kind != "music" else _USUAL.match(name)
    return Named(
        artist=usual["artist"].strip() if usual else None,
        album=usual["album"].strip() if usual else None,
        year=years[0] if len(set(years)) == 1 else None,
        media=medium_in(parts) if kind == "music" else None,
        group=_group(name, scene, kind),
        proper=bool(_PROPER.search(name)) and (scene is not None or kind != "music"),
    )


def _spaced(name: str) -> str:
    """A name whose blanks were written as dots or underscores, with blanks."""
    joint = next((joint for joint in "._" if f"{joint}-{joint}" in name and " " not in name), None)
    return name.replace(joint, " ") if joint else name


def _parts(name: str, scene: bool) -> list[str]:
    """Where a name speaks of the release: in brackets and behind them; in a scene name behind the title."""
    if scene:
        return [part.replace("_", " ").strip("()[]{}") for part in name.split("-")[2:]]
    return [match.group(1) for match in (*_BRACKETED.finditer(name), *_TAIL.finditer(name))]


def _group(name: str, scene: re.Match[str] | None, kind: str) -> str | None:
    found = scene if kind == "music" or scene else _VIDEO_GROUP.search(name)
    return found["group"] if found else None


def medium_in(parts: Iterable[str]) -> str | None:
    """The medium that words of a name or a tag speak of, or None. Several media: None, unless they are one."""
    found = []
    for part in parts:
        whole = medium(part)
        words = [] if whole else [word for word in re.split(r"[\s,+/|]+", part) if word.casefold() not in _ALONE]
        found += [name for name in (whole, *map(medium, words)) if name]
    return found[0] if found and len(set(found)) == 1 else None


def medium(text: str) -> str | None:
    """One medium by any of its usual names: `12" Vinyl`, `Digital Media`, `SHM-CD`. None for another word."""
    text = text.strip()
    return next((name for name, pattern in _MEDIUM if pattern.fullmatch(text)), None)
