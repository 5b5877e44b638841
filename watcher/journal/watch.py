"""A wake-up when the journal changes. Only a hint: whoever waits looks every two seconds all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path


def watch(path: Path, wake: threading.Event) -> Callable[[], None] | None:
    """Set `wake` whenever the file at `path` is written or replaced. Returns what ends it; None where inotify can't."""
    # Imported here: commands that only read never watch, and it is a tenth of their start.
    from watchdog.events import FileModifiedEvent, FileMovedEvent, FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.inotify import InotifyObserver

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if str(path) in (event.src_path, event.dest_path):
                wake.set()

    observer = InotifyObserver()
    observer.daemon = True
    try:
        observer.schedule(Handler(), str(path.parent), event_filter=[FileModifiedEvent, FileMovedEvent])
        observer.start()
    except OSError:
        return None

    def stop() -> None:
        observer.stop()
        observer.join()

    return stop
