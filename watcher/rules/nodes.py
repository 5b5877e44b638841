"""The tree of a rules file with positions, and the list of what is wrong in it. Making a tree of text is config's."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from watcher.rules.credentials import looks_secret

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
SHOWN, LONGEST = 60, 700  # characters of a value that a message repeats, and of a message


@dataclass(slots=True)
class Scalar:
    """One value or key. `plain`: written without quotes. `bad`: reported already, to be passed over in silence."""

    value: str
    line: int
    column: int
    plain: bool = False
    bad: bool = False
    file: str = ""

    @property
    def null(self) -> bool:
        """Whether nothing stands here: `key:`, `key: ~`, `key: null`."""
        return self.plain and self.value in NULLS


@dataclass(slots=True)
class Items:
    """A list."""

    items: list[Node]
    line: int
    column: int
    file: str = ""


@dataclass(slots=True)
class Block:
    """A map, in the order of the file; no key twice."""

    entries: list[tuple[Scalar, Node]]
    line: int
    column: int
    file: str = ""

    def get(self, key: str) -> Node | None:
        """The value of `key`, or None."""
        return next((value for name, value in self.entries if name.value == key), None)


Node = Scalar | Items | Block


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong, at the offending token. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    severity: str  # error | warning
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"

    def as_json(self) -> dict[str, object]:
        """As `check --json` shows it."""
        names = ("severity", "file", "line", "column", "message", "hint")
        return {name: getattr(self, name) for name in names}


class Problems:
    """Gathers what is wrong, so that nobody mends a file one run at a time."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._rows: dict[Problem, None] = {}

    def error(self, node: Node, message: str, hint: str = "") -> None:
        """What keeps the file from being used."""
        self.at(node.line, node.column, message, hint, file=node.file)

    def warn(self, node: Node, message: str, hint: str = "") -> None:
        """What is probably a mistake."""
        self.at(node.line, node.column, message, hint, file=node.file, severity="warning")

    def at(
        self, line: int, column: int, message: str, hint: str = "", *, file: str = "", severity: str = "error"
    ) -> None:
        """The same for a place without a node."""
        told = Problem(file or self.file, line, column, severity, printable(message), printable(hint))
        self._rows[told] = None

    @property
    def errors(self) -> list[Problem]:
        """In the order of the file."""
        return sorted(row for row in self._rows if row.severity == "error")

    @property
    def warnings(self) -> list[Problem]:
        """In the order of the file."""
        return sorted(row for row in self._rows if row.severity == "warning")


def shown(node: Node) -> str:
    """A node as a message repeats it: short, on one line, and never what may be a key."""
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Block):
        return "a map"
    if node.null:
        return "nothing"
    return quoted(node.value)


def quoted(text: str) -> str:
    """Text of the file as a message repeats it."""
    if looks_secret(text):
        return "***"
    return f"'{printable(text, SHOWN)}'"


def printable(text: str, longest: int = LONGEST) -> str:
    """Text of the file that may be shown: cut where it is long, nothing in it that a terminal would obey."""
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def nearest(word: str, known: Iterable[str]) -> str:
    """`, did you mean 'x'?`, or nothing if no known word is near. The last part of a dotted name is near enough."""
    by_lower = {name.lower(): name for name in known}
    lower = word.lower().strip()
    for folded, name in by_lower.items():
        if folded == lower or folded.endswith("." + lower):
            return f", did you mean '{name}'?"
    close = difflib.get_close_matches(lower, by_lower, n=1, cutoff=0.5 if len(lower) < 4 else 0.6)
    return f", did you mean '{by_lower[close[0]]}'?" if close else ""


def misspelt(block: Block, key: str) -> bool:
    """Whether a missing key is there under nearly its name, which is reported anyway."""
    return any(not name.bad and nearest(name.value, (key,)) for name, _ in block.entries)
