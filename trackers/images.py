"""Puts pictures on a host for them, for sites that have none of their own. Knows two families of hosts, no tracker.

Facts: the API page of Chevereto (`/api/1/upload`, key in `X-API-Key`, part `source`, answer `image.url`); what clients
of ptpimg send (`/upload.php`, `api_key`, part `file-upload[0]`) and read (`[{code, ext}]`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import urlsplit

from trackers.catalogue import IMAGE_HOSTS, is_loopback
from trackers.errors import Answer, Refused, SettingsError, Unavailable, Unconfirmed
from trackers.http import Http, Reply
from trackers.secret import Secret

DEADLINE = 60.0  # seconds for one picture
MOST = 10 * 1024 * 1024  # bytes of a picture that any host takes
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF")  # JPEG, PNG, GIF, WebP


@dataclass(frozen=True)
class _Family:
    """How one family of hosts is spoken to."""

    path: str
    part: str
    key_header: str = ""  # else the key is a field of the form
    key_field: str = ""


_FAMILIES: Mapping[str, _Family] = {
    "chevereto": _Family("/api/1/upload", "source", key_header="X-API-Key"),
    "ptpimg": _Family("/upload.php", "file-upload[0]", key_field="api_key"),
}


class ImageHost:
    """One host for pictures. Raises `SettingsError` for a type or address it can't be."""

    def __init__(self, type: str, url: str | None, key: Secret, *, version: str) -> None:
        if type not in _FAMILIES:
            raise SettingsError("settings", f"images: no type '{type}' (have: {', '.join(sorted(_FAMILIES))})")
        self._family = _FAMILIES[type]
        self._url = (url or IMAGE_HOSTS[type] or "").rstrip("/")
        host = urlsplit(self._url).hostname or ""
        if not (self._url.startswith("https://") or (self._url.startswith("http://") and is_loopback(host))):
            raise SettingsError("settings", "images: 'url' must begin with https://")
        self._key = key
        headers = {self._family.key_header: key} if self._family.key_header else {}
        self._http = Http(self._url, headers, version=version, deadline=DEADLINE)

    def put(self, data: bytes, name: str) -> str:
        """The address of a picture after it was put there. A second time does no harm, so what is not known to have
        failed is `Unavailable`; raises `Refused` for what the host does not take."""
        if not data.startswith(_STARTS) or len(data) > MOST:
            raise Refused("no-cover", f"{name} is no picture of at most {MOST >> 20} MiB")
        key = [(self._family.key_field, self._key.reveal())] if self._family.key_field else []
        try:
            # Of the name only the kind of picture matters, and it may hold anything.
            part = (self._family.part, "cover" + PurePath(name).suffix.lower(), data)
            reply = self._http.post(self._family.path, (), key, [part])
        except (Unconfirmed, Unavailable) as error:
            raise Unavailable("image-host", f"the image host: {error.text}") from error
        return self._address(reply)

    def _address(self, reply: Reply) -> str:
        answer = Answer(reply.status, "image-host")
        if reply.status >= 500 or reply.status == 429:
            raise Unavailable("image-host", f"the image host answered {reply.status}", answer=answer)
        if reply.status != 200:
            why = "; is the secret images.api_key right?" if reply.status in (400, 401, 403) else ""
            raise Refused("no-cover", f"the host for pictures refused: it answered {reply.status}{why}", answer=answer)
        address = _found(reply.body, self._url)
        if not address:
            raise Unavailable("image-host", "the image host did not say where the picture is", answer=answer)
        return address


def _found(body: bytes, url: str) -> str:
    """The address in an answer of either family; empty if there is none."""
    try:
        value = json.loads(body)
    except ValueError:
        return ""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        code, ending = str(value[0].get("code") or ""), str(value[0].get("ext") or "")
        return f"{url}/{code}.{ending}" if code.isalnum() and ending.isalnum() else ""
    image = value.get("image") if isinstance(value, dict) else None
    address = image.get("url") if isinstance(image, dict) else None
    fits = isinstance(address, str) and address.startswith(("https://", "http://")) and address.isprintable()
    return str(address) if fits else ""
