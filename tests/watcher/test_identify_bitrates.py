"""MP3s whose bit rate varies and whose header does not say how they were made: measured over the album, and told so."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support_audio import frame, mp3_vbr
from watcher.identify import identify, payload
from watcher.identify.encoding import measured_quality


def told(folder: Path, *tracks: bytes) -> tuple[object, list[str]]:
    """The encoding, and the problems that speak of it."""
    folder.mkdir(exist_ok=True)
    for number, data in enumerate(tracks, 1):
        (folder / f"{number:02}.mp3").write_bytes(data)
    facts = identify(folder, payload(folder).files, single=False)
    problems: list[str] = facts["music.problems"].value  # type: ignore[assignment]
    return facts["music.encoding"].value, [one for one in problems if "encoding" in one]


@pytest.mark.parametrize("header", [b"Xing", b"VBRI"])
@pytest.mark.parametrize(
    ("kbits", "word"),
    [
        ((240, 252), "V0 (VBR)"),
        ((222, 228), "V1 (VBR)"),
        ((188, 193), "V2 (VBR)"),
        ((150, 290), "V1 (VBR)"),  # tracks differ, their mean counts
        ((233, 236), "234 (VBR)"),
        ((208, 210), "209 (VBR)"),
        ((192, 192), "V2 (VBR)"),
        ((165, 165), "165 (VBR)"),
        ((288, 288), "288 (VBR)"),
    ],
)
def test_a_mean_that_lies_in_one_quality_is_told_as_measured_and_any_other_as_its_figure(
    tmp_path: Path, header: bytes, kbits: tuple[int, int], word: str
) -> None:
    mean = sum(kbits) // 2
    encoding, problems = told(tmp_path / "Album", *(mp3_vbr(one, header) for one in kbits))
    assert encoding in (word, f"{mean + 1} (VBR)") if word[0].isdigit() else encoding == word
    expected = f"encoding measured: {word} by a mean of {mean} kbit/s; no header names it"
    assert problems == ([expected] if word.startswith("V") else [])


def test_long_tracks_weigh_more_than_short_ones(tmp_path: Path) -> None:
    assert told(tmp_path / "Album", mp3_vbr(245, seconds=90), mp3_vbr(170, seconds=2))[0] == "V0 (VBR)"


def test_without_any_header_all_frames_are_counted(tmp_path: Path) -> None:
    quiet, loud = frame(128) * 200, frame(320) * 1000
    encoding, problems = told(tmp_path / "Album", quiet + loud)
    assert encoding == "288 (VBR)"
    assert problems == []
    facts = identify(tmp_path / "Album", payload(tmp_path / "Album").files, single=False)
    seconds = facts["music.track_list"].value[0]["seconds"]  # type: ignore[index]
    assert seconds == pytest.approx(1200 * 1152 / 44_100, abs=0.01)


def test_a_header_that_does_not_tell_how_is_no_frame_of_another_bit_rate(tmp_path: Path) -> None:
    header = (frame(128)[:36] + b"Xing\0\0\0\1" + (300).to_bytes(4, "big")).ljust(417, b"\0")
    assert told(tmp_path / "Album", header + frame(320) * 300) == ("320", [])
    low = b"\xff\xf3\x80\0".ljust(208, b"\0") * 20  # MPEG-2, whose frames are not counted
    assert told(tmp_path / "Other", low) == ("64", [])


def test_bands_do_not_touch() -> None:
    words = [measured_quality(1000 * kbits) for kbits in range(150, 300)]
    assert {word for word in words if word} == {"V0 (VBR)", "V1 (VBR)", "V2 (VBR)"}
    assert all(one == other or None in (one, other) for one, other in itertools.pairwise(words))


@pytest.mark.skipif(shutil.which("lame") is None, reason="lame is not installed")
@pytest.mark.parametrize(("how", "word"), [("-V4", None), ("-V2", "V2 (VBR)"), ("--abr=200", None)])
def test_what_lame_says_of_itself_goes_before_what_is_measured(tmp_path: Path, how: str, word: str | None) -> None:
    raw, tagged, bare = tmp_path / "a.raw", tmp_path / "a.mp3", tmp_path / "b.mp3"
    raw.write_bytes(b"".join((number * number % 20_011).to_bytes(2, "little") for number in range(120_000)))
    command = ["lame", "--quiet", "-r", "-s", "44.1", *how.split("=")]
    subprocess.run([*command, str(raw), str(tagged)], check=True, capture_output=True)
    subprocess.run([*command, "-t", str(raw), str(bare)], check=True, capture_output=True)
    encoding, problems = told(tmp_path / "Tagged", tagged.read_bytes())
    assert encoding == word if word else str(encoding).endswith(" (VBR)") and str(encoding)[0].isdigit()
    assert problems == []
    encoding, problems = told(tmp_path / "Bare", bare.read_bytes())  # the same sound, and no word of how it was made
    assert bool(problems) is str(encoding).startswith("V")
