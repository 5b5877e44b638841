"""One line of the log: its keys in order, its values fit to be written, and its two looks. No file, no clock."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime

from trackers.clock import utc_seconds, utc_text
from watcher.logs.filter import MASK, SENSITIVE, redact
from watcher.logs.text import safe

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
KEYS = (
    "time", "level", "event", "job", "release", "tracker", "rule", "attempt", "duration_s", "error.kind", "not_before",
)  # fmt: skip
# A value longer than this is cut, with what was cut counted: one line never fills the disk.
LONGEST = 16_384
_DEPTH = 4
_OURS = ("time", "level", "event")
_EVENT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_-]+)*|[0-9TZ:.-]{27}")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_MOMENTS = ("not_before", "until", "retry_at")


def ordered(fields: Mapping[str, object]) -> dict[str, object]:
    """The documented keys first, in their order; the others as they came; keys without a value are left out."""
    first = {key: fields[key] for key in KEYS if fields.get(key) is not None}
    return first | {key: value for key, value in fields.items() if key not in first and value is not None}


def cleaned(fields: Mapping[str, object]) -> dict[str, object]:
    """Every value as plain JSON without a secret. Errors become text with their kind, moments in seconds become UTC."""
    fields = _with_error(fields)
    return {str(key): _value(str(key), value) for key, value in fields.items()}


def _with_error(fields: Mapping[str, object]) -> dict[str, object]:
    """`error=` takes an exception; `error_kind=` is the spelling of `error.kind` that Python allows."""
    after = dict(fields)
    if "error_kind" in after:
        after["error.kind"] = after.pop("error_kind")
    error = after.get("error")
    if isinstance(error, BaseException):
        after["error"] = str(error) or type(error).__name__
        after.setdefault("error.kind", getattr(error, "code", None) or type(error).__name__)
        if hint := getattr(error, "hint", ""):
            after.setdefault("hint", hint)
    return after


def _value(key: str, value: object) -> object:
    if key in _MOMENTS and isinstance(value, float) and math.isfinite(value):
        return utc_text(value)
    if key in _OURS and isinstance(value, str) and _EVENT.fullmatch(value):
        return value  # a constant: a password "job" must not rename the events
    return MASK if SENSITIVE.fullmatch(key) else _plain(value, _DEPTH)


def _plain(value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else str(value)
    if isinstance(value, Mapping) and depth:
        return {
            _text(key): MASK if SENSITIVE.fullmatch(str(key)) else _plain(inner, depth - 1)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset) and depth:
        return [_plain(inner, depth - 1) for inner in value]
    return _text(value)


def _text(value: object) -> str:
    try:
        text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
    except Exception as error:  # noqa: BLE001 - any class's own str(): the rest of the line is worth having
        text = f"<{type(value).__name__} without a text: {type(error).__name__}>"
    text = redact(text)  # before it is cut: half a secret is not recognised
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text) - LONGEST} more characters)"


def traceback_text(error: BaseException) -> str:
    """The traceback without the values of variables."""
    import traceback  # here: most commands never need it

    return "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format()).rstrip()


def as_json(fields: Mapping[str, object]) -> str:
    """One line of ASCII JSON: no byte in it can move a cursor, names that are not UTF-8 survive as `\\udcXX`."""
    return json.dumps(fields, separators=(",", ":")).replace("\x7f", "\\u007f")


def as_text(fields: Mapping[str, object], *, colour: bool = False) -> str:
    """The line for a person: local time, one escaped line, a traceback below. Also shows lines read back from JSON."""
    paint = _painted if colour else _bare
    level, event = safe(str(fields.get("level", "info"))), safe(str(fields.get("event", "")))
    head = f"{_local(str(fields.get('time', '')))} {paint(level)(f'{level:7}')} {event:<20}"
    rest = [
        f"{safe(key)}={_shown(value)}"
        for key, value in fields.items()
        if key not in ("time", "level", "event", "exception")
    ]
    line = " ".join([head, *rest]).rstrip()
    if trace := fields.get("exception"):
        line += "\n" + "\n".join(f"    {row}" for row in safe(str(trace), lines=True).split("\n"))
    return line


def _shown(value: object) -> str:
    if isinstance(value, str):
        text = _local(value) if _UTC.fullmatch(value) else value
        return safe(text) if text and not re.search(r"[\s\"=]", text) else '"' + safe(text.replace('"', '\\"')) + '"'
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(map(_shown, value))
    return safe(json.dumps(value, ensure_ascii=False))


def _local(text: str) -> str:
    if not _UTC.fullmatch(text):
        return safe(text)
    return datetime.fromtimestamp(utc_seconds(text)).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def coloured(environ: Mapping[str, str]) -> bool:
    """Whether a terminal gets colour: not with NO_COLOR (no-color.org), nor on one that has none."""
    return not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


_COLOURS = {"warning": "\x1b[33m", "error": "\x1b[31m", "debug": "\x1b[2m"}


def _painted(level: str) -> Callable[[str], str]:
    return lambda text: f"{_COLOURS[level]}{text}\x1b[0m" if level in _COLOURS else text


def _bare(level: str) -> Callable[[str], str]:
    return lambda text: text
