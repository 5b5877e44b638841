"""What `status` says, as sections of text: first what needs a person, with the command for it. Pure; prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from watcher.cli.screen import Line, Section
from watcher.cli.show import WIDTH, beside, local, size, wrapped

_SETTLING = 5  # names that are shown of what settles in a source
Value = Mapping[str, object]


def overview(now: Value, columns: int, *, brief: bool = False) -> list[Section]:
    """All of `board.status`, in lines of at most so many columns. `brief`: for a live screen."""
    sections = [
        Section("", [Line(text, style) for text, style in _head(now)]),
        Section("needs you", list(_needs(now, columns, brief)), "seedpost status", "bold yellow"),
        _beside("trackers", [(name, list(_lane(one))) for name, one in _of(now["lanes"])], columns),
    ]
    stopped = [(name, list(_lane(one))) for name, one in _of(now["lookups"]) if one["breaker"]]
    sections.append(_beside("look-up services", stopped, columns))
    for kind in ("clients", "folders"):
        rows = [(name, list(_source(name, one, brief))) for name, one in _of(now[kind])]
        sections.append(_beside(kind, rows, columns))
    sections.append(Section("", [Line(text) for text in _jobs(now)]))
    sections.append(Section("waits for a moderator of its site", list(_moderated(_list(now["moderation"])))))
    last = [(local(one["time"]), [_decided(one)]) for one in map(_map, _list(now["last"]))]
    sections.append(_beside("last decisions", last, columns))
    uploads = [(name, [_upload(_map(one["last_upload"]))]) for name, one in _of(now["lanes"]) if one["last_upload"]]
    sections.append(_beside("last uploads", uploads, columns))
    return sections + (list(_process(_map(now["process"]), columns)) if now.get("process") else [])


def _beside(title: str, rows: Sequence[tuple[str, Sequence[str]]], columns: int) -> Section:
    return Section(title, [Line(text) for text in beside(rows, columns)])


def _head(now: Value) -> Iterator[tuple[str, str]]:
    age, rules = now["heartbeat_age_s"], _map(now["rules"])
    if now["running"]:
        late = f", heartbeat {age} s ago" if _number(age) > 5 else ""  # else the screen would change every second
        yield f"running{late}; " + _rules(rules), "green"
    else:
        yield "not running (no young heartbeat): seedpost run", "red"
        yield _rules(rules), ""
    for error in _list(rules.get("errors")):
        yield f"  {error}", "red"


def _rules(rules: Value) -> str:
    since = f" since {local(rules.get('since'))}" if rules.get("since") else ""
    digest = f" ({str(rules['digest'])[:8]})" if rules.get("digest") else ""
    return f"rules: in force{since}{digest}" if rules.get("valid") else f"rules: not valid; those in force{since}"


def _needs(now: Value, columns: int, brief: bool) -> Iterator[Line]:
    """What waits for a person, and below each question the commands that answer it; the first of them if `brief`."""
    found = [_map(one) for one in _list(now["needs"])]
    for one in found:
        question = f"  {_question(one)}: {one['why']}"
        whole = [question] if brief else wrapped(question, min(columns, WIDTH), "      ")
        yield from (Line(text, "yellow") for text in whole)
        names, more = _list(one["names"]), int(str(one["count"])) - 1
        if names and not brief:
            yield Line("    " + _cut(str(names[0]), f" and {more} more" if more else ""))
        for command in [_map(one) for one in _list(one["commands"])][: 1 if brief else None]:
            yield Line(f"    {command['run']}  # {command['does']}", "bold")
    if not brief and any(one["what"] == "job" for one in found):
        yield Line("  `seedpost queue review` walks through what is held, `queue cancel JOB` ends a job")


def _moderated(found: Sequence[object]) -> Iterator[Line]:
    """What needs nobody here."""
    for one in map(_map, found):
        yield Line(f"  {one['tracker']} {one['job']}: {one['url']}")
        yield Line("    " + _cut(str(one["name"]), ""))


def _cut(text: str, end: str) -> str:
    """A name in one line of 80 columns, with what has to follow it."""
    room = WIDTH - 4 - len(end)
    return (text if len(text) <= room else text[: room - 1] + "…") + end


def _question(one: Value) -> str:
    """`3 × RED (require)`, `tracker OPS (paused)`."""
    what = f"{one['count']} ×" if one["what"] in ("job", "release", "dry_run") else one["what"]
    code = f"({one['code']})" if one["code"] and one["about"] else one["code"]
    return " ".join(str(word) for word in (what, one["about"], code) if word)


def _lane(one: Value) -> Iterator[str]:
    breaker, limit, until = one.get("breaker"), _map(one.get("limit")), one.get("limit_until")
    if isinstance(breaker, Mapping):
        ends = f" until {local(breaker['until'])}" if breaker.get("until") else ""
        text = f"stopped{ends} ({breaker['code']}): {breaker['why']}"
    else:
        text = f"its limit is used up until {local(until)}" if until else "open for uploads"
    used = f", {limit['used']} of {limit['of']} used" if limit else ""
    waiting = f", {one['waiting']} waiting" if one.get("waiting") else ""
    yield text + used + waiting


def _upload(last: Value) -> str:
    return f"{local(last.get('time'))} {last.get('name') or ''}" + (f"  {last['url']}" if last.get("url") else "")


def _source(name: str, one: Value, brief: bool) -> Iterator[str]:
    """What there is to say of a client or folder, each on a line of its own."""
    yield f"{_up(name, one)}, {_watching(one, brief)}"
    names = _list(one.get("settling"))
    if names:
        more = f" and {len(names) - _SETTLING} more" if len(names) > _SETTLING else ""
        yield f"settling: {', '.join(map(str, names[:_SETTLING]))}{more}"
    yield from map(str, _list(one.get("problems")))
    if one.get("last") and not brief:
        yield f"last: {_decided(_map(one['last']))}"


def _up(name: str, one: Value) -> str:
    paused = one.get("paused")
    if isinstance(paused, Mapping):
        return "paused" + (f" until {local(paused['until'])}" if paused.get("until") else "")
    return "up" if one.get("up") else f"away ({str(one.get('error')).removeprefix(f'{name}: ')})"


def _watching(one: Value, brief: bool) -> str:
    """What is looked at, how, and when it was last (which would change a live screen at every poll)."""
    what, how = ("torrent", "") if one.get("kind") == "qbittorrent" else ("folder", f" by {one.get('mode')}")
    count, last, delay = one.get("watched"), one.get("last_poll"), _number(one.get("delay_s"))
    when = f"last {local(last)}" if last else "not looked at yet"
    return f"{count} {what}{'' if count == 1 else 's'}{how}, every {delay:.0f} s" + ("" if brief else f", {when}")


def _jobs(now: Value) -> Iterator[str]:
    counts = _map(now["jobs"])
    yield "jobs: " + (", ".join(f"{count} {state}" for state, count in counts.items()) or "none")
    yield from map(hashing, map(_map, _list(now["hashing"])))


def hashing(one: Value) -> str:
    """How far one reading of content has come."""
    done, whole = int(_number(one["done"])), int(_number(one["size"]))
    return f"hashing {one['name']}: {size(done)} of {size(whole)} ({done / max(1, whole):.0%})"


def _decided(one: Value) -> str:
    to = ", ".join(map(str, _list(one["upload_to"]))) or "nowhere"
    return f"{one['name']}: {one['rule'] or one.get('why') or 'no rule matched'} → {to}"


# -- what the running daemon measured of itself


def _process(of: Value, columns: int) -> Iterator[Section]:
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
    yield _beside("since the daemon began", [(name, [text]) for name, text in rows], columns)
    stages = [
        (name, f"{one['count']:>4} jobs" + "".join(f"  {key} {_number(one[f'{key}_s']):.1f} s" for key in _SPANS))
        for name, one in _of(of.get("stages"))
        if one.get("count")
    ]
    yield _beside("stages of the last jobs", [(name, [text]) for name, text in stages], columns)


_SPANS = ("p50", "p95", "last")


def _poll(one: Value) -> str:
    ago = "not yet" if one.get("age_s") is None else f"{_number(one['age_s']):.1f} s ago"
    return f"{ago}, every {_number(one.get('delay_s')):.0f} s"


def _errors(errors: Value) -> str:
    return ", ".join(f"{name} {code} {n}" for name, codes in errors.items() for code, n in _map(codes).items())


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _map(value: object) -> Value:
    return value if isinstance(value, Mapping) else {}


def _of(value: object) -> list[tuple[str, Value]]:
    return [(name, _map(one)) for name, one in _map(value).items()]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
