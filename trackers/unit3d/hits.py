"""What the search of a UNIT3D site lists: whether it is our upload, and whose. Pure. Facts: sections 9 and 10."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trackers.base import Account, Upload
from trackers.unit3d.answers import Said
from trackers.unit3d.outcome import keyed

ANONYMOUS = "anonymous"  # what the site calls the uploader of an anonymous one, to its owner too


@dataclass(frozen=True)
class Row:
    """One torrent as the site lists it. `files` None where it does not list them."""

    id: str
    name: str
    size: int
    uploader: str
    files: tuple[tuple[str, int], ...] | None
    link: object = field(repr=False)  # the download address, with our key in it
    facts: Mapping[str, str] = field(default_factory=dict)

    def holds(self, upload: Upload) -> bool:
        """Whether these are the upload's files."""
        return self.size == upload.size and self.files == tuple(sorted(upload.files))

    def ours(self, account: Account) -> bool | None:
        """Whether we uploaded it; None for one that is anonymous."""
        who = self.uploader.casefold()
        return None if who in ("", ANONYMOUS) else who == account.user.casefold()


def rows(said: Said) -> tuple[tuple[Row, ...], bool] | None:
    """(what is listed, whether more follows), or None if the answer has another shape."""
    data, links = said.value.get("data"), said.value.get("links")
    if said.status != 200 or not isinstance(data, list):
        return None
    read = [_row(one) for one in data]
    more = isinstance(links, Mapping) and bool(links.get("next"))
    return tuple(row for row in read if row is not None), more


def _row(value: object) -> Row | None:
    if not isinstance(value, Mapping) or not isinstance(value.get("attributes"), Mapping):
        return None
    its, id = value["attributes"], str(value.get("id", ""))
    size = its.get("size")
    if not (id.isascii() and id.isdecimal()) or type(size) is not int:
        return None
    words = ("name", "category", "type", "resolution")
    facts = {key: str(its[key]) for key in words if isinstance(its.get(key), str)}
    uploader = its.get("uploader")
    who = uploader if isinstance(uploader, str) else ""
    return Row(id, facts.get("name", ""), size, who, _files(its.get("files")), its.get("download_link"), facts)


def _files(value: object) -> tuple[tuple[str, int], ...] | None:
    if not isinstance(value, list):
        return None
    pairs = [(one.get("name"), one.get("size")) for one in value if isinstance(one, Mapping)]
    known = [(name, size) for name, size in pairs if isinstance(name, str) and type(size) is int]
    return tuple(sorted(known)) if len(known) == len(value) else None


def key_in(listed: Sequence[Row]) -> object:
    """A download address of any torrent: its key is the same for all."""
    return next((row.link for row in listed if keyed(row.link)), None)


def folded(name: str) -> str:
    """A name as the site's database compares it: case, accents and outer blanks do not count."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)).strip()


def words(name: str) -> str:
    """A name as its search may be asked for: no word begins with an operator or is of signs alone."""
    parts = (part.lstrip("-\"'").rstrip("\"'") for part in name.split())
    return " ".join(part for part in parts if any(c.isalnum() for c in part))
