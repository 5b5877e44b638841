"""`seedpost rules`: explain, test, fields, schema; replay stands beside it."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from trackers.clock import Clock
from watcher.cli.options import Place, pass_place, with_json, with_place
from watcher.cli.replay import replay
from watcher.cli.show import as_json, say, show_facts, table
from watcher.config import load, run_tests
from watcher.config import schema as json_schema
from watcher.errors import INVALID, OK, NotFound
from watcher.jobs import Ledger
from watcher.journal import Journal
from watcher.rules import FIELDS, described
from watcher.secrets import Secrets


@click.group()
@with_place
def rules() -> None:
    """Why content goes where it goes."""


@rules.command()
@click.argument("what", metavar="PATH|HASH|JOB")
@with_json
@pass_place
def explain(place: Place, what: str) -> int:
    """The facts, each rule's verdict with its reasons, and what each tracker would be sent."""
    from watcher.service.explain import explain as explained  # the trackers it opens are not needed for `rules fields`

    config, state, clock = load(place.rules_file()), place.state_folder(), Clock()
    shown = explained(what, config, _ledger(place), Secrets(state, os.environ, clock=clock), state, clock)
    if place.json:
        as_json(shown.as_json())
        return OK
    say(shown.name)
    say("\nfacts")
    show_facts(described(shown.facts))
    for problem in shown.problems:
        say(f"  {problem}")
    say("\nrules")
    for verdict in shown.decision.reasons:
        say(
            f"{'✓' if verdict.matched else '✗'} {'guard ' if verdict.guard else ''}{verdict.name}"
            + _reach(verdict.reached)
        )
        for reason in () if verdict.matched else verdict.reasons:
            say(f"    {reason}")
    say("\ndecision")
    undecided = shown.undecided or (shown.decision.why if shown.decision.undecided else "")
    say(_decision(shown.decision.rule, shown.decision.guard, undecided))
    for name, route in shown.decision.trackers.items():
        say(f"  {name}: {shown.left_out.get(name) or route.mode}")
        for reason in route.failed:
            say(f"    held until {reason}")
        for change in shown.staged.get(name, ()):
            say(f"    staged: {change}")
        _form(shown.forms.get(name), shown.staged.get(name, ()))
    return OK


def _ledger(place: Place) -> Ledger:
    try:
        return Journal.open(place.state_folder(), writable=False).ledger
    except NotFound:
        return Ledger()


def _reach(reached: bool) -> str:
    return "" if reached else "  (not reached: a rule above decided)"


def _decision(rule: str | None, guard: str | None, why: str) -> str:
    if guard:
        return f"guard {guard!r}: goes nowhere"
    if why:
        return f"not decided: {why}"
    return f"rule {rule!r}" if rule else "no rule matched: goes nowhere"


def _form(form: object, told: Sequence[str]) -> None:
    if isinstance(form, list):
        for line in form:
            say(f"    would be held: {line}")
    elif isinstance(form, dict):
        for key, value in form["fields"]:
            first, *rest = str(value).split("\n")
            say(f"    {key} = {first}{' …' if rest else ''}")
        for caution in form["cautions"]:
            say(f"    caution: {caution}")
        for text in form["notes"]:
            if text not in told:
                say(f"    note: {text}")


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
        else:
            table([(name, ", ".join(words)) for name, words in keys.items()], ("key", "words"))
        return OK
    if place.json:
        as_json([field.as_json() for field in FIELDS.values()])
    else:
        rows = [(one.name, one.type, one.origin, one.example, one.help) for one in FIELDS.values()]
        table(rows, ("field", "type", "origin", "example", "what it is"))
    return OK


@rules.command()
@with_json
def schema() -> int:
    """The JSON Schema of rules.yaml, for editors."""
    as_json(json_schema())
    return OK


rules.add_command(replay)
