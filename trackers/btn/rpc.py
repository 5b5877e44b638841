"""BTN's JSON-RPC: looks up, and can publish nothing. An empty list may be `[]`, `{}`, null, "" or "0"."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from trackers.errors import Answer, NotAuthorised, Unavailable
from trackers.http import Reply
from trackers.line import Line
from trackers.secret import Secret

MOST = 1000  # rows of one answer
_BAD_KEY, _LIMITED, _ADDRESS = -32001, -32002, -32004
_TOLD = ("GroupName", "Source", "Resolution", "Codec", "Container", "Origin")


@dataclass(frozen=True)
class Row:
    """One torrent."""

    id: str
    group: str
    name: str
    size: int
    infohash: str  # lower case
    facts: Mapping[str, str]


class Rpc:
    """One key's line to the API."""

    def __init__(self, line: Line, key: Secret) -> None:
        self._line, self._key = line, key

    def user(self) -> tuple[str, str]:
        """(name, number) of the key's owner."""
        result = self._call("userInfo")
        value = result if isinstance(result, Mapping) else {}
        return str(value.get("Username") or ""), str(value.get("UserID") or "")

    def torrents(self, **asked: str) -> tuple[Row, ...] | None:
        """Every torrent that fits; None if the answer is not whole or of unknown shape."""
        return self._rows(asked, MOST)

    def newest(self, count: int) -> tuple[Row, ...]:
        """The newest torrents of the site."""
        return self._rows({}, count, whole=False) or ()

    def _rows(self, asked: Mapping[str, str], most: int, *, whole: bool = True) -> tuple[Row, ...] | None:
        result = self._call("getTorrents", dict(asked), most, 0)
        if not result or result == "0":
            return ()
        if not isinstance(result, Mapping):
            return None
        table, count = result.get("torrents"), str(result.get("results") or "0")
        if not table and count == "0":
            return ()
        rows = [_row(one) for one in table.values()] if isinstance(table, Mapping) else [None]
        if None in rows or (whole and str(len(rows)) != count):
            return None
        return tuple(row for row in rows if row)

    def _call(self, method: str, *params: object) -> object:
        """The `result`. Raises `NotAuthorised` for a refused key or address, `Unavailable` for anything else."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": [self._key.reveal(), *params]}
        reply = self._line.ask("", body)
        name = self._line.name
        if reply.status == 401:
            raise NotAuthorised("key-refused", f"{name}: the API refused the key", answer=Answer(401, "key-refused"))
        if reply.status == 503:
            self._line.limited(Answer(503, "rate-limited"), reply.headers.get("retry-after", ""))
        value = _object(reply)
        if value is None or ("result" not in value and not value.get("error")):
            text = f"{name}: the API answers with something else than JSON-RPC ({reply.status})"
            raise Unavailable("unreadable", text, answer=Answer(reply.status, "unreadable"))
        if value.get("error"):
            self._failed(value["error"], reply)
        return value.get("result")

    def _failed(self, error: object, reply: Reply) -> None:
        code = error.get("code") if isinstance(error, dict) else None
        words = str(error.get("message") or "") if isinstance(error, dict) else str(error)
        said = self._line.hide(" ".join(words.split()))[:300]
        text, answer = f"{self._line.name}: {said or 'an error without words'}", Answer(reply.status, "failure", said)
        if code == _BAD_KEY:
            raise NotAuthorised("key-refused", text, answer=answer)
        if code == _ADDRESS or "unauthorized ip" in words.casefold():
            hint = "this machine's address is new to the site: approve it in the site's notices"
            raise NotAuthorised("address-new", f"{text} ({hint})", answer=answer)
        if code == _LIMITED or "call limit" in words.casefold():
            self._line.limited(answer)
        raise Unavailable("site-error", text, answer=answer)


def _object(reply: Reply) -> Mapping[str, object] | None:
    try:
        value = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _row(value: object) -> Row | None:
    if not isinstance(value, Mapping):
        return None
    torrent_id, group, size = (str(value.get(key) or "") for key in ("TorrentID", "GroupID", "Size"))
    if not all(one.isascii() and one.isdecimal() for one in (torrent_id, group, size)):
        return None
    told = {key: str(value[key])[:100] for key in _TOLD if value.get(key)}
    name, infohash = str(value.get("ReleaseName") or ""), str(value.get("InfoHash") or "").lower()
    return Row(torrent_id, group, name, int(size), infohash, told)
