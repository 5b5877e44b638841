"""What may go wrong with the journal, named by what the caller does next."""

from __future__ import annotations

from watcher.errors import UNKNOWN, SeedpostError, StateInvalid


class AppendRefused(SeedpostError):
    """Nothing of it was written."""


class DiskFull(AppendRefused):
    """Nothing of it was written, for want of room. It may go in later, without anybody's help."""


class Unknown(SeedpostError):
    """It stands in the file, but may not be on disk: `seedpost queue show` and a look at the disk will tell."""

    exit_code = UNKNOWN


class NewerJournal(StateInvalid):
    """A newer seedpost wrote this journal; reading it with this one would lose what it says."""


class JournalLost(StateInvalid):
    """The journal is missing, was cut short, or is another one. Nothing is written until a person has decided."""


class NeedsRepair(StateInvalid):
    """The journal can be read, but somebody must look at it first."""


class BlobLost(SeedpostError):
    """A file of STATE/blobs that a record names is missing or damaged."""
