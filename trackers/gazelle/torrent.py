"""The torrent's part of a form: edition, media, format, bitrate, logs. Pure."""

from __future__ import annotations

import re

from trackers.base import Attachment
from trackers.catalogue import SiteType
from trackers.content import Content, Music
from trackers.gazelle.dialect import MEDIA, Dialect
from trackers.sheet import Sheet

FIRST_CD = 1982  # the site refuses a CD of an earlier year
LONGEST = 80  # bytes of a label, a catalogue number or an edition's title
_LOSSLESS = ("Lossless", "24bit Lossless")
_FIGURE = re.compile(r"([vq]?\d[\d.x]{0,7})\s*(\(VBR\))?", re.IGNORECASE)


def fill(sheet: Sheet, content: Content, music: Music, site: SiteType, dialect: Dialect, year: int | None) -> None:
    """Put edition, medium, format and bitrate, and attach the logs of a CD."""
    media = _media(sheet, music, site, dialect)
    _edition(sheet, music, dialect, year, media)
    if content.scene is True:
        sheet.put("scene", "1")
    if sheet.truth("vanity_house"):
        sheet.put("vanity_house", "1")
    sheet.put("media", media)
    format = _format(sheet, music, site)
    sheet.put("format", format)
    bitrate = _bitrate(sheet, music, site, format)
    if media == "CD" and bitrate == "Lossless":
        sheet.attachments += [Attachment("logfiles[]", path) for path in music.logs]


def _media(sheet: Sheet, music: Music, site: SiteType, dialect: Dialect) -> str | None:
    media = dialect.media(music.media) if music.media else None
    if media is None:
        what = f"{sheet.name} has no medium {music.media}" if music.media else "the medium is not known"
        sheet.problem("music.media", f"{what}: set music.media, one of {', '.join(MEDIA)}")
    return media


def _edition(sheet: Sheet, music: Music, dialect: Dialect, year: int | None, media: str | None) -> None:
    edition = music.edition
    title = edition.title if (edition.title or "").strip().casefold() != "original release" else None
    label, number = edition.label or music.label, edition.catalogue or music.catalogue
    reissue = bool(title) or edition.year not in (None, year)
    if sheet.truth("unknown"):
        _unknown(sheet, dialect, media)
        return
    of_edition = edition.year or year
    _check_years(sheet, year, of_edition, media)
    if reissue or label or number:
        if dialect.remaster_flag:
            sheet.put("remaster", "1")
        sheet.put("remaster_year", of_edition)
        sheet.put("remaster_title", _short(sheet, "music.edition.title", title))
        sheet.put("remaster_record_label", _short(sheet, "music.label", label, dialect.label_least))
        sheet.put("remaster_catalogue_number", _short(sheet, "music.catalogue", number))
    if dialect.group_label and not reissue and sheet.text("groupid") is None:
        sheet.put("record_label", label)
        sheet.put("catalogue_number", number)


def _unknown(sheet: Sheet, dialect: Dialect, media: str | None) -> None:
    """An edition of which nothing is known, because a person said so."""
    if dialect.remaster_flag and media == "CD":
        sheet.problem("unknown", f"{sheet.name} takes no CD of unknown edition: set music.edition.year instead")
    if dialect.remaster_flag:
        sheet.put("remaster", "1")
    sheet.put("unknown", "1")


def _check_years(sheet: Sheet, year: int | None, of_edition: int | None, media: str | None) -> None:
    if of_edition is None or year is None:
        return
    if of_edition < year:
        sheet.problem("music.edition.year", f"this edition ({of_edition}) is older than the release ({year}): mend one")
    if media == "CD" and of_edition < FIRST_CD:
        sheet.problem("music.edition.year", f"no CD is of {of_edition}: set music.edition.year to this pressing's")


def _short(sheet: Sheet, field: str, value: str | None, least: int = 1) -> str | None:
    text = " ".join((value or "").split())
    if text and not least <= len(text.encode(errors="replace")) <= LONGEST:
        sheet.problem(field, f"{sheet.name} takes {least} to {LONGEST} characters: set {field} to fewer or more")
    return text or None


def _format(sheet: Sheet, music: Music, site: SiteType) -> str | None:
    known = site.vocabulary["format"]
    format = next((word for word in known if word.casefold() == (music.format or "").casefold()), None)
    if format is None:
        what = f"{sheet.name} takes no {music.format}" if music.format else "the format is not known"
        sheet.problem("music.format", f"{what}; it takes {', '.join(known)}")
    return format


def _bitrate(sheet: Sheet, music: Music, site: SiteType, format: str | None) -> str | None:
    word = music.encoding
    if word is None:
        sheet.problem("music.encoding", "the encoding is not known: set music.encoding, such as Lossless or 320")
        return None
    if format is not None and (format == "FLAC") != (word in _LOSSLESS):
        sheet.problem("music.encoding", f"{format} is never {word}: mend the files, or set music.encoding")
        return None
    known = next((one for one in site.vocabulary["bitrate"] if one.casefold() == word.casefold()), None)
    if known is not None and known != "Other":
        _check_depth(sheet, music, known)
        sheet.put("bitrate", known)
        return known
    return _other(sheet, word)


def _other(sheet: Sheet, word: str) -> str | None:
    figure = _FIGURE.fullmatch(word.strip())
    if figure is None:
        sheet.problem(
            "music.encoding", f"{sheet.name} has no bitrate {word}: set music.encoding to a figure, such as 297"
        )
        return None
    sheet.put("bitrate", "Other")
    sheet.put("other_bitrate", figure.group(1))
    sheet.put("vbr", "1" if figure.group(2) else None)
    return "Other"


def _check_depth(sheet: Sheet, music: Music, bitrate: str) -> None:
    deep = music.bit_depth is not None and music.bit_depth > 16
    if music.bit_depth is not None and bitrate in _LOSSLESS and deep != (bitrate == "24bit Lossless"):
        sheet.problem(
            "music.encoding", f"the files have {music.bit_depth} bits, which is not {bitrate}: mend one of them"
        )
