"""The JSON Schema of a rules file, for editors, from the tables of the reader; less what takes the whole file."""

from __future__ import annotations

from watcher.config.images import ImagesConfig
from watcher.config.lookups import LookupConfig
from watcher.config.metrics import MetricsConfig
from watcher.config.rulesfile import Defaults, Top
from watcher.config.sources import ClientConfig, FolderConfig, NotifyConfig, SeedBlock
from watcher.config.trackers import TrackerBlock
from watcher.config.trials import NOTHING, Expect, Trial
from watcher.rules.blocks import block_schema
from watcher.rules.fields import DAY, FIELDS, FLAG, MOMENT, SIZE, TEXT, WORD, Field
from watcher.rules.grammar import fitting
from watcher.rules.kinds import BOOL, NAME, Schema
from watcher.rules.rulebook import Guard, Rule, Target

_DATE = r"^\d{4}-\d{2}-\d{2}"


def schema() -> Schema:
    """JSON Schema (2020-12) of rules.yaml, for yaml-language-server and other editors."""
    top = block_schema(Top, _blocks())
    top["required"] = ["version", "rules"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "seedpost rules.yaml",
        **top,
        "$defs": {**_shared(), "match": _match(late=False), "require": _match(late=True), "set": {"type": "object"}},
    }


def _blocks() -> dict[str, Schema]:
    return {
        "defaults": block_schema(Defaults),
        "seed": block_schema(SeedBlock),
        "clients": _map(block_schema(ClientConfig)),
        "folders": _list(block_schema(FolderConfig)),
        "trackers": _map(block_schema(TrackerBlock)),
        "lists": _map({"anyOf": [_filled(_WORD), block("file", _WORD)]}),
        "guards": _list(_needs(block_schema(Guard, {"match": _ref("match")}), "match")),
        "rules": _list(_rule()),
        "tests": _list(_test()),
        "notify": _map(block_schema(NotifyConfig)),
        "images": block_schema(ImagesConfig),
        "lookups": _map(block_schema(LookupConfig)),
        "metrics": block_schema(MetricsConfig),
    }


_WORD: Schema = {"type": ["string", "integer"], "minLength": 1}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _map(value: Schema) -> Schema:
    return {"type": "object", "propertyNames": NAME.schema, "additionalProperties": value}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _filled(item: Schema) -> Schema:
    return _list(item) | {"minItems": 1}


def block(key: str, value: Schema) -> Schema:
    """A map of exactly one key."""
    return {"type": "object", "additionalProperties": False, "required": [key], "properties": {key: value}}


def _needs(found: Schema, *keys: str) -> Schema:
    required = found.get("required")
    return found | {"required": [*(required if isinstance(required, list) else ()), *keys]}


def _rule() -> Schema:
    target = block_schema(Target, {"set": _ref("set"), "require": _ref("require")})
    names: Schema = {"type": "string"}
    upload_to: Schema = {"anyOf": [names, _list(names), _map({"anyOf": [target, {"type": "null"}]})]}
    more: dict[str, Schema] = {name: _ref(name) for name in ("match", "require", "set")} | {"upload_to": upload_to}
    return _needs(block_schema(Rule, more), "match", "upload_to")


def _test() -> Schema:
    given = {name: _given(field) for name, field in FIELDS.items()}
    expect: Schema = {"anyOf": [block_schema(Expect), {"const": NOTHING}]}
    facts: Schema = {"type": "object", "additionalProperties": False, "properties": given}
    return _needs(block_schema(Trial, {"given": facts, "expect": expect}), "given", "expect")


def _given(field: Field) -> Schema:
    value = _ref("value." + _family(field))
    return {"anyOf": [value, _list(value), block("unknown", {"type": "string"}), {"type": "null"}]}


def _match(*, late: bool) -> Schema:
    inner = _ref("require" if late else "match")
    several = _filled(inner)
    properties: dict[str, object] = {"any": several, "all": several, "not": inner | {"minProperties": 1}}
    for name, field in FIELDS.items():
        if late or not field.late:
            help = f"{field.help} (e.g. {field.example})"
            properties[name] = _ref("asked." + _family(field)) | {"description": help}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _family(field: Field) -> str:
    """Fields of one family are asked in the same way."""
    return field.name if field.type == WORD else field.type + ("s" if field.many else "")


def _shared() -> dict[str, Schema]:
    """What the fields of each family may be, and how they may be asked."""
    families = {_family(field): field for field in FIELDS.values()}
    values = {f"value.{name}": _value(field) for name, field in families.items()}
    return values | {f"asked.{name}": _condition(name, field) for name, field in families.items()}


def _condition(name: str, field: Field) -> Schema:
    value, fit = _ref(f"value.{name}"), fitting(field)
    element: Schema = {"anyOf": [value, *(block(op, _WORD) for op in fit if op in ("is", "glob", "regex"))]}
    many: Schema = {"anyOf": [value, _filled(element)]}
    operators: dict[str, object] = {}
    for op in fit:
        operators[op] = BOOL.schema if op == "exists" else value if op in ("min", "max") else many
        if op in ("glob", "regex"):
            operators[op] = {"anyOf": [_WORD, _filled(_WORD)]}
    asked: Schema = {"type": "object", "additionalProperties": False, "minProperties": 1, "properties": operators}
    return {"anyOf": [value, _filled(element), asked]}


def _value(field: Field) -> Schema:
    if field.type == FLAG:
        return BOOL.schema
    if field.type == TEXT:
        return dict(_WORD)
    if field.type == WORD:
        return _word(field)
    patterns = {SIZE: r"^\s*\d+(\.\d+)?\s*([kKmMgGtT][iI]?)?[bB]\s*$", DAY: _DATE, MOMENT: _DATE}
    if field.type in patterns:
        return {"type": "string", "pattern": patterns[field.type]}
    return {"type": ["integer", "string"], "pattern": r"^(-?\d+|\$.+)$"}


def _word(field: Field) -> Schema:
    """The vocabulary, to choose from; the same in any case; `$lists` and globs."""
    blind = "|".join(_blind(word) for word in field.vocabulary)
    figures = r"|\d{2,4}( \([vV][bB][rR]\))?" if field.figures else ""
    written: Schema = {"type": "string", "pattern": rf"^(?:{blind}{figures}|\$.+|.*[*?].*)$"}
    ways: list[Schema] = [{"enum": list(field.vocabulary)}, written]
    if field.figures:
        ways.append({"type": "integer"})
    return {"anyOf": ways}


def _blind(word: str) -> str:
    letters = (f"[{c.upper()}{c.lower()}]" if c.isalpha() else "\\" * (c in ".()+*?|") + c for c in word)
    return "".join(letters)
