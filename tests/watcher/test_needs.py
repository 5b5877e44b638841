"""What `status` says to need a person: every question has commands, each one that there is, and none is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.support_commands import understood
from tests.support_journal import NOON
from trackers.clock import utc_text
from watcher.jobs import Rows
from watcher.jobs.codes import CODES
from watcher.service.needs import Need, needs

WELL: Mapping[str, Any] = {
    "running": True, "stopped": "", "vault": "", "rules": {"valid": True}, "clients": {}, "folders": {}, "lanes": {},
    "lookups": {},
}  # fmt: skip
KEYS = {"RED": ["red.api_key"], "seedbox": ["seedbox.password"]}
JOB = {"type": "job", "tracker": "RED", "site": "redacted.sh", "attempt": 0, "state": "held", "back_to": "queued"}


def rows_of(*records: Mapping[str, object]) -> Rows:
    rows = Rows(lambda value: value)
    for seq, record in enumerate(records, 1):
        rows.fold([{"v": 1, "seq": seq, "time": utc_text(NOON + seq), **record}], [b""])
    return rows


def held(number: int, code: str, why: str = "", **keys: object) -> dict[str, object]:
    id, release = f"{number:012x}", f"{number + 100:012x}"
    resume = keys.pop("resume", f"seedpost queue approve {id}")
    return {**JOB, "job": id, "release": release, "code": code, "why": why, "resume": resume, **keys}


def release(number: int, **keys: object) -> dict[str, object]:
    id = f"{number + 100:012x}"
    about = {"type": "release", "release": id, "fingerprint": id, "from": "folder", "source": "rips", "infohash": ""}
    return {**about, "completed": 0, "name": f"Album {number}", "path": f"/srv/rips/Album {number}", **keys}


def asked(*records: Mapping[str, object], **status: object) -> list[Need]:
    """What needs a person; each of its commands is one that is understood as it stands."""
    found = needs({**WELL, **status}, rows_of(*records), KEYS)
    for one in found:
        assert one.commands, one
        for command, does in one.commands:
            assert understood(command) and does, command
    return found


def commands(found: Sequence[Need]) -> list[str]:
    return [command for one in found for command, _ in one.commands]


def test_where_all_is_well_nothing_is_asked() -> None:
    assert asked() == []


@pytest.mark.parametrize("code", CODES)
def test_each_code_of_a_held_job_has_a_command(code: str) -> None:
    (one,) = asked(release(1), held(1, code))
    assert (one.code, one.count, one.names, one.jobs) == (code, 1, ["Album 1"], [f"{1:012x}"])
    assert any(f"{1:012x}" in command for command in commands([one]))


@pytest.mark.parametrize("code", CODES)
def test_each_code_of_a_stopped_tracker_has_a_command(code: str) -> None:
    (one,) = asked(lanes={"RED": {"breaker": {"code": code, "why": "so", "until": None}}})
    assert (one.what, one.about, one.code) == ("tracker", "RED", code)
    assert "seedpost resume RED" in commands([one]) or "seedpost unlock" in commands([one])


@pytest.mark.parametrize("code", CODES)
def test_each_code_of_an_undecided_release_has_a_command(code: str) -> None:
    (one,) = asked(release(1, undecided=code, why="so"), release(2, undecided=code, why="so"))
    assert (one.what, one.about, one.count, one.names) == ("release", "rips", 2, ["Album 1", "Album 2"])


def test_a_tracker_that_goes_on_by_itself_asks_nothing() -> None:
    assert asked(lanes={"RED": {"breaker": {"code": "dns", "why": "so", "until": "later"}}, "OPS": {}}) == []


def test_many_jobs_of_one_kind_are_one_question_with_a_filter_that_means_just_them() -> None:
    (one,) = asked(*(held(number, "review") for number in range(30)))
    assert one.count == 30
    assert "seedpost queue approve --state held --tracker RED --code review" in commands([one])


def test_of_one_code_what_asks_for_different_fields_is_asked_apart_by_ids() -> None:
    media = [held(number, "require", "music.media: want WEB, got Vinyl") for number in (1, 2)]
    year = held(3, "require", "set.title: a value for {year}, got unknown; music.year: want 2020, got unknown")
    first, second = asked(*media, year)
    assert first.commands[0][0] == f"seedpost queue edit {1:012x} {2:012x} music.media=…"
    assert second.commands[0][0] == f"seedpost queue edit {3:012x} title=…"


def test_reasons_that_differ_are_counted() -> None:
    (one,) = asked(*(held(number, "new-group", f"why {number}") for number in range(3)))
    assert one.why == "why 0 (and 2 like it)"


def test_an_unknown_outcome_is_asked_job_by_job_and_never_to_be_approved() -> None:
    found = asked(*(held(number, "second-unknown", open=True, back_to="unconfirmed") for number in (1, 2)))
    assert [one.count for one in found] == [1, 1]
    assert f"seedpost queue resolve {1:012x} --absent" in commands(found)
    assert not any("approve" in command for command in commands(found))


def test_what_waits_for_the_journal_s_repair_says_so() -> None:
    (one,) = asked(held(1, "journal-behind", resume="seedpost journal repair"))
    assert commands([one]) == ["seedpost journal repair"]


def test_dry_runs_are_one_line_with_the_walk_through_them() -> None:
    (one,) = asked(release(1), held(1, "", state="dry_run", back_to=None, resume=None))
    assert (one.what, one.count, commands([one])) == ("dry_run", 1, ["seedpost queue review --state dry_run"])


@pytest.mark.parametrize(
    ("status", "command"),
    [
        ({"running": False}, "seedpost run"),
        ({"rules": {"valid": False}}, "seedpost check"),
        ({"vault": "the vault is locked"}, "seedpost unlock"),
        ({"stopped": "crash-loop: goes on in ten minutes, or: seedpost resume"}, "seedpost resume"),
        ({"stopped": "journal-behind: seedpost journal repair"}, "seedpost journal repair"),
        ({"stopped": "disk-full"}, "seedpost journal verify"),
        ({"clients": {"seedbox": {"up": False, "error": "refused"}}}, "seedpost secrets set seedbox.password"),
        ({"clients": {"seedbox": {"paused": {"until": None}}}}, "seedpost resume seedbox"),
        ({"folders": {"old rips": {"paused": {"until": None}}}}, "seedpost resume 'old rips'"),
        ({"folders": {"rips": {"up": False, "error": "there is no such folder"}}}, "seedpost check --online"),
    ],
)
def test_what_concerns_everything_has_its_command(status: dict[str, object], command: str) -> None:
    (one,) = asked(**status)
    assert command in commands([one])


def test_a_source_that_rests_for_a_while_or_is_up_asks_nothing() -> None:
    resting, up = {"paused": {"until": "later"}, "up": False, "error": "so"}, {"up": True, "error": ""}
    assert asked(clients={"seedbox": resting, "other": up}) == []


def test_each_release_of_an_unclear_title_is_a_question_of_its_own() -> None:
    jobs = [held(one, "ids-unclear", resume=f"seedpost queue edit --release {one:012x} ids.tmdb=…") for one in (1, 2)]
    found = asked(*jobs, release(1), release(2))
    assert [one.commands[0][0] for one in found] == [
        f"seedpost queue edit --release {one:012x} ids.tmdb=…" for one in (1, 2)
    ]


def test_a_look_up_service_that_refused_its_key_is_named_with_what_opens_it() -> None:
    stopped = {"tmdb": {"breaker": {"code": "key-refused", "why": "tmdb: it refused the key (401)", "until": None}}}
    (found,) = asked(lookups=stopped)
    assert (found.what, found.about) == ("look-up", "tmdb")
    assert found.commands[-1][0] == "seedpost resume tmdb"
