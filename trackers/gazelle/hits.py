"""What `action=torrent` says of an upload of ours: whether it is that one, and whose. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from trackers.base import Account, CannotTell, Found, Receipt, Upload
from trackers.gazelle.answers import shape
from trackers.gazelle.search import number, text

_ENTRY = re.compile(r"(.*)\{\{\{(\d+)\}\}\}", re.DOTALL)
# To an unknown hash or id; also to a malformed question, so that alone it proves nothing.
MISSES = ("bad parameters", "bad hash parameter", "bad id parameter")


def page_url(url: str, group_id: str | None, torrent_id: str) -> str:
    """The page that shows a torrent; no key in it."""
    group = f"id={group_id}&" if group_id else ""
    return f"{url}/torrents.php?{group}torrentid={torrent_id}#torrent{torrent_id}"


def torrent_of(response: object) -> tuple[Mapping[str, object], str] | None:
    """(the torrent, its group's id or ""), or None if the answer has another shape."""
    if not isinstance(response, Mapping):
        return None
    torrent, group = response.get("torrent"), response.get("group")
    if not isinstance(torrent, Mapping) or not number(torrent.get("id")):
        return None
    return torrent, number(group.get("id")) if isinstance(group, Mapping) else ""


def compared(response: object, upload: Upload, url: str) -> Found | CannotTell:
    """A hit by hash, believed only if it is our torrent: caches and proxies have answered with another."""
    found = torrent_of(response)
    if found is None:
        return CannotTell(f"the torrent's answer has an unknown shape: {shape(response)}")
    torrent, group_id = found
    infohash = text(torrent.get("infoHash"))  # told only to who uploaded or snatched it
    if infohash and infohash.casefold() != upload.infohash.casefold():
        return CannotTell("the site answered with another torrent: its info-hash is not ours")
    if number(torrent.get("size")) != str(upload.size) or not _same_files(text(torrent.get("fileList")), upload):
        return CannotTell("the site answered with another torrent: its files are not ours")
    torrent_id = number(torrent.get("id"))
    receipt = Receipt(torrent_id, group_id or None, page_url(url, group_id, torrent_id), upload.infohash)
    return Found(receipt, _ours(torrent, upload.account), text(torrent.get("username")))


def _same_files(listed: str, upload: Upload) -> bool:
    """`name{{{size}}}` joined by `|||`; names with entities on one site and without on the other."""
    entries = [_ENTRY.fullmatch(part) for part in listed.split("|||")]
    theirs = sorted((_name(entry.group(1)), int(entry.group(2))) for entry in entries if entry)
    return len(theirs) == len(entries) and theirs == sorted((_name(path), size) for path, size in upload.files)


def _name(path: str) -> str:
    return "/".join(part.strip() for part in html.unescape(path).split("/"))


def _ours(torrent: Mapping[str, object], account: Account) -> bool | None:
    user_id, user = number(torrent.get("userId")), text(torrent.get("username"))
    if user_id and account.user_id:
        return user_id == account.user_id
    # A name alone may be that of an anonymous upload: it can say that it is ours, never that it is not.
    return True if user and user.casefold() == account.user.casefold() else None
