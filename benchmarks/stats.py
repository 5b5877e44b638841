"""`seedpost stats` over a long journal against a json.loads loop over its lines, as a ratio of one run.

Run as `python benchmarks/stats.py [--records N] [--rounds N]`. Each round reads the file once either way, in turn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def seconds_of(work: Callable[[], object]) -> float:
    """Process seconds that `work` takes: other people's work on the machine does not count."""
    start = time.process_time()
    work()
    return time.process_time() - start


def bare(journal: Path) -> int:
    """What reading the lines as JSON costs at least."""
    with journal.open("rb") as file:
        return sum(1 for line in file if json.loads(line))


def folded(state: Path) -> object:
    """Everything that `seedpost stats --json` computes."""
    from watcher.journal import history
    from watcher.metrics import BY, Statistics

    found = Statistics()
    found.add(history(state))
    return [found.rows(by) for by in BY]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    from journal import write_history  # the benchmark beside this one

    from watcher.jobs import records

    with tempfile.TemporaryDirectory(dir=".") as folder:
        state = Path(folder)
        write_history(state, given.records, given.jobs)
        for parser_name, compiled in (("compiled parser", records.orjson), ("standard library", None)):
            records.orjson = compiled  # type: ignore[assignment]
            ratios = []
            for _ in range(given.rounds):
                least = seconds_of(lambda: bare(state / "journal.jsonl"))
                ratios.append(seconds_of(lambda: folded(state)) / least)
            print(f"stats over {given.records:,} records, {parser_name}: {statistics.median(ratios):.2f} x json.loads")


if __name__ == "__main__":
    main()
