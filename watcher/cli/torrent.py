"""`seedpost torrent`: make one by hand, look into one. An announce address is written to files, and never shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from trackers.clock import Clock
from watcher.cli.options import PATH, Place, pass_place, with_json, with_place
from watcher.cli.show import as_json, fields, note, say, size, table
from watcher.errors import OK, NotFound, SeedpostError
from watcher.torrents import addresses, describe, info_of, infohash, unsafe

MOST_BYTES = 64 * 1024 * 1024  # of a .torrent file that is looked into


@click.group()
@with_place
def torrent() -> None:
    """Single torrents, made or looked into by hand."""


@torrent.command()
@click.argument("path", type=PATH)
@click.option("--tracker", required=True, help="A tracker of rules.yaml: its piece lengths, flag and announce address.")
@click.option("--output", type=PATH, metavar="FILE", help="What to write; NAME.TRACKER.torrent here, unless given.")
@with_json
@pass_place
def create(place: Place, path: Path, tracker: str, output: Path | None) -> int:
    """Make a torrent of a file or folder for one tracker.

    Takes the piece hashes over from a client that has the content complete; reads it otherwise. The file is for its
    owner alone (0600): the announce address in it is a secret. Nothing is uploaded.
    """
    from watcher.config import load  # `show` needs no rules, no clients and no trackers
    from watcher.secrets import Secrets, harden
    from watcher.service.torrents import make

    harden()
    config, state, clock = load(place.rules_file()), place.state_folder(), Clock()
    secrets = Secrets(state, os.environ, clock=clock)
    with _bar() as progress:
        made = make(path, tracker, output, config, secrets, state, clock, progress)
    if place.json:
        as_json(made.as_json())
        return OK
    row = made.as_json()
    row["piece_length"] = size(made.created.piece_length)
    fields({key: row[key] for key in ("path", "infohash", "piece_length", "pieces", "seconds", "output")})
    if made.created.reused:
        say(f"the hashes are the client's; {made.created.read} pieces were compared with the disk")
    elif made.created.why:
        note(f"read from the disk: {made.created.why}")
    return OK


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None] | None]:
    """How far the reading is, on a terminal alone."""
    if not sys.stderr.isatty():
        yield None
        return

    def told(done: int, whole: int) -> None:
        print(f"\r{size(done)} of {size(whole)} ({done / max(1, whole):.0%}) ", end="", file=sys.stderr, flush=True)

    try:
        yield told
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


@torrent.command()
@click.argument("file", type=PATH)
@with_json
@pass_place
def show(place: Place, file: Path) -> int:
    """What a torrent file says. Of announce addresses the host alone: the rest is a key."""
    data = _read(file)
    info = info_of(data)
    one = describe(info)
    shown: dict[str, object] = {
        "file": str(file),
        "name": one.name,
        "infohash": infohash(info),
        "piece_length": one.piece_length,
        "pieces": len(one.pieces) // 20,
        "size": one.size,
        "private": one.private,
        "source": one.source or None,
        "announce": list(addresses(data)),
        "single": one.single,
        "files": [{"path": each.path, "size": each.size} for each in one.files],
        "unsafe": unsafe(one),
    }
    if place.json:
        as_json(shown)
        return OK
    shown |= {"piece_length": size(one.piece_length), "size": size(one.size), "announce": ", ".join(addresses(data))}
    fields({key: value for key, value in shown.items() if key not in ("files", "single")})
    say()
    table([(size(each.size).rjust(9), each.path) for each in one.files])
    return OK


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise SeedpostError(f"{str(file)!r} is too large for a torrent file")
        return file.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {str(file)!r}") from error
    except OSError as error:
        raise SeedpostError(f"{str(file)!r} can't be read: {error.strerror}") from error
