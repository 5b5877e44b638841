"""What a fault of files means for the job that met it: another try later, or a person. A site's are its lane's."""

from __future__ import annotations

import errno

from watcher.errors import SeedpostError
from watcher.jobs import Job, State
from watcher.torrents import (
    ContentAway,
    ContentChanged,
    ContentUnreadable,
    StageAway,
    StagingFailed,
    TorrentInvalid,
    TorrentLost,
)
from watcher.uploader.bench import Bench, Step, held

OF_FILES = (ContentChanged, ContentUnreadable, StagingFailed, TorrentInvalid, TorrentLost)


def after_fault(job: Job, error: SeedpostError, bench: Bench) -> Step:
    """The step that follows one of `OF_FILES`. What may pass is tried again; what was never sent is built anew."""
    back = State.QUEUED if job.state is State.PREPARED else job.state
    told = f"{error}; {error.hint}" if error.hint else str(error)
    if isinstance(error, TorrentLost):
        return _lost(job, error, told, back, bench)
    if isinstance(error, ContentChanged):
        return bench.again(job, back, "content-changed", str(error))
    code = "staging" if isinstance(error, StagingFailed) else "content-unreadable"
    if isinstance(error, (ContentAway, StageAway)):
        return bench.again(job, back, code, told)
    return held(job, code, told, back_to=back, open=job.state is State.UNCONFIRMED)


def _lost(job: Job, error: TorrentLost, told: str, back: State, bench: Bench) -> Step:
    """Every attempt sends the same info dictionary: what was sent once is never built anew."""
    if job.sent_at is None and back is State.QUEUED:
        return bench.again(job, back, "torrent-lost", f"{error}; it was never sent, and is built anew")
    if error.passing:
        return bench.again(job, back, "torrent-lost", told)
    resume = f"seedpost queue retry {job.job}"
    return held(job, "torrent-lost", told, back_to=back, open=job.state is State.UNCONFIRMED, resume=resume)


def out_of_files(error: BaseException | None) -> bool:
    """Whether an error, or what it came of, is that no more files can be opened."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            return True
        error = error.__cause__ or error.__context__
    return False
