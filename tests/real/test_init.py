"""`seedpost init` on a terminal, with a real qBittorrent and the sandbox: from nothing to rules in dry_run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support_qbittorrent import Qbittorrent, album, torrent_of
from tests.support_seedpost import Seedpost, keys_of
from tests.support_terminal import Terminal
from trackers.sandbox import Sandbox
from watcher.errors import OK
from watcher.service.nox import USERNAME

pytestmark = pytest.mark.real


def nobody(folder: Path) -> Seedpost:
    """A user without rules, state or secrets."""
    seedpost = Seedpost(folder, "", {})
    seedpost.rules.unlink()
    return seedpost


def test_from_nothing_to_rules_that_decide(qbittorrent: Callable[..., Qbittorrent], tmp_path: Path) -> None:
    client, seedpost = qbittorrent(), nobody(tmp_path)
    client.api.torrents_create_category("music")
    content = album(tmp_path / "downloads")
    torrent, _ = torrent_of(content)
    infohash = client.add(torrent, save_path=str(content.parent), category="music")
    client.complete(infohash)
    with Sandbox() as sandbox:
        with Terminal(seedpost, "init") as terminal:
            key = next(iter(value for name, value in keys_of(sandbox).items() if "RED_API" in name))
            terminal.until("Is there a qBittorrent?")
            terminal.line("")
            terminal.until("Address of its web interface")
            terminal.line(client.url)
            terminal.until("User")
            terminal.line(USERNAME)
            terminal.until("password (hidden)")
            terminal.line("wrong")
            assert "it refuses the password" in terminal.until("Try again?")
            terminal.line("")
            terminal.until("Address of its web interface")
            terminal.line(client.url)
            terminal.until("User")
            terminal.line(USERNAME)
            terminal.until("password (hidden)")
            terminal.line(client.password)
            assert "with 1 torrents" in terminal.until("category")
            terminal.until("Which may be uploaded?")
            terminal.line("musik")
            terminal.until("there is no category musik")
            terminal.until("Which may be uploaded?")
            terminal.line("music")
            terminal.until("Watch a folder, too?")
            terminal.line("n")
            terminal.until("Which are yours?")
            terminal.line("sandbox-redacted")
            terminal.until("be called?")
            terminal.line("RED")
            terminal.until("Address of RED")
            terminal.line(sandbox.url_of("redacted"))
            terminal.until("red.api_key (hidden)")
            terminal.line(key)
            text = terminal.ended(OK)
        rules = seedpost.rules.read_text()
        with Terminal(seedpost, "init") as terminal:  # and again: nothing is asked that is there
            assert "stays as it is" in terminal.ended(OK)
    assert re.search(r"nothing is done\):\s+1 × .+ → nowhere\s", text), "where what is there would go"
    assert "all answered" in text and "Next: read" in text
    assert key not in text and client.password not in text
    assert "mode: dry_run" in rules and "torrent.category: [music]" in rules
    assert seedpost("check").returncode == OK
    assert {one["name"]: one["origin"] for one in seedpost.json("secrets", "list")} == {
        "red.api_key": "vault",
        "seedbox.password": "vault",
    }
    assert seedpost.rules.read_text() == rules
