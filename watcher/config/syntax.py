"""What libyaml says about text that is no YAML, in words that say what to change."""

from __future__ import annotations

import yaml

# What stands at the place of the error, or a part of libyaml's message -> message, hint.
_AT = {
    "\t": ("a tab can't indent YAML", "use spaces"),
    "@": ("a value can't begin with @", "quote it"),
    "`": ("a value can't begin with `", "quote it"),
    "%": ("a value can't begin with %", "quote it"),
}
_SAID = (
    ("alphabetic or numeric", "a value that begins with * or & is an alias or anchor", "quote it, as in '*.log'"),
    ("unknown escape", "a backslash in double quotes begins an escape", "in single quotes it is a backslash"),
    ("mapping values are not allowed", "a colon where no key can stand", "quote the text, or mend the indentation"),
    ("could not find expected ':'", "a key without its colon", "mend the indentation, or quote the text"),
    ("did not find expected key", "this does not line up with the lines above", "mend the indentation"),
    ("did not find expected '-'", "this does not line up with the list above", "mend the indentation"),
    ("block sequence entries are not allowed", "a list can't begin here", "put the dash on a line of its own"),
    ("did not find expected ',' or ']'", "a list in brackets that does not close", "a comma or ] is missing"),
    ("did not find expected ',' or '}'", "a map in braces that does not close", "a comma or } is missing"),
    ("unexpected end of stream", "a quoted text that does not close", "the closing quote is missing"),
    ("undefined alias", "aliases are not read", "give a list a name under `lists` and write $name"),
)


def explained(error: yaml.MarkedYAMLError, text: str) -> tuple[int, int, str, str]:
    """Line, column, message and hint. The text of the file is never repeated."""
    said = str(error.problem or error.context or "it is not YAML")
    mark, begun = error.problem_mark or error.context_mark, error.context_mark
    at = _character(text, mark.line, mark.column) if mark is not None else ""
    if begun is not None and ((_unclosed(said) and at not in "]}") or "alphabetic" in said or not at):
        mark = begun
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    message, hint = _told(said, at)
    return line + 1, column + 1, message, hint


def _unclosed(said: str) -> bool:
    return "end of stream" in said or "',' or" in said


def _told(said: str, at: str) -> tuple[str, str]:
    for part, message, hint in _SAID:
        if part in said:
            return message, hint
    return _AT.get(at, (f"this is no YAML: {said}", ""))


def _character(text: str, line: int, column: int) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[line][column : column + 1] if line < len(lines) else ""
