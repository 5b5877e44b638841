"""A release in BTN's words: names, vocabularies, and what its rules refuse. Pure. Facts: clients' tables and rules."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import PurePath

from trackers.base import Attachment, Form, Problem
from trackers.catalogue import SiteType
from trackers.content import Content, Tv, Video
from trackers.sheet import Sheet

# What the first step is sent; `series` is sent nowhere: the name that autofill has to find.
SENT_FIRST = ("type", "scene_yesno", "autofill", "auto_series", "auto_title", "auto_season")
FIRST_STEP = ("scene_yesno", "autofill", "auto_series", "auto_title", "auto_season", "series")
LONGEST = 100  # characters of a release's name
_FORMATS = {"MPEG-TS": "TS", "MPEG-4": "MP4", "MATROSKA": "MKV", "MPG": "MPEG"}
_CODECS = {"HEVC": "H.265", "AVC": "H.264", "MPEG-2": "MPEG2", "DIVX": "DiVX", "XVID": "XViD"}
_SOURCES = {"BLU-RAY": "Bluray", "DVD": "DVDRip"}
_RESOLUTIONS = ("720p", "1080p", "1080i", "2160p")
_CLAIMS = "claims: is this show reserved in the site's claims thread (30793) within 48 hours of airing?"
_UNSEEN = "without an API key nothing was looked up: look for duplicates on the site"
_HDR = re.compile(r"\.(DV|DoVi|HDR10\+|HDR10P|HDR10|HDR|HLG)(?=[.-])")
_NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+&'-]*")


def compose(
    content: Content, set: Mapping[str, object], site: SiteType, name: str, *, looks_up: bool
) -> Form | list[Problem]:
    """The fields of both steps, or every problem at once."""
    sheet, video = Sheet(name, set), content.video or Video()
    if content.kind != "tv":
        sheet.problem("kind", f"{name} takes series alone, not {content.kind}")
        return sheet.problems
    _files(sheet, content, site)
    _which(sheet, content, video.tv or Tv())
    _words(sheet, content, video, site)
    if not video.mediainfo:
        sheet.problem("video.mediainfo", "MediaInfo of the files is missing: install libmediainfo, then retry")
    sheet.put("release_desc", video.mediainfo)
    sheet.put("tvdb", "autofilled")
    sheet.put("fasttorrent", "on" if sheet.truth("fasttorrent") else None)
    if content.scene is True and content.nfo:
        sheet.attachments.append(Attachment("nfo", content.nfo))
    sheet.note(_CLAIMS)
    if not looks_up:
        sheet.note(_UNSEEN)
    return sheet.problems or sheet.form()


def _files(sheet: Sheet, content: Content, site: SiteType) -> None:
    """Nothing but video, and no folder around a lone file."""
    extra = [one.path for one in content.files if PurePath(one.path).suffix.lower().lstrip(".") not in site.extensions]
    if extra:
        more = f" and {len(extra) - 3} more" if len(extra) > 3 else ""
        text = f"{sheet.name} takes no other files ({', '.join(extra[:3])}{more}): name them in exclude, with stage"
        sheet.problem("files.names", text)
    if not content.single and len(content.files) == 1:
        sheet.problem("files.count", f"{sheet.name} takes a lone file without a folder: set stage")
    if content.video and content.video.kind == "disc":
        sheet.problem("video.kind", f"{sheet.name} is sent no discs by seedpost: upload them by hand")
    if content.video and content.video.kind == "remux" and content.video.source == "DVD":
        sheet.problem("video.kind", f"{sheet.name} forbids remuxes of DVDs")


def _which(sheet: Sheet, content: Content, tv: Tv) -> None:
    """Series, season and episode: what the first step asks for."""
    tvdb, scene = content.ids.tvdb, content.scene is True
    series = sheet.text("series") or tv.title
    if tvdb is None:
        sheet.problem("ids.tvdb", "TVDB's number of the series is not known: set ids.tvdb")
    if not series:
        sheet.problem("tv.title", "the series is not known: set tv.title")
    if tv.season is None and not tv.date:
        sheet.problem("tv.season", "the season is not known: set tv.season")
    if not tv.pack and not tv.episodes and not tv.date:
        sheet.problem("tv.episode", "neither episode, date nor season pack: set tv.episode or tv.pack")
    if tv.pack and tv.episodes != tuple(range(min(tv.episodes, default=1), max(tv.episodes, default=0) + 1)):
        sheet.problem("tv.episode", f"the pack has gaps: {sheet.name} wants an unbroken range of episodes")
    sheet.put("type", "Season" if tv.pack else "Episode")
    sheet.put("scene_yesno", "Yes" if scene else "No")
    name = _name(sheet, content)
    sheet.put("autofill", name if scene else None)
    sheet.put("auto_series", tvdb)
    if not scene and tv.pack:
        sheet.put("auto_season", f"S{tv.season or 0:02}")
    elif not scene:
        numbers = "".join(f"E{number:02}" for number in tv.episodes)
        sheet.put("auto_title", tv.date.replace("-", ".") if tv.date else f"S{tv.season or 0:02}{numbers}")
    sheet.put("series", series)
    sheet.put("scenename", name)


def _name(sheet: Sheet, content: Content) -> str:
    """The release's name as the site writes names; a scene's is left as it is."""
    own = sheet.text("scenename")
    name = own or (PurePath(content.name).stem if content.single else content.name)
    if own is None and content.scene is not True:
        name = spelt(name, (content.video.tv or Tv()).title or "" if content.video else "")
        name = name if content.group else f"{name}-NOGRP"
    if not _NAMED.fullmatch(name) or len(name) > LONGEST:
        text = f"{sheet.name} wants {LONGEST} letters, digits and dots at most, such as Show.S01E02.1080p.WEB-DL-GROUP"
        sheet.problem("scenename", f"{text}: set scenename")
    return name


def spelt(name: str, series: str) -> str:
    """A name in the site's spelling: ASCII with dots, sound as one word, HDR before the resolution, no year before the
    season unless the series has it in its title, no word for a resolution below 576p but 480p."""
    plain = unicodedata.normalize("NFKD", name)
    name = re.sub(r"[ _]+", ".", "".join(c for c in plain if not unicodedata.combining(c)))
    name = re.sub(r"\b(DDP?|AAC|TrueHD|FLAC)\.(\d\.\d)", r"\1\2", name)
    name = re.sub(r"\b(DDP|TrueHD)(\d\.\d)?\.Atmos\b(\.\d\.\d)?", _atmos, name)
    name = re.sub(r"\.(SD|240p|360p|404p|540p)(?=[.-])", "", name)
    year = re.search(r"\.((?:19|20)\d\d)(?=\.S\d\d)", name)
    if year and year[1] not in series:
        name = name[: year.start()] + name[year.end() :]
    return _hdr_first(name)


def _atmos(found: re.Match[str]) -> str:
    return f"{found[1]}A{found[2] or (found[3] or '').lstrip('.')}"


def _hdr_first(name: str) -> str:
    resolution = re.search(r"\.(\d{3,4}[pi])(?=[.-])", name)
    if resolution is None:
        return name
    words = _HDR.findall(name, resolution.end())
    rest = _HDR.sub("", name[resolution.end() :])
    return name[: resolution.start()] + "".join(f".{word}" for word in words) + resolution[0] + rest


def _words(sheet: Sheet, content: Content, video: Video, site: SiteType) -> None:
    origin = "Scene" if content.scene is True else "P2P" if content.group else "None"
    resolution = video.resolution if video.resolution in _RESOLUTIONS else "SD" if video.resolution else None
    media = "WEBRip" if video.kind == "webrip" else video.source
    wanted: tuple[tuple[str, str | None, Mapping[str, str]], ...] = (
        ("origin", origin, {}),
        ("format", video.container, _FORMATS),
        ("bitrate", video.codec, _CODECS),
        ("media", media, _SOURCES),
        ("resolution", resolution, {}),
    )
    for key, value, spelt in wanted:
        _word(sheet, key, sheet.text(key), value, spelt, site.vocabulary[key])
    _country(sheet, video)


def _word(
    sheet: Sheet, key: str, own: str | None, value: str | None, spelt: Mapping[str, str], known: tuple[str, ...]
) -> None:
    word = own or spelt.get((value or "").upper(), value)
    found = next((one for one in known if one.casefold() == (word or "").casefold()), None)
    if found is None:
        what = f"{sheet.name} has no {key} {word}" if word else f"its {key} is not known"
        sheet.problem(key, f"{what}: set {key}, one of {', '.join(known)}")
    sheet.put(key, found)


def _country(sheet: Sheet, video: Video) -> None:
    """A series in another language needs the site's number of its country, which nobody can guess."""
    country = sheet.number("country")
    foreign = country is not None or bool(video.languages and video.languages[0] != "en")
    if foreign and country is None:
        first = video.languages[0]
        sheet.problem("country", f"its language is {first}: set country to the site's number of it, or languages right")
    if foreign:
        sheet.put("foreign", "on")
        sheet.put("country", country)
