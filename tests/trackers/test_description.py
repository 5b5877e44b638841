"""Texts of forms from templates: strict in their slots, and nothing from outside becomes markup."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackers.catalogue import REDACTED, read_settings
from trackers.content import Content, Credit, Edition, Ids, Movie, Music, Track, Tv, Video
from trackers.description import ALBUM, GAZELLE, RELEASE, SLOTS, VIDEO, Markup, check, render
from trackers.errors import SettingsError

TRACKS = (Track(1, 1, "First", 61.0), Track(1, 2, "Second [live]", 3600.0), Track(2, 1, "Third", 5.0, "Anna Fell"))
MUSIC = Music(
    credits=(Credit("The Moss Choir"), Credit("Anna Fell", "guest")), album="Slow Rivers", year=1974, format="FLAC",
    encoding="24bit Lossless", bit_depth=24, sample_rate=96_000, media="Vinyl", genre=("ambient", "folk"),
    edition=Edition("Half-speed", 2014, "Mill", "MILL-12"), tracks=TRACKS, lineage="Deck > ADC [24/96]\n\tside A",
)  # fmt: skip
VIDEO_OF = Video(
    resolution="1080p", source="WEB-DL", codec="H.264", hdr=("HDR10",), audio=("DDP",), channels="5.1",
    languages=("en", "de"), subtitles=("en",), container="MKV", seconds=2520.0, mediainfo="General\nFormat : Matroska",
    tv=Tv("Northern Harbour", 2, (5, 6), date="2024-03-05"),
)  # fmt: skip
LIGHT = Markup(plain=None, raw="code")


def album(**changes: object) -> Content:
    return Content("Slow Rivers", (), "music", music=Music(**(vars(MUSIC) | changes)), group="GRP")  # type: ignore[arg-type]


def episode() -> Content:
    return Content("Northern Harbour", (), "tv", video=VIDEO_OF, ids=Ids(42, "tt0000042", 7))


def test_the_text_of_an_album_is_its_tracks_with_their_lengths() -> None:
    assert render(ALBUM, album()).splitlines() == [
        "[b]Tracklist[/b]", "", "[b]Disc 1[/b]", "[b]1.[/b] First [i](1:01)[/i]",
        "[b]2.[/b] [plain]Second [live][/plain] [i](1:00:00)[/i]", "", "[b]Disc 2[/b]", "[b]1.[/b] Third [i](0:05)[/i]",
        "", "[b]Total length:[/b] 1:01:06",
    ]  # fmt: skip


def test_the_text_of_a_rip_of_vinyl_has_its_lineage_and_that_of_a_cd_has_not() -> None:
    assert render(RELEASE, album()) == (
        "FLAC / 24 bit / 96 kHz / Vinyl\n\n[hide=Lineage][pre]Deck > ADC [24/96]\n side A[/pre][/hide]"
    )
    assert render(RELEASE, album(media="CD", has_log=True, has_cue=True)) == (
        "FLAC / 24 bit / 96 kHz / CD / with log and cue"
    )


def test_the_text_of_a_video_is_a_line_and_mediainfo() -> None:
    assert render(VIDEO, episode(), LIGHT) == (
        "1080p WEB-DL / H.264 HDR10 / DDP 5.1 / en, de / 42:00 / MKV\n\n[code]General\nFormat : Matroska[/code]"
    )


def test_a_template_of_the_users_own() -> None:
    text = "{{x}} {artist} – {album} ({year}, {label} {catalogue})\n[b]{date}[/b]\n{edition} {genre}\n\n\n\n{tmdb}\nend"
    assert render(text, album()) == (
        "{x} The Moss Choir – Slow Rivers (1974, Mill MILL-12)\nHalf-speed ambient, folk\n\nend"
    )
    line = "{title} S{season}E{episode} {date} {codec} {audio} {languages} {subtitles} {imdb} {tmdb} {tvdb}"
    assert render(line, episode()) == "Northern Harbour S2E5-6 2024-03-05 H.264 DDP en, de en tt0000042 42 7"
    film = Content("x", (), "movie", video=Video(movie=Movie("Quiet Orchard", 2019, "Uncut"), source="DVD"))
    assert render("{title} {year} {edition} {source} {resolution}", film) == "Quiet Orchard 2019 Uncut DVD "[:-1]
    assert render("{artist}: {format} {encoding} {media} {name} {group}", album(various=True)) == (
        "Various Artists: FLAC 24bit Lossless Vinyl Slow Rivers GRP"
    )


@pytest.mark.parametrize(
    ("template", "error"),
    [
        ("{tracklst}", r"there is no slot \{tracklst\}, did you mean \{tracklist\}\?"),
        ("{zzzzz}", r"there is no slot \{zzzzz\} \(have: tracklist, lineage"),
        ("a { b", "a brace that stands alone"),
        ("{music.album}", r"there is no slot \{music.album\}"),
    ],
)
def test_what_is_no_slot_is_refused(template: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        check(template)
    with pytest.raises(SettingsError, match=f"RED: 'description': {error}"):
        read_settings(REDACTED, {"description": template}, "RED")


@given(st.sampled_from(SLOTS), st.text(max_size=30))
def test_every_slot_takes_a_content_that_has_nothing(slot: str, name: str) -> None:
    for kind in ("music", "tv", "other"):
        assert render(check("{" + slot + "}"), Content("", (), kind)) in ("", "[b]Tracklist[/b]")
    assert "[url" not in render("{album}", album(album=f"[url=x]{name}")).replace("[plain][url=x]", "")


@given(st.text(alphabet="[]/plainPREcode\n\x00\u2028 x", max_size=40))
def test_nothing_from_outside_ends_what_keeps_it_plain(text: str) -> None:
    for markup in (GAZELLE, LIGHT):
        block = markup.block(text)
        inner = block.removeprefix(f"[{markup.raw}]").removesuffix(f"[/{markup.raw}]")
        assert not re.search(rf"\[\s*/\s*{markup.raw}\s*\]", inner, re.I)
        assert "\n" not in markup.line(text)
    assert not re.search(r"\[[^\u200b]", LIGHT.line(text))
