"""Where a release goes, and why. Pure: no clock, no network, no disk."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from watcher.release import NONE, Facts, beside, overridden
from watcher.rules.decision import Decision, Reason, Route, RuleVerdict, strictest
from watcher.rules.grammar import DEEPEST, Scope, fields_of, late, read_match
from watcher.rules.leaves import Test
from watcher.rules.nodes import Block, Items, Node, Problems, Scalar
from watcher.rules.rulebook import ADDED, Guard, Rule, Target, Tracker
from watcher.rules.settings import filled, reread, written
from watcher.rules.terms import Outcome, Term
from watcher.rules.view import UNKNOWN, View

GUARD_UNKNOWN, OTHERWISE_HOLD = "guard-unknown", "otherwise-hold"
ADDED_COMPLETE = "added-complete"  # the guard that is always there


@dataclass(frozen=True)
class Rules:
    """The rules of one file, ready to decide by. Immutable; any number of threads may use it."""

    guards: tuple[Guard, ...] = ()
    rules: tuple[Rule, ...] = ()
    otherwise: str = "skip"  # skip | hold
    mode: str = "dry_run"
    trackers: Mapping[str, Tracker] = field(default_factory=dict)
    later: frozenset[str] = frozenset()  # fields that services may tell before anything is sent

    def __post_init__(self) -> None:
        for guard in self.guards:
            _ = guard.test  # compiled when loaded, not at the first release
        _ = self.tests

    @cached_property
    def tests(self) -> tuple[tuple[Test, Rule], ...]:
        """The compiled conditions of the rules that are enabled, in order."""
        return tuple((rule.test, rule) for rule in self.rules if rule.enabled)


def decide(rules: Rules, facts: Facts) -> Decision:
    """The decision for one release. `Decision.reasons` is worked out only if it is asked for."""
    return replace(_decided(rules, facts), explain=lambda: verdicts(rules, facts))


def guarded(rules: Rules, facts: Facts) -> tuple[str, str] | None:
    """The guard of the file that keeps a release at home whoever asks, as (name, ""); else the first that can't be
    told, with why. None if neither."""
    return _guarded(rules, View(facts))


def _decided(rules: Rules, facts: Facts) -> Decision:
    view = View(facts)
    held = _guarded(rules, view)
    if held is not None:
        guard, doubt = held
        return Decision(undecided=GUARD_UNKNOWN, why=doubt) if doubt else Decision(guard=guard, why=f"guard '{guard}'")
    matched, passed = _matching(rules, view)
    if not matched:
        return _unmatched(rules, view, passed)
    trackers: dict[str, Route] = {}
    for rule in matched:
        for name, target in rule.targets.items():
            if name not in trackers:
                trackers[name] = _route(rules, rule, name, target, facts)
    return Decision(matched[0].name, trackers=trackers)


def _guarded(rules: Rules, view: View) -> tuple[str, str] | None:
    """The guard that matches; else the first that is unknown, with why. None if neither."""
    doubtful: Guard | None = None
    for guard in rules.guards:
        if not guard.enabled:
            continue
        answer = guard.test(view)
        if answer:
            return guard.name, ""
        if answer is None and doubtful is None:
            doubtful = guard
    if doubtful is None:
        return None
    return doubtful.name, f"guard '{doubtful.name}' can't be told: {_doubts(doubtful.match, view)}"


def _doubts(term: Term, view: View) -> str:
    unknown = [name for name in fields_of(term) if view[name] is UNKNOWN]
    return ", ".join(f"{name} is unknown ({view.why(name)})" for name in unknown)


def _matching(rules: Rules, view: View) -> tuple[list[Rule], Rule | None]:
    """The rules that decide, and the first that would have if the content had not been added complete."""
    matched: list[Rule] = []
    passed: Rule | None = None
    for test, rule in rules.tests:
        if not test(view):
            continue
        if view[ADDED] in (True, UNKNOWN) and not rule.names_added:
            passed = passed or rule
            continue
        matched.append(rule)
        if not rule.goes_on:
            break
    return matched, passed


def _unmatched(rules: Rules, view: View, passed: Rule | None) -> Decision:
    if passed is not None and view[ADDED] is UNKNOWN:
        return Decision(undecided=GUARD_UNKNOWN, why=f"{ADDED} is unknown ({view.why(ADDED)})")
    if passed is not None:
        why = f"it was added over data that was there already, and rule '{passed.name}' does not say {ADDED}: true"
        return Decision(guard=ADDED_COMPLETE, why=why)
    return Decision(undecided=OTHERWISE_HOLD if rules.otherwise == "hold" else None, why="no rule matched")


def _route(rules: Rules, rule: Rule, name: str, target: Target, facts: Facts) -> Route:
    tracker = rules.trackers[name]
    said = facts.get(beside(name), NONE).value  # in the sidecar: weaker than any rule
    settings = {**(said if isinstance(said, Mapping) else {}), **rule.set, **target.set}
    set, failed = filled(settings, facts)
    pending, wrong = _required((*rule.require, *target.require), overridden(facts, set, "rule"), rules.later)
    delay = target.delay if target.delay is not None else rule.delay
    return Route(
        rule=rule.name,
        set=set,
        mode=strictest(rules.mode, tracker.mode, rule.mode, target.mode),
        delay=delay or 0.0,
        require=pending,
        failed=(*failed, *wrong),
        required=(*rule.required, *target.required),
        unfilled={key: written(settings[key]) for key in settings if key not in set},
        cautions={**tracker.cautions, **target.cautions},
    )


def _required(
    terms: Iterable[Term], facts: Facts, later: Container[str] = ()
) -> tuple[tuple[Mapping[str, object], ...], tuple[Reason, ...]]:
    """Requirements that only the site can settle, or who tells `later` fields, and what is wrong with the others."""
    view = View(facts, late=True, later=later)
    pending: list[Mapping[str, object]] = []
    failed: list[Reason] = []
    for term in terms:
        outcome = term.explain(view)
        if outcome.holds is None and (late(term) or any(name in later for name in fields_of(term))):
            pending.append(term.plain)
        elif not outcome.holds:
            failed.extend(outcome.reasons)
    return tuple(pending), tuple(failed)


def check_require(require: Iterable[object], facts: Facts) -> tuple[Reason, ...]:
    """What is wrong with late requirements, now that the site was asked; what is still unknown is wrong too."""
    view = View(facts)
    outcomes = [_reread(one).explain(view) for one in require]
    return tuple(reason for one in outcomes if not one.holds for reason in one.reasons)


def check_edit(
    require: Iterable[object],
    unfilled: Mapping[str, object],
    set: Mapping[str, object],
    facts: Facts,
    later: Container[str] = (),
) -> tuple[dict[str, object], tuple[Reason, ...]]:
    """What a rule asks for, after a person's `set`: `set` its slots filled now, and what is still wrong.

    `facts` are those of the release, before any `set`. What only the site can tell is not wrong yet, nor what services
    may tell `later`.
    """
    slots = {key: reread(value) for key, value in unfilled.items() if key not in set}
    more, failed = filled(slots, overridden(facts, set, "rule"))
    whole = {**more, **set}
    _, wrong = _required([_reread(one) for one in require], overridden(facts, whole, "rule"), later)
    return whole, (*failed, *wrong)


def _reread(plain: object) -> Term:
    problems = Problems("require")
    term = read_match(_node(plain), "require", Scope(problems, late=True), depth=-2 * DEEPEST)
    if term is None:
        raise ValueError("; ".join(map(str, problems.errors)))
    return term


def _node(plain: object) -> Node:
    if isinstance(plain, Mapping):
        return Block([(Scalar(str(key), 1, 1), _node(value)) for key, value in plain.items()], 1, 1)
    if isinstance(plain, (list, tuple)):
        return Items([_node(one) for one in plain], 1, 1)
    if isinstance(plain, bool):
        return Scalar("true" if plain else "false", 1, 1, plain=True)
    return Scalar(str(plain), 1, 1, plain=isinstance(plain, (int, float)))


def verdicts(rules: Rules, facts: Facts) -> tuple[RuleVerdict, ...]:
    """A verdict for every guard and rule, in the order of the file, whether it was reached or not."""
    view = View(facts)
    guards = [_judged(guard, guard.match.explain(view), guard=True) for guard in rules.guards]
    decided = _guarded(rules, view) is not None
    found: list[RuleVerdict] = []
    for rule in rules.rules:
        outcome = _unless_added(rule, rule.match.explain(view), view)
        verdict = _judged(rule, outcome, reached=not decided)
        found.append(verdict)
        decided = decided or (verdict.matched and not rule.goes_on)
    return (*guards, *found)


def _judged(one: Guard | Rule, outcome: Outcome, *, guard: bool = False, reached: bool = True) -> RuleVerdict:
    if not one.enabled:
        return RuleVerdict(one.name, False, (Reason("enabled", "true", False),), guard, reached)
    return RuleVerdict(one.name, bool(outcome.holds), outcome.reasons, guard, reached)


def _unless_added(rule: Rule, outcome: Outcome, view: View) -> Outcome:
    """The guard that is always there, as a condition of the rule it stopped."""
    if not outcome.holds or rule.names_added or view[ADDED] not in (True, UNKNOWN):
        return outcome
    return Outcome(False, (Reason(ADDED, "the rule to name it", view.got(ADDED)),))
