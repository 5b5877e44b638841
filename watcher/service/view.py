"""Jobs as rows, and what the heartbeat says, as plain values for the command line. Reads only; takes no lock."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trackers.clock import Clock, utc_seconds, utc_text
from watcher.errors import HELD, NETWORK, OK, UNKNOWN
from watcher.jobs import Job, Ledger, Rows, State
from watcher.jobs.job import seconds_of
from watcher.jobs.ledger import Load, Record

HEARTBEAT = "heartbeat"
YOUNG = 30.0  # seconds: an older heartbeat means that no loop runs
_WHOLE = len("2026-11-22T10:00:00.123456Z")
_OF_REST = ("hashed", "staged")
_OF_JOB = (
    "job", "tracker", "site", "release", "state", "attempt", "not_before", "code", "why", "resume", "infohash",
    "torrent_id", "url", "priority", "open", "registered", "time", "born",
)  # fmt: skip


def job_row(job: Job, ledger: Ledger) -> dict[str, object]:
    """One job as `queue list --json` gives it."""
    keys = {key: getattr(job, key) for key in _OF_JOB} | {key: job.rest.get(key) for key in _OF_REST}
    return row_of(keys, ledger.releases.get(job.release, {}))


def rows_of(jobs: Rows) -> list[dict[str, object]]:
    """All jobs, as `job_row` gives one."""
    load, releases, none = jobs.load, jobs.releases, dict[str, Any]()
    return [row_of(job, releases.get(job.get("release", ""), none), load) for job in jobs.jobs.values()]


def row_of(job: Mapping[str, Any], release: Mapping[str, Any], load: Load = lambda value: value) -> dict[str, object]:
    """The row of folded keys, of which `load` resolves those that stand in blobs."""
    of_job = job.get
    path, name, facts, decision = map(release.get, ("path", "name", "facts", "decision"))
    if type(path) is dict or type(name) is dict or (facts and "blob" in facts) or (decision and "blob" in decision):
        path, name, facts, decision = map(load, (path, name, facts, decision))
    why, hashed, staged = map(of_job, ("why", "hashed", "staged"))
    if why or hashed or staged:
        why, hashed, staged = map(load, (why, hashed, staged))
    kind = facts.get("kind") if facts else None
    return {
        "job": job["job"],
        "tracker": of_job("tracker", ""),
        "site": of_job("site", ""),
        "release": of_job("release", ""),
        "path": path,
        "state": str(job["state"]),
        "attempts": of_job("attempt") or 0,
        "not_before": _time(of_job("not_before")),
        "code": of_job("code"),
        "why": why,
        "resume": of_job("resume"),
        "infohash": of_job("infohash"),
        "torrent_id": of_job("torrent_id"),
        "url": of_job("url"),
        "name": name,
        "priority": of_job("priority") or 0,
        "open": bool(of_job("open")),
        "registered": of_job("registered"),
        "time": _time(of_job("time")),
        "born": _time(of_job("born")),
        "rule": decision.get("rule") if decision else None,
        "kind": kind.get("value") if kind else None,
        "hashed": hashed,
        "staged": staged,
    }


def _time(value: object) -> str | None:
    """A time of the journal, or of the ledger in wall seconds, as JSON has it."""
    if value is None or (type(value) is str and len(value) == _WHOLE):
        return value
    return _text(seconds_of(value) if isinstance(value, str) else float(str(value)))


def told_after(said: Mapping[str, object]) -> list[str]:
    """What the site said of an upload that stands, and how far what follows it is: a line each."""
    warnings, extras = said.get("warnings"), said.get("extras")
    lines = [f"the site warns: {text}" for text in warnings] if isinstance(warnings, list) else []
    lines += [f"log score: {said['log_score']}"] if "log_score" in said else []
    for name, one in extras.items() if isinstance(extras, Mapping) else ():
        lines.append(f"{name}: {one.get('what')}" + (f" ({one['why']})" if one.get("why") else ""))
    return lines


def _text(time: float | None) -> str | None:
    return utc_text(time) if time else None


def waits_for(row: Mapping[str, object], breakers: Mapping[str, Record], clock: Clock) -> str:
    """What a job without a reason of its own waits for: its tracker, or its time."""
    if row["state"] not in (State.QUEUED, State.PREPARED, State.UNCONFIRMED, State.UPLOADED):
        return ""
    stopped = breaker_of(breakers.get(str(row["site"])), clock)
    if stopped is not None:
        until = f" until {stopped['until']}" if stopped["until"] else ""
        return f"{row['tracker']} is stopped{until}: {stopped['why']}"
    return f"not before {row['not_before']}" if row["not_before"] else ""


def heartbeat(state: Path) -> Mapping[str, object] | None:
    """What the loop last wrote about itself; None if there is nothing readable."""
    try:
        value = json.loads((state / HEARTBEAT).read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def alive(beat: Mapping[str, object], clock: Clock) -> bool:
    """Whether a loop wrote this heartbeat a moment ago, and its process is there still."""
    young = clock.now() - utc_seconds(str(beat["time"])) < YOUNG
    return young and _exists(int(str(beat.get("pid") or 0)))


def _exists(pid: int) -> bool:
    """Whether this machine has such a process; another's container has numbers of its own, and none is known there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0


PROCESS = ("queue_age_s", "stages", "counters", "hashing_rate", "fsync", "memory")


def process(beat: Mapping[str, object] | None, clock: Clock) -> dict[str, object]:
    """What `status --verbose` adds, of the process that runs now; empty if none does."""
    if beat is None or not alive(beat, clock):
        return {}
    waits = {name: lane.get("rate_waited_s", 0.0) for name, lane in named(beat.get("lanes"))}
    polls = {
        name: {
            "delay_s": one.get("delay_s"),
            "age_s": round(clock.now() - utc_seconds(str(one["last_poll"])), 1) if one.get("last_poll") else None,
        }
        for name, one in named(beat.get("sources"))
    }
    return {key: beat[key] for key in PROCESS if key in beat} | {"rate_waited_s": waits, "polls": polls}


def named(sources: object) -> list[tuple[str, dict[str, object]]]:
    """The pairs of a mapping of mappings; none of anything else."""
    if not isinstance(sources, Mapping):
        return []
    return [(str(name), one) for name, one in sources.items() if isinstance(one, dict)]


def breaker_of(record: Mapping[str, object] | None, clock: Clock) -> dict[str, object] | None:
    """What stops a site now, of its last `tracker` record; None if nothing does."""
    if record is None or record.get("breaker") != "open":
        return None
    until = record.get("until")
    if until and clock.now() >= utc_seconds(str(until)):
        return None
    return {"code": record.get("code"), "why": record.get("why"), "until": until}


def exit_code(ledger: Ledger) -> int:
    """What `run --once` and `upload` end with: 8 unknown, 7 held, 5 waits for a retry, else 0."""
    held = ledger.in_state(State.HELD)
    if ledger.in_state(State.UNCONFIRMED) or any(job.open for job in held):
        return UNKNOWN
    if held:
        return HELD
    return NETWORK if ledger.in_state(State.QUEUED, State.PREPARED, State.SEEDING) else OK
