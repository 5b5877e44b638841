"""The facts of an album from tags and measures, as plain values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trackers.content import Credit, Track
from watcher.identify.audio import Audio
from watcher.identify.credits import credits_of, display, is_various
from watcher.identify.music import FIELDS, music_facts
from watcher.identify.names import Named
from watcher.identify.rip import Rip
from watcher.release import Fact, content_of


def track(number=1, *, path=None, **tags) -> Audio:
    found = {"ARTIST": "Aoife", "ALBUM": "Road", "TITLE": f"T{number}", "TRACKNUMBER": str(number), **tags}
    kept = {
        key: (value,) if isinstance(value, str) else tuple(value) for key, value in found.items() if value is not None
    }
    name = path or f"{number:02} - T{number}.flac"
    return Audio(name, 1000, "FLAC", "Lossless", 16, 44_100, 200.0, 900_000, kept)


def album(*tracks: Audio, named: Named | None = None, rip: Rip | None = None):
    facts = music_facts(tracks, named or Named(), rip or Rip())
    return {key.removeprefix("music."): fact for key, fact in facts.items()}


def values(*tracks: Audio, **more):
    return {key: fact.value for key, fact in album(*tracks, **more).items()}


def test_an_album_with_all_its_tags_has_no_problems():
    facts = album(
        *(track(n, DATE="2001", ORIGINALDATE="1999-05-01", LABEL="L", CATALOGNUMBER="L1") for n in range(1, 10))
    )
    assert facts["problems"].value == []
    assert facts["tags_complete"].value is True
    assert (facts["year"].value, facts["edition.year"].value) == (1999, 2001)
    assert (facts["label"].value, facts["edition.label"].value) == ("L", "L")
    assert (facts["catalogue"].value, facts["edition.catalogue"].value) == ("L1", "L1")
    assert (facts["format"].value, facts["encoding"].value) == ("FLAC", "Lossless")
    assert (facts["album"].origin, facts["format"].origin) == ("tag", "file")


def test_a_lone_date_is_the_years_of_the_edition_and_the_original_is_not_known():
    facts = values(track(DATE="2011-03-01"))
    assert (facts["year"], facts["edition.year"]) == (None, 2011)


@pytest.mark.parametrize(
    ("text", "year"),
    [("1999", 1999), ("1999-05-01", 1999), ("01.05.1999", 1999), ("1887", 1887), ("0000", None), ("May", None)],
)
def test_the_year_of_a_date_in_any_form(text, year):
    assert values(track(ORIGINALYEAR=text))["year"] == year


def test_the_year_of_the_name_stands_in_for_a_missing_date():
    fact = album(track(), named=Named(year=2001))["edition.year"]
    assert (fact.value, fact.origin) == (2001, "name")
    fact = album(track(DATE="2003"), named=Named(year=2001))["edition.year"]
    assert (fact.value, fact.origin) == (2003, "tag")


def test_the_facts_fill_the_content_that_trackers_compose_from():
    facts = music_facts(
        [track(1, DATE="2001"), track(2, ARTIST="Aoife feat. Zed", DATE="2001")], Named(), Rip(logs=("a.log",))
    )
    music = content_of("x", (), False, {**facts, "kind": Fact("music")}).music
    assert music is not None
    assert music.credits == (Credit("Aoife"), Credit("Zed", "guest"))
    assert music.tracks == (Track(1, 1, "T1", 200.0), Track(1, 2, "T2", 200.0, "Aoife feat. Zed"))
    assert (music.logs, music.has_log, music.log_score, music.media) == (("a.log",), True, None, "CD")


# Who made it


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"ARTIST": "A feat. B"}, [("A", "main"), ("B", "guest")]),
        ({"ARTIST": "A ft B & C"}, [("A", "main"), ("B", "guest"), ("C", "guest")]),
        ({"ARTIST": "A (featuring B)"}, [("A", "main"), ("B", "guest")]),
        ({"ARTIST": "A", "TITLE": "Song [feat. B]"}, [("A", "main"), ("B", "guest")]),
        ({"ARTIST": "Defeat B"}, [("Defeat B", "main")]),
        ({"ARTIST": "Simon & Garfunkel"}, [("Simon & Garfunkel", "main")]),
        ({"ARTIST": "Earth, Wind & Fire"}, [("Earth, Wind & Fire", "main")]),
        ({"ARTIST": "AC/DC"}, [("AC/DC", "main")]),
        ({"ARTIST": "A; B"}, [("A", "main"), ("B", "main")]),
        ({"ARTIST": "A / B"}, [("A", "main"), ("B", "main")]),
        ({"ARTIST": ("A", "B")}, [("A", "main"), ("B", "main")]),
        ({"ARTIST": "A & B feat. C", "ARTISTS": ("A", "B", "C")}, [("A", "main"), ("B", "main"), ("C", "guest")]),
        ({"ARTIST": "A feat. B & the C", "ARTISTS": ("A", "B & the C")}, [("A", "main"), ("B & the C", "guest")]),
        ({"ALBUMARTIST": "A", "ARTIST": "A & B"}, [("A", "main"), ("B", "guest")]),
        ({"ALBUMARTIST": "A", "ARTIST": "B with A"}, [("A", "main"), ("B", "guest")]),
        ({"ALBUMARTIST": "A", "ARTIST": "B"}, [("A", "main"), ("B", "guest")]),
        ({"ALBUMARTIST": "A", "ARTIST": "Abel"}, [("A", "main"), ("Abel", "guest")]),
        ({"ALBUMARTIST": "A", "ARTIST": "a"}, [("A", "main")]),
        ({"ARTIST": "A", "REMIXER": "R"}, [("A", "main"), ("R", "remixer")]),
        ({"ARTIST": "A", "CONDUCTOR": "K", "PRODUCER": "P; Q", "ARRANGER": "X", "DJMIXER": "D"},
         [("A", "main"), ("K", "conductor"), ("D", "dj"), ("P", "producer"), ("Q", "producer"), ("X", "arranger")]),
        ({"ARTIST": "A", "COMPOSER": "S"}, [("A", "main")]),
        ({"ARTIST": None, "COMPOSER": "S"}, [("S", "composer")]),
        ({"ARTIST": None}, []),
    ],
)  # fmt: skip
def test_who_made_it_and_in_which_role(tags, expected):
    assert credits_of([track(**tags)], (), various=False) == tuple(Credit(*row) for row in expected)


def test_composers_are_credits_of_classical_music():
    found = credits_of([track(ARTIST="Quartet", COMPOSER="Ludwig")], ("chamber.music",), various=False)
    assert found == (Credit("Quartet"), Credit("Ludwig", "composer"))


def test_nobody_stands_twice_in_one_role_and_no_main_artist_is_a_guest():
    tracks = [track(1, ARTIST="A feat. B"), track(2, ARTIST="A feat. b"), track(3, ARTIST="B feat. A")]
    assert credits_of(tracks, (), various=False) == (Credit("A"), Credit("B"))


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ([track(ALBUMARTIST="Various Artists")], True),
        ([track(ALBUMARTIST="VA")], True),
        ([track(ALBUMARTIST="Verschiedene", MUSICBRAINZ_ALBUMARTISTID="89ad4ac3-39f7-470e-963a-56509c546377")], True),
        ([track(1, ARTIST="A"), track(2, ARTIST="B"), track(3, ARTIST="C")], True),
        ([track(1, ARTIST="A"), track(2, ARTIST="B", COMPILATION="1")], True),
        ([track(1, ARTIST="A"), track(2, ARTIST="B")], False),
        ([track(1, ARTIST="A", ALBUMARTIST="A"), track(2, ARTIST="B", ALBUMARTIST="A"), track(3, ARTIST="C")], False),
        ([track(1), track(2), track(3)], False),
        ([track(1, ARTIST="A feat. X"), track(2, ARTIST="A feat. Y"), track(3, ARTIST="A")], False),
    ],
)
def test_an_album_of_various_artists_is_known(tracks, expected):
    assert is_various(tracks) is expected


def test_every_artist_of_a_compilation_is_a_main_artist():
    facts = values(track(1, ARTIST="A", ALBUMARTIST="VA"), track(2, ARTIST="B", ALBUMARTIST="VA"))
    assert (facts["artist"], facts["artists"], facts["various"]) == ("Various Artists", ["A", "B"], True)


def test_several_artists_make_one_text():
    assert display(["A"], False) == "A"
    assert display(["A", "B", "C"], False) == "A, B & C"
    assert display([], False) is None


def test_without_tags_the_name_tells_and_says_so():
    facts = album(Audio("01.flac", 5, "FLAC", "Lossless", 16, 44_100, 200.0), named=Named("Aoife", "Road", 2001, "CD"))
    assert [(facts[key].value, facts[key].origin) for key in ("artist", "album", "media")] == [
        ("Aoife", "name"), ("Road", "name"), ("CD", "name"),
    ]  # fmt: skip
    assert facts["tags_complete"].value is False
    assert facts["track_list"].value[0]["title"] == "01"


# What it is


def test_the_edition_in_the_albums_tag_is_told_apart():
    facts = values(track(ALBUM="Road (Deluxe Edition)"))
    assert (facts["album"], facts["edition.title"]) == ("Road", "Deluxe Edition")


def test_two_discs_of_one_album_are_one_album():
    facts = values(track(1, ALBUM="Road (Disc 1)", DISCNUMBER="1"), track(1, ALBUM="Road (Disc 2)", DISCNUMBER="2"))
    assert (facts["album"], facts["problems"]) == ("Road", [])


def test_a_bootleg_is_one_whatever_its_type():
    assert values(track(RELEASETYPE="album", RELEASESTATUS="bootleg"))["release_type"] == "Bootleg"


def test_the_type_is_guessed_only_where_tags_are_silent():
    facts = album(track(RELEASETYPE="Album"))
    assert (facts["release_type"].value, facts["release_type"].origin) == ("Album", "tag")
    facts = album(track())
    assert (facts["release_type"].value, facts["release_type"].origin) == ("Single", "file")


def test_no_label_is_no_label():
    assert values(track(LABEL="[no label]", CATALOGNUMBER="[none]"))["label"] is None


@pytest.mark.parametrize(
    ("media", "name", "logs", "expected", "origin"),
    [
        ("CD", None, (), "CD", "tag"),
        ("Digital Media", None, (), "WEB", "tag"),
        (None, "Vinyl", (), "Vinyl", "name"),
        (None, None, ("a.log",), "CD", "file"),
        (None, None, (), None, "tag"),
        ("Shellac", None, (), None, "tag"),
        (("CD", "CD-R"), None, (), "CD", "tag"),
        (("CD", "DVD"), None, (), None, "tag"),
    ],
)
def test_the_medium_by_its_strongest_witness(media, name, logs, expected, origin):
    facts = album(track(MEDIA=media), named=Named(media=name), rip=Rip(logs=logs))
    assert (facts["media"].value, facts["media"].origin) == (expected, origin)
    assert facts["problems"].value == []


def test_witnesses_of_the_medium_that_disagree_are_a_problem():
    facts = album(track(MEDIA="Vinyl"), named=Named(media="WEB"), rip=Rip(logs=("a.log",)))
    assert facts["media"].value == "CD"
    assert facts["problems"].value == ["media differ: rip log CD, name WEB, tags Vinyl"]


def lossy(number: int, encoding: str | None, bitrate: int, seconds: float = 200.0) -> Audio:
    base = track(number, path=f"{number:02}.mp3")
    return replace(base, format="MP3", encoding=encoding, bits=None, bitrate=bitrate, seconds=seconds)


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ([lossy(1, "320", 320_000), lossy(2, "320", 320_000)], "320"),
        ([lossy(1, "V0 (VBR)", 240_000), lossy(2, "V0 (VBR)", 260_000)], "V0 (VBR)"),
        ([lossy(1, None, 240_000), lossy(2, None, 300_000, 100.0)], "260"),
        ([lossy(1, None, 255_500)], "256"),
        ([replace(lossy(1, None, 0), bitrate=None, seconds=0.0)], None),
    ],
)
def test_the_encoding_of_an_album(tracks, expected):
    facts = values(*tracks)
    assert facts["encoding"] == expected
    assert not [text for text in facts["problems"] if text.startswith("mixed")]


def test_genres_of_all_tracks_are_one_list_of_tags():
    assert values(track(1, GENRE="Hip-Hop"), track(2, GENRE=("Jazz", "Hip Hop")))["genre"] == ["hip.hop", "jazz"]


# What is wrong with it


@pytest.mark.parametrize(
    ("tracks", "problem"),
    [
        ([track(1), replace(track(2), format="ALAC")], "mixed formats: FLAC (1), ALAC (1)"),
        ([track(1), track(2), replace(track(3), encoding="24bit Lossless", bits=24)],
         "mixed encodings: Lossless (2), 24bit Lossless (1)"),
        ([track(1), replace(track(2), rate=48_000)], "mixed sample rates: 44100 (1), 48000 (1)"),
        ([track(1), replace(track(2), bits=20)], "mixed bit depths: 16 (1), 20 (1)"),
        ([lossy(1, "V0 (VBR)", 240_000), lossy(2, None, 240_000)], "mixed encodings: V0 (VBR) (1), measured (1)"),
        ([track(1, TITLE=None)], "missing tag title: '01 - T1.flac'"),
        ([track(n, ALBUM=None) for n in range(1, 6)],
         "missing tag album: '01 - T1.flac', '02 - T2.flac', '03 - T3.flac' and 2 more"),
        ([track(1, ALBUM="A"), track(2, ALBUM="B")], "differing tag album: 'A', 'B'"),
        ([track(1, ALBUMARTIST="A"), track(2, ALBUMARTIST="B")], "differing tag album artist: 'A', 'B'"),
        ([track(1, DATE="2001"), track(2, DATE="2002")], "differing tag date: '2001', '2002'"),
        ([track(1), track(3)], "track numbers are missing: 2"),
        ([track(1, TRACKNUMBER="1/3"), track(2, TRACKNUMBER="2/3")], "track numbers are missing: 3"),
        ([track(1, TRACKTOTAL="3"), track(2)], "track numbers are missing: 3"),
        ([track(1), track(1, path="x.flac")], "track numbers are there twice: 1"),
        ([track(1, DISCNUMBER="1"), track(3, DISCNUMBER="2")], "disc 2: track numbers are missing: 1, 2"),
        ([track(1, DISCNUMBER="1"), track(1, DISCNUMBER="3")], "disc 2 is missing"),
        ([replace(track(1), unsigned=True)], "no MD5 signature: '01 - T1.flac'"),
        ([replace(track(1), rate=44_056)], "odd sample rate: '01 - T1.flac'"),
        ([replace(track(1), seconds=0.0)], "no length: '01 - T1.flac'"),
        ([track(1), replace(track(2), broken="no frames")], "does not decode: '02 - T2.flac': no frames"),
        ([replace(track(1), format="MP3")], "wrong extension: '01 - T1.flac is MP3'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(tracks, problem):
    found = [text for text in values(*tracks)["problems"] if text == problem]
    assert found == [problem], values(*tracks)["problems"]


@pytest.mark.parametrize(
    "tracks",
    [
        [track(1, DISCNUMBER="1"), track(2, DISCNUMBER="1"), track(3, DISCNUMBER="2")],  # numbered on
        [track(0), track(1)],  # a hidden track before the first
        [track(1, TRACKNUMBER="A1"), track(2, TRACKNUMBER="B1")],  # sides of vinyl
        [track(1, path="CD1/01.flac"), track(1, path="CD2/01.flac")],
    ],
)
def test_numbers_that_are_in_order_are_no_problem(tracks):
    assert values(*tracks)["problems"] == []


def test_a_hostile_track_number_costs_nothing():
    facts = values(track(1, TRACKNUMBER="1/999999999999"), track(2, TRACKNUMBER="9999"), track(3, TRACKTOTAL="9999"))
    assert len(str(facts["problems"])) < 500


def test_the_discs_of_folders_count_where_tags_are_silent():
    rows = values(track(1, path="CD2/01.flac"), track(1, path="Disc 1/01.flac"))["track_list"]
    assert [row["disc"] for row in rows] == [1, 2]


def test_numbers_of_file_names_count_where_tags_are_silent():
    tracks = [track(n, path=f"{n:02} x.flac", TRACKNUMBER=None) for n in (2, 1)]
    assert [row["number"] for row in values(*tracks)["track_list"]] == [1, 2]


def test_a_broken_track_leaves_the_tags_incomplete():
    facts = values(track(1), replace(track(2), broken="x"))
    assert (facts["tags_complete"], facts["tracks"], len(facts["track_list"])) == (False, 2, 1)


def test_a_track_that_can_not_be_read_makes_all_facts_unknown_with_the_reason():
    facts = album(track(1), Audio("02.flac", 5, "FLAC", unread="Permission denied"))
    for name in FIELDS:
        fact = facts.get(name)
        assert fact is not None
        assert fact.unknown
        assert fact.why == "'02.flac' can't be read: Permission denied"
    assert facts["tracks"].value == 2


def test_no_track_that_decodes_makes_all_facts_unknown():
    facts = album(replace(track(1), broken="no frames"))
    assert facts["format"].unknown
    assert "no frames" in facts["format"].why


def test_the_score_of_a_log_only_a_tracker_can_tell():
    facts = album(track(1), rip=Rip(logs=("a.log",)))
    assert (facts["has_log"].value, facts["logs"].value, facts["log_score"].unknown) == (True, ["a.log"], True)
    facts = album(track(1))
    assert (facts["has_log"].value, facts["log_score"].unknown, facts["log_score"].value) == (False, False, None)


def test_a_log_that_can_not_be_read_is_unknown_and_not_none():
    facts = album(track(1), rip=Rip(unread="'a.log' can't be read: I/O error"))
    assert all(facts[name].unknown for name in ("has_log", "has_cue", "logs", "log_score"))
    assert facts["album"].value == "Road"


def test_problems_of_the_rip_are_problems_of_the_album():
    assert values(track(1), rip=Rip(problems=("x",)))["problems"] == ["x"]
