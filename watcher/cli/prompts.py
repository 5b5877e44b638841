"""What `upload` asks at a terminal: facts that are missing, with the words that count; the last yes; long texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import click

from watcher.cli.keys import any_key, key_of
from watcher.cli.queue import typed
from watcher.cli.show import say
from watcher.errors import SeedpostError
from watcher.release import is_fact
from watcher.rules import FIELDS
from watcher.rules.nodes import nearest
from watcher.service.byhand import GOOD_TO_KNOW, Lack, Offer, Proposal

LONG = ("release_desc", "album_desc")  # form keys that an editor is opened for
KEYS = {
    "y": ("yes", "upload it"),
    "e": ("edit", "edit a field"),
    "d": ("describe", "description"),
    "a": ("album", "album text"),
    "n": ("no", "leave it"),
}


def asked_for(found: Proposal, *, more: bool) -> None:
    """Ask for all that forms lack and a person could say. `more`: also for what is good to know."""
    tried: set[str] = set()
    while True:
        lacks = _lacking(found, tried)
        if not lacks:
            break
        (field, (lack, names)), *_ = lacks.items()
        value = _value(field, lack.words, f"{', '.join(names)}: {lack.text}", needed=True)
        if value is not None:
            found.say(field, value, None if is_fact(field) else names)  # a fact is one for all
        tried.add(field)
    for field in GOOD_TO_KNOW if more else ():
        fact = found.facts_with().get(field)
        if fact is not None and fact.value is None and found.facts.get("kind", fact).value == "music":
            value = _value(field, (), f"{FIELDS[field].help} (empty: not known)", needed=False)
            if value is not None:
                found.say(field, value)


def _lacking(found: Proposal, tried: set[str]) -> dict[str, tuple[Lack, list[str]]]:
    """What can be asked, by field: with the trackers that lack it. What was answered and lacks still is asked once
    more by `agreed`, not here."""
    lacks: dict[str, tuple[Lack, list[str]]] = {}
    for name, offer in found.offers().items():
        for lack in offer.lacks:
            if lack.askable and lack.field not in tried:
                first, names = lacks.setdefault(lack.field, (lack, []))
                names.append(name)
                both = tuple(word for word in first.words if word in lack.words) or first.words
                lacks[lack.field] = (Lack(first.field, first.text, both), names)
    return lacks


def _value(field: str, words: Sequence[str], why: str, *, needed: bool) -> object | None:
    """One value, asked until it is one. Words may be given by their number."""
    say(f"\n{why}")
    for number, word in enumerate(words, 1):
        say(f"  {number:>2} {word}")
    while True:
        text = str(click.prompt(field, default="", show_default=False)).strip()
        if not text and not needed:
            return None
        if not text:
            continue
        if text.isdecimal() and 0 < int(text) <= len(words):
            text = words[int(text) - 1]
        try:
            return _checked(field, text, words)
        except SeedpostError as error:
            say(str(error))


def _checked(field: str, text: str, words: Sequence[str]) -> object:
    known = FIELDS.get(field)
    if words and not (known and known.figures) and text.casefold() not in {word.casefold() for word in words}:
        raise SeedpostError(f"{text!r} is none of them{nearest(text, words)}")
    return typed(field, text)


def agreed(found: Proposal, show: Callable[[Mapping[str, Offer]], None]) -> Mapping[str, Offer] | None:
    """Show the forms and ask, until they are taken or left. None if they are left."""
    while True:
        offers = found.offers()
        show(offers)
        whole = all(offer.form is not None for offer in offers.values())
        say("\nIf nothing of it is on a site yet, the upload begins a new group there.")
        answer = key_of({key: what for key, what in KEYS.items() if whole or key in "en"})
        if answer == "yes":
            return offers
        if answer == "no":
            return None
        if answer == "edit":
            _edit(found)
        else:
            _written(found, offers, LONG[answer == "album"])


def _edit(found: Proposal) -> None:
    text = click.prompt("field=value (empty: back)", default="", show_default=False)
    key, equals, value = text.partition("=")
    if not equals:
        return
    tracker, colon, rest = key.strip().rpartition(":")
    try:
        found.say(rest, typed(rest, value.strip()), [tracker] if colon else None)
    except SeedpostError as error:
        say(str(error))
        any_key()


def _written(found: Proposal, offers: Mapping[str, Offer], key: str) -> None:
    """A long text in an editor; where the trackers have different ones, one after the other."""
    texts: dict[str, list[str]] = {}
    for name, offer in offers.items():
        if offer.form is not None:
            texts.setdefault(offer.form.get(key) or "", []).append(name)
    for text, names in texts.items():
        after = click.edit(text, extension=".bbcode", require_save=True)
        if after is not None and after.strip() != text.strip():
            found.say(key, after.strip(), names)
