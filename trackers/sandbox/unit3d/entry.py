"""A torrent as UNIT3D keeps it, and the two shapes in which its API shows one. Facts on UNIT3D, sections 9 and 10."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from trackers.sandbox.store import Edition, Store, Torrent, User
from trackers.sandbox.unit3d.words import CATEGORIES, DISTRIBUTORS, REGIONS, RESOLUTIONS, TYPES, Version

Value = dict[str, object]
APPROVED, PENDING, REJECTED, POSTPONED = STATUSES = ("approved", "pending", "rejected", "postponed")


_NOT_FOUND = ("distributor", "region", "distributor_id", "region_id")  # the filter doesn't tell them


@dataclass(frozen=True)
class Ids:
    """Numbers of other catalogues; 0: none."""

    tmdb: int = 0
    imdb: int = 0
    tvdb: int = 0
    mal: int = 0
    igdb: int = 0


@dataclass(frozen=True)
class Perks:
    """What staff alone may give."""

    free: int = 0  # per cent
    double_up: bool = False
    refundable: bool = False
    internal: bool = False
    featured: bool = False
    sticky: bool = False


@dataclass(frozen=True)
class Sheet:
    """What the form said of a torrent."""

    name: str
    category: int
    type: int
    resolution: int = 0
    region: int = 0
    distributor: int = 0
    season: int | None = None
    episode: int | None = None
    description: str = ""
    media_info: str | None = None
    bd_info: str | None = None
    anonymous: bool = False
    personal: bool = False
    ids: Ids = Ids()
    perks: Perks = Perks()


@dataclass
class Entry(Torrent):
    """A torrent with its page."""

    sheet: Sheet = Sheet("", 1, 1)
    status: str = APPROVED
    single: bool = False
    created_by: bytes = b""
    encoding_key: bytes = b""
    first_file: int = 1  # number of its first file among all of the site's

    @property
    def barred(self) -> str:
        """Nobody announces what no moderator has approved, the uploader neither."""
        return (
            ""
            if self.status == APPROVED
            else f"No permission for a torrent that is {self.status.upper()} in moderation"
        )


def entries(store: Store) -> list[Entry]:
    """Every torrent, oldest first."""
    return [one for one in store.torrents.values() if isinstance(one, Entry)]


def blank(user: User, id: int, infohash: str, info: bytes, folder: str, files: list[tuple[str, int]]) -> Entry:
    """An entry without its sheet; what only Gazelle asks for stays empty."""
    return Entry(id, 0, user, infohash, info, "", "", "", Edition(), folder, files)


def uploader(entry: Entry) -> str:
    """The name the site tells, to the uploader too."""
    return "Anonymous" if entry.sheet.anonymous else entry.user.name


def stamp(seconds: float) -> str:
    """`2026-11-22T12:33:36.000000Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def links(entry: Entry, base: str, user: User) -> dict[str, str]:
    """The two addresses; the first is a secret of whom it is shown to."""
    return {
        "download_link": f"{base}/torrent/download/{entry.id}.{user.rsskey}",
        "details_link": f"{base}/torrents/{entry.id}",
    }


def shown(entry: Entry, store: Store, user: User, base: str, version: Version) -> Value:
    """One torrent of /api/torrents and /api/torrents/{id}."""
    attributes: Value = {"meta": {"poster": "https://via.placeholder.com/90x135", "genres": ""}}
    attributes |= _filled(_head(entry), "resolution", "distributor", "region")
    if not version.entropy:
        attributes["info_hash"] = entry.infohash
    attributes |= {
        "size": entry.size,
        **({} if version.shape == "8.0" else {"folder": None if entry.single else entry.folder}),
        "num_file": len(entry.files),
        "files": [{"index": at, "name": name, "size": size} for at, (name, size) in enumerate(entry.files, 1)],
    }
    attributes |= _perks(entry) | {"internal": int(entry.sheet.perks.internal)}
    personal = entry.sheet.personal
    if version.shape == "8.3":
        attributes |= {"featured": entry.sheet.perks.featured, "personal_release": int(personal)}
    elif version.shape == "9":
        attributes["personal_release"] = personal
    attributes |= {"uploader": uploader(entry)} | _swarm(entry, store) | _ids(entry, version)
    attributes |= _filled(_numbers(entry), "resolution_id", "distributor_id", "region_id")
    attributes |= {"created_at": stamp(entry.time)} | links(entry, base, user)
    return {"type": "torrent", "id": str(entry.id), "attributes": attributes}


def found(entry: Entry, store: Store, version: Version) -> Value:
    """One row of /api/torrents/filter, without its links: it is cached for everybody."""
    head = _head(entry)
    attributes: Value = {"meta": {"poster": None, "genres": ""}}
    attributes |= {key: one for key, one in head.items() if key not in _NOT_FOUND}
    if not version.entropy:
        attributes["info_hash"] = entry.infohash.encode().hex()  # wrong on the site too: hex of hex
    files = enumerate(entry.files, entry.first_file)
    attributes |= {
        "size": entry.size,
        "num_file": len(entry.files),
        "files": [{"id": number, "name": name, "size": size} for number, (name, size) in files],
    }
    perks = entry.sheet.perks
    attributes |= _perks(entry) | {"internal": perks.internal, "featured": perks.featured}
    attributes |= {"personal_release": entry.sheet.personal, "uploader": uploader(entry)} | _swarm(entry, store)
    ids = _ids(entry, version)
    attributes |= (
        ids
        | {"tmdb_id": ids["tmdb_id"] or 0}
        | {key: one for key, one in _numbers(entry).items() if key not in _NOT_FOUND}
    )
    return {"type": "torrent", "id": str(entry.id), "attributes": attributes | {"created_at": stamp(entry.time)}}


def _head(entry: Entry) -> Value:
    sheet = entry.sheet
    category, resolution = CATEGORIES[sheet.category].name, RESOLUTIONS.get(sheet.resolution)
    value: Value = {"name": sheet.name, "release_year": None, "category": category, "type": TYPES[sheet.type]}
    value |= {"resolution": resolution, "distributor": DISTRIBUTORS.get(sheet.distributor)}
    value["region"] = REGIONS.get(sheet.region)
    return value | {"media_info": sheet.media_info, "bd_info": sheet.bd_info, "description": sheet.description}


def _filled(value: Value, *keys: str) -> Value:
    """Without those of `keys` that have nothing."""
    return {key: one for key, one in value.items() if one is not None or key not in keys}


def _perks(entry: Entry) -> Value:
    perks = entry.sheet.perks
    return {"freeleech": f"{perks.free}%", "double_upload": perks.double_up, "refundable": perks.refundable}


def _swarm(entry: Entry, store: Store) -> Value:
    peers = store.swarm(entry.infohash)
    seeders = sum(peer.seeding for peer in peers)
    return {"seeders": seeders, "leechers": len(peers) - seeders, "times_completed": len(entry.snatched_by)}


def _ids(entry: Entry, version: Version) -> Value:
    ids, none = entry.sheet.ids, 0 if version.ids_required else None
    return {f"{key}_id": getattr(ids, key) or none for key in ("tmdb", "imdb", "tvdb", "mal", "igdb")}


def _numbers(entry: Entry) -> Value:
    sheet = entry.sheet
    value: Value = {"category_id": sheet.category, "type_id": sheet.type, "resolution_id": sheet.resolution or None}
    return value | {"distributor_id": sheet.distributor or None, "region_id": sheet.region or None}
