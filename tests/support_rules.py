"""Small rules files and facts for tests of the rules language and its reader."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from watcher.config import Config, Problem, RulesInvalid, parse
from watcher.release import Fact
from watcher.rules import Decision, decide

TRACKERS = "trackers: {RED: {type: redacted}, OPS: {type: orpheus}}\n"
HEAD = "version: 1\nseed: {client: none}\n" + TRACKERS
UNKNOWN = Fact(unknown=True, why="the client is away")
MARK = "§"  # stands before the token that a problem has to point at


def config(body: str, *, head: str = HEAD, base: Path | None = None) -> Config:
    """The configuration of a body under version, seed and two trackers."""
    return parse((head + textwrap.dedent(body)).encode(), "rules.yaml", base=base)


def matching(match: str, *, lists: str = "{}", upload_to: str = "[RED]") -> Config:
    """One rule with this match block, written in flow style."""
    return config(f"lists: {lists}\nrules:\n- {{name: it, match: {match}, upload_to: {upload_to}}}\n")


def facts(values: Mapping[str, object]) -> dict[str, Fact]:
    """Plain values as facts; a Fact stays what it is."""
    return {name: value if isinstance(value, Fact) else Fact(value, "file") for name, value in values.items()}  # type: ignore[arg-type]


def decided(found: Config, values: Mapping[str, object]) -> Decision:
    """The decision for a release of which only these facts are known."""
    return decide(found.rules, facts(values))


def matches(match: str, values: Mapping[str, object], *, lists: str = "{}") -> bool:
    """Whether a rule with this match block matches."""
    return decided(matching(match, lists=lists), values).rule == "it"


def refused(text: str | bytes, *, base: Path | None = None) -> list[Problem]:
    """The problems of a file that must not load."""
    with pytest.raises(RulesInvalid) as caught:
        parse(text.encode() if isinstance(text, str) else text, "rules.yaml", base=base)
    assert caught.value.exit_code == 78
    assert caught.value.problems
    return caught.value.problems


def marked(text: str) -> tuple[str, set[tuple[int, int]]]:
    """A text without its marks, and the lines and columns where they stood."""
    places, lines = set(), []
    for number, line in enumerate(text.split("\n"), 1):
        while MARK in line:
            places.add((number, line.index(MARK) + 1))
            line = line.replace(MARK, "", 1)
        lines.append(line)
    return "\n".join(lines), places
