"""What about an album would make a tracker refuse or delete it. Pure: each a line that begins with the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

from watcher.identify.audio import Audio
from watcher.identify.kinds import AUDIO, extension
from watcher.identify.tracks import Placed, gaps
from watcher.identify.words import without_disc

NEEDED = {"ARTIST": "artist", "ALBUM": "album", "TITLE": "title", "TRACKNUMBER": "track number"}
RATES = (44_100, 48_000, 88_200, 96_000, 176_400, 192_000, 352_800, 384_000)  # Hz


def tags_complete(tracks: Sequence[Audio]) -> bool:
    """Whether every track has artist, album, title and track number."""
    return all(track.tags.get(name) for track in tracks for name in NEEDED)


def problems_of(tracks: Sequence[Audio], sound: Sequence[Audio], rows: Sequence[Placed]) -> list[str]:
    """All that is wrong. `tracks`: every audio file; `sound`: those that could be read; `rows`: the same, in order."""
    found = [f"does not decode: {track.path!r}: {track.broken}" for track in tracks if track.broken]
    found += _named("wrong extension", (f"{track.path} is {track.format}" for track in sound if _misnamed(track)))
    found += _mixed("formats", tracks, lambda track: track.format)
    found += _mixed("encodings", sound, lambda track: track.encoding or "measured")
    found += _mixed("sample rates", sound, lambda track: track.rate)
    found += _mixed("bit depths", sound, lambda track: track.bits)
    found += _missing_tags(sound)
    found += _differing(sound)
    found += gaps(rows)
    found += _named("no MD5 signature", (track.path for track in sound if track.unsigned))
    lossless = [track for track in sound if track.bits]
    found += _named("odd sample rate", (track.path for track in lossless if track.rate not in RATES))
    found += _named("no length", (track.path for track in sound if not track.seconds and track.encoding))
    return found


def _misnamed(track: Audio) -> bool:
    end = extension(track.path)
    return end in ("flac", "mp3", "aac", "ac3") and AUDIO[end] != track.format


def _mixed(what: str, tracks: Iterable[Audio], value: Callable[[Audio], Hashable]) -> Iterator[str]:
    values = [value(track) for track in tracks]
    if len(set(values)) > 1:
        counts = Counter(values)
        yield f"mixed {what}: " + ", ".join(f"{one} ({count})" for one, count in counts.most_common(5))


def _missing_tags(sound: Sequence[Audio]) -> Iterator[str]:
    for name, word in NEEDED.items():
        yield from _named(f"missing tag {word}", (track.path for track in sound if not track.tags.get(name)))


def _differing(sound: Sequence[Audio]) -> Iterator[str]:
    for name, word in (("ALBUM", "album"), ("ALBUMARTIST", "album artist"), ("DATE", "date")):
        values = {without_disc(value) for track in sound if (value := track.first(name))}
        if len(values) > 1:
            yield f"differing tag {word}: " + ", ".join(map(repr, sorted(values)[:5]))


def _named(what: str, paths: Iterable[str]) -> Iterator[str]:
    """One line for any number of files."""
    found = list(paths)
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        yield f"{what}: " + ", ".join(map(repr, found[:3])) + more
