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
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from guessit import guessit
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, TALB, TCON, TDRC, TIT2, TPE1, TPE2, TPUB, TRCK, TXXX
from mutagen.mp3 import MP3

from watcher.identify import identify, payload
from watcher.identify.probe import Probe
from watcher.identify.titles import titled

TRACKS, ALBUMS, EPISODES, ROUNDS = 14, 40, 100, 3
FEW = ("ARTIST", "ALBUM", "TITLE", "TRACKNUMBER", "DATE", "GENRE")
COVER = b"\xff\xd8\xff" + bytes(range(256)) * 1600  # 400 KiB


def sound(folder: Path) -> Path:
    """A second of noise that compresses as music does."""
    path, state, frames = folder / "x.wav", 1, array.array("h")
    for at in range(44_100 * 2):
        state = (state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
        frames.append((at * 37 % 9000) - 4500 + (state >> 20))
    with wave.open(str(path), "wb") as out:
        out.setparams((2, 2, 44_100, 0, "NONE", ""))
        out.writeframes(frames.tobytes())
    return path


def value(name: str, album: int, track: int) -> str:
    """Of a tag: the same in a whole album, or in one track alone."""
    each = {"TRACKNUMBER": f"{track}", "TITLE": f"The {track}. title of {album}", "DATE": f"{1980 + album}"}
    return each.get(name, f"{name.lower()} of {album}")


def flacs(folder: Path, source: Path, *, many: bool) -> list[Path]:
    encoded = folder / "x.flac"
    subprocess.run(["flac", "-sf", "-o", str(encoded), str(source)], check=True)
    roots = [folder / f"flac {many} {album:02}" for album in range(ALBUMS)]
    for album, root in enumerate(roots):
        root.mkdir()
        for track in range(1, TRACKS + 1):
            path = root / f"{track:02} - Track.flac"
            shutil.copy(encoded, path)
            tags = FLAC(path)
            tags.update({name: value(name, album, track) for name in FEW})
            if many:
                tags.update({f"MUSICBRAINZ_{n}": f"3f6d4a64-{album:04}-4000-8000-{track:010}{n:02}" for n in range(20)})
                picture = Picture()
                picture.data, picture.mime, picture.type = COVER, "image/jpeg", 3
                tags.add_picture(picture)
            tags.save()
    return roots


def mp3s(folder: Path, source: Path) -> list[Path]:
    encoded = folder / "x.mp3"
    subprocess.run(["lame", "--quiet", "-V", "0", str(source), str(encoded)], check=True)
    roots = [folder / f"mp3 {album:02}" for album in range(ALBUMS)]
    for album, root in enumerate(roots):
        root.mkdir()
        for track in range(1, TRACKS + 1):
            path = root / f"{track:02} - Track.mp3"
            shutil.copy(encoded, path)
            tags = MP3(path)
            tags.add_tags()
            plain = (TPE1, TPE2, TALB, TIT2, TCON, TPUB)
            frames = [*(kind(text=[value(kind.__name__, album, track)]) for kind in plain)]
            frames += [TRCK(text=[f"{track}/14"]), TDRC(text=["2014"])]
            frames += [TXXX(desc=f"MusicBrainz {n}", text=[f"3f6d4a64 {album} {track}"]) for n in range(12)]
            for frame in (*frames, APIC(mime="image/jpeg", type=3, data=COVER)):
                tags.tags.add(frame)
            tags.save()
    return roots


def ratio(pairs: Iterable[tuple[Callable[[], object], Callable[[], object]]], clock: Callable[[], float]) -> float:
    """Median over pairs of ours by theirs, one right after the other and each first as often, so that load hits both.
    As `timeit` does it without the garbage collector: it would make one pay for what the other left."""
    found = []
    gc.disable()
    for turn, (ours, theirs) in enumerate(pairs):
        took = {}
        for work in (ours, theirs) if turn % 2 else (theirs, ours):
            began = clock()
            work()
            took[work] = clock() - began
            gc.collect()
        if turn:  # the first warms up
            found.append(took[ours] / took[theirs])
    gc.enable()
    return statistics.median(found)


def albums(roots: list[Path], kind: Callable[[Path], object]) -> float:
    """Each album is read once by each: nothing that one remembers of an album helps with the next."""

    def pair(root: Path) -> tuple[Callable[[], object], Callable[[], object]]:
        paths, files = sorted(root.iterdir()), payload(root).files
        return lambda: identify(root, files, single=False), lambda: [kind(path) for path in paths]

    return ratio(map(pair, roots), time.process_time)  # both read from the cache and compute


def names() -> float:
    """Ours by way of the worker process, in pairs of a few names: what else the machine does then hits both."""
    texts = [f"Northern.Harbour.S{n % 9 + 1:02}E{n:02}.1080p.AMZN.WEB-DL.DDP5.1.H.264-GRP{n}" for n in range(EPISODES)]
    probe = Probe()

    def pair(few: list[str]) -> tuple[Callable[[], object], Callable[[], object]]:
        return lambda: [titled(text, probe.name(text)) for text in few], lambda: [guessit(text) for text in few]

    try:
        few = [texts[at : at + 5] for at in range(0, EPISODES, 5)] * ROUNDS
        return ratio(map(pair, few), time.perf_counter)  # the worker's time is ours too
    finally:
        probe.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        source = sound(folder)
        rows = [
            ("14 FLACs, few tags, by mutagen alone", albums(flacs(folder, source, many=False), FLAC), 1.5),
            ("14 FLACs, many tags and a cover", albums(flacs(folder, source, many=True), FLAC), 1.5),
            ("14 MP3s, many tags and a cover", albums(mp3s(folder, source), MP3), 1.5),
        ]
    rows.append(("100 names of episodes, by guessit alone", names(), 1.2))
    for what, found, most in rows:
        print(f"{what:<42} {found:5.2f}  (at most {most}){'' if found <= most else '  MISSED'}")


if __name__ == "__main__":
    main()
