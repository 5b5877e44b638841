"""Every event there is, as docs/logs.md lists it: what rules.yaml's `notify` may name. Tests hold it to the code."""

from __future__ import annotations

# One a journal record; the last word is the record's own.
OF_RECORDS = (
    "job.queued", "job.dry_run", "job.prepared", "job.sending", "job.unconfirmed", "job.uploaded", "job.seeding",
    "job.done", "job.held", "job.duplicate", "job.cancelled", "release.decided", "release.learned",
    "release.identified", "source.baseline", "source.seen",
    "source.gone", "source.paused", "source.resumed", "tracker.stopped", "tracker.opened", "rules.loaded",
    "rules.rejected", "journal.begun",
)  # fmt: skip
OF_COMMANDS = tuple(
    f"command.{do}"
    for do in (
        "look", "retry", "approve", "edit", "cancel", "prioritise", "redecide", "resolve", "forget", "pause", "resume",
        "answer", "failed",
    )
)  # fmt: skip
TOLD = (
    "client.down", "client.up", "daemon.started", "daemon.stopped", "daemon.stopping", "job.approved", "job.crashed",
    "job.extra_failed", "journal.behind", "journal.not_compacted", "keyring.failed", "library.message", "log.lost",
    "lookup.refused", "metrics.served", "metrics.unavailable", "notify.failed", "notify.lost", "notify.unavailable",
    "process.crashed", "python.unraisable", "release.followed", "release.left_out", "release.not_told",
    "release.seen", "rules.not_kept", "rules.older", "rules.refused", "seeding.stuck", "source.down",
    "source.not_written", "source.polling", "source.problem", "source.up", "source.waits", "staging.kept",
    "thread.died", "torrent.made", "unlock.refused", "unlock.unavailable", "uploader.crash_loop",
    "uploader.stopped", "vault.command_failed", "vault.older", "vault.unlocked",
)  # fmt: skip
EVENTS = (*OF_RECORDS, *OF_COMMANDS, *TOLD)
