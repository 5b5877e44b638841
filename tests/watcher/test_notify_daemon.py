"""Notifications end to end: the real command line, the real Apprise, a service on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_canaries import leaks
from tests.support_seedpost import Seedpost, an_album, keys_of, rules_of
from tests.support_service import Service, serving
from trackers.sandbox import Sandbox
from watcher.errors import FAILED, INVALID, MISSING, NETWORK, NOT_FOUND, OK

CANARIES = ("c4nary-pass-word", "c4nary-of-the-phone")
NOTIFY = "notify: {phone: {on: [job.held, 'daemon.*']}}\n"
TARGETS = "version: 1\nseed: {client: none}\nrules: []\nnotify: {phone: {}, mail: {on: job.held}}\n"


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as one:
        yield one


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture
def seedpost(tmp_path: Path, sandbox: Sandbox, service: Service) -> Seedpost:
    (tmp_path / "rips").mkdir()
    rules = rules_of(tmp_path / "rips", sandbox, new_group="review") + NOTIFY
    secrets = {"SEEDPOST_SECRET_NOTIFY_PHONE": service.address, "SEEDPOST_LOG_LEVEL": "debug"}
    return Seedpost(tmp_path, rules, keys_of(sandbox) | secrets)


def began(seedpost: Seedpost) -> bool:
    return (seedpost.state / "log" / "seedpost.jsonl").exists() and "source.baseline" in seedpost.events()


def held(seedpost: Seedpost) -> bool:
    return (seedpost.state / "log" / "seedpost.jsonl").exists() and "job.held" in seedpost.events()


def test_a_held_job_is_told_once_with_its_cure_and_what_was_not_sent_is_told_by_the_next_start(
    seedpost: Seedpost, service: Service
) -> None:
    service.status = 503
    seedpost.start()
    seedpost.until(lambda: began(seedpost), "no baseline")
    an_album(seedpost.folder / "rips", "Night\u202eDrive")
    seedpost.until(lambda: held(seedpost), "nothing was held")
    assert seedpost.end() == OK
    assert service.messages == [] and service.paths, "it was tried, and refused"
    service.status = 200
    seedpost.start()
    seedpost.until(lambda: service.messages, "no message came")
    assert seedpost.end() == OK
    told = [one for one in service.messages if "needs you" in json.dumps(one)]
    assert len(told) == 1
    job = seedpost.jobs()["RED"]
    text = told[0]["title"] + told[0]["message"]
    assert "Drive" in text and "\u202e" not in text and f"({job.code})" in text
    before = len(told)
    seedpost.start()
    seedpost.until(lambda: seedpost.events().count("daemon.started") == 3, "no third start")
    assert seedpost.end() == OK
    assert sum("needs you" in json.dumps(one) for one in service.messages) == before, "told again"
    assert leaks(seedpost.folder, CANARIES) == []


def test_a_service_that_stands_still_holds_up_nothing(seedpost: Seedpost, service: Service) -> None:
    service.awake.clear()
    seedpost.rules.write_text(seedpost.rules.read_text().replace("new_group: review", "new_group: upload"))
    seedpost.start()
    seedpost.until(lambda: began(seedpost), "no baseline")
    an_album(seedpost.folder / "rips")

    seedpost.until(lambda: "job.uploaded" in seedpost.events(), "nothing was uploaded")
    assert seedpost.end() == OK


@pytest.fixture
def targets(tmp_path: Path, service: Service) -> Seedpost:
    secrets = {"SEEDPOST_SECRET_NOTIFY_PHONE": service.address}
    return Seedpost(tmp_path, TARGETS, secrets | {"SEEDPOST_SECRET_NOTIFY_MAIL": "json://127.0.0.1:9/c4nary-of-mail"})


def test_a_test_says_of_each_target_whether_it_was_reached(targets: Seedpost, service: Service) -> None:
    done = targets("notify", "test", "phone", "--json")
    assert (done.returncode, json.loads(done.stdout)["phone"]["sent"]) == (OK, True)
    assert service.messages[0]["title"] == "seedpost: a test"
    both = targets("notify", "test")
    assert both.returncode == NETWORK
    assert "phone: sent\n" in both.stdout and "mail: not sent: the service could not be reached" in both.stdout
    service.status = 403
    refused = targets("notify", "test", "phone", "--json")
    assert refused.returncode == FAILED
    assert json.loads(refused.stdout)["phone"]["why"] == "the service answered 403"
    said = "".join(done.stdout + done.stderr for done in (done, both, refused))
    assert not [canary for canary in (*CANARIES, "c4nary-of-mail") if canary in said]


def test_a_test_says_what_is_missing(targets: Seedpost, tmp_path: Path) -> None:
    assert targets("notify", "test", "fax").returncode == NOT_FOUND
    targets.environment["SEEDPOST_SECRET_NOTIFY_MAIL"] = "c4nary://nowhere"
    strange = targets("notify", "test", "mail")
    assert strange.returncode == FAILED and "does not understand" in strange.stdout and "c4nary" not in strange.stdout
    del targets.environment["SEEDPOST_SECRET_NOTIFY_MAIL"]
    missing = targets("notify", "test", "mail")
    assert missing.returncode == FAILED and "seedpost secrets set notify.mail" in missing.stdout
    checked = targets("check")
    assert checked.returncode == INVALID and "seedpost secrets set notify.mail" in checked.stdout


def test_without_apprise_everything_says_how_to_install_it(targets: Seedpost, tmp_path: Path) -> None:
    stub = tmp_path / "without" / "sitecustomize.py"
    stub.parent.mkdir()
    stub.write_text("import sys\nsys.modules['apprise'] = None\n")
    targets.environment["PYTHONPATH"] = str(stub.parent)
    done = targets("notify", "test")
    assert done.returncode == MISSING and "seedpost[notify]" in done.stderr
    checked = targets("check")
    assert checked.returncode == INVALID and "seedpost[notify]" in checked.stdout
    once = targets("run", "--once")
    assert once.returncode == OK and "seedpost[notify]" in once.stderr
