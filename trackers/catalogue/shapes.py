"""What is to be known of a type of tracker: the frozen shapes of the catalogue's entries."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

from trackers.content import Content

KIB, MIB = 1024, 1024 * 1024


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
    moderators: bool = False  # an upload may wait for one: until then its tracker refuses it, and no look-up shows it
    maps: bool = False  # its categories, types and resolutions have numbers that rules.yaml gives: see `Maps`

    def takes(self, content: Content, length: int) -> bool:
        """Whether the .torrent of `content` in pieces of `length` is one that the site takes."""
        return _torrent_size(content, length) <= self.torrent_limit


def _torrent_size(content: Content, length: int) -> int:
    """Bytes of a .torrent, at most: its hashes, its names, and a KiB for the announce address and the keys."""
    paths = [file.path.encode(errors="surrogatepass") for file in content.files]
    names = sum(len(path) + 4 * (path.count(b"/") + 1) + 40 for path in paths)
    return -(-content.size // length) * 20 + names + len(content.name.encode(errors="surrogatepass")) + KIB


def is_loopback(host: str) -> bool:
    """127.0.0.0/8, ::1 or localhost: the only places where plain http may be spoken to a tracker."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
