"""`rules explain --online`: what the trackers say before anything is decided, asked read-only and once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support_seedpost import rules_of
from trackers.sandbox import Fault, Sandbox
from trackers.sandbox.album import write_album
from watcher import cli


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture
def place(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    key = tmp_path / "key"
    key.touch(0o600)
    key.write_text(sandbox.account("redacted").api_key)
    monkeypatch.setenv("SEEDPOST_SECRET_RED_API_KEY_FILE", str(key))
    (tmp_path / "rips").mkdir()
    (tmp_path / "rules.yaml").write_text(rules_of(tmp_path / "rips", sandbox))
    return tmp_path


def explained(place: Path, capsys: pytest.CaptureFixture[str], what: Path, *more: str) -> str:
    words = ["rules", "explain", str(what), "--rules", str(place / "rules.yaml"), "--state", str(place / "state")]
    with pytest.raises(SystemExit) as ended:
        cli.main([*words, *more])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_it_says_what_of_a_site_resembles_it(place: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    stocked = write_album(place, artist="The Loopback Quartet", album="Standards on Port Zero", year=2009, tracks=1,
                          media="CD", seconds=0.1)  # fmt: skip
    new = write_album(place, artist="The Loopbacks", album="Evening", year=2020, tracks=1, media="WEB", seconds=0.1)
    assert "on the site" not in explained(place, capsys, new)
    assert sandbox.requests("redacted") == []

    assert "on the site: nothing like it" in explained(place, capsys, new, "--online")
    told = explained(place, capsys, stocked, "--online")
    assert "on the site: " in told and sandbox.url_of("redacted") in told.split("on the site: ")[1]
    sites: dict[str, Any] = json.loads(explained(place, capsys, stocked, "--online", "--json"))["sites"]
    assert {"what", "url", "facts"} <= set(sites["RED"]["found"][0])
    assert {one.method for one in sandbox.requests("redacted")} == {"GET"}
    assert not (place / "state" / "journal.jsonl").exists()


def test_a_site_that_can_t_be_asked_is_told_and_spoils_nothing(
    place: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    new = write_album(place, artist="The Loopbacks", album="Evening", year=2020, tracks=1, media="WEB", seconds=0.1)
    sandbox.fail("redacted", Fault("bad-gateway", action="*", times=0))
    assert "on the site: can't be told: " in explained(place, capsys, new, "--online")
    sandbox.clear("redacted")
    sandbox.revoke("redacted")
    assert "on the site: can't be told: " in explained(place, capsys, new, "--online")
