"""`seedpost secrets`: values come from a hidden prompt or standard input, never from the command line."""

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit

import click

from trackers.catalogue import TYPES
from trackers.clock import Clock
from trackers.secret import Secret
from watcher.cli.options import Place, pass_place, with_json, with_place
from watcher.cli.show import as_json, note, say, table
from watcher.config import Config, load
from watcher.errors import OK, SeedpostError
from watcher.secrets import Secrets, harden, secret_name


@click.group("secrets")
@with_place
def secrets() -> None:
    """Keys and passwords: in the environment, in files, or in the vault of the state folder."""


def _secrets(place: Place) -> Secrets:
    harden()
    return Secrets(place.state_folder(), os.environ, clock=Clock())


@secrets.command("set")
@click.argument("name")
@click.option("--host", help="The one host it may be sent to, where rules.yaml does not say.")
@with_json
@pass_place
def set_secret(place: Place, name: str, host: str | None) -> int:
    """Store one, such as red.api_key or seedbox.password."""
    bound = host or _host_of(name, place)
    value = _asked(name)
    saved = _secrets(place).set(name, value, bound)
    if place.json:
        as_json({"name": name, "host": bound, "key_file": str(saved.key_file) if saved.key_file else None})
        return OK
    if saved.note:
        note(saved.note)
    say(f"{name} is stored{f' for {bound}' if bound else ''}")
    return OK


def _asked(name: str) -> Secret:
    if sys.stdin.isatty():
        text = click.prompt(f"{name} (hidden)", hide_input=True)
    else:
        text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise SeedpostError(
            f"no value for {name} was given",
            hint=f"without a terminal it is read from standard input: seedpost secrets set {name} <FILE",
        )
    return Secret(text)


def _host_of(name: str, place: Place) -> str | None:
    """The host that rules.yaml sends this secret to; None if it names none."""
    try:
        config: Config | None = load(place.rules_file())
    except SeedpostError:
        config = None
    owner = name.rsplit(".", 1)[0]
    if config is None:
        return None
    for tracker in config.trackers.values():
        if secret_name(tracker.name, "x").rsplit(".", 1)[0] == owner:
            return urlsplit(tracker.url).hostname if tracker.url else TYPES[tracker.type].host
    for client in config.clients.values():
        if secret_name(client.name, "x").rsplit(".", 1)[0] == owner:
            return urlsplit(client.url).hostname
    return None


@secrets.command("list")
@with_json
@pass_place
def list_secrets(place: Place) -> int:
    """What the vault has, by name; never a value."""
    _shown(place, [status.name for status in _secrets(place).list()])
    return OK


@secrets.command()
@with_json
@pass_place
def status(place: Place) -> int:
    """For every tracker and client of rules.yaml: whether its secrets are there, and from where."""
    from watcher.service.parts import secret_names  # it brings the trackers; `secrets set` needs none

    _shown(place, secret_names(load(place.rules_file())))
    return OK


def _shown(place: Place, names: list[str]) -> None:
    found = _secrets(place).status(names)
    if place.json:
        keys = ("name", "origin", "host", "where", "stored", "problem")
        as_json([{key: getattr(one, key) for key in keys} for one in found])
        return
    rows = [(one.name, one.problem or one.origin or "missing", one.host or "", one.where) for one in found]
    table(rows, ("secret", "from", "for", "where"))


@secrets.command()
@click.argument("name")
@with_json
@pass_place
def delete(place: Place, name: str) -> int:
    """Take one out of the vault."""
    _secrets(place).delete(name)
    if place.json:
        as_json({"name": name, "deleted": True})
    else:
        say(f"{name} is deleted")
    return OK
