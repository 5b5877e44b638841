"""The types of trackers there are. A new tracker is one entry here and one file beside the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from trackers.catalogue.shapes import KIB, MIB, Limit, Pieces, SiteType

SANDBOX = "sandbox-"
_GAZELLE_ROLES = ("main", "guest", "remixer", "composer", "conductor", "dj", "producer")
_GAZELLE_CHARACTERS = ':?<>\\*|"'
_GAZELLE_KEYS = (
    "tags", "image", "album_desc", "release_desc", "groupid", "title", "year", "releasetype", "unknown", "vanity_house",
    "request", "type",
)  # fmt: skip
_GAZELLE_FORMS = ("Music",)  # categories whose form is filled in here
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
        "type": _GAZELLE_FORMS,
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
        "type": _GAZELLE_FORMS,
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
        "distributor_id", "screenshots",
    ),
    forbidden_characters='\\?<>:*|"',
    groups=False,
    mode="review",
    moderators=True,
    maps=True,
)  # fmt: skip

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
