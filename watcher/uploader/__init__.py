"""The loop that owns job states: picks what is due, gives each lane at most one job, writes what came of it.

Reads the journal (its own lines and other processes'), never the rules. All it knows after a restart is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future

from trackers.base import Uploader
from trackers.clock import utc_seconds
from trackers.errors import NotAuthorised, SettingsError, Unavailable
from watcher.client import ClientAway
from watcher.config import Config, TrackerConfig
from watcher.errors import SeedpostError
from watcher.jobs import Job, State
from watcher.journal import DiskFull
from watcher.logs import log, redact
from watcher.torrents import HashingStopped
from watcher.uploader.bench import Bench, Step, due_at, held, record_of
from watcher.uploader.commands import Reply, obey
from watcher.uploader.lane import Lane
from watcher.uploader.prepare import prepare
from watcher.uploader.publish import publish, unconfirmed
from watcher.uploader.reconcile import Vigil, reconcile, vigil
from watcher.uploader.settle import register, watch

__all__ = ["Bench", "Lane", "UploadManager"]

IDLE = 2.0  # seconds between two looks when nothing is due
LIVE = (State.QUEUED, State.PREPARED, State.UNCONFIRMED, State.UPLOADED, State.SEEDING)
OF_ONE_TORRENT = ("no-torrent",)  # the site is there, and has lost this torrent's file
CRASHES = 3  # of one job, before it is held
STRICTNESS = ("upload", "review", "dry_run")

OpenTracker = Callable[[TrackerConfig], Uploader]


class UploadManager:
    """One a state folder. `turn` does everything that can be done now and says how long nothing else is due."""

    def __init__(
        self,
        bench: Bench,
        open_tracker: OpenTracker,
        workers: Executor,
        on_record: Callable[[Mapping[str, object]], None] = lambda record: None,
    ) -> None:
        """`on_record` is told every record of the journal, this process's and others', once and in order."""
        self._bench, self._open_tracker, self._workers, self._on_record = bench, open_tracker, workers, on_record
        self.lanes: dict[str, Lane] = {}
        self._busy: dict[str, Future[None]] = {}
        self._vigils: dict[str, Vigil] = {}
        self._crashes: dict[str, int] = {}
        self.full_until = 0.0  # running seconds until which the disk counts as full

    # What the service asks

    @property
    def busy(self) -> int:
        """How many jobs are in hands now."""
        return len(self._busy)

    def next_due(self) -> float | None:
        """Seconds until the next live job of an open lane is due; None if there is none."""
        now = self._bench.clock.now()
        times = [self._wait_of(job, now) for job in self._live() if not self._waits_for_a_person(job)]
        return min(times, default=None)

    def start(self) -> None:
        """Once, before the first turn: what was in flight when the last process ended is unconfirmed."""
        journal = self._bench.journal
        self._refresh()
        records = [
            *journal.suspects(),
            *(
                record_of(job, unconfirmed(job, "crash", "the last run ended while it was being sent"))
                for job in journal.ledger.in_state(State.SENDING)
            ),
        ]
        if records:
            journal.append(records)

    def reload(self) -> None:
        """Settings or secrets changed: every tracker is opened anew at its next use."""
        for lane in self.lanes.values():
            lane.forget()

    # The loop

    def turn(self) -> float:
        """Obey commands, close what is over, start what is due. Returns the seconds until there is something to do."""
        bench = self._bench
        self._refresh()
        self._collect()
        self._lanes_of(bench.config())
        for command in list(bench.journal.ledger.commands):
            self._obey(command)
        if not bench.stop.is_set() and bench.clock.running() >= self.full_until:
            for job in self._due():
                self._begin(job)
        waits = [self._wait_of(job, bench.clock.now()) for job in self._live() if job.job not in self._busy]
        return max(0.05, min([IDLE, *(wait for wait in waits if wait > 0)]))

    def _refresh(self) -> None:
        for record in self._bench.journal.refresh():
            self._on_record(record)

    def _collect(self) -> None:
        for job in [job for job, future in self._busy.items() if future.done()]:
            self._busy.pop(job).result()

    def _lanes_of(self, config: Config) -> None:
        """A lane for each site that the rules name; settings that are missing open its breaker, with the cure."""
        for name, tracker in config.trackers.items():
            if tracker.site not in self.lanes:
                bench = self._bench
                opener = self._opener(tracker.site)
                self.lanes[tracker.site] = Lane(name, tracker.site, opener, bench.journal, bench.clock, bench.random)
            lane = self.lanes[tracker.site]
            if config.trackers.get(lane.name) is None or config.trackers[lane.name].site != tracker.site:
                lane.name = name
            lane.tick()
            lane.check_settings()
        for job in self._bench.journal.ledger.in_state(State.HELD):
            if job.code == "tracker-removed" and self._bench.tracker(job) is not None:
                self._bench.write(job, {"state": job.back_to or State.QUEUED})

    def _opener(self, site: str) -> Callable[[], Uploader]:
        def opened() -> Uploader:
            config = next(one for one in self._bench.config().trackers.values() if one.site == site)
            return self._open_tracker(config)

        return opened

    def _live(self) -> Iterator[Job]:
        """Jobs that the loop may take further."""
        for job in self._bench.journal.ledger.in_state(*LIVE):
            if not (job.state is State.UPLOADED and self._ends_uploaded(job)):
                yield job

    def _ends_uploaded(self, job: Job) -> bool:
        return self._bench.seed(job).client is None

    def _wait_of(self, job: Job, now: float) -> float:
        """Seconds until a job may go on; its lane's breaker counted where that ends by itself."""
        waits = [due_at(job, now) - now]
        lane, watched = self.lanes.get(job.site), self._vigils.get(job.job)
        if (
            lane is not None
            and lane.breaker is not None
            and lane.breaker.get("until")
            and job.state is not State.SEEDING
        ):
            waits.append(utc_seconds(str(lane.breaker["until"])) - now)
        if lane is not None and watched is not None:
            waits.append(watched.next_at - lane.open_seconds)
        return max(0.0, self._limit_wait(job, now), *waits)

    def _waits_for_a_person(self, job: Job) -> bool:
        lane = self.lanes.get(job.site)
        stopped = lane is not None and lane.breaker is not None and not lane.breaker.get("until")
        return stopped and job.state is not State.SEEDING

    def _due(self) -> list[Job]:
        now = self._bench.clock.now()
        ready = [job for job in self._live() if job.job not in self._busy and self._wait_of(job, now) <= 0]
        return sorted(ready, key=lambda job: (-int(job.priority or 0), job.born, job.job))

    def _begin(self, job: Job) -> None:
        """Hand a due job to a worker, unless its lane is taken or stopped."""
        lane = self.lanes.get(job.site)
        if lane is None:
            self._bench.write(job, _removed(job))
            return
        if job.state is State.SEEDING:
            self._busy[job.job] = self._workers.submit(self._work, job, lane, False)
            return
        if lane.busy or lane.closed or self._limit_wait(job, self._bench.clock.now()) > 0:
            return
        held_back = self._held_back(job)
        if held_back is not None:
            self._bench.write(job, held_back)
            return
        lane.busy = True
        self._busy[job.job] = self._workers.submit(self._work, job, lane, True)

    def _held_back(self, job: Job) -> Step | None:
        """A mode that became stricter stops what was not approved; a wish to cancel is granted once nothing is open."""
        if job.state not in (State.QUEUED, State.PREPARED):
            return None
        if job.rest.get("wish") == "cancel":
            return {"state": State.CANCELLED, "why": "cancelled by hand while its outcome was unknown", "wish": None}
        config, tracker = self._bench.config(), self._bench.tracker(job)
        mode = max((config.mode, tracker.mode or "upload" if tracker else "upload"), key=STRICTNESS.index)
        if mode == "upload" or job.approved:
            return None
        why = f"the mode in rules.yaml is {mode} now"
        return held(job, "mode", why, back_to=State.QUEUED, resume=f"seedpost queue approve {job.job}")

    # One job in a worker's hands

    def _work(self, job: Job, lane: Lane, takes_lane: bool) -> None:
        try:
            self._step(job, lane)
        except Exception as error:  # noqa: BLE001  a job that crashes its worker must not stop the loop
            self._crashed(job, error)
        finally:
            if takes_lane:
                lane.busy = False
            self._bench.wake.set()

    def _step(self, job: Job, lane: Lane) -> None:
        """Take a job one step further and write what came of it."""
        bench = self._bench
        try:
            step = self._taken(job, lane)
        except Unavailable as error:
            if error.code not in OF_ONE_TORRENT:
                lane.outage(error)
                return
            step = bench.again(job, job.state, error.code, redact(error.text))
        except (NotAuthorised, SettingsError) as error:
            lane.stop(error.code, redact(error.text))
            return
        except ClientAway as error:
            step = bench.again(job, job.state, "client-away", str(error))
        except HashingStopped:
            return
        except DiskFull as error:
            self._disk_is_full(error)
            return
        if step is not None:
            self._written(job, step)
            if step.get("code") not in ("cannot-tell", "client-away"):
                self._crashes.pop(job.job, None)

    def _taken(self, job: Job, lane: Lane) -> Step | None:
        bench = self._bench
        if job.state is State.QUEUED:
            return self._lane_worked(lane, prepare(job, lane, bench))
        if job.state is State.PREPARED:
            return publish(job, lane, bench)
        if job.state is State.UNCONFIRMED:
            watched = self._vigils.setdefault(job.job, vigil(job, lane))
            step = self._lane_worked(lane, reconcile(job, watched, lane, bench))
            if step["state"] is not State.UNCONFIRMED:
                del self._vigils[job.job]
            return step
        if job.state is State.UPLOADED:
            return self._lane_worked(lane, register(job, lane, bench))
        return watch(job, bench)

    def _lane_worked(self, lane: Lane, step: Step) -> Step:
        if lane.breaker is None:
            lane.start()
        return step

    def _written(self, job: Job, step: Step) -> None:
        """Write a step. What a POST already did is kept trying: nothing else starts here until it is on disk."""
        after = self._bench.journal.ledger.jobs[job.job]
        outcome = after.state is State.SENDING
        while True:
            try:
                self._bench.write(after, step, outcome=outcome)
                return
            except DiskFull as error:
                self._disk_is_full(error)
                if not outcome:
                    return
                self._bench.clock.wait(1.0)

    def _disk_is_full(self, error: DiskFull) -> None:
        self.full_until = self._bench.clock.running() + 30.0
        log.error("journal.disk_full", why=str(error))

    def _crashed(self, job: Job, error: Exception) -> None:
        """Three times for one job is a poisoned job: a person looks at it, the loop goes on."""
        count = self._crashes[job.job] = self._crashes.get(job.job, 0) + 1
        after = self._bench.journal.ledger.jobs[job.job]
        why = redact(f"{type(error).__name__}: {error}")
        expected = isinstance(error, SeedpostError)
        log.error("job.crashed", job=job.job, tracker=job.tracker, why=why, count=count, exc_info=not expected)
        if after.state is State.SENDING:
            self._written(after, unconfirmed(after, "crash", why))
        elif count >= CRASHES:
            self._written(
                after, held(after, "crashed", why, back_to=after.state, open=after.state is State.UNCONFIRMED)
            )
        else:
            self._written(after, self._bench.again(after, after.state, "crashed", why))

    # Commands

    def _obey(self, command: Mapping[str, object]) -> None:
        """Answer one command that waits in the journal; those of the first half are left to it."""
        do = str(command["do"])
        if do in ("look", "redecide"):
            return
        if do in ("pause", "resume"):
            self._answer(command, [self._paused(command)])
            return
        jobs = command.get("jobs")
        ids = [str(one) for one in jobs] if isinstance(jobs, list) else []
        if any(one in self._busy for one in ids):
            return  # at the next turn, when the hands are off it
        self._answer(command, [self._obeyed(command, one) for one in ids] or [Reply("refused", "it names no job")])

    def _obeyed(self, command: Mapping[str, object], id: str) -> Reply:
        job = self._bench.journal.ledger.jobs.get(id)
        if job is None:
            return Reply("refused", f"no job {id}")
        reply = obey(command, job)
        return self._asked(job, reply.why) if reply.result == "ask" else reply

    def _asked(self, job: Job, question: str) -> Reply:
        """One `find` pass before a person's word counts: refused if the site shows the upload."""
        lane = self.lanes.get(job.site)
        if lane is None or lane.closed:
            return Reply("refused", f"{job.tracker} can't be asked now")
        try:
            step = reconcile(job, vigil(job, lane), lane, self._bench)
        except (Unavailable, NotAuthorised, SettingsError) as error:
            return Reply("refused", f"{job.tracker} can't be asked now: {redact(error.text)}")
        if step["state"] in (State.UPLOADED, State.DUPLICATE):
            return Reply("refused", f"the site shows it: {step.get('url')}")
        after = {
            "state": State.QUEUED,
            "resolved": question,
            "unknowns": 0,
            "passes": step.get("passes"),
            "proof": "by hand",
        }
        if question == "deleted":
            return Reply("done", records=(record_of(job, after | {"forget": True}),))
        if job.state is State.DUPLICATE:
            return Reply("done", records=(record_of(job, after),))
        return Reply("done", records=(record_of(job, {"state": State.UNCONFIRMED}), record_of(job, after)))

    def _paused(self, command: Mapping[str, object]) -> Reply:
        """`pause` and `resume` of one tracker, or of all."""
        name, given = command.get("tracker"), command.get("with")
        lanes = [lane for lane in self.lanes.values() if name in (None, lane.name, lane.site)]
        if not lanes:
            return Reply("refused", f"no tracker {name}")
        until = given.get("until") if isinstance(given, Mapping) else None
        for lane in lanes:
            if command["do"] == "pause":
                lane.stop("pause", "paused by hand", until=utc_seconds(str(until)) if until else None)
            else:
                lane.forget()
                lane.start()
        return Reply("done")

    def _answer(self, command: Mapping[str, object], replies: list[Reply]) -> None:
        """Write what a command did and that it was answered, in one write."""
        records = [record for reply in replies for record in reply.records]
        results = {reply.result for reply in replies}
        result = "done" if results == {"done"} else "kept" if results <= {"done", "kept"} else "refused"
        why = "; ".join(reply.why for reply in replies if reply.why)
        answer = {"type": "command", "do": "answer", "of": command["seq"], "result": result, "why": why}
        self._bench.journal.append([*records, answer])

    # Limits of a person's own (`limit: 20/day`)

    def _limit_wait(self, job: Job, now: float) -> float:
        """Seconds until the limit of rules.yaml lets another intent to send through."""
        config = self._bench.tracker(job)
        if config is None or config.limit is None or job.state not in (State.QUEUED, State.PREPARED):
            return 0.0
        window = config.limit.seconds
        sends = [time for time in self._bench.journal.ledger.sends(job.site) if now - window < time]
        return sends[-config.limit.count] + window - now if len(sends) >= config.limit.count else 0.0


def _removed(job: Job) -> Step:
    """A tracker taken out of rules.yaml leaves its jobs held until a tracker of the same site is back."""
    why = f"no tracker of {job.site} is in rules.yaml any more"
    open_ = job.state is State.UNCONFIRMED
    return held(job, "tracker-removed", why, back_to=job.state, open=open_)
