"""The pictures that trackers take, by how their bytes begin. Pure."""

from __future__ import annotations

SURROUNDED = 1024  # bytes of a block or frame in which its picture begins: type and description go before it
STARTS = ((b"\xff\xd8\xff", "cover.jpg"), (b"\x89PNG\r\n\x1a\n", "cover.png"))  # and a name for each


def named(data: bytes) -> str | None:
    """A file name for the picture, or None if it is none that trackers take."""
    return next((name for start, name in STARTS if data.startswith(start)), None)


def begins_picture(data: bytes) -> bool:
    """Whether one begins somewhere in `data`: what comes before it is the caller's to bound."""
    return any(start in data for start, _ in STARTS)
