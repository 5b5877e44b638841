"""Staging: what a site's limits make of names, and trees of links that leave the user's files as they are."""

from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support_torrents import judged_paths, trees, write
from trackers.catalogue import TYPES
from trackers.clock import Clock
from trackers.content import Content, File
from trackers.secret import Secret
from watcher.config import RulesInvalid, load, parse
from watcher.durable import FileSystem
from watcher.jobs import Ledger
from watcher.release import in_order
from watcher.secrets import Secrets
from watcher.service.checks import check
from watcher.service.explain import explain
from watcher.torrents import (
    Staging,
    StagingFailed,
    folder_of,
    info_dict,
    link_tree,
    piece_hashes,
    signature,
    staging,
    stamp,
    take_away,
    unlinked,
)

KIB = 1024
RED = TYPES["redacted"]
BARE = dataclasses.replace(RED, unfolds=True)


def content(name: str, *paths: str, single: bool = False, scene: bool | None = False) -> Content:
    return Content(name, in_order(File(path, 10) for path in paths), "music", single, scene=scene)


def planned(held: Content, *exclude: str, site=RED) -> Staging:
    found = staging(held, site, exclude)
    assert found is not None
    return found


def paths(plan: Staging) -> list[str]:
    return [file.path for file in plan.files]


def test_what_a_site_takes_as_it_lies_is_not_staged():
    assert staging(content("Album", "01.flac", "CD2/01.flac"), RED, ["*.nfo"]) is None
    assert staging(content("song.flac", "song.flac", single=True), BARE, ()) is None


@pytest.mark.parametrize("pattern", ["*.nfo", "SAMPLE/*", "sample/a.nfo", "A.NFO", "*/a.*"])
def test_a_glob_leaves_out_files_by_name_or_path_whatever_the_case(pattern):
    plan = planned(content("Album", "01.flac", "Sample/a.nfo"), pattern)
    assert (paths(plan), plan.changes) == (["01.flac"], ("leaves out 'Sample/a.nfo'",))
    assert plan.name == "Album"


def test_a_lone_file_is_taken_out_of_its_folder_only_where_a_site_wants_that():
    held = content("Film", "in/film.mkv", "film.nfo")
    plan = planned(held, "*.nfo", site=BARE)
    assert (plan.name, plan.single, plan.files) == ("film.mkv", True, (File("film.mkv", 10),))
    assert plan.sources == (File("in/film.mkv", 10),)
    assert plan.changes == ("leaves out 'film.nfo'", "takes 'in/film.mkv' out of its folder 'Film'")
    assert plan.over(held).single
    assert not planned(held, "*.nfo").single


def test_names_are_freed_of_what_the_site_forbids_and_every_change_is_told():
    plan = planned(content("Who: Live?", "01 - Why?.flac", " CD2 /02.flac"))
    assert (plan.name, paths(plan)) == ("Who_ Live_", ["01 - Why_.flac", "CD2/02.flac"])
    assert plan.changes == (
        "calls the folder 'Who: Live?' 'Who_ Live_'",
        "calls ' CD2 /02.flac' 'CD2/02.flac'",
        "calls '01 - Why?.flac' '01 - Why_.flac'",
    )
    assert [file.path for file in plan.sources] == ["01 - Why?.flac", " CD2 /02.flac"]


def test_names_that_become_one_are_told_apart_and_what_was_right_keeps_its_name():
    plan = planned(content("Album", "a?.flac", "a*.flac", "a_.flac"))
    assert sorted(paths(plan)) == ["a_.flac", "a~2.flac", "a~3.flac"]
    assert dict(zip(paths(plan), plan.sources, strict=True))["a_.flac"].path == "a_.flac"


def test_a_long_path_is_cut_and_keeps_its_number_and_its_extension():
    plan = planned(content("Album " * 20, "01 - " + "x" * 100 + ".flac", "02.flac"))
    assert max(len(f"{plan.name}/{path}") for path in paths(plan)) <= RED.path_limit
    assert len(plan.name) <= 90
    assert paths(plan)[0].startswith("01 - ")
    assert all(path.endswith(".flac") for path in paths(plan))


@pytest.mark.parametrize(
    ("name", "scene"), [("Some.Artist-Album.Title-WEB-2019-GRP", None), ("Who: Live?", True), ("A_B-(X1)-CD-GRP", None)]
)
def test_scene_content_is_never_renamed(name, scene):
    held = content(name, "01-who.flac", "a?.flac", "x.nfo", scene=scene)
    assert staging(held, RED, ()) is None
    plan = planned(held, "*.nfo")
    assert (plan.name, paths(plan)) == (name, ["01-who.flac", "a?.flac"])


@pytest.mark.parametrize("name", ["Artist - Album [FLAC]", "Some.Artist-Album", "Who:Live-x y"])
def test_what_is_known_not_to_be_of_the_scene_or_has_no_such_name_may_be_renamed(name):
    scene = False if name == "Some.Artist-Album" else None
    assert staging(content(name, "a?.flac", scene=scene), RED, ()) is not None


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=120)


@settings(max_examples=150, deadline=None)
@given(name=NAMES, inside=st.lists(st.lists(NAMES, min_size=1, max_size=3), min_size=1, max_size=8))
def test_any_names_come_out_in_pairs_told_apart_and_free_of_what_is_forbidden(name, inside):
    held = content(name, *dict.fromkeys("/".join(parts) for parts in inside))
    plan = staging(held, RED, ())
    if plan is None:
        return
    assert len(set(paths(plan))) == len(plan.files) == len(held.files)
    assert sorted(file.path for file in plan.sources) == sorted(file.path for file in held.files)
    assert plan.files == in_order(plan.files)
    assert [file.size for file in plan.files] == [file.size for file in plan.sources]
    assert not any(char in path for path in (plan.name, *paths(plan)) for char in RED.forbidden_characters)
    again = staging(plan.over(held), RED, ())
    assert again is None or any(len(f"{plan.name}/{path}") > RED.path_limit for path in paths(plan))


# On disk


@pytest.fixture
def album(tmp_path):
    root = tmp_path / "Who: Live?"
    files = write(root, {"01 - Why?.flac": 50_000, "02.flac": 40_000, "Thumbs.nfo": 10})
    return root, Content(root.name, files, "music", scene=False)


def state(root: Path) -> dict[str, tuple[object, ...]]:
    """All that a user could miss: bytes, inodes, times of writing, owners."""
    found = {}
    for path in sorted(root.rglob("*")):
        stat = path.lstat()
        data = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(root))] = (stat.st_ino, stat.st_mtime_ns, stat.st_mode, stat.st_uid, data)
    return found


def linked(root: Path, held: Content, stage: Path) -> tuple[Staging, Path, Path]:
    plan = planned(held, "*.nfo")
    folder = folder_of(stage, "5f0c9a1e77d2", plan, signature(root, plan.sources, held.single))
    return plan, folder, link_tree(plan, root, held.single, folder, FileSystem())


def test_a_tree_of_links_has_the_new_names_and_the_old_files(tmp_path, album):
    root, held = album
    before = state(root)
    plan, folder, tree = linked(root, held, tmp_path / "stage")
    assert tree == folder / "Who_ Live_"
    assert sorted(path.name for path in tree.iterdir()) == ["01 - Why_.flac", "02.flac"]
    assert (tree / "02.flac").samefile(root / "02.flac")
    assert state(root) == before
    assert piece_hashes(tree, plan.files, False, 16 * KIB) == piece_hashes(root, plan.sources, False, 16 * KIB)


def test_a_link_changes_nothing_but_the_ctime(tmp_path, album):
    root, held = album
    before = signature(root, held.files, False)
    linked(root, held, tmp_path / "stage")
    after = signature(root, held.files, False)
    assert unlinked(before, after)
    os.utime(root / "02.flac", (1, 1))
    assert not unlinked(before, signature(root, held.files, False))


def test_a_tree_is_made_once_and_finished_where_a_crash_left_it(tmp_path, album):
    root, held = album
    plan, folder, tree = linked(root, held, tmp_path / "stage")
    (tree / "02.flac").unlink()
    link_tree(plan, root, False, folder, FileSystem())
    assert (tree / "02.flac").samefile(root / "02.flac")


def test_other_names_and_other_files_get_a_tree_of_their_own(tmp_path, album):
    root, held = album
    plan, folder, _ = linked(root, held, tmp_path / "stage")
    (root / "02.flac").write_bytes(b"x" * 40_000)
    other = folder_of(tmp_path / "stage", "5f0c9a1e77d2", plan, signature(root, plan.sources, False))
    assert other != folder
    again = dataclasses.replace(plan, name="Who")
    assert folder_of(tmp_path / "stage", "5f0c9a1e77d2", again, signature(root, plan.sources, False)) != other


def test_a_single_file_is_staged_under_its_new_name(tmp_path):
    files = write(tmp_path, {"who?.flac": 100})
    held = Content("who?.flac", files, "music", True, scene=False)
    plan, _, tree = linked(tmp_path / "who?.flac", held, tmp_path / "stage")
    assert (plan.name, plan.single, tree.name) == ("who_.flac", True, "who_.flac")
    assert tree.samefile(tmp_path / "who?.flac")


def test_a_name_that_is_taken_by_another_file_is_refused_and_left(tmp_path, album):
    root, held = album
    plan, folder, tree = linked(root, held, tmp_path / "stage")
    (tree / "02.flac").unlink()
    (tree / "02.flac").write_bytes(b"somebody's")
    with pytest.raises(StagingFailed, match=r"02\.flac' can't be made a link"):
        link_tree(plan, root, False, folder, FileSystem())
    assert (tree / "02.flac").read_bytes() == b"somebody's"


@pytest.mark.parametrize(
    ("number", "hint"), [(errno.EXDEV, "file system"), (errno.EPERM, "owner"), (errno.EROFS, "write")]
)
def test_why_a_link_can_not_be_made_comes_with_its_cure(tmp_path, album, monkeypatch, number, hint):
    def fails(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", fails)
    with pytest.raises(StagingFailed) as caught:
        linked(*album, tmp_path / "stage")
    assert hint in caught.value.hint


def test_a_tree_is_taken_away_and_the_files_stay(tmp_path, album):
    root, held = album
    before = state(root)
    _, folder, _ = linked(root, held, tmp_path / "stage")
    assert take_away(folder) == []
    assert not folder.exists()
    assert state(root) == before
    assert take_away(folder) == []


def test_the_last_name_of_a_file_is_never_taken_away(tmp_path, album):
    root, held = album
    _, folder, tree = linked(root, held, tmp_path / "stage")
    (root / "02.flac").unlink()
    (tree / "elsewhere").symlink_to("/etc/passwd")
    assert sorted(take_away(folder)) == [tree / "02.flac", tree / "elsewhere"]
    assert (tree / "02.flac").stat().st_size == 40_000
    assert not (tree / "01 - Why_.flac").exists()


def test_a_link_in_the_place_of_a_tree_is_not_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x").write_bytes(b"x")
    (tmp_path / "tree").symlink_to(tmp_path / "real")
    assert take_away(tmp_path / "tree") == []
    assert (tmp_path / "real" / "x").exists()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees())
def test_what_is_staged_is_what_libtorrent_would_seed(tmp_path_factory, tree):
    folder = tmp_path_factory.mktemp("tree")
    root = folder / "Who: Live?"
    files = write(root, tree)
    plan = planned(Content(root.name, files, "music", scene=False))
    made = link_tree(plan, root, False, folder / "stage", FileSystem())
    info = info_dict(plan.name, plan.files, False, 16 * KIB, piece_hashes(made, plan.files, False, 16 * KIB), "RED")
    expected = [f"{plan.name}/{file.path}" for file in plan.files]
    assert judged_paths(stamp(info, Secret("http://127.0.0.1:1/x"))) == expected
    assert all((folder / "stage" / path).is_file() for path in expected)


# In rules.yaml


def rules(stage: str, exclude: str = "[]", folder: str = "/srv/rips") -> bytes:
    return f"""\
version: 1
folders: [{{name: rips, path: {folder}}}]
trackers:
  RED: {{type: redacted{stage}, exclude: {exclude}}}
rules: [{{name: all, match: {{kind: music}}, upload_to: [RED]}}]
""".encode()


@pytest.mark.parametrize("stage", ["/srv/rips", "/srv/rips/.stage", "/srv"])
def test_a_stage_in_or_around_a_watched_folder_is_an_error_with_its_place(stage):
    with pytest.raises(RulesInvalid) as caught:
        parse(rules(f", stage: {stage}"))
    (problem,) = caught.value.problems
    assert (problem.line, "would be taken for releases" in problem.message) == (4, True)


def test_what_is_excluded_without_a_stage_is_told():
    warned = [one.message for one in parse(rules("", "['*.nfo']")).warnings]
    assert any("'exclude' does nothing without 'stage'" in message for message in warned)
    assert not any("exclude" in one.message for one in parse(rules(", stage: /srv/stage", "['*.nfo']")).warnings)


def test_the_page_on_staging_shows_rules_that_are_valid():
    page = (Path(__file__).parents[2] / "docs" / "torrents.md").read_text()
    shown = parse(page.split("```yaml\n")[1].split("```")[0].encode())
    assert shown.trackers["RED"].stage == Path("/srv/downloads/.stage")


def test_explain_lists_every_change_before_anything_happens(tmp_path):
    root = tmp_path / "rips" / "Who: Live?"
    write(root, {"01 - Why?.flac": 50, "x.nfo": 5})
    text = (
        rules(f", stage: {tmp_path / 'stage'}", "['*.nfo']", str(tmp_path / "rips"))
        .replace(b"type: redacted", b"type: sandbox-redacted, url: 'http://127.0.0.1:9'")
        .replace(b"kind: music}", b"name: '*'}")
    )
    (tmp_path / "rules.yaml").write_bytes(text)
    clock = Clock()
    secrets = Secrets(tmp_path, {"SEEDPOST_SECRET_RED_API_KEY": "k" * 40}, clock=clock)
    config = load(tmp_path / "rules.yaml")
    shown = explain(str(root), config, Ledger(), secrets, tmp_path, clock)
    assert not (tmp_path / "stage").exists()
    assert shown.as_json()["staged"] == {
        "RED": [
            "leaves out 'x.nfo'",
            "calls the folder 'Who: Live?' 'Who_ Live_'",
            "calls '01 - Why?.flac' '01 - Why_.flac'",
        ]
    }


def test_check_warns_of_a_stage_on_another_file_system_than_the_folders(tmp_path):
    (tmp_path / "rips").mkdir()
    text = rules(", stage: /proc/stage", "['*.nfo']", str(tmp_path / "rips"))
    (tmp_path / "rules.yaml").write_bytes(text)
    clock = Clock()
    found = check(tmp_path / "rules.yaml", Secrets(tmp_path, {}, clock=clock), tmp_path, clock, online=False)
    assert any("file system of its stage" in problem.message for problem in found.problems)


def test_folders_inside_are_cut_when_names_alone_do_not_do_and_what_can_not_fit_is_left_to_the_site():
    deep = "/".join(["Disc " + "x" * 60] * 3)
    plan = planned(content("Album", f"{deep}/01 - Song.flac"))
    assert len(f"Album/{paths(plan)[0]}") <= RED.path_limit
    assert paths(plan)[0].endswith("/01 - Son.flac")
    hopeless = planned(content("Album", "/".join(["y" * 20] * 30) + "/01.flac"))
    assert len(paths(hopeless)[0]) > RED.path_limit
