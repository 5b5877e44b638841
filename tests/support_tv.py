"""Series as trackers are told of them: an episode, a season, a daily show, a remux, an anime; and what is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from trackers.content import Content, File, Ids, Movie, Tv, Video

GIB = 1 << 30
IDS = Ids(tmdb=9001, imdb="tt0009001", tvdb=9002, tvmaze=9003)


def mediainfo(name: str) -> str:
    """As MediaInfo writes it, in short."""
    rows = ("General", f"Complete name                            : {name}", "Format : Matroska", "")
    return "\n".join(rows)


def video(name: str, tv: Tv | None = None, **changed: Any) -> Video:
    one = Video(
        kind="web-dl", resolution="1080p", source="WEB-DL", codec="H.264", audio=("DDP",), channels="5.1",
        languages=("en",), container="MKV", seconds=2520.0, mediainfo=mediainfo(name), tv=tv,
    )  # fmt: skip
    return replace(one, **changed)


def episode(name: str, tv: Tv, **changed: Any) -> Content:
    """A lone file. `changed` are of the content, but `video_…` of its video."""
    own = {key.removeprefix("video_"): changed.pop(key) for key in list(changed) if key.startswith("video_")}
    shown = video(f"{name}.mkv", tv, **own)
    one = Content(f"{name}.mkv", (File(f"{name}.mkv", GIB),), "tv", single=True, group="PORTS", video=shown, ids=IDS)
    return replace(one, **changed)


def season(name: str, tv: Tv, count: int = 2, **changed: Any) -> Content:
    """A folder of episodes."""
    own = {key.removeprefix("video_"): changed.pop(key) for key in list(changed) if key.startswith("video_")}
    start = name.split(".S")[0]
    files = tuple(File(f"{start}.S01E{number:02}.1080p.WEB-DL.H.264-PORTS.mkv", GIB) for number in range(1, count + 1))
    one = Content(name, files, "tv", group="PORTS", video=video(files[0].path, tv, **own), ids=IDS)
    return replace(one, **changed)


EPISODE = episode("Tidal.Office.S01E02.1080p.WEB-DL.DDP5.1.H.264-PORTS", Tv("Tidal Office", 1, (2,)))
SEASON = season("Tidal.Office.S01.1080p.WEB-DL.DDP5.1.H.264-PORTS", Tv("Tidal Office", 1, (1, 2), pack=True))
DAILY = episode(
    "Evening.Port.2026.03.14.720p.WEB.H264-PORTS", Tv("Evening Port", date="2026-03-14"),
    video_resolution="720p",
)  # fmt: skip
REMUX = season(
    "Tidal.Office.S01.1080p.BluRay.REMUX.AVC.DTS-HD.MA.5.1-PORTS", Tv("Tidal Office", 1, (1, 2), pack=True),
    video_kind="remux", video_source="Blu-ray", video_audio=("DTS-HD MA",),
)  # fmt: skip
ANIME = episode(
    "[PORTS] Harbour Spirits - 07 (1080p) [ABCD1234]", Tv("Harbour Spirits", 1, (7,)),
    ids=replace(IDS, mal=777), video_languages=("ja",), video_subtitles=("en",),
)  # fmt: skip
SCENE = episode("Tidal.Office.S01E03.720p.HDTV.x264-PORTS", Tv("Tidal Office", 1, (3,)), scene=True,
    video_kind="hdtv", video_source="HDTV", video_resolution="720p", video_encoder="x264")  # fmt: skip
FILM = Content(
    "Slack.Water.2024.1080p.WEB-DL.H.264-PORTS.mkv", (File("Slack.Water.2024.1080p.WEB-DL.H.264-PORTS.mkv", GIB),),
    "movie", single=True, video=video("Slack.Water.2024.mkv", movie=Movie("Slack Water", 2024)), ids=IDS,
)  # fmt: skip
DISC = Content(
    "Tidal.Office.S01.BD25", (File("BDMV/STREAM/00001.m2ts", GIB), File("BDMV/index.bdmv", 100)), "tv",
    video=video("00001.m2ts", Tv("Tidal Office", 1, (1, 2), pack=True), kind="disc", mediainfo=None, container="M2TS"),
    ids=IDS,
)  # fmt: skip
