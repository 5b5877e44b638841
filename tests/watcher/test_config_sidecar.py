"""`NAME.seedpost.yaml` beside content: its owner's word, checked with positions, above everything that files say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support_video import mkv
from watcher.config import Config, parse
from watcher.config.rulesfile import RulesInvalid
from watcher.config.sidecar import Sidecar, beside_content, parse_sidecar, read_sidecar
from watcher.errors import SeedpostError
from watcher.identify import FactCache, identify, payload
from watcher.intake import decided
from watcher.release import Fact, Release
from watcher.rules import Decision

RULES = """\
version: 1
defaults: {mode: upload}
seed: {client: none}
trackers:
  RED: {type: redacted}
  OPS: {type: orpheus}
rules:
  - name: vinyl
    match: {music.media: Vinyl}
    upload_to: {RED: {set: {tags: of the rule}}}
  - name: seasons
    match: {kind: tv, tv.season: 3}
    upload_to: {}
"""
FORMS = {"OPS": {"request": (), "tags": ()}}


def album(folder: Path, name: str = "Album") -> Path:
    (folder / name).mkdir()
    (folder / name / "01.flac").write_bytes(b"no audio")
    return folder / name


def looked(path: Path) -> tuple[dict[str, Fact], Decision]:
    config: Config = parse(RULES.encode())
    found = payload(path)
    return decided(Release("", "person", path.name, str(path), found.files, single=found.single), config)


def test_it_stands_beside_a_folder_and_beside_a_file() -> None:
    assert beside_content(Path("/x/Album")) == Path("/x/Album.seedpost.yaml")
    assert beside_content(Path("/x/film.mkv")) == Path("/x/film.mkv.seedpost.yaml")


def test_its_word_goes_over_what_files_and_names_say(tmp_path: Path) -> None:
    path = album(tmp_path)
    text = (
        "music.media: Vinyl\nmusic.genre: [ambient]\nmusic.genre.add: [drone]\nscene: false\nmusic.album: '{name} II'\n"
    )
    (tmp_path / "Album.seedpost.yaml").write_text(text)
    facts, decision = looked(path)
    assert facts["music.media"] == Fact("Vinyl", "sidecar")
    assert list(facts["music.genre"].value) == ["ambient", "drone"]  # type: ignore[arg-type]
    assert facts["music.album"] == Fact("Album II", "sidecar")
    assert facts["scene"] == Fact(False, "sidecar")
    assert decision.rule == "vinyl"


def test_its_word_on_a_tracker_s_form_is_under_the_rule_s_and_goes_nowhere_by_itself(tmp_path: Path) -> None:
    path = album(tmp_path)
    text = (
        "music.media: Vinyl\nmusic.year: 1974\ntrackers:\n  RED: {request: 12, tags: x, title: 'Album {music.year}'}\n"
    )
    (tmp_path / "Album.seedpost.yaml").write_text(text + "  OPS: {request: 7}\n")
    facts, decision = looked(path)
    assert facts["set.RED"] == Fact({"request": 12, "tags": "x", "title": "Album 1974"}, "sidecar")
    assert list(decision.trackers) == ["RED"]
    assert decision.trackers["RED"].set == {"request": 12, "tags": "of the rule", "title": "Album 1974"}


def test_one_inside_the_content_is_content_and_never_read(tmp_path: Path) -> None:
    path = album(tmp_path)
    (path / "Album.seedpost.yaml").write_text("music.media: Vinyl\n")
    assert looked(path)[1].rule is None


def test_a_kind_that_it_names_is_what_the_content_is_identified_as(tmp_path: Path) -> None:
    film = tmp_path / "Glass.Tide.Part.2.1080p.WEB-DL-X.mkv"
    film.write_bytes(mkv())
    assert looked(film)[0]["kind"].value == "movie"
    (tmp_path / f"{film.name}.seedpost.yaml").write_text("kind: tv\ntv.season: 3\ntv.episode: [2]\n")
    facts, decision = looked(film)
    assert (facts["kind"].origin, facts["tv.title"].value, facts["tv.pack"].value) == ("sidecar", "Glass Tide", False)
    assert decision.rule == "seasons"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("music.fromat: FLAC\n", "1:1: unknown key 'music.fromat' in set, did you mean 'music.format'?"),
        ("music.year: next\n", "1:13: 'music.year' can't be set to 'next'"),
        ("music.media: Tin\n", "1:14: 'music.media' can't be set to 'Tin'"),
        ("torrent.category: music\n", "1:1: 'torrent.category' tells where it came from and can't be set"),
        ("trackers: [OPS]\n", "1:11: 'trackers' wants a map, got a list"),
        ("trackers:\n  OSP: {request: 1}\n", "2:3: no tracker 'OSP' in rules.yaml, did you mean 'OPS'?"),
        ("trackers: {OPS: {reqest: 1}}\n", "1:18: unknown key 'reqest' in set, did you mean 'request'?"),
        ("trackers: {OPS: 7}\n", "1:17: 'set' wants a map, got '7'"),
        ("- a\n", "1:1: a sidecar is a map of fields, this is a list"),
        ("music.album: [a\n", "1:14: a list in brackets that does not close"),
        ("music.album: x\nmusic.album: y\n", "2:1: 'music.album' stands twice, first in line 1"),
    ],
)
def test_every_mistake_is_told_at_its_place(text: str, error: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        parse_sidecar(text.encode(), "Album.seedpost.yaml", FORMS)
    assert f"Album.seedpost.yaml:{error}" in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n  # music.media: CD\n"])
def test_an_empty_one_says_nothing(text: str) -> None:
    assert parse_sidecar(text.encode(), "x", {}) == Sidecar()


def test_a_mistake_in_it_leaves_the_release_undecided_and_says_what_to_do(tmp_path: Path) -> None:
    path = album(tmp_path, "An Album")
    (tmp_path / "An Album.seedpost.yaml").write_text("music.media: Tin\n")
    _, decision = looked(path)
    assert (decision.undecided, decision.trackers) == ("sidecar", {})
    assert "An Album.seedpost.yaml:1:14" in decision.why
    assert decision.why.endswith(f"then: seedpost enqueue '{path}'")


def test_a_slot_without_a_value_leaves_it_undecided(tmp_path: Path) -> None:
    path = album(tmp_path)
    (tmp_path / "Album.seedpost.yaml").write_text("music.album: '{group} songs'\n")
    assert looked(path)[1].why == "the sidecar's set.music.album wants a value for {group}"


def test_what_its_owner_can_not_have_written_is_not_believed(tmp_path: Path) -> None:
    path = album(tmp_path)
    sidecar = tmp_path / "Album.seedpost.yaml"
    sidecar.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SeedpostError, match="no regular file"):
        read_sidecar(path, {})
    sidecar.unlink()
    sidecar.write_text("scene: true\n")
    sidecar.chmod(0o666)
    with pytest.raises(SeedpostError, match="can be written by everybody"):
        read_sidecar(path, {})
    sidecar.chmod(0o600)
    assert read_sidecar(path, {}) == Sidecar({"scene": True})
    if os.geteuid() == 0:
        os.chown(sidecar, 12345, 12345)
        with pytest.raises(SeedpostError, match="belongs to another user"):
            read_sidecar(path, {})


def test_content_with_a_name_of_any_length_has_none(tmp_path: Path) -> None:
    assert read_sidecar(tmp_path / ("x" * 250), {}) == Sidecar()
    assert read_sidecar(tmp_path / "nowhere" / "x", {}) == Sidecar()
    (tmp_path / "file").write_text("")
    assert read_sidecar(tmp_path / "file" / "x", {}) == Sidecar()


def test_facts_are_kept_until_a_file_changes_and_not_where_one_could_not_be_read(tmp_path: Path) -> None:
    film = tmp_path / "Quiet.Orchard.2019.1080p.BluRay-X.mkv"
    film.write_bytes(mkv())
    cache, files = FactCache(), payload(film).files
    first = identify(film, files, single=True, cache=cache)
    assert identify(film, files, single=True, cache=cache)["video.codec"] is first["video.codec"]
    assert identify(film, files, single=True, cache=cache, kind="tv")["kind"].value == "tv"
    film.write_bytes(b"x" * film.stat().st_size)
    broken = identify(film, files, single=True, cache=cache)
    assert broken["video.languages"].unknown
    assert identify(film, files, single=True, cache=cache)["video.languages"] is not broken["video.languages"]
