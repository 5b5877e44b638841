"""What would be sent to a UNIT3D site for this content, or every reason why not, at once. Pure.

Facts on UNIT3D: sections 2 and 5. Truth is 0 or 1 and no word: `anonymous=true` would publish the name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from trackers.base import Attachment, Form, Problem
from trackers.catalogue import COVER, MOST_SCREENSHOTS, Maps, Settings, SiteType
from trackers.content import Content, Ids, Tv, Video
from trackers.description import Markup, render
from trackers.metafile import check_size
from trackers.sheet import Sheet
from trackers.titles import render_title
from trackers.unit3d import names

MARKUP = Markup(plain=None, raw="code")
DESCRIPTION = "{technical}"
LONGEST_TITLE = 255  # characters
LONGEST_TEXT = 65_535  # bytes of a description; what is more would be cut without a word
WIDTH = 350  # of a screenshot beside others; a click shows it whole
_ADDRESS = re.compile(r"https?://[^\s\[\]\"'<>]+")
_LOGICAL = re.compile(r"\.(add|remove)$")
_COPIED = ("keywords", "region_id", "distributor_id")  # optional, as `set` has them


def compose(
    content: Content, set: Mapping[str, object], site: SiteType, settings: Settings, maps: Maps, name: str
) -> Form | list[Problem]:
    """The form, or every problem. `name`: the tracker's in rules.yaml."""
    sheet = Sheet(name, {key: value for key, value in set.items() if key != "cover"})
    sheet.problems += names.problems(content, site)
    check_size(sheet, content, site)
    _check_keys(sheet, set, site)
    _title(sheet, content, maps)
    _description(sheet, content, settings)
    _kinds(sheet, content, maps)
    _ids(sheet, content, maps)
    if content.kind == "tv":
        _place(sheet, (content.video.tv if content.video else None) or Tv())
    _flags(sheet, maps)
    _mediainfo(sheet, content)
    for key in _COPIED:
        sheet.put(key, sheet.text(key))
    if content.nfo:
        sheet.attachments.append(Attachment("nfo", content.nfo))
    _check_text(sheet)
    return sheet.problems or sheet.form()


def _check_keys(sheet: Sheet, set: Mapping[str, object], site: SiteType) -> None:
    for key in set:
        if key == "cover":
            if set[key] not in COVER:
                sheet.problem(key, f"set: cover is {' or '.join(COVER)}")
        elif _LOGICAL.sub("", key) not in site.form_keys:
            sheet.problem(key, f"set: {sheet.name} has no form key {key}; it has {', '.join(site.form_keys)}")


def _title(sheet: Sheet, content: Content, maps: Maps) -> None:
    given = sheet.text("title")
    title, missing = (given, ()) if given else render_title(maps.title, content)
    for slot in dict.fromkeys(missing):
        sheet.problem(slot, f"the title needs {slot}, and nothing is known of it: set {slot}, or set title")
    if len(title) > LONGEST_TITLE:
        sheet.problem("title", f"the title is longer than {LONGEST_TITLE} characters: set title")
    if not title.strip() and not missing:
        sheet.problem("title", "the title is empty: set title")
    sheet.put("name", title)


def _description(sheet: Sheet, content: Content, settings: Settings) -> None:
    text = sheet.text("description") or render(settings.description or DESCRIPTION, content, MARKUP)
    shown = _pictures(sheet)
    text = f"{text}\n\n{shown}".lstrip() if shown else text
    if not text.strip():
        sheet.problem("description", "nothing is known to describe it with: set description")
    if len(text.encode(errors="replace")) > LONGEST_TEXT:
        sheet.problem("description", f"it is longer than {LONGEST_TEXT} bytes, where the site cuts it: shorten it")
    sheet.put("description", text)


def pictures_wanted(content: Content, set: Mapping[str, object], maps: Maps) -> int:
    """How many screenshots have to be taken: of a video alone, and none where their addresses are given."""
    given = set.get("screenshots")
    number = maps.screenshots if given is None else _count(given)
    return (number or 0) if content.video is not None else 0


def _count(given: object) -> int | None:
    """How many `set` wants; None where it gives addresses."""
    text = "" if isinstance(given, (list, tuple)) else str(given).strip()
    return int(text) if text.isascii() and text.isdecimal() and int(text) <= MOST_SCREENSHOTS else None


def _pictures(sheet: Sheet) -> str:
    """The screenshots as the description shows them: small, and as links to themselves."""
    given = sheet.listed("screenshots", ())
    if len(given) == 1 and _count(given[0]) is not None:
        return ""
    if not all(_ADDRESS.fullmatch(one) for one in given):
        text = (
            f"set: screenshots is how many (at most {MOST_SCREENSHOTS}), or their addresses, which begin with https://"
        )
        sheet.problem("screenshots", text)
        return ""
    rows = [f"[url={one}][img={WIDTH}]{one}[/img][/url]" for one in given]
    return f"[center]{' '.join(rows)}[/center]" if rows else ""


def _kinds(sheet: Sheet, content: Content, maps: Maps) -> None:
    """Category, type and resolution, by the site's numbers."""
    video = content.video or Video()
    _mapped(sheet, "category_id", "categories", "kind", content.kind, maps.categories)
    if video.kind == "disc" and not sheet.text("type_id"):
        text = "a full disc needs the text of BDInfo, which is not made here: upload it by hand"
        sheet.problem("video.kind", text)
    else:
        _mapped(sheet, "type_id", "types", "video.kind", video.kind, maps.types)
    if content.video is not None or sheet.text("resolution_id"):
        _mapped(sheet, "resolution_id", "resolutions", "video.resolution", video.resolution, maps.resolutions)
    for text in video.problems:
        sheet.problem("video.problems", f"{text}: mend it, or set video.problems.remove: ['{text}']")


def _mapped(sheet: Sheet, key: str, table: str, fact: str, value: str | None, numbers: Mapping[str, int]) -> None:
    given = sheet.number(key)
    if given is not None:
        sheet.put(key, given)
    elif value is None:
        sheet.problem(fact, f"{fact} is not known: set {fact} (one of {', '.join(numbers)}), or set {key}")
    elif value not in numbers:
        sheet.problem(fact, f"'{table}' has no number for {value} (it has {', '.join(numbers)}): add it, or set {key}")
    else:
        sheet.put(key, numbers[value])


def _ids(sheet: Sheet, content: Content, maps: Maps) -> None:
    """All of them, 0 where there is none: old versions want every one, and TVDB's number in TV alone."""
    known = _known(content.ids)
    if content.video is not None:
        for key in maps.ids:
            if not known[key] and not (key == "tvdb" and content.kind != "tv"):
                sheet.problem(f"ids.{key}", f"{sheet.name} wants its number at {key.upper()}: set ids.{key}")
    for key, number in known.items():
        sheet.put(key, 0 if key == "tvdb" and content.kind != "tv" else number)
    sheet.put("igdb", 0)


def _known(ids: Ids) -> dict[str, int]:
    """The numbers alone: IMDb's with its tt would be dropped without a word."""
    imdb = (ids.imdb or "").removeprefix("tt")
    digits = int(imdb) if imdb.isascii() and imdb.isdecimal() else 0
    return {"tmdb": ids.tmdb or 0, "imdb": digits, "tvdb": ids.tvdb or 0, "mal": ids.mal or 0}


def _place(sheet: Sheet, tv: Tv) -> None:
    """Season and episode, which stand in no other category; episode 0 is a whole season."""
    season, episode = sheet.number("season_number"), sheet.number("episode_number")
    season = tv.season if season is None else season
    if episode is None and (tv.pack or tv.episodes):
        episode = 0 if tv.pack else tv.episodes[0]
    if season is None:
        which = "a daily show has a date in its name" if tv.date else "its name counts episodes alone, or nothing"
        sheet.problem("season_number", f"the season is not known ({which}): set season_number as the site counts")
    if episode is None:
        sheet.problem("episode_number", "the episode is not known: set episode_number as the site counts, 0 for a pack")
    if len(tv.episodes) > 1 and not tv.pack:
        sheet.note(f"episodes {', '.join(map(str, tv.episodes))} in one file: the site is told the first")
    sheet.put("season_number", season)
    sheet.put("episode_number", episode)


def _flags(sheet: Sheet, maps: Maps) -> None:
    for key, default in (("anonymous", maps.anonymous), ("personal_release", maps.personal_release)):
        sheet.put(key, int(_truth(sheet, key, default)))
    if sheet.text("mod_queue_opt_in") is not None:
        sheet.put("mod_queue_opt_in", int(_truth(sheet, "mod_queue_opt_in", False)))
    # Wanted by version 8 and before; later ones pass over them.
    sheet.put("stream", 0)
    sheet.put("sd", 0)


def _truth(sheet: Sheet, key: str, default: bool) -> bool:
    text = sheet.text(key)
    if text is None:
        return default
    if text.casefold() not in ("true", "false", "1", "0"):
        sheet.problem(key, f"set: {key} is true or false")
    return text.casefold() in ("true", "1")


def _mediainfo(sheet: Sheet, content: Content) -> None:
    """A field of its own; what the file's path says beyond its name was taken out where it was read."""
    text = sheet.text("mediainfo") or (content.video.mediainfo if content.video else None)
    if content.video is not None and not text and content.video.kind != "disc":
        sheet.problem("mediainfo", "MediaInfo could not read the video: look at the file, or set mediainfo")
    sheet.put("mediainfo", text)


def _check_text(sheet: Sheet) -> None:
    """What is no Unicode breaks the site in the middle of storing."""
    for key, value in sheet.fields:
        if any("\ud800" <= c <= "\udfff" for c in value):
            sheet.problem(key, f"{key} has characters that can't be sent: set it")
