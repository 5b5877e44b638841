"""All that `status` says, from the journal and the heartbeat, as plain values. Reads only; prints nothing."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import Any

from trackers.clock import Clock, utc_seconds, utc_text
from watcher.jobs import Rows, State
from watcher.jobs.job import seconds_of
from watcher.jobs.records import SERVICE
from watcher.service.view import alive, breaker_of, named, row_of

GONE = 600.0  # seconds a source may be away before `status --check` says so
LATE = 3600.0  # seconds a job may be due
LAST = 5  # decisions that are shown
_WAITING = (State.QUEUED, State.PREPARED, State.SENDING, State.UNCONFIRMED)
_STANDS = (State.UPLOADED, State.SEEDING, State.DONE)
Value = Mapping[str, object]


def status(
    rows: Rows, beat: Value | None, clock: Clock, trackers: Mapping[str, str], trouble: str = ""
) -> dict[str, object]:
    """`status --json` without `needs` and `process`. `trackers`: site by name in rules.yaml, for lanes with no record;
    `trouble`: what the journal itself says to be wrong with it."""
    age = clock.now() - utc_seconds(str(beat["time"])) if beat else None
    running = beat is not None and alive(beat, clock)
    said: Value = beat if beat is not None and running else {}
    sources = _sources(said.get("sources"), rows)
    return {
        "running": running,
        "stopped": str(said.get("stopped") or "") or trouble,
        "vault": str(said.get("vault") or ""),
        "heartbeat_age_s": None if age is None else round(max(0.0, age), 1),
        "jobs": rows.counts(),
        "lanes": _lanes(rows, said, clock, trackers),
        "lookups": {
            str(record["tracker"]): {"breaker": breaker_of(record, clock)}
            for site, record in rows.breakers.items()
            if site.startswith(SERVICE)
        },
        "clients": {name: one for name, one in sources if one.get("kind") == "qbittorrent"},
        "folders": {name: one for name, one in sources if one.get("kind") == "folder"},
        "hashing": said.get("hashing", []),
        "rules": _rules(rows),
        "attention": [_row(job, rows) for job in rows.in_state(State.HELD)],
        "moderation": [_row(job, rows) for job in rows.in_state(State.SEEDING) if job.get("code") == "moderation"],
        "undecided": [_undecided(id, one) for id, one in rows.releases.items() if one.get("undecided")],
        "last": [_last(id, one, rows) for id, one in _newest(rows)],
    }


# -- parts


def _row(job: Mapping[str, Any], rows: Rows) -> dict[str, object]:
    return row_of(job, rows.release(job), rows.load)


def _rules(rows: Rows) -> dict[str, object]:
    loaded, rejected = rows.rules.get("loaded", {}), rows.rules.get("rejected", {})
    valid = int(rejected.get("seq", 0)) <= int(loaded.get("seq", 0))
    errors = [] if valid else rows.load(rejected.get("errors", []))
    return {"valid": valid, "since": loaded.get("time"), "digest": loaded.get("rules"), "errors": errors}


def _sources(sources: object, rows: Rows) -> list[tuple[str, dict[str, object]]]:
    """What the heartbeat says of each source, with the last release that it brought and what became of it."""
    told = named(sources)
    wanted: dict[str, Any] = {name: None for name, _ in told}
    left = set(wanted)
    for id, release in reversed(rows.releases.items()) if left else ():
        if release.get("source") in left:
            wanted[release["source"]] = _last(id, release, rows)
            left.remove(release["source"])
            if not left:
                break
    return [(name, one | {"last": wanted[name]}) for name, one in told]


def _lanes(rows: Rows, said: Value, clock: Clock, trackers: Mapping[str, str]) -> dict[str, object]:
    """Each tracker's breaker, limit, waiting jobs and last success."""
    told, sites = dict(named(said.get("lanes"))), dict(trackers)
    for name, one in told.items():
        if not str(one.get("site")).startswith(SERVICE):
            sites.setdefault(name, str(one.get("site")))
    for site, record in rows.breakers.items():
        if site not in sites.values() and not site.startswith(SERVICE):
            sites[str(record["tracker"])] = site
    waiting, newest = _of_sites(rows)
    return {
        name: {
            "breaker": breaker_of(rows.breakers.get(site), clock),
            "limit": told.get(name, {}).get("limit"),
            "limit_until": told.get(name, {}).get("limit_until"),
            "waiting": waiting.get(site, 0),
            "last_upload": newest.get(site),
        }
        for name, site in sites.items()
    }


def _of_sites(rows: Rows) -> tuple[dict[str, int], dict[str, dict[str, object]]]:
    """How many jobs wait, and the last upload that stands, by site."""
    waiting: dict[str, int] = {}
    newest: dict[str, tuple[float, Mapping[str, Any]]] = {}
    for job in rows.jobs.values():
        site = job.get("site", "")
        if job["state"] in _WAITING:
            waiting[site] = waiting.get(site, 0) + 1
        elif job["state"] in _STANDS:
            at = _seconds(job.get("sent_at") or job["time"])
            if site not in newest or at > newest[site][0]:
                newest[site] = (at, job)
    found = {
        site: {"time": utc_text(at), "name": rows.load(rows.release(job).get("name")), "url": job.get("url")}
        for site, (at, job) in newest.items()
    }
    return waiting, found


def _undecided(id: str, release: Value) -> dict[str, object]:
    return {"release": id} | {key: release.get(key) for key in ("name", "path", "source", "undecided", "why")}


def _newest(rows: Rows) -> list[tuple[str, dict[str, Any]]]:
    """The last decisions, the newest last."""
    return heapq.nlargest(LAST, reversed(rows.releases.items()), key=lambda one: str(one[1].get("time")))[::-1]


def _last(id: str, release: Value, rows: Rows) -> dict[str, object]:
    jobs = [rows.jobs[job].get("tracker") for job in rows.of_release.get(id, ())]
    rule, guard = (rows.within(release, "decision", key) for key in ("rule", "guard"))
    why = rows.load(release.get("why")) or (f"guard {guard}" if guard else "")
    name = rows.load(release.get("name"))
    return {"time": release.get("time"), "name": name, "rule": rule, "upload_to": jobs, "why": why}


def _seconds(value: object) -> float:
    return seconds_of(value) if isinstance(value, str) else float(str(value or 0))


# -- health


def unhealthy(found: Value, rows: Rows, clock: Clock) -> list[str]:
    """Why `status --check` is not 0; empty if all is well."""
    wrong = []
    if not found["running"]:
        wrong.append("no daemon runs here (its heartbeat is old or missing)")
    if found["stopped"]:
        wrong.append(f"the uploader is stopped: {found['stopped']}")
    if found["vault"]:
        wrong.append(f"the vault does not open: {found['vault']}")
    rules: Any = found["rules"]
    if not rules["valid"]:
        wrong.append("rules.yaml is not valid; the rules before it are in force")
    sources = (*named(found["clients"]), *named(found["folders"]))
    wrong += [f"{name} has been away for more than ten minutes" for name, one in sources if _gone(one)]
    for name, lane in (*named(found["lanes"]), *named(found["lookups"])):
        breaker = lane["breaker"]
        if isinstance(breaker, Mapping) and not breaker["until"]:
            wrong.append(f"{name} is stopped: {breaker['why']}")
    now = clock.now()
    for job in rows.in_state(State.QUEUED):
        if now - _seconds(job.get("not_before") or job["born"]) > LATE:
            wrong.append(f"job {job['job']} has been due for over an hour")
    return wrong


def _gone(one: Value) -> bool:
    return not one.get("up") and not one.get("paused") and float(str(one.get("away_s") or 0)) > GONE
