"""Writes what is true now, for `status` and for Prometheus: small JSON, replaced and never flushed."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trackers.clock import Clock, utc_text
from watcher.jobs import Ledger, State
from watcher.metrics import Counters, TimedFileSystem, memory
from watcher.service.view import HEARTBEAT
from watcher.sources import SourceStatus
from watcher.torrents import Hasher
from watcher.torrents.reuse import Reading
from watcher.uploader import Lane, UploadManager
from watcher.uploader.desks import Desk


class Heartbeat:
    """Of one service. `last` is what was written last; any thread may read it."""

    def __init__(
        self, state: Path, clock: Clock, ledger: Ledger, manager: UploadManager, hasher: Hasher, disk: TimedFileSystem
    ) -> None:
        self.counters = Counters(ledger)
        self.last: Mapping[str, Any] = {}
        self._path, self._clock, self._ledger = state / HEARTBEAT, clock, ledger
        self._manager, self._hasher, self._disk = manager, hasher, disk
        self._read: dict[int, int] = {}  # bytes of each reading at the last beat
        self._read_at = clock.running()

    def beat(self, vault: str, sources: Sequence[SourceStatus], paused: Mapping[str, object]) -> None:
        """Write it. `paused`: until when, by source; a full disk stops nothing."""
        now, readings = self._clock.now(), self._hasher.readings
        lanes: list[Lane | Desk] = [*self._manager.lanes.values(), *self._manager.desks.values()]
        self.last = {
            "time": utc_text(now),
            "pid": os.getpid(),
            "busy": self._manager.busy,
            "stopped": self._manager.stopped,
            "vault": vault,
            "jobs": self._ledger.counts(),
            "queue_age_s": self._queue_age(now),
            "sources": {one.name: _source(one, now, paused) for one in sources},
            "lanes": {lane.name: self._lane(lane, now) for lane in lanes},
            "hashing": [{"name": one.name, "done": one.done, "size": one.size} for one in readings],
            "hashing_rate": self._rate(readings),
            "fsync": self._disk.value(),
            "memory": memory(),
            **self.counters.value(),
        }
        fresh = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            fresh.write_text(json.dumps(self.last))
            fresh.chmod(0o600)
            fresh.replace(self._path)

    def end(self) -> None:
        """Nobody is to take us for alive."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def _lane(self, lane: Lane | Desk, now: float) -> dict[str, object]:
        limit, stop = self._manager.limit(lane.site), lane.breaker
        return {
            "site": lane.site,
            "busy": lane.busy,
            "limit": {"of": limit.of, "used": limit.used} if limit.of else None,
            "limit_until": utc_text(now + limit.wait) if limit.wait > 0 else None,
            "breaker": stop.get("code") if stop else None,
            "rate_waited_s": round(lane.rate_waited, 3),
        }

    def _queue_age(self, now: float) -> float:
        """Seconds for which the job that waits longest has been due; 0.0 if none is."""
        due = [job.not_before or job.born for job in self._ledger.in_state(State.QUEUED, State.PREPARED)]
        return round(max(0.0, now - min(due, default=now)), 1)

    def _rate(self, readings: Sequence[Reading]) -> int:
        """Bytes a second that were read for hashing since the last beat."""
        now, done = self._clock.running(), {id(one): one.done for one in readings}
        gone = max(now - self._read_at, 0.001)
        read = sum(max(0, count - self._read.get(one, 0)) for one, count in done.items())
        self._read, self._read_at = done, now
        return round(read / gone)


def _source(status: SourceStatus, now: float, paused: Mapping[str, object]) -> dict[str, object]:
    return {
        "kind": status.kind,
        "up": status.up,
        "away_s": None if status.up or status.since is None else round(now - status.since),
        "last_poll": None if status.last_poll is None else utc_text(status.last_poll),
        "delay_s": status.delay,
        "error": status.error,
        "settling": list(status.settling),
        "mode": status.mode,
        "watched": status.watched,
        "problems": list(status.problems),
        "paused": {"until": paused[status.name]} if status.name in paused else None,
    }
