"""`seedpost completion`: what a shell needs to complete commands, trackers and jobs. Reads only, never complains."""

from __future__ import annotations

from contextlib import closing

import click
from click.shell_completion import CompletionItem, get_completion_class

from watcher.cli.options import Place, with_place
from watcher.cli.show import say
from watcher.errors import OK, SeedpostError

VARIABLE = "_SEEDPOST_COMPLETE"  # by which the shell asks: click's own protocol
SHELLS = {
    "bash": "~/.local/share/bash-completion/completions/seedpost",
    "zsh": "a file _seedpost in a folder of $fpath",
    "fish": "~/.config/fish/completions/seedpost.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(SHELLS)))
@with_place
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """The script that completes commands, options, the trackers of rules.yaml and the ids of jobs in your shell."""
    made = get_completion_class(shell)
    if made is None:
        raise SeedpostError(f"this click completes nothing in {shell}", hint="pipx upgrade seedpost")
    say(made(ctx.find_root().command, {}, "seedpost", VARIABLE).source().rstrip("\n"))
    return OK


def tracker_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The trackers of rules.yaml, also behind a comma."""
    from watcher.config import load  # a shell that completes a command's name needs no YAML

    before, comma, rest = incomplete.rpartition(",")
    try:
        found = load(_place(ctx).rules_file()).trackers
    except (SeedpostError, OSError):
        return []
    named = before.split(",")
    return [
        CompletionItem(f"{before}{comma}{name}", help=block.site)
        for name, block in found.items()
        if name.startswith(rest) and name not in named
    ]


def job_ids(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The jobs of the journal, with what they are for."""
    from watcher.journal import Journal  # as above

    try:
        with closing(Journal.open(_place(ctx).state_folder(), writable=False)) as journal:
            ledger = journal.ledger
    except (SeedpostError, OSError):
        return []
    found = [job for id, job in ledger.jobs.items() if id.startswith(incomplete)]
    releases = ledger.releases
    return [
        CompletionItem(job.job, help=f"{job.tracker} {job.state}: {releases.get(job.release, {}).get('name', '')}")
        for job in found
    ]


def _place(ctx: click.Context) -> Place:
    return ctx.find_object(Place) or Place()
