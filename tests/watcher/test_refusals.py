"""Every refusal that RED or OPS has words for, from the site's answer to what `seedpost queue show` says of the job."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support_sites import SITES, SiteWorld, site_world
from tests.support_trackers import recordings
from trackers.gazelle.answers import plain
from watcher.cli import main
from watcher.jobs import State
from watcher.journal import Journal

STATUS = {"RED": 400, "OPS": 200}
# What stops the whole lane, what may hide a torrent that stands: each has its own test below.
RIGHTS = ("Your userclass does not allow you to upload.", "Your upload privileges have been revoked.")
KEYS = ("invalid token", "your ip address has been banned")
DOUBTFUL = ("The exact same torrent file already exists", "Thank you for fixing", "Internal error saving")
OF_RED = (  # facts on trackers, section 1.5
    "You must enter the other bitrate (max length: 9 characters).",
    "Please enter at least one main artist",
    "Year of remaster/re-issue must be entered.",
    "Record label must be between 2 and 80 characters.",
)


def answered() -> list[str]:
    """Every text with which a real server refused an upload, as it was sent."""
    rows = [row for row in recordings() if row["params"].get("action") == "upload"]
    return [json.loads(row["body"])["error"] for row in rows if row["body"].startswith('{"status":"failure"')]


def worded(text: str) -> str:
    """A text without what it says of one file alone."""
    return re.sub(r"\(.*?\)|'.*?'|<ul>.*", "", text)


# One of each wording that says no to the form, in the order in which the server was asked.
_ALL = [text for text in (*answered(), *OF_RED) if not text.startswith((*RIGHTS, *KEYS, *DOUBTFUL))]
REFUSALS = list({worded(text): text for text in reversed(_ALL)}.values())[::-1]


@pytest.fixture(scope="module", params=list(SITES))
def refused(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteWorld]:
    """One job that every test of the module tries again."""
    with site_world(tmp_path_factory.mktemp(request.param), request.param) as one:
        says(one, "Please select a valid format.")
        one.album()
        one.until(one.settled)
        yield one


@pytest.fixture(params=list(SITES))
def one(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[SiteWorld]:
    with site_world(tmp_path, request.param) as world:
        yield world


def says(one: SiteWorld, error: str) -> None:
    """The next upload is answered so."""
    body = json.dumps({"status": "failure", "error": error, "response": []})
    one.fail("answer", status=STATUS[one.name], body=body)


def shown(one: SiteWorld, capsys: pytest.CaptureFixture[str]) -> str:
    """What a person reads of the job."""
    rules = one.folder / "rules.yaml"
    rules.write_text("version: 1\nrules: []\n")
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["--rules", str(rules), "--state", str(one.folder / "state"), "queue", "show", one.mine().job])
    assert not ended.value.code
    return " ".join(capsys.readouterr().out.split())


def test_there_are_as_many_as_the_site_has_words_for() -> None:
    assert 38 < len(REFUSALS) < len(set(_ALL))


@pytest.mark.parametrize("error", REFUSALS, ids=lambda text: plain(text)[:40])
def test_each_literal_refusal_holds_the_job_with_the_site_s_own_words(
    refused: SiteWorld, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = refused.posts()
    says(refused, error)
    refused.command("retry", refused.mine().job)
    refused.until(refused.settled)
    job = refused.mine()
    assert (job.state, job.code, refused.posts()) == (State.HELD, "refused", before + 1)
    told = shown(refused, capsys)
    assert plain(error)[:400] in told and "<" not in told.partition(plain(error)[:20])[2][: len(error)].replace(
        "<", "", 2
    )
    assert f"resume seedpost queue retry {job.job}" in told
    assert refused.ours() == []


@pytest.mark.parametrize("error", RIGHTS)
def test_a_right_that_is_missing_stops_the_lane_and_not_the_job(
    one: SiteWorld, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    says(one, error)
    one.album()
    one.until(lambda: one.mine().attempt == 1 and one.mine().state is State.QUEUED)
    breaker = one.manager.lanes[one.mine().site].breaker
    assert breaker is not None and breaker["code"] == "no-upload-right" and error in str(breaker["why"])
    assert f"seedpost resume {one.name}" in str(breaker["why"])
    assert error in shown(one, capsys)
    one.turn(5)
    assert one.posts() == 1


@pytest.mark.parametrize("error", KEYS)
def test_a_key_or_an_address_that_is_refused_is_one_post_and_silence(
    one: SiteWorld, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    says(one, error)
    one.album()
    one.until(lambda: one.mine().attempt == 1 and one.mine().state is State.QUEUED)
    asked = len(one.asked())
    one.turn(5)
    assert (one.posts(), len(one.asked())) == (1, asked)
    assert error in shown(one, capsys)


@pytest.mark.parametrize("words", DOUBTFUL)
def test_words_that_may_hide_a_torrent_are_looked_into_before_anything_is_sent_again(
    one: SiteWorld, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = next(text for text in answered() if text.startswith(words))
    says(one, error)
    one.album()
    one.until(lambda: one.mine().state is State.UNCONFIRMED)
    assert plain(error)[:60] in shown(one, capsys)
    before = one.clock.running()
    one.until(one.settled)
    assert one.mine().state is State.UPLOADED  # it was not there: proved over the quiet time, then sent
    assert (one.posts(), len(one.ours())) == (2, 1)
    assert one.clock.running() - before >= 600


def test_what_the_site_said_stands_in_the_journal_as_text(one: SiteWorld) -> None:
    says(one, REFUSALS[0])
    one.album()
    one.until(one.settled)
    kept = Journal.open(one.folder / "state", writable=False).ledger.jobs[one.mine().job]
    assert isinstance(kept.answer, dict)
    assert (kept.answer["status"], kept.answer["text"]) == (STATUS[one.name], plain(REFUSALS[0]))
