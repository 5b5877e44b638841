"""The loop that owns job states: picks what is due, gives each lane at most one job, writes what came of it.

Reads the journal (its own lines and other processes'), never the rules. All it knows after a restart is there.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from concurrent.futures import Executor, Future

from trackers.base import Uploader
from trackers.errors import NotAuthorised, SettingsError, Unavailable
from watcher.client import ClientAway
from watcher.config import Config, TrackerConfig
from watcher.errors import SeedpostError
from watcher.jobs import Job, State
from watcher.journal import DiskFull, LockHeld, NotNow, Unknown
from watcher.logs import log, redact
from watcher.torrents import HashingStopped
from watcher.uploader.agenda import LIMITED, LIVE, Agenda, Use
from watcher.uploader.ahead import Ahead
from watcher.uploader.bench import Bench, Step, held, record_of
from watcher.uploader.breaker import Breaker
from watcher.uploader.desks import Desks, OpenLookup
from watcher.uploader.extras import follow, pending
from watcher.uploader.faults import OF_FILES, after_fault, out_of_files
from watcher.uploader.gates import held_back, removed
from watcher.uploader.hands import STARTS, WINDOW, Hands
from watcher.uploader.lane import Lane
from watcher.uploader.orders import Orders, ids_of
from watcher.uploader.prepare import prepare
from watcher.uploader.publish import publish, unconfirmed
from watcher.uploader.reconcile import Vigil, reconcile, vigil
from watcher.uploader.settle import has_moderators, moderated, register, watch
from watcher.uploader.strays import Strays
from watcher.uploader.tidy import Tidy

__all__ = ["Bench", "Lane", "UploadManager"]

IDLE = 2.0  # seconds between two looks when nothing is due
OF_ONE_JOB = ("no-torrent", "image-host")  # the site is there: it lost this torrent's file, or another host is away
LANE_WAIT = 300.0  # seconds until a job that only waits for its lane is looked at again
FULL_WAIT = 30.0  # seconds until a full disk is looked at again
CRASHES = 3  # of one job in a row, before it is held
HANDS = "hands"  # the file
CRASH_LOOP = "crash-loop: it was killed five times within ten minutes; goes on in ten minutes, or: seedpost resume"
DISK_FULL = "disk-full: uploads go on by themselves when there is room"
OUT_OF_FILES = "too many open files: uploads go on by themselves; raise the limit (LimitNOFILE=, ulimit -n)"
INTERRUPTED = "the last run ended while it was being sent"

OpenTracker = Callable[[TrackerConfig], Uploader]


class UploadManager:
    """One a state folder. `turn` does everything that can be done now and says how long nothing else is due."""

    def __init__(
        self,
        bench: Bench,
        open_tracker: OpenTracker,
        workers: Executor,
        on_record: Callable[[Mapping[str, object]], None] = lambda record: None,
        only: Container[str] | None = None,
        open_lookup: OpenLookup | None = None,
    ) -> None:
        """`on_record` is told every record of the journal, this process's and others', once and in order. `only`: the
        ids of the jobs that are worked on; None: all."""
        self._only = only
        self._bench, self._open_tracker, self._workers, self._on_record = bench, open_tracker, workers, on_record
        self.lanes: dict[str, Lane] = {}
        self.desks = Desks(bench, open_lookup)
        self._orders = Orders(bench, self.lanes, self.desks)
        self._tidy, self._ahead = Tidy(bench), Ahead(bench, self.desks)
        self._busy: dict[str, Future[None]] = {}
        self._vigils: dict[str, Vigil] = {}
        self._agenda = Agenda(bench, self.lanes, self._vigils)
        self._hands = Hands(bench.journal.state / HANDS, bench.clock)
        self._calm_until = 0.0  # running seconds until which nothing begins, after too many crashes
        self._strays = Strays(bench)
        self._full_until = 0.0  # running seconds until which the disk counts as full
        self.stopped = ""  # why nothing is begun, if so

    # What the service asks

    @property
    def busy(self) -> int:
        """How many jobs are in hands now."""
        return len(self._busy)

    def in_hands(self, job: str) -> bool:
        """Whether a worker has this job now; if not, none gets it before the next turn."""
        return job in self._busy

    def limit(self, site: str) -> Use:
        """How far the limit that rules.yaml sets for this site is used up."""
        return self._agenda.limit(site)

    def next_due(self) -> float | None:
        """Seconds until the next live job of an open lane is due; None if there is none."""
        return self._agenda.next_due()

    def start(self) -> None:
        """Once, before the first turn: what was in flight when the last process ended is unconfirmed; a job that three
        processes in a row were killed with is held."""
        journal, left = self._bench.journal, self._hands.begin()
        self._refresh()
        flying = journal.ledger.in_state(State.SENDING)
        records = [*journal.suspects(), *(record_of(job, unconfirmed(job, "crash", INTERRUPTED)) for job in flying)]
        if records:
            journal.append(records)
        sent = {job.job for job in flying}
        for job in [journal.ledger.jobs[id] for id in dict.fromkeys(left.jobs) if id in journal.ledger.jobs]:
            if job.state in LIVE and job.job not in sent:
                step = dict(self._after_crash(job, "the process was killed while it worked on it"))
                step.pop("not_before", None)  # the start itself was a wait
                self._bench.write(job, step)
        if len(left.began) >= STARTS:
            self._calm_until = self._bench.clock.running() + WINDOW
            log.error("uploader.crash_loop", why=CRASH_LOOP, starts=len(left.began))

    def end(self) -> None:
        """Once, at an orderly end."""
        self._hands.end()

    def reload(self) -> None:
        """Settings or secrets changed: every tracker is opened anew at its next use."""
        self._strays.forget()
        self.desks.forget()
        for lane in self.lanes.values():
            lane.forget()

    # The loop

    def turn(self) -> float:
        """Obey commands, close what is over, start what is due. Returns the seconds until there is something to do."""
        try:
            self._refresh()
            self._collect()
            return max(0.05, min(IDLE, self._act()))
        except (NotNow, Unknown) as error:  # commands and steps wait where they are
            self._not_now(error)
        return IDLE

    def _act(self) -> float:
        self._lanes_of(self._bench.config())
        for command in self._orders.obey(self._busy):
            self._ask(command)
        for job in [one for one in self._bench.journal.ledger.in_state(State.SENDING) if one.job not in self._busy]:
            self._bench.write(job, unconfirmed(job, "crash", "the attempt ended without an outcome"))
        self._strays.look_beside(self._workers)
        self.stopped = self._why_stopped()
        ready, soonest = self._agenda.look(self._busy)
        if not self._bench.stop.is_set() and not self.stopped:
            for job in ready:
                if self._only is None or job.job in self._only:
                    self._begin(job)
            self._tidy.look_beside(self._workers)
            self._look_ahead()
        return soonest

    def _refresh(self) -> None:
        for record in self._bench.journal.refresh():
            if record.get("do") == "resume":
                self._calm_until = 0.0
            self._on_record(record)

    def _collect(self) -> None:
        for job in [job for job, future in self._busy.items() if future.done()]:
            self._busy.pop(job).result()

    def _lanes_of(self, config: Config) -> None:
        """A lane for each site that the rules name; settings that are missing open its breaker, with the cure."""
        self.desks.follow(config)
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

    def _begin(self, job: Job) -> None:
        """Hand a due job to a worker, unless its lane is taken or stopped."""
        lane = self.lanes.get(job.site)
        if lane is None or (self._bench.tracker(job) is None and job.state is not State.SEEDING):
            self._bench.write(job, removed(job))
            return
        if job.state is State.SEEDING and (
            lane.busy or lane.closed or not (pending(job) or has_moderators(job, self._bench))
        ):
            self._hand(job, lane, False)
            return
        if lane.busy or lane.closed or (job.state in LIMITED and self._agenda.limit_wait(job.site) > 0):
            return
        stays = held_back(job, self._bench)
        if stays is not None:
            self._bench.write(job, stays)
            return
        lane.busy = True
        self._hand(job, lane, True)

    def _look_ahead(self) -> None:
        """What waits for an approval gets the numbers that its form lacks; meanwhile no command changes it."""
        job = self._ahead.next(self._free)
        if job is not None:
            self._hand(job, self.lanes[job.site], False)

    def _free(self, job: Job) -> bool:
        """Whether no worker has it, its tracker is in the rules, and it is among those that are worked on."""
        chosen = self._only is None or job.job in self._only
        return chosen and job.job not in self._busy and self._bench.tracker(job) is not None and job.site in self.lanes

    def _hand(self, job: Job, lane: Lane, takes_lane: bool) -> None:
        self._hands.take(job.job)
        self._busy[job.job] = self._workers.submit(self._work, job, lane, takes_lane)

    def _ask(self, command: Mapping[str, object]) -> None:
        """A command that needs the site's word is answered by a worker: it takes the lanes that it is about."""
        lanes = self._orders.lanes_of(command)
        if any(lane.busy for lane in lanes):
            return
        for lane in lanes:
            lane.busy = True
        future = self._workers.submit(self._asked, command, lanes)
        self._busy |= dict.fromkeys(ids_of(command) or [f"command {command['seq']}"], future)

    def _asked(self, command: Mapping[str, object], lanes: Sequence[Breaker]) -> None:
        try:
            self._orders.answer(command)
        except (NotNow, Unknown) as error:
            self._not_now(error)
        finally:
            for lane in lanes:
                lane.busy = False
            self._bench.wake.set()

    # One job in a worker's hands

    def _work(self, job: Job, lane: Lane, takes_lane: bool) -> None:
        try:
            self._step(job, lane, takes_lane)
            after = self._bench.journal.ledger.jobs[job.job]
            if after.state is State.SENDING:  # whatever came in between: it must not be taken for in flight for ever
                self._written(after, unconfirmed(after, "crash", "the attempt ended without an outcome"))
        except Exception as error:  # noqa: BLE001  a job that crashes its worker must not stop the loop
            self._crashed(job, error)
        finally:
            self._hands.let_go(job.job)
            if takes_lane:
                lane.busy = False
            self._bench.wake.set()

    def _step(self, job: Job, lane: Lane, takes_lane: bool) -> None:
        """Take a job one step further and write what came of it."""
        bench = self._bench
        try:
            step = self._taken(job, lane, takes_lane)
        except Unavailable as error:
            if error.code not in OF_ONE_JOB:
                lane.outage(error)
                return
            step = bench.again(job, job.state, error.code, redact(error.text))
        except (NotAuthorised, SettingsError) as error:
            lane.refused(error)
            return
        except ClientAway as error:
            step = bench.again(job, job.state, "client-away", str(error))
        except OF_FILES as error:
            if out_of_files(error):
                raise
            step = after_fault(job, error, bench)
        except HashingStopped:
            return
        except (NotNow, Unknown) as error:
            self._not_now(error)
            return
        if step is not None:
            self._written(job, step if not job.rest.get("crashes") else {"crashes": None, **step})

    def _taken(self, job: Job, lane: Lane, takes_lane: bool) -> Step | None:
        bench = self._bench
        if job.state is State.HELD:
            return self._ahead.look(job, lane)
        if job.state is State.QUEUED:
            return self._lane_worked(lane, prepare(job, lane, bench, self.lanes, self.desks))
        if job.state is State.PREPARED:
            return publish(job, lane, bench) if self._strays.none_before(lane.site) else None
        if job.state is State.UNCONFIRMED:
            watched = self._vigils.setdefault(job.job, vigil(job, lane))
            looked = self._lane_worked(lane, reconcile(job, watched, lane, bench))
            if looked["state"] is not State.UNCONFIRMED:
                del self._vigils[job.job]
            return looked
        if job.state is State.UPLOADED:
            step = follow if job.registered and bench.seed(job).client is None else register
            return self._lane_worked(lane, step(job, lane, bench))
        return self._seen(watch(job, bench), job, lane, takes_lane)

    def _seen(self, step: Step, job: Job, lane: Lane, takes_lane: bool) -> Step:
        """A job is done once what follows its upload is; seeding comes first, and waits for none of it."""
        if step["state"] is State.SEEDING and takes_lane and has_moderators(job, self._bench):
            return self._lane_worked(lane, moderated(job, step, lane, self._bench))
        if step["state"] is not State.DONE or not pending(job):
            return step
        if takes_lane:
            return self._lane_worked(lane, follow(job, lane, self._bench))
        return {"state": State.SEEDING, "not_before": self._bench.at(LANE_WAIT)}

    def _lane_worked(self, lane: Lane, step: Step) -> Step:
        lane.worked()
        return step

    def _written(self, job: Job, step: Step) -> None:
        """Write a step. What a POST already did is kept trying: nothing else starts here until it is on disk."""
        after = self._bench.journal.ledger.jobs[job.job]
        outcome = after.state is State.SENDING
        while True:
            try:
                self._bench.write(after, step, outcome=outcome)
                return
            except (NotNow, Unknown) as error:
                self._not_now(error)
                if not outcome:
                    return
                self._bench.clock.wait(1.0)

    def _why_stopped(self) -> str:
        """Why nothing may begin: a journal that can't be trusted, or no room for what must be written after a POST."""
        journal, now = self._bench.journal, self._bench.clock.running()
        if journal.trouble:
            return self._strays.told or journal.trouble
        if now < self._calm_until:
            return CRASH_LOOP
        if now < self._full_until:
            return self.stopped
        if not journal.room():
            self._disk_is_full("there is not room enough for what must be written after an upload")
            return DISK_FULL
        return ""

    def _not_now(self, error: NotNow | Unknown) -> None:
        """The journal takes nothing now, or does not confirm it: then it stands in the file, and is surely so later."""
        if isinstance(error, LockHeld):
            self._halt("journal-locked: uploads go on by themselves when another process lets go of it", str(error))
        elif isinstance(error, DiskFull):
            self._disk_is_full(str(error))
        elif out_of_files(error):
            self._halt(OUT_OF_FILES, str(error))
        else:
            self._halt("journal-refused: uploads go on by themselves when the disk takes records again", str(error))

    def _disk_is_full(self, why: str) -> None:
        self._halt(DISK_FULL, why)

    def _halt(self, stopped: str, why: str) -> None:
        """Begin nothing for a while; then look again."""
        self._full_until = self._bench.clock.running() + FULL_WAIT
        if not self.stopped:
            log.error("uploader.stopped", why=f"{stopped} ({why})")
        self.stopped = stopped

    def _crashed(self, job: Job, error: Exception) -> None:
        """A job that failed in a way that nobody foresaw. The loop goes on."""
        after = self._bench.journal.ledger.jobs[job.job]
        why = redact(f"{type(error).__name__}: {error}")
        expected = isinstance(error, SeedpostError)
        log.error("job.crashed", job=job.job, tracker=job.tracker, why=why, exc_info=not expected)
        if after.state is State.SENDING:
            self._written(after, unconfirmed(after, "crash", why))
        elif out_of_files(error):  # no fault of the job's: nothing is begun for a while
            self._halt(OUT_OF_FILES, why)
        elif after.state in LIVE:
            self._written(after, self._after_crash(after, why))

    def _after_crash(self, job: Job, why: str) -> Step:
        """Three times in a row is a poisoned job: a person looks at it. Until then it is tried again, a while later."""
        count = int(job.rest.get("crashes") or 0) + 1
        if count >= CRASHES:
            step = held(job, "crashed", why, back_to=job.state, open=job.state is State.UNCONFIRMED)
            return step | {"crashes": None}
        return {**self._bench.again(job, job.state, "crashed", why), "crashes": count}
