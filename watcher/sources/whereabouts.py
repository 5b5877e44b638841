"""Where a client's torrents lie and whether that is here: prefixes of paths, and the proof of a `path_map`.

Stats a few paths of real torrents; asks no client.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from watcher.client import NotMapped, PathMap
from watcher.sources.content import there
from watcher.sources.maindata import Torrent

PROBED = 3  # torrents of each folder whose path is looked for
_TOPS = 100  # folders that are journaled as where a client saves
_FOLDERS = 50  # folders, those with most torrents first


def touch(one: str, other: str) -> bool:
    """Whether one path is the other, or lies in it."""
    return one == other or one.startswith(other.rstrip("/") + "/") or other.startswith(one.rstrip("/") + "/")


def topmost(folders: Iterable[str]) -> frozenset[str]:
    """The folders that lie in no other of them. Where each torrent has one of its own, the folders above them: a list
    that grows with every torrent is nothing for the journal."""
    tops: list[str] = []
    for folder in sorted(filter(None, folders)):
        if not tops or not PurePosixPath(folder).is_relative_to(tops[-1]):
            tops.append(folder)
    if len(tops) > _TOPS:
        ((crowded, _),) = Counter(str(PurePosixPath(top).parent) for top in tops).most_common(1)
        return topmost([*tops, crowded])
    return frozenset(tops)


def unmapped(torrents: Iterable[Torrent], paths: PathMap) -> list[str]:
    """For each folder in which complete torrents lie and none of those looked for is here: what `path_map` lacks."""
    complete = [torrent for torrent in torrents if torrent.complete and torrent.content_path]
    folders = Counter(torrent.save_path for torrent in complete)
    told: dict[str, None] = {}
    for folder, _ in folders.most_common(_FOLDERS):
        probes = [torrent.content_path for torrent in complete if torrent.save_path == folder][:PROBED]
        if why := _unproved(folder, probes, folders[folder], paths):
            told[why] = None
    return list(told)


def _unproved(folder: str, probes: list[str], count: int, paths: PathMap) -> str:
    for probe in probes:
        try:
            back = paths.theirs(paths.ours(probe))
        except NotMapped:
            back = ""
        if back != str(PurePosixPath(probe)):
            return f"path_map leads two of its folders to one here: {str(paths.ours(probe))!r} could be either"
    if any(there(paths.ours(probe)) for probe in probes):
        return ""
    ours = paths.ours(folder)
    if there(ours):
        return f"its path_map is wrong: {str(ours)!r} has none of what it saves in {folder!r}, such as {probes[0]!r}"
    missing = next(at for at in (ours, *ours.parents) if there(at.parent))
    depth = len(ours.parts) - len(missing.parts)
    theirs = PurePosixPath(folder).parents[depth - 1] if 0 < depth < len(PurePosixPath(folder).parts) else folder
    return (
        f"it saves in {folder!r} ({count} complete torrents), and {str(missing)!r} is not here: "
        f"its path_map needs a line {str(theirs)!r}: '…', with the path that this folder has here"
    )
