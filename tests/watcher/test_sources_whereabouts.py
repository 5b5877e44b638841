"""Where torrents lie: the line that a path map lacks is named, and nothing is said where a folder is here."""

from __future__ import annotations

import pytest

from watcher.client import PathMap
from watcher.sources.maindata import Torrent
from watcher.sources.whereabouts import topmost, unmapped


def complete(save_path: str, name: str = "Album") -> Torrent:
    return Torrent(
        state="stalledUP", amount_left=0, progress=1, completion_on=9, save_path=save_path,
        content_path=f"{save_path}/{name}",
    )  # fmt: skip


def test_q19_the_line_that_is_missing_is_named_by_its_highest_folder(tmp_path):
    paths = PathMap({"/downloads": str(tmp_path / "none")})
    (why,) = unmapped([complete("/downloads/music/flac")], paths)
    assert repr(str(tmp_path / "none")) in why
    assert "needs a line '/downloads': '…'" in why
    (why,) = unmapped([complete(f"{tmp_path}/there/x"), complete(f"{tmp_path}/there/x", "B")], PathMap())
    assert f"needs a line '{tmp_path}/there'" in why
    assert "2 complete torrents" in why


def test_a_folder_that_is_here_and_has_none_of_them_is_a_wrong_line(tmp_path):
    (why,) = unmapped([complete("/downloads")], PathMap({"/downloads": str(tmp_path)}))
    assert "is wrong" in why
    assert "'/downloads/Album'" in why


def test_one_torrent_that_is_here_proves_its_folder(tmp_path):
    (tmp_path / "B").mkdir()
    found = [complete("/downloads"), complete("/downloads", "B"), Torrent(save_path="/other", content_path="/other/C")]
    assert unmapped(found, PathMap({"/downloads": str(tmp_path)})) == []


def test_two_folders_of_the_client_that_are_one_here_are_told(tmp_path):
    paths = PathMap({"/a": str(tmp_path)})
    (why,) = unmapped([complete(str(tmp_path))], paths)
    assert "two of its folders" in why


@pytest.mark.parametrize(
    ("folders", "tops"), [({"/a/b", "/a", "/ab", ""}, {"/a", "/ab"}), (set(), set()), ({"/"}, {"/"})]
)
def test_only_the_topmost_folders_are_kept(folders, tops):
    assert topmost(folders) == tops


def test_a_folder_for_each_torrent_is_taken_as_the_one_above_them():
    assert topmost({f"/downloads/{number}" for number in range(101)} | {"/films"}) == {"/downloads", "/films"}
    assert topmost({f"/srv/downloads/{number}" for number in range(101)}) == {"/srv/downloads"}
    assert len(topmost({f"/downloads/{number}" for number in range(100)})) == 100
