"""Films, episodes and seasons: files with real headers, read by MediaInfo and guessit in their own process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support_video import HEVC, mkv
from watcher.identify import identify, payload
from watcher.release import Fact, content_of

EPISODE = "Northern.Harbour.S02E05.The.Long.Night.1080p.AMZN.WEB-DL.DDP5.1.H.264-FAKEGRP"


def facts(root: Path, files: Mapping[str, bytes] | bytes) -> dict[str, Fact]:
    if isinstance(files, bytes):
        root.write_bytes(files)
    else:
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
    found = payload(root)
    return identify(root, found.files, single=found.single)


def said(facts: Mapping[str, Fact], *names: str) -> list[object]:
    return [facts[name].value for name in names]


def test_an_episode_is_told_by_its_name_and_measured_by_its_streams(tmp_path: Path) -> None:
    found = facts(tmp_path / f"{EPISODE}.mkv", mkv())
    assert {name: fact.value for name, fact in found.items() if name.startswith(("tv.", "video.")) and fact.value} == {
        "video.resolution": "1080p", "video.source": "WEB-DL", "video.kind": "web-dl", "video.service": "AMZN",
        "video.codec": "H.264", "video.audio": ["DDP"], "video.channels": "5.1", "video.languages": ["en"],
        "video.container": "MKV", "video.seconds": 2520.0, "video.mediainfo": found["video.mediainfo"].value,
        "tv.title": "Northern Harbour", "tv.season": 2, "tv.episode": [5], "tv.episode_title": "The Long Night",
    }  # fmt: skip
    assert said(found, "kind", "group", "proper", "tv.pack") == ["tv", "FAKEGRP", False, False]
    assert (found["video.codec"].origin, found["video.source"].origin) == ("file", "name")
    assert not any(fact.unknown for name, fact in found.items() if name.startswith(("tv.", "video.", "ids.")))


def test_the_text_of_mediainfo_has_the_files_name_and_no_path(tmp_path: Path) -> None:
    found = facts(tmp_path / "private" / EPISODE, {f"{EPISODE}.mkv": mkv()})
    text = str(found["video.mediainfo"].value)
    assert text.splitlines()[0] == "General"
    assert f"Complete name                            : {EPISODE}.mkv" in text.splitlines()[:4]
    assert "Format                                   : AVC" in text.splitlines()
    assert "private" not in text
    assert "\r" not in text


def test_what_the_file_holds_wins_over_its_name_and_the_disagreement_is_a_fact(tmp_path: Path) -> None:
    name = "Quiet.Orchard.2019.2160p.UHD.BluRay.REMUX.DV.HDR.HEVC.TrueHD.7.1-INVNT"
    found = facts(tmp_path / f"{name}.mkv", mkv(1920, 800, audio=[("A_AC3", 6, "ger")]))
    assert said(found, "kind", "movie.title", "movie.year", "video.kind") == ["movie", "Quiet Orchard", 2019, "remux"]
    assert said(found, "video.resolution", "video.codec", "video.audio", "video.languages") == [
        "1080p", "H.264", ["DD"], ["de"],
    ]  # fmt: skip
    assert found["video.problems"].value == [
        "resolution differs: name 2160p, file 1080p",
        "codec differs: name HEVC, file H.264",
        "hdr differs: name DV HDR10, file none",
        "audio differs: name TrueHD, file DD",
    ]
    assert found["video.hdr"] == Fact(["DV", "HDR10"], "name")


def test_a_film_in_high_dynamic_range_with_several_languages(tmp_path: Path) -> None:
    tracks = [("A_TRUEHD", 8, "eng"), ("A_AC3", 6, "ger"), ("A_AAC", 2, "eng")]
    found = facts(tmp_path / "Quiet Orchard (2019).mkv", mkv(3840, 1600, HEVC, tracks, ["eng", "fre"], hdr=True))
    assert said(found, "video.resolution", "video.codec", "video.hdr", "video.audio", "video.languages") == [
        "2160p", "HEVC", ["HDR10"], ["TrueHD", "DD", "AAC"], ["en", "de"],
    ]  # fmt: skip
    assert said(found, "video.channels", "video.subtitles", "video.source", "video.problems") == [
        "7.1", ["en", "fr"], None, [],
    ]  # fmt: skip


def test_a_season_is_a_pack_with_the_episodes_that_are_in_it(tmp_path: Path) -> None:
    name = "Northern.Harbour.S01.720p.HDTV.x264-MADEUP"
    files = {f"northern.harbour.s01e0{n}.mkv": mkv(1280, 720) for n in (1, 2, 3)}
    files["northern.harbour.s01e04.mkv"] = mkv()
    found = facts(tmp_path / name, files | {"Sample/sample.mkv": mkv(640, 360)})
    assert said(found, "kind", "tv.title", "tv.season", "tv.episode", "tv.pack", "tv.episode_title") == [
        "tv", "Northern Harbour", 1, [1, 2, 3, 4], True, None,
    ]  # fmt: skip
    assert said(found, "group", "video.kind", "video.source") == ["MADEUP", "hdtv", "HDTV"]
    assert found["video.problems"].value == ["mixed resolutions: 720p (3), 1080p (1)"]


@pytest.mark.parametrize(
    ("folder", "files", "problem", "season", "episodes", "pack"),
    [
        ("A.Show.S01-S02.1080p.WEB-DL-GRP", ["S01E01", "S01E02", "S02E01"], "several seasons: 1, 2", None, None, True),
        ("A Show", ["Season 1/1x01", "Specials/0x01"], "several seasons: 0, 1", None, None, True),
        ("A.Show.S02.1080p.WEB-DL-GRP", ["S03E06", "S03E07"], "season differs: name 2, files 3", 3, [6, 7], True),
        ("A.Show.S02E05.1080p.WEB-DL-GRP", ["S02E06"], "episodes differ: name 5, files 6", 2, [5], False),
        ("A.Show.S02E05.1080p.WEB-DL-GRP", ["S03E05"], "season differs: name 2, files 3", 2, [5], False),
        ("A.Show.S02E01-E03.1080p.WEB-DL-GRP", ["S02E01", "S02E02"], "episodes differ: name 1, 2, 3, files 1, 2", 2,
         [1, 2], True),
        ("A.Show.S02E05.1080p.WEB-DL-GRP", ["[Grp] A Show - 17"], None, 2, [5], False),
        ("A.Show.S02.1080p.WEB-DL-GRP", ["S02E01", "S02E02"], None, 2, [1, 2], True),
    ],
)  # fmt: skip
def test_files_of_another_episode_or_of_several_seasons_are_told(
    tmp_path: Path, folder: str, files: list[str], problem: str | None, season: int, episodes: list[int], pack: bool
) -> None:
    names = [file if " " in file or "/" in file else f"A.Show.{file}.1080p.WEB-DL-GRP" for file in files]
    found = facts(tmp_path / folder, {f"{name}.mkv": mkv() for name in names})
    assert found["video.problems"].value == ([problem] if problem else [])
    assert said(found, "tv.season", "tv.episode", "tv.pack") == [season, episodes, pack]


def test_what_a_folder_leaves_open_its_one_file_may_say(tmp_path: Path) -> None:
    found = facts(tmp_path / "Northern Harbour", {f"{EPISODE}.mkv": mkv()})
    assert said(found, "tv.title", "tv.season", "tv.episode", "video.source", "group") == [
        "Northern Harbour", 2, [5], "WEB-DL", "FAKEGRP",
    ]  # fmt: skip


def test_a_daily_show_has_a_date(tmp_path: Path) -> None:
    found = facts(tmp_path / "Late.Desk.2024.03.05.Some.Guest.720p.WEB.h264-MADEUP.mkv", mkv(1280, 720))
    assert said(found, "kind", "tv.title", "tv.date", "tv.season", "tv.pack", "video.kind") == [
        "tv", "Late Desk", "2024-03-05", None, False, "web-dl",
    ]  # fmt: skip


def test_a_disc_is_a_disc_whatever_it_is_called(tmp_path: Path) -> None:
    found = facts(tmp_path / "Quiet.Orchard.2019.1080p.BluRay-INVNT", {"BDMV/STREAM/00001.m2ts": mkv()})
    assert said(found, "kind", "video.kind", "movie.title") == ["movie", "disc", "Quiet Orchard"]


def test_numbers_at_the_data_bases_come_from_the_name_then_the_nfo_then_the_tags(tmp_path: Path) -> None:
    film = mkv(tags={"IMDB": "tt0000001", "TMDB": "movie/42", "TVDB2": "series/7"})
    nfo = b"\xdb\xdb Quiet Orchard \xdb\r\nhttps://www.imdb.com/title/tt0000002/ https://www.tvmaze.com/shows/9/x\r\n"
    found = facts(tmp_path / "Quiet Orchard (2019) {tmdb-603}", {"film.mkv": film, "film.nfo": nfo})
    assert {name: fact for name, fact in found.items() if name.startswith("ids.")} == {
        "ids.tmdb": Fact(603, "name"), "ids.imdb": Fact("tt0000002", "file"), "ids.tvdb": Fact(7, "tag"),
        "ids.tvmaze": Fact(9, "file"), "ids.mal": Fact(None, "name"),
    }  # fmt: skip
    assert found["files.nfo"].value == "film.nfo"
    content = content_of("x", (), False, found)
    assert (content.ids.tmdb, content.ids.imdb, content.nfo) == (603, "tt0000002", "film.nfo")
    assert content.video is not None
    assert content.video.movie is not None
    assert content.video.movie.year == 2019


@pytest.mark.parametrize("data", [b"", bytes(4000), b"\x1a\x45\xdf\xa3" + b"\xff" * 3000, mkv()[:90]])
def test_a_file_that_is_no_video_leaves_unknown_what_only_it_could_tell(tmp_path: Path, data: bytes) -> None:
    found = facts(tmp_path / f"{EPISODE}.mkv", data or b"\0")
    assert found["video.resolution"] == Fact("1080p", "name")
    assert found["video.languages"].unknown
    assert EPISODE in found["video.languages"].why
    assert found["video.mediainfo"].unknown
    assert [str(line)[:10] for line in found["video.problems"].value] == ["no picture"]  # type: ignore[union-attr]


def test_a_file_that_can_not_be_opened_says_so(tmp_path: Path) -> None:
    film = tmp_path / f"{EPISODE}.mkv"
    film.write_bytes(mkv())
    files = payload(film).files
    film.unlink()
    found = identify(film, files, single=True)
    assert "No such file" in found["video.languages"].why
    assert found["tv.season"].value == 2
