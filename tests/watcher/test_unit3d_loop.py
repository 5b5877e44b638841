"""UNIT3D through the real loop, against the sandbox in virtual time: no second POST without proof, two ways out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bencode2
import pytest
from click.testing import CliRunner

from tests.support_films import NAME, Site, site
from trackers.sandbox import Fault
from watcher.cli import cli
from watcher.cli.options import Place
from watcher.jobs import State
from watcher.seeding import Seeding


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


def test_what_nobody_seeds_is_fetched_and_compared_all_the_same(one: Site) -> None:
    one.film()
    one.until(lambda: one.mine().registered is not None)
    (torrent,) = one.ours()
    assert (one.mine().state, one.mine().registered) == (State.UPLOADED, torrent.infohash)
    asked = len(one.sandbox.requests("unit3d"))
    one.turn(20)
    assert len(one.sandbox.requests("unit3d")) == asked  # its last state


def test_a_torrent_of_other_files_is_told_also_where_nobody_seeds(one: Site) -> None:
    one.film()
    one.until(lambda: bool(one.ours()))
    (torrent,) = one.ours()
    torrent.info = bencode2.bencode(bencode2.bdecode(torrent.info) | {b"name": b"Another.Film"})
    one.until(lambda: one.mine().state is State.HELD)
    assert one.mine().code == "registered-differs"


REFUSED = Seeding("waiting", "Torrent is PENDING In Moderation")


@contextmanager
def with_a_moderator(folder: Path) -> Iterator[Site]:
    """A film that stands in the client, and that the site's tracker refuses."""
    with site(folder, client="seedbox") as one:
        one.sandbox.traits("unit3d", moderated=True)
        one.client.says = [REFUSED] * 1000
        one.film()
        one.until(lambda: one.mine().code == "moderation")
        yield one


def status(folder: Path, *words: str) -> str:
    """What the command says of a state folder."""
    whole = ["status", "--state", str(folder / "state"), *words]
    return CliRunner().invoke(cli, whole, obj=Place(), catch_exceptions=False).output


def test_what_waits_for_a_moderator_says_so_and_goes_on_by_itself(tmp_path: Path) -> None:
    with with_a_moderator(tmp_path) as one:
        assert one.mine().state is State.SEEDING
        assert f"waits for a moderator of the site, who lets it be seeded: {one.mine().url}" in str(one.mine().why)
        told = json.loads(status(tmp_path, "--json"))["moderation"]
        assert [row["job"] for row in told] == [one.mine().job]
        asked, before = len(one.sandbox.requests("unit3d")), one.clock.now()
        one.until(lambda: one.clock.now() > before + 21_600)
        assert one.mine().code == "moderation"
        assert len(one.sandbox.requests("unit3d")) - asked < 70  # two questions each quarter of an hour
        one.sandbox.moderate("unit3d", one.ours()[0].id, "approved")
        one.until(lambda: one.mine().code != "moderation")
        assert one.client.announced == [one.mine().registered]
        one.client.says = []
        one.until(lambda: one.mine().state is State.DONE)
        assert (one.posts(), one.mine().code) == (1, None)


def test_a_status_screen_lists_what_waits_for_a_moderator(tmp_path: Path) -> None:
    with with_a_moderator(tmp_path) as one:
        told = status(tmp_path)
        assert "waits for a moderator of its site" in told
        assert one.mine().job in told


@pytest.mark.parametrize("said", ["rejected", "deleted"])
def test_what_a_moderator_refused_is_held_with_the_page_that_says_why(tmp_path: Path, said: str) -> None:
    with with_a_moderator(tmp_path) as one:
        number = one.ours()[0].id
        one.sandbox.remove("unit3d", number) if said == "deleted" else one.sandbox.moderate("unit3d", number, said)
        one.until(lambda: one.mine().state is State.HELD)
        assert (one.mine().code, one.mine().back_to, one.posts()) == ("moderation", State.SEEDING, 1)
        assert f"a moderator has {said} it" in str(one.mine().why)
        assert str(one.mine().url) in str(one.mine().why)
