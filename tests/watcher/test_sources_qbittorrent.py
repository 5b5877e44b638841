"""The qBittorrent source against recorded and scripted answers: nothing missed, nothing imagined, nothing twice."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from bencode2 import bencode
from hypothesis import given
from hypothesis import strategies as st

from tests.support_clock import START, VirtualClock
from tests.support_qbittorrent import VERSIONS, Notes, Script, entry, full, recorded, told
from watcher.client import Announce, Banned, ClientAway, LoginRefused, PathMap
from watcher.sources.content import Found, Never, Waits
from watcher.sources.qbittorrent import QbittorrentSource

__all__ = ["told"]  # a fixture

H, G = "aa" * 20, "bb" * 20
RED = Announce("flacsfor.me", "redacted.sh", 2, "")
OTHER = Announce("tracker.example", None, 2, "")
DONE = int(START) + 100  # a completion after the first contact
AWAY = ClientAway("seedbox: no connection")


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def notes():
    return Notes()


def source_of(client: Script, notes: Notes, clock: VirtualClock, root: Path | str = "/data", **options):
    return QbittorrentSource("seedbox", client, PathMap({"/data": str(root)}), notes, clock, **options)


def done(name: str = "Album", **changes) -> dict:
    """A complete torrent in /data, as the client lists it."""
    paths = {"name": name, "save_path": "/data", "content_path": f"/data/{name}"}
    return entry(**{"completion_on": DONE, "state": "stalledUP", "tags": "", **paths, **changes})


def put(root: Path, *files: tuple[str, int]) -> list[tuple[str, int]]:
    for name, size in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    return list(files)


@pytest.fixture
def met(tmp_path, clock, notes):
    """A client that was met while it was empty, with one album on disk that it knows all about."""
    client = Script([full({})])
    client.hold(H, put(tmp_path, ("Album/01.flac", 5), ("Album/cover.jpg", 3)), announces=[RED])
    source = source_of(client, notes, clock, tmp_path)
    source.poll_once()
    return client, source


def finish(client: Script, source, infohash: str = H, **changes) -> None:
    client.answers.append({"rid": 9, "torrents": {infohash: done(**changes)}})
    source.poll_once()


# Completion


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recorded_download_gives_exactly_one_release(version, tmp_path, clock, notes):
    client = Script([recorded(version, "maindata_full_empty")])
    steps = recorded(version, "maindata_log_download")
    client.answers += [step["resp"] for step in steps]
    (infohash,) = next(step["resp"]["torrents"] for step in steps if "torrents" in step["resp"])
    files = [(row["name"].replace("big2", "big"), row["size"]) for row in recorded(version, "files_done")]
    client.hold(infohash, files)
    for name, size in files:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.truncate(size)
    paths = PathMap({f"/data/dl-{version}": str(tmp_path)})
    source = QbittorrentSource("seedbox", client, paths, notes, clock)
    while client.answers:
        source.poll_once()
        clock.move(1.0)
    (release,) = notes.releases
    assert (release.path, release.name) == (str(tmp_path / "big"), "big")
    assert release.completed in (1795345534, 1795345654, 1795345655)
    assert [(file.path, file.size) for file in release.files] == sorted((name[4:], size) for name, size in files)
    assert release.save_path == f"/data/dl-{version}"
    assert notes.told("gone")[0]["torrents"] == [[infohash, release.completed]]


def test_what_is_complete_is_handed_over_with_what_is_known_of_it(met, tmp_path, notes):
    client, source = met
    finish(client, source, category="music", tags="a, b", private=True, added_on=5, downloaded=9)
    (release,) = notes.releases
    assert notes.undecided == [None]
    assert (release.source, release.from_, release.client) == ("seedbox", "qbittorrent", "seedbox")
    assert (release.infohash, release.completed, release.single) == (H, DONE, False)
    assert {key: fact.value for key, fact in release.facts.items()} == {
        "torrent.category": "music",
        "torrent.tags": ["a", "b"],
        "torrent.tracker": ["flacsfor.me"],
        "torrent.private": True,
        "torrent.save_path": "/data",
        "torrent.added": 5,
        "torrent.completed": DONE,
        "torrent.added_complete": False,
        "torrent.infohash": H,
        "origin": ["redacted.sh"],
    }
    assert {fact.origin for fact in release.facts.values()} == {"torrent"}


def test_q6_trap4_a_server_restart_shows_everything_as_completing_again_and_nothing_happens(met, notes):
    client, source = met
    finish(client, source)
    client.answers += [
        AWAY,
        full({H: done(state="checkingResumeData", progress=0, amount_left=8)}),
        {"rid": 2, "torrents": {H: {"state": "stalledUP", "progress": 1, "amount_left": 0}}},
    ]
    for _ in range(3):
        source.poll_once()
    assert len(notes.releases) == 1


def test_trap4_a_recheck_shows_it_completing_again_and_nothing_happens(met, notes):
    client, source = met
    finish(client, source)
    client.answers += [
        {"rid": 10, "torrents": {H: {"state": "checkingUP", "progress": 0, "amount_left": 8}}},
        {"rid": 11, "torrents": {H: {"state": "stoppedUP", "progress": 1, "amount_left": 0}}},
    ]
    source.poll_once()
    source.poll_once()
    assert len(notes.releases) == 1


def test_a_restart_of_seedpost_hands_nothing_over_twice(met, tmp_path, clock, notes):
    client, source = met
    finish(client, source)
    client.answers.append(full({H: done()}))
    after = notes.again()
    source_of(client, after, clock, tmp_path).poll_once()
    assert after.releases == notes.releases
    assert client.rids[-1] == 0


def test_what_completed_while_seedpost_was_down_is_found(met, tmp_path, clock, notes):
    client, _ = met
    client.answers.append(full({H: done()}))
    source_of(client, notes.again(), clock, tmp_path)
    after = notes.again()
    source_of(client, after, clock, tmp_path).poll_once()
    assert [release.infohash for release in after.releases] == [H]


def test_a_torrent_downloaded_anew_is_a_new_release(met, notes):
    client, source = met
    finish(client, source)
    finish(client, source, completion_on=DONE + 50)
    assert [release.completed for release in notes.releases] == [DONE, DONE + 50]


def test_trap2_a_bad_recheck_gives_nothing_and_its_repair_nothing_new(met, notes):
    client, source = met
    finish(client, source)
    client.answers += [
        {"rid": 3, "torrents": {H: {"state": "stalledDL", "progress": 0.997, "amount_left": 65536}}},
        {"rid": 4, "torrents": {H: {"state": "stalledUP", "progress": 1, "amount_left": 0}}},
    ]
    source.poll_once()
    source.poll_once()
    assert len(notes.releases) == 1


def test_q11_trap5_it_waits_for_the_move_out_of_the_temporary_folder(met, notes):
    client, source = met
    finish(client, source, state="moving", content_path="/temp/Album")
    assert notes.releases == []
    assert not source.idle()
    client.answers.append({"rid": 10, "torrents": {H: {"state": "stalledUP", "content_path": "/data/Album"}}})
    source.poll_once()
    assert len(notes.releases) == 1
    assert source.idle()


def test_two_hundred_at_once_are_all_found(met, tmp_path, notes):
    client, source = met
    hashes = [f"{number:040x}" for number in range(200)]
    for number, infohash in enumerate(hashes):
        client.hold(infohash, put(tmp_path, (f"{number}.mkv", number)))
    torrents = {infohash: done(f"{number}.mkv") for number, infohash in enumerate(hashes)}
    client.answers.append({"rid": 5, "torrents": torrents})
    source.poll_once()
    assert sorted(release.infohash for release in notes.releases) == hashes


def test_torrents_that_seedpost_added_are_never_releases(met, notes):
    client, source = met
    notes.owned.add(H)
    finish(client, source)
    assert notes.releases == []
    assert source.idle()


def test_trap8_data_that_was_added_complete_says_so_after_a_second_look(met, clock, notes):
    client, source = met
    finish(client, source, downloaded=0)
    assert notes.releases == []
    clock.move(2)
    source.poll_once()
    assert notes.releases[0].facts["torrent.added_complete"].value is True


def test_a_quick_download_that_is_counted_late_was_not_added_complete(met, clock, notes):
    """Seen with small torrents: stalledUP, a completion time, and `downloaded` still 0 for one refresh."""
    client, source = met
    finish(client, source, downloaded=0)
    client.answers.append({"rid": 10, "torrents": {H: {"downloaded": 8}}})
    source.poll_once()
    assert notes.releases[0].facts["torrent.added_complete"].value is False


# Baselines


def test_what_is_complete_at_the_first_contact_is_the_baseline(clock, notes):
    old = {f"{number:040x}": done(completion_on=100 + number) for number in range(1200)}
    checking = done(state="checkingResumeData", progress=0, amount_left=5, completion_on=50)
    never = done(state="stalledDL", completion_on=-1, progress=0)
    client = Script([full({**old, H: checking, G: never})])
    source = source_of(client, notes, clock)
    source.poll_once()
    lines = notes.told("baseline")
    assert [len(line["torrents"]) for line in lines] == [500, 500, 201]
    assert [line["more"] for line in lines] == [True, True, False]
    assert all(line["since"] == int(START) and line["by"] == "client" for line in lines)
    assert all(line["at"] == "http://127.0.0.1:8080" for line in lines)
    assert notes.releases == []
    assert source.idle()


def test_a_baseline_counts_only_when_all_of_it_is_written(clock, notes):
    client = Script([full({H: done(completion_on=100)})])
    notes.records.append(
        {"type": "source", "source": "seedbox", "what": "baseline", "at": client.address, "since": 1.0, "more": True}
    )
    source_of(client, notes, clock).poll_once()
    assert notes.told("baseline")[-1]["torrents"] == [[H, 100]]


def test_a_torrent_that_was_not_listed_while_the_server_loaded_is_still_old(tmp_path, clock, notes):
    client = Script([full({}), full({H: done(completion_on=int(START) - 5)})])
    client.hold(H, put(tmp_path, ("Album/a", 1)))
    source = source_of(client, notes, clock, tmp_path)
    source.poll_once()
    clock.move(1000)
    source.poll_once()
    assert notes.releases == []


def test_q1_a_client_that_is_down_at_first_loses_nothing(tmp_path, clock, notes):
    client = Script([AWAY, AWAY])
    client.skew = -3600.0  # its clock is an hour behind
    source = source_of(client, notes, clock, tmp_path)
    source.poll_once()
    (first,) = notes.told("baseline")
    assert (first["since"], first["by"], first["torrents"]) == (int(START), "us", [])
    clock.move(600)
    source.poll_once()
    clock.move(600)
    client.hold(H, put(tmp_path, ("Album/a", 1)))
    old, new = int(START) - 3600 - 5, int(START) - 3600 + 5
    client.answers.append(full({G: done(completion_on=old), H: done(completion_on=new)}))
    source.poll_once()
    assert notes.told("baseline")[-1]["since"] == int(START) - 3600
    assert notes.told("baseline")[-1]["by"] == "client"
    assert [release.infohash for release in notes.releases] == [H]


def test_a_client_that_is_down_over_a_restart_keeps_its_first_time(tmp_path, clock, notes):
    source_of(Script([AWAY]), notes, clock, tmp_path).poll_once()
    clock.move(5000)
    client = Script([AWAY, full({H: done(completion_on=int(START) + 5)})])
    client.hold(H, put(tmp_path, ("Album/a", 1)))
    source = source_of(client, notes, clock, tmp_path)
    source.poll_once()
    source.poll_once()
    assert [record["since"] for record in notes.told("baseline")] == [int(START), int(START)]
    assert len(notes.releases) == 1


def test_the_baseline_belongs_to_the_address_and_not_to_the_name(tmp_path, clock, notes):
    source_of(Script([full({})]), notes, clock, tmp_path).poll_once()
    other = Script([full({H: done(completion_on=100)})], at="http://elsewhere:8080")
    source_of(other, notes, clock, tmp_path).poll_once()
    assert notes.told("baseline")[-1]["at"] == "http://elsewhere:8080"
    assert notes.releases == []


# rid and rhythm


def test_trap1_after_a_failure_everything_is_asked_for_again(met):
    client, source = met
    client.answers += [{"rid": 2}, AWAY, full({}, rid=1)]
    for _ in range(4):
        source.poll_once()
    assert client.rids == [0, 1, 2, 0, 1]


def test_every_quarter_of_an_hour_everything_is_asked_for(met, clock):
    client, source = met
    client.answers += [{"rid": 2}, full({}, rid=1), {"rid": 2}]
    for _ in range(3):
        source.poll_once()
        clock.move(901)
    assert client.rids == [0, 1, 0, 0]


def test_a_failure_between_the_answer_and_the_look_loses_nothing(met, notes):
    client, source = met
    client.fault = AWAY
    finish(client, source)
    assert notes.releases == []
    client.fault = None
    client.answers.append(full({H: done()}))
    source.poll_once()
    assert len(notes.releases) == 1


class Forgetful:
    """A server as 5.1 is: a change that was sent and not received is lost if the same rid is asked for again."""

    def __init__(self) -> None:
        self.torrents: dict[str, dict] = {}
        self.pending: dict[str, dict] = {}
        self.rid = 0

    def change(self, infohash: str, **fields) -> None:
        if infohash not in self.torrents:
            fields = {**done(infohash[:4], state="stalledDL", amount_left=9, progress=0, completion_on=-1), **fields}
        self.torrents.setdefault(infohash, {}).update(fields)
        self.pending.setdefault(infohash, {}).update(fields)

    def answer(self, rid: int) -> dict:
        self.rid += 1
        sent, self.pending = self.pending, {}
        if rid == 0:
            return full({infohash: dict(one) for infohash, one in self.torrents.items()}, self.rid)
        return {"rid": self.rid, "torrents": {infohash: dict(one) for infohash, one in sent.items()}}


@given(steps=st.lists(st.tuples(st.sampled_from(["end", "move", "poll", "lose"]), st.integers(0, 3)), max_size=25))
def test_trap1_no_completion_is_lost_with_an_answer(tmp_path_factory, steps):
    root = tmp_path_factory.mktemp("data")
    client, notes, clock, server = Script(), Notes(), VirtualClock(), Forgetful()
    source = source_of(client, notes, clock, root)
    client.answers.append(server.answer(0))
    source.poll_once()
    ended = set()

    def answered() -> dict:
        return server.answer(client.rids[-1])

    def lost() -> ClientAway:
        answered()
        return AWAY

    for step, number in [*steps, ("poll", 0), ("poll", 0)]:
        infohash = f"{number:040x}"
        if step in ("end", "move"):
            client.hold(infohash, put(root, (f"{infohash[:4]}", 1)))
            state = "stalledUP" if step == "end" else "moving"
            server.change(infohash, state=state, amount_left=0, progress=1, completion_on=DONE + number)
            ended |= {infohash} if step == "end" else set()
            ended -= {infohash} if step == "move" and infohash not in {r.infohash for r in notes.releases} else set()
        else:
            client.answers.append(lost if step == "lose" else answered)
            source.poll_once()
    assert sorted(release.infohash for release in notes.releases) == sorted(
        ended | {r.infohash for r in notes.releases}
    )
    assert len({release.infohash for release in notes.releases}) == len(notes.releases)


def test_trap7_it_polls_no_faster_than_the_server_refreshes(met):
    client, source = met
    assert source.status().delay == 2.0
    client.answers.append({"rid": 2, "server_state": {"refresh_interval": 5000}})
    source.poll_once()
    assert source.status().delay == 5.0


def test_it_never_polls_faster_than_every_second_and_a_half(clock, notes):
    source = source_of(Script([full({})]), notes, clock, poll=0.1)
    source.poll_once()
    assert source.status().delay == 1.5


def test_trap6_a_server_that_is_busy_with_a_delta_is_asked_seldom(met, clock):
    client, source = met

    def slow() -> dict:
        clock.move(1.0)  # as 4.5 with 10,000 torrents
        return {"rid": 5}

    client.answers += [slow, slow, slow, slow, {"rid": 6}]
    for _ in range(4):
        source.poll_once()
    assert source.status().delay == 20.0
    source.poll_once()
    assert source.status().delay == 2.0


def test_a_client_that_is_away_is_asked_later_and_later(met, clock):
    client, source = met
    client.answers += [AWAY] * 6
    delays = []
    for _ in range(6):
        source.poll_once()
        delays.append(source.status().delay)
    assert delays == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_refused_login_is_tried_again_after_an_hour_and_not_before(met, clock):
    client, source = met
    refused = LoginRefused("seedbox: it refuses the password", hint="seedpost secrets set seedbox.password")
    client.answers += [refused] * 60
    for _ in range(50):
        source.poll_once()
        clock.move(60)
    assert client.forgiven == 0
    assert "seedpost secrets set seedbox.password" in source.status().error
    clock.move(660)
    source.poll_once()
    assert client.forgiven == 1
    assert source.status().delay == 3600.0


def test_a_nudge_does_not_send_a_refused_password_again_and_a_new_one_is_taken(met):
    client, source = met
    client.answers.append(LoginRefused("seedbox: it refuses the password"))
    source.poll_once()
    source.nudge()  # as every save of rules.yaml does: five of them would be a ban
    client.answers.append(LoginRefused("seedbox: it refuses the password"))
    source.poll_once()
    assert client.forgiven == 0
    renewed = Script([full({})])
    source.renew(renewed)
    source.poll_once()
    assert renewed.rids == [0]
    assert source.status().up


def test_a_login_that_somebody_forgave_is_tried_at_the_next_poll(met, clock):
    client, source = met
    client.answers.append(LoginRefused("seedbox: it refuses the password"))
    source.poll_once()
    client.refused = False
    client.answers.append(full({}))
    source.poll_once()
    clock.move(3600)
    source.poll_once()
    assert client.forgiven == 0


def test_a_ban_is_waited_out(met):
    client, source = met
    client.answers.append(Banned("seedbox: it has banned this address"))
    source.poll_once()
    assert source.status().delay == 600.0


def test_it_says_once_that_the_client_is_away_and_once_that_it_is_back(met, told):
    client, source = met
    client.answers += [AWAY, AWAY, AWAY, full({}), {"rid": 2}]
    for _ in range(5):
        source.poll_once()
    assert [line["event"] for line in told()] == ["client.down", "client.up"]


def test_run_ends_with_stop_and_polls_at_its_interval(met, clock):
    client, source = met
    stop = threading.Event()
    begun = clock.ran
    client.answers += [{"rid": 2}, {"rid": 3}, lambda: stop.set() or {"rid": 4}]
    source.run(stop)
    assert client.answers == []
    assert clock.ran - begun == pytest.approx(2 * 2.0)


def test_a_nudge_ends_the_rest(met, clock):
    client, source = met
    stop = threading.Event()

    def away() -> ClientAway:
        source.nudge()
        return AWAY

    client.answers += [away, lambda: stop.set() or full({})]
    begun = clock.ran
    source.run(stop)
    assert clock.ran == begun


# Content


def test_a_torrent_of_one_file_is_that_file(met, tmp_path, notes):
    client, source = met
    client.hold(G, put(tmp_path, ("film.mkv", 9)))
    finish(client, source, G, name="renamed in the client", content_path="/data/film.mkv")
    (release,) = notes.releases
    assert (release.single, release.name, release.path) == (True, "film.mkv", str(tmp_path / "film.mkv"))
    assert [file.path for file in release.files] == ["film.mkv"]


def test_one_file_in_a_subfolder_is_the_folder(met, tmp_path, notes):
    client, source = met
    client.hold(
        G, put(tmp_path, ("film/film.mkv", 9)), torrent=bencode({b"info": {b"length": 9, b"name": b"film.mkv"}})
    )
    finish(client, source, G, name="film.mkv", content_path="/data/film/film.mkv")
    (release,) = notes.releases
    assert (release.single, release.name, release.path) == (False, "film", str(tmp_path / "film"))
    assert notes.undecided == [None]


@pytest.mark.parametrize(
    ("files", "paths"),
    [
        (("a.flac", "b.flac"), [[b"a.flac"], [b"b.flac"]]),
        (("CD1/a.flac", "b.flac"), [[b"CD1", b"a.flac"], [b"b.flac"]]),
        (("CD1/a.flac", "CD1/b.flac"), [[b"CD1", b"a.flac"], [b"CD1", b"b.flac"]]),  # looks like a folder of its own
    ],
)
def test_trap9_files_without_a_folder_of_their_own_are_left_to_a_person(files, paths, met, tmp_path, notes):
    client, source = met
    put(tmp_path, ("somebody else's.mkv", 1))
    info = {b"name": b"Album", b"files": [{b"length": 1, b"path": path} for path in paths]}
    client.hold(G, put(tmp_path, *((name, 1) for name in files)), torrent=bencode({b"info": info}))
    finish(client, source, G, content_path="/data")
    (release,) = notes.releases
    assert notes.undecided[0][0] == "shared-folder"
    assert [file.path for file in release.files] == sorted(files)


def test_a_whole_torrent_in_its_own_folder_is_none_of_that(met, tmp_path, notes):
    client, source = met
    paths = [{b"length": 1, b"path": [b"CD1", b"a"]}, {b"length": 9, b"path": [b".pad", b"9"], b"attr": b"p"}]
    torrent = bencode({b"info": {b"name": b"Album", b"files": paths}})
    client.hold(G, put(tmp_path, ("Album/CD1/a", 1)), torrent=torrent)
    finish(client, source, G)
    assert notes.undecided == [None]
    assert [file.path for file in notes.releases[0].files] == ["CD1/a"]


def test_q13_a_torrent_with_files_left_out_is_no_release_and_is_noted_once(met, notes):
    client, source = met
    client.details[H]["files"][1]["priority"] = 0
    finish(client, source)
    client.answers.append({"rid": 10, "torrents": {H: {"category": "x"}}})
    source.poll_once()
    (seen,) = notes.told("seen")
    assert seen["torrents"] == [[H, DONE]]
    assert "chosen" in seen["why"]
    assert notes.releases == []
    client.details[H]["files"][1]["priority"] = 1
    finish(client, source, completion_on=DONE + 9)
    assert len(notes.releases) == 1


@pytest.mark.parametrize("name", ["../up/a", "/etc/a", "Album/../../a", "Album//a", "", "Album/./a", "Album/a\0b"])
def test_names_that_lead_elsewhere_are_no_release(name, met, notes):
    client, source = met
    client.hold(G, [("Album/a", 1), (name, 1)])
    finish(client, source, G)
    assert notes.releases == []
    assert "outside" in notes.told("seen")[0]["why"]


def test_ignored_files_are_in_no_payload_and_alone_no_release(met, tmp_path, notes):
    client, source = met
    client.hold(G, put(tmp_path, ("Album/a.flac", 1), ("Album/Thumbs.db", 1), ("Album/.DS_Store", 1)))
    finish(client, source, G)
    assert [file.path for file in notes.releases[0].files] == ["a.flac"]
    client.hold(H, put(tmp_path, ("Thumbs.db", 1)))
    finish(client, source, H, content_path="/data/Thumbs.db")
    assert "no file" in notes.told("seen")[0]["why"]


def test_q12_it_waits_until_every_file_is_there_with_its_size(met, tmp_path, clock, notes):
    client, source = met
    track, part = tmp_path / "Album" / "01.flac", tmp_path / "Album" / "01.flac.!qB"
    track.rename(part)
    finish(client, source)
    assert notes.releases == []
    assert source.status().settling == ("Album",)
    assert source.settling() == clock.running() + 2.0
    part.rename(track)
    track.write_bytes(b"xx")
    clock.move(2)
    source.poll_once()
    assert notes.releases == []
    track.write_bytes(b"x" * 5)
    source.poll_once()
    assert notes.releases == []  # not due yet: later and later
    clock.move(4)
    source.poll_once()
    assert len(notes.releases) == 1
    assert source.idle()


def test_a_missing_mapping_is_named_once_and_mended_without_a_restart(tmp_path, clock, notes):
    client = Script([full({})])
    client.hold(H, [("Album/a", 1)])
    client.hold(G, [("Other/a", 1)])
    source = source_of(client, notes, clock, tmp_path / "mount")
    source.poll_once()
    finish(client, source)
    finish(client, source, G)
    (problem,) = source.status().problems
    assert str(tmp_path / "mount") in problem
    assert "'/data'" in problem
    assert "path_map" in problem
    put(tmp_path / "mount", ("Album/a", 1), ("Other/a", 1))
    clock.move(60)
    source.poll_once()
    assert len(notes.releases) == 2
    assert source.status().problems == ()


def test_q19_a_wrong_mapping_is_told_at_the_first_contact(tmp_path, clock, notes):
    source = source_of(Script([full({H: done(), G: done("Other")})]), notes, clock, tmp_path / "nowhere")
    source.poll_once()
    (problem,) = source.status().problems
    assert str(tmp_path / "nowhere") in problem


def test_a_torrent_that_vanishes_while_it_is_looked_at_is_forgotten(met, clock, notes):
    client, source = met
    finish(client, source, G)  # the client answers "no such torrent" about its files
    assert not source.idle()
    client.answers.append({"rid": 11, "torrents_removed": [G]})
    clock.move(5)
    source.poll_once()
    assert source.idle()
    assert notes.releases == []


def test_files_that_are_not_listed_yet_are_waited_for(met, clock, notes):
    client, source = met
    rows, client.details[H]["files"] = client.details[H]["files"], []
    finish(client, source)
    assert notes.releases == []
    client.details[H]["files"] = rows
    clock.move(2)
    source.poll_once()
    assert len(notes.releases) == 1


# Origin


def test_the_origin_is_told_by_every_tracker_and_by_the_source_flag(met, notes):
    client, source = met
    flagged = bencode({b"info": {b"source": b"OPS", b"private": 1}})
    client.details[H] |= {"trackers": [OTHER, RED], "export": flagged}
    finish(client, source, private=None)
    facts = notes.releases[0].facts
    assert facts["origin"].value == ["redacted.sh", "orpheus.network"]
    assert facts["torrent.tracker"].value == ["tracker.example", "flacsfor.me"]
    assert facts["torrent.private"].value is True


def test_torrents_over_the_same_files_add_their_origin(met, notes):
    client, source = met
    client.details[H]["trackers"] = [OTHER]
    client.hold(G, [("Album/01.flac", 5)], announces=[RED])
    client.answers.append({"rid": 5, "torrents": {G: done(completion_on=1), "cc" * 20: done(completion_on=1)}})
    source.poll_once()
    finish(client, source)
    facts = notes.releases[0].facts
    assert facts["origin"].value == ["redacted.sh"]
    assert facts["torrent.tracker"].value == ["tracker.example"]


@pytest.mark.parametrize("rows", [[], [Announce("", None, 0, "")]])
def test_private_without_a_readable_tracker_is_left_to_a_person(rows, met, notes):
    client, source = met
    client.details[H]["trackers"] = rows
    finish(client, source, private=True)
    assert notes.undecided[0][0] == "origin-unknown"


def test_before_five_only_the_properties_say_private(met, notes):
    client, source = met
    client.details[H] |= {"trackers": [], "properties": recorded("4.5.2", "properties_private")}
    finish(client, source, private=None)
    assert notes.releases[0].facts["torrent.private"].value is True
    assert notes.undecided[0][0] == "origin-unknown"


def test_where_nothing_says_private_it_is_unknown_and_not_decided_without_a_tracker(met, notes):
    client, source = met
    client.details[H] |= {"trackers": [], "properties": {}, "export": b"garbage"}
    finish(client, source, private=None)
    assert notes.releases[0].facts["torrent.private"].unknown
    assert notes.undecided[0][0] == "origin-unknown"


def test_a_public_torrent_needs_no_tracker(met, notes):
    client, source = met
    client.details[H]["trackers"] = []
    finish(client, source, private=False)
    assert notes.undecided == [None]


# Category and tags


def test_a_new_tag_on_a_known_release_decides_again_once(met, notes):
    client, source = met
    finish(client, source)
    client.answers += [
        {"rid": 3, "torrents": {H: {"tags": "red"}}},
        {"rid": 4, "torrents": {H: {"state": "uploading"}}},
    ]
    source.poll_once()
    source.poll_once()
    assert len(notes.releases) == 1
    assert [release.facts["torrent.tags"].value for release in notes.changes] == [["red"]]


def test_a_category_that_was_changed_while_seedpost_was_down_is_noticed(met, tmp_path, clock, notes):
    client, source = met
    finish(client, source)
    after = notes.again()
    client.answers.append(full({H: done(category="music/jazz")}))
    source_of(client, after, clock, tmp_path).poll_once()
    assert [release.facts["torrent.category"].value for release in after.changes] == ["music/jazz"]


def test_a_tag_on_what_is_in_the_baseline_asks_the_client_nothing(clock, notes):
    client = Script([full({H: done(completion_on=5)}), {"rid": 2, "torrents": {H: {"tags": "red"}}}])
    source = source_of(client, notes, clock)
    source.poll_once()
    source.poll_once()
    assert notes.changes == []
    assert client.calls == []


# What others ask


def test_a_person_may_ask_for_any_torrent(met, tmp_path, notes):
    client, source = met
    client.details[H]["torrent"] = done(completion_on=5)
    client.details[G] = {**client.details[H], "torrent": done(state="downloading", progress=0.5)}
    found = source.find(H, client)
    assert isinstance(found, Found)
    assert found.release.completed == 5
    assert "downloading" in source.find(G, client).why
    assert isinstance(source.find(G, client), Waits)
    client.details[H]["files"][0]["priority"] = 0
    assert isinstance(source.find(H, client), Never)
    assert source.find("cc" * 20, client) is None
    assert notes.releases == []


def test_whose_content_a_path_is(met, tmp_path):
    client, source = met
    bare, nested = "cc" * 20, "dd" * 20
    client.answers.append(
        full(
            {
                H: done(),
                G: done("Album 2", state="downloading"),
                nested: done("Deep", save_path="/data/more", content_path="/data/more/Deep"),
                bare: done("Bare", content_path="/data"),
                "ee" * 20: done("Gone", content_path="/data"),
            }
        )
    )
    client.hold(bare, [("a.flac", 1), ("CD2/b.flac", 1)])
    source.poll_once()
    for path, holders in [
        ("Album", [H]),
        ("Album/01.flac", [H]),
        ("Album 2", [G]),
        ("more", [nested]),
        ("a.flac", [bare]),
        ("CD2", [bare]),
        ("Unknown", []),
    ]:
        assert source.holders(str(tmp_path / path), client) == holders, path
    assert source.holders("/data/x", client) == []  # no spelling of the client's
    assert source.saves(tmp_path / "Unknown")
    assert not source.saves(tmp_path.parent)
    assert {infohash for infohash, _ in source.holdings()} == {H, nested, bare, "ee" * 20}


def test_the_status_tells_how_it_is(met, clock):
    client, source = met
    fresh = source_of(Script(), Notes(), clock).status()
    assert (fresh.up, fresh.last_poll, fresh.error) == (False, None, "")
    status = source.status()
    assert (status.name, status.kind, status.at) == ("seedbox", "qbittorrent", "http://127.0.0.1:8080")
    assert (status.up, status.since, status.last_poll) == (True, START, START)
    clock.move(10)
    client.answers.append(AWAY)
    source.poll_once()
    status = source.status()
    assert (status.up, status.since, status.last_poll) == (False, START + 10, START)
    assert status.error == "seedbox: no connection"
    assert source.idle()


def test_q9_a_torrent_that_is_moved_says_where_it_is_now(met, tmp_path, clock, notes):
    client, source = met
    finish(client, source)
    put(tmp_path, ("more/Album/01.flac", 5), ("more/Album/cover.jpg", 3))
    finish(client, source, save_path="/data/more", content_path="/data/more/Album")
    assert [change.path for change in notes.changes] == [str(tmp_path / "more/Album")]
    finish(client, source, save_path="/data/more", content_path="/data/more/Album", state="stoppedUP")
    assert len(notes.changes) == 1
    assert len(notes.releases) == 1
