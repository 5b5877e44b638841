"""Asks the worker process, and survives it: a crash, a hang or a flood is an answer that says so. Reads no files."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any, Protocol

NAME_SECONDS, FILE_SECONDS = 10, 60  # for one name, and for one file, which may lie on a slow disk
LARGEST = 4 * 1024 * 1024  # bytes of an answer
_GRACE = 5  # seconds that the kernel's own limit in the worker is given, before the worker is killed from outside

Said = Mapping[str, Any]


class NotTold(Exception):
    """There is no answer, and why: the library crashed, hung, is missing, or the file can't be read."""


class Asked(Protocol):
    """Whoever can be asked about names and files."""

    def name(self, text: str) -> Said:
        """What guessit reads in a name. Raises NotTold."""

    def media(self, path: str) -> Said:
        """What MediaInfo reads in a file: `tracks` and `text`. Raises NotTold."""


class Probe:
    """One worker for all threads, started when it is first needed and again when it is gone."""

    def __init__(self, command: tuple[str, ...] = (sys.executable, "-P", "-m", "watcher.identify.worker")) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._worker: subprocess.Popen[bytes] | None = None

    def name(self, text: str) -> Said:
        """See `Asked`."""
        return self._ask({"name": text}, NAME_SECONDS)

    def media(self, path: str) -> Said:
        """See `Asked`."""
        return self._ask({"path": path}, FILE_SECONDS)

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._end(kill=False)

    def _ask(self, question: dict[str, object], seconds: int) -> Said:
        line = json.dumps({**question, "seconds": seconds}).encode() + b"\n"
        with self._lock:
            answer = self._answer(line, seconds)
            if answer is None:  # it had just ended for want of questions
                answer = self._answer(line, seconds)
        said = answer.get("said") if answer else None
        if not isinstance(said, dict):
            raise NotTold(str((answer or {}).get("failed", "the worker does not start")))
        return said

    def _answer(self, line: bytes, seconds: int) -> Said | None:
        """The answer to one line; None if the worker ended by itself. A worker that failed is ended."""
        worker = self._started()
        assert worker.stdin is not None  # noqa: S101 - both are pipes
        try:
            worker.stdin.write(line)
            worker.stdin.flush()
            answer = self._read(worker, seconds + _GRACE)
        except BrokenPipeError:
            answer = b""
        if answer.endswith(b"\n"):
            return json.loads(answer)  # type: ignore[no-any-return]
        code = self._end(kill=bool(answer))
        if code == 0 and not answer:
            return None
        if -code in (signal.SIGALRM, signal.SIGKILL):
            return {"failed": f"it took longer than {seconds} s"}
        return {"failed": f"it crashed ({signal.Signals(-code).name if code < 0 else f'exit {code}'})"}

    def _read(self, worker: subprocess.Popen[bytes], seconds: float) -> bytes:
        """One line. Empty: the worker ended; without its newline: it is late, or says too much."""
        assert worker.stdout is not None  # noqa: S101  for the type checker: it was opened with a pipe
        answer, ready = b"", select.poll()  # not `select`, which knows no descriptor above 1023
        ready.register(worker.stdout, select.POLLIN)
        while not answer.endswith(b"\n") and len(answer) < LARGEST:
            if not ready.poll(seconds * 1000):
                return answer or b"late"
            chunk = os.read(worker.stdout.fileno(), 1 << 16)
            if not chunk:
                return b""
            answer += chunk
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        if self._worker is None:
            # A session of its own: Ctrl-C is for us. No secret of ours in its environment: it reads strangers' bytes.
            hidden = ("SEEDPOST_", "CREDENTIALS_")
            try:
                self._worker = subprocess.Popen(  # noqa: S603 - our own module
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
                    env={key: value for key, value in os.environ.items() if not key.startswith(hidden)},
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise NotTold(f"no process can be started: {error.strerror}") from error
        return self._worker

    def _end(self, *, kill: bool) -> int:
        """The exit code of the worker, which is gone then. One that a dead disk holds is left to the kernel."""
        worker, self._worker = self._worker, None
        if worker is None:
            return 0
        if kill:
            worker.kill()
        with contextlib.suppress(OSError):
            worker.stdin.close()  # type: ignore[union-attr]
        try:
            return worker.wait(_GRACE)
        except subprocess.TimeoutExpired:
            worker.kill()
            return -signal.SIGKILL
        finally:
            worker.stdout.close()  # type: ignore[union-attr]


PROBE = Probe()
atexit.register(PROBE.close)
