"""The first rules.yaml, made of a person's answers: commented, in dry_run, proved by its own loader. Writes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trackers.catalogue import TYPES
from watcher.config import parse, run_tests
from watcher.errors import SeedpostError

MUSIC = ("redacted", "orpheus", "sandbox-redacted", "sandbox-orpheus")


@dataclass(frozen=True)
class ClientAnswer:
    """A qBittorrent. `path_map`: its path to the one here."""

    url: str
    username: str | None = None  # None: an API key
    path_map: Mapping[str, str] = field(default_factory=dict)
    name: str = "seedbox"


@dataclass(frozen=True)
class TrackerAnswer:
    """A tracker by a name of the person's own. `url` where its type has none."""

    name: str
    type: str
    url: str | None = None


@dataclass(frozen=True)
class Answers:
    """All that the file is made of."""

    state: Path
    client: ClientAnswer | None = None
    categories: Sequence[str] = ()  # of the client; none: all
    folders: Sequence[Path] = ()
    trackers: Sequence[TrackerAnswer] = ()


def rules_text(answers: Answers) -> str:
    """The file. Raises SeedpostError if the answers do not make one that loads and passes its tests."""
    music = [one.name for one in answers.trackers if one.type in MUSIC]
    video = [one.name for one in answers.trackers if one.type not in MUSIC]
    parts = [_HEAD.format(state=_quoted(str(answers.state))), _seed(answers), _sources(answers), _trackers(answers)]
    parts += [_GUARDS, _rules(answers.categories, music, video), "otherwise: skip                       # or hold\n"]
    text = "\n".join(part for part in parts if part)
    text += "\n" + _tests(answers.categories, music)
    config = parse(text.encode(), "rules.yaml")
    failed = run_tests(config)
    if failed:
        raise SeedpostError("these answers make no rules: " + "; ".join(map(str, failed)))
    return text


_HEAD = """\
# Which release goes to which tracker. Made by `seedpost init`, and yours to edit: what you save is taken at once, if it
# is valid and its tests pass.
#
#   seedpost check               is the file right?
#   seedpost rules explain PATH  where would this go, and why?
#   seedpost rules fields        every field, with an example
#
# docs/rules.md explains the language by example. No key or password stands in this file: seedpost secrets set NAME
version: 1

state: {state}

defaults:
  mode: dry_run                       # decide and show, send nothing. When you trust it: review, then upload.
  brake: 10/h                         # a rule that routes more than this is held and asked about once
"""

_GUARDS = """\
# Guards come first, and no rule overrides them.
guards:
  - name: opted-out
    match: {torrent.tags: [no-upload, cross-seed]}
"""


def _seed(answers: Answers) -> str:
    if answers.client is None:
        return "seed: {client: none}                  # no qBittorrent: what is uploaded is not seeded by seedpost\n"
    where = f"{{client: {_quoted(answers.client.name)}, category: seedpost, tags: [seedpost]}}"
    return f"seed: {where}   # how what was uploaded is seeded\n"


def _sources(answers: Answers) -> str:
    lines = []
    if answers.client is not None:
        lines += ["clients:", f"  {_quoted(answers.client.name)}:", f"    url: {_quoted(answers.client.url)}"]
        if answers.client.username is not None:
            lines.append(f"    username: {_quoted(answers.client.username)}")
        if answers.client.path_map:
            lines.append("    path_map:                         # its path: the path here")
            lines += [f"      {_quoted(there)}: {_quoted(here)}" for there, here in answers.client.path_map.items()]
        lines.append("")
    if answers.folders:
        lines.append("folders:                              # each direct child is a release once it is still")
        lines += [
            f"  - {{name: {_quoted(name)}, path: {_quoted(str(path))}, settle: 30m}}"
            for name, path in _named(answers.folders)
        ]
        lines.append("")
    return "\n".join(lines)


def _named(folders: Sequence[Path]) -> list[tuple[str, Path]]:
    """Folders with a name each, as names may be in rules.yaml."""
    names: list[str] = []
    for path in folders:
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.name).strip("-_") or "folder"
        names.append(name if name not in names else f"{name}-{len(names) + 1}")
    return list(zip(names, folders, strict=True))


def _trackers(answers: Answers) -> str:
    if not answers.trackers:
        return ""
    lines = ["trackers:"]
    for one in answers.trackers:
        lines += [f"  {_quoted(one.name)}:", f"    type: {one.type}"]
        if one.url is not None:
            lines.append(f"    url: {_quoted(one.url)}")
        if not TYPES[one.type].sandbox:
            lines.append("    limit: 20/day                     # uploads in any 24 hours")
    return "\n".join(lines) + "\n"


def _rules(categories: Sequence[str], music: Sequence[str], video: Sequence[str]) -> str:
    where = f"      torrent.category: {_listed(categories)}\n" if categories else ""
    lines = ["# From top to bottom; the first rule that matches decides.", "rules:"]
    if music:
        lines.append(_MUSIC.format(where=where, trackers=_listed(music)).rstrip("\n"))
    if music:
        lines.append("")
    lines.append(_VIDEO.format(where=where if video else "", trackers=_listed(video) if video else "{}").rstrip("\n"))
    return "\n".join(lines) + "\n"


_MUSIC = """\
  - name: cd-rips
    match:
      kind: music
{where}      music.format: FLAC
      music.media: CD
      music.has_log: true
      music.has_cue: true
    require:                          # good enough? If not, the job is held and says why
      music.tags_complete: true
      music.problems: {{exists: false}}
    upload_to: {trackers}

  - name: lossless-music
    match:
      kind: music
{where}      music.format: FLAC
      not: {{music.media: CD}}          # a CD rip without a log is no upload
    require:
      music.tags_complete: true
      music.problems: {{exists: false}}
    upload_to: {trackers}
"""

_VIDEO = """\
  - name: video
    match:
      kind: [tv, movie]
{where}    upload_to: {trackers}
"""


def _tests(categories: Sequence[str], music: Sequence[str]) -> str:
    if not music:
        return "tests: []                             # seedpost rules test\n"
    place = f", torrent.category: {_quoted(categories[0])}" if categories else ""
    facts = f"kind: music{place}, music.format: FLAC, music.media: WEB, music.tags_complete: true"
    return (
        "# Run by `seedpost rules test`, and before a changed file is taken into use.\ntests:\n"
        "  - name: a web album\n"
        f"    given: {{{facts}}}\n"
        f"    expect: {{rule: lossless-music, upload_to: {_listed(music)}}}\n"
        "  - name: tagged no-upload\n"
        f"    given: {{{facts}, torrent.tags: [no-upload]}}\n"
        "    expect: {guard: opted-out}\n"
    )


def _listed(names: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, names))}]"


def _quoted(text: str) -> str:
    """Plain where that can mean nothing else; YAML's double quotes, in which everything can stand, elsewhere."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    return char if char.isprintable() else f"\\U{ord(char):08x}"


_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n", "none"))
