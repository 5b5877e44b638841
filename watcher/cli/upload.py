"""`seedpost upload`: content to trackers of a person's choice, by the journal and protocol of the daemon."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from trackers.clock import Clock
from watcher.cli.asking import opened, unlocked
from watcher.cli.completion import tracker_names
from watcher.cli.explain import ledger_of
from watcher.cli.options import Place, pass_place_by_name, with_json
from watcher.cli.progress import Progress, carried_out
from watcher.cli.prompts import agreed, asked_for
from watcher.cli.queue import typed
from watcher.cli.show import as_json, fields, note, say, show_facts, show_forms, table
from watcher.errors import DUPLICATE, FAILED, HELD, NETWORK, OK, UNKNOWN, USAGE, SeedpostError
from watcher.jobs import PUBLISHED, Job, Ledger
from watcher.journal import Journal
from watcher.logs import configure
from watcher.rules import described
from watcher.service import byhand, view
from watcher.service.byhand import Offer, Proposal
from watcher.service.following import outcome
from watcher.service.rulesfile import Start, start


@click.command()
@click.argument("what", metavar="PATH|HASH", type=click.Path())
@click.option(
    "--to",
    multiple=True,
    required=True,
    metavar="RED,OPS",
    shell_complete=tracker_names,
    help="The trackers, by their names in the rules.",
)
@click.option(
    "--set", "given", multiple=True, metavar="FIELD=VALUE", help="A fact or a form key; TRACKER:KEY=VALUE for one."
)
@click.option(
    "--request",
    metavar="ID",
    help="A user's request that it fills, also if it stands already; TRACKER:ID for one of several trackers.",
)
@click.option("--dry-run", is_flag=True, help="Show it, write nothing, send nothing.")
@click.option("--remote", is_flag=True, help="With --dry-run: ask the site what it would make of it (RED).")
@click.option("--yes", is_flag=True, help="Do not ask whether to upload it.")
@with_json
@pass_place_by_name
def upload(
    place: Place,
    what: str,
    to: tuple[str, ...],
    given: tuple[str, ...],
    request: str | None,
    dry_run: bool,
    remote: bool,
    yes: bool,
) -> int:
    """Upload content by hand: shows the facts and each tracker's form, asks for what is missing, asks whether to go on,
    then follows the jobs to their end.

    The rules are not asked where it goes; their guards, the trackers' limits and the check for duplicates hold, and
    nothing goes to a site that it came from. What you confirm is the form that you saw: if another would be sent, the
    job is held. A daemon does the work if one runs, else this command does. Without a terminal nothing is asked.
    """
    if remote and not dry_run:
        raise click.UsageError("--remote goes with --dry-run")
    names = byhand.read_to(to)
    sets = [*map(_said, given), *_request(request, names)]
    begin = start(place.rules_file, place.given_state())
    place = replace(place, state=begin.state)
    configure(stream=sys.stderr, terminal=sys.stderr.isatty(), level="error")
    one = _Upload(place, begin, asks=_on_a_terminal() and not place.json)
    found = one.proposed(what, names, sets)
    if dry_run:
        return one.shown(found, remote)
    left = one.left_out(found)
    requests = {} if request is None else one.requested(found, left)
    if not found.trackers:
        return one.filled(found, requests) if requests else one.nothing(found, left)
    offers = one.complete(found, confirmed=yes)
    if offers is None:
        say("nothing was uploaded")
        return FAILED
    code = one.sent(found, left)
    return one.filled(found, requests) or code if requests else code


def _on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _said(word: str) -> tuple[str | None, str, object]:
    """(tracker or None for all, key, value) of `FIELD=VALUE` or `TRACKER:KEY=VALUE`."""
    key, equals, text = word.partition("=")
    if not equals:
        raise SeedpostError(f"--set wants FIELD=VALUE, got {word!r}", exit_code=USAGE)
    tracker, colon, rest = key.rpartition(":")
    key = rest.strip()
    return (tracker.strip() if colon else None), key, typed(key, text.strip())


def _request(text: str | None, names: Sequence[str]) -> list[tuple[str | None, str, object]]:
    if text is None:
        return []
    tracker, _, number = text.rpartition(":")
    if not tracker and len(names) != 1:
        raise SeedpostError("--request is of one tracker", hint=f"--request {names[0]}:{number}", exit_code=USAGE)
    if not (number.isascii() and number.isdecimal()):
        raise SeedpostError(f"--request wants the request's number, got {text!r}", exit_code=USAGE)
    return [(tracker or names[0], "request", number)]


class _Upload:
    """One run of the command. `asks`: there is a terminal, and a person at it."""

    def __init__(self, place: Place, begin: Start, *, asks: bool) -> None:
        self._place, self._begin, self._asks, self._clock = place, begin, asks, Clock()
        self._secrets = unlocked(place) if asks else opened(place)

    @property
    def _ledger(self) -> Ledger:
        return ledger_of(self._place)

    def proposed(self, what: str, names: Sequence[str], sets: Sequence[tuple[str | None, str, object]]) -> Proposal:
        """The content and its trackers, with what the command line says of it."""
        config, ledger, clock = self._begin.config, self._ledger, self._clock
        content = byhand.found(what, config, ledger, self._secrets, clock)
        one = byhand.proposal(content, names, config, ledger, self._secrets, self._begin.state, clock)
        for tracker, key, value in sets:
            one.say(key, value, None if tracker is None else [tracker])
        return one

    def left_out(self, found: Proposal) -> dict[str, Job]:
        """Trackers that have a job for this content already which a wish can't change: told, and left out."""
        left = byhand.standing(found, self._ledger)
        for name, job in left.items():
            note(f"{name}: {_standing(job)}")
        found.trackers = {name: one for name, one in found.trackers.items() if name not in left}
        return left

    def requested(self, found: Proposal, left: dict[str, Job]) -> dict[str, Job]:
        """Of those trackers, the ones whose upload stands and is to fill a request now."""
        wanted = {name: job for name, job in left.items() if job.state in PUBLISHED and "request" in found.wishes(name)}
        for name in wanted:
            del left[name]
        return wanted

    def filled(self, found: Proposal, wanted: Mapping[str, Job]) -> int:
        """Fill requests with what stands on the sites already, and say what came of it."""
        journal, refused = Journal.open(self._begin.state), False
        for name, job in wanted.items():
            said = {"set": {"request": found.wishes(name)["request"]}}
            (seq,) = journal.append([{"type": "command", "do": "edit", "jobs": [job.job], "with": said}])
            progress = Progress(seq, {name: job.job}, quiet=self._place.json)
            carried_out(progress, found.content.holders, journal, self._begin, self._secrets, self._clock)
            if progress.interrupted:
                raise click.Abort
            why = progress.refused or ("" if progress.answered else "it waits in the journal: seedpost run")
            note(f"{name}: " + (why or f"request {said['set']['request']} is filled with {job.url}"))
            refused = refused or bool(why)
        journal.refresh()
        if self._place.json:
            self._as_json(found, [journal.ledger.jobs[job.job] for job in wanted.values()], journal.ledger)
        return FAILED if refused else OK

    def nothing(self, found: Proposal, left: Mapping[str, Job]) -> int:
        """Every tracker has it."""
        if self._place.json:
            self._as_json(found, list(left.values()), self._ledger)
        return _with(OK, left, self._ledger)

    def show(self, found: Proposal, offers: Mapping[str, Offer]) -> None:
        """Facts, and the forms beside each other."""
        release = found.content.release
        say(release.name)
        fields({"path": release.path, "files": len(release.files)})
        say("\nfacts")
        show_facts(described(found.facts_with()))
        show_forms({name: offer.form.as_json() for name, offer in offers.items() if offer.form is not None})
        for name, offer in offers.items():
            for lack in offer.lacks:
                say(f"{name} lacks {lack.field}: {lack.text}")

    def complete(self, found: Proposal, *, confirmed: bool) -> Mapping[str, Offer] | None:
        """The forms, once nothing is missing and a person has agreed; None if they have not. Raises SeedpostError, exit
        code 7, where something is missing and nobody can be asked."""
        if self._asks:
            asked_for(found, more=not confirmed)
        offers = found.offers()
        lacking = [f"{name}: {one.field}: {one.text}" for name, offer in offers.items() for one in offer.lacks]
        if lacking:
            if self._place.json:
                as_json({"name": found.content.release.name, "jobs": [], **_forms(offers)})
            hint = "say it: --set FIELD=VALUE; `seedpost rules fields` lists them"
            raise SeedpostError("\n".join(["it can't be uploaded yet", *lacking]), hint=hint, exit_code=HELD)
        if confirmed:
            if not self._place.json:
                self.show(found, offers)
            return offers
        if not self._asks:
            hint = "look at it with --dry-run, then say --yes"
            raise SeedpostError("nothing was uploaded: there is no terminal to ask on", hint=hint, exit_code=USAGE)
        return agreed(found, lambda now: self.show(found, now))

    def shown(self, found: Proposal, remote: bool) -> int:
        """`--dry-run`: what would be sent, and what the sites say of it."""
        offers, config = found.offers(), self._begin.config
        told = {name: found.dry_run(name) for name in found.trackers if remote and byhand.can_tell(config, name)}
        if self._place.json:
            facts = described(found.facts_with())
            as_json(
                {"name": found.content.release.name, "facts": facts, **_forms(offers)}
                | ({"dry_run": told} if remote else {})
            )
        else:
            self.show(found, offers)
            for name, answer in told.items():
                say(f"\nwhat {name} would make of it:")
                table(list(answer.items()))
            for name in found.trackers:
                if remote and name not in told:
                    say(f"\n{name} has no dry run of its own")
        return HELD if any(offer.lacks for offer in offers.values()) else OK

    def sent(self, found: Proposal, left: Mapping[str, Job]) -> int:
        """Write the wish, see it carried out, say what came of it."""
        journal = Journal.open(self._begin.state)
        (seq,) = journal.append([found.command()])
        reads = Path(found.content.release.path).name
        progress = Progress(seq, found.jobs, reads=reads, quiet=self._place.json)
        carried_out(progress, found.content.holders, journal, self._begin, self._secrets, self._clock)
        journal.refresh()
        jobs = [journal.ledger.jobs[id] for id in found.jobs.values() if id in journal.ledger.jobs]
        if progress.interrupted:
            self._left(found, jobs)
            raise click.Abort
        if progress.refused or not jobs:
            why = progress.refused or "it was not begun; it waits in the journal: seedpost run"
            raise SeedpostError(why, exit_code=FAILED if progress.refused else NETWORK)
        code = _with(outcome(jobs, journal.ledger), left, journal.ledger)
        if self._place.json:
            self._as_json(found, [*jobs, *left.values()], journal.ledger)
        else:
            self._told(jobs, journal.ledger)
        return code

    def _left(self, found: Proposal, jobs: Sequence[Job]) -> None:
        """Ctrl-C ends the command, not the jobs: how they go on, and how to end them."""
        beat = view.heartbeat(self._begin.state)
        running = beat is not None and view.alive(beat, self._clock)
        ids = " ".join(found.jobs.values())
        note("the daemon goes on with it" if running else "it waits in the journal; `seedpost run` goes on with it")
        note(f"  seedpost queue show {next(iter(found.jobs.values()))}  # each step so far")
        note("  seedpost status --watch  # what goes on")
        note(f"  seedpost queue cancel {ids}  # never uploads what is not sent yet")
        for job in jobs:
            note(f"{job.tracker}: {job.state}")

    def _told(self, jobs: Sequence[Job], ledger: Ledger) -> None:
        for job in jobs:
            row = view.job_row(job, ledger)
            why = row["why"] or view.waits_for(row, ledger.breakers, self._clock)
            say(f"{job.tracker}: {job.state}" + (f": {why}" if why else "") + (f"  {job.url}" if job.url else ""))
            if job.resume:
                say(f"  {job.resume}")

    def _as_json(self, found: Proposal, jobs: Sequence[Job], ledger: Ledger) -> None:
        release = found.content.release
        rows = [view.job_row(job, ledger) for job in jobs]
        as_json({"name": release.name, "path": release.path, "jobs": rows})


def _standing(job: Job) -> str:
    where = f", {job.url}" if job.url else ""
    return f"job {job.job} is {job.state}{where}: it is not uploaded again"


def _with(code: int, left: Mapping[str, Job], ledger: Ledger) -> int:
    """The code of what was done, unless what was left out is graver: unknown; or there already, if all else is well."""
    codes = {outcome([job], ledger) for job in left.values()}
    if UNKNOWN in codes:
        return UNKNOWN
    return DUPLICATE if left and code == OK else code


def _forms(offers: Mapping[str, Offer]) -> dict[str, object]:
    return {
        "forms": {name: offer.form.as_json() for name, offer in offers.items() if offer.form is not None},
        "problems": {
            name: [{"field": lack.field, "text": lack.text, "words": list(lack.words)} for lack in offer.lacks]
            for name, offer in offers.items()
            if offer.lacks
        },
    }
