"""The .torrent as a UNIT3D site hands it out: its own keys around the stored info dictionary. Facts, section 3."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

import bencode2

from trackers.catalogue import sandbox_announce
from trackers.sandbox.store import User
from trackers.sandbox.unit3d.entry import Entry
from trackers.sandbox.wire import Reply

TYPE = "application/x-bittorrent"


def file(entry: Entry, user: User, base: str, flag: str) -> Reply:
    """For one user: two users' files differ in the announce address alone."""
    outer: dict[bytes, object] = {
        b"announce": sandbox_announce("unit3d", base, user.passkey).encode(),
        b"comment": f"This torrent was downloaded from {flag}. {base}/torrents/{entry.id}".encode(),
        b"created by": b". ".join(filter(None, (entry.created_by, f"Edited by {flag}".encode()))),
    }
    if entry.encoding_key:
        outer[b"encoding"] = entry.encoding_key
    body = bencode2.bencode(outer)[:-1] + b"4:info" + (entry.info or b"") + b"e"
    return Reply(200, body, TYPE, (("Content-Disposition", _disposition(f"[{flag}]{entry.sheet.name}")),))


def _disposition(name: str) -> str:
    """Blanks are dots, slashes dashes; what is not ASCII comes a second time in full."""
    name = f"{name}.torrent".replace(" ", ".").replace("/", "-").replace("\\", "-")
    decomposed = unicodedata.normalize("NFKD", name)
    plain = decomposed.encode("ascii", "ignore").decode().replace("%", "")
    header = f'attachment; filename="{plain}"'
    return header if plain == name else f"{header}; filename*=utf-8''{quote(name, safe='')}"
