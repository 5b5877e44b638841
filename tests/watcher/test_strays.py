"""Torrents of ours that this journal does not know: nothing is sent before `journal repair` has taken them in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support_loop import World, world
from trackers.catalogue import site_of
from trackers.clock import Clock
from watcher.client import Announce, Client, ClientAway, PathMap, TorrentGone
from watcher.jobs import Job, State
from watcher.journal import Journal
from watcher.release import job_id
from watcher.service.adoption import Adoption, adopt

RED = "http://127.0.0.1:1/redacted"
SITE = site_of("sandbox-redacted", RED)
HASH = "a" * 40


@pytest.fixture
def one(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, client="seedbox") as made:
        yield made


def posts(world: World) -> int:
    return len(world.sites["RED"].posts)


class Stub:
    """A client that lists what a test gave it."""

    name = "seedbox"

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.listed: dict[str, list[dict[str, Any]]] = {}
        self.announces: dict[str, list[Announce]] = {}
        self.away = False

    def bears(self, release: Mapping[str, Any], infohash: str = HASH, site: str | None = SITE, host: str = "") -> None:
        """The torrent of a release of the journal, as another seedpost left it here."""
        path = Path(str(release["path"]))
        row = {"hash": infohash, "name": path.name, "category": "seedpost", "save_path": str(path.parent)}
        self.rows[infohash] = row | {"state": "stalledUP", "completion_on": 1_790_000_100, "tags": "seedpost"}
        self.listed[infohash] = [
            {"name": f"{path.name}/{name}", "size": size, "priority": 1} for name, size in release["payload"]
        ]
        self.announces[infohash] = [Announce(host or "127.0.0.1", site, 2, "")] if site or host else []

    def marked(self, categories: frozenset[str], tags: frozenset[str]) -> list[dict[str, Any]]:
        if self.away:
            raise ClientAway("seedbox: no connection", hint="is it running?")
        assert (categories, tags) == ({"seedpost"}, {"seedpost"})
        return list(self.rows.values())

    def files(self, infohash: str) -> list[dict[str, Any]]:
        return self.listed[infohash]

    def trackers(self, infohash: str) -> list[Announce]:
        return self.announces[infohash]

    def export(self, infohash: str) -> bytes:
        raise TorrentGone(infohash)

    def properties(self, infohash: str) -> dict[str, object]:
        return {"is_private": True}


def taken(one: World, stub: Stub) -> Adoption:
    return adopt(one.journal, one.config, {"seedbox": stub}, {"seedbox": PathMap()})  # type: ignore[dict-item]


def released(one: World, **given: Any) -> tuple[Mapping[str, Any], Job]:
    release = one.journal.ledger.releases[one.release(**given)]
    return release, one.journal.ledger.jobs[job_id(str(release["fingerprint"]), SITE)]


def test_J12_a_marked_torrent_that_the_journal_does_not_know_stops_every_upload(one: World) -> None:
    one.client.bears[HASH] = "Lost Album"
    one.release()
    one.turn(10)
    assert posts(one) == 0
    assert one.manager.stopped.startswith("journal-behind: seedbox has a torrent of ours")
    assert "seedpost journal repair" in one.manager.stopped
    one.client.bears.clear()
    one.restart()
    one.turn(10)
    assert one.manager.stopped.startswith("journal-behind"), "only a repair makes it good"
    assert posts(one) == 0


def test_J12_it_is_looked_for_again_before_a_lane_s_first_post(one: World) -> None:
    one.turn(3)
    one.client.bears[HASH] = "Lost Album"  # after the look at start: the other seedpost runs still
    one.release()
    one.turn(10)
    assert (posts(one), one.manager.stopped[:14]) == (0, "journal-behind")


def test_what_the_journal_knows_is_no_stray(one: World) -> None:
    one.release("First")
    one.until(one.settled)
    one.restart()
    one.release("Second")
    one.until(one.settled)
    assert (posts(one), one.manager.stopped) == (2, "")


def test_a_client_that_is_away_is_asked_when_it_is_back(one: World) -> None:
    one.client.away = True
    one.client.bears[HASH] = "Lost Album"
    one.turn(3)
    assert one.manager.stopped == ""
    one.client.away = False
    one.clock.wait(61)
    one.turn()
    assert one.manager.stopped.startswith("journal-behind")


def test_new_rules_have_the_clients_asked_anew(one: World) -> None:
    one.turn()
    one.client.bears[HASH] = "Lost Album"
    one.manager.reload()
    one.turn()
    assert one.manager.stopped.startswith("journal-behind")


def test_where_nothing_is_seeded_no_client_is_asked(tmp_path: Path) -> None:
    with world(tmp_path) as one:
        one.client.bears[HASH] = "Lost Album"
        one.release()
        one.until(one.settled)
        assert posts(one) == 1


def test_an_adopted_torrent_is_done_and_its_content_is_not_uploaded_there_again(one: World) -> None:
    release, job = released(one)
    stub = Stub()
    stub.bears(release)
    done = taken(one, stub)
    assert done.whole
    assert done.doubted == [job.job]
    assert [(each["job"], each["tracker"], each["site"]) for each in done.adopted] == [(job.job, "RED", SITE)]
    after = one.journal.ledger.jobs[job.job]
    assert (after.state, after.registered, after.open) == (State.DONE, HASH, False)
    one.client.bears[HASH] = "Album"
    one.restart()
    one.turn(10)
    assert (posts(one), one.manager.stopped) == (0, "")
    assert one.journal.problems == ()
    assert taken(one, stub) == Adoption()
    one.release("Second")
    one.until(one.settled)
    assert posts(one) == 1


def test_content_that_this_journal_never_saw_gets_its_release_and_no_second_job(one: World, tmp_path: Path) -> None:
    with world(tmp_path / "other", client="seedbox") as other:
        release, _ = released(other)
        stub = Stub()
        stub.bears(release)
    (adopted,) = taken(one, stub).adopted
    assert adopted["job"] == job_id(str(release["fingerprint"]), SITE)
    one.journal.compact()
    one.restart()
    one.release()
    one.turn(10)
    assert [job.state for job in one.jobs()] == [State.DONE]
    assert posts(one) == 0


@pytest.mark.parametrize("state", ["dry_run", "cancelled", "duplicate", "held", "sending", "prepared"])
def test_a_job_in_any_state_becomes_done_by_moves_that_are_listed(one: World, state: str) -> None:
    release, job = released(one)
    base = {"type": "job", "job": job.job}
    on_the_way = {"dry_run": [], "sending": ["prepared", "sending"]}.get(state, [state])
    if state == "dry_run":
        base |= {"job": "d" * 12, "tracker": "RED", "site": SITE, "release": release["release"]}
        on_the_way = ["dry_run"]
    for step in on_the_way:
        one.journal.append([base | {"state": step} | ({"back_to": "queued"} if step == "held" else {})])
    stub = Stub()
    stub.bears(release)
    taken(one, stub)
    after = one.journal.ledger.jobs[job.job]
    assert (after.state, after.registered, after.rest.get("wish")) == (State.DONE, HASH, None)
    assert one.journal.problems == ()


def test_a_job_that_stood_there_already_learns_what_the_site_registered(one: World) -> None:
    release, job = released(one)
    for state in ("prepared", "sending", "uploaded"):
        one.journal.append([{"type": "job", "job": job.job, "state": state, "infohash": "b" * 40}])
    stub = Stub()
    stub.bears(release)
    taken(one, stub)
    after = one.journal.ledger.jobs[job.job]
    assert (after.state, after.infohash, after.registered) == (State.UPLOADED, "b" * 40, HASH)
    stub.bears(release, infohash="c" * 40)
    (second,) = taken(one, stub).adopted
    assert second["job"] != job.job, "the same content stands there twice: both are remembered"
    assert one.journal.ledger.ours(HASH)
    assert one.journal.ledger.ours("c" * 40)


def test_a_host_that_nobody_knows_stands_for_itself_and_what_has_none_is_left_and_told(one: World) -> None:
    release, _ = released(one)
    stub = Stub()
    stub.bears(release, infohash="c" * 40, site=None, host="tracker.example")
    stub.bears(release, infohash="d" * 40, site=None)
    stub.bears(release, infohash="e" * 40)
    stub.listed["e" * 40] = []
    done = taken(one, stub)
    assert [(each["infohash"], each["site"]) for each in done.adopted] == [("c" * 40, "tracker.example")]
    assert [(each["infohash"], each["why"]) for each in done.left] == [
        ("d" * 40, "it has no tracker"),
        ("e" * 40, "its files are not listed"),
    ]
    assert not done.whole


def test_a_client_that_does_not_answer_is_told(one: World) -> None:
    stub = Stub()
    stub.away = True
    assert taken(one, stub).unasked == {"seedbox": "seedbox: no connection: is it running?"}


def test_a_journal_that_is_behind_is_not_compacted_by_the_loop(one: World) -> None:
    one.journal.fall_behind()
    assert not one.journal.wants_compaction
    back = Journal.open(one.folder / "state", writable=False)
    assert back.trouble.startswith("journal-behind")
    back.close()


def test_what_the_user_downloaded_into_the_same_category_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"hash": "a", "category": "music", "tags": "", "downloaded": 700_000},
        {"hash": "b", "category": "music", "tags": "", "downloaded": 0},
        {"hash": "c", "category": "music", "tags": "mine, seedpost", "downloaded": 700_000},
        {"hash": "d", "category": "films", "tags": "seedposter", "downloaded": 0},  # as a server that filters nothing
    ]
    client = Client("seedbox", "http://127.0.0.1:1", clock=Clock())
    monkeypatch.setattr(client, "_listed", lambda category=None, tag=None: rows)
    assert [row["hash"] for row in client.marked({"music", ""}, {"seedpost"})] == ["b", "c"]
    assert client.marked((), ()) == []
