"""Blocks of the file as frozen dataclasses: each field says its kind; reading, errors and schema follow from that."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

from watcher.rules.credentials import NAMES
from watcher.rules.kinds import Schema, wrong
from watcher.rules.nodes import Block, Node, Problems, Scalar, misspelt, nearest

B = TypeVar("B")


class Reads(Protocol):
    """Anything that reads a node."""

    def read(self, node: Node, label: str, problems: Problems) -> object | None:
        """The value, or None if it was reported."""

    @property
    def schema(self) -> Schema:
        """What an editor should accept."""


def key(kind: Reads, help: str, *, default: Any = dataclasses.MISSING, name: str = "") -> Any:
    """A field of a block. Without a default the key must be there. `name` where the key is no attribute's name."""
    return dataclasses.field(default=default, metadata={"kind": kind, "help": help, "key": name})


def read_block(
    cls: type[B], node: Node, label: str, problems: Problems, *, also: Iterable[str] = (), **known: object
) -> B | None:
    """An instance of a dataclass of `key` fields. `known`: fields that stand elsewhere; `also`: keys that others read.

    Every unknown, missing or wrong key is reported; None if one that is needed is not there.
    """
    if not isinstance(node, Block):
        if not (isinstance(node, Scalar) and node.bad):
            wrong(node, label, "a map", problems)
        return None
    rows = _keys(cls)
    check_keys(node, [*rows, *also], label, problems)
    values = dict(known)
    for name, row in rows.items():
        value = _value(row, node.get(name), name, label, node, problems)
        if value is not None:
            values[row.name] = value
    if any(row.default is dataclasses.MISSING and row.name not in values for row in rows.values()):
        return None
    return cls(**values)


def _value(
    row: dataclasses.Field[Any], node: Node | None, name: str, label: str, block: Block, problems: Problems
) -> object | None:
    if node is None:
        if row.default is dataclasses.MISSING and not misspelt(block, name):
            problems.error(block, f"{label} has no '{name}'", f"{name}: {row.metadata['help']}")
        return None
    kind: Reads = row.metadata["kind"]
    return kind.read(node, name, problems)


def _keys(cls: type) -> dict[str, dataclasses.Field[Any]]:
    rows = [row for row in dataclasses.fields(cls) if "kind" in row.metadata]
    return {row.metadata["key"] or row.name: row for row in rows}


def check_keys(node: Block, known: Iterable[str], label: str, problems: Problems) -> None:
    """Report every key that is not known: a secret with the command that stores it, else with the nearest right one."""
    known = list(known)
    for name, _ in node.entries:
        if name.bad or name.value in known:
            continue
        area, _, owner = label.lower().partition(".")
        stored = NAMES.get(name.value.lower().replace("-", "_"))
        if stored and area in ("trackers", "clients", "notify", "images", "lookups"):
            secret = f"notify.{owner}" if area == "notify" else f"{owner or area}.{stored}"
            message = f"a secret has no place in rules.yaml: '{name.value}'"
            problems.error(name, message, f"seedpost secrets set {secret}")
        else:
            problems.error(name, f"unknown key '{name.value}' in {label}{nearest(name.value, known)}", _list(known))


def _list(known: list[str]) -> str:
    return "keys here: " + ", ".join(known) if known else ""


def block_schema(cls: type, more: Mapping[str, Schema] | None = None) -> Schema:
    """The JSON Schema of a block; `more`: keys that others read."""
    rows = _keys(cls)
    properties: dict[str, object] = {}
    for name, row in rows.items():
        properties[name] = {**row.metadata["kind"].schema, "description": row.metadata["help"]}
    properties.update(more or {})
    needed = [name for name, row in rows.items() if row.default is dataclasses.MISSING]
    schema: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return schema | ({"required": needed} if needed else {})
