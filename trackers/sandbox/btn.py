"""BTN's form and JSON-RPC as clients speak them: two steps with a session, a registered copy of its own, lists that are
empty in many ways. Its server is closed; what clients send and read is enforced and answered."""

from __future__ import annotations

import ast
import html
from collections.abc import Mapping
from dataclasses import dataclass

from trackers.catalogue import BTN
from trackers.sandbox import announce, metainfo
from trackers.sandbox.faults import PAGE, Fault, Struck
from trackers.sandbox.metainfo import Metainfo, Registered
from trackers.sandbox.series import Refusal, Series, sent_torrent
from trackers.sandbox.store import Torrent, User
from trackers.sandbox.wire import HTML_TYPE, Form, Reply, Request, php_json, redirect_to_login

SERIES = {"9002": "Tidal Office", "9005": "Evening Port", "9006": "Harbour Spirits", "4101": "Loopback Hotel"}
NEEDS = ("submit", "type", "scenename", "seriesid", "artist", "title", "origin", "format", "bitrate", "media")
WORDS = ("format", "bitrate", "media", "resolution", "origin")
STOCK = "Loopback.Hotel.S01.1080p.WEB-DL.H.264-PORTS"
FORM = """<p>Your personal announce URL is: <input type="text" value="{announce}"></p>{error}
<form action="upload.php" method="post" enctype="multipart/form-data">
<select name="type"><option>Episode</option><option>Season</option></select>
<input type="text" name="autofill"><input type="submit" name="tvdb" value="Get Info">{more}</form>"""
FILLED = """<input name="seriesid" value="{id}"><input name="artist" value="{artist}">
<input name="title" value="{title}">
<input name="actors" value="A. Port"><input name="year" value="2024"><input name="tags" value="drama">
<input name="image" value=""><textarea name="album_desc">Boats &amp; desks.</textarea>
<input type="file" name="file_input">"""


@dataclass(frozen=True)
class Listed:
    """What the API tells of a torrent beside its files."""

    name: str
    tvdb: str
    group: int
    words: Mapping[str, str]


def session(passkey: str) -> str:
    """The value of the cookie that an account's browser has."""
    return passkey[::-1]


class Btn(Series[Listed]):
    """A site that speaks BTN's form and API."""

    type = "btn"
    flag = "BTN"

    def stock(self, owner: User) -> None:
        """A season of another user."""
        files = [{b"length": 900_000_000, b"path": [f"{STOCK}.E{number:02}.mkv".encode()]} for number in (1, 2)]
        pieces = self.store.draw(20 * 430)
        info: dict[bytes, object] = {
            b"files": files, b"name": STOCK.encode(), b"piece length": 1 << 22, b"pieces": pieces,
        }  # fmt: skip
        words = {"format": "MKV", "bitrate": "H.264", "media": "WEB-DL", "resolution": "1080p", "origin": "P2P"}
        self.keep(Metainfo({}, info, ""), owner, Listed(STOCK, "4101", self.store.next_id("group"), words), None)

    def action(self, request: Request) -> str:
        """The API's method; `upload-page`, `autofill`, `upload`; `download`, `announce` or the page's name."""
        if request.path.rstrip("/") == "api":
            return request.form.get("method") or ""
        if request.path == "upload.php":
            if request.method != "POST":
                return "upload-page"
            return "upload" if request.form.get("submit") or request.form.file("file_input") else "autofill"
        return request.param("action") or request.path.split("/")[-1]

    def caller(self, request: Request) -> str:
        """The account whose session or key came along."""
        user = self._of_key(request) if request.path.rstrip("/") == "api" else self._of_session(request)
        return user.name if user else ""

    def rate_limited(self) -> Reply:
        """HTTP 429; the API has words of its own."""
        return Reply(429, b"", HTML_TYPE)

    def key_revoked(self, request: Request) -> Reply:
        """A session that ended leads to the login page, a key to an error of the API."""
        return _error(-32001, "Invalid API Key") if request.path.rstrip("/") == "api" else redirect_to_login()

    def answer(self, request: Request, struck: Struck, post: int | None) -> Reply:
        """Any request below the site's prefix."""
        steps = request.path.rstrip("/").split("/")
        if len(steps) == 2 and steps[1] in ("announce", "scrape"):
            return announce.answer(self.store, steps[1], steps[0], request)
        if steps == ["api"]:
            return self._api(request)
        if request.path == "login.php":
            form = '<form action="login.php"><input type="password" name="password"></form>'
            return _page("Login", form)
        user = self._of_session(request)
        if user is None:
            self.judge(post, "refused", "no session")
            return redirect_to_login()
        if request.path == "torrents.php" and request.param("action") == "download":
            return self._download(request, user)
        if request.path == "upload.php":
            return self._form(request, user, struck, post)
        return _page("Error 404", "<p>Not here</p>")

    def _of_session(self, request: Request) -> User | None:
        pairs = (one.strip().partition("=") for one in request.headers.get("cookie", "").split(";"))
        given = {key: value for key, _, value in pairs}.get("session", "")
        user = next((one for one in self.store.users if session(one.passkey) == given), None)
        return None if user is None or user.token in self.store.revoked else user

    def _of_key(self, request: Request) -> User | None:
        params = request.form.array("params")
        return self.store.by_token(params[0]) if isinstance(params, list) and params else None

    # the API

    def _api(self, request: Request) -> Reply:
        user = self._of_key(request)
        if user is None:
            return _error(-32001, "Invalid API Key")
        method, params = request.form.get("method"), request.form.array("params")
        if method == "userInfo":
            return _result({"UserID": str(user.id), "Username": user.name})
        if method != "getTorrents" or not isinstance(params, list) or len(params) < 2:
            return _error(-32601, "Method not found")
        asked = ast.literal_eval(params[1])  # the wire keeps an object within a list as its text
        most = int(params[2]) if len(params) > 2 else 1000
        rows = [one for one in self.standing() if self._fits(one, asked)]
        if not rows:
            return _result([] if "hash" in asked else {"results": "0", "torrents": []})
        return _result({"results": str(len(rows)), "torrents": {str(one.id): self._row(one) for one in rows[-most:]}})

    def _fits(self, torrent: Torrent, asked: Mapping[str, str]) -> bool:
        listed = self.listed[torrent.id]
        known = {
            "id": str(torrent.id), "hash": torrent.infohash.upper(), "tvdb": listed.tvdb, "release": listed.name,
            "group_id": str(listed.group),
        }  # fmt: skip
        return all(known.get(key, "").casefold() == value.casefold() for key, value in asked.items())

    def _row(self, torrent: Torrent) -> dict[str, str]:
        listed = self.listed[torrent.id]
        words = listed.words
        return {
            "GroupName": "S01", "GroupID": str(listed.group), "TorrentID": str(torrent.id),
            "Series": SERIES[listed.tvdb],
            "Source": words["media"], "Container": words["format"], "Codec": words["bitrate"],
            "Resolution": words["resolution"], "Origin": words["origin"], "ReleaseName": listed.name,
            "Size": str(torrent.size), "TvdbID": listed.tvdb, "InfoHash": torrent.infohash.upper(),
            "Time": str(int(torrent.time)),
        }  # fmt: skip

    # the form

    def _form(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        if request.method != "POST":
            return self._shown(request, user, "")
        if self.action(request) == "autofill":
            return self._filled(request, user)
        return self.upload(request, user, struck, post)

    def refused(self, request: Request, user: User, words: str) -> Reply:
        """The form once more, with what is wrong in red."""
        more = FILLED.format(id="", artist="", title="")
        return self._shown(request, user, more, f'<p style="color: red">{html.escape(words)}</p>')

    def stored(self, request: Request, torrent: Torrent, fault: Fault | None) -> Reply:
        """Its page; or the page in between, which names the group alone."""
        address = f"torrents.php?id={torrent.group_id}"
        if fault and fault.kind == "group-alone":
            words = f'You need to download the torrent file: <a href="{address}">here</a>'
            return _page("Upload", words)
        return Reply(302, b"<p>Moved</p>", HTML_TYPE, (("Location", f"{address}&torrentid={torrent.id}"),))

    def group_of(self, number: int, listed: Listed) -> int:
        """That of the episode or season."""
        return listed.group

    def _shown(self, request: Request, user: User, more: str, error: str = "") -> Reply:
        return _page("Upload", FORM.format(announce=self.announce_to(user, request), error=error, more=more))

    def _filled(self, request: Request, user: User) -> Reply:
        form = request.form
        scene, release = form.get("scene_yesno") == "Yes", (form.get("autofill") or "").replace(".", " ").casefold()
        artist = SERIES.get(form.get("auto_series") or "", "")
        if scene:
            artist = next((one for one in SERIES.values() if release.startswith(one.casefold())), "")
        number = (form.get("auto_title") or form.get("auto_season") or release[-1:]).removeprefix("S0")
        if form.get("tvdb") != "Get Info" or not artist or not number:
            return self._shown(request, user, FILLED.format(id="", artist="AutoFill Fail", title="AutoFill Fail"))
        more = FILLED.format(id="77", artist=html.escape(artist), title=html.escape(number))
        return self._shown(request, user, more)

    def checked(self, form: Form, user: User) -> tuple[Metainfo, Listed]:
        """Its rules, as far as clients tell of them."""
        missing = [key for key in NEEDS if not form.get(key)]
        if missing:
            raise Refusal(f"You must fill in {missing[0]}")
        words = {key: form.get(key) or "" for key in WORDS}
        wrong = [key for key, word in words.items() if word not in BTN.vocabulary[key]]
        if wrong or "General" not in (form.get("release_desc") or ""):
            raise Refusal(f"Please choose a {(wrong or ['MediaInfo'])[0]}")
        if form.get("foreign") and not form.get("country"):
            raise Refusal("Please choose a country")
        meta = sent_torrent(form, "You seem to have put something other than a torrent file into the upload field")
        tvdb = next((key for key, value in SERIES.items() if value == form.get("artist")), None)
        if tvdb is None:
            raise Refusal("There is no such series")
        name = form.get("scenename") or ""
        known = [one.group for one in self.listed.values() if one.tvdb == tvdb and one.name[:20] == name[:20]]
        return meta, Listed(name, tvdb, known[0] if known else self.store.next_id("group"), words)

    def registered(self, meta: Metainfo, fault: Fault | None) -> Registered:
        """A copy of its own, whose hash is another."""
        own = {b"private": 1, b"source": self.flag.encode(), b"x-copy": self.store.draw(8).hex().encode()}
        return metainfo.sealed({**meta.info, **own})

    def _download(self, request: Request, user: User) -> Reply:
        number = request.param("id") or ""
        torrent = self.store.torrents.get(int(number)) if number.isdecimal() else None
        if torrent is None:
            return _page("Error", "<p>There is no such torrent</p>")
        page = f"{request.base}/torrents.php?id={torrent.group_id}&torrentid={torrent.id}"
        return self.torrent_for(user, torrent, page, request)


def _page(title: str, text: str) -> Reply:
    return Reply(200, PAGE.format(title=title, text=text).encode(), HTML_TYPE)


def _result(value: object) -> Reply:
    return Reply(200, php_json({"id": 1, "result": value}).encode())


def _error(code: int, message: str) -> Reply:
    return Reply(200, php_json({"id": 1, "result": None, "error": {"code": code, "message": message}}).encode())
