"""Which text among the files tells how a rip was made, and the text as a form may carry it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from trackers.content import File
from watcher.identify.kinds import extension
from watcher.identify.rip import decoded

LONGEST = 40_000  # characters that are kept: an NFO may be long
_NAMED = (
    re.compile(r"lineage|rip[ ._-]?info|transfer", re.I),
    re.compile(r"^info|[ ._-]info$|technical|notes", re.I),
)


def lineage_of(files: Iterable[File]) -> str | None:
    """The path of the text: by its name, else the only .txt there is."""
    texts = [file.path for file in files if extension(file.path) == "txt" and file.size]
    for pattern in _NAMED:
        found = [path for path in texts if pattern.search(path.rsplit("/", 1)[-1].rpartition(".")[0])]
        if found:
            return min(found, key=lambda path: (path.count("/"), path))
    return texts[0] if len(texts) == 1 else None


def lineage_text(data: bytes) -> str:
    """The text in whatever encoding, with its lines; no character that is none."""
    lines = decoded(data)[:LONGEST].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(c if c.isprintable() else " " for c in line).rstrip() for line in lines).strip()
