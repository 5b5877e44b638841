"""Removes secrets from whatever leaves the process: every value that became a `Secret`, in the forms it is written in,
and by pattern what looks like one. The second line of defence: the first is that nobody reveals a Secret to a log."""

from __future__ import annotations

import base64
import binascii
import json
import re
import threading
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from trackers.secret import on_secret

MASK = "***"
# A shorter secret ("admin") stands in too many innocent words: it goes only where it stands alone. docs/logs.md
SHORT = 6
# Below this, not even alone: "a" or "12" would eat articles and numbers. Patterns still take it out of addresses.
TINY = 3
# What is left of base64 or hex after its ragged ends must be this long to be told from chance.
_STABLE = 7

# A field of this name has nothing to show, whatever its value.
SENSITIVE = re.compile(
    r"passkey|torrent_pass|auth_?key|api_?key|api_?token|auth_?token|rss_?key|passphrase|password|(set-)?cookie|"
    r"(proxy-)?authorization|x-api-key|x-auth-token",
    re.IGNORECASE,
)
_SLASH = r"(?:\\?/|%2[Ff])"
_PATTERNS = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # a query or form field, also percent-encoded once more: passkey=… torrent_pass=… api_key=…
        (
            r"((?:passkey|torrent_pass|auth_?key|api_?key|api_?token|auth_?token|rss_?key|passphrase|password|secret|\bsid)"
            r"(?:=|%3D))[^\s&\"'<>;,%]+(?:%(?!26)[^\s&\"'<>;,%]*)*",
            rf"\1{MASK}",
        ),
        # the same as a key of JSON or of a Python dict, quotes escaped or not
        (
            r"((?:passkey|torrent_pass|auth_?key|api_?key|api_?token|auth_?token|rss_?key|passphrase|password)"
            r"\\?[\"']\s*:\s*\\?[\"'])[^\"'\\]+",
            rf"\1{MASK}",
        ),
        (rf"({_SLASH})[0-9A-Za-z]{{16,64}}(?={_SLASH}announce)", rf"\1{MASK}"),
        (rf"(announce(?:\.php)?{_SLASH})[0-9A-Za-z]{{16,64}}(?![0-9A-Za-z])", rf"\1{MASK}"),
        # headers, as text or as a dict's repr
        (
            r"((?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token)(\\?[\"']?\s*[:=]\s*\\?[\"']?)[^\"'\\\r\n]+",
            rf"\1\2{MASK}",
        ),
        (r"(//)[^/\s:@\"']*:[^/\s\"']+(?=@)", rf"\1{MASK}"),
    )
)
_WORD = re.compile(r"\S+")
_LONG = re.compile(r"[0-9A-Za-z_-]{16,}")


class Filter:
    """Knows every secret value of the process. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._new: list[str] = []  # their forms are made when a text is first filtered: a quick command never does
        self._forms: tuple[str, ...] = ()  # longest first, so that no form leaves the rest of a longer one
        self._alone: tuple[re.Pattern[str], ...] = ()

    def add(self, value: str) -> None:
        """Remove `value` from now on. Adding it again costs nothing."""
        with self._lock:
            if value not in self._seen:
                self._seen.add(value)
                self._new.append(value)

    def redact(self, text: str) -> str:
        """`text` without any secret. Text that holds none comes back as it is."""
        if self._new:
            self._learn()
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        for alone in self._alone:
            text = alone.sub(MASK, text)
        if "%" in text:
            text = _WORD.sub(self._percent, text)
        if "\n" in text or "\\n" in text:
            text = self._wrapped(text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def _learn(self) -> None:
        with self._lock:
            forms, alone = set(self._forms), list(self._alone)
            for value in [part for new in self._new for part in (new, *_parts_of(new))]:
                if len(value) >= SHORT:
                    forms.update(forms_of(value))
                elif len(value) >= TINY:
                    alone.append(re.compile(rf"(?<!\w){re.escape(value)}(?!\w)"))
            self._forms = tuple(sorted(forms, key=len, reverse=True))
            self._alone = tuple(alone)
            self._new = []

    def _percent(self, match: re.Match[str]) -> str:
        """Percent-encoding has many spellings (which characters, which case, twice): decode the word and look again."""
        word = match.group()
        if "%" not in word:
            return word
        for decode in (unquote, unquote_plus):
            plain = decode(word)
            for _ in range(2):
                if any(form in plain for form in self._forms):
                    return self._masked(plain)
                plain = decode(plain)
        return word

    def _masked(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def _wrapped(self, text: str) -> str:
        """A value that was folded over lines, as MIME does with base64 and a console with long lines."""
        squeezed = _BREAK.sub("", text)
        for form in self._forms:
            flat = _BREAK.sub("", form)
            if len(flat) >= SHORT and flat in squeezed:
                text = re.sub(_FOLD.join(map(re.escape, flat)), MASK, text)
        return text


_BREAK = re.compile(r"\\?\r?\n[ \t]*|\\n")
_FOLD = rf"(?:{_BREAK.pattern})?"


_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


def _parts_of(value: str) -> list[str]:
    """The keys inside an address that is a secret: an announce address is seldom seen whole."""
    scheme, found, rest = value.partition("://")
    if not found:
        return []
    if scheme.lower() in ("http", "https", "udp"):
        rest = rest.partition("/")[2]  # a host is no secret, whatever its length
    return _LONG.findall(rest)


def forms_of(value: str) -> set[str]:
    """The spellings in which a value of six characters or more may stand in a text."""
    raw = _bytes_of(value)
    ascii_json, json_text = json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]
    forms = {
        value,
        value.strip(),
        ascii_json,
        json_text,
        ascii_json.replace("/", "\\/"),  # PHP's json_encode
        json_text.replace("/", "\\/"),
        json.dumps(ascii_json)[1:-1],  # JSON in JSON
        repr(value)[1:-1],
        repr(raw)[2:-1],
        value.translate(_HTML),
        quote(raw, safe=""),
        quote(raw, safe="/"),
        quote_plus(raw),
        *_base64_of(raw),
    }
    if len(raw) >= SHORT:
        forms.update((binascii.hexlify(raw).decode(), binascii.hexlify(raw).decode().upper()))
    return {form for form in forms if len(form) >= SHORT and not form.isspace()}


def _bytes_of(value: str) -> bytes:
    try:
        return value.encode("utf-8", "surrogateescape")  # from the environment: a byte that was not UTF-8
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


def _base64_of(raw: bytes) -> Iterator[str]:
    """The characters that stay the same wherever `raw` stands in longer data (`user:password`), in both alphabets."""
    yield base64.b64encode(raw).decode().rstrip("=")
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        ragged_end = 1 if (before + len(raw)) % 3 else 0
        stable = encoded[(0, 2, 3)[before] : len(encoded) - ragged_end]
        if len(stable) >= _STABLE:
            yield stable
            yield stable.replace("+", "-").replace("/", "_")


FILTER = Filter()
on_secret(FILTER.add)


def redact(text: str) -> str:
    """`text` without any secret this process knows and without what looks like one. For errors, the journal's answers,
    notifications: whatever leaves the process by another way than the log."""
    return FILTER.redact(text)
