"""What a tracker is told about files on disk: frozen values, no behaviour, no disk."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class File:
    """One payload file. `path`: relative to the content's root, parts joined by `/`, bytes by surrogateescape."""

    path: str  # the file's own name if the content is a single file
    size: int  # bytes


@dataclass(frozen=True)
class Credit:
    """A person or band, and what they did. `role`: main guest remixer composer conductor dj producer arranger."""

    name: str
    role: str = "main"


@dataclass(frozen=True)
class Track:
    """One track as its tags say."""

    disc: int
    number: int
    title: str
    seconds: float
    artist: str = ""


@dataclass(frozen=True)
class Edition:
    """What tells this edition from the original release. None: not known."""

    title: str | None = None
    year: int | None = None
    label: str | None = None
    catalogue: str | None = None


@dataclass(frozen=True)
class Music:
    """An album. None means that it was looked for and is not there, or is not known."""

    credits: tuple[Credit, ...] = ()
    album: str | None = None
    year: int | None = None  # of the original release
    format: str | None = None  # FLAC MP3 AAC "Ogg Vorbis" Opus AC3 DTS ALAC
    encoding: str | None = None  # "Lossless" "24bit Lossless" "320" "V0 (VBR)" …, a figure such as "297" for any other
    bit_depth: int | None = None
    sample_rate: int | None = None  # Hz
    media: str | None = None  # CD WEB Vinyl DVD Blu-ray SACD Cassette DAT Soundboard
    has_log: bool = False
    log_score: int | None = None
    has_cue: bool = False
    release_type: str | None = None  # Album EP Single Compilation …
    label: str | None = None
    catalogue: str | None = None
    genre: tuple[str, ...] = ()  # in tag form: "hip.hop"
    tags_complete: bool = False
    various: bool = False
    problems: tuple[str, ...] = ()
    edition: Edition = Edition()
    tracks: tuple[Track, ...] = ()
    lineage: str | None = None  # how it came from its medium into the files, as a text among them tells
    logs: tuple[str, ...] = ()  # paths of rip logs among the content's files
    art: str | None = None  # path of a file with a front cover inside
    description: str | None = None  # BBCode, as the site that it came from has it
    image: str | None = None  # address of the cover that this site shows


@dataclass(frozen=True)
class Tv:
    """Which part of which series. None: not known, or it has none: a daily show has a date and no season."""

    title: str | None = None
    season: int | None = None
    episodes: tuple[int, ...] = ()  # in order; of a pack those that are in it
    pack: bool = False  # a whole season, or what of it there is
    date: str | None = None  # YYYY-MM-DD, of a daily show
    year: int | None = None  # where the name has one, as for a second series of the same title
    episode_title: str | None = None


@dataclass(frozen=True)
class Movie:
    """Which film."""

    title: str | None = None
    year: int | None = None
    edition: str | None = None  # "Director's Cut" …


@dataclass(frozen=True)
class Ids:
    """Numbers of the title at the data bases that trackers ask for."""

    tmdb: int | None = None
    imdb: str | None = None  # with its tt: "tt0133093"
    tvdb: int | None = None
    tvmaze: int | None = None
    mal: int | None = None


@dataclass(frozen=True)
class Video:
    """A film, an episode or a season. None means that it was looked for and is not there, or is not known.

    What is measured is that of the largest file, which is also the one that `mediainfo` describes.
    """

    kind: str | None = None  # disc remux encode web-dl webrip hdtv
    resolution: str | None = None  # "1080p" "576i" …
    source: str | None = None  # "WEB-DL" "WEBRip" "Blu-ray" "HDTV" "DVD" …
    codec: str | None = None  # "H.264" "HEVC" "AV1" "MPEG-2" "VC-1" "XviD" …
    encoder: str | None = None  # "x264" "x265": who wrote the stream, where it says so
    bit_depth: int | None = None
    hdr: tuple[str, ...] = ()  # "DV" "HDR10+" "HDR10" "HLG"
    audio: tuple[str, ...] = ()  # formats in the order of the tracks: "TrueHD Atmos" "DDP" "DTS-HD MA" "AAC" …
    channels: str | None = None  # of the first audio track: "5.1"
    languages: tuple[str, ...] = ()  # of the audio tracks: "en" "de"
    subtitles: tuple[str, ...] = ()  # languages of the subtitle tracks
    service: str | None = None  # "NF" "AMZN" …
    container: str | None = None  # "MKV" "MP4" "M2TS" …
    seconds: float | None = None
    mediainfo: str | None = None  # MediaInfo's own text; of its path the file's name is left
    problems: tuple[str, ...] = ()  # where the name says one thing and the file another
    tv: Tv | None = None  # of an episode or a season
    movie: Movie | None = None  # of a film


@dataclass(frozen=True)
class Content:
    """A single file or a folder, with what could be learned of it."""

    name: str  # of the torrent: the folder's or the file's
    files: tuple[File, ...]  # in byte order of the path
    kind: str  # music tv movie other
    single: bool = False  # one file, not in a folder
    group: str | None = None
    scene: bool | None = None  # None: not known
    proper: bool = False
    music: Music | None = None
    video: Video | None = None
    ids: Ids = Ids()
    nfo: str | None = None  # path of the .nfo among the files
    cover: str | None = None  # path of a cover picture among the files
    origin: tuple[str, ...] = field(default=())  # sites it came from

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)
