"""`seedpost demo` and `seedpost sandbox`."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import click

from trackers.clock import Clock
from watcher.cli.options import Place, pass_place, with_json
from watcher.cli.show import as_json, fields, note, say, table
from watcher.logs import configure, line_for


@click.command()
@with_json
@pass_place
def demo(place: Place) -> int:
    """The whole pipeline against the built-in sandbox: nothing is read, nothing is left, nothing leaves loopback."""
    from watcher.service.demo import demo as run_demo  # `--help` needs no pipeline

    configure(state=None, level="error")

    def on_record(record: Mapping[str, object]) -> None:
        _, event, keys = line_for(record)
        shown = ("tracker", "name", "why", "infohash", "url", "not_before")
        told = "  ".join(f"{key}={keys[key]}" for key in shown if keys.get(key))
        note(f"  {event:<20} {told}")

    outcome = run_demo(note, on_record, Clock())
    if place.json:
        as_json({"jobs": list(outcome.jobs)})
        return outcome.exit_code
    say()
    cells = [
        [str(job[key] or "") for key in ("job", "tracker", "state", "torrent_id", "url", "why")] for job in outcome.jobs
    ]
    table(cells, ("job", "tracker", "state", "torrent", "page", "why"))
    say()
    end = "and seeding" if outcome.seeded else "(nothing seeds: no qbittorrent-nox here)"
    say(f"both trackers have it, {end}" if outcome.exit_code == 0 else "the demo did not reach its end: see above")
    return outcome.exit_code


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; any free one by default.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The loopback address: one each for several sandboxes."
)
@with_json
@pass_place
def sandbox(place: Place, port: int, host: str) -> None:
    """Trackers on loopback that behave as RED, OPS, UNIT3D, NBL and BTN do, and the services of `lookups`: rehearse
    your rules against them."""
    from watcher.service.rehearsal import rehearsal  # as above

    with rehearsal(port, host) as sites:
        if place.json:
            as_json({"sites": [site.__dict__ for site in sites]})
        else:
            for site in sites:
                shown = {"type": site.type, "url": site.url, "api_key": site.api_key, "announce": site.announce}
                fields({key: value for key, value in shown.items() if value})
                say()
            say("These keys open nothing but this sandbox. It runs until Ctrl-C.")
        threading.Event().wait()
