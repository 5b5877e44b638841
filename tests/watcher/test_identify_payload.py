"""What goes into a torrent, and what is only told."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.support_torrents import trees, write
from trackers.content import File
from watcher.identify import payload
from watcher.identify.files import _sort_in, _Walk


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees())
def test_every_file_of_a_tree_is_found_once_in_torrent_order(tmp_path_factory, tree):
    root = tmp_path_factory.mktemp("tree") / "content"
    expected = write(root, tree)
    found = payload(root)
    assert [file for file in found.files if file in expected] == list(found.files)
    left_out = {file.path for file in expected} - {file.path for file in found.files}
    assert all(path.endswith("~") or "~/" in path for path in left_out)  # the ignore list
    assert not found.single


def test_a_file_is_content_by_itself(tmp_path):
    (tmp_path / "film.mkv").write_bytes(b"abc")
    found = payload(tmp_path / "film.mkv")
    assert (found.files, found.single, found.problems) == ((File("film.mkv", 3),), True, ())


def test_what_is_on_the_ignore_list_is_left_out_in_silence(tmp_path):
    write(tmp_path / "x", {"a.flac": 1, "Thumbs.db": 1, "@eaDir/a.flac": 1, "sub/._a.flac": 1, "sub/b.flac": 1})
    found = payload(tmp_path / "x")
    assert [file.path for file in found.files] == ["a.flac", "sub/b.flac"]
    assert found.problems == ()


def test_what_is_still_being_written_is_told_apart(tmp_path):
    write(tmp_path / "x", {"a.flac": 1, "sub/b.flac.!qB": 1, "c.part": 1})
    found = payload(tmp_path / "x")
    assert [file.path for file in found.files] == ["a.flac"]
    assert found.partial == ("c.part", "sub/b.flac.!qB")


def test_links_are_told_and_never_followed(tmp_path):
    write(tmp_path / "x", {"a.flac": 1})
    write(tmp_path / "outside", {"secret": 1})
    (tmp_path / "x" / "file").symlink_to(tmp_path / "outside" / "secret")
    (tmp_path / "x" / "folder").symlink_to(tmp_path / "outside")
    (tmp_path / "x" / "loop").symlink_to(tmp_path / "x")
    (tmp_path / "x" / "nowhere").symlink_to(tmp_path / "gone")
    found = payload(tmp_path / "x")
    assert [file.path for file in found.files] == ["a.flac"]
    assert [text.split("'")[1] for text in found.problems] == ["file", "folder", "loop", "nowhere"]
    assert all("symbolic link" in text for text in found.problems)


def test_a_root_that_is_a_link_is_told(tmp_path):
    write(tmp_path / "x", {"a.flac": 1})
    (tmp_path / "link").symlink_to(tmp_path / "x")
    found = payload(tmp_path / "link")
    assert found.files == ()
    assert "symbolic link" in found.problems[0]


def test_pipes_and_sockets_are_told_and_never_opened(tmp_path):
    write(tmp_path / "x", {"a.flac": 1})
    os.mkfifo(tmp_path / "x" / "pipe")
    with socket.socket(socket.AF_UNIX) as end:
        here = os.getcwd()
        os.chdir(tmp_path / "x")  # a socket's address is short
        end.bind("socket")
        os.chdir(here)
        found = payload(tmp_path / "x")
    assert found.problems == ("'pipe' is a pipe, not a file", "'socket' is a socket, not a file")


@pytest.fixture
def nobody():
    """A folder that a user without rights can reach; and we are that user, if we are root."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name), os.geteuid() == 0


def test_what_can_not_be_read_is_told(nobody):
    folder, root = nobody
    write(folder / "x", {"a.flac": 1, "closed/b": 1})
    (folder / "x" / "a.flac").chmod(0)
    (folder / "x" / "closed").chmod(0)
    if root:
        os.seteuid(65_534)
    try:
        found = payload(folder / "x")
    finally:
        if root:
            os.seteuid(0)
    (folder / "x" / "closed").chmod(0o700)
    assert found.problems == (
        "'a.flac' can't be read: permission denied",
        "'closed' can't be read: Permission denied",
    )


def test_a_path_too_long_for_the_system_is_told(tmp_path):
    deep = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=deep)
        inside = os.open("d" * 250, os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = inside
    os.close(deep)
    found = payload(tmp_path)
    assert len(found.problems) == 1
    assert found.problems[0].endswith("can't be read: File name too long")


def test_a_file_that_vanishes_while_it_is_looked_at_is_told(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    with os.scandir(tmp_path) as entries:
        entry = next(entries)
    (tmp_path / "a").unlink()
    walk = _Walk()
    assert list(_sort_in(walk, "a", entry)) == []
    assert walk.problems == ["'a' vanished while it was looked at"]


def test_names_that_are_not_utf8_are_told(tmp_path):
    name, folder = os.fsdecode(b"caf\xe9.flac"), os.fsdecode(b"\xff")
    write(tmp_path / "x", {"a.flac": 1, name: 1, f"{folder}/b.flac": 1})
    found = payload(tmp_path / "x")
    assert [file.path for file in found.files] == ["a.flac"]
    assert found.problems == (r"'\udcff' is no UTF-8: rename it", r"'caf\udce9.flac' is no UTF-8: rename it")
    write(tmp_path / folder, {"a.flac": 1})
    assert payload(tmp_path / folder).problems == (r"'\udcff' is no UTF-8: rename it",)
    assert payload(tmp_path / "x" / name).problems == (r"'caf\udce9.flac' is no UTF-8: rename it",)


def test_names_that_are_one_name_in_two_forms_are_told(tmp_path):
    write(tmp_path / "x", {"\u00e9.flac": 1, "e\u0301.flac": 1, "o.flac": 1})
    found = payload(tmp_path / "x")
    assert len(found.files) == 3
    assert len(found.problems) == 1
    assert "composed in two ways" in found.problems[0]


def test_what_is_not_there_is_told(tmp_path):
    found = payload(tmp_path / "gone")
    assert (found.files, found.problems) == ((), ("'gone' vanished while it was looked at",))


def test_a_name_of_every_kind_can_be_told_on_one_line(tmp_path):
    os.symlink("x", tmp_path / "a\nb\x1b[31m\u202e")
    assert payload(tmp_path).problems[0].isprintable()


def test_too_many_files_are_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr("watcher.identify.files.MOST_FILES", 3)
    write(tmp_path / "x", {f"{n}": 1 for n in range(4)})
    assert payload(tmp_path / "x").problems == ("'x' has more than 3 files",)
