"""Whether a personal announce address is one: asked of the BitTorrent tracker with a torrent that nobody has.

Knows no site. The one module that speaks to announce hosts; the address is a secret and stands in no message.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import bencode2

from trackers.errors import NotAuthorised, SettingsError, Unavailable
from trackers.http import Http
from trackers.secret import Secret

_STRANGER = re.compile(r"passkey|torrent.?pass|authkey|user|account|banned|disabled", re.IGNORECASE)
# An info-hash that no torrent has, and a peer that asks for none and has nothing.
_QUERY = (
    ("info_hash", "seedpost-no-torrent!"), ("peer_id", "-SD0000-seedposttest"), ("port", "6881"), ("uploaded", "0"),
    ("downloaded", "0"), ("left", "1"), ("compact", "1"), ("numwant", "0"),
)  # fmt: skip


def prove(address: Secret, *, version: str) -> None:
    """Ask once. Raises `NotAuthorised` if the tracker does not know who asks, `Unavailable` if it can't be asked; what
    it says of the torrent itself does not matter: it looks at the passkey first."""
    parts = urlsplit(address.reveal())
    try:
        http = Http(f"{parts.scheme}://{parts.netloc}", {}, version=version, deadline=30.0)
    except SettingsError as error:
        raise Unavailable("unreachable", "the announce address is not https://") from error
    reply = http.get(parts.path, _QUERY)
    host = parts.hostname or ""
    try:
        value = bencode2.bdecode(reply.body)
    except bencode2.BencodeDecodeError as error:
        text = f"{host}: what answers at the announce address is no tracker"
        raise Unavailable("unreadable", text) from error
    reason = value.get(b"failure reason", b"") if isinstance(value, dict) else b""
    said = reason.decode(errors="replace")[:200] if isinstance(reason, bytes) else ""
    if _STRANGER.search(said):
        raise NotAuthorised(
            "key-refused", f"{host}: the announce address is not known there ({_plain(said, parts.path)})"
        )


def _plain(said: str, path: str) -> str:
    for step in filter(None, path.split("/")):
        said = said.replace(step, "***") if step != "announce" else said
    return "".join(c if c.isprintable() else " " for c in said)
