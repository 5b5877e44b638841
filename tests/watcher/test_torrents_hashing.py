"""Hashing against libtorrent, and against files that don't hold still."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import subprocess
import sys
import threading
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support_strace import needs_strace
from tests.support_torrents import judged_pieces, trees, write
from trackers.content import File
from watcher.torrents import ContentChanged, ContentUnreadable, Hasher, HashingStopped, piece_hashes, signature
from watcher.torrents.hashing import BATCH, _Reader, _Work, be_idle

KIB = 1024


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees(), length=st.sampled_from([16 * KIB, 32 * KIB]), threads=st.integers(1, 3))
def test_any_tree_has_the_pieces_that_libtorrent_finds(tmp_path_factory, tree, length, threads):
    root = tmp_path_factory.mktemp("tree") / "content"
    files = write(root, tree)
    assert piece_hashes(root, files, False, length, threads=threads) == judged_pieces(root, files, length)


@pytest.mark.parametrize("size", [1, 16 * KIB - 1, 16 * KIB, 16 * KIB + 1, 300 * KIB, 3 * 256 * KIB])
def test_a_single_file_is_hashed_from_its_first_byte_to_its_last(tmp_path, size):
    path = tmp_path / "one.bin"
    data = os.urandom(size)
    path.write_bytes(data)
    pieces = b"".join(hashlib.sha1(data[at : at + 16 * KIB]).digest() for at in range(0, size, 16 * KIB))
    assert piece_hashes(path, [File("one.bin", size)], True, 16 * KIB) == pieces


@pytest.mark.parametrize("length", [256 * KIB, 1024 * KIB, 16 * 1024 * KIB])
def test_a_file_of_many_batches_comes_out_in_order(tmp_path, length):
    path = tmp_path / "one.bin"
    data = os.urandom(2 * BATCH + 12_345)
    path.write_bytes(data)
    pieces = b"".join(hashlib.sha1(data[at : at + length]).digest() for at in range(0, len(data), length))
    seen: list[int] = []
    assert piece_hashes(path, [File("one.bin", len(data))], True, length, progress=seen.append, threads=3) == pieces
    assert seen == sorted(seen)
    assert seen[-1] == len(data)


def test_a_file_over_four_gibibytes_that_takes_no_space_is_hashed_at_its_far_end(tmp_path):
    path = tmp_path / "sparse.bin"
    size = (4 << 30) + 5
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(size - 5)
        file.write(b"12345")
    length = 16 << 20
    seen = threading.Event()
    # The first bytes show that it runs; the end is read by itself, as the last piece of a part of the stream.
    with pytest.raises(HashingStopped):
        piece_hashes(path, [File("sparse.bin", size)], True, length, stop=seen, progress=lambda _: seen.set())
    pieces = _last_piece(path, size, length)
    assert pieces == hashlib.sha1(b"12345").digest()


def _last_piece(path, size, length):
    reader = _Reader(_Work([str(path)], [File("sparse.bin", size)], [length], threading.Event()))
    try:
        return b"".join(reader.digests(size // length * length, size))
    finally:
        reader.close()


def test_files_of_no_bytes_leave_the_pieces_as_they_are(tmp_path):
    with_empty = {"a": 0, "b": 20_000, "c": 0, "d": 0, "e": 20_000, "f": 0}
    files = write(tmp_path / "x", with_empty)
    full = [file for file in files if file.size]
    assert piece_hashes(tmp_path / "x", files, False, 16 * KIB) == piece_hashes(tmp_path / "x", full, False, 16 * KIB)


def test_content_of_no_bytes_has_no_pieces(tmp_path):
    files = write(tmp_path / "x", {"a": 0})
    assert piece_hashes(tmp_path / "x", files, False, 16 * KIB) == b""


def test_a_name_in_two_forms_of_unicode_is_read_as_it_stands_on_disk(tmp_path):
    decomposed = unicodedata.normalize("NFD", "é.flac")
    files = write(tmp_path / "x", {decomposed: 30_000})
    assert piece_hashes(tmp_path / "x", files, False, 16 * KIB) == judged_pieces(tmp_path / "x", files, 16 * KIB)


def test_a_name_that_is_not_utf8_can_be_hashed_all_the_same(tmp_path):
    name = os.fsdecode(b"caf\xe9.flac")
    files = write(tmp_path / "x", {name: 100})
    assert len(piece_hashes(tmp_path / "x", files, False, 16 * KIB)) == 20


@pytest.fixture
def content(tmp_path):
    root = tmp_path / "album"
    return root, write(root, {"a": 50_000, "b": 50_000, "c": 50_000})


def test_a_file_that_grows_is_refused(content):
    root, files = content
    before = signature(root, files, False)
    with (root / "c").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ContentChanged, match="'c' has 50004 bytes, not 50000"):
        piece_hashes(root, files, False, 16 * KIB, since=before)


def test_a_file_that_is_cut_while_it_is_read_is_refused(content):
    root, files = content
    before = signature(root, files, False)
    os.truncate(root / "b", 10)
    with pytest.raises(ContentChanged, match="'b' became shorter"):
        piece_hashes(root, files, False, 16 * KIB, since=before)


def test_a_file_that_vanishes_is_refused(content):
    root, files = content
    before = signature(root, files, False)
    (root / "b").unlink()
    with pytest.raises(ContentChanged, match="'b' is no longer there"):
        piece_hashes(root, files, False, 16 * KIB, since=before)


def test_a_folder_that_vanishes_is_refused(content):
    root, files = content
    root.rename(root.with_name("elsewhere"))
    with pytest.raises(ContentChanged, match="'a' is no longer there"):
        piece_hashes(root, files, False, 16 * KIB)


def test_a_file_retagged_in_place_at_the_same_size_is_refused(content):
    root, files = content

    def retag(_):
        with (root / "a").open("r+b") as file:
            file.write(b"x")

    with pytest.raises(ContentChanged, match="changed while they were hashed"):
        piece_hashes(root, files, False, 16 * KIB, progress=retag)


def test_a_retagged_file_whose_mtime_was_put_back_is_refused(content):
    root, files = content
    old = os.stat(root / "a")

    def retag(_):
        (root / "a").write_bytes(b"x" * 50_000)
        os.utime(root / "a", ns=(old.st_atime_ns, old.st_mtime_ns))

    with pytest.raises(ContentChanged):
        piece_hashes(root, files, False, 16 * KIB, progress=retag)


def test_a_file_replaced_by_another_of_its_size_is_refused(content):
    root, files = content

    def replace(_):
        (root / "new").write_bytes(b"x" * 50_000)
        (root / "new").replace(root / "c")

    with pytest.raises(ContentChanged):
        piece_hashes(root, files, False, 16 * KIB, progress=replace)


def test_a_file_that_became_a_folder_is_unreadable(content):
    root, files = content
    before = signature(root, files, False)
    (root / "b").unlink()
    (root / "b").mkdir()
    with pytest.raises(ContentUnreadable, match="'b' can't be read: Is a directory"):
        piece_hashes(root, files, False, 16 * KIB, since=before)


@pytest.mark.parametrize("known", [True, False])
def test_a_pipe_in_the_place_of_a_file_makes_nobody_wait(content, known):
    root, files = content
    before = signature(root, files, False) if known else None
    (root / "b").unlink()
    os.mkfifo(root / "b")
    with pytest.raises((ContentUnreadable, ContentChanged), match="'b'"):
        piece_hashes(root, files, False, 16 * KIB, since=before)


def test_a_name_from_outside_is_escaped_in_the_message(tmp_path):
    files = [File("a\x1b[2J\n\u202eb", 5)]
    (tmp_path / "x").mkdir()
    with pytest.raises(ContentChanged) as caught:
        signature(tmp_path / "x", files, False)
    assert str(caught.value).isprintable()


def test_hashing_stops_when_it_is_told_to(content):
    root, files = content
    stop = threading.Event()
    stop.set()
    with pytest.raises(HashingStopped):
        piece_hashes(root, files, False, 16 * KIB, stop=stop)


def test_what_progress_raises_ends_the_hashing_and_every_thread(content):
    root, files = content
    before = threading.active_count()

    def enough(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        piece_hashes(root, files, False, 16 * KIB, progress=enough)
    assert threading.active_count() == before


def test_no_file_stays_open(content):
    root, files = content
    before = len(os.listdir("/proc/self/fd"))
    piece_hashes(root, files, False, 16 * KIB)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the number of ioprio_get is that of x86_64")
def test_a_thread_that_hashes_is_last_at_the_disk_and_no_other_is():
    def priority() -> int:
        return int(ctypes.CDLL(None).syscall(252, 1, 0))

    found: list[int] = []
    thread = threading.Thread(target=lambda: (be_idle(), found.append(priority())))
    thread.start()
    thread.join()
    assert found == [3 << 13]
    assert priority() != 3 << 13


def test_a_hasher_reads_content_once(content):
    root, files = content
    hasher = Hasher()
    first, second = (hasher.pieces(root, files, False, 16 * KIB) for _ in range(2))
    assert (first.reused, second.reused) == (False, True)
    assert first.pieces == second.pieces == piece_hashes(root, files, False, 16 * KIB)
    assert first.signature == signature(root, files, False)


def test_a_hasher_reads_again_for_another_piece_length_and_after_a_change(content):
    root, files = content
    hasher = Hasher()
    first = hasher.pieces(root, files, False, 16 * KIB)
    assert not hasher.pieces(root, files, False, 32 * KIB).reused
    (root / "a").write_bytes(b"z" * 50_000)
    again = hasher.pieces(root, files, False, 16 * KIB)
    assert not again.reused
    assert again.pieces != first.pieces


def test_a_hasher_forgets_the_oldest_and_keeps_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr("watcher.torrents.reuse.KEPT", 2)
    hasher = Hasher()
    roots = [tmp_path / name for name in "abc"]
    files = [write(root, {"x": 100}, seed) for seed, root in enumerate(roots)]
    for root, held in zip(roots, files, strict=True):
        hasher.pieces(root, held, False, 16 * KIB)
    assert hasher.pieces(roots[2], files[2], False, 16 * KIB).reused
    assert not hasher.pieces(roots[0], files[0], False, 16 * KIB).reused


class Waiter(threading.Thread):
    """Somebody else who wants the same pieces. `waits` is set once it looks whether to go on waiting."""

    def __init__(self, hasher, root, files):
        super().__init__()
        self.waits, self.found, self.seen = threading.Event(), None, []
        waits = self.waits

        class Stop(threading.Event):
            def is_set(self):
                waits.set()
                return super().is_set()

        self.stop = Stop()
        self.ask = lambda: hasher.pieces(root, files, False, 16 * KIB, stop=self.stop, progress=self.seen.append)

    def run(self):
        self.found = self.ask()


def test_who_asks_while_another_reads_waits_for_it(content):
    root, files = content
    hasher = Hasher()
    other = Waiter(hasher, root, files)

    def meanwhile(_):
        other.start()
        other.waits.wait()

    first = hasher.pieces(root, files, False, 16 * KIB, progress=meanwhile)
    other.join(60)
    assert not first.reused
    assert other.found.reused
    assert other.found.pieces == first.pieces
    assert other.seen == []


def test_who_waits_reads_itself_if_the_other_fails(content):
    root, files = content
    hasher = Hasher()
    other = Waiter(hasher, root, files)

    def fail(_):
        other.start()
        other.waits.wait()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hasher.pieces(root, files, False, 16 * KIB, progress=fail)
    other.join(60)
    assert not other.found.reused
    assert other.seen


def test_who_waits_can_be_stopped(content):
    root, files = content
    hasher, stop = Hasher(), threading.Event()
    caught = []

    def ask():
        try:
            hasher.pieces(root, files, False, 16 * KIB, stop=stop)
        except HashingStopped as error:
            caught.append(error)

    other = threading.Thread(target=ask)

    def meanwhile(_):
        stop.set()
        if not other.ident:
            other.start()
            other.join()

    assert not hasher.pieces(root, files, False, 16 * KIB, progress=meanwhile).reused
    assert len(caught) == 1


@needs_strace
def test_F15_a_read_that_the_system_fails_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(b"x" * 300_000)
    (tmp_path / "bad").write_bytes(b"x" * 300_000)
    script = (
        "from pathlib import Path; from trackers.content import File; from watcher.torrents import piece_hashes\n"
        f"piece_hashes(Path({str(tmp_path)!r}), [File('bad', 300000), File('good', 300000)], False, 1 << 15)"
    )
    inject = ["-P", str(tmp_path / "bad"), "-e", "inject=preadv,preadv2:error=EIO:when=2+"]
    command = ["strace", "-f", "-qq", "-o", os.devnull, *inject, sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    if "ptrace" in done.stderr:
        pytest.skip(f"strace may not attach here: {done.stderr.splitlines()[0]}")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("ContentAway: 'bad' can't be read: Input/output error")
