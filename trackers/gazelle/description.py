"""The two texts of a form: the group's track list and the torrent's technical line, in BBCode. Pure."""

from __future__ import annotations

import re
from itertools import groupby

from trackers.content import Music, Track

_PLAIN_END = re.compile(r"\[/plain\]", re.IGNORECASE)


def escaped(text: str) -> str:
    """Text of a tag as one line that no BBCode parser reads anything into."""
    line = " ".join(text.split())
    if "[" not in line:
        return line
    return f"[plain]{_PLAIN_END.sub('(/plain)', line)}[/plain]"


def length(seconds: float) -> str:
    """`3:45`, or `1:02:03` from an hour on."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def album_text(music: Music) -> str:
    """The group's text: the tracks with their lengths, by disc. Empty if no track is known."""
    if not music.tracks:
        return ""
    ordered = sorted(music.tracks, key=lambda track: (track.disc, track.number))
    discs = {track.disc for track in ordered}
    lines = ["[b]Tracklist[/b]"]
    for disc, tracks in groupby(ordered, key=lambda track: track.disc):
        if len(discs) > 1:
            lines += ["", f"[b]Disc {disc}[/b]"]
        lines += (_line(track, music.various) for track in tracks)
    total = sum(track.seconds for track in ordered)
    return "\n".join([*lines, "", f"[b]Total length:[/b] {length(total)}"])


def _line(track: Track, various: bool) -> str:
    title = escaped(track.title)
    if various and track.artist:
        title = f"{escaped(track.artist)} – {title}"
    return f"[b]{track.number}.[/b] {title} [i]({length(track.seconds)})[/i]"


def torrent_text(music: Music) -> str:
    """The torrent's text: what was measured in the files. It names no other site: that is the user's to tell."""
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
