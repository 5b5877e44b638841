"""Pictures out of a video, by ffmpeg where it is installed: one child process a picture, idle and under limits.

Knows no host for pictures and no job. What ffmpeg is given is an open file and the kinds of container that it may take
it for, so that a file can lead it to nothing else on this machine or in the network.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from watcher.identify.files import opened_file
from watcher.torrents.hashing import AWAY, HashingStopped, be_idle, unreadable

SECONDS = 90  # for one picture, also from a slow disk
LARGEST = 10 * 1024 * 1024  # bytes that any host for pictures takes
STEP = 0.25  # seconds between two looks at `stop`
NICEST = 19
MEMORY = 6 * 1024**3  # bytes of address space: a decoder of 2160p wants one or two
OUTPUT = 64 * 1024 * 1024  # bytes that the process may write
_CONTAINERS = "matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,avi,mpegts,mpeg,asf"
_PNG = ("-c:v", "png", "-pix_fmt", "rgb24")
_JPEG = ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "2")  # where a PNG would be larger than hosts take
_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


class NoFrame(Exception):
    """There is no picture, and why: ffmpeg failed, hung, wrote nothing, or the file can't be read."""


def installed() -> str | None:
    """Where ffmpeg is; None if it is not."""
    return shutil.which("ffmpeg")


def moments(seconds: float, count: int) -> list[float]:
    """When to look, in seconds: spread evenly, away from both ends."""
    return [round(seconds * number / (count + 1), 3) for number in range(1, count + 1)]


def frame(path: Path, at: float, stop: threading.Event, seconds: float = SECONDS) -> bytes:
    """The picture that a video shows at a moment: PNG, or JPEG where that is too large. Raises `NoFrame`, also after so
    many seconds; `ContentAway` and `OutOfFiles` for what passes; `HashingStopped` if `stop` is set meanwhile."""
    for encoder in (_PNG, _JPEG):
        picture = _taken(path, at, encoder, stop, seconds)
        if len(picture) <= LARGEST:
            return picture
    raise NoFrame(f"a picture of {len(picture) >> 20} MiB is larger than any host takes")


def _taken(path: Path, at: float, encoder: tuple[str, ...], stop: threading.Event, seconds: float) -> bytes:
    program = installed()
    if program is None:
        raise NoFrame("ffmpeg is not installed")
    try:
        with opened_file(str(path)) as video, tempfile.TemporaryFile() as picture, tempfile.TemporaryFile() as words:
            command = _command(program, f"/proc/self/fd/{video.fileno()}", at, encoder)
            with _running(command, video, picture, words) as child:
                return _picture(_awaited(child, stop, seconds), picture, words)
    except OSError as error:
        if error.errno in AWAY or error.errno in (errno.EMFILE, errno.ENFILE):
            raise unreadable(error, path.name) from error
        raise NoFrame(f"{error.strerror or error}") from error


def _command(program: str, source: str, at: float, encoder: tuple[str, ...]) -> list[str]:
    safe = ("-protocol_whitelist", "file,pipe", "-format_whitelist", _CONTAINERS)
    one = ("-map", "0:v:0", "-frames:v", "1", "-an", "-sn", "-dn")
    quiet = ("-nostdin", "-hide_banner", "-loglevel", "error", "-threads", "1")
    return [program, *quiet, "-ss", f"{at:.3f}", *safe, "-i", source, *one, *encoder, "-f", "image2pipe", "pipe:1"]


@contextlib.contextmanager
def _running(
    command: list[str], video: BinaryIO, picture: BinaryIO, words: BinaryIO
) -> Iterator[subprocess.Popen[bytes]]:
    """The child, which is gone afterwards. It has a session of its own and none of our secrets: it reads strangers'
    bytes."""
    hidden = ("SEEDPOST_", "CREDENTIALS_")
    child = subprocess.Popen(  # noqa: S603 - the user's own ffmpeg, and no shell
        command, stdin=subprocess.DEVNULL, stdout=picture, stderr=words, cwd="/",
        env={key: value for key, value in os.environ.items() if not key.startswith(hidden)},
        pass_fds=(video.fileno(),), start_new_session=True,
    )  # fmt: skip
    try:
        _behind_everybody(child.pid)
        yield child
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)  # also what it started
            child.wait()


def _behind_everybody(pid: int) -> None:
    """Idle at processor and disk, and bounded, also should we be gone before it is."""
    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: SECONDS,
        resource.RLIMIT_FSIZE: OUTPUT,
        resource.RLIMIT_CORE: 0,
    }
    be_idle(pid)
    with contextlib.suppress(OSError):  # it may have ended already
        os.setpriority(os.PRIO_PROCESS, pid, NICEST)
    for which, most in limits.items():
        with contextlib.suppress(OSError):  # the same; or the limit that it has from us is lower, and stays
            resource.prlimit(pid, which, (most, most))


def _awaited(child: subprocess.Popen[bytes], stop: threading.Event, seconds: float) -> int:
    for _ in range(int(seconds / STEP)):
        if stop.is_set():
            raise HashingStopped("a screenshot was being taken")
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(STEP)
    raise NoFrame(f"ffmpeg took longer than {seconds:g} s")


def _picture(code: int, picture: BinaryIO, words: BinaryIO) -> bytes:
    picture.seek(0)
    words.seek(0)
    said = " ".join(words.read(4096).decode(errors="replace").split())[:200]
    if code != 0:
        ended = signal.Signals(-code).name if code < 0 else f"exit {code}"
        raise NoFrame(f"ffmpeg failed ({ended}){f': {said}' if said else ''}")
    found = picture.read()
    if not found.startswith(_STARTS):
        raise NoFrame("ffmpeg wrote no picture" + (f": {said}" if said else ""))
    return found
