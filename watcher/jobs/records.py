"""One record, one checked line. Knows bytes and JSON, not files, states or what a record means."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

try:
    import orjson

    _PLAINLY = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
except ImportError:  # the extra `fast` is not installed
    orjson = None  # type: ignore[assignment]

VERSION = 1  # of a record
READER = 1  # the lowest version that may read what we write
SERVICE = "lookup:"  # stands before a look-up service's name where a `tracker` record names a site
LINE = 64 * 1024  # bytes a line
_TAIL = 18  # ,"crc":"9a3f0c11"}
_WHOLE = re.compile(rb',"crc":"[0-9a-f]{8}"\}')
_LONG = re.compile(rb"[:,\[]-?[0-9]{19}")  # what may be a number beyond 64 bits
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_START = b'{"v":'
_NOTHING = b"\0\r\n \t"  # what may stand around a record without being damage
_SCALARS = frozenset({str, int, float, bool, type(None)})


def encode(record: Mapping[str, Any]) -> bytes:
    """The line of a record, with its newline. ASCII; raises ValueError on what two readers would read differently."""
    return seal(dumps(record)[:-1])


def seal(body: bytes) -> bytes:
    """The line of a record whose text up to `crc` is given."""
    return b'%s,"crc":"%08x"}\n' % (body, zlib.crc32(body))


def decode(line: bytes) -> tuple[dict[str, Any], bytes] | None:
    """The record of a line without its newline, and its text up to `crc`; None if the line is not whole."""
    body = line[:-_TAIL]
    if line[-_TAIL:] != b',"crc":"%08x"}' % zlib.crc32(body):
        return None
    try:
        found = loads(body + b"}")
    except (ValueError, RecursionError):
        return None
    sound = isinstance(found, dict) and type(found.get("seq")) is int and isinstance(found.get("type"), str)
    return (found, body) if sound else None


def decode_all(lines: Sequence[bytes]) -> tuple[list[Any], list[bytes]] | None:
    """The values and texts of many lines, several times as fast as one by one; None if any line is not whole."""
    crc32 = zlib.crc32
    bodies = [line[:-_TAIL] for line in lines]
    for body, line in zip(bodies, lines, strict=True):
        if line[-_TAIL:] != b',"crc":"%08x"}' % crc32(body):
            return None
    try:
        found = loads(b"[" + b"},".join(bodies) + b"}]")
    except (ValueError, RecursionError):
        return None
    return (found, bodies) if len(found) == len(lines) else None


def salvage(line: bytes) -> tuple[list[bytes], bool]:
    """Whole records inside a line that is not one, without newlines, and whether anything else stood there.

    A torn record may have been continued with the next one, a newline may have been lost, or changed to CR LF.
    """
    found, other, at = [], False, 0
    while (place := _whole_from(line, at)) is not None:
        first, last = place
        found.append(line[first:last])
        other = other or bool(line[at:first].strip(_NOTHING))
        at = last
    return found, other or bool(line[at:].strip(_NOTHING))


def _whole_from(line: bytes, start: int) -> tuple[int, int] | None:
    """Where the next whole record begins and ends."""
    for match in _WHOLE.finditer(line, start):
        least = max(start, match.end() - LINE)
        first = line.rfind(_START, least, match.start())
        while first >= 0:
            if decode(line[first : match.end()]) is not None:
                return first, match.end()
            first = line.rfind(_START, least, first)
    return None


def dumps(value: object) -> bytes:
    """JSON in ASCII, without spaces."""
    if orjson is not None:
        try:
            data = orjson.dumps(value, option=_PLAINLY)
        except TypeError:
            pass  # lone surrogates of a name that is not UTF-8, or a number beyond 64 bits: decided below
        else:
            if data.isascii() and b"\x7f" not in data and (b"null" not in data or _finite(value)):
                return data
    return _dumps(value)


def ascii_of(value: object) -> str:
    """JSON in ASCII for others to read, nulls and all, by the fastest of our encoders that can."""
    if orjson is not None:
        try:
            data = orjson.dumps(value)
        except TypeError:
            pass  # as above
        else:
            if data.isascii():
                return data.decode("ascii")
    return json.dumps(value, ensure_ascii=True)


def _finite(value: object) -> bool:
    """Whether no number in it is one that JSON lacks: orjson writes null for those."""
    if isinstance(value, float):
        return math.isfinite(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return all(map(_finite, parts))


def _dumps(value: object) -> bytes:
    data = _ENCODER.encode(value).encode("ascii")
    if _LONG.search(data):
        _within_64_bits(value)
    return data


def _within_64_bits(value: object) -> None:
    if isinstance(value, dict):
        for part in value.values():
            _within_64_bits(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            _within_64_bits(part)
    elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"a number beyond 64 bits can't stand in a record: {value}")


def loads(text: bytes) -> Any:
    """The value of JSON text. Lone surrogates, which only the standard library reads, go there."""
    if orjson is not None and b"\\ud" not in text:
        return orjson.loads(text)
    return json.loads(text)


def body_of(line: bytes) -> bytes:
    """The text of a line that we encoded, up to `crc`."""
    return line[: -_TAIL - 1]


def plain(record: dict[str, Any], body: bytes) -> dict[str, Any]:
    """The record as a reader will have it: what is in it belongs to nobody else, and is JSON's."""
    if _SCALARS.issuperset(map(type, record.values())):
        return record
    return loads(body + b"}")  # type: ignore[no-any-return]


def members(line: bytes) -> Iterator[tuple[str, str]]:
    """The keys of a line and the text of their values as it stands there, `crc` included."""
    text = line.decode("utf-8", "surrogateescape")
    decoder = json.JSONDecoder()
    at = 1
    while at < len(text):
        key, at = decoder.raw_decode(text, _blank(text, at))
        start = _blank(text, _blank(text, at) + 1)
        _, at = decoder.raw_decode(text, start)
        yield key, text[start:at]
        at = _blank(text, at) + 1


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t":
        at += 1
    return at
