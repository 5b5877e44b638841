"""`seedpost rules explain`: why a release goes where, in lines of at most 80 columns."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from trackers.clock import Clock
from watcher.cli.options import Place, pass_place, with_json
from watcher.cli.show import as_json, beside_form, lines, local, say, show_facts
from watcher.config import load
from watcher.errors import OK, NotFound
from watcher.jobs import Ledger
from watcher.logs import configure
from watcher.rules import Decision, Reason, RuleVerdict, described
from watcher.secrets import Secrets

if TYPE_CHECKING:
    from watcher.service.replay import Side


@click.command()
@click.argument("what", metavar="PATH|HASH|JOB")
@click.option("--online", is_flag=True, help="Also ask the trackers what they know of it, and what resembles it.")
@with_json
@pass_place
def explain(place: Place, what: str, online: bool) -> int:
    """The facts, each rule's verdict with its reasons, and what each tracker would be sent.

    --online also asks the tracker that it came from what it knows of it, and each that it would go to what of it
    resembles this. Nothing is sent there, and the sites' limits are kept.
    """
    from watcher.service.explain import explain as explained  # the trackers it opens are not needed for `rules fields`

    configure(stream=sys.stderr, terminal=sys.stderr.isatty(), level="error")  # a client that is away is told below
    config, state, clock = load(place.rules_file()), place.state_folder(), Clock()
    secrets = Secrets(state, os.environ, clock=clock)
    shown = explained(what, config, ledger_of(place), secrets, state, clock, online=online)
    if place.json:
        as_json(shown.as_json())
        return OK
    say(shown.name)
    say("\nfacts")
    show_facts(described(shown.facts))
    for problem in shown.problems:
        lines(problem, "  ")
    say("\nrules")
    for verdict in shown.decision.reasons:
        _verdict(verdict)
    say("\ndecision")
    undecided = shown.undecided or (shown.decision.why if shown.decision.undecided else "")
    lines(_decision(shown.decision, undecided), "")
    if shown.then is not None:
        lines(_then(shown.then, shown.then_at), "")
    for name, route in shown.decision.trackers.items():
        lines(f"{name}: {shown.left_out.get(name) or route.mode}", "  ")
        for reason in route.failed:
            lines(f"held until {reason}", "    ")
        staged = shown.staged.get(name, ())
        for change in staged:
            lines(f"staged: {change}", "    ")
        _form(shown.forms.get(name), staged)
        for line in _site(shown.sites.get(name)):
            lines(line, "    ")
    return OK


def _site(said: Mapping[str, object] | None) -> list[str]:
    """What of the site resembles the form, if it was asked."""
    if said is None:
        return []
    found = said["found"]
    if not isinstance(found, list):
        return [f"on the site: can't be told: {said['why']}"]
    words = {"torrent": "this very edition", "group": "the release, in another edition", "near": "something near"}
    told = [f"on the site: {words[one['what']]}: {one['url']}{_differs(one['facts'])}" for one in found]
    return told or ["on the site: nothing like it"]


def _differs(facts: Mapping[str, str]) -> str:
    return f" ({', '.join(f'{key} {value}' for key, value in facts.items())})" if facts else ""


def ledger_of(place: Place) -> Ledger:
    """What the journal adds up to; nothing where there is none yet."""
    try:
        return place.journal().ledger
    except NotFound:
        return Ledger()


def _verdict(verdict: RuleVerdict) -> None:
    """One guard or rule: the conditions that held if it matched, else those that did not."""
    mark = "✓" if verdict.matched else "✗"
    what = f"guard {verdict.name}" if verdict.guard else verdict.name
    lines(f"{mark} {what}{'' if verdict.reached else '  (not reached: a rule above decided)'}", "")
    for reason in verdict.reasons if verdict.reached else ():
        lines(_reason(reason), "    ")


def _reason(reason: Reason) -> str:
    if not reason.nearest_of:
        return str(reason)
    return f"{reason} (the nearest of {reason.nearest_of} branches)"


def _decision(decision: Decision, undecided: str) -> str:
    if decision.guard:
        return f"guard '{decision.guard}': goes nowhere"
    if undecided:
        return f"not decided: {undecided}"
    if decision.rule is None:
        return "no rule matched: goes nowhere"
    return f"rule '{decision.rule}'" + ("" if decision.trackers else ": goes nowhere")


def _then(side: Side, at: str) -> str:
    """What the journal has: by the rules of that day."""
    if side.guard:
        what = f"guard '{side.guard}'"
    elif side.undecided:
        what = f"not decided ({side.undecided})"
    else:
        what = f"rule '{side.rule}'" if side.rule else "no rule"
    return f"in the journal, as of {local(at)}: {what}, to {', '.join(side.upload_to) or 'nowhere'}"


def _form(form: object, told: Sequence[str]) -> None:
    from watcher.service.drafts import spelled  # the trackers that come with it are not needed for `rules fields`

    if isinstance(form, list):
        for text in form:
            lines(f"would be held: {text}", "    ")
    elif isinstance(form, dict):
        for key, value in form["fields"]:
            first, *rest = spelled(value).split("\n")
            lines(f"{key} = {first}{' …' if rest else ''}", "    ")
        for line in beside_form(form):
            if line.partition(": ")[2] not in told:
                lines(line, "    ")
