"""The file beside content in which its owner says what it is: `NAME.seedpost.yaml`. Checked as rules.yaml is."""

from __future__ import annotations

import errno
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from watcher.config.files import read_file
from watcher.config.reading import tree
from watcher.config.rulesfile import RulesInvalid
from watcher.errors import INVALID, SeedpostError
from watcher.rules.nodes import Block, Node, Problems, nearest, shown
from watcher.rules.settings import Settings, Vocabulary, read_set

ENDING = ".seedpost.yaml"
TRACKERS = "trackers"  # the one key that is no field
Forms = Mapping[str, Vocabulary]  # a tracker's name in rules.yaml: the keys of its form


@dataclass(frozen=True)
class Sidecar:
    """What its owner says of the content: `facts` as under a rule's `set`, and what a tracker's form is to have, should
    it go there; where it goes is the rules' to say."""

    facts: Settings = field(default_factory=dict)
    trackers: Mapping[str, Settings] = field(default_factory=dict)


def beside_content(content: Path) -> Path:
    """Where the sidecar of the file or folder at `content` stands: beside it, with its whole name."""
    return content.with_name(content.name + ENDING)


def read_sidecar(content: Path, forms: Forms) -> Sidecar:
    """What its owner says of the content; nothing if there is no sidecar.

    Raises SeedpostError where it is there and can't be used: RulesInvalid with every mistake at its place, or why it
    is not believed (another's, a link, written by everybody).
    """
    path = beside_content(content)
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return Sidecar()
    except OSError as error:  # a name too long for the ending has no sidecar; what can't be looked at may have one
        if error.errno == errno.ENAMETOOLONG:
            return Sidecar()
        raise SeedpostError(f"{path} can't be read: {error.strerror}", exit_code=INVALID) from error
    if not stat.S_ISREG(found.st_mode):
        raise SeedpostError(f"{path} is no regular file", hint="put the file itself there", exit_code=INVALID)
    return parse_sidecar(read_file(path), str(path), forms)


def parse_sidecar(text: bytes, file: str, forms: Forms) -> Sidecar:
    """The values in the text of a sidecar; positions name `file`. Raises RulesInvalid with every mistake."""
    if not any(line.strip() and not line.lstrip().startswith(b"#") for line in text.splitlines()):
        return Sidecar()
    problems = Problems(file)
    root = tree(text, problems)
    if root is not None and not isinstance(root, Block):
        problems.error(root, f"a sidecar is a map of fields, this is {shown(root)}", "music.media: Vinyl")
        root = None
    about = None if root is None else Block([pair for pair in root.entries if pair[0].value != TRACKERS], 1, 1)
    facts = read_set(about, problems, None)
    trackers = _trackers(None if root is None else root.get(TRACKERS), forms, problems)
    if problems.errors:
        raise RulesInvalid(file, problems.errors)
    return Sidecar(facts, trackers)


def _trackers(node: Node | None, forms: Forms, problems: Problems) -> dict[str, Settings]:
    if node is None:
        return {}
    if not isinstance(node, Block):
        problems.error(node, f"'{TRACKERS}' wants a map, got {shown(node)}", "OPS: {request: 1234}")
        return {}
    found = {}
    for name, value in node.entries:
        if name.value in forms:
            found[name.value] = read_set(value, problems, forms[name.value])
        elif not name.bad:
            problems.error(name, f"no tracker {name.value!r} in rules.yaml{nearest(name.value, forms)}")
    return found
