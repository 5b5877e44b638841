"""What other users have uploaded before anybody looks: a handful of groups with several editions each."""

from __future__ import annotations

from dataclasses import dataclass, field

from trackers.sandbox import metainfo
from trackers.sandbox.store import Edition, Group, Store, Torrent, User

PIECE = 1 << 18


@dataclass(frozen=True)
class Stocked:
    """A torrent to put in: media, format, encoding, extension, edition."""

    media: str
    format: str
    encoding: str
    extension: str
    edition: Edition = field(default_factory=Edition)


@dataclass(frozen=True)
class Release:
    """A group to put in. Roles count from 1, main."""

    artists: tuple[tuple[int, str], ...]
    title: str
    year: int
    release_type: int
    tags: tuple[str, ...]
    torrents: tuple[Stocked, ...]


REISSUE = Edition(True, 2016, "Remastered", "Loopback Records", "LB 016")
RELEASES = (
    Release(
        ((1, "The Loopback Quartet"),),
        "Standards on Port Zero",
        2009,
        1,
        ("jazz", "2000s"),
        (
            Stocked("CD", "FLAC", "Lossless", "flac"),
            Stocked("CD", "MP3", "320", "mp3"),
            Stocked("WEB", "FLAC", "24bit Lossless", "flac", REISSUE),
        ),
    ),
    Release(
        ((1, "The Loopback Quartet"),),
        "Standards on Port Zero (Live)",
        2011,
        11,
        ("jazz", "live"),
        (Stocked("WEB", "FLAC", "Lossless", "flac"),),
    ),
    Release(
        ((1, "Ægir Localhost"), (2, "The Loopback Quartet")),
        "Ördög",
        2017,
        5,
        ("ambient", "electronic"),
        (Stocked("WEB", "FLAC", "Lossless", "flac"), Stocked("WEB", "MP3", "V0 (VBR)", "mp3")),
    ),
    Release(
        ((1, "Various Sockets"), (6, "DJ Datagram")),
        "Nonblocking",
        2021,
        7,
        ("house", "techno"),
        (Stocked("Vinyl", "FLAC", "24bit Lossless", "flac"),),
    ),
)


def fill(store: Store, owner: User) -> None:
    """Put the releases in, in the name of `owner`. The index knows them at once."""
    for release in RELEASES:
        group = Group(
            id=store.next_id("group"),
            name=release.title,
            year=release.year,
            release_type=release.release_type,
            artists=[(role, store.artist(name)) for role, name in release.artists],
            tags=list(release.tags),
            description=f"[b]{release.title}[/b]\nOne of the torrents that the sandbox starts with.",
            time=store.clock.now(),
        )
        store.groups[group.id] = group
        for stocked in release.torrents:
            _add(store, owner, group, stocked)


def _add(store: Store, owner: User, group: Group, stocked: Stocked) -> None:
    main = group.artists[0][1].name
    folder = f"{main} - {group.name} ({group.year}) [{stocked.media} {stocked.format} {stocked.encoding}]"
    names = [f"{number:02} - Track {number}.{stocked.extension}" for number in range(1, 4)]
    files = [(name, 20_000_000 + store.draw(1)[0]) for name in names]
    pieces = -(-sum(size for _, size in files) // PIECE)
    info = {
        b"files": [{b"length": size, b"path": [name.encode()]} for name, size in files],
        b"name": folder.encode(),
        b"piece length": PIECE,
        b"pieces": store.draw(20 * pieces),
        b"private": 1,
        b"source": store.flag.encode(),
    }
    sealed = metainfo.sealed(info)
    torrent = Torrent(
        id=store.next_id("torrent"),
        group_id=group.id,
        user=owner,
        infohash=sealed.infohash,
        info=sealed.info,
        media=stocked.media,
        format=stocked.format,
        encoding=stocked.encoding,
        edition=stocked.edition,
        folder=folder,
        files=files,
        time=store.clock.now(),
        seeded=True,
    )
    store.torrents[torrent.id] = torrent
