"""The folder source: settled content is found once, whatever else lies in the folder is told and stops nothing."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import socket
import threading
from pathlib import Path

import pytest

from tests.support_clock import START, VirtualClock
from tests.support_privileges import unprivileged
from tests.support_qbittorrent import Notes, told
from watcher.sources import batches, hints, tree
from watcher.sources.folders import POLL, RESCAN, FolderSource

__all__ = ["told"]  # a fixture

SETTLE = 60.0


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "rips"
    folder.mkdir()
    return folder


def source_of(root: Path, notes: Notes, clock: VirtualClock, **options) -> FolderSource:
    return FolderSource("rips", root, SETTLE, notes, clock, **options)


@pytest.fixture
def source(root, notes, clock):
    """A source that has met its empty folder."""
    one = source_of(root, notes, clock)
    one.poll_once()
    return one


def put(path: Path, size: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def settle(source: FolderSource, clock: VirtualClock, seconds: float = SETTLE) -> None:
    source.poll_once()
    clock.move(seconds)
    source.poll_once()


# Finding


def test_a_folder_that_has_settled_is_one_release(source, root, notes, clock):
    put(root / "Album/b.flac", 2), put(root / "Album/CD2/a.flac", 1), put(root / "Album/.DS_Store")
    settle(source, clock)
    (release,) = notes.releases
    assert (release.source, release.from_, release.client) == ("rips", "folder", "")
    assert (release.name, release.path, release.single) == ("Album", str(root / "Album"), False)
    assert [(file.path, file.size) for file in release.files] == [("CD2/a.flac", 1), ("b.flac", 2)]
    assert release.completed == int(START + SETTLE)
    assert notes.undecided == [None]
    settle(source, clock)
    assert len(notes.releases) == 1
    assert source.idle()


def test_a_file_is_a_release_of_one_file(source, root, notes, clock):
    put(root / "film.mkv")
    settle(source, clock)
    assert (notes.releases[0].single, notes.releases[0].name) == (True, "film.mkv")


def test_what_was_there_at_the_first_look_is_the_baseline(root, notes, clock):
    for number in range(501):
        put(root / f"{number}.mkv")
    source = source_of(root, notes, clock)
    settle(source, clock)
    lines = notes.told("baseline")
    assert [len(line["names"]) for line in lines] == [500, 1]
    assert {line["at"] for line in lines} == {str(root)}
    assert notes.releases == []
    put(root / "new.mkv")
    settle(source, clock)
    assert [release.name for release in notes.releases] == ["new.mkv"]


def test_the_baseline_belongs_to_the_real_folder(root, notes, clock, tmp_path):
    put(root / "old.mkv")
    link = tmp_path / "link"
    link.symlink_to(root)
    source_of(link, notes, clock).poll_once()
    source_of(root, notes, clock).poll_once()
    assert len(notes.told("baseline")) == 1


def test_after_a_restart_only_what_is_new_is_handed_over(source, root, notes, clock):
    put(root / "one.mkv")
    settle(source, clock)
    put(root / "two.mkv")
    after = notes.again()
    again = source_of(root, after, clock)
    again.poll_once()
    assert again.status().settling == ("two.mkv",)
    settle(again, clock)
    assert [release.name for release in after.releases] == ["one.mkv", "two.mkv"]


def test_a_release_that_changes_afterwards_is_handed_over_as_it_then_is(source, root, notes, clock):
    put(root / "Album/a.flac")
    settle(source, clock)
    put(root / "Album/b.flac")
    settle(source, clock)
    assert [len(release.files) for release in notes.releases] == [1, 2]
    (root / "Album/b.flac").unlink()
    settle(source, clock)
    assert len(notes.releases) == 2  # as it was handed over before


def test_a_touched_release_is_not_handed_over_again(source, root, notes, clock):
    put(root / "Album/a.flac")
    settle(source, clock)
    os.utime(root / "Album/a.flac", (1, 1))
    settle(source, clock)
    assert len(notes.releases) == 1


def test_with_a_depth_the_releases_lie_deeper(root, notes, clock, tmp_path):
    put(root / "Artist/Old/a.flac")
    elsewhere = put(tmp_path / "elsewhere/Album/a.flac").parents[1]
    source = source_of(root, notes, clock, depth=2, client="seedbox")
    source.poll_once()
    assert notes.told("baseline")[0]["names"] == ["Artist/Old"]
    put(root / "Artist/New/CD1/a.flac"), put(root / "Other/New/a.flac"), put(root / "loose.mkv")
    (root / "Linked").symlink_to(elsewhere)
    settle(source, clock)
    assert [release.path for release in notes.releases] == [str(root / "Artist/New"), str(root / "Other/New")]
    assert {release.client for release in notes.releases} == {"seedbox"}


# Settling


def test_f1_it_waits_while_a_file_grows(source, root, notes, clock):
    track = put(root / "Album/a.flac")
    source.poll_once()
    for size in range(4, 9):
        clock.move(SETTLE - 1)
        put(track, size)
        source.poll_once()
    assert notes.releases == []
    assert source.settling() == clock.running() + SETTLE
    clock.move(SETTLE)
    source.poll_once()
    assert notes.releases[0].size == 8


def test_f2_a_folder_that_is_moved_in_whole_is_one_release(source, root, notes, clock, tmp_path):
    put(tmp_path / "made/CD1/a.flac"), put(tmp_path / "made/CD2/b.flac", 0)
    (tmp_path / "made").rename(root / "Album")
    settle(source, clock)
    assert [len(release.files) for release in notes.releases] == [2]


def test_f20_age_settles_nothing(source, root, notes, clock):
    """A copy that keeps times looks old, or comes from the future."""
    for name, time in (("old", 1), ("future", 4_000_000_000)):
        track = put(root / name / "a.flac")
        os.utime(track, (time, time))
    source.poll_once()
    assert notes.releases == []
    clock.move(SETTLE)
    source.poll_once()
    assert len(notes.releases) == 2


@pytest.mark.parametrize("name", ["b.flac.part", "b.flac.!qB", "CD2/b.mkv.crdownload", "b.tmp"])
def test_it_waits_for_a_file_that_is_being_written(name, source, root, notes, clock):
    put(root / "Album/a.flac")
    part = put(root / "Album" / name)
    settle(source, clock)
    settle(source, clock)
    assert notes.releases == []
    assert source.idle()  # nothing that waiting alone would mend
    part.rename(part.with_suffix(""))
    settle(source, clock)
    assert len(notes.releases) == 1


def test_it_waits_for_the_file_that_says_ready(root, notes, clock):
    source = source_of(root, notes, clock, ready="*.LOG")
    source.poll_once()
    put(root / "Album/a.flac")
    settle(source, clock)
    settle(source, clock)
    assert notes.releases == []
    put(root / "Album/CD1/rip.log")
    settle(source, clock)
    assert len(notes.releases) == 1


def test_ready_may_name_a_path(root):
    put(root / "Album/CD1/rip.log")
    assert not tree.look(root / "Album", "CD2/*.log").ready
    assert tree.look(root / "Album", "CD1/*.log").ready
    assert tree.look(put(root / "done.log"), "*.log").ready


def test_a_change_during_the_last_look_starts_the_time_again(source, root, notes, clock, monkeypatch):
    track = put(root / "Album/a.flac")
    source.poll_once()
    clock.move(SETTLE)
    look = tree.look
    looks = iter([lambda *asked: look(*asked), lambda *asked: put(track, 9) and look(*asked)])
    monkeypatch.setattr(tree, "look", lambda *asked: next(looks, look)(*asked))
    source.poll_once()
    assert notes.releases == []
    settle(source, clock)
    assert notes.releases[0].size == 9


def test_noise_of_the_nas_does_not_keep_it_waiting(source, root, notes, clock):
    put(root / "Album/a.flac")
    source.poll_once()
    for number in range(4):
        clock.move(SETTLE / 4)
        put(root / f"Album/@eaDir/{number}"), put(root / "Album/.DS_Store", number)
        source.poll_once()
    assert len(notes.releases) == 1


def test_f13_content_that_vanishes_is_forgotten(source, root, notes, clock):
    put(root / "Album/a.flac")
    source.poll_once()
    shutil.rmtree(root / "Album")
    settle(source, clock)
    assert notes.releases == []
    assert source.idle()


def test_an_empty_folder_is_no_release(source, root, notes, clock):
    (root / "Album").mkdir()
    settle(source, clock)
    assert notes.releases == []
    assert source.status().problems == ()
    put(root / "Album/a.flac")
    settle(source, clock)
    assert len(notes.releases) == 1


# What does not belong there


def test_f4_f17_each_problem_is_told_once_and_stops_nothing(source, root, notes, clock, told, tmp_path, monkeypatch):
    for name in ("loop", "outside", "dangling", "socket", "pipe", "bytes"):
        put(root / name / "a.flac")
    (root / "loop/again").symlink_to(root / "loop")
    (root / "outside/link").symlink_to(tmp_path)
    (root / "dangling/link").symlink_to("nothing")
    os.mkfifo(root / "pipe/pipe")
    Path(os.fsdecode(bytes(root / "bytes") + b"/\xff.flac")).write_bytes(b"x")
    server = socket.socket(socket.AF_UNIX)
    monkeypatch.chdir(root / "socket")  # the path of a socket must be short
    server.bind("socket")
    server.close()
    (root / "linked").symlink_to(tmp_path)
    put(root / "Good/a.flac")
    settle(source, clock)
    settle(source, clock)
    assert [release.name for release in notes.releases] == ["Good"]
    events = [line for line in told() if line["event"] == "source.problem"]
    assert len(events) == 7
    assert len(source.status().problems) == 7
    assert source.idle()
    (root / "pipe/pipe").unlink()
    settle(source, clock)
    assert [release.name for release in notes.releases] == ["Good", "pipe"]
    assert len(source.status().problems) == 6


@pytest.mark.parametrize("name", [b"new\nline", b"\x1b[2J", b"bi\xe2\x80\xaedi", b"x" * 255])
def test_f10_a_strange_name_is_a_name(name, source, root, notes, clock):
    put(root / os.fsdecode(name) / "a.flac")
    settle(source, clock)
    assert notes.releases[0].name == os.fsdecode(name)


def test_a_name_that_is_no_utf8_is_told(source, root, notes, clock):
    put(root / os.fsdecode(b"\xff\xfe") / "a.flac")
    settle(source, clock)
    assert notes.releases == []
    assert "UTF-8" in source.status().problems[0]


@pytest.mark.parametrize("what", ["Album/a.flac", "Album/CD1", "Album"])
def test_f5_what_cannot_be_read_is_told_and_mended(what, source, root, notes, clock):
    put(root / "Album/a.flac"), put(root / "Album/CD1/b.flac")
    (root / what).chmod(0)
    unprivileged(lambda: settle(source, clock))
    assert notes.releases == []
    assert "ermission" in source.status().problems[0]
    (root / what).chmod(0o755)
    unprivileged(lambda: settle(source, clock))
    assert len(notes.releases) == 1


def test_a_root_that_cannot_be_read_is_told(source, root, notes, clock):
    root.chmod(0)
    unprivileged(source.poll_once)
    root.chmod(0o755)
    assert "ermission" in source.status().error


def test_f11_what_is_beyond_every_limit_is_told_and_stops_nothing(source, root, notes, clock, monkeypatch):
    monkeypatch.chdir(root)
    for _ in range(20):  # a path longer than any call takes
        Path("d" * 250).mkdir()
        os.chdir("d" * 250)
    monkeypatch.setattr("watcher.identify.files.MOST_FILES", 20)
    for number in range(21):
        put(root / f"Many/{number}.flac")
    put(root / "Good/a.flac")
    settle(source, clock)
    assert [release.name for release in notes.releases] == ["Good"]
    deep, many = sorted(source.status().problems, key=len, reverse=True)
    assert "can't be read" in deep
    assert "more than 20 files" in many
    assert len(notes.told("seen")) == 2  # the journal has them too
    assert {record["path"] for record in notes.told("seen")} == {str(root / ("d" * 250)), str(root / "Many")}
    os.chdir(root)


def test_f12_two_names_that_are_one_to_some_file_systems_are_told(source, root, notes, clock):
    put(root / "Album/e\u0301.flac"), put(root / "Album/\u00e9.flac")
    settle(source, clock)
    assert notes.releases == []
    assert "composed in two ways" in source.status().problems[0]


def test_f15_a_disk_that_fails_is_told_and_looked_at_again(source, root, notes, clock, monkeypatch):
    put(root / "Album/CD1/a.flac"), put(root / "Good/a.flac")
    real = os.scandir

    def failing(path):
        if os.fspath(path).endswith("CD1"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", failing)
        settle(source, clock)
        settle(source, clock)
    assert [release.name for release in notes.releases] == ["Good"]
    assert "Input/output error" in source.status().problems[0]
    settle(source, clock)
    assert len(notes.releases) == 2


def test_f18_empty_and_sparse_files_are_files(source, root, notes, clock):
    put(root / "Album/a.flac", 0)
    os.truncate(put(root / "Album/b.flac"), 1 << 30)
    settle(source, clock)
    assert [(file.path, file.size) for file in notes.releases[0].files] == [("a.flac", 0), ("b.flac", 1 << 30)]


def test_f22_a_disk_without_inodes_stops_the_hand_over_and_loses_nothing(source, root, notes, clock, monkeypatch):
    put(root / "Album/a.flac")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def seen(release, *, undecided):
        raise full

    with monkeypatch.context() as patch:
        patch.setattr(notes, "seen", seen)
        source.poll_once()
        clock.move(SETTLE)
        with pytest.raises(OSError, match="No space"):
            source.poll_once()
    source.poll_once()
    assert len(notes.releases) == 1


def test_f3_hard_links_are_files(source, root, notes, clock, tmp_path):
    track = put(tmp_path / "elsewhere/a.flac")
    (root / "Album").mkdir()
    os.link(track, root / "Album/a.flac")
    settle(source, clock)
    assert len(notes.releases) == 1


def test_sidecars_and_rubbish_beside_the_content_are_no_releases(source, root, notes, clock):
    put(root / "Album.seedpost.yaml"), put(root / ".DS_Store"), put(root / "lost+found/x"), put(root / "x.part")
    settle(source, clock)
    assert notes.releases == []
    assert source.status().settling == ()


# The folder itself


def test_a_folder_that_is_not_there_is_told_once_and_waited_for(tmp_path, notes, clock, told):
    root = tmp_path / "later"
    source = source_of(root, notes, clock)
    source.poll_once(), source.poll_once()
    assert notes.records == []  # what is there when it comes is not new
    assert "can't be listed" in source.status().error
    put(root / "old.mkv")
    settle(source, clock)
    assert notes.releases == []
    assert source.status().error == ""
    assert [line["event"] for line in told()] == ["source.down", "source.up"]


def test_f16_a_mount_that_went_away_deletes_nothing(root, notes, clock, tmp_path):
    put(root / "one.mkv"), put(root / "two.mkv")
    source = source_of(root, notes, clock)
    source.poll_once()
    root.rename(tmp_path / "aside")
    root.mkdir()
    for _ in range(3):
        settle(source, clock)
    root.rmdir()
    (tmp_path / "aside").rename(root)
    settle(source, clock)
    assert notes.told("gone") == []
    assert notes.releases == []


def test_a_mount_that_goes_away_just_after_a_name_does_deletes_nothing(root, notes, clock, tmp_path):
    put(root / "one.mkv"), put(root / "two.mkv")
    source = source_of(root, notes, clock)
    source.poll_once()
    (root / "one.mkv").unlink()
    source.poll_once()
    (root / "two.mkv").rename(tmp_path / "two.mkv")
    source.poll_once()
    assert notes.told("gone") == []


def test_a_name_of_the_baseline_that_is_gone_may_come_again(root, notes, clock):
    put(root / "one.mkv"), put(root / "two.mkv")
    source = source_of(root, notes, clock)
    source.poll_once()
    (root / "one.mkv").unlink()
    source.poll_once()
    assert notes.told("gone") == []
    source.poll_once()
    assert notes.told("gone")[0]["names"] == ["one.mkv"]
    put(root / "one.mkv")
    settle(source, clock)
    assert [release.name for release in notes.releases] == ["one.mkv"]
    assert notes.baseline(str(root)).names == {"two.mkv"}


def test_a_name_that_comes_back_at_once_is_still_old(root, notes, clock):
    put(root / "one.mkv"), put(root / "two.mkv")
    source = source_of(root, notes, clock)
    source.poll_once()
    (root / "one.mkv").rename(root.parent / "one.mkv")
    source.poll_once()
    (root.parent / "one.mkv").rename(root / "one.mkv")
    for _ in range(3):
        settle(source, clock)
    assert notes.told("gone") == []
    assert notes.releases == []


# inotify


class Watching:
    """A source whose loop is run step by step: each wait of its clock is a chance to change the disk and the time."""

    def __init__(self, root: Path, notes: Notes, **options) -> None:
        self.clock, self.stop, self.steps = VirtualClock(), threading.Event(), []
        self.source = source_of(root, notes, self.clock, **options)
        self.clock.wait = self._wait

    def _wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        self.clock.move(seconds)
        if self.steps:
            self.steps.pop(0)()
        else:
            self.stop.set()
        return self.stop.is_set()

    def run(self, *steps) -> None:
        self.steps, _ = list(steps), self.stop.clear()
        self.source.run(self.stop)


def heard(watching: Watching, name: str):
    """Wait, in real time, until inotify has told of a child."""

    def until() -> None:
        pause = threading.Event()
        for _ in range(500):
            if name in watching.source._hints._names:
                return
            pause.wait(0.01)
        raise TimeoutError(name)

    return until


def test_a_hint_finds_new_content_between_two_full_looks(root, notes):
    watching = Watching(root, notes)

    def come() -> None:
        put(root / "Album/a.flac")
        heard(watching, "Album")()

    watching.run(come, *[lambda: None] * 70)
    assert watching.source.status().last_poll == START  # no second full look
    assert [release.name for release in notes.releases] == ["Album"]


@pytest.mark.parametrize(
    "change",
    [
        lambda root: put(root / "Album/CD1/a.flac", 7),
        lambda root: (root / "Album/CD1/b.flac").unlink(),
        lambda root: (root / "Album/CD1/b.flac").rename(root / "Album/c.flac"),
        lambda root: (root / "Album/CD3").mkdir(),
    ],
)
def test_every_kind_of_change_gives_a_hint(change, root, notes):
    put(root / "Album/CD1/a.flac"), put(root / "Album/CD1/b.flac")
    watching = Watching(root, notes)
    watching.run(lambda: change(root), heard(watching, "Album"))


def test_with_a_depth_hints_name_the_releases(root, notes):
    put(root / "Artist/Album/a.flac")
    watching = Watching(root, notes, depth=2)
    watching.run(lambda: put(root / "Artist/Album/b.flac"), heard(watching, "Artist/Album"))


def test_f19_a_root_that_was_made_anew_is_watched_anew(root, notes):
    watching = Watching(root, notes)

    def replace() -> None:
        root.rename(root.parent / "aside")
        root.mkdir()
        watching.source.nudge()

    def come() -> None:
        put(root / "Album/a.flac")

    watching.run(replace, come, heard(watching, "Album"))


def test_f7_a_queue_that_overflowed_makes_it_look_at_everything(root, notes, clock):
    watching = Watching(root, notes)

    def overflow() -> None:
        put(root / "Album/a.flac")
        watching.source._hints.take()
        logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed; events were lost")

    watching.run(overflow, *[lambda: None] * 70)
    assert [release.name for release in notes.releases] == ["Album"]
    assert logging.getLogger("watchdog.observers.inotify_c").handlers == []


def test_it_listens_and_says_so(root, notes):
    put(root / "Old/CD1/a")
    watching = Watching(root, notes)
    seen = []
    watching.run(lambda: seen.append(watching.source.status()))
    assert (seen[0].mode, seen[0].watched, seen[0].delay, seen[0].problems) == ("inotify", 3, RESCAN, ())
    assert watching.source.status().mode == "polling"


MOUNTS = """21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 0:40 / {root} rw,relatime - {kind} server:/export rw
"""


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.mergerfs", "9p", "fuse"])
def test_f6_where_inotify_is_blind_it_polls_and_says_why(kind, root, notes, tmp_path, told):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.format(root=str(root).replace(" ", "\\040"), kind=kind))
    watching = Watching(root, notes, mounts=mounts)
    seen = []
    watching.run(lambda: seen.append(watching.source.status()), lambda: watching.source.nudge(), lambda: None)
    assert (seen[0].mode, seen[0].delay) == ("polling", POLL)
    assert kind in seen[0].problems[0]
    assert [line["event"] for line in told()] == ["source.polling"]


@pytest.mark.parametrize(
    ("path", "is_blind"),
    [("/mnt/a b/x", True), ("/mnt/a b", True), ("/mnt/a", False), ("/mnt/a b/local/x", False), ("/srv", False)],
)
def test_the_nearest_mount_counts(path, is_blind, tmp_path):
    mounts = tmp_path / "mountinfo"
    local = "23 22 8:1 / /mnt/a\\040b/local rw - ext4 /dev/sda1 rw\nrubbish\n"
    mounts.write_text(MOUNTS.format(root="/mnt/a\\040b", kind="nfs") + local)
    assert bool(hints.blind(Path(path), mounts)) is is_blind


def test_f8_more_folders_than_watches_are_told_with_the_setting(tmp_path):
    limit = tmp_path / "max_user_watches"
    limit.write_text("5\n")
    assert hints.short_of_watches(4, (str(limit), str(tmp_path / "none"))) == ""
    assert "sysctl fs.inotify.max_user_watches=10" in hints.short_of_watches(5, (str(limit),))
    assert hints.short_of_watches(10**9, (str(tmp_path / "none"),)) == ""


def test_an_observer_that_does_not_start_makes_it_poll(root, notes, monkeypatch, tmp_path, told):
    mounts = tmp_path / "nothing"
    watching = Watching(root, notes, mounts=mounts)
    watching.run()
    assert watching.source.status().mode == "polling"
    assert "inotify" in told()[0]["why"]


@pytest.mark.parametrize(
    ("error", "setting"),
    [(OSError(errno.EMFILE, "too many"), "max_user_instances"), (OSError(errno.ENOSPC, "limit"), "max_user_watches")],
)
def test_f9_a_limit_of_inotify_is_told_with_its_setting(error, setting):
    assert f"sysctl fs.inotify.{setting}" in hints.refused(error)


def test_watching_a_folder_that_is_not_there_leaves_nothing_behind(tmp_path):
    before = threading.active_count()
    one = hints.Hints(tmp_path / "none", 1)
    with pytest.raises(OSError):
        one.start()
    one.stop()
    assert threading.active_count() == before


# Pieces


def test_a_digest_changes_with_everything(root):
    track = put(root / "Album/a.flac")
    seen = {tree.look(root / "Album").digest}
    for change in (
        lambda: put(track, 4),
        lambda: os.utime(track, ns=(5, 5)),
        lambda: track.rename(root / "Album/b.flac"),
        lambda: (root / "Album/CD1").mkdir(),
        lambda: (root / "Album/link").symlink_to("b.flac"),
        lambda: (root / "Album/b.flac").chmod(0o600),
    ):
        change()
        digest = tree.look(root / "Album").digest
        assert digest not in seen
        seen.add(digest)
    assert tree.look(root / "none") is None


def test_lines_are_never_too_long_and_the_last_one_says_so():
    assert batches({"a": 1}, "names", []) == [{"a": 1, "names": [], "more": False}]
    lines = batches({}, "names", list(range(1000)))
    assert [(len(line["names"]), line["more"]) for line in lines] == [(500, True), (500, False)]


def test_what_comes_while_it_ends_is_no_error(root, caplog):
    said = logging.getLogger("watchdog.observers.inotify")

    class Ending:
        """watchdog's observer, met by an event in the middle of its end."""

        def __init__(self, real):
            self.real, self.is_alive, self.join = real, real.is_alive, real.join

        def stop(self):
            self.real.stop()
            said.error("InotifyEmitter.queue_events() called when the thread is inactive")
            said.error("something else")

    one = hints.Hints(root, 1)
    one.start()
    one._observer = Ending(one._observer)
    one.stop()
    assert "inactive" not in caplog.text
    assert "something else" in caplog.text
