"""`seedpost status`: one screen, from the journal and the heartbeat, once or as they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from trackers.clock import Clock
from watcher.cli.live import followed, live, wants_terminal
from watcher.cli.options import Place, pass_place, with_json
from watcher.cli.overview import overview
from watcher.cli.screen import Line, Section, fitted
from watcher.cli.show import as_json, note, room, say
from watcher.cli.sight import Sight
from watcher.errors import FAILED, OK, SeedpostError
from watcher.jobs import Rows
from watcher.service import board, view
from watcher.service.needs import needs

OLD = 5.0  # seconds after which it is made anew though nothing changed: what was stopped for a time goes on

EXAMPLES = """\b
Examples:
  seedpost status
  seedpost status --watch
  seedpost status --check || echo "seedpost wants a look"

\b
Ends with 0; with --check with 1 if anything is wrong, which is then said on standard error.
"""


@click.command(epilog=EXAMPLES)
@click.option("--watch", is_flag=True, help="Draw it anew as it changes, until q or Ctrl-C.")
@click.option("--check", is_flag=True, help="Exit 0 only if all is well; for health checks.")
@click.option("--verbose", is_flag=True, help="Also stages, polls, waits, disk and memory of the running daemon.")
@with_json
@pass_place
def status(place: Place, watch: bool, check: bool, verbose: bool) -> int:
    """Clients, folders, lanes, jobs, and what needs a person with the command for it."""
    if watch and check:
        raise click.UsageError("--check looks once: it does not go with --watch")
    if watch and not place.json:
        wants_terminal("seedpost status")
    look = _Look(place, verbose)
    click.get_current_context().call_on_close(look.sight.close)
    if watch:
        followed(look.now, apart=lasting) if place.json else live(look.screen)
        return OK
    now = look.now()
    wrong = board.unhealthy(now, look.sight.rows, look.clock) if check else []
    if place.json:
        as_json(now | ({"unhealthy": wrong} if check else {}))
    elif check:
        for line in wrong:
            note(line)
    else:
        for number, section in enumerate(one for one in overview(now, room()) if one.lines):
            say(("\n" if number else "") + "\n".join(line.text for line in section.whole()))
    return FAILED if wrong else OK


class _Look:
    """What `status` knows at one moment, again and again."""

    def __init__(self, place: Place, verbose: bool) -> None:
        self.clock = Clock()
        self._state = place.state_folder()
        self.sight = Sight(self._state)
        self._place, self._verbose = place, verbose
        self._trackers: Mapping[str, str] = {}
        self._keys: Mapping[str, Sequence[str]] = {}
        self._seen: object = None
        self._now: dict[str, object] = {}
        self._rules: object = ()  # the record by which both were read

    def now(self) -> dict[str, object]:
        """All of it, as `status --json` gives it; made anew when the journal or the heartbeat changed, or is old."""
        rows, beat = self.sight.look(), view.heartbeat(self._state)
        seen = (self.sight.changes, beat, self.clock.running() // OLD)
        if seen != self._seen:
            self._seen, self._now = seen, self._made(rows, beat)
        return self._now

    def _made(self, rows: Rows, beat: Mapping[str, object] | None) -> dict[str, object]:
        if rows.rules.get("loaded") is not self._rules:
            self._rules = rows.rules.get("loaded")
            self._trackers, self._keys = _of_rules(self._place)
        now = board.status(rows, beat, self.clock, self._trackers, self.sight.trouble)
        now["needs"] = [need.as_json() for need in needs(now, rows, self._keys)]
        now |= {"process": view.process(beat, self.clock)} if self._verbose else {}
        return now | ({"away": self.sight.away} if self.sight.away else {})

    def screen(self, columns: int, lines: int) -> Sequence[Line]:
        """The same, on a screen of this size."""
        now = self.now()
        gone = [Section("", [Line(f"as it was before: {now['away']}", "red")])] if now.get("away") else []
        return fitted([*gone, *overview(now, columns, brief=True)], lines)


def lasting(now: Mapping[str, object]) -> dict[str, object]:
    """What `status` says without what changes as time goes by."""
    kept = {key: value for key, value in now.items() if key not in ("heartbeat_age_s", "process")}
    for kind in ("clients", "folders"):
        sources = view.named(now[kind])
        kept[kind] = {name: {key: one[key] for key in one if key != "last_poll"} for name, one in sources}
    return kept


def _of_rules(place: Place) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Sites by name, and the secrets that each tracker and client can't do without, if there are rules that can be
    read; a status must not need them."""
    from watcher.config import load  # kept out of the commands that read no rules
    from watcher.secrets.wanted import wanted

    try:
        config = load(place.rules_file())
    except SeedpostError:
        return {}, {}
    keys = [one.name for one in wanted(config).values() if not one.optional]
    owners = [*config.trackers, *config.clients, *config.lookups]
    by_owner = {name: [key for key in keys if key.startswith(f"{name.lower()}.")] for name in owners}
    return {name: one.site for name, one in config.trackers.items()}, by_owner
