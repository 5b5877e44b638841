"""A browser's cookies for one site: read from an export, checked, kept as small JSON. Knows no file and no vault.

Extensions of browsers export Netscape's cookies.txt (seven fields a line, tabs between) or JSON (a list of objects with
`name value domain`, and `expirationDate` or `expires` in seconds). Whichever it was, what is kept and handed out is
`{"cookies": {name: value}, "expires": seconds or null}`, of one host alone.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trackers.clock import utc_text
from trackers.secret import Secret
from watcher.secrets.errors import SecretError

SUFFIX = ".cookies"  # names of secrets that are cookies
LONGEST = 4096  # characters of one value: no browser keeps more
MOST = 180  # cookies of one host
_HOW = (
    "log in there with a browser, export the cookies of that site as cookies.txt or JSON, and give the file: "
    "seedpost secrets set NAME <FILE"
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x3a\x3c-\x7e ]*")  # no `;`, no control character, ASCII: it goes into one header
_NETSCAPE, _HTTP_ONLY = 7, "#HttpOnly_"


@dataclass(frozen=True)
class Cookie:
    """One row of an export. `expires` 0: it ends with the browser's session."""

    domain: str
    name: str
    value: str
    expires: float

    def __repr__(self) -> str:
        return f"Cookie({self.name!r}, ***)"


def is_cookies(name: str) -> bool:
    """Whether a secret of this name is cookies."""
    return name.endswith(SUFFIX)


def imported(text: str, host: str, now: float) -> str:
    """What is kept of an export, or of what was kept before: the cookies of `host` that have not expired. Raises
    SecretError: no export, another site's, expired. No error holds a value."""
    if kept := _kept(text):
        _check_expiry(kept, host, now)
        return text
    rows = list(_rows(text))
    theirs = [row for row in rows if _goes_to(row.domain, host)]
    if not theirs:
        domains = ", ".join(sorted({row.domain[:60] for row in rows})[:5]) or "no site"
        raise SecretError(f"these are cookies of {domains}, and none is of {host}", hint=_HOW)
    alive = [row for row in theirs if not row.expires or row.expires > now]
    if not alive:
        last = max(row.expires for row in theirs)
        raise SecretError(f"the cookies of {host} expired on {utc_text(last)[:10]}", hint=_HOW)
    if len(alive) > MOST:
        raise SecretError(f"there are {len(alive)} cookies of {host}, and no site has more than {MOST}", hint=_HOW)
    for row in alive:
        Secret(row.value)
    ends = [row.expires for row in alive if row.expires]
    value = {"cookies": {row.name: row.value for row in alive}, "expires": math.floor(min(ends)) if ends else None}
    return json.dumps(value, separators=(",", ":"))


def expiry(text: str) -> float | None:
    """When kept cookies expire, seconds; None if they do not say."""
    kept = _kept(text)
    return kept[1] if kept else None


def _check_expiry(kept: tuple[Mapping[str, str], float | None], host: str, now: float) -> None:
    for value in kept[0].values():
        Secret(value)  # the filter takes out each of them
    if kept[1] is not None and kept[1] <= now:
        raise SecretError(f"the cookies of {host} expired on {utc_text(kept[1])[:10]}", hint=_HOW)


def _kept(text: str) -> tuple[Mapping[str, str], float | None] | None:
    """Cookies and expiry, if this is what `imported` made."""
    try:
        value = json.loads(text)
        if not isinstance(value, dict) or not isinstance(value["cookies"], dict):
            return None
        expires = value["expires"]
        if not all(_sendable(name, one) for name, one in value["cookies"].items()):
            return None
        return value["cookies"], None if expires is None else float(expires)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _rows(text: str) -> Iterator[Cookie]:
    stripped = text.strip()
    yield from _json_rows(stripped) if stripped[:1] in ("[", "{") else _netscape_rows(stripped)


def _json_rows(text: str) -> Iterator[Cookie]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SecretError("this JSON can't be read: it is cut off, or no JSON", hint=_HOW) from error
    rows = value.get("cookies") if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SecretError("this JSON is no export of cookies: it has no list of them", hint=_HOW)
    for number, row in enumerate(rows, 1):
        expires = row.get("expirationDate", row.get("expires", 0))
        yield _checked(f"cookie {number}", row.get("domain"), row.get("name"), row.get("value"), expires)


def _netscape_rows(text: str) -> Iterator[Cookie]:
    for number, line in enumerate(text.splitlines(), 1):
        row = line.removeprefix(_HTTP_ONLY)
        if not row.strip() or row.startswith("#"):
            continue
        fields = row.split("\t") if "\t" in row else row.split(None, _NETSCAPE - 1)
        if len(fields) != _NETSCAPE:
            raise SecretError(f"line {number} is no line of a cookies.txt: it has {len(fields)} fields of 7", hint=_HOW)
        domain, _, _, _, expires, name, value = fields
        yield _checked(f"line {number}", domain, name, value, expires)


def _checked(where: str, domain: object, name: object, value: object, expires: object) -> Cookie:
    if not isinstance(domain, str) or not isinstance(name, str) or not isinstance(value, str):
        raise SecretError(f"{where} is no cookie: it needs domain, name and value", hint=_HOW)
    if not _sendable(name, value):
        raise SecretError(f"{where} is no cookie that can be sent: its name or value has what none may have", hint=_HOW)
    return Cookie(domain.lower().lstrip(".").rstrip("."), name, value, _seconds(where, expires))


def _sendable(name: str, value: object) -> bool:
    """Whether both may stand in a `Cookie` header."""
    fine = bool(_NAME.fullmatch(name)) and isinstance(value, str) and bool(_VALUE.fullmatch(value))
    return fine and len(name) + len(str(value)) <= LONGEST


def _seconds(where: str, value: object) -> float:
    try:
        seconds = float(value) if isinstance(value, (str, int, float)) else 0.0
    except (ValueError, OverflowError) as error:
        raise SecretError(f"{where} has an expiry that is no number", hint=_HOW) from error
    return seconds if math.isfinite(seconds) and 0 < seconds < 32_503_680_000 else 0.0


def _goes_to(domain: str, host: str) -> bool:
    """Whether a browser would send it there: the host itself, or a domain above it that is more than a suffix."""
    host = host.lower().rstrip(".")
    return domain == host or ("." in domain and host.endswith(f".{domain}"))
