"""The group's part of a form: artists with their roles, title, year, release type, tags. Pure."""

from __future__ import annotations

import re

from trackers.catalogue import SiteType
from trackers.content import Credit, Music
from trackers.gazelle.dialect import Dialect
from trackers.gazelle.fold import folded
from trackers.sheet import Sheet

LONGEST_TITLE = 200  # bytes; also of all tags together
LONGEST_ARTIST = 200  # characters
SPLIT = "Split"
_VARIOUS = ("various artists", "various", "va")


def fill(sheet: Sheet, music: Music, site: SiteType, dialect: Dialect) -> int | None:
    """Put the group's fields; returns the year that stands in the form."""
    _artists(sheet, music, dialect)
    _title(sheet, music)
    year = _year(sheet, music)
    sheet.put("year", year)
    _release_type(sheet, music, site, dialect)
    if (group := sheet.number("groupid")) is not None:
        sheet.put("groupid", group)
    return year


def joins(sheet: Sheet) -> bool:
    """Whether the torrent goes into a group that stands: its artists, type, tags and cover are the site's then."""
    return sheet.text("groupid") is not None


def _artists(sheet: Sheet, music: Music, dialect: Dialect) -> None:
    credits = _credits(sheet, music)
    for credit in credits:
        number = dialect.roles.get(credit.role)
        if number is None:
            sheet.note(f"{credit.name} is left out: {sheet.name} has no role {credit.role}")
            continue
        if len(credit.name) > LONGEST_ARTIST:
            sheet.problem("music.artists", f"an artist's name is longer than {LONGEST_ARTIST} characters: shorten it")
        sheet.put("artists[]", credit.name)
        sheet.put("importance[]", number)
    if not any(credit.role == "main" for credit in credits):
        sheet.problem("music.artists", "no main artist is known: mend the tags, or set music.artists")


def _credits(sheet: Sheet, music: Music) -> list[Credit]:
    """Each name once in each role. Various Artists is no artist there: the tracks' artists stand for it."""
    credits = dict.fromkeys(Credit(" ".join(one.name.split()), one.role) for one in music.credits if one.name.split())
    kept = [one for one in credits if one.role != "main" or one.name.casefold() not in _VARIOUS]
    if any(one.role == "main" for one in kept) or not music.various:
        return kept
    names = dict.fromkeys(" ".join(track.artist.split()) for track in music.tracks if track.artist.split())
    if names:
        sheet.note(f"the main artists are those of the tracks, {len(names)} in all")
    return [*(Credit(name) for name in names), *kept]


def _title(sheet: Sheet, music: Music) -> None:
    title = " ".join((sheet.text("title") or music.album or "").split())
    if not title:
        sheet.problem("music.album", "the album's title is not known: mend the tags, or set music.album")
    if len(title.encode(errors="replace")) > LONGEST_TITLE:
        sheet.problem("music.album", f"the title is longer than {LONGEST_TITLE} bytes: set title to a shorter one")
    sheet.put("title", title)


def _year(sheet: Sheet, music: Music) -> int | None:
    year = sheet.number("year") or music.year
    if year is None and music.edition.year is not None:
        year = music.edition.year
        sheet.note(f"the year of the first release is not known: {year}, this edition's, stands for it")
    if year is None:
        sheet.problem("music.year", "the year of the first release is not known: set music.year")
    elif not 1000 <= year <= 9999:
        sheet.problem("music.year", f"{year} is no year: set music.year")
    return year


def _release_type(sheet: Sheet, music: Music, site: SiteType, dialect: Dialect) -> None:
    word = sheet.text("releasetype") or music.release_type
    if word is None:
        if not joins(sheet):
            sheet.problem(
                "music.release_type", f"the release type is not known: set music.release_type, {_one_of(site)}"
            )
        return
    known = dialect.release_type(word)
    if known is None:
        sheet.problem(
            "music.release_type", f"{sheet.name} has no release type {word}: set releasetype, {_one_of(site)}"
        )
        return
    if known != SPLIT and SPLIT in dialect.release_types and _shared(music):
        sheet.note(f"each track is by one of the main artists: if this is a split, set releasetype to {SPLIT}")
    sheet.put("releasetype", dialect.release_types[known])


def _shared(music: Music) -> bool:
    """Whether several main artists have tracks of their own, and no others are on it."""
    main = {folded(one.name) for one in music.credits if one.role == "main"}
    return len(main) > 1 and {folded(track.artist) for track in music.tracks} == main


def _one_of(site: SiteType) -> str:
    return "one of " + ", ".join(site.vocabulary["releasetype"])


def tag(word: str) -> str:
    """A tag as the site stores it: lower case, dots for spaces and hyphens, nothing else but letters and digits."""
    dotted = re.sub(r"[\s_-]+", ".", word.strip().lower())
    return re.sub(r"\.{2,}", ".", re.sub(r"[^a-z0-9.]", "", dotted)).strip(".")


def tags(sheet: Sheet, music: Music) -> None:
    """Put the tags. A new group needs one; what doesn't fit into 200 characters is left out, last ones first."""
    words = [word for word in dict.fromkeys(map(tag, sheet.listed("tags", music.genre))) if word]
    while len(",".join(words)) > LONGEST_TITLE:
        sheet.note(f"tag {words.pop()} is left out: {sheet.name} takes {LONGEST_TITLE} characters of tags")
    text = ",".join(words)
    if len(text) < 2 and not joins(sheet):
        sheet.problem("tags", "no genre is known: tag the files with one, or set tags")
    sheet.put("tags", text)
