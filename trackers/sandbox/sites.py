"""All sites of a sandbox as one object: what was sent to them, what they hold, what they are told to do wrong.

Owns the sites' making and every look at them; leaves the network to `server`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from trackers.clock import Clock
from trackers.sandbox.btn import Btn
from trackers.sandbox.dialect import Dialect
from trackers.sandbox.faults import Fault
from trackers.sandbox.nebulance import Nebulance
from trackers.sandbox.orpheus import Orpheus
from trackers.sandbox.redacted import Redacted
from trackers.sandbox.services import SERVICES, Library
from trackers.sandbox.services.library import made
from trackers.sandbox.store import Peer, Post, Seen, Store, Torrent, Traits
from trackers.sandbox.unit3d import Unit3d
from trackers.sandbox.unit3d.entry import STATUSES, Entry

# A dialect is one class and one line here.
DIALECTS: Mapping[str, type[Dialect]] = {one.type: one for one in (Redacted, Orpheus, Unit3d, Nebulance, Btn)}


@dataclass(frozen=True)
class Keys:
    """What an account needs: these are no secrets of anybody, they open a sandbox alone."""

    user: str
    api_key: str
    passkey: str


class Sites:
    """Trackers on 127.0.0.1 that behave as the real ones do. In memory; every public method is thread-safe.

    `keys` fixes an uploader's keys: `{"redacted": (api key, passkey)}`; those not given are drawn from `seed`.
    `stocked`: it starts with a few torrents of other users.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        keys: Mapping[str, tuple[str, str]] | None = None,
        stocked: bool = True,
    ) -> None:
        self._clock = clock or Clock()
        self._released = threading.Event()
        self._sites: dict[str, Dialect] = {}
        for number, (type, dialect) in enumerate(DIALECTS.items()):
            store = Store(type, dialect.flag, self._clock, random.Random(seed * 1000 + number))  # noqa: S311  keys of a sandbox open nothing
            self._sites[type] = dialect(store)
            self._sites[type].populate((keys or {}).get(type, ()), stocked)
        self.library = Library()  # of titles, which the look-up services know
        self._services: dict[str, Dialect] = {}
        for number, (type, service) in enumerate(SERVICES.items(), 100):
            store = Store(type, "", self._clock, random.Random(seed * 1000 + number))  # noqa: S311  as above
            self._services[type] = made(service, store, self.library, (keys or {}).get(type, ()))

    @property
    def sites(self) -> tuple[str, ...]:
        """The dialects it speaks."""
        return tuple(self._sites)

    @property
    def services(self) -> tuple[str, ...]:
        """The services beside the sites: each has an account, requests and faults as a site has."""
        return tuple(self._services)

    def account(self, site: str, user: str = "uploader") -> Keys:
        """The keys of an account. Raises KeyError."""
        with self._site(site).store.lock:
            found = self._site(site).store.user(user)
            return Keys(found.name, found.token, found.passkey)

    def posts(self, site: str) -> list[Post]:
        """Every upload that arrived whole, in order, whatever came of it."""
        store = self.store(site)
        with store.lock:
            store.settle()
            return list(store.posts)

    def requests(self, site: str) -> list[Seen]:
        """Every request, in the order in which they were answered; one that was cut has status 0."""
        with self.store(site).lock:
            return list(self.store(site).seen)

    def torrents(self, site: str, user: str | None = None) -> list[Torrent]:
        """The registered torrents, oldest first; `user` leaves out the others'."""
        store = self.store(site)
        with store.lock:
            store.settle()
            return [one for one in store.torrents.values() if user in (None, one.user.name)]

    def peers(self, site: str, infohash: str) -> list[Peer]:
        """Who is in the swarm of a registered info-hash."""
        with self.store(site).lock:
            return self.store(site).swarm(infohash.lower())

    def fail(self, site: str, fault: Fault) -> None:
        """Let `fault` strike the next requests that match."""
        with self.store(site).lock:
            self.store(site).faults.arm(fault)

    def clear(self, site: str) -> None:
        """Disarm every fault of a site."""
        with self.store(site).lock:
            self.store(site).faults.clear()

    def release(self) -> None:
        """Let go what hangs."""
        hanging, self._released = self._released, threading.Event()
        hanging.set()

    def revoke(self, site: str, user: str = "uploader") -> None:
        """Revoke an account's key; `restore` gives it back."""
        with self.store(site).lock:
            self.store(site).revoked.add(self.store(site).user(user).token)

    def restore(self, site: str, user: str = "uploader") -> None:
        """Take a revoked key back into use, and forget what the address did."""
        store = self.store(site)
        with store.lock:
            store.revoked.discard(store.user(user).token)
            store.strikes, store.firewalled = 0, False

    def change_passkey(self, site: str, user: str = "uploader") -> None:
        """The account gets another announce address, as after a leak; the old one opens nothing."""
        store = self.store(site)
        with store.lock:
            store.user(user).passkey = store.draw(16).hex()

    def lose_file(self, site: str, torrent_id: int) -> None:
        """The site loses a stored .torrent: its download has no byte until it is uploaded again."""
        with self.store(site).lock:
            self.store(site).torrents[torrent_id].info = None

    def remove(self, site: str, torrent_id: int) -> None:
        """The site deletes a torrent, as a moderator would."""
        with self.store(site).lock:
            del self.store(site).torrents[torrent_id]

    def moderate(self, site: str, torrent_id: int, status: str) -> None:
        """A moderator of UNIT3D says approved, pending, rejected or postponed. Raises KeyError, ValueError."""
        store = self.store(site)
        with store.lock:
            entry = store.torrents[torrent_id]
            if not isinstance(entry, Entry) or status not in STATUSES:
                raise ValueError(f"{site} has no moderation" if status in STATUSES else f"no status {status!r}")
            entry.status = status

    def traits(self, site: str, **changed: object) -> Traits:
        """What a site is like, after changes of the fields of `Traits`. Raises TypeError on others."""
        store = self.store(site)
        with store.lock:
            store.traits = replace(store.traits, **changed)  # type: ignore[arg-type]
            return store.traits

    def store(self, site: str) -> Store:
        """A site's memory itself, for what has no method of its own; hold its `lock`."""
        return self._site(site).store

    def _site(self, site: str) -> Dialect:
        known = self._sites | self._services
        if site not in known:
            raise KeyError(f"no site {site!r} (have: {', '.join(known)})")
        return known[site]

    def dialect_at(self, path: str) -> tuple[Dialect | None, str]:
        """The site a path belongs to, and what follows its prefix."""
        prefix, _, rest = path.removeprefix("/").partition("/")
        return self._sites.get(prefix) or self._services.get(prefix), rest

    @property
    def released(self) -> threading.Event:
        """What the next `release` sets. A request takes it before what it does can be seen, so that none is missed."""
        return self._released

    def wait(self, seconds: float, released: threading.Event) -> None:
        """Until `released`, or `seconds` of the clock have passed; 0: until `released`."""
        if seconds:
            self._clock.wait(seconds, released)
        else:
            released.wait()
