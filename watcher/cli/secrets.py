"""`seedpost secrets`: values come from a hidden prompt or standard input, never from the command line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches

import click

from trackers.secret import Secret
from watcher.cli.asking import hidden, opened, unlocked, whole_input
from watcher.cli.options import Place, pass_place, with_json, with_place
from watcher.cli.show import as_json, local, note, say, table
from watcher.cli.vault import passwd, rotate, slot
from watcher.config import load
from watcher.errors import OK, SeedpostError
from watcher.secrets import Secrets, SecretStatus
from watcher.secrets.cookies import is_cookies
from watcher.secrets.wanted import Wanted, wanted


@click.group("secrets")
@with_place
def secrets() -> None:
    """Keys and passwords: in the environment, in files, or in the vault of the state folder."""


for command in (rotate, passwd, slot):
    secrets.add_command(command)


@secrets.command("set")
@click.argument("name")
@click.option("--host", help="The one host it may be sent to, where rules.yaml does not say.")
@with_json
@pass_place
def set_secret(place: Place, name: str, host: str | None) -> int:
    """Store one, such as red.api_key or seedbox.password. It is asked for, or read from standard input.

    NAME.cookies takes a browser's export of a site's cookies, as cookies.txt or JSON.
    """
    known = _known(place)
    if known is not None and name not in known and not place.json:
        _unused(name, known)
    found = known.get(name) if known else None
    bound = host or (found.host if found else None)
    secrets = unlocked(place)
    saved = secrets.set(name, Secret(whole_input()) if is_cookies(name) else hidden(name), bound)
    (now,) = secrets.status([name])
    if place.json:
        key_file = str(saved.key_file) if saved.key_file else None
        as_json({"name": name, "host": bound, "key_file": key_file, "expires": now.expires or None})
        return OK
    if saved.note:
        note(saved.note)
    until = f", until {local(now.expires)}" if now.expires else ""
    say(f"{name} is stored{f' for {bound}' if bound else ''}{until}")
    return OK


def _known(place: Place) -> Mapping[str, Wanted] | None:
    """What rules.yaml uses; None if there are no rules yet, or none that can be read."""
    try:
        return wanted(load(place.rules_file()))
    except SeedpostError:
        return None


def _unused(name: str, known: Mapping[str, Wanted]) -> None:
    nearest = get_close_matches(name, known, 1)
    mean = f"; did you mean {nearest[0]}?" if nearest else f"; it uses {', '.join(known) or 'no secret'}"
    note(f"nothing in rules.yaml uses {name}{mean}")


@secrets.command("list")
@with_json
@pass_place
def list_secrets(place: Place) -> int:
    """What the vault has, by name; never a value."""
    secrets = unlocked(place)
    _shown(place, secrets, [status.name for status in secrets.list()])
    return OK


@secrets.command()
@with_json
@pass_place
def status(place: Place) -> int:
    """For every tracker, client and target of rules.yaml: whether its secrets are there, and from where."""
    known = wanted(load(place.rules_file()))
    _shown(place, opened(place), list(known), {name for name, one in known.items() if one.optional})
    return OK


def _shown(place: Place, secrets: Secrets, names: list[str], optional: Collection[str] = ()) -> None:
    found = secrets.status(names)
    if place.json:
        keys = ("name", "origin", "host", "where", "stored", "problem", "expires")
        as_json([{key: getattr(one, key) for key in keys} for one in found])
        return

    def nowhere(one: SecretStatus) -> str:
        return "not set" if one.name in optional else "missing"

    rows = [
        (one.name, one.problem or one.origin or nowhere(one), one.host or "", one.where, local(one.expires))
        for one in found
    ]
    table(rows, ("secret", "from", "for", "where", "until"))


@secrets.command()
@click.argument("name")
@with_json
@pass_place
def delete(place: Place, name: str) -> int:
    """Take one out of the vault."""
    unlocked(place).delete(name)
    if place.json:
        as_json({"name": name, "deleted": True})
    else:
        say(f"{name} is deleted")
    return OK
