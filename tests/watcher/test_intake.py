"""From a release to its records: which jobs are born, in which state, and why others are not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support_clock import VirtualClock
from trackers.catalogue import site_of
from watcher.config import Config, parse
from watcher.identify import payload
from watcher.intake import Intake
from watcher.intake.asked import Asked
from watcher.jobs import Job, State
from watcher.journal import Journal
from watcher.release import Fact, Release, job_id

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
    assert desk.intake.save_path("ab" * 20, 5) == "/b"
    assert desk.intake.save_path("cd" * 20, 5) is None
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
