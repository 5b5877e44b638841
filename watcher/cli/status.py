"""`seedpost status`: one screen, from the journal and the heartbeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from trackers.clock import Clock
from watcher.cli.options import Place, pass_place, with_json
from watcher.cli.show import WIDTH, as_json, below, lines, local, note, say, size, table
from watcher.errors import FAILED, OK, SeedpostError
from watcher.journal import Journal
from watcher.service import view
from watcher.service.needs import needs

_SETTLING = 5  # names that are shown of what settles in a source


@click.command()
@click.option("--check", is_flag=True, help="Exit 0 only if all is well; for health checks.")
@click.option("--verbose", is_flag=True, help="Also stages, polls, waits, disk and memory of the running daemon.")
@with_json
@pass_place
def status(place: Place, check: bool, verbose: bool) -> int:
    """Clients, folders, lanes, jobs, and what needs a person with the command for it."""
    clock, state = Clock(), place.state_folder()
    journal = Journal.open(state, writable=False)
    ledger = journal.ledger
    beat = view.heartbeat(state)
    trackers, keys = _of_rules(place)
    now = view.status(ledger, beat, clock, trackers, journal.trouble)
    now["needs"] = [need.as_json() for need in needs(now, ledger, keys)]
    now |= {"process": view.process(beat, clock)} if verbose else {}
    wrong = view.unhealthy(now, ledger, clock) if check else []
    if place.json:
        as_json(now | ({"unhealthy": wrong} if check else {}))
    elif check:
        for line in wrong:
            note(line)
    else:
        _screen(now)
        if now.get("process"):
            _process(_map(now["process"]))
    return FAILED if wrong else OK


def _of_rules(place: Place) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Sites by name, and the secrets that each tracker and client can't do without, if there are rules that can be
    read; a status must not need them."""
    from watcher.config import load  # kept out of the commands that read no rules
    from watcher.secrets.wanted import wanted

    try:
        config = load(place.rules_file())
    except SeedpostError:
        return {}, {}
    keys = [one.name for one in wanted(config).values() if not one.optional]
    owners = [*config.trackers, *config.clients, *config.lookups]
    by_owner = {name: [key for key in keys if key.startswith(f"{name.lower()}.")] for name in owners}
    return {name: one.site for name, one in config.trackers.items()}, by_owner


def _screen(now: Mapping[str, object]) -> None:
    age = now["heartbeat_age_s"]
    say(f"running, heartbeat {age} s ago" if now["running"] else "not running (no young heartbeat)")
    if now["stopped"]:
        say(f"the uploader is stopped: {now['stopped']}")
    if now["vault"]:
        say(f"the vault does not open: {now['vault']}")
    rules = _map(now["rules"])
    if rules.get("valid"):
        say("rules: in force")
    else:
        say(f"rules: the file is not valid; those of {local(rules.get('since'))} are in force")
        for error in _list(rules.get("errors")):
            say(f"  {error}")
    for kind in ("clients", "folders"):
        if now[kind]:
            say(f"\n{kind}")
            below([(name, _source(name, one)) for name, one in _of(now[kind])])
    say("\ntrackers")
    below([(name, [_lane(one)]) for name, one in _of(now["lanes"])])
    stopped = [(name, one["breaker"]) for name, one in _of(now["lookups"]) if one["breaker"]]
    if stopped:
        say("\nlook-up services")
        below([(name, [_breaker(one)]) for name, one in stopped])
    counts = _map(now["jobs"])
    for reading in _list(now["hashing"]):
        say(_hashing(_map(reading)))
    say("\njobs: " + (", ".join(f"{count} {state}" for state, count in counts.items()) or "none"))
    _needs(_list(now["needs"]))
    _moderated(_list(now["moderation"]))
    last = now["last"]
    if isinstance(last, list) and last:
        say("\nlast decisions")
        below([(local(one["time"]), [_decided(one)]) for one in last])


def _process(of: Mapping[str, object]) -> None:
    """What the running daemon measured of itself."""
    say("\nsince the daemon began")
    memory, fsync, counted = (_map(of.get(key)) for key in ("memory", "fsync", "counters"))
    flushes = int(_number(fsync.get("count")))
    mean = 1000 * _number(fsync.get("seconds")) / max(1, flushes)
    uploads = _map(counted.get("uploads"))
    rows = [
        ("oldest job due for", f"{_number(of.get('queue_age_s')):.0f} s"),
        ("uploads", ", ".join(f"{name} {count}" for name, count in uploads.items()) or "none"),
        ("errors", _errors(_map(counted.get("errors"))) or "none"),
        ("hashing", f"{size(int(_number(of.get('hashing_rate'))))}/s"),
        ("journal flushes", f"{flushes}, {mean:.1f} ms each, {1000 * _number(fsync.get('max_s')):.1f} ms at most"),
        ("memory", f"{size(int(_number(memory.get('rss'))))}, {size(int(_number(memory.get('peak'))))} at most"),
    ]
    rows += [(f"{name} held up by its limit", f"{_number(s):.0f} s") for name, s in _map(of["rate_waited_s"]).items()]
    rows += [(f"{name} last looked at", _poll(one)) for name, one in _of(of["polls"])]
    table(rows)
    stages = [
        (name, str(one["count"]), *(f"{_number(one[key]):.1f} s" for key in ("p50_s", "p95_s", "last_s")))
        for name, one in _of(of.get("stages"))
        if one.get("count")
    ]
    if stages:
        say("\nstages of the last jobs")
        table(stages, ("", "jobs", "p50", "p95", "last"))


def _poll(one: Mapping[str, object]) -> str:
    ago = "not yet" if one.get("age_s") is None else f"{_number(one['age_s']):.1f} s ago"
    return f"{ago}, every {_number(one.get('delay_s')):.0f} s"


def _errors(errors: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {code} {n}" for name, codes in errors.items() for code, n in _map(codes).items())


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _decided(one: Mapping[str, object]) -> str:
    to = ", ".join(map(str, _list(one["upload_to"]))) or "nowhere"
    return f"{one['name']}: {one['rule'] or one.get('why') or 'no rule matched'} → {to}"


def _source(name: str, one: Mapping[str, object]) -> list[str]:
    """What there is to say of a client or folder, each on a line of its own."""
    last, names = _map(one.get("last")), _list(one.get("settling"))
    lines = [f"{_up(name, one)}, {_watching(one)}"]
    lines += [f"settling: {', '.join(map(str, names[:_SETTLING]))}"] if names else []
    if len(names) > _SETTLING:
        lines[-1] += f" and {len(names) - _SETTLING} more"
    lines += [str(problem) for problem in _list(one.get("problems"))]
    return [*lines, f"last: {_decided(last)}"] if last else lines


def _watching(one: Mapping[str, object]) -> str:
    """What is looked at, how, and when it was last."""
    what, how = ("torrent", "") if one.get("kind") == "qbittorrent" else ("folder", f" by {one.get('mode')}")
    count, last, delay = one.get("watched"), one.get("last_poll"), float(str(one.get("delay_s") or 0))
    when = f"last {local(last)}" if last else "not looked at yet"
    return f"{count} {what}{'' if count == 1 else 's'}{how}, every {delay:.0f} s, {when}"


def _hashing(one: Mapping[str, object]) -> str:
    done, whole = int(str(one["done"])), int(str(one["size"]))
    return f"hashing {one['name']}: {size(done)} of {size(whole)} ({done / max(1, whole):.0%})"


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _of(value: object) -> list[tuple[str, Mapping[str, object]]]:
    return [(name, _map(one)) for name, one in _map(value).items()]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _up(name: str, one: Mapping[str, object]) -> str:
    paused = one.get("paused")
    if isinstance(paused, Mapping):
        return "paused" + (f" until {local(paused['until'])}" if paused.get("until") else "")
    return "up" if one.get("up") else f"away ({str(one.get('error')).removeprefix(f'{name}: ')})"


def _lane(one: Mapping[str, object]) -> str:
    if one.get("breaker") is None and one.get("limit_until"):
        return f"its limit is used up until {local(one['limit_until'])}"
    return _breaker(one.get("breaker"))


def _breaker(value: object) -> str:
    if not isinstance(value, Mapping):
        return "open for uploads"
    until = f" until {local(value['until'])}" if value.get("until") else ""
    return f"stopped{until} ({value['code']}): {value['why']}"


def _needs(found: Sequence[object]) -> None:
    """What waits for a person, and below each question the commands that answer it."""
    if found:
        say("\nneeds you")
    for one in map(_map, found):
        lines(f"{_question(one)}: {one['why']}", "  ")
        names, more = _list(one["names"]), int(str(one["count"])) - 1
        if names:
            say("    " + _cut(str(names[0]), f" and {more} more" if more else ""))
        for command in map(_map, _list(one["commands"])):
            say(f"    {command['run']}  # {command['does']}")
    if any(_map(one)["what"] == "job" for one in found):
        say("  `seedpost queue review` walks through what is held, `queue cancel JOB` ends a job")


def _moderated(found: Sequence[object]) -> None:
    """What waits for a person of its site, and needs nobody here."""
    if found:
        say("\nwaits for a moderator of its site")
    for one in map(_map, found):
        say(f"  {one['tracker']} {one['job']}: {one['url']}")
        say("    " + _cut(str(one["name"]), ""))


def _cut(text: str, end: str) -> str:
    """A name in one line of 80 columns, with what has to follow it."""
    room = WIDTH - 4 - len(end)
    return (text if len(text) <= room else text[: room - 1] + "…") + end


def _question(one: Mapping[str, object]) -> str:
    """`3 × RED (require)`, `tracker OPS (paused)`."""
    what = f"{one['count']} ×" if one["what"] in ("job", "release", "dry_run") else one["what"]
    return " ".join(str(word) for word in (what, one["about"], f"({one['code']})" if one["code"] else "") if word)
