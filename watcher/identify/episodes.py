"""Which episode a file of a season is, by its name alone: what names of one file say without a word about the rest."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SEASON_EPISODE = re.compile(
    r"(?<![a-z0-9])s(?P<season>\d{1,4})[ ._-]?e(?P<first>\d{1,4})"
    r"(?P<more>(?:[ ._]?-?[ ._]?e\d{1,4}|-\d{1,3}(?!\d|[ip]))*)(?!\d)", re.I,
)  # fmt: skip
_CROSS = re.compile(r"(?<![a-z0-9])(?P<season>\d{1,2})x(?P<first>\d{2,3})(?P<more>(?:-\d{2,3})?)(?!\d)", re.I)
_DATE = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)[ ._-](?P<month>0[1-9]|1[0-2])[ ._-](?P<day>[0-3]\d)(?!\d)")
_ALONE = re.compile(r"(?<![a-z0-9])e\d{2,3}(?![a-z0-9])", re.I)  # `Title.E07.720p`
_WORD = re.compile(r"(?<![a-z])(?:e|ep|episode|folge)[ ._-]?(?P<first>\d{1,4})(?!\d)", re.I)
_FANSUB = re.compile(r"^\[[^\]]+\].+? - (?P<first>\d{1,4})(?:v\d)?(?=\s*(?:$|[\[(.]))")
_LEADING = re.compile(r"^(?P<first>\d{1,3})(?:[ ._-]+\D|$)")
_SEASON_FOLDER = re.compile(r"(?:^|[ ._-])(?:season|series|staffel|s)[ ._-]?(?P<season>\d{1,4})(?:$|[ ._-])", re.I)


@dataclass(frozen=True)
class Place:
    """Where in its series a file stands."""

    season: int | None
    episodes: tuple[int, ...]
    date: str | None = None  # YYYY-MM-DD


def says_episode(path: str) -> bool:
    """Whether a file's name says by itself that it is an episode: `S01E02`, `1x02`, a date, `[Group] Title - 07`."""
    stem = _stem(path)
    return any(pattern.search(stem) for pattern in (_SEASON_EPISODE, _CROSS, _DATE, _FANSUB, _ALONE))


@functools.lru_cache(4096)
def numbered(path: str) -> Place | None:
    """Season and episodes of one file of several; a bare number counts as well. None if it has none."""
    stem = _stem(path)
    folder = _SEASON_FOLDER.search(path.rpartition("/")[0].rsplit("/", 1)[-1])
    season = int(folder["season"]) if folder else None
    for pattern in (_SEASON_EPISODE, _CROSS):
        if found := pattern.search(stem):
            return Place(int(found["season"]), _through(int(found["first"]), found["more"]))
    if found := _DATE.search(stem):
        return Place(None, (), f"{found['year']}-{found['month']}-{found['day']}")
    for pattern in (_FANSUB, _WORD, _LEADING):
        if found := pattern.search(stem):
            return Place(season, (int(found["first"]),))
    return None


def disagreements(season: int | None, episodes: Sequence[int], places: Sequence[Place]) -> Iterator[str]:
    """Where the content's own name and the names of its files (`places`) tell of other episodes, and where the files
    are of several seasons. A bare number in a file's name may count on through all seasons: it contradicts nothing."""
    sure = [place for place in places if place.season is not None]
    seasons = sorted({place.season for place in sure if place.season is not None})
    numbers = sorted({number for place in sure for number in place.episodes})
    if len(seasons) > 1:
        yield f"several seasons: {', '.join(map(str, seasons))}"
    elif season is not None and seasons and seasons != [season]:
        yield f"season differs: name {season}, files {seasons[0]}"
    elif episodes and numbers and list(episodes) != numbers:
        yield f"episodes differ: name {_listed(episodes)}, files {_listed(numbers)}"


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:10])) + (" …" if len(numbers) > 10 else "")


def _through(first: int, more: str) -> tuple[int, ...]:
    """`E01E02` is both, `E01-E04` is all four."""
    others = [int(number) for number in re.findall(r"\d+", more)]
    if not others:
        return (first,)
    if "-" in more and first < others[-1] <= first + 60:
        return tuple(range(first, others[-1] + 1))
    return tuple(sorted({first, *others}))


def _stem(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    return name.rpartition(".")[0] or name
