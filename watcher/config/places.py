"""Kinds of values that name places: folders, files, addresses. Whether they are there is for their users to ask."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from trackers.catalogue import is_loopback
from watcher.rules import scalars
from watcher.rules.kinds import Kind
from watcher.rules.nodes import Scalar


def _path(node: Scalar) -> Path:
    text = scalars.text(node)
    if not text.startswith(("/", "~")):
        raise ValueError("a relative path depends on where the program was started")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError(f"there is no home folder for {text.split('/')[0]}") from error


def _posix(node: Scalar) -> str:
    path = PurePosixPath(_path(node).as_posix())
    if ".." in path.parts:
        raise ValueError("write it without ..")
    return str(path)


def _url(node: Scalar) -> str:
    text = scalars.text(node).rstrip("/")
    try:
        parts = urlsplit(text)
        fine = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise ValueError(str(error)) from error
    if not fine or parts.scheme not in ("http", "https") or not text.isascii() or not text.isprintable():
        raise ValueError("")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("an address without user, password, ? and #")
    return text


def _site(node: Scalar) -> str:
    text = _url(node)
    parts = urlsplit(text)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("https:// everywhere but on this machine")
    return text


_PATH_SCHEMA = {"type": "string", "pattern": "^[/~]"}
PATH: Kind[Path] = Kind("a path that begins with / or ~", _path, _PATH_SCHEMA)
CLIENT_PATH: Kind[str] = Kind("a path that begins with /", _posix, _PATH_SCHEMA)
URL: Kind[str] = Kind("an address such as http://127.0.0.1:8080", _url, {"type": "string", "pattern": "^https?://"})
SITE_URL: Kind[str] = Kind(
    "an address such as https://tracker.example", _site, {"type": "string", "pattern": "^https?://"}
)
