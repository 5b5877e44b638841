"""From the bytes of a file to a tree with positions: bounded, strict, nothing guessed. What keys mean is for others."""

from __future__ import annotations

import re
from typing import Any

import yaml

from watcher.config.files import MOST_BYTES
from watcher.config.syntax import explained
from watcher.rules.credentials import looks_secret
from watcher.rules.nodes import Block, Items, Node, Problems, Scalar

MOST_NODES = 100_000
DEEPEST = 64
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
_HASHES = frozenset(("torrent.infohash",))  # keys whose values look like secrets and are none

# libyaml's parser where PyYAML was built with it. Its events are safe; its composer recurses and falls over.
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def tree(data: bytes, problems: Problems) -> Node | None:
    """The tree of one document; None if nothing could be read. Everything found wrong on the way is reported."""
    text = decoded(data, problems)
    if text is None:
        return None
    composer = _Composer(problems)
    try:
        for event in yaml.parse(text, Loader=_Parser):
            if not composer.take(event):
                return None
    except yaml.MarkedYAMLError as error:
        line, column, message, hint = explained(error, text)
        problems.at(line, column, message, hint)
        return None
    if composer.root is None:
        problems.at(1, 1, "the file is empty", "a file of rules begins with `version: 1`")
    return composer.root


def decoded(data: bytes, problems: Problems) -> str | None:
    """The text of a file in UTF-8, with or without a byte order mark; None if it was reported."""
    if len(data) > MOST_BYTES:
        problems.at(1, 1, f"the file is larger than {MOST_BYTES // 1024} KiB")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig")
        line, column = _place(before, len(before))
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        problems.at(line, column, "this is not UTF-8" + (" but UTF-16" if wide else ""), "save the file as UTF-8")
        return None
    found = _UNPRINTABLE.search(text)
    if found:
        problems.at(*_place(text, found.start()), f"a control character, U+{ord(found[0]):04X}, has no place here")
        return None
    return text


def _place(text: str, index: int) -> tuple[int, int]:
    before = text[:index].replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


class _Composer:
    """Builds the tree from events, counting as it goes, without recursion."""

    def __init__(self, problems: Problems) -> None:
        self.root: Node | None = None
        self._problems = problems
        self._open: list[Items | Block] = []
        self._keys: list[Scalar | None] = []  # of each open block: the key that waits for its value
        self._seen: list[dict[str, int]] = []  # of each open block: key -> line
        self._hashes: list[bool] = [False]  # of each open node: values in it may look like secrets
        self._nodes = 0
        self._documents = 0

    def take(self, event: Any) -> bool:
        """Add one event; False if reading has to end here."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            return self._scalar(event)
        if kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            return self._begin(event)
        if kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._open.pop(), self._keys.pop(), self._seen.pop(), self._hashes.pop()
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > 1:
                mark = event.start_mark
                self._problems.at(mark.line + 1, mark.column + 1, "a second document: one file is one document")
                return False
        return True

    def _scalar(self, event: Any) -> bool:
        mark = event.start_mark
        node = Scalar(event.value, mark.line + 1, mark.column + 1, not event.style)
        if event.tag is not None or event.anchor is not None:
            self._decorated(node, event)
        if looks_secret(node.value) and not node.bad and not self._of_hash():
            self._secret(node)
        self._place(node)
        return self._counted(node)

    def _begin(self, event: Any) -> bool:
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        node = Block([], line, column) if type(event) is yaml.MappingStartEvent else Items([], line, column)
        if event.tag is not None or event.anchor is not None:
            self._decorated(node, event)
        if len(self._open) >= DEEPEST:
            self._problems.error(node, f"nested more than {DEEPEST} deep")
            return False
        self._hashes.append(self._of_hash())
        self._place(node)
        self._open.append(node)
        self._keys.append(None)
        self._seen.append({})
        return self._counted(node)

    def _counted(self, node: Node) -> bool:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._problems.error(node, f"more than {MOST_NODES} values and keys in one file")
        return self._nodes <= MOST_NODES

    def _decorated(self, node: Node, event: Any) -> None:
        if event.anchor is not None:
            self._problems.error(
                node,
                f"anchors such as '&{event.anchor}' are not read",
                "give a list a name under `lists` and write $name",
            )
        if event.tag is not None:
            self._problems.error(node, "tags that begin with ! are not read", "to mean the text itself, quote it")
            if isinstance(node, Scalar):
                node.bad = True

    def _alias(self, event: Any) -> None:
        mark = event.start_mark
        node = Scalar("", mark.line + 1, mark.column + 1, bad=True)
        self._problems.error(
            node,
            f"'*{event.anchor}' without quotes is an alias, and aliases are not read",
            f"for the text, write '*{event.anchor}'",
        )
        self._place(node)

    def _place(self, node: Node) -> None:
        """Put a node where the innermost open one wants it."""
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Items):
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = self._key(node)
            return
        self._keys[-1] = None
        if not key.bad:
            parent.entries.append((key, node))

    def _of_hash(self) -> bool:
        """Whether what comes next is an info-hash, which looks like a secret."""
        key = self._keys[-1] if self._keys else None
        return self._hashes[-1] or (key is not None and key.value in _HASHES)

    def _key(self, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            self._problems.error(node, "a key can't be a list or a map")
            return Scalar("", node.line, node.column, bad=True)
        if node.bad:
            return node
        if node.plain and node.value == "<<":
            self._problems.error(node, "merge keys are not read", "write the keys out")
            node.bad = True
        elif node.null:
            self._problems.error(node, "a key without a name")
            node.bad = True
        elif node.value in self._seen[-1]:
            line = self._seen[-1][node.value]
            self._problems.error(node, f"'{node.value}' stands twice, first in line {line}", "the second would be lost")
            node.bad = True
        self._seen[-1].setdefault(node.value, node.line)
        return node

    def _secret(self, node: Scalar) -> None:
        node.bad = True
        self._problems.error(
            node, "this looks like a secret, and a secret has no place in rules.yaml", "seedpost secrets set NAME"
        )
