"""MediaInfo's words in the field's: pure, from what it says of real files."""

from __future__ import annotations

import pytest

from watcher.identify.episodes import Place, numbered
from watcher.identify.streams import resolution, streams_of
from watcher.identify.video import with_name


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ({"Width": "1920", "Height": "800"}, "1080p"),
        ({"Width": "1440", "Height": "1080", "ScanType": "Interlaced"}, "1080i"),
        ({"Width": "1920", "Height": "1080", "ScanType": "MBAFF"}, "1080i"),
        ({"Width": "1280", "Height": "534"}, "720p"),
        ({"Width": "960", "Height": "720"}, "720p"),
        ({"Width": "1024", "Height": "576"}, "576p"),
        ({"Width": "720", "Height": "576", "ScanType": "Interlaced"}, "576i"),
        ({"Width": "720", "Height": "432", "Standard": "PAL"}, "576p"),
        ({"Width": "720", "Height": "480"}, "480p"),
        ({"Width": "3840", "Height": "2160"}, "2160p"),
        ({"Width": "2560", "Height": "1440"}, "1440p"),
        ({"Width": "7680", "Height": "4320"}, "4320p"),
        ({"Width": "x"}, None),
    ],
)
def test_a_picture_goes_by_what_it_was_cut_from(picture: dict[str, str], expected: str | None) -> None:
    assert resolution(picture) == expected


@pytest.mark.parametrize(
    ("track", "expected"),
    [
        ({"Format": "MLP FBA", "Format_AdditionalFeatures": "16-ch"}, "TrueHD Atmos"),
        ({"Format": "MLP FBA"}, "TrueHD"),
        ({"Format": "E-AC-3", "Format_AdditionalFeatures": "JOC"}, "DDP Atmos"),
        ({"Format": "AC-3"}, "DD"),
        ({"Format": "DTS"}, "DTS"),
        ({"Format": "DTS", "Format_AdditionalFeatures": "XLL"}, "DTS-HD MA"),
        ({"Format": "DTS", "Format_AdditionalFeatures": "XLL X"}, "DTS:X"),
        ({"Format": "DTS", "Format_Commercial_IfAny": "DTS-HD High Resolution Audio"}, "DTS-HD HRA"),
        ({"Format": "DTS", "Format_AdditionalFeatures": "ES XXCH"}, "DTS-ES"),
        ({"Format": "MPEG Audio", "Format_Profile": "Layer 3"}, "MP3"),
        ({"Format": "MPEG Audio"}, "MPEG"),
        ({"Format": "PCM"}, "LPCM"),
        ({"Format": "AAC LC SBR"}, "AAC"),
        ({"Format": "FLAC"}, "FLAC"),
    ],
)
def test_sound_goes_by_its_trade_name(track: dict[str, str], expected: str) -> None:
    found = streams_of([{"@type": "Video"}, {"@type": "Audio", **track}])
    assert found is not None
    assert found.audio == (expected,)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ({"HDR_Format": "Dolby Vision / SMPTE ST 2086", "HDR_Format_Compatibility": "HDR10"}, ("DV", "HDR10")),
        ({"HDR_Format": "SMPTE ST 2094 App 4", "HDR_Format_Compatibility": "HDR10+ Profile B"}, ("HDR10+",)),
        ({"transfer_characteristics": "PQ"}, ("HDR10",)),
        ({"transfer_characteristics": "HLG"}, ("HLG",)),
        ({}, ()),
    ],
)
def test_every_kind_of_high_dynamic_range_is_told(picture: dict[str, str], expected: tuple[str, ...]) -> None:
    found = streams_of([{"@type": "Video", **picture}])
    assert found is not None
    assert found.hdr == expected


@pytest.mark.parametrize(
    ("picture", "codec", "encoder"),
    [
        ({"Format": "AVC", "Encoded_Library_Name": "x264"}, "H.264", "x264"),
        ({"Format": "HEVC", "Encoded_Library": "x265 - 3.5"}, "HEVC", "x265"),
        ({"Format": "MPEG-4 Visual", "CodecID": "XVID"}, "XviD", None),
        ({"Format": "MPEG-4 Visual", "Encoded_Library": "DivX 5"}, "DivX", "DivX"),
        ({"Format": "MPEG-4 Visual"}, "MPEG-4", None),
        ({"Format": "MPEG Video", "Format_Version": "1"}, "MPEG-1", None),
        ({"Format": "VC-1"}, "VC-1", None),
        ({"Format": "ProRes"}, "ProRes", None),
        ({}, None, None),
    ],
)
def test_codecs_and_their_encoders_have_the_fields_names(
    picture: dict[str, str], codec: str | None, encoder: str | None
) -> None:
    found = streams_of([{"@type": "General", "Duration": "x"}, {"@type": "Video", **picture}])
    assert found is not None
    assert (found.codec, found.encoder, found.seconds) == (codec, encoder, None)


def test_commentary_is_no_language_of_a_film_and_channels_are_those_of_its_first_track() -> None:
    tracks = [
        {"@type": "Video"},
        {"@type": "Audio", "Format": "DTS", "Language": "pt-BR", "Channels": "6", "ChannelLayout": "C L R Ls Rs LFE"},
        {"@type": "Audio", "Format": "AAC", "Language": "en", "Title": "Director's Commentary", "Channels": "2"},
        {"@type": "Audio", "Format": "AC-3", "Language": "und", "Channels": "2"},
    ]
    found = streams_of(tracks)
    assert found is not None
    assert (found.languages, found.channels, found.audio) == (("pt",), "5.1", ("DTS", "DD"))
    assert streams_of([{"@type": "General"}]) is None


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("x/Show.S01E02.mkv", Place(1, (2,))),
        ("Show.S01E02E03.mkv", Place(1, (2, 3))),
        ("Show.S01E02-E04.mkv", Place(1, (2, 3, 4))),
        ("Show.S01E02-1080p.mkv", Place(1, (2,))),
        ("Show.1x02-03.mkv", Place(1, (2, 3))),
        ("Show.2024.03.05.mkv", Place(None, (), "2024-03-05")),
        ("Season 2/05 - Title.mkv", Place(2, (5,))),
        ("Show Episode 7.mkv", Place(None, (7,))),
        ("[Kumo] Glass Tide - 07 (1080p).mkv", Place(None, (7,))),
        ("Extras.mkv", None),
    ],
)
def test_a_file_of_a_season_says_which_episode_it_is(path: str, place: Place | None) -> None:
    assert numbered(path) == place


def test_the_name_stands_below_the_unique_id_or_below_the_head() -> None:
    line = "Complete name                            : x.mkv"
    assert with_name("General\nUnique ID : 1\nFormat : x", "x.mkv") == f"General\nUnique ID : 1\n{line}\nFormat : x"
    assert with_name("General\nFormat : x", "x.mkv") == f"General\n{line}\nFormat : x"
    assert with_name("", "x.mkv") == line
