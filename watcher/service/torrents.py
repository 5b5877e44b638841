"""One torrent by hand: the clients are asked for its hashes, the tracker's site for the announce address."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trackers.base import Account
from trackers.catalogue import TYPES
from trackers.clock import Clock
from trackers.errors import NotAuthorised, SettingsError, TrackerError
from watcher.client import ClientAway
from watcher.config import Config, TrackerConfig
from watcher.durable import FileSystem, replace
from watcher.errors import NETWORK, NOT_AUTHORISED, NOT_FOUND, SeedpostError
from watcher.secrets import Secrets
from watcher.seeding import Seeder
from watcher.service import parts
from watcher.torrents import Created, Whole, create, stamp


@dataclass(frozen=True)
class Made:
    """A .torrent file on disk, readable by its owner alone: the announce address in it is a secret."""

    created: Created
    path: Path  # of the content
    output: Path
    seconds: float

    def as_json(self) -> dict[str, object]:
        """In the shape that other programs build on."""
        one = self.created
        return {
            "path": str(self.path),
            "infohash": one.infohash,
            "piece_length": one.piece_length,
            "pieces": one.pieces,
            "seconds": round(self.seconds, 3),
            "reused": one.reused,
            "read": one.read,
            "why": one.why or None,
            "output": str(self.output),
        }


def make(
    path: Path,
    tracker: str,
    output: Path | None,
    config: Config,
    secrets: Secrets,
    state: Path,
    clock: Clock,
    progress: Callable[[int, int], None] | None = None,
) -> Made:
    """Make the torrent of `path` for a tracker and write it to `output`, which must not be there yet; unless given,
    NAME.TRACKER.torrent here. Asks the site once. Raises SeedpostError."""
    block = config.trackers.get(tracker)
    if block is None:
        names = ", ".join(config.trackers) or "none"
        raise SeedpostError(f"no tracker {tracker!r} in {config.path}", hint=f"there are: {names}", exit_code=NOT_FOUND)
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a link stays one
    if not path.exists():
        raise SeedpostError(f"there is nothing at {str(path)!r}", exit_code=NOT_FOUND)
    target = output or Path.cwd() / f"{path.name}.{tracker}.torrent"
    if target.exists():
        raise SeedpostError(f"{str(target)!r} is there already", hint="name another file with --output, or remove it")
    account = _account(block, secrets, state, clock)
    entry, began = TYPES[block.type], clock.running()
    whole = _held(path, config, secrets, clock)
    created = create(
        path,
        source_flag=entry.source_flag,
        table=entry.pieces,
        limit=entry.torrent_limit,
        whole=whole,
        progress=progress,
    )
    seconds = clock.running() - began
    try:
        replace(target, stamp(created.info, account.announce), fs=FileSystem())
    except OSError as error:
        raise SeedpostError(f"{str(target)!r} can't be written: {error.strerror}", hint="--output FILE") from error
    return Made(created, path, target, seconds)


def _account(block: TrackerConfig, secrets: Secrets, state: Path, clock: Clock) -> Account:
    """Who we are there. A key that is missing or refused and a site that is away are told apart by the exit code."""
    try:
        return parts.opened(block, secrets, state=state, clock=clock).account()
    except (SettingsError, NotAuthorised) as error:
        raise SeedpostError(f"{block.name}: {error.text}", exit_code=NOT_AUTHORISED) from error
    except TrackerError as error:
        hint = "the announce address comes from the site; try again later"
        raise SeedpostError(f"{block.name}: {error.text}", hint=hint, exit_code=NETWORK) from error


def _held(path: Path, config: Config, secrets: Secrets, clock: Clock) -> Whole | None:
    """The torrent of a client whose content lies at `path`. A client that is away has none: the content is read."""
    seeder = Seeder(parts.clients_of(config, secrets, clock), parts.path_maps(config), clock)
    for name in config.clients:
        try:
            found = seeder.whole_at(name, path)
        except ClientAway:
            continue
        if found is not None:
            return found
    return None
