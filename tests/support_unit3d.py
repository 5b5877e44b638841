"""What the tests of UNIT3D share: films and shows that nobody made, its literal answers, an opened tracker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from tests.support_sandbox import Hands
from tests.support_trackers import KEY, Play, says
from trackers import open_tracker
from trackers.base import Account
from trackers.content import Content, File, Ids, Movie, Tv, Video
from trackers.secret import Secret

ANSWERS = Path(__file__).parent / "trackers/data/unit3d_answers.jsonl"
RSSKEY = "c4ce7a1290f84d5bb36e0d1f5a7c9e21"  # a canary, as the others
ACCOUNT = Account("uploader", "", Secret("https://tracker.example/announce/0b7e4c4a4e5d9f3a1c8d2b6f7e901a3c"))
TITLE = (
    "{title} [{year} ][S{tv.season:02}][E{tv.episode:02}][ {tv.date}][ {movie.edition}] {video.resolution}"
    "[ {video.service}] {video.source}[ {video.sound}][ {video.hdr}] {video.codec}[-{group}]"
)
VIDEO = Video(
    kind="web-dl", resolution="1080p", source="WEB-DL", codec="H.264", audio=("DDP",), channels="5.1",
    languages=("en",), service="LOOP", container="MKV", seconds=3120.0,
    mediainfo="General\nComplete name : Ports.mkv\nFormat : Matroska",
)  # fmt: skip
IDS = Ids(tmdb=910001, imdb="tt0910003", tvdb=910002)


def shown(name: str, tv: Tv, files: tuple[File, ...] = (), **changed: Any) -> Content:
    """A part of a series."""
    names = files or (File(f"{name}.mkv", 1_000_000_000),)
    one = Content(
        f"{name}.mkv" if not files else name, names, "tv", single=not files, group="LOCAL",
        video=replace(VIDEO, tv=tv), ids=IDS,
    )  # fmt: skip
    return replace(one, **changed)


def film(name: str = "The.Loopback.2019.1080p.WEB-DL-LOCAL", edition: str | None = None, **video: Any) -> Content:
    """A film in a folder, with an NFO beside it."""
    files = (File(f"{name}.mkv", 4_000_000_000), File(f"{name}.nfo", 2000))
    made = replace(VIDEO, movie=Movie("The Loopback", 2019, edition), service=None, **video)
    ids = Ids(tmdb=900001, imdb="tt9000001", tvdb=5)
    return Content(name, files, "movie", group="LOCAL", video=made, ids=ids, nfo=f"{name}.nfo")


PACK = tuple(File(f"Ports.of.Call.S03E0{n}.1080p.mkv", 900_000_000 + n) for n in (1, 2, 3))
VIDEOS: dict[str, tuple[Content, dict[str, object]]] = {
    "single episode": (shown("Ports.of.Call.S03E04.1080p.WEB-DL-LOCAL", Tv("Ports of Call", 3, (4,))), {}),
    "two episodes in one": (shown("Ports.of.Call.S03E05E06.1080p-LOCAL", Tv("Ports of Call", 3, (5, 6))), {}),
    "season pack": (
        shown("Ports.of.Call.S03.1080p.WEB-DL-LOCAL", Tv("Ports of Call", 3, (1, 2, 3), pack=True), PACK), {}
    ),
    "daily show": (
        shown("Harbour.Tonight.2026.03.04.1080p-LOCAL", Tv("Harbour Tonight", date="2026-03-04")),
        {"season_number": 2026, "episode_number": 45},
    ),
    "film": (film(), {}),
    "remux with an edition": (
        film(
            "The.Loopback.2019.Extended.2160p.Remux-LOCAL", "Extended", kind="remux", resolution="2160p",
            source="Blu-ray", codec="HEVC", audio=("TrueHD Atmos", "DD"), channels="7.1", hdr=("DV", "HDR10"),
        ),
        {"personal_release": True, "keywords": "one, two"},
    ),
    "anime with a season": (
        shown("[Local] Packet Girls S01E07 (1080p)", Tv("Packet Girls", 1, (7,)), ids=Ids(tmdb=910009, mal=99901)),
        {"anonymous": False, "mod_queue_opt_in": True},
    ),
    "title and description by hand": (
        film("The.Loopback.2019.720p-LOCAL", resolution="720p", mediainfo=None),
        {"title": "The Loopback [2019]", "description": "By [b]hand[/b]", "mediainfo": "General", "resolution_id": 10},
    ),
}  # fmt: skip


def opened(url: str, *, clock: Hands | None = None, limits: Path | None = None, key: str = KEY, **more: object) -> Any:
    """A site's uploader, with the numbers that sites are born with."""
    given = {"url": url, "deadline": 5.0, "title": TITLE, "anonymous": True} | more
    return open_tracker(
        "sandbox-unit3d", given, {"api_key": Secret(key)}, name="EXM", clock=clock or Hands(), limits=limits
    )


@cache
def answers() -> Mapping[str, dict[str, Any]]:
    """What real servers said, by label."""
    with ANSWERS.open(encoding="utf-8") as lines:
        return {row["label"]: row for row in map(json.loads, lines)}


def answered(label: str) -> Play:
    """One of them, as it was."""
    row = answers()[label]
    return says(row["body"], row["status"], row["content_type"] or "text/html", **row["headers"])
