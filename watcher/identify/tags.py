"""Tags of any format under one set of names: those of Vorbis comments, upper case. Pure."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mutagen.id3 import Frame, Frames, Frames_2_2

from watcher.identify.pictures import SURROUNDED, begins_picture

LONGEST = 1000  # characters of one tag that are kept
MOST = 64  # values of one tag that are kept

Tags = Mapping[str, tuple[str, ...]]

_ALIASES = {
    "ALBUM ARTIST": "ALBUMARTIST", "TRACK": "TRACKNUMBER", "TOTALTRACKS": "TRACKTOTAL", "DISC": "DISCNUMBER",
    "TOTALDISCS": "DISCTOTAL", "YEAR": "DATE", "ORGANIZATION": "LABEL", "PUBLISHER": "LABEL", "RECORDLABEL": "LABEL",
    "CATALOGUENUMBER": "CATALOGNUMBER", "CATALOG": "CATALOGNUMBER", "CATALOG NUMBER": "CATALOGNUMBER",
    "CATALOGNO": "CATALOGNUMBER", "LABELNO": "CATALOGNUMBER", "SOURCEMEDIA": "MEDIA", "MEDIATYPE": "MEDIA",
    "MUSICBRAINZ_ALBUMTYPE": "RELEASETYPE", "MUSICBRAINZ ALBUM TYPE": "RELEASETYPE",
    "MUSICBRAINZ ALBUM ARTIST ID": "MUSICBRAINZ_ALBUMARTISTID", "MUSICBRAINZ_ALBUMSTATUS": "RELEASESTATUS",
    "MUSICBRAINZ ALBUM STATUS": "RELEASESTATUS", "ORIGINAL YEAR": "ORIGINALYEAR", "ORIGYEAR": "ORIGINALYEAR",
    "ORIGINAL_YEAR": "ORIGINALYEAR", "ORIGINAL DATE": "ORIGINALDATE", "ORIGINALRELEASEDATE": "ORIGINALDATE",
    "ORIGINAL_DATE": "ORIGINALDATE", "MIXARTIST": "REMIXER", "REMIXED BY": "REMIXER", "RELEASE TYPE": "RELEASETYPE",
    "ITUNESCOMPILATION": "COMPILATION", "DJ-MIX": "DJMIXER", "DJ": "DJMIXER", "DJ MIXER": "DJMIXER",
    "MODIFIED BY": "REMIXER", "ALBUMVERSION": "EDITION",
}  # fmt: skip
_WANTED = frozenset((
    "ARTIST", "ARTISTS", "ALBUMARTIST", "ALBUMARTISTS", "ALBUM", "TITLE", "TRACKNUMBER", "TRACKTOTAL", "DISCNUMBER",
    "DISCTOTAL", "DATE", "ORIGINALDATE", "ORIGINALYEAR", "GENRE", "LABEL", "CATALOGNUMBER", "MEDIA", "RELEASETYPE",
    "RELEASESTATUS", "COMPILATION", "COMPOSER", "CONDUCTOR", "REMIXER", "PRODUCER", "ARRANGER", "DJMIXER", "EDITION",
    "MUSICBRAINZ_ALBUMARTISTID",
))  # fmt: skip
_NAMES = _ALIASES | {name: name for name in _WANTED}


def collected(pairs: Iterable[tuple[str, str]]) -> Tags:
    """Tags under one name each, cleaned: what a stranger wrote may be long, or hold control characters."""
    tags: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        name = _NAMES.get(key) or _NAMES.get(key.upper())
        if name is None:
            continue
        text = cleaned(value[:LONGEST])
        kept = tags.get(name)
        if kept is None and text:
            tags[name] = (text,)
        elif kept and text and text not in kept and len(kept) < MOST:
            tags[name] = (*kept, text)
    return tags


@functools.lru_cache(4096)  # an album says the same in every track
def cleaned(text: str) -> str:
    """Without control characters, and without blanks around it."""
    text = text.strip()
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text).strip()


_ID3 = {
    "TPE1": "ARTIST", "TPE2": "ALBUMARTIST", "TALB": "ALBUM", "TIT2": "TITLE", "TDRC": "DATE", "TDOR": "ORIGINALDATE",
    "TCON": "GENRE", "TPUB": "LABEL", "TMED": "MEDIA", "TCOM": "COMPOSER", "TPE3": "CONDUCTOR", "TPE4": "REMIXER",
    "TCMP": "COMPILATION",
}  # fmt: skip
_NUMBERS = {"TRCK": ("TRACKNUMBER", "TRACKTOTAL"), "TPOS": ("DISCNUMBER", "DISCTOTAL")}
_PEOPLE = {"producer": "PRODUCER", "arranger": "ARRANGER", "dj-mix": "DJMIXER", "remixer": "REMIXER"}


def _never_unpacked(frame: Any) -> Any:
    """The same frame, but one that a stranger compressed, perhaps a thousandfold, stays packed as unknown ones do."""

    def _from_data(cls: Any, header: Any, flags: int, data: bytes) -> Any:
        if flags & (Frame.FLAG24_COMPRESS if header.version >= (2, 4, 0) else Frame.FLAG23_COMPRESS):
            # By this error alone mutagen's reader is told to keep a frame's bytes as they are, in `unknown_frames`;
            # any other drops the frame, or ends the reading of the whole tag.
            raise NotImplementedError
        return super(same, cls)._fromData(header, flags, data)

    same: Any = type(frame.__name__, (frame,), {"_fromData": classmethod(_from_data)})
    return same


def _frames(*names: str) -> dict[str, Any]:
    """Frames by name, as mutagen's `known_frames` wants them. ID3v2.2, which packs nothing, has shorter names."""
    wanted = {name: Frames[name] for name in names}
    short = {name: frame for name, frame in Frames_2_2.items() if issubclass(frame, tuple(wanted.values()))}
    return {name: _never_unpacked(frame) for name, frame in wanted.items()} | short


READ = _frames(*_ID3, *_NUMBERS, "TXXX", "TIPL", "IPLS", "TYER", "TDAT", "TIME", "TORY")
PICTURES = _frames("APIC")


def id3_pairs(frames: Any) -> Iterator[tuple[str, str]]:
    """Names and values of ID3 frames, of whatever version."""
    for frame in frames.values():
        name = frame.FrameID
        if name == "TXXX":
            yield from ((frame.desc, str(text)) for text in frame.text)
        elif name in ("TIPL", "IPLS"):
            yield from ((_PEOPLE.get(pair[0].lower(), ""), pair[1]) for pair in frame.people if len(pair) == 2)
        elif name in _NUMBERS:
            number, _, total = str(frame.text[0] if frame.text else "").partition("/")
            yield from zip(_NUMBERS[name], (number, total), strict=True)
        elif name in _ID3:
            values = frame.genres if name == "TCON" else frame.text
            yield from ((_ID3[name], str(text)) for text in values)


def pictured_id3(tags: Any) -> bool:
    """Whether a JPEG or PNG is in one of the frames that `READ` leaves packed."""
    packed: Iterable[bytes] = tags.unknown_frames
    return any(frame[:3] in (b"API", b"PIC") and begins_picture(frame[:SURROUNDED]) for frame in packed)


_MP4 = {
    "\xa9ART": "ARTIST", "aART": "ALBUMARTIST", "\xa9alb": "ALBUM", "\xa9nam": "TITLE", "\xa9day": "DATE",
    "\xa9gen": "GENRE", "\xa9wrt": "COMPOSER",
}  # fmt: skip
_MP4_NUMBERS = {"trkn": ("TRACKNUMBER", "TRACKTOTAL"), "disk": ("DISCNUMBER", "DISCTOTAL")}
_FREEFORM = "----:com.apple.iTunes:"


def mp4_pairs(tags: Any) -> Iterator[tuple[str, str]]:
    """Names and values of an MP4's atoms."""
    for key, values in tags.items():
        if key in _MP4:
            yield from ((_MP4[key], str(value)) for value in values)
        elif key in _MP4_NUMBERS:
            pairs = zip(_MP4_NUMBERS[key], values[0], strict=False)
            yield from ((name, str(number)) for name, number in pairs if number)
        elif key == "cpil" and values:
            yield "COMPILATION", "1"
        elif key.startswith(_FREEFORM):
            name = key.removeprefix(_FREEFORM)
            yield from ((name, bytes(value).decode("utf-8", "replace")) for value in values)
