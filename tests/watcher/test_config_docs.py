"""docs/rules.md, the starter and the schema: everything they show is so."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support_rules import decided, marked, refused
from tests.watcher.test_config import FULL
from tests.watcher.test_config_malformed import GOOD, MISTAKES
from trackers.catalogue import TYPES, read_settings
from watcher.config import load, parse, run_tests, schema
from watcher.config.reading import tree
from watcher.rules import FIELDS
from watcher.rules.grammar import OPERATORS
from watcher.rules.nodes import Block, Items, Node, Problems

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
TELEVISION = "btn" if "btn" in TYPES else "orpheus"  # the page has recipes for types that come later
TRACKERS = f"trackers: {{RED: {{type: redacted}}, OPS: {{type: orpheus}}, BTN: {{type: {TELEVISION}}}}}\n"
TOLD = re.compile(r"# (refused|warned): (\d+):(\d+): (.*)")


def completed(snippet: str) -> str:
    """A snippet with what every file needs below it, so that its lines keep their numbers."""
    needed = {"version": "version: 1\n", "trackers": TRACKERS, "seed": "seed: {client: none}\n", "rules": "rules: []\n"}
    return snippet + "".join(line for key, line in needed.items() if not re.search(rf"^{key}:", snippet, re.MULTILINE))


@pytest.mark.parametrize("snippet", [one for one in SNIPPETS if not TOLD.match(one)])
def test_every_example_of_the_page_loads_and_its_tests_pass(snippet: str) -> None:
    config = parse(completed(snippet).encode())
    assert run_tests(config) == []
    told = [str(one) for one in config.warnings if "no rule names" not in one.message and "seeded" not in one.message]
    assert told == []


def test_the_examples_of_the_page_on_trackers_load() -> None:
    page = (ROOT / "docs" / "trackers.md").read_text(encoding="utf-8")
    covers, unit3d, *others = [
        parse(completed(one).encode()) for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    ]
    assert covers.images is not None
    assert covers.images.host == "pictures.example"
    site = unit3d.trackers["EXM"]
    maps = read_settings(TYPES[site.type], site.settings, site.name).maps
    assert maps is not None
    assert maps.types["web-dl"] == 4
    assert not maps.moderated
    assert all(one.trackers for one in others)


@pytest.mark.parametrize("snippet", [one for one in SNIPPETS if TOLD.match(one)])
def test_every_mistake_of_the_page_is_told_as_the_page_says(snippet: str) -> None:
    found = TOLD.match(snippet)
    assert found is not None
    text = completed(snippet)
    problems = refused(text) if found[1] == "refused" else parse(text.encode()).warnings
    places = {(one.line, one.column): one.message for one in problems}
    assert found[4] in places[int(found[2]), int(found[3])]


def test_the_page_shows_ten_mistakes_and_enough_recipes() -> None:
    assert sum(1 for one in SNIPPETS if TOLD.match(one)) == 10
    assert len(SNIPPETS) > 20


def test_the_page_names_every_field_and_every_operator() -> None:
    for field in FIELDS.values():
        assert f"| `{field.name}` |" in PAGE
        assert field.example.replace("|", "\\|") in PAGE
    for operator in OPERATORS:
        assert f"`{operator}`" in PAGE


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
def test_the_example_of_every_field_is_one(field: Any) -> None:
    block = "require" if field.late else "match"
    other = "match: {}, " if field.late else ""
    asked = f"{block}: {{{field.name}: {field.example}}}"
    text = f"lists: {{banned_groups: [x]}}\nrules: [{{name: a, {other}{asked}, upload_to: [RED]}}]\n"
    parse(completed(text).encode())


STARTER = ROOT / "rules.yaml"


def test_the_starter_loads_without_a_warning_in_dry_run_and_its_tests_pass() -> None:
    config = load(STARTER)
    assert config.mode == "dry_run"
    assert config.warnings == ()
    assert config.tests
    assert run_tests(config) == []


def test_the_starter_sends_a_flac_album_without_a_release_group_to_red_and_ops() -> None:
    album = {"kind": "music", "music.format": "FLAC", "music.tags_complete": True, "name": "Artist - Album"}
    for more in ({}, {"music.media": "WEB"}, {"from": "folder", "music.encoding": "Lossless"}):
        decision = decided(load(STARTER), album | more)
        assert list(decision.trackers) == ["RED", "OPS"]
        assert decision.mode == "dry_run"
        assert not any(route.failed for route in decision.trackers.values())


def test_the_starter_routes_a_television_episode() -> None:
    config = load(STARTER)
    episode = {"kind": "tv", "tv.title": "A Series", "tv.season": 1, "tv.episode": [2]}
    decision = decided(config, episode | {"video.resolution": "1080p", "video.kind": "web-dl"})
    assert (decision.rule, list(decision.trackers), decision.mode) == ("episodes", ["EXM"], "dry_run")
    assert not decision.trackers["EXM"].failed
    assert decided(config, episode | {"video.resolution": "720p"}).rule == "video"


def test_the_schema_in_the_tree_is_the_one_that_is_made() -> None:
    assert json.loads((ROOT / "rules.schema.json").read_text(encoding="utf-8")) == json.loads(json.dumps(schema()))
    assert STARTER.read_text().startswith("# yaml-language-server: $schema=./rules.schema.json\n")


# A reading of the schema with the keywords it uses, and YAML 1.2's own types, as an editor has them.


def plain(node: Node) -> Any:
    """What an editor makes of a tree: YAML 1.2's core types."""
    if isinstance(node, Block):
        return {key.value: plain(value) for key, value in node.entries}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    if not node.plain:
        return node.value
    if node.null:
        return None
    if node.value in ("true", "false"):
        return node.value == "true"
    if re.fullmatch(r"[-+]?\d+", node.value):
        return int(node.value)
    return float(node.value) if re.fullmatch(r"[-+]?(\.\d+|\d+\.\d*)", node.value) else node.value


NAMES = {"string": str, "integer": int, "number": (int, float), "object": dict, "array": list, "null": type(None)}


def fits(value: Any, wanted: Mapping[str, Any], top: Mapping[str, Any]) -> bool:
    """Whether a value is one that the schema accepts."""
    if "$ref" in wanted and not fits(value, top["$defs"][wanted["$ref"].rpartition("/")[2]], top):
        return False
    if "anyOf" in wanted and not any(fits(value, one, top) for one in wanted["anyOf"]):
        return False
    if "enum" in wanted and value not in wanted["enum"]:
        return False
    if "const" in wanted and value != wanted["const"]:
        return False
    return typed(value, wanted) and measured(value, wanted) and inside(value, wanted, top)


def typed(value: Any, wanted: Mapping[str, Any]) -> bool:
    """The keyword `type`."""
    types = wanted.get("type", [])
    types = [types] if isinstance(types, str) else types
    if isinstance(value, bool):
        return not types or "boolean" in types
    return not types or any(isinstance(value, NAMES[one]) for one in types if one in NAMES)


def measured(value: Any, wanted: Mapping[str, Any]) -> bool:
    """Bounds and patterns."""
    if isinstance(value, str):
        shortest, longest = wanted.get("minLength", 0), wanted.get("maxLength", 10**9)
        return shortest <= len(value) <= longest and bool(re.search(wanted.get("pattern", ""), value))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = wanted.get("minimum", value), wanted.get("maximum", value)
        return low <= value <= high and value > wanted.get("exclusiveMinimum", value - 1)
    return True


def inside(value: Any, wanted: Mapping[str, Any], top: Mapping[str, Any]) -> bool:
    """What stands in lists and maps."""
    if isinstance(value, list):
        return len(value) >= wanted.get("minItems", 0) and all(fits(one, wanted.get("items", {}), top) for one in value)
    if not isinstance(value, dict):
        return True
    if len(value) < wanted.get("minProperties", 0) or any(key not in value for key in wanted.get("required", [])):
        return False
    if not all(fits(key, wanted.get("propertyNames", {}), top) for key in value):
        return False
    known, more = wanted.get("properties", {}), wanted.get("additionalProperties", True)
    others = [one for key, one in value.items() if key not in known]
    if others and (more is False or (isinstance(more, dict) and not all(fits(one, more, top) for one in others))):
        return False
    return all(fits(one, known[key], top) for key, one in value.items() if key in known)


def accepted(text: str) -> bool:
    """Whether an editor with the schema finds nothing wrong."""
    root = tree(text.encode(), Problems("file"))
    assert root is not None
    found = schema()
    return fits(plain(root), found, found)


@pytest.mark.parametrize(
    "text", [GOOD, FULL, STARTER.read_text(), *(completed(one) for one in SNIPPETS if not TOLD.match(one))]
)
def test_the_schema_accepts_what_loads(text: str) -> None:
    assert accepted(text)


# What an editor can't know: names that stand elsewhere, how a value is spelled, what a type allows, YAML itself.
BEYOND = re.compile(
    r"no (client|tracker|list|rule|guard|event|field)|told apart|another|twice|one to one|without \.\.|home folder"
    r"|regular file|No such file|units are|neither may|less than|max below|at least 1s|look-ahead|never an address"
    r"|needs its 'url'|this machine alone|https://|Port|without user|looks like a secret|month must|out of range"
    r"|in set|can't be set|is no list|brace that stands|stand its width|too late|here are 2|brackets|it fits none of"
    r"|a boolean|leading 0|named none|already|16 deep"
)
BEYOND_SET = ("set: {", "releas", "title:")  # which form keys there are is a matter of the tracker


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [one for one in MISTAKES if not BEYOND.search(one[2]) and not any(part in one[1] for part in BEYOND_SET)],
    ids=lambda text: text[:30],
)
def test_the_schema_refuses_what_is_refused_where_an_editor_can_know(old: str, new: str, message: str) -> None:
    text, _ = marked(GOOD.replace(old, new, 1))
    assert not accepted(text)
