"""The shapes of what a Gazelle says: groups, torrents, search rows, warnings, pages. Gazelle, sections 4 and 8.

Turns what the store holds into values for JSON; decides nothing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trackers.sandbox.fields import CATEGORIES
from trackers.sandbox.store import Artist, Group, Store, Torrent, User, stamp

Value = dict[str, object]
ROLES = ("artists", "with", "remixedBy", "composers", "conductor", "dj", "producer", "arranger")
ERROR_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8" />
<title>Error{number} ⠶ Gazelle</title>
</head>
<body>
<div class="thin"><h2>Error{number}</h2><div class="box pad">{text}</div></div>
</body>
</html>
"""
NOT_SUPPOSED = (
    "That is not supposed to happen, please create a thread in the Bugs forum explaining what you were doing and "
    "referencing Error ID {}"
)
NO_SUCH_PAGE = "You tried to go to a page that doesn't exist."
PRIVATE_WARNING = "You didn't create your torrent with the &quot;private&quot; option."
SOURCE_WARNING = (
    "The &quot;source&quot; flag was not set to <i>{}</i>. Please read the\n"
    '<a href="wiki.php?action=article&amp;id=113" target="_blank">wiki page about\nsource flags</a> to find out why '
    "this is important."
)
CORRECTED_WARNING = (
    "You must download the corrected torrent from "
    '<a href="torrents.php?id={group}&amp;torrentid={torrent}#torrent{torrent}" target="_blank">here</a>.'
)
FOLDER_WARNING = (
    "Your upload is complete. However, {}the same folder name as your newly added torrent. This may cause "
    "problems if people attempt to download both torrents.<br>\nYou might want to make a cup of tea and rethink your "
    'naming strategy. You can\n<a href="wiki.php?action=article&amp;name=deletetorrent" target="_blank">remove the '
    "upload</a> now, before people\nstart queuing it up. You can then adjust the folder name locally and try again."
)


@dataclass(frozen=True)
class Manner:
    """How one dialect writes what both have."""

    hash_for_all: bool  # RED names the info-hash to everybody, OPS to the uploader and those who have it
    no_year: int | None  # of a torrent that is no remaster
    escaped: bool  # names and file lists are HTML-escaped
    text_ids: bool  # `groupId` of a search row is a text
    free_torrent: object
    release_types: Callable[[int], str]


def error_page(text: str, number: str = "") -> bytes:
    """A page of HTML where JSON was asked for."""
    return ERROR_PAGE.format(number=number, text=text).encode()


def warnings(private: bool, source: bool, flag: str, torrent: Torrent, same_folder: int) -> list[str]:
    """What stands in `warnings` after an upload that worked."""
    found = [] if private else [PRIVATE_WARNING]
    if not source:
        found.append(SOURCE_WARNING.format(flag))
    if found:
        found.append(CORRECTED_WARNING.format(group=torrent.group_id, torrent=torrent.id))
    if same_folder:
        found.append(FOLDER_WARNING.format("1 torrent has" if same_folder == 1 else f"{same_folder} torrents have"))
    return found


def link(group: Group, torrent: Torrent, release_type: str) -> str:
    """The line by which the site names a torrent: artists, title, year and type."""
    main = group.by_role(1)
    names = " &amp; ".join(f'<a href="artist.php?id={one.id}" dir="ltr">{html.escape(one.name)}</a>' for one in main)
    shown = names if len(main) < 3 else "Various Artists"
    address = f"torrents.php?id={group.id}&amp;torrentid={torrent.id}#torrent{torrent.id}"
    title = f'<a href="{address}" dir="ltr">{html.escape(group.name)}</a> [{group.year} {release_type}]'
    return f"{shown} – {title}" if shown else title


def file_list(torrent: Torrent) -> str:
    """`name{{{size}}}` joined by `|||`, in natural order."""
    rows = sorted(torrent.files, key=lambda row: _natural(row[0]))
    return "|||".join(f"{path}{{{{{{{size}}}}}}}" for path, size in rows)


def group_value(group: Group, manner: Manner, bookmarked: bool = False) -> Value:
    """`response.group` of `torrent` and `torrentgroup`."""
    music = {key: _artists(group.by_role(role)) for role, key in enumerate(ROLES, 1)} if group.category == 1 else None
    return {
        "wikiBody": _bbcode(group.description),
        "wikiBBcode": group.description,
        "wikiImage": group.image,
        "proxyImage": group.image,
        "id": group.id,
        "name": _name(group.name, manner),
        "year": group.year,
        "recordLabel": _name(group.record_label, manner),
        "catalogueNumber": _name(group.catalogue_number, manner),
        "releaseType": group.release_type,
        "releaseTypeName": manner.release_types(group.release_type),
        "categoryId": group.category,
        "categoryName": CATEGORIES[group.category - 1],
        "time": stamp(group.time),
        "vanityHouse": False,
        "isBookmarked": bookmarked,
        "tags": group.tags,
        "musicInfo": music,
    }


def torrent_value(torrent: Torrent, store: Store, viewer: User, manner: Manner) -> Value:
    """`response.torrent` of `torrent`, one of `response.torrents` of `torrentgroup`."""
    seeders, leechers = _swarm(torrent, store)
    knows = manner.hash_for_all or torrent.user is viewer or viewer.id in torrent.snatched_by
    listed = file_list(torrent)
    return {
        **({"infoHash": torrent.infohash} if knows else {}),
        "id": torrent.id,
        "media": torrent.media,
        "format": torrent.format,
        "encoding": torrent.encoding,
        "remastered": torrent.edition.remastered,
        "remasterYear": _remaster_year(torrent, manner),
        "remasterTitle": _name(torrent.edition.title, manner),
        "remasterRecordLabel": _name(torrent.edition.record_label, manner),
        "remasterCatalogueNumber": _name(torrent.edition.catalogue_number, manner),
        "scene": torrent.scene,
        "hasLog": torrent.has_log,
        "hasCue": torrent.has_cue,
        "logScore": log_score(torrent),
        "logChecksum": bool(torrent.logs) and all(log.checksum == "checksum_ok" for log in torrent.logs),
        "logCount": len(torrent.logs),
        "ripLogIds": [log.id for log in torrent.logs],
        "fileCount": len(torrent.files),
        "size": torrent.size,
        "seeders": seeders,
        "leechers": leechers,
        "snatched": len(torrent.snatched_by),
        "freeTorrent": manner.free_torrent,
        "reported": False,
        "time": stamp(torrent.time),
        "description": torrent.description,
        "fileList": html.escape(listed) if manner.escaped else listed,
        "filePath": _name(torrent.folder, manner),
        "userId": torrent.user.id,
        "username": torrent.user.name,
    }


def search_group(group: Group, torrents: Sequence[Torrent], store: Store, viewer: User, manner: Manner) -> Value:
    """One of `response.results` of a grouped search."""
    swarms = [_swarm(one, store) for one in torrents]
    return {
        "groupId": str(group.id) if manner.text_ids else group.id,
        "groupName": _name(group.name, manner),
        "artist": _credit(group),
        "cover": group.image,
        "tags": group.tags,
        "bookmarked": False,
        "vanityHouse": False,
        "groupYear": group.year,
        "releaseType": manner.release_types(group.release_type) if group.category == 1 else "",
        "groupTime": stamp(max(one.time for one in torrents)),
        "maxSize": max(one.size for one in torrents),
        "totalSnatched": sum(len(one.snatched_by) for one in torrents),
        "totalSeeders": sum(seeders for seeders, _ in swarms),
        "totalLeechers": sum(leechers for _, leechers in swarms),
        "torrents": [_search_torrent(one, group, store, viewer, manner) for one in torrents],
    }


def _search_torrent(torrent: Torrent, group: Group, store: Store, viewer: User, manner: Manner) -> Value:
    seeders, leechers = _swarm(torrent, store)
    return {
        "torrentId": torrent.id,
        "editionId": 1,
        "artists": _artists(group.by_role(1)),
        "remastered": torrent.edition.remastered,
        "remasterYear": _remaster_year(torrent, manner),
        "remasterRecordLabel": _name(torrent.edition.record_label, manner),
        "remasterCatalogueNumber": _name(torrent.edition.catalogue_number, manner),
        "remasterTitle": _name(torrent.edition.title, manner),
        "media": torrent.media,
        "format": torrent.format,
        "encoding": torrent.encoding,
        "hasLog": torrent.has_log,
        "logScore": log_score(torrent),
        "hasCue": torrent.has_cue,
        "scene": torrent.scene,
        "vanityHouse": False,
        "fileCount": len(torrent.files),
        "time": stamp(torrent.time),
        "size": torrent.size,
        "snatches": len(torrent.snatched_by),
        "seeders": seeders,
        "leechers": leechers,
        **_freeleech(torrent, viewer),
    }


def flat_row(torrent: Torrent, group: Group, store: Store, viewer: User, manner: Manner) -> Value:
    """One of `response.results` with group_results=0: neither format nor media."""
    seeders, leechers = _swarm(torrent, store)
    return {
        "groupId": str(group.id) if manner.text_ids else group.id,
        "groupName": _name(group.name, manner),
        "torrentId": torrent.id,
        "tags": group.tags,
        "category": CATEGORIES[group.category - 1],
        "fileCount": len(torrent.files),
        "groupTime": stamp(torrent.time),
        "size": torrent.size,
        "snatches": len(torrent.snatched_by),
        "seeders": seeders,
        "leechers": leechers,
        **_freeleech(torrent, viewer),
    }


def log_score(torrent: Torrent) -> int:
    """The lowest of its logs; 0 without one."""
    return min((log.score for log in torrent.logs), default=0)


def _freeleech(torrent: Torrent, viewer: User) -> Value:
    return {
        "isFreeleech": False,
        "isNeutralLeech": False,
        "isPersonalFreeleech": False,
        "canUseToken": False,
        "hasSnatched": viewer.id in torrent.snatched_by,
    }


def _swarm(torrent: Torrent, store: Store) -> tuple[int, int]:
    peers = store.swarm(torrent.infohash)
    seeders = sum(peer.seeding for peer in peers)
    return seeders, len(peers) - seeders


def _artists(artists: Sequence[Artist]) -> list[Value]:
    return [{"id": one.id, "aliasid": one.id, "name": one.name} for one in artists]


def _credit(group: Group) -> str:
    main = [artist.name for artist in group.by_role(1)]
    return " & ".join(main) if len(main) < 3 else "Various Artists"


def _remaster_year(torrent: Torrent, manner: Manner) -> int | None:
    year = torrent.edition.year
    return manner.no_year if year is None else year


def _name(text: str, manner: Manner) -> str:
    return html.escape(text) if manner.escaped else text


def _natural(text: str) -> list[tuple[int, int, str]]:
    return [(0, int(run), "") if run.isdigit() else (1, 0, run.lower()) for run in re.findall(r"\d+|\D+", text)]


def _bbcode(source: str) -> str:
    """BBCode as HTML: the bold alone, all else escaped."""
    return re.sub(r"\[b\](.*?)\[/b\]", r"<strong>\1</strong>", html.escape(source, quote=False), flags=re.DOTALL)
