"""Every verb of `queue` on one job, several, or a filter; names that are nearly right; and all that `show` tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from watcher.cli import cli
from watcher.cli.options import Place
from watcher.errors import NOT_FOUND, OK, USAGE, SeedpostError
from watcher.journal import Journal, read_records

VERBS = {
    "retry": (), "approve": (), "cancel": (), "redecide": (), "prioritise": (), "edit": ("music.year=1999",),
    "resolve": ("--absent", "--yes"), "forget": ("--deleted-on-site", "--yes"),
}  # fmt: skip
IDS = ("5f0c00000001", "5f0c00000002", "a1b200000003")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Two held jobs of RED for one release, by the rule albums, and one of OPS that waits."""
    journal = Journal.open(tmp_path / "state")
    facts = {"kind": {"value": "music", "origin": "file"}}
    journal.append(
        [
            {"type": "release", "release": "r1", "name": "Evening", "decision": {"rule": "albums"}, "facts": facts},
            {"type": "release", "release": "r2", "name": "Morning", "decision": {"rule": "films"}, "facts": {}},
            *(job(id, "RED", "r1", state="held", code="review", back_to="queued") for id in IDS[:2]),
            job(IDS[2], "OPS", "r2", state="queued"),
        ]
    )
    journal.close()
    return tmp_path / "state"


def job(id: str, tracker: str, release: str, **more: object) -> dict[str, object]:
    return {
        "type": "job",
        "job": id,
        "tracker": tracker,
        "site": f"{tracker.lower()}.invalid",
        "release": release,
    } | more


def run(state: Path, *words: str) -> Result:
    return CliRunner().invoke(
        cli, ["queue", *words, "--rules", str(state / "none.yaml"), "--state", str(state)],
        obj=Place(), standalone_mode=False,
    )  # fmt: skip


def commands(state: Path) -> list[dict[str, Any]]:
    return [record for record in read_records(state / "journal.jsonl") if record["type"] == "command"]


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_takes_one_job_several_or_a_filter(state: Path, verb: str) -> None:
    filters = (["--code", "review"], ["--rule", "albums"], ["--kind", "music"], ["--state", "held", "--tracker", "RED"])
    for words in ([IDS[2][:4]], [*IDS[:2]], *filters, [IDS[0], "--code", "review"]):
        done = run(state, verb, *words, *VERBS[verb])
        assert done.exception is None and done.return_value == OK, done.exception
    chosen = [command["jobs"] for command in commands(state)]
    assert chosen == [[IDS[2]], [*IDS[:2]], *[[*IDS[:2]]] * 5]
    assert {command["do"] for command in commands(state)} == {verb}


@pytest.mark.parametrize("verb", [*VERBS, "show"])
def test_each_verb_says_what_was_meant_and_writes_nothing(state: Path, verb: str) -> None:
    wrong = [([IDS[2][:-1] + "4"], f"did you mean '{IDS[2]}'"), (["5f0c"], "2 jobs begin with 5f0c")]
    if verb != "show":
        wrong += [(["--tracker", "RDE"], "did you mean 'RED'"), (["--rule", "album"], "did you mean 'albums'")]
    for words, told in wrong:
        error = run(state, verb, *words, *VERBS.get(verb, ())).exception
        assert isinstance(error, SeedpostError) and error.exit_code == NOT_FOUND and told in str(error)
    assert commands(state) == []


def test_a_verb_without_a_job_or_a_change_says_how_to_name_one(state: Path) -> None:
    error = run(state, "approve").exception
    assert isinstance(error, SeedpostError) and "--code" in error.hint
    error = run(state, "edit", IDS[0]).exception
    assert isinstance(error, SeedpostError) and error.exit_code == USAGE and commands(state) == []


def test_a_word_that_is_nearly_a_state_is_no_folder(state: Path) -> None:
    error = run(state, "list", "--state", "hled").exception
    assert isinstance(error, SeedpostError) and "did you mean 'held'" in str(error)


def test_show_tells_each_step_with_what_was_asked_and_what_the_site_said(state: Path) -> None:
    journal = Journal.open(state)
    one = IDS[0]
    passes = [{"time": "2026-11-22T10:00:00.000000Z", "canary": 5, "answer": "absent"}]
    answer = {"status": 502, "code": "html", "text": "Bad Gateway"}
    given = {"set": {"music.year": 1999}, "shown": {"fields": []}}
    journal.append([{"type": "command", "do": "edit", "jobs": [one], "with": given}])
    journal.append(
        [
            job(one, "RED", "r1", state="queued"),
            job(one, "RED", "r1", state="prepared"),
            job(one, "RED", "r1", state="sending", attempt=1),
            job(one, "RED", "r1", state="unconfirmed", code="html", why="a page of HTML", answer=answer, passes=passes),
        ]
    )
    journal.close()
    text = run(state, "show", one).stdout
    assert "you          edit    music.year=1999" in text and "shown" not in text
    assert "attempt 1" in text and "the site answered: 502 html Bad Gateway" in text and "absent" in text
    shown = json.loads(run(state, "show", one, "--json").stdout)
    assert [step["state"] for step in shown["steps"]] == ["held", "queued", "prepared", "sending", "unconfirmed"]
    assert [command["do"] for command in shown["commands"]] == ["edit"] and shown["answer"]["status"] == 502
