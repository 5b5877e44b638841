"""Albums made by the distribution's encoders: identified as what they are, whatever names and tags say."""

from __future__ import annotations

import array
import functools
import math
import re
import shutil
import struct
import subprocess
import wave
from collections.abc import Callable, Mapping
from pathlib import Path

import mutagen
import pytest
from mutagen.id3 import TSSE, TXXX
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4

from tests.support_audio import ac3, adts, m4a
from watcher.identify import identify, payload
from watcher.release import Fact

LACKING = [program for program in ("flac", "lame", "opusenc", "oggenc", "ffmpeg") if shutil.which(program) is None]
needs_encoders = pytest.mark.skipif(bool(LACKING), reason=f"{' and '.join(LACKING)} is not installed")
FF = ("ffmpeg", "-v", "error", "-i")
FIGURE, VARIED = r"\d{2,4}", r"\d{2,3} \(VBR\)|V[012] \(VBR\)"
# Arguments; extension; bits of the sound; what has to be told: format, encoding (a pattern), bits.
ALBUMS = {
    "flac 16": (("flac", "-sf"), "flac", 16, "FLAC", "Lossless", 16),
    "flac 24": (("flac", "-sf"), "flac", 24, "FLAC", "24bit Lossless", 24),
    "flac in ogg": ((*FF, "-c:a", "flac"), "oga", 24, "FLAC", "24bit Lossless", 24),
    "mp3 320": (("lame", "-b", "320"), "mp3", 16, "MP3", "320", None),
    "mp3 256": (("lame", "-b", "256"), "mp3", 16, "MP3", "256", None),
    "mp3 192": (("lame", "-b", "192"), "mp3", 16, "MP3", "192", None),
    "mp3 128": (("lame", "-b", "128"), "mp3", 16, "MP3", "128", None),
    "mp3 128, no header": (("lame", "-t", "-b", "128"), "mp3", 16, "MP3", "128", None),
    "mp3 V0": (("lame", "-V", "0"), "mp3", 16, "MP3", r"V0 \(VBR\)", None),
    "mp3 V1": (("lame", "-V", "1"), "mp3", 16, "MP3", r"V1 \(VBR\)", None),
    "mp3 V2": (("lame", "-V", "2"), "mp3", 16, "MP3", r"V2 \(VBR\)", None),
    "mp3 V4": (("lame", "-V", "4"), "mp3", 16, "MP3", r"\d{2,3} \(VBR\)", None),
    "mp3 abr": (("lame", "--abr", "180"), "mp3", 16, "MP3", r"\d{2,3} \(VBR\)", None),
    "mp3 insane": (("lame", "--preset", "insane"), "mp3", 16, "MP3", "320", None),
    "mp3 by another": ((*FF, "-c:a", "libmp3lame", "-q:a", "0"), "mp3", 16, "MP3", VARIED, None),
    "ogg q8": (("oggenc", "-Q", "-q", "8"), "ogg", 16, "Ogg Vorbis", r"q8\.x \(VBR\)", None),
    "ogg q5": (("oggenc", "-Q", "-q", "5"), "ogg", 16, "Ogg Vorbis", FIGURE, None),
    "opus": (("opusenc", "--quiet"), "opus", 16, "Opus", FIGURE, None),
    "aac": ((*FF, "-c:a", "aac", "-b:a", "256k"), "m4a", 16, "AAC", FIGURE, None),
    "aac, bare": ((*FF, "-c:a", "aac", "-b:a", "256k"), "aac", 16, "AAC", FIGURE, None),
    "alac 16": ((*FF, "-c:a", "alac"), "m4a", 16, "ALAC", "Lossless", 16),
    "alac 24": ((*FF, "-c:a", "alac"), "m4a", 24, "ALAC", "24bit Lossless", 24),
    "ac3": ((*FF, "-c:a", "ac3", "-b:a", "448k"), "ac3", 16, "AC3", "448", None),
    "eac3": ((*FF, "-c:a", "eac3", "-b:a", "256k"), "eac3", 16, "AC3", "256", None),
    "ac3 in mp4": ((*FF, "-c:a", "ac3", "-b:a", "448k", "-f", "mp4"), "m4a", 16, "AC3", "448", None),
    "dts": ((*FF, "-c:a", "dca", "-strict", "-2", "-b:a", "768k"), "dts", 16, "DTS", "76[789]", None),
}


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, Path]:
    """Two seconds of a chord, at 16 and at 24 bits."""
    folder = tmp_path_factory.mktemp("sounds")
    tones = [int(8000 * sum(math.sin(at * pitch) for pitch in (0.031, 0.047, 0.199))) for at in range(2 * 44_100)]
    for bits in (16, 24):
        with wave.open(str(folder / f"{bits}.wav"), "wb") as sound:
            sound.setparams((2, bits // 8, 44_100, 0, "NONE", ""))
            if bits == 16:
                sound.writeframes(array.array("h", [tone for tone in tones for _ in "lr"]).tobytes())
            else:
                sound.writeframes(b"".join(struct.pack("<i", tone << 8 | 5)[:3] * 2 for tone in tones))
    return {bits: folder / f"{bits}.wav" for bits in (16, 24)}


Encoded = Callable[[str], Path]


@pytest.fixture(scope="session")
def encoded(sounds: Mapping[int, Path]) -> Encoded:
    """A file of each kind, encoded when it is first asked for."""

    @functools.cache
    def made(kind: str) -> Path:
        command, ending, bits, *_ = ALBUMS[kind]
        source = str(sounds[bits])
        target = sounds[bits].parent / f"{kind}.{ending}"
        tool, rest = command[0], command[1:]
        orders = {
            "ffmpeg": (tool, *rest[:3], source, *rest[3:], "-y", str(target)),
            "lame": (tool, "--quiet", *rest, source, str(target)),
            "opusenc": (*command, source, str(target)),
        }
        subprocess.run(orders.get(tool, (*command, "-o", str(target), source)), check=True, capture_output=True)
        return target

    return made


def album(folder: Path, *tracks: Path, end: str = "") -> dict[str, Fact]:
    """The facts of an album of copies of these files, two of each."""
    folder.mkdir()
    for number, track in enumerate((*tracks, *tracks), 1):
        shutil.copy(track, folder / f"{number:02} - One{end or track.suffix}")
    return identify(folder, payload(folder).files, single=False)


LIES = {"ENCODER": "LAME", "ENCODING": "320", "FORMAT": "MP3", "BITDEPTH": "24", "BITRATE": "V2"}


def lied(track: Path, folder: Path) -> Path:
    """A copy whose tags say that it is something else. What has no tags of its own gets none."""
    copy = folder / track.name
    shutil.copy(track, copy)
    found = mutagen.File(copy)
    if isinstance(found, MP3):
        found.add_tags() if found.tags is None else None
        for name, text in LIES.items():
            found.tags.add(TXXX(desc=name, text=[text]))
        found.tags.add(TSSE(text=["LAME 64bits version 3.100 -V 2"]))
    elif isinstance(found, MP4):
        found.update({f"----:com.apple.iTunes:{name}": [text.encode()] for name, text in LIES.items()})
        found["\xa9too"] = ["LAME -V 2"]
    elif found is not None and hasattr(found.tags, "vendor"):
        found.update(LIES)
    else:
        return copy
    found.save()
    return copy


@needs_encoders
@pytest.mark.parametrize("kind", ALBUMS)
def test_an_album_is_what_its_encoder_made_of_it_with_wrong_names_with_wrong_tags_and_with_none(
    tmp_path: Path, encoded: Encoded, kind: str
) -> None:
    *_, format, encoding, bits = ALBUMS[kind]
    (tmp_path / "lies").mkdir()
    plain, lying = encoded(kind), lied(encoded(kind), tmp_path / "lies")
    named = "Anna Fell - Rivers (2014) [CD] [FLAC 24bit] [MP3 192]"
    for name, track in (("Album", plain), (named, plain), ("Tagged", lying)):
        facts = album(tmp_path / name, track)
        assert facts["music.format"].value == format
        assert re.fullmatch(str(encoding), str(facts["music.encoding"].value)), facts["music.encoding"].value
        assert facts["music.bit_depth"].value == bits
        assert facts["music.sample_rate"].value in (44_100, None if format == "Opus" else 44_100)
        assert facts["music.tracks"].value == 2
        assert facts["music.tags_complete"].value is False
        assert not any("decode" in str(one) for one in facts["music.problems"].value)  # type: ignore[union-attr]


@needs_encoders
def test_a_wrong_ending_is_told_and_does_not_change_what_it_is(tmp_path: Path, encoded: Encoded) -> None:
    facts = album(tmp_path / "Album", encoded("mp3 V0"), end=".flac")
    assert (facts["music.format"].value, facts["music.encoding"].value) == ("MP3", "V0 (VBR)")
    assert any(str(one).startswith("wrong extension") for one in facts["music.problems"].value)  # type: ignore[union-attr]


@needs_encoders
@pytest.mark.parametrize("kind", ["flac 24", "mp3 320", "mp3 V2", "mp3 by another", "alac 16", "aac"])
@pytest.mark.parametrize("part", [0.4, 0.7])
def test_a_track_that_ends_too_early_does_not_decode(tmp_path: Path, encoded: Encoded, kind: str, part: float) -> None:
    whole = encoded(kind).read_bytes()
    (tmp_path / "Album").mkdir()
    (tmp_path / f"Album/01{encoded(kind).suffix}").write_bytes(whole)
    (tmp_path / f"Album/02{encoded(kind).suffix}").write_bytes(whole[: int(len(whole) * part)])
    facts = identify(tmp_path / "Album", payload(tmp_path / "Album").files, single=False)
    broken = [str(one) for one in facts["music.problems"].value if "decode" in str(one)]  # type: ignore[union-attr]
    assert len(broken) == 1 and broken[0].startswith(f"does not decode: '02{encoded(kind).suffix}': ")


@needs_encoders
def test_two_encodings_in_one_album_are_a_problem(tmp_path: Path, encoded: Encoded) -> None:
    facts = album(tmp_path / "Album", encoded("mp3 V0"), encoded("mp3 V0"), encoded("mp3 320"))
    assert "mixed encodings: V0 (VBR) (4), 320 (2)" in facts["music.problems"].value  # type: ignore[operator]


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
