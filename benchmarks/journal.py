"""The journal against bare write+fdatasync and a json.loads loop, as ratios of one run (DESIGN section 18).

Run as `python benchmarks/journal.py [--records N] [--turns N] [--rounds N]`. Each figure is the median over rounds in
which every contestant runs once, in turn; the seconds of a shared machine say little, their ratios do.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watcher.journal import Journal

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

STEPS = ("queued", "prepared", "sending", "unconfirmed", "uploaded", "seeding", "done")
A_JOB = 25  # records, about, in a history
LOOK = 2.0  # seconds between two looks of a daemon at rest
SITES = {"RED": "redacted.sh", "OPS": "orpheus.network"}


def release_record(number: int) -> dict[str, object]:
    """A release as intake writes it, its facts shortened."""
    facts = {f"music.field{n}": {"value": f"value {number} of field {n}", "origin": "tag"} for n in range(12)}
    return {
        "type": "release",
        "release": f"{number:012x}",
        "fingerprint": f"{number:032x}",
        "from": "qbittorrent",
        "source": "seedbox",
        "infohash": f"{number:040x}",
        "completed": 1_795_000_000 + number,
        "path": f"/srv/downloads/music/Artist {number} - Album (2024) [FLAC]",
        "client": "seedbox",
        "save_path": "/downloads/music",
        "name": f"Artist {number} - Album (2024) [FLAC]",
        "size": 400_000_000 + number,
        "files": 14,
        "facts": facts,
        "decision": {"rule": "lossless-music", "trackers": {"RED": {}, "OPS": {"delay": "10m"}}, "reasons": {}},
        "rules": "0" * 64,
    }


def job_record(job: int, state: str, step: int) -> dict[str, object]:
    """A step of a job, as the loop writes it: about 300 bytes."""
    name = ("RED", "OPS")[job % 2]
    record: dict[str, object] = {
        "type": "job",
        "job": f"{job:012x}",
        "tracker": name,
        "site": SITES[name],
        "release": f"{job // 2:012x}",
        "state": state,
        "attempt": 1,
        "infohash": f"{job:040x}",
    }
    if state in ("unconfirmed", "queued"):
        record |= {
            "code": "timeout",
            "why": f"no answer within the deadline, look {step}",
            "not_before": 1_795_000_000.5,
        }
    if state in ("uploaded", "seeding", "done"):
        record |= {
            "registered": f"{job:040x}",
            "torrent_id": job,
            "url": f"https://{SITES[name]}/torrents.php?torrentid={job}",
        }
    return record


def history(records: int, jobs: int) -> Iterator[dict[str, object]]:
    """`records` records of `jobs` jobs, interleaved as lanes interleave them."""
    for number in range(jobs // 2):
        yield release_record(number)
    steps = (records - jobs // 2) // jobs
    rest = records - jobs // 2 - steps * jobs
    for step in range(steps + 1):
        for job in range(jobs if step < steps else rest):
            yield job_record(job, STEPS[min(step * len(STEPS) // max(1, steps), len(STEPS) - 1)], step)


def write_history(state: Path, records: int, jobs: int) -> None:
    """A journal with that many records, by way of `append`."""
    from watcher.journal import Journal

    journal = Journal.open(state)
    batch: list[dict[str, object]] = []
    for record in history(records, jobs):
        batch.append(record)
        if len(batch) == 1000:
            journal.append(batch)
            journal.refresh()
            batch = []
    journal.append(batch or [{"type": "command", "do": "look", "path": "/"}])
    journal.close()


# -- appending


def taken(step: Callable[[], object]) -> float:
    """Seconds of one step."""
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def appending(turns: int) -> dict[str, list[float]]:
    """Ratios of single and grouped appends, one of each turn. In every turn each contestant runs once, in an order that
    goes round, so that a busy neighbour or disk hits all alike; they are compared within the turn alone."""
    from watcher.jobs.records import encode
    from watcher.journal import Journal

    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        fd = os.open(Path(name) / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        journal = Journal.open(Path(name) / "state")
        group = [job_record(job, "queued", 1) for job in range(100)]
        line = encode({"v": 1, "seq": 1_000_000, "time": "2026-11-22T10:00:00.123456Z", **group[0]})
        contestants = {
            "bare": lambda: (os.write(fd, line), os.fdatasync(fd)),
            "single": lambda: journal.append(group[:1]),
            "group": lambda: journal.append(group),
        }
        order, seconds = deque(contestants), dict[str, list[float]]((which, []) for which in contestants)
        journal.append(group)
        for _ in range(turns):
            order.rotate()
            for which in order:
                seconds[which].append(taken(contestants[which]))
            journal.refresh()
        rest = at_rest(journal)
        journal.close()
        os.close(fd)
    return {
        "append": [single / bare for single, bare in zip(seconds["single"], seconds["bare"], strict=True)],
        "group": [100 * single / group for single, group in zip(seconds["single"], seconds["group"], strict=True)],
        "rest": [rest],
    }


def at_rest(journal: Journal) -> float:
    """What looking at a journal that nobody changes takes, in % of a core."""
    looks = 2000
    start = time.process_time()
    for _ in range(looks):
        journal.refresh()
    return (time.process_time() - start) / looks / LOOK * 100


def middle(values: list[float]) -> str:
    """The median, and where the middle half of the values lies."""
    low, median, high = statistics.quantiles(values, n=4)
    return f"{median:6.2f} [{low:.2f} to {high:.2f}]"


# -- replay and compaction, each in a process of its own


def json_loop(path: Path) -> float:
    """Seconds of json.loads over every line."""
    start = time.perf_counter()
    with path.open("rb") as file:
        for line in file:
            json.loads(line)
    return time.perf_counter() - start


def replay(state: Path) -> tuple[float, float]:
    """Seconds to open, and the most memory the process ever had, MiB."""
    from watcher.journal import Journal

    start = time.perf_counter()
    journal = Journal.open(state, writable=False)
    seconds = time.perf_counter() - start
    journal.close()
    return seconds, peak_memory()


def peak_memory() -> float:
    """MiB; not from getrusage, which counts what the parent had when it forked."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) / 1024


def compaction(state: Path) -> float:
    """Seconds to compact, packing included."""
    from watcher.journal import Journal

    journal = Journal.open(state)
    start = time.perf_counter()
    journal.compact()
    seconds = time.perf_counter() - start
    journal.close()
    return seconds


def child(what: str, state: Path, compiled: bool) -> list[float]:
    """One measurement in a fresh process."""
    with started(what, state, compiled) as process:
        return measured(process)


def started(what: str, state: Path, compiled: bool) -> subprocess.Popen[str]:
    """A fresh process that measures."""
    command = [sys.executable, __file__, "--child", what, "--state", str(state)]
    return subprocess.Popen(command + ([] if compiled else ["--plain"]), stdout=subprocess.PIPE, text=True)


def measured(process: subprocess.Popen[str]) -> list[float]:
    """What it found."""
    text = process.communicate()[0]
    assert process.returncode == 0, "the child failed"
    return [float(word) for word in text.split()]


def stopped_for(state: Path, compiled: bool) -> float:
    """The longest that an appender stood still while another process compacted, as a part of that compaction."""
    from watcher.journal import Journal, LockHeld

    journal, longest = Journal.open(state), 0.0

    def append() -> None:
        while True:
            with contextlib.suppress(LockHeld):  # over ten seconds: it tries again, as the daemon does
                journal.append([{"type": "command", "do": "look", "path": "/x"}])
                return

    with started("compact", state, compiled) as process:
        while process.poll() is None:
            longest = max(longest, taken(append))
            time.sleep(0.005)
        (compacted,) = measured(process)
    journal.close()
    return longest / compacted


def replaying(records: int, jobs: int, rounds: int, compiled: bool) -> dict[str, float]:
    """Ratios of replay and compaction."""
    loops, opens, peaks = [], [], []
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        state = Path(name) / "state"
        write_history(state, records, jobs)
        for _ in range(rounds):
            loops += child("loop", state, compiled)
            seconds, peak = child("replay", state, compiled)
            opens.append(seconds)
            peaks.append(peak)
        shutil.copytree(state, Path(name) / "copy")
        stopped = stopped_for(Path(name) / "copy", compiled)
        (compacted,) = child("compact", state, compiled)
    ratios = [opened / loop for opened, loop in zip(opens, loops, strict=True)]
    return {
        "replay": statistics.median(ratios),
        "peak": max(peaks),
        "compact": compacted / statistics.median(opens),
        "stopped": stopped,
        "seconds": statistics.median(opens),
    }


def measure_here(what: str, state: Path) -> None:
    """The child's part."""
    if what == "loop":
        print(json_loop(state / "journal.jsonl"))
    elif what == "replay":
        print(*replay(state))
    else:
        print(compaction(state))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, help="one for 25 records if not given")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turns", type=int, default=2000, help="of one append beside a bare write and a group")
    parser.add_argument("--plain", action="store_true", help="without the compiled parser only")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--state", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.plain:
        sys.modules["orjson"] = None  # type: ignore[assignment]
    if given.child:
        measure_here(given.child, given.state)
        return
    group, limit = (14, 2.5) if given.plain else (25, 1.25)
    appended = appending(given.turns)
    print(f"one append / bare write+fdatasync   {middle(appended['append'])}   (at most 1.3)")
    print(f"group of 100 / single, records a s  {middle(appended['group'])}   (at least {group})")
    print(f"a tailing daemon at rest, % of a core {appended['rest'][0]:6.4f}   (at most 0.01)")
    replayed = replaying(given.records, given.jobs or max(2, given.records // A_JOB), given.rounds, not given.plain)
    print(f"replay / json.loads loop            {replayed['replay']:6.2f}   (at most {limit})")
    print(f"memory of the replay, MiB           {replayed['peak']:6.0f}   (at most 300)")
    print(f"compaction / replay                 {replayed['compact']:6.2f}   (at most 4)")
    print(f"appender's longest stop / compaction{replayed['stopped']:6.2f}   (at most 1)")


if __name__ == "__main__":
    main()
