"""What content is: its files, its kind, the facts of an album or a film. Reads the disk, decides nothing."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from trackers.content import File
from watcher.identify.art import front_cover
from watcher.identify.audio import read_audio
from watcher.identify.files import Payload, opened_file, payload
from watcher.identify.kinds import audio_files, cover_of, extension, kind_of, nfo_of
from watcher.identify.lineage import lineage_of, lineage_text
from watcher.identify.music import music_facts
from watcher.identify.names import read_name
from watcher.identify.probe import PROBE, Asked
from watcher.identify.rip import read_rip
from watcher.identify.video import video_facts
from watcher.release import Fact

__all__ = ["FactCache", "Payload", "front_cover", "identify", "payload"]

_NEVER_KNOWN = ("scene", "music.log_score")  # that files do not tell
NFO = 256 * 1024  # bytes of an NFO that are looked through


def identify(
    path: Path,
    files: Sequence[File],
    *,
    single: bool,
    kind: str | None = None,
    cache: FactCache | None = None,
    ask: Asked = PROBE,
) -> dict[str, Fact]:
    """The facts about the content at `path` (the folder, or the file if `single`) whose payload is `files`.

    `name size kind group proper scene files.*` always, `music.*` for music, `video.* ids.*` with `tv.*` or `movie.*`
    for video. `kind`: what it is, where somebody said so. `ask`: who knows names and MediaInfo. Never raises for what
    files hold: what could not be read makes facts unknown, with the reason.
    """
    kind = kind or kind_of(files)
    key = _stamp(path, files, single, kind) if cache is not None else None
    if cache is not None and key is not None:
        known = cache.get(key)
        if known is not None:
            return known
    facts = _identify(path, files, single, kind, ask)
    whole = not any(fact.unknown for name, fact in facts.items() if name not in _NEVER_KNOWN)
    if cache is not None and key is not None and whole and _stamp(path, files, single, kind) == key:
        cache.put(key, facts)  # what could not be read may be readable the next time
    return facts


def _identify(path: Path, files: Sequence[File], single: bool, kind: str, ask: Asked) -> dict[str, Fact]:
    nfo = nfo_of(files)
    named = read_name(path.stem if single else path.name, kind)
    facts = {
        "name": Fact(path.name, "file"),
        "size": Fact(sum(file.size for file in files), "file"),
        "kind": Fact(kind, "file"),
        "scene": Fact(unknown=True, why="nobody said whether it is a scene release"),
        "group": Fact(named.group, "name"),
        "proper": Fact(named.proper, "name"),
        "files.ext": Fact(sorted({extension(file.path) for file in files} - {""}), "file"),
        "files.count": Fact(len(files), "file"),
        "files.names": Fact([file.path for file in files], "file"),
        "files.cover": Fact(cover_of(files), "file"),
        "files.nfo": Fact(nfo, "file"),
    }
    if kind == "music":
        tracks = [read_audio(path, file, single) for file in audio_files(files)]
        rip = read_rip(files, lambda file, most: _head(path if single else path / file.path, most))
        facts |= music_facts(tracks, named, rip)
        story = lineage_of(files)
        facts["music.lineage"] = Fact(_text(path / story) or None if story else None, "file")
        inside = tracks[0].path if tracks and tracks[0].pictured and not facts["files.cover"].value else None
        facts["music.art"] = Fact(inside, "file")
    if kind in ("tv", "movie"):
        facts |= video_facts(path, files, single, kind, ask, _text(path / nfo) if nfo else "")
    return facts


def _text(path: Path) -> str:
    """The text of an NFO or a lineage; "" if it can't be read: it is a witness among others."""
    try:
        return lineage_text(_head(path, NFO))
    except OSError:
        return ""


def _head(path: Path, most: int) -> bytes:
    with opened_file(str(path)) as opened:
        return opened.read(most)


def _stamp(path: Path, files: Sequence[File], single: bool, kind: str) -> tuple[object, ...] | None:
    """What changes whenever a file does: path, size, mtime and inode of each. None if one can't be looked at."""
    try:
        found = [os.stat(path if single else f"{path}/{file.path}") for file in files]  # noqa: PTH116 - 20,000 files
    except OSError:
        return None
    return (
        str(path),
        kind,
        *((one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for one in found),
    )


class FactCache:
    """Facts of content that has not changed since. In memory, for many threads; mended tags are seen at once."""

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, dict[str, Fact]] = OrderedDict()

    def get(self, key: object) -> dict[str, Fact] | None:
        """What was kept under this stamp, or None."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return dict(found) if found is not None else None

    def put(self, key: object, facts: dict[str, Fact]) -> None:
        """Keep a copy; the least used is forgotten."""
        with self._lock:
            self._kept[key] = dict(facts)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
