"""`seedpost queue`: the jobs, and what a person may do. A verb is a line in the journal; the loop obeys it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from trackers.clock import Clock
from watcher.cli.completion import job_ids
from watcher.cli.history import show
from watcher.cli.listing import list_jobs
from watcher.cli.options import Place, pass_place, pass_place_by_name, with_filter, with_place
from watcher.cli.show import as_json, note, say
from watcher.errors import FAILED, OK, USAGE, SeedpostError
from watcher.jobs import Job, Ledger
from watcher.journal import Journal
from watcher.service import view
from watcher.service.choosing import Filter, chosen, found

if TYPE_CHECKING:
    pass


@click.group()
@with_place
def queue() -> None:
    """The jobs: one for each release and site."""


queue.add_command(list_jobs)
queue.add_command(show)


def _read(place: Place) -> Journal:
    return place.journal()


def answered(place: Place, journal: Journal, seq: int, what: str) -> int:
    """Wait a moment for the loop's answer to a command; print it."""
    clock, beat, answer = Clock(), view.heartbeat(place.state_folder()), None
    if beat is not None and view.alive(beat, clock):
        for _ in range(120):
            answer = next((r for r in journal.refresh() if r.get("do") == "answer" and r.get("of") == seq), None)
            if answer is not None:
                break
            clock.wait(0.1)
    result = str(answer["result"]) if answer else "waiting"
    later = "it is in the journal, and the daemon obeys it as soon as its hands are off the job"
    if beat is None or not view.alive(beat, clock):
        later = "it is in the journal and is obeyed when the daemon runs"
    why = str(answer.get("why") or "") if answer else later
    if place.json:
        as_json({"command": seq, "result": result, "why": why})
    else:
        say(f"{what}: {result}{': ' + why if why else ''}")
    return FAILED if result == "refused" else OK


@dataclass(frozen=True)
class Chosen:
    """The jobs a command is for: ids, and a filter."""

    ids: Sequence[str]
    wanted: Filter | None = None

    def tell(self, place: Place, do: str, given: dict[str, object]) -> int:
        """Write the command for these jobs and say what came of it."""
        journal = Journal.open(place.state_folder())
        ids = [job.job for job in self.jobs(journal.ledger)]
        command = {"type": "command", "do": do, "jobs": ids, "with": given}
        (seq,) = journal.append([command])
        return answered(place, journal, seq, f"{do} {', '.join(ids)}")

    def jobs(self, ledger: Ledger) -> list[Job]:
        """Each once. Raises SeedpostError if there are none."""
        jobs = [found(ledger, id) for id in self.ids]
        if self.wanted:
            jobs += chosen(ledger, self.wanted)
        if not jobs:
            hint = "name ids, or choose with --state, --tracker, --code, --rule, --kind"
            raise SeedpostError("no job was named", hint=hint, exit_code=USAGE)
        return list({job.job: job for job in jobs}.values())


def on_jobs(command: Callable[..., int]) -> Callable[..., int]:
    """Ids and filters, handed over as `chosen`."""

    @functools.wraps(command)
    def with_chosen(ids: Sequence[str], wanted: Filter, **rest: object) -> int:
        return command(chosen=Chosen(ids, wanted), **rest)

    wrapped: Callable[..., int] = pass_place_by_name(with_chosen)
    return with_filter(click.argument("ids", nargs=-1, metavar="JOB…", shell_complete=job_ids)(wrapped))


@queue.command()
@with_filter
@pass_place
def review(place: Place, wanted: Filter) -> int:
    """Walk through what waits for you, a job a screen: its facts, its form; y, n, e (edit), s (skip)."""
    from watcher.cli.review import review as walk  # composing wants rules and trackers

    return walk(place, wanted)


@queue.command()
@on_jobs
def retry(place: Place, chosen: Chosen) -> int:
    """Try again now; for a job whose outcome is unknown: look again."""
    return chosen.tell(place, "retry", {})


@queue.command()
@click.option("--reason", help="Why a duplicate or cancelled job should go out all the same.")
@on_jobs
def approve(place: Place, chosen: Chosen, reason: str | None) -> int:
    """Let a held, dry-run, duplicate or cancelled job go out."""
    return chosen.tell(place, "approve", {"reason": reason} if reason else {})


@queue.command()
@click.option("--reason", help="For the record.")
@on_jobs
def cancel(place: Place, chosen: Chosen, reason: str | None) -> int:
    """Never upload it."""
    return chosen.tell(place, "cancel", {"reason": reason} if reason else {})


@queue.command()
@on_jobs
def redecide(place: Place, chosen: Chosen) -> int:
    """Apply the rules in force to jobs that were not sent."""
    return chosen.tell(place, "redecide", {})


@queue.command()
@click.option("--to", "priority", type=int, default=1, show_default=True, help="Higher is sooner.")
@on_jobs
def prioritise(place: Place, chosen: Chosen, priority: int) -> int:
    """Take it before others."""
    return chosen.tell(place, "prioritise", {"priority": priority})


@queue.command()
@click.option("--release", "all_sites", is_flag=True, help="Also for the release's jobs on other trackers.")
@on_jobs
def edit(place: Place, chosen: Chosen, all_sites: bool) -> int:
    """Set fields: `queue edit JOB music.year=1999 tags.add=live,1999`.

    Of an upload that stands already only `request=ID` may be said: that user's request is filled with it at once.
    """
    change = dict(word.split("=", 1) for word in chosen.ids if "=" in word)
    jobs = replace(chosen, ids=[word for word in chosen.ids if "=" not in word])
    if not change:
        hint = "seedpost queue edit JOB music.year=1999; `seedpost rules fields` lists the fields"
        raise SeedpostError("nothing to change was given", hint=hint, exit_code=USAGE)
    if all_sites:
        jobs = replace(jobs, ids=_of_release(_read(place).ledger, jobs.ids))
    said = {key: typed(key, text) for key, text in change.items()}
    _fit(place, jobs, said)
    return jobs.tell(place, "edit", {"set": said})


@queue.command()
@click.option("--uploaded", metavar="ID|URL", help="It is on the site, as this torrent.")
@click.option("--absent", is_flag=True, help="It is not there and may be sent again. The site is asked first.")
@click.option("--yes", is_flag=True, help="Do not ask for the typed confirmation.")
@on_jobs
def resolve(place: Place, chosen: Chosen, uploaded: str | None, absent: bool, yes: bool) -> int:
    """Say what came of an upload whose answer was lost."""
    if bool(uploaded) == absent:
        raise SeedpostError("say one of --uploaded ID|URL and --absent", exit_code=USAGE)
    if uploaded:
        if not yes:
            _confirmed(f"the upload is on the site as {uploaded}", "uploaded", "it is never uploaded")
        return chosen.tell(place, "resolve", {"uploaded": _torrent_id(uploaded), "url": _page(uploaded)})
    if not yes:
        _confirmed("the upload is not on the site", "absent", "it is uploaded twice")
    return chosen.tell(place, "resolve", {"absent": True})


@queue.command()
@click.option("--deleted-on-site", is_flag=True, required=True, help="The site deleted it. The site is asked first.")
@click.option("--yes", is_flag=True, help="Do not ask for the typed confirmation.")
@on_jobs
def forget(place: Place, chosen: Chosen, deleted_on_site: bool, yes: bool) -> int:
    """Allow a done job to be uploaded again, after the site deleted it."""
    if not yes:
        _confirmed("the site deleted the upload", "deleted", "it is uploaded twice")
    return chosen.tell(place, "forget", {"deleted": deleted_on_site})


def _of_release(ledger: Ledger, ids: Sequence[str]) -> list[str]:
    """The jobs, and those of the same releases that may still be edited."""
    from watcher.uploader.commands import editable

    named = [found(ledger, id) for id in ids]
    others = [other for job in named for other in ledger.jobs_of(job.release) if editable(other)]
    return list(dict.fromkeys(job.job for job in (*named, *others)))


def _fit(place: Place, jobs: Chosen, change: dict[str, object]) -> None:
    """Raise SeedpostError for a value that a job's form would be refused for: a daemon that is down can't say so."""
    from watcher.cli.review import drafts_of  # composing wants rules and trackers
    from watcher.uploader.commands import editable

    journal = _read(place)
    drafts = drafts_of(place, journal)
    wrong = {job.job: drafts.unfit(job, change) for job in jobs.jobs(journal.ledger) if editable(job)}
    told = "; ".join(f"{id}: {why}" for id, why in wrong.items() if why)
    if told:
        hint = "nothing was changed; `seedpost rules fields --tracker NAME` lists a form's keys and their words"
        raise SeedpostError(told, hint=hint, exit_code=USAGE)


def typed(key: str, text: str) -> object:
    """The value of `key=text` as the field takes it. Raises SeedpostError."""
    from watcher.rules.settings import typed as as_field  # the fields' types; other verbs need no rules

    try:
        return as_field(key, text)
    except ValueError as error:
        raise SeedpostError(
            f"{key}={text}: {error}", hint="`seedpost rules fields` lists them", exit_code=USAGE
        ) from error


def _confirmed(what: str, word: str, wrong: str) -> None:
    """A typed word, on a terminal alone: a second upload of the same thing can cost an account."""
    if not sys.stdin.isatty():
        raise SeedpostError("this needs a typed confirmation, and there is no terminal", hint="--yes stands for it")
    note(f"You say that {what}. If that is wrong, {wrong}.")
    if click.prompt(f"Type {word} to go on", default="", show_default=False) != word:
        raise SeedpostError("not confirmed; nothing was changed")


def _torrent_id(text: str) -> str:
    from urllib.parse import parse_qs, urlsplit  # rarely needed

    if "://" not in text:
        if not (text.isascii() and text.isdecimal()):
            hint = "it is the number in the address of its page; the whole address will do"
            raise SeedpostError(f"{text!r} is no torrent's id", hint=hint, exit_code=USAGE)
        return text
    parts = urlsplit(text)
    query = parse_qs(parts.query)
    found = query.get("torrentid") or query.get("id")
    number = parts.path.rpartition("/torrents/")[2]  # as sites that run UNIT3D name their pages
    if not found and not number.isdecimal():
        hint = "give the torrent's id, or the address of its page: torrentid=… or /torrents/…"
        raise SeedpostError(f"{text} names no torrent", hint=hint)
    return found[0] if found else number


def _page(text: str) -> str | None:
    return text if "://" in text else None
