"""The rules language: conditions, rules, decisions. Pure; reading files is config's, enforcing limits intake's."""

from __future__ import annotations

from watcher.rules.deciding import Rules, check_edit, check_require, decide, guarded
from watcher.rules.decision import MODES, Decision, Reason, Route, RuleVerdict, strictest
from watcher.rules.fields import FIELDS, Field
from watcher.rules.quantities import Rate
from watcher.rules.settings import amended, filled
from watcher.rules.view import described

__all__ = [
    "FIELDS",
    "MODES",
    "Decision",
    "Field",
    "Rate",
    "Reason",
    "Route",
    "RuleVerdict",
    "Rules",
    "amended",
    "check_edit",
    "check_require",
    "decide",
    "described",
    "filled",
    "guarded",
    "strictest",
]
