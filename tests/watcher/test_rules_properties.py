"""Laws of the rules language, for any conditions and facts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support_rules import HEAD, TRACKERS, facts
from watcher.config import parse
from watcher.release import Fact
from watcher.rules import Rules, check_edit, check_require, decide

WORDS = ("a", "b", "ab", "B", "a*", "?b", "*")
TEXTS = ("group", "torrent.category", "music.label")
LISTS = ("torrent.tags", "files.ext")
NUMBERS = ("files.count", "music.year")
FLAGS = ("scene", "proper")

Match = dict[str, object]


def conditions(field: str) -> st.SearchStrategy[object]:
    """What may stand behind a field, as JSON: JSON is YAML, and quotes what needs quotes."""
    exists = st.fixed_dictionaries({"exists": st.booleans()})
    if field in FLAGS:
        return st.booleans() | exists
    if field in NUMBERS:
        number = st.integers(0, 3)
        bounds = st.fixed_dictionaries({}, optional={"min": st.just(1), "max": st.just(2)}).filter(bool)
        return number | st.lists(number, min_size=1, max_size=2) | bounds | exists
    word = st.sampled_from(WORDS)
    words = st.lists(word, min_size=1, max_size=3)
    named = st.sampled_from(("is", "none_of", "glob") + (("all_of",) if field in LISTS else ()))
    return word | words | exists | st.builds(lambda op, value: {op: value}, named, words)


def leaves() -> st.SearchStrategy[Match]:
    """A block of one field."""
    return st.sampled_from(TEXTS + LISTS + NUMBERS + FLAGS).flatmap(
        lambda field: conditions(field).map(lambda value: {field: value})
    )


def blocks(inner: st.SearchStrategy[Match]) -> st.SearchStrategy[Match]:
    """Blocks of blocks."""
    several = st.lists(inner, min_size=1, max_size=3)
    return (
        several.map(lambda parts: {"any": parts})
        | several.map(lambda parts: {"all": parts})
        | inner.filter(bool).map(lambda part: {"not": part})
        | st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1])
    )


MATCHES = st.recursive(leaves(), blocks, max_leaves=8)
VALUES = {
    **{name: st.sampled_from(("a", "B", "ab", "xab", "")) for name in TEXTS},
    **{name: st.lists(st.sampled_from(("a", "b", "AB")), max_size=3) for name in LISTS},
    **{name: st.integers(0, 3) for name in NUMBERS},
    **{name: st.booleans() for name in FLAGS},
}
UNKNOWN = st.just(Fact(unknown=True, why="away"))
KNOWN = st.fixed_dictionaries({}, optional=VALUES)  # type: ignore[arg-type]
ANY = st.fixed_dictionaries({}, optional={name: value | UNKNOWN for name, value in VALUES.items()})  # type: ignore[arg-type]


def rules(*matches: Match, otherwise: str = "skip") -> Rules:
    """Rules r0, r1 … with these match blocks."""
    rows = [{"name": f"r{n}", "match": match, "upload_to": ["RED"]} for n, match in enumerate(matches)]
    return parse((HEAD + f"otherwise: {otherwise}\nrules: {json.dumps(rows)}\n").encode()).rules


def holds(match: Match, values: Mapping[str, object]) -> bool:
    """Whether a rule with this match block matches."""
    return decide(rules(match), facts(values)).rule is not None


def oracle(match: Mapping[str, object], values: Mapping[str, object]) -> bool | None:
    """The same worked out the plain way: True, False or None for unknown."""
    answers = [asked(name, want, values) for name, want in match.items()]
    return False if False in answers else None if None in answers else True


def asked(name: str, want: object, values: Mapping[str, object]) -> bool | None:
    """One key of a block."""
    if name in ("any", "all"):
        answers = [oracle(part, values) for part in want]  # type: ignore[attr-defined]
        sure = name == "any"
        return sure if sure in answers else None if None in answers else not sure
    if name == "not":
        inner = oracle(want, values)  # type: ignore[arg-type]
        return None if inner is None else not inner
    got = values.get(name)
    if isinstance(got, Fact):
        return None
    operators = want if isinstance(want, dict) else {"value": want}
    return all(compared(op, value, got) for op, value in operators.items())


def compared(op: str, want: object, got: object) -> bool:
    """One operator on a value that is known or none."""
    have = [] if got in (None, "", []) else got if isinstance(got, list) else [got]
    wants = want if isinstance(want, list) else [want]
    if op == "exists":
        return bool(have) is want
    if op in ("min", "max"):
        return any(one >= want if op == "min" else one <= want for one in have)  # type: ignore[operator]
    if op == "none_of":
        return not any(alike(one, two, glob=True) for one in have for two in wants)
    if op == "all_of":
        return bool(have) and all(any(alike(one, two, glob=True) for one in have) for two in wants)
    return any(alike(one, two, glob=op != "is") for one in have for two in wants)


def alike(got: object, want: object, *, glob: bool) -> bool:
    """Whether one value is another, or fits it as a glob."""
    if isinstance(got, str) and isinstance(want, str):
        return fnmatchcase(got.lower(), want.lower()) if glob else got.lower() == want.lower()
    return got == want


@given(match=MATCHES, values=ANY)
@settings(max_examples=200, deadline=None)
def test_a_rule_matches_where_a_plain_reading_of_it_says_so(match: Match, values: dict[str, object]) -> None:
    assert holds(match, values) is (oracle(match, values) is True)


@given(match=MATCHES, values=ANY)
@settings(max_examples=120, deadline=None)
def test_explain_agrees_with_decide(match: Match, values: dict[str, object]) -> None:
    decision = decide(rules(match), facts(values))
    (verdict,) = decision.reasons
    assert verdict.matched is (decision.rule is not None)
    assert verdict.matched or verdict.reasons
    for reason in verdict.reasons:
        assert (reason.got is None) is isinstance(values.get(reason.field), Fact)


@given(match=MATCHES, values=KNOWN)
@settings(max_examples=100, deadline=None)
def test_not_not_is_the_condition_itself_for_what_is_known_or_none(match: Match, values: dict[str, object]) -> None:
    assert holds({"not": {"not": match}}, values) is holds(match, values)
    assert holds({"not": match}, values) is not holds(match, values)


@given(leaf=leaves(), values=KNOWN)
@settings(max_examples=100, deadline=None)
def test_a_condition_on_an_unknown_fact_never_matches_nor_its_negation(leaf: Match, values: dict[str, object]) -> None:
    (field,) = leaf
    values = values | {field: Fact(unknown=True, why="away")}
    assert not holds(leaf, values)
    assert not holds({"not": leaf}, values)


@given(match=MATCHES, values=ANY)
@settings(max_examples=100, deadline=None)
def test_a_condition_and_its_negation_never_match_both(match: Match, values: dict[str, object]) -> None:
    assert not (holds(match, values) and holds({"not": match}, values))


@given(above=st.lists(MATCHES, min_size=1, max_size=4), below=MATCHES, values=ANY)
@settings(max_examples=60, deadline=None)
def test_adding_a_rule_below_never_changes_a_decision_above(
    above: list[Match], below: Match, values: dict[str, object]
) -> None:
    before = decide(rules(*above), facts(values))
    after = decide(rules(*above, below), facts(values))
    if before.rule is not None:
        assert after == before
    assert after.reasons[: len(above)] == before.reasons


@given(match=MATCHES, values=ANY)
@settings(max_examples=100, deadline=None)
def test_a_guard_is_either_passed_or_nothing_goes_anywhere(match: Match, values: dict[str, object]) -> None:
    text = (
        HEAD
        + f"guards: {json.dumps([{'name': 'g', 'match': match}])}\n"
        + "rules: [{name: all, match: {}, upload_to: [RED]}]\n"
    )
    decision = decide(parse(text.encode()).rules, facts(values))
    expected = {True: ("g", None, None), False: (None, "all", None), None: (None, None, "guard-unknown")}
    assert (decision.guard, decision.rule, decision.undecided) == expected[oracle(match, values)]


@given(require=MATCHES, values=ANY, score=st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_a_late_requirement_read_back_says_what_it_said(require: Match, values: dict[str, object], score: int) -> None:
    late = {"any": [{"music.log_score": {"min": 2}}, require]}
    row = {"name": "r", "match": {}, "require": late, "upload_to": ["RED"]}
    found = parse((HEAD + f"rules: {json.dumps([row])}\n").encode()).rules
    route = decide(found, facts(values)).trackers["RED"]
    if route.require:
        kept = json.loads(json.dumps(route.require))
        then = facts(values | {"music.log_score": score})
        assert (not check_require(kept, then)) is (score >= 2 or oracle(require, values) is True)
    else:
        assert not route.failed
        assert oracle(require, values) is True


@given(require=MATCHES, values=ANY)
@settings(max_examples=100, deadline=None)
def test_what_a_job_keeps_of_its_rule_says_what_the_rule_said(require: Match, values: dict[str, object]) -> None:
    row = {"name": "r", "match": {}, "require": require, "upload_to": ["RED"]}
    found = parse((HEAD + f"rules: {json.dumps([row])}\n").encode()).rules
    route = decide(found, facts(values)).trackers["RED"]
    _, wrong = check_edit(json.loads(json.dumps(route.required)), {}, {}, facts(values))
    assert bool(wrong) is bool(route.failed)


@given(
    modes=st.lists(st.sampled_from(("upload", "review", "dry_run")), min_size=4, max_size=4),
)
def test_no_order_of_modes_makes_one_laxer(modes: list[str]) -> None:
    head = f"version: 1\nseed: {{client: none}}\ndefaults: {{mode: {modes[0]}}}\n" + TRACKERS.replace(
        "redacted", f"redacted, mode: {modes[1]}"
    )
    body = f"rules: [{{name: a, match: {{}}, mode: {modes[2]}, upload_to: {{RED: {{mode: {modes[3]}}}}}}}]\n"
    order = ("upload", "review", "dry_run")
    assert decide(parse((head + body).encode()).rules, {}).mode == max(modes, key=order.index)
