"""How long a command takes to begin, against `python -c pass` and a json.loads loop, as ratios (DESIGN section 18).

Run as `python benchmarks/cli.py [--jobs N] [--rounds N]`. Figures are processor seconds of whole processes. In every
round each contestant runs once, in turn; a ratio is taken within a round, and the median of the rounds counts. Modules
are compiled before, as those of an installed program are.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

LOOP = "import json, sys\nfor line in open(sys.argv[1], 'rb'): json.loads(line)"


def seconds_of(command: list[str], environment: dict[str, str]) -> float:
    """User and system seconds of a process, from its beginning to its end."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(command[0], command, environment, file_actions=quiet)
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
            "json": [*seedpost, "queue", "list", "--json", "--state", str(state)],
            "table": [*seedpost, "queue", "list", "--state", str(state)],
        }
        plain = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment = plain | {"PYTHONPYCACHEPREFIX": str(state / "compiled")}
        rounds = [
            {name: seconds_of(command, environment) for name, command in contestants.items()}
            for _ in range(given.rounds + 1)
        ][1:]
    print(f"--help: {median(rounds, lambda one: one['help'] / one['pass']):.1f} x python -c pass (target 6)")
    for name, what in (("json", "--json"), ("table", "piped")):
        over = median(rounds, lambda one, name=name: (one[name] - 8 * one["pass"]) / (one["loop"] - one["pass"]))
        print(f"queue list {what}, {given.jobs:,} jobs: 8 x pass and {over:.2f} x a json.loads loop (target 1.5)")


def median(rounds: list[dict[str, float]], ratio: Callable[[dict[str, float]], float]) -> float:
    """Of a ratio of each round."""
    return statistics.median(map(ratio, rounds))


if __name__ == "__main__":
    main()
