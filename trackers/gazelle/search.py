"""What a search answer says of a form: this torrent, this group, or one that is near. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trackers.base import Form, Match
from trackers.gazelle.dialect import Dialect
from trackers.gazelle.fold import folded

_VARIOUS = folded("Various Artists")


@dataclass(frozen=True)
class Page:
    """One page of `action=browse`. `pages` 1 where the site does not say: an empty answer has none."""

    groups: tuple[Mapping[str, object], ...]
    pages: int

    def torrent_ids(self) -> Iterator[str]:
        """Every torrent it lists, in its order."""
        for group in self.groups:
            for torrent in rows(group, "torrents"):
                if torrent_id := number(torrent.get("torrentId")):
                    yield torrent_id


def page(response: object) -> Page | None:
    """The page, or None if the answer has another shape: then it is not known what the site has."""
    if not isinstance(response, Mapping) or not isinstance(response.get("results"), list):
        return None
    results = response["results"]
    if not all(isinstance(row, Mapping) and number(row.get("groupId")) for row in results):
        return None
    pages = response.get("pages", 1)
    return Page(tuple(results), pages if isinstance(pages, int) and not isinstance(pages, bool) else 1)


def rows(value: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """A list of objects, whatever else stands there left out."""
    found = value.get(key)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def number(value: object) -> str:
    """An id as text: sites send both 12 and "12". Empty if it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return ""
    text = str(value)
    return text if text.isascii() and text.isdecimal() and int(text) > 0 else ""


def text(value: object) -> str:
    """A field as text; null and numbers included."""
    return "" if value is None or value is False else str(value)


def main_artist(form: Form) -> str:
    """The first main artist of a form; empty if it names none."""
    pairs = zip(form.every("artists[]"), form.every("importance[]"), strict=False)
    return next((name for name, importance in pairs if importance == "1"), "")


def matches(form: Form, groups: tuple[Mapping[str, object], ...], dialect: Dialect, url: str) -> list[Match]:
    """What of these groups has the form's main artist and title, any year and type. A form that names its group is
    compared with that one alone: whoever chose it saw the others."""
    title, artist = folded(form.get("title") or ""), folded(main_artist(form))
    chosen = form.get("groupid")
    if chosen is not None:
        same = [group for group in groups if number(group.get("groupId")) == chosen]
    else:
        same = [group for group in groups if folded(text(group.get("groupName"))) == title and _by(group, artist)]
    return [match for group in same for match in _of(form, group, dialect, url)]


def _by(group: Mapping[str, object], artist: str) -> bool:
    """Whether the artist is one of the group's. A group of many shows as Various Artists and may not list them."""
    names = {folded(text(row.get("name"))) for torrent in rows(group, "torrents") for row in rows(torrent, "artists")}
    return artist in names or folded(text(group.get("artist"))) in (artist, _VARIOUS)


def _of(form: Form, group: Mapping[str, object], dialect: Dialect, url: str) -> list[Match]:
    group_id = number(group.get("groupId"))
    page_url = f"{url}/torrents.php?id={group_id}"
    year, kind = number(group.get("groupYear")), dialect.release_type(text(group.get("releaseType")))
    facts = {
        "artist": text(group.get("artist")),
        "title": text(group.get("groupName")),
        "year": year,
        "type": kind or "",
    }
    wanted = form.get("releasetype")
    if form.get("groupid") is None:
        other_type = wanted is not None and kind is not None and str(dialect.release_types[kind]) != wanted
        if year != form.get("year") or other_type:
            return [Match("near", page_url, None, group_id, facts)]
    found = [_torrent(torrent, group_id, url) for torrent in rows(group, "torrents") if _same(form, torrent, year)]
    joins = {"groupid": group_id, "year": year} | ({"releasetype": kind} if kind else {})
    return found or [Match("group", page_url, None, group_id, facts, joins)]


def _torrent(torrent: Mapping[str, object], group_id: str, url: str) -> Match:
    torrent_id = number(torrent.get("torrentId"))
    keys = ("media", "format", "encoding", "remasterYear", "remasterTitle", "remasterRecordLabel")
    facts = {key: text(torrent.get(key)) for key in (*keys, "remasterCatalogueNumber", "size") if torrent.get(key)}
    page_url = f"{url}/torrents.php?id={group_id}&torrentid={torrent_id}#torrent{torrent_id}"
    return Match("torrent", page_url, torrent_id, group_id, facts)


def _same(form: Form, torrent: Mapping[str, object], group_year: str) -> bool:
    """The same encoding of the same edition. What one side does not say of the edition is no difference."""
    if any(text(torrent.get(key)) != form.get(ours) for key, ours in (("media", "media"), ("format", "format"))):
        return False
    if _encoding(form) != text(torrent.get("encoding")).casefold():
        return False
    if (number(torrent.get("remasterYear")) or group_year) != (form.get("remaster_year") or form.get("year")):
        return False
    pairs = (
        ("remasterTitle", "remaster_title"),
        ("remasterRecordLabel", "remaster_record_label"),
        ("remasterCatalogueNumber", "remaster_catalogue_number"),
    )
    return all(_agree(text(torrent.get(theirs)), form.get(ours) or "") for theirs, ours in pairs)


def _encoding(form: Form) -> str:
    """The form's bitrate as the site shows it: `155 (VBR)` for an other one."""
    if form.get("bitrate") != "Other":
        return (form.get("bitrate") or "").casefold()
    return f"{form.get('other_bitrate')}{' (VBR)' if form.get('vbr') else ''}".casefold()


def _agree(theirs: str, ours: str) -> bool:
    return not theirs or not ours or folded(theirs) == folded(ours)
