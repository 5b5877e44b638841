"""Albums made by the distribution's encoders: identified as what they are, whatever names and tags say."""

from __future__ import annotations

import array
import math
import shutil
import struct
import subprocess
import wave
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support_audio import ac3, adts, m4a
from watcher.identify import identify, payload
from watcher.release import Fact

TOOLS = ("flac", "lame", "opusenc", "oggenc")
needs_encoders = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason="flac, lame, opus-tools and vorbis-tools are not installed"
)
# Arguments before input and output; format and encoding as they have to be told.
ALBUMS = {
    "flac 16": (("flac", "-sf"), "flac", 16, "FLAC", "Lossless"),
    "flac 24": (("flac", "-sf"), "flac", 24, "FLAC", "24bit Lossless"),
    "mp3 320": (("lame", "--quiet", "-b", "320"), "mp3", 16, "MP3", "320"),
    "mp3 256": (("lame", "--quiet", "-b", "256"), "mp3", 16, "MP3", "256"),
    "mp3 192": (("lame", "--quiet", "-b", "192"), "mp3", 16, "MP3", "192"),
    "mp3 128": (("lame", "--quiet", "-b", "128"), "mp3", 16, "MP3", "128"),
    "mp3 V0": (("lame", "--quiet", "-V", "0"), "mp3", 16, "MP3", "V0 (VBR)"),
    "mp3 V1": (("lame", "--quiet", "-V", "1"), "mp3", 16, "MP3", "V1 (VBR)"),
    "mp3 V2": (("lame", "--quiet", "-V", "2"), "mp3", 16, "MP3", "V2 (VBR)"),
    "mp3 insane": (("lame", "--quiet", "--preset", "insane"), "mp3", 16, "MP3", "320"),
    "ogg q8": (("oggenc", "-Q", "-q", "8"), "ogg", 16, "Ogg Vorbis", "q8.x (VBR)"),
    "ogg q5": (("oggenc", "-Q", "-q", "5"), "ogg", 16, "Ogg Vorbis", None),
    "opus": (("opusenc", "--quiet"), "opus", 16, "Opus", None),
    "mp3 abr": (("lame", "--quiet", "--abr", "180"), "mp3", 16, "MP3", None),
    "mp3 V4": (("lame", "--quiet", "-V", "4"), "mp3", 16, "MP3", None),
}


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, Path]:
    """Three seconds of a chord, at 16 and at 24 bits."""
    folder = tmp_path_factory.mktemp("sounds")
    tones = [int(8000 * sum(math.sin(at * pitch) for pitch in (0.031, 0.047, 0.199))) for at in range(3 * 44_100)]
    for bits in (16, 24):
        with wave.open(str(folder / f"{bits}.wav"), "wb") as sound:
            sound.setparams((2, bits // 8, 44_100, 0, "NONE", ""))
            if bits == 16:
                sound.writeframes(array.array("h", [tone for tone in tones for _ in "lr"]).tobytes())
            else:
                sound.writeframes(b"".join(struct.pack("<i", tone << 8 | 5)[:3] * 2 for tone in tones))
    return {bits: folder / f"{bits}.wav" for bits in (16, 24)}


def encoded(command: tuple[str, ...], source: Path, target: Path) -> None:
    out = {"flac": ("-o", str(target), str(source)), "oggenc": ("-o", str(target), str(source))}
    subprocess.run((*command, *out.get(command[0], (str(source), str(target)))), check=True, capture_output=True)


def album(folder: Path, kind: str, sounds: Mapping[int, Path], *, end: str = "") -> dict[str, Fact]:
    command, ending, bits, *_ = ALBUMS[kind]
    folder.mkdir()
    first = folder / f"01 - One.{ending}"
    encoded(command, sounds[bits], first)
    shutil.copy(first, folder / f"02 - Two.{ending}")
    for path in list(folder.iterdir()):
        path.rename(path.with_suffix(f".{end or ending}"))
    found = payload(folder)
    return identify(folder, found.files, single=False)


@needs_encoders
@pytest.mark.parametrize("kind", ALBUMS)
@pytest.mark.parametrize("name", ["Album", "Anna Fell - Rivers (2014) [CD] [FLAC 24bit] [MP3 192]"])
def test_an_album_is_what_its_encoder_made_of_it_whatever_its_name_says(
    tmp_path: Path, sounds: Mapping[int, Path], kind: str, name: str
) -> None:
    facts = album(tmp_path / name, kind, sounds)
    *_, bits, format, encoding = ALBUMS[kind]
    assert facts["music.format"].value == format
    told = str(facts["music.encoding"].value)
    assert told == encoding if encoding else told.isdecimal()
    assert facts["music.bit_depth"].value == (bits if format == "FLAC" else None)
    assert facts["music.sample_rate"].value == (None if format == "Opus" else 44_100)
    assert facts["music.tracks"].value == 2
    assert facts["music.tags_complete"].value is False


@needs_encoders
def test_a_wrong_ending_is_told_and_does_not_change_what_it_is(tmp_path: Path, sounds: Mapping[int, Path]) -> None:
    facts = album(tmp_path / "Album", "mp3 V0", sounds, end="flac")
    assert (facts["music.format"].value, facts["music.encoding"].value) == ("MP3", "V0 (VBR)")
    assert any(str(one).startswith("wrong extension") for one in facts["music.problems"].value)  # type: ignore[union-attr]


@needs_encoders
def test_tags_that_lie_about_the_encoding_are_not_believed(tmp_path: Path, sounds: Mapping[int, Path]) -> None:
    (tmp_path / "Album").mkdir()
    tags = ("-T", "ENCODER=LAME", "-T", "ENCODING=320", "-T", "FORMAT=MP3", "-T", "BITDEPTH=24")
    encoded(("flac", "-sf", *tags), sounds[16], tmp_path / "Album/01.flac")
    found = payload(tmp_path / "Album")
    facts = identify(tmp_path / "Album", found.files, single=False)
    assert [facts[f"music.{key}"].value for key in ("format", "encoding", "bit_depth")] == ["FLAC", "Lossless", 16]


@needs_encoders
def test_two_encodings_in_one_album_are_a_problem(tmp_path: Path, sounds: Mapping[int, Path]) -> None:
    album(tmp_path / "Album", "mp3 V0", sounds)
    encoded(("lame", "--quiet", "-b", "320"), sounds[16], tmp_path / "Album/03.mp3")
    found = payload(tmp_path / "Album")
    facts = identify(tmp_path / "Album", found.files, single=False)
    assert "mixed encodings: V0 (VBR) (2), 320 (1)" in facts["music.problems"].value  # type: ignore[operator]


def dts(seconds: float = 2.0) -> bytes:
    """Frames of 512 samples and 1006 bytes at 48 kHz: 754.5 kbit/s."""
    fields = ((1, 1), (31, 5), (0, 1), (15, 7), (1005, 14), (9, 6), (13, 4), (15, 5), (0, 21))
    bits = 0
    for value, width in fields:
        bits = bits << width | value
    return (b"\x7f\xfe\x80\x01" + bits.to_bytes(8, "big") + bytes(1006 - 12)) * int(seconds * 48_000 / 512)


@pytest.mark.parametrize(
    ("name", "data", "format", "encoding"),
    [
        ("01.m4a", m4a({}), "AAC", "256"),
        ("01.m4a", m4a({}, "alac"), "ALAC", "Lossless"),
        ("01.m4a", m4a({}, "alac", bits=24), "ALAC", "24bit Lossless"),
        ("01.aac", adts(), "AAC", "256"),
        ("01.ac3", ac3(), "AC3", "448"),
        ("01.dts", dts(), "DTS", "754"),
        ("01.dts", b"RIFF" + bytes(40) + dts(), "DTS", "754"),
    ],
)
def test_formats_that_no_small_encoder_makes_are_told_by_their_headers(
    tmp_path: Path, name: str, data: bytes, format: str, encoding: str
) -> None:
    (tmp_path / "Album").mkdir()
    (tmp_path / "Album" / name).write_bytes(data)
    found = payload(tmp_path / "Album")
    facts = identify(tmp_path / "Album", found.files, single=False)
    assert (facts["music.format"].value, facts["music.encoding"].value) == (format, encoding)


@pytest.mark.parametrize("data", [b"x" * 5000, b"\x7f\xfe\x80\x01" * 40, b"", dts()[:11]])
def test_a_dts_file_that_is_none_does_not_decode(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "Album").mkdir()
    (tmp_path / "Album/01.dts").write_bytes(data)
    (tmp_path / "Album/02.dts").write_bytes(dts())
    found = payload(tmp_path / "Album")
    facts = identify(tmp_path / "Album", found.files, single=False)
    assert facts["music.problems"].value[0] == "does not decode: '01.dts': no DTS stream begins in it"  # type: ignore[index]
