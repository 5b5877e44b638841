"""RED by its documents: the key alone in the header, real HTTP codes, lower-case keys. Facts on trackers, section 1.

What the documents leave open (words of a refused key or a missing scope, a rehearsal) is marked where it stands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from trackers.sandbox import fields, wanted
from trackers.sandbox.answers import Manner, Value
from trackers.sandbox.faults import NONE, Struck
from trackers.sandbox.gazelle import BAD_PARAMETERS, NO_TORRENT, Gazelle
from trackers.sandbox.rates import RollingWindow
from trackers.sandbox.store import Store, Torrent, User
from trackers.sandbox.upload import Checked, Stored
from trackers.sandbox.wire import JSON_TYPE, Reply, Request, php_json, redirect_to_login

REQUESTS, SECONDS = 10, 10.0
SCOPES = {
    "upload": "Torrent", "upload_image": "Torrent", "download": "Torrent", "torrent": "Torrent",
    "torrentgroup": "Torrent", "requestfill": "Request", "request": "Request", "user_torrents": "User",
}  # fmt: skip
STATUSES = {"failure": 404, "endpoint not found": 404, NO_TORRENT: 404}
PICTURE_TYPES = {b"\xff\xd8\xff": "jpg", b"\x89PNG": "png", b"GIF8": "gif"}


class Redacted(Gazelle):
    """The sandbox's RED."""

    type, flag = "redacted", "RED"
    words = fields.REDACTED
    longest_path = 180
    manner = Manner(
        hash_for_all=True,
        no_year=0,
        escaped=True,
        text_ids=False,
        free_torrent=False,
        release_types=fields.REDACTED.release_type,
    )

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._window = RollingWindow(store.clock, REQUESTS, SECONDS)
        self._retry_after = 1
        self.acts |= {
            "upload_image": self._upload_image,
            "request": self._request,
            "requestfill": self._request_fill,
        }

    def answer(self, request: Request, struck: Struck = NONE, post: int | None = None) -> Reply:
        """Pictures of its own host besides what every Gazelle has.

        A key that is followed by a look at pages gets its address locked out: facts on trackers, section 1.2.
        """
        if request.path in ("login.php", "log.php") and "authorization" in request.headers:
            self.store.firewalled = True
        if self.store.firewalled:
            return Reply(0)
        if request.path in self.store.pictures:
            return Reply(200, self.store.pictures[request.path], "image/" + request.path.rpartition(".")[2])
        return super().answer(request, struck, post)

    def authorise(self, request: Request) -> User | Reply:
        """The key without a scheme word; with one it is another key."""
        header = request.headers.get("authorization")
        if header is None:
            return redirect_to_login()
        return self.store.by_token(header) or self.key_revoked(request)

    def admit(self, user: User, action: str) -> Reply | None:
        """The window counts every request of the key, refused ones apart."""
        wait = self._window.wait(user.id)
        if wait > 0:
            self._retry_after = max(1, math.ceil(wait))
            return self.rate_limited()
        needed = SCOPES.get(action)
        if needed and needed not in user.scopes:
            return self._json(401, {"status": "failure", "error": "insufficient scope"})  # words not known
        return None

    def success(self, action: str, response: object) -> Reply:
        """No `info`."""
        return self._json(200, {"status": "success", "response": response})

    def failure(self, error: str) -> Reply:
        """A real HTTP code: 404 for what is not there, 400 for the rest."""
        return self._json(STATUSES.get(error, 400), {"status": "failure", "error": error})

    def rate_limited(self) -> Reply:
        """HTTP 429 with whole seconds."""
        value = {"status": "failure", "error": "Rate limit exceeded"}
        return self._json(429, value, (("Retry-After", str(self._retry_after)),))

    def key_revoked(self, request: Request) -> Reply:
        """HTTP 401; the words are not known."""
        return self._json(401, {"status": "failure", "error": "bad credentials"})

    def account(self, user: User) -> Value:
        """Needs no scope, and names the API's version."""
        news = ("newAnnouncement", "newBlog", "newSubscriptions")
        return {
            "username": user.name,
            "id": user.id,
            "authkey": user.authkey,
            "passkey": user.passkey,
            "api_version": "redacted-v2.0",
            "notifications": {"messages": 0, "notifications": 0, **dict.fromkeys(news, False)},
            "userstats": {
                "uploaded": 3221225472,
                "downloaded": 0,
                "ratio": 0,
                "requiredratio": 0,
                "class": user.rank,
            },
        }

    def uploaded(self, stored: Stored, request: Request, user: User) -> Reply:
        """Lower-case keys, no warnings."""
        torrent, asked = stored.torrent, request.form.get("requestid")
        asked_for = self.store.wanted.get(fields.php_int(asked))
        if asked_for and not wanted.refusals(asked_for, torrent):
            wanted.fill(asked_for, torrent, user, self.store.clock.now())
            filled: int | None = asked_for.id
        else:
            filled = -1 if asked else None  # the upload is fine all the same
        response = {
            "private": stored.private,
            "source": stored.source,
            "requestid": filled,
            "torrentid": torrent.id,
            "groupid": torrent.group_id,
            "newgroup": stored.new_group,
        }
        return self.success("upload", response)

    def dry_run(self, request: Request) -> bool:
        """By presence, as the site's other switches."""
        return request.form.get("dryrun") is not None

    def rehearsed(self, checked: Checked) -> Reply:
        """The shape was never captured; this is the one that a client's tests assume."""
        form = checked.form
        derived = {key: form.get(key) for key in ("title", "year", "releasetype", "format", "bitrate", "media", "tags")}
        return self._json(
            200, {"status": "dry run success", "data": {**derived, "infohash": checked.registered.infohash}}
        )

    def _unknown(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        return self.failure("endpoint not found")

    def not_found(self, request: Request) -> str:
        """A hash has its own words."""
        return "bad hash parameter" if request.param("hash") and not request.param("id") else BAD_PARAMETERS

    def by_hash(self, text: str) -> Torrent | None:
        """Upper case only, as the document asks."""
        return self.store.by_hash(text) if text == text.upper() else None

    def _request(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        asked_for = self.store.wanted.get(fields.php_int(request.param("id")))
        if asked_for is None:
            return self.failure(BAD_PARAMETERS)
        return self.success("request", wanted.value(asked_for, user))

    def _request_fill(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        """One document; the refusals' words are the family's."""
        asked_for = self.store.wanted.get(fields.php_int(request.form.get("requestid")))
        torrent = self.store.torrents.get(fields.php_int(request.form.get("torrentid")))
        if asked_for is None or torrent is None:
            return self.failure(BAD_PARAMETERS)
        now = self.store.clock.now()
        if said := wanted.too_early(torrent, user, now) or wanted.refusals(asked_for, torrent):
            return self.failure(said)
        return self.success("requestfill", wanted.fill(asked_for, torrent, user, now))

    def _upload_image(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        part, url = request.form.file("file"), request.form.get("url")
        content = part.content if part else b""
        kind = next((end for start, end in PICTURE_TYPES.items() if content.startswith(start)), "")
        if url and url.startswith(("http://", "https://")):
            kind, content = "jpg", url.encode()  # the sandbox fetches nothing
        if not kind or request.method != "POST":
            return self.failure("bad parameters")
        name = f"image/{self.store.draw(8).hex()}.{kind}"
        self.store.pictures[name] = content
        return self.success("upload_image", {"url": f"{request.base}/{name}"})

    def _json(self, status: int, value: Mapping[str, object], headers: tuple[tuple[str, str], ...] = ()) -> Reply:
        return Reply(status, php_json(value).encode(), JSON_TYPE, headers)
