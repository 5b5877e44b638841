"""The values of conditions: words, texts, globs, numbers, `$lists`, each checked against its field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from watcher.rules import quantities, scalars
from watcher.rules.fields import DAY, FLAG, MOMENT, SIZE, TEXT, WORD, Field
from watcher.rules.kinds import BOOL
from watcher.rules.nodes import Block, Items, Node, Problems, Scalar, nearest, quoted, shown
from watcher.rules.patterns import Element, Glob, Is, check_regex, element

LIST = re.compile(r"\$([A-Za-z_][A-Za-z0-9_-]*)")
Lists = Mapping[str, Sequence[Scalar]]

_FIGURE = re.compile(r"(\d{2,4})( \(VBR\))?", re.ASCII | re.I)
_WANTS = {
    TEXT: "a text",
    WORD: "a word",
    FLAG: "true or false",
    SIZE: "a size such as 20 MiB",
    DAY: "a date such as 2026-01-31",
    MOMENT: "a date such as 2026-01-31",
}


def wrong_value(field: Field, node: Node, problems: Problems, why: str = "", label: str = "") -> None:
    """Report `'music.year' wants a whole number, got 'x'`."""
    joint = "" if not why or why.startswith(", ") else ": "
    wants = "a pattern" if label == "regex" else _WANTS.get(field.type, "a whole number")
    problems.error(node, f"'{label or field.name}' wants {wants}, got {shown(node)}{joint}{why}")


def elements(
    field: Field, node: Node, problems: Problems, lists: Lists, used: set[str], op: str = ""
) -> tuple[Element, ...] | None:
    """The values of a condition, `$lists` opened; None if one was reported. `op`: the operator that asks."""
    nodes = node.items if isinstance(node, Items) else [node]
    if not nodes:
        problems.error(node, f"'{op or field.name}' has an empty list: nothing would ever match it")
        return None
    opened = list(chain.from_iterable(_opened(one, problems, lists, used) for one in nodes))
    read = [_element(field, one, problems, op) for one in opened]
    whole = tuple(one for one in read if one is not None)
    return whole if len(whole) == len(read) and whole else None


def _opened(node: Node, problems: Problems, lists: Lists, used: set[str]) -> Iterator[Node]:
    name = LIST.fullmatch(node.value) if isinstance(node, Scalar) else None
    if name is None:
        yield node
    elif name[1] in lists:
        used.add(name[1])
        yield from lists[name[1]]
    else:
        have = f"have: {', '.join(lists)}" if lists else "there are no lists"
        problems.error(
            node, f"no list '{name[1]}'{nearest(name[1], lists)} ({have})", "for the text itself, {is: '$…'}"
        )
        yield Scalar("", node.line, node.column, bad=True)


def _element(field: Field, node: Node, problems: Problems, op: str) -> Element | None:
    if isinstance(node, Block) and len(node.entries) == 1 and op in ("", "all_of", "none_of"):
        key, value = node.entries[0]
        if key.value in ("is", "glob", "regex") and isinstance(value, Scalar) and field.type in (TEXT, WORD):
            return _element(field, value, problems, key.value)
    if not isinstance(node, Scalar):
        wrong_value(field, node, problems, "in a list stand single values, or {is|glob|regex: …}", op)
        return None
    if node.bad:
        return None
    try:
        return _read(field, node, op)
    except ValueError as error:
        wrong_value(field, node, problems, str(error), op if op in ("regex", "glob") else "")
        return None


def _read(field: Field, node: Scalar, op: str) -> Element:
    if field.type == FLAG:
        return Is(scalars.boolean(node))
    if field.type not in (TEXT, WORD):
        return Is(parse_number(field, scalars.bare(node)))
    if op == "regex":
        return check_regex(scalars.text(node))
    if op == "glob":
        return Glob(scalars.text(node))
    if field.type == WORD:
        return _word(field, node, literal=op == "is")
    found = scalars.text(node)
    if field.name == "torrent.tracker" and re.search(r"[/:@]", found):
        raise ValueError("host names only, never an address: it holds your passkey")
    return Is(found) if op == "is" else element(found)


def _word(field: Field, node: Scalar, *, literal: bool) -> Element:
    """A word of the field's vocabulary, in its spelling; a glob that fits one of them."""
    if node.null:
        raise ValueError("nothing stands here")
    found = element(node.value)
    if isinstance(found, Glob) and not literal:
        test = found.test
        if any(test(word.lower()) for word in field.vocabulary):
            return found
        raise ValueError("it fits none of " + ", ".join(field.vocabulary))
    return Is(canonical(field.vocabulary, node.value, field.figures))


def canonical(vocabulary: Sequence[str], text: str, figures: bool = False) -> str:
    """A word as its vocabulary spells it. Raises ValueError with the nearest, or with all of them."""
    lower = text.lower()
    for word in vocabulary:
        if word.lower() == lower:
            return word
    if figures and (figure := _FIGURE.fullmatch(text)):
        return figure[1] + (" (VBR)" if figure[2] else "")
    raise ValueError(nearest(text, vocabulary) or "one of " + ", ".join(vocabulary))


def parse_number(field: Field, text: str, *, end: bool = False) -> int | float | str:
    """A number, size, date or moment. Raises ValueError."""
    if field.type == SIZE:
        return quantities.size(text)
    if field.type == DAY:
        return quantities.day(text)
    return quantities.moment(text, end=end) if field.type == MOMENT else quantities.whole(text)


def number(
    field: Field, node: Node, problems: Problems, *, end: bool = False, label: str = ""
) -> int | float | str | None:
    """One bound; None if it was reported."""
    if not isinstance(node, Scalar):
        wrong_value(field, node, problems, label=label)
        return None
    if node.bad:
        return None
    try:
        return parse_number(field, scalars.bare(node), end=end)
    except ValueError as error:
        wrong_value(field, node, problems, str(error), label)
        return None


def flag(label: str, node: Node, problems: Problems) -> bool | None:
    """`true` or `false`; None if it was reported."""
    return BOOL.read(node, label, problems)


def value_of(field: Field, text: str) -> object:
    """One value of a field as a fact has it, from text. Raises ValueError."""
    if field.type == WORD:
        return canonical(field.vocabulary, text, field.figures)
    if field.type == FLAG:
        if text not in ("true", "false"):
            raise ValueError(f"{field.name} wants true or false, got {quoted(text)}")
        return text == "true"
    return text if field.type == TEXT else parse_number(field, text)
