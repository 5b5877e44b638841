"""What BTN's pages say, as far as an uploader must know: the form that it filled in, the end of an upload. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

_ANNOUNCE = re.compile(r"https?://[^\s\"'<>]+/([A-Za-z0-9_-]{16,64})/announce")
_LINK = re.compile(r"torrents\.php\?id=(\d+)(?:&(?:amp;)?torrentid=(\d+))?")
_INPUTS = ("seriesid", "artist", "title", "actors", "year", "tags", "image")
_FAIL = "autofill fail"
_RED = re.compile(r"color:\s*red|\berror\b", re.IGNORECASE)  # how the form marks what it does not take
_VOID = ("br", "hr", "img", "input", "meta", "link")
_BARE = re.compile(r"\d+")


@dataclass(frozen=True)
class Ending:
    """The page after an upload. `words`: what it says is wrong, else all that it says; `form_again`: it shows the form
    once more."""

    group: str
    torrent: str
    words: str
    form_again: bool
    login: bool


class _Reader(HTMLParser):
    """Values of inputs and textareas, and the text beside them; `red`: what of it is marked as wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.words: list[str] = []
        self.red: list[str] = []
        self._depth = 0  # of elements within one that is marked
        self._area: str | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "input" and given.get("name"):
            self.values.setdefault(given["name"], given.get("value", ""))
        if tag == "textarea" and given.get("name"):
            self._area = given["name"]
            self.values[self._area] = ""
        self._hidden += tag in ("script", "style", "select", "title")
        marked = _RED.search(f"{given.get('style', '')} {given.get('class', '')}")
        self._depth += tag not in _VOID and bool(self._depth or marked)

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag not in _VOID and self._depth > 0
        if tag == "textarea":
            self._area = None
        self._hidden -= tag in ("script", "style", "select", "title") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.values[self._area] += data
        elif not self._hidden and data.strip():
            self.words.append(" ".join(data.split()))
            if self._depth:
                self.red.append(self.words[-1])


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader


def passkey(page: str) -> str:
    """Ours, from the announce address that the upload page shows; empty if it shows none."""
    found = _ANNOUNCE.search(page)
    return found[1] if found else ""


def is_login(page: str) -> bool:
    """Whether a page is the login page."""
    return "login.php" in page and 'type="password"' in page


def filled(page: str) -> dict[str, str]:
    """What autofill found, as the second step sends it back; empty values are left out."""
    values = _read(page).values
    found = {key: values.get(key, "").strip() for key in _INPUTS}
    if _BARE.fullmatch(found["title"]):
        found["title"] = f"Season {found['title']}"
    found["album_desc"] = values.get("album_desc", "").strip()
    return {key: value for key, value in found.items() if value}


def mismatch(found: dict[str, str], series: str, type: str) -> str:
    """Why what autofill found is not this release; empty if it is."""
    artist, title = found.get("artist", ""), found.get("title", "")
    if _FAIL in (artist.casefold(), title.casefold()) or not artist or (type == "Episode" and not title):
        return "the site's autofill knows no such series or episode"
    if _plain(artist) != _plain(series):
        return f"the site's autofill says {artist!r}, not {series!r}: set series to its name if that is right"
    return ""


def _plain(name: str) -> str:
    return "".join(re.findall(r"[^\W_]+", name.casefold().replace("&", "and")))


def ending(page: str) -> Ending:
    """The page that follows the second step."""
    login, reader = is_login(page), _read(page)
    again = "file_input" in page and not login
    link = None if again or login else _LINK.search(page)
    words = " ".join(reader.words)[:500]
    if again and reader.red:
        words = " ".join(reader.red)[:500]
    if link is None or "download the torrent" not in words.casefold():
        return Ending("", "", words, again, login)
    return Ending(link[1], link[2] or "", words, again, login)
