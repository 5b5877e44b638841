"""STATE/unlock.sock: hands a passphrase from `seedpost unlock` to the daemon. Takes a passphrase and nothing else.

One line in, one line of JSON out, from processes of this user alone. The passphrase is on no disk and in no argument.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from trackers.secret import Secret
from watcher.errors import FAILED, NotFound, SeedpostError
from watcher.logs import log

NAME = "unlock.sock"
LONGEST = 4096  # bytes of a passphrase
SECONDS = 10.0  # that one who connects may take; scrypt and a wrong passphrase's second are in it
_ADDRESS = 100  # bytes of a socket's path that every system takes
_NO_DAEMON = (errno.ENOENT, errno.ECONNREFUSED)


class UnlockSocket:
    """Listens in a thread of its own until `close`. `use` is given each passphrase; what it raises is the answer."""

    def __init__(self, state: Path, use: Callable[[Secret], None]) -> None:
        self._path, self._use = state / NAME, use
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()  # of a daemon that was killed; we hold daemon.lock
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            self._bind()
        except OSError:
            self._listener.close()
            raise
        self._thread = threading.Thread(target=self._serve, name="unlock", daemon=True)
        self._thread.start()

    def _bind(self) -> None:
        """The folder is ours alone, so that the moment between `bind` and `chmod` shows it to nobody."""
        with _short(self._path) as address:
            self._listener.bind(address)
        self._path.chmod(0o600)
        self._listener.listen(4)

    def close(self) -> None:
        """Stop listening, and take the socket away."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            with connection, contextlib.suppress(OSError):
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(SECONDS)
        uid = _uid_of(connection)
        if uid != os.geteuid():
            log.warning("unlock.refused", uid=uid)
            return
        connection.sendall(json.dumps(self._tried(_line(connection))).encode() + b"\n")

    def _tried(self, line: bytes | None) -> dict[str, object]:
        if not line:
            return {"ok": False, "error": "no passphrase was given", "hint": "", "code": FAILED}
        try:
            self._use(Secret(line.decode("utf-8", "surrogateescape")))
        except SeedpostError as error:
            return {"ok": False, "error": str(error), "hint": error.hint, "code": error.exit_code}
        log.info("vault.unlocked")
        return {"ok": True}


def listen(state: Path, use: Callable[[Secret], None]) -> Callable[[], None]:
    """Listen in `state`; returns what ends it. A file system that has no sockets is told, and stops nothing."""
    try:
        return UnlockSocket(state, use).close
    except OSError as error:
        log.warning("unlock.unavailable", path=str(state / NAME), error=error)
        return lambda: None


def unlock(state: Path, passphrase: Secret) -> None:
    """Give the daemon of `state` a passphrase. Raises what the vault said, and NotFound where no daemon listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2 * SECONDS)
        try:
            with _short(state / NAME) as address:
                connection.connect(address)
            if (uid := _uid_of(connection)) != os.geteuid():
                raise SeedpostError(f"{state / NAME} is served by the user with id {uid}, who gets no passphrase")
            connection.sendall(passphrase.reveal().encode("utf-8", "surrogateescape") + b"\n")
            answer = json.loads(_line(connection) or b"{}")
        except OSError as error:
            if error.errno in _NO_DAEMON:
                raise NotFound("no daemon listens here", hint="start it first: seedpost run") from error
            raise SeedpostError(f"the daemon did not answer: {error}", hint="seedpost status") from error
    if answer.get("ok") is not True:
        raise SeedpostError(
            str(answer.get("error", "the daemon refused")),
            hint=str(answer.get("hint", "")),
            exit_code=int(answer.get("code", FAILED)),
        )


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """An address for `path` that a socket takes: long ones go by the folder's descriptor."""
    if len(os.fsencode(path)) <= _ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _uid_of(connection: socket.socket) -> int:
    """The user at the other end, as the kernel knows it."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", data)[1])


def _line(connection: socket.socket) -> bytes | None:
    """What came before the first line end; None if it is too long, or the other end hung up first."""
    data = b""
    while b"\n" not in data:
        more = connection.recv(LONGEST)
        if not more or len(data) > LONGEST:
            return None
        data += more
    return data.partition(b"\n")[0].rstrip(b"\r")
