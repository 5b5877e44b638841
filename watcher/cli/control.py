"""`seedpost pause` and `seedpost resume`: a tracker's breaker in a person's hands."""

from __future__ import annotations

import click

from trackers.clock import Clock, utc_text
from watcher.cli.options import Place, pass_place, with_json
from watcher.cli.queue import answered
from watcher.errors import USAGE, SeedpostError
from watcher.journal import Journal


@click.command()
@click.argument("tracker", required=False)
@click.option("--for", "duration", metavar="2h", help="Go on by itself after this time.")
@with_json
@pass_place
def pause(place: Place, tracker: str | None, duration: str | None) -> int:
    """Stop a tracker, or all, before its next upload. What is being sent is not cut off."""
    given: dict[str, object] = {}
    if duration:
        given["until"] = utc_text(Clock().now() + _seconds(duration))
    return _told(place, "pause", tracker, given)


@click.command()
@click.argument("tracker", required=False)
@with_json
@pass_place
def resume(place: Place, tracker: str | None) -> int:
    """Go on with what was paused, or stopped by a refused key."""
    return _told(place, "resume", tracker, {})


def _told(place: Place, do: str, tracker: str | None, given: dict[str, object]) -> int:
    journal = Journal.open(place.state_folder())
    (seq,) = journal.append([{"type": "command", "do": do, "tracker": tracker, "with": given}])
    return answered(place, journal, seq, f"{do} {tracker or 'all trackers'}")


def _seconds(text: str) -> float:
    from watcher.rules.quantities import duration  # a pause without --for needs no rules

    try:
        return duration(text)
    except ValueError as error:
        raise SeedpostError(f"--for wants a time such as 30m or 2h, got {text!r}: {error}", exit_code=USAGE) from error
