"""How a path of the client is spelled here, and back. Pure: knows pairs of prefixes, never the disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from watcher.errors import SeedpostError


class NotMapped(SeedpostError):
    """A path of ours has no spelling in the client's view."""


class PathMap:
    """`path_map` of a client: {the client's prefix: ours}. The longest prefix by whole path parts wins; paths under no
    prefix are the same on both sides. Raises SeedpostError for pairs that are not one-to-one."""

    def __init__(self, pairs: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        listed = pairs.items() if isinstance(pairs, Mapping) else pairs
        self.pairs = tuple((PurePosixPath(theirs), PurePosixPath(ours)) for theirs, ours in listed)
        for side, which in ((0, "of the client"), (1, "of this machine")):
            for path in (places := [pair[side] for pair in self.pairs]):
                if not path.is_absolute():
                    raise SeedpostError(f"path_map: {str(path)!r} is not an absolute path")
                if places.count(path) > 1:
                    raise SeedpostError(f"path_map: the path {str(path)!r} {which} stands in two lines")

    def ours(self, path: str) -> Path:
        """The path here of what the client calls `path`."""
        return Path(_swapped(PurePosixPath(path), self.pairs))

    def theirs(self, path: str | Path) -> str:
        """What the client calls our `path`. Raises NotMapped where the client can't name it."""
        swapped = _swapped(PurePosixPath(path), tuple((ours, theirs) for theirs, ours in self.pairs))
        if self.ours(str(swapped)) != Path(path):
            raise NotMapped(
                f"the client has no path for {str(path)!r}",
                hint="add the folder to `path_map` of the client, as {the client's path: the path here}",
            )
        return str(swapped)


def _swapped(path: PurePosixPath, pairs: Iterable[tuple[PurePosixPath, PurePosixPath]]) -> PurePosixPath:
    under = [(before, after) for before, after in pairs if path.is_relative_to(before)]
    if not under:
        return path
    before, after = max(under, key=lambda pair: len(pair[0].parts))
    return after / path.relative_to(before)
