"""Words of tags in the trackers' spelling: genres, editions, types of release. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

_GENRE_PARTS = re.compile(r"[;,/|\\]")
_GENRES = {
    "r.and.b": "rhythm.and.blues", "rnb": "rhythm.and.blues", "dnb": "drum.and.bass", "drum.n.bass": "drum.and.bass",
    "drumnbass": "drum.and.bass", "rock.n.roll": "rock.and.roll", "hiphop": "hip.hop", "lofi": "lo.fi",
}  # fmt: skip


def genre_tags(values: Iterable[str]) -> tuple[str, ...]:
    """Genres in the trackers' tag form: `Hip-Hop/Rap` is `hip.hop` and `rap`, `Drum & Bass` is `drum.and.bass`."""
    found: dict[str, None] = {}
    for value in dict.fromkeys(values):
        for part in _GENRE_PARTS.split(value):
            plain = unicodedata.normalize("NFKD", part.strip(" &").casefold().replace("&", " and "))
            letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
            tag = re.sub(r"[^a-z0-9]+", ".", letters.replace("'", "")).strip(".")
            tag = _GENRES.get(tag, tag)
            if len(tag) > 1 and tag not in ("other", "unknown", "none", "genre", "misc", "and"):
                found[tag] = None
    return tuple(found)


_EDITION = re.compile(
    r"\s*(?:[(\[](?P<inner>[^()\[\]]*\b(?:edition|remaster(?:ed)?|deluxe|expanded|anniversary|reissue|re-issue|bonus|"
    r"limited|collector'?s)\b[^()\[\]]*)[)\]])\s*$", re.I,
)  # fmt: skip
_DISC = re.compile(r"\s*[(\[,-]?\s*\b(?:disc|disk|cd)\s*\d+\b[^()\[\]]*[)\]]?\s*$", re.I)


def without_disc(album: str) -> str:
    """An album's title without the disc: `Title (Disc 2)` is `Title`."""
    return _DISC.sub("", album) or album


def without_edition(album: str) -> tuple[str, str | None]:
    """The title and the edition that it names: `Title (Deluxe Edition)` is `Title` and `Deluxe Edition`."""
    found = _EDITION.search(album)
    if found is None or not album[: found.start()].strip():
        return album, None
    return album[: found.start()].strip(), found["inner"].strip()


_TYPES = (
    ("soundtrack", "Soundtrack"), ("dj-mix", "DJ Mix"), ("dj mix", "DJ Mix"), ("mixtape", "Mixtape"),
    ("live", "Live album"), ("remix", "Remix"), ("interview", "Interview"), ("demo", "Demo"), ("bootleg", "Bootleg"),
    ("anthology", "Anthology"), ("sampler", "Sampler"), ("split", "Split"), ("compilation", "Compilation"),
    ("ep", "EP"), ("single", "Single"), ("album", "Album"),
)  # fmt: skip


def release_type(values: Sequence[str], various: bool) -> str | None:
    """The type that tags name; a secondary type such as `live` goes before `album`. None if they name none."""
    words = {word.strip().casefold() for value in values for word in re.split(r"[;,/+]", value)}
    words |= {"mixtape" for word in words if word.startswith("mixtape")}
    words |= {"live" for word in words if word == "live album"}
    found = next((name for word, name in _TYPES if word in words), None)
    return "Anthology" if found == "Compilation" and not various else found


def guessed_type(album: str, seconds: Sequence[float], various: bool) -> str:
    """The type by the title's last word, else by count and length: three short tracks are a single."""
    if re.search(r"\bEP$", album) or re.search(r"\bE\.P\.$", album):
        return "EP"
    if various:
        return "Compilation"
    whole, longest = sum(seconds), max(seconds, default=0.0)
    if len(seconds) <= 3 and longest < 600 and whole < 1800:
        return "Single"
    return "EP" if len(seconds) <= 6 and whole < 1800 else "Album"
