"""Names of folders, media, genres, editions, types: plain values in, plain values out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackers.content import File
from watcher.identify.kinds import cover_of, kind_of
from watcher.identify.names import medium, medium_in, read_name
from watcher.identify.words import genre_tags, guessed_type, release_type, without_disc, without_edition

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("name", "artist", "album", "year", "media", "group"),
    [
        ("Aoife Byrne - Long Road (2001) [CD FLAC]", "Aoife Byrne", "Long Road", 2001, "CD", None),
        ("Aoife Byrne - Long Road (2001) [WEB-FLAC]", "Aoife Byrne", "Long Road", 2001, "WEB", None),
        ("Aoife Byrne - Long Road (2001) [WEB FLAC] {LB001}", "Aoife Byrne", "Long Road", 2001, "WEB", None),
        ("Aoife Byrne - 2001 - Long Road [Vinyl 24-96]", "Aoife Byrne", "Long Road", 2001, "Vinyl", None),
        ("Aoife Byrne - Long Road (1999) [2011 Remaster] [SACD]", "Aoife Byrne", "Long Road", None, "SACD", None),
        ("Aoife Byrne - Long Road", "Aoife Byrne", "Long Road", None, None, None),
        ("Aoife Byrne - Tape Days (CD in the title)", "Aoife Byrne", "Tape Days", None, "CD", None),
        ("Aoife Byrne - Vinyl Nights (2001)", "Aoife Byrne", "Vinyl Nights", 2001, None, None),
        ("Aoife Byrne - Digital (Digital Deluxe)", "Aoife Byrne", "Digital", None, None, None),
        ("Long Road", None, None, None, None, None),
        ("Aoife_Byrne-Long_Road-WEB-2001-GRP", None, None, 2001, "WEB", "GRP"),
        ("Aoife_Byrne-Long_Road-CD-FLAC-2001-GRP", None, None, 2001, "CD", "GRP"),
        ("Aoife_Byrne-Long_Road-(LB001)-12INCH-VINYL-FLAC-2001-GR0UP", None, None, 2001, "Vinyl", "GR0UP"),
        ("VA-Some_Comp-2CD-2003-GRP_iNT", None, None, 2003, "CD", "GRP_iNT"),
        ("AC-DC", None, None, None, None, None),
    ],
)
def test_the_name_of_an_album_is_read(name, artist, album, year, media, group):
    found = read_name(name, "music")
    assert (found.artist, found.album, found.year, found.media, found.group) == (artist, album, year, media, group)


@pytest.mark.parametrize(
    ("name", "group", "proper"),
    [
        ("Some.Show.S01E02.1080p.WEB-DL.H.264-GRP", "GRP", False),
        ("Some Film 2019 PROPER 1080p BluRay x264-GRP", "GRP", True),
        ("Some.Film.2019.REPACK.2160p.WEB-DL.x265-GRP", "GRP", True),
        ("Some.Film.2019.1080p.WEB-DL.H.264", None, False),
        ("Home video - summer", None, False),
    ],
)
def test_the_group_stands_at_the_end_of_a_film_name(name, group, proper):
    found = read_name(name, "movie")
    assert (found.group, found.proper) == (group, proper)


def test_a_proper_album_title_is_no_proper():
    assert not read_name("Aoife Byrne - Proper (2001) [CD]", "music").proper
    assert read_name("Aoife_Byrne-Long_Road-PROPER-CD-2001-GRP", "music").proper


@given(name=st.text(max_size=80))
def test_no_name_makes_the_reader_fail(name):
    read_name(name, "music")
    read_name(name, "tv")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CD", "CD"), ("cd", "CD"), ("CD-R", "CD"), ("Enhanced CD", "CD"), ("SHM-CD", "CD"), ("HDCD", "CD"),
        ("2xCD", "CD"), ("Copy Control CD", "CD"), ("Digital Media", "WEB"), ("WEB", "WEB"), ("File", "WEB"),
        ('12" Vinyl', "Vinyl"),
        ('7"', "Vinyl"), ("Vinyl", "Vinyl"), ("LP", "Vinyl"), ("2xLP", "Vinyl"), ("SACD", "SACD"),
        ("Hybrid SACD", "SACD"),
        ("DVD", "DVD"), ("DVD-Audio", "DVD"), ("Blu-ray", "Blu-ray"), ("BluRay", "Blu-ray"), ("Cassette", "Cassette"),
        ("DAT", "DAT"), ("SBD", "Soundboard"), ("Shellac", None), ("", None), ("record", None),
    ],
)  # fmt: skip
def test_a_medium_has_many_names(text, expected):
    assert medium(text) == expected


def test_two_media_at_once_are_none():
    assert medium_in(["CD", '12" Vinyl']) is None
    assert medium_in(["CD", "CD-R"]) == "CD"
    assert medium_in([]) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["Hip-Hop/Rap"], ("hip.hop", "rap")),
        (["Drum & Bass", "drum and bass", "DnB"], ("drum.and.bass",)),
        (["Folk, World, & Country"], ("folk", "world", "country")),
        (["R&B"], ("rhythm.and.blues",)),
        (["Rock 'n' Roll"], ("rock.and.roll",)),
        (["Chanson française"], ("chanson.francaise",)),
        (["Post-Rock; Ambient"], ("post.rock", "ambient")),
        (["Other", "", "???", "日本"], ()),
    ],
)
def test_genres_are_spelt_as_tags(values, expected):
    assert genre_tags(values) == expected


@given(st.lists(st.text(max_size=30), max_size=5))
def test_a_tag_holds_only_letters_figures_and_dots(values):
    for tag in genre_tags(values):
        assert set(tag) <= set("abcdefghijklmnopqrstuvwxyz0123456789.")
        assert not tag.startswith(".") and not tag.endswith(".") and ".." not in tag


@pytest.mark.parametrize(
    ("album", "title", "edition"),
    [
        ("Long Road (Deluxe Edition)", "Long Road", "Deluxe Edition"),
        ("Long Road [2011 Remaster]", "Long Road", "2011 Remaster"),
        ("Long Road (Part One)", "Long Road (Part One)", None),
        ("(Remastered)", "(Remastered)", None),
        ("Long Road", "Long Road", None),
    ],
)
def test_the_edition_is_told_apart_from_the_title(album, title, edition):
    assert without_edition(album) == (title, edition)


@pytest.mark.parametrize(
    ("album", "expected"),
    [
        ("Long Road (Disc 2)", "Long Road"), ("Long Road [CD1]", "Long Road"), ("Long Road, Disc 1", "Long Road"),
        ("Long Road CD 2", "Long Road"), ("Disc 1", "Disc 1"), ("Discover 2", "Discover 2"),
    ],
)  # fmt: skip
def test_the_disc_is_no_part_of_the_title(album, expected):
    assert without_disc(album) == expected


@pytest.mark.parametrize(
    ("values", "various", "expected"),
    [
        (["album"], False, "Album"), (["Album", "Live"], False, "Live album"), (["ep"], False, "EP"),
        (["album;compilation"], True, "Compilation"), (["album", "compilation"], False, "Anthology"),
        (["album; dj-mix"], True, "DJ Mix"), (["mixtape/street"], False, "Mixtape"), (["single"], False, "Single"),
        (["album + soundtrack"], True, "Soundtrack"), (["album", "remix"], False, "Remix"),
        (["spokenword"], False, None), ([], False, None),
    ],
)  # fmt: skip
def test_the_release_type_that_tags_name(values, various, expected):
    assert release_type(values, various) == expected


@pytest.mark.parametrize(
    ("album", "seconds", "various", "expected"),
    [
        ("x", [200.0], False, "Single"), ("x", [200.0] * 3, False, "Single"), ("x", [700.0], False, "EP"),
        ("x", [1900.0], False, "Album"), ("x", [200.0] * 5, False, "EP"), ("x", [400.0] * 5, False, "Album"),
        ("x", [200.0] * 7, False, "Album"), ("Short EP", [200.0] * 7, False, "EP"),
        ("x", [200.0] * 3, True, "Compilation"), ("step", [200.0] * 7, False, "Album"),
    ],
)  # fmt: skip
def test_the_release_type_by_count_and_length(album, seconds, various, expected):
    assert guessed_type(album, seconds, various) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"01.flac": 30, "cover.jpg": 1, "x.log": 1}, "music"),
        ({"01.flac": 30, "scans/1.tif": 400, "booklet.pdf": 90}, "music"),
        ({"01.MP3": 3}, "music"),
        ({"a.dts": 30}, "music"),
        ({"Some.Show.S01E02.mkv": 900, "x.nfo": 1}, "tv"),
        ({"Some.Show.S01E01.mkv": 900, "Some.Show.S01E02.mkv": 900, "Sample/sample.mkv": 20}, "tv"),
        ({"Some Show - 1x02.avi": 300}, "tv"),
        ({"Late.Show.2020.01.15.mkv": 300}, "tv"),
        ({"Some.Film.2019.mkv": 9000, "sample.mkv": 30, "subs/en.srt": 1}, "movie"),
        ({"VIDEO_TS/VTS_01_1.VOB": 900, "VIDEO_TS/VTS_01_2.VOB": 900}, "movie"),
        ({"film one.mkv": 900, "film two.mkv": 900}, "other"),
        ({"game.exe": 900, "music/theme.ogg": 30}, "other"),
        ({"concert.mkv": 900, "bonus.flac": 30}, "movie"),
        ({"book.epub": 3}, "other"),
        ({"cover.jpg": 3}, "other"),
        ({}, "other"),
    ],
)
def test_the_kind_is_what_takes_the_space(files, expected):
    assert kind_of([File(path, size * MIB) for path, size in files.items()]) == expected


def test_the_name_of_the_folder_has_no_say_in_the_kind():
    assert kind_of([File("S01E01 The Album/01 - x.flac", 5)]) == "music"


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["cover.jpg", "folder.jpg"], "cover.jpg"),
        (["scans/cover.jpg", "Folder.PNG"], "Folder.PNG"),
        (["scans/front.jpeg"], "scans/front.jpeg"),
        (["back.jpg", "cover.webp", "cover"], None),
    ],
)
def test_the_cover_is_the_nearest_of_the_usual_names(paths, expected):
    assert cover_of([File(path, 5) for path in paths]) == expected


def test_an_empty_picture_is_no_cover():
    assert cover_of([File("cover.jpg", 0), File("front.png", 1)]) == "front.png"
