"""What the site itself would make of an upload: asked for the content as the site would see it, and nothing stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_sites import SiteWorld, site_world
from trackers.sandbox.album import write_album
from watcher.config import parse
from watcher.errors import DUPLICATE, INVALID, SeedpostError
from watcher.jobs import State
from watcher.secrets import Secrets
from watcher.service.dryrun import dry_run

RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: none}}
trackers:
  RED: {{type: sandbox-redacted, url: '{url}', quiet: 600s, deadline: 5s, stage: {stage}, exclude: ['*.nfo']}}
rules:
  - {{name: all, match: {{name: '*'}}, upload_to: {{RED: {{}}}}}}
"""


@pytest.fixture
def one(tmp_path: Path) -> Iterator[SiteWorld]:
    with site_world(tmp_path, "RED") as world:
        text = RULES.format(url=world.sandbox.url_of("redacted"), stage=tmp_path / "stage")
        world.config = parse(text.encode())
        yield world


def told(one: SiteWorld) -> dict[str, str]:
    environ = {"SEEDPOST_SECRET_RED_API_KEY": one.sandbox.account("redacted").api_key}
    state = one.folder / "state"
    secrets = Secrets(state, environ, clock=one.clock)
    return dry_run(one.mine(), one.journal, one.config, secrets, state, one.clock)


def test_what_would_be_staged_is_asked_for_as_it_would_be_sent(one: SiteWorld) -> None:
    path = write_album(
        one.folder / "content", artist="The Loopbacks", album="Who?", year=2020, tracks=2, media="WEB", seconds=0.1,
        name="Who? (2020) [WEB FLAC]",
    )  # fmt: skip
    (path / "about.nfo").write_text("taken out")
    one.found(path)
    one.until(one.settled)
    assert (one.mine().state, one.mine().code) == (State.HELD, "new-group")
    assert told(one)["title"] == "Who?"  # as it lies, the folder's name would be refused
    assert one.ours() == [] and not (one.folder / "stage").exists()
    one.command("approve", one.mine().job)
    one.until(one.settled)
    (torrent,) = one.ours()
    assert (torrent.folder, ".nfo" in str(torrent.files)) == ("Who_ (2020) [WEB FLAC]", False)
    with pytest.raises(SeedpostError, match="was sent already") as caught:
        told(one)
    assert caught.value.exit_code == DUPLICATE


def test_a_tracker_that_is_gone_can_not_be_asked(one: SiteWorld) -> None:
    one.album()
    one.until(one.settled)
    one.config = parse(b"version: 1\ntrackers: {OPS: {type: orpheus}}\nrules: []\n")
    with pytest.raises(SeedpostError, match="no tracker of") as caught:
        told(one)
    assert caught.value.exit_code == INVALID
