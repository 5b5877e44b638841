"""The look-up services of rules.yaml in the uploader, each opened when first needed, behind a breaker of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from random import Random
from typing import TYPE_CHECKING

from trackers.clock import Clock
from trackers.errors import NotAuthorised, Refused, SettingsError, Unavailable
from trackers.identity import Question, Said
from watcher.config import Config
from watcher.config.lookups import LookupConfig
from watcher.jobs import State
from watcher.jobs.records import SERVICE
from watcher.journal import Journal
from watcher.logs import log, redact
from watcher.uploader.bench import Bench
from watcher.uploader.breaker import Breaker

if TYPE_CHECKING:
    from trackers.lookups import Service

WAITS = "look-up"  # the code of a job that waits for a service
LONGEST = 3600.0  # seconds until a job that waits for a stopped service is looked at again, should nothing free it

OpenLookup = Callable[[LookupConfig], "Service"]


class Desk(Breaker):
    """One service. One question at a time: what many jobs want to know is asked once, and remembered there."""

    def __init__(
        self, config: LookupConfig, open_lookup: OpenLookup, journal: Journal, clock: Clock, random: Random
    ) -> None:
        super().__init__(config.name, SERVICE + config.name, journal, clock, random)
        self.config = config
        self._open = open_lookup
        self._service: Service | None = None
        self._held_up = 0.0  # by services that were opened before
        self._asking = threading.Lock()

    def service(self) -> Service:
        """The opened service. Raises SettingsError with what to change."""
        if self._service is None:
            self._service = self._open(self.config)
        return self._service

    @property
    def tells(self) -> tuple[str, ...]:
        """The data bases whose numbers it may tell."""
        return self.config.entry.tells

    @property
    def rate_waited(self) -> float:
        """Seconds that its rate limit held questions up, since this process began."""
        return self._held_up + (self._service.held_up() if self._service else 0.0)

    def forget(self) -> None:
        """See `Breaker.forget`."""
        self._held_up = self.rate_waited
        self._service = None

    def prove(self) -> None:
        """See `Breaker.prove`."""
        self.service().prove()

    def check_settings(self) -> None:
        """Try a breaker that only settings or secrets hold open; no request is made."""
        if self._service is None:
            self.try_settings(self.service)

    def ask(self, question: Question) -> Said | None:
        """What it says; None where that can't be told now: it is then stopped, for a while or until a person acts."""
        with self._asking:
            if self.closed:
                return None
            try:
                said = self.service().look(question)
            except Unavailable as error:
                self.outage(error)
                return None
            except (NotAuthorised, SettingsError) as error:
                self.refused(error)
                return None
            except Refused as error:
                log.warning("lookup.refused", service=self.name, why=redact(error.text))
                said = Said()
            self.worked()
            return said


class Desks:
    """Belongs to the loop, which follows the rules; workers ask."""

    def __init__(self, bench: Bench, open_lookup: OpenLookup | None) -> None:
        self._bench, self._open = bench, open_lookup
        self._desks: dict[str, Desk] = {}
        self._going: set[str] = set()  # those that were not stopped at the last turn

    def values(self) -> list[Desk]:
        """All there are, in the order in which they are asked."""
        return list(self._desks.values())

    @property
    def tells(self) -> frozenset[str]:
        """The fields that they may tell."""
        return frozenset(field for desk in self.values() for field in desk.config.tells)

    def of(self, kind: str) -> Iterator[Desk]:
        """Those that know content of this kind."""
        return (desk for desk in self.values() if kind in desk.config.entry.kinds)

    def follow(self, config: Config) -> None:
        """A desk for each service of the rules in force; one that is gone leaves no stop behind, and what waits for
        one that goes on again need not wait for its time."""
        if self._open is None:
            return
        bench, known = self._bench, self._desks
        if [desk.config for desk in known.values()] != list(config.lookups.values()):
            self._desks = {
                name: known[name] if name in known and known[name].config == one
                else Desk(one, self._open, bench.journal, bench.clock, bench.random)
                for name, one in config.lookups.items()
            }  # fmt: skip
        for desk in self._desks.values():
            desk.check_settings()
        self._clear({desk.site for desk in self._desks.values()})
        going = {desk.name for desk in self._desks.values() if not desk.closed}
        if going - self._going:
            self._let_go()
        self._going = going

    def _clear(self, sites: set[str]) -> None:
        for site, record in list(self._bench.journal.ledger.breakers.items()):
            if site.startswith(SERVICE) and site not in sites and record.get("breaker") == "open":
                closed = {"type": "tracker", "tracker": record["tracker"], "site": site, "breaker": "closed"}
                self._bench.journal.append([closed])

    def forget(self) -> None:
        """Secrets changed."""
        for desk in self._desks.values():
            desk.forget()

    def _let_go(self) -> None:
        for job in self._bench.journal.ledger.in_state(State.QUEUED):
            if job.code == WAITS:
                self._bench.write(job, {"state": State.QUEUED})
