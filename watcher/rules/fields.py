"""The fields that conditions may ask for: type, vocabulary, origin, an example. Their values come from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trackers.catalogue import TYPES
from watcher.release import is_fact

KINDS = ("music", "tv", "movie", "other")
FORMATS = ("FLAC", "MP3", "AAC", "Ogg Vorbis", "Opus", "AC3", "DTS", "ALAC", "WAV")
ENCODINGS = (
    "Lossless", "24bit Lossless", "320", "256", "192", "160", "128", "96", "64", "V0 (VBR)", "V1 (VBR)", "V2 (VBR)",
    "APX (VBR)", "APS (VBR)", "q8.x (VBR)", "Other",
)  # fmt: skip
MEDIA = ("CD", "WEB", "Vinyl", "DVD", "Blu-ray", "SACD", "Cassette", "DAT", "Soundboard")
RESOLUTIONS = ("480i", "480p", "576i", "576p", "720p", "1080i", "1080p", "1440p", "2160p", "4320p")
SOURCES = ("WEB-DL", "WEBRip", "Blu-ray", "HD-DVD", "HDTV", "UHDTV", "PDTV", "SDTV", "DVD", "DVB", "VHS")
VIDEO_KINDS = ("disc", "remux", "encode", "web-dl", "webrip", "hdtv")


def _merged(key: str) -> tuple[str, ...]:
    """The words of every tracker type's vocabulary for `key`, once each."""
    words = (word for entry in TYPES.values() for word in entry.vocabulary.get(key, ()))
    return tuple({word.lower(): word for word in reversed(tuple(words))}.values())[::-1]


@dataclass(frozen=True)
class Field:
    """One field. `type`: text word whole size flag day moment; `many`: a list of them; `late`: only a site can tell."""

    name: str
    type: str
    example: str
    origin: str
    help: str
    many: bool = False
    vocabulary: tuple[str, ...] = ()
    figures: bool = False  # beside its vocabulary it takes a bare figure: "297", "233 (VBR)"
    late: bool = False

    def as_json(self) -> dict[str, object]:
        """As `rules fields --json` lists it."""
        plain: dict[str, object] = {"name": self.name, "type": self.type, "list": self.many, "late": self.late}
        return plain | {
            "vocabulary": list(self.vocabulary),
            "origin": self.origin,
            "example": self.example,
            "help": self.help,
        }


TEXT, WORD, WHOLE, SIZE, FLAG, DAY, MOMENT = "text", "word", "whole", "size", "flag", "day", "moment"

_ALL: tuple[Field, ...] = (
    Field("name", TEXT, "'*.2160p.*'", "file", "name of the file or folder"),
    Field("path", TEXT, "/srv/rips/*", "file", "our path of it, after path_map"),
    Field("size", SIZE, "{min: 20 MiB}", "file", "bytes of the payload"),
    Field("from", WORD, "folder", "file", "where it was noticed", vocabulary=("qbittorrent", "folder", "person")),
    Field("client", TEXT, "seedbox", "torrent", "the qBittorrent that has it, by its name in this file"),
    Field("kind", WORD, "music", "file", "what it is, by its files and never by its name", vocabulary=KINDS),
    Field("group", TEXT, "$banned_groups", "name", "release group"),
    Field("scene", FLAG, "true", "sidecar", "a scene release; none unless somebody says so"),
    Field("proper", FLAG, "true", "name", "a PROPER or REPACK"),
    Field("torrent.category", TEXT, "music/*", "torrent", "category in qBittorrent"),
    Field("torrent.tags", TEXT, "[upload, keep]", "torrent", "tags in qBittorrent", many=True),
    Field("torrent.tracker", TEXT, "flacsfor.me", "torrent", "announce host names, never addresses", many=True),
    Field("torrent.private", FLAG, "true", "torrent", "the torrent is private"),
    Field("torrent.save_path", TEXT, "/downloads/*", "torrent", "save folder, as the client spells it"),
    Field("torrent.added", MOMENT, "{min: 2026-01-31}", "torrent", "when it was added (UTC)"),
    Field("torrent.completed", MOMENT, "{min: 2026-01-31}", "torrent", "when it became complete (UTC)"),
    Field("torrent.added_complete", FLAG, "true", "torrent", "it was added over data that was there already"),
    Field("torrent.infohash", TEXT, "'2c6b6858d61da9543d4231a71db4b1c9264b0685'", "torrent", "info-hash (v1)"),
    Field("files.ext", TEXT, "{none_of: [exe]}", "file", "extensions in it, without the dot", many=True),
    Field("files.count", WHOLE, "{max: 200}", "file", "number of files"),
    Field("files.names", TEXT, "'*.cue'", "file", "paths of its files, relative to its root", many=True),
    Field("music.artist", TEXT, "'Boards of Canada'", "tag", "main artist, as one text"),
    Field("music.artists", TEXT, "'Autechre'", "tag", "main artists", many=True),
    Field("music.album", TEXT, "'*(live)*'", "tag", "title"),
    Field("music.year", WHOLE, "{min: 1990}", "tag", "year of the original release"),
    Field("music.format", WORD, "FLAC", "file", "format of its tracks", vocabulary=FORMATS),
    Field("music.encoding", WORD, "[Lossless, 24bit Lossless]", "file", "encoding", vocabulary=ENCODINGS, figures=True),
    Field("music.bit_depth", WHOLE, "24", "file", "bits a sample"),
    Field("music.sample_rate", WHOLE, "{max: 96000}", "file", "Hz"),
    Field("music.media", WORD, "[CD, WEB]", "tag", "medium it was made from", vocabulary=MEDIA),
    Field("music.has_log", FLAG, "true", "file", "it has a rip log"),
    Field("music.log_score", WHOLE, "{min: 100}", "tracker", "score of the rip log: under `require` only", late=True),
    Field("music.has_cue", FLAG, "true", "file", "it has a cue sheet"),
    Field("music.release_type", WORD, "[Album, EP]", "tag", "release type", vocabulary=_merged("releasetype")),
    Field("music.label", TEXT, "Warp*", "tag", "label of the original release"),
    Field("music.catalogue", TEXT, "'WARP*'", "tag", "catalogue number of the original release"),
    Field("music.genre", TEXT, "[ambient, idm]", "tag", "genres in tag form: hip.hop", many=True),
    Field("music.tags_complete", FLAG, "true", "file", "every track has artist, album, title and number"),
    Field("music.various", FLAG, "true", "tag", "various artists"),
    Field("music.tracks", WHOLE, "{min: 4}", "file", "number of tracks"),
    Field("music.problems", TEXT, "{exists: false}", "file", "what is wrong with its files or tags", many=True),
    Field("music.edition.title", TEXT, "'*remaster*'", "tag", "title of this edition"),
    Field("music.edition.year", WHOLE, "{min: 2000}", "tag", "year of this edition"),
    Field("music.edition.label", TEXT, "Warp*", "tag", "label of this edition"),
    Field("music.edition.catalogue", TEXT, "'WARP*'", "tag", "catalogue number of this edition"),
    Field("video.resolution", WORD, "[1080p, 2160p]", "file", "resolution", vocabulary=RESOLUTIONS),
    Field("video.source", WORD, "WEB-DL", "name", "what it was made from", vocabulary=SOURCES),
    Field("video.kind", WORD, "[remux, encode]", "file", "how it was made", vocabulary=VIDEO_KINDS),
    Field("video.codec", TEXT, "[H.264, HEVC]", "file", "video codec"),
    Field("video.hdr", TEXT, "{none_of: [DV]}", "file", "kinds of HDR in it: HDR10, HDR10+, DV, HLG", many=True),
    Field("video.audio", TEXT, "TrueHD*", "file", "audio formats", many=True),
    Field("video.languages", TEXT, "{all_of: [en, de]}", "file", "audio languages", many=True),
    Field("video.service", TEXT, "[NF, AMZN]", "name", "streaming service"),
    Field("video.problems", TEXT, "{exists: false}", "file", "where name and file, or its files, disagree", many=True),
    Field("tv.title", TEXT, "'The Office*'", "name", "series"),
    Field("tv.season", WHOLE, "{min: 1}", "name", "season"),
    Field("tv.episode", WHOLE, "{min: 1}", "name", "episodes in it", many=True),
    Field("tv.pack", FLAG, "true", "name", "a whole season"),
    Field("tv.date", DAY, "{min: 2026-01-31}", "name", "date of a daily show"),
    Field("movie.title", TEXT, "'Metropolis'", "name", "title"),
    Field("movie.year", WHOLE, "{max: 1979}", "name", "year"),
    Field("ids.tmdb", WHOLE, "603", "name", "number at TMDB"),
    Field("ids.imdb", TEXT, "tt0133093", "name", "number at IMDb, with its tt"),
    Field("ids.tvdb", WHOLE, "73244", "name", "number at TVDB"),
    Field("ids.tvmaze", WHOLE, "526", "name", "number at TVmaze"),
    Field("ids.mal", WHOLE, "1", "name", "number at MyAnimeList"),
)

FIELDS: Mapping[str, Field] = {field.name: field for field in _ALL}


# The fields that `set` may override: what was learned of the content, not where it came from.
SETTABLE: tuple[str, ...] = tuple(name for name in FIELDS if is_fact(name))
