"""Rip logs and cue sheets in every encoding that rippers write them in."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackers.content import File
from watcher.identify.rip import decoded, logged_tracks, read_rip, ripper

EAC = (
    "Exact Audio Copy V1.6 from 23. October 2020\r\n\r\nEAC extraction logfile from 1. May 2021, 12:00\r\n\r\n"
    + "".join(f"Track {n:2}\r\n\r\n     Copy OK\r\n\r\n" for n in range(1, 4))
)
OLD_EAC = (
    "EAC extraction logfile from 2. June 2005, 10:00 for CD\nA / B\n\nTrack  1\n     Copy OK\nTrack  2\n     Copy OK\n"
)
GERMAN = "EAC Auslese-Logdatei vom 2. Juni 2005, 10:00\nA / B\n\nSpur  1\n     Kopie OK\n"
RUSSIAN = (
    "Exact Audio Copy V1.0 beta 3\r\n\r\nОтчёт EAC об извлечении, выполненном 1. мая 2012\r\n\r\nТрек  1\r\nТрек  2\r\n"
)
XLD = "X Lossless Decoder version 20200101 (152.2)\n\nXLD extraction logfile\n\nTrack 01\n  Filename : a\n\nTrack 02\n"
WHIPPER = (
    "Log created by: whipper 0.9.0\nTOC:\n  1:\n    Start: 0\n  2:\n    Start: 5\n  3:\n    Start: 9\n"
    "Tracks:\n  1:\n    Filename: a\n  2:\n    Filename: b\nConclusive status report:\n  AccurateRip summary: x\n"
)
CUE = 'FILE "a.wav" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n  TRACK 02 AUDIO\n    INDEX 01 04:00:00\n'
ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8 with mark": "utf-8-sig",
    "utf-16 with mark": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
}


def rip(files: dict[str, bytes]):
    return read_rip([File(path, len(data)) for path, data in files.items()], lambda file, most: files[file.path][:most])


@pytest.mark.parametrize(
    ("text", "who", "tracks"),
    [(EAC, "EAC", 3), (OLD_EAC, "EAC", 2), (GERMAN, "EAC", 1), (RUSSIAN, "EAC", 2), (XLD, "XLD", 2),
     (WHIPPER, "whipper", 2), ("[INFO] download finished\nTrack 1\n", None, 0), ("", None, 0)],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_a_log_is_known_by_its_content_in_any_encoding(text, who, tracks, encoding):
    read = decoded(text.encode(encoding))
    assert (ripper(read), logged_tracks(read)) == (who, tracks)


def test_a_log_in_an_old_code_page_is_known_too():
    for page in ("cp1251", "koi8-r"):
        read = decoded(RUSSIAN.encode(page))
        assert (ripper(read), logged_tracks(read)) == ("EAC", 2)
    assert decoded(GERMAN.replace("Logdatei", "Logdatei für").encode("latin-1")).startswith("EAC Auslese-Logdatei für")


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(data):
    logged_tracks(decoded(data))
    logged_tracks(decoded(codecs.BOM_UTF16_LE + data))


def test_logs_are_found_and_other_logs_are_none():
    found = rip(
        {
            "01.flac": b"",
            "02.flac": b"",
            "03.flac": b"",
            "a.log": EAC.encode(),
            "copy.log": b"rsync",
            "x.cue": CUE.encode(),
        }
    )
    assert found.logs == ("a.log",)
    assert found.has_cue
    assert found.problems == ()


def test_a_log_or_cue_with_more_tracks_than_files_is_a_problem():
    found = rip({"01.flac": b"", "a.log": EAC.encode(), "x.cue": CUE.encode()})
    assert found.problems == (
        "'a.log' has more tracks than there are files: 3, not 1",
        "'x.cue' has more tracks than there are files: 2, not 1",
    )


def test_the_log_of_a_disc_is_about_the_tracks_of_its_folder():
    files = {
        "CD1/01.flac": b"",
        "CD2/01.flac": b"",
        "CD2/02.flac": b"",
        "CD1/a.log": OLD_EAC.encode(),
        "CD2/a.log": OLD_EAC.encode(),
    }
    assert rip(files).problems == ("'CD1/a.log' has more tracks than there are files: 2, not 1",)


def test_a_log_above_the_discs_is_about_all_of_them():
    assert rip({"CD1/01.flac": b"", "CD2/01.flac": b"", "a.log": OLD_EAC.encode()}).problems == ()


def test_a_log_beside_tracks_is_about_those_and_not_about_a_bonus_disc():
    files = {"01.flac": b"", "bonus/01.flac": b"", "bonus/02.flac": b"", "a.log": OLD_EAC.encode()}
    assert rip(files).problems == ("'a.log' has more tracks than there are files: 2, not 1",)


def test_two_logs_of_one_disc_are_no_problem():
    files = {"01.flac": b"", "02.flac": b"", "a.log": OLD_EAC.encode(), "again.log": OLD_EAC.encode()}
    assert rip(files).problems == ()


def test_a_cue_sheet_is_one_only_if_it_lists_tracks():
    assert not rip({"01.flac": b"", "x.cue": b"nothing"}).has_cue


def test_a_log_that_can_not_be_read_is_told():
    def away(file, most):
        raise PermissionError(13, "Permission denied")

    found = read_rip([File("a.log", 5), File("b.cue", 5)], away)
    assert found.unread == "'a.log' can't be read: Permission denied"
