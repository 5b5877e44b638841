"""Numbers with units as people write them: durations, sizes, rates, dates. Text in, numbers out, else ValueError."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_LONG = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hour": "h", "hours": "h", "day": "d", "days": "d", "week": "w", "weeks": "w",
}  # fmt: skip
BYTES = {
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([a-z]+)\s*", re.ASCII)
_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,6})?)\s*([a-z]+)", re.ASCII)
_RATE = re.compile(r"(\d{1,6})\s*/\s*(\S.*)", re.ASCII)
_WHOLE = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?Z?)?", re.ASCII)


@dataclass(frozen=True)
class Rate:
    """At most `count` in any window of `seconds`."""

    count: int
    seconds: float

    def __iter__(self) -> Iterator[float]:
        return iter((self.count, self.seconds))

    def __str__(self) -> str:
        return f"{self.count}/{show_duration(self.seconds).removeprefix('1')}"


def duration(text: str) -> float:
    """Seconds of `1500ms`, `30m`, `1h30m`, `7d`."""
    lower, total, at = text.strip().lower(), 0.0, 0
    if lower == "0":
        return 0.0
    while at < len(lower):
        part = _PART.match(lower, at)
        unit = _LONG.get(part[2], part[2]) if part else ""
        if part is None or unit not in SECONDS:
            raise ValueError(_unit_hint(lower))
        total += float(part[1]) * SECONDS[unit]
        at = part.end()
    if not lower:
        raise ValueError("")
    return round(total, 6)


def _unit_hint(text: str) -> str:
    if ":" in text:
        return "a time with colons means different things to different readers: write 1h30m or 90s"
    if text.isdigit():
        return f"without a unit it could be anything: write {text}s or {text}m"
    return "units are ms s m h d w"


def size(text: str) -> int:
    """Bytes of `20 MiB`, `1.5 GB`, `700 B`."""
    found = _SIZE.fullmatch(text.strip().lower())
    if found and found[2] in BYTES:
        return round(float(found[1]) * BYTES[found[2]])
    if text.strip().isdigit():
        raise ValueError(f"without a unit it could be anything: write {text.strip()} B or {text.strip()} MiB")
    raise ValueError("units are B KB MB GB TB and KiB MiB GiB TiB")


def rate(text: str) -> Rate:
    """`20/day`, `10/h`, `5/30m`."""
    found = _RATE.fullmatch(text.strip().lower())
    if not found:
        raise ValueError("write a number, a slash and a time, as in 20/day")
    window = found[2] if found[2][0].isdigit() else "1" + found[2]
    count, seconds = int(found[1]), duration(window)
    if not count or not seconds:
        raise ValueError("neither may be 0")
    return Rate(count, seconds)


def whole(text: str) -> int:
    """A whole number in decimal digits, without a leading zero."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if re.fullmatch(r"0\d+", text, re.ASCII):
        raise ValueError(f"a leading 0 means octal to some readers: write {text.lstrip('0') or '0'}")
    if re.fullmatch(r"\d+(:\d+)+", text, re.ASCII):
        raise ValueError("colons mean base 60 to some readers: write the number in digits")
    raise ValueError("digits only")


def day(text: str) -> str:
    """`2026-01-31`, checked."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise ValueError("write it as 2026-01-31")
    return date.fromisoformat(text).isoformat()


def moment(text: str, *, end: bool = False) -> float:
    """Unix seconds of `2026-01-31` or `2026-01-31T18:00:00Z` (UTC). `end`: the last second of what was named."""
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        raise ValueError("write it as 2026-01-31 or 2026-01-31T18:00:00Z; rules have no clock, so no ages")
    clock, seconds = found[2] or "00:00", found[3] or ":00"
    start = datetime.fromisoformat(f"{found[1]}T{clock}{seconds}").replace(tzinfo=UTC).timestamp()
    if not end or found[3]:
        return start
    return start + (59 if found[2] else 86399)


def show_duration(seconds: float) -> str:
    """The shortest exact form: `90s`, `1h`, `10m`."""
    for unit in ("w", "d", "h", "m", "s"):
        if seconds >= SECONDS[unit] and not seconds % SECONDS[unit]:
            return f"{seconds / SECONDS[unit]:.0f}{unit}"
    return f"{seconds:g}s"


def show_size(count: int) -> str:
    """Bytes for people; the exact count beside it where the unit rounds."""
    for unit, factor in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= factor:
            text = f"{count / factor:.1f}".removesuffix(".0") + f" {unit}"
            return text if size(text) == count else f"{text} ({count} B)"
    return f"{count} B"


def show_moment(seconds: float) -> str:
    """`2026-01-31T18:00:00Z`; the bare number where no calendar reaches."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return f"{seconds:g}"
