"""The tests that stand in a rules file."""

from __future__ import annotations

import pytest

from tests.support_rules import config
from watcher.config import run_tests

RULES = """\
guards: [{name: opted-out, match: {torrent.tags: no-upload}}]
rules:
- {name: music, match: {kind: music}, require: {music.tags_complete: true}, upload_to: {RED: {mode: review}, OPS: {}}}
- {name: tv, match: {kind: tv}, upload_to: {}}
otherwise: hold
defaults: {mode: upload}
tests:
"""
TAGGED = "kind: music, music.tags_complete: true"


def failures(*trials: str) -> list[str]:
    """What the tests of a file say that fail."""
    return [one.message for one in run_tests(config(RULES + "".join(f"- {trial}\n" for trial in trials)))]


@pytest.mark.parametrize(
    "trial",
    [
        f"{{given: {{{TAGGED}}}, expect: {{rule: music, upload_to: [OPS, RED], mode: review}}}}",
        f"{{given: {{{TAGGED}}}, expect: {{upload_to: [RED, OPS]}}}}",
        f"{{given: {{{TAGGED}, torrent.tags: no-upload}}, expect: {{guard: opted-out}}}}",
        f"{{given: {{{TAGGED}, torrent.tags: [a, no-upload]}}, expect: nothing}}",
        f"{{given: {{{TAGGED}, torrent.tags: {{unknown: away}}}}, expect: {{hold: guard-unknown}}}}",
        "{given: {kind: music}, expect: {rule: music, hold: require}}",
        "{given: {kind: music, music.tags_complete: {unknown: a file}}, expect: {hold: require}}",
        "{given: {kind: tv}, expect: nothing}",
        "{given: {kind: tv}, expect: {rule: tv, upload_to: []}}",
        "{given: {kind: movie}, expect: {hold: otherwise-hold}}",
        "{given: {}, expect: {hold: otherwise-hold, upload_to: []}}",
        f"{{given: {{{TAGGED}, torrent.added_complete: true}}, expect: {{guard: added-complete}}}}",
        "{given: {kind: ~, group: [], size: 3 MiB, torrent.added: 2026-01-31}, expect: {hold: otherwise-hold}}",
    ],
)
def test_what_comes_true_passes(trial: str) -> None:
    assert failures(trial) == []


@pytest.mark.parametrize(
    ("trial", "message"),
    [
        ("{given: {kind: tv}, expect: {rule: music}}", "rule music was expected, tv matched"),
        (
            "{given: {kind: movie}, expect: {rule: music, hold: otherwise-hold}}",
            "rule music was expected, none matched",
        ),
        (f"{{given: {{{TAGGED}}}, expect: nothing}}", "nothing was to come of it, but it goes to RED, OPS"),
        ("{given: {}, expect: nothing}", "nothing was to come of it, but otherwise-hold"),
        (f"{{given: {{{TAGGED}}}, expect: {{upload_to: [RED]}}}}", "upload_to [RED] was expected, it is [RED, OPS]"),
        (f"{{given: {{{TAGGED}}}, expect: {{mode: upload}}}}", "mode upload was expected, it is review"),
        (f"{{given: {{{TAGGED}}}, expect: {{guard: opted-out}}}}", "guard opted-out was expected, none matched"),
        (
            f"{{given: {{{TAGGED}, torrent.tags: no-upload}}, expect: {{}}}}",
            "guard none was expected, opted-out matched",
        ),
        ("{given: {kind: music}, expect: {rule: music}}", "hold none was expected, it is require"),
        (f"{{given: {{{TAGGED}}}, expect: {{hold: require}}}}", "hold require was expected, it is none"),
    ],
)
def test_what_does_not_come_true_fails_and_says_what_came_instead(trial: str, message: str) -> None:
    (said,) = failures(trial)
    assert message in said


def test_a_failure_stands_at_its_place_with_its_name_and_the_condition_that_failed() -> None:
    text = (
        RULES
        + f"- {{given: {{{TAGGED}}}, expect: {{rule: music}}}}\n"
        + "- {name: a film, given: {kind: movie}, expect: {rule: tv}}\n"
    )
    (problem,) = run_tests(config(text))
    assert (problem.file, problem.line, problem.column) == ("rules.yaml", 12, 3)
    assert problem.message.startswith("test 2 (a film) fails: rule tv was expected, none matched")
    assert problem.hint == "tv: kind: want tv, got movie"


def test_a_failure_for_an_unexpected_hold_says_what_was_required() -> None:
    (problem,) = run_tests(config(RULES + "- {given: {kind: music}, expect: {rule: music}}\n"))
    assert problem.hint == "music.tags_complete: want true, got none"


def test_a_failure_without_a_verdict_to_show_says_why_it_was_so_decided() -> None:
    (problem,) = run_tests(config(RULES + "- {given: {kind: movie}, expect: {mode: upload, hold: otherwise-hold}}\n"))
    assert problem.hint == "no rule matched"
