"""What a sandbox site knows: users, groups, torrents, peers, and what was sent to it. In memory, guarded by one lock.

Holds and finds; what may be stored is decided by the dialects.
"""

from __future__ import annotations

import base64
import random
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from string import ascii_letters

from trackers.clock import Clock
from trackers.sandbox.faults import Faults
from trackers.sandbox.wire import Pairs

MAIN = 1
# What utf8mb4_0900_ai_ci holds equal and NFKD does not take apart.
_LIKE = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "þ": "th", "ð": "d", "ħ": "h"})


def fold(text: str) -> str:
    """`text` as the site's database compares it: neither case nor accents count."""
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_LIKE)
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


@dataclass
class User:
    """An account. `scopes` matter on RED alone."""

    id: int
    name: str
    token: str
    passkey: str
    authkey: str
    rank: str = "Power User"
    may_upload: bool = True  # the class's right
    upload_revoked: bool = False
    disabled: bool = False
    scopes: frozenset[str] = frozenset({"User", "Torrent", "Request"})
    downloads: dict[int, int] = field(default_factory=dict)  # torrent id: how often its file was fetched
    rsskey: str = ""  # UNIT3D: opens downloads without any other key


@dataclass(frozen=True)
class Artist:
    """An artist under the name it was first written with."""

    id: int
    name: str


@dataclass
class Group:
    """A release with all its editions."""

    id: int
    name: str
    year: int
    release_type: int
    category: int = 1  # from 1; the upload form counts from 0
    artists: list[tuple[int, Artist]] = field(default_factory=list)  # (role, artist), in the order sent
    record_label: str = ""
    catalogue_number: str = ""
    tags: list[str] = field(default_factory=list)
    description: str = ""
    image: str = ""
    time: float = 0.0

    def by_role(self, role: int) -> list[Artist]:
        """The artists of one role."""
        return [artist for one, artist in self.artists if one == role]


@dataclass(frozen=True)
class Edition:
    """A torrent's edition as it was sent."""

    remastered: bool = False
    year: int | None = None
    title: str = ""
    record_label: str = ""
    catalogue_number: str = ""


@dataclass(frozen=True)
class RipLog:
    """What the site made of one rip log. `id` 0: it was only checked."""

    score: int
    checksum: str  # checksum_ok checksum_missing checksum_invalid
    ripper: str
    version: str
    issues: tuple[str, ...]
    id: int = 0


@dataclass
class Torrent:
    """A registered torrent. `info` is None where the site lost its file."""

    id: int
    group_id: int
    user: User
    infohash: str
    info: bytes | None
    media: str
    format: str
    encoding: str
    edition: Edition
    folder: str
    files: list[tuple[str, int]]
    description: str = ""
    scene: bool = False
    has_log: bool = False
    has_cue: bool = False
    logs: list[RipLog] = field(default_factory=list)
    time: float = 0.0  # wall seconds
    searchable_at: float = 0.0  # running seconds
    found_at: float = 0.0
    seeded: bool = False  # ever
    snatched_by: set[int] = field(default_factory=set)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size in self.files)

    @property
    def barred(self) -> str:
        """Why its swarm takes nobody; empty where it takes peers."""
        return ""


@dataclass
class Wanted:
    """A request for a release: the media, format and encoding that fill it."""

    id: int
    owner: User
    title: str
    year: int
    media: str
    format: str
    encoding: str
    time: float
    filler: User | None = None
    torrent_id: int = 0
    filled_at: float = 0.0


@dataclass(frozen=True)
class Post:
    """An upload that arrived whole. `outcome`: received, stored, refused, not processed, dry run, late."""

    user: str  # empty where the key was not accepted
    fields: Pairs  # in the order sent
    files: tuple[tuple[str, str, int], ...]  # (part, file name, bytes)
    torrent: bytes  # of the part file_input
    infohash: str  # of the info dictionary as sent; empty where it can't be read
    time: float  # wall seconds
    outcome: str = "received"
    answer: str = ""  # the error's text, or the torrent's id


@dataclass(frozen=True)
class Seen:
    """Any request. `status` 0: no answer went out."""

    method: str
    path: str
    action: str
    user: str
    status: int
    time: float


@dataclass(frozen=True)
class Peer:
    """A client in a swarm, as of its last announce."""

    user: str
    peer_id: bytes
    address: str
    port: int
    left: int  # bytes
    event: str  # started completed stopped, or empty
    uploaded: int
    downloaded: int
    time: float
    agent: str = ""

    @property
    def seeding(self) -> bool:
        """It has everything."""
        return self.left == 0


@dataclass(frozen=True)
class Traits:
    """What differs between sites of one dialect, or is not known of a live one."""

    index_lag: float = 60.0  # seconds until `browse` shows an upload: the delta index runs each minute
    refuses_same_hash: bool = True
    interval: int = 1800  # seconds between announces
    unseeded: float = 0.0  # seconds after which what was never seeded is deleted; 0: never
    version: str = "9.2.0"  # of UNIT3D: 9.2.0 9.1.5 9.0.0 8.3.4 8.0.0
    largest_file: int = 8 * 1024 * 1024  # UNIT3D: PHP's upload_max_filesize, bytes
    unique_names: bool = True  # UNIT3D looks whether a name is taken, and forces nothing: two at once may both pass
    moderated: bool = False  # UNIT3D: every upload waits for a moderator, whoever sends it


class Store:
    """One site's memory. Every access is under `lock`."""

    def __init__(self, site: str, flag: str, clock: Clock, dice: random.Random) -> None:
        self.site, self.flag, self.clock = site, flag, clock
        self.lock = threading.RLock()
        self.traits = Traits()
        self.faults = Faults()
        self.users: list[User] = []
        self.artists: list[Artist] = []
        self.groups: dict[int, Group] = {}
        self.torrents: dict[int, Torrent] = {}
        self.wanted: dict[int, Wanted] = {}
        self.peers: dict[str, dict[bytes, Peer]] = {}
        self.posts: list[Post] = []
        self.seen: list[Seen] = []
        self.pictures: dict[str, bytes] = {}
        self.firewalled = False  # the address gets no answer any more
        self.revoked: set[str] = set()  # tokens that were good once
        self.strikes = 0  # uses of such a token: the site counts them by address, and here there is but one
        self.late: list[tuple[float, Callable[[], None]]] = []
        self._dice = dice
        self._ids = {"group": 0, "torrent": 0, "log": 0, "file": 0}

    def next_id(self, kind: str) -> int:
        """The next id of a group, torrent, log or file; one that was taken is never given again."""
        self._ids[kind] += 1
        return self._ids[kind]

    def settle(self) -> None:
        """Bring the site up to now: store what was to be stored late, delete what was never seeded."""
        due = [entry for entry in self.late if entry[0] <= self.clock.running()]
        for entry in due:
            self.late.remove(entry)
            entry[1]()
        if self.traits.unseeded:
            oldest = self.clock.now() - self.traits.unseeded
            for torrent in [one for one in self.torrents.values() if not one.seeded and one.time < oldest]:
                del self.torrents[torrent.id]

    def add_user(self, name: str, token: str = "", passkey: str = "", **rights: object) -> User:
        """A new account; keys that are not given are drawn."""
        user = User(
            id=len(self.users) + 1,
            name=name,
            token=token or base64.b64encode(self._dice.randbytes(87)).decode(),
            passkey=passkey or "".join(self._dice.choices(ascii_letters, k=32)),
            authkey=base64.b64encode(self._dice.randbytes(24)).decode(),
            **rights,  # type: ignore[arg-type]
        )
        self.users.append(user)
        return user

    def user(self, name: str) -> User:
        """An account by name. Raises KeyError."""
        for user in self.users:
            if user.name == name:
                return user
        raise KeyError(name)

    def by_token(self, token: str) -> User | None:
        """The account whose key this is and that may use it."""
        found = next((user for user in self.users if user.token == token), None)
        return None if found is None or found.disabled or token in self.revoked else found

    def by_passkey(self, passkey: str) -> User | None:
        """The account that announces under this passkey."""
        return next((user for user in self.users if user.passkey == passkey), None)

    def artist(self, name: str) -> Artist:
        """The artist of that name, made if it is new."""
        for artist in self.artists:
            if fold(artist.name) == fold(name):
                return artist
        self.artists.append(Artist(len(self.artists) + 1, name))
        return self.artists[-1]

    def matching_group(self, main: list[str], title: str, release_type: int, year: int) -> Group | None:
        """The group that an upload without a group id joins: facts on Gazelle, section 3."""
        for name in main:
            for group in self.groups.values():
                same = (group.release_type, group.year, fold(group.name)) == (release_type, year, fold(title))
                if same and any(fold(artist.name) == fold(name) for artist in group.by_role(MAIN)):
                    return group
        return None

    def in_group(self, group_id: int) -> list[Torrent]:
        """The torrents of a group: by edition, then medium, format and encoding, then age."""
        return sorted((one for one in self.torrents.values() if one.group_id == group_id), key=_shelf)

    def by_hash(self, infohash: str) -> Torrent | None:
        """The torrent registered under this info-hash, in any case of letters."""
        return next((one for one in self.torrents.values() if one.infohash == infohash.lower()), None)

    def swarm(self, infohash: str) -> list[Peer]:
        """The peers that announced within two intervals and did not stop."""
        oldest = self.clock.now() - 2 * self.traits.interval
        return [peer for peer in self.peers.get(infohash, {}).values() if peer.time >= oldest]

    def judge(self, index: int, outcome: str, answer: str = "") -> None:
        """Write down what came of the upload that is `posts[index]`."""
        self.posts[index] = replace(self.posts[index], outcome=outcome, answer=answer)

    def remember(self, seen: Seen) -> None:
        """Any request, answered or not."""
        self.seen.append(seen)

    def draw(self, count: int) -> bytes:
        """Random bytes from the seed."""
        return self._dice.randbytes(count)


def _shelf(torrent: Torrent) -> tuple[int, str, str, str, str, str, str, int]:
    one = torrent.edition
    edition = (one.year or 0, one.title, one.record_label, one.catalogue_number)
    return (*edition, torrent.media, torrent.format, torrent.encoding, torrent.id)


def stamp(seconds: float) -> str:
    """`2026-11-22 11:11:25`, as times stand in the answers."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
