"""Files that fail under the loop: content, links, info dictionaries, a full disk. In virtual time, on real files."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_loop import Memory, World, world
from tests.watcher.test_uploader import posts
from tests.watcher.test_uploader_torrents import NAMES, album, seen
from trackers.base import Attachment, Form, Receipt, Upload
from watcher.durable import FileSystem
from watcher.errors import SeedpostError
from watcher.jobs import State
from watcher.torrents import ContentChanged, ContentUnreadable
from watcher.uploader.prepare import attached


@pytest.fixture
def one(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, red_keys=f", stage: {tmp_path / 'stage'}, exclude: ['*.nfo']") as made:
        yield made


def fail(patch: pytest.MonkeyPatch, call: str, number: int, part: str, times: int = 1_000_000) -> list[int]:
    """Let a call of the system fail so many times for files whose name has a part; the list grows with every failure.
    `open` and `preadv` are the hasher's."""
    real, failed = getattr(os, call), list[int]()

    def failing(*given: object, **more: object) -> object:
        first = os.readlink(f"/proc/self/fd/{given[0]}") if isinstance(given[0], int) else str(given[0])
        if (part in first or part in str(given[1:])) and len(failed) < times:
            failed.append(number)
            raise OSError(number, os.strerror(number))
        return real(*given, **more)

    patch.setattr(os, call, failing)
    return failed


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOTCONN])
def test_F15_a_mount_that_fails_for_a_while_needs_nobody(
    one: World, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = fail(monkeypatch, "preadv", number, "01.flac", times=3)
    one.release()
    one.turn(3)
    job = one.job()
    assert (job.state, job.code, job.not_before is not None) == (State.QUEUED, "content-unreadable", True)
    assert "look at the disk" in str(job.why)
    one.until(one.settled)
    assert (one.job().state, len(failed)) == (State.UPLOADED, 3)


def test_a_file_that_may_not_be_read_waits_for_a_person_at_once(one: World, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = fail(monkeypatch, "preadv", errno.EACCES, "01.flac")
    one.release()
    one.until(one.settled)
    job = one.job()
    assert (job.state, job.code, len(failed)) == (State.HELD, "content-unreadable", 1)
    assert "mend the file or its permissions" in str(job.why)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
@pytest.mark.parametrize("call", ["open", "stat"])
def test_P8_a_process_out_of_files_while_it_hashes_does_not_condemn_the_content(
    one: World, call: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.release()
    with monkeypatch.context() as patch:
        failed = fail(patch, call, number, "01.flac")
        one.turn(5)
        assert failed
        assert (one.job().state, one.job().code) == (State.QUEUED, None)
        assert one.manager.stopped.startswith("too many open files")
    one.until(one.settled, hours=1)
    assert (one.job().state, one.manager.stopped) == (State.UPLOADED, "")


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.ESTALE])
def test_a_disk_that_fails_under_the_links_is_tried_again(
    staged: World, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = fail(monkeypatch, "link", number, "stage", times=2)
    seen(staged, *album(staged, "Who: Live?", NAMES))
    staged.turn(3)
    job = staged.job()
    assert (job.state, job.code) == (State.QUEUED, "staging")
    assert "look at the disk that `stage` is on" in str(job.why)
    staged.until(staged.settled)
    assert (staged.job().state, len(failed)) == (State.UPLOADED, 2)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EXDEV])
def test_links_that_can_never_be_made_wait_for_a_person(
    staged: World, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = fail(monkeypatch, "link", number, "stage")
    seen(staged, *album(staged, "Who: Live?", NAMES))
    staged.until(staged.settled)
    assert (staged.job().state, staged.job().code, len(failed)) == (State.HELD, "staging", 1)


@pytest.mark.parametrize(
    ("number", "stands"), [(errno.EIO, ("staging", "")), (errno.EMFILE, (None, "too many open files"))]
)
def test_links_whose_names_the_disk_does_not_confirm_are_not_sent(
    staged: World, number: int, stands: tuple[str | None, str]
) -> None:
    class Failing(FileSystem):
        def sync(self, fd: int) -> None:
            raise OSError(number, os.strerror(number))

    healthy, staged.bench.store.fs = staged.bench.store.fs, Failing()
    seen(staged, *album(staged, "Who: Live?", NAMES))
    staged.turn(3)
    assert (staged.job().state, staged.job().code) == (State.QUEUED, stands[0])
    assert staged.manager.stopped.startswith(stands[1])
    staged.bench.store.fs = healthy
    staged.until(staged.settled)
    assert (staged.job().state, staged.sites["RED"].stored[-1].user) == (State.UPLOADED, "us")


def test_F15_a_disk_that_fails_between_the_hashing_and_the_post_is_told_as_that(
    one: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.release()
    one.turn()
    assert one.job().state is State.PREPARED
    with monkeypatch.context() as patch:
        failed = fail(patch, "stat", errno.EIO, "01.flac")
        one.turn()
        assert failed
        job = one.job()
        assert (job.state, job.code, len(one.sites["RED"].posts)) == (State.QUEUED, "content-unreadable", 0)
    one.until(one.settled)
    assert (one.job().state, len(one.sites["RED"].posts)) == (State.UPLOADED, 1)


def test_a_file_that_is_gone_between_the_hashing_and_the_post_is_not_sent(one: World) -> None:
    one.release()
    one.turn()
    (one.folder / "content" / "Album" / "01.flac").unlink()
    one.until(one.settled)
    assert (one.job().state, one.job().code) == (State.HELD, "content-changed")
    assert one.sites["RED"].posts == []


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_P8_a_process_out_of_files_begins_nothing_for_a_while_and_blames_no_job(one: World, number: int) -> None:
    compose = one.models["RED"].compose

    def starved(*_: object) -> None:
        try:
            raise OSError(number, "Too many open files")
        except OSError as error:
            raise SeedpostError("the blob can't be read") from error

    one.models["RED"].compose = starved  # type: ignore[assignment]
    one.release()
    one.turn(50)
    assert (one.job().state, one.job().code) == (State.QUEUED, None)
    assert one.manager.stopped.startswith("too many open files")
    one.models["RED"].compose = compose  # type: ignore[method-assign]
    one.until(one.settled, hours=1)
    assert (one.job().state, one.manager.stopped) == (State.UPLOADED, "")


def test_P8_an_upload_that_runs_out_of_files_half_way_is_unconfirmed(one: World) -> None:
    def starved(upload: Upload) -> Receipt:
        raise OSError(errno.EMFILE, "Too many open files")

    one.release()
    one.turn()
    one.models["RED"].upload = starved  # type: ignore[method-assign]
    one.turn()
    assert (one.job().state, one.job().code) == (State.UNCONFIRMED, "crash")


def test_a_disk_that_fills_up_in_the_middle_of_an_upload_leaves_it_unconfirmed(one: World) -> None:
    def starved(upload: Upload) -> Receipt:
        raise OSError(errno.ENOSPC, "No space left on device")

    one.release()
    one.turn()
    one.models["RED"].upload = starved  # type: ignore[method-assign]
    one.turn()
    assert (one.job().state, one.job().code) == (State.UNCONFIRMED, "crash")


def test_F14_files_that_change_between_hashing_and_sending_are_hashed_again(one: World) -> None:
    one.release()
    one.turn()
    assert one.job().state is State.PREPARED
    path = one.folder / "content" / "Album" / "01.flac"
    path.write_bytes(path.read_bytes()[::-1])
    one.until(one.settled)
    assert one.job().state is State.UPLOADED
    info = one.bench.store.get(str(one.job().infohash))
    assert one.sites["RED"].posts[0][1] == one.job().infohash
    assert info


def test_content_that_was_sent_and_then_changed_is_never_built_twice(one: World) -> None:
    one.sites["RED"].fates = [("dropped", 0.0)]
    one.release()
    one.turn(3)
    path = one.folder / "content" / "Album" / "01.flac"
    path.write_bytes(path.read_bytes()[::-1])
    one.until(one.settled)
    assert (one.job().state, one.job().code, posts(one)) == (State.HELD, "content-changed", 1)


def test_content_that_is_gone_is_held_with_the_place_it_was_at(one: World) -> None:
    one.release()
    (one.folder / "content" / "Album").rename(one.folder / "elsewhere")
    one.until(one.settled)
    assert (one.job().state, one.job().code) == (State.HELD, "content-moved")


@pytest.mark.parametrize("call", ["stat", "preadv"])
def test_F15_a_disk_that_fails_holds_the_job_with_the_file_and_goes_on_once_it_reads(
    one: World, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(os, call)

    def failing(which: object, *rest: object, **more: object) -> object:
        name = os.readlink(f"/proc/self/fd/{which}") if isinstance(which, int) else os.fspath(str(which))
        if name.endswith("01.flac"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(which, *rest, **more)

    one.release()
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing)
        one.until(one.settled)
    job = one.job()
    assert (job.state, job.code, posts(one)) == (State.HELD, "content-unreadable", 0)
    assert "'01.flac' can't be read: Input/output error" in str(job.why)
    one.command("retry", job.job)
    one.until(one.settled)
    assert (one.job().state, posts(one)) == (State.UPLOADED, 1)


def test_J6_a_disk_that_fills_up_under_the_torrent_store_is_no_fault_of_the_job(one: World) -> None:
    class Full(Memory):
        """No room for a torrent, though there looked to be some."""

        def write(self, fd: int, data: bytes | memoryview) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    one.bench.store.fs, fs = Full(), one.bench.store.fs
    one.release()
    one.turn(10)
    assert (one.job().state, one.job().code, posts(one)) == (State.QUEUED, None, 0)
    assert one.manager.stopped.startswith("disk-full")
    one.bench.store.fs = fs
    one.until(one.settled, hours=1)
    assert (one.job().state, posts(one), one.manager.stopped) == (State.UPLOADED, 1, "")


def test_a_full_disk_begins_nothing_and_goes_on_by_itself(one: World) -> None:
    one.fs.left = 1000
    one.release()
    one.turn(10)
    assert (one.job().state, posts(one)) == (State.QUEUED, 0)
    assert one.manager.stopped.startswith("disk-full")
    one.fs.left = None
    one.until(one.settled, hours=1)
    assert (one.job().state, one.manager.stopped) == (State.UPLOADED, "")


# -- the frozen info dictionary


def info_of(one: World) -> Path:
    return one.folder / "state" / "torrents" / f"{one.job().infohash}.info"


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"de")])
def test_what_was_never_sent_is_built_anew_when_its_info_dictionary_is_lost(one: World, harm: object) -> None:
    one.release()
    one.turn()
    assert one.job().state is State.PREPARED
    harm(info_of(one))  # type: ignore[operator]
    one.turn()
    assert (one.job().state, one.job().code) == (State.QUEUED, "torrent-lost")
    one.until(one.settled)
    assert (one.job().state, len(one.sites["RED"].posts)) == (State.UPLOADED, 1)


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"de")])
def test_what_was_sent_waits_open_for_its_info_dictionary_and_goes_on_with_it(one: World, harm: object) -> None:
    one.sites["RED"].fates = [("lost", 0.0)]
    one.release()
    one.turn(2)
    assert one.job().state is State.UNCONFIRMED
    info = info_of(one).read_bytes()
    harm(info_of(one))  # type: ignore[operator]
    one.until(one.settled)
    job = one.job()
    assert (job.state, job.code, job.open, job.back_to) == (State.HELD, "torrent-lost", True, State.UNCONFIRMED)
    assert "restore it from a backup" in str(job.why)
    assert job.resume == f"seedpost queue retry {job.job}"
    info_of(one).write_bytes(info)
    one.command("retry", job.job)
    one.until(one.settled)
    assert (one.job().state, len(one.sites["RED"].posts)) == (State.UPLOADED, 1)


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"de")])
def test_a_command_that_wants_a_lost_info_dictionary_is_refused_with_its_cure(one: World, harm: object) -> None:
    one.sites["RED"].fates = [("lost", 0.0)]
    one.release()
    one.turn(2)
    harm(info_of(one))  # type: ignore[operator]
    one.until(one.settled)
    assert (one.job().state, one.job().code) == (State.HELD, "torrent-lost")
    answer = one.command("resolve", one.job().job, absent=True)
    assert answer["result"] == "refused" and "restore it from a backup" in str(answer["why"])


def test_an_info_dictionary_that_can_not_be_read_for_a_while_needs_nobody(
    one: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.sites["RED"].fates = [("lost", 0.0)]
    one.release()
    one.turn(2)
    real = Path.read_bytes

    def failing(path: Path) -> bytes:
        if path.suffix == ".info":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", failing)
        one.turn(3)
        assert (one.job().state, one.job().code) == (State.UNCONFIRMED, "torrent-lost")
    one.until(one.settled)
    assert (one.job().state, len(one.sites["RED"].posts)) == (State.UPLOADED, 1)


def test_where_a_gap_may_hide_the_sending_and_the_content_is_gone_the_question_stays_open(one: World) -> None:
    one.release()
    job = one.job()
    one.journal.append([{"type": "job", "job": job.job, "state": "unconfirmed", "code": "journal-gap", "why": "gone"}])
    (one.folder / "content" / "Album" / "01.flac").unlink()
    one.until(one.settled)
    job = one.job()
    assert (job.state, job.code, job.open) == (State.HELD, "content-changed", True)


@pytest.mark.parametrize("part", ["01.log", "gone.log"])
def test_a_file_that_goes_beside_the_torrent_and_can_not_be_read_is_no_crash(tmp_path: Path, part: str) -> None:
    (tmp_path / "01.log").mkdir()
    form = Form((), attachments=(Attachment("logfiles", part),))
    with pytest.raises((ContentChanged, ContentUnreadable), match=part):
        attached(form, tmp_path)
