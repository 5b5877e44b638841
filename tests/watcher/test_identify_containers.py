"""Containers and streams as real encoders write them, in the words that trackers have for them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from watcher.identify import identify, payload
from watcher.identify.probe import PROBE

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")

WIDE, HALF, PAL, SMALL = "1920x1080:r=24", "1280x720:r=24", "720x576:r=25", "640x352:r=25"
PQ = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:" \
     "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"  # fmt: skip
HLG = "colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"
ONE = "log-level=none:pools=none:frame-threads=1"
X264, X265 = ("libx264", "-preset", "ultrafast"), ("libx265", "-preset", "ultrafast")
DEEP = (*X265, "-pix_fmt", "yuv420p10le", "-x265-params")
# File: size and rate; video; audio; what else; then resolution, codec, HDR, audio, container.
MADE = {
    "a.mp4": (WIDE, X264, ("aac",), ("-metadata:s:a", "language=eng"), ("1080p", "H.264", None, ["AAC"], "MP4")),
    "b.m2ts": (WIDE, X264, ("ac3",), ("-mpegts_m2ts_mode", "1"), ("1080p", "H.264", None, ["DD"], "M2TS")),
    "c.m2ts": (WIDE, X264, ("pcm_bluray",), ("-mpegts_m2ts_mode", "1"), ("1080p", "H.264", None, ["LPCM"], "M2TS")),
    "d.ts": (HALF, (*X265, "-x265-params", ONE), ("eac3",), (), ("720p", "HEVC", None, ["DDP"], "TS")),
    "e.vob": (PAL, ("mpeg2video",), ("ac3",), ("-f", "vob"), ("576p", "MPEG-2", None, ["DD"], "VOB")),
    "f.vob": (PAL, ("mpeg2video", "-flags", "+ildct+ilme"), ("mp2",), ("-f", "vob"),
              ("576i", "MPEG-2", None, ["MP2"], "VOB")),
    "g.avi": (SMALL, ("libxvid",), ("libmp3lame",), (), ("480p", "XviD", None, ["MP3"], "AVI")),
    "h.avi": (SMALL, ("mpeg4", "-vtag", "DX50"), ("ac3",), (), ("480p", "DivX", None, ["DD"], "AVI")),
    "i.mkv": (HALF, (*DEEP, f"{ONE}:{PQ}"), ("dca", "-strict", "-2"), (),
              ("720p", "HEVC", ["HDR10"], ["DTS"], "MKV")),
    "j.mkv": (HALF, (*DEEP, f"{ONE}:{HLG}"), ("truehd", "-strict", "-2"), (),
              ("720p", "HEVC", ["HLG"], ["TrueHD"], "MKV")),
    "k.mkv": (WIDE, (*X264, "-flags", "+ildct+ilme"), ("flac",), (), ("1080i", "H.264", None, ["FLAC"], "MKV")),
    "l.webm": (SMALL, ("libvpx-vp9", "-deadline", "realtime"), ("libopus",), (),
               ("480p", "VP9", None, ["Opus"], "WEBM")),
}  # fmt: skip


def made(path: Path) -> Path:
    """The file of `MADE` whose extension `path` has, there."""
    size, video, audio, rest, _ = MADE[path.name] if path.name in MADE else MADE[DISCS[path.suffix]]
    source = ("-f", "lavfi", "-i", f"testsrc=s={size}:d=0.1", "-f", "lavfi", "-i", "sine=r=48000:d=0.1")
    command = ["ffmpeg", "-v", "error", "-nostdin", *source, "-c:v", *video, "-ac", "2", "-c:a", *audio, *rest]
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([*command, str(path)], check=True, capture_output=True)
    return path


DISCS = {".m2ts": "b.m2ts", ".VOB": "f.vob"}


@pytest.mark.parametrize("name", MADE)
def test_what_an_encoder_wrote_is_told_in_the_fields_words(tmp_path: Path, name: str) -> None:
    path, (*_, rest, expected) = made(tmp_path / name), MADE[name]
    found = identify(path, payload(path).files, single=True, kind="movie", ask=PROBE)
    fields = ("resolution", "codec", "hdr", "audio", "container")
    assert tuple(found[f"video.{field}"].value for field in fields) == expected
    assert found["video.channels"].value == "2.0"
    assert {found[f"video.{field}"].origin for field in fields} == {"file"}
    assert found["video.problems"].value == []
    if "language=eng" in rest:
        assert found["video.languages"].value == ["en"]


@pytest.mark.parametrize(
    ("main", "beside", "resolution", "container"),
    [
        ("VIDEO_TS/VTS_01_1.VOB", ("VIDEO_TS/VIDEO_TS.IFO", "VIDEO_TS/VTS_01_0.IFO", "VIDEO_TS/VTS_01_0.BUP"),
         "576i", "VOB"),
        ("BDMV/STREAM/00001.m2ts", ("BDMV/index.bdmv", "BDMV/PLAYLIST/00001.mpls", "BDMV/CLIPINF/00001.clpi"),
         "1080p", "M2TS"),
    ],
)  # fmt: skip
def test_a_disc_as_it_was_is_measured_by_its_longest_stream(
    tmp_path: Path, main: str, beside: tuple[str, ...], resolution: str, container: str
) -> None:
    root = tmp_path / "A.Film.2019.COMPLETE-GRP"
    stream = made(root / main)
    menu = stream.with_name(stream.name.replace("1", "0"))
    menu.write_bytes(stream.read_bytes()[:6144])
    for name in beside:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(bytes(2048))
    found = identify(root, payload(root).files, single=False, ask=PROBE)
    assert [found[name].value for name in ("kind", "movie.title", "movie.year", "video.kind")] == [
        "movie", "A Film", 2019, "disc",
    ]  # fmt: skip
    assert [found[f"video.{name}"].value for name in ("resolution", "container")] == [resolution, container]
    assert stream.name in str(found["video.mediainfo"].value)
