"""Errors a person can act on. What is not one of these keeps its traceback."""

from __future__ import annotations

# Exit codes: docs/commands.md and DESIGN section 14
OK, FAILED, USAGE, NOT_FOUND, DUPLICATE, NETWORK, MISSING, HELD, UNKNOWN = range(9)
RUNNING, NOT_AUTHORISED, INVALID = 75, 77, 78


class SeedpostError(Exception):
    """Says what is wrong, where, and how to mend it (`hint`). `exit_code` is what a command ends with."""

    exit_code = FAILED

    def __init__(self, text: str, *, hint: str = "", exit_code: int | None = None) -> None:
        super().__init__(text)
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code


class NotFound(SeedpostError):
    """What was asked for is not there."""

    exit_code = NOT_FOUND


class AlreadyRunning(SeedpostError):
    """Another process runs the loop of this state folder."""

    exit_code = RUNNING


class StateInvalid(SeedpostError):
    """The state folder can't be used as it is: nothing is written until a person acts."""

    exit_code = INVALID
