"""Everything that can be found wrong before it matters: rules, tests, folders, secrets; `online`: clients, keys, rights
and announce addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trackers import prove_announce
from trackers.base import Uploader
from trackers.clock import Clock
from trackers.errors import NotAuthorised, SettingsError, TrackerError
from watcher import metrics, notify
from watcher.client import Client, ClientAway, PathMap
from watcher.config import Config, Problem, RulesInvalid, load, run_tests
from watcher.errors import INVALID, NETWORK, NOT_AUTHORISED, OK, NotFound, SeedpostError
from watcher.journal import Journal
from watcher.secrets import Secrets, secret_name
from watcher.service import parts
from watcher.sources.maindata import Torrents
from watcher.sources.whereabouts import unmapped


@dataclass(frozen=True)
class Checked:
    """What was found. `ok`: no errors; warnings are allowed. `online` are the exit codes of what was asked for and went
    wrong; a problem of the file itself has none."""

    problems: tuple[Problem, ...]
    online: tuple[int, ...] = ()
    asked: tuple[str, ...] = ()  # clients, look-up services and trackers, by name

    @property
    def ok(self) -> bool:
        """Whether seedpost would run as it stands."""
        return not self._errors

    @property
    def exit_code(self) -> int:
        """0; 77 if the worst is a key or right that was refused, 5 if somebody could not be reached, else 78."""
        if not self._errors:
            return OK
        if self._errors > len(self.online) or INVALID in self.online:
            return INVALID
        return NOT_AUTHORISED if NOT_AUTHORISED in self.online else NETWORK

    @property
    def _errors(self) -> int:
        return sum(problem.severity == "error" for problem in self.problems)


def check(rules: Path, secrets: Secrets, state: Path | None, clock: Clock, *, online: bool) -> Checked:
    """Look at everything; never raises for what it finds."""
    try:
        config = load(rules)
    except RulesInvalid as error:
        return Checked(tuple(error.problems))
    found = [*config.warnings, *run_tests(config), *_folders(config), *_stages(config), *_missing(config, secrets)]
    found += _watched(config, secrets)
    found += _journal(config, state or config.state)
    asked = list(_asked(config, secrets, state or config.state, clock)) if online else []
    codes = tuple(code for problem, code in asked if problem.severity == "error")
    names = (*config.clients, *config.lookups, *config.trackers) if online else ()
    return Checked((*found, *(problem for problem, _ in asked)), codes, names)


def _asked(config: Config, secrets: Secrets, state: Path, clock: Clock) -> Iterator[tuple[Problem, int]]:
    """What went wrong with each client, look-up service and tracker, and the exit code for it."""
    yield from _clients(config, secrets, state, clock)
    yield from _lookups(config, secrets, state, clock)
    for name, one in config.trackers.items():
        try:
            parts.tracker_secrets(one, secrets)
        except SettingsError:
            continue  # told already
        try:
            _prove(parts.opened(one, secrets, state=state, clock=clock))
        except SettingsError as error:
            yield _problem(config, error.text), INVALID
        except TrackerError as error:
            yield _problem(config, _named(name, error.text)), _code(error)


def _lookups(config: Config, secrets: Secrets, state: Path, clock: Clock) -> Iterator[tuple[Problem, int]]:
    """One request a look-up service."""
    for name, one in config.lookups.items():
        try:
            parts.lookup_secrets(one, secrets)
        except SettingsError:
            continue  # told already
        try:
            parts.lookup_of(one, secrets, state=state, clock=clock).prove()
        except SettingsError as error:
            yield _problem(config, error.text), INVALID
        except TrackerError as error:
            yield _problem(config, _named(name, error.text)), _code(error)


def _problem(config: Config, message: str, hint: str = "", severity: str = "error") -> Problem:
    return Problem(str(config.path), 0, 0, severity, message, hint)


def _folders(config: Config) -> Iterator[Problem]:
    for folder in config.folders:
        if not folder.path.is_dir():
            yield _problem(config, f"folder {folder.name}: {folder.path} is no folder", "make it, or mend `path`")


def _stages(config: Config) -> Iterator[Problem]:
    """A link can't leave a file system: a `stage` that shares one with no watched folder is of little use."""
    devices = {_device(folder.path) for folder in config.folders}
    for tracker in config.trackers.values():
        if tracker.stage is not None and devices and _device(tracker.stage) not in devices:
            text = f"{tracker.name}: no watched folder is on the file system of its stage, {tracker.stage}"
            yield _problem(config, text, "links can't leave a file system: name a folder there", severity="warning")


def _device(path: Path) -> int:
    """The file system of a path, or of where it would be made."""
    return next(parent.stat().st_dev for parent in (path, *path.parents) if parent.exists())


def _journal(config: Config, state: Path) -> Iterator[Problem]:
    """What the journal itself says to be wrong with it; nothing where there is none yet."""
    try:
        journal = Journal.open(state, writable=False)
    except NotFound:
        return
    except SeedpostError as error:
        yield _problem(config, str(error), error.hint)
        return
    if journal.trouble:
        yield _problem(config, *journal.trouble.split("; ", 1))
    journal.close()


def _missing(config: Config, secrets: Secrets) -> Iterator[Problem]:
    for tracker in config.trackers.values():
        try:
            parts.tracker_secrets(tracker, secrets)
        except SettingsError as error:
            yield _problem(config, error.text)
    if config.images is not None:
        try:
            parts.image_key(config.images, secrets)
        except SettingsError as error:
            yield _problem(config, error.text)
    for lookup in config.lookups.values():
        try:
            parts.lookup_secrets(lookup, secrets)
        except SettingsError as error:
            yield _problem(config, error.text)
    for client in config.clients.values():
        name = secret_name(client.name, "password")
        found = secrets.status([name, secret_name(client.name, "api_key")])
        for status in found:
            if status.problem:
                yield _problem(config, f"{status.name}: {status.problem}")
        if not any(status.problem or status.origin for status in found):
            text = f"client {client.name} has no password and no API key"
            yield _problem(config, text, f"seedpost secrets set {name}", severity="warning")


def _watched(config: Config, secrets: Secrets) -> Iterator[Problem]:
    """Whether somebody can be told, and an address for each target; whether numbers can be served."""
    if config.metrics is not None and not metrics.installed():
        yield _problem(config, "`metrics` needs prometheus-client, which is not installed", metrics.INSTALL)
    if config.notify and not notify.installed():
        yield _problem(config, "`notify` needs Apprise, which is not installed", notify.INSTALL)
    for status in secrets.status(secret_name("notify", name) for name in config.notify):
        if status.problem:
            yield _problem(config, f"{status.name}: {status.problem}")
        elif not status.origin:
            target = status.name.partition(".")[2]
            yield _problem(config, f"notify.{target} has no address", f"seedpost secrets set {status.name}")


def _clients(config: Config, secrets: Secrets, state: Path, clock: Clock) -> Iterator[tuple[Problem, int]]:
    """One login a client, and whether it has torrents of ours that the journal does not know."""
    for name, one in config.clients.items():
        client = parts.client_of(one, secrets, clock)
        try:
            client.version()
            yield from ((problem, INVALID) for problem in _strays(config, client, state))
            yield from ((problem, OK) for problem in _unmapped(config, client, PathMap(one.path_map)))
        except (ClientAway, SeedpostError) as error:
            yield _problem(config, f"client {name}: {error}", error.hint), error.exit_code
        finally:
            client.close()


def _unmapped(config: Config, client: Client, paths: PathMap) -> Iterator[Problem]:
    """Whether the torrents that it has are where its path map says."""
    torrents = Torrents()
    torrents.update(client.sync(0))
    for why in unmapped(torrents.held.values(), paths):
        yield _problem(config, f"client {client.name}: {why}", "mend `path_map` of the client", severity="warning")


def _strays(config: Config, client: Client, state: Path) -> Iterator[Problem]:
    marked = [str(row["hash"]) for row in client.marked(*config.marks)]
    try:
        journal = Journal.open(state, writable=False)
    except NotFound:
        strangers = marked
    else:
        strangers = journal.ledger.strangers(marked)
        journal.close()
    if strangers:
        text = f"journal-behind: client {client.name} has torrents of ours that the journal in {state} does not know"
        yield _problem(config, f"{text}: {len(strangers)}", "stop seedpost, then: seedpost journal repair")


def _prove(tracker: Uploader) -> None:
    """The key, then the right to upload, then the announce address: three requests, and none after one that failed.
    Raises what look-ups raise."""
    account = tracker.account()
    if account.may_upload is False or tracker.may_upload() is False:
        raise NotAuthorised("no-upload-right", f"{account.user} may not upload there")
    prove_announce(account.announce)


def _named(name: str, text: str) -> str:
    return text if text.startswith(f"{name}: ") else f"{name}: {text}"


def _code(error: TrackerError) -> int:
    return NOT_AUTHORISED if isinstance(error, NotAuthorised) else NETWORK
