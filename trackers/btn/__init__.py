"""BTN: series, by the form of its website with a browser's cookies; its API only looks up. Knows no login: a session
that ended stops the lane until a person imports new cookies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

import bencode2

from trackers.base import Absent, Account, CannotTell, Form, Found, Match, Problem, Receipt, Upload
from trackers.btn import pages, release
from trackers.btn.rpc import Row, Rpc
from trackers.catalogue import Limit, announce_of
from trackers.content import Content
from trackers.errors import Answer, NotAuthorised, Refused, SettingsError, TrackerError, Unavailable, Unconfirmed
from trackers.http import Reply
from trackers.limits import Limiter
from trackers.line import Line
from trackers.outfit import Outfit, Outfitted
from trackers.secret import Secret

API = "https://api.broadcasthe.net"
API_LIMIT = Limit(60, 3600.0)  # of 150, which Sonarr and others share
_FORM = "/upload.php"
_TRIES, _APART = 4, 2.0  # looks for the number of a torrent just uploaded, and seconds between them
_CANARIES = 3  # asked in one pass before it is void


class BTNUploader(Outfitted):
    """Publishes on BTN."""

    def __init__(self, outfit: Outfit) -> None:
        super().__init__(outfit)
        self._clock, self._passkey = outfit.clock, outfit.secrets.get("passkey")
        cookies = _cookies(outfit.secrets["cookies"], outfit.name)
        header = Secret("; ".join(f"{key}={value.reveal()}" for key, value in cookies.items()))
        self._line = outfit.line({"Cookie": header}, header)
        for value in cookies.values():
            self._line.learn(value)  # but for a short one, such as `keeplogged=1`
        self._rpc = _rpc(outfit)
        self.looks_up = self._rpc is not None

    def account(self) -> Account:
        """The upload page, which proves the session and shows the announce address; the API says who we are."""
        page = self._page(self._line.get(_FORM), "file_input", "autofill")
        passkey = pages.passkey(page) or (self._passkey.reveal() if self._passkey else "")
        if not passkey:
            text = f"{self.name}: its upload page shows no announce address: seedpost secrets set {self.name.lower()}"
            raise Unavailable("unreadable", f"{text}.passkey")
        self._line.learn(Secret(passkey))
        user = self._rpc.user() if self._rpc else ("", "")
        return Account(*user, Secret(announce_of(self.site, self._settings.url, passkey)))

    def compose(self, content: Content, set: Mapping[str, object]) -> Form | list[Problem]:
        """See `release.compose`."""
        return release.compose(content, set, self.site, self.name, looks_up=self.looks_up)

    def similar(self, form: Form) -> list[Match] | CannotTell:
        """All torrents of the series by the API; without a key a person looks, as the form's note says."""
        if self._rpc is None:
            return []
        rows = self._rpc.torrents(tvdb=form.get("auto_series") or "")
        if rows is None:
            return CannotTell("the API's answer has an unknown shape, or more torrents than one answer holds")
        name = (form.get("scenename") or "").casefold()
        same = [row for row in rows if row.name.casefold() == name]
        return [Match("torrent", self._page_of(row.group, row.id), row.id, row.group, row.facts) for row in same]

    def find(self, upload: Upload, known: Receipt | None) -> Found | Absent | CannotTell:
        """By info-hash, which the site changes, and by name and size. Whose it is the API does not say."""
        if self._rpc is None:
            return CannotTell("without an API key nothing can be looked up: see the site's page")
        by_hash = self._rpc.torrents(hash=upload.infohash.upper())
        rows = self._rpc.torrents(tvdb=upload.form.get("auto_series") or "")
        if by_hash is None or rows is None:
            return CannotTell("the API's answer has an unknown shape, or more torrents than one answer holds")
        name = (upload.form.get("scenename") or "").casefold()
        found = [row for row in by_hash if row.infohash == upload.infohash]
        found += [row for row in rows if row.name.casefold() == name and row.size == upload.size]
        if found:
            return Found(self._receipt(found[0].group, found[0].id), None)
        for torrent_id in self._canaries(known, rows, self._rpc):
            if any(row.id == torrent_id for row in self._rpc.torrents(id=torrent_id) or ()):
                return Absent(torrent_id)
        return CannotTell("no torrent that is known to be there was seen in the same pass")

    def _canaries(self, known: Receipt | None, rows: tuple[Row, ...], rpc: Rpc) -> Iterator[str]:
        ids = ([known.torrent_id] if known else []) + [row.id for row in rows]
        if not ids:
            ids = [row.id for row in rpc.newest(_CANARIES)]
        yield from ids[:_CANARIES]

    def dry_run(self, upload: Upload) -> Mapping[str, object]:
        """The site's autofill, the first of the two steps: it stores nothing."""
        return self._filled(upload)

    def upload(self, upload: Upload) -> Receipt:
        """Two posts on one session: autofill, whose answer has to be the right series, and the upload, sent once."""
        address = upload.account.announce.reveal().encode()
        self._line.learn(upload.account.announce)
        filled = self._filled(upload)
        sent = [(key, value) for key, value in upload.form.fields if key not in release.FIRST_STEP]
        fields = [("submit", "true"), *filled.items(), *sent]
        # The announce address stands outside what the info-hash covers; the site puts its own in its place.
        torrent = b"d8:announce%d:%s4:info%se" % (len(address), address, upload.info)
        files = [("file_input", f"{upload.infohash}.torrent", torrent)]
        files += [(key, name.encode(errors="replace").decode(), data) for key, name, data in upload.attached]
        return self._published(self._line.post(_FORM, fields, files), upload)

    def _filled(self, upload: Upload) -> dict[str, str]:
        """What the site itself fills in. A failure here has published nothing."""
        first = [(key, value) for key, value in upload.form.fields if key in release.SENT_FIRST]
        try:
            reply = self._line.post(_FORM, [*first, ("tvdb", "Get Info")])
        except Unconfirmed as error:
            raise Unavailable(error.code, error.text, answer=error.answer) from error
        filled = pages.filled(self._page(reply, "seriesid", "album_desc"))
        wrong = pages.mismatch(filled, upload.form.get("series") or "", upload.form.get("type") or "")
        if wrong:
            raise Refused("autofill", f"{self.name}: {self._line.hide(wrong)}; nothing was sent")
        return filled

    def _page(self, reply: Reply, *marks: str) -> str:
        """A page of the site with one of `marks`. Raises `NotAuthorised` for its login page, else `Unavailable`."""
        self._look(reply)
        text = reply.body.decode(errors="replace")
        if not any(mark in text for mark in marks):
            if pages.is_login(text):
                raise self._ended(reply)
            raise Unavailable("unreadable", f"{self.name}: a page of unknown layout", answer=Answer(reply.status))
        return text

    def _look(self, reply: Reply) -> None:
        if 300 <= reply.status < 400 or reply.status in (401, 403):
            raise self._ended(reply)
        if reply.status != 200:
            text = f"{self.name}: the site has an error of its own ({reply.status})"
            raise Unavailable("site-error", text, answer=Answer(reply.status, "site-error"))

    def _ended(self, reply: Reply) -> NotAuthorised:
        text = f"{self.name}: the session has ended: log in with a browser, export its cookies, and give the file: "
        stored = f"seedpost secrets set {self.name.lower()}.cookies <cookies.txt"
        return NotAuthorised("login", text + stored, answer=Answer(reply.status, "login"))

    def _published(self, reply: Reply, upload: Upload) -> Receipt:
        """What the end of the second step means: see `pages.ending`."""
        if 300 <= reply.status < 400:
            where = urlsplit(reply.headers.get("location", ""))
            ids = dict(parse_qsl(where.query))
            if "login" in where.path:
                raise self._ended(reply)
            if where.path.endswith("torrents.php") and ids.get("id", "").isdecimal():
                return self._numbered(ids["id"], ids.get("torrentid", ""), upload)
            text = f"{self.name}: the site sent us to another address; is 'url' right?"
            raise Unconfirmed("redirect", text, stops_lane=True, answer=Answer(reply.status, "redirect"))
        if reply.status == 413:
            raise Refused("refused", f"{self.name}: it is larger than the site takes", answer=Answer(413, "too-large"))
        ending = pages.ending(reply.body.decode(errors="replace"))
        if reply.status == 200 and ending.group:
            return self._numbered(ending.group, ending.torrent, upload)
        raise self._unclear(reply, ending)

    def _unclear(self, reply: Reply, ending: pages.Ending) -> TrackerError:
        said = self._line.hide(ending.words)[:500]
        if reply.status == 200 and ending.form_again:
            text = f"{self.name}: {said or 'it shows its form again, without words'}"
            return Refused("refused", text, answer=Answer(200, "refused", said))
        code = "login" if ending.login else "site-error" if reply.status >= 500 else "unreadable"
        text = f"{self.name}: {'its login page' if ending.login else 'a page of unknown layout'} after the upload"
        stops = ending.login or reply.status in (401, 403)
        return Unconfirmed(code, text, stops_lane=stops, answer=Answer(reply.status, code))

    def _numbered(self, group: str, torrent_id: str, upload: Upload) -> Receipt:
        """The receipt; where the site names the group alone, the API knows the torrent, a few seconds later."""
        name = (upload.form.get("scenename") or "").casefold()
        for _ in range(_TRIES if self._rpc and not torrent_id else 0):
            self._clock.wait(_APART)
            rows = self._asked_for(group)
            mine = [row for row in rows if row.name.casefold() == name]
            torrent_id = mine[0].id if len(mine) == 1 else ""
            if torrent_id:
                break
        if not torrent_id:
            text = f"{self.name}: it stands at {self._page_of(group, '')}, but the site does not say under which number"
            raise Unconfirmed("unreadable", text)
        return self._receipt(group, torrent_id)

    def _asked_for(self, group: str) -> tuple[Row, ...]:
        try:
            return (self._rpc.torrents(group_id=group) if self._rpc else None) or ()
        except TrackerError:
            return ()  # it is published: whatever fails now is no failure of the upload

    def registered(self, receipt: Receipt) -> bytes:
        """From the site, by its cookies: it registers a copy of its own."""
        query = [("action", "download"), ("id", receipt.torrent_id)]
        reply = self._line.get("/torrents.php", query)
        self._look(reply)
        if pages.is_login(reply.body.decode(errors="replace")):
            raise self._ended(reply)
        try:
            torrent = bencode2.bdecode(reply.body)
        except bencode2.BencodeDecodeError:
            torrent = None
        if not isinstance(torrent, dict) or not isinstance(torrent.get(b"info"), dict):
            raise Unavailable("no-torrent", f"{self.name}: what the site sent is no torrent")
        return reply.body

    def _receipt(self, group: str, torrent_id: str) -> Receipt:
        return Receipt(torrent_id, group, self._page_of(group, torrent_id))

    def _page_of(self, group: str, torrent_id: str) -> str:
        return f"{self._settings.url}/torrents.php?id={group}" + (f"&torrentid={torrent_id}" if torrent_id else "")


def _rpc(outfit: Outfit) -> Rpc | None:
    """The API, which has a host, a key and a limit of its own; None without a key."""
    key = outfit.secrets.get("api_key")
    if key is None:
        return None
    path = outfit.limiter.path.with_suffix(".api.json") if outfit.limiter.path else None
    limiter = Limiter(path, API_LIMIT, clock=outfit.clock, credential=key, share=outfit.settings.share)
    http = outfit.http(f"{outfit.settings.url}/api" if outfit.site.sandbox else API, {})
    return Rpc(Line(outfit.name, http, limiter, outfit.clock, key), key)


def _cookies(secret: Secret, name: str) -> dict[str, Secret]:
    """Imported cookies: `{"cookies": {name: value}, …}`. Raises `SettingsError` for anything else."""
    try:
        value = json.loads(secret.reveal())["cookies"]
        found = {str(key): Secret(str(one)) for key, one in value.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        found = {}
    if not found:
        stored = f"seedpost secrets set {name.lower()}.cookies <cookies.txt"
        raise SettingsError("no-key", f"{name}: its cookies are no browser's export: {stored}")
    return found
