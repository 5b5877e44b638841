"""What a look-up service does, and how its answers are told apart: a value, nothing, not now, not with this key."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trackers.catalogue import LookupType
from trackers.clock import Clock
from trackers.errors import Answer, NotAuthorised, Refused, Unavailable
from trackers.http import Fields, Http, Reply
from trackers.identity import Question, Said
from trackers.limits import Limiter
from trackers.line import Line
from trackers.lookups.memory import Memory
from trackers.secret import Secret

DEADLINE = 15.0  # seconds for one question: a lane waits for the answer
Json = Mapping[str, object]


@dataclass(frozen=True)
class Opening:
    """What a service is opened with."""

    name: str  # in rules.yaml
    type: LookupType
    url: str  # without a slash at its end
    secrets: Mapping[str, Secret]  # by their last name
    version: str
    clock: Clock
    limiter: Limiter
    memory: Memory
    ca_file: Path | None = None

    def line(self, headers: Mapping[str, Secret]) -> Line:
        """Requests with these headers, each through the limiter."""
        plain = self.type.own
        http = Http(self.url, headers, version=self.version, deadline=DEADLINE, ca_file=self.ca_file, plain=plain)
        return Line(self.name, http, self.limiter, self.clock, *self.secrets.values())


class Service(ABC):
    """One service of rules.yaml. Every method raises `Unavailable` where it can't be told now, `NotAuthorised` where
    the key was refused, `Refused` where the question was."""

    def __init__(self, opening: Opening) -> None:
        self.name, self.type = opening.name, opening.type
        self._limiter = opening.limiter

    def held_up(self) -> float:
        """See `Limiter.waited`."""
        return self._limiter.waited

    @abstractmethod
    def prove(self) -> None:
        """One request that shows whether it answers and takes the key."""

    @abstractmethod
    def look(self, question: Question) -> Said:
        """The numbers of what is asked for, or what may be meant."""


def read(name: str, reply: Reply) -> object:
    """What a JSON answer says; None where there is nothing of that address. Raises as `Service`."""
    answer = Answer(reply.status, "look-up")
    if reply.status == 401 or (reply.status == 403 and reply.kind == "application/json"):
        raise NotAuthorised("key-refused", f"{name}: it refused the key ({reply.status})", answer=answer)
    if reply.status == 403:
        raise NotAuthorised("denied", f"{name}: it lets nobody in from here (403)", answer=answer)
    if 300 <= reply.status < 400:
        raise Unavailable("redirect", f"{name}: it leads elsewhere; is its `url` right?", answer=answer)
    if reply.status >= 500:
        raise Unavailable("site-error", f"{name}: it answered {reply.status}", answer=answer)
    if reply.kind == "text/html":
        raise Unavailable("html", f"{name}: it answered with a page; is its `url` right?", answer=answer)
    if reply.status == 404:
        return None
    if reply.status >= 400:
        raise Refused("refused", f"{name}: it did not take the question ({reply.status})", answer=answer)
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        raise Unavailable("unreadable", f"{name}: its answer is no JSON", answer=answer) from error


def ask(line: Line, path: str, query: Fields = ()) -> object:
    """One question, read."""
    return read(line.name, line.get(path, query))


def table(name: str, value: object) -> Json:
    """A JSON object. Raises `Unavailable` for anything else."""
    if not isinstance(value, Mapping):
        raise Unavailable("unreadable", f"{name}: its answer has an unknown shape")
    return value


def rows(name: str, value: object) -> list[Json]:
    """The objects of a list. Raises `Unavailable` for anything else."""
    if not isinstance(value, list):
        raise Unavailable("unreadable", f"{name}: its answer has an unknown shape")
    return [row for row in value if isinstance(row, Mapping)]


def text(value: object) -> str:
    """A text; empty for anything else."""
    return value.strip() if isinstance(value, str) else ""


def year_of(value: object) -> int | None:
    """The year of `2019`, `"2019"` or `"2019-04-02"`."""
    digits = str(value)[:4] if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return int(digits) if len(digits) == 4 and digits.isascii() and digits.isdecimal() else None
