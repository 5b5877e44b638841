"""The rules file that was last taken into use, kept in the state folder with its lists. When: the service says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from watcher.config.files import beside
from watcher.config.rulesfile import Config, parse
from watcher.durable import FileSystem, replace
from watcher.errors import INVALID, SeedpostError

NAME = "rules.accepted.yaml"
# Begins the last line. The file proper stands before it byte for byte, so that positions are those the user knows.
_KEPT = b"\n# kept by seedpost, as it was last taken into use: "


@dataclass(frozen=True)
class _Beside:
    """Reads the lists as they were kept; their paths are those of the real files, which are watched all the same."""

    folder: Path
    lists: Mapping[str, str]

    def __call__(self, name: str) -> tuple[Path, bytes]:
        if name not in self.lists:
            return beside(self.folder)(name)
        return self.folder / Path(name).expanduser(), self.lists[name].encode("utf-8", "surrogateescape")


def keep(config: Config, state: Path, fs: FileSystem) -> None:
    """Write STATE/rules.accepted.yaml (0600): after a crash the one before or this one, whole. Raises OSError."""
    lists = {name: data.decode("utf-8", "surrogateescape") for name, data in config.lists.items()}
    told = json.dumps({"path": str(config.path), "lists": lists}, ensure_ascii=True)
    replace(state / NAME, config.text + _KEPT + told.encode() + b"\n", fs=fs)


def kept(state: Path) -> Config:
    """What `keep` wrote last, under the path of the file it came from. Raises SeedpostError, exit 78, if there is
    none or this version can't read it."""
    try:
        text, _, told = (state / NAME).read_bytes().rpartition(_KEPT)
        about = json.loads(told)
        path, lists = Path(about["path"]), dict(about["lists"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SeedpostError(f"no rules were kept in {state}", exit_code=INVALID) from error
    return parse(text, str(path), read=_Beside(path.parent, lists))
