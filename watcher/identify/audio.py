"""One audio file: what its stream and its tags say, through mutagen. Knows nothing of the album it belongs to."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import mutagen
from mutagen.aac import AAC
from mutagen.ac3 import AC3
from mutagen.flac import FLAC
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

from trackers.content import File
from watcher.identify.cuts import mp3_cut_off, mp4_cut_off
from watcher.identify.dts import HEAD, Dts, read_dts
from watcher.identify.encoding import lossless, read_mp3, vorbis_encoding
from watcher.identify.files import descriptor, opened_file
from watcher.identify.flac import cut_off
from watcher.identify.flac_head import read_head
from watcher.identify.kinds import AUDIO, extension
from watcher.identify.pictures import named as named_picture
from watcher.identify.tags import READ, Tags, collected, id3_pairs, mp4_pairs, pictured_id3

_TOO_EARLY = "it ends too early"


@dataclass(frozen=True)
class Audio:
    """One track as it was found. `tags` are under the names that Vorbis comments have, upper case."""

    path: str
    size: int  # bytes
    format: str
    encoding: str | None = None  # None: only a figure tells, see `bitrate`
    bits: int | None = None
    rate: int | None = None  # Hz
    seconds: float = 0.0
    bitrate: int | None = None  # bits a second
    tags: Tags = field(default_factory=dict)
    unsigned: bool = False  # FLAC without the MD5 of its audio
    pictured: bool = False  # a JPEG or PNG is inside
    varies: bool = False  # an MP3 that is VBR or ABR
    told: bool = False  # and its LAME header names its settings
    unread: str = ""  # why the file could not be read at all
    broken: str = ""  # why what was read is no audio

    def first(self, name: str) -> str | None:
        """The first value of a tag, or None."""
        values = self.tags.get(name)
        return values[0] if values else None


def read_audio(root: Path, file: File, single: bool) -> Audio:
    """Read one track. Never raises for what the file holds: `unread` and `broken` say what went wrong."""
    named = AUDIO[extension(file.path)]
    loader = _LOADERS.get(extension(file.path))
    if loader is None:
        return Audio(file.path, file.size, named)
    place = str(root) if single else f"{root}/{file.path}"
    try:
        usual = _usual_flac(place) if loader is _load_flac else None
        if usual is not None:
            return Audio(file.path, file.size, **usual)
        with opened_file(place) as opened:
            return _read(opened, file, named, loader)
    except OSError as error:
        return Audio(file.path, file.size, named, unread=error.strerror or str(error))


def _usual_flac(place: str) -> dict[str, Any] | None:
    """What most FLACs need: two reads, no file object. None: mutagen has to look."""
    fd, size = descriptor(place)
    try:
        head = read_head(fd, size)
        if head is None:
            return None
        return _flac(head.info, head.tags, fd, size) | {"pictured": head.pictured}
    finally:
        os.close(fd)


def _read(opened: BinaryIO, file: File, named: str, loader: Callable[[BinaryIO], Any]) -> Audio:
    try:
        try:
            found = loader(opened)
        except mutagen.MutagenError as error:
            _raise_fault_of_disk(error)
            opened.seek(0)
            found = mutagen.File(opened, options=_SNIFFED)  # the extension lied, or the file is broken
            if found is None:
                raise
        told = _FORMATS[type(found)](found, opened)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - bytes from strangers: whatever the parser trips over, the file is broken
        return Audio(file.path, file.size, named, broken=str(error)[:200] or type(error).__name__)
    return Audio(file.path, file.size, **told)


def _raise_fault_of_disk(error: mutagen.MutagenError) -> None:
    """mutagen wraps what the disk said; EINVAL is its own, for a place before the start of a cut file."""
    cause = error.args[0] if error.args else None
    if isinstance(cause, OSError) and cause.errno != errno.EINVAL:
        raise cause


def _flac(info: Any, tags: Iterable[tuple[str, str]], fd: int, size: int) -> dict[str, Any]:
    return {
        "broken": _TOO_EARLY if cut_off(fd, size, info.total_samples, info.max_blocksize) else "",
        "format": "FLAC",
        "encoding": lossless(info.bits_per_sample),
        "bits": info.bits_per_sample,
        "rate": info.sample_rate,
        "seconds": info.length,
        "bitrate": info.bitrate,
        "tags": collected(tags),
        "unsigned": not info.md5_signature,
    }


def _odd_flac(found: Any, opened: BinaryIO) -> dict[str, Any]:
    pictured = any(named_picture(bytes(one.data)) for one in found.pictures)
    return _flac(found.info, found.tags or (), opened.fileno(), _size(opened)) | {"pictured": pictured}


def _mp3(found: Any, opened: BinaryIO) -> dict[str, Any]:
    tags, sound = found.tags, read_mp3(found.info, opened)
    told = _lossy("MP3", found.info, collected(id3_pairs(tags or {})), sound.word)
    told["broken"] = _TOO_EARLY if mp3_cut_off(opened, found.info.frame_offset, _size(opened)) else ""
    measured = {"bitrate": sound.bitrate or None, "seconds": sound.seconds, "varies": sound.varies, "told": sound.told}
    return told | measured | {"pictured": tags is not None and pictured_id3(tags)}


def _mp4(found: Any, opened: BinaryIO) -> dict[str, Any]:
    info, tags = found.info, collected(mp4_pairs(found.tags or {}))
    inside: dict[str, Any] = {"broken": _TOO_EARLY if mp4_cut_off(opened, _size(opened)) else ""}
    inside["pictured"] = any(named_picture(bytes(one)) for one in (found.tags or {}).get("covr", ()))
    if info.codec == "alac":
        told = _lossy("ALAC", info, tags, lossless(info.bits_per_sample))
        return told | inside | {"bits": info.bits_per_sample}
    return _lossy("AC3" if info.codec in ("ac-3", "ec-3") else "AAC", info, tags) | inside


def _ogg_flac(found: Any, _: BinaryIO) -> dict[str, Any]:
    bits = found.info.bits_per_sample
    return _lossy("FLAC", found.info, collected(found.tags or ()), lossless(bits)) | {"bits": bits}


def _vorbis(found: Any, _: BinaryIO) -> dict[str, Any]:
    return _lossy("Ogg Vorbis", found.info, collected(found.tags or ()), vorbis_encoding(found.info.bitrate))


def _opus(found: Any, _: BinaryIO) -> dict[str, Any]:
    return _lossy("Opus", found.info, collected(found.tags or ()))


def _plain(format: str) -> Callable[[Any, BinaryIO], dict[str, Any]]:
    return lambda found, _: _lossy(format, found.info, {})


def _lossy(format: str, info: Any, tags: Tags, encoding: str | None = None) -> dict[str, Any]:
    return {
        "format": format,
        "encoding": encoding,
        "rate": getattr(info, "sample_rate", None),
        "seconds": info.length,
        "bitrate": getattr(info, "bitrate", 0) or None,
        "tags": tags,
    }


def _size(opened: BinaryIO) -> int:
    return os.fstat(opened.fileno()).st_size


def _load_flac(opened: BinaryIO) -> Any:
    load: Callable[..., Any] = FLAC
    return load(opened)


class _Mp3(MP3):
    """Frames that are not asked for stay packed: pictures, and what a stranger may have compressed a thousandfold."""

    def load(self, filething: Any, **rest: Any) -> None:
        super().load(filething, **rest, known_frames=READ)


def _load_dts(opened: BinaryIO) -> Dts:
    size = opened.seek(0, os.SEEK_END)
    opened.seek(0)
    return read_dts(opened.read(HEAD), size)


def _load_ogg(opened: BinaryIO) -> Any:
    found = mutagen.File(opened, options=[OggVorbis, OggOpus, OggFLAC])
    if found is None:
        raise mutagen.MutagenError("no Ogg stream that is known")
    return found


_LOADERS: Mapping[str, Callable[[BinaryIO], Any]] = {
    "flac": _load_flac, "mp3": _Mp3, "m4a": MP4, "alac": MP4, "aac": AAC, "ogg": _load_ogg, "oga": _load_ogg,
    "opus": _load_ogg, "ac3": AC3, "eac3": AC3, "dts": _load_dts,
}  # fmt: skip
_FORMATS: Mapping[type, Callable[[Any, BinaryIO], dict[str, Any]]] = {
    FLAC: _odd_flac, _Mp3: _mp3, MP4: _mp4, OggVorbis: _vorbis, OggOpus: _opus, OggFLAC: _ogg_flac,
    AAC: _plain("AAC"), AC3: _plain("AC3"), Dts: lambda found, _: _lossy("DTS", found, {}),
}  # fmt: skip
_SNIFFED = [kind for kind in _FORMATS if kind is not Dts]
