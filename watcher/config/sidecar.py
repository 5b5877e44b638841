"""The file beside content in which its owner says what it is: `NAME.seedpost.yaml`. Checked as rules.yaml is."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

from watcher.config.files import read_file
from watcher.config.reading import tree
from watcher.config.rulesfile import RulesInvalid
from watcher.errors import INVALID, SeedpostError
from watcher.rules.nodes import Block, Problems, shown
from watcher.rules.settings import Settings, read_set

ENDING = ".seedpost.yaml"


def beside_content(content: Path) -> Path:
    """Where the sidecar of the file or folder at `content` stands: beside it, with its whole name."""
    return content.with_name(content.name + ENDING)


def read_sidecar(content: Path) -> Settings:
    """What its owner says of the content: fields and values as under `set`; empty if there is no sidecar.

    Raises SeedpostError where it is there and can't be used: RulesInvalid with every mistake at its place, or why it
    is not believed (another's, a link, written by everybody).
    """
    path = beside_content(content)
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:  # a name too long for the ending has no sidecar; what can't be looked at may have one
        if error.errno == errno.ENAMETOOLONG:
            return {}
        raise SeedpostError(f"{path} can't be read: {error.strerror}", exit_code=INVALID) from error
    if not stat.S_ISREG(found.st_mode):
        raise SeedpostError(f"{path} is no regular file", hint="put the file itself there", exit_code=INVALID)
    return parse_sidecar(read_file(path), str(path))


def parse_sidecar(text: bytes, file: str) -> Settings:
    """The values in the text of a sidecar; positions name `file`. Raises RulesInvalid with every mistake."""
    if not any(line.strip() and not line.lstrip().startswith(b"#") for line in text.splitlines()):
        return {}
    problems = Problems(file)
    root = tree(text, problems)
    if root is not None and not isinstance(root, Block):
        problems.error(root, f"a sidecar is a map of fields, this is {shown(root)}", "music.media: Vinyl")
        root = None
    settings = read_set(root, problems, None)
    if problems.errors:
        raise RulesInvalid(file, problems.errors)
    return settings
