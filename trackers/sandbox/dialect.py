"""What the server asks of every dialect. Another family of trackers is one more class, and a line in `sites`."""

from __future__ import annotations

from abc import ABC, abstractmethod

from trackers.sandbox import stock, wanted
from trackers.sandbox.faults import Fault, Struck, canned
from trackers.sandbox.metainfo import Corrupted, Crashed, read
from trackers.sandbox.store import Post, Store, Traits, User
from trackers.sandbox.wire import Reply, Request


class Dialect(ABC):
    """One site of one family, over its store. Called with the store's lock held."""

    type: str  # as in the catalogue, without `sandbox-`; also its path prefix
    flag: str  # the source flag it writes into torrents
    traits = Traits()

    def __init__(self, store: Store) -> None:
        self.store = store
        store.traits = self.traits

    def populate(self, keys: tuple[str, ...], stocked: bool) -> None:
        """The accounts, `uploader` with `keys` (API key, passkey) if there are any, and what others have uploaded."""
        store = self.store
        owner = store.add_user("siteadmin", rank="Sysop")
        store.add_user("uploader", *keys)
        store.add_user("limited", rank="User", may_upload=False)
        store.add_user("noupload", upload_revoked=True)
        wanted.fill_stock(store, store.add_user("second"))
        store.add_user("reader", scopes=frozenset())
        if stocked:
            self.stock(owner)

    def stock(self, owner: User) -> None:
        """Put in what other users uploaded before anybody looks, in the name of `owner`."""
        stock.fill(self.store, owner)

    @abstractmethod
    def action(self, request: Request) -> str:
        """What faults match by: `upload`, `announce`, or the dialect's own word."""

    @abstractmethod
    def answer(self, request: Request, struck: Struck, post: int | None) -> Reply:
        """Carry the request out. `post` is the index of the upload in the store's `posts`."""

    @abstractmethod
    def rate_limited(self) -> Reply:
        """The site's own answer to too many requests."""

    @abstractmethod
    def key_revoked(self, request: Request) -> Reply:
        """The site's own answer to a key that it once gave out."""

    def canned(self, fault: Fault, request: Request) -> Reply:
        """The answer of a fault that stands in this site's place."""
        return canned(fault, self.rate_limited())

    def caller(self, request: Request) -> str:
        """The account's name, for the record of requests; empty if the key is not accepted."""
        return ""

    def receive(self, request: Request) -> int | None:
        """Count an upload that arrived whole. None if the request is no upload."""
        if request.method != "POST" or self.action(request) != "upload":
            return None
        part = request.form.file(self.torrent_part)
        data = part.content if part else b""
        files = tuple((one.name, one.filename, len(one.content)) for one in request.form.files)
        time = self.store.clock.now()
        self.store.posts.append(Post(self.caller(request), request.form.fields, files, data, infohash(data), time))
        return len(self.store.posts) - 1

    torrent_part = "file_input"


def infohash(torrent: bytes) -> str:
    """Of the info dictionary as it was sent; empty where there is none to read."""
    try:
        return read(torrent).sent
    except (Corrupted, Crashed):
        return ""
