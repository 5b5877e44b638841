"""The verbs of an uploader in Gazelle's dialect. What differs between sites is data; most parts beside it are pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

import bencode2

from trackers.base import (
    Absent,
    Account,
    CannotTell,
    Form,
    Found,
    Match,
    Problem,
    Receipt,
    Upload,
)
from trackers.catalogue import announce_of
from trackers.content import Content
from trackers.errors import Unavailable
from trackers.gazelle import after, search, told
from trackers.gazelle.ajax import Ajax
from trackers.gazelle.answers import Said, shape
from trackers.gazelle.dialect import Dialect
from trackers.gazelle.fold import words
from trackers.gazelle.form import compose
from trackers.gazelle.hits import MISSES, compared, torrent_of
from trackers.gazelle.outcome import receipt
from trackers.http import Files, Reply
from trackers.metafile import pair, stamped
from trackers.outfit import Outfit, Outfitted
from trackers.secret import Secret

_PAGES = 3  # of a search: more groups of one title by one artist are not looked through
_CANARIES = 3  # asked in one pass before it is void


class GazelleUploader(Outfitted):
    """Publishes on one site that speaks Gazelle's ajax.php. A site is a subclass with its `dialect`."""

    dialect: Dialect

    def __init__(self, outfit: Outfit) -> None:
        super().__init__(outfit)
        key = outfit.secrets["api_key"]
        authorization = Secret(self.dialect.authorization.format(key.reveal()))
        self._ajax = Ajax(outfit.line({"Authorization": authorization}, key))
        self.hosts_images = self.hosts_images or outfit.images is not None
        self.extras = {"request": self._fill_request, "logs": self._add_logs}
        self._seen: list[str] = []  # torrents that the last search listed: canaries

    def account(self) -> Account:
        """`action=index`. It needs no scope of the key, so it proves the key and not the right to upload."""
        said = self._ajax.look("index")
        response = said.response if isinstance(said.response, Mapping) else {}
        passkey, user = search.text(response.get("passkey")), search.text(response.get("username"))
        for key in ("passkey", "authkey"):
            self._ajax.learn(Secret(search.text(response.get(key))))
        if not user or not passkey.isascii() or not passkey.replace("-", "").replace("_", "").isalnum():
            raise Unavailable(
                "unreadable", f"{self.name}: the account's answer has an unknown shape: {shape(response)}"
            )
        announce = announce_of(self.site, self._settings.url, passkey)
        return Account(user, search.number(response.get("id")), Secret(announce))

    def compose(self, content: Content, set: Mapping[str, object]) -> Form | list[Problem]:
        """See `form.compose`."""
        return compose(content, set, self.site, self.dialect, self._settings, self.name)

    def host_image(self, data: bytes, name: str) -> str:
        """Put a cover on the image host that is configured. Raises as `ImageHost.put`."""
        return super().host_image(data, name) if self._images is None else self._images.put(data, name)

    def may_upload(self) -> bool | None:
        """See `after.may_upload`."""
        return after.may_upload(self._ajax, [("type", "0")])

    def describe(self, infohash: str) -> Mapping[str, object]:
        """`action=torrent` by hash, which reads the site's tables: see `told.facts`."""
        said = self._ajax.look("torrent", hash=infohash.upper())
        host = urlsplit(self._settings.url).hostname or ""
        return told.facts(said.response, self.dialect, host) if said.ok else {}

    def log_score(self, logs: Sequence[tuple[str, bytes]]) -> int | CannotTell:
        """`action=logchecker`, which neither site counts against a limit."""
        return after.log_score(self._ajax, logs)

    def _fill_request(self, upload: Upload, receipt: Receipt, about: str) -> None:
        after.fill_request(self._ajax, self.dialect.fill_action, receipt, about)

    def _add_logs(self, upload: Upload, receipt: Receipt, about: str) -> None:
        after.add_logs(self._ajax, upload, receipt)

    def similar(self, form: Form) -> list[Match] | CannotTell:
        """By main artist and title; compared again here, since the search brings along what has the words only. It
        lags by up to a minute behind uploads."""
        query = {"artistname": words(search.main_artist(form)), "groupname": words(form.get("title") or "")}
        asked = {key: value for key, value in query.items() if value}
        if not asked:
            return CannotTell("neither artist nor title has a word to search for")
        groups: list[Mapping[str, object]] = []
        for number in range(1, _PAGES + 1):
            page = self._page(**asked, **({"page": str(number)} if number > 1 else {}))
            if isinstance(page, CannotTell):
                return page
            groups += page.groups
            if number >= page.pages:
                return search.matches(form, tuple(groups), self.dialect, self._settings.url)
        return CannotTell(f"the search found more than {len(groups)} releases of that name")

    def _page(self, **query: str) -> search.Page | CannotTell:
        said = self._ajax.look("browse", **query)
        page = search.page(said.response) if said.ok else None
        if page is None:
            return CannotTell(f"the search's answer has an unknown shape: {said.error or shape(said.response)}")
        if page.groups:
            self._seen = [*page.torrent_ids()]
        return page

    def find(self, upload: Upload, known: Receipt | None) -> Found | Absent | CannotTell:
        """By info-hash, which reads the site's tables and not its search index. An absence is believed only if a
        torrent that must be there is seen right after it."""
        self._learn(upload.account.announce)
        said = self._ajax.look("torrent", hash=upload.infohash.upper())
        if said.ok:
            return compared(said.response, upload, self._settings.url)
        if said.error not in MISSES:
            return CannotTell(f"{self.name}: {said.error}")
        for number, torrent_id in enumerate(self._canaries(known)):
            if number == _CANARIES:
                break
            if self._shows(torrent_id):
                return Absent(torrent_id)
        self._seen = []  # whatever is newest at the next pass may do better
        return CannotTell("no torrent that is known to be there was seen in the same pass")

    def _canaries(self, known: Receipt | None) -> Iterator[str]:
        """Ids of torrents that should be there: ours, those of the last search, those that are newest now."""
        if known is not None:
            yield known.torrent_id
        if not self._seen:
            self._page(order_by="time", order_way="desc")
        yield from self._seen

    def _shows(self, torrent_id: str) -> bool:
        said = self._ajax.look("torrent", id=torrent_id)
        found = torrent_of(said.response) if said.ok else None
        return found is not None and search.number(found[0].get("id")) == torrent_id

    def upload(self, upload: Upload) -> Receipt:
        """`action=upload`, once. Every answer but a clean one of known meaning is `Unconfirmed`."""
        said = self._ajax.send("upload", upload.form.fields, self._parts(upload))
        return receipt(said, upload.infohash, self._settings.url, self.name, self._ajax.hide)

    def _parts(self, upload: Upload) -> Files:
        """The torrent, with our announce address, and what goes beside it. Raises `Refused` if it is too large."""
        announce = upload.account.announce
        self._learn(announce)
        # The site puts its own in the place of the announce address.
        torrent = stamped(upload.info, pair("announce", announce.reveal()), self.site, self.name)
        files = [("file_input", f"{upload.infohash}.torrent", torrent)]
        files += [(key, name.encode(errors="replace").decode(), data) for key, name, data in upload.attached]
        return files

    def _learn(self, announce: Secret) -> None:
        """The passkey by itself is as secret as the address it stands in."""
        self._ajax.learn(announce)
        for step in announce.reveal().split("/")[-2:-1]:
            self._ajax.learn(Secret(step))

    def registered(self, receipt: Receipt) -> bytes:
        """`action=download`. An empty answer of the right type exists: the site has lost its file then."""
        reply = self._ajax.fetch("download", id=receipt.torrent_id)
        if isinstance(reply, Said):
            text = reply.error or "an answer in place of the torrent"
            raise Unavailable("no-torrent", f"{self.name}: {text}", answer=reply.answer)
        if not _is_torrent(reply):
            raise Unavailable("no-torrent", f"{self.name}: what the site sent is no torrent")
        return reply.body


def _is_torrent(reply: Reply) -> bool:
    try:
        torrent = bencode2.bdecode(reply.body)
    except bencode2.BencodeDecodeError:
        return False
    return isinstance(torrent, dict) and isinstance(torrent.get(b"info"), dict)
