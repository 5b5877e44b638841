"""What the sites for series have in common: one form, judged; torrents beside which stands what a search tells of them.

Owns the way of an upload into the store, late and phantom ones too; leaves words and rules to the dialects.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic, TypeVar

from trackers.catalogue import SANDBOX, TYPES, announce_of
from trackers.sandbox import metainfo
from trackers.sandbox.dialect import Dialect
from trackers.sandbox.faults import NONE, Fault, Struck
from trackers.sandbox.metainfo import Corrupted, Crashed, Metainfo, Registered
from trackers.sandbox.store import Edition, Store, Torrent, User
from trackers.sandbox.wire import HTML_TYPE, Form, Reply, Request

TORRENT_TYPE = "application/x-bittorrent; charset=utf-8"
Listed = TypeVar("Listed")  # what a search tells of a torrent beside its files


class Refusal(Exception):
    """The site's words for what it does not take."""


class Series(Dialect, Generic[Listed]):
    """A site for series: no groups of its own, no descriptions."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.listed: dict[int, Listed] = {}

    @abstractmethod
    def checked(self, form: Form, user: User) -> tuple[Metainfo, Listed]:
        """What the form says, if the site takes it. Raises `Refusal`."""

    @abstractmethod
    def refused(self, request: Request, user: User, words: str) -> Reply:
        """The answer to what it does not take."""

    @abstractmethod
    def stored(self, request: Request, torrent: Torrent, fault: Fault | None) -> Reply:
        """The answer to what it took."""

    @abstractmethod
    def registered(self, meta: Metainfo, fault: Fault | None) -> Registered:
        """The torrent as the site registers it."""

    def group_of(self, number: int, listed: Listed) -> int:
        """The number of the group a torrent is in; its own where the site has none."""
        return number

    def upload(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        """Take an upload, or say why not."""
        fault = struck.storing
        if fault and fault.kind == "late":
            self.judge(post, "late")
            due = self.store.clock.running() + fault.delay
            self.store.late.append((due, lambda: _void(self.upload(request, user, NONE, post))))
            return Reply(fault.status, fault.body.encode(), HTML_TYPE)
        try:
            meta, listed = self.checked(request.form, user)
        except Refusal as error:
            self.judge(post, "refused", str(error))
            return self.refused(request, user, str(error))
        torrent = self.keep(meta, user, listed, fault)
        self.judge(post, "stored" if torrent.id in self.store.torrents else "not processed", str(torrent.id))
        return self.stored(request, torrent, fault)

    def keep(self, meta: Metainfo, user: User, listed: Listed, fault: Fault | None) -> Torrent:
        """Register a torrent, with what a search will tell of it."""
        kind, made = fault.kind if fault else "", self.registered(meta, fault)
        number = self.store.next_id("torrent")
        lag = fault.delay if fault and kind == "search-lag" else 0.0
        torrent = Torrent(
            id=number,
            group_id=self.group_of(number, listed),
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
        self.listed[number] = listed
        if kind != "phantom":
            self.store.torrents[number] = torrent
        return torrent

    def standing(self) -> list[Torrent]:
        """What a search may tell of by now."""
        now = self.store.clock.running()
        return [one for one in self.store.torrents.values() if one.searchable_at <= now]

    def announce_to(self, user: User, request: Request) -> str:
        """A user's announce address."""
        return announce_of(TYPES[SANDBOX + self.type], request.base, user.passkey)

    def torrent_for(self, user: User, torrent: Torrent, page: str, request: Request) -> Reply:
        """The .torrent with a user's announce address; without a byte where the site has lost it."""
        if torrent.info is None:
            return Reply(200, b"", TORRENT_TYPE)
        return Reply(200, metainfo.torrent_file(self.announce_to(user, request), page, torrent.info), TORRENT_TYPE)

    def judge(self, post: int | None, outcome: str, answer: str = "") -> None:
        """Note what came of an upload, if the request was one."""
        if post is not None:
            self.store.judge(post, outcome, answer)


def sent_torrent(form: Form, words: str) -> Metainfo:
    """The torrent of a form. Raises `Refusal` in these words for what is none, or describes no file."""
    part = form.file("file_input")
    try:
        meta = metainfo.read(part.content if part else b"")
        files = meta.files()
    except (Corrupted, Crashed) as error:
        raise Refusal(words) from error
    if not files:
        raise Refusal(words)
    return meta


def _void(reply: Reply) -> None:
    """An answer that nobody waits for any more."""
