"""Every code that may stand in a record is on the closed list, which docs/journal.md shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from watcher.jobs.codes import CODES

ROOT = Path(__file__).parents[2]
# The call, and at which place its code stands.
CALLS = {
    "held": 1, "again": 2, "unconfirmed": 1, "stop": 0, "Why": 0, "Problem": 2, "Refused": 0, "Unavailable": 0,
    "NotAuthorised": 0, "Unconfirmed": 0, "AlreadyThere": 0, "SettingsError": 0,
}  # fmt: skip


def codes_in(path: Path) -> Iterator[tuple[int, str]]:
    """Literal codes: in the calls above, and in records written as a dict."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = CALLS.get(name)
            if place is not None and len(node.args) > place:
                yield from literal(node.args[place])
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "code":
                    yield from literal(value)


def literal(node: ast.expr) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.lineno, node.value


def test_every_code_is_on_the_list() -> None:
    folders = ("watcher/uploader", "watcher/intake", "watcher/sources", "watcher/service", "trackers")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if "sandbox" not in path.parts]
    found = {(code, f"{path.relative_to(ROOT)}:{line}") for path in paths for line, code in codes_in(path)}
    assert len(found) > 40
    assert sorted((code, where) for code, where in found if code not in CODES) == []
