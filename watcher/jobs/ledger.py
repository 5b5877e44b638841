"""The fold: what all records of the journal add up to. In memory only, rebuilt at every start; knows no disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from watcher.jobs.job import Job, job_of, seconds_of
from watcher.jobs.layers import Layers, Shape, Shapes
from watcher.jobs.records import dumps
from watcher.jobs.sources import Pair, Source
from watcher.jobs.states import BARE, FINAL, MOVES, PLAIN, PUBLISHED, ImpossibleMove, State, check_move
from watcher.jobs.views import Jobs, Releases

Record = Mapping[str, Any]
Load = Callable[[Any], Any]  # resolves {"blob": sha256}, returns everything else as it is

_BEFORE = frozenset({State.QUEUED, State.PREPARED, State.SENDING, State.UNCONFIRMED})


class Uploaded(NamedTuple):
    """What once stood on a site: the memory against a second upload, kept for ever."""

    site: str
    fingerprint: str
    infohash: str | None
    registered: str | None
    torrent_id: int | str | None


class Entry(Layers):
    """A job's texts, and what is asked of it too often to read them."""

    __slots__ = ("born", "past", "published", "sends", "state", "view")

    def __init__(self, shape: Shape, body: bytes, record: Record) -> None:
        super().__init__(shape, body)
        self.state: str = record["state"]
        self.born: str = record.get("born", record["time"])
        self.sends: Sequence[float] = record.get("sends", ())
        self.published: bool = record.get("published", self.state in PUBLISHED)
        uploads = record.get("uploads", ())
        self.past: Sequence[Sequence[Any]] = uploads[:-1] if self.published else uploads
        self.view: Job | None = None

    def keys(self) -> dict[str, Any]:
        """The job's folded keys."""
        job = self.fold()
        job["born"] = self.born
        if self.sends:
            job["sends"] = list(self.sends)
        if uploads := self.uploads(job):
            job["uploads"] = uploads
        return job

    def uploads(self, job: Record) -> list[Sequence[Any]]:
        """[infohash, registered, torrent_id] of each upload; the last is the present one if the job is published."""
        present = [[job.get("infohash"), job.get("registered"), job.get("torrent_id")]] if self.published else []
        return [*self.past, *present]

    def moved(self, to: str, time: str) -> None:
        """Note a change of state, before the record that makes it is added."""
        if to in _BEFORE and self.published:  # forgotten, or a record is lost: what stood there is not forgotten
            self.past, self.published = self.uploads(self.fold()), False
        elif to in PUBLISHED:
            self.published = True
        if to == State.SENDING:
            self.sends = [*self.sends, seconds_of(time)]
        self.state = to


class Ledger:
    """The state of everything, as of the last record folded in. Safe to read while another thread appends."""

    def __init__(self, load: Load = lambda value: value) -> None:
        self.load = load
        self.lock = threading.RLock()
        self.entries: dict[str, Entry] = {}
        self.texts: dict[str, Layers] = {}  # of releases
        self.breakers: dict[str, Record] = {}  # by site: the last `tracker` record
        self.sources: dict[str, Source] = {}  # by `at`
        self.rules: dict[str, Record] = {}  # by `what`: the last loaded, the last rejected
        self.problems: list[str] = []  # what a sound journal never holds
        self.jobs: Mapping[str, Job] = Jobs(self)
        self.releases: Mapping[str, Record] = Releases(self)
        self._shapes = Shapes()
        self._states: dict[str, dict[str, None]] = {str(state): {} for state in State}
        self._of_release: dict[str, list[str]] = {}
        self._known: set[Pair] = set()
        self._commands: dict[int, Record] = {}
        self._hashes: set[str | None] | None = None  # of all uploads, once somebody has asked

    # -- reading

    def job(self, id: str) -> Job | None:
        """The job of this id, if there is one."""
        with self.lock:
            entry = self.entries.get(id)
            if entry is None:
                return None
            if entry.view is None:
                entry.view = job_of({key: self._resolved(key, value) for key, value in entry.keys().items()})
            return entry.view

    def _resolved(self, key: str, value: Any) -> Any:
        return self.load(value) if type(value) is dict and key != "form" else value

    def in_state(self, *states: State) -> list[Job]:
        """The jobs in any of these states, the longest there first."""
        with self.lock:
            return [self.jobs[id] for state in states for id in self._states[state]]

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state; states without a job are left out."""
        return {state: len(ids) for state, ids in self._states.items() if ids}

    def last_upload(self) -> float:
        """When the newest of the uploads that stand was sent, wall seconds; 0.0 if there is none."""
        with self.lock:
            return max((one.sends[-1] for one in self.entries.values() if one.published and one.sends), default=0.0)

    def live(self) -> list[Job]:
        """The jobs that the loop may have to do something for: neither final nor held nor dry runs."""
        return self.in_state(*(state for state in State if state not in FINAL | {State.HELD, State.DRY_RUN}))

    def jobs_of(self, release_id: str) -> list[Job]:
        """The jobs made for a release."""
        with self.lock:
            return [self.jobs[id] for id in self._of_release.get(release_id, ())]

    def release_of(self, job: Job) -> Record | None:
        """The folded record of a job's release; None if it was lost."""
        return self.releases.get(job.release)

    def known(self, infohash: str, completed: int) -> bool:
        """Whether a release or a source record has this completion of this torrent."""
        return (infohash, completed) in self._known

    @property
    def commands(self) -> list[Record]:
        """What people asked for and nobody has answered, in order."""
        with self.lock:
            return [{key: self.load(part) for key, part in command.items()} for command in self._commands.values()]

    @property
    def uploads(self) -> Iterator[Uploaded]:
        """Everything that ever was in uploaded or later."""
        with self.lock:
            entries = [entry for entry in self.entries.values() if entry.published or entry.past]
        for entry in entries:
            job = entry.fold()
            fingerprint = str(self.releases.get(job.get("release", ""), {}).get("fingerprint", ""))
            for infohash, registered, torrent_id in entry.uploads(job):
                yield Uploaded(job["site"], fingerprint, infohash, registered, torrent_id)

    def ours(self, infohash: str) -> bool:
        """Whether a torrent of this hash, as sent or as registered, ever stood on a site by our doing."""
        with self.lock:
            if self._hashes is None:
                self._hashes = set()
                for entry in self.entries.values():
                    self._note_hashes(entry)
            return infohash in self._hashes

    def strangers(self, infohashes: Iterable[str]) -> list[str]:
        """Those of these info-hashes that no job has, neither as it sent them nor as the site registered them."""
        left = [infohash for infohash in infohashes if not self.ours(infohash)]
        if not left:
            return []
        with self.lock:
            entries = list(self.entries.values())
        known = {job.get(key) for job in (entry.fold() for entry in entries) for key in ("infohash", "registered")}
        return [infohash for infohash in left if infohash not in known]

    def _note_hashes(self, entry: Entry) -> None:
        if self._hashes is not None and (entry.published or entry.past):
            for sent, registered, _ in entry.uploads(entry.fold()):
                self._hashes.update((sent, registered))

    def sends(self, site: str) -> list[float]:
        """When POSTs to a site were intended, wall seconds, for its `limit`."""
        with self.lock:
            sent = [(id, entry.sends) for id, entry in self.entries.items() if entry.sends]
        return sorted(time for id, times in sent if self.jobs[id].site == site for time in times)

    def waiting_before(self, seq: int) -> list[Job]:
        """Jobs queued or prepared whose last record is older than `seq`: a gap there may hide that they were sent."""
        return [job for job in self.in_state(State.QUEUED, State.PREPARED) if job.seq < seq]

    # -- folding

    def check(self, record: Record) -> None:
        """Raise ImpossibleMove if `record` may not follow. Changes nothing."""
        if record["type"] == "job":
            check_move(self.moving(record["job"]), record)

    def moving(self, name: str) -> Record | None:
        """As much of a job as its next move depends on."""
        entry = self.entries.get(name)
        if entry is None:
            return None
        return entry.fold() if entry.state == "held" else BARE[entry.state]

    def apply(self, record: Record) -> None:
        """Fold in one record that is on disk. What it says is the newest truth; what should not be is in `problems`."""
        self.fold((record,), (dumps(record)[:-1],))

    def fold(self, records: Iterable[Record], bodies: Iterable[bytes]) -> None:
        """Fold in records in order, each with its JSON text as it stands in the file, up to `crc`."""
        entries, others, shapes, hashes = self.entries, self._others, self._shapes, self._hashes
        with self.lock:
            for record, body in zip(records, bodies, strict=True):
                try:
                    if record["type"] != "job":
                        others(record, body)
                        continue
                    state = record["state"]
                    entry = entries.get(record["job"])
                    if entry is None:
                        self._first(record, body)
                        continue
                    clears = state != entry.state
                    if clears:
                        self._moved(entry, record)
                    elif state == "held":
                        self._judge(entry.fold(), record)
                    entry.view = None
                    shape = shapes.get(tuple(record)) or shapes.of(record)
                    if shape is entry.shape and not clears:
                        entry.body = body
                    else:
                        entry.add(shape, body, clears)
                    if hashes is not None:
                        self._note_hashes(entry)
                except (KeyError, TypeError, ValueError, AttributeError) as error:
                    self.problems.append(f"record {record.get('seq')} can't be read: {type(error).__name__} {error}")

    def _first(self, record: Record, body: bytes) -> None:
        name, state = record["job"], record["state"]
        self._states[state][name] = None  # KeyError: no such state, and nothing has changed yet
        if state not in MOVES[None] or state == State.HELD:
            self._judge(None, record)
        self._enter(name, record, body)
        if state == State.SENDING:
            self.entries[name].moved(state, record["time"])

    def _enter(self, name: str, record: Record, body: bytes) -> None:
        if name not in self.entries:
            self._of_release.setdefault(record.get("release", ""), []).append(name)
        self.entries[name] = Entry(self._shapes.of(record), body, record)
        self._note_hashes(self.entries[name])

    def _moved(self, entry: Entry, record: Record) -> None:
        was, to, name = entry.state, record["state"], record["job"]
        there = self._states[to]  # KeyError: no such state, and nothing has changed yet
        if to not in PLAIN.get(was, ()):
            self._judge(entry.fold(), record)
        self._states[was].pop(name, None)
        there[name] = None
        entry.moved(to, record["time"])

    def _judge(self, job: Record | None, record: Record) -> None:
        try:
            check_move(job, record)
        except ImpossibleMove as error:
            self.problems.append(f"record {record['seq']}: {error}")

    def _others(self, record: Record, body: bytes) -> None:
        kind = record["type"]
        if kind == "release" or (kind == "snapshot" and "job" not in record):
            self._fold_release(record, body)
        elif kind == "snapshot":
            self._fold_snapshot(record, body)
        elif kind == "command":
            self._fold_command(record)
        elif kind == "source":
            self._fold_source(record)
        elif kind == "tracker":
            self.breakers[record["site"]] = dict(record)
        elif kind == "rules":
            self.rules[record["what"]] = dict(record)

    def _fold_release(self, record: Record, body: bytes) -> None:
        name, shape = record["release"], self._shapes.of(record)
        old = self.texts.get(name)
        if old is None:
            self.texts[name] = Layers(shape, body)
        else:
            old.add(shape, body, False)
        if record.get("infohash"):
            self._known.add((record["infohash"], record.get("completed", 0)))

    def _fold_snapshot(self, record: Record, body: bytes) -> None:
        name = record["job"]
        old, there = self.entries.get(name), self._states[record["state"]]  # KeyError: as in _moved
        if old is not None:  # a compaction between two of our looks at the file
            self._states[old.state].pop(name, None)
        there[name] = None
        self._enter(name, record, body)

    def _fold_command(self, record: Record) -> None:
        if record["do"] == "answer":
            self._commands.pop(record["of"], None)
        else:
            self._commands[record["seq"]] = dict(record)

    def _fold_source(self, record: Record) -> None:
        pairs = {(infohash, completed) for infohash, completed in self.load(record.get("torrents") or ())}
        at = record["at"]
        source = self.sources.get(at) or self.sources.setdefault(at, Source(at))
        source.fold(record, pairs, self.load(record.get("names") or ()))
        self._known |= pairs

    def become(self, other: Ledger) -> None:
        """Say from now on what `other` says; `other` is not used any more."""
        with self.lock:
            self.entries, self.texts, self.breakers = other.entries, other.texts, other.breakers
            self.sources, self.rules, self._shapes = other.sources, other.rules, other._shapes
            self._states, self._of_release = other._states, other._of_release
            self._known, self._commands, self._hashes = other._known, other._commands, None
            self.problems += other.problems

    # -- compaction

    def standing(self) -> Iterator[Record]:
        """Records that are still in force as they were written."""
        yield from list(self._commands.values())
        yield from self.breakers.values()
        yield from self.rules.values()

    def same(self, other: Ledger) -> bool:
        """Whether both say the same of everything."""
        return (
            self.entries.keys() == other.entries.keys()
            and self.texts.keys() == other.texts.keys()
            and all(entry.keys() == other.entries[name].keys() for name, entry in self.entries.items())
            and all(texts.fold() == other.texts[name].fold() for name, texts in self.texts.items())
            and self._essence() == other._essence()
        )

    def _essence(self) -> Sequence[object]:
        sources = {
            at: (s.source, s.baseline, s.since, s.torrents, s.names, s.gone, s.rest) for at, s in self.sources.items()
        }
        return (self._known, sources, {record["seq"]: dict(record) for record in self.standing()})
