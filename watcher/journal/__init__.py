"""The journal: STATE/journal.jsonl, the single source of truth, and everything that keeps it whole."""

from watcher.journal.archive import history, read_records
from watcher.journal.errors import (
    FULL,
    AppendRefused,
    BlobLost,
    DiskFull,
    JournalLost,
    LockHeld,
    NeedsRepair,
    NewerJournal,
    NotNow,
    Unknown,
)
from watcher.journal.glance import Glance
from watcher.journal.journal import Journal
from watcher.journal.repair import Repaired, repair
from watcher.journal.verify import Report, verify

__all__ = [
    "FULL",
    "AppendRefused",
    "BlobLost",
    "DiskFull",
    "Glance",
    "Journal",
    "JournalLost",
    "LockHeld",
    "NeedsRepair",
    "NewerJournal",
    "NotNow",
    "Repaired",
    "Report",
    "Unknown",
    "history",
    "read_records",
    "repair",
    "verify",
]
