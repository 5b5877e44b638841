"""The facts of a film, an episode or a season: what the file says wins over the name, and a disagreement is a fact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from trackers.content import File
from watcher.identify.episodes import disagreements, numbered
from watcher.identify.ids import BASES, Id, ids_in_name, ids_in_tags, ids_in_text
from watcher.identify.kinds import in_disc, main_videos
from watcher.identify.probe import Asked, NotTold
from watcher.identify.streams import Streams, streams_of
from watcher.identify.titles import Titled, titled
from watcher.release import Fact, Value

MOST = 60  # files of a season that are measured
_MEASURED = ("resolution", "codec", "encoder", "hdr", "audio", "channels", "languages")  # a name may say these too
_ONLY_MEASURED = ("bit_depth", "container", "seconds", "subtitles")
_NAMED = ("source", "kind", "service")


@dataclass(frozen=True)
class Look:
    """What was learned of the files. `why`: it could not be."""

    streams: tuple[tuple[str, Streams], ...] = ()  # path and streams of each file measured, the largest first
    text: str | None = None  # MediaInfo's of the largest
    why: str = ""
    problems: tuple[str, ...] = ()


def video_facts(root: Path, files: Sequence[File], single: bool, kind: str, ask: Asked, nfo: str) -> dict[str, Fact]:
    """Every `video.*`, `ids.*` and, by `kind`, `tv.*` or `movie.*` fact, and `group` and `proper`. `nfo`: the text of
    the NFO beside it. Never raises for what names or files hold: what could not be learned is unknown, with the
    reason."""
    main = main_videos(files)
    try:
        named, untold = _named(root, main, single, kind, ask), ""
    except NotTold as error:
        named, untold = Titled(), f"the name can't be read: {error}"
    look = looked(root, main, single, ask)
    facts = _video(named, look, untold, disc=any(in_disc(file.path) for file in main))
    facts |= _tv(named, main, untold, facts["video.problems"]) if kind == "tv" else _movie(named, untold)
    tags = look.streams[0][1].tags if look.streams else {}
    facts |= _ids(ids_in_tags(tags), ids_in_text(nfo), ids_in_name(root.name))
    facts["group"], facts["proper"] = _of_name(named.group, untold), _of_name(named.proper, untold)
    return facts


def looked(root: Path, main: Sequence[File], single: bool, ask: Asked) -> Look:
    """Measure the files. The first that can't be measured ends it: a hang costs its time only once."""
    found: list[tuple[str, Streams]] = []
    text: str | None = None
    problems: list[str] = []
    for file in sorted(main, key=lambda file: -file.size)[:MOST]:
        try:
            said = ask.media(str(root if single else root / file.path))
        except NotTold as error:
            return Look(tuple(found), text, f"{file.path!r}: MediaInfo: {error}", tuple(problems))
        streams = streams_of(said["tracks"])
        if streams is None:
            problems.append(f"no picture: MediaInfo finds none in {file.path!r}")
            continue
        found.append((file.path, streams))
        if text is None:
            text = with_name(str(said["text"]), file.path.rsplit("/", 1)[-1])
    why = "" if found else f"MediaInfo finds no picture in {main[0].path!r}" if main else "there is no video file"
    return Look(tuple(found), text, why, tuple(problems))


def with_name(text: str, name: str) -> str:
    """MediaInfo's text with the file's bare name where it writes the whole path, below the unique ID."""
    lines = text.splitlines()
    at = 2 if len(lines) > 1 and lines[1].startswith("Unique ID") else 1
    plain = name.encode("utf-8", "replace").decode()
    return "\n".join([*lines[:at], f"{'Complete name':<41}: {plain}", *lines[at:]])


def _named(root: Path, main: Sequence[File], single: bool, kind: str, ask: Asked) -> Titled:
    """What the folder's name says, and what that leaves open by the name of its one file."""
    name = root.stem if single else root.name
    found = titled(name, ask.name(name))
    inner = main[0].path.rsplit("/", 1)[-1].rpartition(".")[0] if main and not single else ""
    placed = kind != "tv" or found.date or found.season is not None
    if inner in ("", name) or in_disc(main[0].path) or (found.title and found.source and found.resolution and placed):
        return found
    return _filled(found, titled(inner, ask.name(inner)), lone=len(main) == 1)


def _filled(name: Titled, other: Titled, *, lone: bool) -> Titled:
    """A reading with its gaps filled from another. What is true of one file of many is not true of all."""
    alone = () if lone else ("episodes", "episode_title", "date")
    missing = [field.name for field in fields(name) if not getattr(name, field.name) and field.name not in alone]
    if name.year and not other.year and name.season is None and other.season is not None:
        missing = [one for one in missing if one != "edition"]
    return replace(name, **{one: getattr(other, one) for one in missing})


def _video(named: Titled, look: Look, untold: str, *, disc: bool) -> dict[str, Fact]:
    first = look.streams[0][1] if look.streams else None
    facts = {f"video.{key}": _of_name(getattr(named, key), untold) for key in _NAMED}
    for key in _MEASURED:
        said, heard = getattr(first, key, None), getattr(named, key)
        facts[f"video.{key}"] = _merged(said, heard, look.why, untold)
    for key in _ONLY_MEASURED:
        facts[f"video.{key}"] = _measured(getattr(first, key, None), look.why)
    facts["video.mediainfo"] = _measured(look.text, look.why)
    if first is not None and not first.has_audio:
        facts["video.audio"] = Fact(None, "file")
    if disc:
        facts["video.kind"] = Fact("disc", "file")
    facts["video.problems"] = Fact([*look.problems, *_torn(named, first), *_mixed(look.streams)], "file")
    return facts


def _merged(measured: object, named: object, why: str, untold: str) -> Fact:
    """The file's word, else the name's; unknown if a file that might say more could not be measured."""
    if measured:
        return Fact(_plain(measured), "file")
    if named:
        return Fact(_plain(named), "name")
    return Fact(origin="file", unknown=True, why=why or untold) if why or untold else Fact(None, "file")


def _measured(value: object, why: str) -> Fact:
    if value:
        return Fact(_plain(value), "file")
    return Fact(origin="file", unknown=True, why=why) if why else Fact(None, "file")


def _of_name(value: object, untold: str) -> Fact:
    if untold:
        return Fact(origin="name", unknown=True, why=untold)
    return Fact(_plain(value) if value != () else None, "name")


def _plain(value: object) -> Value:
    return list(value) if isinstance(value, tuple) else value  # type: ignore[return-value]


def _torn(named: Titled, file: Streams | None) -> Iterator[str]:
    """Where the name claims what the file does not hold."""
    if file is None:
        return
    for key in ("resolution", "codec"):
        said, heard = getattr(file, key), getattr(named, key)
        if said and heard and said != heard:
            yield f"{key} differs: name {heard}, file {said}"
    if lacking := [word for word in named.hdr if word not in file.hdr]:
        yield f"hdr differs: name {' '.join(lacking)}, file {' '.join(file.hdr) or 'none'}"
    if lacking := [word for word in named.audio if not any(one.startswith(word) for one in file.audio)]:
        yield f"audio differs: name {' '.join(lacking)}, file {', '.join(file.audio) or 'none'}"
    if named.kind == "remux" and file.encoder:
        yield f"kind differs: name remux, file encoded with {file.encoder}"


def _mixed(streams: Sequence[tuple[str, Streams]]) -> Iterator[str]:
    for key, word in (("resolution", "resolutions"), ("codec", "codecs"), ("container", "containers")):
        counts = Counter(getattr(one, key) for _, one in streams)
        if len(counts) > 1:
            yield f"mixed {word}: " + ", ".join(f"{one} ({count})" for one, count in counts.most_common(5))


def _tv(named: Titled, main: Sequence[File], untold: str, problems: Fact) -> dict[str, Fact]:
    placed = [place for file in main if (place := numbered(file.path)) is not None]
    torn = list(disagreements(named.season, named.episodes, placed))
    seasons = sorted({place.season for place in placed if place.season is not None})
    episodes = sorted({number for place in placed for number in place.episodes})
    many = len(main) > 1
    if many or not named.episodes:
        season: int | None = seasons[0] if len(seasons) == 1 else None if seasons else named.season
    else:
        season, episodes = named.season, list(named.episodes)
    dates = {place.date for place in placed if place.date}
    date = named.date or (dates.pop() if len(dates) == 1 and not many else None)
    return {
        "video.problems": Fact([*problems.value, *torn], problems.origin),  # type: ignore[misc]
        "tv.title": _of_name(named.title, untold),
        "tv.year": _of_name(named.year, untold),
        "tv.season": Fact(season, "name") if season is not None else _of_name(None, untold),
        "tv.episode": Fact(episodes if episodes and len(seasons) < 2 else None, "name"),
        "tv.pack": Fact(many or (season is not None and not episodes and not date), "file"),
        "tv.date": Fact(None if many else date, "name"),
        "tv.episode_title": _of_name(None if many else named.episode_title, untold),
    }


def _movie(named: Titled, untold: str) -> dict[str, Fact]:
    return {f"movie.{key}": _of_name(getattr(named, key), untold) for key in ("title", "year", "edition")}


def _ids(tags: Mapping[str, Id], nfo: Mapping[str, Id], name: Mapping[str, Id]) -> dict[str, Fact]:
    """The stronger witness last: somebody put the name there for this content, an NFO may be another's."""
    facts = {}
    for base in BASES:
        said = ((name, "name"), (nfo, "file"), (tags, "tag"))
        found = (Fact(ids[base], origin) for ids, origin in said if base in ids)
        facts[f"ids.{base}"] = next(found, Fact(None, "name"))
    return facts
