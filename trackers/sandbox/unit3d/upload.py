"""An upload to a UNIT3D site: what is kept of the torrent, what is written, and when the site dies after that.

Facts on UNIT3D, sections 3, 4, 7 and 8. What is refused stands in `checks`, how it is answered in the dialect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trackers.sandbox import metainfo
from trackers.sandbox.faults import Fault
from trackers.sandbox.metainfo import Crashed, Metainfo, Registered
from trackers.sandbox.store import Store, User, fold
from trackers.sandbox.unit3d import checks
from trackers.sandbox.unit3d.checks import Page
from trackers.sandbox.unit3d.entry import APPROVED, PENDING, Entry, blank, entries
from trackers.sandbox.unit3d.words import STAFF, TRUSTED, Version
from trackers.sandbox.wire import Request

ENTROPY = 64  # bytes, written as hex
KEPT = (b"files", b"length", b"name", b"piece length", b"pieces")


@dataclass(frozen=True)
class Stored:
    """What came of it. `died`: the row is there, pending, and the answer is a 500."""

    entry: Entry
    died: bool


def check(request: Request, user: User, store: Store, version: Version) -> Page:
    """Every check, in the site's order. Raises `Refusal`, `Missing`, `Crashed`."""
    meta = checks.torrent_of(request, version, store.traits.largest_file)
    known = store.by_hash(registered(meta, store, version).infohash) is not None

    def taken(name: str) -> bool:
        return store.traits.unique_names and any(fold(one.sheet.name) == fold(name) for one in entries(store))

    return checks.page_of(request, meta, version, taken, known, user.rank in STAFF)


def registered(
    meta: Metainfo, store: Store, version: Version, more: Mapping[bytes, object] | None = None
) -> Registered:
    """The info dictionary as the site keeps it: few keys, its own source, private, and something at random."""
    info: dict[bytes, object] = {key: meta.info[key] for key in KEPT if key in meta.info}
    info |= {b"private": 1, b"source": store.flag.encode(), **(more or {})}
    if version.entropy:
        info[b"entropy"] = store.draw(ENTROPY).hex().encode()
    return metainfo.sealed(info)


def keep(page: Page, user: User, store: Store, version: Version, fault: Fault | None) -> Stored:
    """Write it down. The row comes first, the search index next, moderation last. Raises `Crashed`."""
    kind = fault.kind if fault else ""
    more = {b"x_site": store.draw(8)} if kind == "rewritten" else {}
    sealed = registered(page.meta, store, version, more)
    files = page.meta.files()
    number = store.next_id("torrent")
    if not files:  # the database refuses the row; its number is gone
        raise Crashed
    entry = blank(user, number, sealed.infohash, sealed.info, page.meta.folder, files)
    entry.sheet, entry.single, entry.time = page.sheet, page.meta.single, store.clock.now()
    entry.created_by = _outer(page.meta, b"created by")
    entry.encoding_key = _outer(page.meta, b"encoding")
    entry.first_file = store.next_id("file")
    for _ in files[1:]:
        store.next_id("file")
    entry.searchable_at = store.clock.running() + store.traits.index_lag
    died = page.unreadable or kind == "search-down"
    trusted = user.rank in TRUSTED and not page.opted_in and not store.traits.moderated
    entry.status = APPROVED if trusted and not died else PENDING
    store.torrents[entry.id] = entry
    if fault:
        _spoil(entry, store, fault)
    return Stored(entry, died)


def _outer(meta: Metainfo, key: bytes) -> bytes:
    value = meta.outer.get(key, b"")
    return value if isinstance(value, bytes) else b""


def _spoil(entry: Entry, store: Store, fault: Fault) -> None:
    match fault.kind:
        case "unstored" | "file-lost":
            entry.info = None
        case "search-lag":
            entry.searchable_at = store.clock.running() + fault.delay
        case "hash-lag":
            entry.found_at = store.clock.running() + fault.delay
        case "phantom":
            del store.torrents[entry.id]
