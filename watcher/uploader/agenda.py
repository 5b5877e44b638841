"""When jobs may go on: their own waits, their lanes' breakers and passes, a person's limits. Starts nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping
from typing import NamedTuple

from watcher.jobs import Job, State, Waits
from watcher.uploader.bench import Bench
from watcher.uploader.extras import pending
from watcher.uploader.lane import Lane
from watcher.uploader.reconcile import Vigil

LIVE = (State.QUEUED, State.PREPARED, State.UNCONFIRMED, State.UPLOADED, State.SEEDING)
LIMITED = (State.QUEUED, State.PREPARED)


class Use(NamedTuple):
    """Of a limit: seconds until it lets another through, what it counts now, and what it is, as `20/h`; "" for none."""

    wait: float = 0.0
    used: int = 0
    of: str = ""


class Agenda:
    """Belongs to the loop. One walk over the live jobs a turn: what costs more than a look-up is done once a lane."""

    def __init__(self, bench: Bench, lanes: Mapping[str, Lane], vigils: Mapping[str, Vigil]) -> None:
        self._bench, self._lanes, self._vigils = bench, lanes, vigils
        self._waits = Waits(bench.clock)

    def look(self, busy: Container[str]) -> tuple[list[Job], float]:
        """The jobs that are due and in nobody's hands, the most urgent first; seconds until the next of the others."""
        ready, soonest = [], math.inf
        taken = {site for site, lane in self._lanes.items() if lane.busy}  # the end of its work wakes the loop
        for job, wait in self._walk(taken):
            if job.job in busy:
                continue
            if wait <= 0:
                ready.append(job)
            else:
                soonest = min(soonest, wait)
        return sorted(ready, key=lambda job: (-int(job.priority or 0), job.born, job.job)), soonest

    def next_due(self) -> float | None:
        """Seconds until the next job is due whose lane does not wait for a person; None if there is none."""
        return min((wait for _, wait in self._walk()), default=None)

    def limit(self, site: str) -> Use:
        """How far the limit of rules.yaml is used up by intents to send to this site."""
        tracker = next((one for one in self._bench.config().trackers.values() if one.site == site), None)
        if tracker is None or tracker.limit is None:
            return Use()
        now, count, window = self._bench.clock.now(), tracker.limit.count, tracker.limit.seconds
        sends = [time for time in self._bench.journal.ledger.sends(site) if now - window < time]
        wait = sends[-count] + window - now if len(sends) >= count else 0.0
        return Use(wait, len(sends), str(tracker.limit))

    def limit_wait(self, site: str) -> float:
        """Seconds until it lets another intent to send through."""
        return self.limit(site).wait

    def _walk(self, taken: Container[str] = ()) -> Iterator[tuple[Job, float]]:
        """Every live job with the seconds it waits, but for those of lanes that are taken or wait for a person."""
        stops, limits = _Once(self._stop_of), _Once(self.limit_wait)
        for job in self._bench.journal.ledger.in_state(*LIVE):
            if job.state is State.UPLOADED and job.registered and not (pending(job) or self._bench.seed(job).client):
                continue  # its last state
            if job.state is State.SEEDING:
                yield job, self._waits.remaining(job)
                continue
            if job.site in taken or stops[job.site] == math.inf:
                continue
            wait = max(self._waits.remaining(job), stops[job.site])
            if job.state is State.UNCONFIRMED:
                wait = max(wait, self._pass_wait(job))
            if job.state in LIMITED:
                wait = max(wait, limits[job.site])
            yield job, wait

    def _stop_of(self, site: str) -> float:
        lane = self._lanes.get(site)
        return 0.0 if lane is None else lane.stopped_for

    def _pass_wait(self, job: Job) -> float:
        watched, lane = self._vigils.get(job.job), self._lanes.get(job.site)
        return 0.0 if watched is None or lane is None else watched.next_at - lane.open_seconds


class _Once(dict[str, float]):
    """What is worked out at the first look at a site."""

    def __init__(self, ask: Callable[[str], float]) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, site: str) -> float:
        value = self[site] = self._ask(site)
        return value
