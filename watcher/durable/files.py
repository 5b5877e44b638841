"""Files that survive: whole or not at all, and every fsync there is. Knows no locks."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from watcher.errors import StateInvalid

# File systems on which flock, O_APPEND or a rename may not mean what they mean on a local disk.
NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse"})
_LINKLESS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS, errno.EXDEV)


class FlushFailed(OSError):
    """Written, but not known to be on disk. Asking again proves nothing: Linux has dropped the pages by then."""


class FileSystem:
    """The calls that a disk can fail, each behind a method that a test can make fail. All raise OSError.

    Those that every append makes are the system's own: a frame of Python apiece is felt there.
    """

    write: Callable[[int, bytes | memoryview], int] = staticmethod(os.write)
    overwrite: Callable[[int, bytes, int], int] = staticmethod(os.pwrite)
    flush: Callable[[int], None] = staticmethod(os.fdatasync)  # data, and what is needed to find it again
    stat: Callable[[Path | str], os.stat_result] = staticmethod(os.lstat)
    lock: Callable[[int, int], None] = staticmethod(fcntl.flock)

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        return os.open(path, flags | os.O_CLOEXEC, mode)

    def close(self, fd: int) -> None:
        os.close(fd)

    def read(self, fd: int, size: int, offset: int) -> bytes:
        return os.pread(fd, size, offset)

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def sync(self, fd: int) -> None:
        """Data and all of the inode; for folders and for files about to be renamed."""
        os.fsync(fd)

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
    try:
        fs.flush(fd)
    except OSError as error:
        raise FlushFailed(error.errno, error.strerror) from error


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
