"""Earlier generations of the journal in STATE/archive, gzipped; `history` reads them all as one. Never deletes one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from watcher.durable import FileSystem, exists, link, new_file, private_folder
from watcher.jobs.records import decode, salvage

FOLDER = "archive"
_FAST = 1  # of gzip: five times as fast as its default for a fifth more bytes


def keep(journal: Path, generation: int, fs: FileSystem) -> None:
    """Give the present file a second name in the archive, so that its replacement takes nothing away."""
    folder = private_folder(journal.parent / FOLDER, fs=fs)
    target = _free_name(folder, generation, journal, fs)
    if target is not None and not link(journal, target, fs):
        _pack(journal, target.with_suffix(".jsonl.gz"), fs)


def _free_name(folder: Path, generation: int, journal: Path, fs: FileSystem) -> Path | None:
    """A name nobody has; None if the file is there already, from a compaction that was cut off."""
    inode = fs.stat(journal).st_ino
    for extra in ("", *(f"-{n}" for n in range(1, 1000))):
        path = folder / f"{generation:06d}{extra}.jsonl"
        if exists(path, fs) and fs.stat(path).st_ino == inode:
            return None
        if not exists(path, fs) and not exists(path.with_suffix(".jsonl.gz"), fs):
            return path
    raise FileExistsError(folder)


def pack(journal: Path, fs: FileSystem) -> None:
    """Gzip what stands in the archive as it was. Wants no lock; a crash leaves the one or the other."""
    with contextlib.suppress(FileNotFoundError):
        live = fs.stat(journal).st_ino
        for path in sorted((journal.parent / FOLDER).glob("*.jsonl")):
            if fs.stat(path).st_ino == live:
                continue
            _pack(path, path.with_suffix(".jsonl.gz"), fs)
            fs.unlink(path)


def _pack(path: Path, target: Path, fs: FileSystem) -> None:
    import gzip  # here, as in _opened: every command imports this module, and few touch the archive

    temporary = target.with_name(target.name + ".new")
    with (
        new_file(target, temporary, fs) as fd,
        path.open("rb") as source,
        os.fdopen(os.dup(fd), "wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=_FAST, mtime=0) as packed,
    ):
        while block := source.read(1 << 20):
            packed.write(block)


def files(state: Path) -> list[Path]:
    """The archived generations, oldest first. One that stands there twice is listed as it was."""
    found: dict[str, Path] = {}
    for path in sorted((state / FOLDER).glob("*.jsonl*")):
        if path.name.endswith((".jsonl", ".jsonl.gz")):
            found.setdefault(path.name.partition(".")[0], path)
    return [found[name] for name in sorted(found)]


def history(state: Path) -> Iterator[dict[str, Any]]:
    """Every record there ever was, each seq once, in order; for an archive that is gone, the snapshots after it."""
    last = 0
    for path in [*files(state), state / "journal.jsonl"]:
        for record in read_records(path):
            if record["seq"] > last:
                last = record["seq"]
                yield record


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The whole records of a journal file or an archived one, as they stand. Damaged lines are passed over."""
    return (record for record, _ in read_texts(path))


def read_texts(path: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The whole records of a file, and the text of each up to `crc`."""
    with _opened(path) as file:
        for line in file:
            found = decode(line.rstrip(b"\n"))
            if found is not None:
                yield found
            else:
                yield from filter(None, map(decode, salvage(line)[0]))


def _opened(path: Path) -> BinaryIO:
    if path.suffix != ".gz":
        return path.open("rb")
    import gzip

    return cast(BinaryIO, gzip.open(path, "rb"))
