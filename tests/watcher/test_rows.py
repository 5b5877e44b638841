"""The list's own fold says what the ledger says; filters and orders of `queue list`."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support_journal import NOON, FaultyDisk
from trackers.clock import utc_text
from watcher.errors import NotFound
from watcher.jobs import Ledger, Rows, State
from watcher.jobs.records import dumps
from watcher.journal import Glance, Journal, NotNow
from watcher.service.choosing import SORTS, Filter, in_order
from watcher.service.view import job_row, rows_of

STORED = {"blob": "a" * 64}
LONG = {"fields": [["title", "x" * 2000]]}


def load(value: Any) -> Any:
    """Blobs, of which there is one."""
    return {"kind": {"value": "music"}, "rule": "stored"} if value == STORED else value


KEYS: dict[str, st.SearchStrategy[Any]] = {
    "tracker": st.sampled_from(["RED", "OPS"]),
    "site": st.sampled_from(["redacted", "orpheus"]),
    "attempt": st.integers(0, 9),
    "not_before": st.sampled_from([None, utc_text(NOON), "2026-11-22T10:00:00Z", NOON]),
    "code": st.sampled_from([None, "review", "brake"]),
    "why": st.sampled_from([None, "because"]),
    "resume": st.sampled_from([None, "seedpost queue approve 1"]),
    "back_to": st.sampled_from([None, "queued"]),
    "open": st.booleans(),
    "url": st.sampled_from([None, "https://a.invalid/1"]),
    "priority": st.integers(0, 3),
    "form": st.sampled_from([None, LONG]),
    "hashed": st.sampled_from([None, {"how": "known", "of": 3}]),
    "staged": st.sampled_from([None, "/srv/links"]),
    "set": st.sampled_from([None, {"music.year": 1999}]),
}
JOBS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["job", "job", "job", "snapshot"]),
        "job": st.sampled_from(["a1", "b2"]),
        "release": st.sampled_from(["r1", "r2"]),
        "state": st.sampled_from([*map(str, State), "no-such-state"]),
    },
    optional=KEYS,
)
RELEASES = st.fixed_dictionaries(
    {"type": st.sampled_from(["release", "snapshot"]), "release": st.sampled_from(["r1", "r2"])},
    optional={
        "name": st.sampled_from(["Evening", "Morning", None]),
        "path": st.just("/srv/Evening"),
        "facts": st.sampled_from([None, {"kind": {"value": "music", "origin": "file"}}, {}, STORED]),
        "decision": st.sampled_from([None, {"rule": "albums", "trackers": {}}, {"rule": None}, STORED]),
    },
)


@settings(max_examples=60, deadline=None)
@given(st.lists(JOBS | RELEASES, max_size=14))
def test_a_list_shows_of_each_job_what_the_ledger_says(records: list[dict[str, Any]]) -> None:
    rows, ledger = Rows(load), Ledger(load)
    for seq, record in enumerate(records, 1):
        full = {"v": 1, "seq": seq, "time": utc_text(NOON + seq), **record}
        body = dumps(full)[:-1]
        rows.fold([dict(full)], [body])
        ledger.fold([full], [body])
    assert rows_of(rows) == [job_row(job, ledger) for job in ledger.jobs.values()]
    assert rows.counts() == {state: ledger.counts()[state] for state in map(str, State) if state in ledger.counts()}
    assert {name: set(ids) for name, ids in rows.of_release.items()} == {
        name: set(ids) for name, ids in ledger._of_release.items()
    }


def test_what_cannot_be_read_is_passed_over() -> None:
    rows = Rows(load)
    rows.fold([{"type": "job"}, {"type": "tracker"}, {"type": "release", "release": "r", "facts": 3}], [b"", b"", b""])
    assert rows_of(rows) == []


def a_journal(state: Path, records: list[dict[str, Any]]) -> None:
    journal = Journal.open(state)
    journal.append(records)
    journal.close()


def born(name: str, tracker: str = "RED", **more: object) -> dict[str, Any]:
    return {
        "type": "job",
        "job": name,
        "tracker": tracker,
        "site": tracker.lower(),
        "release": "r",
        "state": "queued",
    } | more


def test_a_glance_reads_on_and_follows_a_compaction(tmp_path: Path) -> None:
    a_journal(tmp_path, [born("a1")])
    glance = Glance(tmp_path, Rows)
    assert not glance.refresh() and list(glance.fold.jobs) == ["a1"]
    journal = Journal.open(tmp_path)
    journal.append([born("b2", "OPS", priority=3)])
    assert glance.refresh() and [row["priority"] for row in rows_of(glance.fold)] == [0, 3]
    journal.compact()
    journal.compact()
    journal.append([{"type": "job", "job": "a1", "state": "cancelled"}])
    assert glance.refresh() and glance.fold.counts() == {"queued": 1, "cancelled": 1}
    assert glance.trouble == ""
    journal.close()
    glance.close()


def test_a_glance_at_a_disk_that_refuses_says_so(tmp_path: Path) -> None:
    a_journal(tmp_path, [born("a1")])
    disk = FaultyDisk()
    disk.fail("open", errno.EACCES, name="journal.jsonl")
    with pytest.raises(NotNow):
        Glance(tmp_path, Rows, fs=disk)


def test_a_glance_at_nothing_says_so(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(NotFound):
            Glance(folder, Rows)


ROWS: list[dict[str, object]] = [
    {"job": "1", "tracker": "RED", "site": "redacted", "state": "done", "code": None, "rule": "albums", "kind": "music",
     "time": "2026-11-22T12", "born": "2026-11-01", "not_before": None, "priority": 0, "name": "beta"},
    {"job": "2", "tracker": "OPS", "site": "orpheus", "state": "queued", "code": None, "rule": "albums",
     "kind": "music", "time": "2026-11-22T10", "born": "2026-11-03", "not_before": "2026-11-23", "priority": 0,
     "name": "Alpha"},
    {"job": "3", "tracker": "NBL", "site": "nebulance", "state": "held", "code": "review", "rule": None, "kind": "tv",
     "time": "2026-11-22T11", "born": "2026-11-02", "not_before": None, "priority": 2, "name": None},
]  # fmt: skip


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("created", "132"), ("changed", "231"), ("next", "213"), ("state", "213"), ("tracker", "321"), ("code", "312"),
        ("priority", "312"), ("name", "213"), ("rule", "123"),
    ],
)  # fmt: skip
def test_jobs_are_sorted_by_what_a_person_looks_for(by: str, order: str) -> None:
    assert "".join(str(row["job"]) for row in in_order(ROWS, by)) == order


def test_every_order_is_tried_here() -> None:
    assert [row["job"] for row in in_order(ROWS, "changed", reverse=True)] == ["1", "3", "2"]
    assert set(SORTS) == {"created", "changed", "next", "state", "tracker", "code", "priority", "name", "rule"}


def test_filters_choose_together_and_name_what_is_near() -> None:
    def ids(**asked: str) -> str:
        return "".join(str(row["job"]) for row in Filter(**asked).of(ROWS))

    assert ids() == "123" and not Filter() and Filter(rule="albums")
    assert ids(rule="albums") == "12" and ids(rule="albums", state="done") == "1" and ids(tracker="nebulance") == "3"
    assert (
        ids(kind="tv") == "3"
        and ids(code="review") == "3"
        and ids(code="brake") == ""
        and ids(since="2026-11-22T11") == "13"
    )
    for asked in ({"rule": "album"}, {"kind": "musik"}, {"code": "revew"}, {"tracker": "RDE"}):
        with pytest.raises(NotFound, match="did you mean"):
            ids(**asked)
    assert Filter(tracker="RED").of([]) == []
