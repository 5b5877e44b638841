"""The `set` of a rule or tracker: facts and form keys to override, checked when read, filled in when decided."""

from __future__ import annotations

import re
from collections.abc import Mapping

from watcher.release import Facts, is_fact
from watcher.rules import scalars
from watcher.rules.decision import Reason
from watcher.rules.elements import canonical, value_of
from watcher.rules.fields import FIELDS, SETTABLE, TEXT, Field
from watcher.rules.nodes import Block, Items, Node, Problems, Scalar, nearest, shown
from watcher.rules.templates import NoValue, Template, rendered, template

Vocabulary = Mapping[str, tuple[str, ...]]  # form key -> allowed words, none: any
Settings = Mapping[str, object]  # key -> value, Template, or tuple of them


def read_set(node: Node | None, problems: Problems, form: Vocabulary | None) -> Settings:
    """The values of a `set` block. `form`: the tracker's own keys; None where no tracker is meant."""
    if node is None:
        return {}
    if not isinstance(node, Block):
        if not (isinstance(node, Scalar) and node.bad):
            problems.error(node, f"'set' wants a map, got {shown(node)}")
        return {}
    read = {key.value: _entry(key, value, problems, form) for key, value in node.entries if not key.bad}
    return {key: value for key, value in read.items() if value is not None}


def _entry(key: Scalar, node: Node, problems: Problems, form: Vocabulary | None) -> object | None:
    stem, dot, verb = key.value.rpartition(".")
    name = stem if dot and verb in ("add", "remove") else key.value
    field = FIELDS.get(name) if name in SETTABLE else None
    if field is None and name not in (form or {}):
        _unknown(key, name, problems, form)
        return None
    if name != key.value and field is not None and not field.many:
        problems.error(key, f"'{name}' is no list: '.{verb}' has nothing to work on")
        return None
    many = field.many if field is not None else name != key.value or isinstance(node, Items)
    words = (form or {}).get(name, ())
    return _values(key.value, node, problems, field, words) if many else _value(key.value, node, problems, field, words)


def _unknown(key: Scalar, name: str, problems: Problems, form: Vocabulary | None) -> None:
    if name in FIELDS:
        problems.error(key, f"'{name}' tells where it came from and can't be set")
        return
    known = (*SETTABLE, *(form or {}))
    hint = (
        "seedpost rules fields --tracker NAME"
        if form is not None
        else "a tracker's form keys stand under it in upload_to"
    )
    problems.error(key, f"unknown key '{key.value}' in set{nearest(key.value, known)}", hint)


def _values(
    label: str, node: Node, problems: Problems, field: Field | None, words: tuple[str, ...]
) -> tuple[object, ...] | None:
    nodes = node.items if isinstance(node, Items) else [node]
    read = [_value(label, one, problems, field, words) for one in nodes]
    return tuple(one for one in read if one is not None) if None not in read else None


def _value(label: str, node: Node, problems: Problems, field: Field | None, words: tuple[str, ...]) -> object | None:
    if isinstance(node, Scalar) and node.bad:
        return None
    if not isinstance(node, Scalar):
        problems.error(node, f"'{label}' can't be set to {shown(node)}: a single value is wanted")
        return None
    try:
        return _typed(node, field, words)
    except ValueError as error:
        joint = "" if str(error).startswith(", ") else ": "
        problems.error(node, f"'{label}' can't be set to {shown(node)}{joint}{error}")
        return None


def _typed(node: Scalar, field: Field | None, words: tuple[str, ...]) -> object:
    if node.null:
        raise ValueError("nothing stands here")
    if node.plain and field is None and not words and node.value in ("true", "false"):
        return node.value == "true"
    written = template(_text(node, field, words))
    fixed = written.fixed
    if fixed is None:
        return written
    if field is not None:
        return value_of(field, fixed)
    if words:
        return canonical(words, fixed)
    return int(fixed) if node.plain and re.fullmatch(r"0|[1-9]\d{0,14}", fixed, re.ASCII) else fixed


def _text(node: Scalar, field: Field | None, words: tuple[str, ...]) -> str:
    free = not words if field is None else field.type == TEXT
    return scalars.text(node) if free else node.value


def filled(settings: Settings, facts: Facts) -> tuple[dict[str, object], tuple[Reason, ...]]:
    """`set` for one release, and what could not be filled in."""
    done: dict[str, object] = {}
    failed: list[Reason] = []
    for key, value in settings.items():
        try:
            done[key] = _checked(key, value, rendered(value, facts))
        except NoValue as error:
            failed.append(Reason(f"set.{key}", f"a value for {{{error.field}}}", None if error.unknown else "none"))
        except ValueError as error:
            failed.append(Reason(f"set.{key}", str(error), str(rendered(value, facts))))
    return done, tuple(failed)


def written(value: object) -> object:
    """A value of `set` as it stands in the file, for the journal."""
    if isinstance(value, Template):
        return str(value)
    return [written(one) for one in value] if isinstance(value, (list, tuple)) else value


def reread(value: object) -> object:
    """The inverse of `written`."""
    if isinstance(value, str):
        return template(value)
    return tuple(reread(one) for one in value) if isinstance(value, (list, tuple)) else value


def _checked(key: str, before: object, after: object) -> object:
    """What slots made of a fact must still be a value of its field. Raises ValueError."""
    field = FIELDS.get(key) if is_fact(key) else None
    if field is None or field.type == TEXT or not isinstance(before, Template):
        return after
    return value_of(field, str(after))


def amended(before: Mapping[str, object], change: Mapping[str, object]) -> dict[str, object]:
    """A `set` with a person's over it. What is added to a list, or taken from it, adds up."""
    after = {**before, **change}
    for key in before.keys() & change.keys():
        was, now = before[key], change[key]
        if key.endswith((".add", ".remove")) and isinstance(was, (list, tuple)) and isinstance(now, (list, tuple)):
            after[key] = [*was, *(one for one in now if one not in was)]
    return after


def typed(key: str, text: str) -> object:
    """The value of one `key=text` that a person typed for a job. Lists are parted by commas. Raises ValueError."""
    stem, _, verb = key.rpartition(".")
    name = stem if verb in ("add", "remove") else key
    field = FIELDS.get(name) if name in SETTABLE else None
    if field is None and (is_fact(name) or name in FIELDS):
        raise ValueError(f"'{name}' can't be set{nearest(name, SETTABLE)}")
    if name == key and (field is None or not field.many):
        return value_of(field, text) if field is not None else text
    words = [word.strip() for word in text.split(",") if word.strip()]
    return [value_of(field, word) if field is not None else word for word in words]
