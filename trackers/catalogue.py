"""What is known of each type of tracker, as frozen data: hosts, flags, pieces, limits, vocabularies. No network.

Facts: facts of the sites' own documents and of Gazelle's source; a type's vocabularies stand here, the ids that a site
gives its words beside its class.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from trackers.description import check
from trackers.errors import SettingsError
from trackers.titles import check_title

KIB, MIB = 1024, 1024 * 1024
SANDBOX = "sandbox-"
COVER = ("required", "wanted")
# Families of hosts for pictures, and the address of those that stand at one place.
IMAGE_HOSTS: Mapping[str, str | None] = {"chevereto": None, "ptpimg": "https://ptpimg.me"}


@dataclass(frozen=True)
class Limit:
    """At most `requests` in any window of `seconds`, for one user of one site; already less than the site allows."""

    requests: int
    seconds: float


@dataclass(frozen=True)
class Pieces:
    """The piece length a site wants: about `target` pieces, a power of two between `least` and `most` bytes."""

    least: int = 16 * KIB
    most: int = 16 * MIB
    target: int = 1024

    def length(self, size: int) -> int:
        """The piece length for content of `size` bytes."""
        length = self.least
        while length < self.most and size > length * self.target:
            length *= 2
        return length

    def allows(self, length: int, size: int, most_bytes: int) -> bool:
        """Whether the site takes content of `size` bytes in pieces of `length`, in a .torrent of at most `most_bytes`.
        A third of that is left for names."""
        return self.least <= length <= self.most and -(-size // length) * 20 <= most_bytes * 2 // 3


@dataclass(frozen=True)
class SiteType:
    """One type of tracker. A sandbox type is the same data with `sandbox` set."""

    name: str  # as `type:` in rules.yaml
    host: str  # of the site; "" where `url` gives it
    url: str  # base address; "" where rules.yaml gives it
    announce_hosts: tuple[str, ...]
    source_flag: str
    secrets: tuple[str, ...]  # names of what must be stored: `red.api_key` for a tracker RED
    optional_secrets: tuple[str, ...] = field(default=(), kw_only=True)  # what it can do without
    limit: Limit
    pieces: Pieces = Pieces()
    quiet: float = 1800.0  # seconds of running time over which absence is proved
    deadline: float = 90.0  # seconds one POST may take in all
    find_by_hash: bool = True
    refuses_same_hash: bool = False
    rewrites_hash: bool = True
    dry_run: bool = False  # the server offers one
    cover: str = "wanted"  # required | wanted
    hosts_images: bool = False  # covers go to a host of its own
    path_limit: int = 255  # characters of folder + "/" + file
    torrent_limit: int = 1_000_000  # bytes of the .torrent file
    old_flags: tuple[str, ...] = ()  # source flags of former names of the site
    sandbox: bool = False
    vocabulary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # form key: allowed words
    form_keys: tuple[str, ...] = ()  # what `set` may name beside facts; lists also as `X.add` and `X.remove`
    extensions: tuple[str, ...] = ()  # of files in the payload, lower case; empty: any
    unfolds: bool = False  # wants a lone file without a folder around it
    forbidden_characters: str = ""  # in names of files and folders
    forbidden_words: tuple[str, ...] = ()  # in names of files and folders, lower case
    groups: bool = True  # torrents stand in groups: one that would begin a new one is looked at first
    mode: str | None = None  # where a block of rules.yaml names none
    reminder: str = ""  # for who approves an upload there: what only a person can look at
    maps: bool = False  # its categories, types and resolutions have numbers that rules.yaml gives: see `Maps`


@dataclass(frozen=True)
class Maps:
    """What one site of a family whose sites number their own words wants in its form, as rules.yaml says it."""

    categories: Mapping[str, int]  # by kind: music tv movie other
    types: Mapping[str, int]  # by video.kind
    resolutions: Mapping[str, int]  # by video.resolution
    title: str = "{name}"  # template of the upload's name
    ids: tuple[str, ...] = ("tmdb",)  # that a form can't be without
    anonymous: bool = False
    personal_release: bool = False
    moderated: bool = True  # uploads may wait where nobody sees them: absence proves nothing


@dataclass(frozen=True)
class Settings:
    """What rules.yaml says of one tracker, over its type's data."""

    url: str  # without a slash at its end
    quiet: float
    deadline: float
    cover: str
    share: float = 1.0
    image: str | None = None  # address of a cover for whatever has none of its own
    ca_file: Path | None = None
    description: str | None = None  # template of the text of a torrent
    album_description: str | None = None  # template of the text of a group
    maps: Maps | None = None


_GAZELLE_ROLES = ("main", "guest", "remixer", "composer", "conductor", "dj", "producer")
_GAZELLE_CHARACTERS = ':?<>\\*|"'
_GAZELLE_KEYS = (
    "tags", "image", "album_desc", "release_desc", "groupid", "title", "year", "releasetype", "unknown", "vanity_house",
    "request",
)  # fmt: skip
_MUSIC_EXTENSIONS = (
    "ac3", "accurip", "chm", "cue", "dts", "flac", "gif", "htm", "html", "jpeg", "jpg", "log", "m3u", "m3u8", "m4a",
    "m4b", "md5", "mp3", "nfo", "pdf", "png", "rtf", "sfv", "txt",
)  # fmt: skip
_GAZELLE_WORDS = (
    "incomplete~", "ahashare.com", "demonoid.com", "demonoid.me", "djtunes.com", "h33t", "housexclusive.net",
    "limetorrents.com", "mixesdb.com", "mixfiend.blogstop", "mixtapetorrent.blogspot", "plixid.com", "reggaeme.com",
    "scc.nfo", "thepiratebay.org", "torrentday",
)  # fmt: skip

REDACTED = SiteType(
    name="redacted",
    host="redacted.sh",
    url="https://redacted.sh",
    announce_hosts=("flacsfor.me",),
    source_flag="RED",
    old_flags=("PTH",),
    secrets=("api_key",),
    limit=Limit(8, 10.0),
    quiet=600.0,
    refuses_same_hash=True,
    dry_run=True,
    cover="required",
    hosts_images=True,
    path_limit=180,
    vocabulary={
        "format": ("MP3", "FLAC", "AAC", "AC3", "DTS"),
        "bitrate": (
            "192", "APS (VBR)", "V2 (VBR)", "V1 (VBR)", "256", "APX (VBR)", "V0 (VBR)", "320", "Lossless",
            "24bit Lossless", "Other",
        ),
        "media": ("CD", "DVD", "Vinyl", "Soundboard", "SACD", "DAT", "Cassette", "WEB", "Blu-Ray"),
        "releasetype": (
            "Album", "Soundtrack", "EP", "Anthology", "Compilation", "Single", "Live album", "Remix", "Bootleg",
            "Interview", "Mixtape", "Demo", "Concert Recording", "DJ Mix", "Unknown",
        ),
        "role": _GAZELLE_ROLES,
    },
    form_keys=_GAZELLE_KEYS,
    extensions=_MUSIC_EXTENSIONS,
    forbidden_characters=_GAZELLE_CHARACTERS,
    forbidden_words=_GAZELLE_WORDS,
)  # fmt: skip

ORPHEUS = SiteType(
    name="orpheus",
    host="orpheus.network",
    url="https://orpheus.network",
    announce_hosts=("home.opsfet.ch",),
    source_flag="OPS",
    old_flags=("APL",),
    secrets=("api_key",),
    limit=Limit(4, 10.0),
    quiet=600.0,
    refuses_same_hash=True,
    path_limit=255,
    vocabulary={
        "format": ("MP3", "FLAC", "Ogg Vorbis", "AAC", "AC3", "DTS"),
        "bitrate": (
            "Lossless", "24bit Lossless", "V0 (VBR)", "V1 (VBR)", "V2 (VBR)", "320", "256", "192", "160", "128", "96",
            "64", "APS (VBR)", "APX (VBR)", "q8.x (VBR)", "Other",
        ),
        "media": ("CD", "WEB", "Vinyl", "DVD", "BD", "Soundboard", "SACD", "DAT", "Cassette"),
        "releasetype": (
            "Album", "Soundtrack", "EP", "Anthology", "Compilation", "Sampler", "Single", "Demo", "Live album", "Split",
            "Remix", "Bootleg", "Interview", "Mixtape", "DJ Mix", "Concert recording", "Unknown",
        ),
        "role": (*_GAZELLE_ROLES, "arranger"),
    },
    form_keys=_GAZELLE_KEYS,
    extensions=(
        *_MUSIC_EXTENSIONS, "azw3", "djv", "djvu", "doc", "docx", "epub", "ffp", "json", "lit", "lrc", "mobi", "mp4",
        "pls", "toc", "yaml", "yml",
    ),
    forbidden_characters=_GAZELLE_CHARACTERS,
    forbidden_words=_GAZELLE_WORDS,
)  # fmt: skip

UNIT3D = SiteType(
    name="unit3d",
    host="",
    url="",
    announce_hosts=(),
    source_flag="",
    secrets=("api_key",),
    limit=Limit(20, 60.0),  # of 30
    pieces=Pieces(least=32 * KIB, most=16 * MIB, target=2048),
    quiet=1800.0,
    find_by_hash=False,
    torrent_limit=2_000_000,
    form_keys=(
        "title", "description", "mediainfo", "category_id", "type_id", "resolution_id", "season_number",
        "episode_number", "anonymous", "personal_release", "mod_queue_opt_in", "keywords", "region_id",
        "distributor_id",
    ),
    forbidden_characters='\\?<>:*|"',
    groups=False,
    mode="review",
    maps=True,
)  # fmt: skip
# As a site of this family is born; every site changes them, so they serve for rehearsals alone.
_BORN = {
    "categories": {"movie": 1, "tv": 2},
    "types": {"disc": 1, "remux": 2, "encode": 3, "web-dl": 4, "webrip": 5, "hdtv": 6},
    "resolutions": {
        "4320p": 1, "2160p": 2, "1080p": 3, "1080i": 4, "720p": 5, "576p": 6, "576i": 7, "480p": 8, "480i": 9,
        "1440p": 10,
    },
}  # fmt: skip
MAPPED = tuple(_BORN)  # keys of a block that a real site can't be without
ID_WORDS = ("tmdb", "imdb", "tvdb", "mal")

NEBULANCE = SiteType(
    name="nebulance",
    host="nebulance.io",
    url="https://nebulance.io",
    announce_hosts=("tracker.nebulance.io",),
    source_flag="NBL",
    secrets=("api_key", "passkey"),
    limit=Limit(4, 10.0),  # its own is not published
    find_by_hash=False,
    torrent_limit=MIB,
    vocabulary={"category": ("Episode", "Season")},
    form_keys=("tvmazeid", "category", "ignoredupes"),
    groups=False,
)

BTN = SiteType(
    name="btn",
    host="broadcasthe.net",
    url="https://broadcasthe.net",
    announce_hosts=("landof.tv",),
    source_flag="BTN",
    secrets=("cookies",),
    optional_secrets=("api_key", "passkey"),
    limit=Limit(2, 20.0),  # half of what a client kept to; of pages: the API has a limit of its own
    pieces=Pieces(least=32 * KIB, most=16 * MIB, target=1000),
    dry_run=True,
    extensions=("avi", "m2ts", "m4v", "mkv", "mp4", "mpeg", "mpg", "ts", "vob", "wmv"),
    unfolds=True,
    vocabulary={
        "format": ("AVI", "MKV", "VOB", "MPEG", "MP4", "ISO", "WMV", "TS", "M4V", "M2TS", "Mixed"),
        "bitrate": (
            "XViD", "MPEG2", "DiVX", "DVDR", "VC-1", "H.264", "H.265", "WMV", "BD", "x264-Hi10P", "VP9", "Mixed",
        ),
        "media": (
            "HDTV", "PDTV", "DSR", "DVDRip", "TVRip", "VHSRip", "Bluray", "BDRip", "BRRip", "DVD5", "DVD9", "HDDVD",
            "WEB-DL", "WEBRip", "BD5", "BD9", "BD25", "BD50", "Mixed", "Unknown",
        ),
        "resolution": ("SD", "720p", "1080p", "1080i", "2160p", "Portable Device", "Mixed"),
        "origin": ("None", "Scene", "P2P", "User", "Mixed"),
    },
    form_keys=(
        "series", "scenename", "format", "bitrate", "media", "resolution", "origin", "country", "fasttorrent",
    ),
    groups=False,
    mode="review",
    reminder="look first whether the show is claimed (forum thread 30793), and at the site's own duplicates",
)  # fmt: skip


def _with_sandbox(*types: SiteType) -> dict[str, SiteType]:
    table = {}
    for one in types:
        table[one.name] = one
        sandbox = replace(one, name=SANDBOX + one.name, host="", url="", announce_hosts=(), sandbox=True)
        table[sandbox.name] = sandbox
    return table


TYPES: Mapping[str, SiteType] = _with_sandbox(REDACTED, ORPHEUS, UNIT3D, NEBULANCE, BTN)


def read_settings(site: SiteType, given: Mapping[str, object], name: str) -> Settings:
    """The tracker's own keys of its block in rules.yaml, checked; keys that are the loop's are left alone. Times are
    seconds. Raises `SettingsError` in words that say what to change."""
    cover, image, ca_file = (given.get(key) for key in ("cover", "image", "ca_file"))
    if cover is not None and cover not in COVER:
        raise SettingsError("settings", f"{name}: 'cover' is required or wanted")
    if image is not None and not isinstance(image, str):
        raise SettingsError("settings", f"{name}: 'image' is the address of a picture")
    if ca_file is not None and not Path(str(ca_file)).is_file():
        raise SettingsError("settings", f"{name}: there is no file at 'ca_file'; name a PEM file of certificates")
    return Settings(
        description=_template(given, "description", name),
        album_description=_template(given, "album_description", name),
        url=_url(site, given.get("url"), name),
        quiet=_number(given, "quiet", site.quiet, name, least=0.0 if site.sandbox else site.quiet),
        deadline=_number(given, "deadline", site.deadline, name, least=0.0 if site.sandbox else 30.0),
        share=_number(given, "share", 1.0, name, most=1.0),
        cover=str(cover or site.cover),
        image=image,
        ca_file=Path(str(ca_file)) if ca_file is not None else None,
        maps=_maps(site, given, name) if site.maps else None,
    )


def _maps(site: SiteType, given: Mapping[str, object], name: str) -> Maps:
    tables = {key: _table(given.get(key, _BORN[key] if site.sandbox else None), key, name) for key in MAPPED}
    flags = {key: given.get(key, default) for key, default in (("anonymous", False), ("personal_release", False))}
    flags["moderated"] = given.get("moderated", True)
    for key, flag in flags.items():
        if not isinstance(flag, bool):
            raise SettingsError("settings", f"{name}: '{key}' is true or false")
    ids = given.get("ids", ("tmdb",))
    if not isinstance(ids, (list, tuple)) or not all(one in ID_WORDS for one in ids):
        raise SettingsError("settings", f"{name}: 'ids' is a list of {', '.join(ID_WORDS)}")
    try:
        title = check_title(str(given.get("title", "{name}")))
    except ValueError as error:
        raise SettingsError("settings", f"{name}: 'title': {error}") from error
    return Maps(**tables, title=title, ids=tuple(ids), **flags)  # type: ignore[arg-type]


def _table(value: object, key: str, name: str) -> Mapping[str, int]:
    numbers = value if isinstance(value, Mapping) else {}
    if not numbers or not all(type(number) is int and number > 0 for number in numbers.values()):
        raise SettingsError("settings", f"{name}: '{key}' wants the site's numbers, such as {key}: {{{_shown(key)}}}")
    return numbers


def _shown(key: str) -> str:
    return ", ".join(f"{word}: {number}" for word, number in list(_BORN[key].items())[:2])


def _template(given: Mapping[str, object], key: str, name: str) -> str | None:
    text = given.get(key)
    try:
        return None if text is None else check(str(text))
    except ValueError as error:
        raise SettingsError("settings", f"{name}: '{key}': {error}") from error


def _url(site: SiteType, given: object, name: str) -> str:
    url = str(given or site.url).rstrip("/")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parts.port  # noqa: B018  # reading it is what checks it
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or parts.username or parts.query or parts.fragment or not url.isascii() or not url.isprintable():
        raise SettingsError("settings", f"{name}: 'url' must be like https://tracker.example")
    if site.sandbox and not is_loopback(host):
        raise SettingsError(
            "settings", f"{name}: a {site.name} tracker stands on this machine: set 'url' to its 127.0.0.1 address"
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise SettingsError("settings", f"{name}: 'url' must begin with https://")
    return url


def _number(
    given: Mapping[str, object], key: str, default: float, name: str, least: float = 0.0, most: float | None = None
) -> float:
    value = given.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise SettingsError("settings", f"{name}: '{key}' must be a number above 0")
    if value < least:
        raise SettingsError("settings", f"{name}: '{key}' may not be less than {least:g} s for this type")
    if most is not None and value > most:
        raise SettingsError("settings", f"{name}: '{key}' may not be more than {most:g}")
    return float(value)


def announce_of(site: SiteType, url: str, passkey: str) -> str:
    """The personal announce address: a secret. A sandbox announces on its own host, under its type, behind `/announce`:
    qBittorrent talks to a tracker on loopback only if its path begins so (SSRF mitigation)."""
    if not site.sandbox:
        return f"https://{site.announce_hosts[0]}/{passkey}/announce"
    return sandbox_announce(site.name.removeprefix(SANDBOX), url, passkey)


def sandbox_announce(type: str, url: str, passkey: str) -> str:
    """The announce address of the sandbox of `type` (without `sandbox-`) whose site stands at `url`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/announce/{type}/{passkey}/announce"


def site_of(type: str, url: str | None = None) -> str:
    """A tracker's identity: its host, or `sandbox:<type>:<host>` (port left out), as `site` stands in the journal."""
    entry = TYPES[type]
    host = urlsplit(url or entry.url).hostname or entry.host
    if entry.sandbox:
        return f"sandbox:{type.removeprefix(SANDBOX)}:{host}"
    return entry.host or host


def reminder_of(site: str) -> str:
    """What who approves an upload to a site is reminded of; empty for most."""
    type = site.split(":")[1] if site.startswith("sandbox:") else ""
    return next((one.reminder for one in TYPES.values() if one.name == type or (one.host and one.host == site)), "")


def site_of_announce(address: str) -> str | None:
    """The site that an announce address belongs to; None for a host outside the catalogue. The address is a secret."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    for entry in TYPES.values():
        if host and host in entry.announce_hosts:
            return entry.host
    steps = parts.path.removeprefix("/announce").split("/")
    if is_loopback(host) and len(steps) == 4 and steps[3] == "announce" and SANDBOX + steps[1] in TYPES:
        return f"sandbox:{steps[1]}:{host}"
    return None


def sites_of_flag(flag: str) -> tuple[str, ...]:
    """The real sites whose source flag is or was `flag`."""
    return tuple(t.host for t in TYPES.values() if t.host and flag and flag in (t.source_flag, *t.old_flags))


def is_loopback(host: str) -> bool:
    """127.0.0.0/8, ::1 or localhost: the only places where plain http may be spoken to a tracker."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
