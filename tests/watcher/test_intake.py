"""From a release to its records: which jobs are born, in which state, and why others are not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support_clock import VirtualClock
from trackers.catalogue import site_of
from watcher.config import Config, parse
from watcher.errors import SeedpostError
from watcher.identify import payload
from watcher.intake import Intake
from watcher.intake.asked import Asked
from watcher.jobs import Job, State
from watcher.journal import DiskFull, Journal, Unknown
from watcher.release import Fact, Release, job_id
from watcher.sources.holders import Holders

RULES = """\
version: 1
defaults: {{mode: {mode}, brake: {brake}}}
seed: {{client: none}}
trackers:
  RED: {{type: redacted}}
  OPS: {{type: orpheus}}
  AGAIN: {{type: redacted}}
guards:
  - {{name: opted-out, match: {{torrent.tags: no-upload}}}}
rules:
  - name: everything
    match: {{name: '*'}}
    require: {{files.count: {{max: 9}}}}
    upload_to: {{{to}}}
"""


class Desk:
    """An intake over a journal in a folder."""

    def __init__(
        self, folder: Path, *, mode: str = "upload", brake: str = "10/h", to: str = "RED: {}, OPS: {}"
    ) -> None:
        self.folder, self.clock = folder, VirtualClock()
        self.config: Config = parse(RULES.format(mode=mode, brake=brake, to=to).encode())
        self.journal = Journal.open(folder / "state", clock=self.clock)
        self.open()

    def open(self) -> None:
        self.intake = Intake(self.journal, lambda: self.config, self.clock)

    def release(self, name: str, *sizes: int, at: str = "here", **facts: object) -> Release:
        folder = self.folder / at / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, size in enumerate(sizes or (100, 200, 300), 1):
            (folder / f"{number}.bin").write_bytes(bytes(size))
        known = {key.replace("__", "."): Fact(value, "torrent") for key, value in facts.items()}  # type: ignore[arg-type]
        found = payload(folder)
        return Release("rips", "folder", name, str(folder), found.files, completed=int(self.clock.now()), facts=known)

    def see(self, name: str, *sizes: int, **facts: object) -> str:
        release = self.release(name, *sizes, **facts)
        self.intake.seen(release)
        return release.id

    def command(self, do: str, tracker: str, **given: object) -> Mapping[str, object]:
        (seq,) = self.journal.append([{"type": "command", "do": do, "tracker": tracker, "with": given}])
        return {"seq": seq, "do": do, "tracker": tracker, "with": given}

    @property
    def answers(self) -> list[tuple[object, object]]:
        """What was answered, in order."""
        records = [json.loads(line) for line in (self.folder / "state" / "journal.jsonl").read_text().splitlines()]
        return [(one["result"], one["why"]) for one in records if one.get("do") == "answer"]

    def undecided(self) -> set[str]:
        releases = self.journal.ledger.releases
        return {id for id in releases if releases[id].get("undecided")}

    def jobs(self, release: str | None = None) -> dict[str, Job]:
        jobs = self.journal.ledger.jobs.values()
        return {job.tracker: job for job in jobs if release in (None, job.release)}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.journal.close()


def test_one_job_a_site_with_the_id_of_content_and_site(desk: Desk) -> None:
    release = desk.release("Album")
    desk.intake.seen(release)
    jobs = desk.jobs()
    assert {name: job.state for name, job in jobs.items()} == {"RED": State.QUEUED, "OPS": State.QUEUED}
    assert jobs["RED"].job == job_id(release.fingerprint, "redacted.sh")


def test_of_two_trackers_of_one_site_the_first_named_wins(tmp_path: Path) -> None:
    desk = Desk(tmp_path, to="AGAIN: {}, RED: {}")
    desk.see("Album")
    assert list(desk.jobs()) == ["AGAIN"]
    desk.journal.close()


def test_nothing_goes_to_the_site_it_came_from(desk: Desk) -> None:
    desk.see("Album", origin=[site_of("redacted")])
    assert list(desk.jobs()) == ["OPS"]


def test_the_same_content_seen_twice_has_one_set_of_jobs(desk: Desk) -> None:
    desk.see("Album")
    desk.clock.wait(60)
    desk.see("Album")
    assert len(desk.journal.ledger.jobs) == 2
    assert len(desk.journal.ledger.releases) == 2


def test_a_guard_keeps_it_at_home_and_says_which(desk: Desk) -> None:
    release = desk.see("Album", torrent__tags=["no-upload"])
    assert desk.jobs() == {}
    decision = desk.journal.ledger.releases[release]["decision"]
    assert decision["guard"] == "opted-out"


def test_a_failed_requirement_holds_each_job_with_its_reason(desk: Desk) -> None:
    desk.see("Album", *([10] * 12))
    (red, ops) = desk.jobs().values()
    assert (red.state, red.code, red.back_to) == (State.HELD, "require", State.QUEUED)
    assert "files.count" in str(red.why)
    assert ops.code == "require"
    assert red.resume == f"seedpost queue approve {red.job}"


@pytest.mark.parametrize(
    ("mode", "state", "code"), [("dry_run", State.DRY_RUN, None), ("review", State.HELD, "review")]
)
def test_the_mode_decides_what_a_job_is_born_as(tmp_path: Path, mode: str, state: State, code: str | None) -> None:
    desk = Desk(tmp_path, mode=mode)
    desk.see("Album")
    assert {(job.state, job.code) for job in desk.jobs().values()} == {(state, code)}
    desk.journal.close()


def test_the_brake_holds_the_surplus_and_lets_go_after_its_window(tmp_path: Path) -> None:
    desk = Desk(tmp_path, brake="2/h", to="RED: {}")
    seen = [desk.see(f"Album {number}", 100 + number) for number in range(3)]
    states = [desk.jobs(release)["RED"].code for release in seen]
    assert states == [None, None, "brake"]
    desk.open()  # a restart remembers
    assert desk.jobs(desk.see("Album 4", 400))["RED"].code == "brake"
    desk.clock.wait(3601)
    assert desk.jobs(desk.see("Album 5", 500))["RED"].code is None
    desk.journal.close()


def test_a_flood_from_one_source_is_journaled_and_held_as_one_question(tmp_path: Path) -> None:
    desk = Desk(tmp_path, brake="1000/h", to="RED: {}")
    for number in range(53):
        desk.see(f"Album {number}", 100 + number)
    undecided = [one for one in desk.journal.ledger.releases.values() if one.get("undecided") == "source-flood"]
    assert len(undecided) == 3
    assert len(desk.journal.ledger.jobs) == 50
    desk.journal.close()


def test_a_resumed_source_has_its_flood_decided_and_neither_brake_nor_flood_counts_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, brake="5/h")
    ids = [desk.see(f"Album {number}", number) for number in range(53)]
    gone = desk.folder / "here" / "Album 50"
    shutil.rmtree(gone)
    asked = Asked(desk.intake, desk.journal, lambda: desk.config, list, lambda name: ["/rips"], desk.clock)
    asked.answer(desk.command("resume", "nobody's"))
    assert desk.undecided() == set(ids[50:])
    asked.answer(desk.command("pause", "rips", until="2030-01-01T00:00:00Z"))
    source = desk.journal.ledger.sources["/rips"]
    assert source.paused(desk.clock.now())
    assert not source.paused(desk.clock.now() + 20 * 365 * 86400)
    asked.answer(desk.command("resume", "rips"))
    assert not source.paused(desk.clock.now())
    assert desk.answers[-1] == ("done", f"2 decided; there is no {gone}")
    assert desk.undecided() == {ids[50]}
    assert {job.state for id in ids[51:] for job in desk.jobs(id).values()} == {State.QUEUED}
    desk.open()
    desk.clock.wait(3600)
    assert desk.jobs(desk.see("Album 99", 99))["RED"].state is State.QUEUED


@pytest.mark.parametrize("refusal", [DiskFull("the disk is full"), Unknown("written, but the disk did not confirm it")])
def test_J6_what_could_not_be_decided_again_for_a_full_disk_is_when_there_is_room(
    desk: Desk, refusal: SeedpostError, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(desk.intake, desk.journal, lambda: desk.config, list, lambda name: [], desk.clock)
    desk.intake.seen(desk.release("Album"), undecided=("guard-unknown", "no answer yet"))

    def full(records: object, **given: object) -> list[int]:
        raise refusal

    asked.decide_again()
    with monkeypatch.context() as patch:
        patch.setattr(desk.journal, "append", full)
        asked.work()
        assert (len(desk.undecided()), asked.pending) == (1, True)
    asked.work()
    assert (len(desk.undecided()), asked.pending) == (0, False)


def test_a_command_that_fails_is_refused_with_the_reason_and_nothing_else_stops(desk: Desk) -> None:
    asked = Asked(desk.intake, desk.journal, lambda: desk.config, list, lambda name: [], desk.clock)
    asked.answer({"seq": 1, "do": "look"})
    ((result, why),) = desk.answers
    assert (result, "KeyError" in str(why)) == ("refused", True)


def test_other_content_in_the_same_folder_is_held(desk: Desk) -> None:
    first = desk.see("Album")
    second = desk.see("Album", 100, 200, 300, 400)
    assert desk.jobs(first)["RED"].state is State.QUEUED
    job = desk.jobs(second)["RED"]
    assert (job.state, job.code) == (State.HELD, "same-content")
    assert desk.jobs(first)["RED"].job in str(job.why)


def test_the_same_sizes_of_media_files_under_another_name_are_held(desk: Desk) -> None:
    def album(name: str) -> Release:
        release = desk.release(name, 1, 2, 3)
        files = tuple(replace(file, path=file.path.replace(".bin", ".flac")) for file in release.files)
        return replace(release, files=files)

    desk.intake.seen(album("Album"))
    other = album("Album (renamed)")
    desk.intake.seen(other)
    job = desk.jobs(other.id)["RED"]
    assert (job.state, job.code) == (State.HELD, "same-content")


def test_an_undecided_release_has_no_job_and_its_reason(desk: Desk) -> None:
    release = desk.release("Album")
    desk.intake.seen(release, undecided=("origin-unknown", "private, and no tracker can be read"))
    record = desk.journal.ledger.releases[release.id]
    assert (record["undecided"], record["why"]) == ("origin-unknown", "private, and no tracker can be read")
    assert desk.jobs() == {}


def test_what_sources_ask_is_answered_from_the_journal_after_a_restart(desk: Desk) -> None:
    release = replace(
        desk.release("Album", torrent__category="music", torrent__tags=["a"]), infohash="a" * 40, completed=7
    )
    desk.intake.seen(release)
    baseline = {"type": "source", "source": "seedbox", "what": "baseline", "at": "http://x"}
    desk.intake.record([{**baseline, "since": 5.0, "by": "us", "torrents": [["b" * 40, 3]], "more": False}])
    desk.open()
    assert desk.intake.known("a" * 40, 7)
    assert desk.intake.known("b" * 40, 3)
    assert not desk.intake.known("a" * 40, 8)
    assert desk.intake.labels("a" * 40, 7) == ("music", frozenset({"a"}))
    assert desk.intake.folder_known(release.path, release.fingerprint)
    found = desk.intake.baseline("http://x")
    assert found is not None
    assert (found.since, found.by) == (5.0, "us")
    assert desk.intake.baseline("http://elsewhere") is None


def test_a_baseline_that_was_cut_off_does_not_count(desk: Desk) -> None:
    part: Mapping[str, object] = {"type": "source", "source": "rips", "what": "baseline", "at": "/x", "names": ["a"]}
    desk.intake.record([{**part, "more": True}])
    assert desk.intake.baseline("/x") is None
    desk.intake.record([{**part, "names": ["b"], "since": 1.0, "more": False}])
    found = desk.intake.baseline("/x")
    assert found is not None
    assert found.names == {"a", "b"}


def other_rules(desk: Desk, before: str, after: str) -> None:
    desk.config = parse(RULES.format(mode="upload", brake="10/h", to="RED: {}").replace(before, after).encode())


def test_other_rules_decide_what_a_guard_could_not_tell(desk: Desk) -> None:
    unknown = Fact(unknown=True, why="the client is away")
    release = replace(desk.release("Album"), facts={"torrent.tags": unknown})
    desk.intake.seen(release)
    record = desk.journal.ledger.releases[release.id]
    assert record["undecided"] == "guard-unknown"
    desk.intake.again(record)
    assert desk.journal.ledger.releases[release.id]["undecided"] == "guard-unknown"
    other_rules(desk, "torrent.tags: no-upload", "group: YIFY")
    desk.intake.again(record)
    assert not desk.journal.ledger.releases[release.id].get("undecided")
    assert set(desk.jobs()) == {"RED"}


def test_other_rules_do_not_answer_what_only_a_source_or_a_person_can(desk: Desk) -> None:
    release = desk.release("Album")
    desk.intake.seen(release, undecided=("origin-unknown", "no tracker of it could be read"))
    record = desk.journal.ledger.releases[release.id]
    desk.intake.again(record)
    assert desk.jobs() == {}
    after = desk.journal.ledger.releases[release.id]
    assert (after["undecided"], after["why"]) == ("origin-unknown", "no tracker of it could be read")
    other_rules(desk, "match: {name: '*'}", "match: {kind: music}")
    desk.intake.again(record)
    assert desk.jobs() == {}
    assert not desk.journal.ledger.releases[release.id].get("undecided")


def test_what_is_decided_again_is_no_arrival_and_content_that_is_gone_waits(desk: Desk) -> None:
    release = desk.release("Album")
    desk.intake.seen(release, undecided=("origin-unknown", "no tracker of it could be read"))
    for _ in range(60):
        desk.intake.again(desk.journal.ledger.releases[release.id])
    other = desk.see("Other")
    assert not desk.journal.ledger.releases[other].get("undecided")
    desk.intake.seen(desk.release("Lost"), undecided=("otherwise-hold", "no rule matched"))
    lost = next(one for one in desk.journal.ledger.releases.values() if one["name"] == "Lost")
    shutil.rmtree(lost["path"])
    desk.intake.again(lost)
    assert desk.journal.ledger.releases[lost["release"]]["seq"] == lost["seq"]


# Two copies, and content that moves


def test_f21_of_two_copies_in_two_places_one_is_uploaded_and_the_other_linked(desk: Desk) -> None:
    first = desk.see("Album")
    desk.clock.wait(60)
    copy = desk.release("Album", at="there")
    desk.intake.seen(copy)
    assert len(desk.journal.ledger.jobs) == 2
    assert desk.journal.ledger.releases[copy.id]["linked"] == sorted(job.job for job in desk.jobs(first).values())
    assert desk.journal.ledger.releases[first]["path"].endswith("here/Album")


def test_the_same_content_from_a_client_and_a_folder_is_one_set_of_jobs(desk: Desk) -> None:
    desk.see("Album")
    torrent = replace(desk.release("Album"), from_="qbittorrent", source="seedbox", infohash="ab" * 20, completed=5)
    desk.intake.seen(torrent)
    assert len(desk.journal.ledger.jobs) == 2
    assert len(desk.journal.ledger.releases[torrent.id]["linked"]) == 2


def hold_as_moved(desk: Desk, job: Job) -> None:
    keys = {"type": "job", "job": job.job, "tracker": job.tracker, "site": job.site, "release": job.release}
    held = {"state": "held", "back_to": "queued", "code": "content-moved", "why": "gone", "attempt": 0}
    desk.journal.append([{**keys, **held}])


def test_q9_content_that_its_client_moved_is_followed(desk: Desk) -> None:
    album = desk.release("Album")
    torrent = replace(album, from_="qbittorrent", infohash="ab" * 20, completed=5, client="box", save_path="/a")
    desk.intake.seen(torrent)
    job = desk.jobs()["RED"]
    hold_as_moved(desk, job)
    (desk.folder / "there").mkdir()
    moved = Path(album.path).rename(desk.folder / "there" / "Album")
    desk.intake.changed(replace(torrent, path=str(moved), save_path="/b"))
    release = desk.journal.ledger.releases[torrent.id]
    assert (release["path"], release["save_path"]) == (str(moved), "/b")
    assert desk.intake.place("ab" * 20, 5) == ("/b", "Album")
    assert desk.intake.place("cd" * 20, 5) is None
    job = desk.jobs()["RED"]
    assert (job.state, job.code) == (State.QUEUED, None)


def test_a_look_at_the_new_place_of_moved_content_relinks_its_jobs(desk: Desk) -> None:
    album = desk.release("Album")
    desk.intake.seen(album)
    hold_as_moved(desk, desk.jobs()["RED"])
    (desk.folder / "there").mkdir()
    moved = Path(album.path).rename(desk.folder / "there" / "Album")
    desk.clock.wait(60)
    found = replace(album, path=str(moved), from_="person", source="", completed=int(desk.clock.now()))
    desk.intake.seen(found, asked=True)
    assert len(desk.journal.ledger.jobs) == 2
    for job in desk.jobs().values():
        assert job.state is State.QUEUED
        assert desk.journal.ledger.releases[job.release]["path"] == str(moved)
    desk.journal.close()
    desk.journal = Journal.open(desk.folder / "state", clock=desk.clock)
    assert desk.journal.ledger.releases[album.id]["path"] == str(moved)


@pytest.fixture
def renamed(desk: Desk) -> Renamed:
    return Renamed(desk)


class Renamed:
    """A torrent whose folder is renamed in its client, and the loop's half of what follows."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        keys = {"from_": "qbittorrent", "source": "box", "client": "box", "infohash": "ab" * 20, "completed": 5}
        self.torrent = replace(desk.release("Album"), save_path="/here", **keys)
        desk.intake.seen(self.torrent)
        self.asked = Asked(desk.intake, desk.journal, lambda: desk.config, Holders(), lambda name: [], desk.clock)

    def to(self, name: str) -> None:
        path = Path(self.torrent.path).rename(Path(self.torrent.path).with_name(name))
        self.torrent = replace(self.torrent, name=name, path=str(path))
        self.desk.intake.changed(self.torrent)

    def settle(self, *, busy: bool = False) -> None:
        self.asked.work()
        self.asked.settle(lambda job: busy)

    def move(self, tracker: str, **keys: object) -> None:
        job = self.desk.jobs()[tracker]
        whose = {"type": "job", "job": job.job, "tracker": tracker, "site": job.site, "release": job.release}
        self.desk.journal.append([{**whose, "attempt": job.attempt, **keys}])

    def all(self, tracker: str) -> dict[str, State]:
        """The states of a tracker's jobs, by the name that each has its content by."""
        ledger = self.desk.journal.ledger
        jobs = [job for job in ledger.jobs.values() if job.tracker == tracker]
        return {str(ledger.releases[job.release]["name"]): job.state for job in jobs}


def test_jobs_of_a_renamed_torrent_go_on_by_its_new_names(renamed: Renamed) -> None:
    renamed.move("RED", state="held", back_to="queued", code="content-moved", why="gone")
    renamed.move("OPS", state="queued", set={"group": "Mine"}, approved="any", priority=2)
    before = renamed.desk.jobs()["OPS"]
    renamed.to("Other")
    assert renamed.all("OPS") == {"Album": State.QUEUED}  # until the loop's hands are off it
    renamed.settle(busy=True)
    assert renamed.all("OPS") == {"Album": State.QUEUED}
    renamed.settle()
    for tracker in ("RED", "OPS"):
        assert renamed.all(tracker) == {"Album": State.CANCELLED, "Other": State.QUEUED}
    job = renamed.desk.journal.ledger.jobs[job_id(renamed.torrent.fingerprint, before.site)]
    assert (job.set, job.approved, job.priority) == ({"group": "Mine"}, "any", 2)
    assert "(Other): it goes on as job" in str(renamed.desk.journal.ledger.jobs[before.job].why)
    renamed.to("Third")
    renamed.settle()
    renamed.to("Album")
    renamed.settle()
    assert {name for name, state in renamed.all("RED").items() if state is State.QUEUED} == {"Album"}
    renamed.desk.open()
    assert renamed.desk.intake.place("ab" * 20, 5) == ("/here", "Album")


@pytest.mark.parametrize("state", ["unconfirmed", "uploaded", "held", "duplicate", "cancelled"])
def test_a_renamed_torrent_is_never_sent_twice(renamed: Renamed, state: str) -> None:
    before = renamed.desk.jobs()["RED"]
    sent = [{"state": "prepared"}, {"state": "sending", "sent_at": "2026-01-01T00:00:00Z", "infohash": "cd" * 20}]
    after: dict[str, list[dict[str, object]]] = {
        "unconfirmed": [*sent, {"state": "unconfirmed"}],
        "uploaded": [*sent, {"state": "uploaded"}],
        "held": [*sent, {"state": "unconfirmed"}, {"state": "held", "back_to": "unconfirmed", "open": True}],
        "duplicate": [{"state": "duplicate"}],
        "cancelled": [{"state": "cancelled"}],
    }
    for step in after[state]:
        renamed.move("RED", **step)
    renamed.to("Other")
    renamed.settle()
    assert renamed.all("RED") == {"Album": State(state)}
    assert renamed.desk.journal.ledger.jobs[before.job].seq
    assert renamed.all("OPS") == {"Album": State.CANCELLED, "Other": State.QUEUED}


def test_what_is_sent_while_its_torrent_is_renamed_stays_the_only_one(renamed: Renamed) -> None:
    renamed.to("Other")
    renamed.asked.work()
    renamed.move("RED", state="prepared")
    renamed.move("RED", state="sending", sent_at="2026-01-01T00:00:00Z")
    renamed.asked.settle(lambda job: False)
    renamed.settle()
    assert renamed.all("RED") == {"Album": State.SENDING}
    assert renamed.all("OPS") == {"Album": State.CANCELLED, "Other": State.QUEUED}


def test_a_question_goes_on_with_the_new_names(renamed: Renamed) -> None:
    job = renamed.desk.jobs()["RED"]
    asks = {"code": "review", "why": "a person looks first", "resume": f"seedpost queue approve {job.job}"}
    renamed.move("RED", state="held", back_to="dry_run", **asks)
    renamed.to("Other")
    renamed.settle()
    after = renamed.desk.journal.ledger.jobs[job_id(renamed.torrent.fingerprint, job.site)]
    assert (after.state, after.code, after.back_to) == (State.HELD, "review", State.DRY_RUN)
    assert after.resume == f"seedpost queue approve {after.job}"


def test_another_clients_copy_by_other_names_takes_no_job_from_the_first(renamed: Renamed) -> None:
    renamed.desk.clock.wait(60)
    copy = replace(renamed.desk.release("Other"), from_="qbittorrent", client="den", infohash="ab" * 20, completed=9)
    renamed.desk.intake.seen(copy)
    renamed.settle()
    assert renamed.all("RED") == {"Album": State.QUEUED}


def test_what_nobody_may_decide_stays_so_when_its_labels_change(desk: Desk) -> None:
    torrent = replace(desk.release("Album"), from_="qbittorrent", infohash="ab" * 20, completed=5)
    shared = ("shared-folder", "it has no folder of its own")
    desk.intake.seen(torrent, undecided=shared)
    desk.intake.changed(torrent, undecided=shared)
    assert desk.jobs() == {}


def test_a_copy_elsewhere_moves_no_job_whose_content_is_where_it_was(desk: Desk) -> None:
    album = desk.release("Album")
    desk.intake.seen(album)
    hold_as_moved(desk, desk.jobs()["RED"])  # by a mount that was away for a moment
    desk.clock.wait(60)
    desk.intake.seen(desk.release("Album", at="there"))
    assert desk.journal.ledger.releases[album.id]["path"] == album.path
    assert desk.jobs()["RED"].state is State.HELD
    desk.intake.seen(desk.release("Album"), asked=True)
    assert desk.jobs()["RED"].state is State.QUEUED


# A disk without inodes

FULL = """
import errno, os, pathlib, sys
from dataclasses import replace
from tests.watcher.test_intake import Desk
from trackers.content import File
from watcher.journal import Journal

desk, filler = Desk(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[1], "filler")
many = tuple(File(f"{number:05} - a name that takes some room.bin", 1) for number in range(3000))
release = replace(desk.release("Album"), files=many)  # more than a line of the journal takes: a file of its own
filler.mkdir()
try:
    for number in range(1000):
        (filler / str(number)).touch()
except OSError as error:
    assert error.errno == errno.ENOSPC
try:
    desk.intake.seen(release)
except Exception as error:
    print(type(error).__name__, len(desk.journal.ledger.releases))
for one in filler.iterdir():
    one.unlink()
desk.intake.seen(release)
desk.journal.close()
print(len(Journal.open(desk.folder / "state", writable=False).ledger.releases))
"""


def test_F22_a_disk_without_inodes_takes_no_release_and_loses_none(tmp_path: Path) -> None:
    """A real one: a tmpfs in a namespace of its own."""
    own = ["unshare", "--map-root-user", "--mount"] if os.geteuid() else ["unshare", "--mount"]
    mounted = f'mount -t tmpfs -o nr_inodes=64 none {tmp_path} || exit 99; exec "$0" "$@"'
    command = [*own, "sh", "-c", mounted, sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["DiskFull 0", "1"]  # releases in the journal before there is room, and after


def test_content_of_a_job_whose_release_was_lost_in_a_repair_is_seen_and_gets_no_second_job(desk: Desk) -> None:
    album = desk.release("Album", 10)
    desk.intake.seen(album)
    site, other, lost = desk.jobs()["RED"].site, desk.release("Other", 20), "0123456789ab"
    born = {"type": "job", "job": job_id(other.fingerprint, site), "tracker": "RED", "site": site, "release": lost}
    desk.journal.append([{**born, "attempt": 0, "state": "queued"}])
    desk.intake.seen(other)
    assert sum(job.site == site for job in desk.journal.ledger.jobs.values()) == 2
