"""What was decided and why, as frozen values. How it is decided stands in `deciding`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

MODES = ("upload", "review", "dry_run")  # from lax to strict


def strictest(*modes: str | None) -> str:
    """The strictest of the modes that were given."""
    return max((mode for mode in modes if mode), key=MODES.index, default="upload")


@dataclass(frozen=True)
class Reason:
    """One condition: what it wants and what the release has. `got` is None for unknown and `none` for none.
    `nearest_of`: it is of the nearest of so many branches of an `any`, and any of them would do."""

    field: str
    want: str
    got: object
    nearest_of: int = 0

    def as_json(self) -> dict[str, object]:
        """As in the journal and in `rules explain --json`."""
        plain = {"field": self.field, "want": self.want, "got": self.got}
        return plain | ({"nearest_of": self.nearest_of} if self.nearest_of else {})

    def __str__(self) -> str:
        got = "unknown" if self.got is None else self.got
        if isinstance(got, list):
            got = ", ".join(map(str, got))
        return f"{self.field}: want {self.want}, got {str(got).lower() if isinstance(got, bool) else got}"


@dataclass(frozen=True)
class RuleVerdict:
    """Whether a guard or rule matched: the conditions that held if it did, those that did not if it did not."""

    name: str
    matched: bool
    reasons: tuple[Reason, ...]
    guard: bool = False
    reached: bool = True  # False: a rule above had decided

    def as_json(self) -> dict[str, object]:
        """As in the journal and in `rules explain --json`."""
        plain: dict[str, object] = {"name": self.name, "matched": self.matched}
        plain["reasons"] = [reason.as_json() for reason in self.reasons]
        if self.guard:
            plain["guard"] = True
        if not self.reached:
            plain["reached"] = False
        return plain


@dataclass(frozen=True)
class Route:
    """One tracker that the release goes to, and on which terms."""

    rule: str
    set: Mapping[str, object]  # over facts and the form, `{field}` slots filled in
    mode: str  # the strictest of defaults, tracker, rule and upload_to
    delay: float  # seconds
    require: tuple[Mapping[str, object], ...] = ()  # late requirements, for `check_require`
    failed: tuple[Reason, ...] = ()  # what `require` found wrong, or could not find out: the job is held
    required: tuple[Mapping[str, object], ...] = ()  # all of `require`, for `check_edit`
    unfilled: Mapping[str, object] = field(default_factory=dict)  # of `set`: what a slot found no fact for, as written
    cautions: Mapping[str, str] = field(default_factory=dict)  # new_group web_flac cover: the value in force

    def as_json(self) -> dict[str, object]:
        """As under `trackers` in a decision."""
        plain: dict[str, object] = {"rule": self.rule, "set": dict(self.set), "mode": self.mode, "delay": self.delay}
        plain |= {"require": [dict(one) for one in self.require], "cautions": dict(self.cautions)}
        if self.failed:
            plain["failed"] = [reason.as_json() for reason in self.failed]
        return plain


def _nothing() -> tuple[RuleVerdict, ...]:
    return ()


@dataclass(frozen=True)
class Decision:
    """Where a release goes. `undecided` (a code) means that it is asked again; `guard` that it never leaves."""

    rule: str | None = None  # the first rule that matched
    guard: str | None = None
    undecided: str | None = None
    why: str = ""
    trackers: Mapping[str, Route] = field(default_factory=dict)
    explain: Callable[[], tuple[RuleVerdict, ...]] = field(default=_nothing, compare=False, repr=False)

    @cached_property
    def reasons(self) -> tuple[RuleVerdict, ...]:
        """A verdict for every guard and rule, in the order of the file. Worked out when first asked for."""
        return self.explain()

    @property
    def mode(self) -> str | None:
        """The strictest mode among the trackers; None if it goes nowhere."""
        return strictest(*(route.mode for route in self.trackers.values())) if self.trackers else None

    def as_json(self) -> dict[str, object]:
        """As `decision` in a release record, and as `rules explain` shows it."""
        plain: dict[str, object] = {"rule": self.rule, "upload_to": list(self.trackers), "mode": self.mode}
        if self.guard:
            plain["guard"] = self.guard
        if self.undecided:
            plain["undecided"] = self.undecided
        if self.why:
            plain["why"] = self.why
        plain["trackers"] = {name: route.as_json() for name, route in self.trackers.items()}
        plain["reasons"] = [verdict.as_json() for verdict in self.reasons]
        return plain
