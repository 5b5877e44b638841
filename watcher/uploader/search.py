"""One search for the numbers of a title: who is asked in turn, what they said, and where two say different things."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trackers.base import Form, Problem
from trackers.identity import Id, Question, Said, asked, contradicted, numbers
from watcher.release import NONE, PERSONAL, Facts

FAMILY = "ids."
ROUNDS = 2  # what one service says may let another tell the rest


class Teller(Protocol):
    """Who may be asked."""

    @property
    def name(self) -> str:
        """Its name in rules.yaml."""

    @property
    def tells(self) -> Collection[str]:
        """The data bases whose numbers it may tell."""

    def ask(self, question: Question) -> Said | None:
        """What it says; None where that can't be told now."""


@dataclass
class Search:
    """How far the numbers of one release are known. `found`: what each service said, by its name."""

    wanted: frozenset[str]  # data bases
    known: dict[str, Id]
    personal: frozenset[str]  # data bases whose number a person, a rule or a sidecar gave
    found: dict[str, dict[str, Id]] = field(default_factory=dict)
    unclear: dict[str, Said] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    asked: dict[str, None] = field(default_factory=dict)
    against: list[str] = field(default_factory=list)  # where two say different things

    @property
    def over(self) -> bool:
        """Whether nothing is wanted any more, or only a person can go on."""
        several = any(said.several for said in self.unclear.values())
        return self.wanted <= self.known.keys() or bool(self.against) or several

    @property
    def doubt(self) -> str:
        """What may be meant, each title with its page, or where two say different things; empty where nobody doubts."""
        if self.against:
            return "; ".join(self.against)
        shown = [str(one) for said in self.unclear.values() for one in said.candidates]
        several = any(said.several for said in self.unclear.values())
        what = "several titles fit" if several else "no title fits for certain"
        return f"{what}: {'; '.join(shown)}" if shown else ""

    def take(self, name: str, said: Said | None) -> None:
        """What a service answered; None: it can't be told now."""
        if said is None:
            self.away.add(name)
            return
        self.asked[name] = None
        self.unclear.pop(name, None)
        wrong = contradicted(self.known, said.ids)
        if self.personal & set(wrong):
            return  # it means another title than a person does
        self.against += [f"{base} is {self.known[base]} by what is known, {said.ids[base]} by {name}" for base in wrong]
        fresh = {base: number for base, number in said.ids.items() if base not in self.known}
        if fresh and not wrong:
            self.found.setdefault(name, {}).update(fresh)
            self.known |= fresh
        if said.candidates:
            self.unclear[name] = said

    def told(self, before: object) -> dict[str, dict[str, Id]]:
        """{service: {fact: number}}, with what was told `before` and still holds."""
        kept = {
            str(name): {fact: id for fact, id in ids.items() if self.known.get(fact.removeprefix(FAMILY)) == id}
            for name, ids in (before.items() if isinstance(before, Mapping) else ())
        }
        for name, ids in self.found.items():
            kept[name] = kept.get(name, {}) | {FAMILY + base: number for base, number in ids.items()}
        return {name: ids for name, ids in kept.items() if ids}


def searched(name: str, infohash: str, facts: Facts, services: Sequence[Teller], wanted: Collection[str]) -> Search:
    """Ask one service after the other, as long as something is wanted that one of them may tell and nothing speaks
    against anything. `name`: of the content; `infohash`: of the torrent that it came by."""
    ids = {name.removeprefix(FAMILY): fact for name, fact in facts.items() if name.startswith(FAMILY)}
    search = Search(
        frozenset(base for base in wanted if any(base in one.tells for one in services)),
        numbers({base: fact.value for base, fact in ids.items()}),
        frozenset(base for base, fact in ids.items() if fact.origin in PERSONAL),
    )
    for _ in range(ROUNDS):
        before = dict(search.known)
        for one in services:
            if search.over:
                return search
            if one.name not in search.away and set(one.tells) - search.known.keys():
                search.take(one.name, one.ask(_question(name, infohash, facts, search.known)))
        if search.known == before:
            return search
    return search


def _question(name: str, infohash: str, facts: Facts, known: Mapping[str, Id]) -> Question:
    kind = str(facts.get("kind", NONE).value)
    title, year, season = (facts.get(f"{kind}.{key}", NONE).value for key in ("title", "year", "season"))
    return asked(
        kind,
        name,
        str(title) if title else None,
        year if isinstance(year, int) else None,
        season=season if isinstance(season, int) else None,
        ids=dict(known),
        infohash=infohash,
    )


def numbers_in(form: Form | Sequence[Problem]) -> dict[str, str]:
    """{data base: what its absence is a problem of} of a form that lacks numbers."""
    lacking = () if isinstance(form, Form) else form
    return {one.field.removeprefix(FAMILY): one.text for one in lacking if one.field.startswith(FAMILY)}
