"""What a UNIT3D site refuses of an upload, in its words: the file, the names in it, the fields.

Facts on UNIT3D, sections 2, 5 and 6. Raises `Refusal`, `Missing` or metainfo's `Crashed`; stores nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qsl

from trackers.sandbox import metainfo
from trackers.sandbox.fields import php_int
from trackers.sandbox.metainfo import Corrupted, Crashed, Metainfo
from trackers.sandbox.unit3d.entry import Ids, Perks, Sheet
from trackers.sandbox.unit3d.replies import BAD_NAMES, NO_FILE, NO_TORRENT, Missing, Refusal
from trackers.sandbox.unit3d.words import CATEGORIES, DISTRIBUTORS, REGIONS, RESOLUTIONS, TYPES, Category, Version
from trackers.sandbox.wire import Request

LONGEST_NAME = 255  # characters
LONGEST_TEXT = 65_535  # bytes; what is longer is cut without a word
LARGEST_NUMBER = 4_294_967_295
NAMES = ("imdb", "tvdb", "tmdb", "mal", "igdb")  # in the order of their messages
IDS_OF: Mapping[str, tuple[str, ...]] = {
    "movie": ("tmdb", "imdb", "mal"),
    "tv": ("tmdb", "imdb", "tvdb", "mal"),
    "game": ("igdb",),
}
CHOICES: Mapping[str, Mapping[int, str]] = {
    "type_id": TYPES,
    "resolution_id": RESOLUTIONS,
    "region_id": REGIONS,
    "distributor_id": DISTRIBUTORS,
}
REQUIRED = "The {} field is required."
TAKEN = "The {} has already been taken."
NO_NUMBER = "The {} must be a number."
NO_INTEGER = "The {} must be an integer."
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_FORBIDDEN = re.compile(rb'[\\/?<>:*|"\x00-\x1f]')
_RESERVED = re.compile(rb"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)
_PADDING = re.compile(rb"\.?____padding")
_COMPLETE_NAME = re.compile(r"(?m)^(Complete name\s*:\s*).*[/\\](?=[^/\\\n]*$)")


class Sent:
    """The request's input: the body's fields over those of the query, blanks cut, what is empty not sent."""

    def __init__(self, request: Request) -> None:
        pairs = (*parse_qsl(request.query, keep_blank_values=True), *request.form.fields)
        self._values = {key: value.strip() for key, value in pairs}

    def get(self, key: str) -> str | None:
        """The value; None if there is none."""
        return self._values.get(key) or None

    def number(self, key: str) -> int:
        """PHP's (int) of it."""
        return php_int(self.get(key))

    def unreadable(self, *keys: str) -> bool:
        """One of them is no UTF-8: what wire.py could not decode it has replaced."""
        return any("\ufffd" in (self.get(key) or "") for key in keys)

    def refuse_lists(self, *keys: str) -> None:
        """`name[]` where a text is wanted. Raises `Crashed`."""
        if any(f"{key}[]" in self._values for key in keys):
            raise Crashed


@dataclass(frozen=True)
class Page:
    """An upload that passed every check."""

    meta: Metainfo
    sheet: Sheet
    opted_in: bool  # the uploader asks for moderation
    unreadable: bool  # some text is no UTF-8: stored, and then the site dies of it


def torrent_of(request: Request, version: Version, largest: int) -> Metainfo:
    """The file part, read and checked. A file of more than `largest` bytes is none: PHP does not hand it on."""
    part = request.form.file("torrent")
    if part is None or len(part.content) > largest:
        if request.form.file("torrent[]"):
            raise Crashed
        raise Refusal(NO_FILE)
    if not part.filename.endswith(".torrent") or not part.whole:
        raise Refusal(NO_TORRENT)
    try:
        meta = metainfo.read(part.content, to_the_end=False)
    except Corrupted as error:
        raise Crashed from error
    if meta.single and b"length" not in meta.info:
        raise Refusal(NO_TORRENT)
    if any(_forbidden(step, version) for path in _paths(meta) for step in path):
        raise Refusal(BAD_NAMES)
    return meta


def _paths(meta: Metainfo) -> list[list[bytes]]:
    if meta.single:
        return [[cast(bytes, meta.info.get(b"name", b""))]]
    rows = meta.info[b"files"]
    if not isinstance(rows, list):
        raise Crashed
    meta.files()  # raises Crashed over rows that are none
    return [[step for step in row[b"path"] if isinstance(step, bytes)] for row in rows]


def _forbidden(name: bytes, version: Version) -> bool:
    return bool(
        len(name) > 255
        or _FORBIDDEN.search(name)
        or name.endswith((b".", b" "))
        or _RESERVED.match(name)
        or _PADDING.match(name)
        or name.startswith((b".pad", b"~") if version.tilde else b".pad")
    )


def page_of(
    request: Request, meta: Metainfo, version: Version, taken: Callable[[str], bool], known: bool, staff: bool
) -> Page:
    """The form. `taken`: another torrent has this name; `known`: another has this info-hash."""
    sent = Sent(request)
    sent.refuse_lists("name", "description")
    number = sent.number("category_id")
    category = CATEGORIES.get(number)
    if category is None:
        bare = version.strict_database and sent.get("category_id") is None
        raise Missing("Category", "." if bare else f" {number}")
    problems = _problems(sent, category, version, taken, known)
    if problems:
        raise Refusal(problems)
    words = any(sent.get(key) not in (None, "0", "1") for key in ("anonymous", "personal_release"))
    if words and version.strict_database:
        raise Crashed
    unreadable = sent.unreadable("name", "description", "mediainfo", "bdinfo") or not _readable(meta)
    opted_in = sent.get("mod_queue_opt_in") in ("1", "true", "on", "yes") and version.queue_opt_in
    return Page(meta, _sheet(sent, number, category.meta, staff), opted_in, unreadable)


def _readable(meta: Metainfo) -> bool:
    """The folder's name is a column of the database; those of files are not looked at."""
    name = meta.info.get(b"name", b"")
    return meta.single or not isinstance(name, bytes) or "\ufffd" not in name.decode("utf-8", "replace")


def _problems(
    sent: Sent, category: Category, version: Version, taken: Callable[[str], bool], known: bool
) -> dict[str, list[str]]:
    """The messages by field, in the site's order."""
    found: dict[str, list[str]] = {}
    name = sent.get("name")
    if name is None:
        _say(found, "name", REQUIRED)
    elif len(name) > LONGEST_NAME:
        _say(found, "name", f"The {{}} must not be greater than {LONGEST_NAME} characters.")
    elif taken(name):
        _say(found, "name", TAKEN)
    if sent.get("description") is None:
        _say(found, "description", REQUIRED)
    if known and not version.entropy:
        _say(found, "info_hash", TAKEN)
    _choices(sent, category, found)
    (_all_ids if version.ids_required else _some_ids)(sent, category, found)
    _episode(sent, category, found)
    if sent.get("anonymous") is None:
        _say(found, "anon", REQUIRED)
    for key in ("stream", "sd") if version.flags_required else ():
        if sent.get(key) is None:
            _say(found, key, REQUIRED)
    return found


def _say(found: dict[str, list[str]], key: str, *texts: str) -> None:
    found[key] = [text.format(key.replace("_", " ")) for text in texts]


def _choices(sent: Sent, category: Category, found: dict[str, list[str]]) -> None:
    required = ("type_id", "resolution_id") if category.video else ("type_id",)
    for key, words in CHOICES.items():
        value = sent.get(key)
        if value is None and key in required:
            _say(found, key, REQUIRED)
        elif value is not None and not (value.isdigit() and int(value) in words):
            _say(found, key, "The selected {} is invalid.")


def _some_ids(sent: Sent, category: Category, found: dict[str, list[str]]) -> None:
    """Since v9.0.2: what is no number is none, what is below zero is refused."""
    for key in NAMES:
        number = sent.number(key)
        if key not in IDS_OF.get(category.meta, ()):
            if key == "tvdb" and category.meta == "movie" and number:
                _say(found, key, "The {} must be null.")
        elif number < 0:
            column = f"tmdb_{category.meta}_id" if key == "tmdb" else key
            _say(found, column, "The {} must be at least 0.")


def _all_ids(sent: Sent, category: Category, found: dict[str, list[str]]) -> None:
    for key in NAMES:
        value = sent.get(key)
        if value is None:
            _say(found, key, REQUIRED)
        elif not _NUMBER.fullmatch(value):
            _say(found, key, NO_NUMBER)


def _episode(sent: Sent, category: Category, found: dict[str, list[str]]) -> None:
    for key in ("season_number", "episode_number"):
        value = sent.get(key)
        if category.meta != "tv":
            if value is not None:
                _say(found, key, "The {} field is prohibited.")
        elif value is None:
            _say(found, key, REQUIRED)
        elif not _NUMBER.fullmatch(value):
            _say(found, key, NO_NUMBER, NO_INTEGER)
        elif "." in value:
            _say(found, key, NO_INTEGER)


def _sheet(sent: Sent, category: int, meta: str, staff: bool) -> Sheet:
    tv = meta == "tv"
    return Sheet(
        name=sent.get("name") or "",
        category=category,
        type=sent.number("type_id"),
        resolution=sent.number("resolution_id"),
        region=sent.number("region_id"),
        distributor=sent.number("distributor_id"),
        season=sent.number("season_number") if tv else None,
        episode=sent.number("episode_number") if tv else None,
        description=_cut(sent.get("description") or ""),
        media_info=_media_info(sent.get("mediainfo")),
        bd_info=sent.get("bdinfo"),
        anonymous=sent.number("anonymous") != 0,
        personal=sent.number("personal_release") != 0,
        ids=Ids(**{key: min(max(sent.number(key), 0), LARGEST_NUMBER) for key in IDS_OF.get(meta, ())}),
        perks=_perks(sent) if staff else Perks(),
    )


def _perks(sent: Sent) -> Perks:
    return Perks(
        free=sent.number("free"),
        double_up=sent.number("doubleup") != 0,
        refundable=sent.number("refundable") != 0,
        internal=sent.number("internal") != 0,
        featured=sent.number("featured") != 0,
        sticky=sent.number("sticky") != 0,
    )


def _cut(text: str) -> str:
    return text.encode()[:LONGEST_TEXT].decode("utf-8", "ignore")


def _media_info(text: str | None) -> str | None:
    """The first path in it is cut to the file's name."""
    return None if text is None else _COMPLETE_NAME.sub(r"\1", text, count=1)
