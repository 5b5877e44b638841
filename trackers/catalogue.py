"""What is known of each type of tracker, as frozen data: hosts, announce hosts, source flag, pieces, limits, capabilities. No network.

Facts: facts of the sites' own documents and of Gazelle's source; a type's vocabularies stand beside its class's tables here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

KIB, MIB = 1024, 1024 * 1024
SANDBOX = "sandbox-"


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


@dataclass(frozen=True)
class SiteType:
    """One type of tracker. A sandbox type is the same data with `sandbox` set."""

    name: str  # as `type:` in rules.yaml
    host: str  # of the site; "" where `url` gives it
    url: str  # base address; "" where rules.yaml gives it
    announce_hosts: tuple[str, ...]
    source_flag: str
    secrets: tuple[str, ...]  # names of what must be stored: `red.api_key` for a tracker RED
    limit: Limit
    pieces: Pieces = Pieces()
    quiet: float = 1800.0  # seconds of running time over which absence is proved
    deadline: float = 90.0  # seconds one POST may take in all
    find_by_hash: bool = True
    refuses_same_hash: bool = False
    rewrites_hash: bool = True
    dry_run: bool = False  # the server offers one
    cover: str = "wanted"  # required | wanted
    path_limit: int = 255  # characters of folder + "/" + file
    torrent_limit: int = 1_000_000  # bytes of the .torrent file
    old_flags: tuple[str, ...] = ()  # source flags of former names of the site
    sandbox: bool = False
    vocabulary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # form key: allowed words


_GAZELLE_ROLES = ("main", "guest", "remixer", "composer", "conductor", "dj", "producer")

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
)  # fmt: skip


def _with_sandbox(*types: SiteType) -> dict[str, SiteType]:
    table = {}
    for one in types:
        table[one.name] = one
        sandbox = replace(one, name=SANDBOX + one.name, host="", url="", announce_hosts=(), sandbox=True)
        table[sandbox.name] = sandbox
    return table


TYPES: Mapping[str, SiteType] = _with_sandbox(REDACTED, ORPHEUS)


def site_of(type: str, url: str | None = None) -> str:
    """A tracker's identity: its host, or `sandbox:<type>:<host>` (port left out), as `site` stands in the journal."""
    entry = TYPES[type]
    host = urlsplit(url or entry.url).hostname or entry.host
    if entry.sandbox:
        return f"sandbox:{type.removeprefix(SANDBOX)}:{host}"
    return entry.host or host


def site_of_announce(address: str) -> str | None:
    """The site that an announce address belongs to; None for a host outside the catalogue. The address is a secret."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    for entry in TYPES.values():
        if host and host in entry.announce_hosts:
            return entry.host
    steps = parts.path.split("/")
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
