"""Which half of the pipe answers a command: sources and intake, or the uploader. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping


def first_half(command: Mapping[str, object], sources: Container[str]) -> bool:
    """Whether it is for sources and intake. `sources`: the names of clients and folders that no tracker has too."""
    if command["do"] in ("pause", "resume"):
        return str(command.get("tracker")) in sources
    return command["do"] in ("look", "redecide")
