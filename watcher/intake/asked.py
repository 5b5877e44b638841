"""What a person asks of the first half: look at this now, decide those anew. The commands wait in the journal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trackers.clock import Clock
from watcher.client import Client, ClientAway
from watcher.config import Config
from watcher.identify import payload
from watcher.intake import Intake, decided
from watcher.intake.plan import held_by
from watcher.jobs import Job, State
from watcher.journal import Journal
from watcher.release import Release, release_of, told_by_source
from watcher.rules import Route
from watcher.sources.content import Found, Never, Waits
from watcher.sources.qbittorrent import QbittorrentSource

VERBS = ("look", "redecide")
NOT_SENT = (State.QUEUED, State.PREPARED, State.DRY_RUN, State.HELD)


@dataclass(frozen=True)
class Holder:
    """A client's source, and a connection to it for this thread alone."""

    source: QbittorrentSource
    client: Client


class Asked:
    """Answers the commands of the first half. `holders` gives the clients there are now."""

    def __init__(
        self,
        intake: Intake,
        journal: Journal,
        config: Callable[[], Config],
        holders: Callable[[], Sequence[Holder]],
        clock: Clock,
    ) -> None:
        self._intake, self._journal, self._config = intake, journal, config
        self._holders, self._clock = holders, clock
        self._again = threading.Event()

    def decide_again(self) -> None:
        """Other rules are in force: what is undecided is decided again, in the next `work`."""
        self._again.set()

    @property
    def pending(self) -> bool:
        """Whether there is anything to `work` on."""
        return self._again.is_set() or bool(self.waiting())

    def waiting(self) -> list[Mapping[str, object]]:
        """The commands that nobody has answered."""
        return [command for command in self._journal.ledger.commands if command["do"] in VERBS]

    def work(self) -> None:
        """Answer all that wait, each on disk before the next."""
        if self._again.is_set():
            self._again.clear()
            for record in [one for one in self._journal.ledger.releases.values() if one.get("undecided")]:
                self._intake.again(record)
        for command in self.waiting():
            if command["do"] == "look":
                result, why = self._look(command)
                records: list[dict[str, object]] = []
            else:
                records, result, why = self._redecide(command)
            answer = {"type": "command", "do": "answer", "of": command["seq"], "result": result, "why": why}
            self._journal.append([*records, answer])

    # look

    def _look(self, command: Mapping[str, object]) -> tuple[str, str]:
        """Content with a torrent is decided with what its client says of it; other content by its files."""
        try:
            if command.get("infohash"):
                return self._by_hash(str(command["infohash"]).lower())
            return self._by_path(Path(str(command["path"])))
        except ClientAway as error:
            return "refused", f"{error}; ask again when it is back"

    def _by_hash(self, infohash: str) -> tuple[str, str]:
        for holder in self._holders():
            found = holder.source.find(infohash, holder.client)
            if found is not None:
                return self._took(found)
        return "refused", f"no client has a torrent {infohash}"

    def _by_path(self, path: Path) -> tuple[str, str]:
        for holder in self._holders():
            status = holder.source.status()
            if not status.up and any(path.is_relative_to(folder) for folder in holder.source.save_folders()):
                return "refused", f"{path} lies where {status.name} saves, and it is away: ask again when it is back"
            for infohash in holder.source.holders(str(path), holder.client) if status.up else ():
                found = holder.source.find(infohash, holder.client)
                if found is not None:
                    return self._took(found)
        if not path.exists():
            return "refused", f"there is no {path}"
        return self._took(Found(self._plain(path)))

    def _plain(self, path: Path) -> Release:
        """Content that no client has."""
        config, found = self._config(), payload(path)
        folder = next((one for one in config.folders if path.is_relative_to(one.path)), None)
        return Release(
            source=folder.name if folder else "",
            from_="folder" if folder else "person",
            name=path.name,
            path=str(path),
            files=found.files,
            single=found.single,
            completed=int(self._clock.now()),
            client=(folder.client if folder else None) or "",
        )

    def _took(self, found: Found | Waits | Never) -> tuple[str, str]:
        if not isinstance(found, Found):
            return "refused", found.why
        if not found.release.files:
            return "refused", f"{found.release.path} has no file that could be uploaded"
        self._intake.seen(found.release, undecided=found.undecided, asked=True)
        return "done", f"release {found.release.id}"

    # redecide

    def _redecide(self, command: Mapping[str, object]) -> tuple[list[dict[str, object]], str, str]:
        """Apply the rules in force to jobs that were not sent: other settings, held, or no longer wanted."""
        ids = command.get("jobs")
        jobs = [self._journal.ledger.jobs.get(str(id)) for id in (ids if isinstance(ids, list) else [])]
        records: list[dict[str, object]] = []
        refused: list[str] = []
        for job in jobs:
            if job is None or job.state not in NOT_SENT or job.open or job.sent_at:
                refused.append(job.job if job else "?")
            else:
                records.append(self._decided_anew(job))
        sent = f"; not these, which were sent: {', '.join(refused)}" if refused else ""
        why = f"{len(records)} decided anew{sent}"
        return records, "refused" if not records else "done", why

    def _decided_anew(self, job: Job) -> dict[str, object]:
        config = self._config()
        release = release_of(self._journal.ledger.releases[job.release])
        _, decision = decided(replace(release, facts=told_by_source(release.facts)), config)
        routes = {config.trackers[name].site: (name, route) for name, route in decision.trackers.items()}
        record: dict[str, object] = {"type": "job", "job": job.job, "site": job.site, "release": job.release}
        record |= {"tracker": job.tracker, "attempt": job.attempt, "approved": None}
        if job.site not in routes:
            gone = f"the rules no longer send it here ({decision.why or decision.rule or 'no rule matched'})"
            return record | {"state": State.CANCELLED, "why": gone}
        name, route = routes[job.site]
        changed: dict[str, object] = {"tracker": name, "set": dict(route.set), "cautions": dict(route.cautions)}
        changed["require"] = [dict(one) for one in route.require]
        return record | changed | self._state(job, route)

    def _state(self, job: Job, route: Route) -> dict[str, object]:
        """Where a job stands by the new rules; what was approved for the old ones is asked for again."""
        held = held_by(job.job, route)
        if held is not None:
            back = State.DRY_RUN if job.state is State.DRY_RUN else State.QUEUED
            return {"state": State.HELD, "back_to": back, "code": held.code, "why": held.why, "resume": held.resume}
        if job.state is State.HELD:
            return {"state": job.back_to or State.QUEUED}
        return {"state": State.DRY_RUN if job.state is State.DRY_RUN else State.QUEUED}
