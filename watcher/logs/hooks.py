"""What nothing caught: tracebacks that would print past the log."""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable

from watcher.logs.logger import log


def install_hooks(end: Callable[[str], None]) -> None:
    """Log what nothing caught, filtered. `end` gets the name of a thread that died and ends the process: it is never
    half alive. The main thread's own death ends it anyway."""

    def main_died(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
        if not isinstance(error, KeyboardInterrupt):
            log.line("error", "process.crashed", {"error": error, "exc_info": error})

    def thread_died(died: threading.ExceptHookArgs) -> None:
        if died.exc_type is SystemExit:
            return
        name = died.thread.name if died.thread else "?"
        error = died.exc_value or died.exc_type()
        log.line("error", "thread.died", {"thread": name, "error": error, "exc_info": error})
        end(name)

    def swallowed(lost: sys.UnraisableHookArgs) -> None:
        if lost.exc_value is not None:
            log.line("warning", "python.unraisable", {"error": lost.exc_value, "exc_info": lost.exc_value})

    sys.excepthook = main_died
    threading.excepthook = thread_died
    sys.unraisablehook = swallowed
