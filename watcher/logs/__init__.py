"""The log: structured lines on standard error and, for the daemon, in STATE/log. Owns the filter that keeps secrets out
of everything that leaves the process, and the escape for names from outside. Decides nothing and stops nothing."""

from __future__ import annotations

from watcher.logs.filter import FILTER, Filter, redact
from watcher.logs.hooks import install_hooks
from watcher.logs.lines import as_json, as_text
from watcher.logs.logger import Log, configure, log, overhear
from watcher.logs.records import line_for
from watcher.logs.text import safe

__all__ = [
    "FILTER", "Filter", "Log", "as_json", "as_text", "configure", "install_hooks", "line_for", "log", "overhear",
    "redact", "safe",
]  # fmt: skip
