"""Bytes that survive: locks, atomic files, and every fsync there is. Knows nothing of records or states."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from trackers.clock import Clock
from watcher.errors import AlreadyRunning, SeedpostError, StateInvalid

LOCK_SECONDS = 10.0  # after this long the holder is named instead of waited for
# File systems on which flock, O_APPEND or a rename may not mean what they mean on a local disk.
NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse"})
_LINKLESS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS, errno.EXDEV)


class FlushFailed(OSError):
    """Written, but not known to be on disk. Asking again proves nothing: Linux has dropped the pages by then."""


class LockBusy(SeedpostError):
    """Another process has held the lock for longer than anyone should; nothing was written."""


class FileSystem:
    """The calls that a disk can fail, each behind a method that a test can make fail. All raise OSError."""

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        return os.open(path, flags | os.O_CLOEXEC, mode)

    def close(self, fd: int) -> None:
        os.close(fd)

    def read(self, fd: int, size: int, offset: int) -> bytes:
        return os.pread(fd, size, offset)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        return os.write(fd, data)

    def overwrite(self, fd: int, data: bytes, offset: int) -> int:
        return os.pwrite(fd, data, offset)

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def flush(self, fd: int) -> None:
        """Data and what is needed to find it again."""
        os.fdatasync(fd)

    def sync(self, fd: int) -> None:
        """Data and all of the inode; for folders and for files about to be renamed."""
        os.fsync(fd)

    def stat(self, path: Path) -> os.stat_result:
        return os.lstat(path)

    def fstat(self, fd: int) -> os.stat_result:
        return os.fstat(fd)

    def rename(self, old: Path, new: Path) -> None:
        old.replace(new)

    def link(self, old: Path, new: Path) -> None:
        os.link(old, new)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def mkdir(self, path: Path, mode: int) -> None:
        path.mkdir(mode)

    def chmod(self, path: Path, mode: int) -> None:
        path.chmod(mode)

    def lock(self, fd: int, how: int) -> None:
        fcntl.flock(fd, how)

    def free(self, path: Path) -> int:
        """Bytes that we may still write in this folder."""
        found = os.statvfs(path)
        return found.f_bavail * found.f_frsize

    def kind(self, path: Path) -> str:
        """The type of file system a path is on, as `mount` names it; "" if it can't be told."""
        with contextlib.suppress(OSError):
            table = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
            return _kind_in(table, os.path.realpath(path))
        return ""


def _kind_in(table: str, path: str) -> str:
    best, kind = -1, ""
    for line in table.splitlines():
        left, _, right = line.partition(" - ")
        mount = left.split(" ")[4].replace("\\040", " ")
        inside = path == mount or path.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= best:
            best, kind = len(mount), right.split(" ")[0]
    return kind


def on_network(path: Path, fs: FileSystem) -> bool:
    """Whether a path lies on a file system that does not keep the promises a journal needs."""
    return fs.kind(path).split(".")[0] in NETWORK


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def exists(path: Path, fs: FileSystem) -> bool:
    """Whether something has this name; a dangling link counts."""
    with contextlib.suppress(FileNotFoundError):
        fs.stat(path)
        return True
    return False


def write_all(fd: int, data: bytes, fs: FileSystem) -> None:
    """Write every byte; a short write is continued. Raises OSError, with any number of bytes written."""
    done = fs.write(fd, data)
    if done == len(data):
        return
    rest = memoryview(data)[done:]
    while rest:
        done = fs.write(fd, rest)
        if done <= 0:
            raise OSError(errno.EIO, "the file takes no more bytes")
        rest = rest[done:]


def read_all(fd: int, fs: FileSystem, *, start: int = 0, chunk: int = 1 << 20) -> Iterator[bytes]:
    """The bytes from `start` to the present end of the file, in chunks."""
    while block := fs.read(fd, chunk, start):
        yield block
        start += len(block)


def append(fd: int, data: bytes, size: int, fs: FileSystem) -> None:
    """Put `data` behind the `size` bytes of a file that the caller has locked, durably.

    Raises FlushFailed if the bytes stand in the file but may not be on disk, or if a partial write could not be taken
    back; any other OSError means that nothing was added.
    """
    try:
        write_all(fd, data, fs)
    except OSError as error:
        _take_back(fd, size, fs, error)
        raise
    flush(fd, fs)


def flush(fd: int, fs: FileSystem) -> None:
    """Have the data of an open file on disk. Raises FlushFailed, after which the file is not to be believed."""
    try:
        fs.flush(fd)
    except OSError as error:
        raise FlushFailed(error.errno, error.strerror) from error


def _take_back(fd: int, size: int, fs: FileSystem, cause: OSError) -> None:
    try:
        if fs.fstat(fd).st_size > size:
            fs.truncate(fd, size)
            fs.flush(fd)
    except OSError as error:
        raise FlushFailed(cause.errno, cause.strerror) from error


def sync_folder(path: Path, fs: FileSystem) -> None:
    """Have the names of a folder on disk. Raises FlushFailed: what was named stands there, perhaps for a while."""
    try:
        fd = fs.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fs.sync(fd)
        finally:
            fs.close(fd)
    except OSError as error:
        raise FlushFailed(error.errno, error.strerror, str(path)) from error


@contextlib.contextmanager
def new_file(path: Path, temporary: Path, fs: FileSystem, mode: int = 0o600) -> Iterator[int]:
    """A file written under a temporary name, and named `path` only when all of it is on disk."""
    with contextlib.suppress(FileNotFoundError):
        fs.unlink(temporary)  # what a crash left; the folder is ours
    fd = fs.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        yield fd
        try:
            fs.sync(fd)
        except OSError as error:
            raise FlushFailed(error.errno, error.strerror) from error
        fs.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            fs.unlink(temporary)
        raise
    finally:
        fs.close(fd)
    sync_folder(path.parent, fs)


def replace(path: Path, data: bytes, *, fs: FileSystem, mode: int = 0o600) -> None:
    """Put `data` at `path`: after a crash either the old bytes are there or the new ones, whole."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    with new_file(path, temporary, fs, mode) as fd:
        write_all(fd, data, fs)


def link(old: Path, new: Path, fs: FileSystem) -> bool:
    """A second name for a file. False where the file system has no links."""
    try:
        fs.link(old, new)
    except OSError as error:
        if error.errno in _LINKLESS:
            return False
        raise
    sync_folder(new.parent, fs)
    return True


def private_folder(path: Path, *, fs: FileSystem | None = None) -> Path:
    """Make `path` if need be, ours alone (0700). Raises StateInvalid if it is a link, another's, or open to writers."""
    fs = fs or FileSystem()
    if not exists(path, fs):
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            fs.mkdir(path, 0o700)
    found = fs.stat(path)
    if stat.S_ISLNK(found.st_mode):
        raise StateInvalid(f"{path} is a symbolic link", hint="name the folder itself with --state")
    if not stat.S_ISDIR(found.st_mode):
        raise StateInvalid(f"{path} is not a folder", hint="move it away, or name another folder with --state")
    if found.st_uid != os.geteuid():
        raise StateInvalid(
            f"{path} belongs to user {found.st_uid}, not to us", hint="run seedpost as that user, or use --state"
        )
    if found.st_mode & 0o022:
        raise StateInvalid(f"{path} can be written by other users", hint=f"look through it, then: chmod 700 {path}")
    if found.st_mode & 0o077:
        fs.chmod(path, 0o700)
    return path


class Lock:
    """An exclusive lock between processes, on a file that is never replaced. Threads of one process need their own."""

    def __init__(self, path: Path, *, fs: FileSystem, clock: Clock) -> None:
        self.path = path
        self._fs = fs
        self._clock = clock
        self._fd = -1
        self._file = (-1, -1)

    @contextlib.contextmanager
    def held(self, seconds: float = LOCK_SECONDS) -> Iterator[int]:
        """Hold the lock; yields its descriptor. Raises LockBusy, as `wait` does."""
        self.wait(seconds)
        try:
            yield self._fd
        finally:
            self.release()

    def wait(self, seconds: float = LOCK_SECONDS) -> None:
        """Take the lock. Raises LockBusy, naming the holder, when `seconds` have passed."""
        if self.take():
            return
        deadline = self._clock.running() + seconds
        pause = 0.0005
        while not self.take():
            if self._clock.running() >= deadline:
                raise LockBusy(
                    f"{self.path} is held by {self.holder()}", hint="end or continue that process, then try again"
                )
            self._clock.wait(pause)
            pause = min(0.02, pause * 2)

    def take(self) -> bool:
        """Take the lock now, or return False. A lock file that was deleted underneath is made anew."""
        while True:
            if self._fd < 0:
                self._fd = self._fs.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
                self._file = _identity(self._fs.fstat(self._fd))
            try:
                self._fs.lock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return self._gave_way()
            if self.intact():
                return True
            self.close()

    def _gave_way(self) -> Literal[False]:
        if not self.intact():
            self.close()  # its file is gone: whoever comes next locks the new one, and so shall we
        return False

    def intact(self) -> bool:
        """Whether the open file is still the one at the path."""
        try:
            there = self._fs.stat(self.path)
        except FileNotFoundError:
            return False
        return _identity(there) == self._file

    def release(self) -> None:
        """Let others have it. The descriptor stays open."""
        if self._fd >= 0:
            self._fs.lock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Release the lock and the descriptor."""
        if self._fd >= 0:
            self._fs.close(self._fd)
            self._fd = -1

    def holder(self) -> str:
        """Who holds it, for a message: `process 4711, which is stopped`."""
        pid = _locker(self._fs.stat(self.path).st_ino)
        if pid is None:
            return "another process"
        return f"process {pid}, which is stopped" if _stopped(pid) else f"process {pid}"


def _locker(inode: int) -> int | None:
    with contextlib.suppress(OSError):
        for line in Path("/proc/locks").read_text().splitlines():
            parts = line.split()
            if "FLOCK" in parts and "->" not in parts and parts[5].endswith(f":{inode}"):
                return int(parts[4])
    return None


def _stopped(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] in ("T", "t")


class DaemonLock(Lock):
    """The lock of the one process that runs a state folder's loop, held for as long as it does."""

    def acquire(self) -> None:
        """Take it or raise AlreadyRunning, naming the process that has it. Never waits."""
        taken = self.take()
        holder = self._written()
        if not taken:
            self.close()
            raise AlreadyRunning(
                f"already running as process {holder.get('pid', '?')}", hint="`seedpost status` shows it"
            )
        if holder and holder.get("boot") != _boot() and on_network(self.path, self._fs):
            self.close()
            raise AlreadyRunning(
                f"already running on {holder.get('host')} as process {holder.get('pid')}",
                hint=f"if that machine is surely off, delete {self.path}",
            )
        note = {"pid": os.getpid(), "host": os.uname().nodename, "boot": _boot()}
        self._write(json.dumps(note).encode() + b"\n")

    def let_go(self) -> None:
        """Say in the file that nobody has it, and release it."""
        if self._fd >= 0:
            self._write(b"")
            self.close()

    def _write(self, note: bytes) -> None:
        with contextlib.suppress(OSError):  # a full disk takes no note; the lock itself holds
            self._fs.truncate(self._fd, 0)
            self._fs.overwrite(self._fd, note, 0)

    def _written(self) -> dict[str, object]:
        try:
            fd = self._fs.open(self.path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return {}
        try:
            found = json.loads(self._fs.read(fd, 4096, 0) or b"{}")
        except ValueError:
            return {}
        finally:
            self._fs.close(fd)
        return found if isinstance(found, dict) else {}


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
