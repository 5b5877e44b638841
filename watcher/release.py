"""A release: content plus where it came from, and the facts about it. Frozen values, pure functions; no disk."""

from __future__ import annotations

import fnmatch
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trackers.content import Content, Credit, Edition, File, Ids, Movie, Music, Track, Tv, Video

Value = str | int | float | bool | Sequence[object] | Mapping[str, object] | None

# Never part of a payload (DESIGN section 2); case-blind, matched against each part of a path.
IGNORED = (
    ".DS_Store", "Thumbs.db", "desktop.ini", "@eaDir", "._*", "*.!qB", "*.part", "*.parts", "*.unwanted", "*.aria2",
    "*.crdownload", "*.tmp", ".seedpost*", "*.seedpost.yaml", "lost+found", ".Trash-*", ".stfolder", ".nfs*", "*~",
)  # fmt: skip
# A file of this kind says that something is still being written.
PARTIAL = ("*.!qB", "*.part", "*.aria2", "*.crdownload", "*.tmp")


@dataclass(frozen=True)
class Fact:
    """What is known of one field. None: looked for and not there. Unknown: could not be looked for, and `why`."""

    value: Value = None
    origin: str = ""  # lookup:tmdb tag name file torrent tracker:OPS sidecar rule person
    unknown: bool = False
    why: str = ""

    def as_json(self) -> dict[str, object]:
        """As facts stand in the journal."""
        if self.unknown:
            return {"unknown": self.why, "origin": self.origin}
        return {"value": self.value, "origin": self.origin}

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Fact:
        """The inverse of `as_json`."""
        origin = str(value.get("origin", ""))
        if "unknown" in value:
            return cls(None, origin, True, str(value["unknown"]))
        return cls(value.get("value"), origin)  # type: ignore[arg-type]


Facts = Mapping[str, Fact]
NONE = Fact()
PERSONAL = ("sidecar", "rule", "person")  # origins that no tracker overrides
FACT_FAMILIES = ("music", "video", "tv", "movie", "ids")


def ignored(path: str) -> bool:
    """Whether a path relative to the content's root is outside every payload."""
    return any(_named(part, IGNORED) for part in path.split("/"))


def partial(path: str) -> bool:
    """Whether a path is a file that something is still writing."""
    return _named(path.rsplit("/", 1)[-1], PARTIAL)


def _named(name: str, patterns: Iterable[str]) -> bool:
    lower = name.lower()
    return any(fnmatch.fnmatchcase(lower, pattern.lower()) for pattern in patterns)


def in_order(files: Iterable[File]) -> tuple[File, ...]:
    """Files in byte order of their path's parts: the order of a torrent."""
    return tuple(sorted(files, key=lambda file: [os.fsencode(part) for part in file.path.split("/")]))


def fingerprint(name: str, files: Iterable[File]) -> str:
    """32 hex digits that tell this content from any other. Byte order of whole paths, no normalisation."""
    lines = sorted((os.fsencode(file.path), file.size) for file in files)
    digest = hashlib.sha256(os.fsencode(name) + b"\0")
    for path, size in lines:
        digest.update(path + b"\0%d\n" % size)
    return digest.hexdigest()[:32]


def job_id(fingerprint: str, site: str) -> str:
    """12 hex digits: the same content for the same site is the same job."""
    return hashlib.sha256(f"{fingerprint}\0{site}".encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Release:
    """Content that became complete, as its source described it."""

    source: str  # the client's or folder's name in rules.yaml, "" for a person's
    from_: str  # qbittorrent folder person
    name: str  # of the content: file or folder
    path: str  # ours, after path_map: the file or folder itself
    files: tuple[File, ...]  # the payload, in torrent order
    single: bool = False
    infohash: str = ""  # the client's id of the torrent
    completed: int = 0  # unix seconds as the client said, or when the folder was settled
    client: str = ""  # the client that has the content
    save_path: str = ""  # as the client spells it
    facts: Facts = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """See `fingerprint`."""
        return fingerprint(self.name, self.files)

    @property
    def size(self) -> int:
        """Bytes of the payload."""
        return sum(file.size for file in self.files)

    @property
    def id(self) -> str:
        """12 hex digits: one for each completion of each content at each source."""
        parts = f"{self.fingerprint}\0{self.from_}\0{self.infohash}\0{self.completed}"
        return hashlib.sha256(parts.encode()).hexdigest()[:12]


def files_of(record: Mapping[str, object]) -> tuple[File, ...]:
    """The payload that a `release` record names."""
    payload = record.get("payload")
    rows: Sequence[Sequence[object]] = payload if isinstance(payload, list) else []
    return tuple(File(str(path), int(size)) for path, size in rows)  # type: ignore[call-overload]


def facts_of(record: Mapping[str, object]) -> dict[str, Fact]:
    """The facts that a `release` record holds, with what the tracker told that the content came from: above what tags,
    name and files say, below what a person said; and with the numbers that services told where nobody else did."""
    facts, learned, looked = record.get("facts"), record.get("learned"), record.get("looked")
    found = {name: Fact.from_json(value) for name, value in facts.items()} if isinstance(facts, Mapping) else {}
    for tracker, told in learned.items() if isinstance(learned, Mapping) else ():
        for name, value in told.items():
            if found.get(name, NONE).origin not in PERSONAL:
                found[name] = Fact(value, f"tracker:{tracker}")
    for service, told in looked.items() if isinstance(looked, Mapping) else ():
        for name, value in told.items():
            if found.get(name, NONE).value is None:
                found[name] = Fact(value, f"lookup:{service}")
    return found


def told_by_source(facts: Facts) -> dict[str, Fact]:
    """What only a source knows: the rest is read from the files themselves."""
    return {name: fact for name, fact in facts.items() if name.startswith("torrent.") or name == "origin"}


def release_of(record: Mapping[str, object]) -> Release:
    """The release that a `release` record was written for."""

    def text(key: str) -> str:
        return str(record.get(key) or "")

    return Release(
        source=text("source"),
        from_=text("from"),
        name=text("name"),
        path=text("path"),
        files=files_of(record),
        single=bool(record.get("single")),
        infohash=text("infohash"),
        completed=int(text("completed") or 0),
        client=text("client"),
        save_path=text("save_path"),
        facts=facts_of(record),
    )


def overridden(facts: Facts, set: Mapping[str, object], origin: str) -> dict[str, Fact]:
    """Facts with the fact fields of `set` put over them, `X.add` and `X.remove` on lists included.

    Keys that are no fact (a tracker's own form keys) are left to `form_keys`. A number of a title that is not the one
    that services told voids all that they told: it was of another title.
    """
    voided = any(looked_up(facts.get(key, NONE)) and facts[key].value != value for key, value in set.items())
    after = {name: fact for name, fact in facts.items() if not (voided and looked_up(fact))}
    for key, value in set.items():
        name, _, verb = key.rpartition(".")
        if verb in ("add", "remove") and is_fact(name):
            after[name] = Fact(edited(_listed(after.get(name, NONE).value), verb, _listed(value)), origin)
        elif is_fact(key):
            after[key] = Fact(value, origin)  # type: ignore[arg-type]
    return after


def beside(tracker: str) -> str:
    """The name of the fact that holds what the sidecar says of one tracker's form, as under `set`."""
    return f"set.{tracker}"


def looked_up(fact: Fact) -> bool:
    """Whether a look-up service told it."""
    return fact.origin.startswith("lookup:")


def form_keys(set: Mapping[str, object]) -> dict[str, object]:
    """What of `set` is a tracker's own."""
    return {key: value for key, value in set.items() if not is_fact(key.removesuffix(".add").removesuffix(".remove"))}


def is_fact(key: str) -> bool:
    """Whether a key of `set` names a fact and not a form key. Form keys have no dot, facts but a few do."""
    return key in ("kind", "group", "scene", "proper", "name") or key.split(".")[0] in FACT_FAMILIES


def edited(values: Sequence[object], verb: str, change: Sequence[object]) -> list[object]:
    """A list with `change` added (no value twice) or removed."""
    if verb == "add":
        return [*values, *(value for value in change if value not in values)]
    return [value for value in values if value not in change]


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def content_of(name: str, files: Sequence[File], single: bool, facts: Facts) -> Content:
    """The typed view of facts that trackers compose from."""
    read = _Reader(facts)
    kind, scene = read.text("kind") or "other", read.value("scene")
    return Content(
        name=name,
        files=tuple(files),
        kind=kind,
        single=single,
        group=read.text("group"),
        scene=scene if isinstance(scene, bool) else None,
        proper=read.flag("proper"),
        music=_music(facts, read) if kind == "music" else None,
        video=_video(kind, read) if kind in ("tv", "movie") else None,
        ids=_ids(read),
        nfo=read.text("files.nfo"),
        cover=read.text("files.cover"),
        origin=read.words("origin"),
    )


def _music(facts: Facts, read: _Reader) -> Music:
    return Music(
        credits=_credits(facts),
        album=read.text("music.album"),
        year=read.number("music.year"),
        format=read.text("music.format"),
        encoding=read.text("music.encoding"),
        bit_depth=read.number("music.bit_depth"),
        sample_rate=read.number("music.sample_rate"),
        media=read.text("music.media"),
        has_log=read.flag("music.has_log"),
        log_score=read.number("music.log_score"),
        has_cue=read.flag("music.has_cue"),
        release_type=read.text("music.release_type"),
        label=read.text("music.label"),
        catalogue=read.text("music.catalogue"),
        genre=read.words("music.genre"),
        tags_complete=read.flag("music.tags_complete"),
        various=read.flag("music.various"),
        problems=read.words("music.problems"),
        edition=Edition(
            read.text("music.edition.title"),
            read.number("music.edition.year"),
            read.text("music.edition.label"),
            read.text("music.edition.catalogue"),
        ),
        tracks=tuple(Track(**row) for row in _rows(read.value("music.track_list"))),  # type: ignore[arg-type]
        lineage=read.text("music.lineage"),
        logs=read.words("music.logs"),
        art=read.text("music.art"),
        description=read.text("music.description"),
        image=read.text("music.image"),
    )


def _video(kind: str, read: _Reader) -> Video:
    return Video(
        kind=read.text("video.kind"),
        resolution=read.text("video.resolution"),
        source=read.text("video.source"),
        codec=read.text("video.codec"),
        encoder=read.text("video.encoder"),
        bit_depth=read.number("video.bit_depth"),
        hdr=read.words("video.hdr"),
        audio=read.words("video.audio"),
        channels=read.text("video.channels"),
        languages=read.words("video.languages"),
        subtitles=read.words("video.subtitles"),
        service=read.text("video.service"),
        container=read.text("video.container"),
        seconds=read.figure("video.seconds"),
        mediainfo=read.text("video.mediainfo"),
        problems=read.words("video.problems"),
        tv=_tv(read) if kind == "tv" else None,
        movie=_movie(read) if kind == "movie" else None,
    )


def _tv(read: _Reader) -> Tv:
    return Tv(
        title=read.text("tv.title"),
        season=read.number("tv.season"),
        episodes=tuple(one for one in _listed(read.value("tv.episode")) if isinstance(one, int)),
        pack=read.flag("tv.pack"),
        date=read.text("tv.date"),
        year=read.number("tv.year"),
        episode_title=read.text("tv.episode_title"),
    )


def _movie(read: _Reader) -> Movie:
    return Movie(read.text("movie.title"), read.number("movie.year"), read.text("movie.edition"))


def _ids(read: _Reader) -> Ids:
    return Ids(
        tmdb=read.number("ids.tmdb"),
        imdb=read.text("ids.imdb"),
        tvdb=read.number("ids.tvdb"),
        tvmaze=read.number("ids.tvmaze"),
        mal=read.number("ids.mal"),
    )


class _Reader:
    """Facts by type; what is none, unknown or of another type is None, False or empty."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def value(self, key: str) -> Value:
        return self._facts.get(key, NONE).value

    def text(self, key: str) -> str | None:
        value = self.value(key)
        return None if value is None else str(value)

    def number(self, key: str) -> int | None:
        value = self.value(key)
        return int(value) if isinstance(value, (int, float)) else None

    def figure(self, key: str) -> float | None:
        value = self.value(key)
        return float(value) if isinstance(value, (int, float)) else None

    def words(self, key: str) -> tuple[str, ...]:
        return tuple(map(str, _listed(self.value(key))))

    def flag(self, key: str) -> bool:
        return self.value(key) is True


def _rows(value: Value) -> list[Mapping[str, object]]:
    return [row for row in _listed(value) if isinstance(row, Mapping)]


def _credits(facts: Facts) -> tuple[Credit, ...]:
    """Credits with roles, unless a stronger `music.artists` or `music.artist` was set over them."""
    credits, artists = facts.get("music.credits", NONE), facts.get("music.artists", NONE)
    single = facts.get("music.artist", NONE)
    if single.origin in PERSONAL and single.value:
        return (Credit(str(single.value)),)
    if artists.origin in PERSONAL or not credits.value:
        return tuple(Credit(str(name)) for name in _listed(artists.value))
    return tuple(Credit(**row) for row in _rows(credits.value))  # type: ignore[arg-type]
