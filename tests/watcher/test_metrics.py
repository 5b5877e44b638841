"""The numbers of `seedpost stats`, from records written by hand, and the command over a real journal."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from tests.support_journal import NOON, ManualClock
from trackers.clock import utc_text
from watcher.cli import cli, main
from watcher.cli.options import Place
from watcher.errors import SeedpostError
from watcher.jobs.codes import CODES
from watcher.journal import Journal
from watcher.metrics import QUESTIONS, Statistics, percentile

DAY = 86400.0


def at(seconds: float, record: dict[str, object]) -> dict[str, object]:
    return {"time": utc_text(NOON + seconds)} | record


def job(id: str, state: str, **more: object) -> dict[str, object]:
    base = {"type": "job", "job": id, "tracker": "RED", "site": "redacted.sh", "release": "r" + id, "state": state}
    return base | more


def release(id: str, **more: object) -> dict[str, object]:
    base = {"type": "release", "release": "r" + id, "completed": int(NOON), "size": 1000}
    return base | {"decision": {"rule": "albums", "trackers": {}}} | more


def course(id: str, start: float = 0.0, **more: object) -> Iterator[dict[str, object]]:
    """A job that goes well: decided after 2 s, prepared after 5, uploaded after 9, seeded after 10, done after 20."""
    yield at(start + 2, release(id, completed=int(NOON + start)))
    for seconds, state in (
        (2, "queued"),
        (5, "prepared"),
        (8, "sending"),
        (9, "uploaded"),
        (10, "seeding"),
        (20, "done"),
    ):
        yield at(start + seconds, job(id, state, **more))


def folded(*records: dict[str, object]) -> Statistics:
    found = Statistics()
    found.add(records)
    return found


def test_an_upload_is_counted_once_with_the_time_of_each_stage() -> None:
    row = folded(*course("a")).rows()[""]
    assert (row["uploaded"], row["failed"], row["attempts"], row["bytes"]) == (1, 0, 1, 1000)
    assert (row["success_rate"], row["seconds_p50"], row["seconds_p95"]) == (1.0, 10.0, 10.0)
    assert {name: one["p50"] for name, one in row["stages"].items()} == {  # type: ignore[attr-defined]
        "decide": 2.0,
        "prepare": 3.0,
        "send": 1.0,
        "seed": 1.0,
        "confirm": 10.0,
    }


def test_rows_are_by_tracker_by_rule_and_by_day() -> None:
    found = folded(*course("a"), *course("b", DAY, tracker="OPS"), at(0, job("c", "held", code="review")))
    assert {name: row["uploaded"] for name, row in found.rows("tracker").items()} == {"OPS": 1, "RED": 1}
    assert {name: row["uploaded"] for name, row in found.rows("rule").items()} == {"albums": 2, "(no rule)": 0}
    assert {name: row["uploaded"] for name, row in found.rows("day").items()} == {"2026-11-22": 1, "2026-11-23": 1}
    assert found.rows("tracker", NOON + DAY).keys() == {"OPS"}


def test_a_question_to_a_person_is_no_failure_and_a_refusal_is_one() -> None:
    found = folded(
        at(0, job("a", "held", code="review")),
        at(0, job("b", "held", code="refused")),
        at(0, job("c", "held", code="cannot-tell", open=True)),
        at(0, job("d", "duplicate", code="duplicate")),
        at(0, job("e", "cancelled")),
        at(0, job("f", "queued")),
        *course("g"),
    ).rows()[""]
    assert (found["waiting"], found["failed"], found["duplicate"], found["cancelled"]) == (2, 2, 1, 1)
    assert found["success_rate"] == 0.3333
    assert found["errors"] == {"refused": 1, "cannot-tell": 1, "duplicate": 1}


def test_errors_count_each_time_anew_and_not_each_record() -> None:
    found = folded(
        at(0, job("a", "queued", code="unreachable")),
        at(1, job("a", "queued", code="unreachable", not_before=utc_text(NOON + 60))),
        at(2, job("a", "prepared")),
        at(3, job("a", "sending")),
        at(4, job("a", "unconfirmed", code="timeout")),
        at(5, job("a", "unconfirmed", code="timeout", passes=[])),
        at(6, job("a", "queued", code="absent")),
        at(7, job("a", "prepared")),
        at(8, job("a", "sending")),
        at(9, job("a", "uploaded")),
    ).rows()[""]
    assert found["errors"] == {"unreachable": 1, "timeout": 1, "absent": 1}
    assert (found["attempts"], found["uploaded"], found["failed"]) == (2, 1, 0)


def test_what_was_forgotten_and_sent_again_is_one_upload() -> None:
    records = [*course("a"), at(30, job("a", "queued", forget=True)), at(31, job("a", "sending"))]
    assert folded(*records).rows()[""]["uploaded"] == 1


def test_a_snapshot_stands_for_the_records_before_it() -> None:
    old = {"type": "snapshot", "job": "a", "tracker": "RED", "site": "redacted.sh", "release": "ra", "state": "done"}
    whose = {"type": "snapshot", "release": "ra", "size": 7, "decision": {"rule": "old"}}
    found = folded(at(0, whose), at(0, old)).rows("rule")
    assert found["old"]["uploaded"] == 1 and found["old"]["bytes"] == 7


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.integers(1, 100))
def test_a_percentile_is_one_of_the_values_and_enough_are_below_it(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found in {round(value, 3) for value in values}
    assert sum(round(value, 3) <= found for value in values) >= len(values) * percent / 100


def test_nothing_has_no_percentile_and_no_rate() -> None:
    assert percentile([], 50) is None
    assert folded(at(0, job("a", "queued"))).rows()[""]["success_rate"] is None


def test_the_questions_are_codes() -> None:
    assert set(CODES) >= QUESTIONS


class TestTheCommand:
    @pytest.fixture
    def state(self, tmp_path: Path) -> Path:
        state = tmp_path / "state"
        journal = Journal.open(state, clock=ManualClock())
        for record in course("a" * 12):
            record.pop("time")
            journal.append([record])
        journal.append([job("b" * 12, "queued"), job("b" * 12, "held", code="refused", back_to="queued")])
        journal.compact()
        return state

    def run(self, state: Path, *words: str) -> Result:
        return CliRunner().invoke(cli, ["stats", "--state", str(state), *words], obj=Place(), catch_exceptions=False)

    def test_json_has_the_documented_shape_from_the_archive_too(self, state: Path) -> None:
        found = json.loads(self.run(state, "--json").stdout)
        assert found.keys() == {"trackers", "rules", "days", "total"}
        red = found["trackers"]["RED"]
        assert {key: red[key] for key in ("uploaded", "failed", "success_rate")} == {
            "uploaded": 1,
            "failed": 1,
            "success_rate": 0.5,
        }
        assert red["seconds_p50"] is not None and red["seconds_p95"] is not None
        assert red["stages"]["send"]["p50"] is not None  # only the archive has the steps

    def test_the_screen_shows_rows_stages_errors_and_days(self, state: Path) -> None:
        text = self.run(state).stdout
        assert "RED" in text and "50 %" in text and "confirm" in text
        assert "refused  1  ████" in text and "2026-11-22  1  ████" in text

    def test_csv_has_one_row_each(self, state: Path) -> None:
        heads, row = self.run(state, "--csv", "--by", "rule").stdout.splitlines()[:2]
        assert heads.startswith("rule,uploaded,failed") and row.startswith("(no rule),0,1")
        assert "send_p50_s,send_p95_s" in heads and heads.endswith(",errors") and row.endswith(",refused=1")

    @pytest.mark.parametrize("by", ["rule", "day", "tracker"])
    def test_stages_are_drawn_as_bars_and_compared_by_what_was_asked(self, state: Path, by: str) -> None:
        text = self.run(state, "--by", by).stdout
        stages = text[text.index("the time a stage takes") :]
        assert "p50" in stages and "█" in stages
        assert (f"the same by {by}" in text) == (by == "rule")  # one day, one tracker: there is nothing to compare

    def test_a_terminal_of_another_encoding_shows_what_it_can(
        self, state: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
        monkeypatch.setattr("sys.stdout", old)
        with pytest.raises(SystemExit) as ended:
            main(["stats", "--state", str(state)])
        old.flush()
        assert ended.value.code == 0 and b"????" in old.buffer.getvalue()  # type: ignore[attr-defined]

    def test_nothing_in_the_time_asked_for_is_said(self, state: Path) -> None:
        assert self.run(state, "--since", "2027-01-01").stdout == "nothing yet\n"

    def test_without_a_journal_it_says_who_begins_it(self, tmp_path: Path) -> None:
        with pytest.raises(SeedpostError, match="there is no journal in"):
            self.run(tmp_path)
