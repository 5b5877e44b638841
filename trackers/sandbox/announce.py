"""The BitTorrent tracker: announce and scrape over HTTP (BEP 3, 23, 48), in the words of the one behind Gazelle."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

import bencode2

from trackers.sandbox.store import Peer, Store, Torrent, User
from trackers.sandbox.wire import Reply, Request

TEXT = "text/plain"
MOST_PEERS = 50
RETRY = 5400  # seconds a client is told to wait after a refusal


class Refused(Exception):
    """The tracker's `failure reason`."""


def answer(store: Store, verb: str, passkey: str, request: Request) -> Reply:
    """`/<passkey>/announce?...`; HTTP 200 in any case, as clients expect."""
    pairs = _pairs(request.query)
    try:
        user = store.by_passkey(passkey)
        if user is None or user.disabled:
            raise Refused("Passkey not found")
        value = _announce(store, user, dict(pairs), request) if verb == "announce" else _scrape(store, pairs)
    except Refused as refused:
        value = {b"failure reason": str(refused).encode(), b"interval": RETRY, b"min interval": RETRY}
    return Reply(200, bencode2.bencode(value), TEXT)


def _pairs(query: str) -> list[tuple[str, bytes]]:
    """The query with raw values: an info-hash is twenty bytes of any kind, and no text."""
    steps = [step.partition("=") for step in query.split("&") if step]
    return [(key, unquote_to_bytes(value)) for key, _, value in steps]


def _announce(store: Store, user: User, sent: dict[str, bytes], request: Request) -> dict[bytes, object]:
    torrent = _torrent(store, sent.get("info_hash", b""))
    if sent.get("compact") != b"1":
        raise Refused("Your client does not support compact announces")
    peer_id, port = sent.get("peer_id", b""), _number(sent, "port")
    if len(peer_id) != 20:
        raise Refused("Invalid peer ID")
    if not 0 < port < 65536:
        raise Refused("Invalid port")
    peer = Peer(
        user=user.name,
        peer_id=peer_id,
        address=request.address,
        port=port,
        left=_number(sent, "left"),
        event=sent.get("event", b"").decode("latin-1"),
        uploaded=_number(sent, "uploaded"),
        downloaded=_number(sent, "downloaded"),
        time=store.clock.now(),
        agent=request.headers.get("user-agent", ""),
    )
    _enter(store, torrent, user, peer)
    return _peers_for(store, torrent, peer, _number(sent, "numwant", MOST_PEERS))


def _enter(store: Store, torrent: Torrent, user: User, peer: Peer) -> None:
    swarm = store.peers.setdefault(torrent.infohash, {})
    swarm[peer.peer_id] = peer
    if peer.event == "stopped":
        del swarm[peer.peer_id]
    torrent.seeded |= peer.seeding
    if peer.event == "completed":
        torrent.snatched_by.add(user.id)


def _peers_for(store: Store, torrent: Torrent, asking: Peer, wanted: int) -> dict[bytes, object]:
    peers = store.swarm(torrent.infohash)
    seeders = sum(peer.seeding for peer in peers)
    others = [one for one in peers if one.peer_id != asking.peer_id and not (asking.seeding and one.seeding)]
    shown = [] if asking.event == "stopped" else others[: min(wanted, MOST_PEERS)]
    return {
        b"complete": seeders,
        b"incomplete": len(peers) - seeders,
        b"downloaded": len(torrent.snatched_by),
        b"interval": store.traits.interval,
        b"min interval": store.traits.interval,
        b"peers": _compact(shown),
    }


def _scrape(store: Store, pairs: list[tuple[str, bytes]]) -> dict[bytes, object]:
    files: dict[bytes, object] = {}
    for key, value in pairs:
        torrent = store.by_hash(value.hex()) if key == "info_hash" else None
        if torrent:
            peers = store.swarm(torrent.infohash)
            seeders = sum(peer.seeding for peer in peers)
            counts = {
                b"complete": seeders,
                b"incomplete": len(peers) - seeders,
                b"downloaded": len(torrent.snatched_by),
            }
            files[value] = counts
    return {b"files": files}


def _torrent(store: Store, raw: bytes) -> Torrent:
    torrent = store.by_hash(raw.hex()) if len(raw) == 20 else None
    if torrent is None:
        raise Refused("Unregistered torrent")
    if torrent.barred:
        raise Refused(torrent.barred)
    return torrent


def _compact(peers: Sequence[Peer]) -> bytes:
    return b"".join(ipaddress.IPv4Address(one.address).packed + one.port.to_bytes(2, "big") for one in peers)


def _number(sent: dict[str, bytes], key: str, default: int = 0) -> int:
    value = sent.get(key, b"")
    return int(value) if value.isdigit() else default
