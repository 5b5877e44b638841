"""What may go wrong with a tracker, named by what the caller does next. No message holds a key or a keyed address."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What the site said, fit for the journal: filtered, at most 500 characters of text."""

    status: int
    code: str = ""
    text: str = ""


class TrackerError(Exception):
    """The root of this package's errors. `code` is from the closed list in docs/journal.md."""

    def __init__(self, code: str, text: str, *, answer: Answer | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.answer = answer


class SettingsError(TrackerError):
    """The tracker can't be opened with these settings or secrets; the text says what to change."""


class Refused(TrackerError):
    """The tracker answered no, and trying again will not help: the job waits for a person."""


class Unavailable(TrackerError):
    """Proved not processed. Trying again later is safe; `retry_at` (wall seconds) if the site named a time."""

    def __init__(self, code: str, text: str, *, retry_at: float | None = None, answer: Answer | None = None) -> None:
        super().__init__(code, text, answer=answer)
        self.retry_at = retry_at


class NotAuthorised(TrackerError):
    """The key was refused, in words that prove that nothing was processed. The whole lane stops until a person acts."""


class Unconfirmed(TrackerError):
    """The request left and nobody knows what came of it. Only `find` may say. `stops_lane` opens the breaker too."""

    def __init__(self, code: str, text: str, *, stops_lane: bool = False, answer: Answer | None = None) -> None:
        super().__init__(code, text, answer=answer)
        self.stops_lane = stops_lane


class AlreadyThere(Unconfirmed):
    """The site says it has this torrent. Whose it is, only `find` may say."""
