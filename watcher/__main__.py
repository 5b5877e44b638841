"""`python -m watcher` and the console script: the command line, and nothing else."""

from watcher.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
