"""`seedpost init`: asks, tests what it is told, writes the first rules.yaml, shows what it does. Never overwrites."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from trackers.catalogue import TYPES
from trackers.clock import Clock
from trackers.secret import Secret
from watcher.cli.asking import hidden, unlocked
from watcher.cli.explain import ledger_of
from watcher.cli.options import PATH, Place, pass_place, with_place
from watcher.cli.replay import in_clients, show_destinations
from watcher.cli.show import note, say, table
from watcher.client import Client, ClientAway, LoginRefused
from watcher.config import Config, rules_place
from watcher.config.files import STATE
from watcher.durable import FileSystem, link
from watcher.durable import replace as replace_file
from watcher.errors import NOT_AUTHORISED, OK, USAGE, SeedpostError
from watcher.rules.kinds import is_name
from watcher.secrets import Secrets, secret_name
from watcher.secrets.wanted import wanted
from watcher.service.beginning import Answers, ClientAnswer, TrackerAnswer, rules_text
from watcher.service.checks import check
from watcher.service.rulesfile import acceptable

NAMES = {"redacted": "RED", "orpheus": "OPS"}  # what people call them


@dataclass
class Told:
    """The answers, and the client's secret until the vault has it."""

    answers: Answers
    secrets: dict[str, Secret] = field(default_factory=dict)


@click.command()
@click.option("--client", "url", metavar="URL", help="qBittorrent's web interface; `none` for none.")
@click.option("--username", help="Its user; without one, an API key is used.")
@click.option("--category", "categories", multiple=True, help="Upload only what has this category; may stand again.")
@click.option("--path-map", "maps", multiple=True, metavar="THERE=HERE", help="Where a folder of the client's is here.")
@click.option("--folder", "folders", multiple=True, type=PATH, help="Watch this folder too; may stand again.")
@click.option(
    "--tracker", "trackers", multiple=True, metavar="NAME=TYPE[=URL]", help="As RED=redacted; may stand again."
)
@click.option("--non-interactive", is_flag=True, help="Ask nothing: flags, and secrets from the environment.")
@with_place
@pass_place
def init(
    place: Place,
    url: str | None,
    username: str | None,
    categories: tuple[str, ...],
    maps: tuple[str, ...],
    folders: tuple[Path, ...],
    trackers: tuple[str, ...],
    non_interactive: bool,
) -> int:
    """Set up step by step: qBittorrent, trackers, keys, and a commented rules.yaml in dry_run.

    What is there already stays as it is, so that it can be run again: it then stores what is missing and tests anew.
    """
    asks = not non_interactive
    if asks and not sys.stdin.isatty():
        raise SeedpostError("init asks, and there is no terminal", hint="--non-interactive and flags", exit_code=USAGE)
    path = rules_place(place.rules, os.environ)
    secrets: dict[str, Secret] = {}
    if path.exists():
        say(f"{path} is there, and stays as it is.")
    else:
        given = Answers(
            state=(place.given_state() or Path(STATE).expanduser()).absolute(),
            client=None if url in (None, "none") else ClientAnswer(str(url), username, _pairs(maps, "--path-map")),
            categories=categories,
            folders=[folder.absolute() for folder in folders],
            trackers=[_tracker(text) for text in trackers],
        )
        told = _asked(given, url) if asks else Told(given)
        secrets = told.secrets
        _write(path, rules_text(told.answers))
        say(f"\n{path} is written: dry_run, so nothing is uploaded before you change that.")
    place.rules = path
    return _proved(place, acceptable(path), secrets, asks)


def _pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise SeedpostError(f"{option} wants THERE=HERE, got {text!r}", exit_code=USAGE)
    return dict(text.split("=", 1) for text in texts)


def _tracker(text: str) -> TrackerAnswer:
    name, _, rest = text.partition("=")
    type, _, url = rest.partition("=")
    if type not in TYPES:
        raise SeedpostError(
            f"--tracker wants NAME=TYPE, got {text!r}", hint=f"types are {', '.join(_types())}", exit_code=USAGE
        )
    if not url and not TYPES[type].host:
        raise SeedpostError(f"a tracker of type {type} needs its address: {name}={type}=https://…", exit_code=USAGE)
    return TrackerAnswer(name, type, url or None)


def _types() -> list[str]:
    return [name for name, one in TYPES.items() if not one.sandbox]


def _write(path: Path, text: str) -> None:
    """The whole file or none, and never over one that came there meanwhile."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fs, draft = FileSystem(), path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        replace_file(draft, text.encode(), fs=fs)
        if not link(draft, path, fs):  # a file system without links
            with path.open("x"):
                replace_file(path, text.encode(), fs=fs)
    except FileExistsError as error:
        raise SeedpostError(f"{path} was made meanwhile: it stays as it is", hint="seedpost init") from error
    finally:
        draft.unlink(missing_ok=True)


# -- asking


def _asked(given: Answers, url: str | None) -> Told:
    """The answers with what the flags left open."""
    told = Told(given)
    if (url is None and click.confirm("Is there a qBittorrent?", default=True)) or given.client is not None:
        told = _client(given)
    answers = told.answers
    if not answers.folders and click.confirm("Watch a folder, too?", default=answers.client is None):
        answers = replace(answers, folders=[_folder("Which one?")])
    if not answers.trackers:
        answers = replace(answers, trackers=_trackers())
    return Told(answers, told.secrets)


def _folder(question: str) -> Path:
    while True:
        path = Path(click.prompt(question)).expanduser().absolute()
        if path.is_dir():
            return path
        say(f"there is no folder {path}")


def _client(given: Answers) -> Told:
    """A qBittorrent that answered, its categories and its folders."""
    known = given.client or ClientAnswer("")
    while True:
        url = click.prompt("Address of its web interface", default=known.url or "http://127.0.0.1:8080")
        user = click.prompt("User (empty: an API key, qBittorrent 5.2 and newer)", default=known.username or "admin")
        secret = hidden("password" if user else "API key")
        answer = ClientAnswer(url, user or None, known.path_map)
        client = Client(answer.name, url, clock=Clock(), username=user, keys=partial(_keys, user, secret))
        try:
            version, data = client.version(), client.sync(0)
        except LoginRefused as error:
            say(f"{error}\nIt bans an address after some wrong ones: look twice.")
        except ClientAway as error:
            say(str(error))
        else:
            break
        finally:
            client.close()
        if not click.confirm("Try again?", default=True):
            raise click.Abort
    say(f"qBittorrent {version.app} answers, with {len(data.get('torrents') or {})} torrents.")
    maps = {**known.path_map, **_maps(data, known.path_map)}
    answers = replace(given, client=replace(answer, path_map=maps))
    if not given.categories:
        answers = replace(answers, categories=_categories(data))
    return Told(answers, {secret_name(answer.name, "password" if user else "api_key"): secret})


def _keys(user: str, secret: Secret) -> tuple[Secret | None, Secret | None]:
    """Password and API key."""
    return (secret, None) if user else (None, secret)


def _categories(data: Mapping[str, Any]) -> list[str]:
    there: Mapping[str, Any] = data.get("categories") or {}
    if not there:
        return []
    torrents = (data.get("torrents") or {}).values()
    counts = {name: sum(one.get("category") == name for one in torrents) for name in there}
    say()
    table([(name, str(counts[name]), str(one.get("savePath") or "")) for name, one in there.items()],
          ("category", "torrents", "saved in"))  # fmt: skip
    while True:
        text = click.prompt("Which may be uploaded? (with commas; empty: all)", default="", show_default=False)
        names = [name.strip() for name in text.split(",") if name.strip()]
        wrong = [name for name in names if name not in there]
        if not wrong:
            return names
        say(f"there is no category {', '.join(wrong)}")


def _maps(data: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
    """Where its folders are here, for those that are not where it says."""
    saved = {str(one.get("save_path") or "").rstrip("/") for one in (data.get("torrents") or {}).values()}
    found: dict[str, str] = {}
    for path in sorted(saved - {""}):
        if Path(path).is_dir() or any(path == one or path.startswith(f"{one}/") for one in (*known, *found)):
            continue
        while True:
            text = click.prompt(f"It saves in {path}, which is not here. Where is it? (empty: nowhere)", default="",
                                show_default=False)  # fmt: skip
            if not text or Path(text).expanduser().is_dir():
                break
            say(f"there is no folder {text}")
        if text:
            found[path] = str(Path(text).expanduser().absolute())
    return found


def _trackers() -> list[TrackerAnswer]:
    say()
    table([(name, TYPES[name].host or "its address is asked for") for name in _types()], ("tracker", "site"))
    say("To rehearse first: `seedpost sandbox` in another terminal says its types, addresses and keys.")
    while True:
        text = click.prompt("Which are yours? (with commas; empty: none yet)", default="", show_default=False)
        types = [one.strip() for one in text.split(",") if one.strip()]
        wrong = [one for one in types if one not in TYPES]
        if not wrong:
            return [_named(one) for one in types]
        say(f"there is no type {', '.join(wrong)}")


def _named(type: str) -> TrackerAnswer:
    while True:
        name = click.prompt(f"What shall {type} be called?", default=NAMES.get(type, type.upper()))
        if is_name(name):
            break
        say("a name is of letters, digits, - and _: your rules and the name of its key use it")
    return TrackerAnswer(name, type, None if TYPES[type].host else click.prompt(f"Address of {name} (https://…)"))


# -- proving


def _proved(place: Place, config: Config, known: Mapping[str, Secret], asks: bool) -> int:
    """Store what is missing, test what answers, and show what the rules would do with what is there."""
    secrets = unlocked(place)
    missing = _stored(secrets, config, known, asks)
    for name in missing:
        note(f"{name} is missing: seedpost secrets set {name}")
    say("\nTesting what was named, each key once:")
    found = check(config.path, secrets, place.state_folder(), Clock(), online=True)
    for problem in found.problems:
        say(f"  {problem if problem.line else problem.severity + ': ' + problem.message}")
        if problem.hint:
            say(f"    {problem.hint}")
    if found.ok:
        say("  all answered.")
    if config.clients and not missing:
        say("\nWhat these rules would do with what is there now (nothing is done):")
        show_destinations(in_clients(config, secrets, ledger_of(place), Clock()))
        say("It stays as it is: `seedpost run` decides what becomes complete from then on.")
    say(f"\nNext: read {config.path}, then `seedpost run`. `seedpost init` may be run again.")
    return found.exit_code or (NOT_AUTHORISED if missing else OK)


def _stored(secrets: Secrets, config: Config, known: Mapping[str, Secret], asks: bool) -> Sequence[str]:
    """Put what is needed and nowhere yet into the vault; the names of what is still missing."""
    missing = []
    for one in wanted(config).values():
        if (one.optional and one.name not in known) or _there(secrets, one.name):
            continue
        key = one.name.removesuffix(".password") + ".api_key"
        if key != one.name and (key in known or _there(secrets, key)):
            continue  # a client that is asked with an API key
        value = known.get(one.name) or (hidden(one.name) if asks else None)
        if value is None:
            missing.append(one.name)
            continue
        saved = secrets.set(one.name, value, one.host)
        if saved.note:
            note(saved.note)
    return missing


def _there(secrets: Secrets, name: str) -> bool:
    (status,) = secrets.status([name])
    return bool(status.origin) and not status.problem
