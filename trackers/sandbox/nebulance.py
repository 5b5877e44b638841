"""NBL's dialect as clients speak it: one api.php for search and upload, a key in the request, no groups, no uploaders.

Its server is closed. What clients send and read is enforced and answered; words of refusals are its own where no client
tells them, so that a program which trusts words it does not know is found out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from trackers.sandbox import announce, metainfo
from trackers.sandbox.faults import NONE, PAGE, Fault, Struck
from trackers.sandbox.metainfo import Metainfo, Registered
from trackers.sandbox.series import Refusal, Series, sent_torrent
from trackers.sandbox.store import Torrent, User
from trackers.sandbox.wire import HTML_TYPE, Form, Reply, Request, php_json, redirect_to_login

LARGEST = 1024 * 1024  # bytes of a .torrent file
BAD_KEY = "Invalid params"  # what a wrong key is told
CATEGORIES = {"1": "Episode", "3": "Season"}
NEEDS = ("name", "series", "id", "imdb", "tvmaze", "time", "release", "age")
STOCK = (
    ("Loopback.Hotel.S01.1080p.WEB-DL.H.264-PORTS", 4101, "3"),
    ("Loopback.Hotel.S02E01.1080p.WEB-DL.H.264-PORTS.mkv", 4101, "1"),
    ("Packet.Lost.S01E04.720p.HDTV.x264-SOCKS.mkv", 4102, "1"),
)


@dataclass(frozen=True)
class Listed:
    """What a search tells of a torrent beside its files."""

    name: str
    tvmaze: int
    category: str


class Nebulance(Series[Listed]):
    """A site that speaks NBL's api.php."""

    type = "nebulance"
    flag = "NBL"

    def stock(self, owner: User) -> None:
        """A season and two episodes of other users."""
        for name, tvmaze, category in STOCK:
            paths = [f"{name}.E{number:02}.mkv" for number in (1, 2)] if category == "3" else [name]
            files = [{b"length": 900_000_000 + self.store.draw(1)[0], b"path": [path.encode()]} for path in paths]
            info: dict[bytes, object] = {
                b"files": files,
                b"name": name.removesuffix(".mkv").encode(),
                b"piece length": 1 << 22,
                b"pieces": self.store.draw(20 * 430),
            }
            meta = Metainfo({}, info, "")
            self.keep(meta, owner, Listed(name, tvmaze, category), NONE.storing)

    def action(self, request: Request) -> str:
        """`search` or `upload`; `announce` or `scrape`; else the page's name, or `download`."""
        if request.path == "api.php":
            return request.action
        if request.path == "torrents.php" and request.param("action"):
            return request.param("action") or ""
        return request.path.split("/")[-1]

    def caller(self, request: Request) -> str:
        """The account whose key came along."""
        user = self.store.by_token(request.form.get("api_key") or request.param("api_key") or "")
        return user.name if user else ""

    def rate_limited(self) -> Reply:
        """HTTP 429: what the site itself says is not known."""
        return Reply(429, _error("Too many requests").body)

    def key_revoked(self, request: Request) -> Reply:
        """A key that was taken back is told what a wrong one is."""
        return _error(BAD_KEY)

    def answer(self, request: Request, struck: Struck, post: int | None) -> Reply:
        """Any request below the site's prefix."""
        steps = request.path.split("/")
        if len(steps) == 2 and steps[1] in ("announce", "scrape"):
            return announce.answer(self.store, steps[1], steps[0], request)
        if request.path == "torrents.php" and request.param("action") == "download":
            return self._download(request)
        if request.path == "login.php":
            return Reply(200, PAGE.format(title="Login", text="<form></form>").encode(), HTML_TYPE)
        if request.path != "api.php":
            return redirect_to_login()
        user = self.store.by_token(request.form.get("api_key") or request.param("api_key") or "")
        if user is None:
            self.judge(post, "refused", "not authorised")
            return _error(BAD_KEY)
        if request.method == "POST" and request.action == "upload":
            return self.upload(request, user, struck, post)
        return self._search(request, user) if request.action == "search" else _error("Unknown action")

    # looking up

    def _search(self, request: Request, user: User) -> Reply:
        asked = {key: request.param(key) for key in NEEDS if request.param(key)}
        if not asked:
            return _error("season calls need name, series, id, imdb, tvmaze, or time")
        if len(asked.get("release") or "abc") < 3:
            return _error("release calls need 3 characters or more")
        found = [one for one in reversed(self.standing()) if self._fits(one, asked)]
        per_page = min(max(int(request.param("per_page") or "25"), 1), 100)
        page = int(request.param("page") or "0")
        items = [self._item(one, request, user) for one in found[page * per_page :][:per_page]]
        value = {
            "current_page": page,
            "total_pages": -(-len(found) // per_page),
            "count": len(items),
            "total_results": len(found),
            "items": items,
        }
        return Reply(200, php_json(value).encode())

    def _fits(self, torrent: Torrent, asked: Mapping[str, str | None]) -> bool:
        listed = self.listed[torrent.id]
        if "id" in asked and asked["id"] != str(torrent.id):
            return False
        if "tvmaze" in asked and asked["tvmaze"] != str(listed.tvmaze):
            return False
        return (asked.get("release") or "").casefold() in listed.name.casefold()

    def _item(self, torrent: Torrent, request: Request, user: User) -> dict[str, object]:
        listed = self.listed[torrent.id]
        query = urlencode(
            {"action": "download", "id": torrent.id, "authkey": user.authkey, "torrent_pass": user.passkey}
        )
        stamp = datetime.fromtimestamp(torrent.time, UTC).strftime("%Y-%m-%d %H:%M:%S")
        return {
            "rls_name": listed.name,
            "cat": CATEGORIES[listed.category],
            "size": torrent.size,
            "seed": 1,
            "leech": 0,
            "snatch": len(torrent.snatched_by),
            "download": f"{request.base}/torrents.php?{query}",
            "file_list": [path for path, _ in torrent.files],
            "group_name": listed.name.split(".S0")[0].replace(".", " "),
            "group_id": torrent.id,
            "tvmaze_id": listed.tvmaze,
            "rls_utc": stamp,
            "tags": [],
        }

    def _download(self, request: Request) -> Reply:
        user = self.store.by_passkey(request.param("torrent_pass") or "")
        number = request.param("id") or ""
        torrent = self.store.torrents.get(int(number)) if number.isdecimal() else None
        if user is None or user.token in self.store.revoked or torrent is None:
            return redirect_to_login()
        return self.torrent_for(user, torrent, f"{request.base}/torrents.php?id={torrent.id}", request)

    # uploading

    def refused(self, request: Request, user: User, words: str) -> Reply:
        """As every error of its API."""
        return _error(words)

    def stored(self, request: Request, torrent: Torrent, fault: Fault | None) -> Reply:
        """The address of its page."""
        return Reply(200, php_json({"link": f"{request.base}/torrents.php?id={torrent.id}"}).encode())

    def checked(self, form: Form, user: User) -> tuple[Metainfo, Listed]:
        """Its rules, and its look for duplicates."""
        part, tvmaze, category = form.file("file_input"), form.get("tvmazeid") or "", form.get("category") or ""
        if not user.may_upload or user.upload_revoked:
            raise Refusal("You do not have permission to upload")
        if part is None or not part.whole or not part.content or len(part.content) > LARGEST:
            raise Refusal("Missing torrent file")
        if not tvmaze.isdecimal() or not int(tvmaze):
            raise Refusal("Invalid TVmaze id")
        if "General" not in (form.get("mediainfo") or ""):
            raise Refusal("Missing mediainfo")
        if category not in CATEGORIES:
            raise Refusal("Invalid category")
        meta = sent_torrent(form, "Invalid torrent file")
        name = meta.name
        if form.get("ignoredupes") != "1" and any(self.listed[one].name == name for one in self.store.torrents):
            raise Refusal("Possible dupe: this release is on the site")
        return meta, Listed(name, int(tvmaze), category)

    def registered(self, meta: Metainfo, fault: Fault | None) -> Registered:
        """As it came, with the site's flag; or changed, as some sites do."""
        if fault and fault.kind == "rewritten":
            own = {b"entropy": self.store.draw(8).hex().encode(), b"private": 1, b"source": self.flag.encode()}
            return metainfo.sealed({**meta.info, **own})
        return metainfo.register(meta, self.flag)


def _error(words: str) -> Reply:
    return Reply(200, php_json({"error": {"code": -32602, "message": words}}).encode())
