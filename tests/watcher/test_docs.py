"""The pages that people read: each command in them is one that there is, each link leads somewhere, no code lacks."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.support_commands import understood
from watcher.jobs.codes import CODES

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def commands(text: str) -> Iterator[str]:
    """Every command line of a page: those in blocks, without what stands beside them, and those inside a sentence. What
    only shows a pattern is none."""
    fenced = False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        block = re.match(r" *(?:\$ )?(seedpost .+)$", line) if fenced or line.startswith("    ") else None
        found = [re.split(r"  +", block[1])[0]] if block else re.findall(r"`(seedpost [^`]+)`", line)
        yield from (one for one in found if not re.search(r"\S\|\S|\[|…$", one))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_of_a_page_is_understood(page: Path) -> None:
    for line in commands(page.read_text()):
        with contextlib.suppress(click.MissingParameter):  # a sentence may leave out what is plain
            understood(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in set(anchors(there.read_text())), f"{page.name}: {target}"


def anchors(text: str) -> Iterator[str]:
    """The names of a page's headings, as links spell them."""
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_readme_leads_to_every_page() -> None:
    targets = set(LINK.findall((ROOT / "README.md").read_text()))
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} <= targets


def test_troubleshooting_has_a_cure_for_every_code() -> None:
    rows = [line for line in (ROOT / "docs" / "troubleshooting.md").read_text().splitlines() if line.startswith("| `")]
    told = [code for row in rows for code in re.findall(r"`([a-z0-9-]+)`", row.split("|")[1])]
    assert sorted(told) == sorted(CODES)
