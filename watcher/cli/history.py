"""`seedpost queue show`: one job from its first record to now, its form, what its site said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from trackers.clock import Clock
from watcher.cli.completion import job_ids
from watcher.cli.options import Place, pass_place, with_json
from watcher.cli.show import as_json, fields, local, say, show_form, table
from watcher.jobs import Job
from watcher.journal import Journal
from watcher.service import view
from watcher.service.choosing import found

if TYPE_CHECKING:
    from watcher.secrets import Secrets

Record = Mapping[str, Any]
EXAMPLES = """\b
Examples:
  seedpost queue show 5f0c9a1e77d2
  seedpost queue show 5f0c --json | jq -r '.steps[] | "\\(.time) \\(.state)"'
  seedpost queue show 5f0c --remote
"""


@click.command(epilog=EXAMPLES)
@click.argument("job", shell_complete=job_ids)
@click.option("--remote", is_flag=True, help="Ask the site what it would make of it, where it can say so (RED).")
@with_json
@pass_place
def show(place: Place, job: str, remote: bool) -> None:
    """One job: each step with its time, what a person asked, what the site said, its form.

    --remote sends the form to the site's own dry run: nothing is stored there. For jobs that were not sent yet.
    """
    from watcher.cli.review import drafts_of  # rules and trackers, which the other verbs do without

    journal = place.journal()
    ledger = journal.ledger
    one = found(ledger, job)
    past = list(journal.history_of(one.job))
    drafts = drafts_of(place, journal)
    draft = drafts.of(one)
    said = {key: one.rest[key] for key in ("warnings", "log_score", "extras") if key in one.rest}
    dry_run = _dry_run(place, one, journal, drafts.secrets) if remote else {}
    if place.json:
        steps = [record for record in past if record.get("job") == one.job]
        asked = [record for record in past if record["type"] == "command"]
        form = {"form": draft.form.as_json() if draft.form else None, "problems": list(draft.problems)}
        shown = form | {"answer": one.answer, "passes": one.passes, "steps": steps, "commands": asked} | said
        as_json(view.job_row(one, ledger) | shown | ({"dry_run": dry_run} if remote else {}))
        return
    row = view.job_row(one, ledger)
    fields({key: row[key] for key in row if key not in ("time", "born", "release", "open", "hashed")})
    if isinstance(row["hashed"], dict):
        say(_hashed(row["hashed"]))
    say()
    table([line for record in past for line in _lines(record, journal)])
    if draft.form is not None:
        show_form(draft.form.as_json(), "the form" if draft.kept else "the form, as it would be sent now")
    for problem in draft.problems:
        say(f"no form: {problem}")
    for line in view.told_after(said):
        say(line)
    if remote:
        say("\nwhat the site would make of it:")
        table(list(dry_run.items()))


def _lines(record: Record, journal: Journal) -> Iterator[Sequence[str]]:
    """Time, state, code and text of one record, or what came of a command; below a step the site's answer and what came
    of looking for it."""
    record = journal.load(record)
    time = local(record.get("time"))
    if record["type"] == "command" and record["do"] == "answer":
        if record.get("why") or record.get("result") != "done":
            yield time, "answer", str(record.get("result") or ""), str(record.get("why") or "")
        return
    if record["type"] == "command":
        yield time, "you", str(record["do"]), _asked(record.get("with") or {})
        return
    again = f"attempt {record.get('attempt')}" if record["state"] == "sending" else ""
    yield time, str(record["state"]), str(record.get("code") or ""), str(record.get("why") or again)
    answer, looks = record.get("answer"), record.get("passes")
    if isinstance(answer, Mapping):
        words = " ".join(str(answer[key]) for key in ("status", "code", "text") if answer.get(key))
        yield "", "", "", f"the site answered: {words}"
    if looks:
        yield "", "", "", "looked for: " + ", ".join(f"{local(one['time'])} {one['answer']}" for one in looks)


def _asked(given: Mapping[str, Any]) -> str:
    """What a person's command says, but for the whole form that was shown."""
    said = dict(given) | dict(given.get("set") or {})
    return ", ".join(f"{key}={value}" for key, value in said.items() if key not in ("set", "shown", "digest"))


def _dry_run(place: Place, job: Job, journal: Journal, secrets: Secrets) -> dict[str, str]:
    # Only this asks a site; the rest of the command reads the journal alone.
    from watcher.config import load
    from watcher.service.dryrun import dry_run

    return dry_run(job, journal, load(place.rules_file()), secrets, place.state_folder(), Clock())


def _hashed(made: Mapping[str, object]) -> str:
    """How the piece hashes of a job's torrent came about."""
    how = {
        "taken-over": f"taken over from the client; {made['read']} of {made['of']} pieces compared with the disk",
        "known": f"{made['of']} pieces, hashed before for another job of this content",
    }.get(str(made["how"]), f"{made['of']} pieces, read from the disk")
    why = made.get("why")
    return f"pieces: {how}" + (f" (nothing was taken over: {why})" if why else "")
