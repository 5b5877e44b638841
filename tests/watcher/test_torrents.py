"""Info dictionaries and torrent files: libtorrent reads every one, and agrees on the info-hash."""

from __future__ import annotations

import hashlib
import os
import threading

import bencode2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support_torrents import judged, judged_addresses, judged_paths, trees, write
from trackers.catalogue import Pieces
from trackers.content import File
from trackers.secret import Secret
from watcher.durable import FileSystem
from watcher.errors import NotFound, SeedpostError, StateInvalid
from watcher.torrents import (
    Hasher,
    HashingStopped,
    TorrentInvalid,
    TorrentLost,
    TorrentStore,
    create,
    describe,
    info_dict,
    info_of,
    infohash,
    piece_hashes,
    same_content,
    stamp,
    unsafe,
)

KIB = 1024
ANNOUNCE = Secret("https://tracker.invalid/0123456789abcdef/announce")


def made(*files: tuple[str, int], name="album", single=False, length=16 * KIB, source="RED", pieces=None) -> bytes:
    held = [File(path, size) for path, size in files]
    count = -(-sum(size for _, size in files) // length)
    return info_dict(name, held, single, length, pieces or bytes(20 * count), source)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees())
def test_libtorrent_reads_every_torrent_and_finds_our_info_hash(tmp_path_factory, tree):
    root = tmp_path_factory.mktemp("tree") / "content"
    files = write(root, tree)
    info = info_dict("content", files, False, 16 * KIB, piece_hashes(root, files, False, 16 * KIB), "RED")
    found = judged(stamp(info, ANNOUNCE))
    assert str(found.info_hashes().v1) == infohash(info)
    assert found.priv()
    assert found.total_size() == sum(tree.values())
    assert found.num_files() == len(tree)
    assert info_of(stamp(info, ANNOUNCE)) == info
    described = describe(info)
    assert (described.files, described.source, described.private, described.single) == (files, "RED", True, False)


def test_a_stamped_torrent_has_one_announce_address_and_any_stamp_the_same_hash():
    info = made(("01.flac", 20_000))
    one, two = stamp(info, ANNOUNCE), stamp(info, Secret("http://127.0.0.1:1/x/announce"))
    assert judged_addresses(one) == [ANNOUNCE.reveal()]
    assert judged(one).info_hashes().v1 == judged(two).info_hashes().v1
    assert bencode2.bencode(bencode2.bdecode(one)) == one


def test_a_single_file_stands_without_a_folder():
    info = made(("film.mkv", 20_000), name="film.mkv", single=True)
    assert judged_paths(stamp(info, ANNOUNCE)) == ["film.mkv"]
    assert describe(info).files == (File("film.mkv", 20_000),)
    assert describe(info).single


def test_a_folder_of_one_file_stays_a_folder():
    info = made(("01.flac", 20_000))
    assert judged_paths(stamp(info, ANNOUNCE)) == ["album/01.flac"]


def test_another_source_flag_is_another_info_hash_and_none_leaves_the_key_out():
    red, ops = made(("a", 1), source="RED"), made(("a", 1), source="OPS")
    assert infohash(red) != infohash(ops)
    assert b"source" not in bencode2.bdecode(made(("a", 1), source=None))


def test_a_name_that_is_not_utf8_is_refused_by_name():
    with pytest.raises(TorrentInvalid, match=r"caf\\udce9\.flac") as caught:
        made((os.fsdecode(b"caf\xe9.flac"), 1))
    assert "rename" in caught.value.hint
    with pytest.raises(TorrentInvalid, match="udce9"):
        made(("a", 1), name=os.fsdecode(b"caf\xe9"))


@pytest.mark.parametrize("length", [0, 1, 8 * KIB, 24 * KIB, -16 * KIB])
def test_a_piece_length_that_clients_refuse_is_refused(length):
    with pytest.raises(TorrentInvalid, match="piece length"):
        info_dict("a", [File("a", 1)], True, length, bytes(20), "RED")


def test_pieces_that_do_not_cover_the_files_are_refused():
    with pytest.raises(TorrentInvalid, match="don't cover"):
        made(("a", 20_000), pieces=bytes(20))


@pytest.mark.parametrize("files", [(), (("a", 0), ("b", 0))])
def test_content_of_no_bytes_is_refused(files):
    with pytest.raises(TorrentInvalid, match="nothing in it"):
        made(*files)


def test_the_info_dictionary_is_cut_out_byte_for_byte_even_where_it_is_not_canonical():
    odd = b"d6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces20:" + b"p" * 20 + b"e"
    torrent = b"d4:infod3:zzzi1e1:ai2ee8:announce3:urle"
    assert info_of(torrent) == b"d3:zzzi1e1:ai2ee"
    assert info_of(b"d8:announce3:url4:info" + odd + b"8:url-list0:e") == odd


@pytest.mark.parametrize(
    "data",
    [b"", b"d", b"de", b"i1e", b"<html>", b"d4:infoi1ee", b"d4:infod1:ai1ee", b"d4:infodeex", b"d4:info99:xe",
     b"d4:info1-:xe", b"d" + b"4:info" + b"l" * 100_000, b"d4:infod-1:ae e"],
)  # fmt: skip
def test_what_is_no_torrent_file_is_told_as_such(data):
    with pytest.raises(TorrentInvalid):
        info_of(data)


@given(cut=st.integers(0, 200), data=st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_in_another_way(cut, data):
    torrent = stamp(made(("a", 20_000), ("b/c", 5)), ANNOUNCE)
    for broken in (torrent[:cut], data, torrent[:cut] + data):
        try:
            describe(info_of(broken))
        except TorrentInvalid:
            continue


@pytest.mark.parametrize(
    "info",
    [
        b"de",
        b"i1e",
        b"d4:name1:ae",
        b"d6:lengthi-1e4:name1:a12:piece lengthi16384e6:pieces0:e",
        b"d6:lengthi1e4:name1:a12:piece lengthi16384e6:pieces0:e",
        b"d6:lengthi1e4:name1:a12:piece lengthi0e6:pieces20:" + bytes(20) + b"e",
        b"d5:filesld6:lengthi1e4:path1:aee4:name1:a12:piece lengthi16384e6:pieces20:" + bytes(20) + b"e",
        b"d5:filesld6:lengthi1e4:pathleee4:name1:a12:piece lengthi16384e6:pieces20:" + bytes(20) + b"e",
        b"d9:file treed1:ad0:d6:lengthi1eeee12:meta versioni2e4:name1:a12:piece lengthi16384ee",
    ],
)
def test_an_info_dictionary_that_is_not_v1_or_not_whole_is_told_as_such(info):
    with pytest.raises(TorrentInvalid):
        describe(info)


def test_the_same_content_is_the_same_whatever_the_source_flag():
    assert same_content(made(("a", 5)), made(("a", 5), source="OPS")) is None


@pytest.mark.parametrize(
    ("theirs", "why"),
    [
        (made(("a", 5), ("b", 6), name="other"), "its name is 'other', not 'album'"),
        (made(("album", 11), name="album", single=True), "its name is"),
        (made(("a", 5), ("b", 6), length=32 * KIB), "its piece length is 32768, not 16384"),
        (made(("a", 5), ("b", 7)), "'b' with 7 bytes"),
        (made(("a", 5), ("c", 6)), "'c' with 6 bytes"),
        (made(("a", 5)), "1 files"),
        (made(("a", 5), ("b", 6), pieces=b"x" * 20), "its pieces differ"),
    ],
)
def test_what_differs_from_our_content_is_named(theirs, why):
    assert why in (same_content(made(("a", 5), ("b", 6)), theirs) or "")


def outside(name: bytes, *paths: list[bytes]) -> bytes:
    files = [{"length": 1, "path": path} for path in paths]
    return bencode2.bencode({"files": files, "name": name, "piece length": 16 * KIB, "pieces": bytes(20)})


@pytest.mark.parametrize(
    "theirs",
    [
        outside(b"album", [b"..", b"a"]),
        outside(b"album", [b"a/../../b"]),
        outside(b"album", [b"a/b"]),
        outside(b"album", [b"/etc/passwd"]),
        outside(b"album", [b""]),
        outside(b"album", [b"."]),
        outside(b"album", [b"a\0b"]),
        outside(b"..", [b"a"]),
        outside(b"a/b", [b"a"]),
        outside(b"", [b"a"]),
    ],
)
def test_a_path_that_leads_out_of_the_content_is_seen(theirs):
    assert "leads out" in str(unsafe(describe(theirs))) or "is a path" in str(unsafe(describe(theirs)))
    assert same_content(made(("a", 1)), theirs) == unsafe(describe(theirs))


@pytest.fixture
def store(tmp_path):
    return TorrentStore(tmp_path / "state", FileSystem())


def test_what_was_put_into_the_store_comes_out_of_it(tmp_path, store):
    info = made(("a", 5))
    name = store.put(info)
    assert name == store.put(info) == infohash(info)
    assert store.get(name) == TorrentStore(tmp_path / "state", FileSystem()).get(name) == info
    path = tmp_path / "state" / "torrents" / f"{name}.info"
    assert path.read_bytes() == info
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_damaged_info_dictionary_is_never_given_out(tmp_path, store):
    name = store.put(made(("a", 5)))
    path = tmp_path / "state" / "torrents" / f"{name}.info"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StateInvalid, match="damaged"):
        store.get(name)


def test_what_is_gone_from_the_store_is_lost(store):
    with pytest.raises(TorrentLost, match="is missing"):
        store.get("0" * 40)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "", "A" * 40, "0" * 39])
def test_what_is_not_in_the_store_is_not_found(store, name):
    with pytest.raises(NotFound):
        store.get(name)


def test_the_store_takes_no_bytes_that_are_no_info_dictionary(tmp_path, store):
    with pytest.raises(TorrentInvalid):
        store.put(stamp(made(("a", 5)), ANNOUNCE))
    assert not (tmp_path / "state" / "torrents").exists()


def test_a_folder_becomes_a_torrent_in_one_call(tmp_path):
    write(tmp_path / "album", {"02.flac": 40_000, "01.flac": 20_000, "Thumbs.db": 10, "CD2/01.flac": 5})
    found = create(tmp_path / "album", source_flag="OPS")
    assert [file.path for file in found.files] == ["01.flac", "02.flac", "CD2/01.flac"]
    assert (
        found.infohash
        == hashlib.sha1(found.info).hexdigest()
        == str(judged(stamp(found.info, ANNOUNCE)).info_hashes().v1)
    )
    assert (found.piece_length, found.pieces, found.single) == (16 * KIB, 4, False)


def test_a_file_becomes_a_torrent_at_the_piece_length_of_the_sites_table(tmp_path):
    write(tmp_path, {"film.mkv": 200_000})
    found = create(tmp_path / "film.mkv", source_flag=None, table=Pieces(least=64 * KIB, most=64 * KIB))
    assert (found.name, found.single, found.piece_length, found.pieces) == ("film.mkv", True, 64 * KIB, 4)
    assert create(tmp_path / "film.mkv", source_flag=None, piece_length=32 * KIB).pieces == 7


def test_the_same_reading_serves_two_trackers(tmp_path):
    write(tmp_path / "album", {"01.flac": 20_000})
    hasher = Hasher()
    one = create(tmp_path / "album", source_flag="RED", hasher=hasher)
    two = create(tmp_path / "album", source_flag="OPS", hasher=hasher)
    assert one.infohash != two.infohash
    assert same_content(one.info, two.info) is None


def test_content_that_can_not_go_into_a_torrent_is_refused_with_every_reason(tmp_path):
    write(tmp_path / "album", {"01.flac": 20_000, "02.flac.part": 5})
    (tmp_path / "album" / "link").symlink_to("/etc/passwd")
    with pytest.raises(SeedpostError, match=r"'link' is a symbolic link.*'02\.flac\.part' is still being written"):
        create(tmp_path / "album", source_flag="RED")


def test_making_a_torrent_can_be_stopped(tmp_path):
    write(tmp_path / "album", {"01.flac": 20_000})
    stop = threading.Event()
    stop.set()
    with pytest.raises(HashingStopped):
        create(tmp_path / "album", source_flag="RED", stop=stop)
