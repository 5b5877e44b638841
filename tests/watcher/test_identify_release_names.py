"""300 invented release names with the facts a person reads in them; what is read otherwise stands in docs/facts.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from watcher.identify.episodes import says_episode
from watcher.identify.names import read_name
from watcher.identify.titles import titled
from watcher.identify.worker import guessed
from watcher.rules.fields import RESOLUTIONS, SOURCES

HERE = Path(__file__).parent / "release_names"
PAGE = Path(__file__).parent.parent.parent / "docs/facts.md"
KINDS = {
    "WEB-DL": "web-dl", "WEBRip": "webrip", "Blu-ray": "encode", "HD-DVD": "encode", "DVD": "encode", "VHS": "encode",
}  # fmt: skip
FIELDS = "title year season episodes date resolution source kind service codec group proper".split()  # noqa: SIM905


def lines(name: str) -> list[list[str]]:
    """Name, title and the rest of each line."""
    text = (HERE / f"{name}.txt").read_text(encoding="utf-8")
    rows = [[part.strip() for part in line.split("|")] for line in text.splitlines()]
    assert all(len(row) == 3 for row in rows)
    return rows


def expected(title: str, words: str) -> dict[str, object]:
    """What a person reads: `s2 e5 1080p WEB-DL @AMZN H.264 g:GROUP`; what is not listed is not there."""
    found: dict[str, object] = dict.fromkeys(FIELDS) | {"title": title, "episodes": (), "proper": False}
    for word in words.split():
        if word in RESOLUTIONS:
            found["resolution"] = word
        elif word in SOURCES:
            found |= {"source": word, "kind": found["kind"] or KINDS.get(word, "hdtv")}
        elif word == "proper":
            found["proper"] = True
        elif word[:2] in ("g:", "k:"):
            found["group" if word[0] == "g" else "kind"] = word[2:]
        elif word[0] == "@":
            found["service"] = word[1:]
        elif match := re.fullmatch(r"([yse])(\d+)|d(\d{4}-\d\d-\d\d)", word):
            if match[3]:
                found["date"] = match[3]
            elif match[1] == "e":
                found["episodes"] = (*found["episodes"], int(match[2]))  # type: ignore[misc]
            else:
                found["year" if match[1] == "y" else "season"] = int(match[2])
        else:
            found["codec"] = word
    return found


def video_mistakes(name: str) -> Iterator[str]:
    for text, title, words in lines(name):
        want = expected(title, words)
        read = titled(text, guessed(text))
        wrong = [f"{key} {getattr(read, key)!r}" for key in FIELDS if getattr(read, key) != want[key]]
        if (name == "tv") != says_episode(f"{text}.mkv") and (want["episodes"] or want["date"]):
            wrong.insert(0, "kind 'movie'" if name == "tv" else "kind 'tv'")
        if wrong:
            yield f"`{text}`: {', '.join(wrong)}"


def music_mistakes() -> Iterator[str]:
    for text, title, words in lines("music"):
        artist, _, album = title.partition(" / ")
        read = read_name(text, "music")
        word = dict(re.findall(r"(?<!\S)([ymg]):?(\S+)", words.replace("proper", "")))
        want = {"artist": artist or None, "album": album or None, "year": int(word["y"]) if "y" in word else None}
        want |= {"media": word.get("m"), "group": word.get("g"), "proper": "proper" in words.split()}
        wrong = [f"{key} {getattr(read, key)!r}" for key in want if getattr(read, key) != want[key]]
        if wrong:
            yield f"`{text}`: {', '.join(wrong)}"


def mistakes(name: str) -> list[str]:
    return list(music_mistakes() if name == "music" else video_mistakes(name))


@pytest.mark.parametrize("name", ["tv", "film", "music"])
def test_names_are_read_as_a_person_reads_them_but_for_the_mistakes_that_the_page_lists(name: str) -> None:
    section = PAGE.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")[2].partition("<!--")[0]
    listed = [line.removeprefix("- ") for line in section.splitlines() if line.startswith("- `")]
    found = mistakes(name)
    assert found == listed
    assert f"{len(lines(name)) - len(found)} of {len(lines(name))}" in section


def test_there_are_three_hundred_names() -> None:
    assert sum(len(lines(name)) for name in ("tv", "film", "music")) == 300
    assert len({row[0] for name in ("tv", "film", "music") for row in lines(name)}) == 300
