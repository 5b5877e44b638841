"""What a Gazelle site says of a torrent, as facts for an upload elsewhere. Pure.

Facts on Gazelle, section 8. What was measured in the files (format, bitrate, sizes) is not taken from here.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping

from trackers.gazelle.dialect import Dialect
from trackers.gazelle.hits import torrent_of
from trackers.gazelle.search import number, rows, text

# The lists of `musicInfo`, and our word for each role.
_ROLES = {
    "artists": "main", "with": "guest", "remixedBy": "remixer", "composers": "composer", "conductor": "conductor",
    "dj": "dj", "producer": "producer", "arranger": "arranger",
}  # fmt: skip
_EDITION = (
    ("title", "remasterTitle", ""),
    ("year", "remasterYear", "year"),
    ("label", "remasterRecordLabel", "recordLabel"),
    ("catalogue", "remasterCatalogueNumber", "catalogueNumber"),
)
_NO_ART = "noartwork"


def facts(response: object, dialect: Dialect, host: str) -> dict[str, object]:
    """Facts by the names that rules know, only what the site says something of. `host`: the site's own; a text that
    leads back to it is left where it is."""
    found = torrent_of(response)
    if found is None or not isinstance(response, Mapping) or not isinstance(response.get("group"), Mapping):
        return {}
    torrent, group = found[0], response["group"]
    told = dict(_edition(torrent, group, dialect)) | dict(_group(group, dialect, host))
    media = dialect.medium(text(torrent.get("media")))
    told |= {"music.media": media} if media else {}
    return told | ({"scene": torrent["scene"]} if isinstance(torrent.get("scene"), bool) else {})


def _edition(
    torrent: Mapping[str, object], group: Mapping[str, object], dialect: Dialect
) -> Iterator[tuple[str, object]]:
    """Of a remaster what stands at the torrent; of an original release what stands at its group."""
    remaster = any(_said(torrent.get(key), dialect) for _, key, _ in _EDITION)
    for name, at_torrent, at_group in _EDITION:
        value = _said(torrent.get(at_torrent) if remaster else group.get(at_group), dialect)
        if value and name == "year":
            yield "music.edition.year", int(value) if value.isdecimal() else None
        elif value:
            yield f"music.edition.{name}", value
            if name != "title":
                yield f"music.{name}", value


def _group(group: Mapping[str, object], dialect: Dialect, host: str) -> Iterator[tuple[str, object]]:
    year = number(group.get("year"))
    if year:
        yield "music.year", int(year)
    kind = dialect.release_type(text(group.get("releaseTypeName")) or number(group.get("releaseType")))
    if kind:
        yield "music.release_type", kind
    credits = _credits(group.get("musicInfo"), dialect)
    if any(one["role"] == "main" for one in credits):
        yield "music.credits", credits
    tags = group.get("tags")
    words = [word for word in tags if isinstance(word, str) and word] if isinstance(tags, list) else []
    if words:
        yield "music.genre", words
    description = text(group.get("wikiBBcode") or group.get("bbBody")).strip()
    if description and not _leads_back(description, host):
        yield "music.description", html.unescape(description) if dialect.escaped else description
    image = text(group.get("wikiImage"))
    if image.startswith(("https://", "http://")) and _NO_ART not in image:
        yield "music.image", image


def _credits(info: object, dialect: Dialect) -> list[dict[str, str]]:
    if not isinstance(info, Mapping):
        return []
    named = [(_said(row.get("name"), dialect), role) for key, role in _ROLES.items() for row in rows(info, key)]
    return [{"name": name, "role": role} for name, role in named if name]


def _said(value: object, dialect: Dialect) -> str:
    """A text of the site without entities; RED sends names with them, OPS as they are. 0 is RED's word for no year."""
    said = "" if value == 0 else text(value).strip()
    return html.unescape(said) if dialect.escaped else said


def _leads_back(description: str, host: str) -> bool:
    return host in description or ".php?" in description
