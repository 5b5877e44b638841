"""UNIT3D through the real loop, against the sandbox in virtual time: no second POST without proof, two ways out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import bencode2
import pytest

from tests.support_films import NAME, Site, site
from trackers.sandbox import Fault
from watcher.jobs import State


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as world:
        yield world


def test_a_film_stands_on_the_site_and_its_own_torrent_is_what_is_seeded(tmp_path: Path) -> None:
    with site(tmp_path, client="seedbox") as one:
        one.film()
        one.until(lambda: one.mine().state is State.DONE)
        (torrent,) = one.ours()
        job = one.mine()
        assert job.registered == torrent.infohash != job.infohash
        seeded = bencode2.bdecode(one.client.torrents[job.registered])
        assert seeded[b"info"][b"name"].decode() == NAME
        assert one.sandbox.account("unit3d").passkey in seeded[b"announce"].decode()
        user = next(user for user in one.sandbox.store("unit3d").users if user.name == "uploader")
        assert not any(secret in one.written() for secret in (user.rsskey, user.passkey))


def test_what_waits_for_a_moderator_is_seeded_all_the_same(tmp_path: Path) -> None:
    with site(tmp_path, client="seedbox") as one:
        one.sandbox.traits("unit3d", moderated=True)
        one.film()
        one.until(lambda: one.mine().state is State.DONE)
        assert len(one.ours()) == 1


@pytest.mark.parametrize("anonymous", [False, True])
def test_an_upload_whose_answer_was_lost_is_found_as_ours(tmp_path: Path, anonymous: bool) -> None:
    with site(tmp_path, anonymous=anonymous) as one:
        one.sandbox.fail("unit3d", Fault("lost", action="upload"))
        one.film()
        one.until(one.settled)
        assert (one.mine().state, one.mine().torrent_id) == (State.UPLOADED, str(one.ours()[0].id))
        assert one.posts() == 1


def test_without_moderators_proved_absence_lets_it_be_sent_again(tmp_path: Path) -> None:
    with site(tmp_path, moderated=False) as one:
        one.sandbox.fail("unit3d", Fault("bad-gateway", action="upload"))
        one.film()
        one.until(one.settled)
        assert (one.mine().state, len(one.ours())) == (State.UPLOADED, 1)
        assert one.posts() == 2
        assert '"proof":[' in one.written()


@pytest.mark.parametrize("kind", ["bad-gateway", "search-down"])
def test_where_moderators_look_no_second_upload_is_made_by_itself(tmp_path: Path, kind: str) -> None:
    with site(tmp_path, quiet=14_400) as one:  # for few passes: a day of them is looked at
        one.sandbox.fail("unit3d", Fault(kind, action="upload"))
        one.film()
        one.until(lambda: one.mine().state is State.UNCONFIRMED)
        one.until(one.settled, hours=30)
        job = one.mine()
        assert (job.state, job.code, job.open) == (State.HELD, "cannot-tell", True)
        assert "moderated: false" in job.why
        assert one.posts() == 1


def test_a_person_says_that_it_was_stored(one: Site) -> None:
    one.sandbox.fail("unit3d", Fault("search-down", action="upload"))
    one.film()
    one.until(lambda: one.mine().state is State.UNCONFIRMED)
    (torrent,) = one.ours()
    one.command("resolve", one.mine().job, uploaded=str(torrent.id), reason="it is on my page of uploads")
    one.until(one.settled)
    assert (one.mine().state, one.mine().torrent_id) == (State.UPLOADED, str(torrent.id))
    assert one.posts() == 1


def test_a_person_says_that_it_was_not_stored(one: Site) -> None:
    one.sandbox.fail("unit3d", Fault("bad-gateway", action="upload"))
    one.film()
    one.until(lambda: one.mine().state is State.UNCONFIRMED)
    one.command("resolve", one.mine().job, absent=True, reason="it is not on my page of uploads")
    one.until(one.settled)
    assert (one.mine().state, len(one.ours()), one.posts()) == (State.UPLOADED, 1, 2)


def test_a_person_who_is_wrong_doubles_nothing(one: Site) -> None:
    one.sandbox.fail("unit3d", Fault("search-down", action="upload"))
    one.film()
    one.until(lambda: one.mine().state is State.UNCONFIRMED)
    one.command("resolve", one.mine().job, absent=True, reason="I looked in the wrong place")
    one.until(lambda: one.mine().code == "already-there")
    assert (one.mine().state, len(one.ours())) == (State.UNCONFIRMED, 1)
    one.sandbox.moderate("unit3d", one.ours()[0].id, "approved")
    one.until(one.settled)
    assert (one.mine().state, len(one.ours())) == (State.UPLOADED, 1)
