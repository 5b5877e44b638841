"""The facts of an album, from its tracks, its name and what lies beside it. Pure; each fact says where it is from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TypeVar

from trackers.content import Credit
from watcher.identify.audio import Audio
from watcher.identify.credits import credits_of, display, is_various
from watcher.identify.encoding import figure, mean_bitrate, measured_quality
from watcher.identify.names import Named, medium_in
from watcher.identify.problems import problems_of, tags_complete
from watcher.identify.rip import Rip
from watcher.identify.tracks import Placed, common, placed
from watcher.identify.words import genre_tags, guessed_type, release_type, without_disc, without_edition
from watcher.release import Fact

T = TypeVar("T", str, int)

FIELDS = (
    "artist", "artists", "credits", "album", "year", "format", "encoding", "bit_depth", "sample_rate", "media",
    "release_type", "label", "catalogue", "genre", "tags_complete", "various", "problems", "track_list",
    "edition.title", "edition.year", "edition.label", "edition.catalogue",
)  # fmt: skip
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_NOTHING = ("[no label]", "no label", "[none]", "none", "n/a", "-")


def music_facts(tracks: Sequence[Audio], named: Named, rip: Rip) -> dict[str, Fact]:
    """Every `music.*` fact. If a track can't be read at all, what depends on all of them is unknown, and says why."""
    facts = {"music.tracks": Fact(len(tracks), "file")} | _rip_facts(rip)
    sound = [track for track in tracks if not track.unread and not track.broken]
    unread = next((track for track in tracks if track.unread), None)
    if unread is not None or not sound:
        why = f"{unread.path!r} can't be read: {unread.unread}" if unread else f"no track decodes: {_faults(tracks)}"
        return facts | {f"music.{name}": Fact(origin="file", unknown=True, why=why) for name in FIELDS}
    rows = placed(sound)
    media, torn = _media(sound, named, rip)
    various = is_various(sound)
    encoding, doubts = _encoding(sound)
    facts |= _title_facts(sound, named, various) | _stream_facts(sound, encoding) | _edition_facts(sound, named)
    facts["music.media"] = media
    problems = [*problems_of(tracks, sound, rows), *doubts, *torn, *rip.problems]
    facts["music.problems"] = Fact(problems, "file")
    facts["music.tags_complete"] = Fact(len(sound) == len(tracks) and tags_complete(sound), "tag")
    facts["music.track_list"] = Fact(_track_list(rows, str(facts["music.artist"].value)), "tag")
    return facts


def _faults(tracks: Sequence[Audio]) -> str:
    return "; ".join(f"{track.path!r}: {track.broken}" for track in tracks[:3])


def _rip_facts(rip: Rip) -> dict[str, Fact]:
    if rip.unread:
        names = ("has_log", "has_cue", "logs", "log_score")
        return {f"music.{name}": Fact(origin="file", unknown=True, why=rip.unread) for name in names}
    score = Fact(origin="file", unknown=True, why="only a tracker scores logs") if rip.logs else Fact(None, "file")
    return {
        "music.has_log": Fact(bool(rip.logs), "file"),
        "music.has_cue": Fact(rip.has_cue, "file"),
        "music.logs": Fact(list(rip.logs), "file"),
        "music.log_score": score,
    }


def _title_facts(sound: Sequence[Audio], named: Named, various: bool) -> dict[str, Fact]:
    genres = genre_tags(value for track in sound for value in track.tags.get("GENRE", ()))
    credits, origin = credits_of(sound, genres, various=various), "tag"
    if not credits and named.artist:
        credits, origin = (Credit(named.artist),), "name"
    mains = [credit.name for credit in credits if credit.role == "main"]
    album = _album(sound)
    tagged = [value for track in sound for value in track.tags.get("RELEASETYPE", ())]
    kind = release_type(tagged, various)
    if common(sound, "RELEASESTATUS") in ("bootleg", "Bootleg"):
        kind = "Bootleg"
    title = album or named.album or ""
    return {
        "music.artist": Fact(display(mains, various), origin),
        "music.artists": Fact(mains, origin),
        "music.credits": Fact([asdict(credit) for credit in credits], origin),
        "music.album": Fact(album, "tag") if album or not named.album else Fact(named.album, "name"),
        "music.genre": Fact(list(genres), "tag"),
        "music.various": Fact(various, "tag"),
        "music.release_type": Fact(kind, "tag")
        if kind
        else Fact(guessed_type(title, [track.seconds for track in sound], various), "file"),
    }


def _album(sound: Sequence[Audio]) -> str | None:
    title = common(sound, "ALBUM")
    return without_edition(without_disc(title))[0] if title else None


def _edition_facts(sound: Sequence[Audio], named: Named) -> dict[str, Fact]:
    """The original's year apart from the edition's: a lone DATE is the edition's, and the original's is not known."""
    original = _year(common(sound, "ORIGINALDATE", "ORIGINALYEAR"))
    issued = _year(common(sound, "DATE"))
    label, catalogue = _said(common(sound, "LABEL")), _said(common(sound, "CATALOGNUMBER"))
    title = common(sound, "EDITION") or without_edition(without_disc(common(sound, "ALBUM") or ""))[1]
    return {
        "music.year": Fact(original, "tag"),
        "music.label": Fact(label, "tag"),
        "music.catalogue": Fact(catalogue, "tag"),
        "music.edition.title": Fact(title, "tag"),
        "music.edition.year": Fact(named.year, "name") if issued is None and named.year else Fact(issued, "tag"),
        "music.edition.label": Fact(label, "tag"),
        "music.edition.catalogue": Fact(catalogue, "tag"),
    }


def _year(text: str | None) -> int | None:
    found = _YEAR.search(text or "")
    return int(found.group()) if found else None


def _said(text: str | None) -> str | None:
    return None if text is None or text.casefold() in _NOTHING else text


def _stream_facts(sound: Sequence[Audio], encoding: str | None) -> dict[str, Fact]:
    same = _of_main_format(sound)
    return {
        "music.format": Fact(same[0].format, "file"),
        "music.encoding": Fact(encoding, "file"),
        "music.bit_depth": Fact(_most(track.bits for track in same), "file"),
        "music.sample_rate": Fact(_most(track.rate for track in same), "file"),
    }


def _of_main_format(sound: Sequence[Audio]) -> list[Audio]:
    format = _most(track.format for track in sound)
    return [track for track in sound if track.format == format]


def _encoding(sound: Sequence[Audio]) -> tuple[str | None, list[str]]:
    """The word or figure, and what speaks against relying on it."""
    tracks = _of_main_format(sound)
    word = _most(track.encoding for track in tracks)
    mean = mean_bitrate([track.bitrate for track in tracks], [track.seconds for track in tracks])
    if word is not None or not mean:
        return word, []
    if not any(track.varies for track in tracks):
        return figure(mean), []
    word = None if any(track.told for track in tracks) else measured_quality(mean)
    if word is None:
        return f"{round(mean / 1000)} (VBR)", []
    return word, [f"encoding measured: {word} by a mean of {round(mean / 1000)} kbit/s; no header names it"]


def _most(values: Iterable[T | None]) -> T | None:
    """The commonest value; None only if there is no other."""
    counts = Counter(value for value in values if value is not None)
    return counts.most_common(1)[0][0] if counts else None


def _media(sound: Sequence[Audio], named: Named, rip: Rip) -> tuple[Fact, list[str]]:
    """The medium by the strongest witness, and what contradicts it: a rip log, the name, the tags."""
    words = {value for track in sound for value in track.tags.get("MEDIA", ())}
    tagged = medium_in(words)
    said = [("CD", "file", "rip log")] if rip.logs else []
    said += [(named.media, "name", "name")] if named.media else []
    said += [(tagged, "tag", "tags")] if tagged else []
    if not said:
        return Fact(None, "tag"), []
    medium, origin, _ = said[0]
    torn = len({one[0] for one in said}) > 1
    told = ", ".join(f"{who} {what}" for what, _, who in said)
    return Fact(medium, origin), [f"media differ: {told}"] if torn else []


def _track_list(rows: Sequence[Placed], artist: str) -> list[dict[str, object]]:
    listed = []
    for row in rows:
        track = row.audio
        by = track.first("ARTIST") or ""
        stem = track.path.rsplit("/", 1)[-1].rpartition(".")[0]
        listed.append(
            {
                "disc": row.disc,
                "number": row.number,
                "title": track.first("TITLE") or stem,
                "seconds": round(track.seconds, 3),
                "artist": "" if by == artist else by,
            }
        )
    return listed
