"""Commands that wait in the journal, answered one after the other; where the site has to be asked first, it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Mapping

from trackers.base import Absent, CannotTell, Form, Found, Problem
from trackers.clock import utc_seconds
from trackers.errors import NotAuthorised, Refused, SettingsError, Unavailable
from watcher.jobs import ImpossibleMove, Job, State, first_half
from watcher.journal import BlobLost
from watcher.logs import log, redact
from watcher.release import facts_of
from watcher.rules import amended, check_edit
from watcher.torrents import OutOfFiles
from watcher.uploader.bench import Bench, record_of
from watcher.uploader.breaker import Breaker
from watcher.uploader.commands import Reply, obey, request_for, standing, unfit
from watcher.uploader.covers import drafted
from watcher.uploader.desks import Desks
from watcher.uploader.extras import fill_now
from watcher.uploader.faults import OF_FILES
from watcher.uploader.lane import Lane
from watcher.uploader.prepare import noted, problems_of
from watcher.uploader.reconcile import one_look

PAUSES = ("pause", "resume")
UNFORESEEN = (ArithmeticError, LookupError, TypeError, ValueError, RecursionError, MemoryError)


class Orders:
    """Belongs to the loop: it alone answers, between two steps of a job."""

    def __init__(self, bench: Bench, lanes: Mapping[str, Lane], desks: Desks) -> None:
        self._bench, self._lanes, self._desks = bench, lanes, desks

    def obey(self, busy: Container[str]) -> list[Mapping[str, object]]:
        """Answer what waits, but for a job that a worker has in hands. Returns those that need the site's word."""
        asking, sources = [], self._bench.config().sources
        for command in self._bench.journal.ledger.commands:
            if first_half(command, sources) or any(id in busy for id in ids_of(command)):
                continue  # not ours; or at a later turn, when the hands are off it
            if command["do"] in ("resolve", "forget") or self._checks_a_key(command) or self._fills(command):
                asking.append(command)
            else:
                self.answer(command)
        return asking

    def answer(self, command: Mapping[str, object]) -> None:
        """Answer one command; its effects and the answer are one write."""
        try:
            replies = [self._paused(command)] if command["do"] in PAUSES else self._each(command)
            self._answer(command, replies)
        except (*OF_FILES, OutOfFiles) as error:  # nothing was sent: it can be said again
            self._answer(command, [Reply("refused", f"{error}; {error.hint}" if error.hint else str(error))])
        except (ImpossibleMove, BlobLost, *UNFORESEEN) as error:
            log.error("command.failed", do=command["do"], why=str(error), exc_info=isinstance(error, UNFORESEEN))
            self._answer(command, [Reply("refused", f"{type(error).__name__}: {error}")])

    def _each(self, command: Mapping[str, object]) -> list[Reply]:
        return [self._obeyed(command, id) for id in ids_of(command)] or [Reply("refused", "it names no job")]

    def _obeyed(self, command: Mapping[str, object], id: str) -> Reply:
        job = self._bench.journal.ledger.jobs.get(id)
        if job is None:
            return Reply("refused", f"no job {id}")
        request = request_for(command, job)
        if request is not None:
            return self._filled(job, request)
        if command["do"] == "approve":
            command = {**command, "with": self._shown(job) | dict(_given(command))}
        elif command["do"] == "edit":
            command = {**command, "with": self._judged(job, _given(command))}
        reply = obey(command, job)
        return self._asked(job, reply) if reply.result == "ask" else reply

    def _judged(self, job: Job, given: Mapping[str, object]) -> dict[str, object]:
        """An edit with what its rule says of it: the whole `set`, what `require` still wants, what the form lacks."""
        change, rest = given.get("set"), job.rest
        if not isinstance(change, Mapping) or not change:
            return {}
        unfilled = rest.get("unfilled")
        slots = unfilled if isinstance(unfilled, Mapping) else {}
        facts = facts_of(self._bench.release(job))
        whole, failed = check_edit(
            rest.get("require") or (), slots, amended(job.set or {}, change), facts, self._desks.tells
        )
        lacking = self._lacking(dataclasses.replace(job, set=whole))
        edits = rest.get("edits")
        return {
            "set": whole,
            "edits": amended(edits if isinstance(edits, Mapping) else {}, change),
            "lacks": "; ".join(map(str, failed)),
            "unfit": problems_of(unfit(change, lacking)),
            "form": problems_of(lacking),
        }

    def _lacking(self, job: Job) -> list[Problem]:
        """What a job's form would be refused for, as far as that can be told without asking the site."""
        lane, bench = self._lanes.get(job.site), self._bench
        try:
            form = drafted(lane.tracker(), bench.content(job), bench.own_keys(job)) if lane is not None else None
        except SettingsError:
            return []
        return form if isinstance(form, list) else []

    def _shown(self, job: Job) -> dict[str, object]:
        """The form that an approval is for: the one the job was held with, else what would be sent now."""
        shown = self._bench.journal.load(job.rest.get("shown"))
        if isinstance(shown, Mapping):
            return {"digest": Form.from_json(shown).digest}
        lane, bench = self._lanes.get(job.site), self._bench
        try:
            form = drafted(lane.tracker(), bench.content(job), bench.own_keys(job)) if lane is not None else None
        except SettingsError:
            form = None
        if not isinstance(form, Form):
            return {}
        return {"digest": form.digest, "shown": noted(form, self._bench.staging(job)).as_json()}

    def _asked(self, job: Job, asked: Reply) -> Reply:
        """One `find` pass before a person's word counts: refused if the site shows something else than they say."""
        lane, question = self._lanes.get(job.site), asked.why
        if not job.infohash:
            return Reply("refused", f"{job.job} was never looked for: seedpost queue retry {job.job}")
        if lane is None or lane.closed:
            return Reply("refused", f"{job.tracker} can't be asked now")
        try:
            found = one_look(job, lane, self._bench)
        except (Unavailable, NotAuthorised, SettingsError) as error:
            return Reply("refused", f"{job.tracker} can't be asked now: {redact(error.text)}")
        if question == "uploaded":
            return _confirmed(found, asked)
        if isinstance(found, Found):
            return Reply("refused", f"the site shows it: {found.receipt.url}")
        return self._sent_again(job, question, found)

    def _filled(self, job: Job, request: str) -> Reply:
        """A user's request filled with an upload that stands. What failed is not tried again by itself."""
        lane = self._lanes.get(job.site)
        if lane is None or lane.closed:
            return Reply("refused", f"{job.tracker} can't be asked now")
        try:
            step = fill_now(job, lane, self._bench, request)
        except Refused as error:
            return Reply("refused", redact(error.text))
        except (Unavailable, NotAuthorised, SettingsError) as error:
            return Reply("refused", f"{job.tracker} can't be asked now: {redact(error.text)}")
        return Reply("done", f"request {request} is filled", (record_of(job, {**standing(job), **step}),))

    def _fills(self, command: Mapping[str, object]) -> bool:
        jobs = self._bench.journal.ledger.jobs
        return any(request_for(command, jobs[id]) is not None for id in ids_of(command) if id in jobs)

    def _sent_again(self, job: Job, question: str, found: Absent | CannotTell) -> Reply:
        """It is not there, by a person's word, and as far as the site tells."""
        seen = ("absent", found.canary) if isinstance(found, Absent) else ("void", None)
        look = {"time": self._bench.at(0), "canary": seen[1], "answer": seen[0]}
        after = {"state": State.QUEUED, "resolved": question, "unknowns": 0, "passes": [look], "proof": "by hand"}
        if question == "deleted":
            return Reply("done", records=(record_of(job, after | {"forget": True}),))
        if job.state is State.DUPLICATE:
            return Reply("done", records=(record_of(job, after),))
        return Reply("done", records=(record_of(job, {"state": State.UNCONFIRMED}), record_of(job, after)))

    def _paused(self, command: Mapping[str, object]) -> Reply:
        """`pause` and `resume` of one tracker or look-up service, or of all trackers."""
        lanes, until = self.lanes_of(command), _given(command).get("until")
        if not lanes:
            named = command.get("tracker")
            return Reply("refused", f"no tracker, client, folder or look-up service is called {named}")
        if command["do"] == "resume":
            still = [why for lane in lanes if (why := _resumed(lane))]
            return Reply("refused" if still else "done", "; ".join(still))
        for lane in lanes:
            lane.stop("paused", "paused by hand", until=utc_seconds(str(until)) if until else None)
        return Reply("done")

    def lanes_of(self, command: Mapping[str, object]) -> list[Breaker]:
        """The lanes that a command is about: those of its jobs, or of the tracker or service it names; with no name,
        all there are."""
        if command["do"] in PAUSES:
            named = command.get("tracker")
            desks = self._desks.values() if named or command["do"] == "resume" else ()
            return [one for one in (*self._lanes.values(), *desks) if named in (None, one.name, one.site)]
        jobs = self._bench.journal.ledger.jobs
        sites = {jobs[id].site for id in ids_of(command) if id in jobs}
        return [lane for site, lane in self._lanes.items() if site in sites]

    def _checks_a_key(self, command: Mapping[str, object]) -> bool:
        return command["do"] == "resume" and any(_in_doubt(lane) for lane in self.lanes_of(command))

    def _answer(self, command: Mapping[str, object], replies: list[Reply]) -> None:
        """Write what a command did and that it was answered, in one write."""
        records = [record for reply in replies for record in reply.records]
        results = {reply.result for reply in replies}
        result = "done" if results == {"done"} else "kept" if results <= {"done", "kept"} else "refused"
        why = "; ".join(reply.why for reply in replies if reply.why)
        answer = {"type": "command", "do": "answer", "of": command["seq"], "result": result, "why": why}
        self._bench.journal.append([*records, answer])


def _confirmed(found: Found | Absent | CannotTell, asked: Reply) -> Reply:
    """A person names the torrent: believed, unless the site shows another under our info-hash, or somebody else's."""
    said = str(asked.records[-1]["torrent_id"])
    if isinstance(found, Found) and found.ours is False:
        return Reply("refused", f"what the site shows is {found.uploader or 'somebody else'}'s: {found.receipt.url}")
    if isinstance(found, Found) and found.receipt.torrent_id != said:
        return Reply("refused", f"the site shows it as {found.receipt.torrent_id}: {found.receipt.url}")
    return Reply("done", records=asked.records)


def _in_doubt(lane: Breaker) -> bool:
    """Whether a lane was stopped for something that a person may have mended: the site is asked whether they did."""
    record = lane.breaker
    return record is not None and not record.get("until") and record.get("code") != "paused"


def _resumed(lane: Breaker) -> str:
    """Open a lane again; what is in doubt only after the site took the key. Why not, if not."""
    doubt = _in_doubt(lane)
    lane.forget()
    try:
        if doubt:
            lane.prove()
    except (NotAuthorised, SettingsError, Unavailable) as error:
        return f"{lane.name} stays stopped: {redact(error.text)}"
    lane.start()
    return ""


def ids_of(command: Mapping[str, object]) -> list[str]:
    """The jobs a command names."""
    jobs = command.get("jobs")
    return [str(id) for id in jobs] if isinstance(jobs, list) else []


def _given(command: Mapping[str, object]) -> Mapping[str, object]:
    given = command.get("with")
    return given if isinstance(given, Mapping) else {}
