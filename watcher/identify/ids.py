"""Numbers of a title at the data bases: in a folder's name, in an NFO's links, in the container's tags. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_IN_NAME = re.compile(
    r"[{\[(](?P<base>tmdb|imdb|tvdb|tvmaze|mal)(?:id)?[-=: ](?P<id>tt\d{7,10}|\d{1,9})[}\])]", re.I
)  # `{tmdb-123}`, `[tvdbid-123]`: as Plex, Jellyfin and the programs that feed them write it
_BARE_IMDB = re.compile(r"[{\[(](?P<id>tt\d{7,10})[}\])]")
_LINKS = (
    ("imdb", re.compile(r"imdb\.com/(?:[a-z]{2}/)?title/(tt\d{7,10})", re.I)),
    ("tmdb", re.compile(r"themoviedb\.org/(?:movie|tv)/(\d{1,9})", re.I)),
    ("tvdb", re.compile(r"thetvdb\.com/\S*?(?:[?&](?:series)?id=|dereferrer/series/|/series/)(\d{1,9})\b", re.I)),
    ("tvmaze", re.compile(r"tvmaze\.com/shows/(\d{1,9})", re.I)),
    ("mal", re.compile(r"myanimelist\.net/anime/(\d{1,9})", re.I)),
)
_TAGS = {"imdb": ("IMDB",), "tmdb": ("TMDB",), "tvdb": ("TVDB2", "TVDB"), "tvmaze": ("TVMAZE",), "mal": ("MAL",)}
BASES = tuple(_TAGS)

Id = int | str


def ids_in_name(name: str) -> dict[str, Id]:
    """Of names such as `Title (1999) {tmdb-603}`. A data base that is named with two numbers is left out."""
    pairs = [(found["base"].lower(), found["id"]) for found in _IN_NAME.finditer(name)]
    return _single([*pairs, *(("imdb", found["id"]) for found in _BARE_IMDB.finditer(name))])


def ids_in_text(text: str) -> dict[str, Id]:
    """Of the links in an NFO. One that links to two titles of a data base tells neither."""
    return _single((base, number) for base, link in _LINKS for number in link.findall(text))


def ids_in_tags(tags: Mapping[str, str]) -> dict[str, Id]:
    """Of a container's tags, under Matroska's official names: `IMDB` tt0133093, `TMDB` movie/603, `TVDB2` series/1."""
    upper = {key.removeprefix("extra.").upper(): value for key, value in tags.items()}
    said = ((base, next((upper[name] for name in names if name in upper), "")) for base, names in _TAGS.items())
    return _single((base, value.rpartition("/")[2].strip()) for base, value in said)


def _single(pairs: Iterable[tuple[str, str]]) -> dict[str, Id]:
    found: dict[str, set[Id]] = {}
    for base, text in pairs:
        number = _number(base, text.lower())
        if number is not None:
            found.setdefault(base, set()).add(number)
    return {base: numbers.pop() for base, numbers in found.items() if len(numbers) == 1}


def _number(base: str, text: str) -> Id | None:
    if base == "imdb":
        digits = text.removeprefix("tt")
        return f"tt{digits:0>7}" if digits.isdecimal() and 0 < int(digits) < 10**10 else None
    return int(text) if text.isdecimal() and len(text) < 10 and int(text) else None
