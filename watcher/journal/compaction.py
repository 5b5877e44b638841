"""A new generation of the journal: what still counts, in a new file, compared before it takes the old one's place."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from watcher.durable import FileSystem, flush, new_file, write_all
from watcher.jobs import Ledger
from watcher.jobs.records import LINE, READER, VERSION, decode, dumps, encode, salvage, seal
from watcher.jobs.snapshot import Raw, snapshot
from watcher.journal.blobs import Blobs
from watcher.journal.errors import NeedsRepair
from watcher.journal.log import Log
from watcher.journal.reading import Scan, lines_of

_FOLDED = frozenset({"file", "release", "job", "command", "source", "tracker", "rules", "snapshot"})
_QUICK = re.compile(rb'\{"v":1,"seq":(\d+),"time":"[^"]*","type":"([^"]*)"')  # as all our own lines begin
_BLOCK = 1 << 20


class Verbatim:
    """Records of a type that only a newer version knows, and those in force as they are: carried over byte for byte."""

    def __init__(self) -> None:
        self.bodies: dict[int, bytes] = {}  # by seq: the text up to `crc`

    @classmethod
    def of(cls, log: Log, fs: FileSystem, ledger: Ledger) -> Verbatim:
        """What has to be carried over from the present file."""
        found = cls()
        standing = {record["seq"] for record in ledger.standing()}
        for line in lines_of(log.fd, log.size(), fs):
            quick = _QUICK.match(line)
            if quick and quick[2].decode() in _FOLDED and int(quick[1]) not in standing:
                continue
            for part in [line] if decode(line) is not None else salvage(line)[0]:
                one = decode(part)
                if one is not None:
                    found.note(*one, standing)
        return found

    def note(self, record: Mapping[str, Any], body: bytes, standing: set[int]) -> None:
        """Keep a text if it has to be carried over."""
        if record["type"] not in _FOLDED or record["seq"] in standing:
            self.bodies[record["seq"]] = body


def write_generation(path: Path, lines: Iterator[bytes], fs: FileSystem, agree: Callable[[int], None]) -> None:
    """Write lines to a new file, have `agree(fd)` look at what stands on disk, and name it `path`."""
    with new_file(path, path.with_name(path.name + ".new"), fs) as fd:
        block = bytearray()
        for line in lines:
            block += line
            if len(block) > _BLOCK:
                write_all(fd, bytes(block), fs)
                block.clear()
        write_all(fd, bytes(block), fs)
        flush(fd, fs)
        agree(fd)


def header(journal: str, generation: int, through: int, time: str) -> dict[str, Any]:
    """The first record of a file. Its seq is 1 in every generation."""
    return {
        "v": VERSION,
        "seq": 1,
        "time": time,
        "type": "file",
        "journal": journal,
        "generation": generation,
        "through": through,
        "reader": READER,
    }


def generation_lines(head: Mapping[str, Any], ledger: Ledger, verbatim: Verbatim, blobs: Blobs) -> Iterator[bytes]:
    """The lines of a file that folds to `ledger`, seq rising."""
    yield encode(head)
    lines = [(seq, seal(body)) for seq, body in verbatim.bodies.items()]
    for record, raw in snapshot(ledger):
        if record["seq"] not in verbatim.bodies:
            lines.append((record["seq"], _line(record, raw, blobs)))
    lines.sort()
    yield from (line for _, line in lines)


def _line(record: Mapping[str, Any], raw: Raw, blobs: Blobs) -> bytes:
    if not raw:
        return blobs.fitted(record)
    known = dumps({key: value for key, value in record.items() if key not in raw})[:-1]
    rest = "".join(f",{dumps(key).decode()}:{text}" for key, text in raw.items())
    line = seal(known + rest.encode("utf-8", "surrogateescape"))
    return line if len(line) <= LINE else blobs.fitted(record)


def agrees(fd: int, fs: FileSystem, ledger: Ledger, verbatim: Verbatim) -> Scan:
    """Read a new file back. Raises NeedsRepair unless it folds to the same and holds every verbatim record."""
    scan, copy, missing = Scan(), Ledger(ledger.load), dict(verbatim.bodies)
    end = fs.fstat(fd).st_size
    for records, bodies in scan.read(fd, end, fs):
        copy.fold(records, bodies)
        for record, body in zip(records, bodies, strict=True):
            if missing and missing.get(record["seq"]) == body:
                del missing[record["seq"]]
    if missing or scan.damage or scan.gaps or scan.offset != end or not copy.same(ledger):
        raise NeedsRepair("the journal can't be compacted: what was written does not read back as what it should say")
    scan.base = end
    return scan


def new_id() -> str:
    """A name for a journal that no other has."""
    return os.urandom(8).hex()
