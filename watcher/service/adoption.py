"""Takes torrents into the journal that seedpost uploaded under another one: nothing of them is ever uploaded again.

Only `journal repair` comes here, with no loop running. Asks the clients, never a tracker.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from trackers.clock import Clock
from watcher.client import Announce, Client, PathMap, TorrentGone
from watcher.config import Config, load
from watcher.errors import SeedpostError
from watcher.intake.plan import release_record
from watcher.jobs import PUBLISHED, Job, State, doubted
from watcher.jobs.states import GAP
from watcher.journal import Journal, Repaired, repair
from watcher.release import Release, job_id
from watcher.secrets import Secrets
from watcher.service import parts
from watcher.sources.content import as_listed
from watcher.sources.maindata import Torrent

CODE = "journal-behind"
_OVER = (State.DRY_RUN, State.CANCELLED, State.DUPLICATE)  # these come to anything only by way of queued


@dataclass
class Adoption:
    """What became of the torrents that bear seedpost's marks and were not in the journal."""

    adopted: list[dict[str, str]] = field(default_factory=list)  # client infohash name site tracker job
    left: list[dict[str, str]] = field(default_factory=list)  # client infohash name why: a person has to look
    unasked: dict[str, str] = field(default_factory=dict)  # client: why
    doubted: list[str] = field(default_factory=list)  # jobs that waited, and are looked for before anything is sent

    @property
    def whole(self) -> bool:
        """Whether every client was asked and everything taken in."""
        return not self.left and not self.unasked

    def as_json(self) -> dict[str, object]:
        """As `journal repair --json` prints it."""
        return {"adopted": self.adopted, "left": self.left, "unasked": self.unasked, "doubted": self.doubted}


@dataclass(frozen=True)
class _Stray:
    client: Client
    infohash: str
    name: str
    release: Release | None  # None: the client does not list its files
    sites: Mapping[str, str]  # tracker's name by site, by the hosts that it announces to


def adopt(journal: Journal, config: Config, clients: Mapping[str, Client], paths: Mapping[str, PathMap]) -> Adoption:
    """Ask each client, and write what this journal lacks. What waited becomes unconfirmed: its sending may be lost too.
    A client that does not answer is told in `unasked`. Raises what `Journal.append` does."""
    done, strays = Adoption(), list[_Stray]()
    for name, client in clients.items():
        try:
            strays += _strays(client, journal, config, paths.get(name, PathMap()))
        except SeedpostError as error:
            done.unasked[name] = f"{error}: {error.hint}" if error.hint else str(error)
    taken = [stray for stray in strays if stray.release is not None and stray.sites]
    if taken:
        done.doubted = _doubt(journal)
    for stray in strays:
        about = {"client": stray.client.name, "infohash": stray.infohash, "name": stray.name}
        if stray in taken:
            done.adopted += [about | one for one in _take(stray, journal, config)]
        else:
            done.left.append(about | {"why": "it has no tracker" if stray.release else "its files are not listed"})
    return done


def repaired(state: Path, rules: Callable[[], Path]) -> tuple[Repaired, Adoption]:
    """Repair the journal of a state folder, then take in what the clients have. `rules`: finds rules.yaml, or raises
    SeedpostError: then no client is asked, and that is told. Raises what `repair` does."""
    done = repair(state)
    clock, adoption = Clock(), Adoption()
    journal = Journal.open(state, clock=clock, create=False)
    try:
        config = load(rules())
        clients = _opened(config, Secrets(state, os.environ, clock=clock), clock, adoption)
        taken = adopt(journal, config, clients, parts.path_maps(config)) if any(config.marks) else Adoption()
        adoption = replace(taken, unasked=adoption.unasked | taken.unasked)
    except SeedpostError as error:
        adoption.unasked["rules.yaml"] = str(error)
    finally:
        if adoption.left or (adoption.unasked and done.behind):
            journal.fall_behind()
        journal.close()
    return done, adoption


def _opened(config: Config, secrets: Secrets, clock: Clock, adoption: Adoption) -> dict[str, Client]:
    clients = {}
    for name, one in config.clients.items():
        try:
            clients[name] = parts.client_of(one, secrets, clock)
        except SeedpostError as error:
            adoption.unasked[name] = str(error)
    return clients


def _strays(client: Client, journal: Journal, config: Config, paths: PathMap) -> Iterator[_Stray]:
    rows = {str(row["hash"]): row for row in client.marked(*config.marks)}
    for infohash in journal.ledger.strangers(rows):
        torrent = Torrent()
        torrent.merge(rows[infohash])
        try:
            sites = _sites(client.trackers(infohash), config)
        except TorrentGone:
            continue
        release = as_listed(client, client.name, infohash, torrent, paths)
        yield _Stray(client, infohash, torrent.name, release, sites)


def _sites(announces: Iterable[Announce], config: Config) -> dict[str, str]:
    """The tracker's name in rules.yaml by site; a host that neither catalogue nor rules know stands for itself."""
    by_host = {urlsplit(one.url).hostname: one.site for one in config.trackers.values() if one.url}
    by_site = {one.site: name for name, one in reversed(list(config.trackers.items()))}
    found = [one.site or by_host.get(one.host) or one.host for one in announces]
    return {site: by_site.get(site, site) for site in found if site}


def _doubt(journal: Journal) -> list[str]:
    waiting = journal.ledger.in_state(State.QUEUED, State.PREPARED)
    journal.append([{"type": "job"} | doubted(job) for job in waiting])
    return [job.job for job in waiting]


def _take(stray: _Stray, journal: Journal, config: Config) -> Iterator[dict[str, str]]:
    release = stray.release
    if release is None:
        return
    for site, tracker in stray.sites.items():
        id = job_id(release.fingerprint, site)
        job = journal.ledger.jobs.get(id)
        if job is not None and _stands(job) and job.registered:  # uploaded twice: this one is remembered beside it
            id = job_id(stray.infohash, site)
            job = journal.ledger.jobs.get(id)
        records = list(_steps(stray, job, {"job": id, "site": site, "tracker": tracker, "release": release.id}))
        if job is None and release.id not in journal.ledger.releases:
            real = os.path.realpath(release.path)
            about = release_record(release, release.facts, None, real=real, rules=config.digest, undecided=None)
            records.insert(0, about)
        journal.append(records)
        yield {"job": id, "site": site, "tracker": tracker}


def _stands(job: Job) -> bool:
    return job.state in PUBLISHED or (job.state is State.HELD and job.back_to in PUBLISHED)


def _steps(stray: _Stray, job: Job | None, base: dict[str, object]) -> Iterator[dict[str, object]]:
    """The records that lead a job to `done`. After none of them could anything be sent, should the rest be torn off."""
    base = {"type": "job", **base, "attempt": max(1, job.attempt if job else 0)}
    ids = {"infohash": (job and job.infohash) or stray.infohash, "registered": stray.infohash}
    if job is not None:
        base |= {"tracker": job.tracker, "release": job.release}
        if _stands(job):
            yield base | ids | {"state": job.state}
            return
    state = None if job is None else job.state
    why = f"{stray.client.name} has it with seedpost's mark, and this journal did not know"
    if state in (None, State.HELD):
        held = {"code": CODE, "why": why, "resume": "seedpost journal repair", "back_to": State.UNCONFIRMED}
        yield base | held | {"state": State.HELD, "open": True}
    elif state in _OVER:
        yield base | {"state": State.QUEUED, "wish": "cancel"}
    gap = state in (*_OVER, State.QUEUED, State.PREPARED)
    yield base | {"state": State.UNCONFIRMED, "code": GAP if gap else CODE, "why": why, "wish": None}
    yield base | ids | {"state": State.UPLOADED}
    yield base | {"state": State.SEEDING, "not_before": None}
    yield base | {"state": State.DONE, "why": f"adopted: {why}"}
