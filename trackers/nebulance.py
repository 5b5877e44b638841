"""NBL: series alone, by one api.php with a key in the request. It has no groups, and says neither who we are nor who
uploaded what. The words of its refusals are known from clients, not from its source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl, urlsplit

import bencode2

from trackers.base import Absent, Account, CannotTell, Form, Found, Match, Problem, Receipt, Upload
from trackers.catalogue import announce_of
from trackers.content import Content
from trackers.errors import AlreadyThere, Answer, NotAuthorised, Refused, TrackerError, Unavailable, Unconfirmed
from trackers.http import Reply
from trackers.metafile import check_size, pair, stamped
from trackers.outfit import Outfit, Outfitted
from trackers.secret import Secret
from trackers.sheet import Sheet

_PATH = "/api.php"
_PAGES = 5  # of a search, 100 torrents each: a series with more is not looked through
_CANARIES = 3  # asked in one pass before it is void
_CATEGORIES = {"Episode": "1", "Season": "3"}
_KEY = re.compile(r"invalid params|api.?key|api.?token|not authori[sz]ed|unauthori[sz]ed|permission", re.IGNORECASE)
_DOWN = re.compile(r"api is down|maintenance|try again later", re.IGNORECASE)
_THERE = re.compile(r"dupe|duplicate|already (exists|uploaded|been)|same info.?hash", re.IGNORECASE)
# What can only be said of a form that was looked at and not taken.
_REFUSALS = re.compile(
    r"^(missing|invalid|no|bad) .{0,40}(tvmaze|media ?info|category|torrent|file|show|series)|is (required|missing)$",
    re.IGNORECASE,
)
_NAME_LINE = re.compile(r"^Complete name\s*:\s*(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class _Row:
    """A torrent as a search lists it. `download` holds keys."""

    id: str
    name: str
    size: int
    files: tuple[str, ...]
    download: Secret
    facts: Mapping[str, str]


@dataclass(frozen=True)
class _Page:
    rows: tuple[_Row, ...]
    pages: int


class NebulanceUploader(Outfitted):
    """Publishes on NBL."""

    def __init__(self, outfit: Outfit) -> None:
        super().__init__(outfit)
        self._key, self._passkey = outfit.secrets["api_key"], outfit.secrets["passkey"]
        self._line = outfit.line({}, self._key, self._passkey)

    def account(self) -> Account:
        """The smallest search, which proves the key. Whose it is the site does not say; the passkey is the user's."""
        self._search([("age", ">0")], per_page=1)
        return Account("", "", Secret(announce_of(self.site, self._settings.url, self._passkey.reveal())))

    def compose(self, content: Content, set: Mapping[str, object]) -> Form | list[Problem]:
        """TVmaze's number of the series, MediaInfo's text, and whether it is an episode or a season."""
        sheet = Sheet(self.name, set)
        tvmaze = sheet.number("tvmazeid") or content.ids.tvmaze
        if content.kind != "tv":
            sheet.problem("kind", f"{self.name} takes series alone, not {content.kind}")
        if tvmaze is None and content.kind == "tv":
            sheet.problem("ids.tvmaze", "TVmaze's number of the series is not known: set ids.tvmaze")
        sheet.put("tvmazeid", tvmaze)
        _media(sheet, content)
        sheet.put("category", _category(sheet, content))
        check_size(sheet, content, self.site)
        sheet.put("ignoredupes", "1" if sheet.truth("ignoredupes") else None)
        longest = max((len(f"{content.name}/{one.path}") for one in content.files), default=0)
        if not content.single and longest > self.site.path_limit:
            sheet.problem("name", f"a path of {longest} characters: {self.name} takes {self.site.path_limit}")
        return sheet.problems or sheet.form()

    def similar(self, form: Form) -> list[Match] | CannotTell:
        """All torrents of the series, in full; the one that holds the file which MediaInfo describes is this very one.
        Other encodings of an episode may stand beside it."""
        rows = self._series(form.get("tvmazeid") or "")
        named = _NAME_LINE.search(form.get("mediainfo") or "")
        if rows is None or named is None:
            return CannotTell("the search's answer has an unknown shape" if rows is None else "MediaInfo names no file")
        there = [row for row in rows if named[1].casefold() in {_last(one) for one in row.files}]
        return [Match("torrent", self._page_of(row.id), row.id, facts=row.facts) for row in there]

    def find(self, upload: Upload, known: Receipt | None) -> Found | Absent | CannotTell:
        """All torrents of the series: one of our size and files is fetched and compared. Who uploaded it the site does
        not say."""
        rows = self._series(upload.form.get("tvmazeid") or "")
        if rows is None:
            return CannotTell("the search's answer has an unknown shape")
        for row in rows:
            alike = row.size == upload.size and len(row.files) == len(upload.files)
            if alike and _same(self._fetched(row), upload.info):
                return Found(Receipt(row.id, None, self._page_of(row.id)), None)
        for torrent_id in self._canaries(known, rows):
            if self._row(torrent_id) is not None:
                return Absent(torrent_id)
        return CannotTell("no torrent that is known to be there was seen in the same pass")

    def _canaries(self, known: Receipt | None, rows: tuple[_Row, ...]) -> Iterator[str]:
        """Ids of torrents that should be there: ours, those of the series, those that are newest now."""
        ids = [known.torrent_id] if known else []
        ids += [row.id for row in rows]
        if not ids:
            newest = self._search([("age", ">0")], per_page=_CANARIES)
            ids = [row.id for row in newest.rows] if newest else []
        yield from ids[:_CANARIES]

    def upload(self, upload: Upload) -> Receipt:
        """`action=upload`, once. Words that are not known to come before anything is stored prove nothing."""
        # The site puts its own in the place of the announce address.
        self._line.learn(upload.account.announce)
        torrent = stamped(upload.info, pair("announce", upload.account.announce.reveal()), self.site, self.name)
        fields = [("action", "upload"), ("api_key", self._key.reveal()), *upload.form.fields]
        reply = self._line.post(_PATH, fields, [("file_input", f"{upload.infohash}.torrent", torrent)])
        return self._receipt(reply)

    def registered(self, receipt: Receipt) -> bytes:
        """By the address that the search gives, which holds keys."""
        row = self._row(receipt.torrent_id)
        if row is None:
            raise Unavailable("no-torrent", f"{self.name}: the site does not list torrent {receipt.torrent_id}")
        return self._fetched(row)

    # how the site answers

    def _series(self, tvmaze: str) -> tuple[_Row, ...] | None:
        """Every torrent of a series; None if the list is not whole, or not one."""
        rows: list[_Row] = []
        for number in range(_PAGES):
            page = self._search([("tvmaze", tvmaze), *([("page", str(number))] if number else [])])
            if page is None:
                return None
            rows += page.rows
            if number + 1 >= page.pages:
                return tuple(rows)
        return None

    def _row(self, torrent_id: str) -> _Row | None:
        page = self._search([("id", torrent_id)], per_page=1)
        return next((row for row in page.rows if row.id == torrent_id), None) if page else None

    def _search(self, query: list[tuple[str, str]], per_page: int = 100) -> _Page | None:
        """One page of a search. Raises `Unavailable` or `NotAuthorised`; None for JSON of an unknown shape."""
        key = ("api_key", self._key.reveal())
        reply = self._line.get(_PATH, [("action", "search"), key, ("per_page", str(per_page)), *query])
        value = self._read(reply)
        if isinstance(value, TrackerError):
            raise value
        words = _words(value)
        if words:
            raise Unavailable("unknown-words", self._told(words), answer=self._answer(reply, words))
        return _page(value)

    def _fetched(self, row: _Row) -> bytes:
        parts, ours = urlsplit(row.download.reveal()), urlsplit(self._settings.url)
        if parts.netloc != ours.netloc or not parts.path.startswith(ours.path):
            raise Unavailable("no-torrent", f"{self.name}: the site names another host for its torrent")
        query = parse_qsl(parts.query, keep_blank_values=True)
        for _, value in query:
            self._line.learn(Secret(value))
        reply = self._line.get(parts.path.removeprefix(ours.path), query)
        if reply.status != 200 or _info(reply.body) is None:
            raise Unavailable("no-torrent", f"{self.name}: what the site sent is no torrent")
        return reply.body

    def _read(self, reply: Reply) -> Mapping[str, object] | TrackerError:
        """A JSON object; or what an answer means that says so by itself, without its being stored."""
        if 300 <= reply.status < 400:
            code = "login" if "login" in reply.headers.get("location", "") else "redirect"
            return NotAuthorised(code, self._told("the site sent us elsewhere"), answer=self._answer(reply))
        if reply.status >= 500:
            return Unavailable("site-error", self._told("the site has an error of its own"), answer=self._answer(reply))
        value = _object(reply.body)
        words = _words(value) if value is not None else ""
        if reply.status in (401, 403) or _KEY.search(words):
            text = self._told(words or "the site denied us, without words")
            return NotAuthorised("key-refused" if words else "denied", text, answer=self._answer(reply, words))
        if _DOWN.search(words):
            return Unavailable("site-error", self._told(words), answer=self._answer(reply, words))
        if value is None:
            if reply.body.lstrip()[:1] == b"<":
                login = b"login.php" in reply.body or b'type="password"' in reply.body
                text = "its login page in place of an answer" if login else "a page of HTML in place of an answer"
                return NotAuthorised("login" if login else "html", self._told(text), answer=self._answer(reply))
            text = "an answer that is not one JSON document" if reply.body.strip() else "an empty answer"
            return Unavailable("unreadable", self._told(text), answer=self._answer(reply))
        return value

    def _receipt(self, reply: Reply) -> Receipt:
        """The receipt of an upload. Raises what anything else means."""
        if reply.status == 413:
            raise Refused("refused", self._told("it is larger than the site takes"), answer=self._answer(reply))
        value = self._read(reply)
        if isinstance(value, TrackerError):
            self._unclear(value)
        words, link = _words(value), str(_of(value, "link") or "")
        if words:
            raise self._failure(words, reply)
        ids = dict(parse_qsl(urlsplit(link).query))
        torrent_id = ids.get("id") or ids.get("torrentid") or ""
        if not torrent_id.isdecimal():
            raise Unconfirmed("unreadable", self._told("it does not say which torrent"), answer=self._answer(reply))
        return Receipt(torrent_id, None, self._page_of(torrent_id))

    def _unclear(self, error: TrackerError) -> NoReturn:
        """A look-up's failure, as the end of an upload: only a refused key and the login page come before it."""
        stops = isinstance(error, NotAuthorised)
        redirected = error.answer is not None and 300 <= error.answer.status < 400
        if stops and (error.code == "key-refused" or (error.code == "login" and redirected)):
            raise error
        raise Unconfirmed(error.code, error.text, stops_lane=stops, answer=error.answer) from error

    def _failure(self, words: str, reply: Reply) -> TrackerError:
        text, answer = self._told(words), self._answer(reply, words)
        if _THERE.search(words):
            return AlreadyThere("already-there", text, answer=answer)
        if _REFUSALS.search(words):
            return Refused("refused", text, answer=answer)
        return Unconfirmed("unknown-words", text, answer=answer)

    def _answer(self, reply: Reply, words: str = "") -> Answer:
        return Answer(reply.status, "failure" if words else "", self._line.hide(words)[:500])

    def _told(self, words: str) -> str:
        return f"{self.name}: {self._line.hide(words)}"

    def _page_of(self, torrent_id: str) -> str:
        return f"{self._settings.url}/torrents.php?id={torrent_id}"


def _media(sheet: Sheet, content: Content) -> None:
    video = content.video
    if video is not None and video.kind == "disc":
        sheet.problem("video.kind", f"{sheet.name} wants one MediaInfo text, and a disc has none")
    elif video is None or not video.mediainfo:
        sheet.problem("video.mediainfo", "MediaInfo of the files is missing: install libmediainfo, then retry")
    else:
        sheet.put("mediainfo", video.mediainfo)


def _category(sheet: Sheet, content: Content) -> str | None:
    tv = content.video.tv if content.video else None
    word = sheet.text("category")
    if word is not None and word not in _CATEGORIES:
        sheet.problem("category", f"set: category is one of {', '.join(_CATEGORIES)}")
    if word is None and tv is not None and (tv.pack or tv.episodes or tv.date):
        word = "Season" if tv.pack else "Episode"
    if word is None and content.kind == "tv":
        sheet.problem("tv.episode", "neither episode, date nor season pack: set tv.season and tv.episode, or tv.pack")
    return _CATEGORIES.get(word or "")


def _object(body: bytes) -> Mapping[str, object] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _of(value: Mapping[str, object], key: str) -> object:
    """A key of an answer, which may stand within `result`."""
    result = value.get("result")
    return value.get(key) or (result.get(key) if isinstance(result, dict) else None)


def _words(value: Mapping[str, object]) -> str:
    """What an answer says went wrong, as text of one line; empty if nothing."""
    error = _of(value, "error")
    words = error.get("message") if isinstance(error, dict) else error
    text = str(words) if words else "an error without words" if error else ""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _page(value: Mapping[str, object]) -> _Page | None:
    items, total, pages = _of(value, "items"), _of(value, "total_results"), _of(value, "total_pages")
    if not items and not total and "total_results" in value:
        return _Page((), 0)
    rows = [_row(item) for item in items] if isinstance(items, list) else []
    if not rows or None in rows or not isinstance(pages, int):
        return None
    return _Page(tuple(row for row in rows if row), pages)


def _row(item: object) -> _Row | None:
    if not isinstance(item, dict):
        return None
    files, torrent_id, size = item.get("file_list"), str(item.get("group_id") or ""), str(item.get("size") or "")
    download, name = item.get("download"), item.get("rls_name")
    if not torrent_id.isdecimal() or not size.isdecimal() or not isinstance(files, list):
        return None
    if not isinstance(download, str) or not isinstance(name, str):
        return None
    facts = {key: str(item[key]) for key in ("cat", "season", "episode") if item.get(key)}
    names = tuple(str(one) for one in files)
    return _Row(torrent_id, name, int(size), names, Secret(download), {"name": name[:200], **facts})


def _last(path: str) -> str:
    return path.rpartition("/")[2].casefold()


def _info(torrent: bytes) -> Mapping[bytes, object] | None:
    try:
        value = bencode2.bdecode(torrent)
    except bencode2.BencodeDecodeError:
        return None
    info = value.get(b"info") if isinstance(value, dict) else None
    return info if isinstance(info, dict) else None


def _same(torrent: bytes, ours: bytes) -> bool:
    """Whether a torrent describes the same files in the same pieces, whatever else the site put into it."""
    theirs, own = _info(torrent) or {}, bencode2.bdecode(ours)
    keys = (b"name", b"files", b"length", b"piece length", b"pieces")
    return all(theirs.get(key) == own.get(key) for key in keys)
