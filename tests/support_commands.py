"""The command line as a tree: every command there is, and whether a line of words would be understood."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click

from watcher.cli import COMMANDS, cli
from watcher.cli.options import Place

PLACES = ("--rules", "--state")  # options that may stand before a command's name, each with a value


def tree() -> Iterator[tuple[str, click.Command]]:
    """(`queue show`, its command) of every command and group, `seedpost` itself left out."""
    yield from _below("", cli, list(COMMANDS))


def _below(before: str, group: click.Group, names: list[str]) -> Iterator[tuple[str, click.Command]]:
    for name in names:
        command = group.get_command(click.Context(group), name)
        assert command is not None, name
        yield f"{before}{name}", command
        if isinstance(command, click.Group):
            yield from _below(f"{before}{name} ", command, list(command.commands))


def understood(line: str) -> str:
    """The command that a line is for, all of whose options and arguments are its own. Raises click.UsageError."""
    words = shlex.split(re.sub(r" [<>|].*", "", line), comments=True)
    assert words.pop(0) == "seedpost", line
    path, command = [], click.Command("seedpost") if not words else cli
    while isinstance(command, click.Group) and words:
        while words and words[0] in PLACES:
            del words[:2]
        if words and words[0].startswith("-"):
            break
        name = words.pop(0)
        path.append(name)
        found = command.get_command(click.Context(command), name)
        if found is None:
            raise click.UsageError(f"no command {' '.join(path)!r}")
        command = found
    if words not in (["--help"], ["-h"], ["--version"]) and not (isinstance(command, click.Group) and not words):
        command.make_context(" ".join(path), words, obj=Place())
    return " ".join(path)
