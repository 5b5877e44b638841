"""The tests that stand in a rules file: what a release is given to be, and what must be decided for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from watcher.config.titles import Titles
from watcher.release import Fact
from watcher.rules import Decision, Rules, decide, kinds
from watcher.rules.blocks import check_keys, key, read_block
from watcher.rules.elements import elements
from watcher.rules.fields import FIELDS, Field
from watcher.rules.nodes import Block, Items, Node, Problem, Problems, Scalar, misspelt, nearest, shown
from watcher.rules.patterns import Is
from watcher.rules.rulebook import MODE, rows

NOTHING = "nothing"


@dataclass(frozen=True)
class Expect:
    """What must come out. What is left out is not looked at, but for a hold: one that is not expected fails."""

    rule: str | None = key(kinds.TITLE, "the first rule that matches", default=None)
    guard: str | None = key(kinds.TITLE, "the guard that stops it", default=None)
    upload_to: tuple[str, ...] | None = key(kinds.ListOf(kinds.NAME), "the trackers, in any order", default=None)
    mode: str | None = key(MODE, "the strictest mode among them", default=None)
    hold: str | None = key(kinds.word("guard-unknown", "otherwise-hold", "require"), "why it waits", default=None)
    nothing: bool = False  # `expect: nothing`


@dataclass(frozen=True)
class Trial:
    """One test of the file."""

    name: str | None = key(kinds.TITLE, "what it shows", default=None)
    given: Mapping[str, Fact] = field(default_factory=dict)
    expect: Expect = Expect()
    line: int = 0
    column: int = 0


def read_trials(node: Node | None, titles: Titles, problems: Problems) -> tuple[Trial, ...]:
    """The `tests` list."""
    return tuple(trial for row in rows(node, "tests", problems) if (trial := _trial(row, titles, problems)))


def _trial(node: Block, titles: Titles, problems: Problems) -> Trial | None:
    return read_block(
        Trial,
        node,
        "test",
        problems,
        also=("given", "expect"),
        given=_given(node, problems),
        expect=_expect(node, titles, problems),
        line=node.line,
        column=node.column,
    )


def _given(node: Block, problems: Problems) -> dict[str, Fact]:
    given = node.get("given")
    if not isinstance(given, Block):
        told = misspelt(node, "given") if given is None else isinstance(given, Scalar) and given.bad
        if not told:
            problems.error(
                given or node, "a test wants `given`: a map of fields", "given: {kind: music, music.format: FLAC}"
            )
        return {}
    facts = {}
    for name, value in given.entries:
        found = FIELDS.get(name.value)
        if found is None:
            if not name.bad:
                problems.error(
                    name, f"unknown field '{name.value}'{nearest(name.value, FIELDS)}", "seedpost rules fields"
                )
            continue
        fact = _fact(found, value, problems)
        if fact is not None:
            facts[name.value] = fact
    return facts


def _fact(found: Field, node: Node, problems: Problems) -> Fact | None:
    if isinstance(node, Scalar) and node.null:
        return Fact()
    if isinstance(node, Block):
        check_keys(node, ("unknown",), f"given.{found.name}", problems)
        why = node.get("unknown")
        return Fact(None, "", True, why.value) if isinstance(why, Scalar) else None
    if isinstance(node, Items) and not node.items:
        return Fact()
    read = elements(found, node, problems, {}, set(), "given")
    if read is None:
        return None
    values = [one.value if isinstance(one, Is) else str(one) for one in read]
    if len(values) > 1 and not found.many:
        problems.error(node, f"'{found.name}' has one value, here are {len(values)}")
    return Fact(values if found.many else values[0], "person")


def _expect(node: Block, titles: Titles, problems: Problems) -> Expect:
    expect = node.get("expect")
    if expect is None and misspelt(node, "expect"):
        return Expect()
    if expect is None:
        problems.error(node, "a test wants `expect`", "expect: {rule: NAME, upload_to: [RED]}, or expect: nothing")
        return Expect()
    if isinstance(expect, Scalar):
        if expect.value != NOTHING and not expect.bad:
            problems.error(expect, f"'expect' wants a map or the word nothing, got {shown(expect)}")
        return Expect(nothing=True)
    read = read_block(Expect, expect, "expect", problems)
    if read is None or not isinstance(expect, Block):
        return Expect()
    _known(expect, "rule", titles.rules, problems)
    _known(expect, "guard", (*titles.guards, "added-complete"), problems)
    _known(expect, "upload_to", titles.trackers, problems)
    return read


def _known(node: Block, key: str, names: Iterable[str], problems: Problems) -> None:
    names, value = list(names), node.get(key)
    for one in value.items if isinstance(value, Items) else [value]:
        if isinstance(one, Scalar) and not one.bad and one.value not in names:
            have = f"have: {', '.join(names)}" if names else "there are none"
            what = "tracker" if key == "upload_to" else key
            problems.error(one, f"no {what} '{one.value}'{nearest(one.value, names)} ({have})")


def run_trials(trials: Iterable[Trial], rules: Rules, file: str) -> list[Problem]:
    """One problem for each test that fails, at its place, with what came out instead and why."""
    failed = []
    for number, trial in enumerate(trials, 1):
        decision = decide(rules, trial.given)
        wrong = list(_differences(trial.expect, decision))
        if wrong:
            name = f"test {number}" + (f" ({trial.name})" if trial.name else "")
            why = _why(trial.expect, decision)
            failed.append(Problem(file, trial.line, trial.column, "error", f"{name} fails: {'; '.join(wrong)}", why))
    return failed


def _differences(expect: Expect, decision: Decision) -> Iterable[str]:
    held = decision.undecided or ("require" if any(route.failed for route in decision.trackers.values()) else None)
    if expect.nothing:
        if decision.trackers or held:
            yield f"nothing was to come of it, but {held or 'it goes to ' + ', '.join(decision.trackers)}"
        return
    if expect.rule is not None and decision.rule != expect.rule:
        yield f"rule {expect.rule} was expected, {decision.rule or 'none'} matched"
    if expect.guard != decision.guard:
        yield f"guard {expect.guard or 'none'} was expected, {decision.guard or 'none'} matched"
    if expect.upload_to is not None and set(expect.upload_to) != set(decision.trackers):
        yield f"upload_to [{', '.join(expect.upload_to)}] was expected, it is [{', '.join(decision.trackers)}]"
    if expect.mode is not None and decision.mode != expect.mode:
        yield f"mode {expect.mode} was expected, it is {decision.mode or 'none'}"
    if held != expect.hold:
        yield f"hold {expect.hold or 'none'} was expected, it is {held or 'none'}"


def _why(expect: Expect, decision: Decision) -> str:
    """The conditions that speak for what came out, or against what was expected."""
    failed = [str(reason) for route in decision.trackers.values() for reason in route.failed]
    if failed:
        return "; ".join(dict.fromkeys(failed))
    for verdict in decision.reasons:
        if verdict.name == (expect.rule or expect.guard) and not verdict.matched:
            return f"{verdict.name}: " + "; ".join(map(str, verdict.reasons))
    return decision.why
