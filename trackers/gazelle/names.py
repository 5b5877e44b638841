"""Names of files and folders that a Gazelle site refuses. Pure; the site's lists stand in the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trackers.base import Problem
from trackers.catalogue import SiteType
from trackers.content import Content

_SHOWN = 4  # names in one message


def problems(content: Content, site: SiteType, name: str) -> list[Problem]:
    """Everything about names that the site would refuse, one problem a kind. `name`: the tracker's, for the words."""
    paths = [file.path if content.single else f"{content.name}/{file.path}" for file in content.files]
    found = (
        ("they are not UTF-8: rename them", _undecodable(paths)),
        (f"{name} takes no {site.forbidden_characters} in names: rename them", _with(paths, site.forbidden_characters)),
        (f"{name} takes none of these kinds of file: take them out", _of_other_kinds(paths, site.extensions)),
        (f"{name} takes no file or folder of such a name: rename them", _worded(paths, site.forbidden_words)),
        ("a name begins or ends with a space: rename it", _spaced(paths)),
        (_too_long(site, name), (path for path in paths if len(path) > site.path_limit)),
    )
    rows = [(text, list(bad)) for text, bad in found]
    out = [Problem("files", f"{_some(bad)}: {text}") for text, bad in rows if bad]
    if not content.files:
        out.append(Problem("files", "there is no file to upload"))
    return out


def _too_long(site: SiteType, name: str) -> str:
    return f"{name} takes {site.path_limit} characters of folder and file name together: shorten them"


def _some(paths: list[str]) -> str:
    shown = ", ".join(path.encode(errors="replace").decode() for path in paths[:_SHOWN])
    return shown if len(paths) <= _SHOWN else f"{shown} and {len(paths) - _SHOWN} more"


def _undecodable(paths: Iterable[str]) -> Iterator[str]:
    return (path for path in paths if any("\ud800" <= c <= "\udfff" for c in path))


def _with(paths: Iterable[str], characters: str) -> Iterator[str]:
    return (path for path in paths if any(c in characters for c in path))


def _of_other_kinds(paths: Iterable[str], extensions: tuple[str, ...]) -> Iterator[str]:
    if not extensions:
        return iter(())
    return (path for path in paths if not path.lower().rsplit("/", 1)[-1].endswith(tuple(f".{e}" for e in extensions)))


def _worded(paths: Iterable[str], words: tuple[str, ...]) -> Iterator[str]:
    return (path for path in paths if any(word in path.lower() for word in words))


def _spaced(paths: Iterable[str]) -> Iterator[str]:
    return (path for path in paths if any(part != part.strip() for part in path.split("/")))
