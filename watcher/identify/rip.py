"""Rip logs and cue sheets, known by their content in whatever encoding they are. Reads them; scores nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from trackers.content import File
from watcher.identify.kinds import audio_files, extension

LONGEST = 2 * 1024 * 1024  # bytes of a log or cue that are read

_RIPPERS = (
    ("EAC", re.compile(r"^(?:Exact Audio Copy V|EAC \S+)", re.M)),
    ("XLD", re.compile(r"^X Lossless Decoder version", re.M)),
    ("whipper", re.compile(r"^Log created by: whipper", re.M)),
)
_SECTION = re.compile(r"^\S+[ \t]+(\d{1,2})[ \t]*\r?$", re.M)  # `Track  7`, in the language of the ripper
_WHIPPER = re.compile(r"^  (\d{1,2}):[ \t]*\r?$", re.M)
_CUE = re.compile(r"^\s*TRACK\s+(\d+)\s+AUDIO", re.M | re.I)


@dataclass(frozen=True)
class Rip:
    """What stands beside the tracks of a rip."""

    logs: tuple[str, ...] = ()  # paths of rip logs; a .log of anything else is none
    has_cue: bool = False
    problems: tuple[str, ...] = ()
    unread: str = ""  # why one of them could not be read


def read_rip(files: Sequence[File], read: Callable[[File, int], bytes]) -> Rip:
    """Look into every .log and .cue. `read` gives the first bytes of a file, or raises OSError."""
    logs, problems, unread, cue = [], [], "", False
    for file in files:
        end = extension(file.path)
        if end not in ("log", "cue"):
            continue
        try:
            text = decoded(read(file, LONGEST))
        except OSError as error:
            unread = unread or f"{file.path!r} can't be read: {error.strerror}"
            continue
        tracks = logged_tracks(text) if end == "log" else len(set(_CUE.findall(text)))
        if end == "log" and ripper(text):
            logs.append(file.path)
        cue = cue or (end == "cue" and tracks > 0)
        there = _beside(file.path, files)
        if tracks > there:
            problems.append(f"{file.path!r} has more tracks than there are files: {tracks}, not {there}")
    return Rip(tuple(logs), cue, tuple(problems), unread)


def _beside(path: str, files: Iterable[File]) -> int:
    """The number of tracks that a log or cue is about: those of its folder, or of all folders beneath."""
    folder, slash, _ = path.rpartition("/")
    beneath = [file for file in audio_files(files) if file.path.startswith(folder + slash)]
    own = [file for file in beneath if "/" not in file.path[len(folder + slash) :]]
    return len(own or beneath)


def ripper(text: str) -> str | None:
    """The program whose log this is: EAC, XLD or whipper; None for any other text."""
    head = text[:2000]
    return next((name for name, mark in _RIPPERS if mark.search(head)), None)


def logged_tracks(text: str) -> int:
    """The number of tracks a log says it has ripped; 0 if it does not list them (a range, or no log)."""
    who = ripper(text)
    if who is None:
        return 0
    if who == "whipper":
        _, _, text = text.partition("\nTracks:")
        text, _, _ = text.partition("\nConclusive status report")
    return len(set((_WHIPPER if who == "whipper" else _SECTION).findall(text)))


def decoded(data: bytes) -> str:
    """Text of unknown encoding: by its byte order mark, by its zero bytes, as UTF-8, else byte by byte."""
    for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    head = data[:40]  # where a ripper writes its name, in ASCII
    for half, name in ((head[1::2], "utf-16-le"), (head[::2], "utf-16-be")):
        if half.count(0) * 2 > len(half):
            return data.decode(name, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
