"""The loop's walk over its live jobs, against one bare loop over the same jobs. A ratio in one run; nothing absolute.

python benchmarks/loop.py [jobs]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from trackers.clock import Clock, utc_text
from watcher.config import parse
from watcher.durable import FileSystem
from watcher.jobs import State
from watcher.journal import Journal
from watcher.seeding import Seeder
from watcher.torrents import Hasher, TorrentStore
from watcher.uploader import Bench, Lane
from watcher.uploader.agenda import Agenda

TARGET = 10.0  # times a bare look at each job's time
TAKEN = 3.0  # the same while the lanes of all are taken
RULES = b"""\
version: 1
seed: {client: none}
trackers:
  RED: {type: redacted, limit: 20/day}
  OPS: {type: orpheus}
rules: []
"""
SITES = {"RED": "redacted.sh", "OPS": "orpheus.network"}


def filled(journal: Journal, count: int, clock: Clock) -> None:
    """Jobs that wait: half for their time, half for their turn."""
    dice, later = Random(1), utc_text(clock.now() + 3600)
    jobs = []
    for number in range(count):
        name = dice.choice(list(SITES))
        job = {"type": "job", "job": f"{number:012x}", "tracker": name, "site": SITES[name], "release": "0" * 12}
        jobs.append(job | {"state": "queued", "attempt": 0, "not_before": later if number % 2 else None})
    for start in range(0, count, 1000):
        journal.append(jobs[start : start + 1000])


def median(work: Callable[[], object], times: int = 9) -> float:
    """Seconds of the median of some runs, the first left out."""
    work()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main(count: int) -> int:
    clock, config = Clock(), parse(RULES)
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        journal = Journal.open(state, clock=clock)
        filled(journal, count, clock)
        store = TorrentStore(state, FileSystem())
        bench = Bench(journal, lambda: config, clock, store, Hasher(), Seeder({}, {}, clock))
        lanes = {site: Lane(name, site, lambda: None, journal, clock, Random(1)) for name, site in SITES.items()}  # type: ignore[arg-type, return-value]
        agenda = Agenda(bench, lanes, {})

        def bare() -> int:
            return sum(job.not_before is None for job in journal.ledger.in_state(State.QUEUED))

        ready, _ = agenda.look(())
        assert len(ready) == count // 2
        free = median(lambda: agenda.look(())) / median(bare)
        lanes["redacted.sh"].busy = lanes["orpheus.network"].busy = True
        taken = median(lambda: agenda.look(())) / median(bare)
        journal.close()
    print(f"a walk over {count} jobs, half of them due: {free:.1f} x a bare loop over them (target {TARGET:.0f})")
    print(f"the same while both lanes are taken: {taken:.1f} x (target {TAKEN:.0f})")
    return free > TARGET or taken > TAKEN


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
