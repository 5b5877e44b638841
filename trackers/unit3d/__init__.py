"""The verbs of an uploader for UNIT3D: one class, many sites, told apart by their settings.

The site's own info-hash is new at every upload and told by nothing but its .torrent, so an upload is found again by
name, files and size; whose an anonymous one is, by a mark of ours in its .torrent. Facts on UNIT3D.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import cast

import bencode2

from trackers.base import Absent, Account, CannotTell, Form, Found, Match, Problem, Receipt, Upload
from trackers.catalogue import Maps
from trackers.content import Content
from trackers.errors import Unavailable
from trackers.http import Files, Reply
from trackers.line import Ending
from trackers.metafile import pair, stamped
from trackers.outfit import Outfit, Outfitted
from trackers.secret import Secret
from trackers.unit3d import hits
from trackers.unit3d.answers import read
from trackers.unit3d.api import FIRST_PAUSE, ROOM, Api
from trackers.unit3d.form import compose, pictures_wanted
from trackers.unit3d.hits import Row, folded
from trackers.unit3d.outcome import keyed, page_url, receipt

_PAGES = 4  # of a search, of 25 torrents each: with MediaInfo and files an answer of more could be too long
_MARKED = 3  # anonymous torrents whose file is looked into, in one pass
_UNSHOWN = (
    "the site does not list it; but uploads may wait for a moderator there, shown to nobody: look at your uploads on "
    "the site, or say `moderated: false` where yours never wait"
)


class Unit3dUploader(Outfitted):
    """Publishes on one site that runs UNIT3D, version 8 to 9.2."""

    def __init__(self, outfit: Outfit) -> None:
        super().__init__(outfit)
        self._maps = cast(Maps, outfit.settings.maps)  # which every type with `maps` has
        key = self._key = outfit.secrets["api_key"]
        headers = {"Authorization": Secret(f"Bearer {key.reveal()}")}
        self._api = Api(outfit.line(headers, key, room=ROOM, first_pause=FIRST_PAUSE))
        self.hosts_screenshots = outfit.images is not None
        self._rsskey: Secret | None = None  # fetches .torrents without any other credential

    def host_image(self, data: bytes, name: str) -> str:
        """Put a picture on the image host that is configured. Raises as `ImageHost.put`."""
        return super().host_image(data, name) if self._images is None else self._images.put(data, name)

    def account(self) -> Account:
        """`/api/user` says who we are. The announce address stands in .torrents alone: that of our newest upload is
        fetched, else of the site's newest; empty where there is none yet."""
        said = self._api.look("/api/user")
        user = said.value.get("username")
        if said.status != 200 or not isinstance(user, str) or not user:
            text = f"{self.name}: it does not say who we are; is 'url' right, and its UNIT3D of version 8.3.4 or later?"
            raise Unavailable("unreadable", text)
        return Account(user, "", self._announce(user))

    def _announce(self, user: str) -> Secret:
        listed = self._listed(uploader=user) or self._listed()
        if isinstance(listed, CannotTell):
            return Secret("")
        for row in listed[:1]:
            torrent = self._torrent(row.id)
            announce = torrent.get(b"announce") if torrent else None
            if isinstance(announce, bytes):
                return self._learn(announce.decode(errors="replace"))
        return Secret("")

    def _learn(self, announce: str) -> Secret:
        """The passkey by itself is as secret as the address it stands in."""
        address = Secret(announce)
        for one in (address, Secret(announce.rsplit("/", 1)[-1])):
            self._api.learn(one)
        return address

    def compose(self, content: Content, set: Mapping[str, object]) -> Form | list[Problem]:
        """See `form.compose`."""
        return compose(content, set, self.site, self._settings, self._maps, self.name)

    def screenshots(self, content: Content, set: Mapping[str, object]) -> int:
        """As its block says, or `set` for this upload."""
        return pictures_wanted(content, set, self._maps)

    def similar(self, form: Form) -> list[Match] | CannotTell:
        """By name: no two torrents of a site may have one, as its database compares them."""
        name = form.get("name") or ""
        listed = self._listed(name=hits.words(name))
        if isinstance(listed, CannotTell):
            return listed
        return [
            Match(
                "torrent", page_url(self._settings.url, row.id), row.id, None, {**row.facts, "uploader": row.uploader}
            )
            for row in listed
            if folded(row.name) == folded(name)
        ]

    def find(self, upload: Upload, known: Receipt | None) -> Found | Absent | CannotTell:
        """By name, then by the path of the longest file, should a moderator have changed the name. What was sent and is
        not listed is absent only where nothing waits for a moderator."""
        name = upload.form.get("name") or upload.name
        path = max(upload.files, key=lambda file: file[1])[0]
        clash = ""
        for query in ({"name": hits.words(name)}, {"file_name": path}):
            listed = self._listed(**query)
            if isinstance(listed, CannotTell):
                return listed
            same = [row for row in listed if row.holds(upload)]
            if same:
                return self._judged(same, upload)
            clash = clash or next((row.id for row in listed if folded(row.name) == folded(name)), "")
        if clash:
            return CannotTell(f"its name stands on another torrent there: {page_url(self._settings.url, clash)}")
        return self._absent(upload, known)

    def _judged(self, same: Sequence[Row], upload: Upload) -> Found:
        """Of several, that which is ours goes before one of which that can't be told."""
        judged = [(row, row.ours(upload.account)) for row in same]
        anonymous = [row for row, ours in judged if ours is None][:_MARKED]
        if not any(ours for _, ours in judged):
            judged = [(row, True) for row in anonymous if self._bears_our_mark(row, upload)] + judged
        row, ours = min(judged, key=lambda pair: (pair[1] is not True, pair[1] is not None))
        return Found(Receipt(row.id, None, page_url(self._settings.url, row.id)), ours, row.uploader)

    def _absent(self, upload: Upload, known: Receipt | None) -> Absent | CannotTell:
        listed = self._listed()
        if isinstance(listed, CannotTell):
            return listed
        ids = [row.id for row in listed]
        if not ids:
            return CannotTell("the site lists no torrent at all, so its search proves nothing")
        if upload.sent_at is not None and self._maps.moderated:
            return CannotTell(_UNSHOWN)
        return Absent(known.torrent_id if known is not None and known.torrent_id in ids else ids[0])

    def _listed(self, **query: str) -> list[Row] | CannotTell:
        """What the search lists, newest first; without a question the newest page alone."""
        if not all(query.values()):
            return CannotTell("its name has no word to search for")
        listed: list[Row] = []
        for number in range(1, _PAGES + 1):
            page = {"perPage": "25", "sortField": "created_at", "sortDirection": "desc", "page": str(number)}
            read = hits.rows(self._api.filter(**query, **page))
            if read is None:
                return CannotTell("the search's answer has an unknown shape")
            listed += read[0]
            self._remember(hits.key_in(read[0]))
            if not query or not read[1]:
                return listed
        return CannotTell(f"the search found more than {len(listed)} torrents of that name")

    def _remember(self, link: object) -> None:
        """The key in a download address, which every answer that has one tells."""
        found = keyed(link)
        if found is not None:
            self._rsskey = found[1]
            self._api.learn(found[1])

    def upload(self, upload: Upload) -> Receipt:
        """One POST. Every answer but one of known meaning is `Unconfirmed`: a 500 may have stored it."""
        said = self._api.send("/api/torrents/upload", upload.form.fields, self._parts(upload))
        self._remember(said.value.get("data"))
        return receipt(said, self._settings.url, self.name, self._api.hide)

    def _parts(self, upload: Upload) -> Files:
        """The torrent without an announce address, which the site would put aside, and what goes beside it."""
        torrent = stamped(upload.info, pair("created by", self._mark(upload)), self.site, self.name)
        files = [("torrent", f"{upload.infohash}.torrent", torrent)]
        files += [(key, name.encode(errors="replace").decode(), data) for key, name, data in upload.attached]
        return files

    def _mark(self, upload: Upload) -> str:
        """What the site keeps of a .torrent beside its files: a word that only our key makes of this info-hash."""
        word = hmac.new(self._key.reveal().encode(), f"created by {upload.infohash}".encode(), hashlib.sha256)
        return f"seedpost {word.hexdigest()[:24]}"

    def _bears_our_mark(self, row: Row, upload: Upload) -> bool:
        torrent = self._torrent(row.id)
        made = torrent.get(b"created by") if torrent else None
        return isinstance(made, bytes) and made.startswith(self._mark(upload).encode())

    def registered(self, receipt: Receipt) -> bytes:
        """The .torrent by its id and our key for such files, which any list of torrents tells; also while it waits for
        a moderator. An answer of 200 without a torrent exists: the site could not store it."""
        for again in (False, True):
            data = self._fetched(receipt.torrent_id, anew=again)
            torrent = _decoded(data)
            if torrent is not None:
                announce = torrent.get(b"announce")
                self._learn(announce.decode(errors="replace") if isinstance(announce, bytes) else "")
                return data
        raise Unavailable("no-torrent", f"{self.name}: the site did not give the torrent back")

    def moderation(self, receipt: Receipt) -> str:
        """What is pending, rejected and deleted is one and the same 404; but the .torrent of what is pending, or
        postponed, is given out, and that of what was rejected leads to its page."""
        said = self._api.look(f"/api/torrents/{receipt.torrent_id}")
        if said.status == 200:
            return ""
        for anew in (False, True):  # the second time with a key that was not reset meanwhile
            reply = self._download(receipt.torrent_id, anew=anew)
            if _decoded(reply.body) is not None:
                return "pending"
        if reply.status == 404:
            return "deleted"
        if reply.headers.get("location", "").endswith(f"/torrents/{receipt.torrent_id}"):
            return "rejected"
        raise Unavailable("no-torrent", f"{self.name}: it does not say what became of torrent {receipt.torrent_id}")

    def _torrent(self, torrent_id: str) -> dict[bytes, object] | None:
        return _decoded(self._fetched(torrent_id))

    def _fetched(self, torrent_id: str, *, anew: bool = False) -> bytes:
        reply = self._download(torrent_id, anew=anew)
        return reply.body if reply.status == 200 else b""

    def _download(self, torrent_id: str, *, anew: bool = False) -> Reply:
        """What stands at the download address. Raises `NotAuthorised` and `Unavailable`."""
        if self._rsskey is None or anew:
            self._listed()
        if self._rsskey is None:
            raise Unavailable("no-torrent", f"{self.name}: the site tells no address to fetch torrents at")
        reply = self._api.fetch(f"/torrent/download/{torrent_id}.{self._rsskey.reveal()}")
        reading = read(reply, self._api.hide)
        if isinstance(reading, Ending) and reading.what == "away":
            self._api.line.looked(reading)
        return reply


def _decoded(data: bytes) -> dict[bytes, object] | None:
    try:
        torrent = bencode2.bdecode(data)
    except bencode2.BencodeDecodeError:
        return None
    return torrent if isinstance(torrent, dict) and isinstance(torrent.get(b"info"), dict) else None
