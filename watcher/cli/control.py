"""`seedpost pause`, `resume` and `enqueue`: a tracker's breaker, a source's rest, and a look, in a person's hands."""

from __future__ import annotations

import re
from pathlib import Path

import click

from trackers.clock import Clock, utc_text
from watcher.cli.options import Place, pass_place, with_json
from watcher.cli.queue import answered
from watcher.errors import OK, USAGE, NotFound, SeedpostError
from watcher.journal import Journal
from watcher.service.choosing import meant

HASH = re.compile(r"[0-9a-fA-F]{40}")


@click.command()
@click.argument("name", required=False, metavar="[TRACKER|CLIENT|FOLDER|SERVICE]")
@click.option("--for", "duration", metavar="2h", help="Go on by itself after this time.")
@with_json
@pass_place
def pause(place: Place, name: str | None, duration: str | None) -> int:
    """Stop a tracker before its next upload, or a client or folder before its next release. No name: all trackers.

    What is being sent is not cut off. What a paused client or folder brings meanwhile is found when it goes on. Of a
    paused look-up service nothing is asked; what needs it waits.
    """
    given: dict[str, object] = {}
    if duration:
        given["until"] = utc_text(Clock().now() + _seconds(duration))
    return _told(place, "pause", name, given)


@click.command()
@click.argument("name", required=False, metavar="[TRACKER|CLIENT|FOLDER|SERVICE]")
@with_json
@pass_place
def resume(place: Place, name: str | None) -> int:
    """Go on with what was paused, or stopped by a refused key. No name: all trackers and look-up services.

    A tracker or service that something else than `pause` stopped is asked first whether it takes the key. Of a
    client or folder everything that waits for a decision is decided, a flood of new releases above all.
    """
    return _told(place, "resume", name, {})


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="PATH…")
@click.option("--hash", "infohash", help='The torrent of this id; as qBittorrent\'s hook: seedpost enqueue --hash "%I"')
@with_json
@pass_place
def enqueue(place: Place, paths: tuple[Path, ...], infohash: str | None) -> int:
    """Look at content now: it is decided by the rules in force, also if it was there before or was skipped."""
    if infohash is not None and (paths or not HASH.fullmatch(infohash)):
        if infohash == "-" and not paths:
            return OK  # what qBittorrent gives for a torrent without a v1 hash: the source sees it by itself
        raise SeedpostError(f"--hash wants 40 hex digits and no path, got {infohash!r}", exit_code=USAGE)
    wanted = [{"infohash": infohash}] if infohash else [{"path": str(path.absolute())} for path in paths]
    if not wanted:
        raise SeedpostError("nothing to look at", hint="seedpost enqueue PATH…, or --hash HASH", exit_code=USAGE)
    for path in paths:
        if not path.exists():
            raise NotFound(f"there is no {path}")
    journal = Journal.open(place.state_folder())
    seqs = journal.append([{"type": "command", "do": "look", **one} for one in wanted])
    what = [str(next(iter(one.values()))) for one in wanted]
    return max(answered(place, journal, seq, name) for seq, name in zip(seqs, what, strict=True))


def _told(place: Place, do: str, name: str | None, given: dict[str, object]) -> int:
    journal = Journal.open(place.state_folder())
    if name is not None:
        _known(place, name, journal)
    (seq,) = journal.append([{"type": "command", "do": do, "tracker": name, "with": given}])
    return answered(place, journal, seq, f"{do} {name or 'all trackers'}")


def _known(place: Place, name: str, journal: Journal) -> None:
    """Raise NotFound, with the nearest name, for a name that neither the rules nor a stopped tracker has. Where the
    rules can't be read the daemon answers, by those in force."""
    from watcher.config import load  # most commands of this module need no rules

    try:
        config = load(place.rules_file())
    except SeedpostError:
        return
    names = [*config.trackers, *config.clients, *(one.name for one in config.folders), *config.lookups]
    stopped = [str(record["tracker"]) for record in journal.ledger.breakers.values()]
    if name not in (*names, *stopped, *(one.site for one in config.trackers.values())):
        wrong = f"no tracker, client, folder or look-up service is called {name}{meant(name, names)}"
        raise NotFound(wrong, hint=f"in rules.yaml are: {', '.join(names)}")


def _seconds(text: str) -> float:
    from watcher.rules.quantities import duration  # a pause without --for needs no rules

    try:
        return duration(text)
    except ValueError as error:
        raise SeedpostError(f"--for wants a time such as 30m or 2h, got {text!r}: {error}", exit_code=USAGE) from error
