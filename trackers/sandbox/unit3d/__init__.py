"""A UNIT3D site: routes, keys, limits, downloads. True to the recordings of v9.2.0, and of four older versions.

What an upload goes through stands in `checks` and `upload`, what is found in `search`, Laravel's manner in `replies`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from trackers.sandbox import announce
from trackers.sandbox.dialect import Dialect
from trackers.sandbox.faults import NONE, PAGE, Fault, Struck
from trackers.sandbox.metainfo import Crashed
from trackers.sandbox.rates import FixedWindow
from trackers.sandbox.store import Store, Traits, User
from trackers.sandbox.unit3d import download, replies, search, stock, upload
from trackers.sandbox.unit3d.entry import APPROVED, REJECTED, Entry, Value, found, links, shown
from trackers.sandbox.unit3d.replies import HTML, Missing, Refusal, compact, crashed, failed, moved, pretty
from trackers.sandbox.unit3d.words import STAFF, VERSIONS, WITHOUT_UPLOAD, Version
from trackers.sandbox.wire import Pairs, Reply, Request

REQUESTS, SECONDS = 30, 60.0
LARGEST_BODY = 8 * 1024 * 1024  # PHP's post_max_size
TOO_LARGE = "The POST data is too large."
UPLOADED = "Torrent uploaded successfully."
BANNED = "This account is banned!"
NO_RIGHT = "Error: your upload rights are disabled If you feel this is in error, please contact staff"
_DOWNLOAD = re.compile(r"torrent/download/(\d+)\.([0-9a-z]+)", re.IGNORECASE)
_SHOW = re.compile(r"api/torrents/(\d+)")
ROUTES = {
    "api/torrents": ("index", "GET, HEAD"),
    "api/torrents/filter": ("filter", "GET, HEAD"),
    "api/torrents/upload": ("upload", "POST"),
    "api/user": ("user", "GET, HEAD"),
    "login": ("login", "GET, HEAD, POST"),
}

Act = Callable[[Request, User, Struck, "int | None"], Reply]


class Unit3d(Dialect):
    """The sandbox's UNIT3D."""

    type, flag = "unit3d", "UNIT3D"
    traits = Traits(index_lag=0.0, refuses_same_hash=False)
    torrent_part = "torrent"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._window = FixedWindow(store.clock, REQUESTS, SECONDS)
        self._cache = search.Cache(store.clock)
        self.acts: dict[str, Act] = {
            "index": self._index,
            "filter": self._filter,
            "upload": self._upload,
            "user": self._user,
            "torrent": self._torrent,
        }

    @property
    def version(self) -> Version:
        """What it runs. Raises KeyError on a version that is not known here."""
        return VERSIONS[self.store.traits.version]

    def populate(self, keys: tuple[str, ...], stocked: bool) -> None:
        """An account for each thing that can be wrong with one."""
        self._join("siteadmin", "Owner")
        self._join("uploader", "Uploader", *keys)
        for name, rank in (
            ("untrusted", "User"),
            ("second", "Uploader"),
            ("modo", "Moderator"),
            ("limited", "Validating"),
        ):
            self._join(name, rank)
        self._join("noupload", "Uploader").upload_revoked = True
        self._join("banned", "Banned").disabled = True
        if stocked:
            self.stock(self.store.user("siteadmin"))

    def stock(self, owner: User) -> None:
        """A few films and shows."""
        stock.fill(self.store, owner)

    def _join(self, name: str, rank: str, token: str = "", passkey: str = "") -> User:
        draw = self.store.draw
        token, passkey = token or draw(50).hex(), passkey or draw(16).hex()
        return self.store.add_user(name, token, passkey, rank=rank, rsskey=draw(16).hex())

    def action(self, request: Request) -> str:
        """upload, filter, index, torrent, user, download, login, announce, scrape; else the path's last step."""
        if request.path in ROUTES:
            return ROUTES[request.path][0]
        if request.path.startswith("torrent/download/"):
            return "download"
        return "torrent" if _SHOW.fullmatch(request.path) else request.path.split("/")[-1]

    def caller(self, request: Request) -> str:
        """By the key; of a download, by the one in its address."""
        user = self._reader(request) if self.action(request) == "download" else self._user_of(request)
        return user.name if user else ""

    def answer(self, request: Request, struck: Struck = NONE, post: int | None = None) -> Reply:
        """Any request below the site's prefix."""
        steps = request.path.split("/")
        if len(steps) == 2 and steps[1] in ("announce", "scrape"):
            return announce.answer(self.store, steps[1], steps[0], request)
        if int(request.headers.get("content-length") or 0) > LARGEST_BODY:
            self._judge(post, "refused", TOO_LARGE)
            return _too_large(request)
        action, allowed = self.action(request), ROUTES.get(request.path, ("", "GET, HEAD"))[1]
        known = request.path in ROUTES or action == "download" or _SHOW.fullmatch(request.path)
        if not known or (action == "user" and not self.version.user_route):
            return failed(request, 404, f"The route {request.path} could not be found.")
        if request.method == "OPTIONS":
            return Reply(200, b"", HTML, (("Allow", allowed),))
        if request.method not in allowed.split(", "):
            text = (
                f"The {request.method} method is not supported for route {request.path}. Supported methods: {allowed}."
            )
            return failed(request, 405, text, (("Allow", allowed),))
        if action == "login":
            return replies.login_page()
        return self._download(request, struck) if action == "download" else self._api(request, action, struck, post)

    def _api(self, request: Request, action: str, struck: Struck, post: int | None) -> Reply:
        user = self._user_of(request)
        if user is None:
            self._judge(post, "refused", "not authorised")
            return replies.unauthenticated(request)
        headers, refused = self._throttled(request, user, "api")
        if refused:
            self._judge(post, "refused", "not admitted")
            return refused
        if user.disabled:
            self._judge(post, "refused", "banned")
            return replies.with_headers(self._banned(request), headers)
        try:
            reply = self.acts[action](request, user, struck, post)
        except Refusal as error:
            self._judge(post, "refused", str(error))
            reply = replies.refused(error.data)
        except Missing as error:
            self._judge(post, "refused", str(error))
            reply = failed(request, 404, str(error))
        except Crashed:
            self._judge(post, "refused", "HTTP 500")
            reply = crashed(request)
        return replies.with_headers(reply, headers)

    def _throttled(self, request: Request, user: User, kind: str) -> tuple[Pairs, Reply | None]:
        """Headers for the answer, and the answer itself if it is one request too many."""
        left, seconds = self._window.count(user.id if self.version.limit_by_user else 0, kind)
        headers = (("X-RateLimit-Limit", str(REQUESTS)), ("X-RateLimit-Remaining", str(max(left, 0))))
        return headers, self._limited(request, seconds) if left < 0 else None

    def _limited(self, request: Request, seconds: float) -> Reply:
        reset = str(int(self.store.clock.now() + seconds))
        told = (("X-RateLimit-Limit", str(REQUESTS)), ("X-RateLimit-Remaining", "0"))
        return replies.too_many(request, (*told, ("Retry-After", str(int(seconds))), ("X-RateLimit-Reset", reset)))

    def _user_of(self, request: Request) -> User | None:
        """Query, form, Bearer: the first that is not empty, even if it is wrong."""
        header = request.headers.get("authorization", "")
        bearer = header[7:] if header[:7].lower() == "bearer " else ""
        token = request.param("api_token") or request.form.get("api_token") or bearer
        found = next((user for user in self.store.users if token and user.token == token), None)
        return None if found is None or token in self.store.revoked else found

    def _reader(self, request: Request) -> User | None:
        asked = _DOWNLOAD.fullmatch(request.path)
        return next((user for user in self.store.users if asked and user.rsskey == asked[2]), None)

    def _banned(self, request: Request) -> Reply:
        """HTTP 200, on everything."""
        text = BANNED if self.version.sentence_case else "This Account is Banned!"
        return compact({"message": text}) if replies.wants_json(request) else moved(f"{request.base}/login")

    def _user(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        told: Value = {"username": user.name, "group": user.rank, "uploaded": "50 GiB", "downloaded": "1 GiB"}
        told |= {
            "ratio": "50",
            "buffer": "124 GiB",
            "seeding": 0,
            "leeching": 0,
            "seedbonus": "0.00",
            "hit_and_runs": 0,
        }
        return compact(told)

    def _torrent(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        """Pending, rejected, postponed, deleted and never there are one and the same 404."""
        asked = request.path.rpartition("/")[2]
        entry = self._entry(int(asked))
        if entry is None or entry.status != APPROVED or entry.found_at > self.store.clock.running():
            raise Missing("Torrent", f" {asked}")
        return pretty(shown(self._meant(entry, struck), self.store, user, request.base, self.version))

    def _meant(self, entry: Entry, struck: Struck) -> Entry:
        """The torrent asked for, or another one if it is told to be wrong."""
        if struck.answering is None or struck.answering.kind != "other-torrent":
            return entry
        return next((one for one in search.newest(self.store) if one is not entry), entry)

    def _index(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        newest = self._cache.get("index", lambda: search.newest(self.store))
        return self._listed(newest, user, request)

    def _listed(self, entries: list[Entry], user: User, request: Request) -> Reply:
        """Read from the database: 25 of them, and a cursor that leads nowhere."""
        base, page = request.base, entries[: search.PER_PAGE]
        told: Value = {"data": [shown(one, self.store, user, base, self.version) for one in page]}
        more = f"{base}/{request.path}?cursor={search.CURSOR}" if len(entries) > len(page) else None
        around: Value = {"first": None, "last": None, "prev": None, "next": more}
        if self.version.shape == "8.0":
            return pretty(told | {"links": {"self": f"{base}/api/torrents"}})
        told["links"] = around | {"self": f"{base}/api/torrents"}
        cursor = search.CURSOR if more else None
        about = {"path": f"{base}/{request.path}", "per_page": search.PER_PAGE}
        return pretty(told | {"meta": {**about, "next_cursor": cursor, "prev_cursor": None}})

    def _filter(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        asked = search.Asked.of(request)
        if wrong := search.wrong_order(asked):
            if not replies.wants_json(request):
                return moved(request.base)
            text = next(iter(wrong.values()))[0]
            return compact({"message": text, "errors": wrong}, 422)
        if struck.storing and struck.storing.kind == "search-down":
            raise Crashed
        if self.version.shape == "8.0" or (asked.get("driver") == "sql" and user.rank in STAFF):
            entries = self._cache.get(asked.key, lambda: search.hits(asked, self.store))
            return self._listed(entries, user, request)
        rows, more = self._cache.get(asked.key, lambda: self._found(asked))
        data = [self._with_links(row, request.base, user) for row in rows]
        around = search.links(asked, f"{request.base}/api/torrents/filter", more)
        return compact({"data": data, "links": around, "meta": search.meta(asked, len(data))})

    def _found(self, asked: search.Asked) -> tuple[list[Value], bool]:
        entries = search.hits(asked, self.store)
        end = asked.page * asked.per_page
        page = entries[end - asked.per_page : end]
        return [found(one, self.store, self.version) for one in page], len(entries) > end

    def _with_links(self, row: Value, base: str, user: User) -> Value:
        number = row["id"]
        addresses = {
            "details_link": f"{base}/torrents/{number}",
            "download_link": f"{base}/torrent/download/{number}.{user.rsskey}",
            "magnet_link": None,
        }
        attributes = row["attributes"]
        assert isinstance(attributes, dict)  # noqa: S101  entry.found made it
        return {**row, "attributes": {**attributes, **addresses}}

    def _upload(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        if user.upload_revoked or user.rank in WITHOUT_UPLOAD:
            self._judge(post, "refused", NO_RIGHT)
            return failed(request, 403, NO_RIGHT if self.version.sentence_case else NO_RIGHT.title())
        page = upload.check(request, user, self.store, self.version)
        if struck.storing and struck.storing.kind == "late":
            return self._upload_late(request, user, struck.storing, post)
        stored = upload.keep(page, user, self.store, self.version, struck.storing)
        entry = stored.entry
        self._judge(post, "stored" if entry.id in self.store.torrents else "not processed", str(entry.id))
        if stored.died:
            return crashed(request)
        address = links(entry, request.base, user)["download_link"]
        return compact({"success": True, "data": address, "message": UPLOADED})

    def _upload_late(self, request: Request, user: User, fault: Fault, post: int | None) -> Reply:
        """Nothing is stored yet; what is stored later is checked then."""
        self._judge(post, "late")

        def commit() -> None:
            try:
                self._upload(request, user, NONE, post)
            except (Refusal, Missing, Crashed) as error:
                self._judge(post, "refused", str(error))

        self.store.late.append((self.store.clock.running() + fault.delay, commit))
        return Reply(fault.status, fault.body.encode(), HTML)

    def _entry(self, number: int) -> Entry | None:
        entry = self.store.torrents.get(number)
        return entry if isinstance(entry, Entry) else None

    def _download(self, request: Request, struck: Struck) -> Reply:
        asked = _DOWNLOAD.fullmatch(request.path)
        if asked is None:
            return failed(request, 404, f"The route {request.path} could not be found.")
        user = self._reader(request)
        if user is None:
            return replies.unauthenticated(request)
        headers, refused = self._throttled(request, user, "rss")
        if refused:
            return refused
        entry = self._entry(int(asked[1]))
        if user.disabled:
            reply = crashed(request)
        elif entry is None:
            reply = failed(request, 404, str(Missing("Torrent", f" {asked[1]}")))
        elif entry.info is None or entry.status == REJECTED:
            reply = moved(f"{request.base}/torrents/{entry.id}")
        else:
            reply = download.file(self._meant(entry, struck), user, request.base, self.flag)
        return replies.with_headers(reply, headers)

    def rate_limited(self) -> Reply:
        """As a client sees it that asks for JSON."""
        told = (("X-RateLimit-Limit", str(REQUESTS)), ("X-RateLimit-Remaining", "0"), ("Retry-After", "58"))
        return replies.with_headers(pretty({"message": "Too Many Attempts."}, 429), told)

    def key_revoked(self, request: Request) -> Reply:
        """A key that was good once is any wrong key."""
        return replies.unauthenticated(request)

    def canned(self, fault: Fault, request: Request) -> Reply:
        """In Laravel's words what Gazelle says in its own."""
        match fault.kind:
            case "too-many-requests":
                seconds = int(fault.retry_after) if fault.retry_after.isdigit() else 58
                return self._limited(request, seconds)
            case "server-error":
                return crashed(request)
            case "too-large":
                title = "413 Request Entity Too Large"
                return Reply(413, PAGE.format(title=title, text=title).encode(), "text/html")
            case "login":
                return moved(f"{request.base}/login")
            case "login-page":
                return replies.login_page()
            case "banned":
                return self._banned(request)
            case "maintenance":
                return failed(request, 503, "Service Unavailable", (("Retry-After", fault.retry_after or "60"),))
        return super().canned(fault, request)

    def _judge(self, post: int | None, outcome: str, answer: str = "") -> None:
        if post is not None:
            self.store.judge(post, outcome, answer)


def _too_large(request: Request) -> Reply:
    """Before Laravel knows the user."""
    if replies.wants_json(request):
        return pretty({"message": TOO_LARGE}, 413)
    title = "An Error Occurred: Content Too Large"
    return Reply(413, replies.PAGE.format(title=title, text=title).encode(), HTML)
