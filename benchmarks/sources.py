"""Sources: a real qBittorrent with 10,000 torrents, polled; and 10,000 watched folders. Ratios in one run.

python benchmarks/sources.py [PROGRAM]      (default: .nox/5.1/qbittorrent-nox, see tests/real/bring-qbittorrent)
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bencode2 import bencode
from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer

from tests.support_qbittorrent import Notes, Qbittorrent
from trackers.clock import Clock
from watcher.client import PathMap
from watcher.sources import tree
from watcher.sources.hints import _EVENTS, Hints
from watcher.sources.qbittorrent import QbittorrentSource

TORRENTS, FOLDERS, POLLS, INTERVAL = 10_000, 10_000, 15, 2.0
PROGRAM = Path(__file__).resolve().parent.parent / ".nox/5.1/qbittorrent-nox"
MIB = 1024 * 1024


def verdict(fine: bool) -> str:
    return "ok" if fine else "MISSED"


def torrent(number: int) -> bytes:
    info = {b"name": b"Album %d" % number, b"piece length": 65536, b"length": 65536, b"private": 1}
    pieces = {b"pieces": hashlib.sha1(b"%d" % number).digest()}
    return bencode({b"announce": b"http://127.0.0.1:9/announce", b"info": info | pieces})


def filled(one: Qbittorrent) -> None:
    """10,000 torrents that nobody seeds, stopped, with two tags each."""
    for start in range(0, TORRENTS, 250):
        files = [torrent(number) for number in range(start, start + 250)]
        one.api.torrents_add(
            torrent_files=files, is_stopped=True, tags=["one", "two"], use_auto_torrent_management=False
        )
    while len(one.api.torrents_info()) < TORRENTS or any(
        row["state"] == "checkingResumeData" for row in one.api.torrents_info()
    ):
        time.sleep(1)


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def rss() -> float:
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / MIB


def took(work: Callable[[], object]) -> float:
    before = cpu()
    work()
    return cpu() - before


def child(one: Qbittorrent, work: Callable[[QbittorrentSource], Iterator[float]]) -> list[float]:
    """What `work` yields in a process of its own."""
    read, write = os.pipe()
    if os.fork() == 0:
        source = QbittorrentSource("seedbox", one.client(), PathMap(), Notes(), Clock(), poll=INTERVAL)
        os.write(write, json.dumps(list(work(source))).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        found: list[float] = json.loads(answer.read())
    os.wait()
    return found


def watching(source: QbittorrentSource) -> Iterator[float]:
    """Memory after the first answer, then the share of a core at rest."""
    source.poll_once()
    gc.collect()
    yield rss()
    began, used = time.monotonic(), cpu()
    for _ in range(POLLS):
        source.poll_once()
        time.sleep(INTERVAL)
    yield (cpu() - used) / (time.monotonic() - began)


def polling(folder: Path, program: str) -> bool:
    empty, full = Qbittorrent(folder / "empty", [program]), Qbittorrent(folder / "full", [program])
    empty.refresh = full.refresh = 1500
    with empty, full:
        filled(full)
        bare, _ = child(empty, watching)
        memory, share = child(full, watching)
        fine = share <= 0.01 and memory - bare <= 40
        print(
            f"10,000 torrents at rest, every 2 s: {share:.2%} of a core (<= 1 %), {memory - bare:.0f} MiB more (<= 40)"
        )
        first, idle, ten = child(full, lambda source: steps(source, full))
        fine = fine and first <= 2 and ten <= 10 * idle
        print(f"first full update, its transfer left out: {first:.2f} x json.loads of the same bytes (<= 2)")
        print(f"a delta with ten changes: {ten / idle:.1f} x an idle one (<= 10)  {verdict(fine)}")
    return fine


def steps(source: QbittorrentSource, one: Qbittorrent) -> Iterator[float]:
    """The first update against json.loads; seconds of CPU of an idle poll, and of one with ten changes."""
    body = source._client._connection().maindata(0)
    loads = statistics.median(took(lambda text=body: json.loads(text)) for _ in range(5))
    del body
    taken = source._client.sync(0)  # a connection that is warm
    del taken
    fetch = statistics.median(took(lambda: source._client._connection().maindata(0)) for _ in range(3))
    yield (took(source.poll_once) - fetch) / loads
    yield statistics.median(took(source.poll_once) for _ in range(30))
    hashes = [row["hash"] for row in one.api.torrents_info(limit=10)]
    costs = []
    for number in range(5):
        one.api.torrents_add_tags(tags=[f"tag {number}"], torrent_hashes=hashes)
        time.sleep(2)
        costs.append(took(source.poll_once))
    yield statistics.median(costs)


def folders(root: Path) -> bool:
    """Starting to watch, against watchdog with the same event filter; and what it costs at rest."""
    for number in range(FOLDERS // 100):
        for inner in range(99):
            (root / f"{number}" / f"{inner}").mkdir(parents=True)
    bare: list[float] = []
    ours: list[float] = []
    for _ in range(5):
        observer = Observer()
        began = time.perf_counter()
        observer.schedule(FileSystemEventHandler(), str(root), recursive=True, event_filter=_EVENTS)
        observer.start()
        bare.append(time.perf_counter() - began)
        observer.stop()
        observer.join()
        hints = Hints(root, 1)
        began = time.perf_counter()
        tree.folders(root)
        hints.start()
        ours.append(time.perf_counter() - began)
        rest = took(lambda: time.sleep(2))
        hints.stop()
    ratio = min(ours) / min(bare)  # what else the machine does only adds
    fine = ratio <= 1.5 and rest / 2 < 0.01
    print(
        f"watching 10,000 folders: {ratio:.2f} x watchdog (<= 1.5), at rest {rest / 2:.2%} of a core  {verdict(fine)}"
    )
    return fine


def main() -> int:
    program = sys.argv[1] if len(sys.argv) > 1 else str(PROGRAM)
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "folders").mkdir()
        fine = folders(Path(name) / "folders")
        if shutil.which(program) is None:
            print(f"no {program}: tests/real/bring-qbittorrent 5.1")
            return 1
        return 0 if polling(Path(name), program) and fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
