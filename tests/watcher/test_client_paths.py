"""How paths are spelled on both sides."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.client import NotMapped, PathMap
from watcher.errors import SeedpostError

PARTS = st.lists(st.sampled_from(["a", "b", "downloads", "é", "x y", "\udcff"]), max_size=4)
PATHS = PARTS.map(lambda parts: "/" + "/".join(parts))


def test_the_longest_prefix_by_whole_parts_wins():
    paths = PathMap({"/downloads": "/srv/a", "/downloads/films": "/mnt/b"})
    assert paths.ours("/downloads/films/One") == Path("/mnt/b/One")
    assert paths.ours("/downloads/films2/One") == Path("/srv/a/films2/One")
    assert paths.ours("/downloads") == Path("/srv/a")
    assert paths.theirs("/mnt/b/One") == "/downloads/films/One"


def test_what_is_under_no_prefix_is_the_same_on_both_sides():
    paths = PathMap({"/downloads": "/srv/a"})
    assert paths.ours("/other/x") == Path("/other/x")
    assert paths.theirs("/other/x") == "/other/x"
    assert PathMap().theirs("/x/y") == "/x/y"


@pytest.mark.parametrize(
    ("pairs", "path"),
    [
        ({"/downloads": "/srv/a"}, "/downloads/x"),  # the client calls something else so
        ({"/a": "/srv", "/a/x": "/other"}, "/srv/x/f"),  # hidden by a longer prefix
    ],
)
def test_a_path_that_the_client_cannot_name_is_an_error(pairs, path):
    with pytest.raises(NotMapped) as error:
        PathMap(pairs).theirs(path)
    assert "path_map" in error.value.hint


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("/a", "/srv"), ("/b", "/srv/")], "of this machine stands in two lines"),
        ([("/a", "/srv"), ("/a/", "/mnt")], "of the client stands in two lines"),
        ([("a", "/srv")], "'a' is not an absolute path"),
        ([("/a", "srv")], "'srv' is not an absolute path"),
    ],
)
def test_pairs_that_are_not_one_to_one_are_an_error(pairs, words):
    with pytest.raises(SeedpostError, match=words):
        PathMap(pairs)


@given(pairs=st.dictionaries(PATHS, PATHS, max_size=4), path=PATHS)
def test_a_path_that_was_mapped_back_leads_here_again(pairs, path):
    try:
        paths = PathMap(pairs)
        theirs = paths.theirs(path)
    except SeedpostError:
        return
    assert paths.ours(theirs) == Path(path)
