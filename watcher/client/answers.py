"""The shapes of what qBittorrent answers, checked, and the few fields that seedpost keeps of them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from trackers.catalogue import site_of_announce
from watcher.client.faults import ClientAway

# Of some 50 to 70 fields a torrent. A full update has all of them, a delta those that changed.
KEPT = (
    "state", "amount_left", "progress", "completion_on", "has_metadata", "name", "category", "tags", "save_path",
    "content_path", "private", "added_on", "downloaded",
)  # fmt: skip
WORKING, FAILING = 2, 4  # the status of an announce row


@dataclass(frozen=True)
class Announce:
    """One tracker of a torrent, without its address: that is a secret. `site` None: not in the catalogue."""

    host: str  # "" if the address has none
    site: str | None
    status: int  # 0 disabled, 1 not asked yet, 2 working, 3 asking, 4 failing
    message: str  # what the tracker said last, without the address


@dataclass(frozen=True)
class Version:
    """`app` as the client says it, `api` in figures: (2, 8, 19)."""

    app: str
    api: tuple[int, ...]


def maindata(body: bytes) -> dict[str, Any]:
    """`sync/maindata` with the kept fields of each torrent. Raises ClientAway for anything else."""
    try:
        text = body.decode()
        del body  # 18 MB for 10,000 torrents, that need not stand beside their text
        answer = json.loads(text, object_hook=_slim)
    except ValueError as error:
        raise ClientAway("its answer is not JSON: is it a qBittorrent?") from error
    torrents = answer.get("torrents", {}) if isinstance(answer, dict) else None
    if not isinstance(torrents, dict) or not isinstance(answer.get("rid"), int):
        raise ClientAway("its answer is not that of a qBittorrent")
    answer["torrents"] = {infohash: entry for infohash, entry in torrents.items() if isinstance(entry, dict)}
    return table(answer)


def _slim(entry: dict[str, Any]) -> dict[str, Any]:
    if "amount_left" in entry and "completion_on" in entry:
        return {key: entry[key] for key in KEPT if key in entry}
    return entry


def table(value: object) -> dict[str, Any]:
    """A JSON object. Raises ClientAway."""
    if not isinstance(value, dict):
        raise ClientAway("its answer is not that of a qBittorrent")
    return value


def rows(value: object) -> list[dict[str, Any]]:
    """A JSON list of objects. Raises ClientAway."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise ClientAway("its answer is not that of a qBittorrent")
    return value


def announces(value: object) -> list[Announce]:
    """The tracker rows of a torrent, without the three of DHT, PeX and LSD."""
    return [_announce(row) for row in rows(value) if not str(row.get("url", "")).startswith("** [")]


def _announce(row: Mapping[str, Any]) -> Announce:
    address, status = str(row.get("url", "")), row.get("status")
    try:
        parts = urlsplit(address)
        host, site = parts.hostname or "", site_of_announce(address)
    except ValueError:
        return Announce("", None, 0, "")
    secrets = (address, *(part for part in (*parts.path.split("/"), parts.query) if len(part) > 8))
    return Announce(host, site, status if isinstance(status, int) else 0, _without(str(row.get("msg", "")), secrets))


def _without(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def figures(text: str) -> tuple[int, ...]:
    """`2.8.19` as (2, 8, 19); () for what is no version."""
    parts = text.strip().split(".")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()
