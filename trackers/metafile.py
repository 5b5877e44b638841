"""The .torrent as it is sent: how large a site takes it, told with a form's other problems, and looked at once more
before it goes."""

from __future__ import annotations

from trackers.catalogue import SiteType
from trackers.content import Content
from trackers.errors import Refused
from trackers.sheet import Sheet


def check_size(sheet: Sheet, content: Content, site: SiteType) -> None:
    """A problem, if the site would not take the .torrent of `content` in pieces of its own table."""
    if not site.takes(content, site.pieces.length(content.size)):
        text = f"the .torrent of {len(content.files)} files would be larger than the {site.torrent_limit} bytes that"
        sheet.problem("files", f"{text} {sheet.name} takes: upload it in parts, or leave files out")


def stamped(info: bytes, outer: bytes, site: SiteType, name: str) -> bytes:
    """A .torrent of `info` behind the bencoded pairs of `outer`, which no info-hash covers. Raises `Refused` if it is
    larger than the site takes."""
    torrent = b"d%s4:info%se" % (outer, info)
    if len(torrent) > site.torrent_limit:
        raise Refused("refused", f"{name}: the .torrent file is larger than {site.torrent_limit} bytes")
    return torrent


def pair(key: str, value: str) -> bytes:
    """One bencoded key with its text."""
    return b"%d:%s%d:%s" % (len(key), key.encode(), len(value.encode()), value.encode())
