"""Names of files and folders that UNIT3D refuses, without saying which. Pure. Facts on UNIT3D: section 6."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from trackers.base import Problem
from trackers.catalogue import SiteType
from trackers.content import Content

_SHOWN = 4  # names in one message
_LONGEST = 255  # bytes of one part
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_PADDING = re.compile(r"\.?____padding|\.pad|~")


def problems(content: Content, site: SiteType) -> list[Problem]:
    """Everything about names that would be refused, one problem a kind. The folder around all is not looked at, but
    one that is no UTF-8 breaks the site in the middle of storing."""
    paths = [file.path for file in content.files]
    found = (
        ("they are not UTF-8: rename them", [one for one in (content.name, *paths) if _undecodable(one)]),
        (f"the site takes no {site.forbidden_characters} and no control character: rename them",
         [path for path in paths if any(c in site.forbidden_characters or c < " " for c in path)]),
        ("a part of it ends with a dot or a blank, or begins with a blank: rename it", _parted(paths, _ragged)),
        ("a part of it is a name that no Windows takes, or of padding: rename it", _parted(paths, _odd)),
        (f"a part of it is longer than {_LONGEST} bytes: shorten it", _parted(paths, _long)),
    )  # fmt: skip
    out = [Problem("files", f"{_some(bad)}: {text}") for text, bad in found if bad]
    return out if content.files else [*out, Problem("files", "there is no file to upload")]


def _parted(paths: Iterable[str], wrong: Callable[[str], bool]) -> list[str]:
    return [path for path in paths if any(wrong(part) for part in path.split("/"))]


def _undecodable(path: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in path)


def _ragged(part: str) -> bool:
    return part != part.strip() or part.endswith(".")


def _odd(part: str) -> bool:
    return bool(_RESERVED.fullmatch(part) or _PADDING.match(part))


def _long(part: str) -> bool:
    return len(part.encode(errors="surrogateescape")) > _LONGEST


def _some(paths: list[str]) -> str:
    shown = ", ".join(path.encode(errors="replace").decode() for path in paths[:_SHOWN])
    return shown if len(paths) <= _SHOWN else f"{shown} and {len(paths) - _SHOWN} more"
