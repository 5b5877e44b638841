"""OPS as it was recorded: token header, HTTP 200 for nearly every failure, one shared counter for its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from trackers.sandbox import fields, wanted
from trackers.sandbox.answers import NO_SUCH_PAGE, Manner, Value, error_page
from trackers.sandbox.faults import Struck
from trackers.sandbox.gazelle import BAD_PARAMETERS, Gazelle
from trackers.sandbox.rates import SharedCounter
from trackers.sandbox.store import Store, Traits, User
from trackers.sandbox.upload import Stored, kept_logs
from trackers.sandbox.wire import JSON_TYPE, Reply, Request, php_json, redirect_to_login

LIMITS = {
    "browse": (5, 10.0), "add_log": (5, 10.0), "torrentgroup": (15, 60.0), "request": (4, 60.0), "requests": (5, 60.0),
    "request_fill": (5, 10.0), "artist": (15, 30.0), "riplog": (5, 10.0), "user": (4, 60.0), "top10": (2, 60.0),
    "better": (5, 10.0), "collage": (5, 60.0),
}  # fmt: skip
STRIKES_BEFORE_BANS, BANS = 4, 10
BARE_JSON = "application/json"
NAME = "Gazelle"


class Orpheus(Gazelle):
    """The sandbox's OPS."""

    type, flag = "orpheus", "OPS"
    traits = Traits(unseeded=72 * 3600.0)
    words = fields.ORPHEUS
    longest_path = 255
    versions: ClassVar[Mapping[str, int]] = {"browse": 2, "torrentgroup": 2, "torrent": 5, "request": 2}
    manner = Manner(
        hash_for_all=False,
        no_year=None,
        escaped=False,
        text_ids=True,
        free_torrent="0",
        release_types=fields.ORPHEUS.release_type,
    )

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._counter = SharedCounter(store.clock, LIMITS)
        self.acts |= {
            "add_log": self._add_log,
            "request": self._request,
            "request_fill": self._request_fill,
            "requestfill": self._request_fill,
        }

    def authorise(self, request: Request) -> User | Reply:
        """`token KEY`, or the key alone; looked at before anything else (section 1)."""
        header = request.headers.get("authorization")
        if header is None:
            return redirect_to_login()
        if self._banned():
            return self._turned_away("your ip address has been banned")
        steps = header.split(" ")
        if len(steps) > 2 or (len(steps) == 2 and steps[0] != "token"):
            return self._turned_away('invalid authorization type, must be "token"')
        if user := self.store.by_token(steps[-1]):
            return user
        if any(user.token == steps[-1] for user in self.store.users):
            return self.key_revoked(request)
        return self._turned_away("invalid token")

    def admit(self, user: User, action: str) -> Reply | None:
        """The counter; there are no scopes."""
        return self.rate_limited() if self._counter.refused(user.id, action) else None

    def success(self, action: str, response: object) -> Reply:
        """HTTP 200, with the site's name and the action's version."""
        return self._json({"status": "success", "response": response, "info": self._info(action)})

    def failure(self, error: str) -> Reply:
        """HTTP 200 as well."""
        return self._json({"status": "failure", "error": error, "response": [], "info": self._info("")})

    def rate_limited(self) -> Reply:
        """No Retry-After."""
        return self.failure("Rate limit exceeded")

    def key_revoked(self, request: Request) -> Reply:
        """The words for any bad token; but this one is counted, and leads to a ban."""
        self.store.strikes += 1
        return self._turned_away("invalid token")

    def account(self, user: User) -> Value:
        """Section 2."""
        news = ("newAnnouncement", "newBlog", "newSubscriptions")
        return {
            "username": user.name,
            "id": user.id,
            "authkey": user.authkey,
            "passkey": user.passkey,
            "notifications": {"messages": 0, "notifications": 0, **dict.fromkeys(news, False)},
            "userstats": {
                "uploaded": 3221225472,
                "downloaded": 0,
                "ratio": -1,
                "requiredratio": 0,
                "bonusPoints": 400,
                "bonusPointsPerHour": 0,
                "class": user.rank,
            },
        }

    def uploaded(self, stored: Stored, request: Request, user: User) -> Reply:
        """Section 4."""
        torrent = stored.torrent
        response: Value = {
            "groupId": torrent.group_id,
            "torrentId": torrent.id,
            "private": stored.private,
            "source": stored.source,
            "warnings": stored.warnings,
        }
        asked = request.form.get("requestid")
        if not asked:
            return self.success("upload", response)
        asked_for = self.store.wanted.get(fields.php_int(asked))
        if asked_for is None:
            return Reply(200, error_page(NO_SUCH_PAGE, " 404"))  # the torrent is stored: section 7
        said = wanted.refusals(asked_for, torrent)  # said, and filled all the same: section 9
        response["fillRequest"] = wanted.fill(asked_for, torrent, user, self.store.clock.now())
        answer = self.success("upload", response)
        return replace(answer, body=said.encode() + answer.body)

    def answer_to_no_action(self) -> Reply:
        """JSON by its body, HTML by its header."""
        return Reply(200, self.failure("failure").body, "text/html; charset=UTF-8")

    def _unknown(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        return self.failure("failure") if request.action else self.answer_to_no_action()

    def _request(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        asked_for = self.store.wanted.get(fields.php_int(request.param("id")))
        if asked_for is None:
            return self.failure(BAD_PARAMETERS)
        return self.success("request", wanted.value(asked_for, user))

    def _request_fill(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        """A success is two JSON documents in a row: section 9."""
        asked_for = self.store.wanted.get(fields.php_int(request.form.get("requestid")))
        if asked_for is None:
            return Reply(200, error_page(NO_SUCH_PAGE, " 404"))
        named = wanted.torrent_named(request.form.get("torrentid"), request.form.get("link"))
        torrent = self.store.torrents.get(named or 0)
        if named is None or torrent is None:
            return self.failure(wanted.NO_LINK if named is None else wanted.NO_TORRENT_ID)
        now = self.store.clock.now()
        if said := wanted.too_early(torrent, user, now) or wanted.refusals(asked_for, torrent):
            return self.failure(said)
        first = self.success("request_fill", wanted.fill(asked_for, torrent, user, now))
        return replace(first, body=first.body + self.success("request_fill", 1).body)

    def _add_log(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        torrent = self.store.torrents.get(fields.php_int(request.param("id") or request.form.get("id")))
        if torrent is None:
            return self.failure(BAD_PARAMETERS)
        if torrent.user is not user:
            return self.failure("Not your upload.")
        sent = kept_logs(request.form, self.store)
        if not sent:
            return self.failure("no log files uploaded")
        torrent.logs += sent
        summaries = [
            {
                "score": log.score,
                "checksum": log.checksum,
                "ripper": log.ripper,
                "ripperVersion": log.version,
                "language": "en",
                "details": "\r\n".join(log.issues),
            }
            for log in sent
        ]
        response = {
            "torrentId": torrent.id,
            "score": min(log.score for log in torrent.logs),
            "checksum": all(log.checksum == "checksum_ok" for log in torrent.logs),
            "logcheckerVersion": "0.14.0",
            "logSummaries": summaries,
        }
        return self.success("add_log", response)

    def _banned(self) -> bool:
        return self.store.strikes - STRIKES_BEFORE_BANS >= BANS

    def _turned_away(self, error: str) -> Reply:
        value = {"status": "failure", "error": error, "info": self._info("")}
        return Reply(200, php_json(value).encode(), BARE_JSON)

    def _info(self, action: str) -> Mapping[str, object]:
        return {"source": NAME, "version": self.versions.get(action, 1)}

    def _json(self, value: object) -> Reply:
        return Reply(200, php_json(value).encode(), JSON_TYPE)
