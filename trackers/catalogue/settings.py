"""What rules.yaml says of one tracker, checked against its type. Reads no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from trackers.catalogue.shapes import SiteType, is_loopback
from trackers.description import check
from trackers.errors import SettingsError
from trackers.titles import check_title

COVER = ("required", "wanted")
# As a site of this family is born; every site changes them, so they serve for rehearsals alone.
_BORN = {
    "categories": {"movie": 1, "tv": 2},
    "types": {"disc": 1, "remux": 2, "encode": 3, "web-dl": 4, "webrip": 5, "hdtv": 6},
    "resolutions": {
        "4320p": 1, "2160p": 2, "1080p": 3, "1080i": 4, "720p": 5, "576p": 6, "576i": 7, "480p": 8, "480i": 9,
        "1440p": 10,
    },
}  # fmt: skip
MAPPED = tuple(_BORN)  # keys of a block that a real site can't be without
MOST_SCREENSHOTS = 12
ID_WORDS = ("tmdb", "imdb", "tvdb", "mal")


@dataclass(frozen=True)
class Maps:
    """What one site of a family whose sites number their own words wants in its form, as rules.yaml says it."""

    categories: Mapping[str, int]  # by kind: music tv movie other
    types: Mapping[str, int]  # by video.kind
    resolutions: Mapping[str, int]  # by video.resolution
    title: str = "{name}"  # template of the upload's name
    ids: tuple[str, ...] = ("tmdb",)  # that a form can't be without
    anonymous: bool = False
    personal_release: bool = False
    moderated: bool = True  # uploads may wait where nobody sees them: absence proves nothing
    screenshots: int = 0  # pictures of the video that its description shows


@dataclass(frozen=True)
class Settings:
    """What rules.yaml says of one tracker, over its type's data."""

    url: str  # without a slash at its end
    quiet: float
    deadline: float
    cover: str
    share: float = 1.0
    image: str | None = None  # address of a cover for whatever has none of its own
    ca_file: Path | None = None
    description: str | None = None  # template of the text of a torrent
    album_description: str | None = None  # template of the text of a group
    maps: Maps | None = None


def read_settings(site: SiteType, given: Mapping[str, object], name: str) -> Settings:
    """The tracker's own keys of its block in rules.yaml, checked; keys that are the loop's are left alone. Times are
    seconds. Raises `SettingsError` in words that say what to change."""
    cover, image, ca_file = (given.get(key) for key in ("cover", "image", "ca_file"))
    if cover is not None and cover not in COVER:
        raise SettingsError("settings", f"{name}: 'cover' is required or wanted")
    if image is not None and not isinstance(image, str):
        raise SettingsError("settings", f"{name}: 'image' is the address of a picture")
    if ca_file is not None and not Path(str(ca_file)).is_file():
        raise SettingsError("settings", f"{name}: there is no file at 'ca_file'; name a PEM file of certificates")
    return Settings(
        description=_template(given, "description", name),
        album_description=_template(given, "album_description", name),
        url=_url(site, given.get("url"), name),
        quiet=_number(given, "quiet", site.quiet, name, least=0.0 if site.sandbox else site.quiet),
        deadline=_number(given, "deadline", site.deadline, name, least=0.0 if site.sandbox else 30.0),
        share=_number(given, "share", 1.0, name, most=1.0),
        cover=str(cover or site.cover),
        image=image,
        ca_file=Path(str(ca_file)) if ca_file is not None else None,
        maps=_maps(site, given, name) if site.maps else None,
    )


def _maps(site: SiteType, given: Mapping[str, object], name: str) -> Maps:
    tables = {key: _table(given.get(key, _BORN[key] if site.sandbox else None), key, name) for key in MAPPED}
    flags = {key: given.get(key, default) for key, default in (("anonymous", False), ("personal_release", False))}
    flags["moderated"] = given.get("moderated", True)
    for key, flag in flags.items():
        if not isinstance(flag, bool):
            raise SettingsError("settings", f"{name}: '{key}' is true or false")
    screenshots = given.get("screenshots", 0)
    if type(screenshots) is not int or not 0 <= screenshots <= MOST_SCREENSHOTS:
        raise SettingsError("settings", f"{name}: 'screenshots' is a number from 0 to {MOST_SCREENSHOTS}")
    ids = given.get("ids", ("tmdb",))
    if not isinstance(ids, (list, tuple)) or not all(one in ID_WORDS for one in ids):
        raise SettingsError("settings", f"{name}: 'ids' is a list of {', '.join(ID_WORDS)}")
    try:
        title = check_title(str(given.get("title", "{name}")))
    except ValueError as error:
        raise SettingsError("settings", f"{name}: 'title': {error}") from error
    return Maps(**tables, title=title, ids=tuple(ids), screenshots=screenshots, **flags)  # type: ignore[arg-type]


def _table(value: object, key: str, name: str) -> Mapping[str, int]:
    numbers = value if isinstance(value, Mapping) else {}
    if not numbers or not all(type(number) is int and number > 0 for number in numbers.values()):
        raise SettingsError("settings", f"{name}: '{key}' wants the site's numbers, such as {key}: {{{_shown(key)}}}")
    return numbers


def _shown(key: str) -> str:
    return ", ".join(f"{word}: {number}" for word, number in list(_BORN[key].items())[:2])


def _template(given: Mapping[str, object], key: str, name: str) -> str | None:
    text = given.get(key)
    try:
        return None if text is None else check(str(text))
    except ValueError as error:
        raise SettingsError("settings", f"{name}: '{key}': {error}") from error


def _url(site: SiteType, given: object, name: str) -> str:
    url = str(given or site.url).rstrip("/")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parts.port  # noqa: B018  # reading it is what checks it
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or parts.username or parts.query or parts.fragment or not url.isascii() or not url.isprintable():
        raise SettingsError("settings", f"{name}: 'url' must be like https://tracker.example")
    if site.sandbox and not is_loopback(host):
        raise SettingsError(
            "settings", f"{name}: a {site.name} tracker stands on this machine: set 'url' to its 127.0.0.1 address"
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise SettingsError("settings", f"{name}: 'url' must begin with https://")
    return url


def _number(
    given: Mapping[str, object], key: str, default: float, name: str, least: float = 0.0, most: float | None = None
) -> float:
    value = given.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise SettingsError("settings", f"{name}: '{key}' must be a number above 0")
    if value < least:
        raise SettingsError("settings", f"{name}: '{key}' may not be less than {least:g} s for this type")
    if most is not None and value > most:
        raise SettingsError("settings", f"{name}: '{key}' may not be more than {most:g}")
    return float(value)
