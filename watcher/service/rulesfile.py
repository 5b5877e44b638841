"""The rules in force: which file a start decides by, when an edit is taken, what is kept of it. Reading is config's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from watcher.config import Config, RulesInvalid, keep, kept, load, run_tests, state_of
from watcher.config.files import STATE
from watcher.durable import FileSystem
from watcher.errors import INVALID, SeedpostError
from watcher.journal import Journal
from watcher.logs import log

MOST_ERRORS = 20  # in one record

Stamps = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Start:
    """What a start begins with. `refused`: what is wrong with the file as it stands, if an older one is in force."""

    config: Config
    state: Path
    refused: tuple[str, ...] = ()


def acceptable(path: Path) -> Config:
    """The file at `path`, valid and with its tests passing. Raises RulesInvalid or SeedpostError, exit 78."""
    config = load(path)
    failed = run_tests(config)
    if failed:
        raise RulesInvalid(str(path), failed)
    return config


def start(find: Callable[[], Path], state: Path | None) -> Start:
    """The rules to begin with: those of the file, else the ones last accepted. `state` wins over the file's own.

    Raises what is wrong with the file, exit 78, if none were ever accepted in this state folder.
    """
    path: Path | None = None
    try:
        path = find()
        config = acceptable(path)
    except SeedpostError as error:
        if error.exit_code != INVALID:
            raise
        folder = state or _named(path)
        older = _older(folder)
        if older is None:
            raise
        return Start(replace(older, path=path or older.path), folder, reasons(error))
    return Start(config, state or config.state)


def _named(path: Path | None) -> Path:
    """The state folder that a file with mistakes names."""
    try:
        return state_of(path) if path is not None else Path(STATE).expanduser()
    except SeedpostError:
        return Path(STATE).expanduser()


def _older(state: Path) -> Config | None:
    try:
        return kept(state)
    except SeedpostError:
        return None


def reasons(error: SeedpostError) -> tuple[str, ...]:
    """What is wrong with a file, a line each."""
    found = [str(one) for one in error.problems] if isinstance(error, RulesInvalid) else [str(error)]
    return tuple(found[:MOST_ERRORS])


class RulesFile:
    """The rules in force and the file they are of. Belongs to the loop; any thread may read `config`."""

    def __init__(self, config: Config, journal: Journal, state: Path, refused: Sequence[str] = ()) -> None:
        self.config = config
        self._journal, self._state, self._refused = journal, state, tuple(refused)
        self._taken = self._seen = stamps(config)

    def begin(self) -> bool:
        """At a start: note which rules are in force, and why not the file's if they are older ones. Whether they are
        others than those of the last run."""
        before = self._journal.ledger.rules
        loaded, rejected = before.get("loaded", {}), before.get("rejected", {})
        changed = bool(loaded) and loaded.get("rules") != self.config.digest
        if loaded.get("rules") != self.config.digest or int(rejected.get("seq", 0)) > int(loaded.get("seq", 0)):
            self._journal.append([_loaded(self.config)])
        if self._refused:
            self._journal.append([_rejected(self._refused)])
        else:
            self._keep()
        return changed

    def edited(self) -> bool:
        """Whether the file, or a list it reads, was saved, and has been still since the last look."""
        now = stamps(self.config)
        saved = now == self._seen and now != self._taken
        self._seen = now
        return saved

    def reload(self) -> bool:
        """Take the file as it is now, if it is valid and its tests pass; else keep the rules in force, and say why."""
        self._taken = self._seen = stamps(self.config)
        try:
            config = acceptable(self.config.path)
        except SeedpostError as error:
            self._journal.append([_rejected(reasons(error))])
            return False
        self.config = config
        self._taken = self._seen = stamps(config)
        self._journal.append([_loaded(config)])
        self._keep()
        return True

    def _keep(self) -> None:
        """A disk that is full takes nothing from the rules in force; the copy is then an older one."""
        try:
            keep(self.config, self._state, FileSystem())
        except OSError as error:
            log.error("rules.not_kept", error=str(error))


def _loaded(config: Config) -> dict[str, object]:
    return {"type": "rules", "what": "loaded", "rules": config.digest}


def _rejected(errors: Sequence[str]) -> dict[str, object]:
    return {"type": "rules", "what": "rejected", "errors": list(errors)}


def stamps(config: Config) -> Stamps:
    """What changes when a file that the rules were read from is saved; zeros for one that is not there."""
    found = []
    for path in (config.path, *config.files):
        try:
            stat = Path(path).stat()
        except OSError:
            found.append((0, 0, 0))
        else:
            found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(found)
