"""Hashing against mktorrent (and mkbrr where installed), in one run: ratios of wall time, warm process and warm cache.

    python benchmarks/hashing.py [--rounds 7] [--big 4] [--season 8] [--only season] [--folder DIR]

Makes its content in DIR (a temporary folder by default) and takes it away again. Seconds differ between machines;
the ratios are what counts (DESIGN section 18). Ends 1 if a set is over its target or a program finds other pieces.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from trackers.secret import Secret
from watcher.identify import payload
from watcher.torrents import Whole, describe, info_dict, info_of, piece_hashes, stamp, take_over
from watcher.torrents.takeover import MOST_PIECES

MIB = 1024 * 1024
MEMORY = 32.0  # MiB more than before
CORES = len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Content:
    """What is hashed: `count` files of `size` bytes in pieces of `length`; `target`: the ratio to reach."""

    name: str
    count: int
    size: int
    length: int
    target: float
    rounds: int = 1  # times as many: what is over in a moment is at the mercy of what else goes on


def sets(big: float, season: float) -> list[Content]:
    """The sets of DESIGN section 18; `big` and `season` are the size of the large file and of ten episodes in GiB."""
    return [
        Content("album", 14, 30 * MIB, MIB, 1.05, rounds=2),
        Content("season", 10, int(season * 102.4) * MIB, 4 * MIB, 1.05),
        Content("one file", 1, int(big * 1024) * MIB, 4 * MIB, 1.05),
        Content("5,000 small", 5000, 20 * 1024, 256 * 1024, 1.25, rounds=5),
    ]


def write(folder: Path, content: Content) -> Path:
    """Put one set on disk: 100 files a folder, random bytes."""
    root = folder / content.name.replace(" ", "-").replace(",", "")
    for number in range(content.count):
        path = root / f"{number // 100:02}" / f"{number:05}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            left = content.size
            while left:
                left -= file.write(os.urandom(min(left, 16 * MIB)))
    return root


def mktorrent(root: Path, content: Content, output: Path) -> list[str]:
    exponent = content.length.bit_length() - 1
    return [
        "mktorrent",
        "-p",
        "-t",
        str(CORES),
        "-l",
        str(exponent),
        "-a",
        "http://127.0.0.1/",
        "-o",
        str(output),
        str(root),
    ]


def mkbrr(root: Path, content: Content, output: Path) -> list[str]:
    exponent = content.length.bit_length() - 1
    return ["mkbrr", "create", "-q", "-l", str(exponent), "-t", "http://127.0.0.1/", "-o", str(output), str(root)]


OTHERS: dict[str, Callable[[Path, Content, Path], list[str]]] = {"mktorrent": mktorrent, "mkbrr": mkbrr}


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(root: Path, content: Content, tools: list[str], rounds: int) -> tuple[dict[str, list[float]], bool]:
    """Seconds of each in every round, in rotated order, the first round not counted; and whether all pieces agree."""
    files = payload(root).files
    ours: list[bytes] = []
    output = root.with_suffix(".torrent")

    def own() -> None:
        ours[:] = [piece_hashes(root, files, False, content.length)]

    def other(tool: str) -> Callable[[], None]:
        command = OTHERS[tool](root, content, output)

        def run() -> None:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

        return run

    runs = {"seedpost": own, **{tool: other(tool) for tool in tools}}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    same = True
    for turn in range(rounds * content.rounds + 1):
        names = list(runs)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            taken = timed(runs[name])
            if turn:
                seconds[name].append(taken)
            if name != "seedpost":
                same = same and (not ours or describe(info_of(output.read_bytes())).pieces == ours[0])
                output.unlink()
    return seconds, same


def taken(root: Path, content: Content) -> tuple[int, int, bool]:
    """Take over the hashes of a client's torrent of this content: pieces and bytes that were read, and whether the
    hashes are those of the content."""
    files = payload(root).files
    pieces = piece_hashes(root, files, False, content.length)
    torrent = stamp(info_dict(root.name, files, False, content.length, pieces, None), Secret("http://127.0.0.1/"))
    count, read, real = len(pieces) // 20, 0, os.preadv

    def counted(fd: int, buffers: list[memoryview], offset: int) -> int:
        nonlocal read
        got = real(fd, buffers, offset)
        read += got
        return got

    whole = Whole(torrent, int(time.time()) + 60, count, count, True)
    os.preadv = counted  # type: ignore[assignment]
    try:
        found = take_over(whole, root, files, False, lambda length: True)
    finally:
        os.preadv = real
    return found.read, read, found.pieces == pieces


def report_taken(root: Path, content: Content) -> bool:
    """One line of what is read where a client has the hashes. Returns whether it is within the target."""
    pieces, read, same = taken(root, content)
    size = content.count * content.size
    good = same and pieces <= MOST_PIECES and read <= MOST_PIECES * content.length
    of = -(-size // content.length)
    told = f"{pieces} of {of} pieces, {read / MIB:.1f} of {size / MIB:.0f} MiB read (at most {MOST_PIECES} pieces)"
    print(f"{content.name:12} {'client':10} {told}  {'ok' if good else 'OVER'}{'' if same else ', OTHER PIECES'}")
    return good


def report(content: Content, seconds: dict[str, list[float]], same: bool, memory: float) -> bool:
    """One line a tool. Returns whether the set is within its target."""
    own = seconds["seedpost"]
    speed = content.count * content.size / MIB / statistics.median(own)
    good = same and memory <= MEMORY
    for tool, taken in seconds.items():
        if tool == "seedpost":
            continue
        ratios = [mine / theirs for mine, theirs in zip(own, taken, strict=True)]
        middle = statistics.median(ratios)
        good = good and middle <= content.target
        verdict = "ok" if middle <= content.target and memory <= MEMORY else "OVER"
        print(
            f"{content.name:12} {tool:10} {middle:6.2f} {min(ratios):6.2f} {max(ratios):6.2f} {content.target:7.2f} "
            f"{speed:8.0f} {memory:8.1f}  {verdict}{'' if same else ', OTHER PIECES'}"
        )
    return good


def peak() -> float:
    """The most memory this process has had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--big", type=float, default=4.0, help="GiB of the one large file")
    parser.add_argument("--season", type=float, default=8.0, help="GiB of the ten episodes")
    parser.add_argument("--only", default="", help="the sets whose name begins so: album, season, one, 5,000")
    parser.add_argument("--folder", type=Path, default=None, help="where to write the content")
    asked = parser.parse_args()
    tools = [tool for tool in OTHERS if shutil.which(tool)]
    for tool in OTHERS:
        if tool not in tools:
            print(f"{tool} is not installed: left out")
    if not tools:
        print("nothing to compare with: install mktorrent")
        return 0
    print(f"{CORES} cores, median of {asked.rounds} rounds, wall time to that of the other program")
    print(f"{'set':12} {'against':10} {'ratio':>6} {'least':>6} {'most':>6} {'target':>7} {'MiB/s':>8} {'+MiB':>8}")
    good = True
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        for content in (one for one in sets(asked.big, asked.season) if one.name.startswith(asked.only)):
            root = write(Path(name), content)
            before = peak()
            seconds, same = measure(root, content, tools, asked.rounds)
            good = report(content, seconds, same, peak() - before) and good
            good = report_taken(root, content) and good
            shutil.rmtree(root)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
