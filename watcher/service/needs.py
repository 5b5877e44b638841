"""What waits for a person, grouped, with the commands that put it right. Pure: from what `status` says, and by code."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from watcher.jobs import A_PERSON_DECIDES, Rows, State
from watcher.service.view import row_of

Row = Mapping[str, Any]  # of a job, as `view.row_of` has it
Command = tuple[str, str]  # what to type, and what it does; `…` stands where a person fills something in

_FIELD = re.compile(r"([a-z][a-z_]*(?:\.[a-z_]+)*): ")
_KEYS = ("no-key", "key-refused", "denied", "login", "secret-refused", "secret-for-other-host")
_OF_THE_FILE = ("brake", "require", "review", "mode", "tracker-removed")  # where other rules may answer it
_CURES = (  # of an uploader that is stopped: where its own words name the command, else the last
    ("seedpost journal repair", "with the daemon stopped: takes in what the clients seed"),
    ("seedpost resume", "goes on now"),
    ("seedpost journal verify", "says what is wrong with the journal"),
)
_APPROVED = "let it go out as its form is now"
_FEW = 3  # releases that are named; the rest is counted


@dataclass(frozen=True)
class Need:
    """One question. `about`: a tracker, service or source, `names`: the first releases of `count`."""

    what: str  # daemon uploader rules vault client folder tracker look-up job release dry_run
    about: str
    code: str
    why: str
    commands: Sequence[Command]
    count: int = 1
    names: Sequence[str] = ()
    jobs: Sequence[str] = ()

    def as_json(self) -> dict[str, object]:
        """As `status --json` shows it."""
        commands = [{"run": run, "does": does} for run, does in self.commands]
        return asdict(self) | {"names": list(self.names), "jobs": list(self.jobs), "commands": commands}


def needs(status: Mapping[str, object], rows: Rows, keys: Mapping[str, Sequence[str]]) -> list[Need]:
    """Everything that waits for a person, the widest first. `status`: as `board.status` has it; `keys`: the names of
    the secrets that a tracker or client of rules.yaml can't do without."""
    found = [*_of_the_whole(status), *_of_sources(status, keys), *_of_lanes(status, keys)]
    found += [*_of_jobs(_rows(rows, State.HELD)), *_of_releases(rows)]
    dry = _rows(rows, State.DRY_RUN)
    if dry:
        names = _names(dry)
        command = ("seedpost queue review --state dry_run", "look at each with its form, and let it go out or not")
        why = "decided, and nothing is sent: mode dry_run"
        found.append(Need("dry_run", "", "dry_run", why, [command], len(dry), names, _ids(dry)))
    return found


# -- what concerns everything


def _of_the_whole(status: Mapping[str, object]) -> Iterator[Need]:
    rules, stopped = _map(status["rules"]), str(status["stopped"])
    if not status["running"]:
        yield Need("daemon", "", "", "no daemon runs here", [("seedpost run", "or start its unit")])
    if stopped:
        typed = [command for command in _CURES if command[0] in stopped] or _CURES[-1:]
        yield Need("uploader", "", "", stopped, typed)
    if not rules.get("valid"):
        yield Need("rules", "", "", "the file is not valid", [("seedpost check", "says what to mend, and where")])
    if status["vault"]:
        commands = [("seedpost unlock", "gives the daemon the passphrase"), ("seedpost secrets status", "says why")]
        yield Need("vault", "", "", str(status["vault"]), commands)


def _of_sources(status: Mapping[str, object], keys: Mapping[str, Sequence[str]]) -> Iterator[Need]:
    for kind, what in (("clients", "client"), ("folders", "folder")):
        for name, one in _of(status[kind]):
            paused = one.get("paused")
            if isinstance(paused, Mapping) and not paused.get("until"):
                yield Need(what, name, "paused", "paused by hand", [(_resume(name), "goes on")])
            elif not paused and one.get("up") is False and one.get("error"):
                why = str(one["error"]).removeprefix(f"{name}: ")
                stores = [(f"seedpost secrets set {key}", "if it has another one now") for key in keys.get(name, ())]
                looks = ("seedpost check --online", "asks it once, and says what is wrong")
                yield Need(what, name, "", why, [looks, *stores])


def _of_lanes(status: Mapping[str, object], keys: Mapping[str, Sequence[str]]) -> Iterator[Need]:
    for kind, what in (("lanes", "tracker"), ("lookups", "look-up")):
        for name, lane in _of(status[kind]):
            breaker = lane.get("breaker")
            if isinstance(breaker, Mapping) and not breaker.get("until"):
                code = str(breaker.get("code") or "")
                yield Need(what, name, code, str(breaker.get("why") or ""), _opens(name, code, keys.get(name, ())))


def _opens(name: str, code: str, keys: Sequence[str]) -> list[Command]:
    """What opens a lane that waits for a person."""
    resumes = (_resume(name), "goes on" if code == "paused" else "asks it once, and goes on if it answers")
    if code == "paused":
        return [resumes]
    if code.startswith("vault-"):
        return [("seedpost unlock", "gives the daemon the passphrase"), ("seedpost secrets status", "says why")]
    if code == "settings":
        return [("seedpost check", "says what to change in rules.yaml"), resumes]
    if code in _KEYS:
        return [*((f"seedpost secrets set {key}", "asks for it, and stores it") for key in keys), resumes]
    return [("seedpost check --online", "asks it once, and says what is wrong"), resumes]


# -- jobs


def _rows(rows: Rows, state: State) -> list[Row]:
    return [row_of(job, rows.release(job), rows.load) for job in rows.in_state(state)]


def _of_jobs(held: Iterable[Row]) -> Iterator[Need]:
    groups: dict[tuple[str, ...], list[Row]] = {}
    for job in held:
        asked = _asked_for(job)
        apart = job["open"] or job["code"] == "ids-unclear"  # each such question has an answer of its own
        alone = job["job"] if apart else ""
        groups.setdefault((job["tracker"], str(job["code"]), asked, alone), []).append(job)
    everything = [job for jobs in groups.values() for job in jobs]
    for (tracker, code, asked, _), jobs in sorted(groups.items(), key=lambda one: -len(one[1])):
        which = _which(jobs, everything)
        whys = list(dict.fromkeys(str(job["why"] or "") for job in jobs))
        why = whys[0] + (f" (and {len(whys) - 1} like it)" if len(whys) > 1 else "")
        names, commands = _names(jobs), _answers(jobs[0], which, asked)
        yield Need("job", tracker, code, why, commands, len(jobs), names, _ids(jobs))


def _asked_for(job: Row) -> str:
    """The field that a job's question is about, if an edit answers it: what the form lacks, or what its rule wants."""
    edit = re.search(r"queue edit (?:--release )?\S+ ([\w.]+)=…", job["resume"] or "")
    if edit:
        return edit.group(1)
    field = _FIELD.match(job["why"] or "") if job["code"] == "require" else None
    return field.group(1).removeprefix("set.") if field else ""


def _which(jobs: Sequence[Row], everything: Iterable[Row]) -> str:
    """The words that choose exactly these jobs: an id, a filter, or all ids."""
    first = jobs[0]
    if len(jobs) == 1:
        return str(first["job"])
    alike = [one for one in everything if (one["tracker"], one["code"]) == (first["tracker"], first["code"])]
    if len(alike) == len(jobs):
        return f"--state held --tracker {shlex.quote(first['tracker'])} --code {first['code']}"
    return " ".join(_ids(jobs))


def _answers(job: Row, which: str, asked: str) -> list[Command]:
    """The commands for jobs like this one, the one that its hold names first where an edit does not come before it."""
    if job["open"]:
        return [
            (f"seedpost queue retry {which}", "looks again on the site; sends nothing"),
            (f"seedpost queue resolve {which} --uploaded …", "it is there: its id or address"),
            (f"seedpost queue resolve {which} --absent", "it is not there: it is sent again"),
        ]
    whole = "--release " if " --release " in (job["resume"] or "") else ""
    commands = [(f"seedpost queue edit {whole}{which} {asked}=…", "says what it is")] if asked else []
    if job["code"] in A_PERSON_DECIDES:
        commands.append((f"seedpost queue approve {which}", _APPROVED))
    elif job["resume"] == "seedpost journal repair":
        commands.append((job["resume"], "takes in what the clients seed; the daemon has to be stopped"))
    else:
        commands.append((f"seedpost queue retry {which}", "tries again, once its cause is mended"))
    if job["code"] in _OF_THE_FILE:
        commands.append((f"seedpost queue redecide {which}", "once rules.yaml says otherwise"))
    return commands


# -- releases that are not decided


def _of_releases(rows: Rows) -> Iterator[Need]:
    groups: dict[tuple[str, str], list[Mapping[str, object]]] = {}
    for one in rows.releases.values():
        if one.get("undecided"):
            groups.setdefault((str(one.get("source")), str(one["undecided"])), []).append(one)
    for (source, code), releases in groups.items():
        names = [str(one.get("name")) for one in releases[:_FEW]]
        why = str(releases[0].get("why") or code)
        yield Need("release", source, code, why, _decides(source, code, releases[0]), len(releases), names)


def _decides(source: str, code: str, release: Mapping[str, object]) -> list[Command]:
    path = shlex.quote(str(release.get("path")))
    explains = (f"seedpost rules explain {path}", "says what is known, and why nothing is decided")
    if code == "source-flood":
        return [(_resume(source), "decides them all")]
    if code in ("sidecar", "otherwise-hold"):
        again = "once the file beside it is mended" if code == "sidecar" else "once a rule of rules.yaml matches it"
        return [explains, (f"seedpost enqueue {path}", again)]
    return [explains, (_resume(source), "asks once more, and decides what can be decided")]


def _names(jobs: Sequence[Row]) -> list[str]:
    return [str(job["name"] or "") for job in jobs[:_FEW]]


def _ids(jobs: Iterable[Row]) -> list[str]:
    return [job["job"] for job in jobs]


def _resume(name: str) -> str:
    return f"seedpost resume {shlex.quote(name)}"


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _of(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    for name, one in _map(value).items():
        yield str(name), _map(one)
