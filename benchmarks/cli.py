"""How long a command takes to begin, against `python -c pass` and a json.loads loop, as ratios (DESIGN section 18).

Run as `python benchmarks/cli.py [--jobs N] [--rounds N]`. Figures are processor seconds of whole processes, the least
of all rounds, in which every contestant runs once, in turn.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

LOOP = "import json, sys\nfor line in open(sys.argv[1], 'rb'): json.loads(line)"


def seconds_of(command: list[str]) -> float:
    """User and system seconds of a process, from its beginning to its end."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    from journal import write_history  # the benchmark beside this one

    with tempfile.TemporaryDirectory(dir=".") as folder:
        state = Path(folder)
        write_history(state, given.jobs * 7, given.jobs)
        seedpost = [sys.executable, "-m", "watcher"]
        contestants = {
            "pass": [sys.executable, "-c", "pass"],
            "loop": [sys.executable, "-c", LOOP, str(state / "journal.jsonl")],
            "help": [*seedpost, "--help"],
            "list": [*seedpost, "queue", "list", "--json", "--state", str(state)],
        }
        least = dict.fromkeys(contestants, float("inf"))
        for _ in range(given.rounds):
            for name, command in contestants.items():
                least[name] = min(least[name], seconds_of(command))
    bare, loop = least["pass"], least["loop"] - least["pass"]
    print(f"--help: {least['help'] / bare:.1f} x python -c pass (target 6)")
    over = (least["list"] - 8 * bare) / loop
    print(f"queue list, {given.jobs:,} jobs: 8 x pass and {over:.2f} x a json.loads loop (target 1.5)")


if __name__ == "__main__":
    main()
