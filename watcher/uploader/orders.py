"""Commands that wait in the journal, answered one after the other; where the site has to be asked first, it is."""

from __future__ import annotations

from collections.abc import Container, Mapping

from trackers.base import Form
from trackers.clock import utc_seconds
from trackers.errors import NotAuthorised, SettingsError, Unavailable
from watcher.jobs import Job, State
from watcher.logs import redact
from watcher.uploader.bench import Bench, own_keys, record_of
from watcher.uploader.commands import Reply, obey
from watcher.uploader.lane import Lane
from watcher.uploader.prepare import drafted
from watcher.uploader.reconcile import reconcile, vigil

FIRST_HALF = ("look", "redecide")  # answered by intake


class Orders:
    """Belongs to the loop: it alone answers, between two steps of a job."""

    def __init__(self, bench: Bench, lanes: Mapping[str, Lane]) -> None:
        self._bench, self._lanes = bench, lanes

    def obey(self, busy: Container[str]) -> list[Mapping[str, object]]:
        """Answer what waits, but for a job that a worker has in hands. Returns those that need the site's word."""
        asking = []
        for command in list(self._bench.journal.ledger.commands):
            do = str(command["do"])
            if do in FIRST_HALF or any(id in busy for id in ids_of(command)):
                continue  # at a later turn, when the hands are off it
            if do in ("resolve", "forget"):
                asking.append(command)
            else:
                self.answer(command)
        return asking

    def answer(self, command: Mapping[str, object]) -> None:
        """Answer one command; its effects and the answer are one write."""
        if command["do"] in ("pause", "resume"):
            self._answer(command, [self._paused(command)])
            return
        replies = [self._obeyed(command, id) for id in ids_of(command)]
        self._answer(command, replies or [Reply("refused", "it names no job")])

    def _obeyed(self, command: Mapping[str, object], id: str) -> Reply:
        job = self._bench.journal.ledger.jobs.get(id)
        if job is None:
            return Reply("refused", f"no job {id}")
        if command["do"] == "approve":
            command = {**command, "with": self._shown(job) | dict(_given(command))}
        reply = obey(command, job)
        return self._asked(job, reply.why) if reply.result == "ask" else reply

    def _shown(self, job: Job) -> dict[str, object]:
        """The form that an approval is for: the one the job was held with, else what would be sent now."""
        shown = job.rest.get("shown")
        if isinstance(shown, Mapping):
            return {"digest": Form.from_json(shown).digest}
        lane = self._lanes.get(job.site)
        try:
            form = drafted(lane.tracker(), self._bench.content(job), own_keys(job)) if lane is not None else None
        except SettingsError:
            form = None
        return {"digest": form.digest, "shown": form.as_json()} if isinstance(form, Form) else {}

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
        name, until = command.get("tracker"), _given(command).get("until")
        lanes = [lane for lane in self._lanes.values() if name in (None, lane.name, lane.site)]
        if not lanes:
            return Reply("refused", f"no tracker {name}")
        for lane in lanes:
            if command["do"] == "pause":
                lane.stop("paused", "paused by hand", until=utc_seconds(str(until)) if until else None)
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


def ids_of(command: Mapping[str, object]) -> list[str]:
    """The jobs a command names."""
    jobs = command.get("jobs")
    return [str(id) for id in jobs] if isinstance(jobs, list) else []


def _given(command: Mapping[str, object]) -> Mapping[str, object]:
    given = command.get("with")
    return given if isinstance(given, Mapping) else {}
