"""The list of events: what the code emits, what docs/logs.md names and what `notify` takes are the same words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support_rules import HEAD, config, refused
from watcher.jobs import State
from watcher.logs import line_for
from watcher.logs.events import EVENTS, OF_RECORDS, TOLD

ROOT = Path(__file__).parents[2]
CODE = "\n".join(path.read_text() for name in ("watcher", "trackers") for path in sorted((ROOT / name).rglob("*.py")))
EMITTED = re.compile(r'\blog\.(?:debug|info|warning|error|exception)\(\s*"([a-z._]+)"|"event": "([a-z._]+)"')
LINES = re.compile(r'log\.line\(\s*"?\w+"?,\s*"([a-z._]+)"')
PAGE = (ROOT / "docs" / "logs.md").read_text()


def emitted() -> set[str]:
    """The events that stand in the code as they are."""
    found = {one or two for one, two in EMITTED.findall(CODE)} | set(LINES.findall(CODE))
    return found - set(OF_RECORDS) - {one for one in EVENTS if one.startswith("command.")}


def test_the_list_is_what_the_code_emits() -> None:
    assert emitted() == set(TOLD)
    assert len(EVENTS) == len(set(EVENTS))


def test_every_record_has_an_event_of_the_list() -> None:
    records: list[dict[str, object]] = [{"type": "job", "state": str(state)} for state in State]
    records += [{"type": "tracker", "breaker": one} for one in ("open", "closed")]
    records += [{"type": "rules", "what": one} for one in ("loaded", "rejected")]
    records += [{"type": "source", "what": one} for one in ("baseline", "seen", "gone", "paused", "resumed")]
    records += [{"type": "release", **one} for one in ({}, {"learned": {}}, {"looked": {}})]
    records += [{"type": "file"}]
    assert {line_for(record)[1] for record in records} == set(OF_RECORDS)


def test_the_page_names_every_event_and_no_other() -> None:
    page = PAGE[PAGE.index("## Events") : PAGE.index("## When a line")]
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", page))
    assert named - {"error.kind", "uploader.idle"} == set(EVENTS)


@pytest.mark.parametrize("event", [*EVENTS, "uploader.idle", "*.stopped", "job.*"])
def test_notify_takes_every_event(event: str) -> None:
    assert config(f"rules: []\nnotify: {{phone: {{on: ['{event}']}}}}\n").notify["phone"].on == (event,)


@pytest.mark.parametrize(("event", "nearest"), [("job.helt", "job.held"), ("tracker.open", "tracker.opened")])
def test_notify_refuses_what_never_happens(event: str, nearest: str) -> None:
    (problem,) = refused(HEAD + f"rules: []\nnotify: {{phone: {{on: ['{event}']}}}}\n")
    assert f"no event '{event}', did you mean '{nearest}'" in problem.message
