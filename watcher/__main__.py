"""`python -m watcher` and the console script: the command line, and nothing else."""

import sys

from watcher import cli


def main() -> None:
    """One command, to its end."""
    sys.excepthook = cli.crashed
    cli.main()


if __name__ == "__main__":
    main()
