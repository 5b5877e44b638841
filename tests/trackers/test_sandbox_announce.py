"""The tracker half: what clients are told, whom it knows; and libtorrent as the judge of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import bencode2
import libtorrent
import pytest

from tests.support_sandbox import FORM, Hands, call
from trackers.sandbox import Sandbox, Torrent

SITE = "orpheus"
Told = dict[bytes, object]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=Hands()) as one:
        yield one


def announce(sandbox: Sandbox, infohash: str, peer: int = 1, passkey: str = "", **changed: object) -> Told:
    sent = {"port": 6881, "uploaded": 0, "downloaded": 0, "left": 0, "compact": 1, "event": "started"} | changed
    names = {"info_hash": bytes.fromhex(infohash), "peer_id": b"-qB5020-%012d" % peer}
    parts = [f"{key}={quote(value, safe='')}" for key, value in names.items() if key not in changed]
    query = "&".join([*parts, *(f"{key}={value}" for key, value in sent.items() if value is not None)])
    verb = "announce"
    answer = call(f"{sandbox.url_of(SITE)}/{passkey or sandbox.account(SITE).passkey}/{verb}?{query}")
    assert answer.status == 200
    told: Told = bencode2.bdecode(answer.body)
    return told


def stocked(sandbox: Sandbox) -> Torrent:
    return sandbox.torrents(SITE)[0]


def test_peers_are_told_of_each_other_but_not_seeds_of_seeds(sandbox: Sandbox) -> None:
    infohash = stocked(sandbox).infohash
    first = announce(sandbox, infohash, 1, port=7001)
    assert (first[b"complete"], first[b"incomplete"], first[b"peers"], first[b"interval"]) == (1, 0, b"", 1800)
    leecher = announce(sandbox, infohash, 2, port=7002, left=5)
    assert leecher[b"peers"] == bytes([127, 0, 0, 1]) + (7001).to_bytes(2, "big")
    assert announce(sandbox, infohash, 3, port=7003)[b"peers"] == bytes([127, 0, 0, 1]) + (7002).to_bytes(2, "big")
    assert announce(sandbox, infohash, 2, left=5, numwant=0)[b"peers"] == b""
    assert {(peer.port, peer.seeding) for peer in sandbox.peers(SITE, infohash.upper())} == {
        (7001, True), (6881, False), (7003, True),
    }  # fmt: skip


def test_stopping_and_silence_end_a_peer(sandbox: Sandbox) -> None:
    infohash = stocked(sandbox).infohash
    announce(sandbox, infohash, 1)
    announce(sandbox, infohash, 1, event="stopped")
    assert sandbox.peers(SITE, infohash) == []
    announce(sandbox, infohash, 2)
    clock = sandbox.store(SITE).clock
    assert isinstance(clock, Hands)
    clock.time += 3601
    assert sandbox.peers(SITE, infohash) == []


def test_any_byte_may_stand_in_an_info_hash(sandbox: Sandbox) -> None:
    one = stocked(sandbox)
    store = sandbox.store(SITE)
    one.infohash = bytes(range(0, 256, 13)).hex()
    assert b"interval" in announce(sandbox, one.infohash)
    one.infohash = b"%26&=+ \x00\xff\x80%2500000000"[:20].hex()
    assert announce(sandbox, one.infohash)[b"complete"] == 1
    plain = one.infohash.replace(b"%26".hex(), b"+++".hex())
    one.infohash, before = plain, one.infohash
    raw = quote(bytes.fromhex(plain), safe="+")
    assert announce(sandbox, plain, info_hash=raw)[b"complete"] == 1
    del store.peers[plain]
    one.infohash = before
    assert store.peers.keys() == {bytes(range(0, 256, 13)).hex(), one.infohash}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"passkey": "x" * 32}, b"Passkey not found"),
        ({"info_hash": "%00" * 20}, b"Unregistered torrent"),
        ({"info_hash": "short"}, b"Unregistered torrent"),
        ({"compact": 0}, b"Your client does not support compact announces"),
        ({"peer_id": "short"}, b"Invalid peer ID"),
        ({"port": 0}, b"Invalid port"),
    ],
)
def test_a_refusal_is_a_failure_reason(sandbox: Sandbox, changed: dict[str, object], reason: bytes) -> None:
    told = announce(sandbox, stocked(sandbox).infohash, **changed)  # type: ignore[arg-type]
    assert (told[b"failure reason"], told[b"min interval"]) == (reason, 5400)
    assert sandbox.peers(SITE, stocked(sandbox).infohash) == []


def test_each_site_knows_its_own_torrents_and_passkeys_alone(sandbox: Sandbox) -> None:
    other = sandbox.torrents("redacted")[0].infohash
    assert announce(sandbox, other)[b"failure reason"] == b"Unregistered torrent"
    red = sandbox.account("redacted").passkey
    assert announce(sandbox, stocked(sandbox).infohash, passkey=red)[b"failure reason"] == b"Passkey not found"


def test_who_completed_it_is_counted_and_sees_its_hash(sandbox: Sandbox) -> None:
    one = stocked(sandbox)
    headers = {"Authorization": "token " + sandbox.account(SITE).api_key}
    address = sandbox.url_of(SITE) + f"/ajax.php?action=torrent&id={one.id}"
    assert b'"infoHash"' not in call(address, headers=headers).body
    announce(sandbox, one.infohash, event="completed")
    shown = call(address, headers=headers).body
    assert b'"infoHash"' in shown and b'"seeders":1,"leechers":0,"snatched":1' in shown


def test_a_scrape_counts_what_is_known(sandbox: Sandbox) -> None:
    one = stocked(sandbox)
    announce(sandbox, one.infohash)
    raw = bytes.fromhex(one.infohash)
    address = f"{sandbox.url_of(SITE)}/{sandbox.account(SITE).passkey}/scrape"
    told = bencode2.bdecode(call(f"{address}?info_hash={quote(raw, safe='')}&info_hash={'%00' * 20}").body)
    assert told == {b"files": {raw: {b"complete": 1, b"downloaded": 0, b"incomplete": 0}}}


def test_libtorrent_fetches_from_a_seed_that_it_finds_by_the_registered_torrent(tmp_path: Path) -> None:
    """The whole way: upload, download of the registered file, two clients that know nothing of each other."""
    with Sandbox() as sandbox:
        content = tmp_path / "seed" / "Album"
        content.mkdir(parents=True)
        (content / "01.flac").write_bytes(bytes(range(256)) * 400)
        registered = upload(sandbox, content)
        clients = [client(registered, tmp_path / where) for where in ("seed", "leech")]
        try:
            finish(*clients[1])
            assert clients[1][1].status().total_wanted_done == (content / "01.flac").stat().st_size
            infohash = sandbox.torrents(SITE, "uploader")[0].infohash
            assert {peer.user for peer in sandbox.peers(SITE, infohash)} == {"uploader"}
            assert len(sandbox.peers(SITE, infohash)) == 2
        finally:
            for session, handle in clients:
                session.remove_torrent(handle)


def upload(sandbox: Sandbox, content: Path) -> bytes:
    """The registered .torrent of a folder."""
    body = (content / "01.flac").read_bytes()
    pieces = b"".join(hashlib.sha1(body[at : at + 16384]).digest() for at in range(0, len(body), 16384))
    info = {
        b"files": [{b"length": len(body), b"path": [b"01.flac"]}],
        b"name": content.name.encode(),
        b"piece length": 16384,
        b"pieces": pieces,
        b"private": 1,
        b"source": b"OPS",
    }
    data = bencode2.bencode({b"announce": b"http://127.0.0.1/", b"info": info})
    address = sandbox.url_of(SITE) + "/ajax.php"
    headers = {"Authorization": "token " + sandbox.account(SITE).api_key}
    sent = call(address, {"action": "upload"}, headers, (FORM, [("file_input", "t.torrent", data)]))
    assert b'"private":true,"source":true' in sent.body
    id = sandbox.torrents(SITE, "uploader")[0].id
    return call(address, {"action": "download", "id": id}, headers).body


def client(registered: bytes, where: Path) -> tuple[libtorrent.session, libtorrent.torrent_handle]:
    where.mkdir(exist_ok=True)
    session = libtorrent.session(
        {
            "listen_interfaces": "127.0.0.1:0",
            "enable_dht": False,
            "enable_lsd": False,
            "enable_upnp": False,
            "enable_natpmp": False,
            "allow_multiple_connections_per_ip": True,
            "alert_mask": libtorrent.alert.category_t.status_notification,
        }
    )
    params = libtorrent.add_torrent_params()
    params.ti = libtorrent.torrent_info(bencode2.bdecode(registered))
    params.save_path = str(where)
    return session, session.add_torrent(params)


def finish(session: libtorrent.session, handle: libtorrent.torrent_handle) -> None:
    """Wait for its next alerts until everything is there."""
    end = time.monotonic() + 60
    while not handle.status().is_seeding:
        session.wait_for_alert(200)
        session.pop_alerts()
        assert time.monotonic() < end, handle.status().state
