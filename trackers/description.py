"""The texts of a form, in BBCode, from a template: track list, technical line, lineage, MediaInfo. Pure.

What the template's author wrote is markup. Everything from outside (tags, names, files) is escaped.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby

from trackers.content import Content, Credit, Movie, Music, Track, Tv, Video

ALBUM = "{tracklist}"  # of a group
RELEASE = "{technical}\n\n[hide=Lineage]{lineage}[/hide]"  # of a torrent of music
VIDEO = "{technical}\n\n{mediainfo}"
TOLD = ("Vinyl", "SACD", "Cassette", "DAT", "Soundboard")  # media whose way to the file people want told


@dataclass(frozen=True)
class Markup:
    """How a site's BBCode keeps text from being read as markup. `plain`: the tag for a line, None where it has none;
    `raw`: the tag for a block."""

    plain: str | None = "plain"
    raw: str = "pre"

    def line(self, text: str) -> str:
        """Text from outside as one line that no parser reads anything into."""
        line = " ".join(visible(text).split())
        if "[" not in line:
            return line
        if self.plain is None:
            return line.replace("[", "[\u200b")  # a blank of no width: no tag begins there
        return f"[{self.plain}]{_unclosed(line, self.plain)}[/{self.plain}]"

    def block(self, text: str) -> str:
        """Text from outside with its lines as they are; empty if there is none."""
        lines = ["".join(c if c.isprintable() else " " for c in line).rstrip() for line in text.splitlines()]
        whole = "\n".join(lines).strip("\n")
        return f"[{self.raw}]{_unclosed(whole, self.raw)}[/{self.raw}]" if whole else ""


GAZELLE = Markup()

# What moves a cursor, starts an escape sequence, or turns or hides text. Joiners stay: Persian and emoji need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Text from outside without what nobody sees; a blank where it was. Line ends stay, as `\\n`."""
    return _UNSEEN.sub(" ", text.replace("\r\n", "\n"))


def _unclosed(text: str, tag: str) -> str:
    return re.sub(rf"\[\s*/\s*{tag}\s*\]", f"(/{tag})", text, flags=re.IGNORECASE)


def length(seconds: float) -> str:
    """`3:45`, or `1:02:03` from an hour on."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def tracklist(music: Music, markup: Markup = GAZELLE) -> str:
    """The tracks with their lengths, by disc. Empty if no track is known."""
    if not music.tracks:
        return ""
    ordered = sorted(music.tracks, key=lambda track: (track.disc, track.number))
    discs = {track.disc for track in ordered}
    lines = ["[b]Tracklist[/b]"]
    for disc, tracks in groupby(ordered, key=lambda track: track.disc):
        if len(discs) > 1:
            lines += ["", f"[b]Disc {disc}[/b]"]
        lines += (_line(track, music.various, markup) for track in tracks)
    total = sum(track.seconds for track in ordered)
    return "\n".join([*lines, "", f"[b]Total length:[/b] {length(total)}"])


def _line(track: Track, various: bool, markup: Markup) -> str:
    title = markup.line(track.title)
    if various and track.artist:
        title = f"{markup.line(track.artist)} – {title}"
    return f"[b]{track.number}.[/b] {title} [i]({length(track.seconds)})[/i]"


def technical(content: Content) -> str:
    """What was measured in the files, in one line. It names no other site: that is the user's to tell."""
    if content.video is not None:
        return _of_video(content.video)
    return _of_music(content.music) if content.music is not None else ""


def _of_music(music: Music) -> str:
    parts = [
        " ".join(part for part in (music.format, _encoding(music)) if part),
        f"{music.bit_depth} bit" if music.bit_depth else "",
        f"{music.sample_rate / 1000:g} kHz" if music.sample_rate else "",
        music.media or "",
    ]
    extra = " and ".join(word for word, there in (("log", music.has_log), ("cue", music.has_cue)) if there)
    return " / ".join([*filter(None, parts), *([f"with {extra}"] if extra else [])])


def _encoding(music: Music) -> str:
    """Lossless says itself; a figure alone would not."""
    encoding = music.encoding or ""
    return "" if "Lossless" in encoding else f"{encoding} kbit/s" if encoding.isdigit() else encoding


def _of_video(video: Video) -> str:
    sound = " ".join(part for part in (video.audio[0] if video.audio else "", video.channels) if part)
    parts = [
        " ".join(part for part in (video.resolution, video.source) if part),
        " ".join(part for part in (video.codec, *video.hdr) if part),
        sound,
        ", ".join(video.languages),
        length(video.seconds) if video.seconds else "",
        video.container or "",
    ]
    return " / ".join(filter(None, parts))


def _artists(music: Music) -> str:
    mains = [credit.name for credit in music.credits if credit.role == Credit("").role]
    return "Various Artists" if music.various else ", ".join(mains)


def _whole(numbers: tuple[int, ...]) -> str:
    return "-".join(map(str, numbers))


_MUSIC, _VIDEO, _TV, _MOVIE = Music(), Video(), Tv(), Movie()


@dataclass(frozen=True)
class _Parts:
    """A content's parts, empty ones where it has none."""

    content: Content

    @property
    def music(self) -> Music:
        return self.content.music or _MUSIC

    @property
    def video(self) -> Video:
        return self.content.video or _VIDEO

    @property
    def tv(self) -> Tv:
        return self.video.tv or _TV

    @property
    def movie(self) -> Movie:
        return self.video.movie or _MOVIE


# Slot -> its text, which is escaped as a line.
_LINES: Mapping[str, Callable[[_Parts], object]] = {
    "name": lambda its: its.content.name,
    "group": lambda its: its.content.group,
    "technical": lambda its: technical(its.content),
    "artist": lambda its: _artists(its.music),
    "album": lambda its: its.music.album,
    "year": lambda its: its.music.year or its.music.edition.year or its.movie.year,
    "edition": lambda its: its.music.edition.title or its.movie.edition,
    "label": lambda its: its.music.edition.label or its.music.label,
    "catalogue": lambda its: its.music.edition.catalogue or its.music.catalogue,
    "genre": lambda its: ", ".join(its.music.genre),
    "format": lambda its: its.music.format,
    "encoding": lambda its: its.music.encoding,
    "media": lambda its: its.music.media,
    "title": lambda its: its.tv.title or its.movie.title,
    "season": lambda its: its.tv.season,
    "episode": lambda its: _whole(its.tv.episodes),
    "date": lambda its: its.tv.date,
    "resolution": lambda its: its.video.resolution,
    "source": lambda its: its.video.source,
    "codec": lambda its: its.video.codec,
    "audio": lambda its: ", ".join(its.video.audio),
    "languages": lambda its: ", ".join(its.video.languages),
    "subtitles": lambda its: ", ".join(its.video.subtitles),
    "imdb": lambda its: its.content.ids.imdb,
    "tmdb": lambda its: its.content.ids.tmdb,
    "tvdb": lambda its: its.content.ids.tvdb,
}
# Slot -> its lines, escaped.
_BLOCKS: Mapping[str, Callable[[_Parts, Markup], str]] = {
    "tracklist": lambda its, markup: tracklist(its.music, markup),
    "lineage": lambda its, markup: markup.block(its.music.lineage or "") if its.music.media in TOLD else "",
    "mediainfo": lambda its, markup: markup.block(its.video.mediainfo or ""),
}
SLOTS = (*_BLOCKS, *_LINES)
_SLOT = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def check(template: str) -> str:
    """The template itself. Raises ValueError that names what is no slot, and the nearest one."""
    for found in _SLOT.finditer(template):
        if found[0] in ("{{", "}}"):
            continue
        if found[1] is None:
            raise ValueError(f"a brace that stands alone; for the character itself write {found[0] * 2}")
        if found[1] not in SLOTS:
            near = difflib.get_close_matches(found[1], SLOTS, n=1)
            hint = f", did you mean {{{near[0]}}}?" if near else f" (have: {', '.join(SLOTS)})"
            raise ValueError(f"there is no slot {{{found[1][:40]}}}{hint}")
    return template


def render(template: str, content: Content, markup: Markup = GAZELLE) -> str:
    """A checked template for one content. A line whose slots are all empty is left out, and blank lines beside it."""
    its = _Parts(content)
    lines: list[str] = []
    for line in template.splitlines():
        values: list[str] = []
        text = _SLOT.sub(lambda found: _filled(found, its, markup, values), line)  # noqa: B023 - called at once
        if not values or any(values):
            lines.append(text)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _filled(found: re.Match[str], its: _Parts, markup: Markup, values: list[str]) -> str:
    if found[0] in ("{{", "}}"):
        return found[0][0]
    slot = found[1]
    value = _LINES[slot](its) if slot in _LINES else None
    text = _BLOCKS[slot](its, markup) if slot in _BLOCKS else "" if value is None else markup.line(str(value))
    values.append(text)
    return text
