"""What one value is compared with: a word, a glob, a regular expression. Linear time whatever the pattern."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import re2

from watcher.rules.view import fold

LONGEST = 512  # characters of a pattern
_OPTIONS = re2.Options()
_OPTIONS.case_sensitive = False
_OPTIONS.log_errors = False
_LOOK = re.compile(r"\(\?<?[=!]")
_BACK = re.compile(r"\\[1-9]|\(\?P=")


@dataclass(frozen=True)
class Is:
    """Exactly this value; text is compared case-blind."""

    value: str | int | float | bool

    @cached_property
    def key(self) -> str | int | float | bool:
        """The value as a view has it."""
        return fold(self.value) if isinstance(self.value, str) else self.value

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Glob:
    """The whole text, where `*` is anything, `/` included, and `?` one character."""

    text: str

    @cached_property
    def test(self) -> Callable[[str], bool]:
        """Whether a folded text matches."""
        return _glob(fold(self.text))

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Regex:
    """Any part of the text as it is written, case-blind, in re2's syntax."""

    text: str

    @cached_property
    def test(self) -> Callable[[str], bool]:
        """Whether a text has a match somewhere."""
        search = re2.compile(self.text, _OPTIONS).search
        return lambda text: search(text) is not None

    def __str__(self) -> str:
        return f"regex '{self.text}'"


Element = Is | Glob | Regex


def element(text: str) -> Is | Glob:
    """A plain text of the file: a glob if it has `*` or `?`."""
    return Glob(text) if "*" in text or "?" in text else Is(text)


def check_regex(text: str) -> Regex:
    """Raises ValueError that names what linear time rules out."""
    if len(text) > LONGEST:
        raise ValueError(f"a pattern may have {LONGEST} characters, this has {len(text)}")
    regex = Regex(text)
    try:
        _ = regex.test  # compiled once, here
    except re2.error as error:
        raise ValueError(_advice(text, error)) from error
    return regex


def _advice(text: str, error: Exception) -> str:
    if _LOOK.search(text):
        return "look-ahead and look-behind can't run in linear time: use `not` with a second pattern"
    if _BACK.search(text):
        return "back-references can't run in linear time"
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _glob(pattern: str) -> Callable[[str], bool]:
    parts = pattern.split("*")
    if "?" not in pattern and len(parts) <= 3:
        if len(parts) == 1:
            return pattern.__eq__
        if len(parts) == 2:
            return _ends(parts[0], parts[1])
        if not parts[0] and not parts[2]:
            inner = parts[1]
            return lambda text: inner in text
    written = "".join({"*": ".*", "?": "."}.get(c) or re2.escape(c) for c in re.sub(r"\*+", "*", pattern))
    match = re2.compile("(?s)" + written).fullmatch
    return lambda text: match(text) is not None


def _ends(head: str, tail: str) -> Callable[[str], bool]:
    least = len(head) + len(tail)
    if not tail:
        return lambda text: text.startswith(head)
    return lambda text: len(text) >= least and text.startswith(head) and text.endswith(tail)
