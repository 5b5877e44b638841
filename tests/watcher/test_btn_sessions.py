"""A browser's cookies for BTN from the command line: a stranger's, expired ones, a session that ends; never a login."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_seedpost import Seedpost
from trackers.sandbox import Sandbox
from trackers.sandbox.btn import session
from watcher.errors import NOT_AUTHORISED, OK

RULES = """\
version: 1
seed: {{client: none}}
trackers:
  BTN: {{type: sandbox-btn, url: '{url}', quiet: 30s}}
rules:
  - {{name: shows, match: {{kind: tv}}, upload_to: [BTN]}}
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture
def seedpost(tmp_path: Path, sandbox: Sandbox) -> Seedpost:
    key = tmp_path / "vault.key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    return Seedpost(tmp_path, RULES.format(url=sandbox.url_of("btn")), {"SEEDPOST_VAULT_KEY_FILE": str(key)})


def export(value: str, host: str = "127.0.0.1", until: int = 0) -> str:
    return f"# Netscape HTTP Cookie File\n{host}\tFALSE\t/\tFALSE\t{until}\tsession\t{value}\n"


def test_an_export_that_is_no_session_is_refused_and_no_session_is_asked_for_twice(
    seedpost: Seedpost, sandbox: Sandbox
) -> None:
    ours = session(sandbox.account("btn").passkey)
    strangers = seedpost("secrets", "set", "btn.cookies", give=export(ours, host="elsewhere.example"))
    assert strangers.returncode != OK
    assert "elsewhere.example" in strangers.stderr
    expired = seedpost("secrets", "set", "btn.cookies", give=export(ours, until=1_600_000_000))
    assert expired.returncode != OK
    assert "2020-09-13" in expired.stderr
    assert sandbox.requests("btn") == []
    assert seedpost("secrets", "set", "btn.cookies", give=export(ours)).returncode == OK
    assert seedpost("check", "--online").returncode == OK
    sandbox.revoke("btn")
    asked = len(sandbox.requests("btn"))
    ended = seedpost("check", "--online")
    assert ended.returncode == NOT_AUTHORISED
    assert "seedpost secrets set btn.cookies" in ended.stdout + ended.stderr
    paths = [seen.path for seen in sandbox.requests("btn")[asked:]]
    assert paths == ["upload.php"]  # and never login.php
    assert not any(ours in done.stdout + done.stderr for done in (strangers, expired, ended))
