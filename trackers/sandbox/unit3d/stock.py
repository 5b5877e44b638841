"""What other users have uploaded to the UNIT3D site before anybody looks: films and shows that nobody made."""

from __future__ import annotations

from trackers.sandbox import metainfo
from trackers.sandbox.metainfo import Metainfo
from trackers.sandbox.store import Store, User
from trackers.sandbox.unit3d.checks import Page
from trackers.sandbox.unit3d.entry import Ids, Sheet
from trackers.sandbox.unit3d.upload import keep
from trackers.sandbox.unit3d.words import Version

PIECE = 1 << 20
TEXT = "One of the torrents that the sandbox starts with."
FILM, SHOW = Ids(tmdb=900001, imdb=90000001), Ids(tmdb=910001, tvdb=910002)
SHEETS = (
    Sheet("The Loopback Interface 2019 1080p WEB-DL DD+5.1 H.264-LOCAL", 1, 4, 3, ids=FILM, description=TEXT),
    Sheet("The Loopback Interface 2019 2160p UHD BluRay Remux HEVC-LOCAL", 1, 2, 2, ids=FILM, description=TEXT),
    Sheet("Ports of Call S01 1080p WEB-DL H.264-LOCAL", 2, 4, 3, season=1, episode=0, ids=SHOW, description=TEXT),
    Sheet("Ports of Call S02E03 720p HDTV x264-LOCAL", 2, 6, 5, season=2, episode=3, ids=SHOW, description=TEXT),
    Sheet("Various Sockets - Nonblocking (2021) [FLAC]", 4, 4, description=TEXT),
)


def fill(store: Store, owner: User) -> None:
    """Put them in, in the name of `owner`; the index knows them at once."""
    for sheet in SHEETS:
        folder = sheet.name.replace(" ", ".")
        extension = "flac" if sheet.category == 4 else "mkv"
        sizes = [200_000_000 + store.draw(1)[0] for _ in range(3)]
        files = [{b"length": size, b"path": [f"{at:02}.{extension}".encode()]} for at, size in enumerate(sizes, 1)]
        info: dict[bytes, object] = {
            b"files": files,
            b"name": folder.encode(),
            b"piece length": PIECE,
            b"pieces": store.draw(20 * -(-sum(sizes) // PIECE)),
        }
        meta = Metainfo({}, info, metainfo.sealed(info).infohash)
        entry = keep(Page(meta, sheet, opted_in=False, unreadable=False), owner, store, Version(), None).entry
        entry.searchable_at, entry.seeded = 0.0, True
