"""The upload form's rules: which field, in which order, with which words it is refused. Gazelle, sections 3 and 6.

The vocabularies stand here a second time on purpose: taken from the catalogue, they would agree with its mistakes.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from trackers.sandbox.metainfo import Crashed
from trackers.sandbox.wire import Form

CATEGORIES = ("Music", "Applications", "E-Books", "Audiobooks", "E-Learning Videos", "Comedy", "Comics")
AUDIO = ("Music", "Audiobooks", "Comedy")
OLDEST_CD = 1982
PREDATES = "You have selected a year for an album that predates the media you say it was created on.1982"
BAD_ARTISTS = "There is an error with how artists are specified."
NO_MAIN_ARTIST = "Please enter at least one main artist"
_NUMBER = re.compile(r"\s*[+-]?\d+(\.\d*)?\s*\Z")
_PICTURE = re.compile(r"(?:https?|ftp)://[^\s/]+/\S*\.(?:gif|png|webm|jpe?g|tiff?)(?:\?\S*)?\Z", re.IGNORECASE)
_LINK = re.compile(r"(?:https?|ftp)://[^\s]+\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Vocabulary:
    """The words one site takes."""

    formats: tuple[str, ...]
    bitrates: tuple[str, ...]
    media: tuple[str, ...]
    release_types: Mapping[int, str]
    roles: int  # importance 1 … roles
    remaster_field: bool  # `remaster` must be there for an edition to count
    shortest_label: int = 1

    def release_type(self, number: int) -> str:
        """Its name; empty for one that the site doesn't have."""
        return self.release_types.get(number, "")


ORPHEUS = Vocabulary(
    formats=("MP3", "FLAC", "Ogg Vorbis", "AAC", "AC3", "DTS"),
    bitrates=(
        "Lossless", "24bit Lossless", "V0 (VBR)", "V1 (VBR)", "V2 (VBR)", "320", "256", "192", "160", "128", "96", "64",
        "APS (VBR)", "APX (VBR)", "q8.x (VBR)", "Other",
    ),
    media=("CD", "WEB", "Vinyl", "DVD", "BD", "Soundboard", "SACD", "DAT", "Cassette"),
    release_types={
        1: "Album", 3: "Soundtrack", 5: "EP", 6: "Anthology", 7: "Compilation", 8: "Sampler", 9: "Single", 10: "Demo",
        11: "Live album", 12: "Split", 13: "Remix", 14: "Bootleg", 15: "Interview", 16: "Mixtape", 17: "DJ Mix",
        18: "Concert recording", 21: "Unknown",
    },
    roles=8,
    remaster_field=True,
)  # fmt: skip
REDACTED = Vocabulary(
    formats=("MP3", "FLAC", "AAC", "AC3", "DTS"),
    bitrates=(
        "192", "APS (VBR)", "V2 (VBR)", "V1 (VBR)", "256", "APX (VBR)", "V0 (VBR)", "320", "Lossless", "24bit Lossless",
        "Other",
    ),
    media=("CD", "DVD", "Vinyl", "Soundboard", "SACD", "DAT", "Cassette", "WEB", "Blu-Ray"),
    release_types={
        1: "Album", 3: "Soundtrack", 5: "EP", 6: "Anthology", 7: "Compilation", 9: "Single", 11: "Live album",
        13: "Remix", 14: "Bootleg", 15: "Interview", 16: "Mixtape", 17: "Demo", 18: "Concert Recording", 19: "DJ Mix",
        21: "Unknown",
    },
    roles=7,
    remaster_field=False,
    shortest_label=2,
)  # fmt: skip


class Refusal(Exception):
    """The site says no, in these words."""


@dataclass(frozen=True)
class Rule:
    """One field. `fits` sees the value as sent; a field that may be missing may be empty too."""

    field: str
    required: bool
    fits: Callable[[str], bool]
    words: str
    missing: str = ""  # in place of "… is not specified"


def php_int(text: str | None) -> int:
    """PHP's (int): the number at the start, else 0."""
    found = re.match(r"\s*[+-]?\d+", text or "")
    return int(found[0]) if found else 0


def edition_sent(form: Form, words: Vocabulary) -> bool:
    """Whether the form names an edition: by presence of `remaster` on OPS, by a year on RED."""
    if words.remaster_field:
        return form.get("remaster") is not None
    sent = ("remaster_title", "remaster_record_label", "remaster_catalogue_number", "remaster_year")
    return any(form.get(key) for key in sent)


def category(form: Form) -> str:
    """The category the server works with: what is no number is 0, Music, until the rule for `type` refuses it."""
    index = php_int(form.get("type"))
    return CATEGORIES[index] if 0 <= index < len(CATEGORIES) else ""


def check(form: Form, words: Vocabulary) -> list[tuple[int, str]]:
    """The artists as (role, name). Raises `Refusal` with the first thing that is wrong, `Crashed` where PHP dies."""
    artists: list[tuple[int, str]] = []
    if category(form) == "Music" and not form.get("groupid"):
        artists = _artists(form, words)
    for rule in rules(form, words):
        value = form.get(rule.field)
        if value is None and rule.required:
            raise Refusal(rule.missing or f"{rule.field} is not specified")
        if value is not None and (value or rule.required) and not rule.fits(value):
            raise Refusal(rule.words)
    picture = (form.get("image") or "").strip()
    if picture and not _PICTURE.fullmatch(picture):
        raise Refusal(f"{html.escape(picture)} does not look like a valid image url")
    return artists


def text(form: Form, key: str) -> str:
    """A text field as it is stored: HTML entities decoded unless the form says that they are meant."""
    value = (form.get(key) or "").strip()
    return value if php_int(form.get("workaround_broken_html_entities") or "1") == 0 else html.unescape(value)


def tags(form: Form) -> list[str]:
    """The tags as stored: lower case, dots for blanks, nothing but a-z 0-9 and dots; the empty one is kept.

    Two spellings of one tag are two votes for it, and the more votes come first.
    """
    sent = dict.fromkeys(one.strip() for one in (form.get("tags") or "").split(","))
    votes = Counter(_tag(one) for one in sent)
    return sorted(votes, key=lambda tag: (-votes[tag], tag))


def _tag(name: str) -> str:
    dotted = re.sub(r"[\s-]", lambda blank: "" if blank[0] in "\r\n" else ".", name.lower())
    return re.sub(r"\.{2,}", ".", re.sub(r"[^a-z0-9.]", "", dotted)).strip(".")


def _artists(form: Form, words: Vocabulary) -> list[tuple[int, str]]:
    names, roles = form.array("artists"), form.array("importance")
    if not names:
        raise Refusal(NO_MAIN_ARTIST)
    if isinstance(names, str) or not isinstance(roles, list):
        raise Crashed
    if len(names) != len(roles):
        raise Refusal(BAD_ARTISTS)
    found: dict[tuple[int, str], None] = {}
    for name, role in zip(names, roles, strict=True):
        clean = re.sub(r"\s{2,}", " ", text(Form((("name", name),)), "name"))
        if clean:
            if not 1 <= php_int(role) <= words.roles:
                raise Crashed
            found[php_int(role), clean] = None
    if not any(role == 1 for role, _ in found):
        raise Refusal(NO_MAIN_ARTIST)
    return list(found)


def rules(form: Form, words: Vocabulary) -> Iterator[Rule]:
    """The rules that hold for this form, in the order in which the site checks them."""
    kind, grouped = category(form), bool(form.get("groupid"))
    yield Rule("type", True, _one_of(range(len(CATEGORIES))), "Please select a valid category.")
    yield Rule("release_desc", False, _length(0, 1_000_000), "The release description you entered is too long.")
    if kind != "Music" or not grouped:
        yield Rule("image", False, _link, "The image URL you entered was invalid.")
        yield Rule("tags", True, _length(2, 200), "You must enter at least one tag. Maximum length is 200 characters.")
        yield Rule("title", True, _length(1, 200), "Title must be less than 200 characters.")
    if form.get("album_desc") is not None:
        yield Rule(
            "album_desc", True, _length(10, 1_000_000), "The album description has a minimum length of 10 characters."
        )
    elif form.get("desc") is not None:
        yield Rule("desc", True, _length(10, 1_000_000), "The description has a minimum length of 10 characters.")
    if kind in AUDIO:
        yield from _encoding(form, words)
    if kind == "Audiobooks":
        yield Rule("year", True, _year(0), "The year of the release must be entered.")
    if kind == "Music":
        yield from _music(form, words, grouped)


def _encoding(form: Form, words: Vocabulary) -> Iterator[Rule]:
    yield Rule("format", True, words.formats.__contains__, "Please select a valid format.")
    if form.get("bitrate") != "Other":
        yield Rule("bitrate", True, words.bitrates.__contains__, "You must choose a bitrate.")
    elif form.get("format") != "FLAC":
        asked = "You must enter the other bitrate (max length: 9 characters)."
        sent = len((form.get("other_bitrate") or "").strip().encode())
        yield Rule("bitrate", True, lambda _: 1 <= sent <= 9, asked)


def _music(form: Form, words: Vocabulary, grouped: bool) -> Iterator[Rule]:
    disc, remastered = form.get("media") == "CD", edition_sent(form, words)
    label = _length(words.shortest_label, 80)
    between = f"must be between {words.shortest_label} and 80 characters."
    yield Rule("groupid", False, lambda value: bool(_NUMBER.match(value)), "Group ID was not numeric")
    yield Rule("media", True, words.media.__contains__, "Please select a valid media.")
    yield Rule("remaster_title", False, label, f"Remaster title {between}")
    yield Rule("remaster_record_label", False, label, f"Remaster record label {between}")
    yield Rule("remaster_catalogue_number", False, label, f"Remaster catalogue number {between}")
    if not grouped:
        if disc and not remastered:
            yield Rule("year", True, _year(OLDEST_CD), PREDATES)
        else:
            yield Rule("year", True, _year(0), "The year of the original release must be entered.")
        yield Rule("releasetype", True, _one_of(words.release_types), "Please select a valid release type.")
        yield Rule("record_label", False, label, f"Record label {between}")
        yield Rule("catalogue_number", False, label, f"Catalogue Number {between}")
    if remastered:
        yield from _remaster(form, words, disc)


def _remaster(form: Form, words: Vocabulary, disc: bool) -> Iterator[Rule]:
    asked = "Year of remaster/re-issue must be entered."
    missing = "" if words.remaster_field else asked
    if disc:
        yield Rule("remaster_year", True, _year(OLDEST_CD), PREDATES, missing)
    elif not form.get("unknown"):
        yield Rule("remaster_year", True, _year(0 if words.remaster_field else 1), asked, missing)


def _length(least: int, most: int) -> Callable[[str], bool]:
    return lambda value: least <= len(value.strip().encode()) <= most


def _year(least: int) -> Callable[[str], bool]:
    return lambda value: php_int(value) >= least


def _link(value: str) -> bool:
    return _length(12, 255)(value) and bool(_LINK.fullmatch(value.strip()))


def _one_of(allowed: range | Mapping[int, str]) -> Callable[[str], bool]:
    """PHP compares a text with numbers as a number: ` 0` and `01` are taken, names are not."""
    return lambda value: bool(_NUMBER.match(value)) and float(value) in allowed
