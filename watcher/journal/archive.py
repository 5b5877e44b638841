"""Earlier generations of the journal in STATE/archive, gzipped; `history` reads them all as one. Never deletes one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, cast

from watcher.durable import FileSystem, exists, link, new_file, private_folder
from watcher.jobs.records import decode, decode_all, salvage

FOLDER = "archive"
_CHUNK = 32 * 1024  # bytes: some hundred lines, which are parsed together
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
    """Every record there ever was, each seq once, in order; for an archive that is gone, the snapshots after it.

    The present file is opened before the folder is read: a compaction meanwhile then takes nothing away.
    """
    last = 0
    with contextlib.ExitStack() as opened:
        live = opened.enter_context(_opened(state / "journal.jsonl"))
        for file in chain(map(_archived, files(state)), (live,)):
            with file:
                for records, _ in _batches(file):
                    for record in records:
                        if record["seq"] > last:
                            last = record["seq"]
                            yield record


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The whole records of a journal file or an archived one, as they stand. Damaged lines are passed over."""
    return (record for record, _ in read_texts(path))


def read_texts(path: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The whole records of a file, and the text of each up to `crc`."""
    with _opened(path) as file:
        for records, bodies in _batches(file):
            yield from zip(records, bodies, strict=True)


def _batches(file: BinaryIO) -> Iterator[tuple[list[dict[str, Any]], list[bytes]]]:
    while lines := file.readlines(_CHUNK):
        lines = [line.rstrip(b"\n") for line in lines]
        batch = decode_all(lines)
        if batch is None or not all(map(_sound, batch[0])):
            found = [one for line in lines for one in _salvaged(line)]
            batch = [record for record, _ in found], [body for _, body in found]
        yield batch


def _sound(record: Any) -> bool:
    return isinstance(record, dict) and type(record.get("seq")) is int and isinstance(record.get("type"), str)


def _salvaged(line: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    found = decode(line)
    yield from (found,) if found is not None else filter(None, map(decode, salvage(line)[0]))


def _archived(path: Path) -> BinaryIO:
    try:
        return _opened(path)
    except FileNotFoundError:  # packed since the folder was read
        return _opened(path.with_suffix(".jsonl.gz"))


def _opened(path: Path) -> BinaryIO:
    if path.suffix != ".gz":
        return path.open("rb")
    import gzip

    return cast(BinaryIO, gzip.open(path, "rb"))
