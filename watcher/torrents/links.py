"""Trees of hard links: made beside the user's files, compared with them, taken away. Never writes to a file, never
replaces one, and never takes away the last name that a file has."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from watcher import durable
from watcher.errors import SeedpostError
from watcher.torrents.hashing import AWAY, OutOfFiles, Signature
from watcher.torrents.staging import Staging

_HINTS = {
    errno.EXDEV: "`stage` has to be a folder on the file system of the content",
    errno.EPERM: "the system lets only a file's owner, or who may write to it, link it (fs.protected_hardlinks)",
    errno.EACCES: "`stage` has to be a folder that seedpost may write to",
    errno.EROFS: "`stage` has to be a folder that seedpost may write to",
    errno.EMLINK: "the file has as many names as its file system allows",
}


class StagingFailed(SeedpostError):
    """The tree of links can't be made, and trying again at once would not help."""


class StageAway(StagingFailed):
    """The disk under `stage` fails, or is full: a later try may find it well."""


def folder_of(stage: Path, job: str, plan: Staging, seen: Signature) -> Path:
    """Where a job's tree goes: another folder for other names, and for other states of the files. A tree that may be
    seeded is never changed."""
    files = [(stamp[0], stamp[1], stamp[2], stamp[3]) for stamp in seen]  # without ctime: a link changes that
    state = repr((plan.name, plan.single, plan.files, plan.sources, files))
    return stage / f"{job}-{hashlib.sha256(os.fsencode(state)).hexdigest()[:8]}"


def link_tree(plan: Staging, root: Path, single: bool, folder: Path, fs: durable.FileSystem) -> Path:
    """Make the tree of `plan` in `folder`, for content at `root`; what is there already stays. The names are on disk
    when this returns. Returns the tree's own root: what the torrent is called, in `folder`. Raises `StagingFailed`,
    `OutOfFiles`."""
    made = {folder}
    tree = folder / plan.name
    for file, source in zip(plan.files, plan.sources, strict=True):
        old, new = root if single else root / source.path, tree if plan.single else tree / file.path
        try:
            new.parent.mkdir(parents=True, exist_ok=True)
            _link(old, new)
        except OSError as error:
            raise _failed(error, f"{str(new)!r} can't be made a link to {str(old)!r}") from error
        made.update(parent for parent in new.parents if parent.is_relative_to(folder))
    for one in sorted([*made, folder.parent]):
        try:
            durable.sync_folder(one, fs)
        except OSError as error:
            raise _failed(error, f"the names in {str(one)!r} are not known to be on disk") from error
    return tree


def _failed(error: OSError, what: str) -> SeedpostError:
    why = f"{what}: {error.strerror}"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return OutOfFiles(why)
    if error.errno in AWAY or error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StageAway(why, hint="look at the disk that `stage` is on, and at its room")
    return StagingFailed(why, hint=_HINTS.get(error.errno or 0, ""))


def _link(old: Path, new: Path) -> None:
    try:
        os.link(old, new, follow_symlinks=False)
    except FileExistsError:
        if not os.path.samestat(old.lstat(), new.lstat()):
            raise


def unlinked(before: Signature, after: Signature) -> bool:
    """Whether files differ in nothing but their ctime, which a new link changes too."""
    return [stamp[:4] for stamp in before] == [stamp[:4] for stamp in after]


def take_away(folder: Path) -> list[Path]:
    """Remove a tree of links. Files whose only name is here stay, with their folders; they are returned."""
    left = []
    for path in _inside(folder):
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode):
            if not any(path.iterdir()):
                path.rmdir()
        elif stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
            path.unlink()
        else:
            left.append(path)
    return left


def _inside(folder: Path) -> Iterator[Path]:
    """Everything in a folder, what is deeper first, then itself; no link is followed."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for base, _, files in os.walk(folder, topdown=False):
        yield from (Path(base, name) for name in files)
        yield Path(base)
