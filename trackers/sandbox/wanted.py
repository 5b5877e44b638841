"""Requests of users for a release, and what filling one says. Facts on Gazelle, section 9.

An upload that names a request fills it even where the site says no; `request_fill` does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from trackers.sandbox.answers import ROLES, Value
from trackers.sandbox.store import Store, Torrent, User, Wanted, stamp

FILLED = "This request has already been filled."
NO_LINK = "You forgot to supply a link to the filling torrent"
NO_TORRENT_ID = "could not determine torrentid"
GRACE = "There is a one hour grace period for new uploads to allow the uploader ({}) to fill the request."
GRACE_SECONDS = 3600.0
BOUNTY = 10737418240  # bytes


@dataclass(frozen=True)
class Stock:
    """A request the site starts with."""

    title: str
    media: str
    format: str
    encoding: str


STOCK = (
    Stock("WEB FLAC wanted", "WEB", "FLAC", "Lossless"),
    Stock("CD MP3 wanted", "CD", "MP3", "320"),
    Stock("WEB FLAC wanted", "WEB", "FLAC", "Lossless"),
    Stock("CD MP3 wanted", "CD", "MP3", "320"),
)


def fill_stock(store: Store, owner: User) -> None:
    """Put the requests in, in the name of `owner`."""
    for number, one in enumerate(STOCK, 1):
        time = store.clock.now()
        store.wanted[number] = Wanted(number, owner, one.title, 2024, one.media, one.format, one.encoding, time)


def refusals(wanted: Wanted, torrent: Torrent) -> str:
    """Why this torrent does not fill it; empty where it does."""
    if wanted.filler is not None:
        return FILLED
    pairs = (
        (torrent.media, wanted.media, "media"),
        (torrent.format, wanted.format, "format"),
        (torrent.encoding, wanted.encoding, "encoding"),
    )
    return "<br />".join(
        f"{has} is not an allowed {what} for this request." for has, asked, what in pairs if has != asked
    )


def too_early(torrent: Torrent, user: User, now: float) -> str:
    """The uploader's hour; empty once it has passed."""
    if torrent.user is user or now - torrent.time >= GRACE_SECONDS:
        return ""
    return GRACE.format(torrent.user.name)


def fill(wanted: Wanted, torrent: Torrent, user: User, now: float) -> Value:
    """Mark it filled, and say so."""
    wanted.filler, wanted.torrent_id, wanted.filled_at = user, torrent.id, now
    return {
        "requestId": wanted.id,
        "torrentId": torrent.id,
        "fillerId": user.id,
        "fillerName": user.name,
        "bounty": {str(wanted.owner.id): {"UserID": wanted.owner.id, "Bounty": str(BOUNTY)}},
    }


def torrent_named(torrent_id: str | None, link: str | None) -> int | None:
    """The torrent's id, given as it is or in a link; None if neither was sent."""
    if torrent_id is None and link is None:
        return None
    found = re.search(r"torrentid=(\d+)", link or "") or re.match(r"(\d+)", torrent_id or "")
    return int(found[1]) if found else 0


def value(wanted: Wanted, viewer: User) -> Value:
    """`response` of action=request."""
    filler = wanted.filler
    return {
        "requestId": wanted.id,
        "requestorId": wanted.owner.id,
        "timeAdded": stamp(wanted.time),
        "voteCount": 1,
        "lastVote": stamp(wanted.time),
        "totalBounty": BOUNTY,
        "categoryId": 1,
        "categoryName": "Music",
        "title": wanted.title,
        "year": wanted.year,
        "image": "",
        "bbDescription": "want this please",
        "description": "want this please",
        "catalogueNumber": "",
        "recordLabel": "",
        "oclc": "",
        "releaseType": 1,
        "releaseTypeName": "Album",
        "bitrateList": [wanted.encoding],
        "formatList": [wanted.format],
        "mediaList": [wanted.media],
        "logCue": "",
        "needCue": False,
        "needLog": False,
        "needLogChecksum": False,
        "minLogScore": 0,
        "isFilled": filler is not None,
        "fillerId": filler.id if filler else 0,
        "torrentId": wanted.torrent_id,
        "timeFilled": stamp(wanted.filled_at) if filler else "",
        "tags": [],
        "requestorName": wanted.owner.name,
        "isBookmarked": False,
        "requestTax": 0,
        "canEdit": viewer is wanted.owner,
        "canVote": True,
        "minimumVote": 104857600,
        "topContributors": [{"userId": wanted.owner.id, "userName": wanted.owner.name, "bounty": str(BOUNTY)}],
        "musicInfo": {role: [] for role in ROLES},
        "fillerName": filler.name if filler else "",
        "comments": [],
        "commentPage": 1,
        "commentPages": 0,
    }
