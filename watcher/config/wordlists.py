"""The `lists` block: words that conditions name as `$name`, written in the file or one a line in a file beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from watcher.config.reading import decoded
from watcher.errors import SeedpostError
from watcher.rules import kinds
from watcher.rules.blocks import check_keys
from watcher.rules.nodes import Block, Items, Node, Problems, Scalar, shown

ListReader = Callable[[str], tuple[Path, bytes]]  # the path as it was resolved, and what stands there
LONGEST = 50_000  # words in one list


@dataclass(frozen=True)
class Lists:
    """Every list by its name. `files`: what was read for them, by the path as it was resolved; `texts`: what stood
    there, by the name that the rules file gives it."""

    words: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    texts: Mapping[str, bytes] = field(default_factory=dict)


def read_lists(node: Node | None, read: ListReader, problems: Problems) -> Lists:
    """The `lists` block. `read` gives path and bytes of a file named in it; raises SeedpostError where it can't."""
    if node is None or (isinstance(node, Scalar) and node.bad):
        return Lists()
    if not isinstance(node, Block):
        problems.error(node, f"'lists' wants a map from names to lists, got {shown(node)}")
        return Lists()
    words: dict[str, tuple[Scalar, ...]] = {}
    files: list[Path] = []
    texts: dict[str, bytes] = {}

    def noted(name: str) -> tuple[Path, bytes]:
        path, data = read(name)
        files.append(path)
        texts[name] = data
        return path, data

    for key, value in node.entries:
        name = kinds.NAME.read(key, "lists", problems)
        if name is not None:
            words[name] = (
                _from_file(value, noted, problems) if isinstance(value, Block) else _inline(name, value, problems)
            )
    return Lists(words, tuple(files), texts)


def _inline(name: str, node: Scalar | Items, problems: Problems) -> tuple[Scalar, ...]:
    if isinstance(node, Scalar):
        if not node.bad:
            problems.error(node, f"list '{name}' wants a list or {{file: …}}, got {shown(node)}")
        return ()
    if not node.items:
        problems.error(node, f"list '{name}' is empty: nothing would ever match it")
    for item in node.items:
        if not isinstance(item, Scalar):
            problems.error(item, f"list '{name}' wants single values, got {shown(item)}")
    return tuple(item for item in node.items if isinstance(item, Scalar))


def _from_file(node: Block, read: ListReader, problems: Problems) -> tuple[Scalar, ...]:
    check_keys(node, ("file",), "a list", problems)
    file = node.get("file")
    name = kinds.TEXT.read(file, "file", problems) if file is not None else None
    if file is None:
        problems.error(node, "a list in a map wants its 'file'", "{file: banned.txt}")
    if file is None or name is None:
        return ()
    try:
        path, data = read(name)
    except SeedpostError as error:
        problems.error(file, str(error), error.hint)
        return ()
    return _lines(data, str(path), problems)


def _lines(data: bytes, file: str, problems: Problems) -> tuple[Scalar, ...]:
    """One word a line; blank lines and lines that begin with # are passed over."""
    inner = Problems(file)
    text = decoded(data, inner)
    words = [
        Scalar(line.strip(), number, len(line) - len(line.lstrip()) + 1, file=file)
        for number, line in enumerate((text or "").splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if text is not None and not words:
        inner.at(1, 1, "no word stands in this list")
    if len(words) > LONGEST:
        inner.at(words[LONGEST].line, 1, f"more than {LONGEST} words in one list")
    for problem in inner.errors:
        problems.at(problem.line, problem.column, problem.message, problem.hint, file=file)
    return tuple(words[:LONGEST])
