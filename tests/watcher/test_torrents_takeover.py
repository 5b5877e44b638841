"""Taking over a client's piece hashes: each condition by itself, and the sample that is compared with the disk."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import threading
from pathlib import Path

import bencode2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support_torrents import judged, judged_pieces, trees, write
from trackers.content import File
from trackers.secret import Secret
from watcher.release import in_order
from watcher.torrents import (
    ContentChanged,
    Hasher,
    HashingStopped,
    NotTaken,
    Whole,
    create,
    describe,
    info_dict,
    infohash,
    piece_hashes,
    signature,
    stamp,
    take_over,
)
from watcher.torrents.hashing import hashes_by_length
from watcher.torrents.takeover import MOST_PIECES, sample

KIB = 1024
LONG_AGO = 1_700_000_000
FOREIGN = Secret("http://127.0.0.1:1/announce/foreign")


def torrent_of(root: Path, files: tuple[File, ...], *, single: bool = False, length: int = 16 * KIB) -> bytes:
    """The torrent of another site, as a client exports it."""
    pieces = piece_hashes(root, files, single, length)
    return stamp(info_dict(root.name, files, single, length, pieces, "ELSEWHERE"), FOREIGN)


def whole_of(torrent: bytes, *, completed: int | None = None, have: int = 9, of: int = 9, complete: bool = True):
    """As the client holds it; complete after everything that this test has done until now, unless `completed` says."""
    return Whole(torrent, 4_000_000_000 if completed is None else completed, have, of, complete)


def always(_: int) -> bool:
    return True


@pytest.fixture
def album(tmp_path):
    root = tmp_path / "Album"
    return root, write(root, {f"{number:02} - Song.flac": 70_000 for number in range(1, 6)})


def test_the_hashes_of_the_clients_torrent_are_those_of_the_files(album):
    root, files = album
    taken = take_over(whole_of(torrent_of(root, files)), root, files, False, always)
    assert taken.pieces == judged_pieces(root, files, 16 * KIB)
    assert (taken.piece_length, taken.read) == (16 * KIB, 6)  # where a file ends the next begins


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees(), length=st.sampled_from([16 * KIB, 64 * KIB]))
def test_what_is_taken_over_and_stamped_anew_has_the_pieces_and_the_hash_that_libtorrent_finds(
    tmp_path_factory, tree, length
):
    root = tmp_path_factory.mktemp("tree") / "content"
    files = write(root, tree)
    taken = take_over(whole_of(torrent_of(root, files, length=length)), root, files, False, always)
    info = info_dict("content", files, False, length, taken.pieces, "OPS")
    assert taken.pieces == judged_pieces(root, files, length)
    assert str(judged(stamp(info, Secret("http://127.0.0.1:1/announce/ours"))).info_hashes().v1) == infohash(info)
    assert taken.read <= MOST_PIECES


def test_a_single_file_is_taken_over_by_its_two_ends(tmp_path):
    files = write(tmp_path, {"film.mkv": 900_000})
    root = tmp_path / "film.mkv"
    assert take_over(whole_of(torrent_of(root, files, single=True)), root, files, True, always).read == 2


def test_a_hybrid_torrent_of_one_file_is_taken_over(tmp_path):
    files = write(tmp_path, {"film.mkv": 900_000})
    info = bencode2.bdecode(torrent_of(tmp_path / "film.mkv", files, single=True))[b"info"]
    info |= {b"meta version": 2, b"file tree": {b"film.mkv": {b"": {b"length": 900_000, b"pieces root": bytes(32)}}}}
    hybrid = bencode2.bencode({b"info": info})
    assert take_over(whole_of(hybrid), tmp_path / "film.mkv", files, True, always).read == 2


def test_padding_in_a_hybrid_torrent_is_a_file_that_is_not_on_disk(album):
    root, files = album
    padded = [file for one in files for file in (one, File(f".pad/{one.path}", -one.size % (16 * KIB)))]
    pieces = bytes(-(-sum(file.size for file in padded) // (16 * KIB)) * 20)
    torrent = stamp(info_dict("Album", padded, False, 16 * KIB, pieces, None), FOREIGN)
    with pytest.raises(NotTaken, match=r"others, or in another order: '\.pad/01"):
        take_over(whole_of(torrent), root, files, False, always)


def test_a_torrent_of_version_two_alone_is_not_taken_over(album):
    root, files = album
    with pytest.raises(NotTaken, match="can't be used"):
        take_over(whole_of(b"d4:infod9:file treede12:meta versioni2e4:name1:aee"), root, files, False, always)


@pytest.mark.parametrize(
    ("change", "why"),
    [({"have": 8}, "8 of 9 pieces"), ({"of": 0, "have": 0}, "0 of 0"), ({"complete": False}, "has 9 of 9"),
     ({"have": -1, "of": -1}, "-1 of -1")],
)  # fmt: skip
def test_what_is_not_whole_in_the_client_is_not_taken_over(album, change, why):
    root, files = album
    with pytest.raises(NotTaken, match=why):
        take_over(whole_of(torrent_of(root, files), **change), root, files, False, always)


def test_a_content_that_is_called_otherwise_on_disk_is_not_taken_over(album):
    root, files = album
    torrent = torrent_of(root, files)
    other = root.rename(root.with_name("Renamed"))
    with pytest.raises(NotTaken, match="'Album' in the torrent"):
        take_over(whole_of(torrent), other, files, False, always)


@pytest.mark.parametrize("change", ["left out", "longer", "order"])
def test_files_that_are_not_those_of_the_torrent_are_named(album, change):
    root, files = album
    torrent = torrent_of(root, files)
    ours = {
        "left out": files[:-1],
        "longer": (*files[:4], File(files[4].path, 70_001)),
        "order": (*files[:3], files[4], files[3]),
    }[change]
    with pytest.raises(NotTaken, match=r"0[45] - Song\.flac"):
        take_over(whole_of(torrent), root, ours, False, always)


def test_pieces_of_a_length_that_the_site_does_not_want_are_not_taken_over(album):
    root, files = album
    with pytest.raises(NotTaken, match="16384 bytes are not of a length"):
        take_over(whole_of(torrent_of(root, files)), root, files, False, lambda length: length > 16 * KIB)


def retagged(path: Path) -> None:
    """Other tags in the same bytes, as a tagger writes them into the padding."""
    with path.open("r+b") as file:
        file.seek(35_000)  # in the middle: no sample would see it
        file.write(b"TITLE=Other")


def test_a_FLAC_retagged_in_place_after_completion_is_read_again_and_not_taken_over(album):
    root, files = album
    torrent, path = torrent_of(root, files), root / files[2].path
    for file in root.iterdir():
        os.utime(file, (LONG_AGO, LONG_AGO))
    completed = max(int(file.stat().st_ctime) for file in root.iterdir())
    take_over(whole_of(torrent, completed=completed), root, files, False, always)
    retagged(path)
    os.utime(path, (completed + 5, completed + 5))
    with pytest.raises(NotTaken, match=r"'03 - Song\.flac' was touched after the torrent was complete"):
        take_over(whole_of(torrent, completed=completed), root, files, False, always)


def test_a_retagged_file_whose_mtime_was_put_back_is_found_by_its_ctime(album):
    root, files = album
    torrent, path = torrent_of(root, files), root / files[2].path
    for file in root.iterdir():
        os.utime(file, (LONG_AGO, LONG_AGO))
    retagged(path)
    os.utime(path, (LONG_AGO, LONG_AGO))
    with pytest.raises(NotTaken, match="touched after"):
        take_over(whole_of(torrent, completed=LONG_AGO + 10), root, files, False, always)


def test_links_that_we_made_for_another_site_do_not_count_as_a_touch_and_what_comes_after_them_does(album):
    root, files = album
    torrent, hasher = torrent_of(root, files), Hasher()
    for file in root.iterdir():
        os.utime(file, (LONG_AGO, LONG_AGO))
    now = signature(root, files, False)
    then = tuple((*one[:4], LONG_AGO * 10**9) for one in now)  # as it was when the client completed it
    hasher.relinked(root, files[1:], then[1:], now[1:])
    whole = whole_of(torrent, completed=LONG_AGO)
    with pytest.raises(NotTaken, match=r"'01 - Song\.flac' was touched"):
        take_over(whole, root, files, False, always, before_links=hasher.before_links)
    hasher.relinked(root, files[:1], then[:1], now[:1])
    assert take_over(whole, root, files, False, always, before_links=hasher.before_links).signature == now
    retagged(root / files[2].path)
    os.utime(root / files[2].path, (LONG_AGO, LONG_AGO))
    with pytest.raises(NotTaken, match=r"'03 - Song\.flac' was touched"):
        take_over(whole, root, files, False, always, before_links=hasher.before_links)


@pytest.mark.parametrize("at", [0, 69_999])
def test_a_changed_first_or_last_piece_of_any_file_is_found_on_disk(album, at):
    root, files = album
    torrent = torrent_of(root, files)
    with (root / files[3].path).open("r+b") as file:
        file.seek(at)
        file.write(b"\xff")
    with pytest.raises(NotTaken, match=r"piece 1\d on disk"):
        take_over(whole_of(torrent), root, files, False, always)


def test_a_file_that_is_touched_while_it_is_compared_is_refused(album, monkeypatch):
    root, files = album
    torrent = torrent_of(root, files)
    monkeypatch.setattr(
        "watcher.torrents.takeover.some_hashes",
        lambda *_, **__: iter((os.utime(root / files[0].path, (1, 1)), ())[1]),
    )
    with pytest.raises(ContentChanged, match="while they were compared"):
        take_over(whole_of(torrent), root, files, False, always)


def test_comparing_stops_when_it_is_told_to(album):
    root, files = album
    stop = threading.Event()
    stop.set()
    with pytest.raises(HashingStopped):
        take_over(whole_of(torrent_of(root, files)), root, files, False, always, stop=stop)


def test_the_announce_address_of_the_other_site_is_in_no_message(album):
    root, files = album
    whole = dataclasses.replace(whole_of(torrent_of(root, files)), pieces_have=1)
    with pytest.raises(NotTaken) as caught:
        take_over(whole, root, files, False, always)
    assert "foreign" not in str(caught.value)


@given(sizes=st.lists(st.integers(0, 200_000), max_size=120))
def test_a_sample_is_the_ends_of_files_never_more_than_its_bound(sizes):
    files = in_order(File(f"{place:03}", size) for place, size in enumerate(sizes))
    found, ends, at = sample(files, 16 * KIB), set(), 0
    for file in files:
        if file.size:
            ends |= {at // (16 * KIB), (at + file.size - 1) // (16 * KIB)}
        at += file.size
    assert found == sorted(set(found))
    assert set(found) <= ends
    assert len(found) == min(len(ends), MOST_PIECES)
    if ends:
        assert {min(ends), max(ends)} <= set(found)


def test_one_reading_gives_the_pieces_of_every_length_that_is_asked_for(album):
    root, files = album
    found = hashes_by_length(root, files, False, (64 * KIB, 16 * KIB, 1024 * KIB))
    assert found == {length: judged_pieces(root, files, length) for length in (16 * KIB, 64 * KIB, 1024 * KIB)}
    assert describe(info_dict("Album", files, False, 64 * KIB, found[64 * KIB], None)).piece_length == 64 * KIB


def sparse(path: Path, size: int, end: bytes) -> None:
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(size - len(end))
        file.write(end)


def test_a_sparse_file_over_four_gibibytes_is_taken_over_by_reading_two_pieces(tmp_path):
    path, size, length = tmp_path / "film.mkv", (4 << 30) + 5, 16 << 20
    sparse(path, size, b"12345")
    pieces = hashlib.sha1(bytes(length)).digest() * (4 << 30 >> 24) + hashlib.sha1(b"12345").digest()
    files = (File("film.mkv", size),)
    torrent = stamp(info_dict("film.mkv", files, True, length, pieces, None), FOREIGN)
    taken = take_over(whole_of(torrent), path, files, True, always)
    assert (taken.read, taken.pieces) == (2, pieces)
    assert judged(torrent).total_size() == size
    with path.open("r+b") as file:
        file.seek(size - 1)
        file.write(b"x")
    with pytest.raises(NotTaken, match="piece 256"):
        take_over(whole_of(torrent), path, files, True, always)


@pytest.mark.long
def test_a_sparse_file_over_four_gibibytes_is_hashed_from_end_to_end(tmp_path):
    path, size, length = tmp_path / "film.mkv", (4 << 30) + 5, 16 << 20
    sparse(path, size, b"12345")
    pieces = hashlib.sha1(bytes(length)).digest() * (4 << 30 >> 24) + hashlib.sha1(b"12345").digest()
    assert piece_hashes(path, [File("film.mkv", size)], True, length) == pieces


def test_a_torrent_by_hand_takes_over_or_says_why_not(album):
    root, files = album
    whole = whole_of(torrent_of(root, files))
    made = create(root, source_flag="OPS", whole=whole)
    assert (made.reused, made.read, made.why) == (True, 6, "")
    assert create(root, source_flag="OPS", piece_length=16 * KIB).info == made.info
    other = create(root, source_flag="OPS", piece_length=32 * KIB, whole=whole)
    assert (other.reused, other.read) == (False, other.pieces)
    assert "not of a length" in other.why
    told: list[tuple[int, int]] = []
    create(root, source_flag="OPS", progress=lambda done, size: told.append((done, size)))
    assert told[-1] == (350_000, 350_000)
