"""What a person asks of the first half: look at this now, decide those anew. The commands wait in the journal."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from trackers.clock import Clock
from watcher.config import Config
from watcher.errors import SeedpostError
from watcher.identify import payload
from watcher.intake import Intake
from watcher.intake.anew import OTHERS, Answer, in_force, redecide
from watcher.intake.byhand import PERSON, wish_of
from watcher.intake.renamed import renamed
from watcher.jobs import first_half
from watcher.journal import Journal, NotNow, Unknown
from watcher.logs import log
from watcher.release import Release, release_of, told_by_source
from watcher.sources.content import Found, Never, Waits
from watcher.sources.holders import Holders

FAULTS = (SeedpostError, OSError, ArithmeticError, LookupError, TypeError, ValueError)  # of one command


class Asked:
    """Answers the commands of the first half. `holders` asks the clients there are now, `at` says where a source of a
    name is, as the journal knows it."""

    def __init__(
        self,
        intake: Intake,
        journal: Journal,
        config: Callable[[], Config],
        holders: Holders,
        at: Callable[[str], Sequence[str]],
        clock: Clock,
    ) -> None:
        self._at = at
        self._intake, self._journal, self._config = intake, journal, config
        self._holders, self._clock = holders, clock
        self._again = threading.Event()
        self._ready: list[tuple[Mapping[str, object], Answer]] = []

    def decide_again(self) -> None:
        """Other rules are in force: what is undecided is decided again, in the next `work`."""
        self._again.set()

    @property
    def pending(self) -> bool:
        """Whether there is anything to `work` on."""
        return self._again.is_set() or bool(self.waiting())

    def waiting(self) -> list[Mapping[str, object]]:
        """The commands that nobody has worked on."""
        ready = {command["seq"] for command, _ in self._ready}
        commands, sources = self._journal.ledger.commands, self._config().sources
        return [one for one in commands if first_half(one, sources) and one["seq"] not in ready]

    def work(self) -> None:
        """Work on all that wait. A look is on disk before the next; what is decided anew waits for `settle`."""
        try:
            self._decide_undecided()
            for command in self.waiting():
                if command["do"] == "redecide":
                    self._ready.append((command, self._tried(command, self._redecide)))
                elif by_hand(command):
                    self._ready.append((command, self._tried(command, self._sent)))
                else:
                    self.answer(command)
        except (NotNow, Unknown):  # what is not written is worked on again
            self._again.set()

    def _decide_undecided(self) -> None:
        if self._again.is_set():
            self._again.clear()
            for record in [one for one in self._journal.ledger.releases.values() if one.get("undecided")]:
                self._intake.again(record)

    def answer(self, command: Mapping[str, object]) -> None:
        """Answer a look, or the pause or resume of a source."""
        self._write(command, self._tried(command, self._looked if command["do"] == "look" else self._paused))

    def _tried(self, command: Mapping[str, object], act: Callable[[Mapping[str, object]], Answer]) -> Answer:
        """One that fails is refused: it must not wait for ever, nor end the process at each start."""
        try:
            return act(command) if in_force(command, self._config()) else Answer("refused", OTHERS)
        except FAULTS as error:
            log.error("command.failed", do=command["do"], why=str(error), exc_info=not isinstance(error, SeedpostError))
            return Answer("refused", f"{type(error).__name__}: {error}")

    def _redecide(self, command: Mapping[str, object]) -> Answer:
        given = command.get("with")
        if isinstance(given, Mapping) and given.get("release"):
            return renamed(command, str(given["release"]), self._journal)
        return redecide(command, self._journal, self._config())

    def settle(self, in_hands: Callable[[str], bool]) -> None:
        """Write what was decided anew: for the loop, between two `work`s. A job that a worker has in hands waits; one
        that moved meanwhile is decided once more. Otherwise a job might be queued again while it is being sent."""
        ready, self._ready = self._ready, []
        for command, answer in ready:
            if any(map(in_hands, answer.seqs)):
                self._ready.append((command, answer))
            else:
                with contextlib.suppress(NotNow, Unknown):
                    self._write(command, answer)

    def _write(self, command: Mapping[str, object], answer: Answer) -> None:
        told = {"type": "command", "do": "answer", "of": command["seq"], "result": answer.result, "why": answer.why}
        self._intake.take(answer, told)

    # pause and resume of a source

    def _paused(self, command: Mapping[str, object]) -> Answer:
        """A paused source looks at nothing. `resume` also answers a flood: what waits for a decision is decided."""
        name, given = str(command["tracker"]), command.get("with")
        pausing = command["do"] == "pause"
        until = given.get("until") if pausing and isinstance(given, Mapping) else None
        record = {"type": "source", "source": name, "what": f"{command['do']}d", "paused": pausing, "until": until}
        self._journal.append([record | {"at": at} for at in self._at(name)])
        return Answer("done", "" if pausing else self._decide_waiting(name))

    def _decide_waiting(self, source: str) -> str:
        """Decide what a source brought and nobody has decided, each release durable before the next."""
        releases = self._journal.ledger.releases
        waiting = [id for id in releases if releases[id].get("undecided") and releases[id].get("source") == source]
        left = [why for id in waiting if (why := self._decide(releases[id]))]
        decided = len(waiting) - len(left)
        told = f"{decided} decided" if decided else ""
        return "; ".join([*([told] if told else []), *left[:5]])

    def _decide(self, record: Mapping[str, object]) -> str:
        """Decide one release that waits; why it still waits, if it does."""
        if record["from"] == "qbittorrent":
            result, why = self._by_hash(str(record["infohash"]))
            return f"{record['name']}: {why}" if result == "refused" else ""
        release = release_of(record)
        if not Path(release.path).exists():
            return f"there is no {release.path}"
        self._intake.seen(replace(release, facts=told_by_source(release.facts)), asked=True)
        return ""

    # look

    def _looked(self, command: Mapping[str, object]) -> Answer:
        return Answer(*self._look(command))

    def _look(self, command: Mapping[str, object]) -> tuple[str, str]:
        """Content with a torrent is decided with what its client says of it; other content by its files."""
        found, given = self._found(command), command.get("with")
        by_person = not isinstance(given, Mapping) or given.get("asked") is not False
        return self._took(found, asked=by_person) if not isinstance(found, str) else ("refused", found)

    def _found(self, command: Mapping[str, object]) -> Found | Waits | Never | str:
        """The content that a look names; or why there is none."""
        if command.get("infohash"):
            infohash = str(command["infohash"]).lower()
            return self._holders.by_hash(infohash) or f"no client has a torrent {infohash}"
        path = Path(str(command["path"]))
        found = self._holders.by_path(path)
        if found is None and not path.exists():
            return f"there is no {path}"
        return found or Found(plain(path, self._config(), self._clock))

    def _sent(self, command: Mapping[str, object]) -> Answer:
        """A look that names its trackers: by hand."""
        wish, found = wish_of(command), self._found(command)
        if isinstance(found, str):
            return Answer("refused", found)
        if not isinstance(found, Found) or wish is None:
            return Answer("refused", getattr(found, "why", "it names no tracker"))
        try:
            return self._intake.by_hand(found.release, found.undecided, wish)
        except SeedpostError as error:
            return Answer("refused", f"{error}; {error.hint}")

    def _by_hash(self, infohash: str) -> tuple[str, str]:
        return self._look({"infohash": infohash})

    def _took(self, found: Found | Waits | Never, *, asked: bool = True) -> tuple[str, str]:
        if not isinstance(found, Found):
            return "refused", found.why
        if not found.release.files:
            return "refused", f"{found.release.path} has no file that could be uploaded"
        self._intake.seen(found.release, undecided=found.undecided, asked=asked)
        return "done", f"release {found.release.id}{self._left(found.release.id)}"

    def _left(self, release: str) -> str:
        """Why a release that was looked at goes nowhere; nothing if a tracker was named for it."""
        record = self._journal.ledger.releases.get(release, {})
        decision = record.get("decision")
        if record.get("undecided"):
            return f": not decided: {record.get('why')}"
        if not isinstance(decision, Mapping) or decision.get("upload_to"):
            return ""
        nameless = f"rule {decision.get('rule')!r} names no tracker"
        return f": goes nowhere: {decision.get('why') or nameless}"


def by_hand(command: Mapping[str, object]) -> bool:
    """Whether a look names its trackers."""
    given = command.get("with")
    return command["do"] == "look" and isinstance(given, Mapping) and given.get("by") == PERSON


def plain(path: Path, config: Config, clock: Clock) -> Release:
    """Content that no client has, complete as of now."""
    found = payload(path)
    folder = next((one for one in config.folders if path.is_relative_to(one.path)), None)
    return Release(
        source=folder.name if folder else "",
        from_="folder" if folder else "person",
        name=path.name,
        path=str(path),
        files=found.files,
        single=found.single,
        completed=int(clock.now()),
        client=(folder.client if folder else None) or "",
    )
