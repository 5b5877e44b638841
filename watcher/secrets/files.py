"""Reads files that hold or lead to secrets, and refuses those that others could have read or put there."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from watcher.durable import FileSystem
from watcher.secrets.errors import SecretError

# More than any key, password or cookie file; a pipe or a disk by mistake is not read to its end.
LARGEST = 256 * 1024
# Owned and guarded by whoever started the service: container runtimes give links and 0444 in here.
RUN_SECRETS = Path("/run/secrets")


def trusted_folders(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The folders whose files are taken as they are: DESIGN section 13."""
    given = environ.get("CREDENTIALS_DIRECTORY")
    return (RUN_SECRETS, Path(given)) if given else (RUN_SECRETS,)


def read_secret_file(path: Path, *, fs: FileSystem, trusted: tuple[Path, ...] = (), largest: int = LARGEST) -> bytes:
    """The bytes of a file that only its owner can read. Raises SecretError with what to type, FileNotFoundError."""
    inside = any(path.is_relative_to(folder) for folder in trusted) and ".." not in path.parts
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | (0 if inside else os.O_NOFOLLOW)
    try:
        fd = fs.open(path, flags)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _refused(path, error) from error
    try:
        _check(path, fs.fstat(fd), inside)
        data = fs.read(fd, largest + 1, 0)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        fs.close(fd)
    if len(data) > largest:
        raise SecretError(f"{path} is larger than {largest // 1024} KiB: that is no secret", hint="name another file")
    return data


def _refused(path: Path, error: OSError) -> SecretError:
    if error.errno == errno.ELOOP:
        return SecretError(f"{path} is a link, and a secret is not read through one", hint="name the file itself")
    return SecretError(
        f"{path} can't be read: {error.strerror}", hint=f"it must belong to the user with id {os.geteuid()}"
    )


def _check(path: Path, found: os.stat_result, inside: bool) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise SecretError(f"{path} is not a regular file", hint="name a file that holds the secret and nothing else")
    if inside:
        return
    if found.st_uid not in (os.geteuid(), 0):
        raise SecretError(
            f"{path} belongs to the user with id {found.st_uid}",
            hint=f"chown {os.geteuid()} '{path}' && chmod 600 '{path}'",
        )
    if found.st_mode & 0o077:
        raise SecretError(f"{path} can be read or written by other users", hint=f"chmod 600 '{path}'")


def text_of(data: bytes, path: Path) -> str:
    """A secret as text, without the line end that editors and `echo` add. Raises SecretError: empty, or not UTF-8."""
    try:
        text = data.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise SecretError(f"{path} is not text in UTF-8", hint="store the secret again") from error
    if not text:
        raise SecretError(f"{path} is empty", hint="put the secret into it, or remove the file")
    return text
