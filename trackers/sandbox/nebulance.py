"""NBL's dialect as clients speak it: one api.php for search and upload, a key in the request, no groups, no uploaders.

Its server is closed. What clients send and read is enforced and answered; words of refusals are its own where no client
tells them, so that a program which trusts words it does not know is found out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from trackers.catalogue import SANDBOX, TYPES, announce_of
from trackers.sandbox import announce, metainfo
from trackers.sandbox.dialect import Dialect
from trackers.sandbox.faults import NONE, PAGE, Fault, Struck
from trackers.sandbox.metainfo import Corrupted, Crashed, Metainfo
from trackers.sandbox.store import Edition, Store, Torrent, User
from trackers.sandbox.wire import HTML_TYPE, Form, Reply, Request, php_json, redirect_to_login

LARGEST = 1024 * 1024  # bytes of a .torrent file
TORRENT_TYPE = "application/x-bittorrent; charset=utf-8"
BAD_KEY = "Invalid params"  # what a wrong key is told
CATEGORIES = {"1": "Episode", "3": "Season"}
NEEDS = ("name", "series", "id", "imdb", "tvmaze", "time", "release", "age")
STOCK = (
    ("Loopback.Hotel.S01.1080p.WEB-DL.H.264-PORTS", 4101, "3"),
    ("Loopback.Hotel.S02E01.1080p.WEB-DL.H.264-PORTS.mkv", 4101, "1"),
    ("Packet.Lost.S01E04.720p.HDTV.x264-SOCKS.mkv", 4102, "1"),
)


class Refusal(Exception):
    """The site's words for what it does not take."""


@dataclass(frozen=True)
class Listed:
    """What a search tells of a torrent beside its files."""

    name: str
    tvmaze: int
    category: str


class Nebulance(Dialect):
    """A site that speaks NBL's api.php."""

    type = "nebulance"
    flag = "NBL"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._listed: dict[int, Listed] = {}

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
            self._keep(meta, owner, Listed(name, tvmaze, category), NONE.storing)

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
            self._judge(post, "refused", "not authorised")
            return _error(BAD_KEY)
        if request.method == "POST" and request.action == "upload":
            return self._upload(request, user, struck, post)
        return self._search(request, user) if request.action == "search" else _error("Unknown action")

    # looking up

    def _search(self, request: Request, user: User) -> Reply:
        asked = {key: request.param(key) for key in NEEDS if request.param(key)}
        if not asked:
            return _error("season calls need name, series, id, imdb, tvmaze, or time")
        if len(asked.get("release") or "abc") < 3:
            return _error("release calls need 3 characters or more")
        now = self.store.clock.running()
        seen = [one for one in self.store.torrents.values() if one.searchable_at <= now]
        found = [one for one in reversed(seen) if self._fits(one, asked)]
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
        listed = self._listed[torrent.id]
        if "id" in asked and asked["id"] != str(torrent.id):
            return False
        if "tvmaze" in asked and asked["tvmaze"] != str(listed.tvmaze):
            return False
        return (asked.get("release") or "").casefold() in listed.name.casefold()

    def _item(self, torrent: Torrent, request: Request, user: User) -> dict[str, object]:
        listed = self._listed[torrent.id]
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
        if torrent.info is None:
            return Reply(200, b"", TORRENT_TYPE)
        address = announce_of(TYPES[SANDBOX + self.type], request.base, user.passkey)
        page = f"{request.base}/torrents.php?id={torrent.id}"
        return Reply(200, metainfo.torrent_file(address, page, torrent.info), TORRENT_TYPE)

    # uploading

    def _upload(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        fault = struck.storing
        if fault and fault.kind == "late":
            self._judge(post, "late")
            due = self.store.clock.running() + fault.delay
            self.store.late.append((due, lambda: _void(self._upload(request, user, NONE, post))))
            return Reply(fault.status, fault.body.encode(), HTML_TYPE)
        try:
            meta, listed = self._checked(request.form, user)
        except Refusal as error:
            self._judge(post, "refused", str(error))
            return _error(str(error))
        torrent = self._keep(meta, user, listed, fault)
        self._judge(post, "not processed" if torrent.id not in self.store.torrents else "stored", str(torrent.id))
        return Reply(200, php_json({"link": f"{request.base}/torrents.php?id={torrent.id}"}).encode())

    def _checked(self, form: Form, user: User) -> tuple[Metainfo, Listed]:
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
        try:
            meta = metainfo.read(part.content)
            meta.files()
        except (Corrupted, Crashed) as error:
            raise Refusal("Invalid torrent file") from error
        name = meta.name
        if form.get("ignoredupes") != "1" and any(one.name == name for one in self._standing()):
            raise Refusal("Possible dupe: this release is on the site")
        return meta, Listed(name, int(tvmaze), category)

    def _standing(self) -> list[Listed]:
        return [self._listed[one] for one in self.store.torrents]

    def _keep(self, meta: Metainfo, user: User, listed: Listed, fault: Fault | None) -> Torrent:
        kind = fault.kind if fault else ""
        made = metainfo.register(meta, self.flag)
        if kind == "rewritten":
            own = {b"entropy": self.store.draw(8).hex().encode()}
            made = metainfo.sealed({**meta.info, **own, b"private": 1, b"source": self.flag.encode()})
        number = self.store.next_id("torrent")
        lag = fault.delay if fault and kind == "search-lag" else 0.0
        torrent = Torrent(
            id=number,
            group_id=number,
            user=user,
            infohash=made.infohash,
            info=None if kind == "file-lost" else made.info,
            media="",
            format="",
            encoding="",
            edition=Edition(),
            folder=meta.folder,
            files=meta.files(),
            time=self.store.clock.now(),
            searchable_at=self.store.clock.running() + lag,
        )
        self._listed[number] = listed
        if kind != "phantom":
            self.store.torrents[number] = torrent
        return torrent

    def _judge(self, post: int | None, outcome: str, answer: str = "") -> None:
        if post is not None:
            self.store.judge(post, outcome, answer)


def _error(words: str) -> Reply:
    return Reply(200, php_json({"error": {"code": -32602, "message": words}}).encode())


def _void(reply: Reply) -> None:
    """An answer that nobody waits for any more."""
