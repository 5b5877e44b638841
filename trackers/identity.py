"""Which title of a data base some content is of: the question, the candidates, and the one that fits or none. Pure.

A wrong number publishes an upload under another title, so a near match is never one: either exactly one candidate has
the very title, year and country, or a person chooses.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Id = int | str  # IMDb's with its tt

# As release names write countries, behind the title of a series that another country has too; by ISO 3166.
COUNTRIES = {"US": "US", "UK": "GB", "GB": "GB", "AU": "AU", "NZ": "NZ", "CA": "CA", "IE": "IE", "ZA": "ZA", "IN": "IN"}
_BEHIND = re.compile(r"(?:S\d{1,4}(?:E\d+)*|(?:19|20)\d\d|\d{1,2}x\d+)\Z", re.I)  # what follows a country in a name
_HUNG = re.compile(r"(.*\S)\s*\((?:(\d{4})|([A-Z]{2}))\)\Z")  # `Title (2019)`, `Title (US)`, as data bases tell apart
_LETTERS = str.maketrans({
    "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "&": " and ",
    "'": "", "’": "", "‘": "", "`": "", "´": "", "ʼ": "", "′": "",
})  # fmt: skip
YEARS = 1900  # a season numbered so is a year, and counts no seasons
MOST = 8  # candidates that are shown


@dataclass(frozen=True)
class Question:
    """What is known of content whose numbers are wanted."""

    kind: str  # tv movie
    title: str = ""
    year: int | None = None
    country: str | None = None  # ISO 3166, where the name has one
    season: int | None = None
    ids: Mapping[str, Id] = field(default_factory=dict)  # numbers that are known, by data base
    infohash: str = ""  # of the torrent that it came by


@dataclass(frozen=True)
class Candidate:
    """One title of a data base."""

    base: str  # the data base whose number it has
    id: Id
    title: str
    names: tuple[str, ...] = ()  # under which it is known as well
    year: int | None = None  # of its release; of a series: of its first episode
    countries: tuple[str, ...] = ()  # ISO 3166
    link: str = ""

    def __str__(self) -> str:
        return f"{self.title} ({self.year or 'no year'}) {self.base} {self.id} {self.link}".strip()


@dataclass(frozen=True)
class Said:
    """What a service answered: numbers, or the titles that may be meant, or neither. `several`: more than one fits."""

    ids: Mapping[str, Id] = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()
    several: bool = False


def normalised(title: str) -> str:
    """A title as it is compared: case, accents, apostrophes and signs aside; `S.H.I.E.L.D.` is one word."""
    plain = unicodedata.normalize("NFKD", title.translate(_LETTERS)).casefold().translate(_LETTERS)
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not "\u0300" <= c <= "\u036f")
    words = re.split(r"[\W_]+", unicodedata.normalize("NFC", plain))
    joined, run = [], ""
    for word in [word for word in words if word]:
        if len(word) == 1:
            run += word
            continue
        joined += [run, word] if run else [word]
        run = ""
    return " ".join([*joined, run] if run else joined)


def asked(
    kind: str,
    name: str,
    title: str | None,
    year: int | None,
    *,
    season: int | None = None,
    ids: Mapping[str, Id] | None = None,
    infohash: str = "",
) -> Question:
    """The question for content called `name` (of its file or folder), with what its facts say."""
    known, country = title or "", None
    if kind == "tv":
        known, country = _country(name, known)
    return Question(kind, known, year, country, season, ids or {}, infohash)


def _country(name: str, title: str) -> tuple[str, str | None]:
    """(title without it, country) of a series' name that has one behind its title: `Harbour.Office.US.S01E02`."""
    first, _, last = title.rpartition(" ")
    if first and last in COUNTRIES:
        return first, COUNTRIES[last]
    words, own = re.split(r"[^\w]+|_", name), [word for word in re.split(r"[^\w]+|_", title) if word]
    behind = words[len(own) : len(own) + 2]
    begins = [word.casefold() for word in words[: len(own)]] == [word.casefold() for word in own]
    if own and begins and len(behind) == 2 and behind[0] in COUNTRIES and _BEHIND.match(behind[1]):
        return title, COUNTRIES[behind[0]]
    return title, None


def fits(question: Question, candidate: Candidate) -> bool:
    """Whether a candidate has the very title, and year and country as far as the content names them; a film without a
    year is never told by its title alone."""
    wanted = normalised(question.title)
    for name in (candidate.title, *candidate.names):
        hung = _HUNG.match(name)
        same = wanted in ([normalised(name), normalised(hung[1])] if hung else [normalised(name)])
        if wanted and same and _agrees(question, candidate, hung):
            return True
    return False


def _agrees(question: Question, candidate: Candidate, hung: re.Match[str] | None) -> bool:
    year = candidate.year or (int(hung[2]) if hung and hung[2] else None)
    countries = {*candidate.countries, *([COUNTRIES.get(hung[3], hung[3])] if hung and hung[3] else [])}
    if question.kind == "movie" or question.year is not None:
        return question.year is not None and question.year == year and _from(question.country, countries)
    return _from(question.country, countries)


def _from(country: str | None, countries: Iterable[str]) -> bool:
    return country is None or country in countries


def choose(question: Question, candidates: Sequence[Candidate], *, whole: bool = True) -> Candidate | Said:
    """The one that fits; else what a person chooses from. `whole`: all there are were seen."""
    each = {(one.base, one.id): one for one in candidates}
    fitting = [one for one in each.values() if fits(question, one)]
    if len(fitting) == 1 and whole:
        return fitting[0]
    shown = [*fitting, *(one for one in each.values() if one not in fitting)] if len(fitting) < 2 else fitting
    return Said(candidates=tuple(shown[:MOST]), several=len(fitting) > 1)


def contradicted(known: Mapping[str, Id], said: Mapping[str, Id]) -> tuple[str, ...]:
    """The data bases whose numbers differ between two that should be of one title."""
    return tuple(base for base in said if base in known and known[base] != said[base])


def number(base: str, value: object) -> Id | None:
    """A number as services write it, as this program does: IMDb's with tt and seven digits at least; 0 is none."""
    text = str(value).strip().lower() if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    digits = text.removeprefix("tt") if base == "imdb" else text
    if not (digits.isascii() and digits.isdecimal()) or not 0 < int(digits) < 10**10:
        return None
    return f"tt{digits:0>7}" if base == "imdb" else int(digits)


def numbers(pairs: Mapping[str, object]) -> dict[str, Id]:
    """Those of `pairs` that are numbers."""
    return {base: found for base, value in pairs.items() if (found := number(base, value)) is not None}
