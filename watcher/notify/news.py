"""What a person is told of an event, and many as one message. Pure; text comes filtered, and is escaped here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from watcher.logs import safe

LINES = 15  # of a message about many things
LONGEST = 120  # characters of a title
WIDEST = 600  # characters of a line
IDLE = "uploader.idle"

# What an event is called in a title; any other goes by its own name.
WORDS: Mapping[str, str] = {
    "job.held": "needs you",
    "job.unconfirmed": "outcome unknown",
    "job.uploaded": "uploaded",
    "job.duplicate": "is there already",
    "job.crashed": "crashed",
    "tracker.stopped": "is stopped",
    "tracker.opened": "goes on",
    "client.down": "is away",
    "client.up": "is back",
    "source.down": "is away",
    "source.up": "is back",
    "source.waits": "waits for you",
    "rules.rejected": "rules.yaml is not valid",
    "rules.refused": "rules.yaml is not valid",
    "uploader.stopped": "uploads are stopped",
    "seeding.stuck": "is not seeded",
    IDLE: "nothing is uploaded",
}
# The command that helps, where the event does not bring one.
CURES: Mapping[str, str] = {
    "job.held": "seedpost queue review",
    "job.unconfirmed": "seedpost queue list --state unconfirmed",
    "rules.rejected": "seedpost check",
    "rules.refused": "seedpost check",
    "journal.behind": "seedpost journal repair",
    "client.down": "seedpost check --online",
    "thread.died": "seedpost logs --level error",
}
CURE = "seedpost status"


@dataclass(frozen=True)
class News:
    """One event that a target wants to know of. `seq`: of the record it stands for, 0 if there is none."""

    event: str
    seq: int
    level: str
    fields: Mapping[str, object]  # cleaned: no secret in them

    @property
    def word(self) -> str:
        """What it is called."""
        return WORDS.get(self.event, self.event)

    @property
    def cure(self) -> str:
        """The command to type."""
        return _text(self.fields.get("resume")) or CURES.get(self.event, CURE)


def message(news: Sequence[News], more: int, name_of: Callable[[str], str]) -> tuple[str, str]:
    """(title of one line, body) of these and of `more` that were too many to keep. `name_of`: a release by its id."""
    if len(news) == 1 and not more:
        return _title(_subject(news[0], name_of), news[0].word), _body(news)
    counts = Counter(one.word for one in news)
    counts["more"] += more
    title = ", ".join(f"{count} × {word}" for word, count in counts.items() if count)
    lines = [_line(one, name_of) for one in news[:LINES]]
    left = len(news) - len(lines) + more
    lines += [f"… and {left} more"] if left else []
    return _title("", title), "\n".join([*lines, "", *_cures(news)])


def _title(subject: str, what: str) -> str:
    text = f"seedpost: {subject + ': ' if subject else ''}{what}"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _body(news: Sequence[News]) -> str:
    why = _why(news[0])
    hint = _text(news[0].fields.get("hint"))
    return "\n".join([line for line in (why, hint) if line] + ["", news[0].cure]).lstrip("\n")


def _line(one: News, name_of: Callable[[str], str]) -> str:
    subject, why = _subject(one, name_of), _why(one)
    return ": ".join(part for part in (subject, one.word, why) if part)


def _cures(news: Sequence[News]) -> list[str]:
    """One command a kind of event: of many held jobs each has its own, and `queue review` walks through all."""
    events = list(dict.fromkeys(one.event for one in news))
    return list(dict.fromkeys(CURES.get(event, CURE) for event in events))


def _subject(one: News, name_of: Callable[[str], str]) -> str:
    """Whom it is about: a release and its tracker, or a tracker, a client, a folder."""
    fields = one.fields
    release = _text(fields.get("name")) or safe(name_of(str(fields.get("release") or "")))
    tracker = _text(fields.get("tracker"))
    if release:
        return f"{release} → {tracker}" if tracker else release
    return tracker or next((_text(fields[key]) for key in ("client", "source", "job") if fields.get(key)), "")


def _why(one: News) -> str:
    """Why, with the code."""
    fields = one.fields
    errors = fields.get("errors")
    said = fields.get("why") or (errors[0] if isinstance(errors, list) and errors else "") or fields.get("error") or ""
    code = _text(fields.get("error.kind"))
    return " ".join(part for part in (_text(said), f"({code})" if code else "") if part)


def _text(value: object) -> str:
    text = safe(str(value)) if value else ""
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
