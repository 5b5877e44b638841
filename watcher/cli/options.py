"""Options that stand anywhere on a command line: --rules, --state, --json; and where they lead."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trackers.clock import Clock, utc_text
from watcher.errors import USAGE, NotFound, SeedpostError

if TYPE_CHECKING:
    from watcher.journal import Journal

Command = TypeVar("Command", bound=Callable[..., object])
PATH: click.Path = click.Path(path_type=Path)
# As watcher.jobs.State; spelled out, so that --help needs no jobs. A test compares them.
JOB_STATES = frozenset(
    "dry_run queued prepared sending unconfirmed uploaded seeding done held duplicate cancelled".split()  # noqa: SIM905
)
_CHOOSING = {  # option: help; names of watcher.service.choosing.Filter
    "tracker": "of this tracker",
    "code": "with this code",
    "rule": "that this rule sent",
    "kind": "of this kind: music, tv, movie …",
}


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

    def journal(self) -> Journal:
        """The journal, to read in; it is let go when the command ends. Raises SeedpostError where there is none."""
        from watcher.journal import Journal  # as above

        journal = Journal.open(self.state_folder(), writable=False)
        click.get_current_context().call_on_close(journal.close)
        return journal

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


def with_filter(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json, --rules and what chooses jobs: the command gets a `watcher.service.choosing.Filter` as `wanted`.

    `--state` is both in the design: a word that is a state of jobs chooses jobs, anything else names the state folder.
    """

    def filtered(*args: object, in_state: str | None, start: str | None, **rest: object) -> object:
        from watcher.service.choosing import Filter  # --help needs no jobs

        named = {key: rest.pop(key) for key in _CHOOSING}
        time = utc_text(since(start, Clock().now())) if start else None
        return command(*args, wanted=Filter(state=in_state, since=time, **named), **rest)  # type: ignore[arg-type]

    wrapped: Callable[..., Any] = functools.update_wrapper(filtered, command)
    wrapped = click.option("--since", "start", metavar="WHEN", help="Jobs that changed since 2h, 7d, 2026-11-22 …")(
        wrapped
    )
    for name, help in reversed(_CHOOSING.items()):
        wrapped = click.option(f"--{name}", help=f"Jobs {help}.")(wrapped)
    words = click.option(
        "--state", "in_state", multiple=True, callback=_sorted_out, help="Jobs in this state; or the folder."
    )
    rules = click.option("--rules", type=PATH, expose_value=False, callback=_kept, help="The rules file.")
    return _json(rules(words(wrapped)))


def _sorted_out(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> str | None:
    """States of jobs and the state folder, which share an option."""
    chosen = [value for value in values if value in JOB_STATES]
    for value in values:
        if value not in JOB_STATES:
            _place(ctx).state = _folder(value)
    return chosen[-1] if chosen else None


def _folder(value: str) -> Path:
    path = Path(value)
    if os.sep in value or path.exists():
        return path
    from watcher.rules.nodes import nearest  # only where a word is wrong

    raise NotFound(
        f"{value!r} is neither a state of jobs nor a folder{nearest(value, JOB_STATES)}",
        hint=f"states are {', '.join(sorted(JOB_STATES))}",
    )


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
