"""Every field of both forms is accounted for: docs/trackers.md says of each where its value comes from, or why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support_sandbox import Hands
from tests.support_trackers import ALBUMS, form, opened, recordings, upload
from trackers.base import Form
from trackers.catalogue import TYPES
from trackers.redacted import DRY_RUN
from trackers.sandbox import Sandbox, wire

PAGE = Path(__file__).parents[2] / "docs/trackers.md"
SITES = {"RED": "redacted", "OPS": "orpheus"}


def plain(field: str) -> str:
    """A field without its place in a list."""
    return re.sub(r"\[\d*\]$", "", re.sub(r"^(extra_file)_\d$", r"\1", field))


def table() -> dict[str, dict[str, str]]:
    """field: the cells of its row."""
    section = PAGE.read_text().partition("### Every field of the two forms")[2].partition("\n### ")[0]
    head, _, *rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    names = [cell.strip() for cell in head]
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        cells = dict(zip(names, (cell.strip() for cell in row), strict=True))
        found |= {plain(field): cells for field in re.findall(r"`([^`]+)`", cells["field"])}
    return found


def test_every_field_that_a_real_server_was_sent_is_in_the_table() -> None:
    rows = [row for row in recordings() if row["params"].get("action") == "upload"]
    sent = {plain(key) for row in rows for key in [*(row["fields"] or ()), *(key for key, *_ in row["files"] or ())]}
    assert sent - {"action", "torrent"} <= table().keys()  # a file under a wrong name, to see what is said of it
    assert len(sent) > 25


@pytest.mark.parametrize("name", SITES)
def test_every_field_that_is_filled_in_is_in_the_table_for_that_site(name: str) -> None:
    tracker, known = opened(f"sandbox-{SITES[name]}", "http://127.0.0.1:1", None), table()
    made = [form(tracker, one, **set) for one, set in ALBUMS.values()]
    made.append(form(tracker, ALBUMS["web flac album"][0], vanity_house=True))
    filled = {plain(key) for one in made for key, _ in one.fields}
    filled |= {plain(file.key) for one in made for file in one.attachments} | {"file_input"}
    filled |= {DRY_RUN[0]} if TYPES[SITES[name]].dry_run else set()
    assert filled == {field for field, cells in known.items() if cells[name] == "yes"}
    assert {cells[name] for cells in known.values()} == {"yes", "no"}


@pytest.mark.parametrize("site", SITES.values())
def test_what_may_be_set_is_marked_so_in_the_table(site: str) -> None:
    marked = {field for field, cells in table().items() if "*set*" in cells["its value"]}
    assert marked == {*TYPES[site].form_keys} - {"request"}  # which is no field: it is filled by a step of its own


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The fields that the sandbox asks of a form while it takes uploads in."""
    seen: set[str] = set()
    for verb in ("get", "array", "file"):
        real = getattr(wire.Form, verb)

        def spy(self: wire.Form, key: str, real: Any = real) -> Any:
            seen.add(plain(key))
            return real(self, key)

        monkeypatch.setattr(wire.Form, verb, spy)
    yield seen


@pytest.mark.parametrize("site", SITES.values())
def test_every_field_that_the_sandbox_looks_at_is_in_the_table(site: str, looked_at: set[str]) -> None:
    book = Form((("type", "3"), ("title", "A Book"), ("desc", "A book that is read aloud."), ("tags", "audio.book"),
                 ("format", "MP3"), ("bitrate", "320"), ("year", "2020")))  # fmt: skip
    with Sandbox(clock=(clock := Hands())) as sandbox:
        key, flag = sandbox.account(site).api_key, sandbox.store(site).flag
        tracker = opened(f"sandbox-{site}", sandbox.url_of(site), None, clock=clock, key=key)
        account = tracker.account()
        for name in ("cd with log and cue", "other bitrate", "remaster with label and number", "unknown edition"):
            one, set = ALBUMS[name]
            one = replace(one, name=name)
            tracker.upload(upload(form(tracker, one, **set), one, flag, account))
        tracker.upload(upload(book, ALBUMS["single"][0], flag, account))
    assert looked_at - {"name", "action"} <= table().keys()
    assert {"requestid", "desc", "extra_format", "extra_bitrate"} <= looked_at  # the looking is seen at all
