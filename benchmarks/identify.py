"""What identifying costs beside the libraries alone: an album and mutagen, names and guessit. Ratios in one run.

python benchmarks/identify.py   (needs flac and lame)
"""

from __future__ import annotations

import array
import gc
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from guessit import guessit
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, TALB, TCON, TDRC, TIT2, TPE1, TPE2, TPUB, TRCK, TXXX
from mutagen.mp3 import MP3

from watcher.identify import identify, payload
from watcher.identify.probe import Probe
from watcher.identify.titles import titled

TRACKS, EPISODES, ROUNDS, TIMES = 14, 100, 9, 5
FEW = ("ARTIST", "ALBUM", "TITLE", "TRACKNUMBER", "DATE", "GENRE")
COVER = bytes(range(256)) * 1600  # 400 KiB


def sound(folder: Path) -> Path:
    """Four seconds of noise that compresses as music does."""
    path, state, frames = folder / "x.wav", 1, array.array("h")
    for at in range(4 * 44_100 * 2):
        state = (state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
        frames.append((at * 37 % 9000) - 4500 + (state >> 20))
    with wave.open(str(path), "wb") as out:
        out.setparams((2, 2, 44_100, 0, "NONE", ""))
        out.writeframes(frames.tobytes())
    return path


def flacs(folder: Path, source: Path, *, many: bool) -> Path:
    root = folder / f"flac {'many' if many else 'few'}"
    root.mkdir()
    subprocess.run(["flac", "-sf", "-o", str(root / "1.flac"), str(source)], check=True)
    for number in range(1, TRACKS + 1):
        path = root / f"{number:02} - Track.flac"
        shutil.copy(root / "1.flac", path)
        tags = FLAC(path)
        for name in FEW:
            tags[name] = f"{number}" if name == "TRACKNUMBER" else f"A {name.lower()}"
        if many:
            tags.update({f"MUSICBRAINZ_{n}": f"3f6d4a64-0000-4000-8000-0000000000{n:02}" for n in range(20)})
            picture = Picture()
            picture.data, picture.mime, picture.type = COVER, "image/jpeg", 3
            tags.add_picture(picture)
        tags.save()
    (root / "1.flac").unlink()
    return root


def mp3s(folder: Path, source: Path) -> Path:
    root = folder / "mp3"
    root.mkdir()
    subprocess.run(["lame", "--quiet", "-V", "0", str(source), str(root / "1.mp3")], check=True)
    for number in range(1, TRACKS + 1):
        path = root / f"{number:02} - Track.mp3"
        shutil.copy(root / "1.mp3", path)
        tags = MP3(path)
        tags.add_tags()
        plain = (TPE1, TPE2, TALB, TIT2, TCON, TPUB)
        frames = [*(kind(text=["words of a tag"]) for kind in plain), TRCK(text=[f"{number}/14"]), TDRC(text=["2014"])]
        frames += [TXXX(desc=f"MusicBrainz {n}", text=["3f6d4a64"]) for n in range(12)]
        for frame in (*frames, APIC(mime="image/jpeg", type=3, data=COVER)):
            tags.tags.add(frame)
        tags.save()
    (root / "1.mp3").unlink()
    return root


def ratio(ours: Callable[[], object], theirs: Callable[[], object], clock: Callable[[], float], rounds: int) -> float:
    """Median over rounds of ours by theirs, one after the other, after one warm round. As `timeit` does it without the
    garbage collector: it would make one pay for what the other left."""
    found = []
    gc.disable()
    for turn in range(rounds + 1):
        took = []
        for work in (ours, theirs):
            began = clock()
            work()
            took.append(clock() - began)
            gc.collect()
        if turn:
            found.append(took[0] / took[1])
    gc.enable()
    return statistics.median(found)


def album(root: Path, kind: Callable[[Path], object]) -> float:
    paths = sorted(root.iterdir())
    files = payload(root).files

    def ours() -> None:
        for _ in range(TIMES):
            identify(root, files, single=False)

    def theirs() -> None:
        for _ in range(TIMES):
            for path in paths:
                kind(path)

    return ratio(ours, theirs, time.process_time, ROUNDS)  # both read from the cache and compute


def names() -> float:
    """Ours by way of the worker process."""
    texts = [f"Northern.Harbour.S{n % 9 + 1:02}E{n:02}.1080p.AMZN.WEB-DL.DDP5.1.H.264-GRP{n}" for n in range(EPISODES)]
    probe = Probe()
    try:
        return ratio(
            lambda: [titled(text, probe.name(text)) for text in texts],
            lambda: [guessit(text) for text in texts],
            time.perf_counter,  # the worker's time is ours too
            3,
        )
    finally:
        probe.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        source = sound(folder)
        rows = [
            ("14 FLACs, few tags, by mutagen alone", album(flacs(folder, source, many=False), FLAC), 1.5),
            ("14 FLACs, many tags and a cover", album(flacs(folder, source, many=True), FLAC), 1.5),
            ("14 MP3s, many tags and a cover", album(mp3s(folder, source), MP3), 1.5),
        ]
    rows.append(("100 names of episodes, by guessit alone", names(), 1.2))
    for what, found, most in rows:
        print(f"{what:<42} {found:5.2f}  (at most {most}){'' if found <= most else '  MISSED'}")


if __name__ == "__main__":
    main()
