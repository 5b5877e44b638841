"""What a running process counts from the records it hears: uploads, errors, how long stages take."""

from __future__ import annotations

import resource
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Mapping
from pathlib import Path

from watcher.jobs import Ledger
from watcher.jobs.job import seconds_of
from watcher.jobs.standing import Standing
from watcher.metrics.statistics import QUESTIONS, STAGES, percentile

RECENT = 200  # durations of a stage that percentiles are of
KEPT = 5000  # jobs and releases whose times are kept: what takes longer has no duration


class Counters:
    """`note` each record, in their order; `value` from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._lock = threading.Lock()
        self._standing = Standing(ledger)
        self._uploads: Counter[str] = Counter()
        self._errors: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._times: OrderedDict[str, dict[str, float]] = OrderedDict()  # by id of a job or a release
        self._stages: dict[str, deque[float]] = {name: deque(maxlen=RECENT) for name in STAGES}

    def note(self, record: Mapping[str, object]) -> None:
        """Count one record."""
        with self._lock:
            if record.get("type") == "release":
                self._release(record)
            elif record.get("type") == "job":
                self._job(record)

    def _release(self, record: Mapping[str, object]) -> None:
        completed, times = record.get("completed"), self._times_of(str(record.get("release")))
        if "decided" not in times and isinstance(completed, (int, float)) and completed:
            times["completed"] = float(completed)
            self._reached("decided", seconds_of(str(record["time"])), times)

    def _job(self, record: Mapping[str, object]) -> None:
        job, tracker, state, code = (str(record.get(key) or "") for key in ("job", "tracker", "state", "code"))
        if not self._standing.moved(job, state, code):
            return
        if code and code not in QUESTIONS and state != "cancelled":
            self._errors[tracker][code] += 1
        times = self._times_of(job)
        if state not in times:
            self._uploads[tracker] += state == "uploaded"
            self._reached(state, seconds_of(str(record["time"])), times)

    def _times_of(self, id: str) -> dict[str, float]:
        times = self._times.setdefault(id, {})
        self._times.move_to_end(id)
        if len(self._times) > KEPT:
            self._times.popitem(last=False)
        return times

    def _reached(self, state: str, at: float, times: dict[str, float]) -> None:
        times[state] = at
        for name, (start, end) in STAGES.items():
            if end == state and start in times:
                self._stages[name].append(max(0.0, at - times[start]))

    def value(self) -> dict[str, object]:
        """`counters` and `stages` of the heartbeat: since the process began, and of the last durations in seconds."""
        with self._lock:
            errors = {tracker: dict(codes) for tracker, codes in self._errors.items()}
            stages = {
                name: {
                    "count": len(found),
                    "p50_s": percentile(list(found), 50),
                    "p95_s": percentile(list(found), 95),
                    "last_s": round(found[-1], 3) if found else None,
                }
                for name, found in self._stages.items()
            }
            uploads = {tracker: count for tracker, count in self._uploads.items() if count}
            return {"counters": {"uploads": uploads, "errors": errors}, "stages": stages}


def memory() -> dict[str, int]:
    """Bytes that this process has in memory now (`rss`), and had at most (`peak`)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return {"rss": peak, "peak": peak}
    return {"rss": pages * resource.getpagesize(), "peak": peak}
