"""A daemon that starts without the key to its vault, as after a reboot: it watches, waits, says so, and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_seedpost import Seedpost
from tests.support_webui import PASSWORD, WebUI, serving
from trackers.sandbox import Sandbox
from trackers.sandbox.album import write_album
from trackers.secret import Secret
from watcher.errors import NOT_AUTHORISED, OK
from watcher.jobs import State
from watcher.secrets import Secrets
from watcher.secrets import vault as vault_format

WORDS = "correct horse battery staple"
RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: none}}
clients:
  seedbox: {{url: '{webui}'}}
folders:
  - {{name: rips, path: '{folder}', settle: 1s}}
trackers:
  RED: {{type: sandbox-redacted, url: '{red}', new_group: upload, web_flac: upload, quiet: 1s}}
  OTHER: {{type: sandbox-redacted, url: '{other}', new_group: upload, web_flac: upload, quiet: 1s}}
rules:
  - name: albums
    match: {{kind: music}}
    upload_to:
      RED: {{set: {{image: 'https://pictures.invalid/c.png'}}}}
      OTHER: {{set: {{image: 'https://pictures.invalid/c.png'}}}}
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture
def other() -> Iterator[Sandbox]:
    """A second site: the name of its host is another one."""
    with Sandbox(seed=1) as one:
        yield one


@pytest.fixture
def webui() -> Iterator[WebUI]:
    with serving(WebUI("5.1.0")) as one:
        yield one


@pytest.fixture
def seedpost(
    tmp_path: Path, sandbox: Sandbox, other: Sandbox, webui: WebUI, monkeypatch: pytest.MonkeyPatch
) -> Seedpost:
    """RED's key and the client's password are in a vault with a passphrase; OTHER's key is in the environment."""
    monkeypatch.setattr(vault_format.with_slot, "__kwdefaults__", {"cost": vault_format.COSTS.start})
    (tmp_path / "rips").mkdir()
    away = other.url_of("redacted").replace("127.0.0.1", "localhost")
    urls = {"red": sandbox.url_of("redacted"), "other": away, "webui": webui.url}
    keys = {"SEEDPOST_SECRET_OTHER_API_KEY": other.account("redacted").api_key}
    one = Seedpost(tmp_path, RULES.format(folder=tmp_path / "rips", **urls), keys, daemon=True)
    vault = Secrets(one.state, {"SEEDPOST_VAULT_PASSPHRASE": WORDS, "HOME": str(tmp_path)})
    vault.set("red.api_key", Secret(sandbox.account("redacted").api_key), "127.0.0.1")
    vault.set("seedbox.password", Secret(PASSWORD), "127.0.0.1")
    return one


def test_K1_K7_a_locked_vault_stops_only_what_needs_it_and_unlock_lets_it_go_on(
    seedpost: Seedpost, sandbox: Sandbox, webui: WebUI, tmp_path: Path
) -> None:
    seedpost.start()
    seedpost.until(lambda: seedpost.met("rips"))
    write_album(tmp_path / "rips", artist="The Loopbacks", album="Album", year=2020, tracks=1, media="WEB", seconds=0.1)
    seedpost.until(lambda: seedpost.states().get("OTHER") is State.UPLOADED, "the tracker with a key")
    assert seedpost.states()["RED"] is State.QUEUED
    assert (sandbox.posts("redacted"), webui.count("auth/login")) == ([], 0)

    status = seedpost.json("status")
    breaker = status["lanes"]["RED"]["breaker"]
    assert breaker["code"] == "vault-locked"
    assert "seedpost unlock" in breaker["why"]
    assert "seedpost unlock" in status["vault"]
    assert status["lanes"]["OTHER"]["breaker"] is None
    assert "the vault is locked" in status["clients"]["seedbox"]["error"]
    assert "seedpost unlock" in seedpost("status").stdout

    wrong = seedpost("unlock", give="not the right one\n")
    assert (wrong.returncode, "wrong passphrase" in wrong.stderr) == (NOT_AUTHORISED, True)
    assert seedpost("unlock", give=WORDS + "\n").returncode == OK
    seedpost.until(lambda: seedpost.states()["RED"] is State.UPLOADED, "the tracker that waited")
    seedpost.until(lambda: webui.count("auth/login") == 1, "the client that waited")
    assert seedpost.json("status")["vault"] == ""
    assert seedpost.end() == 0
    assert not (seedpost.state / "unlock.sock").exists()
