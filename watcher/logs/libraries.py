"""Libraries that write by `logging` or `warnings`: their lines come through our log and its filter.

Imported by `configure` alone, so that a command that writes no log does not load `logging`.
"""

from __future__ import annotations

import logging

from watcher.logs.logger import log


class _ToLog(logging.Handler):
    """Hands a library's record to our log. Below WARNING libraries write whole addresses: urllib3 at DEBUG does."""

    def emit(self, record: logging.LogRecord) -> None:
        level = "error" if record.levelno >= logging.ERROR else "warning"
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # the library's arguments don't fit its own format
            text = str(record.msg)
        error = record.exc_info[1] if record.exc_info else None
        log.line(level, "library.message", {"logger": record.name, "text": text, "exc_info": error})


def route_libraries() -> None:
    """Let every logger of the process write to our log from WARNING up, and warnings too."""
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _ToLog)]:
        root.removeHandler(handler)
    root.addHandler(_ToLog(logging.WARNING))
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
