"""From a complete torrent to a release: its files, its root, its origin, and whether all of it is on disk.

Asks the client and stats files; reads no content and decides nothing.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bencode2 import BencodeDecodeError, bdecode

from trackers.catalogue import sites_of_flag
from trackers.content import File
from watcher.client import Announce, Client, PathMap, TorrentGone
from watcher.release import Fact, Release, ignored, in_order
from watcher.sources import Undecided
from watcher.sources.maindata import Torrent

_SHARING = 20  # torrents over the same files that are asked for their origin


@dataclass(frozen=True)
class Found:
    """A release. `undecided`: it is one, and nobody may decide it by itself."""

    release: Release
    undecided: Undecided | None = None


@dataclass(frozen=True)
class Waits:
    """Not yet, and perhaps soon. `unmapped`: the folder itself is not there, as when `path_map` lacks an entry."""

    why: str
    unmapped: bool = False


@dataclass(frozen=True)
class Never:
    """This completion of the torrent is no release."""

    why: str


@dataclass(frozen=True)
class _Layout:
    root: str  # of the content under the save folder: a folder, or the one file; "" where it has none of its own
    files: tuple[File, ...]  # relative to the root
    single: bool = False
    shared: str = ""  # why the root is not the content's own


@dataclass(frozen=True)
class _Origin:
    hosts: tuple[str, ...]  # of this torrent's trackers
    sites: tuple[str, ...]  # of all torrents over these files
    private: bool | None
    depths: tuple[int, ...]  # path parts of each file, as the torrent itself has them


def describe(
    client: Client,
    source: str,
    infohash: str,
    torrent: Torrent,
    paths: PathMap,
    sharing: Sequence[str] = (),
    elsewhere: Sequence[str] = (),
) -> Found | Waits | Never:
    """What a complete torrent is. `sharing`: ids of other torrents over the same files in this client; `elsewhere`: the
    sites of those in other clients. Raises ClientAway."""
    try:
        rows = client.files(infohash)
        if not rows:
            return Waits("the client does not list its files yet")
        if any(row.get("priority") == 0 for row in rows):
            return Never("not all of its files were chosen for download")
        origin = _origin(client, infohash, torrent, sharing, elsewhere)
    except TorrentGone:
        return Waits("the client no longer has it")
    layout = _layout(rows, origin.depths)
    if isinstance(layout, Never):
        return layout
    if not layout.files:
        return Never("it has no file that would be uploaded")
    release = _release(client, source, infohash, torrent, paths, layout, origin)
    if missing := _missing(release, paths.ours(torrent.save_path)):
        return missing
    return Found(release, _undecided(layout, origin))


def as_listed(client: Client, source: str, infohash: str, torrent: Torrent, paths: PathMap) -> Release | None:
    """The release that the client's own list of a torrent makes, whatever of it is on disk; None where it lists no file
    that would have been uploaded. Raises ClientAway."""
    try:
        rows = client.files(infohash)
        origin = _origin(client, infohash, torrent, (), ())
    except TorrentGone:
        return None
    layout = _layout(rows, origin.depths) if rows else Never("it lists no file")
    if isinstance(layout, Never) or not layout.files:
        return None
    return _release(client, source, infohash, torrent, paths, layout, origin)


def _layout(rows: Sequence[Mapping[str, Any]], depths: Sequence[int]) -> _Layout | Never:
    """The content's root, from the names of the files: `content_path` may be the folder of all downloads."""
    files = [File(str(row.get("name", "")), _size(row)) for row in rows]
    parts = [file.path.split("/") for file in files]
    if any(not part or part in (".", "..") or "\0" in part for path in parts for part in path):
        return Never("the client names a file outside the torrent's folder")
    if len(files) == 1 and len(parts[0]) == 1:
        return _Layout(files[0].path, _payload(files), single=True)
    bare = len({path[0] for path in parts}) > 1 or any(len(path) == 1 for path in parts)
    if bare or [len(path) + 1 for path in parts] == list(depths):
        return _Layout("", _payload(files), shared="it was added without its folder: its files may lie among others")
    inner = [File("/".join(path[1:]), file.size) for path, file in zip(parts, files, strict=True)]
    return _Layout(parts[0][0], _payload(inner))


def _payload(files: Sequence[File]) -> tuple[File, ...]:
    return in_order(file for file in files if not ignored(file.path))


def _size(row: Mapping[str, Any]) -> int:
    size = row.get("size")
    return size if isinstance(size, int) else -1


def _release(
    client: Client, source: str, infohash: str, torrent: Torrent, paths: PathMap, layout: _Layout, origin: _Origin
) -> Release:
    facts = {
        "torrent.category": torrent.category or None,
        "torrent.tags": torrent.tag_list,
        "torrent.tracker": list(origin.hosts),
        "torrent.save_path": torrent.save_path,
        "torrent.added": int(torrent.added_on),
        "torrent.completed": torrent.completed,
        "torrent.added_complete": torrent.downloaded == 0,  # data that was there before looks like a download otherwise
        "torrent.infohash": infohash,
        "origin": list(origin.sites),
    }
    private = Fact(
        origin.private, "torrent", origin.private is None, "the client does not say" * (origin.private is None)
    )
    return Release(
        source=source,
        from_="qbittorrent",
        name=layout.root or torrent.name,
        path=str(paths.ours(torrent.save_path) / layout.root),
        files=layout.files,
        single=layout.single,
        infohash=infohash,
        completed=torrent.completed,
        client=client.name,
        save_path=torrent.save_path,
        facts={**{key: Fact(value, "torrent") for key, value in facts.items()}, "torrent.private": private},
    )


def _undecided(layout: _Layout, origin: _Origin) -> Undecided | None:
    if layout.shared:
        return "shared-folder", layout.shared
    if origin.private is not False and not origin.hosts:
        return "origin-unknown", "it is private and has no tracker that could be read"
    return None


def _missing(release: Release, folder: Path) -> Waits | None:
    """Why the release is not on disk as the client says, or None."""
    for file in release.files:
        path = Path(release.path) if release.single else Path(release.path, file.path)
        try:
            found = path.stat()
        except (OSError, ValueError) as error:
            if not there(folder):
                return Waits(f"{str(folder)!r}, which it calls {release.save_path!r}, is not there", unmapped=True)
            reason = error.strerror if isinstance(error, OSError) else "a name that no file can have"
            return Waits(f"{str(path)!r} can't be read here ({reason})")
        if not stat.S_ISREG(found.st_mode) or found.st_size != file.size:
            return Waits(f"{str(path)!r} has not the size that the client says")
    return None


def there(path: Path) -> bool:
    """Whether something is at `path`, as far as we may look."""
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True


def _origin(
    client: Client, infohash: str, torrent: Torrent, sharing: Sequence[str], elsewhere: Sequence[str]
) -> _Origin:
    announces = client.trackers(infohash)
    info = _info(client, infohash)
    sites = [*_sites(announces, info), *elsewhere]
    for other in sharing[:_SHARING]:
        sites += sites_of(client, other)
    hosts = tuple(dict.fromkeys(announce.host for announce in announces if announce.host))
    return _Origin(hosts, tuple(dict.fromkeys(sites)), _private(client, infohash, torrent, info), tuple(_depths(info)))


def sites_of(client: Client, infohash: str) -> list[str]:
    """The sites that a torrent is from; none for one that is gone. Raises ClientAway."""
    try:
        return _sites(client.trackers(infohash), _info(client, infohash))
    except TorrentGone:
        return []


def _sites(announces: Sequence[Announce], info: Mapping[bytes, Any]) -> list[str]:
    flag = info.get(b"source", b"")
    flagged = sites_of_flag(flag.decode(errors="replace")) if isinstance(flag, bytes) else ()
    return [*(announce.site for announce in announces if announce.site), *flagged]


def _info(client: Client, infohash: str) -> Mapping[bytes, Any]:
    """The info dictionary; empty where the client can't export it."""
    try:
        torrent = bdecode(client.export(infohash))
    except (TorrentGone, BencodeDecodeError, ValueError):
        return {}
    info = torrent.get(b"info") if isinstance(torrent, dict) else None
    return info if isinstance(info, dict) else {}


def _private(client: Client, infohash: str, torrent: Torrent, info: Mapping[bytes, Any]) -> bool | None:
    if torrent.private is not None:
        return torrent.private
    if info:
        return info.get(b"private") == 1
    said = client.properties(infohash).get("is_private")
    return said if isinstance(said, bool) else None


def _depths(info: Mapping[bytes, Any]) -> list[int]:
    """Path parts of each file but the padding, the torrent's folder included; [] where the shape is another."""
    files = info.get(b"files")
    if not isinstance(files, list):
        return []
    shown = [file for file in files if isinstance(file, dict) and b"p" not in file.get(b"attr", b"")]
    return [1 + len(file.get(b"path", [])) for file in shown]
