"""The control path, for a sandbox in another process: arm faults, look at what was sent. For loopback callers alone.

`POST /control/fail` {"site", …a Fault's fields} · `POST /control/clear` {"site"} · `POST /control/release` ·
`POST /control/traits` {"site", …} · `POST /control/revoke` or `restore` {"site", "user"} ·
`POST /control/lose-file` or `remove` {"site", "torrent"} ·
`POST /control/moderate` {"site", "torrent", "status"} · `GET /control/state`
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from typing import Any

from trackers.sandbox.answers import Value
from trackers.sandbox.faults import Fault
from trackers.sandbox.sites import Sites
from trackers.sandbox.store import Post, Store, Torrent
from trackers.sandbox.wire import JSON_TYPE, Reply


def answer(sites: Sites, method: str, path: str, host: str, body: bytes) -> Reply:
    """One call. A wrong one gets HTTP 400 with `error`; a page of another origin can't get here by a name."""
    if not _is_loopback(host.rpartition(":")[0]):
        return _json(403, {"error": "this path is for loopback callers"})
    verb = path.removeprefix("/control/")
    if method == "GET" and verb == "state":
        return _json(200, state(sites))
    if method != "POST" or verb not in VERBS:
        return _json(404, {"error": f"no {method} {path}"})
    try:
        sent = json.loads(body or b"{}")
        if not isinstance(sent, dict):
            raise TypeError("an object is wanted")
        VERBS[verb](sites, sent)
    except (ValueError, TypeError, KeyError) as error:
        return _json(400, {"error": str(error)})
    return _json(200, {"ok": True})


def state(sites: Sites) -> Value:
    """Every site's posts, torrents, peers and armed faults; no key and no passkey."""
    return {"sites": {site: _site(sites, site) for site in sites.sites}}


def _site(sites: Sites, site: str) -> Value:
    store = sites.store(site)
    with store.lock:
        store.settle()
        return {
            "posts": [_post(post) for post in store.posts],
            "torrents": [_torrent(torrent, store) for torrent in store.torrents.values()],
            "requests": [[one.method, one.action, one.user, one.status, one.time] for one in store.seen],
            "faults": [[one.kind, one.action, one.times] for one in store.faults.armed()],
        }


def _post(post: Post) -> Value:
    return {
        "user": post.user,
        "fields": [list(pair) for pair in post.fields],
        "files": [list(part) for part in post.files],
        "infohash": post.infohash,
        "time": post.time,
        "outcome": post.outcome,
        "answer": post.answer,
    }


def _torrent(torrent: Torrent, store: Store) -> Value:
    peers = store.swarm(torrent.infohash)
    return {
        "id": torrent.id,
        "group": torrent.group_id,
        "user": torrent.user.name,
        "infohash": torrent.infohash,
        "folder": torrent.folder,
        "peers": [{"user": one.user, "address": one.address, "port": one.port, "left": one.left} for one in peers],
    }


def _fail(sites: Sites, sent: dict[str, Any]) -> None:
    sites.fail(_text(sent, "site"), Fault.from_json({key: value for key, value in sent.items() if key != "site"}))


def _traits(sites: Sites, sent: dict[str, Any]) -> None:
    sites.traits(_text(sent, "site"), **{key: value for key, value in sent.items() if key != "site"})


def _text(sent: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = sent.get(key, default)
    if not isinstance(value, str):
        raise TypeError(f"{key} wants a text")
    return value


def _number(sent: Mapping[str, Any], key: str) -> int:
    value = sent.get(key)
    if type(value) is not int:
        raise TypeError(f"{key} wants a number")
    return value


VERBS: Mapping[str, Callable[[Sites, dict[str, Any]], None]] = {
    "fail": _fail,
    "clear": lambda sites, sent: sites.clear(_text(sent, "site")),
    "release": lambda sites, sent: sites.release(),
    "traits": _traits,
    "revoke": lambda sites, sent: sites.revoke(_text(sent, "site"), _text(sent, "user", "uploader")),
    "lose-file": lambda sites, sent: sites.lose_file(_text(sent, "site"), _number(sent, "torrent")),
    "remove": lambda sites, sent: sites.remove(_text(sent, "site"), _number(sent, "torrent")),
    "moderate": lambda sites, sent: sites.moderate(
        _text(sent, "site"), _number(sent, "torrent"), _text(sent, "status")
    ),
    "restore": lambda sites, sent: sites.restore(_text(sent, "site"), _text(sent, "user", "uploader")),
}


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _json(status: int, value: object) -> Reply:
    return Reply(status, json.dumps(value).encode(), JSON_TYPE)
