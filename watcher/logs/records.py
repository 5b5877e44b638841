"""The log line that stands for a journal record. Pure; what a record means is the journal's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Record = Mapping[str, object]
Line = tuple[str, str, dict[str, object]]  # level, event, fields

# A warning is what a person may have to act on.
_LOUD = ("held", "unconfirmed")
_JOB = (
    "job", "release", "tracker", "attempt", "not_before", "why", "resume", "back_to", "open", "infohash", "registered",
    "torrent_id", "group_id", "url",
)  # fmt: skip


def line_for(record: Record) -> Line:
    """(level, event, fields) for any record: `job.held`, `release.decided`, `tracker.stopped` … Forms, facts and lists
    of torrents stay in the journal, under `seq`."""
    kind = str(record.get("type", "unknown"))
    level, event, fields = _LINES.get(kind, _other)(record)
    fields["seq"] = record.get("seq")
    return level, event, {key: value for key, value in fields.items() if value not in (None, "", [])}


def _job(record: Record) -> Line:
    state = str(record.get("state", "unknown"))
    fields = _picked(record, *_JOB)
    fields |= {"duration_s": record.get("seconds"), "error.kind": record.get("code")}
    if passes := _rows(record.get("passes")):
        fields["passes"] = len(passes)
    return "warning" if state in _LOUD else "info", f"job.{state}", fields


def _release(record: Record) -> Line:
    learned = record.get("learned")
    if isinstance(learned, Mapping):
        return "info", "release.learned", {"release": record.get("release"), "from": list(learned)}
    looked = record.get("looked")
    if isinstance(looked, Mapping) and "facts" not in record:
        return "info", "release.identified", {"release": record.get("release"), "from": list(looked)}
    decision = record.get("decision")
    decision = decision if isinstance(decision, Mapping) else {}
    trackers = decision.get("trackers")
    fields = _picked(record, "release", "source", "name", "path", "size", "infohash")
    fields |= {
        "rule": decision.get("rule"),
        "to": list(trackers) if isinstance(trackers, Mapping) else None,
        "error.kind": record.get("undecided"),
    }
    return "warning" if record.get("undecided") else "info", "release.decided", fields


def _source(record: Record) -> Line:
    fields = _picked(record, "source", "at")
    if torrents := _rows(record.get("torrents")):
        fields["torrents"] = len(torrents)
    return "info", f"source.{record.get('what', 'unknown')}", fields


def _tracker(record: Record) -> Line:
    fields = _picked(record, "tracker", "site", "why", "until") | {"error.kind": record.get("code")}
    if record.get("breaker") == "open":
        return "warning", "tracker.stopped", fields
    return "info", "tracker.opened", fields


def _rules(record: Record) -> Line:
    what = str(record.get("what", "unknown"))
    return "error" if what == "rejected" else "info", f"rules.{what}", _picked(record, "rules", "errors")


def _command(record: Record) -> Line:
    fields = _picked(record, "jobs", "path", "infohash", "tracker", "with", "of", "result")
    if record.get("why"):
        fields["why"] = record["why"]
    refused = record.get("result") == "refused"
    return "warning" if refused else "info", f"command.{record.get('do', 'unknown')}", fields


def _file(record: Record) -> Line:
    return "info", "journal.begun", _picked(record, "journal", "generation", "through")


def _other(record: Record) -> Line:
    return "debug", f"journal.{record.get('type', 'unknown')}", _picked(record, "job", "release")


_LINES: Mapping[str, Callable[[Record], Line]] = {
    "job": _job,
    "release": _release,
    "source": _source,
    "tracker": _tracker,
    "rules": _rules,
    "command": _command,
    "file": _file,
}


def _picked(record: Record, *keys: str) -> dict[str, object]:
    return {key: record[key] for key in keys if key in record}


def _rows(value: object) -> list[object]:
    return value if isinstance(value, list) else []
