"""`seedpost queue review`: what waits for a person, a job a screen, and one key for each answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import click

from trackers.clock import Clock
from watcher.cli.keys import any_key, key_of
from watcher.cli.options import Place
from watcher.cli.queue import Chosen, typed
from watcher.cli.show import note, say, show_facts, show_form, size
from watcher.config import Config, load
from watcher.errors import OK, USAGE, SeedpostError
from watcher.jobs import A_PERSON_DECIDES, Job, State
from watcher.journal import Journal
from watcher.rules import described
from watcher.secrets import Secrets
from watcher.service.choosing import Filter, chosen
from watcher.service.drafts import Draft, Drafts


def drafts_of(place: Place, journal: Journal) -> Drafts:
    """The drafts by the rules in force; without rules that can be read, what the journal holds."""
    state, clock = place.state_folder(), Clock()
    config: Config | None = None
    try:
        config = load(place.rules_file())
    except SeedpostError as error:
        note(f"the form can't be made anew: {str(error).splitlines()[0]}")
    return Drafts(journal, config, Secrets(state, os.environ, clock=clock), state=state, clock=clock)


@dataclass
class Review:
    """One walk through the jobs."""

    place: Place
    journal: Journal
    drafts: Drafts
    done: dict[str, int] = field(default_factory=dict)  # what was answered how often

    def walk(self, jobs: Sequence[Job]) -> None:
        """Show each, and ask until it is answered or left."""
        for number, job in enumerate(jobs, 1):
            if not self._one(job.job, f"{number} of {len(jobs)}"):
                break
        told = ", ".join(f"{count} {what}" for what, count in self.done.items())
        say(f"\n{told or 'nothing was changed'}")

    def _one(self, id: str, place: str) -> bool:
        """False to stop the walk."""
        while True:
            self.journal.refresh()
            job = self.journal.ledger.jobs[id]
            if not _waits(job):
                return True  # edited, and gone on its way
            draft = self.drafts.of(job)
            click.clear()
            self._show(job, draft, place)
            answer = key_of(_keys(job))
            if answer in ("skip", "quit"):
                return answer == "skip"
            if answer == "edit":
                self._edit(job)
                continue
            self._tell(job, answer, draft)
            return True

    def _show(self, job: Job, draft: Draft, place: str) -> None:
        """What is asked stands last, above its keys: of a form longer than the screen the top is what scrolls away."""
        release = self.journal.ledger.releases.get(job.release, {})
        say("facts")
        show_facts(described(draft.facts))
        if draft.form is not None:
            show_form(draft.form.as_json(), f"the form for {job.tracker}")
        for problem in draft.problems:
            say(f"\nno form: {problem}")
        decision = release.get("decision")
        rule = decision.get("rule") if isinstance(decision, Mapping) else None
        say(f"\n{place} · {job.tracker} · {job.code or job.state} · job {job.job}")
        say(str(release.get("name", "")))
        say(f"{release.get('path', '')}  ({release.get('files', '?')} files, {size(int(release.get('size') or 0))})")
        say(f"rule {rule!r}" if rule else "by hand")
        say(f"why: {job.why or 'mode dry_run: nothing is uploaded until you approve'}")

    def _edit(self, job: Job) -> None:
        text = click.prompt("field=value (several with ;  · empty: back)", default="", show_default=False)
        change = dict(part.strip().split("=", 1) for part in text.split(";") if "=" in part)
        if change:
            try:
                given = {key: typed(key, value) for key, value in change.items()}
            except SeedpostError as error:
                say(str(error))
                any_key()
                return
            wrong = self.drafts.unfit(job, given)
            if wrong:
                say(wrong)
                any_key()
                return
            self._told("edited", job, "edit", {"set": given})

    def _tell(self, job: Job, do: str, draft: Draft) -> None:
        given: dict[str, object] = {}
        if do == "approve" and draft.form is not None:
            given = {"digest": draft.form.digest, "shown": draft.form.as_json()}
        self._told({"approve": "approved", "cancel": "cancelled", "retry": "tried again"}[do], job, do, given)

    def _told(self, what: str, job: Job, do: str, given: dict[str, object]) -> None:
        if Chosen([job.job]).tell(self.place, do, given) == OK:
            self.done[what] = self.done.get(what, 0) + 1
        else:
            any_key()


def _waits(job: Job) -> bool:
    return job.state in (State.HELD, State.DRY_RUN)


def _keys(job: Job) -> dict[str, tuple[str, str]]:
    """key: (answer, what it says)."""
    keys = {"s": ("skip", "skip"), "q": ("quit", "quit")}
    if job.open:
        return {"l": ("retry", "look again on the site")} | keys
    yes = (
        ("approve", "approve") if job.state is State.DRY_RUN or job.code in A_PERSON_DECIDES else ("retry", "try again")
    )
    return {"y": yes, "n": ("cancel", "never upload it"), "e": ("edit", "edit")} | keys


def review(place: Place, wanted: Filter) -> int:
    """Walk through what is held or dry_run, grouped by its reason. Needs a terminal."""
    if place.json:
        hint = "seedpost queue list --state held --json; seedpost queue show JOB --json has its form"
        raise SeedpostError("review asks, and has no --json", hint=hint, exit_code=USAGE)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise SeedpostError(
            "review asks, and there is no terminal",
            hint="seedpost queue list --state held, then queue approve JOB",
            exit_code=USAGE,
        )
    journal = place.journal()
    jobs = [job for job in chosen(journal.ledger, wanted) if _waits(job)]
    if not jobs:
        say("nothing waits for you")
        return OK
    Review(place, journal, drafts_of(place, journal)).walk(sorted(jobs, key=lambda job: (job.code or "", job.born)))
    return OK
