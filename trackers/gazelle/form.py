"""What would be sent to a Gazelle site for this content, or every reason why not, at once. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from trackers.base import Form, Problem
from trackers.catalogue import COVER, Settings, SiteType
from trackers.content import Content, Music
from trackers.description import ALBUM, RELEASE, TOLD, render
from trackers.gazelle import category, group, names, torrent
from trackers.gazelle.dialect import Dialect
from trackers.metafile import check_size
from trackers.sheet import Sheet

LEAST_DESCRIPTION = 10  # bytes, of a group's text
MOST_DESCRIPTION = 1_000_000
_LOGICAL = re.compile(r"\.(add|remove)$")


def compose(
    content: Content, set: Mapping[str, object], site: SiteType, dialect: Dialect, settings: Settings, name: str
) -> Form | list[Problem]:
    """The form, or every problem. `name`: the tracker's in rules.yaml. `set` may have a `cover` (required, wanted)."""
    sheet = Sheet(name, {key: value for key, value in set.items() if key != "cover"})
    cover = str(set.get("cover") or settings.cover)
    sheet.problems += names.problems(content, site, name)
    check_size(sheet, content, site)
    _check_keys(sheet, set, site)
    category.fill(sheet, content)
    music = content.music
    if content.kind != "music" or music is None:
        return sheet.problems
    _check_music(sheet, music)
    year = group.fill(sheet, music, site, dialect)
    torrent.fill(sheet, content, music, site, dialect, year)
    group.tags(sheet, music)
    _image(sheet, content, dialect, settings, cover)
    _texts(sheet, content, music, settings)
    _extras(sheet, dialect)
    for key, value in dialect.constants:
        sheet.put(key, value)
    _caution(sheet, content, music)
    _check_text(sheet)
    return sheet.problems or sheet.form()


def _check_keys(sheet: Sheet, set: Mapping[str, object], site: SiteType) -> None:
    for key in set:
        if key == "requestid":
            sheet.problem(key, "a request is filled after the upload, never with it: set request, not requestid")
        elif key == "cover":
            if set[key] not in COVER:
                sheet.problem(key, f"set: cover is {' or '.join(COVER)}")
        elif _LOGICAL.sub("", key) not in site.form_keys:
            sheet.problem(key, f"set: {sheet.name} has no form key {key}; it has {', '.join(site.form_keys)}")


def _check_music(sheet: Sheet, music: Music) -> None:
    for text in music.problems:
        sheet.problem("music.problems", f"{text}: mend the files, or set music.problems.remove: ['{text}']")
    if not music.tags_complete and not music.problems:
        sheet.problem("music.tags_complete", "a track lacks artist, album, title or number in its tags: tag it")


def _image(sheet: Sheet, content: Content, dialect: Dialect, settings: Settings, cover: str) -> None:
    """The cover's address. A group that stands has its own."""
    image = sheet.text("image") or _shown(content, dialect) or settings.image
    if image is not None:
        if not _looks_like_an_image(image, dialect):
            sheet.problem("image", f"{image} is no address {sheet.name} takes for a cover: set image to another")
        sheet.put("image", image)
    elif group.joins(sheet):
        return
    elif cover == "required":
        text = f"the cover {content.cover} is not hosted yet" if content.cover else "no cover was found among the files"
        sheet.problem("image", f"{text}, and {sheet.name} needs one: set image to its address", "no-cover")
    else:
        sheet.note("no cover")


def _shown(content: Content, dialect: Dialect) -> str | None:
    """The cover that the site shows that the content came from, where it may be taken over as it is."""
    image = content.music.image if content.music else None
    takes = image is not None and not dialect.own_images and _looks_like_an_image(image, dialect)
    return image if takes else None


def _looks_like_an_image(address: str, dialect: Dialect) -> bool:
    """What the site checks: it fetches nothing."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    fits = parts.scheme in ("http", "https") and bool(parts.hostname) and 12 <= len(address.encode()) <= 255
    ending = not dialect.image_endings or address.lower().endswith(dialect.image_endings)
    return fits and ending and not any(c.isspace() for c in address)


def _texts(sheet: Sheet, content: Content, music: Music, settings: Settings) -> None:
    own = render(settings.album_description, content) if settings.album_description else music.description
    album = sheet.text("album_desc") or own or render(ALBUM, content)
    if not group.joins(sheet) and len(album.encode(errors="replace")) < LEAST_DESCRIPTION:
        sheet.problem("album_desc", "no track list is known: set album_desc to at least 10 characters")
    if len(album.encode(errors="replace")) > MOST_DESCRIPTION:
        sheet.problem("album_desc", f"it is longer than {MOST_DESCRIPTION} bytes: shorten it")
    about = sheet.text("release_desc")
    if about is None and music.media in TOLD and not music.lineage:
        sheet.note(f"a rip of {music.media} wants its lineage told: set release_desc")
    about = about or render(settings.description or RELEASE, content)
    if len(about.encode(errors="replace")) > MOST_DESCRIPTION:
        sheet.problem("release_desc", f"it is longer than {MOST_DESCRIPTION} bytes: shorten it")
    sheet.put("album_desc", album)
    sheet.put("release_desc", about)


def _extras(sheet: Sheet, dialect: Dialect) -> None:
    """What is done after the upload, each by itself."""
    if (request := sheet.number("request")) is not None:
        sheet.extras.append(("request", str(request)))
    if dialect.adds_logs and sheet.attachments:
        sheet.extras.append(("logs", ""))


def _caution(sheet: Sheet, content: Content, music: Music) -> None:
    """FLAC that may come of anything: neither a rip with a log nor from a site that looked at it."""
    ripped = music.media == "CD" and music.has_log
    if music.format == "FLAC" and not ripped and not content.origin:
        sheet.cautions.append("web_flac")
    if music.media == "WEB" and music.has_log:
        sheet.note("a rip log lies beside files from the web: is the medium right?")


def _check_text(sheet: Sheet) -> None:
    """What is no Unicode can't be sent; it comes of names that are not UTF-8."""
    for key, value in sheet.fields:
        if any("\ud800" <= c <= "\udfff" for c in value):
            sheet.problem(key, f"{key} has characters that can't be sent: set it")
