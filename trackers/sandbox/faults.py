"""What the sandbox can be told to do wrong, and which request that strikes. The acts are the server's and dialects'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

from trackers.sandbox.wire import HTML_TYPE, JSON_TYPE, Reply, php_json, redirect_to_login

BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)
HUGE = 6 * 1024 * 1024  # bytes
PAGE = '<!DOCTYPE html>\n<html lang="en">\n<head>\n<title>{title}</title>\n</head>\n<body>{text}</body>\n</html>\n'

# Answered in the dialect's place. With `processed` the request is carried out first and only its answer is replaced.
INSTEAD = {
    "answer": "the given status, body, content_type, retry_after",
    "too-many-requests": "HTTP 429, with Retry-After if retry_after is given",
    "rate-limit-exceeded": "the site's own words for it, in JSON",
    "bad-gateway": "HTTP 502 with the front server's page",
    "html": "a page of HTML with HTTP 200",
    "login": "HTTP 302 to login.php",
    "login-page": "HTTP 200 with the login page itself",
    "moved": "HTTP 302 to another host",
    "too-large": "HTTP 413 from the front server",
    "maintenance": "HTTP 503 with the front server's page",
    "server-error": "HTTP 500 as the site says it, with nothing done",
    "huge": "more bytes than any answer has",
    "banned": "the site's own words to an address that it has banned",
    "empty": "HTTP 200, JSON by its header, no body",
    "revoked": "the answer to a key that was revoked",
    "reset": "the connection is reset, nothing comes back",
    "silence": "nothing comes back until `release`, or `seconds` have passed",
}
# The upload is taken, but what is stored, or when, is not what the answer says.
STORING = {
    "late": "stored `seconds` later; the connection is closed, or answered with `status` and `body`",
    "unstored": "'Internal error saving torrent file': registered all the same, its file is not there",
    "file-lost": "success; later downloads of it have no byte",
    "group-alone": "success, on a page that names the group and not the torrent",
    "phantom": "success, and nothing is stored",
    "rewritten": "success, and the site put something into the info dictionary that changes the info-hash",
    "search-lag": "success; `browse` or `filter` shows it `seconds` later",
    "logs-lost": "success, and the logs that came with it are not kept",
    "search-down": "UNIT3D: HTTP 500, but what was sent is stored, and waits for a moderator",
    "hash-lag": "success; `torrent` and `torrentgroup` know it `seconds` later",
}
# The request is carried out, and its answer arrives damaged.
ANSWERING = {
    "lost": "the connection is closed before the first byte",
    "hang": "stored, then silence until `release`, or `seconds` have passed",
    "drip": "one byte every `seconds`",
    "half": "the first half of the body, then the connection is closed",
    "text-before": "a line of text before the JSON",
    "two-documents": "a second JSON document right behind the first",
    "other-torrent": "a look-up answers with another torrent of the site",
}
KINDS: Mapping[str, str] = {**INSTEAD, **STORING, **ANSWERING}
DEFAULT_SECONDS = {"late": 30.0, "search-lag": 120.0, "hash-lag": 120.0, "drip": 1.0}

TYPES: Mapping[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "bool": (bool,), "float": (int, float)}


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with the next `times` requests that match. Raises ValueError on an unknown kind."""

    kind: str
    action: str = "upload"  # of ajax.php; `announce`; `*` for every request
    times: int = 1  # how many matching requests it strikes; 0: until cleared
    skip: int = 0  # matching requests that pass before it strikes
    seconds: float = 0.0  # of the clock; 0: the kind's own
    processed: bool = False  # of the kinds answered in the dialect's place: carry the request out first
    status: int = 0
    body: str = ""
    content_type: str = ""
    retry_after: str = ""  # seconds, or an HTTP date

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r} (have: {', '.join(KINDS)})")

    @property
    def delay(self) -> float:
        """`seconds`, or the kind's own."""
        return self.seconds or DEFAULT_SECONDS.get(self.kind, 0.0)

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Fault:
        """A fault from the control path. Raises ValueError or TypeError."""
        known = {entry.name: entry for entry in fields(cls)}
        if unknown := set(value) - set(known):
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        for key, entry in value.items():
            if type(entry) not in TYPES[str(known[key].type)]:
                raise TypeError(f"{key} is a {known[key].type}")
        return cls(**value)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Struck:
    """The faults that strike one request: at most one of each class."""

    instead: Fault | None = None
    storing: Fault | None = None
    answering: Fault | None = None


NONE = Struck()


class Faults:
    """What is armed on one site. Guarded by the site's lock."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        """From the next matching request on."""
        self._armed.append(fault)

    def clear(self) -> None:
        """Disarm everything."""
        self._armed.clear()

    def armed(self) -> list[Fault]:
        """What has still to strike, with the counts that are left."""
        return list(self._armed)

    def strike(self, action: str) -> Struck:
        """The faults that a request of `action` meets; their counts go down."""
        struck = NONE
        left = []
        for fault in self._armed:
            slot = _slot(fault)
            if fault.action not in ("*", action) or getattr(struck, slot) is not None:
                left.append(fault)
            elif fault.skip:
                left.append(replace(fault, skip=fault.skip - 1))
            else:
                struck = replace(struck, **{slot: fault})
                left += _worn(fault)
        self._armed = left
        return struck


def _slot(fault: Fault) -> str:
    return "instead" if fault.kind in INSTEAD else "storing" if fault.kind in STORING else "answering"


def _worn(fault: Fault) -> Iterable[Fault]:
    if fault.times == 0:
        return [fault]
    return [replace(fault, times=fault.times - 1)] if fault.times > 1 else []


def canned(fault: Fault, rate_limited: Reply) -> Reply:
    """The answer of a fault that stands in the dialect's place; `rate_limited` is the dialect's own."""
    retry = (("Retry-After", fault.retry_after),) if fault.retry_after else ()
    body = fault.body.encode()
    match fault.kind:
        case "reset" | "silence":
            return Reply(0)
        case "too-many-requests":
            refused = php_json({"status": "failure", "error": "Rate limit exceeded"}).encode()
            return Reply(429, body or refused, fault.content_type or JSON_TYPE, retry)
        case "rate-limit-exceeded":
            return rate_limited
        case "bad-gateway":
            return Reply(fault.status or 502, body or BAD_GATEWAY.encode(), "text/html", retry)
        case "html":
            page = PAGE.format(title="Just a moment", text="<p>Checking your browser.</p>")
            return Reply(fault.status or 200, body or page.encode(), HTML_TYPE, retry)
        case "login":
            return redirect_to_login()
        case "login-page":
            form = '<form action="login.php"><input type="password" name="password"></form>'
            return Reply(200, PAGE.format(title="Login", text=form).encode(), HTML_TYPE)
        case "moved":
            return Reply(302, b"", HTML_TYPE, (("Location", "https://elsewhere.invalid/ajax.php"),))
        case "too-large":
            return Reply(413, body or PAGE.format(title="413", text="Request Entity Too Large").encode(), HTML_TYPE)
        case "maintenance":
            return Reply(503, body or PAGE.format(title="Maintenance", text="Back soon.").encode(), HTML_TYPE, retry)
        case "server-error":
            return Reply(500)
        case "huge":
            return Reply(200, b" " * HUGE, JSON_TYPE)
        case "banned":
            text = "your ip address has been banned"
            return Reply(200, php_json({"status": "failure", "error": text}).encode(), JSON_TYPE)
        case "empty":
            return Reply(fault.status or 200, b"", JSON_TYPE, retry)
    return Reply(fault.status or 200, body, fault.content_type or JSON_TYPE, retry)


def damaged(fault: Fault | None, reply: Reply) -> Reply:
    """The kinds that damage an answer's body; those that damage its delivery are the server's."""
    match fault.kind if fault else "":
        case "text-before":
            text = fault.body if fault and fault.body else "This request has already been filled."
            return replace(reply, body=text.encode() + reply.body)
        case "two-documents":
            second = {"status": "success", "response": 1, "info": {"source": "Gazelle", "version": 1}}
            return replace(reply, body=reply.body + php_json(second).encode())
    return reply
