"""The logger every module uses, and where its lines go. structlog runs the steps from a call to a line."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from trackers.clock import Clock, utc_text
from watcher.errors import USAGE, SeedpostError
from watcher.logs.lines import LEVELS, as_json, as_text, cleaned, coloured, ordered, traceback_text
from watcher.logs.sinks import FileSink, Sink, StreamSink

if TYPE_CHECKING:
    from structlog.typing import BindableLogger

LEVEL = "SEEDPOST_LOG_LEVEL"
FILE = Path("log") / "seedpost.jsonl"

Hearer = Callable[[str, str, Mapping[str, object]], None]  # level, event, fields as they were given: not yet filtered


class Log:
    """`log.info("job.uploaded", job=…, tracker=…)`. Events are constants, stable and dotted; what varies is a field.

    `error=` takes an exception and adds `error.kind` and its hint. No call raises.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, object] | None = None) -> None:
        self._fields = dict(fields or {})

    def bind(self, **fields: object) -> Log:
        """A log whose lines all have these fields."""
        return Log({**self._fields, **fields})

    def debug(self, event: str, **fields: object) -> None:
        """For whoever looks for a fault; not written by default."""
        self.line("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """What happened."""
        self.line("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """What a person may have to act on."""
        self.line("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """What went wrong and will not mend itself."""
        self.line("error", event, fields)

    def exception(self, event: str, **fields: object) -> None:
        """An error with the traceback of the exception being handled."""
        self.line("error", event, {"exc_info": sys.exc_info()[1], **fields})

    def line(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        """Write a line at a level that is named by a value, as `line_for` gives it. `exc_info`: an exception."""
        for hear in _setup.hearers:
            try:
                hear(level, event, {**self._fields, **fields})
            except Exception:  # noqa: BLE001 - as below
                _setup.lose()
        if LEVELS[level] < _setup.threshold:
            return
        try:
            getattr(_setup.logger(), level)(event, _fields={**self._fields, **fields})
        except Exception:  # noqa: BLE001 - no memory, too deep a stack: a log line never stops anything
            _setup.lose()


log = Log()


class _Setup:
    """What `configure` was told. structlog is imported with the first line that is written, since that takes longer
    than a whole quick command."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logger: BindableLogger | None = None
        self._sinks: tuple[Sink, ...] | None = None
        self.clock = Clock()
        self.threshold = LEVELS["warning"]  # of a process that configured nothing
        self.hearers: tuple[Hearer, ...] = ()

    def lose(self) -> None:
        """A line could not even be made: its loss is told with the next one."""
        for sink in self._sinks or ():
            sink.lose()

    def use(self, sinks: tuple[Sink, ...], threshold: int, clock: Clock) -> None:
        with self._lock:
            for sink in self._sinks or ():
                sink.close()
            self._sinks, self.threshold, self.clock, self._logger = sinks, threshold, clock, None

    def logger(self) -> BindableLogger:
        with self._lock:
            if self._sinks is None:
                self._sinks = (_stream_sink(sys.stderr, sys.stderr.isatty(), os.environ),)
            if self._logger is None:
                self._logger = _structured(_Fan(self._sinks), self.clock)
            return self._logger


_setup = _Setup()


def overhear(hear: Hearer) -> Callable[[], None]:
    """Call `hear` with every event from now on, whatever the level, in the thread that it is of; returns what ends it.
    It must not wait."""
    _setup.hearers = (*_setup.hearers, hear)

    def end() -> None:
        _setup.hearers = tuple(one for one in _setup.hearers if one != hear)

    return end


def configure(
    *,
    state: Path | None = None,
    level: str | None = None,
    stream: TextIO | None = None,
    terminal: bool | None = None,
    environ: Mapping[str, str] = os.environ,
    clock: Clock | None = None,
) -> None:
    """Say where lines go from now on. `state`: also to STATE/log/seedpost.jsonl (the daemon). `level`: debug info
    warning error, else $SEEDPOST_LOG_LEVEL, else info. `terminal`: text for people instead of JSON; by default whether
    `stream` (standard error) is one. Libraries' logs come through the same filter from WARNING up. Raises SeedpostError
    on an unknown level."""
    threshold = _threshold(level, environ)
    stream = stream or sys.stderr
    sinks: list[Sink] = [_stream_sink(stream, stream.isatty() if terminal is None else terminal, environ)]
    if state is not None:
        sinks.append(FileSink(state / FILE, as_json))
    _setup.use(tuple(sinks), threshold, clock or Clock())
    from watcher.logs.libraries import route_libraries  # here: it loads `logging`, and logs through this module

    route_libraries()


def _threshold(level: str | None, environ: Mapping[str, str]) -> int:
    name = (level or environ.get(LEVEL) or "info").strip().lower()
    if name not in LEVELS:
        raise SeedpostError(
            f"unknown log level '{name}'", hint=f"{LEVEL} is one of {', '.join(LEVELS)}", exit_code=USAGE
        )
    return LEVELS[name]


def _stream_sink(stream: TextIO, terminal: bool, environ: Mapping[str, str]) -> Sink:
    if not terminal:
        return StreamSink(stream, as_json)
    colour = coloured(environ)
    return StreamSink(stream, lambda fields: as_text(fields, colour=colour))


class _Fan:
    """The last stop: the finished fields, to every sink."""

    def __init__(self, sinks: tuple[Sink, ...]) -> None:
        self._sinks = sinks

    def _write(self, /, **fields: object) -> None:
        for sink in self._sinks:
            sink.write(fields)

    debug = info = warning = error = _write


Event = MutableMapping[str, Any]  # structlog's own type of an event


def _structured(fan: _Fan, clock: Clock) -> BindableLogger:
    import structlog  # 80 ms: see _Setup

    def stamped(_: object, method: str, event: Event) -> Event:
        fields: dict[str, object] = event.pop("_fields")
        error = fields.pop("exc_info", None)
        if isinstance(error, BaseException):
            fields["exception"] = traceback_text(error)
        return {**fields, "time": utc_text(clock.now()), "level": method, "event": event["event"]}

    def filtered(_: object, __: str, event: Event) -> Event:
        return cleaned(event)

    def in_order(_: object, __: str, event: Event) -> Event:
        return ordered(event)

    logger: BindableLogger = structlog.wrap_logger(
        fan,
        processors=[stamped, filtered, in_order],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        cache_logger_on_first_use=True,
    )
    return logger
