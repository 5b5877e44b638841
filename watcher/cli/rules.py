"""`seedpost rules`: test, fields, schema; explain and replay stand beside it."""

from __future__ import annotations

import click

from watcher.cli.explain import explain
from watcher.cli.options import Place, pass_place, with_json, with_place
from watcher.cli.replay import replay
from watcher.cli.show import as_json, lines, say
from watcher.config import load, run_tests
from watcher.config import schema as json_schema
from watcher.errors import INVALID, OK, NotFound
from watcher.rules import FIELDS, Field


@click.group()
@with_place
def rules() -> None:
    """Why content goes where it goes."""


@rules.command()
@with_json
@pass_place
def test(place: Place) -> int:
    """Run the tests that stand in the rules file."""
    config = load(place.rules_file())
    failures = run_tests(config)
    if place.json:
        as_json({"ok": not failures, "tests": len(config.tests), "problems": [one.as_json() for one in failures]})
    else:
        for one in failures:
            say(str(one))
        say(f"{len(config.tests) - len(failures)} of {len(config.tests)} tests pass")
    return INVALID if failures else OK


@rules.command()
@click.option("--tracker", help="The form keys of this tracker instead.")
@with_json
@pass_place
def fields(place: Place, tracker: str | None) -> int:
    """The fields that conditions may name, and what may be `set` for a tracker."""
    if tracker is not None:
        config = load(place.rules_file()).trackers.get(tracker)
        if config is None:
            raise NotFound(f"no tracker {tracker!r} in {place.rules_file()}")
        keys = config.for_rules.form or {}
        if place.json:
            as_json({name: list(words) for name, words in keys.items()})
        for name, words in {} if place.json else keys.items():
            say(name)
            if words:
                lines(f"one of {', '.join(words)}", "    ")
        return OK
    if place.json:
        as_json([field.as_json() for field in FIELDS.values()])
    for field in () if place.json else FIELDS.values():
        _field(field)
    return OK


def _field(field: Field) -> None:
    """One field: its name and type, then what it is, its words, an example."""
    late = ", under `require` only" if field.late else ""
    lines(f"{field.name}  ({field.type}{', list' if field.many else ''}, from {field.origin}{late})", "")
    lines(field.help, "    ")
    if field.vocabulary:
        lines(f"one of {', '.join(field.vocabulary)}", "    ")
    lines(f"{field.name}: {field.example}", "    ")


@rules.command()
@with_json
def schema() -> int:
    """The JSON Schema of rules.yaml, for editors."""
    as_json(json_schema())
    return OK


rules.add_command(explain)
rules.add_command(replay)
