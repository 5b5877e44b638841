"""Options that stand anywhere on a command line: --rules, --state, --json; and where they lead."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from watcher.errors import USAGE, SeedpostError

Command = TypeVar("Command", bound=Callable[..., object])
PATH: click.Path = click.Path(path_type=Path)
# As watcher.jobs.State; spelled out, so that --help needs no jobs. A test compares them.
JOB_STATES = frozenset(
    "dry_run queued prepared sending unconfirmed uploaded seeding done held duplicate cancelled".split()  # noqa: SIM905
)


@dataclass
class Place:
    """Which rules and which state folder this command works on, as options, environment and rules.yaml say."""

    rules: Path | None = None
    state: Path | None = None
    json: bool = False

    def rules_file(self) -> Path:
        """The rules file in force. Raises SeedpostError if there is none."""
        from watcher.config import find_rules  # `--help` needs no YAML

        return find_rules(self.rules, os.environ)

    def state_folder(self) -> Path:
        """--state, $SEEDPOST_STATE, then `state:` in the rules file."""
        given = self.given_state()
        if given is not None:
            return given
        from watcher.config import state_of  # as above

        return state_of(self.rules_file())

    def given_state(self) -> Path | None:
        """--state or $SEEDPOST_STATE, if one of them says."""
        if self.state is not None:
            return self.state
        return Path(os.environ["SEEDPOST_STATE"]).expanduser() if os.environ.get("SEEDPOST_STATE") else None


def with_place(command: Command) -> Command:
    """Add --rules and --state to a command or group."""
    for name, help in (("--state", "The state folder."), ("--rules", "The rules file.")):
        command = click.option(name, type=PATH, expose_value=False, callback=_kept, help=help)(command)
    return command


def with_json(command: Command) -> Command:
    """Add --json, --rules and --state."""
    return with_place(_json(command))


def with_filter(command: Command) -> Command:
    """Add --json, --rules, and a --state, --tracker and --code that choose jobs: `in_state`, `tracker`, `code`.

    `--state` is both in the design: a word that is a state of jobs chooses jobs, anything else names the state folder.
    """

    def sorted_out(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> str | None:
        chosen = [value for value in values if value in JOB_STATES]
        for value in values:
            if value not in JOB_STATES:
                _place(ctx).state = Path(value)
        return chosen[-1] if chosen else None

    for name, help in (("--code", "with this code"), ("--tracker", "of this tracker")):
        command = click.option(name, help=f"Jobs {help}.")(command)
    words = click.option(
        "--state", "in_state", multiple=True, callback=sorted_out, help="Jobs in this state; or the folder."
    )
    rules = click.option("--rules", type=PATH, expose_value=False, callback=_kept, help="The rules file.")
    return _json(rules(words(command)))


def _json(command: Command) -> Command:
    def keep(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value:
            _place(ctx).json = True

    return click.option("--json", is_flag=True, expose_value=False, callback=keep, help="Print one JSON value.")(
        command
    )


def _kept(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    if value is not None and parameter.name is not None:
        setattr(_place(ctx), parameter.name, value)


def _place(ctx: click.Context) -> Place:
    place = ctx.find_object(Place)
    if place is None:
        raise TypeError("main() gives every context its place")
    return place


pass_place = click.make_pass_decorator(Place)


def pass_place_by_name(command: Callable[..., int]) -> Callable[..., int]:
    """As `pass_place`, for a command that takes everything by name."""

    @click.pass_context
    def with_place_named(ctx: click.Context, /, **rest: object) -> int:
        return command(place=ctx.find_object(Place), **rest)

    return functools.update_wrapper(with_place_named, command)


def since(text: str, now: float) -> float:
    """Wall seconds of `7d` (so long ago), `2026-11-22` or `2026-11-22T18:00:00Z`, as --since takes them."""
    from watcher.rules.quantities import duration, moment  # most commands have no --since

    try:
        return moment(text) if "-" in text else now - duration(text)
    except ValueError as error:
        raise SeedpostError(
            f"--since wants an age such as 7d or a day such as 2026-11-22, got {text!r}", exit_code=USAGE
        ) from error
