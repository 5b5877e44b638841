"""What a person may have meant by a command that there is not. Options that are nearly right click finds by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

import click

_UNKNOWN = re.compile(r"No such command '(.*)'\.")


def meant(error: click.UsageError) -> str:
    """The command that is nearest to an unknown one, as a hint; "" if the error is another, or nothing is near."""
    unknown = _UNKNOWN.fullmatch(error.message)
    if unknown is None or error.ctx is None or not isinstance(error.ctx.command, click.Group):
        return ""
    word, group, path = unknown[1], error.ctx.command, error.ctx.command_path
    near = get_close_matches(word.lower(), group.list_commands(error.ctx), 1)
    if near:
        return f"did you mean: {path} {near[0]}"
    there = [one for one in _below(error.ctx.find_root()) if one.split()[-1] == word.lower()]
    return f"did you mean: {there[0]}" if there else ""


def _below(root: click.Context) -> Iterator[str]:
    """The commands of all groups: `seedpost queue retry` is what `seedpost retry` means."""
    if isinstance(root.command, click.Group):
        for name in root.command.list_commands(root):
            group = root.command.get_command(root, name)
            if isinstance(group, click.Group):
                yield from (f"{root.command_path} {name} {one}" for one in group.list_commands(root))
