"""Tells a person: hears every event of the log, and hands those that rules.yaml names to their targets. Stops nothing.

What was told is kept in STATE/notified, so that a start neither repeats it nor forgets what stands and was not told.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path

from trackers.clock import Clock
from trackers.secret import Secret
from watcher.config import Config
from watcher.config.sources import NotifyConfig
from watcher.errors import FAILED, SeedpostError
from watcher.jobs import Ledger, State
from watcher.jobs.standing import Standing
from watcher.logs import line_for, log, overhear
from watcher.logs.lines import cleaned
from watcher.notify.idle import AGAIN, Idle, idle
from watcher.notify.news import IDLE, News, message
from watcher.notify.sending import INSTALL, Unsent, load, send
from watcher.notify.target import Target
from watcher.secrets import Secrets, secret_name

__all__ = ["INSTALL", "Notifier", "Unsent", "address_of", "installed", "load", "test"]

NOTIFIED = "notified"
LOOK = 60.0  # seconds between two looks whether nothing is uploaded
LAST = 5.0  # seconds that the end waits for what is not sent


def installed() -> bool:
    """Whether Apprise is there; it is not imported."""
    return find_spec("apprise") is not None


def address_of(target: str, secrets: Secrets) -> Secret:
    """Where a target's messages go. Raises SeedpostError with the command that stores it."""
    name = secret_name("notify", target)
    found = secrets.get(name)
    if found is None:
        hint = f"seedpost secrets set {name}"
        raise SeedpostError(f"notify.{target} has no address", hint=hint, exit_code=FAILED)
    return found


def test(target: str, secrets: Secrets) -> None:
    """One message now. Raises SeedpostError: exit 1, 5 or 6."""
    load()
    send(address_of(target, secrets), "seedpost: a test", f"{target} gets what seedpost has to tell.", "info")


class Notifier:
    """`waits`: whether a site's jobs wait for what a person said. Only `follow` and `look` are for the running loop."""

    def __init__(
        self, ledger: Ledger, secrets: Secrets, state: Path, clock: Clock, waits: Callable[[str], bool]
    ) -> None:
        self._ledger, self._secrets, self._clock, self._waits = ledger, secrets, clock, waits
        self._path = state / NOTIFIED
        self._blocks: dict[str, NotifyConfig] = {}
        self._targets: dict[str, Target] = {}
        self._marks: dict[str, dict[str, float]] = {}  # by target: through, idle (wall seconds when it was told)
        self._standing = Standing(ledger)
        self._lock, self._saving, self._look_at = threading.Lock(), threading.Lock(), 0.0
        self._undo: Callable[[], None] | None = None

    def start(self, config: Config) -> None:
        """Once, before anything is written: what stands and was not told comes first."""
        self._marks = self._read()
        through = {name: mark.get("through", 0.0) for name, mark in self._marks.items()}  # a new target has none
        self.follow(config)
        self._undo = overhear(self._heard)
        for one in self._stands():
            for name, target in list(self._targets.items()):
                if one.seq > through.get(name, one.seq) and self._wants(name, one.event):
                    target.put(one)
                else:
                    target.heard(one.seq)

    def follow(self, config: Config) -> None:
        """Make the targets those of the rules in force."""
        for name in [name for name, block in self._blocks.items() if config.notify.get(name) != block]:
            del self._blocks[name]
            self._targets.pop(name).stop(0.0)
        for name in config.notify.keys() - self._blocks.keys():
            self._targets[name] = Target(name, self._sender(name), self._save, self._clock)
            self._blocks[name] = config.notify[name]
            self._targets[name].heard(int(self._marks.get(name, {}).get("through", 0)))
            self._targets[name].start()
        if self._targets and not installed():
            log.error("notify.unavailable", targets=sorted(self._targets), hint=INSTALL)

    def look(self) -> None:
        """Tell those who want to know that something is due and nothing is uploaded."""
        now = self._clock.running()
        if now < self._look_at or not self._targets:
            return
        self._look_at = now + LOOK
        found = idle(self._ledger, self._clock.now(), self._waits)
        if found is not None:
            for name in [name for name in self._targets if self._wants(name, IDLE)]:
                self._tell_idle(name, self._targets[name], found)

    def _tell_idle(self, name: str, target: Target, found: Idle) -> None:
        now, mark = self._clock.now(), self._marks.setdefault(name, {})
        told = mark.get("idle", 0.0)
        if now - found.since < self._blocks[name].idle or (told >= found.since and now - told < AGAIN):
            return
        mark["idle"] = now
        job = self._ledger.jobs[found.oldest]
        why = f"{found.due} due, and nothing was uploaded for {(now - found.since) / 3600:.1f} hours"
        target.put(News(IDLE, 0, "warning", {"release": job.release, "tracker": job.tracker, "why": why}))
        self._save()

    def close(self) -> None:
        """Hear no more; send what waits, for a few seconds."""
        if self._undo is not None:
            self._undo()
            for target in self._targets.values():
                target.stop(LAST)
            self._save()

    def _heard(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        """Of any thread, from the middle of its work: nothing here waits."""
        seq = int(str(fields.get("seq") or 0))
        job = fields.get("job") if event.startswith("job.") and seq else None
        with self._lock:
            new = job is None or self._standing.moved(str(job), event.partition(".")[2], fields.get("error.kind"))
        new = new and _worth_it(event, fields)
        for name, target in list(self._targets.items()):
            if new and self._wants(name, event) and fields.get("target") != name:
                target.put(_news(level, event, fields))
            elif seq:
                target.heard(seq)

    def _wants(self, target: str, event: str) -> bool:
        block = self._blocks.get(target)
        return block is not None and any(fnmatchcase(event, one) for one in block.on)

    def _sender(self, target: str) -> Callable[[Sequence[News], int], None]:
        def deliver(news: Sequence[News], more: int) -> None:
            level = "error" if any(one.level == "error" for one in news) else "warning"
            level = level if any(one.level in ("warning", "error") for one in news) else "info"
            send(address_of(target, self._secrets), *message(news, more, self._name_of), level)

        return deliver

    def _name_of(self, release: str) -> str:
        return str(self._ledger.releases.get(release, {}).get("name") or "")

    def _stands(self) -> Iterator[News]:
        """What the journal says to be so, as events: jobs on their way and held, stopped trackers, refused rules."""
        for job in [*self._ledger.live(), *self._ledger.in_state(State.HELD)]:
            keys = ("job", "release", "tracker", "state", "code", "why", "resume", "seq")
            yield _news(*line_for({"type": "job", **{key: getattr(job, key) for key in keys}}))
        for record in [*self._ledger.breakers.values(), *self._ledger.rules.values()]:
            level, event, fields = line_for(record)
            if event in ("tracker.stopped", "rules.rejected") and _worth_it(event, fields):
                yield _news(level, event, fields)

    # STATE/notified

    def _read(self) -> dict[str, dict[str, float]]:
        with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
            said = json.loads(self._path.read_bytes())
            return {name: {key: float(value) for key, value in one.items()} for name, one in said.items()}
        return {}

    def _save(self) -> None:
        """Replaced, never flushed: a lost one repeats a message, and no more."""
        with self._saving, contextlib.suppress(OSError):
            for name, target in list(self._targets.items()):
                self._marks.setdefault(name, {})["through"] = target.through
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps({name: self._marks[name] for name in list(self._targets)}))
            fresh.chmod(0o600)
            fresh.replace(self._path)


def _worth_it(event: str, fields: Mapping[str, object]) -> bool:
    """A tracker that is away for a while goes on by itself; that this takes long is an event of its own."""
    return not (event == "tracker.stopped" and fields.get("until"))


def _news(level: str, event: str, fields: Mapping[str, object]) -> News:
    return News(event, int(str(fields.get("seq") or 0)), level, cleaned(fields))
