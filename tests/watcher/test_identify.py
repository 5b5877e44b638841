"""Albums on disk are identified as what they are, whatever their names say."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TIPL, TIT2, TPE1, TXXX

from tests.support_audio import ac3, adts, m4a, ogg_flac, opus, vorbis
from trackers.content import File
from trackers.sandbox.album import Song, flac, mp3, write_album
from watcher.identify import FactCache, identify, payload
from watcher.identify.audio import read_audio
from watcher.identify.tags import LONGEST, MOST, collected
from watcher.release import Fact

TAGS = {"ARTIST": "A", "ALBUM": "B", "TITLE": "C", "TRACKNUMBER": "1", "LABEL": "L", "COMPILATION": "1"}


def facts_of(root, cache=None):
    found = payload(root)
    assert found.problems == ()
    return identify(root, found.files, single=found.single, cache=cache)


def music_of(root):
    return {key.removeprefix("music."): fact.value for key, fact in facts_of(root).items() if key.startswith("music.")}


def test_a_cd_rip_is_identified_with_all_its_facts(tmp_path):
    root = write_album(
        tmp_path, artist="Aoife", album="Long Road", year=2001, tracks=["One", "Two (feat. Zed)"], media="CD",
        log=True, cue=True, seconds=0.2, tags={"GENRE": ["Jazz", "Hip-Hop"]},
    )  # fmt: skip
    facts = facts_of(root)
    expected = {
        "name": "Aoife - Long Road (2001) [CD FLAC]",
        "kind": "music",
        "group": None,
        "proper": False,
        "files.ext": ["cue", "flac", "log", "png"],
        "files.count": 5,
        "files.cover": "cover.png",
        "music.artist": "Aoife",
        "music.artists": ["Aoife"],
        "music.credits": [{"name": "Aoife", "role": "main"}, {"name": "Zed", "role": "guest"}],
        "music.album": "Long Road",
        "music.year": 2001,
        "music.format": "FLAC",
        "music.encoding": "Lossless",
        "music.bit_depth": 16,
        "music.sample_rate": 44_100,
        "music.media": "CD",
        "music.has_log": True,
        "music.logs": ["Aoife - Long Road.log"],
        "music.has_cue": True,
        "music.release_type": "Album",
        "music.label": "Loopback Records",
        "music.genre": ["jazz", "hip.hop"],
        "music.tags_complete": True,
        "music.various": False,
        "music.tracks": 2,
        "music.problems": [],
        "music.edition.year": 2001,
    }
    assert {key: facts[key].value for key in expected} == expected
    assert facts["size"].value == sum(path.stat().st_size for path in root.iterdir())
    assert facts["scene"].unknown
    assert facts["music.track_list"].value[1] == {
        "disc": 1, "number": 2, "title": "Two (feat. Zed)", "seconds": 0.226, "artist": "",
    }  # fmt: skip
    assert all(isinstance(fact, Fact) for fact in facts.values())


@pytest.mark.parametrize(
    ("codec", "bits", "rate", "expected"),
    [
        ("flac", 16, 44_100, ("FLAC", "Lossless", 16, 44_100)),
        ("flac", 24, 96_000, ("FLAC", "24bit Lossless", 24, 96_000)),
        ("mp3-320", 16, 44_100, ("MP3", "320", None, 44_100)),
        ("mp3-256", 16, 44_100, ("MP3", "256", None, 44_100)),
        ("mp3-192", 16, 44_100, ("MP3", "192", None, 44_100)),
        ("mp3-v0", 16, 44_100, ("MP3", "V0 (VBR)", None, 44_100)),
        ("mp3-v1", 16, 44_100, ("MP3", "V1 (VBR)", None, 44_100)),
        ("mp3-v2", 16, 44_100, ("MP3", "V2 (VBR)", None, 44_100)),
    ],
)
@pytest.mark.parametrize("name", [None, "Wrong - Name (1950) [MP3 V0 24bit FLAC 320]"])
def test_the_encoding_is_what_the_files_are(tmp_path, codec, bits, rate, expected, name):
    root = write_album(
        tmp_path, artist="A", album="B", year=2001, tracks=2, codec=codec, bits=bits, rate=rate, seconds=0.5, name=name
    )
    music = music_of(root)
    assert (music["format"], music["encoding"], music["bit_depth"], music["sample_rate"]) == expected
    assert music["problems"] == []
    assert (music["artist"], music["album"]) == ("A", "B")


def test_an_mp3_album_has_the_same_facts_as_a_flac_one(tmp_path):
    told = {"GENRE": ["Jazz", "Rock"], "COMPOSER": "K", "DATE": "2011"}
    both = [
        music_of(
            write_album(
                tmp_path, artist="A", album="B", year=2001, tracks=3, media="WEB", codec=codec, seconds=0.3, tags=told
            )
        )
        for codec in ("flac", "mp3-320")
    ]
    for music in both:
        del music["format"], music["encoding"], music["bit_depth"]
        music["track_list"] = [(row["number"], row["title"], round(row["seconds"], 1)) for row in music["track_list"]]
    assert both[0] == both[1]
    assert (both[0]["year"], both[0]["edition.year"]) == (2001, 2011)


def one_file(tmp_path, name: str, data: bytes):
    root = tmp_path / "album"
    root.mkdir(exist_ok=True)
    (root / name).write_bytes(data)
    return read_audio(root, File(name, len(data)), False)


@pytest.mark.parametrize(
    ("name", "data", "format", "encoding", "bits"),
    [
        ("a.m4a", m4a(TAGS), "AAC", None, None),
        ("a.m4a", m4a(TAGS, "alac"), "ALAC", "Lossless", 16),
        ("a.m4a", m4a(TAGS, "alac", bits=24), "ALAC", "24bit Lossless", 24),
        ("a.m4a", m4a(TAGS, "ac-3"), "AC3", None, None),
        ("a.ogg", vorbis(TAGS, 256_000), "Ogg Vorbis", "q8.x (VBR)", None),
        ("a.ogg", vorbis(TAGS, 192_000), "Ogg Vorbis", None, None),
        ("a.ogg", opus(TAGS), "Opus", None, None),
        ("a.opus", opus(TAGS), "Opus", None, None),
        ("a.oga", ogg_flac(TAGS), "FLAC", "Lossless", 16),
        ("a.flac", flac(TAGS.items(), b"s", 5000), "FLAC", "Lossless", 16),
        ("a.mp3", mp3(TAGS.items(), b"s", 44_100, "mp3-320"), "MP3", "320", None),
    ],
)
def test_every_format_is_told_with_its_tags(tmp_path, name, data, format, encoding, bits):
    found = one_file(tmp_path, name, data)
    assert (found.broken, found.unread) == ("", "")
    assert (found.format, found.encoding, found.bits) == (format, encoding, bits)
    assert {key: found.first(key) for key in ("ARTIST", "ALBUM", "TITLE", "LABEL", "COMPILATION")} == {
        "ARTIST": "A", "ALBUM": "B", "TITLE": "C", "LABEL": "L", "COMPILATION": "1",
    }  # fmt: skip
    assert found.first("TRACKNUMBER") == "1"


@pytest.mark.parametrize(
    ("name", "data", "format", "bitrate"), [("a.ac3", ac3(), "AC3", 448_000), ("a.aac", adts(), "AAC", 254_000)]
)
def test_formats_without_tags_are_told_by_their_stream(tmp_path, name, data, format, bitrate):
    found = one_file(tmp_path, name, data)
    assert (found.format, found.broken) == (format, "")
    assert found.bitrate == pytest.approx(bitrate, rel=0.01)


@pytest.mark.parametrize(("name", "format"), [("a.wav", "WAV"), ("a.ape", "APE")])
def test_formats_that_have_no_reader_are_told_by_their_extension(tmp_path, name, format):
    found = one_file(tmp_path, name, b"x" * 50)
    assert (found.format, found.encoding, found.broken) == (format, None, "")


def test_an_aac_album_has_the_figure_that_was_measured(tmp_path):
    root = tmp_path / "album"
    root.mkdir()
    for number, bitrate in ((1, 250_000), (2, 262_000)):
        (root / f"{number}.m4a").write_bytes(m4a({**TAGS, "TRACKNUMBER": str(number)}, bitrate=bitrate))
    assert music_of(root)["encoding"] == "256"


def lame(version: bytes, *, method: int, preset: int, scale: int = 78) -> bytes:
    """An MP3 whose LAME header was written by another version, with another preset."""
    data = bytearray(mp3(TAGS.items(), b"s", 44_100, "mp3-v0"))
    at = data.index(b"Xing")
    data[at + 116 : at + 120] = scale.to_bytes(4, "big")
    data[at + 120 : at + 129] = version.ljust(9)
    data[at + 129] = method
    data[at + 146 : at + 148] = preset.to_bytes(2, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (lame(b"LAME3.96r", method=3, preset=1001), "APS (VBR)"),
        (lame(b"LAME3.97", method=4, preset=1004), "APS (VBR)"),
        (lame(b"LAME3.93", method=3, preset=1002), "APX (VBR)"),
        (lame(b"LAME3.96r", method=1, preset=1003), "320"),
        (lame(b"LAME3.98r", method=4, preset=500, scale=100), "V0 (VBR)"),
        (lame(b"LAME3.99r", method=3, preset=480, scale=80), "V2 (VBR)"),
        (lame(b"LAME3.99r", method=4, preset=460, scale=60), None),
        (lame(b"LAME3.99r", method=2, preset=200), None),
    ],
)
def test_the_presets_of_old_encoders_have_their_own_names(tmp_path, data, expected):
    assert one_file(tmp_path, "a.mp3", data).encoding == expected


def headless(codec: str) -> bytes:
    """An MP3 without the frame that says how it was encoded."""
    data = mp3(TAGS.items(), b"s", 44_100, codec)
    mark = max(data.find(b"Xing"), data.find(b"Info")) - 36
    kbits = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)[data[mark + 2] >> 4]
    return data[:mark] + data[mark + 144_000 * kbits // 44_100 :]


def test_a_constant_bit_rate_is_measured_where_no_header_tells(tmp_path):
    assert one_file(tmp_path, "a.mp3", headless("mp3-320")).encoding == "320"
    assert one_file(tmp_path, "a.mp3", headless("mp3-192")).encoding == "192"


def test_a_variable_bit_rate_without_a_header_is_not_taken_for_the_rate_of_its_first_frame(tmp_path):
    assert one_file(tmp_path, "a.mp3", headless("mp3-v0")).encoding is None


def test_the_measuring_of_frames_ends_where_they_end(tmp_path):
    whole = headless("mp3-320")
    for end in (b"\xff\xfb\xf0\x00", b"\xff\xfb\x0c\x00", b"TAG" + bytes(125)):
        assert one_file(tmp_path, "a.mp3", whole + end).encoding == "320"


def test_older_id3_tags_are_read_too(tmp_path):
    path = tmp_path / "a.mp3"
    path.write_bytes(mp3([], b"s", 44_100, "mp3-320"))
    tags = ID3()
    tags.add(TPE1(encoding=1, text=["Aoife"]))
    tags.add(TIT2(encoding=1, text=["Title"]))
    tags.add(TXXX(encoding=1, desc="originalyear", text=["1999"]))
    tags.add(TIPL(encoding=1, people=[["producer", "P"], ["DJ-mix", "D"], ["engineer", "E"]]))
    tags.save(path, v2_version=3)
    found = read_audio(tmp_path, File("a.mp3", path.stat().st_size), False)
    assert found.tags == {
        "ARTIST": ("Aoife",), "TITLE": ("Title",), "ORIGINALYEAR": ("1999",), "PRODUCER": ("P",), "DJMIXER": ("D",),
    }  # fmt: skip


def test_the_short_frames_of_id3_2_2_are_read_too(tmp_path):
    audio = mp3([], b"s", 44_100, "mp3-320")[10:]
    frames = b"".join(name + len(text).to_bytes(3, "big") + text for name, text in ((b"TP1", b"\0A"), (b"TT2", b"\0T")))
    (tmp_path / "a.mp3").write_bytes(b"ID3\x02\0\0" + bytes([0, 0, 0, len(frames)]) + frames + audio)
    found = read_audio(tmp_path, File("a.mp3", 1), False)
    assert found.tags == {"ARTIST": ("A",), "TITLE": ("T",)}


def test_a_file_whose_extension_lies_is_read_as_what_it_is_and_told(tmp_path):
    root = tmp_path / "album"
    root.mkdir()
    (root / "01.flac").write_bytes(mp3(TAGS.items(), b"s", 44_100, "mp3-320"))
    music = music_of(root)
    assert (music["format"], music["encoding"]) == ("MP3", "320")
    assert music["problems"] == ["wrong extension: '01.flac is MP3'"]


def test_a_broken_track_is_named_and_the_others_are_read(tmp_path):
    root = write_album(tmp_path, artist="A", album="B", year=2001, tracks=3, seconds=0.2)
    (root / "02 - Part 2.flac").write_bytes(b"fLaC" + b"\xff" * 100)
    music = music_of(root)
    assert [text for text in music["problems"] if text.startswith("does not decode: '02 - Part 2.flac'")]
    assert (music["tags_complete"], music["album"]) == (False, "B")


@given(data=st.binary(max_size=400), end=st.sampled_from(["flac", "mp3", "m4a", "ogg", "opus", "ac3", "aac"]))
def test_no_bytes_make_the_reader_of_audio_fail(tmp_path_factory, data, end):
    for content in (
        data,
        {"flac": b"fLaC", "mp3": b"ID3\x04\0\0", "m4a": b"\0\0\0\x10ftyp", "ogg": b"OggS"}.get(end, b"") + data,
    ):
        root = tmp_path_factory.getbasetemp()
        (root / f"x.{end}").write_bytes(content)
        read_audio(root, File(f"x.{end}", len(content)), False)


@functools.cache
def whole_files() -> dict[str, bytes]:
    return {
        "x.flac": flac(TAGS.items(), b"s", 5000), "x.mp3": mp3(TAGS.items(), b"s", 5000, "mp3-v0"),
        "x.m4a": m4a(TAGS), "x.ogg": vorbis(TAGS, 256_000),
    }  # fmt: skip


@given(cut=st.integers(0, 2000))
def test_no_cut_makes_the_reader_of_audio_fail(tmp_path_factory, cut):
    root = tmp_path_factory.getbasetemp()
    for name, data in whole_files().items():
        (root / name).write_bytes(data[:cut])
        read_audio(root, File(name, cut), False)


def test_a_flac_without_the_md5_of_its_audio_is_told(tmp_path):
    root = write_album(tmp_path, artist="A", album="B", year=2001, tracks=1, seconds=0.2)
    path = root / "01 - Part 1.flac"
    data = bytearray(path.read_bytes())
    data[26:42] = bytes(16)
    path.write_bytes(data)
    assert music_of(root)["problems"] == ["no MD5 signature: '01 - Part 1.flac'"]


@pytest.mark.parametrize("end", ["flac", "dts", "log"])
def test_a_file_that_is_away_makes_facts_unknown_and_nothing_fail(tmp_path, end):
    root = write_album(tmp_path, artist="A", album="B", year=2001, tracks=1, seconds=0.2)
    files = (*payload(root).files, File(f"99.{end}", 5))
    facts = identify(root, files, single=False)
    assert facts["music.has_log" if end == "log" else "music.tracks"].unknown is (end == "log")
    assert facts["music.album"].unknown is (end != "log")
    if end == "flac":
        assert facts["music.album"].why == "'99.flac' can't be read: No such file or directory"


def test_a_pipe_with_the_name_of_a_track_makes_nobody_wait(tmp_path):
    os.mkfifo(tmp_path / "01.flac")
    assert read_audio(tmp_path, File("01.flac", 5), False).unread == "not a regular file"
    facts = identify(tmp_path, [File("01.flac", 5), File("a.log", 5)], single=False)
    assert "not a regular file" in facts["music.album"].why


@pytest.mark.parametrize("name", ["a.log", "a.cue"])
def test_a_pipe_with_the_name_of_a_log_makes_nobody_wait(tmp_path, name):
    (tmp_path / "01.flac").write_bytes(flac(TAGS.items(), b"s", 5000))
    os.mkfifo(tmp_path / name)
    facts = identify(tmp_path, [File("01.flac", 9000), File(name, 5)], single=False)
    assert facts["music.has_log"].unknown


def test_a_single_track_is_music_by_itself(tmp_path):
    (tmp_path / "01 - One.flac").write_bytes(flac(TAGS.items(), b"s", 5000))
    facts = facts_of(tmp_path / "01 - One.flac")
    assert (facts["kind"].value, facts["music.album"].value, facts["files.count"].value) == ("music", "B", 1)


def test_discs_in_folders_are_one_album(tmp_path):
    songs = [Song("a"), Song("b"), Song("c", disc=2)]
    root = write_album(tmp_path, artist="A", album="B", year=2001, tracks=songs, seconds=0.2, log=True, media="CD")
    music = music_of(root)
    assert [(row["disc"], row["number"]) for row in music["track_list"]] == [(1, 1), (1, 2), (2, 1)]
    assert (music["problems"], len(music["logs"])) == ([], 2)


def test_what_is_no_music_has_no_music_facts(tmp_path):
    (tmp_path / "Some.Show.S01E02.1080p.WEB-DL.H.264-GRP.mkv").write_bytes(b"x" * 100)
    facts = facts_of(tmp_path / "Some.Show.S01E02.1080p.WEB-DL.H.264-GRP.mkv")
    assert (facts["kind"].value, facts["group"].value) == ("tv", "GRP")
    assert not [key for key in facts if key.startswith("music.")]


def test_facts_are_kept_until_a_file_changes_and_mended_tags_are_seen(tmp_path):
    root = write_album(tmp_path, artist="A", album="B", year=2001, tracks=1, seconds=0.2)
    cache = FactCache()
    first = facts_of(root, cache)
    assert facts_of(root, cache)["music.track_list"] is first["music.track_list"]
    track = FLAC(root / "01 - Part 1.flac")
    size = (root / "01 - Part 1.flac").stat().st_size
    track["album"] = "C"
    track.save()
    assert (root / "01 - Part 1.flac").stat().st_size == size
    assert facts_of(root, cache)["music.album"].value == "C"


def test_the_cache_gives_out_copies_and_forgets_the_oldest(tmp_path):
    roots = [write_album(tmp_path, artist="A", album=name, year=2001, tracks=1, seconds=0.1) for name in "xyz"]
    cache = FactCache(2)
    first = facts_of(roots[0], cache)
    first["music.album"] = Fact("spoilt")
    assert facts_of(roots[0], cache)["music.album"].value == "x"
    kept = facts_of(roots[1], cache)
    facts_of(roots[2], cache)
    assert facts_of(roots[1], cache)["music.track_list"] is kept["music.track_list"]
    assert facts_of(roots[0], cache)["music.track_list"] is not first["music.track_list"]


def test_facts_of_content_that_changed_while_it_was_read_are_not_kept(tmp_path):
    root = write_album(tmp_path, artist="A", album="B", year=2001, tracks=1, seconds=0.1)

    class Meddler(FactCache):
        def get(self, key):
            os.utime(root / "01 - Part 1.flac", ns=(1, 1))
            return super().get(key)

        def put(self, key, facts):
            raise AssertionError("kept")

    assert facts_of(root, Meddler())["music.album"].value == "B"


def test_content_that_is_gone_is_never_taken_from_the_cache(tmp_path):
    root = write_album(tmp_path, artist="A", album="B", year=2001, tracks=1, seconds=0.1)
    files, cache = payload(root).files, FactCache()
    identify(root, files, single=False, cache=cache)
    shutil.rmtree(root)
    assert identify(root, files, single=False, cache=cache)["music.album"].unknown


def test_tags_from_strangers_are_cut_and_cleaned():
    found = collected(
        [("artist", "a\x1b[31m\nb\u202e"), ("TITLE", "x" * 5000), *(("genre", str(n)) for n in range(500))]
    )
    assert found["ARTIST"] == ("a [31m b",)
    assert len(found["TITLE"][0]) == LONGEST
    assert len(found["GENRE"]) == MOST


def test_tags_have_one_name_whoever_wrote_them():
    found = collected(
        [
            ("Album Artist", "A"),
            ("catalog number", "C"),
            ("MusicBrainz Album Type", "ep"),
            ("publisher", "L"),
            ("x", "y"),
        ]
    )
    assert found == {"ALBUMARTIST": ("A",), "CATALOGNUMBER": ("C",), "RELEASETYPE": ("ep",), "LABEL": ("L",)}


@pytest.mark.real
@pytest.mark.parametrize(("level", "bits"), [("-0", "16"), ("-8", "16"), ("-5", "24")])
def test_what_the_reference_encoder_writes_is_read(tmp_path, level, bits):
    encoder = shutil.which("flac")
    if encoder is None:
        pytest.skip("flac is not installed")
    raw = tmp_path / "x.raw"
    raw.write_bytes(bytes(range(240)) * 1000)
    root = tmp_path / "album"
    root.mkdir()
    form = ["--endian=little", "--sign=signed", "--channels=2", f"--bps={bits}", "--sample-rate=44100"]
    tags = ["-T", "ARTIST=A", "-T", "ALBUM=B", "-T", "TITLE=C", "-T", "TRACKNUMBER=1"]
    subprocess.run([encoder, level, "-s", *form, *tags, "-o", str(root / "01.flac"), str(raw)], check=True)
    music = music_of(root)
    assert music["encoding"] == ("Lossless" if bits == "16" else "24bit Lossless")
    assert (music["problems"], music["tags_complete"], music["sample_rate"]) == ([], True, 44_100)
