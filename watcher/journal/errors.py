"""What may go wrong with the journal, named by what the caller does next."""

from __future__ import annotations

import errno
from pathlib import Path

from watcher.durable import LockBusy
from watcher.errors import UNKNOWN, SeedpostError, StateInvalid

FULL = (errno.ENOSPC, errno.EDQUOT)


class AppendRefused(SeedpostError):
    """Nothing of it was written."""


class NotNow(AppendRefused):
    """Nothing of it was written. It may go in later, and whoever goes on by himself tries again."""


class DiskFull(NotNow):
    """There is no room."""


class LockHeld(NotNow, LockBusy):
    """Another process has had the lock for longer than anyone should: it may be stopped."""


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


def said(error: BaseException, path: Path) -> BaseException:
    """What a caller is told: of an error of the system, that nothing of it was written."""
    if isinstance(error, LockBusy):
        return LockHeld(str(error), hint=error.hint)
    return refused(error, path) if isinstance(error, OSError) else error


def unconfirmed(error: OSError, path: Path) -> Unknown:
    """What a failed flush at `path` means, unless nothing of it stands there."""
    return Unknown(
        f"written to {path}, but the disk did not confirm it: {error.strerror}",
        hint="look at the disk; `seedpost journal verify` shows what is there",
    )


def refused(error: OSError, path: Path) -> AppendRefused:
    """The refusal that an error of the system at `path` means."""
    if error.errno in FULL:
        return DiskFull(f"{path}: the disk is full; nothing was written", hint="free some space, then try again")
    return NotNow(f"{path}: {error.strerror}; nothing was written", hint="mend the disk or the folder, then try again")
