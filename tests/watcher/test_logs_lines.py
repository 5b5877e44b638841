"""One line of the log, the escape for names from outside, and the line for each journal record. All pure."""

from __future__ import annotations

import json
import math
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackers.errors import Unavailable
from trackers.secret import Secret
from watcher.errors import SeedpostError
from watcher.logs import Filter, as_json, as_text, line_for, safe
from watcher.logs.lines import KEYS, LONGEST, cleaned, ordered

# One line each: what must not reach a terminal as it is
HOSTILE = (
    "\x1b[2J\x1b[H", "\x1b]0;title\x07", "a\nb", "a\rb", "\x9b31m", "\u202egpj.exe", "\u2066x\u2069", "x\x00y", "\x7f",
    "\udcff\udc80", "\ud800", "\u2028", "\u200b", "\ufeff", "\U000e0041", "\x85", "tab\there", "\u061c", "\uffff",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_moves_a_cursor_or_turns_text_is_made_visible(text):
    shown = safe(text)
    assert shown != text
    assert shown.isprintable()


@given(st.text(st.characters(codec=None), max_size=200))
def test_safe_text_has_no_control_and_no_direction_character(text):
    for char in safe(text):
        assert unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(char) not in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


@given(st.text(max_size=100))
def test_safe_text_is_safe_already(text):
    assert safe(safe(text)) == safe(text)


@pytest.mark.parametrize("name", ["Sigur Rós — ( )", "東京事変", "می‌خواهم", "👩‍👩‍👧", "back\\slash", "Ænima [FLAC]"])
def test_an_honest_name_stays_as_it_is(name):
    assert safe(name) == name


def test_a_byte_that_was_not_utf8_shows_as_that_byte():
    assert safe("caf\udce9") == "caf\\xe9"


def test_line_ends_stay_where_lines_are_meant():
    assert safe("a\n\x1bb\r\n", lines=True) == "a\n\\x1bb\\r\n"


def test_the_documented_keys_come_first_in_their_order():
    fields = dict.fromkeys(reversed(KEYS), 1) | {"other": 2, "why": 3}
    assert list(ordered(fields)) == [*KEYS, "other", "why"]


def test_keys_without_a_value_are_left_out():
    assert ordered({"event": "job.held", "tracker": None, "attempt": 0}) == {"event": "job.held", "attempt": 0}


def test_an_error_becomes_its_words_its_kind_and_its_hint():
    fields = cleaned({"error": SeedpostError("the disk is full", hint="free some room")})
    assert fields == {"error": "the disk is full", "error.kind": "SeedpostError", "hint": "free some room"}
    assert cleaned({"error": Unavailable("rate-limited", "later")})["error.kind"] == "rate-limited"
    assert cleaned({"error": ValueError()}) == {"error": "ValueError", "error.kind": "ValueError"}
    assert cleaned({"error_kind": "no-cover"}) == {"error.kind": "no-cover"}


def test_every_value_becomes_plain_json():
    fields = {
        "path": Path("/srv/a"), "bytes": b"\xff", "set": {1}, "nan": math.nan, "deep": [[[[[1]]]]], "none": None,
        "secret": Secret("never-seen-31337"), "in": {"dict": (1.0000001, True)},
    }  # fmt: skip
    written = json.loads(as_json(cleaned(fields)))
    assert written["path"] == "/srv/a"
    assert written["bytes"] == "\udcff"
    assert written["set"] == [1]
    assert written["nan"] == "nan"
    assert written["secret"] == "***"
    assert written["in"] == {"dict": [1.0, True]}


def test_a_field_named_like_a_secret_shows_nothing_whatever_its_value():
    assert cleaned({"passkey": "x1", "with": {"API_key": 7, "id": 3}}) == {
        "passkey": "***",
        "with": {"API_key": "***", "id": 3},
    }


def test_a_value_whose_own_text_fails_costs_only_itself():
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert cleaned({"x": Broken(), "y": 1}) == {"x": "<Broken without a text: RuntimeError>", "y": 1}


def test_a_long_value_is_cut_after_its_secrets_are_out():
    Secret("secret-at-the-cut-77")
    text = "x" * (LONGEST - 5) + "secret-at-the-cut-77"
    shown = str(cleaned({"text": text})["text"])
    assert "secre" not in shown
    assert len(shown) < LONGEST + 100


def test_a_password_does_not_rename_events_or_times(monkeypatch):
    known = Filter()
    for password in ("job", "2026", "job.held"):
        known.add(password)
    monkeypatch.setattr("watcher.logs.filter.FILTER", known)
    fields = cleaned({"time": "2026-11-22T10:00:00.000000Z", "level": "info", "event": "job.held", "why": "job 2026"})
    assert fields == {"time": "2026-11-22T10:00:00.000000Z", "level": "info", "event": "job.held", "why": "*** ***"}


@given(st.dictionaries(st.text(st.characters(codec=None), max_size=9), st.text(st.characters(codec=None)), max_size=4))
def test_a_json_line_is_one_line_of_printable_ascii_and_reads_back(fields):
    line = as_json(fields)
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == fields


@given(st.dictionaries(st.text(st.characters(codec=None), min_size=1, max_size=9), st.text(st.characters(codec=None))))
def test_a_text_line_is_one_line_without_control_characters(fields):
    line = as_text({"time": "", "level": "info", "event": "x.y", **{"f" + key: one for key, one in fields.items()}})
    assert not [char for char in line if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]


@pytest.fixture
def in_berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
def test_a_text_line_has_local_time_and_reads_well():
    fields = {
        "time": "2026-11-22T10:00:00.123456Z", "level": "warning", "event": "job.held", "tracker": "RED",
        "not_before": "2026-11-22T11:00:00.000000Z", "why": "no cover", "to": ["RED", "OPS"], "size": 7, "x": "",
    }  # fmt: skip
    rest = 'tracker=RED not_before="2026-11-22 12:00:00" why="no cover" to=RED,OPS size=7 x=""'
    assert as_text(fields) == f"2026-11-22 11:00:00 warning {'job.held':20} {rest}"
    assert as_text(fields, colour=True).startswith("2026-11-22 11:00:00 \x1b[33mwarning\x1b[0m job.held")
    assert as_text({"time": "yesterday", "level": "odd", "event": "x"}, colour=True) == "yesterday odd     x"


def test_a_traceback_stands_below_its_line_and_is_escaped():
    text = as_text({"time": "t", "level": "error", "event": "process.crashed", "exception": "one\ntwo\x1b"})
    assert text.split("\n")[1:] == ["    one", "    two\\x1b"]


@pytest.mark.parametrize(
    ("record", "level", "event", "fields"),
    [
        (
            {
                "type": "job", "seq": 41, "job": "5f0c", "tracker": "RED", "site": "redacted.sh", "release": "9b1d",
                "state": "uploaded", "attempt": 1, "infohash": "ab", "torrent_id": "7", "url": "https://x/7",
                "seconds": 3.5, "form": {"fields": []}, "digest": "d",
            },
            "info", "job.uploaded",
            {
                "job": "5f0c", "tracker": "RED", "release": "9b1d", "attempt": 1, "infohash": "ab", "torrent_id": "7",
                "url": "https://x/7", "duration_s": 3.5, "seq": 41,
            },
        ),
        (
            {
                "type": "job", "job": "5f0c", "state": "held", "code": "no-cover", "why": "a new group needs a cover",
                "resume": "seedpost queue edit 5f0c", "back_to": "queued", "open": False,
            },
            "warning", "job.held",
            {
                "job": "5f0c", "why": "a new group needs a cover", "resume": "seedpost queue edit 5f0c",
                "back_to": "queued", "open": False, "error.kind": "no-cover",
            },
        ),
        (
            {"type": "job", "job": "1", "state": "unconfirmed", "passes": [{}, {}]},
            "warning", "job.unconfirmed", {"job": "1", "passes": 2},
        ),
        (
            {"type": "job", "job": "1", "state": "queued", "code": "rate-limited", "not_before": "2026…"},
            "info", "job.queued", {"job": "1", "not_before": "2026…", "error.kind": "rate-limited"},
        ),
        (
            {
                "type": "release", "release": "9b", "source": "box", "name": "A", "size": 3, "facts": {"kind": {}},
                "decision": {"rule": "music", "trackers": {"RED": {}, "OPS": {}}, "reasons": []},
            },
            "info", "release.decided",
            {"release": "9b", "source": "box", "name": "A", "size": 3, "rule": "music", "to": ["RED", "OPS"]},
        ),
        (
            {"type": "release", "release": "9b", "decision": None, "undecided": "unknown-guard"},
            "warning", "release.decided", {"release": "9b", "error.kind": "unknown-guard"},
        ),
        (
            {"type": "source", "source": "box", "what": "baseline", "torrents": [["a", 1], ["b", 2]]},
            "info", "source.baseline", {"source": "box", "torrents": 2},
        ),
        (
            {"type": "tracker", "tracker": "RED", "breaker": "open", "code": "not-authorised", "why": "bad key"},
            "warning", "tracker.stopped", {"tracker": "RED", "why": "bad key", "error.kind": "not-authorised"},
        ),
        ({"type": "tracker", "tracker": "RED", "breaker": "closed"}, "info", "tracker.opened", {"tracker": "RED"}),
        ({"type": "rules", "what": "loaded", "rules": "abc"}, "info", "rules.loaded", {"rules": "abc"}),
        (
            {"type": "rules", "what": "rejected", "errors": ["rules.yaml:1:1: x"]},
            "error", "rules.rejected", {"errors": ["rules.yaml:1:1: x"]},
        ),
        ({"type": "command", "do": "retry", "jobs": ["5f"]}, "info", "command.retry", {"jobs": ["5f"]}),
        ({"type": "file", "generation": 2, "through": 9}, "info", "journal.begun", {"generation": 2, "through": 9}),
        ({"type": "snapshot", "job": "5f"}, "debug", "journal.snapshot", {"job": "5f"}),
        ({"type": "from-the-future"}, "debug", "journal.from-the-future", {}),
        ({}, "debug", "journal.unknown", {}),
    ],
)  # fmt: skip
def test_each_journal_record_has_one_line(record, level, event, fields):
    assert line_for(record) == (level, event, fields)


@given(
    st.dictionaries(
        st.sampled_from(["type", "state", "decision", "torrents", "passes", "breaker", "what", "do", "errors", "seq"]),
        st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
        | st.sampled_from(["job", "release", "source", "tracker", "rules", "command", "file"]),
    )
)  # fmt: skip
def test_a_record_of_any_shape_has_a_line(record):
    level, event, _ = line_for(record)
    assert level in ("debug", "info", "warning", "error")
    assert "." in event
