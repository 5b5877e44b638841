"""What MediaInfo measured, in the words of the field: resolution, codec, HDR, audio, languages. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Track = Mapping[str, Any]

# Largest picture that still goes by each name, widest first: 1920x800 is 1080p, 720x404 is 480p.
_SIZES = ((4096, 2160, "4320"), (2560, 1440, "2160"), (1920, 1088, "1440"), (1280, 720, "1080"), (1024, 576, "720"),
          (854, 480, "576"))  # fmt: skip
_CODECS = {"AVC": "H.264", "HEVC": "HEVC", "AV1": "AV1", "VP9": "VP9", "VP8": "VP8", "VC-1": "VC-1", "VVC": "VVC"}
_PARTS_OF_MPEG4 = {"xvid": "XviD", "divx": "DivX", "dx50": "DivX"}
_ENCODERS = ("x264", "x265", "SVT-AV1", "XviD", "DivX")
_AUDIO = {"MLP FBA": "TrueHD", "E-AC-3": "DDP", "AC-3": "DD", "PCM": "LPCM"}
_MPEG_AUDIO = {"Layer 3": "MP3", "Layer 2": "MP2", "55": "MP3", "50": "MP2"}  # by its layer, else by AVI's number
_CONTAINERS = {
    "Matroska": "MKV", "MPEG-4": "MP4", "AVI": "AVI", "BDAV": "M2TS", "MPEG-TS": "TS", "MPEG-PS": "VOB", "WebM": "WEBM",
    "Windows Media": "WMV", "QuickTime": "MOV",
}  # fmt: skip


@dataclass(frozen=True)
class Streams:
    """One video file as it was measured. None or empty: the file does not say."""

    container: str | None = None
    resolution: str | None = None
    codec: str | None = None
    encoder: str | None = None
    bit_depth: int | None = None
    hdr: tuple[str, ...] = ()
    audio: tuple[str, ...] = ()
    channels: str | None = None
    languages: tuple[str, ...] = ()
    subtitles: tuple[str, ...] = ()
    seconds: float | None = None
    has_audio: bool = False  # whether it has an audio track at all
    tags: Mapping[str, str] = field(default_factory=dict)  # what the container says of the title, for ids


def streams_of(tracks: Sequence[Track]) -> Streams | None:
    """The streams of a file that has a picture; None for one that has none."""
    general = next((track for track in tracks if track.get("@type") == "General"), {})
    picture = next((track for track in tracks if track.get("@type") == "Video"), None)
    if picture is None:
        return None
    sounds = [track for track in tracks if track.get("@type") == "Audio" and not _commentary(track)]
    texts = [track for track in tracks if track.get("@type") == "Text"]
    return Streams(
        container=_CONTAINERS.get(str(general.get("Format", ""))),
        resolution=resolution(picture),
        codec=_codec(picture),
        encoder=_encoder(picture),
        bit_depth=_whole(picture, "BitDepth"),
        hdr=tuple(_hdr(picture)),
        audio=_once(_format(track) for track in sounds),
        channels=_channels(sounds[0]) if sounds else None,
        languages=_once(map(_language, sounds)),
        subtitles=_once(map(_language, texts)),
        seconds=_seconds(general),
        has_audio=bool(sounds),
        tags={key: str(value) for key, value in general.items() if key.startswith("extra.")},
    )


def resolution(picture: Track) -> str | None:
    """`1080p`, `576i`: by what the picture was cut from; None if its size is not told."""
    width, height = _whole(picture, "Width"), _whole(picture, "Height")
    if not width or not height:
        return None
    lines = next((name for wide, high, name in _SIZES if width > wide or height > high), "480")
    if lines == "480" and picture.get("Standard") == "PAL":
        lines = "576"
    woven = picture.get("ScanType") in ("Interlaced", "MBAFF") and lines in ("480", "576", "1080")
    return lines + ("i" if woven else "p")


def _codec(picture: Track) -> str | None:
    format = str(picture.get("Format", ""))
    if format == "MPEG Video":
        return f"MPEG-{picture.get('Format_Version') or 2}"
    if format == "MPEG-4 Visual" or format.lower() in _PARTS_OF_MPEG4:
        said = f"{format} {picture.get('CodecID', '')} {picture.get('Encoded_Library', '')}".lower()
        return next((name for word, name in _PARTS_OF_MPEG4.items() if word in said), "MPEG-4")
    return _CODECS.get(format) or format or None


def _encoder(picture: Track) -> str | None:
    said = str(picture.get("Encoded_Library_Name") or picture.get("Encoded_Library") or "")
    return next((name for name in _ENCODERS if said.lower().startswith(name.lower())), None)


def _hdr(picture: Track) -> Iterable[str]:
    format, fits = str(picture.get("HDR_Format", "")), str(picture.get("HDR_Format_Compatibility", ""))
    transfer = str(picture.get("transfer_characteristics", ""))
    if "Dolby Vision" in format:
        yield "DV"
    if "HDR10+" in fits or "2094" in format:
        yield "HDR10+"
    if "2086" in format or re.search(r"HDR10(?!\+)", fits) or (transfer == "PQ" and not format):
        yield "HDR10"
    if "HLG" in transfer or "HLG" in fits:
        yield "HLG"


def _format(track: Track) -> str:
    format, extra = str(track.get("Format", "")), str(track.get("Format_AdditionalFeatures", ""))
    trade = str(track.get("Format_Commercial_IfAny", ""))
    if format == "DTS":
        return _dts(extra, trade)
    if format == "MPEG Audio":
        said = str(track.get("Format_Profile") or track.get("CodecID", ""))
        return _MPEG_AUDIO.get(said, "MPEG")
    name = _AUDIO.get(format, format.split()[0] if format.startswith("AAC") else format)
    spatial = "JOC" in extra or "16-ch" in extra or "Atmos" in trade
    return f"{name} Atmos" if spatial and name in ("TrueHD", "DDP") else name


def _dts(extra: str, trade: str) -> str:
    if "XLL X" in extra or "DTS:X" in trade:
        return "DTS:X"
    if "XLL" in extra or "Master Audio" in trade:
        return "DTS-HD MA"
    if "XBR" in extra or "High Resolution" in trade:
        return "DTS-HD HRA"
    return "DTS-ES" if extra.startswith(("ES", "XCh", "XXCH")) else "DTS"


def _channels(track: Track) -> str | None:
    count = _whole(track, "Channels")
    if not count:
        return None
    layout = str(track.get("ChannelLayout", "")).split()
    deep = layout.count("LFE") or (not layout and count in (6, 8))
    return f"{count - 1}.1" if deep else f"{count}.0"


def _language(track: Track) -> str:
    """Two letters where there are such, three else; "" for none. `pt-BR` is `pt`."""
    said = str(track.get("Language", "")).split("-")[0].lower()
    return said if re.fullmatch(r"[a-z]{2,3}", said) and said not in ("und", "zxx", "mul", "mis") else ""


def _commentary(track: Track) -> bool:
    return "commentary" in str(track.get("Title", "")).lower()


def _once(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))


def _whole(track: Track, key: str) -> int | None:
    text = str(track.get(key, ""))
    return int(text) if text.isdecimal() and len(text) < 7 else None


def _seconds(general: Track) -> float | None:
    try:
        return round(float(general.get("Duration", "")), 3) or None
    except ValueError:
        return None
