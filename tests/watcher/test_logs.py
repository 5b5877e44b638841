"""The log as the daemon uses it: where lines go, what happens when they can't, and what prints past it."""

from __future__ import annotations

import errno
import gc
import io
import json
import logging
import os
import resource
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from trackers.clock import Clock
from trackers.secret import Secret
from watcher.errors import USAGE, SeedpostError
from watcher.logs import Filter, as_json, configure, install_hooks, log, logger
from watcher.logs.sinks import FileSink, StreamSink

ROOT = Path(__file__).parents[2]


class At(Clock):
    def now(self) -> float:
        return 1_795_341_600.5


@pytest.fixture(autouse=True)
def own_log(monkeypatch):
    """Each test has a log of its own, and leaves Python's as it found it."""
    monkeypatch.setattr(logger, "_setup", logger._Setup())
    monkeypatch.setattr("watcher.logs.filter.FILTER", Filter())
    for module, name in ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(module, name, getattr(module, name))
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    mask = os.umask(0o022)
    yield
    os.umask(mask)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def known(monkeypatch, *values: str) -> None:
    fresh = Filter()
    for value in values:
        fresh.add(value)
    monkeypatch.setattr("watcher.logs.filter.FILTER", fresh)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def stream():
    return io.StringIO()


def test_a_line_is_json_where_no_terminal_is(stream):
    configure(stream=stream, environ={}, clock=At())
    log.bind(tracker="RED").info("job.uploaded", attempt=1, job="5f0c", why="ok")
    assert stream.getvalue() == (
        '{"time":"2026-11-22T10:00:00.500000Z","level":"info","event":"job.uploaded","job":"5f0c","tracker":"RED",'
        '"attempt":1,"why":"ok"}\n'
    )


def test_a_line_is_text_on_a_terminal_and_plain_where_colour_is_unwanted(stream):
    configure(stream=stream, terminal=True, environ={"NO_COLOR": "1"})
    log.warning("job.held", name="a\x1b[31mb\nforged line")
    assert stream.getvalue().endswith("warning job.held             name=" + '"a\\x1b[31mb\\nforged line"\n')
    configure(stream=stream, terminal=True, environ={})
    log.error("job.held")
    assert "\x1b[31merror" in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "environ", "events"),
    [
        (None, {}, ["a.info", "a.warning", "a.error"]),
        (None, {"SEEDPOST_LOG_LEVEL": "ERROR"}, ["a.error"]),
        ("debug", {"SEEDPOST_LOG_LEVEL": "error"}, ["a.debug", "a.info", "a.warning", "a.error"]),
    ],
)
def test_the_level_is_the_callers_then_the_environments_then_info(stream, level, environ, events):
    configure(stream=stream, level=level, environ=environ)
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)(f"a.{name}")
    assert [line["event"] for line in lines(stream)] == events


def test_an_unknown_level_is_refused_with_those_there_are():
    with pytest.raises(SeedpostError, match="unknown log level 'loud'") as caught:
        configure(environ={"SEEDPOST_LOG_LEVEL": "loud"})
    assert caught.value.exit_code == USAGE
    assert "debug, info, warning, error" in caught.value.hint


def test_a_command_that_configured_nothing_shows_warnings_alone(capsys):
    log.info("a.info")
    log.warning("a.warning")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["a.warning"]


def test_a_quick_command_loads_neither_structlog_nor_logging():
    code = (
        "import sys; from watcher.logs import log; log.info('x.y'); print({'structlog', 'logging'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_daemon_writes_to_its_state_folder_too(stream, tmp_path):
    configure(state=tmp_path / "state", stream=stream, environ={})
    log.info("release.seen", name="caf\udce9")
    path = tmp_path / "state" / "log" / "seedpost.jsonl"
    assert path.read_text() == stream.getvalue()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(path.read_text())["name"] == "caf\udce9"


def test_an_exception_is_logged_with_its_traceback_and_without_values(stream, monkeypatch):
    known(monkeypatch, "canary-value-99")
    configure(stream=stream, environ={})

    def fails(key: str) -> None:
        local = key
        raise RuntimeError(f"refused: {local}")

    try:
        fails("canary-value-99")
    except RuntimeError as error:
        log.exception("lane.failed", error=error)
    (line,) = lines(stream)
    assert "canary" not in stream.getvalue()
    assert line["error"] == "refused: ***"
    assert line["error.kind"] == "RuntimeError"
    assert str(line["exception"]).startswith("Traceback")
    assert str(line["exception"]).endswith("RuntimeError: refused: ***")


def test_no_secret_reaches_any_sink_in_any_field(stream, tmp_path, monkeypatch):
    known(monkeypatch, "canary-value-99")
    configure(state=tmp_path, stream=stream, environ={})
    log.error("a.b", x="canary-value-99", y={"canary-value-99": ["canary-value-99"]}, z=Path("/canary-value-99"))
    log.error("canary-value-99 as an event", error=ValueError("canary-value-99"), w=Secret("canary-value-99"))
    text = stream.getvalue() + (tmp_path / "log" / "seedpost.jsonl").read_text()
    assert text.count("event") >= 4
    assert "canary" not in text


# P7: a closed pipe, a full disk, a stopped terminal


def test_P7_a_closed_pipe_stops_nothing_and_the_file_goes_on(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        configure(state=tmp_path, stream=pipe, terminal=False, environ={})
        for number in range(50):
            log.info("a.b", number=number)
    assert (tmp_path / "log" / "seedpost.jsonl").read_text().count("\n") == 50


def test_P7_a_closed_pipe_does_not_change_the_exit_code():
    code = (
        "import sys, os; from watcher.logs import configure, log; configure(environ={}); log.info('x.y'); sys.exit(3)"
    )
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=writer, check=False)
    os.close(writer)
    assert done.returncode == 3


def test_P7_a_closed_stream_stops_nothing(stream):
    configure(stream=stream, environ={})
    stream.close()
    log.info("a.b")


def test_P7_a_full_disk_stops_nothing_and_lost_lines_are_counted(tmp_path, monkeypatch):
    path = tmp_path / "log" / "seedpost.jsonl"
    sink = FileSink(path, as_json)
    sink.write({"event": "before"})
    real = os.write
    full = iter([3])  # three bytes of the line, then no room

    def write(fd: int, data: bytes) -> int:
        if (room := next(full, None)) is None:
            raise OSError(errno.ENOSPC, "full")
        return real(fd, data[:room])

    monkeypatch.setattr(os, "write", write)
    sink.write({"event": "cut"})
    sink.write({"event": "lost"})
    monkeypatch.setattr(os, "write", real)
    sink.write({"event": "after", "time": "now"})
    sink.close()
    written = path.read_text().splitlines()
    assert json.loads(written[0]) == {"event": "before"}
    assert written[1] == '{"e'
    assert json.loads(written[2]) == {"time": "now", "level": "warning", "event": "log.lost", "lines": 2}
    assert json.loads(written[3])["event"] == "after"


def test_P7_a_state_folder_that_takes_no_file_stops_nothing(stream, tmp_path):
    (tmp_path / "log").write_text("a file where the folder should be")
    configure(state=tmp_path, stream=stream, environ={})
    log.info("a.b")
    (tmp_path / "log").unlink()
    log.info("a.c")
    written = (tmp_path / "log" / "seedpost.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in written] == ["log.lost", "a.c"]
    assert [line["event"] for line in lines(stream)] == ["a.b", "a.c"]


def test_P7_a_file_size_limit_stops_nothing(tmp_path):
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, limit[1]))
    try:
        sink = FileSink(tmp_path / "log" / "x.jsonl", as_json)
        for number in range(30):
            sink.write({"event": "a.b", "number": number})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, old)
    sink.write({"event": "after"})
    sink.close()
    *_, lost, after = (tmp_path / "log" / "x.jsonl").read_text().splitlines()
    assert json.loads(lost)["event"] == "log.lost"
    assert json.loads(after)["event"] == "after"


def test_P7_a_reader_that_stands_still_costs_its_own_lines_alone(monkeypatch):
    monkeypatch.setattr("watcher.logs.sinks.PATIENCE", 0.0)
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as pipe, os.fdopen(reader) as end:
        sink = StreamSink(pipe, as_json)
        for number in range(3000):  # more than a pipe holds
            sink.write({"event": "a.b", "number": number, "padding": "x" * 50})
        os.set_blocking(end.fileno(), False)
        while end.readline():
            pass
        sink.write({"event": "after"})
        lost, after = end.readline(), end.readline()
    assert json.loads(lost)["event"] == "log.lost"
    assert json.loads(lost)["lines"] > 1000
    assert json.loads(after)["event"] == "after"


def test_a_field_that_can_not_be_made_a_line_of_stops_nothing(stream, monkeypatch):
    def no_memory(_: object) -> dict[str, object]:
        raise MemoryError

    configure(stream=stream, environ={})
    log.info("a.b")
    with monkeypatch.context() as short:
        short.setattr(logger, "cleaned", no_memory)
        log.info("a.c")
    log.info("a.d")
    assert [line["event"] for line in lines(stream)] == ["a.b", "log.lost", "a.d"]


# the file


def test_the_file_is_rotated_by_size_and_as_many_are_kept(tmp_path):
    path = tmp_path / "log" / "seedpost.jsonl"
    sink = FileSink(path, as_json, rotate_at=100, keep=2)
    for number in range(100, 130):
        sink.write({"event": "a.b", "number": number})
    sink.close()
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["seedpost.jsonl", "seedpost.jsonl.1", "seedpost.jsonl.2"]
    assert all(file.stat().st_size <= 100 and file.stat().st_mode & 0o777 == 0o600 for file in files)
    newest_last = [json.loads(line)["number"] for file in reversed(files) for line in file.read_text().splitlines()]
    assert newest_last == list(range(newest_last[0], 130))


def test_a_new_process_goes_on_in_the_same_file(tmp_path):
    for number in range(2):
        sink = FileSink(tmp_path / "log" / "x.jsonl", as_json)
        sink.write({"number": number})
        sink.close()
    assert (tmp_path / "log" / "x.jsonl").read_text() == '{"number":0}\n{"number":1}\n'


def test_a_file_that_somebody_deleted_is_made_again(tmp_path):
    path = tmp_path / "log" / "x.jsonl"
    sink = FileSink(path, as_json)
    sink.write({"number": 0})
    path.unlink()
    path.with_name("x.jsonl.1").write_text("older")
    sink.write({"number": 1})
    sink.close()
    assert path.read_text() == '{"number":1}\n'
    assert path.with_name("x.jsonl.1").read_text() == "older"


def test_a_file_that_somebody_moved_away_is_begun_anew(tmp_path):
    path = tmp_path / "log" / "x.jsonl"
    sink = FileSink(path, as_json)
    sink.write({"number": 0})
    path.rename(path.with_name("x.jsonl.1"))
    sink.write({"number": 1})
    sink.close()
    assert path.read_text() == '{"number":1}\n'
    assert path.with_name("x.jsonl.1").read_text() == '{"number":0}\n'
    assert not path.with_name("x.jsonl.2").exists()


def test_a_link_in_place_of_the_file_is_not_written_through(tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "x.jsonl").symlink_to(tmp_path / "elsewhere")
    FileSink(tmp_path / "log" / "x.jsonl", as_json).write({"number": 0})
    assert not (tmp_path / "elsewhere").exists()


def test_lines_of_many_threads_stay_whole(stream, tmp_path):
    configure(state=tmp_path, stream=stream, environ={})
    threads = [threading.Thread(target=lambda: [log.info("a.b", x="y" * 200) for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = (tmp_path / "log" / "seedpost.jsonl").read_text().splitlines()
    assert len(written) == 400
    assert all(json.loads(line)["event"] == "a.b" for line in written)


# what prints past the log


def test_libraries_come_through_the_same_filter_from_warning_up(stream, monkeypatch):
    known(monkeypatch, "canary-value-99")
    configure(stream=stream, environ={"SEEDPOST_LOG_LEVEL": "debug"})
    logging.getLogger().handlers[:-1] = []  # pytest's own raise where a library's arguments don't fit
    library = logging.getLogger("urllib3.connectionpool")
    monkeypatch.setattr(library, "level", logging.DEBUG)  # as some libraries set their own
    library.debug("https://x/?passkey=%s", "canary-value-99")
    library.warning("retrying %s", "https://x/canary-value-99")
    library.error("does not fit: %d", "canary-value-99")
    try:
        raise ValueError("canary-value-99")
    except ValueError:
        library.exception("with a traceback")
    assert "canary" not in stream.getvalue()
    first, second, third = lines(stream)
    assert (first["level"], first["event"], first["logger"]) == ("warning", "library.message", "urllib3.connectionpool")
    assert first["text"] == "retrying https://x/***"
    assert (second["level"], second["text"]) == ("error", "does not fit: %d")
    assert str(third["exception"]).endswith("ValueError: ***")


def test_configuring_twice_writes_a_librarys_line_once(stream):
    configure(stream=io.StringIO(), environ={})
    configure(stream=stream, environ={})
    logging.getLogger("watchdog").warning("once")
    assert len(lines(stream)) == 1


def test_warnings_come_through_too(stream, monkeypatch):
    known(monkeypatch, "canary-value-99")
    configure(stream=stream, environ={})
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("canary-value-99 is odd", UserWarning, stacklevel=1)
    assert "UserWarning: *** is odd" in str(lines(stream)[0]["text"])


def test_P9_a_dying_thread_is_logged_filtered_and_ends_the_process(stream, monkeypatch):
    known(monkeypatch, "canary-value-99")
    configure(stream=stream, environ={})
    ended: list[str] = []
    install_hooks(ended.append)

    def dies() -> None:
        raise RuntimeError("canary-value-99")

    for target in (dies, sys.exit):
        thread = threading.Thread(target=target, name=f"lane {target.__name__}")
        thread.start()
        thread.join()
    assert ended == ["lane dies"]
    (line,) = lines(stream)
    assert line["event"] == "thread.died"
    assert line["thread"] == "lane dies"
    assert "canary" not in stream.getvalue()


def test_an_exception_nobody_caught_is_logged_and_not_printed(stream, capsys):
    configure(stream=stream, environ={})
    install_hooks(lambda _: None)
    error = RuntimeError("nobody caught it")
    sys.excepthook(RuntimeError, error, None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert [line["event"] for line in lines(stream)] == ["process.crashed"]
    assert capsys.readouterr().err == ""


def test_an_exception_that_python_swallows_is_logged(stream):
    configure(stream=stream, environ={})
    install_hooks(lambda _: None)

    class Bad:
        def __del__(self) -> None:
            raise RuntimeError("in a destructor")

    Bad()
    gc.collect()
    assert [(line["event"], line["error"]) for line in lines(stream)] == [("python.unraisable", "in a destructor")]


def test_a_whole_process_that_dies_of_a_secret_does_not_print_it(tmp_path):
    code = (
        "import sys, threading, os\n"
        "from trackers.secret import Secret\n"
        "from watcher.logs import configure, install_hooks\n"
        "from pathlib import Path\n"
        "configure(state=Path(sys.argv[1]), environ={})\n"
        "install_hooks(lambda name: os._exit(9))\n"
        "key = Secret(sys.stdin.read())\n"
        "def die(): raise RuntimeError('https://x/?k=' + key.reveal())\n"
        "threading.Thread(target=die).start()\n"
        "threading.Event().wait()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT, input="canary-value-99", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 9
    assert "thread.died" in done.stderr
    assert "canary" not in done.stdout + done.stderr + (tmp_path / "log" / "seedpost.jsonl").read_text()
