"""How things are printed: JSON for programs, plain tables for people. What comes from outside passes `safe`."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from trackers.clock import utc_seconds, utc_text
from watcher.jobs.records import ascii_of
from watcher.logs import safe

WIDTH = 80
_LINES = 6  # of a text that are shown after its first


def as_json(value: object) -> None:
    """Print one JSON value on standard output; of a list each element on a line of its own."""
    if isinstance(value, list):
        print("[" + ",\n".join(map(ascii_of, value)) + "]")
    else:
        print(ascii_of(value))


def say(text: str = "") -> None:
    """Print a line for a person. The text may hold names from outside."""
    print("\n".join(safe(line) for line in text.split("\n")))


def lines(text: str, indent: str) -> None:
    """A text in as many lines of at most 80 columns as it takes, those after the first a little further in."""
    for line in wrapped(indent + text, WIDTH, indent + "    "):
        say(line)


def wrapped(text: str, columns: int, indent: str) -> list[str]:
    """A text in lines of at most so many columns, those after the first indented."""
    return textwrap.wrap(text, columns, subsequent_indent=indent, break_on_hyphens=False)


def note(text: str) -> None:
    """Print a line on standard error: progress and remarks, never the answer."""
    print(safe(text), file=sys.stderr, flush=True)


def table(rows: Iterable[Sequence[str]], heads: Sequence[str] = ()) -> None:
    """Columns as wide as they must be; the last one is cut at the terminal's edge, and never when piped."""
    lines = [[safe(cell) for cell in row] for row in ([heads, *rows] if heads else rows)]
    if not lines:
        return
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    edge = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else None
    for line in lines:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        print(text if edge is None or len(text) <= edge else text[: edge - 1] + "…")


def tabbed(rows: Iterable[Sequence[str]], heads: Sequence[str]) -> None:
    """A table for other programs, which may be long: a tab between columns, nothing cut."""
    print("\n".join("\t".join(map(safe, row)) for row in (heads, *rows)))


def room() -> int:
    """Columns of the terminal; without end when piped."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else sys.maxsize


def beside(rows: Sequence[tuple[str, Sequence[str]]], columns: int) -> list[str]:
    """Names with lines of text beside them, wrapped to so many columns."""
    wide = max((len(safe(name)) for name, _ in rows), default=0)
    found = []
    for name, lines in rows:
        kept = {"width": max(20, columns - wide - 2), "subsequent_indent": "  ", "break_on_hyphens": False}
        parts = [part for line in lines for part in textwrap.wrap(safe(line), **kept)]  # type: ignore[arg-type]
        found += [f"{'' if place else safe(name):<{wide}}  {part}" for place, part in enumerate(parts)]
    return found


def local(time: object) -> str:
    """A journal's time in local text; "" for none."""
    if not time:
        return ""
    return datetime.fromtimestamp(utc_seconds(str(time)), UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def size(count: int) -> str:
    """Bytes as a person says them: 312 MiB."""
    value, units = float(count), ("bytes", "KiB", "MiB", "GiB", "TiB")
    for unit in units:
        if value < 1024 or unit == units[-1]:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError("the last unit always returns")


def fields(pairs: Mapping[str, object]) -> None:
    """Names and values below each other; empty values are left out."""
    table([(name, _plain(value)) for name, value in pairs.items() if value not in (None, "", [], {})])


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(_plain, value)) if isinstance(value, (list, tuple)) else str(value)


def show_facts(facts: Mapping[str, Mapping[str, object]]) -> None:
    """Facts as `described` has them, each with its origin, in 80 columns; what is none is left out."""
    rows = [(name, _fact(name, one), str(one["origin"] or "")) for name, one in facts.items() if one["is"] != "none"]
    wide = WIDTH - 4 - max((len(name) for name, *_ in rows), default=0) - max((len(row[2]) for row in rows), default=0)
    table([(name, text if len(text) <= wide else text[: wide - 1] + "…", origin) for name, text, origin in rows])


def _fact(name: str, fact: Mapping[str, object]) -> str:
    from watcher.rules import FIELDS  # as above

    if fact["is"] == "unknown":
        return "unknown"
    value = fact["value"]
    if name in FIELDS and FIELDS[name].type == "moment" and isinstance(value, (int, float)):
        return local(utc_text(value))
    if isinstance(value, bool):
        return str(value).lower()
    return safe(", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))


def show_form(form: Mapping[str, Any], title: str) -> None:
    """A form as the journal has it: its fields, what is sent beside it, cautions and notes. Long texts are cut."""
    from watcher.service.drafts import spelled  # `queue list` shows no form

    say(f"\n{title}")
    rows: list[tuple[str, str]] = []
    for key, value in form["fields"]:
        first, *rest = spelled(value).split("\n")
        rows += [(key, first), *(("", line) for line in rest[:_LINES])]
        if len(rest) > _LINES:
            rows.append(("", f"… {len(rest) - _LINES} more lines"))
    table([*rows, *((key, f"the file {path}") for key, path in form["attachments"])])
    for line in beside_form(form):
        say(line)


def beside_form(form: Mapping[str, Any]) -> list[str]:
    """What a person should know of a form beside its fields: cautions, notes, and what is done after the upload."""
    told = [f"{what[:-1]}: {line}" for what in ("cautions", "notes") for line in form.get(what, ())]
    return [*told, *(f"afterwards: {name} {about}".rstrip() for name, about in form.get("extras", ()))]


def show_forms(forms: Mapping[str, Mapping[str, Any]]) -> None:
    """Forms beside each other, a column each; what is sent beside them, cautions and notes below."""
    if len(forms) == 1:
        ((name, form),) = forms.items()
        show_form(form, f"the form for {name}")
        return
    keys = dict.fromkeys(key for form in forms.values() for key, _ in form["fields"])
    width = shutil.get_terminal_size((WIDTH, 24)).columns
    each = max(20, (width - max(map(len, keys), default=0) - 2 * len(forms)) // max(1, len(forms)))
    rows = [[key, *(_cell(form, key, each) for form in forms.values())] for key in keys]
    say("\nthe forms")
    table(rows, ("", *forms))
    for name, form in forms.items():
        for key, path in form["attachments"]:
            say(f"{name}: {key} the file {path}")
        for line in beside_form(form):
            say(f"{name}: {line}")


def _cell(form: Mapping[str, Any], key: str, wide: int) -> str:
    """All values of a key in one line; how many lines more a text has."""
    from watcher.service.drafts import spelled  # as above

    first, *rest = ", ".join(spelled(value) for name, value in form["fields"] if name == key).split("\n")
    more = f" … {len(rest)} more lines" if rest else ""
    first = safe(first)
    room = wide - len(more)
    return (first if len(first) <= room else first[: max(0, room - 1)] + "…") + more
