"""Who made an album, and in which role, from the tags of its tracks. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence

from trackers.content import Credit
from watcher.identify.audio import Audio

VARIOUS = "Various Artists"
_VARIOUS_NAMES = {"various artists", "various", "va", "v.a.", "v/a", "v. a."}
_VARIOUS_ID = "89ad4ac3-39f7-470e-963a-56509c546377"  # MusicBrainz's artist of that name
# "&", "," and "and" are parts of too many names to part any.
_BETWEEN = re.compile(r"\s*(?:;|\\\\|\x00|\s/\s)\s*")
_FEATURING = re.compile(r"\s*[(\[]?\s*\b(?:feat(?:uring)?|ft)\b\.?\s+(?P<names>[^)\]]+)[)\]]?\s*", re.I)
_JOINED = re.compile(
    r"^\s*(?:&|,|\+|x|vs\.?|with|and|und|et|y|/)\s+|\s+(?:&|,|\+|x|vs\.?|with|and|und|et|y|/)\s*$", re.I
)
_GUESTS = re.compile(r"\s*(?:;|,|&|\band\b|\+|\s/\s)\s*", re.I)
_ROLES = (
    ("REMIXER", "remixer"),
    ("CONDUCTOR", "conductor"),
    ("DJMIXER", "dj"),
    ("PRODUCER", "producer"),
    ("ARRANGER", "arranger"),
)
# Where a composer is a credit of the release; elsewhere taggers list every songwriter there.
_COMPOSED = re.compile(
    r"classical|baroque|opera|chamber|symphon|orchestra|choral|medieval|renaissance|score|soundtrack"
)


def is_various(tracks: Sequence[Audio]) -> bool:
    """Whether no artist owns the album: its tags say so, or nearly every track is somebody else's."""
    owners = {name.casefold() for track in tracks for name in _owners(track)}
    if owners & _VARIOUS_NAMES or any(
        _VARIOUS_ID in track.tags.get("MUSICBRAINZ_ALBUMARTISTID", ()) for track in tracks
    ):
        return True
    if owners:
        return False
    artists = [names for track in tracks if (names := tuple(_mains(track)))]
    different = len(set(artists))
    flagged = any(track.first("COMPILATION") == "1" for track in tracks)
    return different > 1 and (flagged or (len(artists) > 2 and different * 3 > len(artists) * 2))


def credits_of(tracks: Sequence[Audio], genres: Sequence[str], *, various: bool) -> tuple[Credit, ...]:
    """Everybody once a role, main artists first, in the order of the tracks. Empty if no tag names anybody."""
    mains = _unique(
        name for track in tracks for name in (_mains(track) if various else _owners(track) or _mains(track))
    )
    found = [Credit(name) for name in mains]
    if not various:
        found += [Credit(name, "guest") for track in tracks for name in _others(track, mains)]
    found += [Credit(name, "guest") for track in tracks for name in _featured(track)]
    said = {tag for track in tracks for tag in track.tags}
    for tag, role in _ROLES:
        if tag in said:
            found += [Credit(name, role) for track in tracks for name in _split(track.tags.get(tag, ()))]
    if not mains or any(_COMPOSED.search(genre) for genre in genres):
        found += [Credit(name, "composer") for track in tracks for name in _split(track.tags.get("COMPOSER", ()))]
    return _without_doubles(found)


def display(names: Sequence[str], various: bool) -> str | None:
    """The artist as one text: `A`, `A & B`, `Various Artists`; None if there is none."""
    if various:
        return VARIOUS
    if len(names) < 2:
        return names[0] if names else None
    return ", ".join(names[:-1]) + " & " + names[-1]


def _owners(track: Audio) -> list[str]:
    """The artists that the album as a whole is by."""
    return _plain(track.tags.get("ALBUMARTISTS") or track.tags.get("ALBUMARTIST", ()))


def _mains(track: Audio) -> list[str]:
    """The artists of one track, guests left out."""
    values = track.tags.get("ARTIST", ())
    if "ARTISTS" in track.tags:
        before = " ".join(_plain(values)).casefold()
        behind = " ".join(_featured_texts(values)).casefold()
        names = _split(track.tags["ARTISTS"])
        return [name for name in names if name.casefold() in before or name.casefold() not in behind]
    return _plain(values)


def _plain(values: Iterable[str]) -> list[str]:
    return [name for value in values for name in _named(value, plain=True)]


def _split(values: Iterable[str]) -> list[str]:
    return [name for value in values for name in _named(value)]


@functools.lru_cache(4096)  # an album says the same of every track
def _named(value: str, *, plain: bool = False) -> tuple[str, ...]:
    text = _FEATURING.sub("", value) if plain else value
    return tuple(name.strip() for name in _BETWEEN.split(text) if name.strip())


def _featured(track: Audio) -> Iterator[str]:
    """Guests by "feat." in the artist's or the title's tag; of names that ARTISTS spells whole, those."""
    known = _split(track.tags.get("ARTISTS", ()))
    for text in _featured_texts((*track.tags.get("ARTIST", ()), *track.tags.get("TITLE", ()))):
        whole = [name for name in known if name.casefold() in text.casefold()]
        yield from whole or _parted(text)


def _featured_texts(values: Iterable[str]) -> list[str]:
    return [names for value in values for names in _behind_feat(value)]


@functools.lru_cache(4096)
def _behind_feat(value: str) -> tuple[str, ...]:
    return tuple(match["names"] for match in _FEATURING.finditer(value))


def _parted(text: str) -> list[str]:
    return [name.strip() for name in _GUESTS.split(text) if name.strip()]


def _others(track: Audio, mains: Sequence[str]) -> Iterator[str]:
    """Artists of a track beside the album's own: guests on it."""
    known = {name.casefold() for name in mains}
    for name in _mains(track):
        if name.casefold() not in known:
            rest = _beside(name, mains)
            if rest:
                yield rest


def _beside(name: str, mains: Sequence[str]) -> str:
    """What is left of `A & B` if the album is A's; the whole if nothing in it is the album's."""
    for main in mains:
        for end in (name[len(main) :] if name.casefold().startswith(main.casefold()) else "",
                    name[: -len(main)] if name.casefold().endswith(main.casefold()) else ""):  # fmt: skip
            rest = _JOINED.sub("", end)
            if end and rest != end:
                return rest.strip()
    return name


def _unique(names: Iterable[str]) -> list[str]:
    return list({name.casefold(): name for name in reversed(list(names))}.values())[::-1]


def _without_doubles(found: Iterable[Credit]) -> tuple[Credit, ...]:
    """Nobody twice in one role, and nobody a guest who is a main artist too."""
    kept: dict[tuple[str, str], Credit] = {}
    for credit in found:
        name = credit.name.casefold()
        if credit.role != "guest" or (name, "main") not in kept:
            kept.setdefault((name, credit.role), credit)
    return tuple(kept.values())
