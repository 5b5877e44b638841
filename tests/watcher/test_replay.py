"""`rules replay`: what another file would do with what was decided, and its application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_seedpost import Seedpost, keys_of
from tests.watcher.test_commands import an_album
from tests.watcher.test_intake import RULES, Desk
from trackers.sandbox import Sandbox
from watcher.config import parse
from watcher.errors import FAILED, OK, USAGE
from watcher.jobs import State
from watcher.release import Fact
from watcher.service.replay import Change, Plan, history, library
from watcher.sources.content import Found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path, to="RED: {}")
    yield one
    one.journal.close()


def changes(desk: Desk, to: str, mode: str = "upload", *, since: float = 0.0, swap: tuple[str, str] = ("", "")) -> Plan:
    """The journal's history by other rules."""
    text = RULES.format(mode=mode, brake="10/h", to=to).replace(*swap)
    return Plan.of(history(parse(text.encode()), desk.journal.ledger, since))


def only(plan: Plan) -> Change:
    (change,) = plan.changes
    return change


def test_the_same_rules_change_nothing(desk: Desk) -> None:
    desk.see("Album")
    plan = changes(desk, "RED: {}")
    assert plan.changes == ()
    assert plan.totals() == {
        "releases": 1, "elsewhere": 0, "renamed": 0, "same": 1, "added": {}, "removed": {}, "changed": {}
    }  # fmt: skip
    assert plan.commands("x") == []


def test_a_tracker_more_is_looked_at_and_one_less_is_decided_anew(desk: Desk) -> None:
    id = desk.see("Album")
    plan = changes(desk, "OPS: {mode: review}")
    change = only(plan)
    assert change.as_json() == {
        "release": id, "name": "Album", "path": str(desk.folder / "here/Album"), "infohash": None,
        "now": {"rule": "everything", "guard": None, "undecided": None, "upload_to": ["RED"]},
        "then": {"rule": "everything", "guard": None, "undecided": None, "upload_to": ["OPS"]},
        "added": {"OPS": "held for review"}, "removed": ["RED"], "stays": [], "changed": [],
    }  # fmt: skip
    redecide, look = plan.commands("digest")
    assert (redecide["do"], redecide["jobs"]) == ("redecide", [desk.jobs()["RED"].job])
    assert (look["do"], look["path"]) == ("look", str(desk.folder / "here/Album"))
    assert redecide["with"] == look["with"] == {"rules": "digest"}


def test_a_compacted_journal_is_replayed_as_it_was(desk: Desk) -> None:
    for name in ("Album", "Other Album"):
        desk.see(name)
    asked = [("RED: {}", "upload"), ("OPS: {mode: review}", "upload"), ("RED: {set: {group: X}}", "review")]
    before = [changes(desk, *one).as_json() for one in asked]
    desk.journal.compact()
    assert [changes(desk, *one).as_json() for one in asked] == before
    assert before[1]["totals"]["releases"] == 2  # type: ignore[index]


def test_what_was_sent_stays(desk: Desk) -> None:
    desk.see("Album")
    job = desk.jobs()["RED"]
    whose = {"type": "job", "job": job.job, "site": job.site, "release": job.release, "tracker": "RED"}
    steps = ("prepared", "sending", "uploaded")
    desk.journal.append([{**whose, "state": state, "sent_at": "2026-11-22T10:00:00.000000Z"} for state in steps])
    change = only(changes(desk, "OPS: {}"))
    assert [job.tracker for job in change.stays] == ["RED"]
    assert change.removed == ()
    assert changes(desk, "RED: {mode: review}").changes == ()


def test_other_settings_of_a_job_that_was_not_sent_are_a_change(desk: Desk) -> None:
    desk.see("Album")
    change = only(changes(desk, "RED: {set: {group: X}}"))
    assert [job.tracker for job in change.other] == ["RED"]
    assert changes(desk, "RED: {delay: 5m}").changes == ()


@pytest.mark.parametrize(
    ("to", "mode", "born"),
    [
        ("RED: {}, OPS: {}", "dry_run", "dry run"),
        ("RED: {}, OPS: {}", "upload", "upload"),
        ("RED: {}, OPS: {require: {files.count: {min: 7}}}", "upload", "held: files.count: want at least 7, got 3"),
    ],
)
def test_a_new_job_is_told_as_what_it_would_be_born_as(desk: Desk, to: str, mode: str, born: str) -> None:
    desk.see("Album")
    assert only(changes(desk, to, mode)).added == {"OPS": born}


def test_another_rule_with_the_same_outcome_is_counted_and_no_change(desk: Desk) -> None:
    desk.see("Album")
    plan = changes(desk, "RED: {}", swap=("everything", "all-of-it"))
    assert (plan.changes, plan.renamed) == ((), 1)


def test_a_guard_and_what_the_rules_can_not_tell_are_shown(desk: Desk) -> None:
    desk.see("Album")
    change = only(changes(desk, "RED: {}", swap=("torrent.tags: no-upload", "files.ext: bin")))
    assert (change.then.guard, [job.tracker for job in change.removed]) == ("opted-out", ["RED"])
    desk.see("Other", torrent__tags=["x"])
    release = desk.release("Third")
    desk.intake.seen(release, undecided=("origin-unknown", "no tracker of it could be read"))
    assert changes(desk, "RED: {}").changes == ()
    nowhere = changes(desk, "RED: {}", swap=("match: {name: '*'}", "match: {name: Third, kind: tv}"))
    third = next(one for one in nowhere.changes if one.release.name == "Third")
    assert (third.now.undecided, third.then.undecided) == ("origin-unknown", None)


def test_what_could_not_be_told_stays_undecided_and_is_not_touched(desk: Desk) -> None:
    release = desk.release("Album")
    unknown = {"torrent.tags": Fact(unknown=True, why="the client is away")}
    desk.intake.seen(type(release)(**{**vars(release), "facts": unknown}))
    assert changes(desk, "RED: {}, OPS: {}").changes == ()
    told = only(changes(desk, "RED: {}", swap=("torrent.tags: no-upload", "group: YIFY")))
    assert (told.now.undecided, told.then.undecided, told.added) == ("guard-unknown", None, {"RED": "upload"})


def test_since_leaves_out_what_is_older(desk: Desk) -> None:
    desk.see("Album")
    assert changes(desk, "OPS: {}", since=desk.clock.now() + 1).looked_at == 0


def test_what_never_was_decided_is_told_so_and_asked_for_by_its_hash(desk: Desk) -> None:
    release = desk.release("Baseline")
    found = Found(type(release)(**{**vars(release), "from_": "qbittorrent", "infohash": "a" * 40}))
    plan = Plan.of(library(desk.config, desk.journal.ledger, [found]))
    change = only(plan)
    assert (change.now.as_json(), change.added) == (None, {"RED": "upload"})
    assert plan.commands("x")[0]["infohash"] == "a" * 40


RULES_OF_FOLDER = """\
version: 1
defaults: {{mode: dry_run}}
seed: {{client: none}}
folders:
  - {{name: rips, path: '{folder}', settle: 1s}}
trackers:
  RED: {{type: sandbox-redacted, url: '{url}'}}
rules:
  - name: albums
    match: {{kind: music}}
    upload_to: {{RED: {{}}}}
"""


def test_a_file_is_replayed_shown_and_applied(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        (tmp_path / "rips").mkdir()
        text = RULES_OF_FOLDER.format(folder=tmp_path / "rips", url=sandbox.url_of("redacted"))
        seedpost = Seedpost(tmp_path, text, keys_of(sandbox))
        assert seedpost("run", "--once").returncode == OK
        an_album(tmp_path / "rips")
        assert seedpost("run", "--once").returncode == OK
        assert seedpost.states() == {"RED": State.DRY_RUN}
        other = tmp_path / "new.yaml"
        other.write_text(text.replace("upload_to: {RED: {}}", "upload_to: {}"))

        shown = seedpost("rules", "replay", str(other), "--since", "1d")
        assert (shown.returncode, shown.stderr) == (OK, "")
        assert max(map(len, shown.stdout.splitlines())) <= 80
        assert "now   rule albums → RED" in shown.stdout
        assert "then  rule albums → nowhere" in shown.stdout
        assert "removed  RED 1" in shown.stdout
        plan = seedpost.json("rules", "replay", str(other))
        assert (plan["totals"]["elsewhere"], plan["changes"][0]["removed"]) == (1, ["RED"])
        assert seedpost.json("rules", "replay", str(seedpost.rules))["totals"]["same"] == 1

        refused = seedpost("rules", "replay", str(other), "--apply", "--yes")
        assert (refused.returncode, "is not the file in force" in refused.stderr) == (FAILED, True)
        seedpost.rules.write_text(other.read_text())
        asked = seedpost("rules", "replay", str(seedpost.rules), "--apply")
        assert (asked.returncode, "--yes" in asked.stderr) == (USAGE, True)
        assert seedpost("rules", "replay", str(seedpost.rules), "--apply", "--yes").returncode == OK
        assert seedpost("run", "--once").returncode == OK
        assert seedpost.states() == {"RED": State.CANCELLED}
        nothing = seedpost("rules", "replay", str(seedpost.rules), "--apply", "--yes")
        assert (nothing.returncode, "nothing to apply" in nothing.stderr) == (OK, True)
        assert seedpost("rules", "replay", str(other), "--since", "soon").returncode == USAGE
