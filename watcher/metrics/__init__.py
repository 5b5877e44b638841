"""Numbers: of the journal's whole history (`Statistics`), and of the process that runs now (`Counters`)."""

from watcher.metrics.counters import Counters, memory
from watcher.metrics.disk import TimedFileSystem
from watcher.metrics.exposition import INSTALL, Exposition, installed
from watcher.metrics.statistics import BY, QUESTIONS, Statistics, percentile

__all__ = [
    "BY",
    "INSTALL",
    "QUESTIONS",
    "Counters",
    "Exposition",
    "Statistics",
    "TimedFileSystem",
    "installed",
    "memory",
    "percentile",
]
