"""The name that a site shows for an upload, from a template with slots and optional parts. Pure; no markup.

`{tv.season:02}` is a fact, `[ … ]` a part that is left out where one of its slots has nothing; doubled braces and
brackets are themselves.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from trackers.content import Content, Movie, Tv, Video

_SLOT = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{([^{}\[\]]*)\}|[{}\[\]]")
_WIDTH = re.compile(r"0[1-9]", re.ASCII)
_VIDEO, _TV, _MOVIE = Video(), Tv(), Movie()


def _video(content: Content) -> Video:
    return content.video or _VIDEO


def _tv(content: Content) -> Tv:
    return _video(content).tv or _TV


def _movie(content: Content) -> Movie:
    return _video(content).movie or _MOVIE


def release_name(content: Content) -> str:
    """The content's name, of a single file without its ending."""
    return PurePosixPath(content.name).stem if content.single else content.name


def _sound(video: Video) -> str:
    """Format and channels of the first track, as people write them: `DDP 5.1`, `TrueHD 7.1 Atmos`."""
    format, atmos, _ = next(iter(video.audio), "").partition(" Atmos")
    return " ".join(filter(None, (format, video.channels if format else "", atmos.strip())))


# Slot -> what stands there: a text, a number, several of them; nothing if it is None or empty.
_SLOTS: Mapping[str, Callable[[Content], object]] = {
    "name": release_name,
    "group": lambda one: one.group,
    "proper": lambda one: "PROPER" if one.proper else None,
    "title": lambda one: _tv(one).title or _movie(one).title,
    "year": lambda one: _tv(one).year or _movie(one).year,
    "tv.title": lambda one: _tv(one).title,
    "tv.year": lambda one: _tv(one).year,
    "tv.season": lambda one: _tv(one).season,
    "tv.episode": lambda one: () if _tv(one).pack else _tv(one).episodes,
    "tv.date": lambda one: _tv(one).date,
    "tv.episode_title": lambda one: _tv(one).episode_title,
    "movie.title": lambda one: _movie(one).title,
    "movie.year": lambda one: _movie(one).year,
    "movie.edition": lambda one: _movie(one).edition,
    "video.kind": lambda one: _video(one).kind,
    "video.resolution": lambda one: _video(one).resolution,
    "video.source": lambda one: _video(one).source,
    "video.service": lambda one: _video(one).service,
    "video.codec": lambda one: _video(one).codec,
    "video.encoder": lambda one: _video(one).encoder,
    "video.hdr": lambda one: " ".join(_video(one).hdr),
    "video.audio": lambda one: next(iter(_video(one).audio), None),
    "video.sound": lambda one: _sound(_video(one)),
    "video.channels": lambda one: _video(one).channels,
    "video.languages": lambda one: " ".join(_video(one).languages),
    "video.container": lambda one: _video(one).container,
}  # fmt: skip
SLOTS = tuple(_SLOTS)


def check_title(template: str) -> str:
    """The template itself. Raises ValueError that names what is wrong, and the nearest slot."""
    inside = False
    for found in _SLOT.finditer(template):
        if found[1] is not None:
            _check_slot(found[1])
        elif found[0] in ("{", "}"):
            raise ValueError(f"a brace that stands alone; for the character itself write {found[0] * 2}")
        elif found[0] in ("[", "]"):
            if (found[0] == "[") is inside:
                raise ValueError("an optional part [ … ] holds no other and must end; for a bracket itself write [[")
            inside = not inside
    if inside:
        raise ValueError("an optional part [ … ] does not end; for a bracket itself write [[")
    return template


def _check_slot(text: str) -> None:
    name, colon, width = text.partition(":")
    if name not in _SLOTS:
        near = difflib.get_close_matches(name, SLOTS, n=1)
        hint = f", did you mean {{{near[0]}}}?" if near else f" (have: {', '.join(SLOTS)})"
        raise ValueError(f"there is no slot {{{name[:40]}}}{hint}")
    if colon and not _WIDTH.fullmatch(width):
        raise ValueError(f"after the colon stands a width, as in {{tv.season:02}}, not {width[:10]!r}")


def render_title(template: str, content: Content) -> tuple[str, tuple[str, ...]]:
    """(the name, slots outside optional parts that have nothing) of a checked template."""
    texts, missing = [], list[str]()
    for optional, pieces in _parts(template):
        shown = [piece if isinstance(piece, str) else _shown(*piece, content) for piece in pieces]
        empty = [piece[0] for piece, text in zip(pieces, shown, strict=True) if not isinstance(piece, str) and not text]
        if not (optional and empty):
            texts += shown
            missing += empty
    return " ".join("".join(texts).split()), tuple(missing)


_Piece = str | tuple[str, int]  # text, or a slot with its width


def _parts(template: str) -> Iterator[tuple[bool, list[_Piece]]]:
    """The template's parts in turn: whether each is optional, and its pieces."""
    optional, pieces, at = False, list[_Piece](), 0
    for found in _SLOT.finditer(template):
        pieces.append(template[at : found.start()])
        at = found.end()
        if found[0] in ("[", "]"):
            yield optional, pieces
            optional, pieces = found[0] == "[", []
        elif found[1] is None:
            pieces.append(found[0][0])
        else:
            name, _, width = found[1].partition(":")
            pieces.append((name, int(width or 0)))
    yield optional, [*pieces, template[at:]]


def _shown(name: str, width: int, content: Content) -> str:
    """A slot's text; the episodes of one file as `01E02`, to stand behind an E."""
    value = _SLOTS[name](content)
    if isinstance(value, tuple):
        return "E".join(str(one).zfill(width) for one in value)
    return "" if value is None else str(value).zfill(width)
