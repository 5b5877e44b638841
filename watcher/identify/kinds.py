"""What kind of content files are, by extension and size. Pure; the names of folders have no say."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence

from trackers.content import File
from watcher.identify.episodes import numbered, says_episode

# Extension: format as trackers spell it. The last line's are lossless or old kinds that no music tracker lists.
AUDIO = {
    "flac": "FLAC", "mp3": "MP3", "m4a": "AAC", "aac": "AAC", "alac": "ALAC", "ogg": "Ogg Vorbis", "oga": "Ogg Vorbis",
    "opus": "Opus", "ac3": "AC3", "eac3": "AC3", "dts": "DTS",
    "wav": "WAV", "aif": "AIFF", "aiff": "AIFF", "ape": "APE", "wv": "WavPack", "tta": "TTA", "wma": "WMA",
    "mpc": "Musepack", "dsf": "DSD", "dff": "DSD",
}  # fmt: skip
VIDEO = frozenset((
    "mkv", "mp4", "avi", "m4v", "mov", "wmv", "ts", "m2ts", "mts", "mpg", "mpeg", "vob", "webm", "flv", "ogm", "divx",
    "iso", "img",
))  # fmt: skip
# What lies beside the main thing and says nothing about the kind, however large.
BESIDE = frozenset((
    "jpg", "jpeg", "png", "gif", "webp", "bmp", "tif", "tiff", "pdf", "txt", "nfo", "log", "cue", "m3u", "m3u8", "pls",
    "sfv", "md5", "sha1", "sha256", "ffp", "accurip", "html", "htm", "rtf", "xml", "json", "srt", "sub", "idx", "ass",
    "ssa", "sup", "url", "bup", "ifo",
))  # fmt: skip
SAMPLE = re.compile(r"(^|[ ._/-])sample([ ._/-]|$)", re.I)
DISC_FOLDERS = ("VIDEO_TS", "BDMV")


@functools.lru_cache(8192)  # asked many times of each file
def extension(path: str) -> str:
    """In lower case, without the dot; "" if there is none."""
    name = path.rsplit("/", 1)[-1]
    stem, dot, end = name.rpartition(".")
    return end.lower() if dot and stem else ""


def audio_files(files: Iterable[File]) -> list[File]:
    """The tracks."""
    return [file for file in files if extension(file.path) in AUDIO]


def kind_of(files: Sequence[File]) -> str:
    """music, tv, movie or other: by what takes most of the space."""
    sizes = {"audio": 0, "video": 0, "other": 0}
    for file in files:
        end = extension(file.path)
        group = "audio" if end in AUDIO else "video" if end in VIDEO else "other"
        if group != "other" or end not in BESIDE:
            sizes[group] += file.size
    main = main_videos(files)
    if main and sizes["video"] >= max(sizes["audio"], sizes["other"]):
        return _kind_of_video(main)
    if audio_files(files) and sizes["audio"] >= sizes["other"]:
        return "music"
    return "other"


def main_videos(files: Iterable[File]) -> list[File]:
    """What is the thing itself, in the order of the files: no sample, and at least half as large as the largest; of
    files that say which episode they are also the short ones."""
    videos = [file for file in files if extension(file.path) in VIDEO and not SAMPLE.search(file.path)]
    longest = max((file.size for file in videos), default=0)
    return [
        file for file in videos
        if file.size * 2 >= longest or (file.size * 10 >= longest and says_episode(file.path))
    ]  # fmt: skip


def in_disc(path: str) -> bool:
    """Whether a file is part of a disc as it was: in its folders, or its image."""
    return extension(path) in ("iso", "img") or any(part in DISC_FOLDERS for part in path.split("/")[:-1])


def _kind_of_video(main: Sequence[File]) -> str:
    """Episodes say so in their names; a film is one long file, or a disc's folder."""
    if any(says_episode(file.path) for file in main):
        return "tv"
    if len(main) == 1 or in_disc(main[0].path):
        return "movie"
    return "tv" if len(main) > 2 and all(map(numbered, (file.path for file in main))) else "other"


PICTURES = ("jpg", "jpeg", "png")
COVERS = ("cover", "folder", "front")


def cover_of(files: Iterable[File]) -> str | None:
    """The path of the picture that players show: cover, folder or front, the one nearest to the root."""
    found = []
    for file in files:
        if extension(file.path) not in PICTURES:
            continue
        stem = file.path.rsplit("/", 1)[-1].rpartition(".")[0].lower()
        if stem in COVERS and file.size:
            found.append((file.path.count("/"), COVERS.index(stem), file.path))
    return min(found)[2] if found else None


def nfo_of(files: Iterable[File]) -> str | None:
    """The path of the NFO: the one nearest to the root, the first of equals."""
    found = [(file.path.count("/"), file.path) for file in files if extension(file.path) == "nfo" and file.size]
    return min(found)[1] if found else None
