"""What a UNIT3D answer says, from status, headers and body together. Decides nothing about an upload. Pure.

Facts on UNIT3D: sections 0, 1, 5 and 11. Its refusals are 404, a banned account is 200, and HTML comes from whatever
stands before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trackers.errors import Answer
from trackers.http import Reply
from trackers.line import Ending, retry_after

Hide = Callable[[str], str]  # takes every known secret out of a text
_BANNED = re.compile(r"account is banned", re.IGNORECASE)
_NO_RIGHT = re.compile(r"upload rights are disabled", re.IGNORECASE)
_MAINTENANCE = "Service Unavailable"  # said before anything of the site runs


@dataclass(frozen=True)
class Said:
    """One JSON object of the site, whatever the status."""

    status: int
    value: Mapping[str, object]

    @property
    def message(self) -> str:
        """The site's own word, empty if it has none."""
        text = self.value.get("message")
        return text if isinstance(text, str) else ""


def read(reply: Reply, hide: Hide) -> Said | Ending:
    """Class an answer. `hide` is applied to all text that is kept."""
    value = _object(reply.body)
    message = hide(plain(str(value.get("message", "")))) if value is not None else ""
    wait = retry_after(reply)

    def ending(what: str, code: str, text: str, *, stops: bool = False) -> Ending:
        return Ending(what, code, text, Answer(reply.status, code, message), stops, wait)

    if 300 <= reply.status < 400:
        if reply.headers.get("location", "").partition("?")[0].endswith("/login"):
            return ending("denied", "login", "the site sent us to its login page")
        return ending("odd", "redirect", "the site sent us to another address; is 'url' right?", stops=True)
    if reply.status == 413:
        return ending("too-large", "too-large", "what was sent is larger than the site takes")
    if _BANNED.search(message):
        return ending("denied", "no-upload-right", message)
    if reply.status in (401, 403):
        return _denied(reply.status, message, ending)
    if reply.status == 503 and message == _MAINTENANCE:
        return ending("away", "site-error", "the site is being maintained")
    if reply.status >= 500:
        return ending("odd", "site-error", "the site has an error of its own")
    if value is None:
        return _no_json(reply, ending)
    return Said(reply.status, value)


def _denied(status: int, message: str, ending: Callable[..., Ending]) -> Ending:
    if status == 401 and message.casefold().startswith("unauthenticated"):
        return ending("denied", "key-refused", "the key was refused")
    if _NO_RIGHT.search(message):
        return ending("denied", "no-upload-right", message)
    return ending("odd", "denied", message or "the site denied us, without words", stops=True)


def _no_json(reply: Reply, ending: Callable[..., Ending]) -> Ending:
    if not reply.body.strip():
        return ending("odd", "empty", "an empty answer")
    if reply.kind == "text/html" or reply.body.lstrip()[:1] == b"<":
        login = b'type="password"' in reply.body
        text = "its login page in place of an answer" if login else "a page of HTML in place of an answer"
        return ending("odd", "login" if login else "html", text, stops=True)
    return ending("odd", "unreadable", "an answer that is not one JSON object")


def _object(body: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(body.decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def plain(text: str) -> str:
    """A text of the site as one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:500]
