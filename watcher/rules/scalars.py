"""Single values, read strictly: what some reader of YAML would take for something else has to be quoted."""

from __future__ import annotations

import re

from watcher.rules.nodes import Scalar

_BOOLEAN = re.compile(r"(?i)(?:y|n|yes|no|on|off|true|false)")
_TRAPS = (
    (_BOOLEAN, "a boolean"),
    (re.compile(r"[-+]?0\d+", re.ASCII), "an octal number"),
    (re.compile(r"[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?", re.ASCII), "a number in base 60"),
    (re.compile(r"\d{4}-\d\d?-\d\d?(?:[Tt ].*)?", re.ASCII), "a date"),
    (re.compile(r"[-+]?0(?:x[\da-fA-F_]+|b[01_]+|o[0-7]+)", re.ASCII), "a number"),
    (re.compile(r"[-+]?(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:[eE][-+]?\d+)?", re.ASCII), "a number"),
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"), "a number"),
)
_PLAIN_WHOLE = re.compile(r"0|[1-9]\d{0,14}", re.ASCII)


def text(node: Scalar) -> str:
    """Any text but an empty one. A bare whole number is its digits; what else might not be text wants quotes."""
    if node.null:
        raise ValueError("nothing stands here; if it begins with # it is a comment unless it is quoted")
    if not node.value.strip():
        raise ValueError("it is empty")
    if node.plain and not _PLAIN_WHOLE.fullmatch(node.value):
        for pattern, what in _TRAPS:
            if pattern.fullmatch(node.value):
                raise ValueError(f"without quotes many readers of YAML take it for {what}: write it in quotes")
    return node.value


def boolean(node: Scalar) -> bool:
    """`true` or `false`, without quotes."""
    if node.plain and node.value in ("true", "false"):
        return node.value == "true"
    if node.value.lower() in ("true", "yes", "on", "y", "1"):
        raise ValueError("only true and false, in lower case and without quotes, are booleans: write true")
    if node.value.lower() in ("false", "no", "off", "n", "0"):
        raise ValueError("only true and false, in lower case and without quotes, are booleans: write false")
    raise ValueError("")


def bare(node: Scalar) -> str:
    """The text of a number, a size or a time; quoted or not is the same."""
    if node.null:
        raise ValueError("nothing stands here")
    return node.value
