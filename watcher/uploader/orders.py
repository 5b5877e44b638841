"""Commands that wait in the journal, answered one after the other; where the site has to be asked first, it is."""

from __future__ import annotations

from collections.abc import Container, Mapping

from trackers.clock import utc_seconds
from trackers.errors import NotAuthorised, SettingsError, Unavailable
from watcher.jobs import Job, State
from watcher.logs import redact
from watcher.uploader.bench import Bench, record_of
from watcher.uploader.commands import Reply, obey
from watcher.uploader.lane import Lane
from watcher.uploader.reconcile import reconcile, vigil


class Orders:
    """Belongs to the loop: it alone answers, between two steps of a job."""

    def __init__(self, bench: Bench, lanes: Mapping[str, Lane]) -> None:
        self._bench, self._lanes = bench, lanes

    def obey(self, busy: Container[str]) -> None:
        """Answer what waits; a command on a job that a worker has in hands waits for the next turn."""
        for command in list(self._bench.journal.ledger.commands):
            self._obey(command, busy)

    def _obey(self, command: Mapping[str, object], busy: Container[str]) -> None:
        """Answer one command that waits in the journal; those of the first half are left to it."""
        do = str(command["do"])
        if do in ("look", "redecide"):
            return
        if do in ("pause", "resume"):
            self._answer(command, [self._paused(command)])
            return
        jobs = command.get("jobs")
        ids = [str(one) for one in jobs] if isinstance(jobs, list) else []
        if any(one in busy for one in ids):
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
        lane = self._lanes.get(job.site)
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
        lanes = [lane for lane in self._lanes.values() if name in (None, lane.name, lane.site)]
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
