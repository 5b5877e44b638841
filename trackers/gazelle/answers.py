"""What a Gazelle answer says, from status, headers and body together. Decides nothing, shows no value it does not know.

The status alone says little: OPS answers 200 to nearly everything, and JSON may be announced where HTML, nothing, or
two documents come.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from trackers.errors import Answer
from trackers.http import Reply
from trackers.line import Ending, retry_after

Hide = Callable[[str], str]  # takes every known secret out of a text

_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
_LINK = re.compile(r"torrentid=(\d+)")
_TITLE = re.compile(r"<title[^>]*>(.{1,200}?)</title", re.IGNORECASE | re.DOTALL)
_ENVELOPE = re.compile(r'\{\s*"status"')
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,24}")  # of an object; what is longer might be a key of the other kind
_REHEARSED = "dry run success"  # RED's dry run, as one client has it; with a real upload it names no torrent
_LIMITED = re.compile(r"rate limit", re.IGNORECASE)
# A refused key, in words that only the look at the key itself produces: nothing was processed.
_DENIED = (
    (
        re.compile(r"^invalid (token|authorization type)|^bad credentials|^invalid api key", re.IGNORECASE),
        "key-refused",
    ),
    (re.compile(r"limited to API key usage|requires an api token", re.IGNORECASE), "key-refused"),
    (re.compile(r"^your ip address has been banned", re.IGNORECASE), "address-banned"),
)


@dataclass(frozen=True)
class Said:
    """One envelope of known shape. `response` if `ok`, else `error`: text without HTML; `linked`: torrents it names."""

    ok: bool
    response: object
    error: str
    answer: Answer
    linked: tuple[str, ...] = ()


def read(reply: Reply, hide: Hide, *, strict: bool = False, first: bool = False) -> Said | Ending:
    """Class an answer. `hide` is applied to all text that is kept; `strict`: no text may stand before the JSON;
    `first`: another document may stand behind it."""
    if 300 <= reply.status < 400:
        return _redirect(reply)
    if reply.status >= 500:
        return _odd(reply, "site-error", "the site has an error of its own", hide)
    if reply.status == 413:
        return _odd(reply, "too-large", "what was sent is larger than the site takes", hide)
    found = envelope(reply.body, first=first)
    if found is None or (strict and not found[1]):
        return _no_json(reply, hide)
    return _said(reply, found[0], hide)


def envelope(body: bytes, *, first: bool = False) -> tuple[dict[str, object], bool] | None:
    """(the JSON envelope, whether nothing stood before it), or None if there is none or anything follows it; `first`:
    whatever follows.

    Text may stand before it: PHP's warnings, a refusal of a step after the upload.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    start = _ENVELOPE.search(text)
    if not start:
        return None
    try:
        value, end = _DECODER.raw_decode(text, start.start())
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or (text[end:].strip() and not first):
        return None
    return value, not text[: start.start()].strip()


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _said(reply: Reply, value: dict[str, object], hide: Hide) -> Said | Ending:
    status, error = value.get("status"), value.get("error")
    if status == "success" and reply.status < 300 and "response" in value:
        return Said(True, value["response"], "", Answer(reply.status, "success"))
    if status == _REHEARSED and reply.status < 300:
        return Said(True, value.get("data", value.get("response")), "", Answer(reply.status, "success"))
    if status != "failure" or not isinstance(error, str):
        return _odd(reply, "unreadable", f"an answer of unknown shape: {shape(value)}", hide)
    text = hide(plain(error))[:500]
    answer = Answer(reply.status, "failure", text)
    if _LIMITED.match(text):
        return Ending("limited", "rate-limited", text, answer, retry_after=retry_after(reply))
    for pattern, code in _DENIED:
        if pattern.search(text):
            return Ending("denied", code, text, answer)
    if reply.status in (401, 403):
        return Ending("odd", "denied", text, answer, stops_lane=True)
    return Said(False, None, text, answer, tuple(dict.fromkeys(_LINK.findall(html.unescape(error)))))


def _redirect(reply: Reply) -> Ending:
    if "login" in reply.headers.get("location", ""):
        return Ending("denied", "login", "the site sent us to its login page", Answer(reply.status, "login"))
    answer = Answer(reply.status, "redirect")
    return Ending("odd", "redirect", "the site sent us to another address; is 'url' right?", answer, stops_lane=True)


def _no_json(reply: Reply, hide: Hide) -> Ending:
    if reply.status in (401, 403):
        return _odd(reply, "denied", "the site denied us, without words", hide, stops=True)
    if not reply.body.strip():
        return _odd(reply, "empty", "an empty answer", hide)
    if reply.kind == "text/html" or reply.body.lstrip()[:1] == b"<":
        login = b"login.php" in reply.body or b'type="password"' in reply.body
        text = "its login page in place of an answer" if login else "a page of HTML in place of an answer"
        return _odd(reply, "login" if login else "html", text, hide, stops=True)
    return _odd(reply, "unreadable", "an answer that is not one JSON document", hide)


def _odd(reply: Reply, code: str, text: str, hide: Hide, *, stops: bool = False) -> Ending:
    title = _TITLE.search(reply.body[:20_000].decode(errors="replace"))
    said = hide(plain(title.group(1)))[:200] if title else ""
    what = "too-large" if code == "too-large" else "odd"
    return Ending(what, code, text, Answer(reply.status, code, said), stops, retry_after(reply))


def plain(text: str) -> str:
    """HTML-flavoured text as one line of plain text."""
    words = html.unescape(_TAG.sub(" ", text))
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def shape(value: object) -> str:
    """What an unknown value looks like: short keys, or its type; never a value."""
    if isinstance(value, dict):
        keys = [key if _KEY.fullmatch(key) else "…" for key in list(value)[:20]]
        return "keys " + ", ".join(keys) if keys else "no keys"
    return type(value).__name__
