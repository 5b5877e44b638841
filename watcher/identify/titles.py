"""What the name of a film, an episode or a season says: guessit's reading, mended where the field reads it otherwise.

Pure: what guessit said is handed in. Its reading of `WEB` does not tell WEB-DL from WEBRip, so that is read here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_WORD = r"(?<![A-Za-z0-9]){}(?![A-Za-z0-9])"
_WEBRIP = re.compile(_WORD.format(r"web[ ._-]?rip"), re.I)
_WEBDL = re.compile(_WORD.format(r"(?:web[ ._-]?dl|webhd|web)(?:[ ._-]?(?:720|1080|2160)p)?"), re.I)
_REMUX = re.compile(_WORD.format(r"(?:bd|dvd)?remux"), re.I)
_DISC = re.compile(_WORD.format(
    r"(?:complete[ ._-](?:uhd[ ._-])?(?:blu-?ray|dvd|pal|ntsc)"
    r"|(?:full|untouched)[ ._-](?:uhd[ ._-])?(?:blu-?ray|bd|disc)"
    r"|bd(?:25|50|66|100)|dvd[59]|(?:pal|ntsc)[ ._-]dvdr?|dvdr)"
), re.I)  # fmt: skip
# A service stands right before the source: `AMZN.WEB-DL`. Case counts: `iT` is one, "it" is a word.
_SERVICES = frozenset((  # noqa: SIM905 - a list of words
    "9NOW 7PLUS ABC ADN ALL4 AMC AMZN APTV ATVP AUBC BCORE BILI BNGE BSP CBC CBS CC CMAX CNNP CR CRAV CRIT "
    "CRKL CW DCU DISC DSCP DSNP DSNY ESPN FOX FREE FUNI GLBO GPLAY HBO HIDIVE HIDI HMAX HS HTSR HULU iP iT ITV "
    "ITVX KCW KNPY MA MAX MUBI MY5 NBC NF NFB NOW NRK PBS PCOK PLAY PLTV PMNP PMTP ROKU RTE SBS SHO SHMI SHTD "
    "SKST STAN STRP STZ SVT SYFY TBS TEN TNT TUBI TVNZ UKTV VIAP VICE VIKI VRV VUDU WAVVE WOWP YT YTR ZDF ZEE5"
).split())  # fmt: skip
_SERVICE = re.compile(r"(?<![A-Za-z0-9])([A-Za-z0-9]{2,6})[ ._-](?:[Hh][Dd][ ._-])?[Ww][Ee][Bb](?![a-z])")
_HDR10_PLUS = re.compile(r"HDR10(?:\+|P(?:lus)?(?![A-Za-z0-9]))", re.I)
_HDR = (
    ("DV", re.compile(_WORD.format(r"(?:dv|dovi|dolby[ ._-]?vision)"), re.I)),
    ("HDR10+", _HDR10_PLUS),
    ("HDR10", re.compile(_WORD.format(r"hdr(?:10)?(?!\+)"), re.I)),
    ("HLG", re.compile(_WORD.format(r"hlg"), re.I)),
)
_SOURCES = {
    "Blu-ray": "Blu-ray", "Ultra HD Blu-ray": "Blu-ray", "HD-DVD": "HD-DVD", "DVD": "DVD", "HDTV": "HDTV",
    "Ultra HDTV": "UHDTV", "TV": "SDTV", "Digital TV": "PDTV", "Satellite": "DVB", "VHS": "VHS",
}  # fmt: skip
_TELEVISION = ("HDTV", "UHDTV", "PDTV", "SDTV", "DVB")
_CODECS = {"H.264": "H.264", "H.265": "HEVC", "Xvid": "XviD"}
_ENCODERS = re.compile(_WORD.format(r"(x26[45]|xvid|divx|svt-?av1)"), re.I)
_SPELT = {"xvid": "XviD", "divx": "DivX", "svtav1": "SVT-AV1", "svt-av1": "SVT-AV1"}
_AUDIO = {
    "Dolby Digital": "DD", "Dolby Digital Plus": "DDP", "Dolby TrueHD": "TrueHD", "DTS": "DTS", "DTS-HD": "DTS-HD MA",
    "DTS:X": "DTS:X", "AAC": "AAC", "FLAC": "FLAC", "LPCM": "LPCM", "PCM": "LPCM", "MP3": "MP3", "MP2": "MP2",
    "Opus": "Opus", "Vorbis": "Vorbis",
}  # fmt: skip
_BEHIND = re.compile(  # where the title is over and the release is spoken of
    r"(?<![a-z0-9])(?:s\d{1,4}(?:[ ._-]?e\d|[ ._-]|$)|\d{1,2}x\d\d|(?:19|20)\d\d(?!\d)|\d{3,4}[ip](?![a-z]))", re.I
)
_AV1 = re.compile(_WORD.format(r"av1"), re.I)
_SITE = re.compile(r"\[[^\]]*\]$")
_LINES = re.compile(r"\d{3,4}[ip]")


@dataclass(frozen=True)
class Titled:
    """What a name says; None or empty where it says nothing."""

    title: str | None = None
    year: int | None = None
    season: int | None = None
    episodes: tuple[int, ...] = ()
    date: str | None = None
    episode_title: str | None = None
    edition: str | None = None
    resolution: str | None = None
    source: str | None = None
    kind: str | None = None
    service: str | None = None
    codec: str | None = None
    encoder: str | None = None
    hdr: tuple[str, ...] = ()
    audio: tuple[str, ...] = ()
    channels: str | None = None
    languages: tuple[str, ...] = ()
    group: str | None = None
    proper: bool = False


def titled(name: str, guess: Mapping[str, Any]) -> Titled:
    """Read `name` with what guessit made of it."""
    begun = _BEHIND.search(name)
    behind = name[begun.start() :] if begun else name
    source = _source(behind, guess)
    encoder = _ENCODERS.search(behind)
    season, year = _first_number(guess.get("season")), _first_number(guess.get("year"))
    return Titled(
        title=_text(guess.get("title")),
        year=year if year != season else None,  # `S2024E05` is one number, not two
        season=season,
        episodes=tuple(sorted({one for one in _listed(guess.get("episode")) if isinstance(one, int)})),
        date=_text(guess.get("date")),
        episode_title=_text(guess.get("episode_title")),
        edition=_text(guess.get("edition")),
        resolution=_resolution(guess),
        source=source,
        kind=video_kind(behind, source),
        service=_service(behind),
        codec=_codec(behind, guess),
        encoder=_SPELT.get(encoder[1].lower(), encoder[1].lower()) if encoder else None,
        hdr=tuple(word for word, pattern in _HDR if pattern.search(behind)),
        audio=_audio(guess),
        channels=_text(guess.get("audio_channels")),
        languages=tuple(str(one) for one in _listed(guess.get("language")) if re.fullmatch("[a-z]{2}", str(one))),
        group=_group(guess),
        proper=bool(guess.get("proper_count")),
    )


def video_kind(name: str, source: str | None) -> str | None:
    """disc, remux, encode, web-dl, webrip, hdtv; None where neither name nor source tells."""
    if _REMUX.search(name):
        return "remux"
    if _DISC.search(name):
        return "disc"
    if source in ("WEB-DL", "WEBRip"):
        return source.lower()
    if source in _TELEVISION:
        return "hdtv"
    return "encode" if source else None


def _source(name: str, guess: Mapping[str, Any]) -> str | None:
    said = [_SOURCES[one] for one in map(str, _listed(guess.get("source"))) if one in _SOURCES]
    if said:
        return said[0]
    if _WEBRIP.search(name):
        return "WEBRip"
    return "WEB-DL" if "Web" in _listed(guess.get("source")) or _WEBDL.search(name) else None


def _service(name: str) -> str | None:
    found = [match[1] for match in _SERVICE.finditer(name)]
    return next((one for one in found if one in _SERVICES), None)


def _resolution(guess: Mapping[str, Any]) -> str | None:
    said = str(guess.get("screen_size", ""))
    return said if _LINES.fullmatch(said) else None


def _codec(name: str, guess: Mapping[str, Any]) -> str | None:
    said = _text(guess.get("video_codec")) or ("AV1" if _AV1.search(name) else None)
    return _CODECS.get(said, said) if said else None


def _group(guess: Mapping[str, Any]) -> str | None:
    """Without the name of a site that somebody hung behind it: `GRP[site]`."""
    said = _text(guess.get("release_group")) or ""
    return _SITE.sub("", said) or said or None


def _audio(guess: Mapping[str, Any]) -> tuple[str, ...]:
    said = [str(one) for one in _listed(guess.get("audio_codec"))]
    profiles = _listed(guess.get("audio_profile"))
    words = []
    for one in said:
        word = _AUDIO.get(one)
        if word == "DTS-HD MA" and "High Resolution Audio" in profiles:
            word = "DTS-HD HRA"
        if word in ("DDP", "TrueHD") and "Dolby Atmos" in said:
            word += " Atmos"
        words += [word] if word else []
    return tuple(dict.fromkeys(words))


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _text(value: object) -> str | None:
    found = next((str(one) for one in _listed(value)), "").strip()
    return found or None


def _first_number(value: object) -> int | None:
    return next((one for one in _listed(value) if isinstance(one, int)), None)
