"""What services said, kept over restarts: for a month what was found, for minutes what was not. Knows no service."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trackers.clock import Clock
from trackers.identity import Candidate, Question, Said

FOUND = 30 * 86400.0  # seconds; TMDB lets answers be kept for six months
NOT_FOUND = 900.0  # seconds: a title may be added to the data base, and is tried again soon
MOST = 2000  # answers that are kept, the newest


class Memory:
    """One file for one service, under a lock file beside it; without a path, in memory. Not flushed, and what can't be
    read or written only costs a question."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._mutex = threading.Lock()
        self._kept: dict[str, dict[str, object]] = {}

    def recall(self, question: Question, look: Callable[[Question], Said]) -> Said:
        """What was said to this question lately, else what `look` says now. Raises what `look` does."""
        key = key_of(question)
        known = self._known().get(key)
        if known is not None:
            return known
        said = look(question)
        self._keep(key, said)
        return said

    def _known(self) -> dict[str, Said]:
        with self._locked() as kept:
            return {key: read for key, row in kept.items() if (read := _said(row)) is not None}

    def _keep(self, key: str, said: Said) -> None:
        until = self._clock.now() + (FOUND if said.ids else NOT_FOUND)
        with self._locked() as kept:
            kept.pop(key, None)
            kept[key] = {"until": until, **asdict(said)}
            for old in list(kept)[:-MOST]:
                del kept[old]
            self._write(kept)

    @contextmanager
    def _locked(self) -> Iterator[dict[str, dict[str, object]]]:
        """What is kept and not too old, while nobody else may read or write it."""
        with self._mutex:
            if self._path is None:
                yield self._fresh(self._kept)
                return
            lock = _lock(self._path)
            try:
                yield self._fresh(self._read(self._path))
            finally:
                if lock is not None:
                    os.close(lock)

    def _fresh(self, kept: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
        """Without what is too old; what is kept for longer than anything may be, a clock that was wrong wrote."""
        now = self._clock.now()
        for key, row in list(kept.items()):
            until = row.get("until")
            if not isinstance(until, (int, float)) or not now < until <= now + FOUND:
                del kept[key]
        return kept

    def _read(self, path: Path) -> dict[str, dict[str, object]]:
        try:
            kept = json.loads(path.read_bytes())["answers"]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return {}
        rows = kept.items() if isinstance(kept, dict) else ()
        return {key: row for key, row in rows if isinstance(row, dict)}

    def _write(self, kept: Mapping[str, Mapping[str, object]]) -> None:
        if self._path is None:
            return
        new = self._path.with_suffix(".new")
        try:
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                json.dump({"v": 1, "answers": kept}, file)
            new.replace(self._path)
        except OSError:
            return


def _lock(path: Path) -> int | None:
    """The lock of a file; None where there can be none: then two processes may each forget what the other asked."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def key_of(question: Question) -> str:
    """What tells a question from others: every episode of a series asks the same one, but for its season."""
    known = sorted(question.ids.items())
    parts = (question.kind, question.title.casefold(), question.year, question.country, question.season, known)
    return json.dumps(parts)


def _said(row: Mapping[str, Any]) -> Said | None:
    """An answer as it was kept; None if this version can't read it."""
    try:
        shown = tuple(
            Candidate(**one | {"names": tuple(one["names"]), "countries": tuple(one["countries"])})
            for one in row["candidates"]
        )
        return Said(dict(row["ids"]), shown, bool(row["several"]))
    except (LookupError, TypeError, ValueError):
        return None
